# SPDX-License-Identifier: MIT
"""The boot card's formats as the tests write them.

Kept apart from the library on purpose: what is built here follows the
specifications by itself, so that a mistake in one is not copied in the other.
"""

import struct
import uuid
import zlib

SECTOR = 512
LINUX_DATA = "0fc63daf-8483-4772-8e79-3d69d8477de4"
BOOTABLE = 1 << 2
FIP_TYPE = "19d5df83-11b0-457b-be2c-7559c13142a5"
METADATA_TYPE = "8a7a84a0-8387-40f6-ab41-a8b9a5a60d23"


def crc(data):
    """CRC-32 as zlib, GPT, uImage and U-Boot's environment use it."""
    return zlib.crc32(data) & 0xFFFFFFFF


def stm32_header(payload, binary_type=0, load=0x2FFC2500, entry=0x2FFC2500, flags=1,
                 version=0x00010000, checksum=None, length=None):
    """An STM32 header of version 1.0 for payload, 256 bytes."""
    header = bytearray(256)
    header[0:4] = b"STM2"
    total = sum(payload) & 0xFFFFFFFF
    struct.pack_into("<10I", header, 68, total if checksum is None else checksum, version,
                     len(payload) if length is None else length, entry, 0, load, 0, 0, flags, 1)
    header[255] = binary_type
    return bytes(header)


def stm32_image(payload, **fields):
    """payload behind an STM32 header."""
    return stm32_header(payload, **fields) + payload


def stm32_mend(image):
    """Make the checksum of a version 1.0 image right again."""
    length = struct.unpack_from("<I", image, 76)[0]
    total = sum(image[256:256 + length]) & 0xFFFFFFFF
    return image[:68] + struct.pack("<I", total) + image[72:]


def uimage(payload, name, load=0xC0100000, entry=0xC0100000, system=17, arch=2, kind=5,
           compression=0, time=0):
    """payload as a legacy uImage with both checksums."""
    title = name.encode()[:32]
    fields = [0x27051956, 0, time, len(payload), load, entry, crc(payload),
              system, arch, kind, compression, title]
    layout = ">7I4B32s"
    fields[1] = crc(struct.pack(layout, *fields))
    return struct.pack(layout, *fields) + payload


def uimage_mend(image):
    """Make both checksums of a uImage right again."""
    size = struct.unpack_from(">I", image, 12)[0]
    header = bytearray(image[:64])
    struct.pack_into(">I", header, 24, crc(image[64:64 + size]))
    struct.pack_into(">I", header, 4, 0)
    struct.pack_into(">I", header, 4, crc(bytes(header)))
    return bytes(header) + image[64:]


def environment(variables, size=0x2000, flags=1, good=True):
    """One copy of a redundant U-Boot environment."""
    text = b"".join(f"{k}={v}\0".encode() for k, v in variables.items()) + b"\0"
    data = text.ljust(size - 5, b"\0")
    value = crc(data) ^ (0 if good else 1)
    return struct.pack("<IB", value, flags) + data


def metadata(banks, active=0, previous=1, states=(0xFC, 0xFC), kind=FIP_TYPE, size=None,
             version=2, accepted=None):
    """Firmware update metadata for one image in banks of these unique GUIDs."""
    record = uuid.UUID(kind).bytes_le + bytes(16)
    for number, guid in enumerate(banks):
        good = 1 if accepted is None else accepted[number]
        record += uuid.UUID(guid).bytes_le + struct.pack("<II", good, 0)
    head = struct.pack("<3I", version, active, previous)
    if version == 2:
        record = struct.pack("<BBHHH", len(banks), 0, 1, len(record), 24) + record
        head += struct.pack("<IHH4s4s", 32 + len(record) if size is None else size, 32, 0,
                            bytes(states).ljust(4, b"\xff"), b"")
    data = head + record
    if size is not None:
        data = data.ljust(size - 4, b"\0")
    return struct.pack("<I", crc(data)) + data


def zimage(payload, endian_flag=0x04030201, magic=0x016F2818, end=None):
    """A zImage without an extension table: the header U-Boot looks at, then payload."""
    size = 0x34 + len(payload)
    header = b"\0\0\xa0\xe1" * 8 + b"\x03\0\0\xea"
    header += struct.pack("<4I", magic, 0, size if end is None else end, endian_flag)
    return header + payload


