# SPDX-License-Identifier: MIT
"""Small cards for one rule each: the golden recipes, changed by a few steps.

A step is a function that changes a card in one way; those of tests/cards are
used as they are, and what they lack stands here.
"""

import os
import shutil
import struct
import tempfile

import damage
import image
import journal
import recipe
import tools

SECTOR = image.SECTOR
FREE_GUID = "9a127000-0000-4000-8000-0000000000%02x"


class Row:
    """One rule: an image that breaks it, and one just on the right side of its boundary.

    also: {code: reason} for what the same damage cannot help raising, or
    taking away. says: what the finding's text must contain.
    """

    def __init__(self, code, base, broken, near, also=None, says=""):
        self.code = code
        self.base = base
        self.broken = broken
        self.near = near
        self.also = also or {}
        self.says = says


class SmallCard(damage.Card):
    """A private copy of a small card; one without a table is partition 0."""

    def __init__(self, base, path):  # pylint: disable=super-init-not-called
        shutil.copyfile(base, path)
        self.path = path
        self.packages = None
        self.unreadable = None
        with open(path, "rb") as f:
            f.seek(SECTOR)
            has_table = f.read(8) == b"EFI PART"
            self.gpt = image.Gpt.read(f) if has_table else None
        self.root = max(self.gpt.entries) if has_table else 0

    def size(self, partition):
        """A partition's size on the healthy card, or that of the file."""
        return super().size(partition) if partition else os.path.getsize(self.path)

    def where(self):
        """The root file system as debugfs wants it."""
        return f"{self.path}?offset={self.offset(self.root)}"

    def debugfs(self, *commands):
        """Run debugfs commands on the root file system; only rm may fail."""
        script = "\n".join(commands) + "\n"
        with tempfile.NamedTemporaryFile("w", suffix=".debugfs") as f:
            f.write(script)
            f.flush()
            said = tools.run("sh", "-c", 'debugfs -w -f "$1" "$2" 2>&1 >/dev/null', "sh", f.name,
                             self.where()).decode()
        errors = [line for line in said.splitlines()[1:] if not line.startswith("rm: ")]
        if errors:
            raise RuntimeError("debugfs: " + "; ".join(errors))

    def put(self, path, content, mode=0o100644):
        """Make or replace a file in the root file system."""
        with tempfile.NamedTemporaryFile() as f:
            f.write(content if isinstance(content, bytes) else content.encode())
            f.flush()
            self.debugfs(f"rm {path}", f"write {f.name} {path}", f"sif {path} mode 0{mode:o}")

    def get(self, path):
        """A file's content."""
        with tempfile.TemporaryDirectory() as work:
            copy = os.path.join(work, "file")
            tools.run("debugfs", "-R", f"dump {path} {copy}", self.where())
            with open(copy, "rb") as f:
                return f.read()


class Bases:
    """The healthy cards, each made once."""

    def __init__(self, directory, described):
        self.directory = directory
        self.described = described

    def path(self, name):
        """The file of a base: a golden recipe, or a recipe's text with steps over it."""
        path = os.path.join(self.directory, name + ".base")
        if os.path.exists(path):
            return path
        text, steps = self.described.get(name, (None, []))
        recipe.Builder(path).build(recipe.parse(text) if text else recipe.load(name))
        if steps:
            card = SmallCard(path, path + ".new")
            for step in steps:
                step(card)
            os.replace(card.path, path)
        return path

    def card(self, name, steps, path):
        """A copy of a base with the steps taken."""
        card = SmallCard(self.path(name), path)
        for step in steps:
            step(card)
        return card


def golden(name, *replacements):
    """The text of a golden recipe, with parts of it replaced."""
    with open(os.path.join(recipe.HERE, "recipes", name + ".recipe"), encoding="utf-8") as f:
        text = f.read()
    for old, new in replacements:
        text = text.replace(old, new)
    return text


def table(change):
    """Change the partition table, and write both copies."""
    def step(card):
        with open(card.path, "r+b") as f:
            gpt = image.Gpt.read(f)
            change(gpt)
            gpt.write(f)
    return step


def partition(number, name, first, sectors, **fields):
    """Add a partition to both copies of the table."""
    def change(gpt):
        gpt.add(number, name, first, sectors, fields.get("guid", FREE_GUID % number))
        gpt.entries[number].update(fields)
    return table(change)


def poke16(at_partition, at, value):
    """Overwrite a little-endian half word."""
    return damage.poke(at_partition, at, struct.pack("<H", value))


def length(size):
    """Cut the image, or make it longer."""
    return lambda card: os.truncate(card.path, size)


def unreadable(offset, size):
    """Let the host report an input/output error for a range."""
    def step(card):
        card.unreadable = (offset, size)
    return step


# A healthy card whose file system has a journal.
JOURNAL = golden("healthy", ("medium 1M", "medium 4M"), ("size=768K", "size=3M"),
                 ("  ext4\n", "  ext4 -b 1024 -O has_journal -J size=1\n"))


def pulled(*steps, torn=False, then=None):
    """Pull the card out of a board that has taken steps, of which all is in the journal only.

    torn: a transaction that was not completed follows. then: what is done to the log.
    """
    def step(card):
        later = SmallCard(card.path, card.path + ".later")
        for change in steps:
            change(later)
        log = journal.record(card.path, later.path, card.size(card.root), card.offset(card.root))
        os.remove(later.path)
        if torn:
            log.descriptor([(card.size(card.root) // log.block - 1, bytes(log.block))])
        log.finish()
        if then is not None:
            then(log)
    return step
