# SPDX-License-Identifier: MIT
"""What is said of cards: the same as the program says, and errors."""

import bz2
import dataclasses
import glob
import gzip
import inspect
import io
import json
import os
import pickle
import random
import re
import signal
import struct
import threading
import tomllib
import types

import containers
import image
import pytest
from conftest import TOP, program

import stmboot

RECIPES = sorted(os.path.basename(name)[:-len(".recipe")] for name in
                 glob.glob(os.path.join(TOP, "tests", "golden", "recipes", "*.recipe")))


def plain(value):
    """A record as the JSON of the program has it."""
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name))
                for field in dataclasses.fields(value)
                if not (isinstance(value, stmboot.Boot) and field.name == "labels")}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    return re.sub("[\udc80-\udcff]", "\ufffd", value) if isinstance(value, str) else value


def same(path):
    """Compare what the package and the program say of an image."""
    with stmboot.open(path) as card:
        said = {"image": card.info, "table": card.table, "partitions": card.partitions,
                "boot": card.boot, "findings": card.findings}
        said = {key: plain(value) for key, value in said.items()}
    told = program.inspect(str(path))
    del told["schema"], told["version"]
    assert said == told


@pytest.mark.parametrize("name", RECIPES)
def test_it_says_what_the_program_says(name, tmp_path):
    same(program.card(name, str(tmp_path / "card.img")))


def mbr():
    """A plain MBR with a bootable partition."""
    record = struct.pack("<B3sB3sII", 0x80, bytes(3), 0x83, bytes(3), 64, 64)
    return (bytes(446) + record + bytes(48) + b"\x55\xaa").ljust(256 * 512, b"\0")


PARTS = {
    "fip": lambda: containers.fip(containers.fip_images("st,stm32mp157c-dk2")),
    "fit": lambda: containers.fit(containers.uboot_program("st,stm32mp157c-dk2", "env"),
                                  inside=True),
    "fit with its data behind it": lambda: containers.fit(bytes(100)),
    "fit with hashes": lambda: containers.fit(
        bytes(100), 'k { type = "kernel"; data = [00 01]; load = <1>; hash-1 { algo = "crc32"; '
        'value = <1>; }; signature-1 { algo = "sha256,rsa2048"; key-name-hint = "dev"; '
        'value = [00]; }; };', inside=True),
    "signed stm32": lambda: containers.stm32_v2(
        b"payload" * 9, extensions=containers.authentication(), flags=containers.SIGNED,
        signature=b"\x5a" * 64, header_bytes=1024),
    "zimage": lambda: image.zimage(bytes(5000)),
    "device tree": lambda: containers.device_tree('compatible = "st,a"; model = "A";'),
    "mbr": mbr,
}


@pytest.mark.parametrize("name", PARTS)
def test_bare_parts_are_described_as_by_the_program(name, tmp_path):
    path = tmp_path / "part.bin"
    path.write_bytes(PARTS[name]())
    same(path)


def test_update_metadata_is_described_as_by_the_program(tmp_path):
    path = tmp_path / "card.img"
    table = image.Gpt(256, "d15c0000-0000-4000-8000-000000000000")
    table.add(1, "metadata1", 64, 8, containers.FW_CONFIG,
              type=image.METADATA_TYPE)
    with open(path, "wb") as file:
        file.truncate(256 * 512)
        table.write(file)
        file.seek(64 * 512)
        file.write(image.metadata([containers.NT_FW, containers.TOS_FW], states=(0xFC, 0x33)))
    same(path)
    with stmboot.open(path) as card:
        assert isinstance(card.partitions[0].detail, stmboot.Fwu)


def test_the_first_lines_of_the_readme(path):
    with stmboot.open(path) as card:
        assert card.boot.verdict is stmboot.Outcome.OK and card.boot.verdict == "ok"
        assert [stage.stage for stage in card.boot.stages] == list(stmboot.Stage)
        assert card.bootargs["root"] == "/dev/mmcblk0p4"
        assert card.partition("rootfs") is card.partition(4)
        assert card.boot.label == "one"
        assert card.boot.kernel.path == "/boot/zImage"
        assert [label.name for label in card.boot.labels] == ["one", "two"]


