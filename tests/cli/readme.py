#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What README.md shows is what happens.

usage: readme.py example STMBOOT LIBRARY COMPILER...
       readme.py transcripts STMBOOT CARDS
       readme.py update STMBOOT CARDS
       readme.py recipes STMBOOT CARDS

example compiles the C program in README.md and runs it. transcripts compares
what is shown of a healthy and of a broken card with what stmboot says, command
by command; update puts that into README.md. recipes runs all recipes. The last
three exit with 77 (skipped) where the card cannot be made.
"""

import difflib
import os
import re
import subprocess
import sys
import tempfile

import program

README = os.path.join(program.TOP, "README.md")
TRANSCRIPT = re.compile(r"(?<=^```\n)\$ stmboot .*?(?=^```$)", re.S | re.M)
RECIPE = re.compile(r"^```sh\n(.*?)^```$", re.S | re.M)
DTB = "/boot/stm32mp157c-dk2.dtb"


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


class Shell:
    """A folder with cards, and stmboot by its name."""

    def __init__(self, stmboot, healthy):
        self.folder = tempfile.TemporaryDirectory()
        self.path = self.folder.name
        os.mkdir(os.path.join(self.path, "bin"))
        os.symlink(os.path.abspath(stmboot), os.path.join(self.path, "bin", "stmboot"))
        self.env = dict(program.tools.surroundings(), LC_ALL="C.UTF-8", COLUMNS="100",
                        STMBOOT_STATE_DIR=os.path.join(self.path, "state"))
        self.env["PATH"] = os.path.join(self.path, "bin") + ":" + self.env["PATH"]
        for name in ("sdcard.img", "field.img"):
            program.tools.run("cp", "--sparse=always", healthy, os.path.join(self.path, name))

    def run(self, script):
        """The status and the output of a script."""
        done = subprocess.run(["sh", "-euc", script], cwd=self.path, env=self.env, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, text=True)
        return done.returncode, done.stdout

    def break_field(self):
        """The card that came back: no device tree under its name, and no backup table."""
        state = os.path.join(self.path, "elsewhere")
        self.run(f"STMBOOT_STATE_DIR={state} stmboot fs mv --force field.img {DTB} {DTB}.old")
        with open(os.path.join(self.path, "field.img"), "r+b") as f:
            f.seek(-512, os.SEEK_END)
            f.write(bytes(512))


def made_card(cards):
    """The path of the healthy card, made if need be; or the status of what makes it."""
    made = subprocess.run([os.path.join(program.TOP, "tests", "cards", "make-cards"), cards, "dk2"],
                          stdout=subprocess.PIPE, check=False, text=True)
    return made.stdout.strip() if made.returncode == 0 else made.returncode


def replay(shell, text):
    """The text with what each command in it says now."""
    commands = re.findall(r"^\$ (.*)$", text, re.M)
    return "".join(f"$ {command}\n{shell.run(command)[1]}" for command in commands)


def transcripts(stmboot, cards, update=False):
    """Compare, or replace, what README.md shows."""
    card = made_card(cards)
    if not isinstance(card, str):
        return card
    shell = Shell(stmboot, card)
    shell.break_field()
    text = read()
    said = TRANSCRIPT.sub(lambda match: replay(shell, match[0]), text)
    if update:
        with open(README, "w", encoding="utf-8") as f:
            f.write(said)
        return 0
    sys.stdout.writelines(difflib.unified_diff(text.splitlines(True), said.splitlines(True),
                                               "README.md", "what stmboot says"))
    return int(said != text)


def recipes(stmboot, cards):
    """Run all recipes, one after the other, on one card; a larger file is the medium."""
    card = made_card(cards)
    if not isinstance(card, str):
        return card
    shell = Shell(stmboot, card)
    shell.run("stmboot fs cat sdcard.img /boot/zImage >zImage && truncate -s 1G medium.img && "
              "mkdir -p output/images && ln sdcard.img output/images/sdcard.img")
    found = RECIPE.findall(read())
    for recipe in found:
        script = recipe.replace("sudo ", "").replace("/dev/sdX", "medium.img")
        status, said = shell.run(script.replace("conv=fsync", "conv=fsync,notrunc"))
        if status != 0:
            print(recipe, said, f"exit {status}", sep="\n")
            return 1
    status, said = shell.run("stmboot check --strict medium.img sdcard.img && "
                             "stmboot get-bootargs sdcard.img")
    print(said)
    wanted = "rootwait console=tty0 console=ttySTM0,115200"
    return int(len(found) != 5 or status != 0 or wanted not in said)


def main():
    if len(sys.argv) < 4 or sys.argv[1] not in ("example", "transcripts", "update", "recipes"):
        sys.exit(__doc__.split("\n\n")[1])
    try:
        if sys.argv[1] == "example":
            return example(*sys.argv[2:])
        if sys.argv[1] == "recipes":
            return recipes(*sys.argv[2:4])
        return transcripts(*sys.argv[2:4], update=sys.argv[1] == "update")
    except program.unittest.SkipTest as e:
        print(f"readme: skipped: {e}", file=sys.stderr)
        return program.tools.SKIPPED


if __name__ == "__main__":
    sys.exit(main())
