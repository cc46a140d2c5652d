#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What README.md shows is what happens.

usage: readme.py example STMBOOT LIBRARY COMPILER...
       readme.py transcript STMBOOT CARDS
       readme.py update STMBOOT CARDS

example compiles the C program in README.md and runs it. transcript compares
what is shown of the real card with what stmboot says; update puts that into
README.md. Exits 77 (skipped) where the card cannot be made.
"""

import difflib
import os
import re
import subprocess
import sys
import tempfile

import program

README = os.path.join(program.TOP, "README.md")
TRANSCRIPT = re.compile(r"(\$ stmboot inspect (\S+)\n)(.*?)(?=```)", re.S)


def read():
    """README.md."""
    with open(README, encoding="utf-8") as f:
        return f.read()


def example(stmboot, library, *compiler):
    """Compile and run the example on a healthy card and on a damaged one."""
    program.stmboot = os.path.abspath(stmboot)
    source = re.search(r"```c\n(.*?)```", read(), re.S).group(1)
    where = os.path.dirname(os.path.abspath(library))
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "example.c")
        with open(path, "w", encoding="utf-8") as f:
            f.write(source)
        built = os.path.join(directory, "example")
        subprocess.run([*compiler, "-std=c11", "-Wall", "-Wextra", "-Werror",
                        "-I" + os.path.join(program.TOP, "include"), path, "-o", built,
                        "-L" + where, "-lstmboot", "-Wl,-rpath," + where], check=True)
        for name in ("healthy", "both-fsbl-damaged"):
            card = program.card(name, os.path.join(directory, name + ".img"))
            said = program.inspect(card)
            lines = [f"{card}: {said['boot']['verdict']}"]
            lines += [f"{f['severity']} {f['code']}" for f in said["findings"]]
            done = subprocess.run([built, card], stdout=subprocess.PIPE, check=True)
            if done.stdout.decode().splitlines() != lines:
                print("the example says:", done.stdout.decode(), "expected:", *lines, sep="\n")
                return 1
    return 0


def transcript(stmboot, cards, update=False):
    """Compare, or replace, what README.md shows."""
    program.stmboot = os.path.abspath(stmboot)
    made = subprocess.run([os.path.join(program.TOP, "tests", "cards", "make-cards"), cards, "dk2"],
                          stdout=subprocess.PIPE, check=False)
    if made.returncode != 0:
        return made.returncode
    card = made.stdout.decode().strip()
    text = read()
    shown = TRANSCRIPT.search(text)
    with tempfile.TemporaryDirectory() as directory:
        os.symlink(card, os.path.join(directory, shown.group(2)))
        said = program.run("inspect", shown.group(2), cwd=directory).stdout.decode()
    if update:
        with open(README, "w", encoding="utf-8") as f:
            f.write(text[:shown.start(3)] + said + text[shown.end(3):])
        return 0
    if said != shown.group(3):
        sys.stdout.writelines(difflib.unified_diff(
            shown.group(3).splitlines(True), said.splitlines(True), "README.md",
            "what stmboot says"))
        return 1
    return 0


def main():
    if len(sys.argv) < 4 or sys.argv[1] not in ("example", "transcript", "update"):
        sys.exit(__doc__.split("\n\n")[1])
    try:
        if sys.argv[1] == "example":
            return example(*sys.argv[2:])
        return transcript(*sys.argv[2:4], update=sys.argv[1] == "update")
    except program.unittest.SkipTest as e:
        print(f"readme: skipped: {e}", file=sys.stderr)
        return program.tools.SKIPPED


if __name__ == "__main__":
    sys.exit(main())
