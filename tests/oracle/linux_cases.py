# SPDX-License-Identifier: MIT
"""The cards on which stmboot and a real Linux must agree, and what Linux does with each.

The healthy card has no initrd line, a PARTUUID and rootwait in append, and
instead of /sbin/init and /bin/sh a script that says that it was started.
"""

import collections
import struct

import cards
from damage import (append, cut_to, debugfs, entry, flip, from_end, mend_gpt, other_ext4, poke,
                    poke32, put, remove, resize, sgdisk, zero)
from damaged import elf
from linux_console import BOOTS, INIT, NO_INIT, NO_ROOT, WAITS

# steps: from the healthy card, as in damage.py; bus: what makes the card vda or mmcblk0.
Case = collections.namedtuple("Case", "name steps outcome bus", defaults=["virtio"])

MIB = 1 << 20
GUID = cards.GUIDS["rootfs"]
SSBL = cards.GUIDS["ssbl"]
FS_UUID = "c5f5f0c4-7d49-4a8e-8f0e-2b6b3f6f7a01"
ROOT = f"root=PARTUUID={GUID}"
HEALTHY = ROOT + " rootwait"
CONFIGURATION = cards.configuration("PARTUUID=" + GUID, ramdisk=False)
PROGRAM = 0o100755

INCOMPAT, RO_COMPAT = 1024 + 0x60, 1024 + 0x64


def features(at, bits):
    """Set feature bits that debugfs does not know, and mend the superblock's checksum."""
    def step(card):
        word = struct.unpack("<I", card.read(4, at, 4))[0]
        card.write(4, at, struct.pack("<I", word | bits))
        block = card.read(4, 1024, 1020)
        card.write(4, 1024 + 1020, struct.pack("<I", crc32c(block)))
    return step


