#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Partition tables: gpt show, repair and set, judged by sgdisk and sfdisk.

usage: tables.py STMBOOT [TEST...]
"""

import json
import os
import re
import sys
import unittest
import uuid

import edits
import program

sys.path[1:1] = [os.path.join(program.TOP, "tests", name) for name in ("cards", "rules")]

import image  # noqa: E402
import small  # noqa: E402

SECTOR = 512
GUID = "9a127000-0000-4000-8000-00000000000"  # and the number of the partition
ROOTFS = 178 * SECTOR
CONFIG = f"""\
default one

label one
\tkernel /boot/zImage
\tdevicetree /boot/stm32mp157c-dk2.dtb
\tappend root=PARTUUID={GUID}4 rootwait

label two
\tkernel /boot/zImage
\tdevicetree /boot/stm32mp157c-dk2.dtb
\tappend ro  root=PARTUUID={(GUID + "1").upper()}/PARTNROFF=3 resume=PARTUUID={GUID}2 # end

label three
\tkernel /boot/zImage
\tdevicetree /boot/stm32mp157c-dk2.dtb
\tappend root=/dev/disk/by-partuuid/{GUID}4 initrd=/x y="PARTLABEL=rootfs" root=/dev/mmcblk0p4

label four
\tkernel /boot/zImage
\tdevicetree /boot/stm32mp157c-dk2.dtb
"""


class Table(edits.Case):
    """A card whose labels name its partitions in every way."""

    config = CONFIG

    def judge(self, path=None):
        """The tools that know tables best find nothing; they exit with 0 whatever they find."""
        path = path or self.card
        self.assertIn(b"No problems found", program.tools.run("sgdisk", "-v", path))
        self.assertIn(b"No errors detected", program.tools.run("sfdisk", "--verify", path))

    def poke(self, at, data):
        """Overwrite bytes of the card."""
        with open(self.card, "r+b") as f:
            f.seek(at)
            f.write(data)

    def copies(self):
        """Both copies as the test support decodes them."""
        with open(self.card, "rb") as f:
            return image.Gpt.read(f).entries

    def refused(self, *arguments, words):
        """The command says why not, in one line, and changes nothing."""
        before = self.read(self.card)
        done = program.run(*arguments)
        self.assertEqual(done.returncode, 2, done.stdout.decode())
        self.assertRegex(done.stderr.decode(), r"\Astmboot: [^\n]+\n\Z")
        for word in words if isinstance(words, list) else [words]:
            self.assertIn(word, done.stderr.decode())
        self.assertEqual(self.read(self.card), before)


class Show(Table):
    """gpt show."""

    def show(self, path):
        """What --json says, by its schema."""
        done = program.run("gpt", "show", "--json", path)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        said = json.loads(done.stdout)
        self.assertEqual([e.message for e in program.schema("gpt").iter_errors(said)], [])
        return said

    def test_both_copies_and_what_each_reader_sees(self):
        said = self.show(self.card)
        self.assertEqual([said[which]["state"] for which in ("primary", "backup")], ["ok", "ok"])
        self.assertEqual(said["primary"]["partitions"], said["backup"]["partitions"])
        self.assertEqual([r["partitions"] for r in said["readers"]], [[1, 2, 3, 4]] * 4)
        self.assertEqual(said["partitions"][3]["attributes"], ["bootable"])
        text = program.run("gpt", "show", self.card).stdout.decode()
        self.assertIn("\n  state         ok                                      ok\n", text)
        self.assertIn("\n  linux   sees 4 by the primary\n", text)

    def test_damaged_tables(self):
        self.poke(SECTOR + 56, b"\xff")
        said = self.show(self.card)
        self.assertEqual((said["primary"]["state"], said["primary"]["defect"]),
                         ("bad", "header checksum"))
        self.assertEqual([r["copy"] for r in said["readers"]], [None, "backup", "backup", None])
        text = program.run("gpt", "show", self.card).stdout.decode()
        self.assertIn("\n  linux   sees none: the primary GPT fails its checks\n", text)
        self.poke(SECTOR, bytes(SECTOR))
        self.assertEqual(self.show(self.card)["primary"]["state"], "missing")

    def test_other_cards(self):
        for name in ("emmc", "tfa-ssbl", "bigger-card", "hostile-names", "cut-short"):
            with self.subTest(name):
                card = program.card(name, self.path(name))
                said = self.show(card)
                text = program.run("gpt", "show", "-v", card).stdout.decode()
                self.assertNotRegex(text, "[\x00-\x09\x0b-\x1f\x7f-\x9f]")
                self.assertEqual(said["backup"]["state"] == "misplaced", name == "bigger-card")
                self.assertEqual(said["readers"][1]["reader"],
                                 "tf-a" if name == "tfa-ssbl" else "spl")
                self.assertEqual(said["readers"][0]["copy"], None if name == "emmc" else
                                 "primary")

    def test_an_mbr_and_no_table(self):
        card = self.path("mbr")
        with open(card, "wb") as f:
            f.truncate(4 << 20)
        program.tools.run("sfdisk", card, data=b"label: dos\nstart=2048, type=83, bootable\n")
        said = self.show(card)
        self.assertEqual((said["type"], said["partitions"][0]["mbr_type"]), ("mbr", 0x83))
        self.assertEqual(said["readers"][3]["copy"], "mbr")
        self.assertIn(b"sees 1 by the MBR", program.run("gpt", "show", card).stdout)
        bare = program.card("bare-stm32", self.path("bare"))
        done = program.run("gpt", "show", bare)
        self.assertEqual((done.returncode, done.stdout), (2, b""))
        self.assertIn(b"no partition table", done.stderr)


class Repair(Table):
    """gpt repair."""

    END = (1 << 20) - SECTOR

    def damages(self):
        """Name, what it does to the card, and which change is told."""
        return [
            ("primary header", lambda: self.poke(SECTOR + 56, b"\xff"), "primary GPT"),
            ("primary entries", lambda: self.poke(2 * SECTOR + 56, b"\xff"), "primary GPT"),
            ("primary gone", lambda: self.poke(SECTOR, bytes(33 * SECTOR)), "primary GPT"),
            ("primary elsewhere", lambda: self.poke(SECTOR + 24, b"\2"), "primary GPT"),
            ("primary and MBR gone", lambda: self.poke(0, bytes(34 * SECTOR)), "primary GPT"),
            ("backup header", lambda: self.poke(self.END + 56, b"\xff"), "backup GPT"),
            ("backup gone", lambda: self.poke(self.END - 32 * SECTOR, bytes(33 * SECTOR)),
             "backup GPT"),
            ("backup leads to the primary's entries", self.share_entries, "backup GPT"),
            ("primary's entries where the backup's belong", self.put_entries_in_the_way,
             "primary GPT"),
            ("MBR gone", lambda: self.poke(440, bytes(72)), "protective MBR"),
            ("MBR signature gone", lambda: self.poke(510, bytes(2)), "protective MBR"),
            ("MBR without a size", lambda: self.poke(458, b"\xff" * 4), "protective MBR"),
            ("larger card", lambda: self.resize(2 << 20), "backup GPT"),
            ("larger card, primary damaged", self.grow_and_damage, "primary GPT"),
            ("smaller card", self.shrink, "backup GPT"),
            ("stale backup", self.put_stale_backup, "backup GPT"),
        ]

    def resize(self, size):
        """Copy the card to one of another size."""
        with open(self.card, "r+b") as f:
            f.truncate(size)

    def grow_and_damage(self):
        """What is left then is the backup in the middle."""
        self.resize(2 << 20)
        self.poke(2 * SECTOR + 56, b"\xff")

    def shrink(self):
        """To a card that has room for the partitions and a backup, but not for the old one."""
        self.resize(900 << 10)

    def share_entries(self):
        """A valid backup header without entries of its own."""
        header = bytearray(self.read(self.card)[self.END:])
        header[72:80] = (2).to_bytes(8, "little")
        header[16:20] = bytes(4)
        header[16:20] = image.crc(bytes(header[:92])).to_bytes(4, "little")
        self.poke(self.END, bytes(header))

    def put_entries_in_the_way(self):
        """A sound primary whose array reaches into the one of the backup."""
        entries = self.read(self.card)[2 * SECTOR:34 * SECTOR]
        self.poke(1990 * SECTOR, entries)
        header = bytearray(self.read(self.card)[SECTOR:2 * SECTOR])
        header[72:80] = (1990).to_bytes(8, "little")
        header[16:20] = bytes(4)
        header[16:20] = image.crc(bytes(header[:92])).to_bytes(4, "little")
        self.poke(SECTOR, bytes(header))

    def put_stale_backup(self):
        """The backup of an earlier image at the end of a larger card."""
        self.resize(2 << 20)
        old = image.Gpt(4096, str(uuid.UUID(int=1)))
        old.add(1, "old", 34, 100, str(uuid.UUID(int=2)))
        with open(self.card, "r+b") as f:
            f.seek((4096 - 1 - old.array_sectors()) * SECTOR)
            f.write(old.array() + old.header(True))

    def test_every_damage_is_mended(self):
        for name, damage, what in self.damages():
            with self.subTest(name):
                with open(self.card, "wb") as f:
                    f.write(self.before)
                damage()
                damaged = self.read(self.card)
                said = self.edit("gpt", "repair", self.card)
                self.assertIn(what, [change["what"] for change in said["changes"]])
                self.assertEqual(said["boot_after"], {"verdict": "ok", "stops_at": None})
                self.judge()
                entries = self.copies()
                self.assertEqual([(e["name"], e["first"], e["guid"]) for e in entries.values()],
                                 [("fsbl1", 34, GUID + "1"), ("fsbl2", 42, GUID + "2"),
                                  ("ssbl", 50, GUID + "3"), ("rootfs", 178, GUID + "4")])
                after = self.read(self.card)
                said = self.edit("gpt", "repair", self.card)
                self.assertEqual((said["changed"], said["changes"]), (False, []))
                self.assertEqual(self.read(self.card), after)
                self.edit("undo", self.card, "--force")
                self.assertEqual(self.read(self.card), damaged)

    def test_a_larger_card_as_sgdisk_has_it(self):
        for size in (1 << 20) + SECTOR, (1 << 20) + 20 * SECTOR, 2 << 20, 9 << 20:
            self.resize(size)
            other = self.path("other")
            with open(other, "wb") as f:
                f.write(self.read(self.card))
            program.tools.run("sgdisk", "-e", other)
            self.edit("gpt", "repair", self.card)
            self.assertEqual(self.read(self.card), self.read(other), size)

    def test_both_copies_broken(self):
        self.poke(SECTOR + 56, b"\xff")
        self.poke(self.END + 56, b"\xff")
        self.refused("gpt", "repair", self.card, words=["neither copy", "write the complete image"])

    def test_good_copies_that_differ_need_a_choice(self):
        self.poke(2 * SECTOR + 3 * 128 + 56, "data\0\0".encode("utf-16-le"))
        with open(self.card, "r+b") as f:
            image.mend_primary(f)
        self.refused("gpt", "repair", self.card,
                     words=["first at partition 4", "--from=primary", "--from=backup"])
        differing = self.read(self.card)
        for which, name in (("primary", "data"), ("backup", "rootfs")):
            self.edit("gpt", "repair", self.card, "--from", which)
            self.judge()
            self.assertEqual(self.copies()[4]["name"], name)
            self.edit("undo", self.card)
            self.assertEqual(self.read(self.card), differing)

    def test_a_choice_that_would_stop_the_boot(self):
        self.edit("gpt", "set", self.card, "1", "name=boot1", "--force")
        self.edit("gpt", "set", self.card, "2", "name=boot2", "--force")
        bad = self.read(self.card)
        self.poke(SECTOR, self.before[SECTOR:34 * SECTOR])
        self.refused("gpt", "repair", self.card, "--from=backup",
                     words=["would add an error", "fsbl.not-found"])
        self.edit("gpt", "repair", self.card, "--from=backup", "--force")
        self.assertEqual(self.read(self.card), bad)

    def test_a_backup_that_may_be_stale_is_not_taken_by_itself(self):
        self.put_stale_backup()
        self.poke(SECTOR + 24, b"\2")
        self.poke(SECTOR + 32, bytes(8))  # nor is the other backup found
        self.refused("gpt", "repair", self.card, words=["an earlier image", "--from=backup"])
        self.refused("gpt", "repair", self.card, "--from=primary", words="primary GPT is damaged")

    def test_an_image_that_is_cut_short(self):
        self.resize(ROOTFS + (700 << 10))
        self.refused("gpt", "repair", self.card, words=["partition 4 ends", "complete image"])

    def test_no_room_for_the_backup(self):
        self.resize(ROOTFS + (768 << 10) + 10 * SECTOR)
        self.refused("gpt", "repair", self.card, words=["no room for the backup", "truncate -s"])
        hint = program.run("gpt", "repair", self.card).stderr.decode()
        size = int(re.search(r"truncate -s (\d+)", hint).group(1))
        self.resize(size - SECTOR)
        self.refused("gpt", "repair", self.card, words="no room for the backup")
        self.resize(size)
        self.edit("gpt", "repair", self.card)
        self.judge()

    def test_a_hybrid_mbr_is_left_alone(self):
        program.tools.run("sgdisk", "--hybrid", "4:EE", self.card)
        mbr = self.read(self.card)[:SECTOR]
        self.poke(self.END + 56, b"\xff")
        self.edit("gpt", "repair", self.card)
        self.assertEqual(self.read(self.card)[:SECTOR], mbr)

    def test_a_dry_run_and_an_output(self):
        self.resize(2 << 20)
        larger = self.read(self.card)
        said = self.edit("gpt", "repair", self.card, "-n")
        self.assertEqual((said["changed"], said["written"]), (True, False))
        self.edit("gpt", "repair", self.card, "-o", self.path("copy"))
        self.judge(self.path("copy"))
        self.assertEqual(self.read(self.card), larger)

    def test_no_gpt(self):
        card = self.path("mbr")
        with open(card, "wb") as f:
            f.truncate(4 << 20)
        program.tools.run("sfdisk", card, data=b"label: dos\nstart=2048, type=83\n")
        self.card = card
        self.refused("gpt", "repair", card, words=["MBR, not a GPT", "sfdisk"])
        self.refused("gpt", "set", card, "1", "bootable=yes", words="MBR, not a GPT")
        self.card = program.card("bare-stm32", self.path("bare"))
        self.refused("gpt", "repair", self.card, words="no partition table")


class Set(Table):
    """gpt set."""

    def test_every_field(self):
        said = self.edit("gpt", "set", self.card, "ssbl", "name=u-b\u00f6\u00f6t", "type=linux-reserved",
                         "guid=01234567-89AB-CDEF-0123-456789ABCDEF", "required=yes", "bit-48=yes")
        self.assertEqual([(c["what"], c["before"], c["after"]) for c in said["changes"]], [
            ("name of partition 3 (ssbl)", "ssbl", "u-b\u00f6\u00f6t"),
            ("type of partition 3 (ssbl)", "linux", "linux-reserved"),
            ("guid of partition 3 (ssbl)", GUID + "3", "01234567-89ab-cdef-0123-456789abcdef"),
            ("required of partition 3 (ssbl)", "no", "yes"),
            ("bit-48 of partition 3 (ssbl)", "no", "yes")])
        self.agrees(said)
        self.judge()
        entry = self.copies()[3]
        self.assertEqual(entry, {
            "type": "8da63339-0007-60c0-c436-083ac8230908", "first": 50, "last": 177,
            "guid": "01234567-89ab-cdef-0123-456789abcdef", "attributes": 1 | 1 << 48,
            "name": "u-b\u00f6\u00f6t"})
        told = program.tools.run("sgdisk", "-i", "3", self.card).decode()
        self.assertIn("u-b\u00f6\u00f6t", told)
        said = self.edit("gpt", "set", self.card, "3", "required=yes", "bit-48=yes",
                         "name=u-b\u00f6\u00f6t", "type=8DA63339-0007-60C0-C436-083AC8230908")
        self.assertEqual((said["changed"], said["changes"]), (False, []))

    def test_the_command_line_follows_in_every_label(self):
        said = self.edit("gpt", "set", self.card, "4",
                         "guid=fedcba98-7654-3210-fedc-ba9876543210", "name=root")
        self.assertEqual(self.config_of(), CONFIG
                         .replace(GUID + "4", "fedcba98-7654-3210-fedc-ba9876543210")
                         .replace("PARTLABEL=rootfs", "PARTLABEL=root"))
        self.assertEqual(said["boot_after"], {"verdict": "ok", "stops_at": None})
        self.assertEqual([c["what"] for c in said["changes"]],
                         ["name of partition 4 (rootfs)", "guid of partition 4 (rootfs)",
                          "append of label one", "append of label three"])
        self.agrees(said)
        self.judge()
        self.edit("undo", self.card)
        self.assertEqual(self.read(self.card), self.before)

    def test_new_guids(self):
        said = self.edit("gpt", "set", self.card, "--new-guids")
        self.assertEqual(said["boot_after"], {"verdict": "ok", "stops_at": None})
        self.judge()
        self.agrees(said)
        entries = self.copies()
        new = [e["guid"] for e in entries.values()]
        self.assertEqual(len(set(new) | {GUID + str(i) for i in (1, 2, 3, 4)}), 8)
        for guid in new:
            self.assertEqual(uuid.UUID(guid).version, 4)
        self.assertEqual(self.config_of(), CONFIG.replace(GUID + "4", new[3])
                         .replace((GUID + "1").upper(), new[0].upper())
                         .replace(GUID + "2", new[1]))
        disk = re.search(r"Disk identifier \(GUID\): (\S+)", program.tools.run(
            "sgdisk", "-p", self.card).decode()).group(1).lower()
        self.assertNotEqual(disk, "d15c0000-0000-4000-8000-000000000000")
        self.assertEqual(said["changes"][0]["after"], disk)
        self.edit("undo", self.card)
        self.assertEqual(self.read(self.card), self.before)

    def test_what_cannot_be_is_refused(self):
        for arguments, words in (
                (["9", "bootable=yes"], "no partition '9'"),
                (["4", "frob=1"], ["no 'frob'", "bootable"]),
                (["4", "bit-3=yes"], "no 'bit-3'"),
                (["4", "bootable=1"], ["'1'", "yes or no"]),
                (["4", "type=Linux"], ["'Linux'", "fwu-metadata"]),
                (["4", "type=" + str(uuid.UUID(int=0))], "is no type"),
                (["4", "guid=1"], ["'1'", "random"]),
                (["4", "guid=" + GUID + "1"], "partition 1 has the GUID"),
                (["4", "name=" + "x" * 37], "36 characters"),
                (["4", "name=a\nb"], "control characters"),
                (["4", "bootable=no"], ["would add an error", "extlinux.not-found", "--force"]),
                (["4", "bootable"], "KEY=VALUE"),
                (["4"], "KEY=VALUE"), ([], "KEY=VALUE"),
                (["4", "name=x", "--new-guids"], "--new-guids")):
            with self.subTest(arguments):
                self.refused("gpt", "set", self.card, *arguments, words=words)

    def test_force(self):
        said = self.edit("gpt", "set", self.card, "4", "bootable=no", "guid=random", "--force")
        self.assertEqual(said["boot_after"]["stops_at"], "extlinux")
        self.judge()

    def test_a_damaged_table_is_to_be_repaired_first(self):
        self.poke(SECTOR + 56, b"\xff")
        self.refused("gpt", "set", self.card, "4", "bootable=yes",
                     words=["primary GPT is damaged", "gpt repair"])

    def test_a_backup_that_is_not_good_stays_as_it_is(self):
        self.poke(Repair.END + 56, b"\xff")
        damaged = self.read(self.card)[Repair.END - 32 * SECTOR:]
        said = self.edit("gpt", "set", self.card, "3", "name=uboot")
        self.assertEqual(len(said["writes"]), 1)
        self.assertEqual(self.read(self.card)[Repair.END - 32 * SECTOR:], damaged)
        self.edit("gpt", "repair", self.card)
        self.judge()
        self.assertEqual(self.copies()[3]["name"], "uboot")

    def test_a_backup_in_the_middle_is_changed_too(self):
        with open(self.card, "r+b") as f:
            f.truncate(2 << 20)
        self.edit("gpt", "set", self.card, "3", "name=uboot")
        said = json.loads(program.run("gpt", "show", "--json", self.card).stdout)
        self.assertEqual(said["backup"]["state"], "misplaced")
        self.assertEqual(said["backup"]["partitions"], said["primary"]["partitions"])


class Names(Table):
    """Names that the command line uses."""

    config = """\
