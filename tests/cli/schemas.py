#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real output against the installed JSON Schemas.

usage: schemas.py STMBOOT [TEST...]

CARDS in the environment names more images, separated by colons.
"""

import glob
import json
import os
import tempfile
import unittest

import program

try:
    import jsonschema  # noqa: F401
except ImportError as e:
    raise SystemExit(program.tools.SKIPPED) from e

KEYS = """schema version image table partitions boot findings"""
BOOT = """verdict stops_at soc firmware stages config label append bootargs kernel fit initrd dtb
          overlays root init"""
CHECKED = """path verdict stops_at findings error"""
FINDING = """code severity stage partition path line offset length found expected message hint"""


class Schemas(unittest.TestCase):
    """Each kind of output."""

    def agrees(self, said, name="inspect"):
        """The output follows the schema, and its keys stand in the promised order."""
        errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}"
                  for e in program.schema(name).iter_errors(said)]
        self.assertEqual(errors, [])
        if name == "inspect":
            self.assertEqual(list(said), KEYS.split())
            self.assertEqual(list(said["boot"]), BOOT.split())
            for finding in said["findings"]:
                self.assertEqual(list(finding), FINDING.split())

    def test_small_cards(self):
        recipes = glob.glob(os.path.join(program.TOP, "tests", "golden", "recipes", "*.recipe"))
        self.assertGreater(len(recipes), 10)
        with tempfile.TemporaryDirectory() as directory:
            for path in recipes:
                name = os.path.basename(path)[:-len(".recipe")]
                with self.subTest(name):
                    said = program.inspect(program.card(name, os.path.join(directory, name)))
                    self.agrees(said)

    def test_given_cards(self):
        for path in filter(None, os.environ.get("CARDS", "").split(":")):
            with self.subTest(path):
                self.agrees(program.inspect(path))

    def test_checks(self):
        with tempfile.TemporaryDirectory() as directory:
            cards = [program.card(name, os.path.join(directory, name))
                     for name in ("healthy", "both-fsbl-damaged", "endless-menu")]
            done = program.run("check", "--json", *cards, "/nonexistent\udcff")
            self.assertEqual(done.returncode, 2)
            said = json.loads(done.stdout)
            self.agrees(said, "check")
            self.assertEqual(len(said["images"]), len(cards) + 1)
            for image, card in zip(said["images"], cards):
                self.assertEqual(list(image), CHECKED.split())
                found = program.inspect(card)
                self.assertEqual((image["path"], image["verdict"], image["stops_at"]),
                                 (card, found["boot"]["verdict"], found["boot"]["stops_at"]))
                self.assertEqual(image["findings"], found["findings"])
            self.assertIsNone(said["images"][-1]["verdict"])
            self.assertEqual(said["images"][-1]["error"], "No such file or directory")
            said["images"][0]["error"] = "none"
            self.assertFalse(program.schema("check").is_valid(said))

    def test_bootargs(self):
        with tempfile.TemporaryDirectory() as directory:
            card = program.card("healthy", os.path.join(directory, "card"))
            for arguments in ([], ["root"], ["nokey"], ["--raw"]):
                done = program.run("get-bootargs", "--json", card, *arguments)
                self.assertEqual(done.returncode, arguments == ["nokey"])
                said = json.loads(done.stdout)
                self.agrees(said, "bootargs")
                self.assertEqual(list(said), "schema label append bootargs arguments".split())
            said["arguments"][0].pop("value")
            self.assertFalse(program.schema("bootargs").is_valid(said))

    def test_tables(self):
        with tempfile.TemporaryDirectory() as directory:
            for name in ("healthy", "bad-primary-table", "bigger-card", "hostile-names"):
                card = program.card(name, os.path.join(directory, name))
                said = json.loads(program.run("gpt", "show", "--json", card).stdout)
                self.agrees(said, "gpt")
        for damage in (lambda s: s.pop("stale_backup"),
                       lambda s: s.update(sectors=-1),
                       lambda s: s["primary"].update(state="fine"),
                       lambda s: s["primary"]["partitions"][0].pop("guid"),
                       lambda s: s["primary"]["partitions"][0].update(first_lba="34")):
            changed = json.loads(json.dumps(said))
            damage(changed)
            self.assertFalse(program.schema("gpt").is_valid(changed))

    def test_codes(self):
        for arguments, least in ((["--list"], 70), (["--explain", "gpt.primary-bad"], 1)):
            said = json.loads(program.run("check", "--json", *arguments).stdout)
            self.agrees(said, "codes")
            self.assertGreaterEqual(len(said["codes"]), least)

    def test_errors(self):
        for path in ("/dev/null", "/nonexistent\udcff", "/"):
            done = program.run("inspect", "--json", path)
            self.assertEqual(done.returncode, 2)
            self.agrees(json.loads(done.stdout), "error")

    def test_the_schema_is_strict(self):
        with tempfile.TemporaryDirectory() as directory:
            said = program.inspect(program.card("healthy", os.path.join(directory, "card")))
        for damage in (lambda s: s["boot"].pop("label"),
                       lambda s: s["boot"]["stages"].reverse(),
                       lambda s: s["boot"]["stages"].pop(),
                       lambda s: s["boot"].update(verdict="fine"),
                       lambda s: s["table"].update(entries="128"),
                       lambda s: s["partitions"][0].update(guid=s["partitions"][0]["guid"].upper()),
                       lambda s: s["partitions"][0].update(offset=-1),
                       lambda s: s["partitions"][0]["attributes"].append("bit-64"),
                       lambda s: s["partitions"][3]["detail"].pop("uuid")):
            changed = json.loads(json.dumps(said))
            damage(changed)
            self.assertFalse(program.schema("inspect").is_valid(changed))


if __name__ == "__main__":
    program.main()
