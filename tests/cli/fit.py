#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""FIT images that mkimage makes, and what mkimage's own tools say of them.

usage: fit.py STMBOOT [TEST...]
"""

import bz2
import gzip
import itertools
import json
import lzma
import os
import re
import subprocess
import tempfile
import unittest

import program
import tools

ALGORITHMS = ["crc16-ccitt", "crc32", "md5", "sha1", "sha256", "sha384", "sha512"]
UNUSUAL = {"sha384", "sha512"}
LAYOUTS = {"embedded": [], "external": ["-E"], "at a place": ["-E", "-p", "0x3000"],
           "aligned": ["-E", "-B", "0x200"]}
KERNEL = bytes(i * 7 + 1 & 0xFF for i in range(9001))
PACKED = {"none": KERNEL, "gzip": gzip.compress(KERNEL, mtime=0), "bzip2": bz2.compress(KERNEL),
          "lzma": lzma.compress(KERNEL, lzma.FORMAT_ALONE)}

SOURCE = """/dts-v1/;
/ {{
	description = "A FIT";
	#address-cells = <{cells}>;
	images {{
		kernel-1 {{
			description = "Linux"; data = /incbin/("kernel"); type = "kernel"; os = "linux";
			arch = "arm"; compression = "{compression}"; load = <{high}0xc0008000>;
			entry = <{high}0xc0008000>;
			{hashes}
		}};
		ramdisk-1 {{
			description = "root"; data = /incbin/("ramdisk"); type = "ramdisk"; os = "linux";
			arch = "arm"; compression = "none"; hash-1 {{ algo = "sha1"; }};
		}};
		fdt-1 {{
			description = "board"; data = /incbin/("tree"); type = "flat_dt"; arch = "arm";
			compression = "none"; hash-1 {{ algo = "sha256"; }};
		}};
	}};
	configurations {{
		default = "conf-1";
		conf-1 {{ description = "A board"; kernel = "kernel-1"; fdt = "fdt-1";
			ramdisk = "ramdisk-1"; }};
	}};
}};
"""


def need(*names):
    """Skip where a tool is missing."""
    for name in names:
        try:
            tools.run(name, "-V" if name != "dtc" else "-v")
        except tools.Missing as e:
            raise unittest.SkipTest(f"{e} is not installed") from e


class Bench:
    """A folder in which mkimage makes FITs."""

    def __init__(self, directory):
        self.directory = directory
        self.write("ramdisk", bytes(range(200)))
        self.write("tree", tools.run("dtc", "-q", "-I", "dts", "-O", "dtb", "-",
                                     data=b'/dts-v1/; / { compatible = "a"; };'))

    def path(self, name):
        """A file in the folder."""
        return os.path.join(self.directory, name)

    def write(self, name, data):
        """Make a file."""
        with open(self.path(name), "wb") as f:
            f.write(data)

    def make(self, *options, algorithms=("sha256",), compression="none", cells=1):
        """Have mkimage make fit.itb."""
        hashes = " ".join(f'hash-{n} {{ algo = "{a}"; }};' for n, a in enumerate(algorithms, 1))
        self.write("kernel", PACKED[compression])
        self.write("fit.its", SOURCE.format(hashes=hashes, compression=compression, cells=cells,
                                            high="0 " if cells == 2 else "").encode())
        subprocess.run(["mkimage", *options, "-f", "fit.its", "fit.itb"], cwd=self.directory,
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        return self.path("fit.itb")

    def listed(self):
        """What dumpimage lists of each image: its size and its hashes."""
        said = subprocess.run(["dumpimage", "-l", self.path("fit.itb")], check=True,
                              stdout=subprocess.PIPE).stdout.decode()
        images, name = {}, None
        for line in said.splitlines():
            begins = re.match(r" (?:Image|Configuration) \d+ \((.*)\)", line)
            value = re.match(r"  (Data Size|Hash algo|Hash value|Load Address): +(\S+)", line)
            if begins:
                name = begins.group(1)
                images[name] = []
            elif value and value.group(2) != "unavailable":
                images[name].append((value.group(1), value.group(2)))
        return images


def as_dumpimage(image):
    """An image of our detail as dumpimage lists it."""
    lines = [("Data Size", str(image["size"]))]
    if image["load"] is not None:
        lines.append(("Load Address", f"0x{image['load']:08x}"))
    for digest in image["digests"]:
        lines += [("Hash algo", digest["algorithm"]), ("Hash value", digest["value"])]
    return lines


def check(path):
    """The codes of errors and warnings."""
    done = program.run("check", "--json", path)
    (said,) = json.loads(done.stdout)["images"]
    return {f["code"] for f in said["findings"] if f["severity"] != "note"}


class Fit(unittest.TestCase):
    """mkimage's FITs."""

    def setUp(self):
        need("mkimage", "dumpimage", "dtc")
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.bench = Bench(self.folder.name)

    def test_intact_ones_are_clean_and_listed_as_dumpimage_lists_them(self):
        cases = [dict(algorithms=[a]) for a in ALGORITHMS] + [
            dict(algorithms=ALGORITHMS), dict(cells=2)] + [
            dict(compression=name) for name in PACKED]
        for layout, case in itertools.product(LAYOUTS, cases):
            with self.subTest(layout=layout, **case):
                path = self.bench.make(*LAYOUTS[layout], **case)
                expected = set()
                if UNUSUAL & set(case.get("algorithms", [])):
                    expected.add("fit.hash-optional")
                if case.get("compression") in ("bzip2", "lzma"):
                    expected.add("fit.compression-optional")
                self.assertEqual(check(path), expected)
                detail = program.inspect(path)["partitions"][0]["detail"]
                listed = self.bench.listed()
                for image in detail["images"]:
                    self.assertEqual(as_dumpimage(image), listed[image["name"]])
                    self.assertEqual({d["state"] for d in image["digests"]}, {"right"})
                    self.assertEqual(image["external"], layout != "embedded")

    def test_each_damage_is_found(self):
        for layout, algorithm in itertools.product(LAYOUTS, ALGORITHMS):
            with self.subTest(layout=layout, algorithm=algorithm):
                path = self.bench.make(*LAYOUTS[layout], algorithms=[algorithm])
                detail = program.inspect(path)["partitions"][0]["detail"]
                for image in detail["images"]:
                    with open(path, "r+b") as f:
                        f.seek(image["offset"] + image["size"] - 1)
                        byte = f.read(1)[0]
                        f.seek(-1, os.SEEK_CUR)
                        f.write(bytes([byte ^ 1]))
                    found = program.run("check", "--json", path)
                    (said,) = json.loads(found.stdout)["images"]
                    wrong = [f["message"] for f in said["findings"]
                             if f["code"] == "fit.hash-mismatch"]
                    self.assertEqual(len(wrong), 1)
                    self.assertIn(f'"{image["name"]}"', wrong[0])
                    with open(path, "r+b") as f:
                        f.seek(image["offset"] + image["size"] - 1)
                        f.write(bytes([byte]))

    def test_what_was_cut_off_is_outside(self):
        path = self.bench.make("-E")
        os.truncate(path, os.path.getsize(path) - 8)
        self.assertIn("fit.data-outside", check(path))

    def test_the_text_says_how_each_hash_is(self):
        path = self.bench.make(algorithms=["crc32", "sha256"])
        said = program.run("inspect", "-v", path).stdout.decode()
        self.assertIn("configuration conf-1 (default): A board, kernel kernel-1, ramdisk ramdisk-1, "
                      "fdt fdt-1\n", said)
        self.assertIn(", crc32 right, sha256 right\n", said)


if __name__ == "__main__":
    program.main()