def test_bootargs_are_a_mapping(path):
    with stmboot.open(path) as card:
        args = card.bootargs
        assert dict(args) == {"root": "/dev/mmcblk0p4", "rootwait": None,
                              "console": "ttySTM0,115200"}
        assert args.get_all("console") == ["tty1", "ttySTM0,115200"]
        assert args.get_all("x") == [] and args.get("x", "y") == "y" and len(args) == 3
        with pytest.raises(KeyError):
            args["quiet"]
        assert card.label_bootargs("two").text == ""
        with pytest.raises(stmboot.NotFoundError, match="'three'"):
            card.label_bootargs("three")
    args = stmboot.Bootargs("a-b=1 a_b=2 -- a-b=3")
    assert args["a_b"] == "2" and args.get_all("a-b") == ["1", "2"] and len(args) == 1
    assert args.arguments[-1].after_dashdash


@pytest.mark.parametrize("make", [
    lambda path, data: path, lambda path, data: str(path), lambda path, data: data,
    lambda path, data: memoryview(data), lambda path, data: bytearray(data),
    lambda path, data: io.BytesIO(data), lambda path, data: open(path, "rb"),
    lambda path, data: open(path, "rb", buffering=0)])
def test_an_image_comes_from_anywhere(make, path, good_bytes):
    source = make(path, good_bytes)
    with stmboot.open(source) as card:
        assert card.boot.verdict == "ok"
        assert card.fs().read_text("/boot/extlinux/extlinux.conf").startswith("# written")
        assert (card.info.path is None) == (not isinstance(source, (str, os.PathLike)))
    if hasattr(source, "close"):
        source.close()


def test_a_compressed_image_is_unpacked_with_progress(tmp_path, good_bytes):
    path = tmp_path / "card.img.gz"
    with gzip.open(path, "wb") as file:
        file.write(good_bytes)
    calls = []
    with stmboot.open(path, progress=lambda done, total: calls.append((done, total))) as card:
        assert card.info.container == "gzip" and card.boot.verdict == "ok"
    assert calls and all(done <= total for done, total in calls)


def test_a_callback_may_raise_or_stop(tmp_path, good_bytes):
    path = tmp_path / "card.img.gz"
    with gzip.open(path, "wb") as file:
        file.write(good_bytes)

    def fail(done, total):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        stmboot.open(path, progress=fail)
    with pytest.raises(stmboot.CancelledError):
        stmboot.open(path, progress=lambda done, total: False)
    with pytest.raises(stmboot.CancelledError):
        stmboot.open(path, cancel=lambda: True)
    with pytest.raises(ZeroDivisionError):
        stmboot.open(path, cancel=lambda: 1 / 0)
    for answer in (None, 0, True, ()):
        stmboot.open(path, progress=lambda done, total: answer, cancel=lambda: False).close()


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """An image that takes half a second to unpack, and is none then."""
    path = tmp_path_factory.mktemp("slow") / "card.bz2"
    path.write_bytes(bz2.compress(random.Random(1).randbytes(1 << 20), 1) * 8)
    return path


def test_an_interrupt_ends_the_work(slow):
    def interrupt(number, frame):
        raise KeyboardInterrupt

    # This callback runs no code of Python's, where a signal would be looked for.
    calls = {}
    old = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    try:
        with pytest.raises(KeyboardInterrupt):
            stmboot.open(slow, progress=calls.setdefault)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert all(done < total * 0.9 for done, total in calls.items())


def test_a_callback_cannot_use_its_card(path, good_bytes):
    class File(io.BytesIO):
        card = None
        answer = None

        def read(self, size=-1):
            if self.card is not None and self.answer is None:
                with pytest.raises(RuntimeError) as info:
                    self.answer = self.card.partition("rootfs")
                self.answer = info.value
            return super().read(size)

    file = File(good_bytes)
    with stmboot.open(file) as card:
        file.card = card
        assert card.boot.verdict == "ok"
    assert "callback" in str(file.answer)