label one
\tkernel /boot/zImage
\tdevicetree /boot/stm32mp157c-dk2.dtb
\tappend root=PARTLABEL=rootfs rootwait
"""

    def test_the_name_follows(self):
        self.edit("gpt", "set", self.card, "4", "name=sys-root.1")
        self.assertEqual(self.config_of(), self.config.replace("rootfs", "sys-root.1"))

    def test_a_name_that_it_could_not_follow_is_refused(self):
        self.refused("gpt", "set", self.card, "4", "name=my root",
                     words=["could not name it 'my root'", "PARTUUID"])
        self.refused("gpt", "set", self.card, "4", "name=ssbl", words="partition 3 would be found")
        self.edit("gpt", "set", self.card, "3", "name=my ssbl")


class Notes(Table):
    """What names a partition, and does not follow."""

    def put(self, path, text, *commands):
        """Another file on the card, after some commands for debugfs."""
        card = small.SmallCard(self.card, self.path("more"))
        card.debugfs(*commands)
        card.put(path, text)
        os.replace(card.path, self.card)

    def notes(self, *change):
        """What a change of the root file system's entry notes."""
        return self.edit("gpt", "set", self.card, "4", *change, "-n")["notes"]

    def test_fstab(self):
        noted = ["/etc/fstab still names the old one"]
        self.put("/etc/fstab", "", "mkdir /etc")
        for text in (f"PARTUUID={GUID}4 / ext4 defaults 0 1\n", f"PARTUUID={GUID.upper()}4 /",
                     f"proc /proc proc\n\n/dev/disk/by-partuuid/{GUID}4\t/ ext4"):
            self.put("/etc/fstab", text)
            self.assertEqual(self.notes("guid=random"), noted, text)
            self.assertEqual(self.notes("name=other"), [])
        self.put("/etc/fstab", "PARTLABEL=rootfs / ext4\n")
        self.assertEqual(self.notes("name=other"), noted)
        for text in (f"PARTUUID={GUID}3 / ext4\n", "# rootfs\n/dev/mmcblk0p4 / ext4 defaults\n",
                     ""):
            self.put("/etc/fstab", text)
            self.assertEqual(self.notes("guid=random", "name=other"), [], text)

    def test_a_configuration_that_u_boot_does_not_read(self):
        self.put("/boot/extlinux/other.conf", CONFIG)
        self.assertEqual(self.notes("guid=random"), [])
        self.put("/extlinux/extlinux.conf", CONFIG.replace(GUID + "4", GUID + "3"),
                 "mkdir /extlinux")
        self.assertEqual(self.notes("guid=random"),
                         ["/boot/extlinux/extlinux.conf in partition 4 still names the old one"])


if __name__ == "__main__":
    program.main()
