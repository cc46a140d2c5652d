#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a person sees on a terminal: of any width, with colours or without, and while it lasts.

usage: terminal.py STMBOOT [TEST...]
"""

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import tempfile
import termios
import time
import unicodedata
import unittest

import program

WIDTHS = (60, 80, 120, 200)
MARKS = "✓!✗?"


def surroundings(**env):
    """The variables of a terminal."""
    kept = {key: value for key, value in os.environ.items()
            if key not in ("NO_COLOR", "COLUMNS", "LANG")}
    return {**kept, "TERM": "xterm", "LC_ALL": "C.UTF-8",
            "STMBOOT_STATE_DIR": program.state_directory(), **env}


def drain_bytes(reader):
    """All that a terminal got, once nobody has it open any more."""
    said = b""
    while True:
        try:
            piece = os.read(reader, 65536)
        except OSError:
            break
        if not piece:
            break
        said += piece
    os.close(reader)
    return said


def drain(reader):
    """The same as text."""
    return drain_bytes(reader).decode()


def plain(text):
    """Without colours, as lines."""
    return re.sub("\x1b\\[[0-9;]*m", "", text).replace("\r\n", "\n").splitlines()


def columns(line):
    """How wide a line is."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


class Case(unittest.TestCase):
    """A terminal, and small cards."""

    home = tempfile.TemporaryDirectory(prefix="stmboot-terminal-")
    folder = home.name

    def card(self, name="healthy"):
        """A small card; where the program runs it has a short name."""
        path = os.path.join(self.folder, name + ".img")
        if not os.path.exists(path):
            program.card(name, path)
        return name + ".img"

    def screen(self, width, *arguments, status=0, **env):
        """What is on a terminal of that width."""
        reader, writer = pty.openpty()
        fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
        with subprocess.Popen([program.stmboot, *arguments], stdin=subprocess.DEVNULL,
                              stdout=writer, stderr=subprocess.PIPE, cwd=self.folder,
                              env=surroundings(**env)) as process:
            os.close(writer)
            said = drain(reader)
            error = process.stderr.read().decode()
        self.assertEqual(process.returncode, status, error)
        return said


class Layout(Case):
    """It tells its story in any width."""

    def test_no_line_is_wider_than_the_terminal(self):
        for name in ("healthy", "both-fsbl-damaged", "hostile-names", "fit-kernel", "bare-stm32",
                     "environment-hits-rootfs"):
            for width in WIDTHS:
                with self.subTest(name, width=width):
                    for line in plain(self.screen(width, "inspect", self.card(name))):
                        # What is to be copied is in one piece.
                        if not re.match(r" *(`|bootargs|label|board)", line):
                            self.assertLessEqual(columns(line), max(width, 75), line)

    def test_content_is_cut_only_where_there_is_no_room(self):
        for width, cut in ((60, True), (80, True), (120, False), (200, False)):
            with self.subTest(width):
                text = "\n".join(plain(self.screen(width, "inspect", self.card("healthy"))))
                self.assertEqual("uImage, firmware, U-Boot 2023.01 for stm32mp " in text, not cut)

    def test_the_columns_that_the_user_wants_count(self):
        wide = self.screen(80, "inspect", self.card(), COLUMNS="200")
        self.assertEqual(wide, self.screen(200, "inspect", self.card()))
        for nonsense in ("", "0", "-1", "many", "80x24"):
            self.assertEqual(self.screen(80, "inspect", self.card(), COLUMNS=nonsense),
                             self.screen(80, "inspect", self.card()))

    def test_a_command_to_be_copied_is_one_line(self):
        for width in WIDTHS:
            lines = plain(self.screen(width, "inspect", self.card("bad-primary-table")))
            self.assertEqual(sum("`stmboot gpt repair bad-primary-table.img`" in line
                                 for line in lines), 1)

    def test_a_pipe_is_as_wide_as_ever(self):
        card = os.path.join(self.folder, self.card())
        said = {program.run("inspect", card, env={"COLUMNS": str(w)}).stdout for w in WIDTHS}
        self.assertEqual(len(said), 1)

    def test_a_command_copied_into_a_shell_runs_nothing_of_a_name_in_it(self):
        names = {"it's $(touch ran)": "it's $(touch ran)", 'x"; touch ran; "': 'x"; touch ran; "',
                 "IMAGE && touch ran": "IMAGE && touch ran",
                 "a\\'$(touch ran)": "NAME", "`touch ran`": "NAME", "--force": "NAME"}
        with open(os.path.join(self.folder, "stmboot"), "w", encoding="ascii") as f:
            f.write("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
        os.chmod(f.name, 0o755)
        path = os.pathsep.join((self.folder, os.environ["PATH"]))
        for name, word in names.items():
            program.configured(os.path.join(self.folder, "named.img"),
                               f"label {name}\n  kernel /boot/ZIMAGE\n  append root=x\n")
            command = next(line for line in plain(self.screen(80, "inspect", "named.img"))
                           if line.startswith("    `stmboot extlinux set "))
            done = subprocess.run(["sh", "-c", command.strip(" `")], cwd=self.folder, check=False,
                                  env={"PATH": path}, capture_output=True, text=True)
            with self.subTest(name):
                self.assertEqual(done.stderr, "")
                self.assertEqual(done.stdout.splitlines(), ["extlinux", "set", "named.img", word,
                                                            "kernel", "/boot/zImage"])
                self.assertFalse(os.path.exists(os.path.join(self.folder, "ran")))


class Map(Case):
    """The card to scale, where a line of blocks can be shown."""

    def rows(self, text):
        """The blocks and the numbers below."""
        lines = plain(text)
        for i, line in enumerate(lines):
            if re.fullmatch("  [█▓·]+", line):
                return line, lines[i + 1]
        return None

    def test_every_partition_and_gap_has_its_place(self):
        for width in WIDTHS:
            with self.subTest(width):
                blocks, numbers = self.rows(self.screen(width, "inspect", self.card()))
                self.assertEqual(len(blocks), min(width, 122))
                self.assertEqual(numbers.split(), ["1", "2", "3", "4"])
                for number in "1234":
                    self.assertIn(blocks[numbers.index(number)], "█▓")
                # 768 of 1024 KiB, and the rest of the card behind it.
                self.assertAlmostEqual(blocks.rstrip("·").count(blocks.rstrip("·")[-1]) /
                                       min(width - 2, 120), 0.75, delta=0.15)
                self.assertTrue(blocks.endswith("·"))

    def test_neighbours_differ_without_their_colours(self):
        blocks, numbers = self.rows(self.screen(120, "inspect", self.card()))
        marks = [blocks[numbers.index(n)] for n in "1234"]
        self.assertTrue(all(a != b for a, b in zip(marks, marks[1:])))

    def test_it_is_shown_in_colour_only(self):
        card = self.card()
        self.assertIsNotNone(self.rows(self.screen(80, "inspect", card)))
        for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"LC_ALL": "C"}):
            with self.subTest(env):
                text = self.screen(80, "inspect", card, **env)
                self.assertNotIn("█", text)
                self.assertEqual("\x1b" in text, "LC_ALL" in env)
        self.assertNotIn("█", self.screen(80, "inspect", card, "--color=never"))
        self.assertIsNone(self.rows(self.screen(80, "inspect", self.card("bare-stm32"))))

    def test_nothing_is_said_by_colour_alone(self):
        for name in ("healthy", "both-fsbl-damaged", "hostile-names", "bigger-card"):
            lines = plain(self.screen(80, "inspect", self.card(name)))
            (at,) = (i for i, line in enumerate(lines) if re.search("[█▓]", line))
            kept = lines[:at] + lines[at + 2:]
            bare = plain(self.screen(80, "inspect", self.card(name), NO_COLOR="1"))
            self.assertEqual([line for line in kept if line], [line for line in bare if line])


