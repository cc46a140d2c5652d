# SPDX-License-Identifier: MIT
"""Nothing stays behind: neither objects nor memory, also when calls fail."""

import ctypes
import gc
import io
import resource
import sys
import weakref

import pytest

import stmboot

CONF = "/boot/extlinux/extlinux.conf"


def read(source):
    """Use most of what reads."""
    with stmboot.open(source, progress=lambda done, total: None) as card:
        assert card.boot.verdict == "ok" and card.partitions and card.info and card.table
        fs = card.fs()
        assert fs.read_bytes(CONF) and list(fs.glob("boot/*")) and list(fs.walk())
        fs.path(CONF).open("rb")
        fs.path("/boot").attributes()
        assert card.bootargs["root"]
        assert card.gpt and card.env and card.extlinux and card.fwu is None and card.stm32()
        assert card.read_dtb().node("/").properties and card.dtb.get("/", "model")
        with pytest.raises(stmboot.NotFoundError):
            card.fip()
        for wrong in ("/nope", "/boot"):
            with pytest.raises(stmboot.Error):
                fs.read_bytes(wrong)


def change(path):
    """Use what edits, and let it be refused."""
    with stmboot.open(path) as card:
        with card.edit(dry_run=True) as edit:
            edit.bootargs["quiet"] = None
            edit.fs().write_bytes("/x", io.BytesIO(b"x"))
        edit = card.edit(dry_run=True)
        with pytest.raises(stmboot.NotFoundError):
            edit.fip.replace({"nt-fw": b"x", "hw-config": io.BytesIO(b"y")})
        edit.close()
        with pytest.raises(stmboot.RefusedError):
            with card.edit(dry_run=True) as edit:
                edit.bootargs["init"] = "/nope"


class HeapInfo(ctypes.Structure):
    """What mallinfo2() of the C library tells."""

    _fields_ = [(name, ctypes.c_size_t) for name in
                ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks",
                 "uordblks", "fordblks", "keepcost")]


LIBC = ctypes.CDLL(None)
LIBC.mallinfo2.restype = HeapInfo


def in_use():
    """Blocks of Python's memory, and bytes of the heap of C."""
    gc.collect()
    heap = LIBC.mallinfo2()
    return sys.getallocatedblocks(), heap.uordblks + heap.hblkhd


def stays(work, times=40):
    """Whether at least a block, or a few bytes, are left behind by each call."""
    for _ in range(times // 2):
        work()
    before = in_use()
    for _ in range(times):
        work()
    return any(b - a >= least * times for a, b, least in zip(before, in_use(), (1, 16),
                                                             strict=True))


def test_nothing_stays(path, good_bytes):
    for work in (lambda: read(path), lambda: read(good_bytes), lambda: read(io.BytesIO(good_bytes)),
                 lambda: change(path)):
        # What a call leaves behind is there each time; what caches keep is not.
        assert not all(stays(work) for _ in range(3))


def test_no_reference_to_shared_objects_stays(path):
    shared = (None, True, stmboot.Outcome.OK, stmboot.Boot, stmboot._records, ())
    read(path)
    before = [sys.getrefcount(item) for item in shared]
    for _ in range(20):
        read(path)
        change(path)
    gc.collect()
    after = [sys.getrefcount(item) for item in shared]
    assert all(b - a < 20 for a, b in zip(before, after, strict=True)), (before, after)


def test_memory_does_not_grow(path):
    def open_often(times):
        for _ in range(times):
            with stmboot.open(path) as card:
                card.fs()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    open_often(200)
    before = open_often(100)
    assert open_often(2000) - before < 3 << 10  # KiB


def test_a_cycle_through_a_callback_is_found(path):
    class Watcher:
        def __call__(self, done, total):
            return None

    watcher = Watcher()
    card = stmboot.open(path, progress=watcher)
    watcher.card = card
    watcher.file = card.fs().path(CONF).open("rb")
    gone = weakref.ref(watcher)
    del watcher, card
    gc.collect()
    assert gone() is None


def test_a_cycle_through_a_file_is_found(good_bytes):
    file = io.BytesIO(good_bytes)

    class Holder(io.BytesIO):
        pass

    file = Holder(good_bytes)
    file.card = stmboot.open(file)
    gone = weakref.ref(file)
    del file
    gc.collect()
    assert gone() is None
