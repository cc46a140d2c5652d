#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure "stmboot fs ls" and "fs get" of 5,000 files against debugfs.

usage: files.py STMBOOT MEASURE [ROUNDS]

The files lie in 50 folders of one file system. debugfs lists a folder at a time,
with "ls -l": in one run that is told all of them, and in a run for each. Both
sides run alternately. The targets are reported, and never decide the exit
status: 1 is only for a measurement that failed, 77 for a tool that is missing.
"""

import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "support"))

import timing  # noqa: E402
import tools  # noqa: E402

FOLDERS, FILES, MIB = 50, 100, 1 << 20


def make_image(work):
    """A file system of the folders; where it is, and the folders."""
    tree = os.path.join(work, "tree")
    folders = [f"/usr-lib-modules-{i:02}" for i in range(FOLDERS)]
    for folder in folders:
        os.makedirs(tree + folder)
        for i in range(FILES):
            with open(f"{tree}{folder}/driver-{i:03}.ko", "wb") as f:
                f.write(os.urandom(4000))
    image = os.path.join(work, "rootfs.ext4")
    tools.make_ext4(image, tree, 64 * MIB)
    return image, ["/", *folders]


def script(work, name, *lines):
    """A file with these lines."""
    path = os.path.join(work, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")
    return path


def check(stmboot, image, folders):
    """Both sides must list the same names."""
    ours = tools.run(stmboot, "fs", "ls", "-r", image).decode().split("\n")
    theirs = tools.run("debugfs", "-R", f"ls -l {folders[1]}", image).decode()
    if len(ours) != 1 + len(folders) - 1 + 1 + FOLDERS * FILES or theirs.count(".ko") != FILES:
        raise RuntimeError(f"{len(ours)} names and {theirs.count('.ko')} in a folder")


def measure(stmboot, measure_program, work, rounds):
    """All measurements, and the table of them."""
    image, folders = make_image(work)
    check(stmboot, image, folders)
    lists = [f"ls -l {folder}" for folder in folders]
    # no pager for each listing, which would be an expense of its own
    once = ["env", "DEBUGFS_PAGER=__none__", "debugfs", "-f", script(work, "all", *lists), image]
    each = ["sh", script(work, "each", "export DEBUGFS_PAGER=__none__",
                         *(f"debugfs -R '{line}' {image}" for line in lists))]
    out, dump = os.path.join(work, "out"), os.path.join(work, "dump")
    get = ["sh", script(work, "get", f"rm -rf {out}; {stmboot} fs get -q -r {image} / {out}")]
    rdump = ["sh", script(work, "rdump", f"rm -rf {dump}; mkdir {dump}; "
                                         f"debugfs -R 'rdump / {dump}' {image}")]
    rows = [("debugfs in one run, against fs ls -r", [stmboot, "fs", "ls", "-r", image], once, 5),
            ("the same against fs ls -l -r", [stmboot, "fs", "ls", "-l", "-r", image], once, 5),
            ("a run for each folder, against fs ls -r", [stmboot, "fs", "ls", "-r", image], each, 5),
            ("debugfs rdump, against fs get -r", get, rdump, 1)]
    print(f"medians of {rounds} paired runs, {FOLDERS * FILES} files in {FOLDERS} folders, "
          f"cache warm")
    done = []
    for what, first, second, target in rows:
        ours, theirs, ratio = timing.paired(measure_program, first, second, rounds)
        print(f"  {ours * 1e3:8.2f} ms, {theirs * 1e3:8.2f} ms: {what}")
        done.append((what, ratio, target))
    memory = timing.once(measure_program, [stmboot, "fs", "ls", "-l", "-r", image])[1]
    for what, ratio, target in done:
        timing.row(what, f"{ratio:.1f} times", f">= {target} times", ratio >= target)
    timing.row("peak memory of fs ls -l -r", f"{memory / MIB:.1f} MiB", "<= 32 MiB",
               memory <= 32 * MIB)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__.split("\n\n")[1])
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 21
    with tempfile.TemporaryDirectory() as work:
        try:
            measure(os.path.abspath(sys.argv[1]), sys.argv[2], work, rounds)
        except tools.Missing as e:
            print(f"skipped: no {e}")
            return tools.SKIPPED
    return 0


if __name__ == "__main__":
    sys.exit(main())
