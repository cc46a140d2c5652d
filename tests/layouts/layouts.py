# SPDX-License-Identifier: MIT
"""Cards in the field, and what stmboot must say of each.

A row: name, a function of the path that makes the card, arguments of stmboot,
the verdict, the stage where the boot stops (None: it goes through), and all
errors and warnings, each a code. What is expected follows from what the
programs of the card do, never from what stmboot printed.
"""

import os
import struct
import tempfile

import parts
from parts import FIP_A, FIP_B, MP13, MP15, MP2, image, tools

KIB, MIB, SECTOR = 1 << 10, 1 << 20, 512
LINUX, FIP, METADATA = image.LINUX_DATA, image.FIP_TYPE, image.METADATA_TYPE
ENVIRONMENT = "3de21764-95bd-54bd-a5c3-4abe786f38a8"
ROOT_MMC0 = "e91c4e10-16e6-4c0e-bd0e-77becf4a3582"
ACCEPTED, ON_TRIAL, INVALID = 0xFC, 0xFE, 0xFF


def genimage(path, contents):
    """Let genimage pack (name, bytes, options), as Buildroot's templates do."""
    with tempfile.TemporaryDirectory() as work:
        text = 'image card.img {\n\thdimage {\n\t\tpartition-table-type = "gpt"\n\t}\n'
        for number, (name, data, options) in enumerate(contents):
            with open(os.path.join(work, str(number)), "wb") as f:
                f.write(data)
            text += f'\tpartition {name} {{\n\t\timage = "{work}/{number}"\n'
            text += "".join(f"\t\t{option}\n" for option in options) + "\t}\n"
        config = os.path.join(work, "genimage.cfg")
        with open(config, "w", encoding="utf-8") as f:
            f.write(text + "}\n")
        os.mkdir(os.path.join(work, "root"))
        tools.run("genimage", "--config", config, "--rootpath", os.path.join(work, "root"),
                  "--tmppath", os.path.join(work, "tmp"), "--inputpath", work,
                  "--outputpath", os.path.join(work, "out"))
        os.replace(os.path.join(work, "out", "card.img"), path)


def buildroot(first, second, third, size=None, board=MP15, change=None):
    """fsbl1, fsbl2, the second stage and rootfs, as small as they are."""
    def make(path):
        loader = first()
        genimage(path, [("fsbl1", loader, []), ("fsbl2", loader, []),
                        (third, second(), [f"size = {size}"] if size else []),
                        ("rootfs", parts.rootfs("/dev/mmcblk0p4", board), ["bootable = true"])])
        if change:
            change(path)
    return make


def bootable(contents):
    """The partition that U-Boot is to look at."""
    names = [entry[0] for entry in contents]
    return "bootfs" if "bootfs" in names else "rootfs"


TABLES = {}


def new_table(path, size, contents, options, table):
    """Let sgdisk make a table of (name, first sector, sectors, type, GUID or None, ...)."""
    with open(path, "wb") as f:
        f.truncate(size)
    command = ["sgdisk", "-o", "-a", "1", f"--resize-table={table}"]
    for number, (name, first, sectors, kind, guid, *_) in enumerate(contents, 1):
        command += ["-n", f"{number}:{first}:{first + sectors - 1}", "-c", f"{number}:{name}",
                    "-t", f"{number}:{kind}"]
        command += ["-u", f"{number}:{guid}"] if guid else []
        command += ["-A", f"{number}:set:2"] if name == bootable(contents) else []
    tools.run(*command, *options, path)


def sgdisk(path, size, contents, *options, table="128"):
    """A card whose table is sgdisk's, with the content of each partition behind its entry."""
    key = (size, tuple(entry[:5] for entry in contents), options, table)
    if key not in TABLES:  # sgdisk waits for a second each time
        new_table(path, size, contents, options, table)
        with open(path, "rb") as f:
            head = f.read(34 * SECTOR)
            f.seek(-33 * SECTOR, os.SEEK_END)
            TABLES[key] = (head, f.read())
    with open(path, "wb") as f:
        f.truncate(size)
        f.write(TABLES[key][0])
        for _, first, _, _, _, data in contents:
            f.seek(first * SECTOR)
            f.write(data)
        f.seek(size - 33 * SECTOR)
        f.write(TABLES[key][1])


def metadata(**fields):
    """The metadata of ST's fixed GUIDs."""
    return image.metadata((FIP_A, FIP_B), **fields)


