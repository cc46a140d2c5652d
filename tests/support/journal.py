# SPDX-License-Identifier: MIT
"""The journal of ext3 and ext4, written as Linux would, into an image that mke2fs made.

Kept apart from the library on purpose: it follows the layout of JBD2 by itself,
and asks debugfs where the blocks of the journal are.
"""

import re
import struct

import tools

MAGIC = 0xC03B3998
DESCRIPTOR, COMMIT, REVOKE = 1, 2, 5
SUPERBLOCK = 1024
NEEDS_RECOVERY, METADATA_CSUM = 0x4, 0x400
KINDS = {"none": (0, 0), "v1": (1, 0), "v2": (0, 8), "v3": (0, 16)}  # compat and incompat bits
WIDE, ASYNC = 0x2, 0x4
ID_LIMIT = 1 << 32
PIECE = 256  # blocks compared at once


def _table(polynomial, reflected):
    table = []
    for byte in range(256):
        value = byte if reflected else byte << 24
        for _ in range(8):
            if reflected:
                value = value >> 1 ^ (polynomial if value & 1 else 0)
            else:
                value = (value << 1 ^ (polynomial if value >> 31 else 0)) & 0xFFFFFFFF
        table.append(value)
    return table


_CRC32C = _table(0x82F63B78, True)
_CRC32 = _table(0x04C11DB7, False)


