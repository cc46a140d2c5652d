#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Saved environments and boot scripts, held against a real U-Boot 2023.01.

An environment is imported by U-Boot, with its CRC; compared are the verdict
on the CRC and every variable of the case. A script is run by `source`;
compared are whether it runs at all, and what it sets.

usage: uboot_env.py STMBOOT SCRIPT_SAYS
"""

import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), name)
                for name in ("support",)]

import image  # noqa: E402
from uboot_console import SKIPPED, Console, Dead, missing, need  # noqa: E402

SECONDS = 60
SIZE = 0x2000
SECTOR = 512
ADDRESS = 0x42000000

# "@" begins the names of a case, so that cases do not meet in U-Boot's table.
LISTS = [
    b"@a=1\0@b=2\0",
    b"@a=1\0",
    b"@a=1\0@a=2\0@b=3\0",
    b"@a=1\0@a\0@b=3\0",
    b"@a=1\0@a=\0@b=3\0",
    b"@a=1\0@a\0@a=4\0",
    b"@a=1\0# @b=2\0@c=3\0",
    b"@a=1\0#@b=2\0@c=3\0",
    b"@a=1\0  @b=2\0\t@c=3\0",
    b"@a=1\0 \0@b=2\0",
    b"@a=1\0\0@b=2\0",
    b"@a=1\0 =2\0@b=2\0",
    b"@a=1\0=2\0@c=3\0",
    b"@a=1\0@b= 2 \0",
    b"@a=1\0@b==\0@c=d=e\0",
    b"@a=1\0@b=x\\\\y\0@c=\\z\0@d=\\\\\0@e=\\\0@f=g\0",
    b"@a=1\0@b\0@c=3\0",
    b"@a=" + b"x" * 300 + b"\0@b=run @a; bootz ${kernel_addr_r} - 1\0",
    b"@a=1\0" + b"".join(b"@v%d=%d\0" % (n, n) for n in range(200)),
    b"@a=" + b"y" * (SIZE - 4 - 6),
    b"@a=1\0@b='two words' \"three\" $@a\0",
]

SCRIPTS = [
    "setenv boot_prefixes /a_",
    "env set boot_prefixes /a_ /b/",
    "setenv boot_prefixes '/a_   /b/'",
    'setenv boot_prefixes "/a_   /b/"',
    "setenv boot_prefixes  /a_ \t /b/  ",
    "setenv boot_prefixes /a_;setenv boot_prefixes /b/",
    "setenv boot_prefixes /a' 'b",
    'setenv boot_prefixes /a"b;c"',
    "setenv boot_prefixes /a\\;b",
    "setenv boot_prefixes '/a\\b'",
    "setenv boot_prefixes '/a\\\\b'",
    "setenv boot_prefixes '/a\\\\\\b'",
    'setenv boot_prefixes "/a\\b"',
    'setenv boot_prefixes "/a\\\\b"',
    'setenv boot_prefixes "/a\\\\\\b"',
    "setenv boot_prefixes /a\\b",
    "setenv boot_prefixes /a\\\\b",
    "setenv boot_prefixes /a\\\\\\b",
    "setenv boot_prefixes /a # comment",
    "setenv boot_prefixes /a#b",
    "# setenv boot_prefixes /a",
    "true && setenv boot_prefixes /a",
    "setenv boot_syslinux_conf x.conf\nsetenv boot_prefixes /c_\n",
    "if true; then\n\tsetenv boot_syslinux_conf y.conf\nfi\nsetenv boot_prefixes /d_\n",
    "if true; then setenv boot_syslinux_conf y.conf; else true; fi; setenv boot_prefixes /d_",
    "for x in 1; do setenv boot_prefixes /e_; done",
    "setenv boot_prefixes",
    "echo 'setenv boot_prefixes /a'",
]


def wrapped(text, **fields):
    """A script as mkimage wraps it."""
    data = text.encode()
    return image.uimage(struct.pack(">II", len(data), 0) + data, "test", 0, 0,
                        **{"system": 5, "kind": 6, **fields})


def changed(data, at, value):
    """The same with another byte."""
    return data[:at] + bytes([value]) + data[at + 1:]


MARK = "echo it-runs"
DAMAGED = [
    wrapped(MARK), wrapped(MARK, arch=22), wrapped(MARK, system=17), wrapped(MARK, kind=2),
    wrapped(MARK, kind=5), changed(wrapped(MARK), 0, 0), changed(wrapped(MARK), 40, 1),
    changed(wrapped(MARK), 76, 1), changed(wrapped(MARK), 8, 1), MARK.encode(),
    image.uimage(bytes(8), "empty", 0, 0, system=5, kind=6), wrapped(MARK)[:-1] + b"\0",
]


class Bench:
    """One U-Boot, and all that it is shown on one disk."""

    def __init__(self, stmboot, says, directory):
        self.stmboot, self.says, self.directory = stmboot, says, directory
        self.blobs, self.agreed, self.cases, self.console = [], 0, 0, None

    def add(self, blob):
        """Put a blob on the disk; its number."""
        self.blobs.append(blob.ljust(SIZE, b"\0")[:SIZE])
        return len(self.blobs) - 1

    def start(self):
        """Start U-Boot with the disk."""
        path = os.path.join(self.directory, "disk")
        with open(path, "wb") as f:
            f.write(b"".join(self.blobs))
        self.console = Console([path], ["virtio scan"])

    def file(self, data):
        """A file of the host."""
        path = os.path.join(self.directory, "file")
        with open(path, "wb") as f:
            f.write(data)
        return path

    def ask(self, number, line):
        """What U-Boot says to a line once a blob is in its memory."""
        sectors = SIZE // SECTOR
        self.console.run(f"virtio read {ADDRESS:x} {number * sectors:x} {sectors:x}", SECONDS)
        return self.console.run(line, SECONDS).decode("latin-1")

    def compare(self, name, ours, theirs):
        """Count a case."""
        self.cases += 1
        self.agreed += ours == theirs
        if ours != theirs:
            print(f"--- {name}\n  the library: {ours}\n  U-Boot:      {theirs}")

    def environment(self, number, good, start):
        """One environment; what the names of its variables start with."""
        said = self.ask(number, f"env import -c {ADDRESS:x} {SIZE:x}; printenv")
        theirs = None  # at its start U-Boot takes its default one then
        if "bad CRC" not in said and "import failed" not in said:
            lines = [line.partition("=") for line in said.split("\n") if line.startswith(start)]
            # printenv escapes what it lists
            theirs = {name: re.sub(r"\\(.)", r"\1", value) for name, _, value in lines}
        done = subprocess.run([self.stmboot, "env", "show", "--json", self.file(self.blobs[number])],
                              capture_output=True, check=False, timeout=SECONDS)
        ours = None
        if done.returncode == 0 and json.loads(done.stdout)["saved"]:
            ours = {v["name"]: v["value"] for v in json.loads(done.stdout)["variables"]}
        self.compare(f"environment {start} {'good' if good else 'bad'}", ours, theirs)

    def script(self, number, text):
        """One script that runs."""
        said = self.ask(number, "setenv boot_prefixes;setenv boot_syslinux_conf;"
                                f"source {ADDRESS:x}; printenv boot_prefixes boot_syslinux_conf")
        theirs = dict(re.findall(r"^(boot_prefixes|boot_syslinux_conf)=(.*)$", said, re.MULTILINE))
        done = subprocess.run([self.says, self.file(text.encode())], capture_output=True, text=True,
                              check=True, timeout=SECONDS)
        names = {"prefixes": "boot_prefixes", "conf": "boot_syslinux_conf"}
        ours = {}
        for line in done.stdout.splitlines():
            name, _, value = line.partition(" ")
            if value:  # setting nothing deletes
                ours[names[name]] = value
        self.compare(f"script {text!r}", ours, theirs)

    def damaged(self, number, blob):
        """One script that may be damaged, as a file of a file system."""
        theirs = "\nit-runs" in self.ask(number, f"source {ADDRESS:x}")
        tree, path = os.path.join(self.directory, "tree"), os.path.join(self.directory, "fs")
        os.makedirs(tree, exist_ok=True)
        with open(os.path.join(tree, "boot.scr"), "wb") as f:
            f.write(blob)
        subprocess.run([need("mke2fs"), "-q", "-F", "-t", "ext4", "-d", tree, path, "256K"],
                       check=True, capture_output=True)
        done = subprocess.run([self.stmboot, "check", "--json", path], capture_output=True,
                              check=False, timeout=SECONDS)
        (said,) = json.loads(done.stdout)["images"]
        ours = "extlinux.script-damaged" not in [f["code"] for f in said["findings"]]
        self.compare(f"source {blob[:80]!r}", ours, theirs)
        os.remove(path)

    def run(self):
        """All cases."""
        steps = []
        for n, text in enumerate(LISTS):
            start = f"t{n}x"
            data = text.replace(b"@", start.encode())[:SIZE - 4].ljust(SIZE - 4, b"\0")
            good = struct.pack("<I", image.crc(data)) + data
            steps.append((self.environment, self.add(good), True, start))
            bad = changed(good, SIZE - 1 if n % 2 else n % 4, good[n % 4] ^ 0x40)
            steps.append((self.environment, self.add(bad), False, start + "y"))
        for text in SCRIPTS:
            steps.append((self.script, self.add(wrapped(text)), text))
        for blob in DAMAGED:
            steps.append((self.damaged, self.add(blob), blob))
        self.start()
        try:
            for step, *arguments in steps:
                step(*arguments)
        finally:
            self.console.close()


def main():
    """Run, or say what is missing."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    absent = missing("mke2fs")
    if absent:
        print("skipped, for want of " + ", ".join(absent))
        sys.exit(SKIPPED)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), directory)
        try:
            bench.run()
        except Dead as dead:
            sys.exit(f"U-Boot died:\n{dead.args[0].decode('latin-1')}")
    print(f"{bench.agreed} of {bench.cases} cases agree with U-Boot, in "
          f"{time.monotonic() - started:.0f} seconds")
    sys.exit(bench.agreed != bench.cases)


if __name__ == "__main__":
    main()