def damaged(data):
    """The same with one bit of a GUID turned."""
    return data[:60] + bytes([data[60] ^ 1]) + data[61:]


def openstlinux(first, second, tfa="2.12", board=MP15, other=b"", types=True):
    """OpenSTLinux's eleven partitions; first and second are the two copies of the metadata."""
    def make(path):
        package = parts.fip("2023.10", "u-boot-env", board, with_op_tee=True)
        loader = parts.tfa(tfa, board)
        name = "fsbla" if board == MP2 else "fsbl"
        kind = METADATA if types else "8301"
        sgdisk(path, 24 * MIB, [
            (name + "1", 34, 512, "8301", None, loader),
            (name + "2", 546, 512, "8301", None, loader),
            ("metadata1", 1058, 512, kind, None, first), ("metadata2", 1570, 512, kind, None, second),
            ("fip-a", 2082, 8192, FIP, FIP_A, package),
            ("fip-b", 10274, 8192, FIP, FIP_B, other or package),
            ("u-boot-env", 18466, 1024, ENVIRONMENT, None, b""),
            ("bootfs", 19490, 8192, LINUX, None, 
             parts.bootfs("PARTUUID=" + ROOT_MMC0, board, 4 * MIB)),
            ("vendorfs", 27682, 2048, LINUX, None, parts.empty("vendorfs", MIB)),
            ("rootfs", 29730, 8192, LINUX, ROOT_MMC0, parts.plain_rootfs(board, 4 * MIB)),
            ("userfs", 37922, 2048, LINUX, None, parts.empty("userfs", MIB))])
    return make


def both(**fields):
    """The card with the same metadata twice."""
    return openstlinux(metadata(**fields), metadata(**fields))


def minimum(table="128", align=1, size=4 * MIB, options=(), change=None, fip_at=2, tfa="2.10"):
    """U-Boot's own instructions: fsbl1, fsbl2, fip and rootfs by sgdisk; fip_at: entry of fip."""
    def make(path):
        first, starts = 34, []
        for sectors in (512, 512, 2048, 2048):
            first = (first + align - 1) // align * align
            starts.append(first)
            first += sectors
        loader, package = parts.tfa(tfa), parts.fip("2023.10", "fip")
        contents = [("fsbl1", starts[0], 512, "8301", None, loader),
                    ("fsbl2", starts[1], 512, "8301", None, loader),
                    ("rootfs", starts[3], 2048, LINUX, None,
                     parts.rootfs(f"/dev/mmcblk0p{4 if fip_at == 2 else 3}", size=MIB))]
        contents.insert(fip_at, ("fip", starts[2], 2048, FIP, None, package))
        sgdisk(path, size, contents, *options, table=table)
        if change:
            change(path)
    return make


def hybrid_genimage(path):
    """As genimage 13 and 14 do it: the file system in record 1, then one that covers the GPT."""
    with open(path, "r+b") as f:
        gpt = image.Gpt.read(f)
        last = gpt.entries[max(gpt.entries)]
        f.seek(446)
        f.write(struct.pack("<B3sB3sII", 0, b"", 0x83, b"", last["first"],
                            last["last"] - last["first"] + 1))
        f.write(struct.pack("<B3sB3sII", 0, b"", 0xEE, b"", 1, 33))


