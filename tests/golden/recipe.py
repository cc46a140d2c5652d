# SPDX-License-Identifier: MIT
"""Small card images from text recipes, the same bytes every time.

A recipe is a text of lines; what belongs to a line is indented below it. The
first word says what the line is, words with = are its options:

    like NAME                       all of another recipe first
    medium SIZE                     a card of SIZE bytes with a partition table
    partition N NAME at=LBA size=SIZE [bootable]
                                    its content is indented below it
    mbr                             the partitions in an MBR instead of a GPT
    raw AT                          what is indented below it, wherever that is
    part SIZE                       no table: the image is one content
    poke AT BYTES                   overwrite, in hexadecimal; after all else
    flip AT                         invert a byte
    cut SIZE                        leave only SIZE bytes
    mend                            make the primary table's checksums right

A content, and below it what it is made of:

    stm32 [type=N] [load=N] ...     an STM32 header around a payload
    uimage NAME [load=N] ...        a legacy uImage around a payload
    payload                         only the payload
    ext4 [MKE2FS-OPTION...]         a file system
    environment [bad]               a U-Boot environment: lines KEY=VALUE

A payload's lines: text "...", fill SIZE, dtb; a file system's lines: dir PATH,
file PATH with the lines of its text below a |, script PATH with the same inside
a uImage, zimage PATH SIZE, dtb PATH with lines below it, elf PATH MACHINE, link
PATH TARGET, fit PATH. Any of them takes mode=OCTAL. A FIT's lines: kernel NAME
SIZE load=N, dtb NAME [gzip] [load=N] with lines below it, configuration NAME
ROLE=NAME[,NAME...]...; each image has a sha256, and the first configuration is
the default one. A dtb's lines are device tree source. AT is NUMBER or
PARTITION+NUMBER.
"""

import gzip
import os
import re
import shlex
import struct
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "support"))

import fit  # noqa: E402
import image  # noqa: E402
import tools  # noqa: E402

DISK_GUID = "d15c0000-0000-4000-8000-000000000000"
PARTITION_GUID = "9a127000-0000-4000-8000-0000000000%02x"
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "s": image.SECTOR}


class Line:
    """One line of a recipe with the lines that belong to it."""

    def __init__(self, text, number):
        self.text = text
        self.number = number
        self.below = []
        lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
        lexer.whitespace_split = True
        lexer.commenters = ""
        self.words = [] if text.startswith("|") else list(lexer)
        self.options = {}
        for word in self.words[1:]:
            key, equals, value = word.partition("=")
            if equals:
                self.options[key] = value
        self.plain = [w for w in self.words if "=" not in w]

    def number_option(self, key, default):
        """A numeric option."""
        return size(self.options[key]) if key in self.options else default

    def raw(self):
        """The text of the lines below, as it stands behind the bars."""
        return "".join(line.text[1:].removeprefix(" ") + "\n" for line in self.below)


def size(text):
    """A number with an optional unit: K, M, G, or s for sectors."""
    match = re.fullmatch(r"(0x[0-9a-fA-F]+|\d+)([KMGs]?)", text)
    if not match:
        raise ValueError(f"not a size: {text}")
    return int(match.group(1), 0) * UNITS[match.group(2)]


def parse(text):
    """A recipe's lines as a tree, by their indentation."""
    root = Line("recipe", 0)
    stack = [(-1, root)]
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        depth = len(line) - len(line.lstrip())
        while depth <= stack[-1][0]:
            stack.pop()
        # Blanks at the end of a file's line are part of the file.
        node = Line(line.lstrip() if stripped.startswith("|") else stripped, number)
        stack[-1][1].below.append(node)
        stack.append((depth, node))
    return root.below


def load(name):
    """A recipe's lines, with those of the recipe that it is like."""
    with open(os.path.join(HERE, "recipes", name + ".recipe"), encoding="utf-8") as f:
        lines = parse(f.read())
    if lines and lines[0].words[0] == "like":
        lines = load(lines[0].words[1]) + lines[1:]
    return lines


def device_tree(line):
    """The blob that dtc makes of the source below a line."""
    source = "/dts-v1/;\n/ {\n" + line.raw() + "};\n"
    return tools.run("dtc", "-q", "-I", "dts", "-O", "dtb", "-", data=source.encode())


