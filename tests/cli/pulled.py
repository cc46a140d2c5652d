#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Cards that were pulled out of a running board: what is said of them, and edits.

usage: pulled.py STMBOOT [TEST...]
"""

import json
import os
import struct
import sys
import tempfile
import unittest

import program

sys.path[1:1] = [os.path.join(program.TOP, "tests", name) for name in ("cards", "rules")]

import damage  # noqa: E402
import journal  # noqa: E402
import small  # noqa: E402
from program import tools  # noqa: E402

CONF = "/boot/extlinux/extlinux.conf"
OLD = """label linux
  kernel /boot/zImage
  fdt /boot/stm32mp157c-dk2.dtb
  append root=/dev/mmcblk0p4 rootwait
"""
NEW = OLD.replace("rootwait", "rootwait console=ttySTM0,115200")
HINT = "boot the card once and shut it down, or run e2fsck on the partition"


def directory(path):
    """Make a directory."""
    return lambda card: card.debugfs(f"mkdir {path}")


def unknown_feature(log):
    """Give a journal a feature that nobody knows."""
    log.head[0x2B] |= 0x40
    log.write_head()


def noted_error(log):
    """Let Linux have noted an error in the journal."""
    struct.pack_into(">i", log.head, 0x20, -5)
    log.write_head()


def target_outside(log):
    """A transaction more, for a block behind the end."""
    log.transaction([(1 << 20, bytes(log.block))])
    log.finish()


class Case(unittest.TestCase):
    """A card of its own for each test, from one that was made once."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.bases = small.Bases(folder.name, {"old": (small.JOURNAL, [damage.put(CONF, OLD)])})

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.directory = folder.name
        self.path = os.path.join(self.directory, "card.img")
        self.log = None

    def pull(self, *steps, torn=False, then=None):
        """Pull the card out of a board that has taken these steps."""
        def keep(log):
            self.log = log
            if then is not None:
                then(log)

        self.card = self.bases.card("old", [small.pulled(*steps, torn=torn, then=keep)], self.path)
        self.before = self.read()

    def read(self, path=None):
        """All bytes of a file."""
        with open(path or self.path, "rb") as f:
            return f.read()

    def run_json(self, *arguments, status=0):
        """What --json says."""
        done = program.run("--json", *arguments)
        self.assertEqual(done.returncode, status, done.stderr.decode())
        return json.loads(done.stdout)

    def refused(self, word, hint, *arguments):
        """An edit is refused for a reason, and leaves the card alone."""
        said = self.run_json(*(arguments or ("set-bootargs", self.path, "quiet")), status=2)
        self.assertIn(word, said["message"])
        self.assertIn(hint, said["hint"])
        self.assertEqual(self.read(), self.before)

    def findings(self):
        """The codes of what is found, with the findings."""
        said = program.inspect(self.path)["findings"]
        return {f["code"]: f for f in said}

    def part(self, path=None):
        """The root file system, which must be in order; its path."""
        part = os.path.join(self.directory, "part")
        with open(part, "wb") as f:
            f.write(self.read(path)[self.card.offset(4):][:self.card.size(4)])
        tools.run("e2fsck", "-fn", part)
        return part

    def config(self, path=None):
        """The configuration as debugfs reads it after an edit."""
        return tools.run("debugfs", "-R", "cat " + CONF, self.part(path)).decode()


