# SPDX-License-Identifier: MIT
"""Rules on the partition tables and on the image as a whole."""

import struct

import image
from damage import entry, flip, mend_gpt, poke, poke32, resize, zero
from small import FREE_GUID, Row, length, partition, table, unreadable

LINUX, PROTECTIVE, EXTENDED = 0x83, 0xEE, 0x05
ONLY_BACKUP = {"fsbl.not-found": "the ROM reads the primary table alone",
               "rootfs.not-found": "so does Linux, and sees no partition"}
UNSEEN = {"fsbl.second-stage-not-found": "SPL sees no partition",
          "extlinux.not-found": "nor does U-Boot"}


def record(number, kind, first, sectors, at=0):
    """A record of the MBR, or of an extended one at a sector."""
    data = struct.pack("<B3sB3sII", 0, b"\0\0\0", kind, b"\0\0\0", first, sectors)
    return poke(0, at * 512 + 446 + number * 16, data)


def signature(at):
    """The mark at the end of an MBR sector."""
    return poke(0, at * 512 + 510, b"\x55\xaa")


def header(at, value, size=8):
    """A field of the primary header, with its checksums right."""
    def step(card):
        poke(0, 512 + at, value.to_bytes(size, "little"))(card)
        mend_gpt()(card)
    return step


def second_array(card):
    """A copy of the entries at LBA 40, before the first partition."""
    card.write(0, 40 * 512, card.read(0, 1024, 32 * 512))


