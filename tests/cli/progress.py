#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How far a command has come, as a person sees it on a terminal.

usage: progress.py STMBOOT CLOCK [TEST...]

CLOCK is a library to load before the program's, whose clock goes on by itself.
"""

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import unittest

import program
from terminal import drain, drain_bytes, surroundings

CLOCK = None
MIB = 1 << 20
STEP = 60  # milliseconds from one look at the clock to the next

LINE = re.compile(r"\r *(?P<percent>\d+)%  (?P<done>[\d.]+ [KM]?i?B) of (?P<total>[\d.]+ MiB), "
                  r"[\d.]+ [KMGT]?i?B/s(?P<left>, (\d+ min )?\d+ s left)?\x1b\[K")


class Case(program.Case):
    """A bare file system with a file of some MiB in it, and another one that is none yet."""

    def setUp(self):
        super().setUp()
        tool = shutil.which("mke2fs", path=os.environ["PATH"] + ":/sbin:/usr/sbin")
        if tool is None:
            self.skipTest("mke2fs is not installed")
        os.makedirs(self.path("tree/some/more"))
        for name, size in (("large", 9 * MIB), ("some/file", 3 * MIB), ("some/more/file", 4 * MIB)):
            with open(self.path("tree/" + name), "wb") as f:
                f.write(os.urandom(MIB) * (size // MIB))
        with open(self.path("new"), "wb") as f:
            f.write(os.urandom(MIB) * 8)
        self.card = self.path("card.img")
        subprocess.run([tool, "-q", "-F", "-t", "ext4", "-d", self.path("tree"), self.card, "40M"],
                       stdout=subprocess.DEVNULL, check=True)

    def watch(self, *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, status=0,
              **env):
        """All that is on the terminal of standard error meanwhile."""
        reader, writer = pty.openpty()
        env = surroundings(LD_PRELOAD=CLOCK, STMBOOT_CLOCK=str(STEP), **env)
        with subprocess.Popen([program.stmboot, *arguments], stdin=stdin, stdout=stdout,
                              stderr=writer, env=env) as process:
            os.close(writer)
            said = drain(reader)
        self.assertEqual(process.returncode, status, said)
        return said

    def lines(self, said):
        """The lines of progress, of which there are some, and nothing else is left behind."""
        lines = list(LINE.finditer(said))
        self.assertEqual(LINE.sub("", said).replace("\r\x1b[K", ""), "")
        self.assertTrue(said.endswith("\r\x1b[K"))
        self.assertGreater(len(lines), 2)
        self.assertTrue(any(line["left"] for line in lines))
        return lines

    def read(self, name):
        """The content of a file."""
        with open(self.path(name), "rb") as f:
            return f.read()


class Reading(Case):
    """What is copied out of a card says how long that takes."""

    def test_a_file_and_a_partition_have_a_size(self):
        for total, arguments in (("9 MiB", ("fs", "get", self.card, "/large")),
                                 ("40 MiB", ("part", "read", self.card, "0"))):
            for to_file in (True, False):
                with self.subTest(arguments, to_file=to_file):
                    out = self.path("out")
                    with open(self.path("stdout"), "wb") as stdout:
                        said = self.watch(*arguments, out if to_file else "-",
                                          **({} if to_file else {"stdout": stdout}))
                    for line in self.lines(said):
                        self.assertEqual(line["total"], total)
                    self.assertIn(self.read("out" if to_file else "stdout"),
                                  (self.read("tree/large"), self.read("card.img")))

    def test_of_folders_all_files_count(self):
        for line in self.lines(self.watch("fs", "get", "-r", self.card, "/", self.path("out"))):
            self.assertEqual(line["total"], "16 MiB")
        self.assertEqual(self.read("out/some/more/file"), self.read("tree/some/more/file"))

    def test_what_is_seen_itself_is_not_disturbed(self):
        reader, writer = pty.openpty()
        env = surroundings(LD_PRELOAD=CLOCK, STMBOOT_CLOCK=str(STEP))
        with subprocess.Popen([program.stmboot, "fs", "cat", self.card, "/large"],
                              stdin=subprocess.DEVNULL, stdout=writer, stderr=writer,
                              env=env) as process:
            os.close(writer)
            said = drain_bytes(reader)
        self.assertEqual(process.returncode, 0)
        self.assertNotIn(b"MiB/s", said)


class Writing(Case):
    """An edit says how far it is while it is made, by whichever process makes it."""

    def pieces(self, said):
        """The pieces of work, as (total, percents)."""
        pieces = []
        for line in self.lines(said):
            percent = int(line["percent"])
            if not pieces or pieces[-1][0] != line["total"] or pieces[-1][1][-1] > percent:
                pieces.append((line["total"], []))
            pieces[-1][1].append(percent)
        return pieces

    def expect_commit(self, said, size=r"8(\.\d)? MiB"):
        """The last piece is the commit, from the log to what is read back."""
        total, percents = self.pieces(said)[-1]
        self.assertRegex(total, size)
        self.assertLess(percents[0], 30)
        self.assertGreater(percents[-1], 90)
        self.assertEqual(percents, sorted(percents))
        return self.pieces(said)[:-1]

    def test_a_file_of_the_host_is_read_and_written(self):
        before = self.expect_commit(self.watch("fs", "put", self.card, self.path("new"), "/new"))
        self.assertIn("8 MiB", [total for total, _ in before])
        self.assertEqual(program.run("fs", "cat", self.card, "/new").stdout, self.read("new"))
        self.expect_commit(self.watch("undo", self.card))
        self.assertNotIn(b"new", program.run("fs", "ls", self.card, "/").stdout)

    def test_of_a_folder_all_files_count(self):
        os.makedirs(self.path("folder/some"))
        for name in ("one", "some/two"):
            shutil.copy(self.path("tree/some/file"), self.path("folder/" + name))
        with open(self.path("folder/small"), "wb") as f:
            f.write(os.urandom(512 << 10))
        before = self.expect_commit(self.watch("fs", "put", "-r", self.card, self.path("folder"),
                                               "/"), r"6\.[5-7] MiB")
        self.assertEqual(before[0][0], "6.5 MiB")
        self.assertEqual(program.run("fs", "cat", self.card, "/folder/some/two").stdout,
                         self.read("tree/some/file"))

    def test_standard_input_that_is_a_file_has_an_end(self):
        with open(self.path("new"), "rb") as new:
            said = self.watch("fs", "put", self.card, "-", "/new", stdin=new)
        self.assertEqual(self.pieces(said)[0][0], "8 MiB")
        self.expect_commit(said)

    def test_content_is_replaced_in_place(self):
        self.watch("fs", "put", self.card, self.path("new"), "/new")
        with open(self.path("new"), "r+b") as f:
            f.write(bytes(byte ^ 255 for byte in self.read("new")))
        self.expect_commit(self.watch("fs", "put", self.card, self.path("new"), "/new"))
        self.assertEqual(program.run("fs", "cat", self.card, "/new").stdout, self.read("new"))

    def test_a_copy_is_written(self):
        said = self.watch("fs", "put", self.card, self.path("new"), "/new", "-o", self.path("out"))
        self.lines(said)
        self.assertEqual(program.run("fs", "cat", self.path("out"), "/new").stdout,
                         self.read("new"))

    def test_who_does_not_watch_is_told_nothing(self):
        for options, env in ((("-q",), {}), ((), {"TERM": "dumb"})):
            said = self.watch("fs", "put", self.card, self.path("new"), "/new", *options, **env)
            self.assertEqual(said, "")

    def test_ctrl_c_before_the_commit_leaves_nothing_behind(self):
        before = self.read("card.img")
        process = subprocess.Popen([program.stmboot, "fs", "put", self.card, "-", "/new"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True,
                                   env=surroundings())
        with process:
            process.stdin.write(self.read("new"))
            process.stdin.flush()
            os.killpg(process.pid, signal.SIGINT)
            self.assertEqual(process.wait(), -signal.SIGINT)
        self.assertEqual(self.read("card.img"), before)
        self.assertEqual([name for name in os.listdir(self.directory) if "journal" in name], [])
        self.assertEqual(program.inspect(self.card)["image"]["state"], "clean")

    def test_of_what_is_small_nothing_is_said(self):
        with open(self.path("small"), "wb") as f:
            f.write(b"text\n")
        self.assertEqual(self.watch("fs", "put", self.card, self.path("small"), "/small"), "")


if __name__ == "__main__":
    CLOCK = os.path.abspath(sys.argv.pop(2))
    program.main()
