# SPDX-License-Identifier: MIT
"""Edits: committed, dropped, refused, taken back."""

import gzip
import io
import os

import pytest
from conftest import CONFIG, program

import containers
import image
import stmboot
from stmboot import EditState, Outcome, Recovery

CONF = "/boot/extlinux/extlinux.conf"


def text_of(path):
    """The configuration as it is now."""
    with stmboot.open(path) as card:
        return card.fs().read_text(CONF)


def test_a_change_is_committed_at_the_end(path, good_bytes):
    with stmboot.open(path) as card:
        with card.edit() as edit:
            edit.bootargs["root"] = "PARTUUID=9a127000-0000-4000-8000-000000000004"
            assert edit.bootargs["root"].startswith("PARTUUID=")
            assert path.read_bytes() == good_bytes
        assert card.bootargs["root"].startswith("PARTUUID=") and card.boot.verdict == "ok"
    result = edit.result
    assert result.changed and result.written and result.state is EditState.DONE and result.undoable
    assert [change.what for change in result.plan.changes] == ["append of label one"]
    changed = {at for at in range(0, len(good_bytes), 512)
               if path.read_bytes()[at:at + 512] != good_bytes[at:at + 512]}
    assert changed <= {at for w in result.plan.writes
                       for at in range(w.offset, w.offset + w.length, 512)}
    assert result.boot_before.verdict is result.boot_after.verdict is Outcome.OK
    assert len(stmboot.undos(path)) == 1
    assert stmboot.undo(path).state is EditState.DONE
    assert path.read_bytes() == good_bytes
    with pytest.raises(stmboot.NotFoundError):
        stmboot.undo(path)


def test_an_exception_drops_it(path, good_bytes):
    with stmboot.open(path) as card:
        with pytest.raises(ZeroDivisionError):
            with card.edit() as edit:
                edit.bootargs["quiet"] = None
                1 / 0
        assert path.read_bytes() == good_bytes
        with pytest.raises(ValueError):
            edit.result
        with pytest.raises(ValueError, match="closed"):
            edit.bootargs["a"] = "b"
        # The lock is gone with it.
        with card.edit() as edit:
            edit.bootargs["quiet"] = None
    assert "quiet" in text_of(path)


def test_an_error_that_it_adds_refuses_it(path, good_bytes):
    with stmboot.open(path) as card:
        with pytest.raises(stmboot.RefusedError, match="would add an error") as info:
            with card.edit() as edit:
                edit.bootargs["root"] = "/dev/mmcblk0p9"
        (finding,) = info.value.findings
        assert finding.severity is stmboot.Severity.ERROR and finding.stage == "rootfs"
        assert isinstance(info.value, stmboot.ConflictError) and info.value.hint
        assert path.read_bytes() == good_bytes
        with card.edit(force=True) as edit:
            edit.bootargs["root"] = "/dev/mmcblk0p9"
        assert card.boot.stops_at is stmboot.Stage.ROOTFS
        assert edit.result.boot_before.verdict == "ok" and edit.result.findings


def test_nothing_changed_is_nothing_written(path, good_bytes):
    times = os.stat(path).st_mtime_ns
    with stmboot.open(path) as card:
        with card.edit() as edit:
            edit.bootargs["root"] = "/dev/mmcblk0p4"
        assert not edit.result.changed and not edit.result.written
    assert os.stat(path).st_mtime_ns == times and path.read_bytes() == good_bytes


def test_a_dry_run_and_a_plan(path, good_bytes):
    with stmboot.open(path) as card:
        with card.edit(dry_run=True) as edit:
            edit.set_bootargs("quiet", add="x=1", remove=["rootwait"])
            plan = edit.plan()
            assert plan.writes and plan.bytes == sum(w.length for w in plan.writes)
            with pytest.raises(ValueError, match="staged"):
                edit.bootargs["y"] = "1"
        assert edit.result.changed and not edit.result.written
        assert edit.result.state is EditState.UNCHANGED
        assert "quiet x=1" in edit.result.boot_after.bootargs
        assert edit.commit and path.read_bytes() == good_bytes
        with pytest.raises(ValueError, match="committed"):
            edit.commit()
        with pytest.raises(stmboot.RefusedError):
            with card.edit(dry_run=True) as edit:
                edit.bootargs["init"] = "/nope"


def test_an_output_leaves_the_image_alone(path, good_bytes, tmp_path):
    copy = tmp_path / "copy.img"
    with stmboot.open(path) as card:
        with card.edit(output=copy) as edit:
            edit.bootargs["quiet"] = None
    assert path.read_bytes() == good_bytes and "quiet" in text_of(copy) and edit.result.written
    packed = tmp_path / "card.img.gz"
    packed.write_bytes(gzip.compress(good_bytes))
    with stmboot.open(packed) as card:
        with pytest.raises(stmboot.UnsupportedError):
            card.edit()
        with card.edit(output=copy) as edit:
            edit.bootargs["loud"] = None
    assert "loud" in text_of(copy)