def crc32c(crc, data):
    """CRC-32C without the inversions at its ends."""
    for byte in data:
        crc = _CRC32C[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc


def crc32(crc, data):
    """The CRC-32 of version 1, highest bit first."""
    for byte in data:
        crc = _CRC32[crc >> 24 ^ byte] ^ (crc << 8 & 0xFFFFFFFF)
    return crc


def superblock(f, offset):
    """The superblock of an ext4 that begins at an offset of a file."""
    f.seek(offset + SUPERBLOCK)
    return bytearray(f.read(1024))


def mend_superblock(raw):
    """Make the checksum of a superblock right again, if it has one."""
    if struct.unpack_from("<I", raw, 0x64)[0] & METADATA_CSUM:
        struct.pack_into("<I", raw, 0x3FC, crc32c(0xFFFFFFFF, raw[:0x3FC]))


def set_needs_recovery(path, offset=0, needed=True):
    """Set the flag, or clear it."""
    with open(path, "r+b") as f:
        raw = superblock(f, offset)
        incompat = struct.unpack_from("<I", raw, 0x60)[0] & ~NEEDS_RECOVERY
        struct.pack_into("<I", raw, 0x60, incompat | (NEEDS_RECOVERY if needed else 0))
        mend_superblock(raw)
        f.seek(offset + SUPERBLOCK)
        f.write(raw)


def blocks_of(path, inode, count, offset=0):
    """The blocks of a file as debugfs says."""
    commands = "".join(f"bmap {inode} {i}\n" for i in range(count))
    said = tools.run("debugfs", "-f", "-", f"{path}?offset={offset}", data=commands.encode())
    return [int(n) for n in re.findall(rb"^(\d+)", said, re.M)]


class Journal:
    """A log under way: transactions are added one by one, then written with finish()."""

    def __init__(self, path, kind="v3", offset=0, async_commit=False, start=1, sequence=1,
                 places=None):
        self.path, self.offset, self.kind = path, offset, kind
        self.start, self.sequence = start, sequence
        with open(path, "rb") as f:
            raw = superblock(f, offset)
            self.block = 1024 << struct.unpack_from("<I", raw, 0x18)[0]
            self.wide = bool(struct.unpack_from("<I", raw, 0x60)[0] & 0x80)
            first = places[0] if places else blocks_of(path, "<8>", 1, offset)[0]
            f.seek(offset + first * self.block)
            self.head = bytearray(f.read(1024))
        self.length = struct.unpack_from(">I", self.head, 0x10)[0]
        self.places = places or blocks_of(path, "<8>", self.length, offset)
        self.uuid = bytes(self.head[0x30:0x40])
        compat, incompat = KINDS[kind]
        incompat |= (WIDE if self.wide else 0) | (ASYNC if async_commit else 0)
        struct.pack_into(">4I", self.head, 4, 4, 0, self.block, self.length)
        struct.pack_into(">3I", self.head, 0x24, compat, incompat, 0)
        self.head[0x50] = 4 if kind in ("v2", "v3") else 0
        self.at, self.id = start, sequence
        self.crc = 0xFFFFFFFF
        self.time = 1_700_000_000
        self.written = []  # what each log block is, in order: (kind, log block)
        self.log = {}

    @property
    def seed(self):
        """Where all checksums of versions 2 and 3 begin."""
        return crc32c(0xFFFFFFFF, self.uuid)

    @property
    def tail(self):
        """Bytes of the checksum at the end of a block."""
        return 4 if self.kind in ("v2", "v3") else 0

    def put(self, kind, block):
        """The next block of the log."""
        self.written.append((kind, self.at))
        self.log[self.at] = bytes(block)
        self.at = self.at + 1 if self.at + 1 < self.length else 1

    def header(self, kind):
        """An empty block of a kind."""
        return bytearray(struct.pack(">3I", MAGIC, kind, self.id)).ljust(self.block, b"\0")

    def close_block(self, block):
        """Put its checksum at the end of a block."""
        if self.tail:
            struct.pack_into(">I", block, self.block - 4, crc32c(self.seed, block))
        return block

    def tag(self, block, data, flags):
        """An entry of a descriptor block, for a block in the form in which it is logged."""
        low, high = block & 0xFFFFFFFF, block >> 32
        crc = crc32c(crc32c(self.seed, struct.pack(">I", self.id)), data) if self.tail else 0
        if self.kind == "v3":
            entry = struct.pack(">4I", low, flags, high, crc)
        else:
            entry = struct.pack(">I2H", low, crc & 0xFFFF, flags)
            entry += struct.pack(">I", high) if self.wide else b""
            entry += b"\0\0" if self.kind == "v2" else b""
        return entry + (b"" if flags & 2 else bytes(16))

    def descriptor(self, blocks):
        """Log blocks, a list of (block, content), with one descriptor."""
        block, at, logged = self.header(DESCRIPTOR), 12, []
        for i, (number, data) in enumerate(blocks):
            flags = (2 if i else 0) | (8 if i == len(blocks) - 1 else 0)
            if data[:4] == struct.pack(">I", MAGIC):
                data, flags = bytes(4) + data[4:], flags | 1
            entry = self.tag(number, data, flags)
            block[at:at + len(entry)] = entry
            at += len(entry)
            logged.append(data)
        if at > self.block - self.tail:
            raise ValueError("too many blocks for one descriptor")
        self.close_block(block)
        for kind, data in [("descriptor", block)] + [("data", data) for data in logged]:
            if self.kind == "v1":
                self.crc = crc32(self.crc, data)
            self.put(kind, data)

    def revoke(self, numbers):
        """A revoke block."""
        block = self.header(REVOKE)
        size = 8 if self.wide else 4
        struct.pack_into(">I", block, 12, 16 + size * len(numbers))
        for i, number in enumerate(numbers):
            struct.pack_into(">Q" if self.wide else ">I", block, 16 + size * i, number)
        self.put("revoke", self.close_block(block))

    def commit(self, empty=False):
        """The end of a transaction; version 1 allows its checksum to be left empty."""
        block = self.header(COMMIT)
        self.time += 5
        struct.pack_into(">Q", block, 0x30, self.time)
        if self.kind == "v1" and not empty:
            struct.pack_into(">2BHI", block, 12, 1, 4, 0, self.crc)
        elif self.tail:
            struct.pack_into(">I", block, 16, crc32c(self.seed, block))
        self.put("commit", block)
        self.crc = 0xFFFFFFFF
        self.id = (self.id + 1) % ID_LIMIT

    def transaction(self, blocks=(), revoke=()):
        """A whole one."""
        if revoke:
            self.revoke(list(revoke))
        if blocks:
            self.descriptor(list(blocks))
        self.commit()

    def write_head(self):
        """Write the superblock of the journal as it stands in self.head."""
        if self.tail:
            struct.pack_into(">I", self.head, 0xFC, 0)
            struct.pack_into(">I", self.head, 0xFC, crc32c(0xFFFFFFFF, self.head))
        self.poke(0, 0, self.head)

    def poke(self, log_block, at, data):
        """Overwrite bytes of a block of the journal."""
        with open(self.path, "r+b") as f:
            f.seek(self.place(log_block) + at)
            f.write(data)

    def flip(self, log_block, at):
        """Invert a byte of a block of the journal."""
        with open(self.path, "r+b") as f:
            f.seek(self.place(log_block) + at)
            byte = f.read(1)[0]
            f.seek(-1, 1)
            f.write(bytes([byte ^ 0xFF]))

    def place(self, log_block):
        """Where a block of the journal stands in the file."""
        return self.offset + self.places[log_block] * self.block

    def finish(self):
        """Write all of it, and say that it has to be replayed."""
        for number, data in self.log.items():
            self.poke(number, 0, data)
        struct.pack_into(">2I", self.head, 0x18, self.sequence, self.start)
        self.write_head()
        set_needs_recovery(self.path, self.offset)

    def find(self, kind, index=0):
        """The log block that is number `index` of its kind."""
        return [at for what, at in self.written if what == kind][index]

    def add(self, blocks):
        """One transaction of any number of blocks."""
        most = (self.block - 12 - 16 - self.tail) // 16
        for first in range(0, len(blocks), most):
            self.descriptor(blocks[first:first + most])
        self.commit()


def changes(before, after, size, block, offset=0, after_offset=None):
    """The blocks in which two versions of a file system differ, as they are in the second."""
    found = []
    with open(before, "rb") as a, open(after, "rb") as b:
        a.seek(offset)
        b.seek(offset if after_offset is None else after_offset)
        for first in range(0, size // block, PIECE):
            count = min(PIECE, size // block - first)
            old, new = a.read(count * block), b.read(count * block)
            found += [] if old == new else [
                (first + i, new[i * block:(i + 1) * block]) for i in range(count)
                if old[i * block:(i + 1) * block] != new[i * block:(i + 1) * block]]
    return found


def record(path, after, size, offset=0, after_offset=None, **options):
    """Put what makes another version of a file system into its journal; the log, still open."""
    log = Journal(path, offset=offset, **options)
    log.add(changes(path, after, size, log.block, offset, after_offset))
    return log
