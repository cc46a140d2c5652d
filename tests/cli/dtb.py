#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Device trees: dtb show, get, set, remove and overlay.

usage: dtb.py STMBOOT [TEST...]
"""

import json
import os
import pty
import unittest

import edits
import program

BOARD = "/boot/stm32mp157c-dk2.dtb"
OFFSET = 178 * 512
OTHER = """\
/memreserve/ 0x1000 0x2000;
/ {
    compatible = "st,other", "st,stm32mp157";
    cells = <1 0xffffffff>;
    bytes = [01 02 ff];
    flag;
    aliases { serial0 = "/soc/serial@40010000"; };
    soc {
        serial@40010000 { status = "disabled"; };
        i2c@5c002000 { reg = <0x5c002000 0x400>; phandle = <1>; };
    };
    __symbols__ { uart4 = "/soc/serial@40010000"; i2c4 = "/soc/i2c@5c002000"; };
};
"""
OVERLAY = "/plugin/;\n&i2c4 { status = \"okay\"; chip: chip@20 { reg = <0x20>; }; };\n"


def compiled(text, *options):
    """A blob that dtc makes."""
    return program.tools.run("dtc", "-q", *options, "-I", "dts", "-O", "dtb", "-",
                             data=b"/dts-v1/;\n" + text.encode())


def sorted_source(blob):
    """What dtc says of a blob, in an order that does not depend on who made it."""
    return program.tools.run("dtc", "-q", "-s", "-I", "dtb", "-O", "dts", "-", data=blob)


class Case(edits.Case):
    """A card with more device trees in its file system."""

    config = edits.CONFIG.split("\nlabel two")[0] + "\n"
    files = {"/boot/other.dtb": lambda: compiled(OTHER)}

    def setUp(self):
        super().setUp()
        for name, make in self.files.items():
            self.put(name, make())
        self.before = self.read(self.card)

    def part(self):
        """The file system, as a file of its own."""
        path = self.path("part")
        with open(path, "wb") as f:
            f.write(self.before[OFFSET:OFFSET + (768 << 10)])
        return path

    def put(self, name, content):
        """Put a file into the file system of the card."""
        self.before = self.read(self.card)
        source, part = self.path("source"), self.part()
        with open(source, "wb") as f:
            f.write(content)
        program.tools.run("debugfs", "-w", "-R", f"write {source} {name}", part)
        with open(self.card, "r+b") as card:
            card.seek(OFFSET)
            card.write(self.read(part))

    def tree(self, name=BOARD, path=None):
        """A file as debugfs reads it, from a sound file system."""
        part = self.path("after")
        with open(part, "wb") as f:
            f.write(self.read(path or self.card)[OFFSET:OFFSET + (768 << 10)])
        said = program.tools.run("e2fsck", "-fn", part)
        self.assertNotRegex(said, rb"(?i)fix\?|error")
        return program.tools.run("debugfs", "-R", "cat " + name, part)

    def text(self, *arguments, status=0, **options):
        """What a command prints."""
        done = program.run(*arguments, **options)
        self.assertEqual(done.returncode, status, done.stderr.decode())
        return done.stdout.decode()

    def said(self, schema, *arguments, status=0):
        """What a reading command says with --json, by its schema."""
        said = json.loads(self.text("--json", *arguments, status=status))
        self.assertEqual([e.message for e in program.schema(schema).iter_errors(said)], [])
        return said


class Show(Case):
    """dtb show."""

    def test_dtc_makes_the_same_tree_of_the_text(self):
        for arguments, name in (([], BOARD), (["--file", "/boot/other.dtb"], "/boot/other.dtb"),
                                (["--file=rootfs:/boot/other.dtb"], "/boot/other.dtb"),
                                (["--file=4:/boot/other.dtb"], "/boot/other.dtb")):
            with self.subTest(arguments):
                text = self.text("dtb", "show", self.card, *arguments)
                self.assertTrue(text.startswith(f"// {name} in partition 4\n/dts-v1/;\n"), text)
                made = program.tools.run("dtc", "-q", "-O", "dtb", "-", data=text.encode())
                self.assertEqual(sorted_source(made), sorted_source(self.tree(name)))
        self.assertIn("/memreserve/ 0x1000 0x2000;\n", text)

    def test_a_node_by_path_alias_and_label(self):
        for name in ("/soc/serial@40010000", "/soc/serial", "serial0", "uart4", "&uart4"):
            text = self.text("dtb", "show", self.card, name, "--file=/boot/other.dtb", "-q")
            self.assertEqual(text, "serial@40010000 {\n\tstatus = \"disabled\";\n};\n")

    def test_json(self):
        said = self.said("dtb", "dtb", "show", self.card, "--file=/boot/other.dtb")
        self.assertEqual(said["file"], {"partition": 4, "path": "/boot/other.dtb"})
        self.assertEqual((said["version"], said["reserved"]),
                         (17, [{"address": 0x1000, "bytes": 0x2000}]))
        node = said["node"]
        self.assertEqual((node["path"], node["name"]), ("/", ""))
        self.assertEqual([(p["name"], p["type"], p["values"]) for p in node["properties"]],
                         [("compatible", "strings", ["st,other", "st,stm32mp157"]),
                          ("cells", "cells", [1, 0xffffffff]), ("bytes", "bytes", [1, 2, 255]),
                          ("flag", "empty", [])])
        self.assertEqual([p["hex"] for p in node["properties"]][1:],
                         ["00000001ffffffff", "0102ff", ""])
        self.assertEqual([n["name"] for n in node["nodes"]], ["aliases", "soc", "__symbols__"])
        said = self.said("dtb", "dtb", "show", self.card, "/soc/i2c", "--file=/boot/other.dtb")
        self.assertEqual(said["node"]["path"], "/soc/i2c@5c002000")
        said["node"]["properties"][0]["type"] = "words"
        self.assertFalse(program.schema("dtb").is_valid(said))

    def test_what_is_not_there_is_refused(self):
        for arguments, word in ((["/none"], "no node 'none'"), (["none"], "alias or label 'none'"),
                                (["--file=/none"], "/none"), (["--file=none:/x"], "'none'"),
                                (["--file=/bin/busybox"], "an ELF file"),
                                (["--file=boot/x"], "no place")):
            with self.subTest(arguments):
                done = program.run("dtb", "show", self.card, *arguments)
                self.assertEqual((done.returncode, done.stdout), (2, b""))
                self.assertRegex(done.stderr.decode(), r"\Astmboot: [^\n]+\n\Z")
                self.assertIn(word, done.stderr.decode())
                self.said("error", "dtb", "show", self.card, *arguments, status=2)

    def test_a_card_without_a_device_tree(self):
        card = program.configured(self.path("bare"), "label l\n\tkernel /boot/zImage\n")
        done = program.run("dtb", "show", card)
        self.assertIn(b"label 'l' names no device tree", done.stderr)
        self.assertIn(b"--file", done.stderr)

    def test_overlays_of_the_label_are_named(self):
        self.put("/boot/x.dtbo", compiled("/plugin/;\n&{/} { p; };\n"))
        program.run("extlinux", "set", self.card, "one", "fdtoverlays", "/boot/x.dtbo")
        self.assertIn("\n// U-Boot merges into it /boot/x.dtbo in partition 4\n",
                      self.text("dtb", "show", self.card))

    def test_hostile_names_reach_no_terminal(self):
        blob = compiled("/ { aaaaaaaa = \"\\x1b[2J\", \"b\\r\"; bbbbbbbb { }; };")
        blob = blob.replace(b"aaaaaaaa", b"\x1b[31;1ma").replace(b"bbbbbbbb", b"\x1b]0;bb\x07\n")
        self.put("/boot/hostile.dtb", blob)
        for command in (["show"], ["show", "--json"], ["get", "/", "\x1b[31;1ma"],
                        ["get", "/", "\x1b[31;1ma", "-t", "s"],
                        ["set", "/", "\x1b[31;1ma", "\x1b[2J", "-n"],
                        ["remove", "/\x1b]0;bb\x07\n", "-n"]):
            with self.subTest(command):
                main, side = pty.openpty()
                done = program.run("dtb", command[0], self.card, *command[1:], "--color=never",
                                   "--file=/boot/hostile.dtb", stdout=side)
                os.close(side)
                said = b""
                try:
                    while piece := os.read(main, 4096):
                        said += piece
                except OSError:
                    pass
                os.close(main)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertNotRegex(said.replace(b"\r\n", b"\n"), rb"[\x00-\x08\x0b-\x1f\x7f-\xff]")


class Get(Case):
    """dtb get."""

    def test_values_are_those_of_fdtget(self):
        other = self.path("other.dtb")
        with open(other, "wb") as f:
            f.write(self.tree("/boot/other.dtb"))
        for prop in ("compatible", "cells", "bytes", "flag"):
            for kind in ([], ["-t", "s"], ["-t", "x"], ["-t", "bx"], ["-t", "i"], ["-t", "hu"]):
                with self.subTest(f"{prop} {kind}"):
                    done = program.run("dtb", "get", self.card, "/", prop, *kind,
                                       "--file=/boot/other.dtb")
                    theirs = program.subprocess.run(["fdtget", *kind, other, "/", prop],
                                                    check=False, capture_output=True)
                    if theirs.returncode == 0:
                        self.assertEqual((done.returncode, done.stdout), (0, theirs.stdout))
                    else:
                        self.assertEqual((done.returncode, done.stdout), (2, b""))

    def test_what_is_absent_is_the_answer_no(self):
        for node, known in (("/", "/"), ("/none", None), ("none", None), ("&none", None)):
            with self.subTest(node):
                done = program.run("dtb", "get", self.card, node, "none")
                self.assertEqual((done.returncode, done.stdout), (1, b""))
                self.assertIn(f"stmboot: {self.card}: 4:{BOARD}: ", done.stderr.decode())
                self.assertIn("'/' has no property 'none'" if known else "none'",
                              done.stderr.decode())
                self.assertNotIn("did you mean", done.stderr.decode())
                self.assertEqual(program.run("dtb", "get", self.card, node, "none", "-q").stderr,
                                 b"")
                said = self.said("dtb-property", "dtb", "get", self.card, node, "none", status=1)
                self.assertEqual((said["node"], said["property"]), (known, None))

    def test_what_was_probably_meant_is_said(self):
        for node, name, meant in (
                ("/", "compatable", "compatible"), ("/", "flg", "flag"),
                ("/sock", "none", "soc"), ("/soc/serail", "none", "serial@40010000"),
                ("/soc/i2c@5c00200", "none", "i2c@5c002000"), ("seral0", "none", "serial0"),
                ("&uart", "none", "uart4"), ("uart44", "none", "uart4")):
            with self.subTest(node, name=name):
                for command, status in ((("get",), 1), (("remove", "-n"), 2)):
                    done = program.run("dtb", *command, self.card, node, name,
                                       "--file=/boot/other.dtb")
                    self.assertEqual(done.returncode, status)
                    self.assertIn(f"did you mean '{meant}'?", done.stderr.decode())

    def test_json(self):
        said = self.said("dtb-property", "dtb", "get", self.card, "/", "cells",
                         "--file=/boot/other.dtb")
        self.assertEqual(said["property"], {"name": "cells", "length": 8, "type": "cells",
                                            "values": [1, -1], "hex": "00000001ffffffff"})
        said = self.said("dtb-property", "dtb", "get", self.card, "/", "cells", "-tx",
                         "--file=/boot/other.dtb")
        self.assertEqual(said["property"]["values"], [1, 0xffffffff])
        said = self.said("dtb-property", "dtb", "get", self.card, "serial0", "status",
                         "--file=/boot/other.dtb")
        self.assertEqual((said["node"], said["property"]["values"]),
                         ("/soc/serial@40010000", ["disabled"]))
        said["property"].pop("hex")
        self.assertFalse(program.schema("dtb-property").is_valid(said))

    def test_a_type_that_is_none(self):
        for command in (["get", self.card, "/", "p"], ["set", self.card, "/", "p", "1"]):
            for kind in ("", "q", "sx", "b"):
                done = program.run("dtb", *command, "--type=" + kind)
                self.assertEqual(done.returncode, 2)
                self.assertIn(b"--type takes", done.stderr)


class Set(Case):
    """dtb set and dtb remove."""

    def test_a_value_is_set_and_nothing_else_changes(self):
        before = self.tree()
        said = self.edit("dtb", "set", self.card, "serial0", "status", "okay")
        self.assertEqual((said["changed"], said["written"], said["state"]), (True, True, "done"))
        self.assertEqual(said["changes"],
                         [{"what": f"status of /soc/serial@40010000 in {BOARD}", "before": None,
                           "after": '"okay"'}])
        self.agrees(said)
        theirs = self.path("theirs.dtb")
        with open(theirs, "wb") as f:
            f.write(before)
        program.tools.run("fdtput", "-ts", theirs, "/soc/serial@40010000", "status", "okay")
        self.assertEqual(sorted_source(self.tree()), sorted_source(self.read(theirs)))
        self.assertEqual(self.text("dtb", "get", self.card, "serial0", "status"), "okay\n")
        again = self.edit("dtb", "set", self.card, "serial0", "status", "okay")
        self.assertEqual((again["changed"], again["writes"]), (False, []))
        self.edit("undo", self.card)
        self.assertEqual(self.read(self.card), self.before)

    def test_values_of_every_type(self):
        for arguments, hexes in (
                (["p", "1", "0x10", "4294967295"], "0000000100000010ffffffff"),
                (["p", "1", "two"], "310074776f00"), (["p"], ""),
                (["p", "-t", "s", "1", "2"], "31003200"), (["p", "-tbx", "1", "ff"], "01ff"),
                (["p", "-thx", "1", "ffff"], "0001ffff"), (["p", "-t", "i", "--", "-1"], "ffffffff"),
                (["model", "A board"], "4120626f61726400")):
            with self.subTest(arguments):
                self.edit("dtb", "set", self.card, "/soc", *arguments)
                said = self.said("dtb-property", "dtb", "get", self.card, "/soc", arguments[0])
                self.assertEqual(said["property"]["hex"], hexes)
                self.tree()

    def test_a_node_is_created_when_asked(self):
        done = self.edit("dtb", "set", self.card, "/soc/a@1/b", "p", "1", status=2)
        self.assertIn("no node 'a@1' in '/soc'", done["message"])
        said = self.edit("dtb", "set", self.card, "/soc/a@1/b", "p", "1", "--create")
        self.assertEqual([(c["what"], c["before"], c["after"]) for c in said["changes"]],
                         [(f"node /soc/a@1 in {BOARD}", None, "0 properties, 1 node below")])
        self.assertEqual(self.text("dtb", "get", self.card, "/soc/a/b", "p"), "1\n")

    def test_another_file(self):
        board = self.tree()
        said = self.edit("dtb", "set", self.card, "uart4", "status", "okay",
                         "--file=rootfs:/boot/other.dtb")
        self.agrees(said)
        self.assertEqual(said["changes"][0]["before"], '"disabled"')
        self.assertIn(b'status = "okay"', sorted_source(self.tree("/boot/other.dtb")))
        self.assertEqual(self.tree(), board)

    def test_properties_and_nodes_are_removed(self):
        said = self.edit("dtb", "remove", self.card, "/chosen", "stdout-path")
        self.agrees(said)
        self.assertEqual((said["changes"][0]["before"], said["changes"][0]["after"]),
                         ('"serial0:115200n8"', None))
        self.text("dtb", "get", self.card, "/chosen", "stdout-path", status=1)
        said = self.edit("dtb", "remove", self.card, "serial0")
        self.assertEqual(said["changes"][0]["before"], "0 properties, 0 nodes below")
        self.assertNotIn(b"serial@40010000 {", sorted_source(self.tree()))
        for arguments, word in ((["/chosen", "none"], "no property 'none'"), (["/none"], "'none'"),
                                (["/"], "root")):
            self.assertIn(word, self.edit("dtb", "remove", self.card, *arguments,
                                          status=2)["message"])
        self.edit("undo", self.card)
        self.edit("undo", self.card)
        self.assertEqual(self.read(self.card), self.before)

    def test_a_tree_that_outgrows_its_blocks(self):
        for size in (900, 3000, 9000):
            self.edit("dtb", "set", self.card, "/soc", "fill", "x" * size)
            self.assertEqual(self.text("dtb", "get", self.card, "/soc", "fill"), "x" * size + "\n")
            self.tree()
        self.edit("dtb", "remove", self.card, "/soc", "fill")
        self.assertNotIn(b"xxx", self.tree())
        for _ in range(4):
            self.edit("undo", self.card)
        self.assertEqual(self.read(self.card), self.before)

    def test_dry_run_and_output(self):
        would = self.edit("dtb", "set", self.card, "serial0", "status", "okay", "-n")
        self.assertEqual(self.read(self.card), self.before)
        self.assertEqual((would["changed"], would["written"]), (True, False))
        copy = self.path("copy.img")
        did = self.edit("dtb", "set", self.card, "serial0", "status", "okay", "-o", copy)
        self.assertEqual(self.read(self.card), self.before)
        self.assertEqual((would["changes"], would["writes"]), (did["changes"], did["writes"]))
        self.assertIn(b'status = "okay"', sorted_source(self.tree(path=copy)))

    def test_an_edit_that_adds_an_error_is_refused_unless_forced(self):
        self.put("/boot/x.dtbo", compiled("/plugin/;\n&{/soc/serial@40010000} { p; };\n"))
        self.edit("extlinux", "set", self.card, "one", "fdtoverlays", "/boot/x.dtbo")
        said = self.edit("dtb", "remove", self.card, "serial0", status=2)
        self.assertIn("(dtb.overlay", said["message"])
        self.assertIn("--force", said["hint"])
        said = self.edit("dtb", "remove", self.card, "serial0", "-f")
        self.assertEqual(said["boot_before"]["verdict"], "ok")
        self.assertEqual(said["boot_after"]["verdict"], "error")

    def test_what_follows_the_tree_in_its_file_is_not_lost(self):
        blob = compiled(OTHER)
        self.put("/boot/padded.dtb", blob + bytes(5000))
        self.put("/boot/followed.dtb", blob + bytes(5000) + b"x")
        self.edit("dtb", "set", self.card, "/", "p", "1", "--file=/boot/padded.dtb")
        said = self.edit("dtb", "set", self.card, "/", "p", "1", "--file=/boot/followed.dtb",
                         status=2)
        self.assertIn("something follows the device tree", said["message"])

    def test_damaged_trees_are_refused(self):
        blob = compiled(OTHER)
        for name, content, word in (("cut", blob[:-1], "cut short"),
                                    ("old", blob[:20] + b"\0\0\0\1" + blob[24:], "version 1"),
                                    ("bad", blob[:-40] + b"\xff" * 40, "damaged"),
                                    ("text", b"/dts-v1/;\n", "source text")):
            with self.subTest(name):
                self.put(f"/boot/{name}.dtb", content)
                for command in (["show"], ["get", "/", "p"], ["set", "/", "p", "1"],
                                ["remove", "/soc"]):
                    done = program.run("dtb", command[0], self.card, *command[1:],
                                       f"--file=/boot/{name}.dtb")
                    self.assertEqual(done.returncode, 2)
                    self.assertIn(word, done.stderr.decode())

    def test_text_says_what_was_done(self):
        done = self.edit("dtb", "set", self.card, "/soc", "p", "1", json_too=False)
        self.assertEqual(done.stdout.decode().splitlines()[:2], [f"p of /soc in {BOARD}", "  + <0x1>"])
        done = self.edit("dtb", "set", self.card, "/soc", "p", json_too=False)
        self.assertEqual(done.stdout.decode().splitlines()[1:3], ["  - <0x1>", "  + (no value)"])


class Overlay(Case):
    """dtb overlay."""

    def overlay(self, text, name="x.dtbo", *options):
        """A file of the host."""
        path = self.path(name)
        with open(path, "wb") as f:
            f.write(compiled(text, *options))
        return path

    def test_the_tree_is_that_of_fdtoverlay(self):
        first, second = self.overlay(OVERLAY, "a.dtbo", "-@"), self.overlay(
            "/plugin/;\n&chip { irq; };\n", "b.dtbo")
        base, theirs = self.path("base.dtb"), self.path("theirs.dtb")
        with open(base, "wb") as f:
            f.write(self.tree("/boot/other.dtb"))
        program.tools.run("fdtoverlay", "-i", base, "-o", theirs, first, second)
        said = self.edit("dtb", "overlay", self.card, first, second, "--file=/boot/other.dtb")
        self.agrees(said)
        self.assertIn({"what": "status of /soc/i2c@5c002000 in /boot/other.dtb", "before": None,
                       "after": '"okay"'}, said["changes"])
        self.assertEqual(sorted_source(self.tree("/boot/other.dtb")),
                         sorted_source(self.read(theirs)))

    def test_missing_labels_are_the_reason(self):
        path = self.overlay(OVERLAY)
        said = self.edit("dtb", "overlay", self.card, path, status=2)
        self.assertIn("__symbols__", said["message"])
        self.assertIn("dtc -@", said["message"])
        good = self.overlay("/plugin/;\n&{/soc} { p; };\n", "good.dtbo")
        said = self.edit("dtb", "overlay", self.card, good, path, status=2)
        self.assertIn(f"{path}: the overlay does not apply: ", said["message"])
        path = self.overlay("/plugin/;\n&nobody { p; };\n")
        said = self.edit("dtb", "overlay", self.card, path, "--file=/boot/other.dtb", status=2)
        self.assertIn("a label that the base does not have", said["message"])
        self.assertEqual(self.read(self.card), self.before)

    def test_it_may_come_from_standard_input(self):
        with open(self.overlay("/plugin/;\n&{/soc} { p = <7>; };\n"), "rb") as f:
            done = program.subprocess.run([program.stmboot, "dtb", "overlay", self.card, "-"],
                                          stdin=f, check=False, capture_output=True,
                                          env=dict(os.environ,
                                                   STMBOOT_STATE_DIR=program.state_directory()))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.text("dtb", "get", self.card, "/soc", "p"), "7\n")

    def test_files_that_are_no_overlay(self):
        text = self.path("text")
        with open(text, "w", encoding="ascii") as f:
            f.write("/dts-v1/;\n")
        for path, word in ((self.path("none"), "No such file"), (text, "source text"),
                           (self.directory, ""), ("/dev/null", "")):
            with self.subTest(path):
                said = self.edit("dtb", "overlay", self.card, path, status=2)
                self.assertIn(word, said["message"])
                self.assertIn(path, said["message"])
        self.assertEqual(self.read(self.card), self.before)

    def test_many_differences_are_summed_up(self):
        text = "".join(f"p{i} = <{i}>; " for i in range(30))
        said = self.edit("dtb", "overlay", self.card, self.overlay(f"/plugin/;\n&{{/}} {{ {text} }};\n"))
        self.assertEqual(len(said["changes"]), 21)
        self.assertEqual(said["changes"][20]["what"], f"10 more changes in {BOARD}")


class Bare(edits.Case):
    """An image that is a device tree."""

    def setUp(self):
        super().setUp()
        self.bare = self.path("bare.dtb")
        with open(self.bare, "wb") as f:
            f.write(compiled(OTHER))
        self.before = self.read(self.bare)

    def test_it_is_shown_and_read(self):
        done = program.run("dtb", "show", self.bare)
        made = program.tools.run("dtc", "-q", "-O", "dtb", "-", data=done.stdout)
        self.assertEqual(sorted_source(made), sorted_source(self.before))
        self.assertEqual(program.run("dtb", "get", self.bare, "uart4", "status").stdout,
                         b"disabled\n")
        said = json.loads(program.run("dtb", "show", self.bare, "--json").stdout)
        self.assertEqual([e.message for e in program.schema("dtb").iter_errors(said)], [])
        self.assertEqual(said["file"], {"partition": 0, "path": None})

    def test_it_is_edited_as_long_as_it_fits(self):
        said = self.edit("dtb", "set", self.bare, "uart4", "status", "okay")
        self.assertEqual(said["changes"][0]["what"], "status of /soc/serial@40010000")
        after = self.read(self.bare)
        self.assertEqual(len(after), len(self.before))
        self.assertIn(b'status = "okay"', sorted_source(after))
        said = self.edit("dtb", "set", self.bare, "/", "p", "x" * 100, status=2)
        self.assertIn("truncate", said["hint"])
        self.assertEqual(self.read(self.bare), after)
        self.edit("undo", self.bare)
        self.assertEqual(self.read(self.bare), self.before)

    def test_the_remedy_works(self):
        os.truncate(self.bare, len(self.before) + 4096)
        self.edit("dtb", "set", self.bare, "/", "p", "x" * 100)
        after = self.read(self.bare)
        self.assertEqual(len(after), len(self.before) + 4096)
        self.assertIn(b'p = "xxx', sorted_source(after))
        self.edit("dtb", "remove", self.bare, "/soc")
        after = self.read(self.bare)
        total = int.from_bytes(after[4:8], "big")
        self.assertLess(total, len(self.before) + 200)
        self.assertEqual(after[total:], bytes(len(after) - total))

    def test_a_copy_and_an_overlay(self):
        copy, overlay = self.path("copy.dtb"), self.path("x.dtbo")
        os.truncate(self.bare, len(self.before) + 4096)
        with open(overlay, "wb") as f:
            f.write(compiled(OVERLAY))
        self.edit("dtb", "overlay", self.bare, overlay, "-o", copy)
        self.assertEqual(self.read(self.bare)[:len(self.before)], self.before)
        self.assertIn(b"chip@20", sorted_source(self.read(copy)))

    def test_a_place_makes_no_sense(self):
        said = self.edit("dtb", "set", self.bare, "/", "p", "1", "--file=/x", status=2)
        self.assertIn("no partition holds an ext4", said["message"])


if __name__ == "__main__":
    program.main()
