#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reading what is inside a card: fs ls, stat, cat and get, and part read.

usage: files.py STMBOOT [TEST...]
"""

import gzip
import hashlib
import json
import os
import re
import stat
import struct
import unittest

import program

import image  # noqa: E402  (found through program)

ROOT = 178 * 512  # where the file system of the healthy card begins


class Case(program.Case):
    """What the tests ask of files."""

    @staticmethod
    def read(path):
        """All bytes of a file."""
        with open(path, "rb") as f:
            return f.read()

    def card(self):
        """The smallest card that boots."""
        return program.card("healthy", self.path("card.img"))

    def bare(self, name="bare.img", size=4 << 20, options=()):
        """A bare file system of the directory `tree`, without checksums, so it can be damaged."""
        try:
            program.tools.make_ext4(self.path(name), self.path("tree"), size, "-b", "1024",
                                    "-O", "^metadata_csum,^has_journal,^resize_inode", *options)
        except program.tools.Missing as e:
            raise unittest.SkipTest(f"{e} is not installed") from e
        return self.path(name)

    def tree(self, **files):
        """Make `tree`: names (with __ for /) and what they hold."""
        for name, content in files.items():
            path = os.path.join(self.path("tree"), name.replace("__", "/"))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(content)

    def done(self, *arguments, status=0, **options):
        """Run stmboot, which must exit so."""
        done = program.run(*arguments, **options)
        self.assertEqual(done.returncode, status, done.stderr.decode())
        return done

    def text(self, *arguments, **options):
        """What it prints."""
        return self.done(*arguments, **options).stdout.decode()

    def said(self, *arguments, schema, status=0):
        """The object that it prints, which follows its schema."""
        said = json.loads(self.done("--json", *arguments, status=status).stdout)
        errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}"
                  for e in program.schema(schema).iter_errors(said)]
        self.assertEqual(errors, [])
        return said

    def refused(self, *arguments, words, **options):
        """Exit 2, with one line that has the words, and nothing on stdout."""
        done = self.done(*arguments, status=2, **options)
        self.assertEqual(done.stdout or b"", b"")
        self.assertRegex(done.stderr.decode(), r"\Astmboot: [^\n]+\n\Z")
        for word in words:
            self.assertIn(word, done.stderr.decode())
        return done.stderr.decode()


class Places(Case):
    """[PARTITION:]/path."""

    def test_a_partition_is_named_by_number_or_name_or_not_at_all(self):
        card = self.card()
        listed = self.text("fs", "ls", card, "/boot")
        self.assertEqual(listed, "extlinux\nstm32mp157c-dk2.dtb\nzImage\n")
        for place in ("4:/boot", "rootfs:/boot", "/boot/", "rootfs:/bin/../boot"):
            self.assertEqual(self.text("fs", "ls", card, place), listed)
        self.assertEqual(self.text("fs", "ls", card), "bin\nboot\nlib\nsbin\n")

    def test_what_is_no_place_is_refused(self):
        card = self.card()
        for place, words in (("boot", ["'boot' is no place", "[PARTITION:]/path"]),
                             ("9:/boot", ["there is no partition '9'", "inspect"]),
                             ("fsbl1:/boot", ["partition 1 holds no ext4 file system"]),
                             ("/boot/x/y", ["there is no '/boot/x/y'", "'/boot' is there"]),
                             ("/boot/zImage/x", ["'/boot/zImage' is a regular file"])):
            for command in ("ls", "stat", "cat", "get"):
                with self.subTest((command, place)):
                    self.refused("fs", command, card, place, words=words)
        said = self.said("fs", "ls", card, "/x", schema="error", status=2)
        self.assertIsNone(said["state"])
        self.assertIn("there is no '/x'", said["message"])

    def test_of_several_file_systems_the_one_with_extlinux_conf_is_meant(self):
        self.tree(other=b"x")
        bare = self.bare(size=1 << 20)
        card = self.card()
        with open(card, "r+b") as f:
            table = image.Gpt.read(f)
            f.truncate(4 << 20)
            table.sectors = (4 << 20) // 512
            table.add(5, "data", 4096, 2048, "11111111-2222-3333-4444-555555555555")
            table.write(f)
            f.seek(4096 * 512)
            f.write(self.read(bare))
        self.assertIn("boot\n", self.text("fs", "ls", card))
        self.assertEqual(self.text("fs", "ls", card, "data:/"), "lost+found\nother\n")

    def test_a_bare_file_system_and_a_compressed_card(self):
        card = self.card()
        bare = self.path("bare.img")
        with open(bare, "wb") as f:
            f.write(self.read(card)[ROOT:ROOT + (768 << 10)])
        packed = self.path("card.img.gz")
        with gzip.open(packed, "wb") as f:
            f.write(self.read(card))
        for path in (bare, packed):
            self.assertIn("zImage\n", self.text("fs", "ls", path, "/boot"))
            self.assertEqual(self.done("fs", "cat", path, "/boot/zImage").stdout,
                             self.done("fs", "cat", card, "/boot/zImage").stdout)

    def test_a_damaged_file_system_is_refused(self):
        card = self.card()
        with open(card, "r+b") as f:
            f.seek(ROOT + 1024 + 0x20)
            f.write(b"\x63")  # how many blocks a group has
        self.refused("fs", "ls", card, words=["the file system of partition 4 is damaged",
                                              "'stmboot check'"])


class List(Case):
    """fs ls and fs stat."""

    def test_recursive_names_are_below_the_place(self):
        card = self.card()
        self.assertEqual(self.text("fs", "ls", "-r", card, "/boot"),
                         "extlinux\nextlinux/extlinux.conf\nstm32mp157c-dk2.dtb\nzImage\n")
        self.assertEqual(self.text("fs", "ls", card, "/bin/busybox"), "/bin/busybox\n")
        self.assertEqual(self.text("fs", "ls", card, "/bin/sh"), "/bin/sh\n")

    def test_the_long_form_is_that_of_ls(self):
        card = self.card()
        lines = self.text("fs", "ls", "-l", card, "/bin").splitlines()
        self.assertEqual(len(lines), 2)
        self.assertRegex(lines[0], r"^-rwxr-xr-x 1 0 0 +\d+ 2023-11-14 22:13:20 busybox$")
        self.assertRegex(lines[1], r"^lrwxrwxrwx 1 0 0 +7 [-0-9]+ [:0-9]+ sh -> busybox$")

    def test_text_and_json_agree(self):
        card = self.card()
        said = self.said("fs", "ls", "-r", card, schema="fs-ls")
        self.assertEqual((said["partition"], said["path"], said["errors"]), (4, "/", []))
        self.assertEqual([e["path"] for e in said["entries"]],
                         ["/" + name for name in self.text("fs", "ls", "-r", card).splitlines()])
        by_path = {e["path"]: e for e in said["entries"]}
        self.assertEqual(by_path["/bin/sh"]["target"], "busybox")
        self.assertEqual(by_path["/bin/busybox"]["mode"], "0755")
        self.assertEqual(by_path["/boot"]["type"], "directory")
        for path, entry in by_path.items():
            shown = self.said("fs", "stat", card, path, schema="fs-stat")
            self.assertEqual({k: shown[k] for k in entry if k != "path"},
                             {k: v for k, v in entry.items() if k != "path"})

    def test_stat_shows_where_a_link_leads(self):
        card = self.card()
        said = self.said("fs", "stat", card, "/sbin/init", schema="fs-stat")
        self.assertEqual((said["type"], said["target"], said["leads_to"]),
                         ("symlink", "../bin/busybox", "/bin/busybox"))
        self.assertIn("leads to /bin/busybox\n", self.text("fs", "stat", card, "/sbin/init"))
        self.tree(x=b"")
        os.symlink("nothing", self.path("tree/away"))
        bare = self.bare()
        self.assertIsNone(self.said("fs", "stat", bare, "/away", schema="fs-stat")["leads_to"])
        self.assertIn("leads nowhere\n", self.text("fs", "stat", bare, "/away"))

    def test_stat_shows_attributes(self):
        self.tree(x=b"", y=b"")
        bare = self.bare()
        with open(self.path("bytes"), "wb") as f:
            f.write(b"\x1b[2J\0")
        program.tools.run("debugfs", "-w", "-R", "ea_set y user.note c", bare)
        program.tools.run("debugfs", "-w", "-R", f"ea_set -f {self.path('bytes')} x user.b", bare)
        shown = self.text("fs", "stat", bare, "/y")
        self.assertIn("  attributes  user.note = c\n", shown)
        said = self.said("fs", "stat", bare, "/y", schema="fs-stat")
        self.assertEqual(said["attributes"],
                         [{"name": "user.note", "size": 1, "text": "c", "hex": "63"}])
        self.assertIn("  attributes  user.b = 1b5b324a00\n", self.text("fs", "stat", bare, "/x"))
        said = self.said("fs", "stat", bare, "/x", schema="fs-stat")
        self.assertEqual((said["attributes"][0]["text"], said["attributes"][0]["hex"]),
                         (None, "1b5b324a00"))
        self.assertEqual(self.said("fs", "stat", bare, "/", schema="fs-stat")["attributes"], [])

    def damaged(self):
        """A file system with a name that has bytes for a terminal, and one inode out of use."""
        self.tree(name_one=b"x", name_two=b"y", z=b"z")
        bare = self.bare()
        data = bytearray(self.read(bare))
        at = data.index(b"name_one", 1024)
        data[at:at + 8] = b"a\x1b[2J\nb\xff"
        at = data.index(b"\x01name_two") - 7
        struct.pack_into("<I", data, at, 600)
        with open(bare, "wb") as f:
            f.write(data)
        return bare

    def test_no_control_character_reaches_the_terminal(self):
        bare = self.damaged()
        for option in ("-q", "-l", "-r", "--json"):
            done = program.run("fs", "ls", bare, option)
            self.assertNotRegex(done.stdout.decode(), "[\x00-\x09\x0b-\x1f\x7f-\x9f]")
            self.assertNotRegex(done.stderr.decode(), "[\x00-\x09\x0b-\x1f\x7f-\x9f]")
        self.assertIn("a\\x1b[2J\\nb\\xff\n", program.run("fs", "ls", bare).stdout.decode())

    def test_what_cannot_be_read_is_said_and_the_rest_listed(self):
        bare = self.damaged()
        done = self.done("fs", "ls", bare, status=2)
        self.assertEqual(done.stdout.decode().splitlines()[-1], "z")
        self.assertRegex(done.stderr.decode(),
                         r"\Astmboot: [^\n]*bare\.img: /name_two: could not read it: an inode "
                         r"that is not in use, at offset 0x[0-9a-f]+ of the medium\n\Z")
        said = self.said("fs", "ls", bare, schema="fs-ls", status=2)
        self.assertEqual([e["path"] for e in said["errors"]], ["/name_two"])
        self.assertEqual(len(said["entries"]), 3)


class Cat(Case):
    """fs cat, and fs get to stdout."""

    def test_the_content_is_that_of_debugfs(self):
        card = self.card()
        with open(self.path("part"), "wb") as f:
            f.write(self.read(card)[ROOT:])
        for path in ("/boot/zImage", "/boot/extlinux/extlinux.conf", "/bin/busybox"):
            wanted = program.tools.run("debugfs", "-R", "cat " + path, self.path("part"))
            for arguments in (["cat", card, path], ["get", card, path, "-"]):
                self.assertEqual(self.done("fs", *arguments).stdout, wanted)
            said = self.said("fs", "cat", card, path, schema="fs-cat")
            self.assertEqual((said["size"], said["data"]), (len(wanted), len(wanted)))

    def test_holes_are_zeros(self):
        self.tree(x=b"")
        with open(self.path("tree/x"), "r+b") as f:
            f.seek(2000000)
            f.write(b"end")
        bare = self.bare()
        self.assertEqual(self.done("fs", "cat", bare, "/x").stdout, bytes(2000000) + b"end")
        said = self.said("fs", "cat", bare, "/x", schema="fs-cat")
        self.assertEqual(said["size"], 2000003)
        self.assertLess(said["data"], 2000)

    def test_what_is_no_file_is_refused(self):
        card = self.card()
        self.refused("fs", "cat", card, "/boot", words=["'/boot' is a directory"])
        self.refused("fs", "get", card, "/boot", "-", words=["'/boot' is a directory"])
        self.said("fs", "cat", card, "/boot", schema="error", status=2)

    def test_a_full_disk_and_a_closed_pipe_are_said(self):
        card = self.card()
        with open("/dev/full", "wb") as full:
            self.refused("fs", "cat", card, "/boot/zImage", stdout=full,
                         words=["standard output: No space left"])
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as pipe:
            self.refused("fs", "cat", card, "/boot/zImage", stdout=pipe, words=["Broken pipe"])

    def test_damage_is_said_with_its_place(self):
        self.tree(x=b"x" * 5000)
        bare = self.bare()
        data = bytearray(self.read(bare))
        inode = program.tools.run("debugfs", "-R", "imap /x", bare).decode()
        block, offset = re.search(r"block (\d+), offset 0x([0-9a-f]+)", inode).groups()
        at = int(block) * 1024 + int(offset, 16) + 0x28
        data[at:at + 2] = b"??"
        with open(bare, "wb") as f:
            f.write(data)
        self.refused("fs", "cat", bare, "/x",
                     words=["an extent block without its magic", f"at offset {at:#x} of the medium"])


class Get(Case):
    """fs get."""

    def setUp(self):
        super().setUp()
        self.out = self.path("out")
        os.mkdir(self.out)

    def test_a_file_gets_its_own_name_in_the_current_folder(self):
        card = self.card()
        zimage = self.done("fs", "cat", card, "/boot/zImage").stdout
        self.assertEqual(self.text("fs", "get", card, "/boot/zImage", cwd=self.out),
                         "wrote zImage: 1 file, 32 KiB\n")
        self.assertEqual(self.read(os.path.join(self.out, "zImage")), zimage)
        self.assertEqual(self.text("fs", "get", "-q", card, "/boot/zImage", self.path("kernel")), "")
        self.assertEqual(self.read(self.path("kernel")), zimage)
        self.assertEqual(sorted(os.listdir(self.out)), ["zImage"])

    def test_a_directory_comes_with_all_below_it(self):
        card = self.card()
        said = self.said("fs", "get", "-r", card, "/", self.out, schema="fs-get")
        self.assertEqual((said["destination"], said["failed"], said["left_out"]),
                         (self.out, [], []))
        self.assertEqual(said["symlinks"], 2)
        self.assertEqual(os.readlink(os.path.join(self.out, "sbin/init")), "../bin/busybox")
        listed = [os.path.relpath(os.path.join(folder, name), self.out)
                  for folder, folders, names in os.walk(self.out) for name in folders + names]
        self.assertEqual(sorted(listed), sorted(self.text("fs", "ls", "-r", card).splitlines()))
        self.refused("fs", "get", card, "/boot", self.out,
                     words=["'/boot' is a directory", "--recursive"])

    def test_devices_are_left_out_unless_asked_for(self):
        self.tree(x=b"x")
        bare = self.bare()
        program.tools.run("debugfs", "-w", "-R", "mknod pipe p", bare)
        done = program.run("fs", "get", "-r", bare, "/", self.out)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr.decode(),
                         r"\Astmboot: [^\n]*: /pipe: left out, for it is a pipe; --devices makes it"
                         r"\n\Z")
        self.assertEqual(self.done("fs", "get", "-q", "-r", bare, "/", self.out).stderr, b"")
        said = self.said("fs", "get", "-r", bare, "/", self.out, schema="fs-get")
        self.assertEqual([t["path"] for t in said["left_out"]], ["/pipe"])
        self.refused("fs", "get", bare, "/pipe", words=["'/pipe' is a pipe", "--devices"])
        self.text("fs", "get", "-r", "--devices", bare, "/", self.out)
        self.assertTrue(stat.S_ISFIFO(os.lstat(os.path.join(self.out, "pipe")).st_mode))

    def test_what_cannot_be_made_is_said_and_the_rest_is_made(self):
        self.tree(a__x=b"x", b=b"y", c=b"z")
        bare = self.bare()
        os.symlink("/etc/passwd", os.path.join(self.out, "b"))
        with open(os.path.join(self.out, "a"), "wb"):
            pass
        done = self.done("fs", "get", "-r", bare, "/", self.out, status=2)
        self.assertEqual(len(done.stderr.decode().splitlines()), 2)
        self.assertIn("/a: there is something of that name that is no folder", done.stderr.decode())
        self.assertIn("/b: there is a symbolic link of that name", done.stderr.decode())
        self.assertEqual(self.read(os.path.join(self.out, "c")), b"z")
        said = self.said("fs", "get", "-r", bare, "/", self.out, schema="fs-get", status=2)
        self.assertEqual([t["path"] for t in said["failed"]], ["/a", "/b"])
        self.assertEqual(said["files"], 1)

    def test_a_full_disk_ends_the_work(self):
        self.tree(**{f"f{i}": b"x" * 3000 for i in range(9)})
        bare = self.bare()
        done = program.run("fs", "get", "-r", bare, "/", self.out,
                           under=["strace", "-f", "-o", "/dev/null", "-e",
                                  "inject=pwrite64:error=ENOSPC:when=3+"])
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr.decode(), r"\Astmboot: [^\n]*/f\d: could not write it: No space "
                                               r"left on device; make room there[^\n]*\n\Z")
        self.assertLess(len(os.listdir(self.out)), 5)
        for name in os.listdir(self.out):
            self.assertEqual(self.read(os.path.join(self.out, name)), b"x" * 3000)

    def test_the_image_is_never_replaced(self):
        card = self.card()
        packed = self.path("packed")
        with gzip.open(packed, "wb") as f:
            f.write(self.read(card))
        for path in (card, packed):
            before = self.read(path)
            done = self.done("fs", "get", path, "/boot/zImage", path, status=2)
            self.assertIn("that file is the image itself", done.stderr.decode())
            self.refused("part", "read", path, "ssbl", path, words=["the image itself"])
            self.assertEqual(self.read(path), before)

    def test_every_name_is_made_in_a_folder_by_its_handle(self):
        self.tree(a__b__c=b"x", a__d=b"y", e=b"z")
        os.link(self.path("tree/e"), self.path("tree/f"))
        os.symlink("/etc", self.path("tree/g"))
        bare = self.bare()
        log = self.path("log")
        before = self.state("/etc/passwd")
        self.done("fs", "get", "-r", "-p", bare, "/", self.out,
                  under=["strace", "-f", "-o", log, "-e", "trace=%file,%desc"])
        # What comes before is the doing of sanitizers and of the dynamic linker.
        said = self.read(log).decode()
        calls = re.findall(r"^\d+ +(\w+)\((.*)$", said[said.index(f', "{bare}", O_'):], re.M)
        made = [(name, rest) for name, rest in calls
                if name in ("mkdirat", "symlinkat", "linkat", "renameat", "renameat2", "unlinkat",
                            "mknodat") or (name == "openat" and "O_CREAT" in rest and
                                           f'"{os.devnull}"' not in rest)]
        self.assertGreaterEqual(len(made), 2 + 4 * 2 + 1)
        for name, rest in made:
            with self.subTest(name):
                self.assertNotIn("AT_FDCWD", rest)
                names = re.findall(r'"([^"]*)"', rest)
                self.assertFalse(any("/" in n or n in (".", "..") for n in names
                                     if not (name == "symlinkat" and n == "/etc")), rest)
        for name in ("mkdir", "symlink", "link", "rename", "unlink", "mknod", "creat", "chmod",
                     "chown", "truncate"):
            self.assertNotIn(name, [call for call, _ in calls])
        self.assertEqual(before, self.state("/etc/passwd"))

    @staticmethod
    def state(path):
        """When a file was written, and its bytes."""
        with open(path, "rb") as f:
            return os.stat(path).st_mtime_ns, f.read()

    def test_set_id_bits_stay_behind(self):
        self.tree(x=b"x")
        os.chmod(self.path("tree/x"), 0o6755)
        bare = self.bare()
        self.text("fs", "get", bare, "/x", self.path("y"))
        self.assertEqual(os.stat(self.path("y")).st_mode & 0o7777, 0o755)


class Part(Case):
    """part read."""

    def test_the_bytes_are_those_of_the_partition(self):
        card = self.card()
        data = self.read(card)
        wanted = {"fsbl1": data[34 * 512:42 * 512], "3": data[50 * 512:178 * 512],
                  "rootfs": data[ROOT:ROOT + (768 << 10)]}
        for name, content in wanted.items():
            self.assertEqual(self.done("part", "read", card, name, "-").stdout, content)
            said = self.said("part", "read", card, name, self.path("copy"), schema="part-read")
            self.assertEqual(self.read(self.path("copy")), content)
            self.assertEqual(said["size"], len(content))
            self.assertEqual(data[said["offset"]:said["offset"] + said["size"]], content)
        self.assertEqual(self.text("part", "read", card, "ssbl", self.path("copy")),
                         f"wrote {self.path('copy')}: 64 KiB\n")

    def test_holes_stay_holes_and_a_pipe_gets_zeros(self):
        card = self.path("big.img")
        table = image.Gpt((64 << 20) // 512, "00000000-1111-2222-3333-444444444444")
        table.add(1, "data", 2048, 60 << 11, "11111111-2222-3333-4444-555555555555")
        with open(card, "wb") as f:
            f.truncate(64 << 20)
            table.write(f)
            f.seek((1 << 20) + (30 << 20))
            f.write(b"in the middle")
        self.text("part", "read", card, "data", self.path("copy"))
        size = os.stat(self.path("copy"))
        self.assertEqual(size.st_size, 60 << 20)
        self.assertLess(size.st_blocks * 512, 1 << 20)
        digest = hashlib.sha256(self.read(self.path("copy"))).digest()
        piped = self.done("part", "read", card, "1", "-").stdout
        self.assertEqual(hashlib.sha256(piped).digest(), digest)

    def test_what_is_there_is_replaced_only_when_it_is_a_file(self):
        card = self.card()
        os.symlink(card, self.path("link"))
        before = self.read(card)
        for file, words in ((self.path("link"), ["symbolic link of that name"]),
                            (self.directory, ["folder of that name"]),
                            ("/dev/null", ["device of that name"]),
                            (self.path("missing/x"), ["there is no folder"]),
                            (self.path("x/"), ["is no name for a file"])):
            with self.subTest(file):
                self.refused("part", "read", card, "1", file, words=words)
        self.assertEqual(self.read(card), before)
        self.refused("part", "read", card, "7", self.path("x"), words=["there is no partition '7'"])

    def test_a_partition_that_is_cut_is_refused(self):
        card = program.card("cut-short", self.path("cut.img"))
        said = program.inspect(card)
        cut = next(p for p in said["partitions"]
                   if p["offset"] + p["size"] > said["image"]["size"])
        for file in ("-", self.path("x")):
            self.refused("part", "read", card, str(cut["number"]), file, words=["the image ends"])
        self.assertFalse(os.path.exists(self.path("x")))


class Schemas(Case):
    """The schemas ask for what they promise."""

    def test_a_key_or_a_word_that_is_not_right_is_noticed(self):
        card = self.card()
        listed = self.said("fs", "ls", card, schema="fs-ls")
        shown = self.said("fs", "stat", card, "/boot", schema="fs-stat")
        for name, said, damage in (
                ("fs-ls", listed, lambda s: s.pop("errors")),
                ("fs-ls", listed, lambda s: s["entries"][0].pop("mode")),
                ("fs-ls", listed, lambda s: s["entries"][0].update(mode=493)),
                ("fs-ls", listed, lambda s: s["entries"][0].update(type="folder")),
                ("fs-stat", shown, lambda s: s["modified"].update(nanoseconds=1000000000)),
                ("fs-stat", shown, lambda s: s["flags"].append("odd")),
                ("fs-stat", shown, lambda s: s.pop("attributes"))):
            changed = json.loads(json.dumps(said))
            damage(changed)
            self.assertFalse(program.schema(name).is_valid(changed))


class ReadOnly(Case):
    """Nothing is written to an image that is only read."""

    def test_the_image_is_opened_for_reading_and_left_as_it_was(self):
        card = self.card()
        before = (os.stat(card).st_mtime_ns, self.read(card))
        log = self.path("log")
        for command in (["fs", "ls", "-r", card], ["fs", "stat", card, "/boot"],
                        ["fs", "cat", card, "/boot/zImage"],
                        ["fs", "get", "-r", card, "/", self.path("out")],
                        ["part", "read", card, "rootfs", self.path("copy")]):
            done = program.run(*command, under=["strace", "-f", "-o", log, "-e", "trace=openat"])
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            opened = [line for line in self.read(log).decode().splitlines()
                      if f'"{card}"' in line]
            self.assertTrue(opened)
            self.assertTrue(all("O_RDONLY" in line for line in opened), opened)
        self.assertEqual((os.stat(card).st_mtime_ns, self.read(card)), before)


class Usage(Case):
    """What is wrong with a call is said."""

    def test_wrong_usage_is_one_line_that_names_the_mistake(self):
        for arguments, word in (
                (("fs",), "'fs'"),
                (("fs", "frob", "a"), "'fs frob'"),
                (("fs", "ls"), "IMAGE [PLACE]"),
                (("fs", "ls", "a", "/", "/x"), "'/x'"),
                (("fs", "cat", "a"), "IMAGE PLACE"),
                (("fs", "get", "a"), "IMAGE PLACE [DEST]"),
                (("fs", "cat", "a", "/", "-l"), "--long"),
                (("fs", "stat", "a", "/", "-r"), "--recursive"),
                (("fs", "ls", "a", "-p"), "--preserve"),
                (("part", "read", "a", "1"), "IMAGE PARTITION FILE"),
                (("part", "read", "a", "1", "x", "-r"), "--recursive"),
                (("fs", "get", "a", "/x", "-", "-p"), "need a file to work on")):
            with self.subTest(arguments):
                self.refused(*arguments, words=[word])

    def test_an_object_and_content_cannot_share_stdout(self):
        for arguments in (("fs", "get", "a", "/x", "-"), ("part", "read", "a", "1", "-")):
            done = self.done("--json", *arguments, status=2)
            self.assertIn("--json and the content", json.loads(done.stdout)["message"])


if __name__ == "__main__":
    program.main()
