#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""stmboot failing at each read, and without memory at each allocation, while it only looks.

Whatever fails, libext2fs with it: the answer is the right one, or it could not be
done, and then one line says why; the image is as it was, and nothing is left. A page
of it is whole, or there is none. Reads that a signal breaks off, or that give less than
was asked for, change no answer. Of an image that gets shorter while it is read the
answer is the right one, or says that a part could not be read; of one that changes
there is some answer.

Every command is among them, those that edit as --dry-run: what they write is another
matter (faults.py).

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
import shutil
import subprocess
import sys
import tempfile

import calls
import faults
import kinds

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(os.path.dirname(HERE), area) for area in ("cli", "layouts", "rules")]

import program  # noqa: E402
import tools  # noqa: E402

import image  # noqa: E402
import layouts  # noqa: E402

IMAGE, UPDATED = kinds.IMAGE, "updated.img"  # the second has two sets of firmware
EDITED, PENDING = "edited.img", "pending.img"  # one edit was made; one was killed in the middle
SAVED = "saved.env"  # what U-Boot has saved, as a file
PAGE, OVERLAY = "page.html", "overlay.dtbo"
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
            ["fip", "extract", UPDATED, "nt-fw", "-"], ["undo", "--list", EDITED],
            ["env", "get", SAVED, "bootdelay"], ["inspect", "--json", PENDING]]
# These read what they would change, and files of the host.
COMMANDS += [[*command[:words], "-n", *command[words:]] for words, command in [
    (2, ["extlinux", "add", IMAGE, "three", "kernel=/boot/zImage"]),
    (2, ["extlinux", "default", "-f", IMAGE, "two"]), (2, ["extlinux", "remove", IMAGE, "two"]),
    (2, ["extlinux", "set", IMAGE, "two", "append", "quiet"]),
    (2, ["extlinux", "timeout", IMAGE, "7s"]),
    (2, ["dtb", "overlay", IMAGE, OVERLAY]), (2, ["dtb", "remove", IMAGE, "/soc"]),
    (2, ["dtb", "set", IMAGE, "/soc", "x", "y"]),
    (2, ["fs", "chmod", IMAGE, "600", "/boot/zImage"]), (2, ["fs", "chown", IMAGE, "1", "/boot/zImage"]),
    (2, ["fs", "cp", IMAGE, "/boot/zImage", "/boot/new"]),
    (2, ["fs", "edit", IMAGE, "/boot/extlinux/extlinux.conf"]),
    (2, ["fs", "ln", IMAGE, "/boot/zImage", "/boot/new"]), (2, ["fs", "mkdir", IMAGE, "/boot/new"]),
    (2, ["fs", "mv", IMAGE, "/lib", "/usr"]), (2, ["fs", "put", IMAGE, kinds.LOADER, "/boot/new"]),
    (2, ["gpt", "repair", IMAGE]), (2, ["gpt", "set", IMAGE, "rootfs", "name=system"]),
    (2, ["part", "write", IMAGE, "fsbl", kinds.LOADER]),
    (2, ["fip", "replace", UPDATED, "nt-fw", kinds.UBOOT]),
    (1, ["recover", PENDING]), (1, ["undo", EDITED])]]
