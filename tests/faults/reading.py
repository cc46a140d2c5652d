#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""stmboot failing at each read, and without memory at each allocation, while it only looks.

Whatever fails, libext2fs with it: the answer is the right one, or it could not be
done, and then one line says why; the image is as it was, and nothing is left. A page
of it is whole, or there is none.

usage: reading.py STMBOOT TROUBLE [--every N] [--seed N]

With --every N only each N-th fault is tried; the seed says which. Exits 77
(skipped) where strace cannot be used.
"""

import argparse
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
sys.path.insert(1, os.path.join(os.path.dirname(HERE), "cli"))

import program  # noqa: E402

IMAGE = kinds.IMAGE
PAGE = "page.html"
COMMANDS = [["inspect", "--html=-", IMAGE], ["inspect", "--html", PAGE, IMAGE],
            ["inspect", "--json", IMAGE], ["inspect", IMAGE], ["check", "--json", IMAGE, IMAGE],
            ["get-bootargs", IMAGE], ["extlinux", "show", IMAGE], ["dtb", "show", IMAGE],
            ["dtb", "get", IMAGE, "/", "compatible"], ["fs", "ls", "-r", IMAGE],
            ["fs", "stat", IMAGE, "/sbin/init"], ["fs", "cat", "--json", IMAGE, "/boot/zImage"],
            ["gpt", "show", "--json", IMAGE], ["env", "show", IMAGE],
            ["set-bootargs", "-n", IMAGE, "quiet"], ["fs", "rm", "-n", "-f", IMAGE, "/sbin/init"]]
FAULTY = ["pread64", "lseek", "newfstatat", "sendto", "recvfrom"]
ALLOCATIONS = 4000  # more than any of these makes
# The C library says in a line of its own that libext2fs frees what it has not allocated.
LINE = re.compile(r"([^\n]*(free|corrupt|malloc)[^\n]*\n)*(stmboot: [^\n]+\n)+")
READ_ERROR = "image.read-error"


class Place:
    """An image in a folder of its own."""

    def __init__(self, folder, trouble):
        self.folder, self.trouble = folder, trouble
        self.image, self.log = os.path.join(folder, "work", IMAGE), os.path.join(folder, "log")
        for name in ("work", "tmp", "pages"):
            os.mkdir(os.path.join(folder, name))
        self.page = os.path.join(folder, "pages", PAGE)
        program.configured(self.image, kinds.CONFIG)
        with open(self.image, "rb") as f:
            self.before = f.read()
        self.env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C",
                    "SOURCE_DATE_EPOCH": "1700000000", "TMPDIR": os.path.join(folder, "tmp"),
                    "STMBOOT_STATE_DIR": os.path.join(folder, "work", "state")}

    def words(self, command):
        """A command with its path."""
        paths = {IMAGE: self.image, PAGE: self.page}
        if PAGE in command and os.path.exists(self.page):
            os.unlink(self.page)
        return [program.stmboot, *(paths.get(word, word) for word in command)]

    def run(self, command, number=None):
        """Run a command, also without memory at one allocation."""
        env = dict(self.env)
        if number is not None:
            env.update(LD_PRELOAD=self.trouble, STMBOOT_TROUBLE_AT=str(number))
        return subprocess.run(self.words(command), env=env, check=False, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=60)

    def pages(self):
        """What there is of a page."""
        if not os.path.exists(self.page):
            return os.listdir(os.path.dirname(self.page))
        with open(self.page, "rb") as f:
            return [f.read()[-8:], *os.listdir(os.path.dirname(self.page))[1:]]

    def wrong(self, done, good, reads):
        """What is wrong with a run, or None."""
        if self.pages() not in ([], [b"</html>\n"]):
            return "a part of a page is left"
        said = done.stderr.decode(errors="replace")
        with open(self.image, "rb") as f:
            if f.read() != self.before:
                return "the image was changed"
        if os.listdir(os.path.join(self.folder, "tmp")) or \
                os.listdir(os.path.join(self.folder, "work")) != [IMAGE]:
            return "a file is left"
        if done.returncode not in (0, 1, 2):
            return f"exit {done.returncode}: {said}"
        if "may not do" in said:
            return said
        if done.returncode == 2:
            return None if LINE.fullmatch(said) else f"exit 2 with {said!r}"
        if done.stdout == good.stdout and done.returncode == good.returncode:
            return None
        text = done.stdout.decode(errors="replace")
        if reads and (READ_ERROR in text or "could not be read" in text or said):
            return None
        return f"exit {done.returncode} with another answer: {said}"


def faults_of(place, command, pick):
    """The runs of a command: what failed, and how it ended."""
    made = calls.record(place.log, place.words(command), place.env, place.image)
    for call in pick([call for call in made if call[0] in FAULTY]):
        for times in (1, 0):
            fault = calls.Fault(*call, "EIO", times)
            try:
                yield calls.text(fault), calls.inject(place.log, place.words(command), place.env,
                                                      fault), True
            except calls.NotReached:
                pass
    for number in pick(range(1, ALLOCATIONS)):
        yield f"no memory at allocation {number}", place.run(command, number), False


def main():
    """Run all, or say why not."""
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[2].removeprefix("usage: "))
    parser.add_argument("stmboot")
    parser.add_argument("trouble")
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
        place = Place(folder, os.path.abspath(options.trouble))
        for command in COMMANDS:
            good = place.run(command)
            first = chance.randrange(options.every)
            for what, done, reads in faults_of(place, command,
                                               lambda all_: all_[first::options.every]):
                wrong = place.wrong(done, good, reads)
                total += 1
                if wrong is not None:
                    failed += 1
                    print(f"{json.dumps(command)}, {what}: {wrong}", flush=True)
    print(f"{total} runs, {failed} wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
