# SPDX-License-Identifier: MIT
"""Files inside cards, by paths that follow pathlib."""

import io
import os
import stat
from pathlib import PurePosixPath

import pytest

import stmboot
from stmboot import CardPath, FileType

CONF = "/boot/extlinux/extlinux.conf"


@pytest.fixture
def fs(path):
    with stmboot.open(path) as card:
        yield card.fs("rootfs")


def test_paths_are_joined_and_taken_apart(fs):
    path = fs / "boot" / "extlinux/extlinux.conf"
    assert isinstance(path, CardPath) and str(path) == CONF == path.as_posix()
    assert (path.name, path.stem, path.suffix, path.suffixes) == \
        ("extlinux.conf", "extlinux", ".conf", [".conf"])
    assert path.parent == fs.path("/boot/extlinux") == fs.root.joinpath("boot", "extlinux")
    assert [str(p) for p in path.parents] == ["/boot/extlinux", "/boot", "/"]
    assert path.parts == ("/", "boot", "extlinux", "extlinux.conf")
    assert path.with_name("x").with_suffix(".y") == fs / "boot/extlinux/x.y"
    assert path.relative_to("/boot") == path.relative_to(fs / "boot") \
        == PurePosixPath("extlinux/extlinux.conf")
    assert path.match("*.conf") and not path.match("*.txt")
    assert repr(path) == f"CardPath(4, {CONF!r})" and path.fs is fs
    assert sorted([fs / "b", fs / "a"]) == [fs / "a", fs / "b"] and fs / "a" != "a"
    assert len({fs / "a", fs.path("a"), fs.path(fs / "a")}) == 1


def test_content(fs):
    path = fs / CONF
    text = path.read_text()
    assert text.startswith("# written") and fs.read_bytes(CONF) == text.encode()
    with path.open() as file:
        assert next(file) == "# written by hand\n"
    with path.open("rb") as file:
        assert isinstance(file, io.BufferedReader)
        assert file.seek(-4, os.SEEK_END) == len(text) - 4 and file.read() == text[-4:].encode()
        assert file.seek(2) == 2 and file.read(7) == b"written" and file.tell() == 9
        assert file.seek(10**6) and file.read() == b""
        with pytest.raises(OSError):
            file.seek(-1)
    for mode in ("w", "a", "r+", "x"):
        with pytest.raises(ValueError, match="for reading"):
            path.open(mode)
    with pytest.raises(ValueError):
        path.open("rb", encoding="utf-8")
    with pytest.raises(stmboot.ArgumentError):
        (fs / "boot").read_bytes()
    with pytest.raises(FileNotFoundError, match="'/boot/nope'"):
        (fs / "boot" / "nope").read_bytes()


def test_what_is_there(fs):
    assert fs.exists(CONF) and fs.is_file(CONF) and not fs.is_dir(CONF)
    assert fs.is_dir("boot") and not fs.exists("nope") and not fs.is_file("nope/x")
    link = fs / "bin/sh"
    assert link.is_symlink() and link.is_file() and not (fs / "bin").is_symlink()
    assert not (fs / "nope").is_symlink()
    assert link.readlink() == PurePosixPath("busybox") and link.resolve() == fs / "bin/busybox"
    assert link.lstat().type is FileType.SYMLINK and link.stat().type is FileType.FILE
    node = fs.stat("/boot")
    assert stat.S_ISDIR(node.st_mode) and node.st_mode & 0o777 == node.mode == 0o755
    assert (node.st_ino, node.st_nlink, node.st_uid, node.st_gid) == \
        (node.inode, node.links, node.uid, node.gid)
    assert node.st_mtime == node.st_atime == node.st_ctime == 1700000000
    assert fs.stat(CONF).st_size == len(fs.read_bytes(CONF))
    assert fs.path("/boot").attributes() == {}


def test_directories(fs):
    assert sorted(path.name for path in fs.iterdir("/boot")) == \
        ["extlinux", "stm32mp157c-dk2.dtb", "zImage"]
    walked = {str(path): (folders, files) for path, folders, files in fs.walk()}
    assert walked["/boot"] == (["extlinux"], ["stm32mp157c-dk2.dtb", "zImage"])
    assert list(walked)[0] == "/" and walked["/bin"] == ([], ["busybox", "sh"])
    visited = []
    for path, folders, _ in fs.walk():
        visited.append(str(path))
        folders[:] = [name for name in folders if name == "boot"]
    assert visited == ["/", "/boot"]
    with pytest.raises(stmboot.ArgumentError):
        list((fs / CONF).iterdir())
    with pytest.raises(FileNotFoundError):
        list(fs.walk("/nope"))


