#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shells complete every command and option, and what has a fixed choice.

usage: completions.py STMBOOT BASH FISH ZSH [TEST...]

bash is asked as readline asks it, fish by its own command; what zsh's functions
hand on is looked at, and zsh reads the file.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import program

SCRIPTS = {}


def asked(shell, text, cwd=None):
    """What a shell prints that runs a text, without the user's own settings."""
    if shutil.which(shell) is None:
        raise unittest.SkipTest(f"{shell} is not installed")
    plain = {"bash": ["--norc", "--noprofile"], "fish": ["--no-config"], "zsh": ["-f"]}[shell]
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run([shell, *plain, "-c", text], cwd=cwd or home, check=False,
                              env={"HOME": home, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
    if done.stderr:
        raise AssertionError(f"{shell}: {done.stderr.decode()}")
    return done.stdout.decode()


def quoted(word):
    """A word in single quotes."""
    return "'" + word.replace("'", "'\\''") + "'"


def bash(*lines, cwd=None):
    """What bash completes at the end of each command line; readline breaks it at = and :."""
    text = f"source {quoted(SCRIPTS['bash'])}\n"
    for line in lines:
        words = [part for word in line.split(" ") for part in re.split("([=:])", word) if part]
        if line.endswith(" "):
            words.append("")
        text += (f"COMP_WORDS=({' '.join(map(quoted, words))}) COMP_CWORD={len(words) - 1}\n"
                 "_stmboot\nprintf '%s ' \"${COMPREPLY[@]}\"\necho\n")
    return [set(said.split()) for said in asked("bash", text, cwd).splitlines()]


def fish(*lines, cwd=None):
    """The same of fish."""
    text = f"source {quoted(SCRIPTS['fish'])}\n"
    for line in lines:
        text += f"complete -C {quoted(line)} | string split -f1 \\t; echo //\n"
    return [set(said.split()) for said in asked("fish", text, cwd).split("//\n")[:-1]]


def zsh(*commands):
    """The options and operands that zsh hands on for each command, or its second words."""
    text = ("_arguments() { if [[ $1 == -C ]]; then state=rest; shift words; (( CURRENT-- ));"
            " return 1; fi; print -rl -- $@ }\n"
            "_describe() { print -rl -- ${(P)2} }\n"
            f"words=(stmboot check '') CURRENT=3\nsource {quoted(SCRIPTS['zsh'])} >/dev/null\n")
    for command in commands:
        words = ["stmboot", *command.split(), ""]
        text += (f"words=({' '.join(map(quoted, words))}) CURRENT={len(words)}\n"
                 "_stmboot\nprint //\n")
    return [said.splitlines() for said in asked("zsh", text).split("//\n")[:-1]]


def helped(*command):
    """The commands, or the options of one, that --help tells of."""
    text = program.run(*command, "--help").stdout.decode()
    if not command:
        listed = text.split("commands:\n")[1].split("\n\n")[0]
        return [re.match(r" *([a-z0-9-]+(?: [a-z]+)?) ", line)[1] for line in listed.splitlines()]
    listed = text.split("options:\n")[1]
    return {f"--{name}" for name in re.findall(r"^ {2}(?:-.|  ) --([a-z-]+)", listed, re.M)}


class Completions(unittest.TestCase):
    def setUp(self):
        self.commands = helped()

    def test_every_command_and_option(self):
        firsts = {name.split()[0] for name in self.commands}
        for ask in bash, fish:
            self.assertEqual(ask("stmboot ")[0], firsts)
            given = ask(*(f"stmboot {name} --" for name in self.commands))
            for name, found in zip(self.commands, given):
                self.assertEqual({word.rstrip("=") for word in found}, helped(*name.split()), name)

    def test_second_words(self):
        groups = sorted({name.split()[0] for name in self.commands if " " in name})
        for ask in bash, fish:
            for group, found in zip(groups, ask(*(f"stmboot {group} " for group in groups))):
                self.assertEqual(found, {name.split()[1] for name in self.commands
                                         if name.startswith(group + " ")})

    def test_fixed_values(self):
        lines = ["stmboot inspect --medium=", "stmboot inspect --medium e", "stmboot --color=a",
                 "stmboot gpt repair x --from="]
        for ask in bash, fish:
            found = [{word.split("=")[-1] for word in words} for words in ask(*lines)]
            self.assertEqual(found, [{"auto", "sd", "emmc"}, {"emmc"}, {"auto", "always"},
                                     {"auto", "primary", "backup"}])

    def test_codes_and_areas(self):
        codes = {code["code"] for code in
                 json.loads(program.run("check", "--list", "--json").stdout)["codes"]}
        areas = {code.split(".")[0] for code in codes}
        for ask in bash, fish:
            found = ask("stmboot check --explain ", "stmboot check x --only ",
                        "stmboot check --ignore ")
            self.assertEqual(found, [codes, codes | areas, codes | areas])

    def test_files_where_the_host_has_them(self):
        lines = {"stmboot inspect ": True, "stmboot check a b ": True, "stmboot fs get a ": False,
                 "stmboot fs get -r a /x ": True, "stmboot fs put a ": True,
                 "stmboot fs put a b ": False, "stmboot part write a fsbl ": True,
                 "stmboot set-bootargs a ": False, "stmboot undo a -o ": True,
                 "stmboot undo --output ": True, "stmboot get-bootargs --label ": False,
                 "stmboot fip replace a nt-fw f hw-config ": True}
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "card.img"), "wb"):
                pass
            for ask in bash, fish:
                for line, found in zip(lines, ask(*lines, cwd=folder)):
                    self.assertEqual("card.img" in found, lines[line], (ask.__name__, line))

    def test_bash_understands_what_readline_breaks(self):
        given = bash("stmboot --color=never fs ", "stmboot fs cat --medium=sd --",
                     "stmboot dtb show --file=1:/boot/a.dtb --j", "stmboot fs ls -- --")
        self.assertIn("ls", given[0])
        self.assertIn("--json", given[1])
        self.assertEqual(given[2:], [{"--json"}, set()])

    def test_zsh_hands_on_all(self):
        self.assertEqual(asked("zsh", f"zsh -n {quoted(SCRIPTS['zsh'])}"), "")
        for name, specs in zip(self.commands, zsh(*self.commands)):
            for option in helped(*name.split()):
                self.assertRegex("\n".join(specs), rf"(?m)^\*{option}(=.*)?\[", name)
        groups = sorted({name.split()[0] for name in self.commands if " " in name})
        for group, words in zip(groups, zsh(*groups)):
            self.assertEqual([word.split(":")[0] for word in words],
                             [name.split()[1] for name in self.commands
                              if name.startswith(group + " ")])
        self.assertEqual([spec for spec in zsh("fs get")[0] if re.match(r"\d|\*:", spec)],
                         ["1: :_files", "2: : ", "3: :_files"])


if __name__ == "__main__":
    for shell in "bash", "fish", "zsh":
        SCRIPTS[shell] = os.path.abspath(sys.argv.pop(2))
    program.main()