def test_a_file_that_fails(good_bytes):
    class File(io.BytesIO):
        left = 3

        def read(self, size=-1):
            self.left -= 1
            if self.left < 0:
                raise OSError(5, "the wire is cut")
            return super().read(size)

    with pytest.raises(OSError, match="the wire is cut"):
        with stmboot.open(File(good_bytes)) as card:
            card.boot

    class Short(io.BytesIO):
        def read(self, size=-1):
            return b"" if self.tell() > 600 else super().read(min(size, 7))

    with pytest.raises(EOFError):
        stmboot.open(Short(good_bytes))

    class Long(io.BytesIO):
        def read(self, size=-1):
            return bytes(size + 1)

    with pytest.raises(ValueError, match="more than"):
        stmboot.open(Long(good_bytes))
    for wrong in (3, io.StringIO("text"), object()):
        with pytest.raises((TypeError, AttributeError, ValueError)):
            stmboot.open(wrong)


def test_errors_say_what_and_what_to_do(tmp_path):
    empty, junk = tmp_path / "empty", tmp_path / "junk"
    empty.touch()
    junk.write_bytes(b"\x80junk" * 100)
    for place, kind, message, hint in (
            (tmp_path / "missing", stmboot.NotFoundError, "No such file", "check the path"),
            (tmp_path, stmboot.NotRecognisedError, "directory", "give the image"),
            (empty, stmboot.NotRecognisedError, "empty", "again"),
            (junk, stmboot.NotRecognisedError, "not a card", "give the image")):
        with pytest.raises(kind, match=message) as info:
            stmboot.open(place)
        assert isinstance(info.value, stmboot.Error) and hint in info.value.hint
        assert str(info.value) == f"{info.value.message}; {info.value.hint}"
        copy = pickle.loads(pickle.dumps(info.value))
        assert type(copy) is kind and copy.hint == info.value.hint
    with pytest.raises(FileNotFoundError):
        stmboot.open(tmp_path / "missing")
    with pytest.raises(ValueError, match="'usb'"):
        stmboot.open(junk, medium="usb")
    with pytest.raises(ValueError):
        stmboot.open("a\0b")
    truncated = gzip.compress(bytes(100000))[:-20]
    with pytest.raises(stmboot.TruncatedError):
        stmboot.open(truncated)


def test_every_status_of_the_header_is_known():
    with open(os.path.join(TOP, "include", "stmboot", "status.h"), encoding="utf-8") as file:
        names = re.findall(r"^\tSTMBOOT_(\w+)[,\s=]", file.read(), flags=re.M)
    assert names[0] == "OK"
    assert {status.name: status.value for status in stmboot.Status} == \
        {name: i for i, name in enumerate(names) if i > 0}


def test_hostile_names_can_be_handed_back_and_shown(tmp_path):
    path = program.card("hostile-names", str(tmp_path / "card.img"))
    with stmboot.open(path) as card:
        name = card.partitions[1].name
        assert name == "\x1b[2J\n" and card.partition(name).number == 2
        assert stmboot.escape(name) == r"\x1b[2J\n"
    assert stmboot.escape("\udcff\u202e") == r"\xff\xe2\x80\xae"


def test_severities_and_stages_have_their_order():
    assert stmboot.Severity.NOTE < stmboot.Severity.WARNING < stmboot.Severity.ERROR
    assert stmboot.Severity.WARNING >= "note" and max(stmboot.Stage) is stmboot.Stage.INIT
    assert stmboot.Stage.KERNEL > "fsbl" and stmboot.Stage.ROM <= stmboot.Stage.ROM
    with pytest.raises(ValueError):
        stmboot.Severity.NOTE < "grave"


def test_all_that_is_public_is_documented():
    with open(os.path.join(TOP, "bindings", "python", "pyproject.toml"), "rb") as file:
        assert tomllib.load(file)["project"]["version"] == stmboot.__version__
    for name in stmboot.__all__:
        item = getattr(stmboot, name)
        if not callable(item) or isinstance(item, types.GenericAlias):
            continue
        assert inspect.getdoc(item) or name in ("Reader", "Detail"), name
        for key, member in vars(item).items() if inspect.isclass(item) else ():
            if not key.startswith("_") and (callable(member) or isinstance(member, property)):
                assert inspect.getdoc(member), f"{name}.{key}"


