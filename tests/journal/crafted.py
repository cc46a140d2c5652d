#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Journals in every layout, written by hand, then damaged; replayed by the library and by e2fsck.

usage: crafted.py JOURNAL_SAYS [TEST...]
"""

import shutil
import struct

import replaying
from replaying import journal, tools

MAGIC = struct.pack(">I", journal.MAGIC)
BLOCKS = replaying.IMAGE_BYTES >> 10
LAYOUTS = [(features, kind) for features in ("64bit,metadata_csum", "^64bit,metadata_csum",
                                             "64bit,^metadata_csum", "^64bit,^metadata_csum")
           for kind in journal.KINDS]


class Crafted(replaying.Case):
    """A file of some blocks, over which logs are written."""

    def start(self, features="64bit,metadata_csum", kind="v3", size=1024, **log):
        """An image with an open log, and the blocks of its file."""
        self.image, self.blocks = self.make("-t", "ext4", "-b", str(size), "-O", features)
        self.log = journal.Journal(self.image, kind, places=self.places, **log)
        return self.blocks, self.log

    def content(self, text):
        """A block."""
        return text.encode().ljust(self.log.block, b"#")

    def said(self):
        """What the library says of the image."""
        return replaying.replay(self.image, self.path("ours"))

    def seen(self, number):
        """The beginning of a block after the replay."""
        with open(self.path("ours"), "rb") as f:
            f.seek(number * self.log.block)
            return f.read(self.log.block).rstrip(b"#.")

    def agreed(self):
        """Replay in both ways, which must give the same."""
        return self.agree(self.image)

    def three(self):
        """A log of three transactions with revokes, escapes and several descriptors."""
        b, log, text = self.blocks, self.log, self.content
        log.transaction([(b[0], text("one")), (b[1], MAGIC + text("two")[4:]), (b[2], text("three"))])
        log.descriptor([(b[3], text("four"))])
        log.revoke([b[0], b[9]])
        log.descriptor([(b[4], text("five")), (b[2], text("six"))])
        log.commit()
        log.transaction([(b[4], text("seven")), (b[9], text("eight"))], revoke=[b[4], b[3]])

    def expect_three(self, said):
        """What is to come of it: in the third transaction nothing of blocks 3 and 4 counts."""
        self.assertEqual((said.transactions, said.blocks, said.end), (3, 3, "whole"))
        self.assertEqual([self.seen(self.blocks[i]) for i in (0, 1, 2, 3, 4, 9)],
                         [b"before", MAGIC + b"two"[4:], b"six", b"before", b"before", b"eight"])

    def test_every_layout(self):
        for size in (1024, 4096):
            for features, kind in LAYOUTS:
                with self.subTest(size=size, features=features, kind=kind):
                    self.start(features, kind, size)
                    self.three()
                    self.log.finish()
                    self.expect_three(self.agreed())

    def test_a_log_that_goes_on_at_the_start_of_its_ring(self):
        for features, kind in LAYOUTS:
            for back in range(1, 12) if features == LAYOUTS[0][0] else (4,):
                with self.subTest(features=features, kind=kind, back=back):
                    self.start(features, kind, start=1024 - back)
                    self.three()
                    self.log.finish()
                    self.expect_three(self.agreed())

    def test_numbers_of_transactions_start_again_at_0(self):
        for kind in journal.KINDS:
            for back in (1, 2, 3):
                with self.subTest(kind=kind, back=back):
                    self.start(kind=kind, sequence=journal.ID_LIMIT - back)
                    self.three()
                    self.log.finish()
                    self.expect_three(self.agreed())

    def test_a_transaction_that_was_not_completed_is_left_out(self):
        for features, kind in LAYOUTS:
            for torn in ("descriptor", "revoke"):
                with self.subTest(features=features, kind=kind, torn=torn):
                    b, log = self.start(features, kind)
                    self.three()
                    getattr(log, torn)([(b[5], self.content("late"))] if torn == "descriptor" else b)
                    log.finish()
                    said = self.agreed()
                    self.assertEqual((said.transactions, said.end), (3, "torn"))
                    self.assertEqual(said.offset, log.place(log.written[-2 if torn == "descriptor"
                                                                        else -1][1]))

    def test_the_size_of_the_log_is_that_of_the_journal(self):
        b, log = self.start()
        text = self.content
        while len(log.log) + 6 <= 1022:
            log.transaction([(n, text(f"{log.id}")) for n in b[:3]])
        log.transaction([(b[4], text("last"))] if len(log.log) == 1020 else
                        [(b[i], text("last")) for i in range(1021 - len(log.log))])
        self.assertEqual(len(log.log), 1023)
        log.finish()
        self.assertEqual(self.agreed().end, "whole")

    def test_a_checksum_of_version_1_may_be_left_out(self):
        b, log = self.start("^64bit,^metadata_csum", "v1")
        log.descriptor([(b[0], self.content("new"))])
        log.commit(empty=True)
        log.finish()
        self.assertEqual(self.agreed().blocks, 1)

    def test_errors_that_linux_noted_stay_noted(self):
        b, log = self.start()
        log.transaction([(b[0], self.content("new"))])
        struct.pack_into(">i", log.head, 0x20, -5)
        log.finish()
        self.assertEqual(self.said().status, "ok")
        with open(self.path("ours"), "rb") as f:
            self.assertEqual(journal.superblock(f, 0)[0x3A], 3)
        shutil.copyfile(self.image, self.path("theirs"))
        replaying.e2fsck(self.path("theirs"))
        with open(self.path("theirs"), "rb") as f:
            self.assertEqual(journal.superblock(f, 0)[0x3A] & 2, 2)

    def test_a_copy_of_the_superblock_takes_its_place(self):
        for size in (1024, 4096):
            b, log = self.start(size=size)
            with open(self.image, "rb") as f:
                data = bytearray(f.read(log.block if size == 4096 else 2048)[-log.block:])
            at = 1024 % log.block
            data[at + 0x78:at + 0x88] = b"from the log".ljust(16, b"\0")
            raw = data[at:at + 1024]
            journal.mend_superblock(raw)
            data[at:at + 1024] = raw
            log.transaction([(1024 // log.block, bytes(data)), (b[0], self.content("new"))])
            log.finish()
            self.agreed()
            with open(self.path("ours"), "rb") as f:
                raw = journal.superblock(f, 0)
            self.assertEqual(raw[0x78:0x84], b"from the log")
            self.assertEqual(raw[0x60] & 4, 0)

    def test_what_is_left_of_an_older_log_ends_it(self):
        """With checksums, a transaction older than those before it does not belong to them."""
        for kind in ("v1", "v2", "v3"):
            for damaged in ("descriptor", "commit"):
                with self.subTest(kind=kind, damaged=damaged):
                    if (kind, damaged) == ("v1", "descriptor"):
                        continue
                    b, log = self.start(kind=kind)
                    self.three()
                    log.time -= 1000
                    log.transaction([(b[7], self.content("old"))])
                    log.finish()
                    log.flip(log.find(damaged, -1), 17)
                    said = self.agreed()
                    self.assertEqual((said.transactions, said.end), (3, "stale"))

    def test_commits_that_need_not_wait(self):
        for kind in ("v1", "v2", "v3"):
            with self.subTest(kind=kind):
                _, log = self.start(kind=kind, async_commit=True)
                self.three()
                log.finish()
                log.flip(log.find("commit", -1), 0x35)
                log.flip(log.find("data", -1), 100)
                said = self.agreed()
                self.assertEqual((said.transactions, said.end), (2, "torn"))

    def refused(self, what, place, status="damaged"):
        """The library does not replay it, and says why and where."""
        said = self.said()
        self.assertEqual((said.status, said.what, said.offset), (status, what, place))

    def test_every_kind_of_damage(self):
        """In the second of three transactions; e2fsck ends with errors, too, or with less."""
        tail = "a descriptor or revoke block of the journal with a wrong checksum"
        commit = "a commit block of the journal with a wrong checksum"
        data = "a data block of the journal with a wrong checksum"
        for kind, block, at, what in (
                ("v3", ("descriptor", 1), 20, tail), ("v3", ("descriptor", 1), 1023, tail),
                ("v3", ("revoke", 0), 30, tail), ("v3", ("revoke", 0), 1021, tail),
                ("v3", ("revoke", 0), 13, tail), ("v3", ("commit", 1), 0x10, commit),
                ("v3", ("commit", 1), 500, commit), ("v3", ("data", 5), 77, data),
                ("v2", ("descriptor", 2), 30, tail), ("v2", ("commit", 1), 0x38, commit),
                ("v2", ("data", 5), 0, data), ("v1", ("commit", 1), 0x11, commit),
                ("v1", ("data", 5), 5, commit), ("v1", ("descriptor", 1), 15, commit)):
            with self.subTest(kind=kind, block=block, at=at):
                self.start(kind=kind)
                self.three()
                self.log.finish()
                number = self.log.find(*block)
                self.log.flip(number, at)
                self.refused(what, self.log.place(self.log.find("commit", 1) if kind == "v1"
                                                  else number))
                shutil.copyfile(self.image, self.path("theirs"))
                replaying.e2fsck(self.path("theirs"))
                with open(self.path("theirs"), "rb") as f:
                    state = journal.superblock(f, 0)[0x3A]
                self.assertNotEqual(state, 1)

    def test_a_block_whose_head_is_damaged_ends_the_log(self):
        for at in (0, 7, 11):
            for number in (("descriptor", 1), ("revoke", 0), ("commit", 1)):
                with self.subTest(at=at, number=number):
                    self.start()
                    self.three()
                    self.log.finish()
                    self.log.flip(self.log.find(*number), at)
                    self.assertEqual(self.agreed().transactions, 1)

    def test_damage_that_does_not_count(self):
        """Copies that were revoked or never committed are not looked at."""
        b, log = self.start()
        self.three()
        log.descriptor([(b[7], self.content("late"))])
        log.finish()
        log.flip(log.find("data", 0), 3)
        log.flip(log.find("data", -1), 3)
        self.assertEqual(self.agreed().transactions, 3)

    def test_a_damaged_superblock_is_refused(self):
        for at, value, what in ((0, 0, "a journal without its superblock"),
                                (4, 5, "a journal without its superblock"),
                                (12, 4096, "a journal with blocks of another size"),
                                (16, 1025, "a journal longer than its file"),
                                (20, 0, "a log that begins outside its journal"),
                                (20, 1024, "a log that begins outside its journal"),
                                (28, 1024, "a log that is said to begin outside its ring"),
                                (40, 0x1A, "a journal with several kinds of checksum"),
                                (80, 0, "a journal with an unknown kind of checksum")):
            with self.subTest(at=at):
                self.start()
                self.three()
                self.log.finish()
                struct.pack_into(">I", self.log.head, at, value)
                self.log.write_head()
                self.refused(what, self.log.place(0) + (0 if at == 4 else at))
        self.start()
        self.three()
        self.log.finish()
        self.log.flip(0, 700)
        self.refused("a journal superblock with a wrong checksum", self.log.place(0) + 0xFC)

    def test_unknown_features_are_refused(self):
        for at, value, what in ((0x28, 0x40, "a journal with a feature that is not known"),
                                (0x2C, 1, "a journal with a feature that is not known"),
                                (0x40, 2, "a journal of several file systems")):
            with self.subTest(at=at):
                self.start()
                self.log.finish()
                struct.pack_into(">I", self.log.head, at, value)
                self.log.write_head()
                self.refused(what, self.log.place(0) + at, "not supported")

    def test_fast_commits_that_count_are_refused(self):
        area = 128
        for number, refused in ((4, True), (3, False), (5, False)):
            with self.subTest(number=number):
                self.image, self.blocks = self.make("-t", "ext4", "-b", "1024", "-J", "size=2")
                self.log = log = journal.Journal(self.image, places=self.places)
                incompat = struct.unpack_from(">I", log.head, 0x28)[0]
                struct.pack_into(">I", log.head, 0x28, incompat | 0x20)
                struct.pack_into(">I", log.head, 0x54, area)
                self.three()
                log.finish()
                first = log.length - area + 1
                log.poke(first, 0, struct.pack("<2H2I", 9, 8, 0, number))
                if refused:
                    self.refused("fast commits in the journal", log.place(first), "not supported")
                else:
                    self.expect_three(self.agreed())

    def test_a_log_that_no_linux_wrote_is_refused(self):
        with self.subTest("outside the file system"):
            for number in (0, BLOCKS, 1 << 20, 1 << 40):
                b, log = self.start()
                log.transaction([(b[0], self.content("x")), (number, self.content("x"))])
                log.finish()
                self.refused("a logged block that belongs outside the file system",
                             log.place(log.find("data", 1)))
        with self.subTest("the journal itself"):
            for index in (0, 1, 500, 1023):
                b, log = self.start()
                log.transaction([(log.places[index], self.content("x"))])
                log.finish()
                self.refused("a logged block that belongs into the journal itself",
                             log.place(log.find("data")))
        with self.subTest("a ring without an end"):
            for kind in ("none", "v3"):
                b, log = self.start(kind=kind)
                for _ in range(1023 // 3):
                    log.descriptor([(b[0], self.content("x"))] * 2)
                log.finish()
                self.assertEqual(self.said().what, "a log that leads back into itself")
        with self.subTest("a revoke block of an impossible size"):
            for kind in ("none", "v3"):
                b, log = self.start(kind=kind)
                size = log.block - log.tail + 1
                block = log.header(journal.REVOKE)
                struct.pack_into(">I", block, 12, size)
                log.put("revoke", log.close_block(block))
                log.commit()
                log.finish()
                self.refused("a revoke block of the journal with an impossible size",
                             log.place(log.find("revoke")))
        with self.subTest("a superblock that is none"):
            b, log = self.start()
            log.transaction([(1, self.content("x"))])
            log.finish()
            self.refused("a copy of the superblock in the journal that is damaged",
                         log.place(log.find("data")))

    def test_a_file_system_that_was_growing(self):
        """Blocks behind its old end count when the log has its new size."""
        b, log = self.start()
        with open(self.image, "r+b") as f:
            raw = journal.superblock(f, 0)
            small = bytearray(raw)
            struct.pack_into("<I", small, 4, BLOCKS - 100)
            journal.mend_superblock(small)
            f.seek(1024)
            f.write(small)
        new = BLOCKS - 50
        log.transaction([(b[0], self.content("x")), (new, self.content("y"))])
        log.finish()
        self.refused("a logged block that belongs outside the file system",
                     log.place(log.find("data", 1)))
        struct.pack_into("<I", raw, 0x60, struct.unpack_from("<I", raw, 0x60)[0] | 4)
        journal.mend_superblock(raw)
        log.transaction([(1, bytes(raw))])
        log.finish()
        self.assertEqual(self.agreed().blocks, 3)
        self.assertEqual(self.seen(new), b"y")

    def test_a_journal_that_is_mapped_oddly_is_refused(self):
        for options in (["-t", "ext3", "-b", "1024"], ["-t", "ext4", "-b", "1024"]):
            for damage, what in (("links_count 0", "a journal whose inode is not in use"),
                                 ("mode 040755", "a journal that is no file"),
                                 ("flags 0x80800", "a journal that is encrypted"),
                                 ("size 1047552", "a journal of less than 1024 blocks"),
                                 ("size 10737418240", "a journal larger than any that mke2fs makes")):
                with self.subTest(options=options, damage=damage):
                    image, _ = self.make(*options)
                    journal.set_needs_recovery(image)
                    tools.run("debugfs", "-w", "-R", "ssv jnl_backup_type 0", image)
                    tools.run("debugfs", "-w", "-R", f"sif <8> {damage}", image)
                    said = replaying.replay(image, self.path("ours"))
                    self.assertEqual(said.what, what)

    def test_a_journal_with_holes_or_blocks_twice_is_refused(self):
        for block, what in (("0", "a journal with a hole"), ("500", "a journal that has a block twice")):
            image, _ = self.make("-t", "ext3", "-b", "1024")
            journal.set_needs_recovery(image)
            tools.run("debugfs", "-w", "-R", "ssv jnl_backup_type 0", image)
            places = journal.blocks_of(image, "<8>", 8)
            tools.run("debugfs", "-w", "-R",
                      f"sif <8> block[5] {places[0] if block != '0' else 0}", image)
            self.assertEqual(replaying.replay(image, self.path("ours")).what, what)


if __name__ == "__main__":
    replaying.main()
