#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Cards of OpenSTLinux: ST's boot script, and a bootfs apart from the rootfs.

usage: openstlinux.py STMBOOT [TEST...]
"""

import json
import os
import sys
import tempfile
import unittest

import program

sys.path[1:1] = [os.path.join(program.TOP, "tests", name) for name in ("cards", "rules")]

import openstlinux as card  # noqa: E402
import recipe  # noqa: E402
from small import SmallCard  # noqa: E402


class OpenSTLinux(unittest.TestCase):
    """Each test takes some steps over the healthy card; every verdict was worked out by hand."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        plain = os.path.join(cls.directory.name, "plain")
        cls.healthy = os.path.join(cls.directory.name, "healthy")
        try:
            recipe.Builder(plain).build(recipe.parse(card.CARD))
            steps = SmallCard(plain, cls.healthy)
            for step in card.HEALTHY:
                step(steps)
        except program.tools.Missing as e:
            raise unittest.SkipTest(f"{e} is not installed") from e

    def make(self, *steps):
        """The healthy card with steps taken."""
        path = os.path.join(self.directory.name, "card")
        made = SmallCard(self.healthy, path)
        for step in steps:
            step(made)
        return path

    def follow(self, *steps):
        """The boot, and the codes of all findings but notes."""
        said = program.inspect(self.make(*steps))
        codes = sorted(f["code"] for f in said["findings"] if f["severity"] != "note")
        return said["boot"], codes

    def test_the_file_of_the_board_counts(self):
        boot, codes = self.follow()
        self.assertEqual((boot["verdict"], boot["stops_at"]), ("ok", None), codes)
        self.assertEqual(boot["config"], {"partition": card.BOOTFS, "path": card.BOARD_CONF})
        self.assertEqual(boot["label"], card.BOARD)
        self.assertEqual(boot["kernel"]["path"], "/zImage")
        self.assertEqual(boot["dtb"], {"partition": card.BOOTFS, "path": f"/{card.BOARD}.dtb",
                                       "model": boot["dtb"]["model"],
                                       "compatible": boot["dtb"]["compatible"]})
        self.assertEqual(boot["root"]["partition"], card.ROOTFS)
        self.assertEqual(boot["init"]["path"], "/sbin/init")

    def test_without_it_the_default_file_counts(self):
        boot, codes = self.follow(card.remove(card.BOARD_CONF))
        self.assertEqual((boot["config"]["path"], codes), (card.DEFAULT_CONF, []))

    def test_another_board_has_another_file(self):
        boot, codes = self.follow(card.package(board="st,stm32mp157f-dk2"),
                                  card.put("/stm32mp157f-dk2.dtb", b"x"))
        self.assertEqual(boot["config"]["path"], card.DEFAULT_CONF)
        self.assertIn("dtb.bad-magic", codes)

    def test_with_neither_the_search_goes_on_and_finds_nothing(self):
        boot, codes = self.follow(card.remove(card.BOARD_CONF), card.remove(card.DEFAULT_CONF))
        self.assertEqual((boot["stops_at"], codes), ("extlinux", ["extlinux.not-found"]))

    def test_a_script_that_boots_by_itself_is_not_followed(self):
        boot, codes = self.follow(card.put("/boot.scr.uimg", card.script("bootz 0xc2000000\n")))
        self.assertEqual((boot["stops_at"], codes),
                         ("extlinux", ["extlinux.not-found", "extlinux.script-first"]))

    def test_a_damaged_script_is_not_run(self):
        for data in (card.script()[:-1] + b"\1", b"\0" + card.script()[1:], card.SCRIPT.encode(),
                     card.script(kind=2), card.script()[:40]):
            boot, codes = self.follow(card.put("/boot.scr.uimg", data))
            self.assertEqual((boot["stops_at"], codes),
                             ("extlinux", ["extlinux.not-found", "extlinux.script-damaged"]))

    def test_what_the_script_saved_is_followed_too(self):
        saved = {"bootcmd": "run bootcmd_stm32mp", "bootcmd_stm32mp": "run distro_bootcmd",
                 "boot_prefixes": "/mmc0_", "boot_scripts": "boot.scr.uimg boot.scr",
                 "boot_syslinux_conf": "extlinux/extlinux.conf"}
        boot, _ = self.follow(card.save(1, saved))
        self.assertEqual(boot["config"]["path"], card.DEFAULT_CONF)
        saved["boot_syslinux_conf"] = f"extlinux/{card.BOARD}_extlinux.conf"
        boot, _ = self.follow(card.save(1, saved))
        self.assertEqual(boot["config"]["path"], card.BOARD_CONF)
        saved["boot_prefixes"] = "/mmc1_"
        boot, codes = self.follow(card.save(1, saved))
        self.assertEqual(boot["stops_at"], "extlinux")
        self.assertIn("extlinux.not-found", codes)

    def test_the_other_medium_has_another_folder(self):
        path = self.make()
        done = program.run("inspect", "--json", "--medium", "emmc", path)
        boot = json.loads(done.stdout)["boot"]
        self.assertEqual(boot["stops_at"], "extlinux")

    def test_bootargs_are_set_in_the_bootfs(self):
        path = self.make()
        done = program.run("set-bootargs", path, "quiet")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("rootwait rw console=ttySTM0,115200 quiet",
                      program.run("fs", "cat", path, f"bootfs:{card.BOARD_CONF}").stdout.decode())
        self.assertNotIn(b"quiet", program.run("fs", "cat", path, card.DEFAULT_CONF).stdout)
        self.assertEqual(program.run("get-bootargs", path, "quiet").returncode, 0)

    def test_a_place_without_a_partition_is_in_the_bootfs(self):
        path = self.make()
        listed = program.run("fs", "ls", path, "/").stdout.decode()
        self.assertIn("mmc0_extlinux", listed)
        self.assertIn("busybox", program.run("fs", "ls", path, "rootfs:/bin").stdout.decode())

    def test_the_device_tree_is_changed_in_the_bootfs(self):
        path = self.make()
        done = program.run("dtb", "set", path, "/", "model", "Another", "--type", "s", "--json")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(program.run("dtb", "get", path, "/", "model").stdout.decode(),
                         "Another\n")
        self.assertEqual(program.inspect(path)["boot"]["dtb"]["model"], "Another")

    def test_root_may_be_named_by_its_label(self):
        text = card.conf("x").replace(f"PARTUUID={card.ROOT_GUID}", "PARTLABEL=rootfs")
        boot, codes = self.follow(card.put(card.BOARD_CONF, text))
        self.assertEqual((boot["root"]["partition"], codes), (card.ROOTFS, []))

    def test_the_bootfs_is_no_root(self):
        text = card.conf("x").replace(f"PARTUUID={card.ROOT_GUID}", "/dev/mmcblk0p8")
        boot, codes = self.follow(card.put(card.BOARD_CONF, text))
        self.assertEqual((boot["root"]["partition"], boot["stops_at"]), (card.BOOTFS, "init"), codes)

    def test_the_environment_is_in_its_partition(self):
        said = json.loads(program.run("env", "show", "--json", self.make()).stdout)
        self.assertEqual((said["place"], said["wanted"], said["saved"]),
                         ("partition-name", "u-boot-env", False))
        said = json.loads(program.run("env", "show", "--json",
                                      self.make(card.package(wanted="other"))).stdout)
        self.assertEqual((said["place"], said["copies"][0]["partition"]),
                         ("partition-type", card.ENV))


if __name__ == "__main__":
    program.main()
