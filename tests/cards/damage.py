# SPDX-License-Identifier: MIT
"""The small edits that damaged cards are made with.

Each function gives a step: something that changes a card in one way. A row of
the table in damaged.py is a list of such steps over a healthy card.
"""

import os
import shutil
import struct
import tempfile

import cards
import image
import tools

SECTOR = image.SECTOR
CONF = "/boot/extlinux/extlinux.conf"
KERNEL = "/boot/zImage"
DTB = f"/boot/{cards.BOARD}.dtb"
INITRD = "/boot/initrd.img"


class Card:
    """A private copy of a card, to be damaged."""

    def __init__(self, base, path, packages):
        tools.run("cp", "--sparse=always", "--reflink=auto", base, path)
        self.path = path
        self.packages = packages
        with open(path, "rb") as f:
            self.gpt = image.Gpt.read(f)

    def offset(self, partition):
        """Where a partition began on the healthy card; 0 for the medium itself."""
        return self.gpt.entries[partition]["first"] * SECTOR if partition else 0

    def size(self, partition):
        """A partition's size on the healthy card."""
        entry = self.gpt.entries[partition]
        return (entry["last"] - entry["first"] + 1) * SECTOR

    def read(self, partition, at, length):
        """Bytes of a partition."""
        with open(self.path, "rb") as f:
            f.seek(self.offset(partition) + at)
            return f.read(length)

    def write(self, partition, at, data):
        """Replace bytes of a partition."""
        with open(self.path, "r+b") as f:
            f.seek(self.offset(partition) + at)
            f.write(data)

    def debugfs(self, *commands):
        """Run debugfs commands on the root file system; an error that it prints counts."""
        with tempfile.NamedTemporaryFile("w", suffix=".debugfs") as script:
            script.write("\n".join(commands) + "\n")
            script.flush()
            where = f"{self.path}?offset={self.offset(4)}"
            said = tools.run("sh", "-c", 'debugfs -w -f "$1" "$2" 2>&1 >/dev/null', "sh",
                             script.name, where).decode()
        errors = said.splitlines()[1:]
        if errors:
            raise RuntimeError("debugfs: " + "; ".join(errors))

    def put(self, path, content, mode=0o100644):
        """Make or replace a file in the root file system."""
        with tempfile.NamedTemporaryFile() as f:
            f.write(content if isinstance(content, bytes) else content.encode())
            f.flush()
            if self.exists(path):
                self.debugfs(f"rm {path}")
            self.debugfs(f"write {f.name} {path}", f"sif {path} mode 0{mode:o}")

    def exists(self, path):
        """Whether the root file system has something at path."""
        where = f"{self.path}?offset={self.offset(4)}"
        return b"Inode:" in tools.run("debugfs", "-R", f"stat {path}", where)

    def get(self, path):
        """A file's content."""
        with tempfile.TemporaryDirectory() as work:
            copy = os.path.join(work, "file")
            tools.run("debugfs", "-R", f"dump {path} {copy}",
                      f"{self.path}?offset={self.offset(4)}")
            with open(copy, "rb") as f:
                return f.read()


def flip(partition, at):
    """Invert one byte of a partition (0: of the medium)."""
    def step(card):
        card.write(partition, at, bytes([card.read(partition, at, 1)[0] ^ 0xFF]))
    return step


def poke(partition, at, data):
    """Overwrite bytes of a partition (0: of the medium)."""
    return lambda card: card.write(partition, at, data)


def poke32(partition, at, value):
    """Overwrite a little-endian word."""
    return poke(partition, at, struct.pack("<I", value))


def zero(partition, at, length):
    """Overwrite with zeros."""
    return poke(partition, at, bytes(length))


def from_end(back, change):
    """Zero or flip `back` bytes before the end of the medium."""
    def step(card):
        at = os.path.getsize(card.path) - back
        if change == "flip":
            flip(0, at)(card)
        else:
            card.write(0, at, bytes(back))
    return step


def resize(difference):
    """Cut the medium, or make it longer."""
    return lambda card: os.truncate(card.path, os.path.getsize(card.path) + difference)


def cut_to(partition, at):
    """Cut the medium inside a partition."""
    return lambda card: os.truncate(card.path, card.offset(partition) + at)


