#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""stmboot failing at each read, and without memory at each allocation, while it only looks.

Whatever fails, libext2fs with it: the answer is the right one, or it could not be
done, and then one line says why; the image is as it was, and nothing is left. A page
of it is whole, or there is none. Reads that a signal breaks off, or that give less than
was asked for, change no answer. Of an image that gets shorter while it is read the
answer is the right one, or says that a part could not be read; of one that changes
there is some answer.

usage: reading.py STMBOOT TROUBLE READS [--every N] [--seed N]

With --every N only each N-th fault is tried; the seed says which. Exits 77
(skipped) where strace cannot be used.
"""

import argparse
import collections
import json
import os
import random
import re
import subprocess
import sys
import tempfile

import calls
import kinds

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(os.path.dirname(HERE), area) for area in ("cli", "layouts", "rules")]

import program  # noqa: E402

import layouts  # noqa: E402

IMAGE, UPDATED = kinds.IMAGE, "updated.img"  # the second has two sets of firmware
PAGE = "page.html"
COMMANDS = [["inspect", "--html=-", IMAGE], ["inspect", "--html", PAGE, IMAGE],
            ["inspect", "--json", IMAGE], ["inspect", IMAGE], ["check", "--json", IMAGE, IMAGE],
            ["get-bootargs", IMAGE], ["extlinux", "show", IMAGE], ["dtb", "show", IMAGE],
            ["dtb", "get", IMAGE, "/", "compatible"], ["fs", "ls", "-r", IMAGE],
            ["fs", "stat", IMAGE, "/sbin/init"], ["fs", "cat", "--json", IMAGE, "/boot/zImage"],
            ["gpt", "show", "--json", IMAGE], ["env", "show", IMAGE],
            ["set-bootargs", "-n", IMAGE, "quiet"], ["fs", "rm", "-n", "-f", IMAGE, "/sbin/init"],
            ["inspect", "--json", "--deep", UPDATED], ["check", "--no-deep", UPDATED],
            ["fs", "get", IMAGE, "/boot/zImage", "-"], ["part", "read", IMAGE, "ssbl", "-"],
            ["stm32", "show", "--json", IMAGE], ["stm32", "show", UPDATED],
            ["fwu", "show", UPDATED], ["fip", "show", UPDATED], ["env", "show", UPDATED],
            ["fip", "extract", UPDATED, "nt-fw", "-"], ["undo", "--list", IMAGE]]
FAULTY = ["pread64", "lseek", "newfstatat", "sendto", "recvfrom"]
ALLOCATIONS = 4000  # more than any of these makes
# The C library says in a line of its own that libext2fs frees what it has not allocated.
LINE = re.compile(r"([^\n]*(free|corrupt|malloc)[^\n]*\n)*(stmboot: [^\n]+\n)+")
READ_ERROR = "image.read-error"
SECONDS = 60
# What a run may answer: the right thing; or that it could not; or that a part could not be
# read; or anything.
SAME, ONLY_FAIL, UNREAD, OTHER = range(4)
READS = [("short", SAME), ("shorter", SAME), ("interrupted", SAME), ("ended", UNREAD),
         ("changed", OTHER)]

Libraries = collections.namedtuple("Libraries", "trouble reads")


class Place:
    """The images in a folder of their own."""

    def __init__(self, folder, libraries):
        self.folder, self.libraries = folder, libraries
        self.log = os.path.join(folder, "log")
        for name in ("work", "tmp", "pages"):
            os.mkdir(os.path.join(folder, name))
        self.page = os.path.join(folder, "pages", PAGE)
        self.images = {name: os.path.join(folder, "work", name) for name in (IMAGE, UPDATED)}
        program.configured(self.images[IMAGE], kinds.CONFIG)
        layouts.both()(self.images[UPDATED])
        self.before = self.state()
        self.env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C",
                    "SOURCE_DATE_EPOCH": "1700000000", "TMPDIR": os.path.join(folder, "tmp"),
                    "STMBOOT_STATE_DIR": os.path.join(folder, "work", "state")}

    def state(self):
        """What a write would change."""
        return [(st.st_size, st.st_mtime_ns) for st in map(os.stat, self.images.values())]

    def words(self, command):
        """A command with its path."""
        paths = {**self.images, PAGE: self.page}
        if PAGE in command and os.path.exists(self.page):
            os.unlink(self.page)
        return [program.stmboot, *(paths.get(word, word) for word in command)]

    def image(self, command):
        """The path of its image."""
        return next(self.images[word] for word in command if word in self.images)

    def run(self, command, number=None, reads=None):
        """Run a command, also without memory at one allocation, or with trouble while reading."""
        env = dict(self.env)
        if number is not None:
            env.update(LD_PRELOAD=self.libraries.trouble, STMBOOT_TROUBLE_AT=str(number))
        if reads is not None:
            env.update(LD_PRELOAD=self.libraries.reads, STMBOOT_READS=reads,
                       STMBOOT_READS_OF=self.image(command))
        return subprocess.run(self.words(command), env=env, check=False, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=SECONDS)

    def record(self, command):
        """The calls that a command makes; the log names all."""
        return calls.record(self.log, self.words(command), self.env, self.image(command))

    def pages(self):
        """What there is of a page."""
        if not os.path.exists(self.page):
            return os.listdir(os.path.dirname(self.page))
        with open(self.page, "rb") as f:
            return [f.read()[-8:], *os.listdir(os.path.dirname(self.page))[1:]]

    def wrong(self, done, good, allowed):
        """What is wrong with a run, or None."""
        if self.pages() not in ([], [b"</html>\n"]):
            return "a part of a page is left"
        said = done.stderr.decode(errors="replace")
        if self.state() != self.before:
            return "an image was changed"
        if os.listdir(os.path.join(self.folder, "tmp")) or \
                sorted(os.listdir(os.path.join(self.folder, "work"))) != sorted(self.images):
            return "a file is left"
        if done.returncode not in (0, 1, 2):
            return f"exit {done.returncode}: {said}"
        if "may not do" in said or "died" in said:
            return said
        if done.stdout == good.stdout and done.returncode == good.returncode:
            return None
        if allowed == SAME:
            return f"exit {done.returncode} with another answer: {said}"
        if done.returncode == 2:
            return None if LINE.fullmatch(said) else f"exit 2 with {said!r}"
        text = done.stdout.decode(errors="replace")
        if allowed == OTHER or allowed == UNREAD and (
                READ_ERROR in text or "could not be read" in text or said):
            return None
        return f"exit {done.returncode} with another answer: {said}"


def failing_reads(place, command, pick):
    """The runs in which a call fails: what failed, how it ended, what it may answer."""
    made = place.record(command)
    for call in pick([call for call in made if call[0] in FAULTY]):
        for times in (1, 0):
            fault = calls.Fault(*call, "EIO", times)
            try:
                yield calls.text(fault), calls.inject(place.log, place.words(command), place.env,
                                                      fault), UNREAD
            except calls.NotReached:
                pass


def other_reads(place, command, pick):
    """The runs in which reads give something else."""
    place.record(command)
    with open(place.log, encoding="utf-8", errors="replace") as f:
        count = f.read().count("pread64(")
    yield "shorter reads", place.run(command, reads="shorter 1"), SAME
    for number in pick(range(1, count + 1)):
        for what, allowed in READS:
            reads = f"{what} {number}"
            yield f"read {reads}", place.run(command, reads=reads), allowed


def missing_memory(place, command, pick):
    """The runs without memory at an allocation."""
    for number in pick(range(1, ALLOCATIONS)):
        yield f"no memory at allocation {number}", place.run(command, number), ONLY_FAIL


def main():
    """Run all, or say why not."""
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[2].removeprefix("usage: "))
    parser.add_argument("stmboot")
    parser.add_argument("trouble")
    parser.add_argument("reads")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 16))
    options = parser.parse_args()
    absent = calls.missing()
    if absent:
        print("skipped: " + absent)
        return program.tools.SKIPPED
    program.stmboot = os.path.abspath(options.stmboot)
    chance = random.Random(options.seed)
    print(f"each {options.every}th fault, seed {options.seed}")
    total = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder, Libraries(os.path.abspath(options.trouble),
                                        os.path.abspath(options.reads)))
        for command in COMMANDS:
            good = place.run(command)
            for faults in (failing_reads, other_reads, missing_memory):
                first = chance.randrange(options.every)
                for what, done, allowed in faults(place, command,
                                                  lambda all_: all_[first::options.every]):
                    wrong = place.wrong(done, good, allowed)
                    total += 1
                    if wrong is not None:
                        failed += 1
                        print(f"{json.dumps(command)}, {what}: {wrong}", flush=True)
    print(f"{total} runs, {failed} wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