def test_rules_are_the_catalogue():
    listed = json.loads(program.run("check", "--list", "--json").stdout)["codes"]
    assert [(rule.code, rule.severity, rule.stage) for rule in stmboot.rules()] == \
        [(code["code"], code["severity"], code["stage"]) for code in listed]


def test_a_closed_card_says_so(path):
    card = stmboot.open(path)
    file = card.fs().path("/boot/zImage").open("rb")
    part = card.open_partition("rootfs")
    fs = card.fs()
    card.close()
    card.close()
    for use in (lambda: card.boot, lambda: fs.read_bytes("/boot/zImage"), file.read,
                lambda: part.read(5)):
        with pytest.raises(ValueError, match="closed"):
            use()
    file.close()
    del file, part


def test_threads_share_a_card(path):
    results = []
    with stmboot.open(path) as card:
        def work():
            for _ in range(20):
                results.append((card.fs().read_bytes("/boot/zImage"), card.boot.verdict,
                                len(list(card.fs().glob("**/*")))))
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(results) == 160 and len({result for result in results}) == 1


def test_others_go_on_while_the_library_works(slow):
    """A thread that only counts does so while an image is unpacked."""
    count, stop = 0, threading.Event()

    def work():
        nonlocal count
        while not stop.wait(0.0001):
            count += 1

    thread = threading.Thread(target=work)
    thread.start()
    before = count
    with pytest.raises(stmboot.NotRecognisedError):
        stmboot.open(slow)
    during = count - before
    stop.set()
    thread.join()
    assert during > 20


def test_records_are_frozen(path):
    with stmboot.open(path) as card:
        with pytest.raises(dataclasses.FrozenInstanceError):
            card.boot.verdict = "error"
        assert hash(card.boot) == hash(card.boot)
        assert dataclasses.replace(card.boot, label="x").label == "x"


def test_a_part_of_the_findings_is_judged(tmp_path):
    path = program.card("fsbl1-damaged", str(tmp_path / "card.img"))
    with stmboot.open(path) as card:
        assert card.check().verdict == "warning"
        assert card.check(ignore="stm32").verdict == "ok"
        assert [f.code for f in card.check(only=["stm32"]).findings] == ["stm32.checksum"]
        with pytest.raises(ValueError, match="stm33"):
            card.check(ignore="stm33")
        assert card.findings


def test_the_extension_refuses_nonsense(path):
    native = stmboot._stmboot
    for wrong in ((), (str(path),), (None, None, "auto", None, None, None),
                  (str(path), None, 3, None, None, None)):
        with pytest.raises((TypeError, AttributeError)):
            native.Card(*wrong)
    with pytest.raises(TypeError):
        native.Card(path=str(path))
    with pytest.raises(TypeError):
        native.Source()
    with pytest.raises(TypeError):
        native.Edit(None, "auto", None, None, True, False, False, None, None)
    with pytest.raises(TypeError):
        native.recover(None, None)
    with pytest.raises(TypeError):
        native.Cmdline(b"bytes")
    with pytest.raises(TypeError):
        native.Dtb()
    card = native.Card(str(path), None, "auto", None, None, None)
    assert card.label(None) is None
    for call in (lambda: card.trace(True, "gpt", ()), lambda: card.trace(True, (None,), ()),
                 lambda: card.stat(4, False, "a\0b", True), lambda: card.stat(4, False, None, True),
                 lambda: card.stat(1 << 40, False, "/", True), lambda: card.fs(-1, False),
                 lambda: card.open_partition(9), lambda: card.extract_partition("4", None),
                 lambda: card.fip(3), lambda: card.read_dtb(b"/"),
                 lambda: card.extract_image("4", "a\0b", "x")):
        with pytest.raises((TypeError, ValueError, OverflowError, stmboot.NotFoundError)):
            call()
