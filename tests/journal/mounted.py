#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Journals that Linux wrote: file systems copied while they are mounted.

usage: mounted.py JOURNAL_SAYS [TEST...]

The library's replay is held against that of e2fsck, byte for byte, and against
that of Linux, file for file. Needs root and loop devices; exits 77 (skipped)
without them.
"""

import contextlib
import hashlib
import os
import random
import shutil
import struct
import sys
import tempfile

import replaying
from replaying import journal, tools

# Nothing is written behind the back of the test.
QUIET = "commit=300"


@contextlib.contextmanager
def mounted(image, where, options):
    """Mount an image for a while."""
    tools.run("mount", "-o", "loop," + options, image, where)
    try:
        yield where
    finally:
        tools.run("umount", where)


def can_mount():
    """Whether Linux lets us."""
    with tempfile.TemporaryDirectory() as work:
        image, where = os.path.join(work, "image"), os.path.join(work, "mounted")
        os.mkdir(where)
        with open(image, "wb") as f:
            f.truncate(4 << 20)
        tools.run("mke2fs", "-q", "-F", image)
        try:
            with mounted(image, where, "ro"):
                return True
        except RuntimeError as e:
            print(f"skipped: {e}", file=sys.stderr)
            return False


def tree(where):
    """What a person sees of a file system: every path, with what is there."""
    found = {}
    for directory, folders, files in os.walk(where):
        for name in folders + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            content = b""
            if os.path.islink(path):
                content = os.readlink(path).encode()
            elif os.path.isfile(path):
                with open(path, "rb") as f:
                    content = hashlib.sha256(f.read()).digest()
            found[os.path.relpath(path, where)] = (status.st_mode, status.st_nlink,
                                                   status.st_mtime_ns, content)
    return found


class Mounted(replaying.Case):
    """One file system for each test."""

    def setUp(self):
        super().setUp()
        self.random = random.Random(self.id())
        self.where = self.path("mounted")
        self.image, self.copy = self.path("image"), self.path("copy")
        os.mkdir(self.where)

    def make_empty(self, *options, size=24 << 20):
        """An empty file system."""
        with open(self.image, "wb") as f:
            f.truncate(size)
        tools.run("mke2fs", "-q", "-F", *options, self.image)

    def sync(self):
        """Let Linux commit, but not put in place, what was done so far."""
        tools.run("sync", "-f", self.where)

    def write(self, path, size, start=b""):
        """Make or replace a file."""
        with open(os.path.join(self.where, path), "wb") as f:
            f.write((start + self.random.randbytes(size))[:max(size, len(start))])

    def scribble(self, rounds=4):
        """A little of everything, in several transactions."""
        for i in range(rounds):
            os.makedirs(os.path.join(self.where, f"d{i}/deep"))
            for k in range(12):
                self.write(f"d{i}/f{k}", self.random.randrange(1, 30000))
            os.symlink("f1", os.path.join(self.where, f"d{i}/link"))
            os.symlink("long" * 30, os.path.join(self.where, f"d{i}/slow"))
            os.link(os.path.join(self.where, f"d{i}/f2"), os.path.join(self.where, f"d{i}/again"))
            self.write(f"d{i}/escaped", 5000, struct.pack(">I", journal.MAGIC))
            self.sync()
        for i in range(0, rounds, 2):
            shutil.rmtree(os.path.join(self.where, f"d{i}"))
            self.sync()
            os.mkdir(os.path.join(self.where, f"d{i}"))
            self.write(f"d{i}/new", 9000)
            os.rename(os.path.join(self.where, f"d1/f{i}"),
                      os.path.join(self.where, f"d{i}/moved"))
            self.sync()

    def take(self):
        """What the card holds when it is pulled out now."""
        tools.run("cp", "--sparse=always", self.image, self.copy)

    def pull(self, options, work):
        """Mount, work, and pull."""
        with mounted(self.image, self.where, options):
            work()
            self.take()

    def as_linux_sees(self, image, options):
        """The files of an image, which may change."""
        with mounted(image, self.where, options):
            return tree(self.where)

    def same_as_linux(self):
        """The library's replay and that of Linux show the same files; what the library says."""
        ours, theirs = self.path("ours"), self.path("theirs")
        said = replaying.replay(self.copy, ours)
        self.assertEqual(said.status, "ok", said)
        shutil.copyfile(self.copy, theirs)
        expected = self.as_linux_sees(theirs, "rw")
        self.assertGreater(len(expected), 1)
        self.assertEqual(self.as_linux_sees(ours, "ro,noload"), expected)
        self.assertEqual(replaying.complaints(ours), [])
        return said

    def test_every_layout_and_mode(self):
        for options, mount in (
                (["-t", "ext3"], "data=ordered"),
                (["-t", "ext3", "-b", "1024"], "data=journal"),
                (["-t", "ext4", "-O", "^64bit,^metadata_csum"], "data=ordered"),
                (["-t", "ext4", "-O", "64bit,^metadata_csum"], "data=journal"),
                (["-t", "ext4", "-O", "^64bit,metadata_csum"], "data=writeback"),
                (["-t", "ext4", "-O", "64bit,metadata_csum"], "data=ordered"),
                (["-t", "ext4", "-b", "1024", "-O", "64bit,metadata_csum"], "data=journal"),
                (["-t", "ext4", "-b", "1024", "-g", "1024", "-O", "^flex_bg,metadata_csum"],
                 "data=journal"),
                (["-t", "ext4", "-O", "^metadata_csum"], "data=ordered,journal_checksum"),
                (["-t", "ext4", "-O", "^metadata_csum"], "data=journal,journal_checksum"),
                (["-t", "ext4", "-O", "^metadata_csum"],
                 "data=writeback,journal_checksum,journal_async_commit"),
                (["-t", "ext4", "-O", "metadata_csum"],
                 "data=writeback,journal_checksum,journal_async_commit"),
                (["-t", "ext4", "-O", "inline_data,metadata_csum_seed"], "data=journal")):
            with self.subTest(options=options, mount=mount):
                self.make_empty(*options)
                fit = "inline_data" if "inline_data" in options[-1] else "fit"
                self.pull(f"{QUIET},{mount}", self.scribble)
                self.assertGreater(self.agree(self.copy, fit).transactions, 4)
                self.same_as_linux()

    def test_meta_block_groups(self):
        """Of them e2fsck also writes the copies of the descriptors anew."""
        self.make_empty("-t", "ext4", "-b", "1024", "-O", "meta_bg,^resize_inode")
        self.pull(f"{QUIET},data=journal", self.scribble)
        self.assertGreater(self.same_as_linux().transactions, 4)

    def test_a_log_that_went_round(self):
        """Written until its end stands before its start; also with checksums in commits."""
        for options, mount in ((["-O", "metadata_csum"], ""),
                               (["-O", "^metadata_csum"], ",journal_checksum")):
            with self.subTest(mount=mount):
                self.make_empty("-t", "ext4", "-b", "1024", "-J", "size=1", *options)
                places = {p: i for i, p in enumerate(journal.blocks_of(self.image, "<8>", 1024))}
                with mounted(self.image, self.where, f"{QUIET},data=journal{mount}"):
                    for i in range(400):
                        self.write(f"f{i % 7}", 20000, struct.pack(">I", journal.MAGIC))
                        self.sync()
                        if i < 30:
                            continue
                        self.take()
                        said = replaying.replay(self.copy, self.path("ours"))
                        with open(self.copy, "rb") as f:
                            f.seek(next(iter(places)) * 1024 + 0x1C)
                            start = struct.unpack(">I", f.read(4))[0]
                        if places[said.offset // 1024] < start:
                            break
                self.assertLess(places[said.offset // 1024], start)
                self.assertGreater(self.agree(self.copy).transactions, 3)
                self.same_as_linux()

    def test_numbers_of_transactions_start_again_at_0(self):
        self.make_empty("-t", "ext4", "-b", "1024", "-O", "metadata_csum")
        log = journal.Journal(self.image)
        struct.pack_into(">I", log.head, 0x18, journal.ID_LIMIT - 4)
        struct.pack_into(">3I", log.head, 0x24, 0, 0, 0)
        log.kind = "none"
        log.write_head()
        self.pull(f"{QUIET},data=journal", self.scribble)
        self.assertGreater(self.agree(self.copy).transactions, 4)
        self.same_as_linux()

    def test_fast_commits(self):
        """Those that count are refused, and without them the area changes nothing."""
        def work():
            self.scribble()
            self.take()
            self.assertGreater(self.agree(self.copy).transactions, 4)
            shutil.copyfile(self.copy, self.path("before"))
            for i in range(3):
                with open(os.path.join(self.where, f"fast{i}"), "wb") as f:
                    f.write(b"x" * 5000)
                    f.flush()
                    os.fsync(f.fileno())

        self.make_empty("-t", "ext4", "-O", "fast_commit,metadata_csum", "-J", "size=8")
        self.pull(QUIET, work)
        said = replaying.replay(self.copy, self.path("ours"))
        self.assertEqual((said.status, said.what), ("not supported", "fast commits in the journal"))
        shutil.copyfile(self.path("before"), self.copy)
        self.same_as_linux()

    def test_a_log_with_an_area_of_fast_commits_that_went_round(self):
        """Where the ring ends e2fsck 1.47.0 does not know, but Linux does."""
        def work():
            for i in range(60):
                self.write(f"f{i % 5}", 200000)
                self.sync()

        self.make_empty("-t", "ext4", "-b", "1024", "-O", "fast_commit", "-J", "size=2")
        self.pull(f"{QUIET},data=journal", work)
        self.same_as_linux()

    def test_removed_files_that_are_open_stay_to_be_released(self):
        for features in ("metadata_csum", "metadata_csum,orphan_file"):
            with self.subTest(features=features):
                self.make_empty("-t", "ext4", "-O", features)
                with mounted(self.image, self.where, QUIET):
                    self.scribble(2)
                    self.write("held", 50000)
                    self.sync()
                    with open(os.path.join(self.where, "held"), "rb"):
                        os.unlink(os.path.join(self.where, "held"))
                        self.write("last", 10)
                        self.sync()
                        self.take()
                ours = self.path("ours")
                self.assertEqual(replaying.replay(self.copy, ours).status, "ok")
                with open(ours, "rb") as f:
                    raw = journal.superblock(f, 0)
                self.assertTrue(struct.unpack_from("<I", raw, 0xE8)[0] or
                                struct.unpack_from("<I", raw, 0x64)[0] & 0x10000)
                # Linux releases them from ours as from its own.
                theirs = self.path("theirs")
                shutil.copyfile(self.copy, theirs)
                self.assertEqual(self.as_linux_sees(ours, "rw"), self.as_linux_sees(theirs, "rw"))
                self.assertEqual(replaying.complaints(ours), [])

    def test_a_file_system_that_was_unmounted(self):
        self.make_empty("-t", "ext4")
        with mounted(self.image, self.where, QUIET):
            self.scribble(2)
        said = replaying.replay(self.image, self.path("ours"))
        self.assertEqual(said.status, "not found")


if __name__ == "__main__":
    if not can_mount():
        sys.exit(tools.SKIPPED)
    replaying.main()