def elf(machine):
    """A tiny ELF program without an interpreter, never run: only its headers are looked at."""
    number, wide = {"arm": (40, False), "arm64": (183, True), "x86-64": (62, True)}[machine]
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1, 1]) + bytes(9)
    layout = "<HHIQQQIHHHHHH" if wide else "<HHIIIIIHHHHHH"
    start, entry = (64, 56) if wide else (52, 32)
    header = struct.pack(layout, 2, number, 1, 0, start, 0, 0, start, entry, 1, 0, 0, 0)
    load = struct.pack("<IIQQQQQQ" if wide else "<IIIIIIII", 1, *([0] * 7))
    return (ident + header + load).ljust(128, b"\0")


def filler(count):
    """Bytes that are not a hole."""
    return bytes(i * 7 + 1 & 0xFF for i in range(count))


def payload(lines):
    """The bytes that a loader's lines describe."""
    data = b""
    for line in lines:
        kind = line.words[0]
        if kind == "text":
            data += line.words[1].encode() + b"\0"
        elif kind == "fill":
            data += filler(size(line.words[1]))
        elif kind == "dtb":
            data += bytes(-len(data) % 8) + device_tree(line)
        else:
            raise ValueError(f"line {line.number}: a payload has no {kind}")
    return data


def fit_image(line):
    """A FIT as U-Boot's bootm takes it."""
    images, configurations = [], {}
    for below in line.below:
        kind, name = below.words[:2]
        usual = {"arch": "arm", "compression": "none"}
        if kind == "kernel":
            load = below.number_option("load", 0)
            images.append(fit.Image(name, image.zimage(filler(size(below.plain[2]))),
                                    type="kernel", os="linux", load=load, entry=load, **usual))
        elif kind == "dtb":
            data = device_tree(below)
            if "gzip" in below.plain:
                data, usual["compression"] = gzip.compress(data, mtime=0), "gzip"
            if "load" in below.options:
                usual["load"] = below.number_option("load", 0)
            images.append(fit.Image(name, data, type="flat_dt", **usual))
        elif kind == "configuration":
            configurations[name] = {"description": name, **{
                role: names.split(",") for role, names in below.options.items()}}
        else:
            raise ValueError(f"line {below.number}: a FIT has no {kind}")
    return fit.build(images, configurations, default=next(iter(configurations)))


def file_content(line):
    """The bytes of a file in a file system."""
    kind = line.words[0]
    if kind == "file":
        return line.raw().encode()
    if kind == "script":
        data = line.raw().encode()
        return image.uimage(struct.pack(">II", len(data), 0) + data, "script", 0, 0, system=5,
                            kind=6)
    if kind == "zimage":
        return image.zimage(filler(size(line.plain[2])))
    if kind == "dtb":
        return device_tree(line)
    if kind == "elf":
        return elf(line.plain[2])
    if kind == "fit":
        return fit_image(line)
    raise ValueError(f"line {line.number}: a file system has no {kind}")


def ext4(line, total):
    """A file system of total bytes; debugfs fills it, so that no time or owner gets in."""
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "fs")
        with open(path, "wb") as f:
            f.truncate(total)
        tools.run("mke2fs", "-q", "-F", "-t", "ext4", "-L", "rootfs", "-N", "32", "-O", "^has_journal",
                  "-U", "c5f5f0c4-7d49-4a8e-8f0e-2b6b3f6f7a01",
                  "-E", "root_owner=0:0,hash_seed=5f4dcc3b-5aa7-45d6-9d83-27deb882cf99",
                  *line.words[1:], path)
        commands = ["rmdir lost+found"]
        for number, entry in enumerate(line.below):
            kind, where = entry.words[0], entry.words[1]
            if kind == "dir":
                commands.append(f"mkdir {where}")
                continue
            if kind == "link":
                commands.append(f"symlink {where} {entry.words[2]}")
                continue
            source = os.path.join(work, str(number))
            with open(source, "wb") as f:
                f.write(file_content(entry))
            mode = int(entry.options.get("mode", "644"), 8)
            commands.append(f"write {source} {where}")
            commands.append(f"sif {where} mode 0{0o100000 | mode:o}")
        script = os.path.join(work, "script")
        with open(script, "w", encoding="utf-8") as f:
            f.write("\n".join(commands) + "\n")
        tools.run("debugfs", "-w", "-f", script, path)
        with open(path, "rb") as f:
            return f.read()


