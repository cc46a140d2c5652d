#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The examples are built as a user builds them, against what is installed, and run.

usage: examples.py STMBOOT MESON BUILD-DIRECTORY COMPILER...
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "cli"))

import program  # noqa: E402

MESON = BUILD = None
COMPILER = []


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="stmboot-examples-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.root = os.path.join(cls.folder, "root")
        subprocess.run([MESON, "install", "-C", BUILD, "--no-rebuild", "--quiet",
                        "--destdir", cls.root], stdout=subprocess.DEVNULL, check=True)
        found, = glob.glob(cls.root + "/**/libstmboot.pc", recursive=True)
        cls.env = dict(os.environ, PKG_CONFIG_SYSROOT_DIR=cls.root,
                       PKG_CONFIG_PATH=os.path.dirname(found))

    def flags(self, *options):
        """What pkg-config says, which knows nothing but what is installed."""
        done = subprocess.run(["pkg-config", *options, "libstmboot"], env=self.env, check=True,
                              stdout=subprocess.PIPE)
        return done.stdout.decode().split()

    def build(self, name):
        """An example, built as its user would."""
        path = os.path.join(self.folder, name)
        if not os.path.exists(path):
            subprocess.run([*COMPILER, "-std=gnu11", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                            *self.flags("--cflags"), os.path.join(HERE, name + ".c"),
                            "-o", path, *self.flags("--libs")], check=True)
        return path

    def run_example(self, name, *arguments):
        """Its status, and what it prints on both."""
        where, = (flag[2:] for flag in self.flags("--libs-only-L"))
        env = dict(os.environ, LD_LIBRARY_PATH=where, STMBOOT_STATE_DIR=program.state_directory())
        done = subprocess.run([self.build(name), *arguments], env=env, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def card(self, name="healthy"):
        """A card of this test's own."""
        path = os.path.join(self.folder, f"{self.id()}-{name}.img")
        return program.card(name, path)

    def test_what_is_installed_says_its_version_and_stands_alone(self):
        self.assertRegex(self.flags("--modversion")[0], r"^\d+\.\d+\.\d+$")
        self.assertEqual([flag for flag in self.flags("--libs") if flag.startswith("-l")],
                         ["-lstmboot"])

    def test_print_bootargs(self):
        card = self.card()
        said = program.run("get-bootargs", card).stdout.decode()
        self.assertIn("root=", said)
        self.assertEqual(self.run_example("print_bootargs", card), (0, said, ""))
        self.assertEqual(self.run_example("print_bootargs", self.card("both-fsbl-damaged"))[0], 0)
        status, printed, why = self.run_example("print_bootargs", "/nonexistent")
        self.assertEqual((status, printed), (2, ""))
        self.assertRegex(why, "^print_bootargs: .")

    def test_set_root(self):
        card = self.card()
        partition = program.inspect(card)["boot"]["root"]["partition"]
        guid = program.inspect(card)["partitions"][partition - 1]["guid"]
        self.assertEqual(self.run_example("set_root", card, f"PARTUUID={guid}"),
                         (0, "done, verdict ok\n", ""))
        self.assertEqual(program.run("get-bootargs", card, "root").stdout.decode(),
                         f"PARTUUID={guid}\n")
        with open(card, "rb") as f:
            before = f.read()
        status, printed, why = self.run_example("set_root", card, "PARTUUID=no-such-partition")
        self.assertEqual((status, printed), (2, ""))
        self.assertRegex(why, "^set_root: .*: ")
        with open(card, "rb") as f:
            self.assertEqual(f.read(), before)

    def test_check_folder(self):
        folder = os.path.join(self.folder, "images")
        os.mkdir(folder)
        self.assertEqual(self.run_example("check_folder", folder), (0, "", ""))
        program.card("healthy", os.path.join(folder, "a.img"))
        self.assertEqual(self.run_example("check_folder", folder), (0, "a.img: ok\n", ""))
        program.card("both-fsbl-damaged", os.path.join(folder, "b.img"))
        status, printed, _ = self.run_example("check_folder", folder)
        self.assertEqual(status, 1)
        findings = program.inspect(os.path.join(folder, "b.img"))["findings"]
        codes = [found["code"] for found in findings if found["severity"] == "error"]
        self.assertEqual(re.findall(r"^  (\S+): ", printed, re.M), codes)
        self.assertIn("b.img: error\n", printed)
        with open(os.path.join(folder, "c.img"), "wb") as f:
            f.write(b"no card" * 1000)
        status, printed, _ = self.run_example("check_folder", folder)
        self.assertEqual(status, 2)
        self.assertRegex(printed, r"(?m)^c.img: .")


if __name__ == "__main__":
    MESON, BUILD, COMPILER = sys.argv[2], sys.argv[3], sys.argv[4:]
    del sys.argv[2:]
    program.main()