def sectors_of(size):
    """The same partitions in a table for sectors of another size."""
    def step(card):
        gpt = image.Gpt(card.size(0) // size, card.gpt.disk_guid)
        gpt.first_usable = 6
        for number, old in card.gpt.entries.items():
            gpt.add(number, old["name"], old["first"] * 512 // size,
                    (old["last"] + 1 - old["first"]) * 512 // size, old["guid"],
                    attributes=old["attributes"])
        card.write(0, 0, bytes(34 * 512))
        card.write(0, card.size(0) - 33 * 512, bytes(33 * 512))
        image.SECTOR = size
        try:
            with open(card.path, "r+b") as f:
                gpt.write(f)
        finally:
            image.SECTOR = 512
    return step

def trees(count):
    """So many partitions that are one device tree, of many properties, at the end of the last."""
    structure = struct.pack(">I4x", 1) + struct.pack(">III", 3, 0, 0) * 5000
    structure += struct.pack(">II", 2, 9)
    tree = struct.pack(">10I", 0xd00dfeed, 61 + len(structure), 56, 56 + len(structure), 40, 17, 16,
                       0, 5, len(structure)) + bytes(16) + structure + b"name\0"
    sectors = (len(tree) + 511) // 512

    def step(card):
        last = max(card.gpt.entries)
        card.write(last, card.size(last) - sectors * 512, tree)
        for number in range(last + 1, last + 1 + count):
            card.gpt.add(number, f"tree{number}", card.gpt.entries[last]["last"] + 1 - sectors,
                         sectors, FREE_GUID % number)
        with open(card.path, "r+b") as f:
            card.gpt.write(f)
    return step


def entries(count):
    """A table of another number of entries."""
    def change(gpt):
        gpt.count = count
        gpt.first_usable = 64
    return table(change)


def first_usable(lba):
    """A table whose usable range begins elsewhere."""
    return table(lambda gpt: setattr(gpt, "first_usable", lba))


def backup_of(disk_guid):
    """The backup table of a disk of this GUID, with the same partitions."""
    def step(card):
        primary = card.read(0, 0, 34 * 512)
        table(lambda gpt: setattr(gpt, "disk_guid", disk_guid))(card)
        card.write(0, 0, primary)
    return step


DOS = [zero(0, 512, 33 * 512), zero(0, 2015 * 512, 33 * 512),
       record(0, LINUX, 178, 1536)]
LOGICAL = [record(1, EXTENDED, 1800, 100), record(0, LINUX, 1, 10, at=1800), signature(1800),
           record(1, EXTENDED, 50, 20, at=1800)]

BASES = {
    # More room before the first partition and behind the last one.
    "roomy": ("""
medium 2M
partition 1 fsbl1 at=128 size=8s
  stm32
    text "U-Boot SPL 2023.01 (Jan 01 2023 - 00:00:00 +0000)"
    fill 2000
partition 2 fsbl2 at=136 size=8s
  stm32
    text "U-Boot SPL 2023.01 (Jan 01 2023 - 00:00:00 +0000)"
    fill 2000
partition 3 ssbl at=144 size=64K
  uimage "U-Boot 2023.01 for stm32mp"
    text "U-Boot 2023.01 (Jan 01 2023 - 00:00:00 +0000)"
    fill 4000
    dtb
      | compatible = "st,stm32mp157c-dk2", "st,stm32mp157";
      | config { u-boot,mmc-env-partition = "ssbl"; };
partition 4 rootfs at=272 size=768K bootable
  ext4
    dir /boot
    dir /boot/extlinux
    file /boot/extlinux/extlinux.conf
      | label linux
      |   kernel /boot/zImage
      |   devicetree /boot/stm32mp157c-dk2.dtb
      |   append root=/dev/mmcblk0p4 rootwait
    zimage /boot/zImage 32K
    dtb /boot/stm32mp157c-dk2.dtb
      | compatible = "st,stm32mp157c-dk2", "st,stm32mp157";
    dir /sbin
    elf /sbin/init arm mode=755
""", []),
}

ROWS = [
    # The last byte under the header's checksum, and the first that is not.
    Row("gpt.primary-bad", "healthy", [flip(0, 512 + 91)], [flip(0, 512 + 92)], ONLY_BACKUP),
    Row("gpt.primary-missing", "healthy", [flip(0, 512 + 7)], [flip(0, 512 + 92)], ONLY_BACKUP),
    Row("gpt.backup-bad", "healthy", [flip(0, 2047 * 512 + 91)], [flip(0, 2047 * 512 + 92)]),
    Row("gpt.backup-missing", "healthy", [flip(0, 2047 * 512 + 7)], [flip(0, 2047 * 512 + 92)]),
    Row("gpt.backup-misplaced", "healthy", [resize(512)], []),
    Row("gpt.backup-stale", "healthy", [backup_of("d15c0000-0000-4000-8000-000000000001")],
        [backup_of("d15c0000-0000-4000-8000-000000000000")]),
    Row("gpt.copies-differ", "healthy", [flip(0, 1024 + 3 * 128 + 56), mend_gpt()],
        [entry(4, name="sootfs")]),
    Row("gpt.usable-beyond-medium", "healthy", [length(2014 * 512)], [length(2015 * 512)],
        {"rootfs.not-found": "Linux rejects such a table"}),
    Row("gpt.entry-size", "healthy", [header(84, 256, 4)], [header(84, 128, 4)], ONLY_BACKUP),
    Row("gpt.entry-count", "roomy", [entries(129)],
        [entries(128)]),
    Row("gpt.array-elsewhere", "roomy", [second_array, header(72, 40)],
        [second_array, header(72, 2)]),
    Row("gpt.sector-size", "roomy", [sectors_of(4096)], [sectors_of(512)],
        {"fsbl.not-found": "the ROM sees no partition", **UNSEEN}),
    Row("gpt.overlap", "healthy", [entry(2, last=50)], [entry(2, last=49)]),
    Row("gpt.partition-on-table", "roomy", [partition(5, "data", 33, 8)],
        [partition(5, "data", 34, 8)]),
    Row("gpt.outside-usable", "roomy", [first_usable(40), partition(5, "data", 39, 8)],
        [first_usable(40), partition(5, "data", 40, 8)]),
    Row("gpt.partition-order", "roomy", [partition(5, "data", 64, 0)],
        [partition(5, "data", 64, 1)]),
    Row("gpt.duplicate-guid", "healthy", [entry(2, guid="9a127000-0000-4000-8000-000000000001")],
        [entry(2, guid="9a127000-0000-4000-8000-000000000011")]),
    Row("gpt.zero-guid", "healthy", [entry(2, guid="00000000-0000-0000-0000-000000000000")],
        [entry(2, guid="00000000-0000-0000-0000-000000000001")]),
    Row("gpt.duplicate-name", "healthy", [entry(2, name="fsbl1")], [entry(2, name="fsbl3")]),

    Row("mbr.not-protective", "healthy", [poke32(0, 446 + 8, 2)], [poke32(0, 446 + 8, 1)],
        UNSEEN),
    Row("mbr.missing", "healthy", [flip(0, 511)], [flip(0, 439)], UNSEEN),
    Row("mbr.protective-size", "healthy", [poke32(0, 446 + 12, 0xFFFFFFFF)],
        [poke32(0, 446 + 12, 0xFFFFFFFE)]),
    Row("mbr.protective-cover", "healthy", [poke32(0, 446 + 12, 2046)],
        [poke32(0, 446 + 12, 2047)]),
    Row("mbr.hybrid", "healthy", [record(1, LINUX, 178, 1536)], [record(1, 0, 178, 1536)]),
    Row("mbr.gpt-ignored", "healthy", [record(0, LINUX, 178, 1536)], DOS,
        {"fsbl.not-found": "with the ignored table goes the one that the ROM reads"}),
    Row("mbr.chain-broken", "healthy", DOS + LOGICAL,
        DOS + LOGICAL + [record(0, LINUX, 1, 10, at=1850), signature(1850)]),
    Row("mbr.overlap", "healthy", DOS + [record(1, LINUX, 178 + 1535, 10)],
        DOS + [record(1, LINUX, 178 + 1536, 10)]),

    Row("image.truncated", "healthy", [length(1713 * 512)], [length(1714 * 512)]),
    Row("image.read-error", "healthy", [unreadable(21 * 1024, 512)],
        [unreadable(900 * 1024, 512)],
        {"stm32.magic": "a header that cannot be read is none"}),
    Row("image.too-much", "healthy", [trees(100)], [trees(20)]),
    Row("image.partial-sector", "healthy", [resize(513)], [resize(512)]),
]

