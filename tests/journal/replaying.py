# SPDX-License-Identifier: MIT
"""What the library makes of a journal, and what e2fsck makes of it."""

import collections
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "support"))

import journal  # noqa: E402
import tools  # noqa: E402

PIECE = 1 << 16
FILE_BLOCKS = 40  # of a file that logs are written over
IMAGE_BYTES = 10 << 20

# Fields of the superblock that may differ: e2fsck notes when it wrote and how much, and leaves
# the counts of free blocks and inodes as they were at the last unmount, which e2fsck -fn then
# finds wrong; Linux makes them anew when it mounts.
SUPERBLOCK_MAY_DIFFER = [(0x0C, 8), (0x30, 4), (0x158, 4), (0x178, 8), (0x3FC, 4)]

# what: of a refusal; offset: its place, or where the log was cut; fit: "fit" to be edited, or why not.
Said = collections.namedtuple("Said", "status what transactions blocks end offset fit")

says = None


def replay(image, output):
    """Replay with the library, from a file to another."""
    done = subprocess.run([says, image, output], stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    text, _, fit = done.stdout.decode().strip().partition("\n")
    good = re.fullmatch(r"ok: (\d+) transactions, (\d+) blocks, (\w+) at (\d+)", text)
    if good:
        return Said("ok", None, int(good[1]), int(good[2]), good[3], int(good[4]), fit)
    status, what, _, offset = re.fullmatch(r"([^:]*): (.*?)( at (\d+))?", text).groups()
    return Said(status, what, None, None, None, int(offset) if offset else None, None)


def e2fsck(image):
    """Replay with e2fsck, in place; its exit status."""
    done = subprocess.run(["e2fsck", "-p", "-E", "journal_only", image],
                          env=tools.surroundings(), stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode


def complaints(image):
    """What a full check has to say, beside its usual words."""
    done = subprocess.run(["e2fsck", "-fn", image], env=tools.surroundings(), check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    usual = re.compile(rb"e2fsck [0-9.]+ |Pass [1-5]|.*: \d+/\d+ files |$")
    return [line.decode(errors="replace") for line in done.stdout.splitlines()
            if not usual.match(line)]


def differences(ours, theirs):
    """Where two file systems differ and should not."""
    allowed = {1024 + at + i for at, size in SUPERBLOCK_MAY_DIFFER for i in range(size)}
    found = []
    with open(ours, "rb") as a, open(theirs, "rb") as b:
        if os.fstat(a.fileno()).st_size != os.fstat(b.fileno()).st_size:
            return ["the size"]
        at = 0
        while True:
            x, y = a.read(PIECE), b.read(PIECE)
            if not x:
                return [f"{place:#x}" for place in found[:20]]
            if x != y:
                found += [at + i for i in range(len(x)) if x[i] != y[i] and at + i not in allowed]
            at += len(x)


def orphans(image):
    """Whether removed files wait to be released."""
    with open(image, "rb") as f:
        raw = journal.superblock(f, 0)
    return struct.unpack_from("<I", raw, 0xE8)[0] != 0


class Case(unittest.TestCase):
    """A directory of its own for each test; images are made once and copied."""

    made = {}

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.bases = directory.name

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, name):
        """A path in the directory of the test."""
        return os.path.join(self.directory, name)

    def base(self, options):
        """A file system with a file of many blocks, those blocks, and those of the journal."""
        tree = self.path("tree")
        image = os.path.join(self.bases, str(len(self.made)))
        size = options[options.index("-b") + 1]
        journal_size = [] if "-J" in options else ["-J", "size=4" if size == "4096" else "size=1"]
        os.mkdir(tree)
        with open(os.path.join(tree, "file"), "wb") as f:
            f.write(b"before".ljust(int(size), b".") * FILE_BLOCKS)
        with open(image, "wb") as f:
            f.truncate(IMAGE_BYTES)
        tools.run("mke2fs", "-q", "-F", *journal_size, "-d", tree, *options, image)
        shutil.rmtree(tree)
        return image, journal.blocks_of(image, "/file", FILE_BLOCKS), \
            journal.blocks_of(image, "<8>", 2048)

    def make(self, *options):
        """A copy of such a file system; its path and the blocks of the file."""
        key = (type(self), options)
        if key not in self.made:
            self.made[key] = self.base(list(options))
        base, blocks, self.places = self.made[key]
        image = self.path("image")
        shutil.copyfile(base, image)
        return image, blocks

    def agree(self, image, fit="fit"):
        """Replay in both ways, which must give the same, fit to be edited; what the library says."""
        ours, theirs = self.path("ours"), self.path("theirs")
        said = replay(image, ours)
        self.assertEqual(said.status, "ok", said)
        self.assertIn(fit, said.fit)
        shutil.copyfile(image, theirs)
        self.assertIn(e2fsck(theirs), (0, 1))
        self.assertEqual(differences(ours, theirs), [])
        self.assertEqual(complaints(ours), [])
        return said


def main():
    """Run the tests of the program that was started."""
    global says
    if len(sys.argv) < 2:
        sys.exit("usage: " + sys.argv[0] + " JOURNAL_SAYS [TEST...]")
    says = os.path.abspath(sys.argv.pop(1))
    unittest.main(module="__main__")