def content(line, total):
    """The bytes of a partition's content; total is the room it has."""
    kind = line.words[0]
    if kind == "ext4":
        return ext4(line, total)
    if kind == "payload":
        return payload(line.below)
    if kind == "environment":
        variables = dict(below.text.split("=", 1) for below in line.below)
        return image.environment(variables, good="bad" not in line.words)
    if kind == "stm32":
        return image.stm32_image(payload(line.below), binary_type=line.number_option("type", 0),
                                 load=line.number_option("load", 0x2FFC2500),
                                 entry=line.number_option("entry", 0x2FFC2500))
    if kind == "uimage":
        return image.uimage(payload(line.below), line.plain[1],
                            load=line.number_option("load", 0xC0100000),
                            entry=line.number_option("entry", 0xC0100000))
    raise ValueError(f"line {line.number}: unknown content {kind}")


class Builder:
    """Builds one image from a recipe's lines."""

    def __init__(self, path):
        self.path = path
        self.table = None
        self.starts = {}

    def place(self, text):
        """An offset on the medium, given as NUMBER or PARTITION+NUMBER."""
        partition, plus, number = text.rpartition("+")
        return size(number) + (self.starts[int(partition)] if plus else 0)

    def write(self, at, data):
        """Write over the image at an offset."""
        with open(self.path, "r+b") as f:
            f.seek(at)
            f.write(data)

    def medium(self, line):
        """Start an image with a partition table."""
        total = size(line.words[1])
        self.table = image.Gpt(total // image.SECTOR, DISK_GUID)
        with open(self.path, "wb") as f:
            f.truncate(total)

    def part(self, line):
        """Make the image of one content alone."""
        with open(self.path, "wb") as f:
            f.write(content(line.below[0], size(line.words[1])))

    def partition(self, line):
        """Add a partition with its contents."""
        number, name = int(line.words[1]), line.words[2]
        first, room = line.number_option("at", 0), line.number_option("size", 0)
        self.table.add(number, name, first, room // image.SECTOR, PARTITION_GUID % number,
                       attributes=image.BOOTABLE if "bootable" in line.plain else 0)
        self.starts[number] = first * image.SECTOR
        for below in line.below:
            at = self.starts[number] + below.number_option("at", 0)
            self.write(at, content(below, room))
        with open(self.path, "r+b") as f:
            self.table.write(f)

    def mbr(self, _line):
        """Put the partitions in an MBR, and leave no trace of the GPT."""
        records = bytearray(66)
        for number, entry in self.table.entries.items():
            struct.pack_into("<B3sB3sII", records, 16 * (number - 1),
                             0x80 if entry["attributes"] else 0, b"", 0x83, b"", entry["first"],
                             entry["last"] - entry["first"] + 1)
        records[64:] = b"\x55\xaa"
        self.write(0, bytes(446) + bytes(records) + bytes(33 * image.SECTOR))
        self.write((self.table.sectors - 33) * image.SECTOR, bytes(33 * image.SECTOR))

    def raw(self, line):
        """Write a content anywhere."""
        self.write(size(line.words[1]), content(line.below[0], 0))

    def poke(self, line):
        """Overwrite bytes."""
        self.write(self.place(line.words[1]), bytes.fromhex("".join(line.words[2:])))

    def flip(self, line):
        """Invert one byte."""
        at = self.place(line.words[1])
        with open(self.path, "rb") as f:
            f.seek(at)
            old = f.read(1)
        self.write(at, bytes([old[0] ^ 0xFF]))

    def cut(self, line):
        """Leave only the beginning."""
        os.truncate(self.path, self.place(line.words[1]))

    def mend(self, _line):
        """Make the primary table's checksums right again."""
        with open(self.path, "r+b") as f:
            image.mend_primary(f)

    def build(self, lines):
        """Follow all lines in order."""
        steps = {"medium": self.medium, "part": self.part, "partition": self.partition,
                 "mbr": self.mbr, "raw": self.raw,
                 "poke": self.poke, "flip": self.flip, "cut": self.cut, "mend": self.mend}
        for line in lines:
            if line.words[0] not in steps:
                raise ValueError(f"line {line.number}: unknown word {line.words[0]}")
            steps[line.words[0]](line)


def build(name, path):
    """Build the image of a recipe at path."""
    Builder(path).build(load(name))
