#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An image that others use while stmboot edits or reads it.

A run is held at a system call by strace, something else happens to the
image, and the run goes on.

usage: together.py STMBOOT [TEST...]
"""

import concurrent.futures
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import calls
import kinds

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(os.path.dirname(HERE), "cli"))

import program  # noqa: E402

SECONDS = 30
ELSEWHERE = 100 * 512 + 7  # in the partitions of the loaders, which no edit here writes


class Held:
    """An edit that is stopped before a system call."""

    def __init__(self, log, state, call, arguments):
        self.env = dict(os.environ, LC_ALL="C.UTF-8", STMBOOT_STATE_DIR=state)
        self.log = log
        if os.path.exists(log):
            os.remove(log)
        self.process = subprocess.Popen(
            ["strace", "-f", "-o", log, "-e", f"trace={call[0]}", "-e",
             f"inject={call[0]}:signal=STOP:when={call[1]}", program.stmboot, "--json", *arguments],
            env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        end = time.monotonic() + SECONDS
        while "stopped by SIGSTOP" not in self.said():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("the edit was not held: " + self.said())
            time.sleep(0.01)

    def said(self):
        """What strace saw."""
        if not os.path.exists(self.log):
            return ""
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def let_go(self):
        """Continue each process that is stopped until all have ended."""
        continued = 0
        while self.process.poll() is None:
            stopped = re.findall(r"^(\d+) .*stopped by SIGSTOP", self.said(), re.M)
            for process in stopped[continued:]:
                os.kill(int(process), signal.SIGCONT)
            continued = len(stopped)
            time.sleep(0.01)

    def go_on(self):
        """Let the edit come to its end; its exit status and what it printed."""
        let_go = threading.Thread(target=self.let_go)
        let_go.start()
        out, err = self.process.communicate(timeout=SECONDS)
        let_go.join()
        return self.process.returncode, json.loads(out), err.decode()


class Together(unittest.TestCase):
    """A card of its own for each test, and the calls of an edit of it."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        os.mkdir(self.path("work"))
        self.card = program.configured(self.path("work/card.img"), kinds.CONFIG)
        self.before = self.read()
        self.edit = ["set-bootargs", self.card, "first"]

    def path(self, name):
        """A path in the directory of the test."""
        return os.path.join(self.directory, name)

    def read(self):
        """All bytes of the card."""
        with open(self.card, "rb") as f:
            return f.read()

    def calls(self):
        """The calls of the edit from the opening of the card on; the card stays as it was."""
        env = dict(os.environ, LC_ALL="C.UTF-8", STMBOOT_STATE_DIR=self.path("recorded"))
        made = calls.record(self.path("log"), [program.stmboot, *self.edit], env, self.card)
        shutil.rmtree(self.path("recorded"), ignore_errors=True)
        with open(self.card, "wb") as f:
            f.write(self.before)
        return made

    def hold(self, call):
        """Begin the edit and stop it."""
        shutil.rmtree(self.path("state"), ignore_errors=True)
        return Held(self.path("log"), self.path("state"), call, self.edit)

    def places(self):
        """Calls before the commit point: the image is read, the log is written, it gets its name."""
        made = self.calls()
        named = next(i for i, call in enumerate(made) if call[0] == "rename")
        return [next(call for call in made if call[0] == "pread64"),
                next(call for call in made if call[0] == "fsync"),
                [call for call in made[:named] if call[0] == "pwrite64"][-1]]

    def line(self):
        """The command line."""
        done = program.run("get-bootargs", self.card)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode().strip()

    def test_of_two_edits_at_once_one_is_refused(self):
        for call in self.places():
            with self.subTest(call):
                held = self.hold(call)
                for arguments in (["set-bootargs", self.card, "second"], ["undo", self.card],
                                  ["recover", self.card],
                                  ["set-bootargs", self.card, "second", "-n"]):
                    done = program.run("--json", *arguments)
                    said = json.loads(done.stdout)
                    self.assertEqual((done.returncode, said["state"]), (2, "unchanged"))
                    self.assertIn("another program is editing", said["message"])
                    self.assertIn("try again", said["hint"])
                self.assertEqual(self.line(), "root=/dev/mmcblk0p4 rootwait")
                self.assertEqual(held.go_on()[0], 0)
                self.assertEqual(self.line(), "root=/dev/mmcblk0p4 rootwait first")
                self.assertEqual(program.run("set-bootargs", self.card, "second").returncode, 0)
                self.assertEqual(self.line(), "root=/dev/mmcblk0p4 rootwait first second")
                with open(self.card, "wb") as f:
                    f.write(self.before)

    def disturbed(self, disturb, words):
        """Whatever the disturber leaves stays as it is, and the edit is refused."""
        for call in self.places():
            with self.subTest(call):
                held = self.hold(call)
                disturb()
                left = self.read() if os.path.exists(self.card) else None
                status, said, err = held.go_on()
                self.assertEqual((status, said.get("state")), (2, "unchanged"), said)
                self.assertIn(words, said["message"])
                self.assertRegex(err, r"\Astmboot: [^\n]+\n\Z")
                self.assertEqual(self.read() if os.path.exists(self.card) else None, left)
                self.assertEqual(os.listdir(self.path("work")), [] if left is None else ["card.img"])
                with open(self.card, "wb") as f:
                    f.write(self.before)

    def test_an_image_that_was_written_meanwhile_is_not_edited(self):
        def write():
            with open(self.card, "r+b") as f:
                f.seek(ELSEWHERE)
                f.write(b"another")
        self.disturbed(write, "another program wrote to the image")

    def test_an_image_that_was_replaced_meanwhile_is_not_edited(self):
        def replace():
            shutil.copyfile(self.card, self.path("other"))
            os.replace(self.path("other"), self.card)
        self.disturbed(replace, "the image was replaced")

    def test_an_image_that_was_removed_meanwhile_is_not_edited(self):
        self.disturbed(lambda: os.remove(self.card), "the image was replaced")

    def test_an_image_that_gets_shorter_while_it_is_read_has_a_part_that_could_not_be_read(self):
        self.edit = ["inspect", self.card]
        reads = [call for call in self.calls() if call[0] == "pread64"]
        places = [reads[0], reads[len(reads) // 3], reads[2 * len(reads) // 3]]
        for call in places:
            with self.subTest(call):
                held = self.hold(call)
                os.truncate(self.card, ELSEWHERE)
                status, said, err = held.go_on()
                if status == 2:
                    self.assertIn("it became shorter while it was read", said["message"])
                else:
                    self.assertIn("image.read-error", [f["code"] for f in said["findings"]])
                self.assertNotIn("compressed", err)
                with open(self.card, "wb") as f:
                    f.write(self.before)

    def test_many_edits_at_once_are_done_one_after_another(self):
        words = [f"word{i}" for i in range(12)]
        with concurrent.futures.ThreadPoolExecutor(len(words)) as pool:
            done = list(pool.map(lambda w: program.run("set-bootargs", self.card, w), words))
        for run in done:
            self.assertIn(run.returncode, (0, 2))
            if run.returncode == 2:
                self.assertIn(b"another program", run.stderr)
        added = [word for word, run in zip(words, done) if run.returncode == 0]
        self.assertEqual(sorted(self.line().split()[2:]), sorted(added))
        self.assertNotEqual(added, [])


if __name__ == "__main__":
    absent = calls.missing()
    if absent:
        print("skipped: " + absent)
        sys.exit(program.tools.SKIPPED)
    program.main()
