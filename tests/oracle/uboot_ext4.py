#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the library reads of ext4 as U-Boot does, held against a real U-Boot 2023.01.

Each case is a file system that U-Boot gets as a disk, and some paths in it.
Compared are, for each path, the names that `ls` shows with their types and
sizes, the size that `size` gives, and the bytes that `load` reads.

usage: uboot_ext4.py EXT4_SAYS [CASE-NUMBER...]
"""

import os
import re
import subprocess
import sys
import tempfile
import time

import ext4_cases
from uboot_console import MOST_DISKS, SKIPPED, Console, Dead, missing

SECONDS = 60
ADDRESS = "0x40200000"
ROOM = 0x5000000  # in memory behind the address, which U-Boot does not use
PROGRAMS = ("mke2fs", "debugfs", "e2fsck")
ENTRY = re.compile(rb"^(<DIR>|<SYM>|< \? >|     ) *(\d+) (.*)\n", re.MULTILINE)
TYPES = {b"     ": "file", b"< ? >": "<?>"}
FAILED = ([], None, None)
MOST_SAID = 2000  # bytes of what U-Boot said that are printed


def said_by_library(says, image, paths):
    """For each path: the entries of a directory, the size and the sum of a file."""
    done = subprocess.run([says, image, *paths], check=True, capture_output=True, text=True,
                          timeout=SECONDS)
    answers = []
    for part in done.stdout.split("\npath ")[1:]:
        entries = [tuple(line.split(" ")[1:]) for line in part.splitlines()
                   if line.startswith("entry ")]
        size = re.search(r"^size (.*)", part, re.MULTILINE)
        crc = re.search(r"^crc (.*)", part, re.MULTILINE)
        answers.append((entries, size and int(size[1], 16), crc and crc[1]))
    return answers or [FAILED] * len(paths)


def said_by_uboot(console, disk, path):
    """The same from U-Boot, and what it said."""
    where = f"virtio {disk:x}"
    said = console.run(
        f"setenv p '{path}';ls {where} \"$p\";setenv filesize;"
        f"if size {where} \"$p\";then echo size $filesize;fi;"
        f"if load {where} {ADDRESS} \"$p\";then crc32 {ADDRESS} $filesize;fi", SECONDS) + b"\n"
    entries = [(TYPES.get(kind, kind.decode()), size.decode(), name.hex())
               for kind, size, name in ENTRY.findall(said)]
    size = re.search(rb"^size (\w+)", said, re.MULTILINE)
    crc = re.search(rb"==> (\w+)", said)
    return (entries, size and int(size[1], 16), crc and crc[1].decode()), said


def agree(ours, theirs):
    """Whether two answers are the same, as far as U-Boot can give one."""
    size = ours[1]
    if size is not None and (size == 0 or size > ROOM):
        return ours[:2] == theirs[:2]  # it loads no empty file, and none that does not fit
    return ours == theirs


class Bench:
    """Shows the file systems to U-Boot, which is started anew where one made it die."""

    def __init__(self, says, directory):
        self.says, self.directory = says, directory
        self.workshop = ext4_cases.Workshop(directory)
        self.console = None
        self.starts = 0

    def close(self):
        """End the U-Boot, if one runs."""
        if self.console is not None:
            self.console.close()
        self.console = None

    def run(self, cases):
        """How many cases and paths agreed; the others are printed."""
        agreed = paths = 0
        for first in range(0, len(cases), MOST_DISKS):
            group = cases[first:first + MOST_DISKS]
            images = [os.path.join(self.directory, f"{number}.img") for number, _ in group]
            for (_, case), image in zip(group, images):
                self.workshop.make(case, image)
            for place, (number, case) in enumerate(group):
                count = self.compare(images, place, number, case)
                agreed += count == len(self.paths(case))
                paths += count
            self.close()
            for image in images:
                os.unlink(image)
        return agreed, paths

    @staticmethod
    def paths(case):
        """The paths to ask for."""
        return ext4_cases.USUAL_PATHS + case.paths

    def compare(self, images, place, number, case):
        """On how many paths of a case both agree."""
        agreed = 0
        answers = said_by_library(self.says, images[place], self.paths(case))
        for path, ours in zip(self.paths(case), answers):
            if self.console is None:
                self.console = Console(images, ["virtio scan"])
                self.starts += 1
            try:
                theirs, said = said_by_uboot(self.console, place, path)
            except Dead as dead:
                self.close()
                theirs, said = "died", dead.args[0]
            if theirs != "died" and agree(ours, theirs):
                agreed += 1
                continue
            print(f"--- {number} {case.name}: {path}\n    the library: {ours}\n"
                  f"    U-Boot: {theirs}\n{said[-MOST_SAID:].decode('utf-8', 'replace')}")
        return agreed


def main():
    """Run, or say what is missing."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    absent = missing(*PROGRAMS)
    if absent:
        print("skipped, for want of " + ", ".join(absent))
        sys.exit(SKIPPED)
    cases = list(enumerate(ext4_cases.all_cases()))
    cases = [cases[int(n)] for n in sys.argv[2:]] or cases
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(os.path.abspath(sys.argv[1]), directory)
        try:
            agreed, paths = bench.run(cases)
        finally:
            bench.close()
    total = sum(len(bench.paths(case)) for _, case in cases)
    print(f"{agreed} of {len(cases)} file systems and {paths} of {total} paths agree with U-Boot, "
          f"in {time.monotonic() - started:.0f} seconds and {bench.starts} starts")
    sys.exit(agreed != len(cases))


if __name__ == "__main__":
    main()
