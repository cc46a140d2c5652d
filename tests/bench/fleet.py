#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure "stmboot check" on 200 real cards, with one thread and with two.

usage: fleet.py STMBOOT MEASURE DIRECTORY [ROUNDS]

A deep look, which unpacks each kernel, is measured apart from the rest. Some
cards are intact, the others damaged in different ways; each of these is one
file under many names. The two sides run alternately, so that a slow moment of
the machine meets both. DIRECTORY keeps the packages and the cards. The targets
are reported, and never decide the exit status: 1 is only for a measurement that
failed, 77 for packages that cannot be had.
"""

import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
for directory in ("cards", "support"):
    sys.path.insert(0, os.path.join(os.path.dirname(HERE), directory))

import cards  # noqa: E402
import damage  # noqa: E402
import timing  # noqa: E402
import tools  # noqa: E402

CARDS, JOBS = 200, 2
DAMAGES = [
    ("small", []),
    ("builtin", []),
    ("tfa", []),
    ("small", [damage.flip(1, 256 + 1000)]),
    ("small", [damage.flip(3, 300000)]),
    ("small", [damage.entry(3, name="uboot")]),
    ("builtin", [damage.from_end(33 * 512, "zero")]),
    ("builtin", [damage.resize(-33 * 512)]),
    ("builtin", [damage.flip(4, 1024 + 0x78)]),
    ("tfa", [damage.flip(2, 256 + 1000)]),
]


def fleet(packages, directory, work):
    """The names of all cards; a damaged one is made once and linked."""
    paths = []
    for number, (base, steps) in enumerate(DAMAGES):
        path = os.path.join(work, f"{number}.img")
        card = damage.Card(cards.card(packages, directory, base), path, packages)
        for step in steps:
            step(card)
        for copy in range(CARDS // len(DAMAGES)):
            paths.append(os.path.join(work, f"card-{copy:03}-{number}.img"))
            os.link(path, paths[-1])
    return sorted(paths)


def measure_jobs(stmboot, measure, paths, options, rounds):
    """Show one thread against two; how many times faster two are."""
    one, two = ([stmboot, "check", "--json", f"--jobs={jobs}", *options, *paths]
                for jobs in (1, JOBS))
    timing.once(measure, one, (0, 1))
    alone, together, ratio = timing.paired(measure, one, two, rounds, (0, 1))
    memory = timing.once(measure, two, (0, 1))[1]
    print(f"medians of {rounds} paired runs{' with ' if options else ''}{' '.join(options)}")
    for jobs, seconds in ((1, alone), (JOBS, together)):
        print(f"  --jobs={jobs}     {seconds * 1e3:9.1f} ms, {len(paths) / seconds:7.1f} cards a second, "
              f"{len(paths) / seconds / jobs:7.1f} a core")
    print(f"  peak memory  {memory / (1 << 20):7.1f} MiB with --jobs={JOBS}")
    return 1 / ratio


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__.split("\n\n")[1])
    stmboot, measure, directory = sys.argv[1], sys.argv[2], os.path.abspath(sys.argv[3])
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 3
    packages = cards.get_packages(os.path.join(directory, "packages"))
    if packages is None:
        return tools.SKIPPED
    print(f"{CARDS} cards, cache warm, {len(os.sched_getaffinity(0))} cores")
    with tempfile.TemporaryDirectory(dir=directory) as work:
        paths = fleet(packages, directory, work)
        light = measure_jobs(stmboot, measure, paths, ["--no-deep"], rounds * 5)
        deep = measure_jobs(stmboot, measure, paths, [], rounds)
    for what, gain in (("without a deep look", light), ("with a deep look", deep)):
        timing.row(f"{JOBS} jobs against one, {what}", f"{gain:.2f} times", ">= 1.8 times",
                   gain >= 1.8)
    return 0


if __name__ == "__main__":
    sys.exit(main())
