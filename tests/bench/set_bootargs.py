#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure "stmboot set-bootargs" on a real card against a careful script of existing tools.

usage: set_bootargs.py STMBOOT MEASURE NOSYNC DIRECTORY [ROUNDS]

The two sides run alternately, each on a copy of its own, with syncs left out on
both by NOSYNC; what they cost is shown. DIRECTORY keeps the packages and the
cards. The targets are reported, and never decide the exit status: 1 is only for
a measurement that failed, 77 for packages that cannot be had.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "cards"))

import cards  # noqa: E402
import tools  # noqa: E402

MB, KIB = 10 ** 6, 1 << 10
CALLS = "read,pread64,readv,preadv,preadv2,write,pwrite64,writev,pwritev,pwritev2,copy_file_range,mmap"


class Bench:
    """The programs that take part, and where they work."""

    def __init__(self, stmboot, measure, nosync, directory):
        self.stmboot = stmboot
        self.measure = measure
        self.env = dict(tools.surroundings(), STMBOOT_STATE_DIR=os.path.join(directory, "state"))
        self.nosync = dict(self.env, LD_PRELOAD=nosync)
        self.turn = 0

    def edit(self, card, value):
        """The command that is measured."""
        return [self.stmboot, "set-bootargs", card, f"bench={value}"]

    @staticmethod
    def by_hand(card, value):
        """The same by hand."""
        return [os.path.join(HERE, "edit-by-hand"), card, "bench", value]

    def once(self, command, env):
        """Wall time in milliseconds of one run."""
        out = subprocess.run([self.measure, *command], env=env, check=True,
                             stdout=subprocess.PIPE, text=True).stdout
        nanoseconds, _, status = (int(word) for word in out.split())
        if status != 0:
            raise RuntimeError(f"{' '.join(command)}: exit {status}")
        return nanoseconds / 1e6

    def paired(self, sides, rounds, values):
        """Median times of sides run in turn, and of the ratios of the second to the first."""
        times = []
        for _ in range(rounds):
            self.turn += 1
            value = values[self.turn % len(values)]
            times.append([self.once(side(card, value), env) for side, card, env in sides])
        return ([statistics.median(t) for t in zip(*times)],
                statistics.median(t[1] / t[0] for t in times))

    def traffic(self, card, value):
        """Bytes that one run reads from the card, and writes to it."""
        with tempfile.NamedTemporaryFile("r") as log:
            subprocess.run(["strace", "-f", "-y", "-o", log.name, "-e", "trace=" + CALLS,
                            *self.edit(card, value)], env=self.env, check=True,
                           stdout=subprocess.DEVNULL)
            lines = [line for line in log if f"<{os.path.realpath(card)}>" in line]
        if any("mmap(" in line for line in lines):
            raise RuntimeError("the card is mapped: its reads cannot be counted")
        done = [(bool(re.search(r"\bp?writ|copy_file", m.group(1))), int(m.group(2)))
                for m in (re.match(r"(?:\d+ +)?(\w+)\(.*= (\d+)$", line.strip()) for line in lines)
                if m]
        return sum(n for w, n in done if not w), sum(n for w, n in done if w)


def row(what, is_, target, met):
    """One line of the table."""
    print(f"{what:<44} {is_:>14}   {target:<16} {'met' if met else 'MISSED'}")


def measure(bench, copies, rounds):
    """All measurements, and the table of them."""
    short, long = "1234", ["1", "x" * 900]
    for copy in copies:
        bench.once(bench.edit(copy, "0"), bench.env)
    ours, theirs, huge = copies
    pair = [(bench.edit, ours, bench.nosync), (bench.by_hand, theirs, bench.nosync)]
    (fast, slow), times = bench.paired(pair, rounds, short)
    (grown, grown_by_hand), grown_times = bench.paired(pair, max(rounds // 2, 3), long)
    (synced, _), _ = bench.paired([(bench.edit, ours, bench.env)] * 2, max(rounds // 4, 3), short)
    read, written = bench.traffic(ours, "5")
    far, _ = bench.traffic(huge, "5")
    grown_traffic = [bench.traffic(ours, value) for value in ("x" * 900, "6")]
    most_read = max(t[0] for t in grown_traffic)
    most_written = max(t[1] for t in grown_traffic)

    print(f"medians of {rounds} paired runs on a {os.path.getsize(ours) / MB:.0f} MB card, cache warm")
    print(f"  stmboot set-bootargs, no sync   {fast:8.2f} ms")
    print(f"  the careful script, no sync     {slow:8.2f} ms")
    print(f"  stmboot where it outgrows       {grown:8.2f} ms, the script {grown_by_hand:.2f} ms, "
          f"{grown_times:.1f} times")
    print(f"  stmboot with its syncs          {synced:8.2f} ms: they cost {synced - fast:.2f} ms")
    row("the script against stmboot", f"{times:.1f} times", ">= 5 times", times >= 5)
    row("read, an edit that fits its block", f"{read / MB:.3f} MB", "<= 1.8 MB", read <= 1.8 * MB)
    row("the same on 60 GiB", f"{far / MB:.3f} MB", "<= 1.8 MB", far <= 1.8 * MB)
    row("read, one that does not", f"{most_read / MB:.3f} MB", "<= 5 MB", most_read <= 5 * MB)
    row("written outside the log", f"{max(written, most_written) / KIB:.1f} KiB", "<= 16 KiB",
        max(written, most_written) <= 16 * KIB)


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__.split("\n\n")[1])
    directory = os.path.abspath(sys.argv[4])
    rounds = int(sys.argv[5]) if len(sys.argv) > 5 else 41
    packages = cards.get_packages(os.path.join(directory, "packages"))
    if packages is None:
        return tools.SKIPPED
    with tempfile.TemporaryDirectory() as work:
        bench = Bench(os.path.abspath(sys.argv[1]), *sys.argv[2:4], work)
        copies = []
        for name in ("dk2", "dk2", "huge"):
            copies.append(os.path.join(work, f"{len(copies)}.img"))
            tools.run("cp", "--sparse=always", "--reflink=auto",
                      cards.card(packages, directory, name), copies[-1])
        measure(bench, copies, rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
