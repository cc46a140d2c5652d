# SPDX-License-Identifier: MIT
"""Media with partition tables to show to U-Boot, made byte by byte."""

import struct
import uuid
import zlib
from dataclasses import dataclass

SECTOR = 512
SECTORS = 1024
LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4"
ESP = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
BASIC = "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"
NONE = "00000000-0000-0000-0000-000000000000"
DISK = "3e5a0a4d-a80b-43da-9a97-ba5040c7191a"
BOOTABLE = 1 << 2
HEADER = {"signature": "8s", "revision": "I", "header_size": "I", "crc": "I", "reserved": "I",
          "my_lba": "Q", "alternate_lba": "Q", "first_usable": "Q", "last_usable": "Q",
          "disk": "16s", "entries_lba": "Q", "count": "I", "size": "I", "entries_crc": "I"}
CRC_AT = 16


@dataclass
class Case:
    """One medium."""
    name: str
    data: bytes


def guid(text):
    """A GUID as a GPT has it."""
    return uuid.UUID(text).bytes_le


def entry(first, last, name, kind=LINUX, attributes=0, number=0):
    """A GPT entry; a name is text, or bytes as they stand there."""
    raw = name if isinstance(name, bytes) else name.encode("utf-16-le")
    own = f"{first & 0xffffffff:08x}-0000-4000-8000-{number:012x}"
    return struct.pack("<16s16sQQQ72s", guid(kind), guid(own), first, last, attributes, raw)


USUAL = [entry(34, 99, "fsbl1"), entry(100, 165, "fsbl2"), entry(166, 299, "ssbl"),
         entry(300, 900, "rootfs", attributes=BOOTABLE)]
OTHER = [entry(34, 199, "other-fsbl"), entry(200, 800, "other-root", attributes=BOOTABLE),
         entry(801, 900, "other-data", attributes=BOOTABLE)]


def record(kind, first, sectors, status=0):
    """An MBR record."""
    return struct.pack("<B3sB3sII", status, b"\0\2\0", kind, b"\xff\xff\xff", first, sectors)


def mbr(*records, signature=0x12345678, end=b"\x55\xaa"):
    """LBA 0."""
    table = b"".join(records).ljust(64, b"\0")
    return bytes(440) + struct.pack("<IH", signature, 0) + table + end


PROTECTIVE = record(0xee, 1, SECTORS - 1)


def put(data, offset, piece):
    """Overwrite bytes; those past the end are lost."""
    room = max(len(data) - offset, 0)
    data[offset:offset + len(piece)] = piece[:room]


def header(fields, covered, crc=None):
    """A GPT header; `covered` is what follows it within its sector."""
    form = "<" + "".join(HEADER.values())
    plain = struct.pack(form, *({**fields, "crc": 0}[k] for k in HEADER)) + covered
    if crc is None:
        crc = zlib.crc32(plain[:fields["header_size"]])
    return plain[:CRC_AT] + struct.pack("<I", crc) + plain[CRC_AT + 4:]