class Inspect(Case):
    """What is said of a card."""

    def test_what_u_boot_does_not_see_yet(self):
        self.pull(damage.put(CONF, NEW), damage.remove("/boot/stm32mp157c-dk2.dtb"))
        found = [f for f in program.inspect(self.path)["findings"]
                 if f["code"] == "ext4.views-differ"]
        self.assertEqual([f["path"] for f in found], [CONF, "/boot/stm32mp157c-dk2.dtb"])
        self.assertEqual([f["stage"] for f in found], ["extlinux", "dtb"])
        self.assertIn(f"U-Boot: {len(OLD)} bytes", found[0]["found"])
        self.assertIn(f"{len(NEW)} bytes", found[0]["expected"])
        self.assertIn("no such file", found[1]["expected"])
        # The place is that of the first byte that differs, where U-Boot reads.
        text = self.before.find(OLD.encode())
        self.assertEqual(found[0]["offset"], text + len(os.path.commonprefix([OLD, NEW])))
        self.assertTrue(all(f["hint"] for f in found))
        # U-Boot boots what it finds.
        self.assertEqual(program.run("get-bootargs", self.path).stdout.decode(),
                         "root=/dev/mmcblk0p4 rootwait\n")

    def test_what_only_grew_is_shown_in_the_journal(self):
        self.pull(damage.put(CONF, OLD + "# more\n"))
        at = self.findings()["ext4.views-differ"]["offset"]
        self.assertEqual(self.before[at:at + 7], b"# more\n")
        log = {self.log.place(number) for kind, number in self.log.written if kind == "data"}
        self.assertIn(at - at % 512, {p + i for p in log for i in (0, 512)})

    def test_a_configuration_that_is_only_in_the_journal(self):
        self.pull(directory("/extlinux"), damage.put("/extlinux/extlinux.conf", NEW))
        found = self.findings()["ext4.views-differ"]
        self.assertEqual(found["path"], "/extlinux/extlinux.conf")
        self.assertEqual(found["found"], "U-Boot: no such file")

    def test_linux_is_judged_by_what_it_will_see(self):
        self.pull(damage.remove("/sbin/init"), damage.remove("/bin/sh"))
        found = self.findings()
        self.assertEqual(found["init.not-found"]["severity"], "error")
        self.assertNotIn("ext4.views-differ", found)
        self.assertEqual(found["ext4.needs-recovery"]["severity"], "warning")

    def test_damage_and_its_place(self):
        self.pull(damage.put(CONF, NEW), then=lambda log: log.flip(log.find("data", 0), 9))
        found = self.findings()["ext4.journal-damaged"]
        self.assertEqual((found["severity"], found["stage"], found["partition"]),
                         ("error", "rootfs", 4))
        self.assertEqual(found["offset"], self.log.place(self.log.find("data", 0)))

    def test_a_log_that_was_cut(self):
        self.pull(damage.put(CONF, NEW), torn=True)
        found = self.findings()
        self.assertEqual(found["ext4.journal-cut"]["severity"], "note")
        self.assertEqual(found["ext4.journal-cut"]["offset"],
                         self.log.place(self.log.find("descriptor", -1)))
        self.assertIn("ext4.views-differ", found)

    def test_nothing_is_written(self):
        self.pull(damage.put(CONF, NEW))
        program.run("inspect", self.path)
        program.run("check", self.path)
        self.assertEqual(self.read(), self.before)


class Files(Case):
    """Files, which are read as Linux will see them."""

    def test_a_file_that_is_only_in_the_journal_is_read(self):
        self.pull(damage.put(CONF, NEW), damage.remove("/boot/stm32mp157c-dk2.dtb"))
        done = program.run("fs", "cat", self.path, CONF)
        self.assertEqual((done.stdout.decode(), done.stderr), (NEW, b""))
        self.assertNotIn("dtb", program.run("fs", "ls", self.path, "/boot").stdout.decode())
        self.assertEqual(self.read(), self.before)

    def test_where_it_cannot_be_replayed_that_is_said(self):
        self.pull(damage.put(CONF, NEW), then=unknown_feature)
        done = program.run("fs", "cat", self.path, CONF)
        self.assertEqual((done.stdout.decode(), done.returncode), (OLD, 0))
        self.assertRegex(done.stderr.decode(), r"\Astmboot: [^\n]*: its files are shown without what "
                                               r"the journal holds: [^\n]*; boot the card[^\n]*\n\Z")

    def test_what_linux_would_refuse_is_refused(self):
        self.pull(damage.put(CONF, NEW), then=lambda log: log.flip(log.find("data", 0), 9))
        self.refused("the file system of partition 4 is damaged", "stmboot check",
                     "fs", "cat", self.path, CONF)