def table_end(path):
    """Point the entry array of the primary past the medium."""
    with open(path, "r+b") as f:
        f.seek(SECTOR + 72)
        f.write(struct.pack("<Q", os.path.getsize(path) // SECTOR + 8))
    fix_header(path)


def fix_header(path):
    """Make the checksum of the primary header right, and leave that of the array."""
    with open(path, "r+b") as f:
        f.seek(SECTOR)
        header = bytearray(f.read(92))
        header[16:20] = bytes(4)
        header[16:20] = struct.pack("<I", image.crc(bytes(header)))
        f.seek(SECTOR)
        f.write(header)


def grow(path):
    """Write the image to a larger card."""
    os.truncate(path, os.path.getsize(path) + 2 * MIB)


def cut(sectors):
    """Lose the last sectors."""
    return lambda path: os.truncate(path, os.path.getsize(path) - sectors * SECTOR)


def raw_card(path, first=128, loader=None, second=640):
    """An MBR card with U-Boot SPL at the raw places of the ROM."""
    with open(path, "wb") as f:
        f.truncate(4 * MIB)
        for lba in (first, second):
            f.seek(lba * SECTOR)
            f.write(loader or parts.spl("2020.07"))
        f.seek(446 + 32)
        f.write(struct.pack("<B3sB3sII", 0, b"", 0xDA, b"", 2048, 1024))
        f.write(struct.pack("<B3sB3sII", 0x80, b"", 0x83, b"", 3072, 2048))
        f.write(b"\x55\xaa")
        f.seek(2048 * SECTOR)
        f.write(parts.uboot_img("2020.07"))
        f.seek(3072 * SECTOR)
        f.write(parts.rootfs("/dev/mmcblk0p4", size=MIB))


def mp13(path):
    """Buildroot for STM32MP135F-DK: OP-TEE, U-Boot's environment in a partition that is missing."""
    buildroot(lambda: parts.tfa("2.10", MP13),
              lambda: parts.fip("2024.07", "u-boot-env", MP13, with_op_tee=True), "fip", "2M", MP13)(path)


def mp2_bootlin(path):
    """Bootlin's card for STM32MP257F-EV1: one fsbla."""
    genimage(path, [("fsbla", parts.tfa("2.12", MP2), ["size = 256k"]),
                    ("fip", parts.fip("2025.01", "u-boot-env", MP2, with_op_tee=True), ["size = 4M"]),
                    ("u-boot-env", b"", ["size = 8k"]), ("u-boot-env-red", b"", ["size = 8k"]),
                    ("rootfs", parts.rootfs("PARTLABEL=rootfs", MP2), ["bootable = true"])])


def mp2_m33(coprocessor_first):
    """ST's card for STM32MP257F-EV1 with loaders for the Cortex-M33."""
    def make(path):
        main = [(f"fsbla{i}", parts.tfa("2.12", MP2), ["size = 256k"]) for i in (1, 2)]
        other = [(f"fsblm{i}", parts.m33(), ["size = 256k"]) for i in (1, 2)]
        genimage(path, (other + main if coprocessor_first else main + other) +
                 [("fip", parts.fip("2025.01", "u-boot-env", MP2, with_op_tee=True), ["size = 4M"]),
                  ("u-boot-env", b"", ["size = 512k"]),
                  ("rootfs", parts.rootfs("PARTLABEL=rootfs", MP2), ["bootable = true"])])
    return make


def emmc(contents, root):
    """The user area of an eMMC."""
    def make(path):
        genimage(path, [(name, data(), [f"size = {size}", *options])
                        for name, data, size, *options in contents] +
                 [("rootfs", parts.rootfs(root), ["bootable = true"])])
    return make


def SPL(version):
    """A function that makes it."""
    return lambda: parts.spl(version)


def TFA(version):
    """Likewise."""
    return lambda: parts.tfa(version)


OK, NO = "ok", "error"
NOTHING = ()

ROWS = [
    # Buildroot, by its releases.
    ("Buildroot of October 2019: uboot", buildroot(SPL("2018.11"),
     lambda: parts.uboot_img("2018.11"), "uboot"), (), OK, None, NOTHING),
    ("Buildroot 2019.11: ssbl", buildroot(SPL("2019.10"), lambda: parts.uboot_img("2019.10"), "ssbl"),
     (), OK, None, NOTHING),
    ("Buildroot 2020.08: genimage 13 makes a hybrid MBR", buildroot(SPL("2020.07"),
     lambda: parts.uboot_img("2020.07"), "ssbl", change=hybrid_genimage), (), "warning", None,
     ["mbr.hybrid"]),
    ("Buildroot 2021.02: TF-A v2.2 with u-boot.stm32", buildroot(TFA("2.2"),
     lambda: parts.uboot_stm32("2020.07", "ssbl"), "ssbl"), (), OK, None, NOTHING),
    ("Buildroot 2021.05: no room for the environment", buildroot(TFA("2.4"),
     lambda: parts.uboot_stm32("2021.04", "ssbl"), "ssbl"), (), NO, "extlinux",
     ["env.overwrites-data"]),
    ("Buildroot 2021.08: ssbl of 2M", buildroot(TFA("2.5"),
     lambda: parts.uboot_stm32("2021.07", "ssbl"), "ssbl", "2M"), (), OK, None, NOTHING),
    ("Buildroot 2024.02: FIP", buildroot(TFA("2.8"), lambda: parts.fip("2023.04", "ssbl"), "fip",
     "2M"), (), OK, None, NOTHING),
    ("Buildroot for STM32MP135F-DK", mp13, (), OK, None, NOTHING),
    ("a hybrid MBR keeps TF-A from the FIP", buildroot(TFA("2.8"),
     lambda: parts.fip("2023.04", "ssbl"), "fip", "2M", change=hybrid_genimage), (), NO, "fsbl",
     ["fsbl.second-stage-not-found", "mbr.hybrid"]),

    # U-Boot's instructions for sgdisk.
    ("sgdisk, one sector apart", minimum(), (), OK, None, NOTHING),
    ("sgdisk, 56 entries", minimum(table="56"), (), OK, None, NOTHING),
    ("sgdisk, 56 entries, 4 KiB alignment", minimum(table="56", align=8), (), OK, None, NOTHING),
    ("sgdisk, a hybrid MBR", minimum(options=["-h", "4"]), (), "warning", None, ["mbr.hybrid"]),
    ("sgdisk, fip behind rootfs", minimum(fip_at=3), (), OK, None, NOTHING),
    ("sgdisk, TF-A v2.6 wants the name", minimum(tfa="2.6"), (), OK, None, NOTHING),
    ("sgdisk, written to a larger card", minimum(change=grow), (), "warning", None,
     ["gpt.backup-misplaced"]),
    ("sgdisk, the backup table lost", minimum(change=cut(33)), (), "warning", None,
     ["gpt.backup-missing"]),
    ("sgdisk, cut behind rootfs", minimum(size=3 * MIB, change=cut(900)), (), NO, "extlinux",
     ["extlinux.not-found", "gpt.backup-missing", "gpt.usable-beyond-medium"]),
    ("sgdisk, cut within rootfs", minimum(size=3 * MIB, change=cut(1200)), (), NO, "extlinux",
     ["extlinux.not-found", "gpt.backup-missing", "gpt.usable-beyond-medium", "image.truncated"]),
    ("SPL, cut within rootfs", buildroot(SPL("2020.07"), lambda: parts.uboot_img("2020.07"), "ssbl",
     change=cut(40)), (), NO, "fsbl",
     ["extlinux.not-found", "fsbl.second-stage-not-found", "gpt.backup-missing",
      "gpt.usable-beyond-medium", "image.truncated"]),
    ("sgdisk, the entries past the medium", minimum(change=table_end), (), NO, "rom",
     ["fsbl.not-found", "fsbl.second-stage-not-found", "gpt.primary-bad", "rootfs.not-found"]),

    # OpenSTLinux, by the state of its metadata.
    ("OpenSTLinux, both accepted", both(), (), OK, None, NOTHING),
    ("OpenSTLinux, bank 1", both(active=1, previous=0), (), OK, None, NOTHING),
    ("OpenSTLinux, bank 1 on trial", both(active=1, previous=0, states=(ACCEPTED, ON_TRIAL)), (), OK,
     None, NOTHING),
    ("OpenSTLinux, the active bank invalid", both(states=(INVALID, ACCEPTED)), (), "warning", None,
     ["fwu.bank-invalid"]),
    ("OpenSTLinux, no bank valid", both(states=(INVALID, INVALID)), (), NO, "fsbl", ["fwu.no-bank"]),
    ("OpenSTLinux, metadata1 damaged", openstlinux(damaged(metadata()), metadata()), (), "warning",
     None, ["fwu.crc"]),
    ("OpenSTLinux, metadata2 damaged", openstlinux(metadata(), damaged(metadata())), (), "warning",
     None, ["fwu.crc"]),
    ("OpenSTLinux, both damaged", openstlinux(damaged(metadata()), damaged(metadata())), (), NO,
     "fsbl", ["fwu.crc", "fwu.no-copy"]),
    ("OpenSTLinux, both empty", openstlinux(b"", b""), (), NO, "fsbl",
     ["fwu.content", "fwu.no-copy"]),
    ("OpenSTLinux, an update interrupted",
     openstlinux(metadata(active=1, previous=0, states=(ACCEPTED, ON_TRIAL)), metadata()), (),
     "warning", None, ["fwu.copies-differ"]),
    ("OpenSTLinux, version 1 for v2.10",
     openstlinux(metadata(version=1), metadata(version=1), "2.10"), (), OK, None, NOTHING),
    ("OpenSTLinux, version 1 on trial for v2.8",
     openstlinux(*[metadata(version=1, accepted=(0, 1))] * 2, "2.8"), (), OK, None, NOTHING),
    ("OpenSTLinux, version 2 for v2.10", openstlinux(metadata(), metadata(), "2.10"), (), NO, "fsbl",
     ["fwu.no-copy", "fwu.version"]),
    ("OpenSTLinux, version 1 for v2.12",
     openstlinux(metadata(version=1), metadata(version=1)), (), NO, "fsbl",
     ["fwu.no-copy", "fwu.version"]),
    ("OpenSTLinux, fip-b empty", openstlinux(metadata(), metadata(), other=bytes(512)), (), OK, None,
     NOTHING),
    ("OpenSTLinux, bank 1 on trial and empty",
     openstlinux(*[metadata(active=1, previous=0, states=(ACCEPTED, ON_TRIAL))] * 2,
                 other=bytes(512)), (), NO, "ssbl", ["fsbl.second-stage-format"]),
    ("OpenSTLinux, the types of the wic files", openstlinux(metadata(), metadata(), types=False), (),
     "warning", None, ["fwu.type"]),
    ("OpenSTLinux for STM32MP135F-DK", openstlinux(metadata(), metadata(), board=MP13), (), OK, None,
     NOTHING),
    ("OpenSTLinux for STM32MP257F-EV1", openstlinux(metadata(), metadata(), board=MP2), (), OK, None,
     NOTHING),

    # STM32MP2 and its two processors.
    ("Bootlin's card for STM32MP2: one fsbla", mp2_bootlin, (), "warning", None, ["fsbl.single"]),
    ("STM32MP2 with loaders for the Cortex-M33", mp2_m33(False), (), OK, None, NOTHING),
    ("STM32MP2 with those in front", mp2_m33(True), (), OK, None, NOTHING),

    # Without a GPT, and without a first stage.
    ("MBR, SPL at the raw places", raw_card, (), OK, None, NOTHING),
    ("MBR, SPL where a GPT would have it", lambda path: raw_card(path, 34, None, 546), (), NO, "rom",
     ["fsbl.not-found"]),
    ("MBR, TF-A at the raw places", lambda path: raw_card(path, loader=parts.tfa("2.8")), (), NO,
     "fsbl", ["fsbl.second-stage-not-found"]),
    ("eMMC, SPL", emmc([("ssbl", lambda: parts.uboot_img("2020.07"), "2M")], "/dev/mmcblk1p2"), (), OK,
     None, NOTHING),
    ("eMMC, FIP", emmc([("fip", lambda: parts.fip("2023.10", "fip"), "2M")], "/dev/mmcblk1p2"), (), OK,
     None, NOTHING),
    ("eMMC, two banks", emmc([("metadata1", metadata, "256K"), ("metadata2", metadata, "256K"),
                              ("fip-a", lambda: parts.fip("2023.10", "u-boot-env"), "4M"),
                              ("fip-b", lambda: parts.fip("2023.10", "u-boot-env"), "4M"),
                              ("u-boot-env", lambda: b"", "512K")], "/dev/mmcblk1p6"), (), NO, "fsbl",
     ["fwu.partition-missing", "fwu.type"]),
    ("eMMC, two banks with their GUIDs",
     emmc([("metadata1", metadata, "256K", f'partition-type-uuid = "{METADATA}"'),
           ("metadata2", metadata, "256K", f'partition-type-uuid = "{METADATA}"'),
           ("fip-a", lambda: parts.fip("2023.10", "u-boot-env"), "4M", f'partition-uuid = "{FIP_A}"'),
           ("fip-b", lambda: parts.fip("2023.10", "u-boot-env"), "4M", f'partition-uuid = "{FIP_B}"'),
           ("u-boot-env", lambda: b"", "512K")], "/dev/mmcblk1p6"), (), OK, None, NOTHING),
    ("eMMC, the FIP in a boot area", emmc([("bootfs", lambda: parts.empty("bootfs", MIB), "1M")],
     "/dev/mmcblk1p2"), ("--medium", "emmc"), "warning", None, ["fsbl.second-stage-not-found"]),
    ("eMMC, the FIP damaged", emmc([("fip", lambda: bytes(4096), "2M")], "/dev/mmcblk1p2"), (), NO,
     "ssbl", ["fsbl.second-stage-format"]),
    ("eMMC, ssbl damaged", emmc([("ssbl", lambda: b"\1" + bytes(4096), "2M")], "/dev/mmcblk1p2"), (),
     NO, "fsbl", ["fsbl.second-stage-not-found"]),
    ("a card of an eMMC taken for an SD card",
     emmc([("ssbl", lambda: parts.uboot_img("2020.07"), "2M")], "/dev/mmcblk1p2"),
     ("--medium", "sd"), NO, "rom",
     ["fsbl.not-found", "fsbl.second-stage-not-found", "rootfs.elsewhere"]),
]