def test_glob(fs):
    def found(pattern):
        return sorted(str(path) for path in fs.glob(pattern))

    assert found("boot/*.dtb") == ["/boot/stm32mp157c-dk2.dtb"]
    assert found("**/*.conf") == [CONF]
    assert found("bin/s?") == ["/bin/sh"] and found("bin/[ab]*") == ["/bin/busybox"]
    assert found("boot/nope") == [] and found("nope/*") == [] and found("boot/zImage/*") == []
    assert found("*/extlinux/extlinux.conf") == [CONF]
    assert found("**") == ["/", "/bin", "/boot", "/boot/extlinux", "/lib", "/lib/modules",
                           "/lib/modules/6.1.0", "/sbin"]
    assert list((fs / "boot").rglob("z*")) == [fs / "boot/zImage"]
    with pytest.raises(ValueError):
        fs.glob("/boot").__next__()


def test_the_same_files_as_u_boot_sees_them(path):
    with stmboot.open(path) as card:
        uboot = card.fs("rootfs", reader="uboot")
        assert uboot.read_bytes(CONF) == card.fs("rootfs").read_bytes(CONF)
        assert uboot / "boot" != card.fs("rootfs") / "boot"
        assert {path.name for path in uboot.iterdir("/")} >= {"boot", "bin"}
        with pytest.raises(stmboot.UnsupportedError):
            uboot.path("/boot").attributes()


def test_file_systems_are_found(path):
    with stmboot.open(path) as card:
        assert card.fs().partition == card.fs(4).partition == card.fs("rootfs").partition == 4
        assert card.fs().notice is None
        assert card.path("rootfs:/boot/zImage") == card.path("/boot/zImage")
        for wrong, kind in (("nope", stmboot.NotFoundError), (99, stmboot.NotFoundError),
                            (1, stmboot.NotRecognisedError)):
            with pytest.raises(kind):
                card.fs(wrong)
        with pytest.raises(stmboot.ArgumentError):
            card.path("rootfs:boot")


def test_a_partition_is_a_file(path, good_bytes):
    with stmboot.open(path) as card:
        part = card.partition("fsbl1")
        with card.open_partition("fsbl1") as file:
            assert file.read() == good_bytes[part.offset:part.offset + part.size]


def test_names_that_are_not_utf_8(path, good_bytes):
    with open(path, "r+b") as file:
        file.seek(good_bytes.index(b"zImage", 178 * 512))
        file.write(b"z\xff\x1b[2J")
    with stmboot.open(path) as card:
        # U-Boot does not look at checksums.
        fs = card.fs("rootfs", reader="uboot")
        (odd,) = (p for p in fs.iterdir("/boot") if p.name.startswith("z"))
        assert odd.name == "z\udcff\x1b[2J" and os.fsencode(odd.name) == b"z\xff\x1b[2J"
        assert odd.stat().size > 0 and odd.read_bytes()
        assert stmboot.escape(odd.name) == r"z\xff\x1b[2J"
        with pytest.raises(stmboot.CorruptError, match="checksum") as info:
            list(card.fs("rootfs").iterdir("/boot"))
        assert str(info.value).encode() and [f.message.encode() for f in card.findings]


def test_damage_is_told_while_walking(path, good_bytes):
    with open(path, "r+b") as file:
        file.seek(good_bytes.index(b"extlinux.conf", 178 * 512))
        file.write(b"E")
    with stmboot.open(path) as card:
        fs = card.fs()
        with pytest.raises(stmboot.CorruptError, match="/boot/extlinux: "):
            list(fs.walk())
        errors = []
        walked = {str(p): names for p, *names in fs.walk(on_error=errors.append)}
        assert "zImage" in walked["/boot"][1] and "/sbin" in walked
        assert [type(error) for error in errors] == [stmboot.CorruptError]


def test_files_are_made_on_the_host(fs, tmp_path):
    made = (fs / CONF).extract(tmp_path / "conf")
    assert made.files == 1 and (tmp_path / "conf").read_text() == fs.read_text(CONF)
    made = (fs / "bin").extract(tmp_path / "bin", recursive=True)
    assert (made.folders, made.files, made.symlinks, made.failed) == (1, 1, 1, 0)
    assert os.readlink(tmp_path / "bin/sh") == "busybox"
    with pytest.raises(stmboot.ArgumentError):
        (fs / "bin").extract(tmp_path / "other")


def test_an_open_file_outlives_its_name(path):
    with stmboot.open(path) as card:
        files = [card.fs().path("/boot/zImage").open("rb") for _ in range(50)]
        del files[::2]
        assert len({file.read() for file in files}) == 1
        card.fs().path(CONF).open("rb")  # never closed by anyone
