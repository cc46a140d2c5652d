#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""part write: what goes into a partition, and what does not.

usage: part_write.py STMBOOT [TEST...]
"""

import json
import os
import struct
import subprocess
import unittest

import edits
import program
import tools

import image  # noqa: E402

SECTOR = 512
FSBL1, FSBL2, SSBL, ROOTFS = 34 * SECTOR, 42 * SECTOR, 50 * SECTOR, 178 * SECTOR
ROOM = 8 * SECTOR  # of an fsbl
LOADER = image.stm32_image(b"U-Boot SPL 2024.01 (Jan 01 2024 - 00:00:00 +0000)\0" + bytes(3000))


class Case(edits.Case):
    """A card to write into."""

    def file(self, name, data):
        """A file of the host."""
        path = self.path(name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def part(self, offset, size, path=None):
        """Bytes of the card."""
        return self.read(path or self.card)[offset:offset + size]

    def write(self, where, name, data, *options, status=0):
        """Write into the card; what --json says."""
        return self.edit("part", "write", self.card, where, self.file(name, data), *options,
                         status=status)

    def refused(self, where, data, words, *options):
        """It is refused in these words, and nothing changes."""
        before = self.read(self.card)
        said = self.write(where, "file", data, *options, status=2)
        for word in words:
            self.assertIn(word, said["message"] + "; " + (said["hint"] or ""))
        self.assertEqual(said["state"], "unchanged")
        self.assertEqual(self.read(self.card), before)


class Loader(Case):
    """The first stage."""

    def test_both_copies_by_one_command(self):
        said = self.write("fsbl", "spl.stm32", LOADER)
        self.assertEqual([c["what"] for c in said["changes"]],
                         ["content of partition 2 (fsbl2)", "content of partition 1 (fsbl1)"])
        self.assertEqual(said["changes"][0]["after"], f"stm32, {len(LOADER)} bytes")
        self.assertEqual(said["boot_after"], {"verdict": "ok", "stops_at": None})
        self.agrees(said)
        for at in (FSBL1, FSBL2):
            self.assertEqual(self.part(at, len(LOADER)), LOADER)
            rest = slice(at + len(LOADER), at + ROOM)
            self.assertEqual(self.read(self.card)[rest], self.before[rest])
        self.assertIn("stay as they are", said["notes"][0])
        said = self.write("fsbl", "spl.stm32", LOADER)
        self.assertEqual((said["changed"], said["changes"], said["notes"]), (False, [], []))
        self.edit("undo", self.card)
        self.assertEqual(self.read(self.card), self.before)

    def test_one_copy_while_the_other_is_valid(self):
        said = self.write("fsbl1", "spl.stm32", LOADER)
        self.assertEqual(said["boot_after"]["verdict"], "warning")
        self.assertEqual(self.part(FSBL1, len(LOADER)), LOADER)
        self.assertEqual(self.part(FSBL2, ROOM), self.before[FSBL2:FSBL2 + ROOM])

    def poke(self, at):
        """Damage a byte."""
        with open(self.card, "r+b") as f:
            f.seek(at)
            f.write(b"\xff")

    def test_the_only_valid_copy_is_not_written_alone(self):
        for bad, good in ((FSBL2, "fsbl1"), (FSBL1, "fsbl2")):
            with self.subTest(good):
                with open(self.card, "wb") as f:
                    f.write(self.before)
                self.poke(bad + 1000)
                self.refused(good, LOADER, [good, "only valid", "write fsbl"])
                self.write(good, "spl.stm32", LOADER, "--force")
                self.edit("undo", self.card)
                said = self.write("fsbl", "spl.stm32", LOADER)
                # the one that is not needed comes first
                self.assertNotIn(good, said["changes"][0]["what"])
                self.assertEqual(said["boot_after"], {"verdict": "ok", "stops_at": None})

    def test_a_card_with_one_copy(self):
        self.edit("gpt", "set", self.card, "fsbl2", "name=spare")
        self.refused("fsbl", LOADER, ["only valid", "--force"])
        self.write("fsbl", "spl.stm32", LOADER, "-f")
        self.assertEqual(self.part(FSBL1, len(LOADER)), LOADER)

    def test_a_card_with_none_gets_one(self):
        for at in (FSBL1, FSBL2):
            self.poke(at)
        said = self.write("fsbl", "spl.stm32", LOADER)
        self.assertEqual(said["boot_before"]["stops_at"], "rom")
        self.assertEqual(said["boot_after"], {"verdict": "ok", "stops_at": None})

    def test_what_the_rom_would_not_start(self):
        payload = b"U-Boot SPL 2024.01\0" + bytes(2000)
        for data, words in (
                (payload, ["STM32 header", "boot ROM", ".stm32", "mkimage"]),
                (b"\x7fELF" + bytes(2000), ["content of the file is elf"]),
                (image.stm32_image(payload, checksum=1), ["not intact", "stm32.checksum"]),
                (LOADER[:-100], ["not intact", "stm32."]),
                (image.stm32_image(payload, load=0xC0100000, entry=0xC0100000), ["stm32."]),
                (image.stm32_image(payload, version=0x00020000, load=0x2FFE0000, entry=0x2FFE0000),
                 ["stm32."]),
                (b"", ["the file is empty"]),
                (image.stm32_image(bytes(5000)), ["5256 bytes", "room for 4096"])):
            for where in ("fsbl", "fsbl1", "2"):
                with self.subTest(words=words, where=where):
                    self.refused(where, data, words)
        self.refused("fsbl1", image.stm32_image(bytes(5000)), ["room for 4096"], "--force")

    def test_room_to_the_last_byte(self):
        full = image.stm32_image(bytes(ROOM - 256))
        self.refused("fsbl", full + b"x", [f"{ROOM + 1} bytes", f"room for {ROOM}"])
        said = self.write("fsbl", "spl.stm32", full)
        self.assertEqual(said["notes"], [])
        self.assertEqual(self.part(FSBL1, 2 * ROOM), 2 * full)

    def test_forced_content(self):
        said = self.write("fsbl2", "u-boot.bin", b"no header" * 100, "--force")
        self.assertEqual(said["boot_after"]["verdict"], "warning")


class Second(Case):
    """What the first stage loads."""

    def test_spl_takes_a_legacy_image(self):
        old = self.part(SSBL, 64 << 10)
        size = 64 + struct.unpack_from(">I", old, 12)[0]
        uboot = bytearray(old[:size])
        uboot[100] ^= 1
        good = image.uimage_mend(bytes(uboot))
        self.assertTrue(self.write("ssbl", "u-boot.img", good)["changed"])
        self.assertEqual(self.part(SSBL, len(good)), good)
        self.refused("ssbl", bytes(uboot[:200]) + b"x" + bytes(uboot[201:]),
                     ["not intact", "uimage."])
        self.refused("3", LOADER, ["legacy image or a FIT", "u-boot.img"])
        self.refused("3", struct.pack("<IIQ", 0xAA640001, 1, 0) + bytes(100), ["is fip"])
        self.refused("ssbl", good + bytes(64 << 10), ["room for 65536"])

    def test_a_tf_a_that_wants_an_stm32_header(self):
        self.card = program.card("tfa-ssbl", self.path("tfa"))
        old = self.read(self.card)[66 * SECTOR:66 * SECTOR + (64 << 10)]
        self.refused("ssbl", b"\x27\x05\x19\x56" + bytes(1000), ["STM32 header", "u-boot.stm32"])
        self.refused("ssbl", old[:1000], ["not intact"])
        changed = bytearray(old)
        changed[3000] ^= 1
        self.assertTrue(self.write("ssbl", "u-boot.stm32", image.stm32_mend(bytes(changed)))["changed"])

    def test_an_unknown_first_stage_takes_any_loader(self):
        with open(self.card, "r+b") as f:
            for at in (FSBL1, FSBL2):
                f.seek(at)
                f.write(bytes(4))
        self.refused("ssbl", b"text\n" * 100, ["a legacy image, a FIT, a FIP or an STM32 header"])
        good = image.stm32_image(bytes(3000), load=0xC0100000, entry=0xC0100000)
        self.write("ssbl", "u-boot.stm32", good, "-n")


class Filesystem(Case):
    """The root file system, and whatever else."""

    def new_root(self, size=768 << 10):
        """A file system with the same files."""
        part = self.path("part")
        with open(part, "wb") as f:
            f.write(self.before[ROOTFS:ROOTFS + (768 << 10)])
        tree = self.path("tree")
        os.mkdir(tree)
        tools.run("debugfs", "-R", f"rdump / {tree}", part)
        root = self.path("root.ext4")
        tools.make_ext4(root, tree, size, "-O", "^has_journal", "-b", "1024")
        return root

    def test_an_ext4_goes_into_the_root_partition(self):
        root = self.new_root()
        said = self.edit("part", "write", self.card, "rootfs", root)
        self.assertEqual(said["boot_after"], {"verdict": "ok", "stops_at": None})
        self.agrees(said)
        self.assertEqual(self.part(ROOTFS, 768 << 10), self.read(root))

    def test_holes_are_zeros(self):
        root = self.new_root()
        data = bytearray(self.read(root))
        hole = bytes(data).find(bytes(64 << 10))
        self.assertGreater(hole, 0)
        with open(self.card, "r+b") as f:
            f.seek(ROOTFS + hole)
            f.write(b"x" * 70000)
        tools.run("fallocate", "--dig-holes", root)
        self.edit("part", "write", self.card, "rootfs", root)
        self.assertEqual(self.part(ROOTFS, 768 << 10), bytes(data))

    def test_standard_input(self):
        root = self.new_root()
        for name, how in (("a pipe", {"input": self.read(root)}), ("a file", {})):
            with self.subTest(name), open(root, "rb") as f:
                with open(self.card, "wb") as card:
                    card.write(self.before)
                done = subprocess.run(
                    [program.stmboot, "part", "write", self.card, "rootfs", "-"],
                    env=dict(os.environ, STMBOOT_STATE_DIR=program.state_directory()),
                    stdout=subprocess.PIPE, check=True, **(how or {"stdin": f}))
                self.assertTrue(done.stdout.endswith(b"boots\n"))
                self.assertEqual(self.part(ROOTFS, 768 << 10), self.read(root))

    def test_what_does_not_belong_there(self):
        root = self.read(self.new_root(700 << 10))
        self.refused("rootfs", root[:500 << 10], ["cut short", "716800 bytes"])
        self.refused("4", LOADER, ["an ext4 file system", "extlinux.conf"])
        self.refused("4", b"\x1f\x8b\x08" + bytes(1000), ["is gzip", "not compressed"])
        said = self.write("4", "file", LOADER, "-n", "-f")
        self.assertEqual(said["boot_after"]["stops_at"], "extlinux")

    def test_places(self):
        for where, words in (("9", "no partition '9'"), ("boot", "no partition 'boot'")):
            self.refused(where, b"x", [words])
        said = self.edit("part", "write", self.card, "4", self.path("none"), status=2)
        self.assertIn("No such file", said["message"])
        said = self.edit("part", "write", self.card, "4", self.directory, status=2)
        self.card = program.card("bare-stm32", self.path("bare"))
        self.refused("0", LOADER, ["no partitions"])

    def test_an_overlapping_partition(self):
        with open(self.card, "r+b") as f:
            table = image.Gpt.read(f)
            table.entries[3]["last"] += 20
            table.write(f)
        uboot = self.before[SSBL:SSBL + (64 << 10)]
        changed = uboot[:-1] + b"x"
        self.write("3", "ok", changed)
        self.refused("3", changed + bytes(5000), ["reaches into partition 4"])

    def test_a_dry_run_and_an_output(self):
        root, copy = self.new_root(), self.path("copy")
        self.edit("part", "write", self.card, "rootfs", root, "-n")
        self.assertEqual(self.read(self.card), self.before)
        self.edit("part", "write", self.card, "rootfs", root, "-o", copy)
        self.assertEqual(self.read(self.card), self.before)
        self.assertEqual(self.part(ROOTFS, 768 << 10, copy), self.read(root))


class Large(Case):
    """More than fits the memory of an edit, or an undo record."""

    SIZE = 72 << 20

    def setUp(self):
        super().setUp()
        with open(self.card, "r+b") as f:
            table = image.Gpt.read(f)
            f.truncate(self.SIZE + (4 << 20))
            table.sectors = (self.SIZE + (4 << 20)) // SECTOR
            table.add(5, "data", 4096, self.SIZE // SECTOR, "9a127000-0000-4000-8000-000000000005")
            table.write(f)
        self.data = self.path("data")
        with open(self.data, "wb") as f:
            for _ in range(self.SIZE >> 20):
                f.write(b"0123456789abcdef" * (1 << 16))

    def content(self):
        """The partition equals the file."""
        return subprocess.run(["cmp", "-s", "-n", str(self.SIZE), "-i", f"{4096 * SECTOR}:0",
                               self.card, self.data], check=False).returncode == 0

    def test_it_is_written_as_a_whole(self):
        said = self.edit("part", "write", self.card, "data", self.data)
        self.assertEqual(sum(w["length"] for w in said["writes"]), self.SIZE)
        self.assertTrue(self.content())
        done = self.edit("undo", self.card, status=2)
        self.assertIn("no edit to take back", done["message"])

    def test_it_is_handed_over_in_a_file_and_not_in_memory(self):
        done = program.run("part", "write", self.card, "data", self.data,
                           env={"TMPDIR": self.path("nowhere")})
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"could not make a temporary file", done.stderr)
        done = program.run("set-bootargs", self.card, "quiet", env={"TMPDIR": self.path("nowhere")})
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_it_is_seen_and_finished_after_an_interruption(self):
        env = dict(tools.surroundings(), STMBOOT_STATE_DIR=program.state_directory())
        try:
            subprocess.run(
                ["strace", "-f", "-o", os.devnull, "-P", self.card, "-e", "trace=pwrite64",
                 "-e", "inject=pwrite64:signal=KILL:when=500", program.stmboot, "part", "write",
                 self.card, "data", self.data], env=env, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, check=False)
        except FileNotFoundError:
            self.skipTest("strace is not installed")
        self.assertTrue(os.path.exists(self.card + ".stmboot-journal"))
        self.assertFalse(self.content())
        self.assertEqual(program.inspect(self.card)["image"]["state"], "interrupted")
        copy = self.path("copy")
        self.edit("recover", self.card, "-o", copy)
        said = json.loads(program.run("recover", "--json", self.card).stdout)
        self.assertEqual(said["state"], "done")
        self.assertTrue(self.content())
        self.assertEqual(subprocess.run(["cmp", self.card, copy], check=False).returncode, 0)


if __name__ == "__main__":
    program.main()