class Table(Case):
    """The cards of a build, a line each."""

    def table(self, width, **env):
        """The rows for cards of each kind, and the last line."""
        names = [self.card(name) for name in ("healthy", "fsbl1-damaged", "both-fsbl-damaged",
                                              "endless-menu")]
        lines = plain(self.screen(width, "check", *names, "missing-with-a-long-name-that-is-cut",
                                  status=2, **env))
        self.assertEqual(lines[-2], "")
        return lines[:-2], lines[-1]

    def test_rows_are_aligned_and_fit(self):
        for width in WIDTHS:
            with self.subTest(width):
                rows, _ = self.table(width)
                self.assertEqual([row[0] for row in rows], list("✓!✗✗?"))
                for row in rows:
                    self.assertLessEqual(columns(row), width)
                    self.assertRegex(row, rf"^[{MARKS}] (boots|stops at \w+|unreadable) +\S")
                self.assertEqual({row.index(word) for row, word in zip(
                    rows[1:3], ("stm32.checksum", "stm32.checksum"))}.__len__(), 1)
                self.assertTrue(rows[-1].count("cut") == 1, "the end of a path is kept")

    def test_the_last_line_sums_up(self):
        rows, last = self.table(80)
        self.assertEqual(last, "5 images: 1 good, 1 with warnings, 2 with errors, "
                               "1 could not be read")
        self.assertEqual(sum(map(int, re.findall(r"[:,] (\d+)", last))), len(rows))

    def test_without_unicode_it_is_in_words(self):
        rows, _ = self.table(120, LC_ALL="C")
        self.assertEqual([row[:4].strip() for row in rows], ["ok", "warn", "FAIL", "FAIL", "?"])
        self.assertTrue("\n".join(rows).isascii())


class Progress(Case):
    """What takes long says how far it is, and leaves no trace."""

    def start(self, number, *arguments, terminal=True, **env):
        """Begin to put a file from a pipe into a card of its own."""
        card = os.path.join(self.folder, f"slow-{number}.img")
        shutil.copy(os.path.join(self.folder, self.card()), card)
        reader, writer = pty.openpty()
        process = subprocess.Popen([program.stmboot, "fs", "put", card, "-", "/slow", *arguments],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=writer if terminal else subprocess.STDOUT,
                                   env=surroundings(**env))
        os.close(writer)
        return process, reader

    def end(self, process, reader):
        """What it said on stderr, and on stdout."""
        process.stdin.close()
        with process:
            result = process.stdout.read().decode()
        said = drain(reader)
        self.assertEqual(process.returncode, 0, said + result)
        return said, result

    def test_it_is_shown_on_a_terminal_with_its_rate_and_cleared(self):
        started = [self.start(0), self.start(1, terminal=False), self.start(2, "-q"),
                   self.start(3, TERM="dumb")]
        for _ in range(4):
            for process, _reader in started:
                process.stdin.write(bytes(40000))
                process.stdin.flush()
            time.sleep(0.25)
        (said, result), *others = [self.end(*each) for each in started]
        self.assertRegex(said, r"\A(\r\d+(\.\d)? KiB, \d+(\.\d)? KiB/s\x1b\[K)+\r\x1b\[K\Z")
        self.assertNotIn("\r", result)
        for said, result in others:
            self.assertNotIn("\r", said + result)


if __name__ == "__main__":
    program.main()
