#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Images of 1 MiB that ask for the same work over and over.

usage: nasty_again.py STMBOOT MEASURE [TEST...]

As nasty.py, whose limits hold here, too.
"""

import gzip
import json
import os
import struct
import tempfile
import unittest
import uuid

import nasty
import program
from image import Gpt, crc, uimage, zimage

BLOCK, SECTOR, MIB = nasty.BLOCK, nasty.SECTOR, nasty.MIB
BOOT = "label a\nkernel /boot/kernel1\nfdt /boot/tree\n{}append root=/dev/mmcblk0p1\n"
CONF = "boot__extlinux__extlinux.conf"
NT_FW, NT_FW_CERTIFICATE = (uuid.UUID(text).bytes for text in (
    "d6d0eea7-fcea-d54b-9782-9934f234b6e4", "8ec4c1f3-5d63-e411-a7a9-87ee40b23fa7"))


def files(text, size=900 << 10, **contents):
    """A file system whose structures can be changed at will."""
    contents.setdefault("boot__kernel1", zimage(bytes(999)))
    return nasty.files(size, ["-O", "^metadata_csum,^64bit"], boot__tree=nasty.fdt(10),
                       **{CONF: text}, **contents)


def names(first, count, image, length=12):
    """Fill blocks with names of four characters, in entries of that length."""
    each = (BLOCK - 24) // length
    for block in range(count):
        raw = b"".join(struct.pack("<IHBB4s", 14, length, 4, 1, b"%04x" % (block * each + i & 0xffff))
                       .ljust(length, b"\0") for i in range(each))
        raw += struct.pack("<IHBB4s", 14, BLOCK - len(raw), 4, 1, b"last")
        image[(first + block) * BLOCK:(first + block + 1) * BLOCK] = raw.ljust(BLOCK, b"\0")


def lookups():
    """Labels whose files are not there, and a root directory of millions of names."""
    text = "".join(f"label {i}\nkernel /no{i}\ninitrd /in{i}\nfdt /fd{i}\nappend x\n" for i in range(64))
    image = bytearray(files(text))
    root, = struct.unpack_from("<I", image, nasty.inode_of(bytes(image), 2) + 40 + 20)
    names(400, 100, image)
    rest = [(at + 1, first, count) for at, first, count in nasty.again(400, 100, 2000000)]
    return nasty.mapped(bytes(image), 2, [(0, root, 1), *rest])


def large(image, groups=32):
    """Let a file system say that it is larger: each group has the inodes of the first one."""
    inodes, = struct.unpack_from("<I", image, BLOCK + 40)
    struct.pack_into("<II", image, BLOCK, inodes * groups, groups * 8192)
    image[2 * BLOCK:3 * BLOCK] = bytes(image[2 * BLOCK:2 * BLOCK + 32]) * groups
    return bytes(image)


def long_directory():
    """A directory of three million names."""
    image = bytearray(files("", d__a="a"))
    names(400, 400, image)
    return large(nasty.mapped(bytes(image), "/d", nasty.again(400, 400, 40000)))


def long_paths():
    """Names at the end of a path that is nearly as long as can be."""
    image = bytearray(files("", d__a="a", **{"__".join(["d" * 250] * 15) + "__e__f": ""}))
    names(400, 400, image)
    path = "/" + "/".join(["d" * 250] * 15) + "/e"
    return large(nasty.mapped(bytes(image), path, nasty.again(400, 400, 900)))


def shared(image, path, pointers, size, lists=800):
    """A file of any size, the same blocks over and over, by lists that lead to one another."""
    inode = nasty.inode_of(bytes(image), path)
    for at, block in enumerate((pointers, [lists] * 256, [lists + 1] * 256)):
        image[(lists + at) * BLOCK:(lists + at + 1) * BLOCK] = struct.pack("<256I", *block)
    struct.pack_into("<15I", image, inode + 40, *pointers[:12], lists, lists + 1, lists + 2)
    flags, = struct.unpack_from("<I", image, inode + 32)
    struct.pack_into("<I", image, inode + 32, flags & ~0x81000)
    struct.pack_into("<I", image, inode + 4, size & 0xffffffff)
    struct.pack_into("<I", image, inode + 108, size >> 32)
    return image


def entry(name, size=0):
    """The head of a file in an initramfs."""
    fields = [1, 0o100644, 0, 0, 1, 0, size, 0, 0, 0, 0, len(name) + 1, 0]
    raw = ("070701" + "".join(f"{field:08x}" for field in fields) + name).encode() + b"\0"
    return raw + bytes(-len(raw) % 4)


def initrd(blocks, pointers):
    """An initrd of 4 GiB."""
    image = bytearray(files(BOOT.format("initrd /boot/i\n"), boot__i=bytes(3000)))
    image[650 * BLOCK:650 * BLOCK + len(blocks)] = blocks
    return bytes(shared(image, "/boot/i", pointers, (4 << 30) - 4096))


def initrd_in_hole(data):
    """An initrd of 4 GiB, of which only that is there."""
    return files(BOOT.format("initrd /boot/i\n"), boot__i=data,
                 commands=[f"set_inode_field /boot/i size {(4 << 30) - 4096}"])


def lzma(size):
    """Zeros in a hole: such LZMA is one zero after the other, and each takes nine steps."""
    return bytes([0x5d]) + struct.pack("<IQ", 1 << 16, size)


def lzma_kernel():
    """A kernel whose payload is not as long as it says, wherever it begins."""
    data = zimage(bytes(64) + (lzma(40 * MIB) + bytes(100)) * 60, end=200 * MIB)
    return files(BOOT.format(""), commands=["set_inode_field /boot/kernel1 size 209715200"],
                 boot__kernel1=data)


def fip():
    """A firmware package: its images are the same bytes, and each has a hash."""
    count, body = 126, bytearray(b"-v1" * 300000)
    start = 16 + 40 * (count + 2)
    body[:4] = b"\x30\x82\xff\0"
    table = struct.pack("<IIQ", 0xAA640001, 1, 0)
    table += (NT_FW + struct.pack("<QQQ", start, len(body), 0)) * count
    table += NT_FW_CERTIFICATE + struct.pack("<QQQ", start, 65000, 0)
    return table + bytes(16) + struct.pack("<QQQ", start + len(body), 0, 0) + bytes(body)


def environments():
    """Partitions that look like environments up to their last byte."""
    return nasty.card(b"abcdefgh=ij\0".ljust(850 << 10, b"\0"), 1024, 1024, "u-boot-env")


def packed_loader():
    """A U-Boot that is packed, and nothing but beginnings of versions."""
    data = bytearray(uimage(gzip.compress(b"-v1" * (40 << 20), 6), "U-Boot"))
    data[31] = 1
    struct.pack_into(">I", data, 4, 0)
    struct.pack_into(">I", data, 4, crc(bytes(data[:64])))
    return bytes(data)


def third(content, sectors=MIB // SECTOR):
    """A card with a second stage where SPL looks for it."""
    table = Gpt(sectors, nasty.GUID.format(0xffff))
    first = table.first_usable
    for number, name in enumerate(("fsbl1", "fsbl2"), 1):
        table.add(number, name, first + 8 * number, 8, nasty.GUID.format(number))
    table.add(3, "ssbl", first + 24, (len(content) + SECTOR - 1) // SECTOR, nasty.GUID.format(3))
    return on_card(table, sectors, (first + 24) * SECTOR, content)


def on_card(table, sectors, start, content):
    """The bytes of a card with one content."""
    image = bytearray(sectors * SECTOR)
    image[start:start + len(content)] = content
    image[:SECTOR] = table.protective_mbr()
    image[SECTOR:2 * SECTOR] = table.header()
    image[2 * SECTOR:2 * SECTOR + len(table.array())] = table.array()
    return bytes(image)


def two_views():
    """Sixty overlays of 4 GiB that stand in other blocks once the journal is replayed; packed."""
    with tempfile.TemporaryDirectory() as work:
        tree, path = os.path.join(work, "tree"), os.path.join(work, "image")
        os.makedirs(os.path.join(tree, "boot", "extlinux"))
        for name, data in (("o", nasty.fdt(30)), ("tree", nasty.fdt(10)),
                           ("kernel1", zimage(bytes(999))), ("extlinux/extlinux.conf", BOOT.format(
                               "fdtoverlays" + " /boot/o" * 60 + "\n").encode())):
            with open(os.path.join(tree, "boot", name), "wb") as f:
                f.write(data)
        program.tools.make_ext4(path, tree, 4 << 20, "-b", "1024", "-N", "64", "-m", "0", "-O",
                                "^metadata_csum,^64bit,^resize_inode", "-J", "size=1")
        log = nasty.journal.blocks_of(path, "<8>", 4)
        with open(path, "rb") as f:
            image = bytearray(f.read())
    before, after = ([3100 + 2 * (i % 40) + odd for i in range(256)] for odd in (0, 1))
    shared(image, "/boot/o", before, (4 << 30) - 4096, lists=3000)
    struct.pack_into(">II", image, log[0] * BLOCK + 24, 1, 1)
    magic = nasty.journal.MAGIC
    for block, raw in zip(log[1:], (struct.pack(">IIIIHH", magic, 1, 1, 3000, 0, 10),
                                    struct.pack("<256I", *after), struct.pack(">III", magic, 2, 1))):
        image[block * BLOCK:(block + 1) * BLOCK] = raw.ljust(BLOCK, b"\0")
    features, = struct.unpack_from("<I", image, BLOCK + 96)
    struct.pack_into("<I", image, BLOCK + 96, features | 4)
    sectors = 5 * MIB // SECTOR
    table = Gpt(sectors, nasty.GUID.format(0xffff))
    table.add(1, "rootfs", table.first_usable, len(image) // SECTOR, nasty.GUID.format(1), attributes=4)
    return gzip.compress(on_card(table, sectors, table.first_usable * SECTOR, image), 9)


def packed_names(directories=48, blocks=900, size=64 * MIB):
    """Directories that are full of names, packed; names stand in them twice."""
    with tempfile.TemporaryDirectory() as work:
        tree, path = os.path.join(work, "tree"), os.path.join(work, "image")
        for i in range(directories):
            os.makedirs(os.path.join(tree, f"d{i}"))
        program.tools.make_ext4(path, tree, size, "-b", "1024", "-N", "512", "-m", "0", "-O",
                                "^metadata_csum,^64bit,^has_journal,^resize_inode")
        with open(path, "rb") as f:
            image = bytearray(f.read())
    names(16000, directories * blocks, image)
    for i in range(directories):
        inode = nasty.inode_of(bytes(image), 12 + i)
        struct.pack_into("<HHHHIIHHI", image, inode + 40, 0xf30a, 1, 4, 0, 0, 0, blocks, 0,
                         16000 + i * blocks)
        struct.pack_into("<I", image, inode + 4, blocks * BLOCK)
    sectors = size // SECTOR + 200
    table = Gpt(sectors, nasty.GUID.format(0xffff))
    table.add(1, "rootfs", table.first_usable, size // SECTOR, nasty.GUID.format(1), attributes=4)
    data = on_card(table, sectors, table.first_usable * SECTOR, image)
    return program.tools.run("zstd", "-q", "--long=24", "-c", "-", data=data)


CHECK = (["check"],)
EDIT = (["check"], ["set-bootargs", "-n", "quiet"])
LIST = (["fs", "ls", "-r"], ["fs", "ls", "-r", "--json"], ["fs", "ls", "-r", "-l"])


class Again(nasty.Nasty):
    """Each image through the commands that read it."""

    test_none_costs_much = test_long_ones_cost_no_more = None
    test_a_sparse_file_costs_what_is_in_it = test_what_is_not_looked_at_is_told = None

    def on(self, commands, name, make):
        """One image."""
        self.run_on([(name, make)], commands)

    def told(self, name):
        """The findings of the image say that not all was looked at."""
        said = json.loads(program.run("check", "--json", self.path).stdout)
        self.assertIn("image.too-much", [f["code"] for f in said["images"][0]["findings"]], name)

    def test_names_that_are_looked_for(self):
        self.on(EDIT, "lookups", lambda: nasty.card(lookups()))
        self.told("lookups")

    def test_names_that_are_listed(self):
        self.on(LIST, "a long directory", lambda: nasty.card(long_directory()))
        self.on((["fs", "ls", "-r"],), "packed names", packed_names)
        self.on(LIST, "long paths", lambda: nasty.card(long_paths()))

    def test_second_stages(self):
        self.on((*EDIT, ["fip", "show"]), "a package", fip)
        self.told("a package")
        self.on(EDIT, "a packed loader", lambda: third(packed_loader()))
        self.told("a packed loader")

    def test_partitions(self):
        self.on((*CHECK, ["env", "show"]), "environments", environments)
        self.on((["gpt", "set", "-n", "--new-guids"],), "trees", lambda: nasty.card(
            nasty.fdt(1, 1, 30000), 1024, 1024, "ssbl"))

    def test_labels(self):
        text = "label 1\nkernel /k\nfdtoverlays" + " /o" * 200000 + "\nappend x\n"
        self.on((["set-bootargs", "-n", "quiet"],), "a label of overlays", lambda: nasty.card(nasty.conf(
            text, size=900 << 10)))
        self.on((["set-bootargs", "-n", "--all-labels", "quiet"],), "lines that are given again",
                lambda: nasty.card(nasty.conf("default x\n" * 60000 + nasty.LABEL.format(1),
                                              size=900 << 10)))

    def test_journals(self):
        self.on(CHECK, "two views", two_views)
        self.told("two views")

    def test_what_is_unpacked(self):
        many = entry("b" * 17) * 8
        self.on(CHECK, "an initrd of entries", lambda: nasty.card(initrd(
            many, [650] * 256)))
        self.on(CHECK, "an initrd of zeros", lambda: nasty.card(initrd_in_hole(
            entry("TRAILER!!!"))))
        self.on(CHECK, "an initrd of LZMA", lambda: nasty.card(initrd_in_hole(lzma(250 * MIB))))
        self.on(CHECK, "a kernel of LZMA", lambda: nasty.card(lzma_kernel()))


if __name__ == "__main__":
    nasty.main(__doc__.split("\n\n")[1])
