#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How the program is called, what it says when it cannot do what it is asked, and how it looks.

usage: usage.py STMBOOT [TEST...]
"""

import ctypes
import glob
import json
import os
import pty
import re
import tempfile
import unittest

import program


libc = ctypes.CDLL(None)


def obey_modes():
    """Take from root what lets it read every file: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""
    for capability in (1, 2):
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


class Case(unittest.TestCase):
    """A test with a directory of its own."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        os.chmod(self.directory, 0o755)

    def path(self, name, content=None):
        """A path in the directory, of a file with that content if there is any."""
        path = os.path.join(self.directory, name)
        if content is not None:
            with open(path, "wb") as f:
                f.write(content)
        return path

    def card(self, name="healthy"):
        """A small card."""
        return program.card(name, self.path(name + ".img"))

    def refused(self, done, *words):
        """Exit 2 with one line on stderr that has the words, and nothing on stdout."""
        text = done.stderr.decode()
        self.assertEqual(done.returncode, 2, text)
        self.assertEqual(done.stdout or b"", b"")
        self.assertRegex(text, r"\Astmboot: [^\n]+\n\Z")
        for word in words:
            self.assertIn(word, text)
        return text


class Usage(Case):
    """Options and operands."""

    def test_version(self):
        done = program.run("--version")
        self.assertRegex(done.stdout.decode(), r"\Astmboot \d+\.\d+\.\d+\n"
                                               r"wall: (seccomp(, Landlock)?|none \([^()\n]+\))\n\Z")
        self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_help_names_every_command_and_option(self):
        done = program.run("--help")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        for word in ("inspect", "--json", "--color=auto|always|never", "-q, --quiet", "-v", "Exit"):
            self.assertIn(word.replace("-q, --quiet", "-q --quiet"), done.stdout.decode())
        self.assertNotIn("--deep", done.stdout.decode())

    def test_help_of_a_command_has_its_options_and_fits_a_terminal(self):
        done = program.run("inspect", "--help")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        for word in ("IMAGE", "--deep", "--medium=auto|sd|emmc", "--json"):
            self.assertIn(word, done.stdout.decode())
        self.assertLessEqual(max(map(len, done.stdout.decode().split("\n"))), 100)

    def test_wrong_usage_is_one_line_that_names_the_mistake(self):
        for arguments, word in (
                ((), "no command"),
                (("frobnicate",), "'frobnicate'"),
                (("inspect",), "IMAGE"),
                (("inspect", "a", "b"), "'b'"),
                (("inspect", "a", "--frob"), "'--frob'"),
                (("inspect", "a", "--js"), "'--js'"),
                (("inspect", "a", "-x"), "'-x'"),
                (("inspect", "a", "-qx"), "'-x'"),
                (("inspect", "a", "--medium"), "auto|sd|emmc"),
                (("inspect", "a", "--medium=tape"), "'tape'"),
                (("inspect", "a", "--color", "pink"), "'pink'"),
                (("inspect", "a", "--deep=1"), "no argument"),
                (("check",), "IMAGE"),
                (("check", "a", "--jobs", "0"), "'0'"),
                (("check", "a", "--jobs=2x"), "'2x'"),
                (("check", "a", "--only"), "CODE"),
                (("check", "a", "--only", "gpt.x"), "gpt.x: there is no such code"),
                (("check", "a", "--ignore", "gp"), "gp: there is no such code"),
                (("check", "--explain", "gpt"), "gpt: there is no such code"),
                (("check", "--list", "a"), "IMAGE"),
                (("check", "a", "--deep"), "--deep"),
                (("inspect", "a", "--strict"), "--strict"),
                (("dtb",), "'dtb'"),
                (("dtb", "set", "a", "b"), "PROP"),
                (("dtb", "get", "a", "b", "c", "--create"), "--create"),
                (("dtb", "show", "a", "b", "c"), "'c'"),
                (("dtb", "set", "a", "b", "c", "-1"), "'-1'"),
                (("extlinux",), "'extlinux'"),
                (("extlinux", "frob", "a"), "'extlinux frob'"),
                (("extlinux", "set", "a", "b", "c"), "VALUE"),
                (("set-bootargs",), "IMAGE"),
                (("set-bootargs", "a", "b", "-o"), "FILE"),
                (("set-bootargs", "a", "b", "-o", "-"), "--output"),
                (("get-bootargs", "a", "-n"), "--dry-run"),
                (("recover", "a", "--force"), "--force"),
                (("undo", "a", "b"), "'b'"),
                (("fs", "ls"), "IMAGE [PLACE]"),
                (("fs", "put", "a"), "'stmboot fs put --help'"),
                (("part", "read", "a", "1"), "IMAGE PARTITION FILE"),
                (("in\x1b[31mspect\n",), "in\\x1b[31mspect\\n")):
            with self.subTest(arguments):
                self.refused(program.run(*arguments), word)

    def test_what_was_probably_meant_is_said(self):
        card = self.card()
        label = "stm32mp157c-dk2-buildroot"
        for arguments, meant in (
                (("inspct", card), "inspect"),
                (("fs", "lss", card), "fs ls"),
                (("gpt", "sett", card), "gpt set"),
                (("ls", card), "fs ls"),
                ((card,), "inspect " + card),
                (("inspect", card, "--jsn"), "--json"),
                (("inspect", card, "--js"), "--json"),
                (("inspect", "--mediun", "sd", card), "--medium"),
                (("inspect", card, "--medium=emcc"), "emmc"),
                (("check", card, "--only", "gpt.primry-bad"), "gpt.primary-bad"),
                (("check", card, "--ignore", "ext"), "ext4"),
                (("check", "--explain", "primary-bad"), "gpt.primary-bad"),
                (("part", "read", card, "rootsf", "/dev/null"), "rootfs"),
                (("gpt", "set", card, "FSBL1", "bootable=no"), "fsbl1"),
                (("gpt", "set", card, "rootfs", "bootabel=yes"), "bootable"),
                (("gpt", "set", card, "rootfs", "type=linus"), "linux"),
                (("fs", "ls", card, "rotfs:/"), "rootfs"),
                (("fs", "cat", card, "/boot/zimage"), "/boot/zImage"),
                (("fs", "cat", card, "/bot/zImage"), "/boot"),
                (("extlinux", "default", card, label[:-2]), label),
                (("extlinux", "set", card, label, "kernl", "/boot/x"), "kernel"),
                (("extlinux", "set", card, label[1:], "kernel", "/boot/x"), label),
                (("extlinux", "remove", card, label + "x"), label),
                (("set-bootargs", card, "quiet", "--label", label[:-1]), label),
                (("dtb", "show", card, "/chosn"), "chosen"),
                (("get-bootargs", card, "--label", label.upper()), label)):
            with self.subTest(arguments):
                self.refused(program.run(*arguments), f"did you mean '{meant}'?")

    def test_a_key_that_is_absent_is_the_answer_no_in_words(self):
        card = self.card()
        for key, meant in (("rot", "did you mean 'root'? "), ("nothing-like-it", "")):
            done = program.run("get-bootargs", card, key)
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertEqual(done.stderr.decode(),
                             f"stmboot: {card}: the command line of label "
                             f"'stm32mp157c-dk2-buildroot' has no '{key}'; {meant}"
                             "'stmboot get-bootargs' shows all\n")
            for quiet in ("-q", "--json"):
                done = program.run("get-bootargs", card, key, quiet)
                self.assertEqual((done.returncode, done.stderr), (1, b""))

    def test_what_was_hardly_meant_is_not_said(self):
        card = self.card()
        for arguments in (("x",), ("frobnicate", card), ("fs", "frob", card),
                          ("inspect", card, "--frob"), ("check", card, "--only", "frob"),
                          ("fs", "ls", card, "data:/"), ("fs", "ls", card, "/srv")):
            with self.subTest(arguments):
                self.assertNotIn("did you mean", self.refused(program.run(*arguments)))

    def test_an_image_behind_other_words_is_noticed(self):
        card = self.card()
        for arguments in (("set-bootargs", "quiet", card), ("get-bootargs", "root", card),
                          ("fs", "cat", "/boot/zImage", card)):
            with self.subTest(arguments):
                self.refused(program.run(*arguments), "IMAGE comes before all else")

    def test_a_group_alone_says_what_it_has(self):
        self.refused(program.run("gpt"), "repair, set, show")
        text = program.run("gpt", "--help").stdout.decode()
        self.assertEqual(re.findall(r"(?m)^  ([a-z]+ [a-z]+)  ", text),
                         ["gpt repair", "gpt set", "gpt show"])

    def test_wrong_usage_is_an_object_with_json(self):
        done = program.run("inspect", "--frob", "--json")
        self.assertEqual(done.returncode, 2)
        said = json.loads(done.stdout)
        self.assertIn("--frob", said["message"])
        self.assertEqual(list(said), ["schema", "message", "hint", "state"])

    def test_after_two_dashes_everything_is_an_operand(self):
        self.refused(program.run("inspect", "--", "--json"), "--json: No such file")

    def test_options_may_stand_anywhere(self):
        card = self.card()
        first = program.run("--json", "inspect", "--medium", "sd", card)
        self.assertEqual(first.returncode, 0)
        self.assertEqual(first.stdout, program.run("inspect", card, "--json").stdout)


class NotACard(Case):
    """What is no image is refused in one line."""

    def refuse(self, path, *words):
        """Both as text and as JSON."""
        self.refused(program.run("inspect", path), *words)
        done = program.run("inspect", "--json", path)
        self.assertEqual(done.returncode, 2)
        said = json.loads(done.stdout)
        self.assertEqual(said["schema"], "stmboot.error/1")
        self.assertEqual(len(done.stderr.decode().splitlines()), 1)

    def test_text(self):
        self.refuse(self.path("notes.txt", b"Buy milk.\n" * 9), "notes.txt", "not a card", "give")

    def test_long_text(self):
        self.refuse(self.path("long.txt", b"Buy milk.\n" * 99999), "not a card")

    def test_random_bytes(self):
        seed, data = 1, bytearray()
        for _ in range(100000):
            seed = seed * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
            data.append(seed >> 56)
        self.refuse(self.path("random", bytes(data)), "not a card")

    def test_empty_file(self):
        self.refuse(self.path("empty", b""), "the file is empty")

    def test_zeros(self):
        self.refuse(self.path("zeros", bytes(1 << 20)), "not a card")

    def test_one_byte(self):
        self.refuse(self.path("one", b"S"), "not a card")

    def test_null_device(self):
        self.refuse("/dev/null", "character device")

    def test_directory(self):
        self.refuse(self.directory, "this is a directory")

    def test_pipe(self):
        os.mkfifo(self.path("fifo"))
        self.refuse(self.path("fifo"), "pipe")

    def test_missing_file(self):
        self.refuse(self.path("missing.img"), "No such file", "check the path")

    def test_name_with_control_characters(self):
        self.refuse(self.path("a\nb\x1b[2J.img"), r"a\nb\x1b[2J.img")

    def test_unreadable_file(self):
        path = self.path("secret", b"x" * 4096)
        os.chmod(path, 0)
        self.refused(program.run("inspect", path, preexec_fn=obey_modes), "Permission denied",
                     "make it readable")


class Output(Case):
    """Where it goes and how it looks."""

    def test_full_disk(self):
        with open("/dev/full", "wb") as full:
            self.refused(program.run("inspect", self.card(), stdout=full), "No space left")
            self.refused(program.run("--help", stdout=full), "No space left")

    def test_closed_pipe(self):
        for arguments in (["--json"], []):
            reader, writer = os.pipe()
            os.close(reader)
            with os.fdopen(writer, "wb") as pipe:
                self.refused(program.run("inspect", self.card(), *arguments, stdout=pipe),
                             "Broken pipe")

    def test_image_is_left_alone(self):
        card = self.card()
        os.chmod(card, 0o444)
        before = self.state(card)
        self.assertEqual(program.run("inspect", "--deep", card).returncode, 0)
        self.assertEqual(before, self.state(card))

    @staticmethod
    def state(path):
        """When a file was written, and its bytes."""
        with open(path, "rb") as f:
            return os.stat(path).st_mtime_ns, f.read()

    def on_terminal(self, *arguments, **env):
        """What a terminal gets."""
        reader, writer = pty.openpty()
        done = program.run("inspect", self.card(), *arguments, stdout=writer,
                           env={"TERM": "xterm", **env})
        os.close(writer)
        self.assertEqual(done.returncode, 0)
        text = b""
        while True:
            try:
                text += (piece := os.read(reader, 65536))
            except OSError:
                break
            if not piece:
                break
        os.close(reader)
        return text

    def test_colour_by_rule(self):
        card = self.card()
        self.assertIn(b"\x1b[", self.on_terminal())
        self.assertNotIn(b"\x1b[", self.on_terminal(NO_COLOR="1"))
        self.assertIn(b"\x1b[", self.on_terminal(NO_COLOR=""))
        self.assertNotIn(b"\x1b[", self.on_terminal(TERM="dumb"))
        self.assertNotIn(b"\x1b[", self.on_terminal("--color=never"))
        self.assertIn(b"\x1b[", self.on_terminal("--color=always", NO_COLOR="1"))
        self.assertNotIn(b"\x1b[", program.run("inspect", card).stdout)
        self.assertIn(b"\x1b[", program.run("inspect", card, "--color", "always").stdout)
        self.assertNotIn(b"\x1b", program.run("inspect", card, "--json", "--color=always").stdout)

    def test_plain_ascii_without_utf8(self):
        for name in ("healthy", "hostile-names"):
            done = program.run("inspect", self.card(name), env={"LC_ALL": "C"})
            self.assertEqual(done.returncode, 0)
            self.assertTrue(done.stdout.isascii())

    def test_no_control_character_of_a_card_reaches_the_terminal(self):
        card = self.card("hostile-names")
        for arguments in ([], ["-v"], ["-q"], ["--json"]):
            done = program.run("inspect", card, *arguments)
            self.assertNotRegex(done.stdout.decode(), "[\x00-\x09\x0b-\x1f\x7f-\x9f]")

    def test_quiet_keeps_verdict_errors_and_warnings(self):
        card = self.card("both-fsbl-damaged")
        text = program.run("inspect", "-q", card).stdout.decode()
        findings = program.inspect(card)["findings"]
        self.assertRegex(text, r"\Astops at ")
        self.assertEqual(sorted(re.findall(r"^(?:error|warning|note)\[(.*?)\]", text, re.M)),
                         sorted(f["code"] for f in findings if f["severity"] != "note"))

    def test_verbose_explains(self):
        card = self.card("both-fsbl-damaged")
        self.assertIn("decided by: ", program.run("inspect", "-v", card).stdout.decode())
        self.assertNotIn("decided by: ", program.run("inspect", card).stdout.decode())

    def test_text_and_json_agree(self):
        for name in ("healthy", "both-fsbl-damaged", "endless-menu", "bare-stm32", "cut-short"):
            card = self.card(name)
            said = program.inspect(card)
            text = program.run("inspect", card).stdout.decode()
            with self.subTest(name):
                self.assertEqual(
                    sorted(re.findall(r"^(\w+)\[(.*?)\]: (.*)$", text, re.M)),
                    sorted((f["severity"], f["code"], f["message"]) for f in said["findings"]))
                stops = re.findall(r"^stops at (\w+)", text, re.M)
                self.assertEqual(stops, [said["boot"]["stops_at"]] if said["boot"]["stops_at"]
                                 else [])
                flat = " ".join(text.split())
                for stage in said["boot"]["stages"]:
                    self.assertIn(" ".join(stage["summary"].split()), flat)
                for partition in said["partitions"]:
                    if partition["number"] != 0:
                        self.assertRegex(text, rf"(?m)^ +{partition['number']}  "
                                               rf"{re.escape(partition['name'])} ")


class Check(Case):
    """One verdict for each image."""

    def check(self, *arguments):
        """Exit status and the lines on stdout."""
        done = program.run("check", *arguments)
        return done.returncode, done.stdout.decode().splitlines()

    def test_one_image_is_a_verdict_and_what_inspect_found(self):
        for name in ("healthy", "fsbl1-damaged", "both-fsbl-damaged", "endless-menu"):
            with self.subTest(name):
                card = self.card(name)
                found = program.inspect(card)
                status, lines = self.check(card)
                self.assertEqual(status, int(found["boot"]["verdict"] == "error"))
                stops = found["boot"]["stops_at"]
                self.assertRegex(lines[0], f"^{re.escape(card)}: "
                                           f"{'stops at ' + stops if stops else 'boots'}")
                self.assertEqual(
                    sorted(re.findall(r"^(\w+)\[(.*?)\]: ", "\n".join(lines), re.M)),
                    sorted((f["severity"], f["code"]) for f in found["findings"]))

    def test_strict_counts_warnings(self):
        card = self.card("fsbl1-damaged")
        self.assertEqual(self.check(card)[0], 0)
        self.assertEqual(self.check("--strict", card)[0], 1)
        self.assertEqual(self.check("--strict", self.card())[0], 0)

    def test_verdict_and_exit_status_follow_the_findings_that_count(self):
        card = self.card("both-fsbl-damaged")
        for arguments, status in (((), 1), (("--ignore", "stm32.checksum"), 0),
                                  (("--ignore=stm32",), 0), (("--ignore", "gpt"), 1),
                                  (("--only", "gpt", "--only", "ext4"), 0),
                                  (("--only", "gpt", "--only", "stm32.checksum"), 1)):
            with self.subTest(arguments):
                said = self.check(card, *arguments)
                self.assertEqual(said[0], status)
                self.assertIn("stops at rom" if status else ": boots", said[1][0])

    def test_many_images_are_a_line_each_in_order_and_a_summary(self):
        good, bad = self.card(), self.card("both-fsbl-damaged")
        missing = self.path("missing")
        for jobs in ("1", "4"):
            with self.subTest(jobs):
                done = program.run("check", "--jobs", jobs, *[bad, good, missing] * 5)
                self.assertEqual(done.returncode, 2)
                lines = done.stdout.decode().splitlines()
                wide = max(map(len, (bad, good, missing)))
                self.assertEqual(lines[:-2], [
                    f"✗ stops at rom       {bad:{wide}}  "
                    "stm32.checksum: the checksum of the payload does not match",
                    f"✓ boots              {good}",
                    f"? unreadable         {missing:{wide}}  No such file or directory"] * 5)
                self.assertEqual(lines[-1],
                                 "15 images: 5 good, 5 with errors, 5 could not be read")
                self.assertEqual(len(done.stderr.decode().splitlines()), 5)
        self.assertEqual(self.check(good, bad)[0], 1)
        self.assertEqual(self.check(good, good), (0, [f"✓ boots              {good}"] * 2 +
                                                  ["", "2 images: 2 good"]))
        self.assertIn("error[stm32.checksum]: ", "\n".join(self.check("-v", good, bad)[1]))

    def test_an_image_that_cannot_be_read_is_refused_in_one_line(self):
        self.refused(program.run("check", self.path("missing")), "missing: No such file")

    def test_every_code_is_listed_and_explained(self):
        status, lines = self.check("--list")
        self.assertEqual(status, 0)
        codes = [line.split()[0] for line in lines]
        self.assertGreater(len(codes), 70)
        for line in lines:
            self.assertRegex(line, r"^[a-z0-9]+\.[a-z0-9-]+ +(error|warning|note) +[a-z]+ +\S")
        self.assertRegex("\n".join(lines), r"(?m)^kernel\.payload-damaged +error +kernel +deep  the ")
        for code in codes:
            status, said = self.check("--explain", code)
            self.assertEqual(status, 0)
            self.assertTrue(said[0].startswith(code + " ("))
            self.assertIn("decided by: ", "\n".join(said))
        self.assertEqual(self.check("--explain", "kernel.payload-damaged")[1][-2:],
                         ["  only a deep look finds it",
                          "  not looked for where there is: kernel.truncated"])

    def test_no_hint_or_explanation_names_a_command_that_is_not_there(self):
        named = set()
        for pattern in ("*.c", "*.def"):
            for path in glob.glob(os.path.join(program.TOP, "lib", "**", pattern), recursive=True):
                with open(path, encoding="utf-8") as f:
                    text = re.sub(r'"\s*\n\s*"', "", f.read())
                named.update(re.findall(r"['`]stmboot ([a-z-]+(?: [a-z]+)?)", text))
        self.assertIn("gpt repair", named)
        for command in named:
            self.assertEqual(program.run(*command.split(), "--help").returncode, 0, command)


if __name__ == "__main__":
    program.main()