class Edit(Case):
    """Edits, which replay the journal first."""

    def test_an_argument_goes_into_what_the_journal_holds(self):
        self.pull(damage.put(CONF, NEW))
        said = self.run_json("set-bootargs", self.path, "quiet")
        self.assertEqual([e.message for e in program.schema("edit").iter_errors(said)], [])
        self.assertEqual((said["changed"], said["written"], said["state"]), (True, True, "done"))
        self.assertEqual(said["changes"][0]["after"],
                         "root=/dev/mmcblk0p4 rootwait console=ttySTM0,115200 quiet")
        self.assertEqual(said["changes"][1]["what"], "journal of partition 4")
        self.assertRegex(said["changes"][1]["after"], r"^replayed, \d+ blocks$")
        self.assertEqual(said["boot_before"]["verdict"], "warning")
        self.assertEqual(said["boot_after"], {"verdict": "ok", "stops_at": None})
        self.assertEqual(self.config(), NEW.replace("115200", "115200 quiet"))
        self.assertEqual(self.findings(), {})
        after = self.read()
        planned = {at for w in said["writes"]
                   for at in range(w["offset"], w["offset"] + w["length"], 512)}
        self.assertEqual({at for at in range(0, len(after), 512)
                          if after[at:at + 512] != self.before[at:at + 512]}, planned)
        self.run_json("undo", self.path)
        self.assertEqual(self.read(), self.before)

    def test_a_device_tree_that_only_the_journal_holds(self):
        board = "/boot/stm32mp157c-dk2.dtb"
        tree = tools.run("dtc", "-q", "-O", "dtb", "-", data=b"""/dts-v1/;
            / { compatible = "st,stm32mp157c-dk2", "st,stm32mp157"; soc { late { }; }; };""")
        for file in ([], ["--file", board]):
            self.pull(damage.put(board, tree))
            self.assertEqual(program.run("dtb", "get", self.path, "/", "model").returncode, 0)
            said = self.run_json("dtb", "set", self.path, "/soc/late", "status", "okay", *file)
            self.assertEqual([c["what"] for c in said["changes"]],
                             [f"status of /soc/late in {board}", "journal of partition 4"])
            blob = tools.run("debugfs", "-R", "cat " + board, self.part())
            self.assertIn(b'status = "okay"', tools.run("dtc", "-q", "-I", "dtb", "-O", "dts",
                                                        "-", data=blob))
            self.assertEqual(self.findings(), {})
            self.run_json("undo", self.path)
            self.assertEqual(self.read(), self.before)

    def test_a_journal_without_files_of_the_boot(self):
        self.pull(damage.put("/note", "written"))
        said = self.run_json("set-bootargs", self.path, "quiet")
        self.assertEqual([c["what"] for c in said["changes"]],
                         ["append of label linux", "journal of partition 4"])
        self.assertEqual(self.config(), OLD.replace("rootwait", "rootwait quiet"))
        self.assertEqual(tools.run("debugfs", "-R", "cat /note", self.part()), b"written")

    def test_an_edit_that_needs_other_blocks(self):
        self.pull(damage.put(CONF, NEW), damage.put("/note", "x" * 5000))
        self.run_json("set-bootargs", self.path, "fill=" + "x" * 900)
        self.assertIn("x" * 900, self.config())
        self.assertEqual(tools.run("debugfs", "-R", "cat /note", self.part()), b"x" * 5000)

    def test_a_configuration_that_is_only_in_the_journal(self):
        self.pull(directory("/extlinux"),
                  damage.put("/extlinux/extlinux.conf", NEW.replace("linux", "first", 1)))
        self.run_json("set-bootargs", self.path, "quiet", "--label", "first")
        self.assertEqual(self.config(), OLD)
        self.assertIn(b"quiet", tools.run("debugfs", "-R", "cat /extlinux/extlinux.conf",
                                          self.part()))

    def test_what_changes_nothing_writes_nothing_unless_u_boot_would_see_it(self):
        self.pull(damage.put("/note", "x"))
        said = self.run_json("set-bootargs", self.path, "rootwait")
        self.assertEqual((said["changed"], said["written"], said["changes"], said["writes"]),
                         (False, False, [], []))
        self.assertEqual(self.read(), self.before)
        self.pull(damage.put(CONF, NEW))
        said = self.run_json("set-bootargs", self.path, "console=ttySTM0,115200")
        self.assertEqual([c["what"] for c in said["changes"]], ["journal of partition 4"])
        self.assertEqual(self.config(), NEW)

    def test_a_dry_run_and_an_output(self):
        self.pull(damage.put(CONF, NEW))
        copy = os.path.join(self.directory, "copy.img")
        would = self.run_json("set-bootargs", self.path, "quiet", "-n")
        self.run_json("set-bootargs", self.path, "quiet", "-o", copy)
        self.assertEqual(self.read(), self.before)
        self.assertEqual(self.config(copy), NEW.replace("115200", "115200 quiet"))
        did = self.run_json("set-bootargs", self.path, "quiet")
        for key in ("changes", "writes", "boot_before", "boot_after", "findings"):
            self.assertEqual(would[key], did[key])
        self.assertEqual(self.read(), self.read(copy))

    def test_a_bare_file_system(self):
        self.pull(damage.put(CONF, NEW))
        part = os.path.join(self.directory, "rootfs.ext4")
        with open(part, "wb") as f:
            f.write(self.before[self.card.offset(4):][:self.card.size(4)])
        said = self.run_json("set-bootargs", part, "quiet")
        self.assertEqual(said["changes"][1]["what"], "journal of partition 0")
        tools.run("e2fsck", "-fn", part)
        self.assertIn(b"115200 quiet", tools.run("debugfs", "-R", "cat " + CONF, part))

    def test_what_cannot_be_replayed_is_refused_with_its_place(self):
        self.pull(damage.put(CONF, NEW), then=lambda log: log.flip(log.find("commit"), 100))
        place = self.log.place(self.log.find("commit"))
        self.refused(f"wrong checksum, at {place:#x}", "e2fsck -f")
        self.pull(damage.put(CONF, NEW), then=unknown_feature)
        self.refused("a feature that is not known", HINT)
        self.pull(damage.put(CONF, NEW), then=target_outside)
        self.refused("outside the file system", "e2fsck -f")

    def test_orphans_and_errors_after_the_replay_are_refused(self):
        self.pull(damage.debugfs("ssv last_orphan 13"))
        self.refused("removed files wait to be released", HINT)
        self.pull(damage.put(CONF, NEW), then=noted_error)
        self.refused("Linux found errors", "e2fsck -f")

    def test_a_journal_that_should_be_empty_is_refused(self):
        self.pull(damage.put(CONF, NEW))
        journal.set_needs_recovery(self.path, self.card.offset(4), False)
        self.before = self.read()
        self.refused("a journal that holds changes", "e2fsck")

    def test_a_name_of_a_partition_is_followed_into_what_the_journal_holds(self):
        guid, other = self.guid_of_rootfs(), "89abcdef-0123-4567-89ab-cdef01234567"
        named = NEW.replace("/dev/mmcblk0p4", "PARTUUID=" + guid)
        self.pull(damage.put(CONF, named))
        said = self.run_json("gpt", "set", self.path, "4", "guid=" + other)
        self.assertIn("journal of partition 4", [c["what"] for c in said["changes"]])
        self.assertEqual(self.config(), named.replace(guid, other))
        self.assertEqual(said["boot_after"]["verdict"], "ok")

    def test_a_partition_that_is_written_needs_no_replay(self):
        self.pull(damage.put(CONF, NEW))
        clean = self.bases.card("old", [], os.path.join(self.directory, "clean.img"))
        data = self.read(clean.path)[clean.offset(4):][:clean.size(4)]
        said = self.run_json("part", "write", self.path, "4", self.file(data))
        self.assertEqual([c["what"] for c in said["changes"]], ["content of partition 4 (rootfs)"])
        self.assertEqual(self.config(), OLD)

    def test_a_repair_of_the_table_leaves_the_journal_alone(self):
        self.pull(damage.put(CONF, NEW))
        pulled = self.before
        with open(self.path, "r+b") as f:
            f.seek(512)
            f.write(bytes(512))
        said = self.run_json("gpt", "repair", self.path)
        self.assertEqual([w["offset"] for w in said["writes"]], [512])
        self.assertEqual(self.read(), pulled)

    def guid_of_rootfs(self):
        """Of the cards as they are made."""
        path = os.path.join(self.directory, "card")
        self.bases.card("old", [], path)
        parts = program.inspect(path)["partitions"]
        return next(p["guid"] for p in parts if p["number"] == 4)

    def file(self, data):
        """A file of the host."""
        path = os.path.join(self.directory, "file")
        with open(path, "wb") as f:
            f.write(data)
        return path


if __name__ == "__main__":
    program.main()
