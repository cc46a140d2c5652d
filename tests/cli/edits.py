#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Edits of what boots: set-bootargs, extlinux, undo and recover.

usage: edits.py STMBOOT [TEST...]
"""

import gzip
import json
import os
import subprocess
import tempfile
import unittest

import program

CONFIG = """\
# written by hand
default one

label one
\tkernel /boot/zImage
\tdevicetree /boot/stm32mp157c-dk2.dtb
\tappend root=/dev/mmcblk0p4 rootwait  # console

label two
\tkernel /boot/zImage
\tdevicetree /boot/stm32mp157c-dk2.dtb
"""
PLACE = "/boot/extlinux/extlinux.conf"


class Case(unittest.TestCase):
    """A card of its own for each test."""

    config = CONFIG

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.card = program.configured(self.path("card.img"), self.config)
        self.before = self.read(self.card)

    def path(self, name):
        """A path in the directory of the test."""
        return os.path.join(self.directory, name)

    @staticmethod
    def read(path):
        """All bytes of a file."""
        with open(path, "rb") as f:
            return f.read()

    def edit(self, *arguments, status=0, json_too=True):
        """Run an editing command; what --json says."""
        done = program.run(*(["--json"] if json_too else []), *arguments)
        self.assertEqual(done.returncode, status, done.stderr.decode())
        if not json_too:
            return done
        said = json.loads(done.stdout)
        schema = "edit" if status == 0 else "error"
        errors = [e.message for e in program.schema(schema).iter_errors(said)]
        self.assertEqual(errors, [])
        return said

    def config_of(self, path=None, offset=178 * 512):
        """The configuration as debugfs reads it, from a sound file system."""
        part = self.path("part")
        with open(part, "wb") as f:
            f.write(self.read(path or self.card)[offset:])
        program.tools.run("e2fsck", "-fn", part)
        return program.tools.run("debugfs", "-R", "cat " + PLACE, part).decode()

    def changed(self, path=None):
        """The sectors that differ from the card as it was made."""
        after = self.read(path or self.card)
        self.assertEqual(len(after), len(self.before))
        return {at for at in range(0, len(after), 512)
                if after[at:at + 512] != self.before[at:at + 512]}

    def agrees(self, said):
        """Nothing but what was planned differs, and all of that does."""
        planned = {at for w in said["writes"]
                   for at in range(w["offset"], w["offset"] + w["length"], 512)}
        self.assertEqual(self.changed(), planned)


class SetBootargs(Case):
    """set-bootargs."""

    def test_a_word_is_added_and_nothing_else_changes(self):
        said = self.edit("set-bootargs", self.card, "quiet", "root=/dev/mmcblk0p4")
        self.assertEqual((said["changed"], said["written"], said["state"]), (True, True, "done"))
        self.assertEqual(said["changes"],
                         [{"what": "append of label one",
                           "before": "root=/dev/mmcblk0p4 rootwait  # console",
                           "after": "root=/dev/mmcblk0p4 rootwait  # console quiet"}])
        self.agrees(said)
        self.assertEqual(self.config_of(), CONFIG.replace("# console", "# console quiet"))
        said = self.edit("undo", self.card)
        self.assertEqual((said["changed"], said["state"]), (True, "done"))
        self.assertEqual(self.read(self.card), self.before)
        said = self.edit("undo", self.card, status=2)
        self.assertEqual(said["state"], "unchanged")

    def test_what_changes_nothing_writes_nothing(self):
        os.chmod(self.card, 0o444)
        stat = os.stat(self.card)
        said = self.edit("set-bootargs", self.card, "rootwait", "--remove", "quiet", "--dry-run")
        self.assertEqual((said["changed"], said["written"], said["state"]),
                         (False, False, "unchanged"))
        os.chmod(self.card, 0o644)
        said = self.edit("set-bootargs", self.card, "rootwait")
        self.assertEqual((said["changed"], said["written"], said["writes"]), (False, False, []))
        self.assertEqual(os.stat(self.card).st_mtime_ns, stat.st_mtime_ns)
        self.assertEqual(self.read(self.card), self.before)

    def test_a_dry_run_shows_what_the_edit_writes(self):
        would = self.edit("set-bootargs", self.card, "-n", "quiet")
        self.assertEqual(self.read(self.card), self.before)
        self.assertEqual((would["changed"], would["written"], would["state"]),
                         (True, False, "unchanged"))
        did = self.edit("set-bootargs", self.card, "quiet")
        for key in ("changes", "writes", "boot_before", "boot_after", "findings"):
            self.assertEqual(would[key], did[key])

    def test_an_output_leaves_the_image_alone(self):
        copy = self.path("copy.img")
        for name in ("-o" + copy, "--output=" + copy):
            said = self.edit("set-bootargs", self.card, "quiet", name)
            self.assertTrue(said["written"])
            self.assertEqual(self.read(self.card), self.before)
            self.assertIn("# console quiet\n", self.config_of(copy))
        said = self.edit("set-bootargs", self.card, "rootwait", "-o", copy)
        self.assertFalse(said["changed"])
        self.assertEqual(self.read(copy), self.before)

    def test_an_edit_that_adds_an_error_is_refused_unless_forced(self):
        said = self.edit("set-bootargs", self.card, "root=/dev/mmcblk0p9", status=2)
        self.assertIn("rootfs.", said["message"])
        self.assertIn("--force", said["hint"])
        self.assertEqual(said["state"], "unchanged")
        self.edit("set-bootargs", self.card, "root=/dev/mmcblk0p9", "-n", status=2)
        self.assertEqual(self.read(self.card), self.before)
        said = self.edit("set-bootargs", self.card, "root=/dev/mmcblk0p9", "-f")
        self.assertEqual((said["boot_before"], said["boot_after"]["stops_at"]),
                         ({"verdict": "ok", "stops_at": None}, "rootfs"))
        self.agrees(said)
        # What is broken already may be changed, and an undo asks for no force.
        self.edit("set-bootargs", self.card, "quiet")
        self.edit("undo", self.card)
        self.edit("undo", self.card)
        self.assertEqual(self.read(self.card), self.before)

    def test_another_label_and_all_labels(self):
        self.edit("set-bootargs", self.card, "--label", "two", "root=/dev/mmcblk0p4")
        self.assertTrue(self.config_of().endswith(".dtb\n\tappend root=/dev/mmcblk0p4\n"))
        said = self.edit("set-bootargs", self.card, "--all-labels", "quiet", "--remove=rootwait")
        self.assertEqual([c["after"] for c in said["changes"]],
                         ["root=/dev/mmcblk0p4  # console quiet", "root=/dev/mmcblk0p4 quiet"])

    def test_add_remove_and_replace(self):
        for arguments, line in (
                (["--add", "root=x", "--add=root=y", "-f"],
                 "root=/dev/mmcblk0p4 rootwait  # console root=x root=y"),
                (["--remove", "root", "--remove=#", "-f"], "rootwait console"),
                (["--replace", "a=b c", "d", "-f"], 'a="b c" d'),
                (["x=${y}", "--", "-z"], 'a="b c" d x=${y} -z')):
            with self.subTest(arguments):
                self.edit("set-bootargs", self.card, *arguments)
                done = program.run("get-bootargs", "--raw", self.card)
                self.assertEqual(done.stdout.decode(), line + "\n")

    def test_what_may_be_misspelt_is_noted_and_written(self):
        said = self.edit("set-bootargs", self.card, "consle=ttySTM0", "quiet", "nosmt",
                         "--add", "roottt=1")
        self.assertEqual(said["notes"], ["'consle' may be a misspelt 'console'",
                                         "'roottt' may be a misspelt 'root'"])
        self.assertIn("consle=ttySTM0 quiet nosmt roottt=1", said["changes"][0]["after"])
        done = program.run("set-bootargs", "-n", "--all-labels", self.card, "quite")
        self.assertEqual(done.stdout.count(b"note: 'quite' may be a misspelt 'quiet'"), 1)
        self.assertEqual(done.stderr, b"")

    def test_what_cannot_be_is_refused_in_one_line(self):
        for arguments, word in (
                (["a\nb"], "control character"), (["a=\x1b"], "control character"), (["a b"], "blank"),
                ([""], "no key"), (["x=" + "y" * 1000], "1023"), (["initrd=/x"], "crash"),
                (["--label=three", "a"], "'three'"), (["--remove=a=b"], "not a key"),
                ([], "needs ARG"), (["--replace"], "needs ARG"),
                (["--label=one", "--all-labels", "a"], "exclude")):
            with self.subTest(arguments):
                done = self.edit("set-bootargs", self.card, *arguments, status=2, json_too=False)
                self.assertRegex(done.stderr.decode(), r"\Astmboot: [^\n\x1b]+\n\Z")
                self.assertIn(word, done.stderr.decode())
                self.edit("set-bootargs", self.card, *arguments, status=2)
        self.assertEqual(self.read(self.card), self.before)

    def test_a_line_that_outgrows_its_block(self):
        for size in (300, 600, 900):
            self.edit("set-bootargs", self.card, "--label=two", "fill=" + "x" * size)
            self.edit("set-bootargs", self.card, "fill=" + "y" * size)
            self.assertIn("y" * size, self.config_of())
        for _ in range(6):
            self.edit("undo", self.card)
        self.assertEqual(self.read(self.card), self.before)

    def test_a_compressed_image_needs_an_output(self):
        packed, copy = self.path("card.img.gz"), self.path("copy.img")
        with gzip.open(packed, "wb") as f:
            f.write(self.before)
        said = self.edit("set-bootargs", packed, "quiet", status=2)
        self.assertIn("--output", said["hint"])
        self.edit("set-bootargs", packed, "quiet", "-o", copy)
        self.assertIn("# console quiet\n", self.config_of(copy))

    def test_a_bare_file_system(self):
        part = self.path("rootfs.ext4")
        with open(part, "wb") as f:
            f.write(self.before[178 * 512:178 * 512 + (768 << 10)])
        self.edit("set-bootargs", part, "quiet")
        self.assertIn("# console quiet\n", self.config_of(part, 0))

    def test_an_image_that_may_not_be_written_is_left_alone(self):
        os.chmod(self.card, 0o444)
        # Root may write everything, unless that is taken from it.
        under = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
        done = program.run("set-bootargs", self.card, "quiet", under=under)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"Permission denied", done.stderr)
        self.assertEqual(self.read(self.card), self.before)

    def test_text_says_what_was_done(self):
        done = self.edit("set-bootargs", self.card, "quiet", json_too=False)
        lines = done.stdout.decode().splitlines()
        self.assertEqual(lines[:3], ["append of label one",
                                     "  - root=/dev/mmcblk0p4 rootwait  # console",
                                     "  + root=/dev/mmcblk0p4 rootwait  # console quiet"])
        self.assertEqual(lines[-1], "boots")
        done = self.edit("set-bootargs", self.card, "quiet", json_too=False)
        self.assertEqual(done.stdout, b"nothing to change\n")
        done = self.edit("set-bootargs", self.card, "a", "-q", json_too=False)
        self.assertEqual(done.stdout, b"")
        done = self.edit("set-bootargs", self.card, "init=/x", "-f", json_too=False)
        self.assertIn(b"new error[init.", done.stdout)


class Extlinux(Case):
    """extlinux."""

    def show(self):
        """What show --json says, by its schema."""
        said = json.loads(program.run("extlinux", "show", "--json", self.card).stdout)
        self.assertEqual([e.message for e in program.schema("extlinux").iter_errors(said)], [])
        return said

    def test_show(self):
        said = self.show()
        self.assertEqual((said["default"], said["label"], said["outcome"], said["wait"]),
                         ("one", "one", "read", "none"))
        self.assertEqual([label["name"] for label in said["labels"]], ["one", "two"])
        self.assertEqual(said["labels"][1]["fdt"], "/boot/stm32mp157c-dk2.dtb")
        text = program.run("extlinux", "show", self.card).stdout.decode()
        self.assertIn("label one  (taken)\n  kernel /boot/zImage\n", text)

    def test_set_and_remove_a_key(self):
        said = self.edit("extlinux", "set", self.card, "two", "append", "root=/dev/mmcblk0p4")
        self.agrees(said)
        self.assertEqual(self.config_of(), CONFIG + "\tappend root=/dev/mmcblk0p4\n")
        self.edit("extlinux", "remove", self.card, "two", "append")
        self.assertEqual(self.config_of(), CONFIG)

    def test_add_default_and_remove_a_label(self):
        self.edit("extlinux", "add", self.card, "three", "kernel=/boot/zImage",
                  "fdt=/boot/stm32mp157c-dk2.dtb", "append=root=/dev/mmcblk0p4")
        self.assertEqual(self.config_of(), CONFIG + "\nlabel three\n\tkernel /boot/zImage\n"
                         "\tfdt /boot/stm32mp157c-dk2.dtb\n\tappend root=/dev/mmcblk0p4\n")
        said = self.edit("extlinux", "default", self.card, "three")
        self.assertEqual(said["changes"], [{"what": "default", "before": "one", "after": "three"}])
        self.assertEqual(self.show()["label"], "three")
        self.edit("extlinux", "default", self.card, "one")
        self.edit("extlinux", "remove", self.card, "three")
        self.assertEqual(self.config_of(), CONFIG)

    def test_timeout(self):
        for text, tenths in (("5s", 50), ("2.5s", 25), ("0s", 0), ("100s", 1000)):
            self.edit("extlinux", "timeout", self.card, text)
            self.assertEqual(self.show()["timeout_tenths"], tenths)
        self.assertIn("default one\ntimeout 1000\n", self.config_of())

    def test_what_cannot_be_is_refused(self):
        for arguments, word in (
                (["set", self.card, "one", "kernle", "/x"], "kernle"),
                (["set", self.card, "one", "kernel", "/missing"], "would add an error"),
                (["set", self.card, "one", "kernel"], "VALUE"),
                (["remove", self.card, "three"], "'three'"),
                (["remove", self.card, "one", "kernel"], "error"),
                (["add", self.card, "one", "kernel=/x"], "already"),
                (["add", self.card, "three", "kernel"], "KEY=VALUE"),
                (["timeout", self.card, "5"], "5s"), (["timeout", self.card, "-1s"], "-1s"),
                (["frob", self.card], "extlinux frob"), ([], "'extlinux'")):
            with self.subTest(arguments):
                done = self.edit("extlinux", *arguments, status=2, json_too=False)
                self.assertRegex(done.stderr.decode(), r"\Astmboot: [^\n]+\n\Z")
                self.assertIn(word, done.stderr.decode())
        self.assertEqual(self.read(self.card), self.before)


class Undo(Case):
    """undo --list and recover."""

    def test_edits_are_listed_the_last_one_first(self):
        for word in ("first", "second"):
            self.edit("set-bootargs", self.card, word)
        done = program.run("undo", "--list", "--json", self.card,
                           env={"SOURCE_DATE_EPOCH": "1700000000"})
        said = json.loads(done.stdout)
        self.assertEqual([e.message for e in program.schema("undos").iter_errors(said)], [])
        self.assertEqual([word in edit["summary"] for edit in said["edits"]
                          for word in ("first", "second")], [True, True, True, False])
        lines = program.run("undo", "--list", self.card).stdout.decode().splitlines()
        self.assertEqual(len(lines), 2)

    def test_an_undo_is_refused_where_the_image_changed_since(self):
        said = self.edit("set-bootargs", self.card, "first")
        with open(self.card, "r+b") as f:
            f.seek(said["writes"][0]["offset"])
            f.write(b"changed")
        after = self.read(self.card)
        self.edit("undo", self.card, status=2)
        self.assertEqual(self.read(self.card), after)

    def test_a_dry_run_takes_nothing_back(self):
        self.edit("set-bootargs", self.card, "first")
        after = self.read(self.card)
        self.assertTrue(self.edit("undo", "-n", self.card)["changed"])
        self.assertEqual(self.read(self.card), after)

    def test_an_undo_brings_an_error_back_and_tells_of_it(self):
        self.edit("set-bootargs", self.card, "init=/x", "-f")
        broken = self.read(self.card)
        self.edit("set-bootargs", self.card, "--remove=init")
        said = self.edit("undo", self.card)
        self.assertEqual(said["boot_after"]["stops_at"], "init")
        self.assertTrue([finding for finding in said["findings"] if finding["code"].startswith("init.")])
        self.assertEqual(self.read(self.card), broken)
        self.edit("undo", self.card)
        self.assertEqual(self.read(self.card), self.before)

    def test_an_interrupted_edit_is_seen_finished_and_recovered(self):
        # A log that is complete, of an edit that was stopped before it wrote the image.
        self.edit("set-bootargs", self.card, "quiet")
        after = self.read(self.card)
        self.edit("undo", self.card)
        if not self.interrupt("set-bootargs", self.card, "quiet"):
            self.skipTest("strace cannot inject a signal here")
        self.assertEqual(self.read(self.card), self.before)
        self.assertEqual(program.inspect(self.card)["image"]["state"], "interrupted")
        done = program.run("get-bootargs", self.card, "quiet")
        self.assertEqual((done.returncode, done.stdout), (0, b"\n"))
        copy = self.path("copy")
        self.assertTrue(self.edit("recover", self.card, "-n")["changed"])
        self.assertTrue(self.edit("recover", self.card, "-o", copy)["written"])
        self.assertEqual((self.read(self.card), self.read(copy)), (self.before, after))
        said = self.edit("recover", self.card)
        self.assertEqual((said["changed"], said["state"]), (True, "done"))
        self.assertEqual(self.read(self.card), after)
        self.assertEqual(program.inspect(self.card)["image"]["state"], "clean")
        self.edit("undo", self.card)
        self.assertEqual(self.read(self.card), self.before)

    def interrupt(self, *arguments):
        """Kill an edit at its first write to the image; false where that cannot be done."""
        env = dict(program.tools.surroundings(), STMBOOT_STATE_DIR=program.state_directory())
        try:
            done = subprocess.run(
                ["strace", "-f", "-o", os.devnull, "-P", self.card, "-e", "trace=pwrite64",
                 "-e", "inject=pwrite64:signal=KILL:when=1", program.stmboot, *arguments],
                env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        except FileNotFoundError:
            return False
        return os.path.exists(self.card + ".stmboot-journal") and done.returncode != 0

    def test_nothing_to_recover(self):
        said = self.edit("recover", self.card)
        self.assertEqual((said["changed"], said["state"]), (False, "unchanged"))
        done = self.edit("recover", self.card, json_too=False)
        self.assertEqual(done.stdout, b"no edit was interrupted\n")
        self.edit("recover", self.path("missing"), status=2)


class Included(Case):
    """A label in an included file is changed there."""

    config = "include more.conf\ndefault one\n# c\n"

    def setUp(self):
        super().setUp()
        more = self.path("more.conf")
        with open(more, "w", encoding="utf-8") as f:
            f.write(CONFIG.replace("default one\n", ""))
        part = self.path("part")
        with open(part, "wb") as f:
            f.write(self.before[178 * 512:])
        program.tools.run("debugfs", "-w", "-R", f"write {more} /boot/extlinux/more.conf", part)
        with open(self.card, "r+b") as f:
            f.seek(178 * 512)
            f.write(self.read(part)[:768 << 10])
        self.before = self.read(self.card)

    def test_an_argument_is_set_in_the_file_that_has_the_label(self):
        said = self.edit("set-bootargs", self.card, "quiet")
        self.agrees(said)
        self.assertEqual(self.config_of(), self.config)
        self.assertIn(b"# console quiet\n", program.tools.run(
            "debugfs", "-R", "cat /boot/extlinux/more.conf", self.path("part")))
        self.edit("undo", self.card)
        self.assertEqual(self.read(self.card), self.before)

    def test_all_labels_are_those_of_the_file_that_has_them(self):
        self.agrees(self.edit("set-bootargs", self.card, "--all-labels", "quiet"))
        self.assertEqual(self.config_of(), self.config)
        more = program.tools.run("debugfs", "-R", "cat /boot/extlinux/more.conf", self.path("part"))
        self.assertEqual(more.decode().count(" quiet"), CONFIG.count("label "))


class WithoutLabels(Case):
    """What U-Boot reads without finding a label."""

    config = "default one\nlable one\n\tkernel /boot/zImage\n"

    def test_there_is_no_label_to_change(self):
        for arguments in [], ["--all-labels"], ["--label=one"]:
            with self.subTest(arguments):
                said = self.edit("set-bootargs", self.card, *arguments, "quiet", status=2)
                self.assertIn("label", said["message"])


if __name__ == "__main__":
    program.main()