class Gpt:
    """Both copies of a partition table, decoded from or written to a file."""

    def __init__(self, sectors, disk_guid, count=128):
        self.sectors = sectors
        self.disk_guid = disk_guid
        self.count = count
        self.entries = {}
        self.first_usable = 2 + (count * 128 + SECTOR - 1) // SECTOR

    @classmethod
    def read(cls, f):
        """Decode the primary copy of an open file."""
        f.seek(SECTOR)
        header = f.read(SECTOR)
        (alternate, first_usable) = struct.unpack_from("<QQ", header, 32)
        table = cls(alternate + 1, str(uuid.UUID(bytes_le=header[56:72])),
                    struct.unpack_from("<I", header, 80)[0])
        table.first_usable = first_usable
        f.seek(2 * SECTOR)
        array = f.read(table.count * 128)
        for i in range(table.count):
            entry = array[i * 128:(i + 1) * 128]
            if any(entry[:16]):
                first, last, attributes = struct.unpack_from("<QQQ", entry, 32)
                table.entries[i + 1] = {
                    "type": str(uuid.UUID(bytes_le=entry[:16])),
                    "guid": str(uuid.UUID(bytes_le=entry[16:32])),
                    "first": first, "last": last, "attributes": attributes,
                    "name": entry[56:128].decode("utf-16-le").split("\0")[0]}
        return table

    def add(self, number, name, first, sectors, guid, **other):
        """Put one entry in the table."""
        self.entries[number] = {
            "type": other.get("type", LINUX_DATA), "guid": guid, "first": first,
            "last": first + sectors - 1, "attributes": other.get("attributes", 0), "name": name}

    def array(self):
        """The entry array's bytes."""
        data = bytearray(self.count * 128)
        for number, e in self.entries.items():
            entry = uuid.UUID(e["type"]).bytes_le + uuid.UUID(e["guid"]).bytes_le
            entry += struct.pack("<QQQ", e["first"], e["last"], e["attributes"])
            entry += e["name"].encode("utf-16-le")[:72].ljust(72, b"\0")
            data[(number - 1) * 128:number * 128] = entry
        return bytes(data)

    def array_sectors(self):
        """How many sectors the entry array takes."""
        return (self.count * 128 + SECTOR - 1) // SECTOR

    def header(self, backup=False):
        """One header sector."""
        last = self.sectors - 1
        here, there = (last, 1) if backup else (1, last)
        array_lba = last - self.array_sectors() if backup else 2
        usable = last - self.array_sectors() - 1
        data = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, here, there,
                           self.first_usable, usable, uuid.UUID(self.disk_guid).bytes_le,
                           array_lba, self.count, 128, crc(self.array()))
        data = data[:16] + struct.pack("<I", crc(data)) + data[20:]
        return data.ljust(SECTOR, b"\0")

    def protective_mbr(self):
        """LBA 0 with its one 0xEE record."""
        record = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff\xff\xff", 1,
                             min(self.sectors - 1, 0xFFFFFFFF))
        return bytes(446) + record + bytes(48) + b"\x55\xaa"

    def write(self, f, backup=True, mbr=True):
        """Write the table to an open file."""
        if mbr:
            f.seek(0)
            f.write(self.protective_mbr())
        f.seek(SECTOR)
        f.write(self.header() + self.array())
        if backup:
            f.seek((self.sectors - 1 - self.array_sectors()) * SECTOR)
            f.write(self.array().ljust(self.array_sectors() * SECTOR, b"\0") + self.header(True))


def mend_primary(f):
    """Make the checksums of the primary copy right again after a patch."""
    f.seek(SECTOR)
    header = bytearray(f.read(SECTOR))
    lba, count, size = struct.unpack_from("<QII", header, 72)
    f.seek(lba * SECTOR)
    struct.pack_into("<I", header, 88, crc(f.read(count * size)))
    struct.pack_into("<I", header, 16, 0)
    struct.pack_into("<I", header, 16, crc(bytes(header[:92])))
    f.seek(SECTOR)
    f.write(header)
