#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manual pages can be read, and nothing that should stand in them is missing.

usage: manual.py STMBOOT PAGE... [TEST...]
"""

import functools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import unittest

import program

PAGES = {}


@functools.lru_cache(maxsize=None)
def rendered(name):
    """A page as man shows it, in lines too long to break a word; and what man complains of."""
    if shutil.which("man") is None:
        raise unittest.SkipTest("man is not installed")
    env = dict(os.environ, LC_ALL="C.UTF-8", MANWIDTH="1000")
    done = subprocess.run(["man", "--warnings", "-l", PAGES[name]], env=env, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.stdout.decode(), done.stderr.decode()


def words(text):
    """Text without what groff makes of quotes, dashes and blanks."""
    text = re.sub("[‘’`´]", "'", text).replace("‐", "-").replace("−", "-")
    return " ".join(re.sub("[“”]", '"', text).split())


def commands():
    """All commands that --help tells of."""
    listed = program.run("--help").stdout.decode().split("commands:\n")[1].split("\n\n")[0]
    return [re.match(r" *([a-z0-9-]+(?: [a-z]+)?) ", line)[1] for line in listed.splitlines()]


class Manual(unittest.TestCase):
    def setUp(self):
        self.codes = json.loads(program.run("check", "--list", "--json").stdout)["codes"]

    def test_pages_render_without_a_warning(self):
        for name in PAGES:
            self.assertEqual(rendered(name)[1], "", name)

    def test_every_code_stands_in_both(self):
        for name in "stmboot.1", "stmboot-findings.7":
            text = rendered(name)[0]
            for code in self.codes:
                self.assertRegex(text, rf"(?m)^ *{re.escape(code['code'])} \({code['severity']}",
                                 name)

    def test_the_library_s_page_names_every_header(self):
        named = set(re.findall(r"\b\w+\.h\b", rendered("libstmboot.3")[0]))
        self.assertEqual(named, set(os.listdir(os.path.join(program.TOP, "include", "stmboot"))))

    def test_each_command_has_a_page_with_what_its_help_says(self):
        for name in commands():
            shown = words(program.run(*name.split(), "--help").stdout.decode())
            usage, description, options = re.match(r"usage: (.*?) \[OPTION...\] (.*) options: (.*)"
                                                   r" Exit status", shown).groups()
            page = rendered(f"stmboot-{name.split()[0]}.1")[0]
            self.assertRegex(page, rf"(?m)^ *{re.escape(usage)} \[OPTION")
            self.assertIn(description, words(page))
            for option in re.findall(r"--[a-z-]+", re.sub(r" (-|--) ", " ", options)):
                self.assertRegex(page, rf"(?m)^ *(-., )?{option}\b", name)
            self.assertIn(name, words(rendered("stmboot.1")[0]))

    def test_examples_are_what_the_program_takes(self):
        for name in PAGES:
            examples = rendered(name)[0].split("EXAMPLES\n")
            for line in re.findall(r"(?m)^ {1,7}stmboot (.*)$", examples[1] if examples[1:] else ""):
                done = program.run(*shlex.split(line))
                self.assertNotIn(b"usage", done.stderr, line)
                self.assertNotIn(b"--help", done.stderr, line)
            if re.fullmatch(r"stmboot-(?!findings).*", name):
                self.assertEqual(len(examples), 2, name)

    def test_the_findings_say_all_that_the_catalogue_does(self):
        text = words(rendered("stmboot-findings.7")[0])
        for code in self.codes:
            said = (f"{code['code']} ({code['severity']}, {code['stage']}) "
                    f"{code['meaning'][0].upper()}{code['meaning'][1:]}. {code['explanation']} "
                    f"Decided by: {code['source']}.")
            if code["deep"]:
                said += " Only a deep look finds it."
            if code["prerequisites"]:
                said += " Not looked for where there is " + code["prerequisites"][0]
            self.assertIn(words(said), text)


if __name__ == "__main__":
    while len(sys.argv) > 2 and os.path.isfile(sys.argv[2]):
        path = os.path.abspath(sys.argv.pop(2))
        PAGES[os.path.basename(path)] = path
    program.main()
