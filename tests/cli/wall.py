#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The wall around the decoders: a libext2fs that an image has taken over.

usage: wall.py STMBOOT TROUBLE [TEST...]

TROUBLE is a library to load before the program's; support/trouble.c says what it does.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import program
from edits import Case as EditCase

TROUBLE = None
SECONDS = 20
CRASHES = {"crash": "crashed", "abort": "crashed", "memory": "crashed"}
# without a filter they may
FORBIDDEN = ["socket", "fork", "exec", "kill", "code", "renumber"]
READS = (["inspect"], ["check"], ["get-bootargs"], ["fs", "ls"], ["fs", "get"])
COULD = 99
ALLOCATIONS = 450  # more than an edit makes
FSBL = 17408  # where the first loader is


def wall():
    """What --version says of the wall."""
    return re.search(r"^wall: (.*)$", program.run("--version").stdout.decode(), re.M)[1]


class Case(EditCase):
    """A card of its own, and places that must stay empty."""

    def setUp(self):
        super().setUp()
        for name in ("tmp", "state", "out"):
            os.mkdir(self.path(name))
        self.filtered = wall().startswith("seccomp")
        self.confined = "Landlock" in wall()

    def env(self, trouble, file=""):
        """What a run is to have around it."""
        return {"LD_PRELOAD": TROUBLE, "STMBOOT_TROUBLE": trouble, "STMBOOT_TROUBLE_FILE": file,
                "STMBOOT_STATE_DIR": self.path("state"), "TMPDIR": self.path("tmp")}

    def run_in(self, trouble, *arguments, file=""):
        """Run stmboot in trouble."""
        return program.run(*arguments, env=self.env(trouble, file), cwd=self.path("out"))

    def nothing_changed(self):
        """The card is as it was, and nothing lies about."""
        self.assertEqual(self.read(self.card), self.before)
        self.assertEqual(sorted(os.listdir(self.directory)), ["card.img", "out", "state", "tmp"])
        for name in ("tmp", "state", "out"):
            self.assertEqual(os.listdir(self.path(name)), [])

    def said(self, done, *words):
        """It could not be done, and one line says why."""
        said = done.stderr.decode()
        self.assertEqual(done.returncode, 2, said)
        self.assertRegex(said, r"\Astmboot: [^\n]+\n\Z")
        for word in words:
            self.assertIn(word, said)


