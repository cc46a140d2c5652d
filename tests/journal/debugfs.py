#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Journals that debugfs wrote, replayed by the library and by e2fsck.

usage: debugfs.py JOURNAL_SAYS [TEST...]
"""

import struct
import tempfile

import replaying
from replaying import journal, tools

MAGIC = struct.pack(">I", journal.MAGIC)
# Options of mke2fs, and the kinds of checksums that debugfs writes with them. Without metadata_csum
# it would write those of version 1, but wrong ones, as e2fsck says, too.
SHAPES = {
    "block map": (["-t", "ext3", "-b", "1024"], ["jo"]),
    "32 bits, 1 KiB": (["-t", "ext4", "-b", "1024", "-O", "^64bit,metadata_csum"],
                       ["jo", "jo -c -v 2", "jo -c -v 3"]),
    "64 bits, 1 KiB": (["-t", "ext4", "-b", "1024", "-O", "64bit,metadata_csum"],
                       ["jo", "jo -c -v 2", "jo -c -v 3"]),
    "64 bits, no checksums": (["-t", "ext4", "-b", "1024", "-O", "64bit,^metadata_csum"], ["jo"]),
    "64 bits, 4 KiB": (["-t", "ext4", "-b", "4096", "-O", "64bit,metadata_csum"],
                       ["jo", "jo -c -v 2", "jo -c -v 3"]),
}


class Debugfs(replaying.Case):
    """What debugfs can write: jo, jw, jc."""

    def log(self, image, commands, content):
        """Write a log; FILE stands for the content."""
        with tempfile.NamedTemporaryFile() as f:
            f.write(content)
            f.flush()
            script = "\n".join(c.replace("FILE", f.name) for c in commands) + "\n"
            said = tools.run("sh", "-c", 'debugfs -w -f - "$1" 2>&1 >/dev/null', "sh", image,
                             data=script.encode())
        self.assertEqual(said.splitlines()[1:], [])

    def matrix(self, try_one):
        """Every shape with every kind of checksum."""
        for shape, (options, kinds) in SHAPES.items():
            for start in kinds:
                with self.subTest(shape=shape, start=start):
                    image, blocks = self.make(*options)
                    try_one(image, blocks, start, int(options[options.index("-b") + 1]))

    def test_blocks_revokes_and_escapes_in_every_layout(self):
        def try_one(image, b, start, size):
            content = b"".join((MAGIC if i % 3 == 1 else b"new%d" % i).ljust(size, b"#")
                               for i in range(8))
            self.log(image, [start, f"jw -b {','.join(map(str, b[:8]))} FILE", "jc",
                             start, f"jw -r {b[1]},{b[2]}", "jc",
                             start, f"jw -b {b[2]},{b[9]} FILE", f"jw -r {b[4]}", "jc"], content)
            said = self.agree(image)
            self.assertEqual((said.transactions, said.blocks, said.end), (4, 7, "whole"))
        self.matrix(try_one)

    def test_a_transaction_without_its_commit_is_left_out(self):
        def try_one(image, b, start, size):
            self.log(image, [start, f"jw -b {b[0]} FILE", "jc",
                             start, f"jw -b {b[1]},{b[2]} -c FILE", "jc"], b"x" * 2 * size)
            said = self.agree(image)
            self.assertEqual((said.transactions, said.blocks, said.end), (1, 1, "torn"))
        self.matrix(try_one)

    def test_an_empty_log_changes_the_flag_alone(self):
        def try_one(image, *_):
            journal.set_needs_recovery(image)
            said = self.agree(image)
            self.assertEqual((said.transactions, said.blocks, said.end), (0, 0, "whole"))
        self.matrix(try_one)

    def test_the_copy_of_the_inode_in_the_superblock_is_enough(self):
        for damage in ("links_count 0", "mode 040755", "size 4096", "block[IND] 0", "block[0] 0"):
            for shape, (options, _) in list(SHAPES.items())[:2]:
                with self.subTest(damage=damage, shape=shape):
                    image, b = self.make(*options)
                    self.log(image, ["jo", f"jw -b {b[0]} FILE", "jc"], b"x" * 1024)
                    tools.run("debugfs", "-w", "-R", f"sif <8> {damage}", image)
                    said = replaying.replay(image, self.path("ours"))
                    self.assertEqual((said.status, said.blocks), ("ok", 1), said)

    def test_a_file_system_that_needs_nothing_is_left_alone(self):
        image, _ = self.make(*SHAPES["64 bits, 4 KiB"][0])
        self.assertEqual(replaying.replay(image, self.path("ours")).status, "not found")

    def test_a_journal_on_another_device_is_refused(self):
        image, device = self.path("image"), self.path("journal")
        with open(device, "wb") as f:
            f.truncate(12 << 20)
        tools.run("mke2fs", "-q", "-F", "-O", "journal_dev", "-b", "1024", device)
        self.make(*SHAPES["32 bits, 1 KiB"][0])
        with open(image, "r+b") as f:
            f.seek(1024 + 0xD0)
            f.write(b"\1" * 16)
            f.seek(1024)
            raw = bytearray(f.read(1024))
            journal.mend_superblock(raw)
            f.seek(1024)
            f.write(raw)
        journal.set_needs_recovery(image)
        said = replaying.replay(image, self.path("ours"))
        self.assertEqual((said.status, said.what, said.offset),
                         ("not supported", "a journal on another device", 1024 + 0xD0))
        journal.set_needs_recovery(device)
        said = replaying.replay(device, self.path("ours"))
        self.assertEqual(said.status, "not found")


if __name__ == "__main__":
    replaying.main()
