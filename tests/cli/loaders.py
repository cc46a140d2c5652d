#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What stands before U-Boot: fwu show and stm32 show.

usage: loaders.py STMBOOT [TEST...]
"""

import json
import os
import sys
import tempfile
import unittest

import program

sys.path[:0] = [os.path.join(program.TOP, "tests", area) for area in ("cards", "rules")]

import containers  # noqa: E402
import generations  # noqa: E402
import image  # noqa: E402
import loaders as rules  # noqa: E402
import small  # noqa: E402
from damage import poke, zero  # noqa: E402

ON_TRIAL, ACCEPTED, INVALID = 0xFE, 0xFC, 0xFF


class Case(unittest.TestCase):
    """Cards in a directory of their own."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.bases = small.Bases(cls.directory.name, {**rules.BASES, **generations.BASES})

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def card(self, base, *steps):
        """A card changed by some steps."""
        path = os.path.join(self.directory.name, "card.img")
        try:
            return self.bases.card(base, steps, path).path
        except program.tools.Missing as e:
            raise unittest.SkipTest(f"{e} is not installed") from e

    def file(self, data, name="file"):
        """A file of bytes."""
        path = os.path.join(self.directory.name, name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def say(self, *arguments, schema):
        """What --json says, by its schema, and the text."""
        done = program.run(*arguments, "--json")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        said = json.loads(done.stdout)
        errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}"
                  for e in program.schema(schema).iter_errors(said)]
        self.assertEqual(errors, [])
        text = program.run(*arguments)
        self.assertEqual(text.returncode, 0, text.stderr.decode())
        return said, text.stdout.decode()

    def fails(self, *arguments):
        """What is said of what cannot be done."""
        done = program.run(*arguments)
        self.assertEqual((done.returncode, done.stdout), (2, b""))
        return done.stderr.decode()


class Fwu(Case):
    """fwu show."""

    def fwu(self, *steps, base="fwu"):
        """What is said of a card with two banks."""
        return self.say("fwu", "show", self.card(base, *steps), schema="fwu")

    def test_the_bank_that_boots(self):
        said, text = self.fwu()
        self.assertEqual(said["tfa"],
                         {"version": "v2.11", "metadata_version": 2, "metadata_size": 120})
        self.assertEqual([c["status"] for c in said["copies"]], ["taken", "good"])
        self.assertEqual([(b["state"], b["partition"], b["name"], b["seen"])
                          for b in said["banks"]],
                         [("accepted", 5, "fip-a", True), ("accepted", 6, "fip-b", True)])
        self.assertEqual(said["boots"],
                         {"bank": 0, "partition": 5, "on_trial": False, "alternate": None})
        metadata = said["copies"][0]["metadata"]
        self.assertEqual(metadata["crc"], metadata["crc_computed"])
        self.assertEqual(metadata["images"][0]["type_guid"], image.FIP_TYPE)
        self.assertIn("\nTF-A boots bank 0, partition 5 (fip-a)\n", text)

    def test_a_trial(self):
        said, text = self.fwu(rules.metadata(active=1, previous=0, states=(ACCEPTED, ON_TRIAL)))
        self.assertEqual(said["boots"],
                         {"bank": 1, "partition": 6, "on_trial": True, "alternate": 0})
        self.assertIn("how many trials are left is not on the card; after the last one it boots "
                      "bank 0", text)

    def test_an_invalid_bank(self):
        said, _ = self.fwu(rules.metadata(states=(INVALID, ON_TRIAL)))
        self.assertEqual(said["boots"],
                         {"bank": 1, "partition": 6, "on_trial": False, "alternate": None})
        self.assertEqual([b["state"] for b in said["banks"]], ["invalid", "valid"])

    def test_no_bank(self):
        said, text = self.fwu(rules.metadata(states=(INVALID, INVALID)))
        self.assertEqual(said["boots"],
                         {"bank": None, "partition": None, "on_trial": False, "alternate": None})
        self.assertIn("TF-A panics: no bank can be booted", text)

    def test_damaged_copies(self):
        said, text = self.fwu(poke(3, 100, b"\x01"))
        self.assertEqual([c["status"] for c in said["copies"]], ["refused", "taken"])
        self.assertEqual(said["copies"][0]["reason"], "its CRC is wrong")
        self.assertIn(", computed 0x", text)
        said, text = self.fwu(poke(3, 100, b"\x01"), zero(4, 0, 512))
        self.assertEqual([c["status"] for c in said["copies"]], ["refused", "other-content"])
        self.assertIsNone(said["boots"]["bank"])
        self.assertIsNone(said["copies"][1]["metadata"])
        self.assertIn("TF-A panics: it can use no copy", text)

    def test_copies_that_differ(self):
        said, text = self.fwu(generations.one_copy(4, active=1, previous=0))
        self.assertTrue(said["copies_differ"])
        self.assertEqual(said["boots"]["bank"], 0)
        self.assertIn("the two do not say the same", text)

    def test_version_1(self):
        said, _ = self.fwu(generations.tfa(b"v2.10"), generations.v1(accepted=(0, 1)))
        self.assertEqual((said["tfa"]["metadata_version"], said["boots"]["alternate"]), (1, 1))
        self.assertEqual([b["state"] for b in said["banks"]], ["valid", "accepted"])
        said, _ = self.fwu(generations.v1())
        self.assertEqual([c["status"] for c in said["copies"]], ["refused"] * 2)

    def test_partitions_elsewhere(self):
        said, text = self.fwu(generations.swapped)
        self.assertEqual([b["seen"] for b in said["banks"]], [False, True])
        self.assertIn("which TF-A does not see", text)
        said, text = self.fwu(rules.metadata(banks=(generations.STRANGER, rules.FIP_B)))
        self.assertIsNone(said["banks"][0]["partition"])
        self.assertIn("no such partition", text)

    def test_a_bare_file(self):
        for version in (1, 2):
            data = image.metadata((rules.FIP_A, rules.FIP_B), version=version)
            said, text = self.say("fwu", "show", self.file(data), schema="fwu")
            self.assertEqual([c["status"] for c in said["copies"]], ["taken", "missing"])
            self.assertEqual(said["copies"][0]["partition"], 0)
            self.assertEqual(said["tfa"], dict.fromkeys(said["tfa"]))
            self.assertEqual(said["boots"]["bank"], 0)
            self.assertNotIn("metadata2", text)

    def test_no_metadata(self):
        self.assertIn("there is no metadata of firmware updates",
                      self.fails("fwu", "show", self.card("healthy")))


