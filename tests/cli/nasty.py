#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Images of 1 MiB that are made to cost as much as they can.

usage: nasty.py STMBOOT MEASURE [TEST...]

None may take more than 64 MiB or one second of the processor. MEASURE runs a command and
tells of its memory; it is the benchmark's. With NASTY in the environment all is printed.
"""

import bz2
import gzip
import json
import lzma
import os
import re
import resource
import struct
import subprocess
import sys
import tempfile
import unittest
import uuid

import program
import fit as fits  # of tests/support, which comes first on the path now
import journal
from image import Gpt, crc, uimage, zimage

MEASURE = None
MIB, SECTOR = 1 << 20, 512
MOST_MEMORY, MOST_SECONDS = 64 * MIB, 1.0
LARGEST_XZ = 10 * MIB  # xz -9 makes everybody keep 64 MiB, whatever is packed
GUID = "00000000-0000-4000-8000-{:012x}"
COMMANDS = (["inspect", "--deep", "--json"], ["inspect", "--html=-"], ["check"], ["get-bootargs"], ["fs", "ls", "-r"],
            ["set-bootargs", "-n", "quiet"])
SHORT = (["check"], ["set-bootargs", "-n", "quiet"])  # where the others take as long
GROUPS = ("dtb", "env", "extlinux", "fip", "fs", "gpt")  # commands of two words
BLOCK = 1024
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


def inode_of(image, path):
    """Where the inode of a path is; of a number, that one."""
    with tempfile.NamedTemporaryFile() as f:
        f.write(image)
        f.flush()
        said = path if isinstance(path, int) else program.tools.run(
            "debugfs", "-R", f"stat {path}", f.name).decode()
    number = path if isinstance(path, int) else int(re.search(r"Inode: (\d+)", said).group(1))
    size, = struct.unpack_from("<H", image, BLOCK + 88)
    table, = struct.unpack_from("<I", image, 2 * BLOCK + 8)
    return table * BLOCK + (number - 1) * size


def mapped(image, path, extents):
    """Give a file other blocks: (logical, physical, length); the tree goes to the end."""
    image = bytearray(image)
    inode = inode_of(image, path)
    free, depth = len(image) // BLOCK - 1, 0
    level = [(logical, struct.pack("<IHHI", logical, length, 0, physical))
             for logical, physical, length in extents]

    def node(entries, at, room):
        raw = struct.pack("<HHHHI", 0xf30a, len(entries), room, depth, 0)
        raw += b"".join(entry for _, entry in entries)
        image[at:at + len(raw)] = raw

    while len(level) > 4:
        above = []
        for i in range(0, len(level), 84):
            node(level[i:i + 84], free * BLOCK, 84)
            above.append((level[i][0], struct.pack("<IIHH", level[i][0], free, 0, 0)))
            free -= 1
        level, depth = above, depth + 1
    node(level, inode + 40, 4)
    size = (extents[-1][0] + extents[-1][2]) * BLOCK
    struct.pack_into("<I", image, inode + 4, size & 0xffffffff)
    struct.pack_into("<I", image, inode + 108, size >> 32)
    flags, = struct.unpack_from("<I", image, inode + 32)
    struct.pack_into("<I", image, inode + 32, flags & ~0x1000 | 0x80000)
    return image


def again(first, count, blocks):
    """Extents of a file that is the same blocks over and over."""
    return [(at, first, min(count, blocks - at)) for at in range(0, blocks, count)]


def without_sums(**contents):
    """A file system whose structures can be changed at will, with a configuration."""
    return files(900 << 10, ["-O", "^metadata_csum,^64bit"], **contents,
                 **{"boot__extlinux__extlinux.conf": LABEL.format(1)})


def same_directory(path, distinct=100):
    """A directory of two million blocks, which are a hundred."""
    image = bytearray(without_sums(d__a="a", boot__x="x"))
    for block in range(distinct):
        raw = b"".join(struct.pack("<IHBB14s2x", 12, 24, 14, 1, b"n%013d" % (block * 42 + i))
                       for i in range(41))
        raw += struct.pack("<IHBB14s", 12, BLOCK - len(raw), 14, 1, b"n%013d" % (block * 42 + 41))
        at = (400 + block) * BLOCK
        image[at:at + BLOCK] = raw.ljust(BLOCK, b"\0")
    return mapped(bytes(image), path, again(400, distinct, 2000000))


def log(blocks, repeated=1, first=400):
    """A file system with a journal of one transaction: these blocks, over and over, and a commit."""
    def head(kind, sequence):
        return struct.pack(">III", journal.MAGIC, kind, sequence)

    image = bytearray(without_sums(d__a="a"))
    count = len(blocks)
    total = 1 + repeated * count + 1
    start = head(4, 0) + struct.pack(">IIIIII4xI", BLOCK, total, 1, 1, 1, 0, 1)
    for i, block in enumerate([start, *(head(kind, 1) + rest for kind, rest in blocks), head(2, 1)]):
        image[(first + i) * BLOCK:(first + i + 1) * BLOCK] = block.ljust(BLOCK, b"\0")
    struct.pack_into("<H", image, inode_of(image, 8), 0o100600)
    struct.pack_into("<H", image, inode_of(image, 8) + 26, 1)
    image = mapped(bytes(image), 8, [
        (0, first, 1), *((1 + i * count, first + 1, count) for i in range(repeated)),
        (total - 1, first + 1 + count, 1)])
    for at, bit in ((92, 4), (96, 4)):  # has_journal, needs_recovery
        word, = struct.unpack_from("<I", image, BLOCK + at)
        struct.pack_into("<I", image, BLOCK + at, word | bit)
    struct.pack_into("<I", image, BLOCK + 224, 8)
    return bytes(image)


def revokes(count):
    """Blocks that revoke as much as they can."""
    return [(5, struct.pack(">I", 16 + 4 * 250) + b"".join(
        struct.pack(">I", block * 250 + i) for i in range(250))) for block in range(count)]


def escapes():
    """A descriptor of a hundred blocks that would look like the log's own."""
    return [(1, b"".join(struct.pack(">IHH", 600 + i, 0, 11 if i == 99 else 3)
                         for i in range(100))), *[(0, b"")] * 100]