def test_bootargs_are_changed_as_a_mapping(path):
    with stmboot.open(path) as card, card.edit() as edit:
        args = edit.bootargs
        args["quiet"] = None
        args["init"] = "/bin/busybox"
        args.add("console=ttyS9")
        del args["rootwait"]
        with pytest.raises(KeyError):
            del args["rootwait"]
        with pytest.raises(KeyError):
            args["rootwait"]
        with pytest.raises(ValueError):
            args["a=b"] = "c"
        with pytest.raises(stmboot.ArgumentError, match="control character"):
            args["a"] = "b\nc"
        args.update(a="1", b="two words")
        assert args.pop("a") == "1" and len(args) == 5
        assert str(args) == ('root=/dev/mmcblk0p4 console=tty1 console=ttySTM0,115200 quiet '
                             'init=/bin/busybox console=ttyS9 b="two words"')
        other = edit.label_bootargs("two")
        assert dict(other) == {}
        other.replace("root=/dev/mmcblk0p4", "rootwait")
        assert dict(other) == {"root": "/dev/mmcblk0p4", "rootwait": None}
        with pytest.raises(stmboot.NotFoundError, match="'three'"):
            edit.label_bootargs("three")["a"] = "b"
        with pytest.raises(ValueError, match="exclude"):
            edit.set_bootargs("x", label="two", all_labels=True)
        edit.set_bootargs("all=1", all_labels=True)
    assert text_of(path).count("all=1") == 2


def test_the_configuration(path):
    with stmboot.open(path) as card:
        with card.edit() as edit:
            edit.extlinux.set("two", "append", "root=/dev/mmcblk0p4")
            edit.extlinux.add("three", {"kernel": "/boot/zImage",
                                        "fdt": "/boot/stm32mp157c-dk2.dtb",
                                        "append": "root=/dev/mmcblk0p4"})
            edit.extlinux.default("three")
            edit.extlinux.timeout(2.5)
            with pytest.raises(ValueError):
                edit.extlinux.timeout(0.01)
            with pytest.raises(stmboot.ArgumentError, match="kernle"):
                edit.extlinux.set(None, "kernle", "/x")
        assert card.boot.label == "three" and len(card.boot.labels) == 3
        with card.edit() as edit:
            edit.extlinux.default("one")
            edit.extlinux.remove("three")
            edit.extlinux.unset("two", "append")
    assert text_of(path) == CONFIG.replace("default one\n", "default one\ntimeout 25\n")


def test_files(roomy, tmp_path):
    host = tmp_path / "host"
    (host / "sub").mkdir(parents=True)
    (host / "sub" / "file").write_text("from the host")
    with stmboot.open(roomy) as card:
        with card.edit() as edit:
            fs = edit.fs("rootfs")
            assert fs.partition == edit.fs().partition == edit.fs(4).partition
            fs.mkdir("/etc/deep", parents=True)
            fs.write_text("/etc/one", "1")
            fs.write_bytes("etc/two", io.BytesIO(b"2" * 3000))
            fs.write_bytes("/etc/three", memoryview(b"3"))
            assert fs.read_bytes("/etc/two") == b"2" * 3000 and fs.read_text("/etc/one") == "1"
            fs.put(host / "sub" / "file", "/etc/four")
            fs.put(str(host), "/etc/host", recursive=True)
            fs.copy("/etc/one", "/etc/five")
            fs.rename("/etc/three", "/etc/deep/three")
            fs.link("/etc/one", "/etc/six")
            fs.symlink("/etc/seven", "one")
            fs.chmod("/etc/one", 0o600)
            fs.chmod("/etc/two", "u+x")
            fs.chown("/etc/one", 5, 6)
            fs.chown("/etc/two", gid=7)
            fs.set_attribute("/etc/one", "user.note", b"\0\xff")
            fs.remove("/etc/four")
            with pytest.raises(stmboot.ArgumentError):
                fs.remove("/etc/deep")
            fs.remove(card.fs() / "etc/host", recursive=True)
            with pytest.raises(FileNotFoundError):
                fs.put(tmp_path / "nope", "/etc/x")
            with pytest.raises(FileNotFoundError):
                fs.read_bytes("/etc/nope")
            with pytest.raises((TypeError, AttributeError)):
                fs.write_bytes("/etc/x", 3)
        etc = card.fs() / "etc"
        assert sorted(p.name for p in etc.iterdir()) == \
            ["deep", "five", "one", "seven", "six", "two"]
        node = (etc / "one").stat()
        assert (node.mode, node.uid, node.gid, node.links) == (0o600, 5, 6, 2)
        assert (etc / "two").stat().mode & 0o100 and (etc / "two").stat().gid == 7
        assert (etc / "one").attributes() == {"user.note": b"\0\xff"}
        assert (etc / "seven").read_text() == "1" and (etc / "deep/three").read_bytes() == b"3"
        with card.edit() as edit:
            edit.fs().set_attribute("/etc/one", "user.note", None)
        assert (etc / "one").attributes() == {}


