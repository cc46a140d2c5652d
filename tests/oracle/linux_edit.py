#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An edited command line, as a real Linux gets it from a real U-Boot.

A card boots under qemu, "stmboot set-bootargs" adds words, the card boots
again, and "stmboot undo" brings the first card back byte for byte.

usage: linux_edit.py STMBOOT DIRECTORY

DIRECTORY keeps packages and cards. Exits 77 (skipped) where programs or
packages cannot be had.
"""

import hashlib
import os
import subprocess
import sys
import tempfile

import linux_root  # first: it says where the others lie
from linux_root import cards, linux_console, missing, tools

WORDS = ["stmboot.word=1", 'stmboot.text="two  blanks"']


class Wrong(Exception):
    """What is not as it should be."""


def digest(path):
    """A checksum of all bytes of a file."""
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def run(stmboot, state, *arguments):
    """Run stmboot, which must succeed; what it printed."""
    done = subprocess.run([stmboot, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=dict(os.environ, STMBOOT_STATE_DIR=state),
                          check=False, timeout=60)
    if done.returncode != 0:
        raise Wrong(f"stmboot {' '.join(arguments)}: exit {done.returncode}, "
                    + done.stderr.decode(errors="replace").strip())
    return done.stdout.decode()


def same(what, found, expected):
    """Hold a fact against another."""
    if found != expected:
        raise Wrong(f"{what}: {found!r}, not {expected!r}")


def boot(card):
    """The command line that Linux got, once it has come to init."""
    outcome = linux_console.sysboot(card)
    if outcome.outcome != linux_console.BOOTS:
        raise Wrong(f"{outcome.outcome}:\n" + linux_console.end_of_log(outcome))
    return outcome.cmdline


def prove(stmboot, card, state):
    """Boot, edit, boot, take back."""
    before, original = boot(card), digest(card)
    same("command line as made", run(stmboot, state, "get-bootargs", card), before + "\n")
    run(stmboot, state, "set-bootargs", card, *WORDS)
    after = boot(card)
    same("command line after set-bootargs", after, " ".join([before] + WORDS))
    same("what get-bootargs says of it", run(stmboot, state, "get-bootargs", card), after + "\n")
    run(stmboot, state, "undo", card)
    same("the card after undo", digest(card), original)
    print(f"Linux got:       {before}\nafter the edit:  {after}\nafter undo the card is as it was")


def main():
    """Run, or say what is missing."""
    if len(sys.argv) != 3:
        sys.exit(__doc__.split("\n\n")[2])
    absent = missing(*linux_root.PROGRAMS)
    if absent:
        print("skipped, for want of " + ", ".join(absent))
        return tools.SKIPPED
    directory = os.path.abspath(sys.argv[2])
    packages = cards.get_packages(os.path.join(directory, "packages"))
    if packages is None:
        return tools.SKIPPED
    healthy = cards.card(packages, directory, "builtin")
    stmboot = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(dir=directory) as work:
        bench = linux_root.Bench(stmboot, packages, work, healthy)
        try:
            prove(stmboot, bench.card("edited", [bench.with_drivers]), os.path.join(work, "state"))
        except Wrong as e:
            print(f"WRONG {e}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