def in_hole(data, size, count=1):
    """As many labels, whose kernels are one file: of that size, of which only the data are there."""
    text = "".join(LABEL.format(number) for number in range(count))
    return conf(text, boot__kernel=data, commands=[
        f"set_inode_field /boot/kernel size {size}", f"sif /boot/kernel links_count {count + 1}",
        *(f"ln /boot/kernel /boot/kernel{number}" for number in range(count))])


def fit_in_hole(size, *algorithms):
    """A FIT whose kernel is of that size."""
    kernel = fits.Image("kernel-1", bytes(68), type="kernel", os="linux", arch="arm", load=LOAD,
                        compression="none", entry=LOAD, hashes=list(algorithms))
    data = fits.build([kernel], {"conf": {"description": "x", "kernel": "kernel-1"}}, external=True)
    return data.replace(struct.pack(">I", 68), struct.pack(">I", size))


def uimage_in_hole(size):
    """A uImage of that size."""
    data = bytearray(uimage(bytes(64), "Linux", kind=2))
    struct.pack_into(">I", data, 12, size)
    struct.pack_into(">I", data, 4, 0)
    struct.pack_into(">I", data, 4, crc(bytes(data[:64])))
    return bytes(data)


def overlays(labels=40, count=60):
    """Labels that fail, with as many overlays each."""
    tree = fdt(12000)
    text = "".join(f"label {n}\nkernel /none\nfdt /boot/tree\nfdtoverlays" +
                   " /boot/o" * count + "\nappend x\n" for n in range(labels))
    return conf(text, boot__tree=tree, boot__o=tree)


def package():
    """A firmware package of as many entries as it has room for."""
    entries = b"".join(uuid.UUID(int=i).bytes + struct.pack("<QQQ", 1000, 1000, 0)
                       for i in range(1, 20001))
    return struct.pack("<IIQ", 0xAA640001, 1, 0) + entries