class Memory(Case):
    """Commands for which memory runs out."""

    def test_a_directory_that_cannot_be_looked_into_is_not_taken_for_full(self):
        words = ["fs", "mkdir", "--dry-run", self.card, "/boot/new"]
        good = self.run_in("", *words)
        self.assertEqual(good.returncode, 0)
        ended = 0
        for number in range(1, ALLOCATIONS):
            env = {**self.env("", ""), "STMBOOT_TROUBLE_AT": str(number)}
            done = program.run(*words, env=env, cwd=self.path("out"))
            ended += done.returncode == 2
            if done.returncode != 2:
                self.assertEqual((done.returncode, done.stdout), (0, good.stdout), number)
        self.assertGreater(ended, ALLOCATIONS // 4)
        self.nothing_changed()


class Reading(Case):
    """Commands that only read."""

    def arguments(self, command):
        """The words of a command."""
        return [*command, self.card, *(["/sbin/init"] if command[-1] == "get" else [])]

    def test_a_crash_is_said_in_one_line_and_changes_nothing(self):
        for command in READS:
            for trouble, word in CRASHES.items():
                if trouble == "memory" and not self.filtered:
                    continue
                with self.subTest(command=command, trouble=trouble):
                    self.said(self.run_in(trouble, *self.arguments(command)), self.card, word)
                    self.nothing_changed()

    def test_a_crash_is_said_in_json_too(self):
        for command in READS:
            with self.subTest(command):
                done = self.run_in("crash", "--json", *self.arguments(command))
                self.said(done, "crashed")
                said = json.loads(done.stdout)
                if command == ["check"]:
                    self.assertIn("crashed", said["images"][0]["error"])
                    continue
                self.assertEqual(list(program.schema("error").iter_errors(said)), [])
                self.assertEqual(said["state"], "unchanged")
                self.assertIn("crashed", said["message"])

    def test_what_is_forbidden_ends_it(self):
        if not self.filtered:
            return
        for trouble in FORBIDDEN:
            with self.subTest(trouble):
                self.said(self.run_in(trouble, "fs", "ls", self.card), "may not do")
                self.nothing_changed()

    def test_no_file_is_opened_or_mapped(self):
        if not self.filtered:
            return
        secret = self.path("out/secret")
        for trouble in ("read a file", "make a file", "map"):
            with self.subTest(trouble):
                done = self.run_in(trouble, "fs", "ls", self.card, file="/etc/passwd"
                                   if trouble == "read a file" else secret)
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                self.nothing_changed()

    def test_one_image_of_many_that_crashes_leaves_the_others(self):
        bare = self.path("out/bare")
        with open(bare, "wb") as f:
            f.write(self.before[FSBL:FSBL + 4096])
        done = self.run_in("crash", "check", "--jobs=2", bare, self.card, bare, self.card, bare)
        lines = done.stdout.decode().splitlines()
        self.assertEqual(done.returncode, 2)
        self.assertEqual([re.split("  +", line[2:])[:2] for line in lines[:5]],
                         [["boots", bare], ["unreadable", self.card]] * 2 + [["boots", bare]])
        self.assertEqual(done.stderr.decode().count("crashed"), 2)

    def test_what_is_no_answer_is_not_believed(self):
        for trouble in "chatter", "flood":
            for command in (["check", self.card], ["check", "--json", self.card],
                            ["inspect", "--html=page", self.card]):
                with self.subTest(trouble=trouble, command=command):
                    self.said(self.run_in(trouble, *command), "ended before it was done")
                    self.nothing_changed()

    def test_files_are_made_nowhere_else(self):
        if not self.confined:
            return
        inside, outside = self.path("out/inside"), self.path("outside")
        for trouble, file, status in (("make a file", inside, 2), ("make a file", outside, 0),
                                      ("read a file", "/etc/passwd", 0)):
            with self.subTest(trouble=trouble, file=file):
                done = self.run_in(trouble, "fs", "get", self.card, "/boot/zImage", file=file)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertEqual(os.path.exists(file), file != outside)
                self.assertEqual(self.read(self.card), self.before)

    def test_files_are_made_where_a_link_of_the_host_leads(self):
        os.mkdir(self.path("elsewhere"))
        os.symlink(self.path("elsewhere"), self.path("out/link"))
        for command in (["fs", "get", self.card, "/boot/zImage", "link"],
                        ["part", "read", self.card, "ssbl", "link/ssbl"]):
            done = self.run_in("", *command)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(os.listdir(self.path("elsewhere"))), ["ssbl", "zImage"])

    def test_nothing_is_opened_behind_the_wall(self):
        log = self.path("log")
        for command in (["inspect"], ["inspect", "--json"], ["check"], ["check", "--json"],
                        ["get-bootargs"]):
            with self.subTest(command):
                program.run(*command, self.card, under=["strace", "-f", "-o", log])
                made = self.read(log).decode()
                if self.filtered:
                    self.assertRegex(made, r"prctl\(PR_SET_SECCOMP, SECCOMP_MODE_FILTER[^)]*\) = 0")
                inside = re.findall(r"^(\d+) .*prctl\(PR_SET_NO_NEW_PRIVS", made, re.M)
                self.assertEqual(len(inside), 1)
                behind = made[made.index("prctl(PR_SET_NO_NEW_PRIVS"):]
                calls = set(re.findall(rf"^{inside[0]} +(\w+)\(", behind, re.M))
                self.assertIn("pread64", calls)
                self.assertFalse(calls & {"open", "openat", "openat2", "socket", "connect",
                                          "execve", "clone", "clone3", "fork", "vfork", "dup2"})


