#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The saved environment: env show and get, on cards and on files that mkenvimage made.

usage: env.py STMBOOT [TEST...]
"""

import json
import os
import sys
import tempfile
import unittest

import program

sys.path[1:1] = [os.path.join(program.TOP, "tests", name) for name in ("cards", "rules")]

import image  # noqa: E402
import recipe  # noqa: E402
import small  # noqa: E402

SSBL = 50 * 512
SIZE = 0x10000
COPY = 0x2000
STOCK = {"bootcmd": "run bootcmd_stm32mp", "bootdelay": "2", "nasty": "\x1b[31mred\nline"}


def words(said):
    """The lines that are not about the copies."""
    return [line for line in said.decode().splitlines() if not line.startswith("#")]


class Env(unittest.TestCase):
    """A card of Debian's U-Boot, which keeps its environment at the end of ssbl."""

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.card = program.card("healthy", os.path.join(self.directory.name, "card"))

    def save(self, copy, variables, flags=1, good=True):
        """Save a copy where U-Boot does."""
        with open(self.card, "r+b") as f:
            f.seek(SSBL + SIZE - (copy + 1) * COPY)
            f.write(image.environment(variables, flags=flags, good=good))

    def file(self, data):
        """A file with these bytes."""
        path = os.path.join(self.directory.name, "file")
        with open(path, "wb") as f:
            f.write(data)
        return path

    def shown(self, path):
        """The object of "env show --json", which follows its schema."""
        done = program.run("env", "show", "--json", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual([e.message for e in program.schema("env").iter_errors(said)], [])
        return said

    def got(self, path, key):
        """The exit status and the object of "env get --json"."""
        done = program.run("env", "get", "--json", path, key)
        said = json.loads(done.stdout)
        errors = [e.message for e in program.schema("env-variable").iter_errors(said)]
        self.assertEqual(errors, [])
        return done.returncode, said["value"]

    def test_of_two_copies_the_later_is_shown(self):
        self.save(0, STOCK, flags=3)
        self.save(1, {"bootcmd": "old"}, flags=2)
        done = program.run("env", "show", self.card)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(words(done.stdout), ["bootcmd=run bootcmd_stm32mp", "bootdelay=2",
                                              r"nasty=\x1b[31mred\nline"])
        self.assertIn("# copy 0 at 0x14400 of the medium, partition 3 (ssbl): CRC", done.stdout.decode())
        self.assertIn("right, flags 3; this one counts", done.stdout.decode())
        said = self.shown(self.card)
        self.assertEqual([copy["counts"] for copy in said["copies"]], [True, False])
        self.assertEqual([copy["offset"] for copy in said["copies"]],
                         [SSBL + SIZE - COPY, SSBL + SIZE - 2 * COPY])
        self.assertEqual({v["name"]: v["value"] for v in said["variables"]}, STOCK)
        self.assertEqual(said["variables"][0]["class"], "boot")

    def test_a_damaged_copy_does_not_count(self):
        self.save(0, STOCK, flags=3, good=False)
        self.save(1, {"bootcmd": "old"}, flags=2)
        said = self.shown(self.card)
        self.assertEqual([copy["state"] for copy in said["copies"]], ["bad", "ok"])
        self.assertEqual(self.got(self.card, "bootcmd"), (0, "old"))
        self.assertEqual(self.got(self.card, "bootdelay"), (1, None))

    def test_what_is_absent_is_said_with_what_was_probably_meant(self):
        self.save(0, STOCK)
        for key, meant in (("bootdely", "did you mean 'bootdelay'? "), ("frob", "")):
            done = program.run("env", "get", self.card, key)
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertEqual(done.stderr.decode(),
                             f"stmboot: {self.card}: no variable '{key}' is saved; {meant}"
                             "'stmboot env show' shows all\n")

    def test_nothing_saved(self):
        done = program.run("env", "show", self.card)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(words(done.stdout), [])
        self.assertIn("# no environment is saved", done.stdout.decode())
        self.assertIn("# copy 1 at 0x12400 of the medium, partition 3 (ssbl): blank",
                      done.stdout.decode())
        self.assertFalse(self.shown(self.card)["saved"])
        done = program.run("env", "get", self.card, "bootcmd")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"no environment is saved", done.stderr)
        for quiet in ("-q", "--json"):
            self.assertEqual(program.run("env", "get", self.card, "bootcmd", quiet).stderr, b"")
        self.assertEqual(self.got(self.card, "bootcmd"), (1, None))

    def test_no_place(self):
        card = program.card("environment-not-kept", self.card)
        said = self.shown(card)
        self.assertEqual((said["place"], said["wanted"], said["saved"]), ("nowhere", "ssbl", False))
        self.assertIn(b"# this U-Boot has no place for its environment",
                      program.run("env", "show", card).stdout)
        bare = program.card("bare-stm32", self.card)
        self.assertEqual(self.shown(bare)["place"], "unknown")

    def test_what_u_boot_refuses(self):
        refused = image.environment({"bootcmd": "true", "": "x"})
        self.save(1, {"bootcmd": "true", "": "x"})
        for path in (self.card, self.file(refused)):
            self.assertIn(b"# U-Boot refuses what is saved", program.run("env", "show", path).stdout)
            self.assertEqual(self.got(path, "bootcmd"), (1, None))
            self.assertFalse(self.shown(path)["saved"])

    def build(self, *replacements, steps=()):
        """A card like the healthy one, with parts of its recipe replaced."""
        plain = os.path.join(self.directory.name, "plain")
        recipe.Builder(plain).build(recipe.parse(small.golden("healthy", *replacements)))
        card = small.SmallCard(plain, self.card)
        for step in steps:
            step(card)
        return self.card

    def test_a_file_of_the_boot_file_system(self):
        old = ("2023.01", "2020.07")
        said = self.shown(self.build(old))
        self.assertEqual((said["place"], said["path"], said["copies"], said["saved"]),
                         ("file", "/uboot.env", [], False))
        saved = image.environment(STOCK)
        card = self.build(old, steps=[lambda card: card.put("/uboot.env", saved)])
        said = self.shown(card)
        self.assertEqual(said["copies"][0]["partition"], 4)
        with open(card, "rb") as f:
            f.seek(said["copies"][0]["offset"])
            self.assertEqual(f.read(64), saved[:64])
        self.assertEqual(self.got(card, "bootdelay"), (0, "2"))
        self.assertIn(b"partition 4 (rootfs) in /uboot.env",
                      program.run("env", "show", card).stdout)

    def test_not_on_the_card(self):
        said = self.shown(self.build(('"st,stm32mp157c-dk2"', '"dh,stm32mp157c-dhcom-pdk2"')))
        self.assertEqual((said["place"], said["copies"]), ("off-card", []))
        said = self.shown(self.build(("2023.01", "2018.11")))
        self.assertEqual(said["place"], "nowhere")

    def test_by_fixed_offsets(self):
        said = self.shown(self.build(('"st,stm32mp157c-dk2"', '"engicam,icore-stm32mp1"'),
                                     ('u-boot,mmc-env-partition = "ssbl";', ""),
                                     ("medium 1M", "medium 4M")))
        self.assertEqual(said["place"], "offset")
        self.assertEqual([copy["offset"] for copy in said["copies"]], [0x280000, 0x2C0000])
        self.assertEqual([copy["state"] for copy in said["copies"]], ["blank", "blank"])

    def test_a_partition_copied_out(self):
        blank = bytes(0x80000 - 2 * COPY)
        copies = image.environment({"a": "1"}, flags=1) + image.environment({"a": "2"}, flags=0)
        path = self.file(blank + copies)
        self.assertEqual(self.got(path, "a"), (0, "1"))
        self.assertEqual(self.shown(path)["place"], "bare")
        self.assertEqual(self.shown(path)["copies"][0]["offset"], 0x80000 - COPY)
        said = program.inspect(path)
        self.assertEqual([e.message for e in program.schema("inspect").iter_errors(said)], [])
        (part,) = said["partitions"]
        self.assertEqual((part["content"], part["flavour"]), ("uboot-env", "redundant"))
        self.assertEqual([(copy["state"], copy["flags"], copy["counts"])
                          for copy in part["detail"]["copies"]], [("ok", 0, False), ("ok", 1, True)])
        self.assertEqual(part["detail"]["variables"], 1)
        self.assertIn("U-Boot environment, 1 variable", program.run("inspect", path).stdout.decode())
        self.assertEqual(program.run("env", "show", "-q", path).stdout, b"a=1\n")

    def test_what_mkenvimage_makes(self):
        for options, size in (((), COPY), (("-r",), COPY), (("-p", "0"), 0x1000), (("-r",), 0x4000)):
            with self.subTest(options=options, size=size):
                try:
                    data = program.tools.run("mkenvimage", *options, "-s", str(size), "-o", "-",
                                             "-", data=b"bootcmd=run x\nb=\\\\ c\n")
                except program.tools.Missing as e:
                    raise unittest.SkipTest(f"{e} is not installed") from e
                path = self.file(data)
                self.assertEqual(self.got(path, "bootcmd"), (0, "run x"))
                (copy,) = self.shown(path)["copies"][:1]
                self.assertEqual(copy["flags"] is not None, options == ("-r",))

    def test_a_saved_label_is_the_one_that_boots(self):
        label = "label {0}\n kernel /boot/zImage\n append root=/dev/mmcblk0p4 {0}\n"
        text = "default b\n" + "".join(label.format(name) for name in "abc")
        self.card = program.configured(self.card, text)
        for override, first in ((None, "b"), ("a", "a"), ("c", "c"), ("d", "b")):
            self.save(0, {"bootcmd": "true", **({"pxe_label_override": override} if override else {})})
            self.assertEqual(program.inspect(self.card)["boot"]["label"], first)
        missing = text.replace("b\n kernel /boot/zImage", "b\n kernel /none")
        missing = missing.replace("c\n kernel /boot/zImage", "c\n kernel /none")
        self.card = program.configured(self.card, missing)
        self.save(0, {"bootcmd": "true", "pxe_label_override": "c"})
        self.assertEqual(program.inspect(self.card)["boot"]["label"], "a")

    def test_saved_variables_of_the_search_are_followed(self):
        self.save(0, {"bootcmd": "true", "boot_prefixes": "/else/ /boot/"})
        said = program.inspect(self.card)
        self.assertEqual(said["boot"]["config"]["path"], "/boot/extlinux/extlinux.conf")
        self.assertIn("env.search-order", [f["code"] for f in said["findings"]])
        self.save(0, {"bootcmd": "true", "boot_prefixes": "/else/"})
        said = program.inspect(self.card)
        self.assertEqual(said["boot"]["stops_at"], "extlinux")
        self.save(0, {"bootcmd": "true", "boot_syslinux_conf": "other.conf"})
        self.assertEqual(program.inspect(self.card)["boot"]["stops_at"], "extlinux")

    def test_a_saved_command_line_is_that_of_a_label_without_one(self):
        self.card = program.configured(self.card, "label a\n kernel /boot/zImage\n")
        self.save(0, {"bootcmd": "true", "bootargs": "root=/dev/mmcblk0p4 saved"})
        self.assertEqual(program.inspect(self.card)["boot"]["bootargs"],
                         "root=/dev/mmcblk0p4 saved")

    def test_what_is_no_environment(self):
        done = program.run("env", "show", self.file(image.environment(STOCK, good=False)))
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"not a card", done.stderr)


if __name__ == "__main__":
    program.main()
