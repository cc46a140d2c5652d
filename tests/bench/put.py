#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure "stmboot fs put" of a kernel of 5 MB on a real card against debugfs.

usage: put.py STMBOOT MEASURE NOSYNC DIRECTORY [ROUNDS]

Both sides put two kernels in turn in the place of /boot/zImage, run alternately,
each on a copy of its own, with syncs left out by NOSYNC. stmboot follows the
boot before and after, reads every inode before and after, keeps what it
replaces for an undo and writes all through its log; debugfs writes. DIRECTORY
keeps the packages and the cards. The target is reported, and never decides the
exit status: 1 is only for a measurement that failed, 77 for packages that cannot
be had.
"""

import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "cards"))

import cards  # noqa: E402
import tools  # noqa: E402
from timing import row  # noqa: E402

KERNEL, HEAD = "/boot/zImage", 64


def kernels(stmboot, card, work):
    """Two kernels of the size of the card's own, and with its header; nothing else is alike."""
    data = tools.run(stmboot, "fs", "cat", card, KERNEL)
    paths = [os.path.join(work, name) for name in ("first", "second")]
    for path in paths:
        with open(path, "wb") as f:
            f.write(data[:HEAD] + os.urandom(len(data) - HEAD))
    return paths


def once(measure, command, env):
    """Wall time in milliseconds of one run."""
    out = subprocess.run([measure, *command], env=env, check=True, stdout=subprocess.PIPE,
                         text=True).stdout
    nanoseconds, _, status = (int(word) for word in out.split())
    if status != 0:
        raise RuntimeError(f"{' '.join(command)}: exit {status}")
    return nanoseconds / 1e6


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__.split("\n\n")[1])
    stmboot, measure, nosync = (os.path.abspath(path) for path in sys.argv[1:4])
    directory = os.path.abspath(sys.argv[4])
    rounds = int(sys.argv[5]) if len(sys.argv) > 5 else 15
    packages = cards.get_packages(os.path.join(directory, "packages"))
    if packages is None:
        return tools.SKIPPED
    with tempfile.TemporaryDirectory(dir=directory) as work:
        env = dict(tools.surroundings(), STMBOOT_STATE_DIR=os.path.join(work, "state"))
        fast = dict(env, LD_PRELOAD=nosync)
        copies = [os.path.join(work, name) for name in ("ours", "theirs")]
        for copy in copies:
            tools.run("cp", "--sparse=always", cards.card(packages, directory, "dk2"), copy)
        ours, theirs = copies
        files = kernels(stmboot, ours, work)
        times = []
        for turn in range(rounds + 1):
            file = files[turn % 2]
            times.append((once(measure, [stmboot, "fs", "put", ours, file, KERNEL], fast),
                          once(measure, [os.path.join(HERE, "put-by-hand"), theirs, file], fast)))
        synced = [once(measure, [stmboot, "fs", "put", ours, files[turn % 2], KERNEL], env)
                  for turn in range(rounds + 1, rounds + 6)]
    times = times[1:]
    ratio = statistics.median(b / a for a, b in times)
    print(f"medians of {rounds} paired runs, cache warm")
    print(f"  stmboot fs put, no sync        {statistics.median(a for a, _ in times):8.2f} ms")
    print(f"  rm, write, sif of debugfs      {statistics.median(b for _, b in times):8.2f} ms")
    print(f"  stmboot fs put with its syncs  {statistics.median(synced):8.2f} ms")
    row("debugfs against stmboot", f"{ratio:.2f} times", ">= 1 time", ratio >= 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
