#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Edits of files inside an image: fs put, cp, rm, mv, mkdir, ln, chmod, chown and edit.

usage: fs_edit.py STMBOOT [TEST...]
"""

import json
import os
import re
import socket
import stat
import subprocess
import tempfile
import threading
import unittest

import program

TIME = 1700000000  # SOURCE_DATE_EPOCH of every edit here
ROOTFS, DATA = 178 * 512, 178 * 512 + (4 << 20)
SIZES = {ROOTFS: 4 << 20, DATA: 2 << 20}
CONF = "/boot/extlinux/extlinux.conf"


def make_card(path):
    """The smallest card that boots, with more room, and a second file system."""
    name = os.path.join(program.TOP, "tests", "golden", "recipes", "healthy.recipe")
    with open(name, encoding="utf-8") as f:
        text = f.read()
    text = text.replace("medium 1M", "medium 8M").replace("size=768K", "size=4M")
    text = text.replace("  ext4\n", "  ext4 -N 512\n")
    text += f"partition 5 data at={DATA // 512} size=2M\n  ext4 -N 128 -b 4096\n    dir /kept\n"
    try:
        program.recipe.Builder(path).build(program.recipe.parse(text))
    except program.tools.Missing as e:
        raise unittest.SkipTest(f"{e} is not installed") from e


class Case(unittest.TestCase):
    """A card of its own for each test, and a folder of files beside it."""

    made = None

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.card = self.path("card.img")
        if Case.made is None:
            make_card(self.card)
            Case.made = self.read(self.card)
        with open(self.card, "wb") as f:
            f.write(Case.made)
        self.before = Case.made

    def path(self, name, content=None, mode=None):
        """A path in the directory of the test, of a file with that content if there is any."""
        path = os.path.join(self.directory, name)
        if content is not None:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(content)
        if mode is not None:
            os.chmod(path, mode)
        return path

    @staticmethod
    def read(path):
        """All bytes of a file."""
        with open(path, "rb") as f:
            return f.read()

    def fs(self, *arguments, status=0, env=None, data=None):
        """Run a command of fs on the card; what --json says."""
        command, *rest = arguments
        surroundings = dict(os.environ, LC_ALL="C.UTF-8", SOURCE_DATE_EPOCH=str(TIME),
                            STMBOOT_STATE_DIR=program.state_directory(), **(env or {}))
        stdin = {"stdin": subprocess.DEVNULL} if data is None else {"input": data}
        done = subprocess.run([program.stmboot, "--json", "fs", command, self.card, *rest],
                              env=surroundings, check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60, **stdin)
        self.assertEqual(done.returncode, status, done.stderr.decode())
        said = json.loads(done.stdout)
        schema = "edit" if status == 0 else "error"
        self.assertEqual([e.message for e in program.schema(schema).iter_errors(said)], [])
        if status == 0 and said["written"] and "-o" not in rest:
            self.agrees(said)
        self.before = self.read(self.card)
        return said

    def agrees(self, said):
        """Nothing but what was planned differs, all of that does, and e2fsck finds nothing."""
        after = self.read(self.card)
        changed = {at for at in range(0, len(after), 512)
                   if after[at:at + 512] != self.before[at:at + 512]}
        planned = {at for w in said["writes"]
                   for at in range(w["offset"], w["offset"] + w["length"], 512)}
        self.assertEqual(changed, planned)
        for offset in SIZES:
            self.check(offset)

    def part(self, offset=ROOTFS):
        """A file system of the card, in a file of its own."""
        return self.path(f"part-{offset}", self.read(self.card)[offset:offset + SIZES[offset]])

    def check(self, offset):
        """e2fsck exits with 0 whatever it answers itself, so its words count."""
        said = subprocess.run(["e2fsck", "-fn", self.part(offset)], check=False,
                              env=program.tools.surroundings(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT).stdout.decode()
        for line in said.splitlines():
            self.assertRegex(line, r"^(e2fsck [0-9]|Pass [1-5]: |.*: [0-9]+/[0-9]+ files )", said)

    def debugfs(self, request, offset=ROOTFS):
        """What debugfs answers."""
        return program.tools.run("debugfs", "-R", request, self.part(offset))

    def cat(self, path, offset=ROOTFS):
        """The content of a file, as debugfs reads it."""
        return self.debugfs(f'cat "{path}"', offset)

    def stat(self, path, offset=ROOTFS):
        """What debugfs says of an inode: type, mode, owner, size, mtime, links."""
        text = self.debugfs(f'stat "{path}"', offset).decode()
        if "Inode:" not in text:
            return None
        word = lambda pattern: re.search(pattern, text).group(1)  # noqa: E731
        return {"type": word(r"Type: (\w+)"), "mode": word(r"Mode: +0?(\d{4})"),
                "owner": tuple(int(word(who + r": +(-?\d+)")) & 0xFFFFFFFF
                               for who in ("User", "Group")),
                "size": int(word(r"Size: (\d+)")), "links": int(word(r"Links: (\d+)")),
                "mtime": int(word(r"mtime: 0x([0-9a-f]+)"), 16),
                "text": text}

    def names(self, path, offset=ROOTFS):
        """The names in a directory."""
        text = self.debugfs(f'ls -p "{path}"', offset).decode()
        found = [line.split("/")[5] for line in text.splitlines() if line.startswith("/")]
        return sorted(name for name in found if name not in (".", ".."))

    def refused(self, *arguments, words=()):
        """Exit 2, the words, and not a byte of the card changed."""
        before = self.read(self.card)
        said = self.fs(*arguments, status=2)
        self.assertEqual(said["state"], "unchanged")
        self.assertEqual(self.read(self.card), before)
        for word in words:
            self.assertIn(word, said["message"] + " " + (said["hint"] or ""))
        return said


class Put(Case):
    """fs put."""

    def test_a_new_file_is_roots_and_of_now_with_the_permissions_of_its_source(self):
        source = self.path("tool", b"#!/bin/sh\n", 0o4751)
        said = self.fs("put", source, "/usr")
        self.assertEqual(said["changes"], [{"what": "4:/usr", "before": None,
                                            "after": "regular file of 10 bytes"}])
        found = self.stat("/usr")
        self.assertEqual((found["mode"], found["owner"], found["mtime"]), ("0751", (0, 0), TIME))
        self.assertEqual(self.cat("/usr"), b"#!/bin/sh\n")

    def test_into_a_directory_a_file_keeps_its_name(self):
        self.fs("put", self.path("tool", b"x"), "/bin/")
        self.fs("put", self.path("other", b"y"), "rootfs:/sbin")
        self.assertEqual((self.cat("/bin/tool"), self.cat("/sbin/other")), (b"x", b"y"))
        self.fs("put", self.path("tool", b"z"), "data:/kept")
        self.assertEqual(self.cat("/kept/tool", DATA), b"z")

    def test_a_file_that_is_there_keeps_all_but_its_content_and_time(self):
        self.fs("chmod", "0710", "/boot/zImage")
        self.fs("chown", "7:8", "/boot/zImage")
        self.fs("ln", "/boot/zImage", "/boot/other")
        kernel = self.read(self.path("k", self.cat("/boot/zImage")))
        for more in (b"", b"longer" * 3000, b"x"):
            self.fs("put", self.path("k", kernel + more), "/boot/zImage")
            found = self.stat("/boot/zImage")
            self.assertEqual((found["mode"], found["owner"], found["links"]), ("0710", (7, 8), 2))
            self.assertEqual(self.cat("/boot/zImage"), kernel + more)
            self.assertEqual(self.cat("/boot/other"), kernel + more)
        self.assertEqual(found["mtime"], TIME)

    def test_the_same_content_writes_nothing(self):
        source = self.path("k", self.cat("/boot/zImage"))
        for options in ((), ("-r",)):
            said = self.fs("put", source, "/boot/zImage", *options)
            self.assertEqual((said["changed"], said["writes"], said["changes"]), (False, [], []))
        tree = self.path("tree/a/b", b"text")
        self.assertTrue(self.fs("put", "-r", os.path.dirname(os.path.dirname(tree)), "/")["changed"])
        self.assertFalse(self.fs("put", "-r", self.path("tree"), "/")["changed"])
        self.assertTrue(self.fs("put", "-rp", self.path("tree"), "/")["changed"])
        self.assertFalse(self.fs("put", "-rp", self.path("tree"), "/")["changed"])

    def test_standard_input(self):
        self.fs("put", "-", "/etc", data=b"from a pipe\n")
        self.assertEqual(self.cat("/etc"), b"from a pipe\n")
        self.refused("put", "-", "/boot", words=["/boot", "directory"])

    def test_links_are_followed_inside_the_image(self):
        self.fs("ln", "-s", "../boot/zImage", "/bin/kernel")
        self.fs("put", self.path("k", self.cat("/boot/zImage") + b"!"), "/bin/kernel")
        self.assertTrue(self.cat("/boot/zImage").endswith(b"!"))
        self.fs("ln", "-s", "/nowhere", "/bin/dangling")
        self.refused("put", self.path("k"), "/bin/dangling", words=["leads nowhere"])
        self.fs("ln", "-s", "loop", "/bin/loop")
        self.refused("put", self.path("k"), "/bin/loop", words=["too many symbolic links"])
        self.fs("ln", "-s", "/../../../..", "/bin/up")
        self.fs("put", self.path("k"), "/bin/up/here")
        self.assertIsNotNone(self.stat("/here"))

    def tree(self):
        """A folder with all that can be in one."""
        self.path("tree/file", b"content", 0o640)
        self.path("tree/empty", b"")
        self.path("tree/sub/deep/er", b"d" * 5000)
        self.path("tree/sub/script", b"s", 0o4755)
        os.mkdir(self.path("tree/none"))
        os.chmod(self.path("tree/none"), 0o1777)
        os.symlink("file", self.path("tree/link"))
        os.symlink("/etc/passwd", self.path("tree/out"))
        os.symlink("..", self.path("tree/up"))
        os.symlink("x" * 100, self.path("tree/slow"))
        os.mkfifo(self.path("tree/pipe"))
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(self.path("tree/socket"))
        for folder, _, names in os.walk(self.path("tree")):
            for name in names:
                os.utime(os.path.join(folder, name), (TIME - 5, TIME - 10), follow_symlinks=False)
        for folder, _, _ in os.walk(self.path("tree"), topdown=False):
            os.utime(folder, (TIME - 5, TIME - 20))
        return self.path("tree")

    def test_a_folder_comes_with_all_that_is_in_it(self):
        said = self.fs("put", "-r", self.tree(), "/srv")
        self.assertIn("4 directories, 4 files of 5008 bytes, 6 others", said["changes"][0]["after"])
        self.assertEqual(self.names("/srv"), ["empty", "file", "link", "none", "out", "pipe", "slow",
                                              "socket", "sub", "up"])
        self.assertEqual(self.cat("/srv/sub/deep/er"), b"d" * 5000)
        self.assertIn('Fast link dest: "/etc/passwd"', self.stat("/srv/out")["text"])
        self.assertEqual(self.stat("/srv/slow")["size"], 100)
        self.assertEqual(self.stat("/srv/pipe")["type"], "FIFO")
        self.assertEqual(self.stat("/srv/file")["mode"], "0640")
        self.assertEqual(self.stat("/srv/sub/script")["mode"], "0755")
        self.assertEqual(self.stat("/srv/none")["mode"], "1777")
        self.assertEqual(self.stat("/srv/file")["mtime"], TIME)
        self.fs("put", "-r", self.path("tree"), "/srv")
        self.assertIn("tree", self.names("/srv"))
        self.fs("put", "-r", self.path("tree/."), "/srv")
        self.assertEqual(len(self.names("/srv")), 11)

    def test_with_preserve_everything_is_kept(self):
        tree = self.tree()
        owner = (os.getuid(), os.getgid())
        if os.getuid() == 0:
            owner = (1234, 5678)
            os.chown(self.path("tree/file"), *owner)
            os.lchown(self.path("tree/link"), *owner)
        attributes = {"user.note": b"kept", "user.long": b"l" * 500}
        try:
            for name, value in attributes.items():
                os.setxattr(self.path("tree/sub/deep/er"), name, value)
            os.setxattr(self.path("tree/sub"), "user.note", b"of a folder")
        except OSError:
            attributes = {}
        self.fs("put", "-rp", tree, "/srv")
        for path, mode, mtime in (("/srv/file", "0640", TIME - 10), ("/srv/link", "0777", TIME - 10),
                                  ("/srv/sub", "0755", TIME - 20), ("/srv/none", "1777", TIME - 20),
                                  ("/srv/pipe", None, TIME - 10), ("/srv", None, TIME - 20),
                                  ("/srv/sub/script", "4755", TIME - 10)):
            found = self.stat(path)
            self.assertEqual(found["mtime"], mtime, path)
            if mode is not None:
                self.assertEqual(found["mode"], mode, path)
        self.assertEqual(self.stat("/srv/file")["owner"], owner)
        self.assertEqual(self.stat("/srv/link")["owner"], owner)
        for name, value in attributes.items():
            said = self.debugfs(f"ea_get /srv/sub/deep/er {name}").decode()
            self.assertIn(value.decode()[:80], said)
        if attributes:
            self.assertIn("of a folder", self.debugfs("ea_get /srv/sub user.note").decode())

    def test_a_folder_goes_into_what_is_there(self):
        self.fs("mkdir", "-p", "/usr/lib", "/etc")
        self.fs("ln", "-s", "usr/lib", "/lib64")
        self.fs("put", "-", "/etc/kept", data=b"kept")
        self.fs("put", "-", "/etc/other", data=b"old")
        self.fs("chmod", "0600", "/etc/other")
        self.fs("ln", "-s", "/run/x", "/etc/resolv.conf")
        self.path("over/etc/other", b"new")
        self.path("over/etc/resolv.conf", b"nameserver")
        self.path("over/lib64/so", b"library")
        self.fs("put", "-r", self.path("over/."), "/")
        self.assertEqual(self.names("/etc"), ["kept", "other", "resolv.conf"])
        self.assertEqual((self.cat("/etc/kept"), self.cat("/etc/other")), (b"kept", b"new"))
        self.assertEqual(self.stat("/etc/other")["mode"], "0600")
        self.assertEqual(self.cat("/etc/resolv.conf"), b"nameserver")
        self.assertEqual(self.cat("/usr/lib/so"), b"library")
        self.assertEqual(self.stat("/lib64")["type"], "symlink")
        self.path("wrong/etc", b"a file where a directory is")
        self.refused("put", "-r", self.path("wrong/."), "/", words=["'/etc' is a directory"])
        self.path("worse/etc/kept/x", b"a directory where a file is")
        self.refused("put", "-r", self.path("worse/."), "/", words=["/etc/kept", "not a directory"])

    def test_a_kernel_of_10_mb_that_does_not_fit_is_refused_with_need_and_have(self):
        big = self.path("big", os.urandom(10 << 20))
        self.refused("put", big, "/boot/big", words=["needs 10240 blocks of 1024 bytes", "free are",
                                                     "more room"])
        self.refused("put", big, "/boot/zImage", words=["needs", "free are"])

    def test_a_file_is_replaced_also_where_there_is_no_room_for_both(self):
        first, second = (bytes([i]) * (2 << 20) for i in (1, 2))
        self.fs("put", self.path("a", first), "/large")
        self.fs("put", self.path("b", second + b"!"), "/large")
        self.assertEqual(self.cat("/large"), second + b"!")

    def test_what_cannot_be(self):
        source = self.path("file", b"x")
        name = "n" * 256
        for arguments, words in (
                ((source, f"/boot/{name}"), ["256 bytes", "255"]),
                ((source, f"/{name}/file"), ["does not exist"]),
                ((source, "/bin" + "/sub" * 1100), ["...' is too long for a path"]),
                ((source, "/missing/file"), ["/missing", "does not exist"]),
                ((source, "/boot/zImage/file"), ["/boot/zImage", "not a directory"]),
                ((source, "/boot/new/"), ["/boot/new", "does not exist"]),
                ((source, "boot/file"), ["no place"]),
                ((source, "6:/file"), ["no partition '6'"]),
                ((source, "fsbl1:/file"), ["no ext4"]),
                ((self.directory, "/dir"), ["is a directory", "--recursive"]),
                ((self.path("missing"), "/x"), ["No such file"]),
                (("/dev/null", "/x"), ["neither a regular file"]),
                ((self.path("file") + "/", "/x"), ["Not a directory"])):
            with self.subTest(arguments):
                self.refused("put", *arguments, words=words)
        self.fs("put", self.path("long", b"x"), "/boot/" + "n" * 255)

    def test_files_of_the_kernel_do_not_say_what_is_in_them(self):
        self.refused("put", "/proc/cpuinfo", "/x", words=["'/proc/cpuinfo' does not say", "'-'"])
        for path in ("/sys/kernel/mm/transparent_hugepage/enabled", "/sys/kernel/profiling"):
            if os.path.exists(path):
                self.refused("put", path, "/x", words=[f"'{path}' has fewer bytes than it says"])

    def test_a_source_that_changes_meanwhile_is_refused(self):
        source = self.path("tree/large", bytes(2 << 20))
        done = threading.Event()

        def touch():
            time = 0
            while not done.is_set():
                time += 1
                os.utime(source, ns=(time, time))

        toucher = threading.Thread(target=touch)
        toucher.start()
        try:
            for arguments in ((source, "/x"), ("-r", self.path("tree"), "/x")):
                for _ in range(50):  # the busy machine may stop the other one in between
                    said = program.run("--json", "fs", "put", self.card, *arguments, "-n")
                    if said.returncode != 0:
                        break
                self.assertEqual(said.returncode, 2)
                self.assertIn("large' was changed while it was copied",
                              json.loads(said.stdout)["message"])
        finally:
            done.set()
            toucher.join()

    def test_an_edit_that_adds_an_error_needs_force(self):
        source = self.path("k", b"no kernel")
        self.refused("put", source, "/boot/zImage", words=["kernel.", "--force"])
        self.refused("put", "-n", source, "/boot/zImage", words=["kernel."])
        said = self.fs("put", "-f", source, "/boot/zImage")
        self.assertEqual(said["boot_after"]["stops_at"], "kernel")

    def test_a_dry_run_and_an_output_leave_the_card_alone(self):
        source = self.path("file", b"x" * 3000)
        would = self.fs("put", "-n", source, "/file")
        self.assertEqual((would["changed"], would["written"]), (True, False))
        self.assertEqual(self.read(self.card), Case.made)
        copy = self.path("copy.img")
        self.fs("put", source, "/file", "-o", copy)
        self.assertEqual(self.read(self.card), Case.made)
        did = self.fs("put", source, "/file")
        self.assertEqual(would["writes"], did["writes"])
        self.assertEqual(self.read(self.card), self.read(copy))

    def test_an_undo_gives_everything_back(self):
        self.fs("put", "-r", self.tree(), "/srv")
        done = program.run("undo", self.card)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.read(self.card), Case.made)


class CutShort(Case):
    """An image that ends before its last partition."""

    def test_a_partition_that_is_not_there_is_told(self):
        os.truncate(self.card, DATA)
        for arguments in (("put", "-", "data:/x"), ("rm", "data:/kept"), ("mkdir", "data:/x"),
                          ("mv", "/boot/zImage", "data:/x")):
            with self.subTest(arguments):
                self.refused(*arguments, words=["partition 5", "behind the end of the image"])


class Inside(Case):
    """fs cp, mv, rm, mkdir and ln."""

    def test_cp(self):
        self.fs("chown", "5:6", "/bin/busybox")
        self.fs("cp", "/bin/busybox", "/sbin")
        self.fs("cp", "/bin/sh", "data:/kept/sh")  # a link that is named is followed
        self.assertEqual(self.cat("/sbin/busybox"), self.cat("/bin/busybox"))
        self.assertEqual(self.cat("/kept/sh", DATA), self.cat("/bin/busybox"))
        found = self.stat("/sbin/busybox")
        self.assertEqual((found["mode"], found["owner"], found["mtime"]), ("0755", (0, 0), TIME))
        self.fs("cp", "-p", "/bin/busybox", "data:/kept/b")
        self.assertEqual(self.stat("/kept/b", DATA)["owner"], (5, 6))
        self.assertFalse(self.fs("cp", "/bin/busybox", "/sbin")["changed"])

    def test_cp_of_a_directory(self):
        self.refused("cp", "/boot", "/copy", words=["'/boot' is a directory", "--recursive"])
        self.fs("cp", "-r", "/bin", "/copy")
        self.assertEqual(self.names("/copy"), ["busybox", "sh"])
        self.assertEqual(self.stat("/copy/sh")["type"], "symlink")
        self.fs("cp", "-r", "/", "data:/all")
        self.assertEqual(self.cat("/all" + CONF, DATA), self.cat(CONF))
        self.fs("cp", "-r", "/boot/.", "/copy")
        self.assertEqual(self.names("/copy"),
                         ["busybox", "extlinux", "sh", "stm32mp157c-dk2.dtb", "zImage"])

    def test_cp_onto_itself(self):
        self.refused("cp", "/boot/zImage", "/boot", words=["what would be copied"])
        self.refused("cp", "-r", "/boot", "/boot/extlinux", words=["inside"])
        self.refused("cp", "-r", "/", "/boot", words=["inside"])
        self.fs("ln", "/boot/zImage", "/boot/b")
        self.refused("cp", "/boot/zImage", "/boot/b", words=["what would be copied"])

    def test_mv(self):
        self.fs("mkdir", "/a", "/b")
        self.fs("put", "-", "/a/file", data=b"1")
        said = self.fs("mv", "/a/file", "/a/name")
        self.assertEqual([c["what"] for c in said["changes"]], ["4:/a/file", "4:/a/name"])
        self.fs("mv", "/a/name", "/b")
        self.fs("mv", "/b", "/a")
        self.assertEqual((self.names("/a"), self.names("/a/b")), (["b"], ["name"]))
        self.assertIsNone(self.stat("/b"))
        self.fs("put", "-", "/x", data=b"2")
        self.fs("mv", "/x", "/a/b/name")
        self.assertEqual(self.cat("/a/b/name"), b"2")
        self.fs("mv", "/a", "data:/kept")
        self.assertEqual(self.cat("/kept/a/b/name", DATA), b"2")
        self.assertIsNone(self.stat("/a"))
        self.assertFalse(self.fs("mv", "/bin/sh", "/bin/sh")["changed"])

    def test_mv_to_another_partition_takes_the_place_of_what_is_there(self):
        self.fs("put", "-", "/new", data=b"new")
        self.fs("put", "-", "data:/kept/old", data=b"old")
        self.fs("ln", "data:/kept/old", "data:/kept/other")
        self.fs("ln", "-s", "old", "data:/kept/link")
        self.fs("mv", "/new", "data:/kept/old")
        self.assertEqual((self.cat("/kept/old", DATA), self.cat("/kept/other", DATA)),
                         (b"new", b"old"))
        self.fs("put", "-", "/new", data=b"newer")
        self.fs("mv", "/new", "data:/kept/link")
        self.assertEqual((self.cat("/kept/link", DATA), self.cat("/kept/old", DATA)),
                         (b"newer", b"new"))
        self.fs("mkdir", "-p", "/a/b", "data:/full/a/c", "data:/empty/a")
        self.refused("mv", "/a", "data:/full", words=["'/full/a' is a directory with 1 name"])
        self.refused("mv", "/a", "data:/kept/link", words=["'/kept/link' is not a directory"])
        self.fs("mv", "/a", "data:/empty")
        self.assertEqual(self.names("/empty/a", DATA), ["b"])
        self.assertIsNone(self.stat("/a"))

    def test_mv_of_what_cannot_move(self):
        self.refused("mv", "/boot", "/boot/extlinux", words=["inside"])
        self.refused("mv", "/", "/boot/x", words=["root"])
        self.refused("mv", "/missing", "/x", words=["/missing", "does not exist"])
        self.refused("mv", "/bin", "/boot/zImage", words=["not a directory"])
        self.fs("mkdir", "-p", "/x/boot", "/x/boot/full", "/y/boot")
        self.refused("mv", "/y/boot", "/x", words=["'/x/boot' is a directory with 1 name"])

    def test_rm(self):
        self.fs("put", "-", "/one", data=b"1")
        self.fs("put", "-", "/two", data=b"2" * 9000)
        said = self.fs("rm", "/one", "/two", "/bin/sh")
        self.assertEqual([c["before"] for c in said["changes"]],
                         ["regular file of 1 bytes", "regular file of 9000 bytes", "symbolic link"])
        self.assertNotIn("one", self.names("/"))
        self.assertIsNotNone(self.stat("/bin/busybox"))
        self.refused("rm", "/lib", words=["is a directory", "--recursive"])
        self.refused("rm", "/missing", words=["does not exist"])
        for root in ("/", "/lib/..", "/.", "//"):
            self.refused("rm", "-r", root, words=["'/' is the root directory"])
        self.refused("rm", "-r", "/boot", words=["--force"])
        self.fs("mkdir", "-p", "/a/b/c/d", "/a/e")
        self.fs("rm", "-r", "/a")
        self.assertNotIn("a", self.names("/"))

    def test_rm_is_all_or_nothing(self):
        self.fs("put", "-", "/one", data=b"1")
        self.refused("rm", "/one", "/missing", words=["/missing"])
        self.assertIn("one", self.names("/"))

    def test_mkdir(self):
        said = self.fs("mkdir", "/a", "/a/b", "data:/c")
        self.assertEqual([c["what"] for c in said["changes"]], ["4:/a", "4:/a/b", "5:/c"])
        found = self.stat("/a/b")
        self.assertEqual((found["type"], found["mode"], found["owner"]), ("directory", "0755", (0, 0)))
        self.refused("mkdir", "/a", words=["'/a' exists"])
        self.refused("mkdir", "/p/q/r", words=["'/p' does not exist"])
        self.fs("mkdir", "-p", "/p/q/r/", "/a")
        self.fs("mkdir", "--parents", "/p/q/s")
        self.assertEqual(self.names("/p/q"), ["r", "s"])
        self.assertFalse(self.fs("mkdir", "-p", "/p/q")["changed"])
        self.refused("mkdir", "-p", "/boot/zImage/x", words=["'/boot/zImage' is not a directory"])

    def test_ln(self):
        self.fs("ln", "/boot/zImage", "/boot/second")
        self.assertEqual(self.stat("/boot/zImage")["links"], 2)
        self.fs("ln", "/boot/zImage", "/lib")
        self.assertEqual(self.stat("/lib/zImage")["links"], 3)
        self.fs("ln", "-s", "../boot/zImage", "/bin/kernel")
        self.assertIn('Fast link dest: "../boot/zImage"', self.stat("/bin/kernel")["text"])
        self.fs("ln", "--symbolic", "/" + "long/" * 30, "/bin/slow")
        self.assertEqual(self.stat("/bin/slow")["size"], 151)
        self.refused("ln", "/boot", "/again", words=["directory", "--symbolic"])
        self.refused("ln", "/boot/zImage", "/boot/second", words=["exists"])
        self.refused("ln", "/boot/zImage", "data:/x", words=["own partition"])
        self.refused("ln", "-s", "", "/x", words=["target"])
        self.refused("ln", "-s", "t" * 1024, "/x", words=["1024 bytes"])
        self.refused("ln", "/missing", "/x", words=["does not exist"])


class Attributes(Case):
    """fs chmod and chown."""

    def test_chmod(self):
        self.fs("put", "-", "/f", data=b"x")
        for mode, result in (("0640", "0640"), ("u+x,o=r", "0744"), ("a-r", "0300"), ("+r", "0744"),
                             ("g=u", "0774"), ("u=rwx,go=", "0700"), ("u+s,+t", "5700"),
                             ("7777", "7777"), ("=", "0000"), ("a+X", "0000"), ("u+x", "0100"),
                             ("a+X", "0111"), ("o+w-x", "0112"), ("644", "0644")):
            said = self.fs("chmod", mode, "/f")
            self.assertEqual(self.stat("/f")["mode"], result, mode)
            if said["changed"]:
                self.assertEqual(said["changes"][0]["after"], result)
                self.assertEqual(said["changes"][0]["what"], "mode of 4:/f")
        self.fs("ln", "-s", "f", "/link")
        self.fs("chmod", "600", "/boot", "/link")
        self.fs("chmod", "a+X", "/boot", "/link")
        self.assertEqual(self.stat("/boot")["mode"], "0711")
        self.assertEqual(self.stat("/f")["mode"], "0600")
        self.assertEqual(self.stat("/link")["mode"], "0777")
        self.assertFalse(self.fs("chmod", "00600", "/f")["changed"])
        for mode in ("", "8", "77777", "u", "u+q", "u+x,", ",u+x", "+x g+x", "ug=go"):
            with self.subTest(mode):
                self.refused("chmod", mode, "/f", words=["no mode"])
        self.refused("chmod", "0644", "/missing", words=["does not exist"])

    def test_chown(self):
        for owner, result in (("1000", (1000, 0)), (":50", (1000, 50)), ("0:70000", (0, 70000)),
                              ("4294967294:0", (4294967294, 0))):
            self.fs("chown", owner, "/bin/busybox")
            self.assertEqual(self.stat("/bin/busybox")["owner"], result)
        self.assertFalse(self.fs("chown", "4294967294", "/bin/busybox")["changed"])
        for owner in ("", ":", "root", "1:", "1:x", "4294967295", "1:2:3", "-1", " 1"):
            with self.subTest(owner):
                self.refused("chown", "--", owner, "/bin/busybox", words=["no owner"])


class Edit(Case):
    """fs edit."""

    def script(self, text):
        """An editor."""
        return self.path("editor", b"#!/bin/sh\n" + text.encode(), 0o755)

    def edit(self, text, place=CONF, status=0, **more):
        """Edit with a script."""
        env = {"EDITOR": self.script(text), "TMPDIR": self.directory, "VISUAL": ""}
        env.update(more)
        said = self.fs("edit", place, status=status, env=env)
        left = [name for name in os.listdir(self.directory) if name.startswith("stmboot-")]
        self.assertEqual(left, [])
        return said

    def test_what_was_saved_is_applied(self):
        said = self.edit("stat -c %a \"$1\" >" + self.path("mode") + "\nbasename \"$1\" >" +
                         self.path("name") + "\nsed -i 's/rootwait/& quiet/' \"$1\"\n")
        self.assertTrue(said["changed"])
        self.assertIn(b"rootwait quiet", self.cat(CONF))
        self.assertEqual(self.read(self.path("mode")), b"600\n")
        self.assertEqual(self.read(self.path("name")), b"extlinux.conf\n")

    def test_an_editor_may_replace_the_file_and_leave_others(self):
        self.edit("sed 's/rootwait/& ro/' \"$1\" >\"$1.new\"\ncp \"$1\" \"$1~\"\nmv \"$1.new\" \"$1\"\n")
        self.assertIn(b"rootwait ro", self.cat(CONF))

    def test_the_editor_may_have_arguments(self):
        script = self.script('[ "$1" = -x ] && echo "# more" >>"$2"')
        self.fs("edit", CONF, env={"VISUAL": script + " -x", "EDITOR": "false"})
        self.assertTrue(self.cat(CONF).endswith(b"# more\n"))

    def test_when_nothing_was_changed_nothing_is_written(self):
        self.assertFalse(self.edit("touch \"$1\"")["changed"])
        self.assertFalse(self.edit("cp \"$1\" \"$1.x\"; cat \"$1.x\" >\"$1\"")["changed"])
        self.assertEqual(self.read(self.card), Case.made)

    def test_when_the_editor_fails_nothing_is_written(self):
        for text, words in (("echo x >\"$1\"; exit 3", "the editor failed"),
                            ("kill -9 $$", "the editor failed"),
                            ("rm \"$1\"", "what the editor saved")):
            said = self.edit(text, status=2)
            self.assertIn(words, said["message"])
            self.assertEqual(self.read(self.card), Case.made)
        self.assertIn("no/such", self.edit("", status=2, EDITOR="/no/such")["message"])

    def test_an_edit_that_breaks_the_boot_is_refused(self):
        said = self.edit("sed -i s/zImage/yImage/ \"$1\"", status=2)
        self.assertIn("--force", said["hint"])
        self.assertEqual(self.read(self.card), Case.made)

    def test_what_is_no_file(self):
        self.assertIn("not a regular file", self.edit("", "/boot", status=2)["message"])
        self.assertIn("does not exist", self.edit("", "/missing", status=2)["message"])
        self.fs("put", "-", "/boot/-rf x", data=b"y")
        self.edit("case \"$1\" in */file) echo z >\"$1\";; esac", "/boot/-rf x")
        self.assertEqual(self.cat("/boot/-rf x"), b"z\n")


class Forbidden(Case):
    """What a file system, or a file in it, does not allow."""

    def change(self, *requests):
        """Let debugfs change the file system of the card behind our back."""
        part = self.part()
        for request in requests:
            program.tools.run("debugfs", "-w", "-R", request, part)
        self.write_part(part)

    def write_part(self, part):
        """Put a file system back into the card."""
        with open(self.card, "r+b") as f:
            f.seek(ROOTFS)
            f.write(self.read(part))

    def all_refused(self, path, words):
        """Every way to change a file, or to take or give a name."""
        source, folder = self.path("file", b"x"), os.path.dirname(path)
        for arguments in (("put", source, path), ("rm", "-f", path), ("mv", "-f", path, "/moved"),
                          ("mv", "-f", "/bin/busybox", path), ("cp", "-f", "/bin/busybox", path),
                          ("ln", path, "/more"), ("chmod", "0600", path), ("chown", "1:2", path),
                          ("mv", "-f", path, "data:/kept"), ("rm", "-rf", folder)):
            with self.subTest(arguments):
                self.refused(*arguments, words=words)

    def test_files_with_flags(self):
        for flag, words in ((0x10, "immutable"), (0x20, "may only grow"), (0x800, "encrypted"),
                            (0x100000, "verity")):
            self.change(f"sif /boot/zImage flags {0x80000 | flag:#x}")
            self.all_refused("/boot/zImage", [words, "zImage"])
        self.change("sif /boot/zImage flags 0x80000")

    def test_directories_with_flags(self):
        source = self.path("file", b"x")
        for flag, words in ((0x10, "immutable"), (0x20, "may only grow"), (0x800, "encrypted"),
                            (0x40000000, "without regard to case")):
            self.change(f"sif /bin flags {0x80000 | flag:#x}")
            for arguments in (("put", source, "/bin/new"), ("mkdir", "/bin/new"),
                              ("rm", "-f", "/bin/busybox"), ("ln", "-s", "x", "/bin/new"),
                              ("mv", "/bin/busybox", "/moved"), ("mv", "/bin", "/moved"),
                              ("chmod", "0700", "/bin"), ("rm", "-rf", "/bin")):
                with self.subTest((words, arguments)):
                    self.refused(*arguments, words=[words])

    def test_features_and_states(self):
        source = self.path("file", b"x" * 5000)
        for requests, words in (
                (["feature quota"], ["feature quota", "tune2fs -O ^quota"]),
                (["feature project"], ["feature project"]),
                (["feature inline_data"], ["feature inline_data"]),
                (["feature bigalloc"], ["feature bigalloc"]),
                (["feature mmp"], ["feature mmp", "tune2fs -O ^mmp"]),
                (["feature read-only"], ["never to be written"]),
                (["feature FEATURE_I31"], ["not known"]),
                (["feature FEATURE_R31"], ["not known"]),
                (["ssv state 2"], ["errors", "e2fsck"]),
                (["ssv state 0"], ["was not unmounted"]),
                (["ssv last_orphan 12"], ["wait to be released"])):
            with self.subTest(requests):
                with open(self.card, "wb") as f:
                    f.write(Case.made)
                self.change(*requests)
                for arguments in (("put", source, "/new"), ("chmod", "0600", "/bin/busybox")):
                    self.refused(*arguments, words=words)

    def test_special_files_take_no_content(self):
        self.change("mknod null c 1 3", "mknod pipe p")
        for name in ("/null", "/pipe"):
            self.refused("put", self.path("file", b"x"), name, words=[f"'{name}'", "regular file"])
            self.refused("cp", name, "/boot/zImage/", words=["not a directory"])
            self.fs("cp", name, "/copy")
            self.assertEqual(self.stat("/copy")["type"], self.stat(name)["type"])
            self.fs("mv", "/copy", "data:/kept" + name)
            self.assertEqual(self.stat("/kept" + name, DATA)["type"], self.stat(name)["type"])
            self.fs("rm", name)


class Room(Case):
    """Partitions with little room."""

    def free(self):
        """Blocks of 4 KiB that are free in the small partition."""
        said = self.refused("put", self.path("huge", bytes(3 << 20)), "data:/huge")
        return int(re.search(r"free are (\d+) blocks", said["message"]).group(1))

    def test_a_folder_is_put_whole_or_not_at_all_wherever_room_ends(self):
        for name in ("a", "b/c", "b/d", "b/e/f"):
            self.path("tree/" + name, name.encode() * 1000)
        os.symlink("s" * 70, self.path("tree/slow"))
        free, outcomes = self.free(), []
        for left in range(0, 14, 2):
            with open(self.card, "wb") as f:
                f.write(Case.made)
            self.before = Case.made
            self.fs("put", self.path("fill", bytes((free - left) * 4096)), "data:/fill")
            before = self.read(self.card)
            done = program.run("fs", "put", "-r", self.card, self.path("tree"), "data:/tree",
                               env={"SOURCE_DATE_EPOCH": str(TIME)})
            outcomes.append(done.returncode)
            if done.returncode == 0:
                self.check(DATA)
                self.assertEqual(self.names("/tree/b", DATA), ["c", "d", "e"])
            else:
                self.assertRegex(done.stderr.decode(), r"free")
                self.assertEqual(self.read(self.card), before)
        self.assertEqual(outcomes, sorted(outcomes, reverse=True))
        self.assertEqual(set(outcomes), {0, 2})

    def test_inodes_run_out_in_the_middle_of_a_folder(self):
        for i in range(200):
            self.path(f"tree/{i}", b"")
        self.refused("put", "-r", self.path("tree"), "data:/tree",
                     words=["/tree/", "0 inodes", "remove files"])
        self.refused("cp", "-r", "/bin", "data:" + "/sub" * 2, words=["'/sub' does not exist"])


class Text(Case):
    """What a person reads."""

    def test_changes_are_shown_in_words(self):
        done = program.run("fs", "mkdir", self.card, "/a", env={"SOURCE_DATE_EPOCH": str(TIME)})
        self.assertRegex(done.stdout.decode(), r"\A4:/a\n  \+ directory\nwrote [^\n]+\nboots\n\Z")

    def test_names_of_the_image_reach_no_terminal(self):
        done = program.run("fs", "mkdir", self.card, "/\x1b[31m\n")
        self.assertNotIn(b"\x1b", done.stdout)
        self.assertIn(b"\\x1b[31m\\n", done.stdout)

    def test_a_letter_that_two_options_have_is_that_of_the_command(self):
        done = program.run("fs", "mkdir", "-qp", self.card, "/p/q")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        done = program.run("-p", "fs", "mkdir", self.card, "/p/r/s")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        done = program.run("fs", "rm", self.card, "/p", "-p")
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"fs rm has no option -", done.stderr)
        self.assertEqual(stat.S_ISREG(os.stat(self.card).st_mode), True)


if __name__ == "__main__":
    program.main()