class Gpt:
    """A medium with a GPT. Fields given in primary and backup replace the right ones."""

    def __init__(self, entries=None, other=None, sectors=SECTORS, sector=SECTOR, count=128,
                 size=128, primary=None, backup=None, first_mbr=None):
        self.sector, self.sectors, self.count, self.size = sector, sectors, count, size
        self.data = bytearray(sectors * sector)
        first_record = record(0xee, 1, sectors - 1)
        self.put(0, mbr(first_record, signature=0) if first_mbr is None else first_mbr)
        array = self.array(USUAL if entries is None else entries)
        span = -(-len(array) // sector)
        self.usual = {
            "signature": b"EFI PART", "revision": 0x10000, "header_size": 92, "reserved": 0,
            "first_usable": 2 + span, "last_usable": sectors - 2 - span, "disk": guid(DISK),
            "count": count, "size": size}
        self.copy(1, sectors - 1, 2, array, primary or {})
        array = self.array(OTHER if other is None else other)
        self.copy(sectors - 1, 1, sectors - 1 - span, array, backup or {})

    def array(self, entries):
        """The entry array."""
        return b"".join(e.ljust(self.size, b"\0")[:self.size] for e in entries)[
            :self.count * self.size].ljust(self.count * self.size, b"\0")

    def put(self, lba, piece):
        """Write at a sector."""
        put(self.data, lba * self.sector, piece)

    def copy(self, lba, alternate, entries_lba, array, changes):
        """Write one copy. "at" moves it as a whole, "crc" stays as given."""
        fields = {**self.usual, "my_lba": changes.get("at", lba), "alternate_lba": alternate,
                  "entries_lba": entries_lba, "entries_crc": zlib.crc32(array), **changes}
        self.put(fields["entries_lba"], array)
        covered = bytes(fields["header_size"])
        self.put(changes.get("at", lba), header(fields, covered, changes.get("crc"))[:self.sector])

    def case(self, name, *edits, cut=None, grow=0):
        """The medium with some bytes changed, cut or grown."""
        data = self.data[:cut]
        for offset, piece in edits:
            put(data, offset, piece)
        return Case(name, bytes(data) + bytes(grow))


def intact_cases():
    """Tables that are good, and odd entries in them."""
    zeros = bytes(128)
    long_name = "abcdefghijklmnopqrstuvwxyz0123456789"
    return [
        Gpt(other=USUAL).case("intact"),
        Gpt().case("intact, with a backup that says something else"),
        Gpt([], []).case("no entries used"),
        Gpt([entry(34, 99, "a"), zeros, zeros, entry(100, 120, "d", attributes=BOOTABLE)]).case(
            "zero entries in the middle"),
        Gpt([zeros] * 127 + [entry(34, 99, "last", attributes=BOOTABLE)]).case("only entry 128"),
        Gpt([entry(34, 99, "x", kind=NONE, attributes=BOOTABLE), entry(100, 120, "y")]).case(
            "an entry without a type"),
        Gpt([entry(500, 600, "c"), entry(34, 99, "a"), entry(100, 120, "b")]).case("not sorted"),
        Gpt([entry(34, 300, "a"), entry(200, 400, "b"), entry(250, 260, "c")]).case("overlapping"),
        Gpt([entry(99, 34, "back", attributes=BOOTABLE)]).case("first behind last"),
        Gpt([entry(99, 98, "empty", attributes=BOOTABLE)]).case("of no sectors"),
        Gpt([entry(34, 5000, "long", attributes=BOOTABLE)]).case("last beyond the medium"),
        Gpt([entry(5000, 6000, "far", attributes=BOOTABLE)]).case("all beyond the medium"),
        Gpt([entry(2, 40, "early")]).case("below the first usable"),
        Gpt([entry(34, 0x1_2345_6789, "wide")]).case("last above 32 bits"),
        Gpt([entry(0x1_0000_0022, 0x1_0000_0100, "wide")]).case("first above 32 bits"),
        Gpt([entry(0, 0, "zero", attributes=BOOTABLE)]).case("both LBAs zero"),
        Gpt([entry(34, 99, "same"), entry(100, 120, "same")]).case("two of one name"),
        Gpt([entry(34, 99, "")]).case("no name"),
        Gpt([entry(34, 99, long_name)]).case("a name of all 36 units"),
        Gpt([entry(34, 99, "k\u00e4se \u00df"), entry(100, 120, "\u4e2d\u6587"),
             entry(121, 130, "\u0141\u0100x"), entry(131, 140, "\U0001f4be")]).case(
                 "names that are not ASCII"),
        Gpt([entry(34, 99, "a\tb\x7f\x80\xa0\xff"), entry(100, 120, "a\0b"),
             entry(121, 130, b"\x00\xd8a\0"), entry(131, 140, 'q"\\')]).case("odd names"),
    ]


def attribute_cases():
    """What makes a partition bootable."""
    several = [entry(34 + i, 34 + i, f"p{i + 1}", attributes=BOOTABLE) for i in range(20)]
    kinds = [entry(34, 40, "esp", ESP), entry(41, 50, "basic", BASIC), entry(51, 60, "linux")]
    bits = [entry(34 + b, 34 + b, f"bit{b}", attributes=1 << b) for b in range(64)]
    return [
        Gpt([entry(34, 99, "a"), entry(100, 120, "b")]).case("none bootable"),
        Gpt([entry(34, 99, "a", attributes=BOOTABLE), entry(100, 120, "b"),
             entry(121, 130, "c", attributes=BOOTABLE)]).case("two bootable"),
        Gpt(several).case("twenty bootable"),
        Gpt(several * 6 + several[:8]).case("128 bootable"),
        Gpt(several * 7, count=140).case("140 bootable"),
        Gpt(kinds).case("types of their own"),
        Gpt(bits).case("each attribute alone"),
        Gpt([entry(34, 99, "all", attributes=(1 << 64) - 1)]).case("all attributes"),
    ]


def damaged_cases():
    """One copy damaged, or both."""
    bad = (SECTOR + 60, b"\xff")
    bad_array = (2 * SECTOR + 60, b"\xff")
    end = (SECTORS - 1) * SECTOR
    worse = (end + 60, b"\xff")
    worse_array = (end - 32 * SECTOR + 60, b"\xff")
    gone = (SECTOR, bytes(33 * SECTOR))
    return [
        Gpt().case("primary header damaged", bad),
        Gpt().case("primary array damaged", bad_array),
        Gpt().case("primary array damaged in an unused entry", (30 * SECTOR, b"\xff")),
        Gpt().case("primary header gone", (SECTOR, bytes(SECTOR))),
        Gpt().case("backup only", gone),
        Gpt().case("backup header damaged", worse),
        Gpt().case("backup array damaged", worse_array),
        Gpt().case("both headers damaged", bad, worse),
        Gpt().case("both arrays damaged", bad_array, worse_array),
        Gpt().case("header and other array damaged", bad, worse_array),
        Gpt().case("both gone", gone, (end - 32 * SECTOR, bytes(33 * SECTOR))),
        Gpt().case("primary to be ignored", (SECTOR, b"IGNOREME")),
        Gpt().case("neither: ignored and damaged", (SECTOR, b"IGNOREME"), worse),
        Gpt(backup={"at": 900, "entries_lba": 868}).case("backup elsewhere"),
        Gpt(backup={"at": 900, "entries_lba": 868}).case("backup elsewhere, primary bad", bad),
        Gpt(primary={"alternate_lba": 900}, backup={"at": 900, "entries_lba": 868}).case(
            "backup where the primary says, primary bad", bad),
        Gpt().case("on a larger medium", grow=64 * SECTOR),
        Gpt().case("on a larger medium, primary bad", bad, grow=64 * SECTOR),
        Gpt().case("last sector cut", cut=end),
        Gpt().case("last sector cut, primary bad", bad, cut=end),
        Gpt().case("backup cut", cut=end - 32 * SECTOR),
        Gpt().case("cut one sector into the usable range", cut=end - 33 * SECTOR),
        Gpt().case("cut two sectors into the usable range", cut=end - 34 * SECTOR),
        Gpt().case("cut in half", cut=SECTORS // 2 * SECTOR),
        Gpt().case("cut behind the primary array", cut=34 * SECTOR),
        Gpt().case("cut within the primary array", cut=20 * SECTOR),
        Gpt().case("cut behind the header", cut=2 * SECTOR),
        Gpt().case("cut behind the MBR", cut=SECTOR),
    ]


def header_cases():
    """Header fields with unusual values, under right checksums unless it is said."""
    fields = {
        "another revision": {"revision": 0x20000},
        "reserved not zero": {"reserved": 7},
        "header size 512": {"header_size": 512},
        "header size 96": {"header_size": 96},
        "header size 91": {"header_size": 91},
        "header size 40": {"header_size": 40},
        "header size 0": {"header_size": 0},
        "header size 18": {"header_size": 18},
        "header size 600": {"header_size": 600},
        "my LBA 2": {"my_lba": 2},
        "my LBA 0": {"my_lba": 0},
        "my LBA above 32 bits": {"my_lba": 0x1_0000_0001},
        "alternate LBA 0": {"alternate_lba": 0},
        "first usable behind last": {"first_usable": 900, "last_usable": 100},
        "first usable 0": {"first_usable": 0},
        "first usable at the end": {"first_usable": SECTORS},
        "first usable past the end": {"first_usable": SECTORS + 1},
        "last usable the last sector": {"last_usable": SECTORS - 1},
        "last usable one past it": {"last_usable": SECTORS},
        "last usable two past it": {"last_usable": SECTORS + 1},
        "disk GUID zero": {"disk": bytes(16)},
        "entries at 40": {"entries_lba": 40},
        "entries at the last sector": {"entries_lba": SECTORS - 1},
        "entries past the end": {"entries_lba": SECTORS + 10},
        "entries at 0": {"entries_lba": 0},
        "count 0": {"count": 0},
        "size 0": {"size": 0},
        "array checksum of another": {"entries_crc": 0x12345678},
    }
    return [Gpt(primary=changes).case(name) for name, changes in fields.items()] + [
        Gpt(primary={"entries_lba": 1}).case("entries in the header's sector")]


def geometry_cases():
    """Other numbers and sizes of entries, and sectors of 4 KiB."""
    small = [entry(200, 299, "a"), entry(300, 310, "b"), entry(311, 400, "c", attributes=BOOTABLE),
             entry(401, 500, "d"), entry(501, 510, "e", attributes=BOOTABLE), entry(511, 520, "f")]
    numbers = [Gpt(small, count=n).case(f"{n} entries")
               for n in (1, 2, 3, 4, 5, 6, 56, 127, 128, 129, 130, 255, 256, 257, 512)]
    many = [entry(200 + i, 200 + i, f"n{i + 1}", attributes=BOOTABLE) for i in range(300)]
    sizes = [Gpt(small, count=c, size=s).case(f"{c} entries of {s} bytes")
             for c, s in ((128, 256), (4, 256), (6, 256), (12, 256), (128, 512), (64, 1024),
                          (128, 136), (100, 200))]
    return numbers + sizes + [
        Gpt(many, count=300).case("300 entries, all used"),
        Gpt(small, sectors=256, sector=4096).case("for 4 KiB sectors"),
    ]


def protective_cases():
    """What stands in LBA 0 of a medium with a good GPT."""
    data = record(0x83, 300, 601)
    active = record(0x83, 300, 601, status=0x80)
    sectors = {
        "no MBR": b"",
        "no signature": mbr(PROTECTIVE, end=b"\0\0"),
        "no records": mbr(),
        "hybrid": mbr(PROTECTIVE, data),
        "hybrid, protective last": mbr(active, data, record(0x0c, 34, 66), PROTECTIVE),
        "protective at 0": mbr(record(0xee, 0, SECTORS - 1)),
        "protective at 2": mbr(record(0xee, 2, SECTORS - 1)),
        "protective at 2, a partition beside": mbr(record(0xee, 2, SECTORS - 1), active),
        "two protective": mbr(record(0xee, 2, 5), record(0xee, 1, 5)),
        "protective of no sectors": mbr(record(0xee, 1, 0)),
        "protective of all sectors": mbr(record(0xee, 1, 0xffffffff)),
        "protective active": mbr(record(0xee, 1, SECTORS - 1, status=0x80)),
        "protective of odd status": mbr(record(0xee, 1, SECTORS - 1, status=0x55)),
        "type EF only": mbr(record(0xef, 1, SECTORS - 1)),
        "a Linux partition only": mbr(active),
        "protective in a FAT boot sector": b"\xeb\x3c\x90" + bytes(51) + b"FAT16   "
                                           + mbr(PROTECTIVE)[62:],
    }
    return [Gpt(first_mbr=first).case("MBR: " + name) for name, first in sectors.items()]


def chain(base, links):
    """A chain of extended boot records: place in the extended partition, records."""
    return [((base + at) * SECTOR, mbr(*records, signature=0)) for at, records in links]


def plain(name, first, *pieces, size=SECTORS):
    """A medium with an MBR, and pieces at their offsets."""
    data = bytearray(size * SECTOR)
    for offset, piece in [(0, first), *pieces]:
        put(data, offset, piece)
    return Case(name, bytes(data))


def mbr_cases():
    """Plain MBR tables, with primary partitions only."""
    empty = bytes(16)
    one, two = record(0x0c, 8, 92), record(0x83, 100, 200)
    boot = record(0x83, 300, 400, status=0x80)
    odd = record(0x83, 100, 200, status=0x12)
    none = record(0x83, 100, 0, status=0x80)
    fat = b"\xeb\x3c\x90" + bytes(51) + b"FAT16   "
    fat32 = b"\xeb\x58\x90" + bytes(79) + b"FAT32   "
    return [
        plain("nothing at all", b""),
        plain("55 AA alone", mbr()),
        plain("one partition", mbr(one)),
        plain("four partitions", mbr(one, two, boot, record(0x82, 700, 100))),
        plain("none active", mbr(one, two)),
        plain("two active", mbr(record(0x0c, 8, 92, status=0x80), two, boot)),
        plain("records 2 and 4", mbr(empty, two, empty, boot)),
        plain("a type and no sectors", mbr(one, none, boot)),
        plain("sectors and no type", mbr(one, record(0, 100, 200), boot)),
        plain("only a record without sectors", mbr(none)),
        plain("odd status", mbr(one, odd)),
        plain("odd status first", mbr(odd, one)),
        plain("odd status of an unused record", mbr(one, record(0, 0, 0, status=0x12))),
        plain("no signature word", mbr(one, boot, signature=0)),
        plain("signature FFFFFFFF", mbr(one, boot, signature=0xffffffff)),
        plain("past the end", mbr(record(0x83, 5000, 6000, status=0x80))),
        plain("overlapping records", mbr(record(0x83, 10, 500), record(0x83, 20, 30))),
        plain("swapped records", mbr(boot, one)),
        plain("a large start", mbr(record(0x83, 0xfffffff0, 0xffffffff))),
        plain("FAT16 without a table", fat + mbr()[62:]),
        plain("FAT32 without a table", fat32 + mbr()[90:]),
        plain("FAT16 and a table", fat + mbr(one, boot)[62:]),
        plain("FAT32 and a table", fat32 + mbr(one, boot)[90:]),
        plain("FAT16 and code for a table", fat + mbr(odd, odd, odd, odd)[62:]),
        plain("code for a table", mbr(odd, odd, odd, odd)),
        plain("a protective record and nothing behind", mbr(PROTECTIVE)),
        plain("a medium of one sector", mbr(one, boot), size=1),
    ]


def extended_cases():
    """Plain MBR tables with extended partitions."""
    empty = bytes(16)
    boot = record(0x83, 10, 90, status=0x80)
    extended = record(0x05, 100, 800)
    first, second = record(0x83, 2, 40), record(0x83, 2, 50, status=0x80)
    link, more = record(0x05, 100, 60), record(0x05, 200, 60)
    third = record(0x82, 2, 10)
    three = chain(100, [(0, (first, link)), (100, (second, more)), (200, (third,))])
    return [
        plain("three logical", mbr(boot, extended), *three),
        plain("extended first", mbr(extended, boot), *three),
        plain("extended fourth", mbr(boot, empty, empty, extended), *three),
        plain("extended of type 0F", mbr(boot, record(0x0f, 100, 800)), *three),
        plain("extended of type 85", mbr(boot, record(0x85, 100, 800)), *three),
        plain("extended of type 1F", mbr(boot, record(0x1f, 100, 800)), *three),
        plain("extended active", mbr(boot, record(0x05, 100, 800, status=0x80)), *three),
        plain("extended of no sectors", mbr(boot, record(0x05, 100, 0)), *three),
        plain("extended of odd status", mbr(boot, record(0x05, 100, 800, status=0x11)), *three),
        plain("two extended", mbr(extended, record(0x0f, 500, 200)), *three,
              *chain(500, [(0, (second,))])),
        plain("extended with nothing there", mbr(boot, extended)),
        plain("extended past the end", mbr(boot, record(0x05, 5000, 100))),
        plain("an empty boot record", mbr(boot, extended), *chain(100, [(0, ())])),
        plain("link before data", mbr(boot, extended),
              *chain(100, [(0, (link, first)), (100, (second,))])),
        plain("link only", mbr(boot, extended), *chain(100, [(0, (empty, link)),
                                                              (100, (second,))])),
        plain("data in records 3 and 4", mbr(boot, extended),
              *chain(100, [(0, (empty, empty, first, second))])),
        plain("two data records", mbr(boot, extended), *chain(100, [(0, (first, second))])),
        plain("data and link of odd status", mbr(boot, extended),
              *chain(100, [(0, (record(0x83, 2, 40, status=1), link)), (100, (second,))])),
        plain("a logical of no sectors", mbr(boot, extended),
              *chain(100, [(0, (record(0x83, 2, 0), link)), (100, (second,))])),
        plain("a link to 0", mbr(boot, extended),
              *chain(100, [(0, (first, record(0x05, 0, 60)))])),
        plain("extended at 0", mbr(boot, record(0x05, 0, 800)), *three),
        plain("a link of no sectors", mbr(boot, extended),
              *chain(100, [(0, (first, record(0x05, 100, 0))), (100, (second,))])),
        plain("the second link without signature", mbr(boot, extended),
              *chain(100, [(0, (first, link))])),
        plain("a link past the end", mbr(boot, extended),
              *chain(100, [(0, (first, record(0x05, 5000, 60)))])),
        plain("sixty logical", mbr(boot, record(0x05, 100, 900)),
              *chain(100, [(4 * i, (record(0x83, 2, 2, status=0x80 * (i % 2)),
                                    *([record(0x05, 4 * i + 4, 4)] if i < 59 else [])))
                           for i in range(60)])),
    ]


def all_cases():
    """Every case."""
    return (intact_cases() + attribute_cases() + damaged_cases() + header_cases()
            + geometry_cases() + protective_cases() + mbr_cases() + extended_cases())