class Editing(Case):
    """Commands that change the card."""

    def test_a_crash_while_it_is_staged_changes_nothing(self):
        for command in (["set-bootargs", self.card, "quiet"], ["fs", "rm", self.card, "/sbin/init"],
                        ["fs", "edit", self.card, "/sbin/init"], ["gpt", "set", self.card, "4", "name=x"]):
            for options in ([], ["-n"], ["-o", self.path("out/copy")]):
                with self.subTest(command=command, options=options):
                    done = self.run_in("crash", "--json", *command, *options)
                    self.said(done, "crashed")
                    self.assertEqual(json.loads(done.stdout)["state"], "unchanged")
                    self.nothing_changed()

    def test_the_image_is_not_written_from_inside(self):
        if not self.filtered:
            return
        for trouble in ("write", "renumber"):
            with self.subTest(trouble):
                self.said(self.run_in(trouble, "set-bootargs", self.card, "quiet"), "may not do")
                self.nothing_changed()
        self.assertEqual(self.run_in("map", "set-bootargs", self.card, "quiet").returncode, 0)

    def test_a_crash_once_it_is_written_says_that_it_is(self):
        for name in ("state", "tmp"):
            self.assertEqual(os.listdir(self.path(name)), [])
        done = self.run_in("late", "--json", "set-bootargs", self.card, "quiet")
        self.said(done, "crashed")
        self.assertEqual(json.loads(done.stdout)["state"], "done")
        self.assertIn(b"quiet", program.run("get-bootargs", self.card).stdout)
        self.assertEqual(self.run_in("", "undo", self.card).returncode, 0)
        self.assertEqual(self.read(self.card), self.before)

    def test_an_edit_needs_no_folder_for_temporary_files(self):
        env = dict(self.env(""), TMPDIR=self.path("missing"))
        done = program.run("set-bootargs", self.card, "quiet", env=env)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertIn(b"quiet", program.run("get-bootargs", self.card).stdout)

    def test_a_file_of_the_host_is_read_and_no_other(self):
        if not self.confined:
            return
        source = self.path("out/source")
        with open(source, "w", encoding="utf-8") as f:
            f.write("text")
        for file, status in ((source, COULD), ("/etc/passwd", 0)):
            with self.subTest(file):
                done = self.run_in("read a file", "fs", "put", self.card, source, "/new", file=file)
                self.assertEqual(done.returncode, 2 if status else 0, done.stderr)


class Processes(Case):
    """What becomes of the two processes."""

    def start(self, *arguments):
        """A run that hangs behind its wall, and who hangs there."""
        env = dict(os.environ, LC_ALL="C.UTF-8", **self.env("hang"))
        run = subprocess.Popen([program.stmboot, *arguments], env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               start_new_session=True)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            with open(f"/proc/{run.pid}/task/{run.pid}/children", encoding="utf-8") as f:
                inside = f.read().split()
            if inside and self.status(inside[0], "utime") > 2:
                return run, int(inside[0])
            time.sleep(0.01)
        raise AssertionError("it does not hang")

    @staticmethod
    def status(process, what):
        """A field of /proc."""
        if what == "utime":
            with open(f"/proc/{process}/stat", encoding="utf-8") as f:
                return int(f.read().rsplit(")", 1)[1].split()[11])
        with open(f"/proc/{process}/status", encoding="utf-8") as f:
            return re.search(rf"^{what}:\s+(.*)$", f.read(), re.M)[1]

    def ends(self, process):
        """Whether a process ends soon."""
        end = time.monotonic() + SECONDS
        while os.path.exists(f"/proc/{process}") and time.monotonic() < end:
            time.sleep(0.01)
        return not os.path.exists(f"/proc/{process}")

    def test_who_waits_ends_and_so_does_who_works(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(number):
                run, inside = self.start("inspect", self.card)
                run.send_signal(number)
                out, err = run.communicate(timeout=SECONDS)
                self.assertEqual((run.returncode, out, err), (-number, b"", b""))
                self.assertTrue(self.ends(inside))

    def test_an_interrupt_of_the_terminal_ends_both(self):
        run, inside = self.start("set-bootargs", self.card, "quiet")
        os.killpg(run.pid, signal.SIGINT)
        out, err = run.communicate(timeout=SECONDS)
        self.assertEqual((run.returncode, out, err), (-signal.SIGINT, b"", b""))
        self.assertTrue(self.ends(inside))
        self.nothing_changed()

    def test_who_works_is_killed_and_who_waits_says_so(self):
        run, inside = self.start("set-bootargs", self.card, "quiet")
        os.kill(inside, signal.SIGKILL)
        err = run.communicate(timeout=SECONDS)[1].decode()
        self.assertEqual(run.returncode, 2)
        self.assertIn("Killed", err)
        self.nothing_changed()

    def test_who_works_is_limited(self):
        run, inside = self.start("inspect", self.card)
        with open(f"/proc/{inside}/limits", encoding="utf-8") as f:
            limits = {line[:26].strip(): line[26:].split()[:2] for line in f}
        self.assertEqual(limits["Max core file size"], ["0", "0"])
        self.assertEqual(self.status(inside, "NoNewPrivs"), "1")
        self.assertEqual(self.status(inside, "Seccomp"), "2" if self.filtered else "0")
        if self.filtered:
            self.assertEqual(limits["Max address space"], [str(1 << 30)] * 2)
        run.kill()
        run.communicate(timeout=SECONDS)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__.split("\n\n")[1])
    TROUBLE = os.path.abspath(sys.argv.pop(2))
    program.main()
