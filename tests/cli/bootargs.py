#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The kernel's command line: reading it.

usage: bootargs.py STMBOOT [TEST...]
"""

import json
import os
import tempfile
import unittest

import program

CONFIG = """\
default one
label one
  kernel /boot/zImage
  devicetree /boot/stm32mp157c-dk2.dtb
  append console=tty0 console=ttySTM0,115200 name="two words" root=/dev/mmcblk0p4 log-buf_len=1M \
rootwait part=${distro_bootpart} -- single root=init
label two
  kernel /boot/zImage
  append  root=/dev/mmcblk0p4   'a  b' x${nothing}y
label three
  kernel /boot/zImage
"""


class Get(unittest.TestCase):
    """get-bootargs."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        cls.card = program.configured(os.path.join(cls.directory.name, "card"), CONFIG)

    def get(self, *arguments, status=0):
        """What is printed."""
        done = program.run("get-bootargs", self.card, *arguments)
        self.assertEqual((done.returncode, done.stderr != b""),
                         (status, status == 1 and "--json" not in arguments))
        return done.stdout.decode()

    def test_the_line_is_what_the_kernel_gets(self):
        line = self.get()
        self.assertEqual(line, 'console=tty0 console=ttySTM0,115200 name="two words" '
                         "root=/dev/mmcblk0p4 log-buf_len=1M rootwait part=4 -- single root=init\n")
        self.assertEqual(line, program.inspect(self.card)["boot"]["bootargs"] + "\n")

    def test_raw_is_what_stands_in_the_file(self):
        self.assertIn("part=${distro_bootpart} -- single", self.get("--raw"))
        self.assertEqual(self.get("--raw", "part"), "${distro_bootpart}\n")

    def test_a_value_is_the_last_one_of_its_key(self):
        for key, value in (("console", "ttySTM0,115200"), ("name", "two words"), ("part", "4"),
                           ("root", "/dev/mmcblk0p4"), ("log_buf-len", "1M"), ("rootwait", "")):
            with self.subTest(key):
                self.assertEqual(self.get(key), value + "\n")

    def test_a_key_that_is_absent_or_of_init_is_exit_status_1(self):
        for key in ("quiet", "single", "roo", "ROOT"):
            with self.subTest(key):
                self.assertEqual(self.get(key, status=1), "")

    def test_another_label(self):
        self.assertEqual(self.get("--label", "two"), "root=/dev/mmcblk0p4   a  b xy\n")
        self.assertEqual(self.get("--label=two", "--raw"),
                         "root=/dev/mmcblk0p4   'a  b' x${nothing}y\n")
        self.assertEqual(self.get("--label=three"), "\n")
        self.assertEqual(self.get("--label=three", "root", status=1), "")

    def test_json_has_the_arguments_apart(self):
        said = json.loads(self.get("--json", "console"))
        self.assertEqual(said["arguments"], [{"key": "console", "value": "tty0"},
                                             {"key": "console", "value": "ttySTM0,115200"}])
        said = json.loads(self.get("--json", "--label=three"))
        self.assertEqual((said["label"], said["append"], said["bootargs"], said["arguments"]),
                         ("three", None, None, []))
        self.assertEqual(json.loads(self.get("--json", "nokey", status=1))["arguments"], [])

    def test_what_cannot_be_answered_is_refused(self):
        for arguments, word in (((self.card, "--label=four"), "there is no label 'four'"),
                                (("/nonexistent",), "No such file")):
            with self.subTest(word):
                done = program.run("get-bootargs", *arguments)
                self.assertEqual((done.returncode, done.stdout), (2, b""))
                self.assertRegex(done.stderr.decode(), r"\Astmboot: [^\n]+\n\Z")
                self.assertIn(word, done.stderr.decode())

    def test_a_part_without_a_configuration_has_none(self):
        part = program.card("bare-uimage", os.path.join(self.directory.name, "part"))
        done = program.run("get-bootargs", part)
        self.assertEqual(done.returncode, 2)
        self.assertIn("no label that it could boot", done.stderr.decode())

    def test_in_an_endless_menu_the_default_label_counts(self):
        card = program.card("endless-menu", os.path.join(self.directory.name, "menu"))
        done = program.run("get-bootargs", card)
        self.assertEqual(done.stdout, b"root=/dev/mmcblk0p4 rootwait single\n")


if __name__ == "__main__":
    program.main()