FAULTY = ["pread64", "read", "lseek", "newfstatat", "sendto", "recvfrom"]
ALLOCATIONS = 4000  # more than any of these makes
# The C library says in a line of its own that libext2fs frees what it has not allocated, and
# sed, the editor, why it failed.
LINE = re.compile(r"([^\n]*(free|corrupt|malloc|sed)[^\n]*\n)*(stmboot: [^\n]+\n)+")
READ_ERROR = "image.read-error"
CRASHED = "a part of stmboot crashed"  # as libext2fs does without memory
# An edit tells only how many findings there were before it.
BEFORE = re.compile(r"^before: boots, with warnings: .*\n|^before: boots\n", re.M)
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
        self.images = {name: os.path.join(folder, "work", name) for name in (IMAGE, UPDATED, EDITED, PENDING, SAVED)}
        self.files = {name: os.path.join(folder, name)
                      for name in (kinds.LOADER, kinds.UBOOT, OVERLAY)}
        self.env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C",
                    "SOURCE_DATE_EPOCH": "1700000000", "TMPDIR": os.path.join(folder, "tmp"),
                    "EDITOR": "sed -i '1i# seen'",
                    "STMBOOT_STATE_DIR": os.path.join(folder, "state")}
        self.prepare()
        self.before, self.names = self.state(), self.listing()

    def prepare(self):
        """Make the images, what was done to them before, and the files."""
        program.configured(self.images[IMAGE], kinds.CONFIG)
        layouts.both()(self.images[UPDATED])
        with open(self.images[SAVED], "wb") as f:
            f.write(image.environment({"bootdelay": "1"}))
        for name in (EDITED, PENDING):
            shutil.copyfile(self.images[IMAGE], self.images[name])
        self.must(["set-bootargs", EDITED, "quiet"])
        before = self.content(PENDING)
        edit = ["set-bootargs", PENDING, "quiet"]
        made = self.record(edit)
        shutil.copyfile(self.images[IMAGE], self.images[PENDING])
        after = [name for name, _ in made].index("rename")
        writes = [call for call in made[after:] if call[0] == "pwrite64"]
        calls.inject(self.log, self.words(edit), self.env, calls.Fault(*writes[1], calls.KILL, 1))
        if self.content(PENDING) == before:
            raise RuntimeError("the edit was killed before it wrote anything")
        for name in (kinds.LOADER, kinds.UBOOT):
            with open(self.files[name], "wb") as f:
                f.write(faults.FILES[name])
        tools.run("dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-o", self.files[OVERLAY],
                  data=b'/dts-v1/; /plugin/; &{/} { seen = "yes"; };')

    def content(self, name):
        """The bytes of an image."""
        with open(self.images[name], "rb") as f:
            return f.read()

    def listing(self):
        """The names of the files that are there."""
        return [sorted(os.listdir(os.path.join(self.folder, name))) for name in ("tmp", "work")]

    def must(self, command):
        """Run a command that must succeed."""
        done = self.run(command)
        if done.returncode != 0:
            raise RuntimeError(f"{command}: {done.stderr.decode(errors='replace')}")

    def state(self):
        """What a write would change."""
        return [(st.st_size, st.st_mtime_ns) for st in map(os.stat, self.images.values())]

    def words(self, command):
        """A command with its path."""
        paths = {**self.images, **self.files, PAGE: self.page}
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
        if self.listing() != self.names:
            left = self.listing()
            shutil.rmtree(self.env["TMPDIR"])
            os.mkdir(self.env["TMPDIR"])
            return f"a file is left: {left}"
        if done.returncode not in (0, 1, 2):
            return f"exit {done.returncode}: {said}"
        if "may not do" in said or CRASHED in said and allowed != ONLY_FAIL:
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
        if allowed == UNREAD and done.returncode == good.returncode and \
                BEFORE.sub("", text) == BEFORE.sub("", good.stdout.decode()):
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


def left_out():
    """The commands that no run is made of."""
    said = program.run("--help").stdout.decode()
    listed = re.findall(r"^  ([a-z0-9-]+(?: [a-z]+)?) +[A-Z]", said, re.M)
    tried = {" ".join(command[:words]) for command in COMMANDS for words in (1, 2)}
    return sorted(set(listed) - tried)


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
    if left_out():
        print("not tried: " + ", ".join(left_out()))
        return 1
    chance = random.Random(options.seed)
    print(f"each {options.every}th fault, seed {options.seed}")
    total = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder, Libraries(os.path.abspath(options.trouble),
                                        os.path.abspath(options.reads)))
        for command in COMMANDS:
            good = place.run(command)
            for trials in (failing_reads, other_reads, missing_memory):
                first = chance.randrange(options.every)
                for what, done, allowed in trials(place, command,
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