class Stm32(Case):
    """stm32 show."""

    def stm32(self, base, *steps, partition=()):
        """What is said of a header on a card."""
        return self.say("stm32", "show", self.card(base, *steps), *partition, schema="stm32")

    def test_the_first_stage_of_a_card(self):
        said, text = self.stm32("healthy")
        header = said["header"]
        self.assertEqual((said["partition"], said["name"], said["offset"]), (1, "fsbl1", 34 * 512))
        self.assertEqual((header["version"], header["soc"], header["size"]),
                         ("1.0", "stm32mp15", 256))
        self.assertEqual(header["checksum"], header["checksum_computed"])
        self.assertEqual((said["reader"], said["accepted"], said["taken"]), ("rom", True, True))
        self.assertEqual(said["findings"], [])
        self.assertIn("\nthe ROM accepts it, and takes this one\n", text)

    def test_the_other_copy(self):
        for partition in ("2", "fsbl2"):
            said, text = self.stm32("healthy", partition=[partition])
            self.assertEqual((said["partition"], said["taken"]), (2, False))
            self.assertIn("\nthe ROM accepts it\n", text)

    def test_a_damaged_payload(self):
        said, text = self.stm32("healthy", poke(1, 300, b"\x01\x02\x03"))
        self.assertEqual((said["partition"], said["taken"]), (2, True))
        said, text = self.stm32("healthy", poke(1, 300, b"\x01\x02\x03"), partition=["fsbl1"])
        self.assertFalse(said["accepted"])
        self.assertNotEqual(said["header"]["checksum"], said["header"]["checksum_computed"])
        (finding,) = said["findings"]
        self.assertEqual((finding["code"], finding["partition"], finding["offset"]),
                         ("stm32.checksum", 1, 34 * 512 + 68))
        self.assertIn("\nthe ROM refuses it\n", text)
        self.assertIn("error[stm32.checksum]", text)

    def test_a_raw_place(self):
        said, text = self.stm32("raw")
        self.assertEqual((said["partition"], said["offset"], said["taken"]), (None, 65536, True))
        self.assertIn(", byte 65536: STM32 header", text)

    def test_a_second_stage(self):
        said, text = self.stm32("tfa-ssbl", partition=["ssbl"])
        self.assertEqual((said["reader"], said["accepted"], said["taken"]), ("tf-a", True, True))
        self.assertIn("TF-A up to v2.7 accepts it", text)

    def test_extensions(self):
        extensions = containers.authentication(index=2) + containers.decryption(256)
        said, text = self.stm32("mp13", rules.tfa(flags=3, signature=b"\x5a" * 64,
                                                  extensions=extensions))
        self.assertEqual([(e["name"], e["size"]) for e in said["extensions"]],
                         [("authentication", 340), ("decryption", 32), ("padding", 12)])
        self.assertEqual((said["signature"]["key_index"], said["signature"]["key_count"]), (2, 8))
        self.assertEqual(said["signature"]["value"], "5a" * 64)
        self.assertEqual(said["encryption"],
                         {"key_bits": 256, "derivation_constant": 0x0E5F2025,
                          "plain_sha256_half": bytes(range(16)).hex()})
        self.assertEqual([f["code"] for f in said["findings"]], ["stm32.encrypted"])
        self.assertIn("AES of 256 bits, derivation constant 0x0e5f2025", text)

    def test_other_chips(self):
        for version, text, size in ((0x00020200, "2.2", 512), (0x00020000, "2.0", 512)):
            path = self.file(generations.mp2(version=version))
            said, _ = self.say("stm32", "show", path, schema="stm32")
            self.assertEqual((said["header"]["version"], said["header"]["size"]), (text, size))
            self.assertEqual(said["partition"], 0)

    def test_an_unknown_version_and_a_cut_file(self):
        data = image.stm32_image(rules.SPL, version=0x00030000)
        said, text = self.say("stm32", "show", self.file(data), schema="stm32")
        self.assertIsNone(said["header"]["version"])
        self.assertIn("unknown, 0x00030000", text)
        data = image.stm32_image(rules.SPL)[:200]
        said, _ = self.say("stm32", "show", self.file(data), schema="stm32")
        self.assertFalse(said["header"]["whole"])
        self.assertFalse(said["accepted"])

    def test_nothing_to_show(self):
        card = self.card("healthy")
        self.assertIn("partition 3 holds no STM32 image", self.fails("stm32", "show", card, "3"))
        self.assertIn("there is no partition '9'", self.fails("stm32", "show", card, "9"))
        card = self.card("healthy", zero(1, 0, 4), zero(2, 0, 4))
        self.assertIn("no STM32 image takes part", self.fails("stm32", "show", card))


if __name__ == "__main__":
    program.main()
