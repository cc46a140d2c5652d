#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure the replay of a full journal of 16 MiB against e2fsck -E journal_only.

usage: journal.py STMBOOT MEASURE REPLAY NOSYNC [ROUNDS]

The sides run alternately, each on a fresh copy, with syncs left out on both by
NOSYNC. REPLAY does what e2fsck does: it reads and verifies the log, and puts
all blocks in place. What a whole edit with that replay takes, whose transaction
keeps what was there before and is done as a whole or not at all, is shown
beside it. The target is reported, and never decides the exit status: 1 is only
for a measurement that failed.
"""

import os
import random
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "support"))

import journal  # noqa: E402
import tools  # noqa: E402
from timing import row  # noqa: E402

MIB = 1 << 20
SHAPES = {"4 KiB, checksums": (4096, "64bit,metadata_csum", "v3"),
          "4 KiB, none": (4096, "64bit,^metadata_csum", "none"),
          "1 KiB, checksums": (1024, "64bit,metadata_csum", "v3")}
CONFIG = "label linux\n  kernel /boot/zImage\n  append root=/dev/mmcblk0p4 rootwait\n"


def fill(path, size, features, kind):
    """A file system whose journal is full of other blocks for one of its files."""
    count = 16 * MIB // size
    source = random.Random(size)
    with tempfile.TemporaryDirectory() as tree:
        os.makedirs(os.path.join(tree, "boot/extlinux"))
        with open(os.path.join(tree, "boot/extlinux/extlinux.conf"), "w", encoding="utf-8") as f:
            f.write(CONFIG)
        with open(os.path.join(tree, "file"), "wb") as f:
            f.write(source.randbytes(16 * MIB))
        with open(path, "wb") as f:
            f.truncate(96 * MIB)
        tools.run("mke2fs", "-q", "-F", "-t", "ext4", "-b", str(size), "-O", features, "-J",
                  "size=16", "-d", tree, path)
    blocks = journal.blocks_of(path, "/file", count)
    log = journal.Journal(path, kind)
    most = (size - 12 - 16 - 4) // 16
    while len(log.log) + 3 < log.length:
        part = [blocks.pop() for _ in range(min(most, log.length - 3 - len(log.log)))]
        log.transaction([(number, source.randbytes(size)) for number in part])
    log.finish()


class Bench:
    """The programs that take part, and where they work."""

    def __init__(self, stmboot, measure, replay, nosync, directory):
        self.measure = measure
        self.env = dict(tools.surroundings(), LD_PRELOAD=nosync,
                        STMBOOT_STATE_DIR=os.path.join(directory, "state"))
        self.copy = os.path.join(directory, "copy")
        self.sides = {"e2fsck": ["e2fsck", "-p", "-E", "journal_only", self.copy],
                      "replay": [replay, self.copy],
                      "inspect": [stmboot, "inspect", "--json", self.copy],
                      "set-bootargs": [stmboot, "set-bootargs", self.copy, "quiet", "-f"]}

    def once(self, base, command):
        """Wall time in milliseconds of one run on a fresh copy."""
        tools.run("cp", "--sparse=always", "--reflink=auto", base, self.copy)
        out = subprocess.run([self.measure, *command], env=self.env, check=True,
                             stdout=subprocess.PIPE, text=True).stdout
        nanoseconds, _, status = (int(word) for word in out.split())
        if status not in (0, 1 if command[0] == "e2fsck" else 0):
            raise RuntimeError(f"{' '.join(command)}: exit {status}")
        return nanoseconds / 1e6

    def times(self, base, rounds):
        """Median times of all sides, run in turn, and of the ratio of e2fsck to replay."""
        found = {name: [] for name in self.sides}
        for _ in range(rounds):
            for name, command in self.sides.items():
                found[name].append(self.once(base, command))
        ratio = statistics.median(a / b for a, b in zip(found["e2fsck"], found["replay"]))
        return {name: statistics.median(times) for name, times in found.items()}, ratio


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__.split("\n\n")[1])
    rounds = int(sys.argv[5]) if len(sys.argv) > 5 else 21
    with tempfile.TemporaryDirectory() as work:
        bench = Bench(*(os.path.abspath(path) for path in sys.argv[1:5]), work)
        base = os.path.join(work, "base")
        print(f"medians of {rounds} paired runs, cache warm, no syncs")
        for name, shape in SHAPES.items():
            fill(base, *shape)
            times, ratio = bench.times(base, rounds)
            print("  " + ", ".join(f"{side} {time:.1f} ms" for side, time in times.items()))
            row(f"e2fsck against the replay ({name})", f"{ratio:.2f} times", ">= 1 times",
                ratio >= 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
