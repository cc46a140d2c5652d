#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure "stmboot inspect --json" on a real card against existing tools.

usage: inspect.py STMBOOT MEASURE DIRECTORY [ROUNDS]

The two sides run alternately, so that a slow moment of the machine meets both.
DIRECTORY keeps the packages and the cards. The targets are reported, and never
decide the exit status: 1 is only for a measurement that failed, 77 for
packages that cannot be had.
"""

import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "cards"))

import cards  # noqa: E402
import timing  # noqa: E402
import tools  # noqa: E402
from timing import row  # noqa: E402

MB, MIB = 10 ** 6, 1 << 20


class Bench:
    """The programs that take part."""

    def __init__(self, stmboot, measure):
        self.stmboot = stmboot
        self.measure = measure

    def inspect(self, card):
        """The command that is measured."""
        return [self.stmboot, "inspect", "--json", card]

    def once(self, command):
        """Wall time in seconds and peak memory in bytes of one run."""
        return timing.once(self.measure, command)

    def paired(self, first, second, rounds):
        """Median times of two commands run in turn, and of their ratios second / first."""
        return timing.paired(self.measure, first, second, rounds)

    def reads(self, card):
        """How many reads from the card one run makes, and of how many bytes."""
        with tempfile.NamedTemporaryFile("r") as log:
            tools.run("strace", "-f", "-y", "-o", log.name,
                      "-e", "trace=read,pread64,readv,preadv,preadv2,mmap", *self.inspect(card))
            lines = [line for line in log if f"<{os.path.realpath(card)}>" in line]
        if any("mmap(" in line for line in lines):
            raise RuntimeError("the card is mapped: its reads cannot be counted")
        sizes = [int(m.group(1)) for m in (re.search(r"= (\d+)$", line.strip()) for line in lines) if m]
        return len(sizes), sum(sizes)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__.split("\n\n")[1])
    bench = Bench(*sys.argv[1:3])
    directory = os.path.abspath(sys.argv[3])
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 41
    packages = cards.get_packages(os.path.join(directory, "packages"))
    if packages is None:
        return tools.SKIPPED
    card, huge = (cards.card(packages, directory, name) for name in ("dk2", "huge"))
    by_hand = [os.path.join(HERE, "by-hand"), card]
    for command in (bench.inspect(card), bench.inspect(huge), by_hand):
        bench.once(command)

    ours, theirs, times = bench.paired(bench.inspect(card), by_hand, rounds)
    _, sums, sums_times = bench.paired(bench.inspect(card), by_hand + ["sums"], max(rounds // 4, 3))
    small, large, growth = bench.paired(bench.inspect(card), bench.inspect(huge), rounds)
    memory = max(bench.once(bench.inspect(c))[1] for c in (card, huge) for _ in range(5))
    count, size = bench.reads(card)
    huge_count, huge_size = bench.reads(huge)

    print(f"medians of {rounds} paired runs on a {os.path.getsize(card) / MB:.0f} MB card, cache warm")
    print(f"  stmboot inspect --json      {ours * 1e3:8.2f} ms")
    print(f"  existing tools              {theirs * 1e3:8.2f} ms")
    print(f"  the same with STM32 sums    {sums * 1e3:8.2f} ms, {sums_times:.1f} times stmboot's")
    print(f"  stmboot on 60 GiB           {large * 1e3:8.2f} ms against {small * 1e3:.2f} ms, "
          f"{huge_count} reads, {huge_size} bytes")
    row("existing tools against stmboot", f"{times:.1f} times", ">= 30 times", times >= 30)
    row(f"read from the card, in {count} reads", f"{size / MB:.3f} MB", "<= 1.6 MB", size <= 1.6 * MB)
    row("peak memory", f"{memory / MIB:.1f} MiB", "<= 8 MiB", memory <= 8 * MIB)
    row("60 GiB against 256 MiB", f"{growth:.2f} times", "<= 1.2 times", growth <= 1.2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