def test_the_device_tree(path):
    overlay = containers.device_tree(
        'fragment@0 { target-path = "/"; __overlay__ { model = "Merged"; }; };')
    with stmboot.open(path) as card:
        with card.edit() as edit:
            edit.dtb.set("/", "model", "Changed")
            edit.dtb.set("/new", "cells", 1, 2, type="x", create=True)
            with pytest.raises(stmboot.ArgumentError, match="no type"):
                edit.dtb.set("/", "model", "x", type="q")
            with pytest.raises(stmboot.NotFoundError):
                edit.dtb.remove("/nope")
            edit.dtb.remove("/new", "cells")
        assert card.boot.dtb.model == "Changed"
        with card.edit() as edit:
            edit.dtb.overlay(overlay, file="rootfs:/boot/stm32mp157c-dk2.dtb")
        assert card.boot.dtb.model == "Merged"
        with card.edit(dry_run=True) as edit:
            with pytest.raises(stmboot.NotRecognisedError):
                edit.dtb.overlay(io.BytesIO(b"no device tree" * 20))
            with pytest.raises(FileNotFoundError):
                edit.dtb.overlay(path.parent / "nope.dtbo")
        file = path.parent / "o.dtbo"
        file.write_bytes(overlay)
        with card.edit() as edit:
            edit.dtb.overlay(file)
        assert not edit.result.changed


def test_the_table(path):
    with stmboot.open(path) as card:
        guids = [part.guid for part in card.partitions]
        with card.edit() as edit:
            edit.gpt.set("rootfs", {"read-only": True}, name="root", guid="random")
        part = card.partition("root")
        assert "read-only" in part.attributes and part.guid not in guids
        edit = card.edit()
        with pytest.raises(stmboot.ArgumentError, match="'colour'"):
            edit.gpt.set("root", name="other", colour="red")
        # Half of it may be done: nothing is planned or written any more.
        for end in (edit.plan, edit.plan, edit.commit):
            with pytest.raises(stmboot.ConflictError, match="failed on its way: .*colour"):
                end()
        edit.close()
        with card.edit() as edit:
            edit.gpt.new_guids()
        assert not set(guids) & {part.guid for part in card.partitions}
    with open(path, "r+b") as file:
        file.seek(512)
        file.write(bytes(512))
    with stmboot.open(path) as card:
        assert card.table.primary == "missing"
        with pytest.raises(stmboot.Error):
            with card.edit() as edit:
                edit.gpt.repair("primary")
        with card.edit() as edit:
            edit.gpt.repair()
        assert card.table.primary == "ok" and card.boot.verdict == "ok"


def test_a_partition_is_written(path, tmp_path):
    loader = image.stm32_image(b"U-Boot SPL 2099.01 (Jan 01 2099)\0" * 40)
    file = tmp_path / "spl"
    file.write_bytes(loader)
    with stmboot.open(path) as card:
        for content in (loader, io.BytesIO(loader), file):
            with card.edit(force=True) as edit:
                edit.write_partition("fsbl", content)
            with card.open_partition(1) as part:
                assert part.read(len(loader)) == loader
            stmboot.undo(path)
            card._again()
        with pytest.raises(stmboot.LimitError):
            with card.edit() as edit:
                edit.write_partition("fsbl1", bytes(1 << 20))
        with pytest.raises(FileNotFoundError):
            with card.edit() as edit:
                edit.write_partition("fsbl1", tmp_path / "nope")


def test_one_edit_at_a_time_and_only_of_a_path(path, good_bytes):
    with stmboot.open(path) as card:
        with card.edit():
            with pytest.raises(stmboot.ConflictError) as info:
                card.edit()
            assert not isinstance(info.value, stmboot.RefusedError)
    with stmboot.open(good_bytes) as card, pytest.raises(ValueError, match="path"):
        card.edit()


def test_a_file_that_fails_while_it_is_put(path, good_bytes):
    class File(io.BytesIO):
        def read(self, size=-1):
            raise RuntimeError("gone")

    with stmboot.open(path) as card:
        with pytest.raises(RuntimeError, match="gone"):
            with card.edit() as edit:
                edit.fs().write_bytes("/x", File(b"12345"))
        assert path.read_bytes() == good_bytes


def test_what_was_left_is_recovered(path, good_bytes):
    assert stmboot.recover(path) is Recovery.CLEAN
    log = path.with_name(path.name + ".stmboot-journal")
    assert not log.exists() and path.read_bytes() == good_bytes
    with pytest.raises(FileNotFoundError):
        stmboot.recover(path.with_name("nope"))
    with pytest.raises(FileNotFoundError):
        stmboot.undos(path.with_name("nope"))
    assert stmboot.undos(path) == ()


def test_the_program_takes_back_what_python_did(path, good_bytes):
    with stmboot.open(path) as card, card.edit() as edit:
        edit.bootargs["quiet"] = None
    done = program.run("undo", str(path), env={"STMBOOT_STATE_DIR":
                                               os.environ["STMBOOT_STATE_DIR"]})
    assert done.returncode == 0 and path.read_bytes() == good_bytes


def test_an_edit_can_be_used_without_with(path):
    card = stmboot.open(path)
    edit = card.edit()
    edit.bootargs["quiet"] = None
    assert edit.state is EditState.UNCHANGED
    assert edit.commit().state is edit.state is EditState.DONE
    edit.close()
    assert card.bootargs["quiet"] is None
    card.close()