def packed(kind, size):
    """Zeros as a program packs them."""
    with tempfile.NamedTemporaryFile() as f:
        f.truncate(size)
        return program.tools.run(*kind.split(), "-c", f.name)


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


LOAD = 0xc0008000
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
    for name in ("xz --format=lzma -0", "lz4 -q -l"):
        yield "forty kernels of " + name, lambda name=name: card(kernels(zimage(
            packed(name, 60 * MIB)[:300 << 10])))
    yield "a directory of the same blocks", lambda: card(same_directory("/d"))
    yield "a root of the same blocks", lambda: card(same_directory("/"))
    yield "a log of the same blocks", lambda: card(log(revokes(100), 20000))
    yield "a log of revokes", lambda: card(log(revokes(400)))
    yield "a log of escapes", lambda: card(log(escapes()))
    yield "overlays", lambda: card(overlays())
    yield "packages", lambda: card(package(), 512, 512, "fip")
    yield "menu", lambda: card(conf("menu title x\n" + "".join(
        f"label l{i}\nmenu label {'y' * 40}\nkernel /k\n" for i in range(9000))))
    yield "links", lambda: card(files(commands=[f"symlink l{i} l{i + 1}" for i in range(45)] + [
        "symlink init l0"]))
    yield "a file in a circle", lambda: card(circle())


def long_images():
    """The same, which take the longest."""
    most = 255 * MIB
    yield "a zImage in a hole", lambda: card(in_hole(zimage(bytes(999)), 2 * most))
    yield "uImages in a hole", lambda: card(in_hole(uimage_in_hole(most), most + 64, 40))
    yield "a FIT in a hole", lambda: card(in_hole(fit_in_hole(
        most, "md5", "sha1", "sha256", "sha512"), most + 4096))
    yield "FITs in a hole", lambda: card(in_hole(fit_in_hole(most, "sha512"), most + 4096, 40))
    yield "an image of bzip2", lambda: (bz2.compress(bytes(50 * MIB)) * 20).ljust(
        4096, b"\0")


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

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, "card.img")

    def make(self, image):
        """The image that the commands are run on."""
        with open(self.path, "wb") as f:
            f.write(image)

    def run_on(self, all_images, commands):
        """All commands on all images."""
        for name, make in all_images:
            with self.subTest(image=name):
                self.make(make())
            for command in commands:
                with self.subTest(image=name, command=command):
                    self.cheap(command, self.path, name)

    def test_none_costs_much(self):
        self.run_on(images(), COMMANDS)

    def test_long_ones_cost_no_more(self):
        self.run_on(long_images(), SHORT)

    def test_a_sparse_file_costs_what_is_in_it(self):
        for name in ("ssbl", "rootfs"):
            image = card(gzip.compress(bytes(BOMB), 1), name=name)
            self.make(image)
            os.truncate(self.path, 64 << 30)
            self.cheap(["check"], self.path, name)
        self.make(gzip.compress(bytes(50 * MIB), 9) * 20)
        os.truncate(self.path, 64 << 30)
        self.cheap(["check"], self.path, "what is packed")

    def test_what_is_not_looked_at_is_told(self):
        for image in (overlays(), in_hole(uimage_in_hole(200 * MIB), 200 * MIB + 64, 2)):
            self.make(card(image))
            said = json.loads(program.run("check", "--json", self.path).stdout)
            self.assertIn("image.too-much", [f["code"] for f in said["images"][0]["findings"]])

    def cheap(self, command, path, name):
        """A command comes to an end, and soon."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        words = command[:2] if command[0] in GROUPS else command[:1]
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


def main(usage):
    """Run the tests of the program that was called."""
    global MEASURE
    if len(sys.argv) < 3:
        sys.exit(usage)
    MEASURE = os.path.abspath(sys.argv.pop(2))
    program.main()


if __name__ == "__main__":
    main(__doc__.split("\n\n")[1])