def mend_gpt():
    """Make the primary table's checksums right after a poke."""
    def step(card):
        with open(card.path, "r+b") as f:
            image.mend_primary(f)
    return step


def sgdisk(*options):
    """Change the tables with sgdisk, which warns of much and refuses little."""
    return lambda card: tools.run("sgdisk", *options, card.path)


def entry(number, **fields):
    """Change fields of a table entry in both copies, whatever sgdisk thinks of it."""
    def step(card):
        with open(card.path, "r+b") as f:
            card_gpt = image.Gpt.read(f)
            card_gpt.entries[number].update(fields)
            card_gpt.write(f)
    return step


def shorten(number, new_size):
    """Let a partition end earlier."""
    def step(card):
        first = card.gpt.entries[number]["first"]
        entry(number, last=first + new_size // SECTOR - 1)(card)
    return step


def lengthen(number, more):
    """Let a partition end later, over the next one."""
    return lambda card: entry(number, last=card.gpt.entries[number]["last"] + more // SECTOR)(card)


def loader(partition, make):
    """Replace a partition's content by make(the healthy content)."""
    def step(card):
        old = card.read(partition, 0, card.size(partition))
        card.write(partition, 0, make(old)[:card.size(partition)].ljust(len(old), b"\0"))
    return step


def both_fsbl(make):
    """Replace the content of fsbl1 and fsbl2 in the same way."""
    def step(card):
        loader(1, make)(card)
        loader(2, make)(card)
    return step


def environment(at_end, good=True, **variables):
    """Write a copy of a saved environment, `at_end` bytes before ssbl's end."""
    def step(card):
        data = image.environment(variables, good=good)
        card.write(3, card.size(3) - at_end, data)
    return step


def save_default(**changed):
    """Save U-Boot's own default environment, but for some variables, as copy 1."""
    def step(card):
        with open(card.packages.uboot, "rb") as f:
            data = f.read()
        start = data.index(b"bootcmd=run bootcmd_stm32mp\0")
        entries = data[start:data.index(b"\0\0", start)].decode().split("\0")
        variables = dict(entry.split("=", 1) for entry in entries)
        variables.update(changed)
        card.write(3, card.size(3) - (16 << 10), image.environment(variables))
    return step


def conf(text):
    """Replace extlinux.conf."""
    return lambda card: card.put(CONF, text)


def reconf(old, new):
    """Replace a part of extlinux.conf."""
    def step(card):
        text = card.get(CONF).decode()
        if old not in text:
            raise RuntimeError(f"extlinux.conf has no {old!r}")
        card.put(CONF, text.replace(old, new))
    return step


def append(arguments):
    """Give the label another append line."""
    def step(card):
        lines = card.get(CONF).decode().splitlines()
        kept = [line for line in lines if not line.strip().startswith("append")]
        card.put(CONF, "\n".join(kept + ["  append " + arguments]) + "\n")
    return step


def remove(path):
    """Remove a file of the root file system."""
    return lambda card: card.debugfs(f"rm {path}")


def put(path, content, mode=0o100644):
    """Make or replace a file of the root file system."""
    return lambda card: card.put(path, content, mode)


def rewrite(path, make):
    """Replace a file by make(its content)."""
    return lambda card: card.put(path, make(card.get(path)))


def copy(path, source):
    """Replace a file by one of the host that source(packages) names."""
    def step(card):
        with open(source(card.packages), "rb") as f:
            card.put(path, f.read())
    return step


def debugfs(*commands):
    """Run debugfs commands on the root file system."""
    return lambda card: card.debugfs(*commands)


def other_ext4(*options, **contents):
    """Make the root file system again with other mke2fs options."""
    def step(card):
        with tempfile.TemporaryDirectory(dir=os.path.dirname(card.path)) as work:
            tree = os.path.join(work, "tree")
            os.mkdir(tree)
            cards.root_tree(card.packages, tree, **contents)
            filesystem = os.path.join(work, "rootfs.ext4")
            tools.make_ext4(filesystem, tree, card.size(4), *options)
            shutil.rmtree(tree)
            tools.run("dd", f"if={filesystem}", f"of={card.path}", "bs=512", "conv=notrunc",
                      f"seek={card.gpt.entries[4]['first']}", "status=none")
    return step