def crc32c(data):
    """The checksum of ext4's metadata, without its final inversion."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc


def arguments(text):
    """Give the label a command line with a good root=."""
    return append(f"{HEALTHY} {text}")


def init(content, mode=PROGRAM):
    """Another /sbin/init, and nothing that the kernel could fall back to."""
    return [put("/sbin/init", content, mode), remove("/bin/sh")]


def link(target):
    """A link for /sbin/init, and nothing that the kernel could fall back to."""
    return [remove("/sbin/init"), debugfs(f"symlink /sbin/init {target}"), remove("/bin/sh")]


def scripts(count):
    """An /sbin/init that is a script, whose interpreter is a script, and so on."""
    steps = init("#!/script2\n")
    for number in range(2, count):
        steps.append(put(f"/script{number}", f"#!/script{number + 1}\n", PROGRAM))
    last = INIT.replace("$0", "$" + str(count - 1))
    return steps + [put(f"/script{count}", last, PROGRAM)]


def made_anew(*options):
    """Another file system with the same files."""
    return [other_ext4(*options, builtin=True, conf=CONFIGURATION),
            put("/sbin/init", INIT, PROGRAM), put("/bin/sh", INIT, PROGRAM)]


def prefix(guid):
    """A GUID for the root partition that begins like no other."""
    return entry(4, guid=guid)


OTHER_GUID = "c0ffee00-6a7c-4a55-8f0e-000000000004"
OFFSET = f"{ROOT}/PARTNROFF="

CASES = [
    # root=
    Case("as it is", [], BOOTS),
    Case("PARTUUID in capitals", [append(f"root=PARTUUID={GUID.upper()} rootwait")], BOOTS),
    Case("the beginning of a PARTUUID",
         [prefix(OTHER_GUID), append("root=PARTUUID=C0FFEE rootwait")], BOOTS),
    Case("the beginning of all PARTUUIDs", [append(f"root=PARTUUID={GUID[:8]} rootwait")], NO_ROOT),
    Case("PARTUUID with a digit more", [append(f"root=PARTUUID={GUID}0 rootwait")], WAITS),
    Case("PARTUUID of another card", [append("root=PARTUUID=" + OTHER_GUID + " rootwait")], WAITS),
    Case("the same without rootwait", [append("root=PARTUUID=" + OTHER_GUID)], NO_ROOT),
    Case("the partition after ssbl", [append(f"root=PARTUUID={SSBL}/PARTNROFF=1 rootwait")], BOOTS),
    Case("the partition before rootfs", [append(OFFSET + "-1 rootwait")], NO_ROOT),
    Case("the partition after rootfs", [append(OFFSET + "1 rootwait")], WAITS),
    Case("PARTNROFF with a letter", [append(OFFSET + "0x rootwait")], NO_ROOT),
    Case("an offset cut off by the kernel's buffer",
         [append(OFFSET + "00000001 rootwait")], BOOTS),
    Case("PARTUUID of nothing", [append("root=PARTUUID= rootwait")], NO_ROOT),
    Case("PARTLABEL", [append("root=PARTLABEL=rootfs rootwait")], BOOTS),
    Case("PARTLABEL in capitals", [append("root=PARTLABEL=ROOTFS rootwait")], WAITS),
    Case("UUID without an initrd", [append(f"root=UUID={FS_UUID} rootwait")], WAITS),
    Case("LABEL without an initrd", [append("root=LABEL=rootfs rootwait")], WAITS),
    Case("no root= and no rootwait", [append("ro")], NO_ROOT),
    Case("no root=", [append("rootwait")], WAITS),
    Case("root= of nothing", [append("root= rootwait")], WAITS),
    Case("root= twice, the last good", [append(f"root=PARTLABEL=none {ROOT}")], BOOTS),
    Case("root= twice, the last bad", [append(f"{ROOT} root=PARTLABEL=none")], NO_ROOT),
    Case("root= behind a double dash", [append(f"rootwait -- {ROOT}")], WAITS),
    Case("the SD card", [append("root=/dev/mmcblk0p4 rootwait")], BOOTS, "mmc"),
    Case("the SD card by number", [append("root=179:4 rootwait")], BOOTS, "mmc"),
    Case("the SD card by number in hexadecimal", [append("root=b304 rootwait")], BOOTS, "mmc"),
    Case("ssbl on the SD card", [append("root=/dev/mmcblk0p3 rootwait")], NO_ROOT, "mmc"),
    Case("a partition that is not on the SD card", [append("root=/dev/mmcblk0p6 rootwait")],
         NO_ROOT, "mmc"),
    Case("the whole SD card", [append("root=/dev/mmcblk0 rootwait")], NO_ROOT, "mmc"),

    # Other words about the root file system.
    Case("read and write", [arguments("rw")], BOOTS),
    Case("the right type", [arguments("rootfstype=ext4")], BOOTS),
    Case("types that do not fit, then the right one", [arguments("rootfstype=ext3,ext2,ext4")],
         BOOTS),
    Case("an unknown type, then the right one", [arguments("rootfstype=squashfs,ext4")], NO_ROOT),
    Case("the right type, then an unknown one", [arguments("rootfstype=ext4,squashfs")], BOOTS),
    Case("the type of its grandmother", [arguments("rootfstype=ext2")], NO_ROOT),
    Case("a grandmother by her type",
         made_anew("-O", "^has_journal,^extents,^64bit,^flex_bg,^metadata_csum") +
         [arguments("rootfstype=ext3,ext2")], BOOTS),
    Case("a known mount option", [arguments("rootflags=data=ordered,discard")], BOOTS),
    Case("an option that only mount(8) knows", [arguments("rootflags=noatime")], NO_ROOT),

    # The syntax of the command line.
    Case("root= in quotes", [append(f'"{ROOT}" rootwait')], BOOTS),
    Case("its value in quotes", [append(f'root="PARTUUID={GUID}" rootwait')], BOOTS),
    Case("quotes inside its value", [append(f'root=PARTUUID="{GUID}" rootwait')], WAITS),
    Case("quotes around a blank", [append(f'dyndbg="file a +p" {ROOT} rootwait')], BOOTS),
    Case("quotes that swallow root=", [append(f'x="a {ROOT} rootwait')], NO_ROOT),
    Case("tabs and many blanks", [append(f"rootwait \t  {ROOT}\t ro")], BOOTS),
    Case("nearly all that fits U-Boot's buffer",
         [arguments(" ".join(f"a.option{i}=value" for i in range(57)))], BOOTS),
    Case("rootwait with a number", [append(f"{ROOT} rootwait=5")], BOOTS),
    Case("arguments for init", [arguments("one two=2 -- three root=x")], BOOTS),

    # The partition table.
    Case("primary table broken", [flip(0, 512 + 56)], WAITS),
    Case("primary table broken, with the word gpt", [flip(0, 512 + 56), arguments("gpt")], BOOTS),
    Case("both tables broken", [flip(0, 512 + 56), from_end(456, "flip")], WAITS),
    Case("backup table broken", [from_end(456, "flip")], BOOTS),
    Case("image cut by 33 sectors", [resize(-33 * 512)], BOOTS),
    Case("image cut by 34 sectors", [resize(-34 * 512)], WAITS),
    Case("image cut inside rootfs", [cut_to(4, 32 * MIB)], WAITS),
    Case("image on a bigger card", [resize(8 * MIB)], BOOTS),
    Case("entries of 256 bytes", [poke32(0, 512 + 84, 256), mend_gpt()], WAITS),
    Case("hybrid MBR", [sgdisk("--hybrid", "4:EE")], BOOTS),
    Case("protective MBR gone", [zero(0, 440, 72)], WAITS),

    # The file system.
    Case("ext4 magic gone", [poke(4, 1024 + 0x38, b"\0\0")], NO_ROOT),
    Case("superblock checksum wrong", [flip(4, 1024 + 0x78)], NO_ROOT),
    Case("unknown incompatible feature", [features(INCOMPAT, 0x80000000)], NO_ROOT),
    Case("unknown feature that forbids writing", [features(RO_COMPAT, 0x80000000)], BOOTS),
    Case("the same and rw", [arguments("rw"), features(RO_COMPAT, 0x80000000)], BOOTS),
    Case("blocks of 64 KiB", made_anew("-b", "65536"), NO_ROOT),
    Case("small blocks, no journal, no checksums",
         made_anew("-b", "1024", "-O", "^has_journal,^metadata_csum,^64bit"), BOOTS),
    Case("rootfs wiped", [zero(4, 0, MIB)], NO_ROOT),

    # init
    Case("init missing, a shell instead", [remove("/sbin/init")], BOOTS),
    Case("init missing", [remove("/sbin/init"), remove("/bin/sh")], NO_INIT),
    Case("init in another place", [remove("/sbin/init"), put("/etc/init", INIT, PROGRAM)], BOOTS),
    Case("init is a link", [remove("/sbin/init"), debugfs("symlink /sbin/init ../bin/sh")], BOOTS),
    Case("init is a dangling link", link("/lib/systemd/systemd"), NO_INIT),
    Case("init is a link to itself", link("init"), NO_INIT),
    Case("init is a directory",
         [remove("/sbin/init"), debugfs("mkdir /sbin/init"), remove("/bin/sh")], NO_INIT),
    Case("init not executable", init(INIT, 0o100644), NO_INIT),
    Case("init not executable, a shell instead", [put("/sbin/init", INIT, 0o100644)], BOOTS),
    Case("init of another machine", init(elf(183, bits=64)), NO_INIT),
    Case("init without its interpreter", init(elf(40, interpreter="/lib/ld-linux-armhf.so.3")),
         NO_INIT),
    Case("init is empty", init(""), NO_INIT),
    Case("init is text", init("echo hello\n"), NO_INIT),
    Case("script without its interpreter", init(INIT.replace("/bin/busybox sh", "/bin/bash")),
         NO_INIT),
    Case("script whose interpreter is a relative path", init(INIT.replace("/bin/", "bin/", 1)),
         BOOTS),
    Case("script with blanks before its interpreter", init(INIT.replace("#!", "#! \t", 1)), BOOTS),
    Case("script with DOS line ends", init("#!/bin/busybox\r\necho\r\n"), NO_INIT),
    Case("script whose interpreter is of another machine",
         init("#!/bin/other\n") + [put("/bin/other", elf(183, bits=64), PROGRAM)], NO_INIT),
    Case("script whose interpreter lacks its own",
         init("#!/bin/other\n") +
         [put("/bin/other", elf(40, interpreter="/lib/ld-linux-armhf.so.3"), PROGRAM)],
         NO_INIT),
    Case("five scripts, each another's interpreter", scripts(5), BOOTS),
    Case("six scripts, each another's interpreter", scripts(6), NO_INIT),
    Case("script whose interpreter is itself", init("#!/sbin/init\n"), NO_INIT),
    Case("init= names a program", [arguments("init=/etc/init"), put("/etc/init", INIT, PROGRAM)],
         BOOTS),
    Case("init= names nothing", [arguments("init=/etc/init")], NO_INIT),
    Case("init= twice", [arguments("init=/etc/init init=/bin/sh")], BOOTS),
    Case("init= names nothing, then takes nothing", [arguments("init=/etc/init init=")], NO_INIT),
    Case("init= relative", [arguments("init=sbin/init")], BOOTS),
]

# Booted by U-Boot from the card, which brings the drivers in an initrd without /init.
CHAIN = [
    Case("as it is", [], BOOTS),
    Case("quotes, variables and a double dash",
         [append(f'{ROOT} rootwait a="b  c"${{nothing}} x=${{nothing}}y $one \\${{two}} -- three')],
         BOOTS),
    Case("PARTUUID of another card", [append(f"root=PARTUUID={OTHER_GUID} rootwait")], WAITS),
]
