#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Images of 1 MiB that are made to cost as much as they can.

usage: nasty.py STMBOOT MEASURE [TEST...]

None may take more than 64 MiB or one second of the processor. MEASURE runs a command and
tells of its memory; it is the benchmark's.
"""

import gzip
import lzma
import os
import resource
import struct
import subprocess
import sys
import tempfile
import unittest

import program
from image import Gpt, crc, uimage, zimage

MEASURE = None
MIB, SECTOR = 1 << 20, 512
MOST_MEMORY, MOST_SECONDS = 64 * MIB, 1.0
LARGEST_XZ = 10 * MIB  # xz -9 makes everybody keep 64 MiB, whatever is packed
GUID = "00000000-0000-4000-8000-{:012x}"
COMMANDS = (["inspect", "--deep", "--json"], ["inspect", "--html=-"], ["check"], ["get-bootargs"], ["fs", "ls", "-r"],
            ["set-bootargs", "-n", "quiet"])
LABEL = "label {0}\nkernel /boot/kernel{0}\nfdt /boot/tree\nappend root=/dev/mmcblk0p1\n"


def card(content, count=1, table_count=128, name="rootfs", change=None):
    """A card whose partitions are all the same bytes."""
    sectors = MIB // SECTOR
    table = Gpt(sectors, GUID.format(0xffff), table_count)
    for number in range(1, count + 1):
        table.add(number, f"{name}{number if number > 1 else ''}", table.first_usable,
                  (len(content) + SECTOR - 1) // SECTOR, GUID.format(number), attributes=4)
    image = bytearray(MIB)
    start = table.first_usable * SECTOR
    image[start:start + len(content)] = content
    image[:SECTOR] = table.protective_mbr()
    image[SECTOR:2 * SECTOR] = table.header()
    image[2 * SECTOR:2 * SECTOR + len(table.array())] = table.array()
    assert len(image) == MIB, len(image)
    if change is not None:
        change(image)
    return bytes(image)


def files(size=768 << 10, options=(), commands=(), **contents):
    """An ext4 of some files: their paths have '__' for '/'."""
    with tempfile.TemporaryDirectory() as work:
        tree, image = os.path.join(work, "tree"), os.path.join(work, "image")
        os.mkdir(tree)
        for name, data in contents.items():
            path = os.path.join(tree, name.replace("__", "/"))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(data if isinstance(data, bytes) else data.encode())
        program.tools.make_ext4(image, tree, size, "-b", "1024", "-N", "64", "-O",
                                "^has_journal,^resize_inode", "-m", "0", *options)
        if commands:
            program.tools.run("debugfs", "-w", "-f", "-", image, data="\n".join(commands).encode())
        with open(image, "rb") as f:
            return f.read()


def conf(text, **contents):
    """A file system with a configuration."""
    contents["boot__extlinux__extlinux.conf"] = text
    return files(**contents)


def kernels(data, count=40):
    """As many labels that fail, with kernels that are one file."""
    text = "".join(LABEL.format(number) for number in range(count))
    return conf(text, boot__kernel=data,
                commands=[f"ln /boot/kernel /boot/kernel{number}" for number in range(count)] +
                [f"sif /boot/kernel links_count {count + 1}"])


def fdt(nodes, depth=1, properties=0):
    """A device tree of many nodes, or of deep ones, or of many properties."""
    structure = struct.pack(">I4x", 1)
    for _ in range(nodes):
        structure += (struct.pack(">I", 1) + b"n\0\0\0") * depth
        structure += struct.pack(">III", 3, 0, 0) * properties
        structure += struct.pack(">I", 2) * depth
    structure += struct.pack(">II", 2, 9)
    strings = b"name\0"
    head = 40 + 16
    return struct.pack(">10I", 0xd00dfeed, head + len(structure) + len(strings), head,
                       head + len(structure), 40, 17, 16, 0, len(strings),
                       len(structure)) + bytes(16) + structure + strings


def fit():
    """A FIT with as many strings as the card has room for."""
    structure = (struct.pack(">I4x", 1) + struct.pack(">I", 1) + b"images\0\0" +
                 struct.pack(">I", 2) + struct.pack(">II", 2, 9))
    strings = b"name\0" * 150000
    return struct.pack(">10I", 0xd00dfeed, 56 + len(structure) + len(strings), 56,
                       56 + len(structure), 40, 17, 16, 0, len(strings),
                       len(structure)) + bytes(16) + structure + strings


def many_entries(image):
    """2^32 - 1 entries, of a header whose own checksum is right."""
    struct.pack_into("<I", image, SECTOR + 80, 0xffffffff)
    struct.pack_into("<I", image, SECTOR + 16, 0)
    struct.pack_into("<I", image, SECTOR + 16, crc(bytes(image[SECTOR:SECTOR + 92])))


def zstd(size):
    """Zeros as zstd packs them."""
    with tempfile.NamedTemporaryFile() as f:
        f.truncate(size)
        return program.tools.run("zstd", "-q", "-1", "--long=27", "-c", f.name)


BOMB = 130 * MIB  # more than any decoder keeps of what it unpacked


def images():
    """Name and maker of each."""
    plain = LABEL.format(1)
    yield "entries beyond number", lambda: card(conf(plain), change=many_entries)
    yield "a thousand partitions", lambda: card(conf(plain, size=512 << 10), 1024, 1024)
    yield "a thousand loaders", lambda: card(uimage(b"U-Boot 2024.01" * 20000, "U-Boot"), 1024,
                                             1024, "ssbl")
    yield "a thousand trees", lambda: card(fdt(1, 1, 30000), 1024, 1024, "ssbl")
    yield "letters", lambda: card(conf("a\n" * (400 << 10), size=880 << 10))
    yield "some letters", lambda: card(conf("a\n" * 99000))
    yield "a thousand FITs", lambda: card(fit(), 1024, 1024, "ssbl")
    yield "letters in a thousand partitions", lambda: card(conf("a\n" * (100 << 10),
                                                                size=512 << 10), 1024, 1024)
    yield "labels", lambda: card(conf("".join(f"label {i}\n" for i in range(30000))))
    yield "labels with kernels", lambda: card(conf("".join(
        f"label {i}\nkernel /{i}\n" for i in range(12000))))
    yield "menu entries of one name", lambda: card(conf("label x\nlinux /a\n" * 20000))
    yield "includes", lambda: card(conf("include /big\n" * 300, big="include /big2\n" * 300,
                                        big2="a b\n" * 40000))
    yield "an include of itself", lambda: card(conf("include /boot/extlinux/extlinux.conf\n" * 9000))
    yield "arguments", lambda: card(conf(plain.strip() + " a" * 100000 + "\n"))
    yield "a long line of variables", lambda: card(conf(plain.strip() + "${a}" * 50000 + "\n"))
    yield "a tree of many nodes", lambda: card(conf(plain, boot__kernel1=zimage(bytes(999)),
                                                    boot__tree=fdt(40000)))
    yield "a tree of deep nodes", lambda: card(conf(plain, boot__kernel1=zimage(bytes(999)),
                                                    boot__tree=fdt(1, 40000)))
    yield "a tree of properties", lambda: card(conf(plain, boot__kernel1=zimage(bytes(999)),
                                                    boot__tree=fdt(1, 1, 40000)))
    largest = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 64 * MIB}]
    for name, data in (("gzip", gzip.compress(bytes(BOMB), 1)),
                       ("xz", lzma.compress(bytes(BOMB), filters=largest)), ("zstd", zstd(BOMB))):
        yield "a kernel of " + name, lambda data=data: card(conf(
            plain, boot__kernel1=zimage(data[:600 << 10]), size=900 << 10))
        yield "forty kernels of " + name, lambda data=data: card(kernels(zimage(data[:300 << 10])))
        yield "an image of " + name, lambda data=data: data[:MIB].ljust(4096, b"\0")
    yield "links", lambda: card(files(commands=[f"symlink l{i} l{i + 1}" for i in range(45)] + [
        "symlink init l0"]))
    yield "a file in a circle", lambda: card(circle())


def circle():
    """A file whose extent tree leads back to itself."""
    image = bytearray(conf("a\n" * 1000, commands=[
        "set_inode_field /boot/extlinux/extlinux.conf size 1000000"]))
    text = bytes(image)
    at = text.find(b"\x0a\xf3\x01\x00\x04\x00\x00\x00")
    while at >= 0:  # each root: of depth 5, with one index that leads to block 3
        struct.pack_into("<HHHHIIIHH", image, at, 0xf30a, 1, 4, 5, 0, 0, 3, 0, 0)
        at = text.find(b"\x0a\xf3\x01\x00\x04\x00\x00\x00", at + 1)
    struct.pack_into("<HHHHIIIHH", image, 3 * 1024, 0xf30a, 1, 84, 4, 0, 0, 3, 0, 0)
    return bytes(image)


class Nasty(unittest.TestCase):
    """Each image through the commands that read it."""

    def test_none_costs_much(self):
        with tempfile.TemporaryDirectory() as work:
            path = os.path.join(work, "card.img")
            for name, make in images():
                with self.subTest(image=name), open(path, "wb") as f:
                    f.write(make())
                for command in COMMANDS:
                    with self.subTest(image=name, command=command):
                        self.cheap(command, path, name)

    def cheap(self, command, path, name):
        """A command comes to an end, and soon."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        words = command[:2] if command[0] == "fs" else command[:1]
        done = subprocess.run([MEASURE, program.stmboot, *words, path, *command[len(words):]],
                              env=dict(os.environ, LC_ALL="C.UTF-8",
                                       STMBOOT_STATE_DIR=program.state_directory()),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        kib, status = (int(word) for word in done.stdout.split()[1:3])
        if os.environ.get("NASTY"):
            print(f"{seconds:6.2f} s {kib >> 10:5} MiB {status} {name}: {' '.join(command)}", flush=True)
        self.assertIn(status, (0, 1, 2))
        self.assertLessEqual(kib << 10, MOST_MEMORY + (LARGEST_XZ if " xz" in name else 0))
        self.assertLessEqual(seconds, MOST_SECONDS)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__.split("\n\n")[1])
    MEASURE = os.path.abspath(sys.argv.pop(2))
    program.main()
