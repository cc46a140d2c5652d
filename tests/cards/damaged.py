# SPDX-License-Identifier: MIT
"""The damaged cards, and what stmboot must say of each.

A row: name, the healthy card it is made from, the steps, then the verdict, the
stage where the boot stops (None: it goes through) and the finding codes that
must be among those raised. The expectations come from what real programs do,
never from what stmboot printed.

The cards: small has Debian's kernel and its initrd; builtin a kernel that needs
none; tfa the stand-in for TF-A v2.6 in fsbl1 and fsbl2 and U-Boot behind an
STM32 header.
"""

import gzip
import struct

import cards
import image
import tools
from damage import (CONF, DTB, INITRD, KERNEL, append, both_fsbl, conf, copy, cut_to, debugfs, entry,
                    environment, flip, from_end, lengthen, loader, mend_gpt, other_ext4, poke,
                    poke32, put, reconf, remove, resize, rewrite, save_default, sgdisk,
                    shorten, zero)

KIB, MIB = 1 << 10, 1 << 20
GOOD = cards.configuration()
PLAIN = cards.configuration(ramdisk=False)
ROOTFS = cards.GUIDS["rootfs"]


def crlf(text):
    return text.replace("\n", "\r\n")


def elf(machine, bits=32, interpreter=None):
    """A tiny ELF program, never run: only its header is looked at."""
    wide = bits == 64
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1, 1]) + bytes(9)
    size, entry_size = (64, 56) if wide else (52, 32)
    name = (interpreter or "").encode() + b"\0"
    header = struct.pack("<HHIQQQIHHHHHH" if wide else "<HHIIIIIHHHHHH", 2, machine, 1, 0, size, 0,
                         0, size, entry_size, 1 if interpreter else 0, 0, 0, 0)
    program = b""
    if interpreter:
        at = size + entry_size
        program = struct.pack("<8I", 3, at, 0, 0, len(name), len(name), 4, 1) + name
    return (ident + header + program).ljust(256, b"\0")


OVERLAY = """/dts-v1/; /plugin/;
&led { status = "disabled"; };
"""


def device_tree(source):
    """The blob that dtc makes of a source."""
    return tools.run("dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-", data=source.encode())


def board(aliases, second="okay"):
    """A device tree with the two controllers of an STM32MP157, and these aliases."""
    return device_tree(f"""/dts-v1/;
/ {{
	model = "A board with an eMMC";
	compatible = "st,stm32mp157c-dk2", "st,stm32mp157";
	chosen {{ stdout-path = "serial0:115200n8"; }};
	aliases {{ serial0 = "/soc/serial@40010000"; {aliases} }};
	soc {{
		#address-cells = <1>;
		#size-cells = <1>;
		serial@40010000 {{ compatible = "st,stm32h7-uart"; reg = <0x40010000 0x400>; }};
		sd: mmc@58005000 {{ compatible = "st,stm32-sdmmc2", "arm,pl18x"; reg = <0x58005000 0x400>; }};
		emmc: mmc@58007000 {{ compatible = "st,stm32-sdmmc2", "arm,pl18x"; reg = <0x58007000 0x400>;
			status = "{second}"; }};
	}};
}};
""")


def compressed(card):
    """Keep the card as a .gz would."""
    with open(card.path, "rb") as f:
        data = gzip.compress(f.read(), 1, mtime=0)
    with open(card.path, "wb") as f:
        f.write(data)


def no_shell():
    """Take away what the kernel falls back to when /sbin/init cannot run."""
    return remove("/bin/sh")


LONG = "root=/dev/mmcblk0p4 rootwait " + " ".join(f"option{i}=value" for i in range(80))
TWO = "label first\n  kernel /boot/missing\n" + GOOD

ROWS = [
    # Unusual and healthy.
    ("compressed with gzip", "small", [compressed], "ok", None, []),
    ("user area of an eMMC", "small",
     [append("root=/dev/mmcblk1p2 rootwait"), sgdisk("-d", "1", "-d", "2"), sgdisk("-r", "1:3"),
      sgdisk("-r", "2:4")],
     "ok", None, []),

    # The partition table.
    ("primary header checksum wrong", "small", [flip(0, 512 + 56)],
     "error", "rom", ["gpt.primary-bad"]),
    ("primary entries checksum wrong", "small", [flip(0, 1024 + 56)],
     "error", "rom", ["gpt.primary-bad"]),
    ("primary header gone", "small", [zero(0, 512, 512)],
     "error", "rom", ["gpt.primary-missing"]),
    ("primary header names another LBA as its own", "small", [poke(0, 512 + 24, b"\2"), mend_gpt()],
     "error", "rom", ["gpt.primary-bad"]),
    ("entry size 256", "small", [poke32(0, 512 + 84, 256), mend_gpt()],
     "error", "rom", ["gpt.entry-size"]),
    ("last usable LBA behind the medium", "small", [poke32(0, 512 + 48, 0x7FFFFFFF), mend_gpt()],
     "error", "rom", ["gpt.primary-bad"]),
    ("both tables broken", "small", [flip(0, 512 + 56), from_end(456, "flip")],
     "error", "rom", ["gpt.primary-bad", "gpt.backup-bad"]),
    ("backup header checksum wrong", "small", [from_end(456, "flip")],
     "warning", None, ["gpt.backup-bad"]),
    ("backup table wiped", "small", [from_end(33 * 512, "zero")],
     "warning", None, ["gpt.backup-missing"]),
    ("a part of a sector at the end", "small", [resize(102)],
     "warning", None, ["image.partial-sector"]),
    ("image on a bigger card", "small", [resize(8 * MIB)],
     "warning", None, ["gpt.backup-misplaced"]),
    ("backup table cut off", "small", [resize(-33 * 512)],
     "warning", None, ["gpt.backup-missing"]),
    ("copies disagree about a name", "small", [poke(0, 1024 + 128 * 3 + 56, b"s\0d\0"), mend_gpt()],
     "warning", None, ["gpt.copies-differ"]),
    ("image cut in the middle of rootfs", "small", [cut_to(4, 32 * MIB)],
     "error", "fsbl", ["image.truncated", "gpt.usable-beyond-medium"]),
    ("image cut inside ssbl", "small", [cut_to(3, 64 * KIB)],
     "error", "fsbl", ["image.truncated"]),
    ("table for 4096-byte sectors", "small",
     [lambda card: card.write(0, 4096, card.read(0, 512, 512)),
      lambda card: card.write(0, 8192, card.read(0, 1024, 512)), zero(0, 512, 1024)],
     "error", "rom", ["gpt.sector-size"]),
    ("two partitions with one GUID", "small", [entry(2, guid=cards.GUIDS["fsbl1"])],
     "warning", None, ["gpt.duplicate-guid"]),
    ("ssbl runs into rootfs", "small", [lengthen(3, 64 * KIB)],
     "error", "extlinux", ["gpt.overlap"]),
    ("no partition is bootable", "small", [sgdisk("-A", "4:clear:2")],
     "error", "extlinux", ["extlinux.not-found"]),
    ("only ssbl is bootable", "small", [sgdisk("-A", "4:clear:2"), sgdisk("-A", "3:set:2")],
     "error", "extlinux", []),
    ("ssbl is bootable too", "small", [sgdisk("-A", "3:set:2")],
     "warning", None, ["extlinux.several-bootable"]),
    ("protective MBR gone", "small", [zero(0, 440, 72)],
     "error", "fsbl", ["mbr.missing"]),
    ("MBR signature gone", "small", [zero(0, 510, 2)],
     "error", "fsbl", ["mbr.missing"]),
    ("hybrid MBR under SPL", "small", [sgdisk("--hybrid", "4:EE")],
     "warning", None, ["mbr.hybrid"]),
    ("hybrid MBR under TF-A", "tfa", [sgdisk("--hybrid", "4:EE")],
     "error", "fsbl", ["mbr.hybrid"]),
    ("DOS table instead of GPT", "small",
     [zero(0, 512, 33 * 512 - 512), from_end(33 * 512, "zero"),
      poke(0, 446, struct.pack("<B3sB3sII", 0x80, b"\0\0\0", 0x83, b"\0\0\0", 4602, 131072))],
     "error", "rom", []),

    # The first stage.
    ("no partition is named fsbl", "small", [entry(1, name="boot1"), entry(2, name="boot2")],
     "error", "rom", ["fsbl.not-found"]),
    ("fsbl in capitals", "small", [entry(1, name="FSBL1"), entry(2, name="FSBL2")],
     "error", "rom", ["fsbl.not-found"]),
    ("names lost", "small", [entry(n, name="Microsoft basic data") for n in (1, 2, 3, 4)],
     "error", "rom", ["fsbl.not-found"]),
    ("fsbl2 under another name", "small", [entry(2, name="spare")],
     "warning", None, ["fsbl.single"]),
    # U-Boot's search for its environment ends at the hole, before it meets ssbl.
    ("fsbl2 not in the table", "small", [sgdisk("-d", "2")],
     "error", "extlinux", ["fsbl.single", "env.overwrites-data"]),
    ("fsbl1 damaged", "small", [flip(1, 256 + 1000)],
     "warning", None, ["stm32.checksum"]),
    ("fsbl2 damaged", "small", [flip(2, 256 + 1000)],
     "warning", None, ["stm32.checksum"]),
    ("both first stages damaged", "small", [flip(1, 256 + 1000), flip(2, 256 + 1000)],
     "error", "rom", ["stm32.checksum"]),
    ("fsbl1 empty", "small", [zero(1, 0, 236 * 512)],
     "warning", None, ["stm32.magic"]),
    ("raw SPL without a header", "small", [both_fsbl(lambda old: old[256:])],
     "error", "rom", ["stm32.magic"]),
    ("an ELF file as first stage", "small", [both_fsbl(lambda old: elf(40))],
     "error", "rom", ["stm32.magic"]),
    ("first stage longer than its partition", "small",
     [poke32(1, 76, 121000), poke32(2, 76, 121000)],
     "error", "rom", ["stm32.payload-truncated"]),
    ("first stage with a header for another SoC", "small",
     [both_fsbl(lambda old: old[:72] + b"\0\0\2\0" + old[76:])],
     "error", "rom", ["stm32.version"]),
    ("first stage of length zero", "small", [poke32(1, 76, 0), poke32(2, 76, 0)],
     "error", "rom", ["stm32.length-zero"]),
    ("entry point in DDR", "small", [poke32(1, 80, 0xC0100000), poke32(2, 80, 0xC0100000)],
     "error", "rom", ["stm32.entry-outside"]),
    ("two different first stages", "small",
     [loader(2, lambda old: image.stm32_mend(old[:1256] + b"\x5a" + old[1257:]))],
     "warning", None, ["fsbl.copies-differ"]),

    # From the first stage to U-Boot.
    ("U-Boot in partition 4", "small", [sgdisk("-r", "3:4")],
     "error", "fsbl", ["fsbl.second-stage-not-found"]),
    ("no partition 3", "small", [sgdisk("-d", "3")],
     "error", "fsbl", ["fsbl.second-stage-not-found"]),
    ("ssbl empty", "small", [zero(3, 0, 2 * MIB)],
     "error", "fsbl", []),
    ("U-Boot's magic gone", "small", [zero(3, 0, 4)],
     "error", "fsbl", []),
    ("U-Boot behind an STM32 header under SPL", "small",
     [loader(3, lambda old: image.stm32_image(old[64:2 * MIB - 512], load=0xC0100000,
                                              entry=0xC0100000))],
     "error", "fsbl", []),
    ("U-Boot's data damaged", "small", [flip(3, 300000)],
     "error", "ssbl", ["uimage.data-crc"]),
    ("U-Boot's header damaged", "small", [flip(3, 40)],
     "error", "ssbl", ["uimage.header-crc"]),
    ("U-Boot longer than its partition", "small",
     [poke(3, 12, struct.pack(">I", 4 * MIB)), loader(3, image.uimage_mend)],
     "error", "ssbl", ["uimage.truncated"]),
    ("TF-A finds no ssbl", "tfa", [entry(3, name="uboot")],
     "error", "fsbl", ["fsbl.second-stage-not-found"]),
    ("ssbl is beyond TF-A's third entry", "tfa", [sgdisk("-r", "3:4")],
     "error", "fsbl", []),
    ("U-Boot damaged under TF-A", "tfa", [flip(3, 300000)],
     "error", "ssbl", ["stm32.checksum"]),
    ("wrong load address under TF-A", "tfa", [poke32(3, 88, 0xC0200000)],
     "error", "ssbl", ["stm32.ssbl-load"]),
    ("a uImage under TF-A", "tfa", [loader(3, lambda old: image.uimage(old[256:], "U-Boot")[:len(old)])],
     "error", "ssbl", []),

    # A bootfs apart from the rootfs.
    ("paths of a rootfs in the bootfs", "bootfs", [put("/extlinux/extlinux.conf", GOOD)],
     "error", "kernel", ["kernel.not-found"]),
    ("root= names the bootfs", "bootfs",
     [put("/extlinux/extlinux.conf",
          cards.configuration("PARTUUID=" + cards.GUIDS["bootfs"]).replace("/boot/", "/"))],
     "warning", None, ["init.not-found"]),

    # U-Boot's environment.
    ("third partition named uboot", "small", [entry(3, name="uboot")],
     "error", "extlinux", ["env.overwrites-data"]),
    ("ssbl filled to its end", "small", [shorten(3, 2081 * 512)],
     "error", "extlinux", ["env.overwrites-data"]),
    ("saved environment with its own bootcmd", "small",
     [environment(16 * KIB, bootcmd="true; run bootcmd_stm32mp", bootdelay="2")],
     "warning", None, ["env.overrides-boot"]),
    ("saved environment whose bootcmd runs nothing", "small",
     [environment(16 * KIB, bootcmd="run something")],
     "error", "extlinux", ["env.bootcmd-undefined"]),
    ("saved environment without bootcmd", "small", [environment(16 * KIB, bootdelay="2")],
     "error", "extlinux", ["env.no-bootcmd"]),
    ("U-Boot's default environment saved", "small", [save_default()], "ok", None, []),
    ("saved environment of another search", "small", [save_default(boot_prefixes="/boot/ /")],
     "warning", None, ["env.search-order"]),
    ("saved environment that looks nowhere", "small", [save_default(boot_prefixes="")],
     "error", "extlinux", ["env.missing-variable"]),
    ("saved environment with other addresses", "small", [save_default(fdt_addr_r="0xc2100000")],
     "warning", None, ["env.load-address"]),
    ("saved environment damaged", "small",
     [environment(16 * KIB, good=False, bootcmd="run something")],
     "ok", None, []),

    # extlinux.conf.
    ("no extlinux.conf", "small", [remove(CONF)],
     "error", "extlinux", ["extlinux.not-found"]),
    ("extlinux.conf empty", "small", [conf("")],
     "error", "extlinux", ["extlinux.no-label"]),
    ("extlinux.conf with DOS line ends", "small", [conf(crlf(GOOD))],
     "error", "kernel", ["extlinux.carriage-return"]),
    ("byte order mark", "small", [conf("\ufeff" + GOOD)],
     "error", "extlinux", ["extlinux.byte-order-mark"]),
    ("menu without a timeout", "small", [conf("menu title Choose\n" + GOOD)],
     "error", "extlinux", ["extlinux.endless-menu"]),
    ("menu with a timeout", "small", [conf("menu title Choose\ntimeout 30\n" + GOOD)],
     "ok", None, []),
    ("menu with a negative timeout", "small", [conf("menu title Choose\ntimeout -30\n" + GOOD)],
     "warning", None, ["extlinux.negative-timeout"]),
    ("label without a kernel", "small", [reconf("  kernel /boot/zImage\n", "")],
     "error", "extlinux", ["extlinux.no-kernel"]),
    ("unknown word ends the label", "small", [reconf("  kernel", "  options quiet\n  kernel")],
     "error", "extlinux", ["extlinux.label-ended"]),
    ("second initrd line ends the label", "small",
     [reconf("  initrd /boot/initrd.img", "  initrd /boot/initrd.img\n  initrd /boot/initrd.img")],
     "error", "extlinux", ["extlinux.duplicate-key"]),
    ("label without a name", "small", [reconf("label " + cards.LABEL, "label")],
     "error", "extlinux", ["extlinux.empty-value"]),
    ("included file missing", "small", [conf("include more.conf\n" + GOOD)],
     "error", "extlinux", ["extlinux.include"]),
    ("default names no label", "small", [conf("default other\n" + GOOD)],
     "warning", None, ["extlinux.default-unknown"]),
    ("first label fails, second boots", "small", [conf(TWO)],
     "warning", None, ["extlinux.label-fails"]),
    ("two labels of one name", "small", [conf(GOOD + GOOD)],
     "warning", None, ["extlinux.duplicate-label"]),
    ("append ends in initrd=", "small",
     [conf(PLAIN.replace("rootwait", "rootwait initrd=/boot/initrd.img"))],
     "error", "extlinux", ["extlinux.initrd-last"]),
    ("a variable that is not closed", "builtin", [append("rootwait ${root=/dev/mmcblk0p4")],
     "error", "kernel", ["bootargs.unclosed-variable", "bootargs.no-root"]),
    ("append expands to nothing", "builtin", [append("${nothing}")],
     "error", "rootfs", ["bootargs.deleted"]),
    ("append longer than U-Boot's buffer", "small", [append(LONG)],
     "error", "kernel", ["bootargs.too-long"]),
    ("capitals and tabs", "small",
     [conf(GOOD.replace("  kernel ", "\tKERNEL\t").replace("label", "LABEL"))],
     "ok", None, []),
    ("no newline at the end", "small", [conf(GOOD[:-1])],
     "ok", None, []),
    ("relative paths", "small", [conf(GOOD.replace("/boot/", "../"))],
     "ok", None, []),
    ("path in quotes", "small", [reconf("/boot/zImage", '"/boot/zImage"')],
     "error", "kernel", ["kernel.not-found"]),
    ("blank after the kernel's path", "small", [reconf("/boot/zImage", "/boot/zImage ")],
     "error", "kernel", ["extlinux.trailing-blank"]),
    ("comment after the kernel's path", "small", [reconf("/boot/zImage", "/boot/zImage # main")],
     "error", "kernel", ["kernel.not-found"]),
    ("a stale /extlinux hides the real one", "small",
     [debugfs("mkdir /extlinux"), put("/extlinux/extlinux.conf", GOOD)],
     "warning", None, ["extlinux.several"]),
    ("a stale /extlinux without a usable label", "small",
     [debugfs("mkdir /extlinux"), put("/extlinux/extlinux.conf", "label old\n  kernel /zImage\n")],
     "warning", None, ["extlinux.several"]),
    ("a boot script comes first", "small",
     [put("/boot.scr.uimg", image.uimage(struct.pack(">II", 5, 0) + b"true\n", "", 0, 0, kind=6))],
     "warning", None, ["extlinux.script-first"]),

    # Kernel and initrd.
    ("kernel missing", "small", [remove(KERNEL)],
     "error", "kernel", ["kernel.not-found"]),
    ("kernel is a directory", "small", [reconf("/boot/zImage", "/boot/extlinux")],
     "error", "kernel", []),
    ("kernel is a link to itself", "small", [remove(KERNEL), debugfs("symlink /boot/zImage zImage")],
     "error", "kernel", []),
    ("kernel cut short", "small", [rewrite(KERNEL, lambda old: old[:3 * MIB])],
     "error", "kernel", ["kernel.truncated"]),
    ("kernel's magic gone", "small", [rewrite(KERNEL, lambda old: old[:36] + bytes(4) + old[40:])],
     "error", "kernel", ["kernel.not-bootable"]),
    ("an ELF kernel", "small", [put(KERNEL, elf(40) * 64)],
     "error", "kernel", ["kernel.not-bootable"]),
    ("a kernel for another architecture", "small",
     [put(KERNEL, (b"MZ\0\x91" + bytes(12) + struct.pack("<QQ", 65536, 10) + bytes(24) +
                   b"ARM\x64").ljust(65536, b"\0"))],
     "error", "kernel", ["kernel.other-architecture"]),
    ("kernel runs into the device tree", "small",
     [put(KERNEL, image.zimage(bytes(33 * MIB)))],
     "error", "kernel", ["kernel.overlap"]),
    ("initrd missing", "small", [remove(INITRD)],
     "error", "kernel", ["kernel.initrd-not-found"]),
    ("no initrd for a kernel with ext4 as a module", "small", [conf(PLAIN)],
     "error", "rootfs", ["rootfs.needs-initrd"]),

    # The device tree.
    ("device tree missing", "small", [remove(DTB)],
     "error", "dtb", ["dtb.not-found"]),
    ("device tree cut short", "small", [rewrite(DTB, lambda old: old[:30000])],
     "error", "dtb", ["dtb.truncated"]),
    ("device tree's magic gone", "small", [rewrite(DTB, lambda old: bytes(4) + old[4:])],
     "error", "dtb", ["dtb.bad-magic"]),
    ("device tree for SCMI under SPL", "small", [copy(DTB, lambda packages: packages.scmi_dtb)],
     "warning", None, ["dtb.scmi"]),
    ("device tree of another board", "small",
     [copy(DTB, lambda packages: packages.dtb.replace("157c-dk2", "157a-dk1"))],
     "warning", None, ["dtb.board-mismatch"]),
    ("label without a device tree", "small", [reconf(f"  devicetree {DTB}\n", "")],
     "warning", None, ["dtb.none"]),
    ("directory of device trees without the board's", "small",
     [reconf(f"devicetree {DTB}", "devicetreedir /boot/extlinux")],
     "warning", None, ["dtb.directory-without-file"]),
    ("overlay for a device tree without symbols", "small",
     [put("/boot/led.dtbo", device_tree(OVERLAY)),
      reconf("  append", "  fdtoverlays /boot/led.dtbo\n  append")],
     "error", "dtb", ["dtb.overlay-fails"]),
    ("overlay missing", "small", [reconf("  append", "  fdtoverlays /boot/no.dtbo\n  append")],
     "warning", None, ["dtb.overlay-not-found"]),

    # The root file system.
    ("root= names a partition that is not there", "builtin", [append("root=/dev/mmcblk0p6 rootwait")],
     "error", "rootfs", ["rootfs.not-found"]),
    ("the same with an initrd", "small", [append("root=/dev/mmcblk0p6 rootwait")],
     "warning", None, ["rootfs.not-found"]),
    ("root= names ssbl", "builtin", [append("root=/dev/mmcblk0p3 rootwait")],
     "error", "rootfs", ["rootfs.no-filesystem"]),
    ("an alias makes the card mmcblk1", "builtin",
     [put(DTB, board("mmc0 = &emmc; mmc1 = &sd;")), append("root=/dev/mmcblk1p4 rootwait")],
     "ok", None, []),
    ("an alias makes the eMMC mmcblk0", "builtin", [put(DTB, board("mmc0 = &emmc; mmc1 = &sd;"))],
     "warning", None, ["rootfs.elsewhere"]),
    ("an alias of the eMMC alone makes the card mmcblk2", "builtin",
     [put(DTB, board("mmc1 = &emmc;")), append("root=/dev/mmcblk2p4 rootwait")],
     "ok", None, []),
    ("two controllers without an alias", "builtin", [put(DTB, board(""))],
     "warning", None, ["rootfs.disk-number"]),
    ("two controllers without an alias, and PARTUUID", "builtin",
     [put(DTB, board("")), append(f"root=PARTUUID={ROOTFS} rootwait")],
     "ok", None, []),
    ("one of two controllers is disabled", "builtin", [put(DTB, board("", "disabled"))],
     "ok", None, []),
    ("PARTUUID of another card", "builtin",
     [append("root=PARTUUID=e91c4e10-16e6-4c0e-bd0e-77becf4a3582 rootwait")],
     "error", "rootfs", ["rootfs.not-found"]),
    ("PARTUUID in capitals", "builtin", [append(f"root=PARTUUID={ROOTFS.upper()} rootwait")],
     "ok", None, []),
    ("PARTUUID with its bytes swapped", "builtin",
     [append("root=PARTUUID=b1f50c1b-7c6a-554a-8f0e-000000000004 rootwait")],
     "error", "rootfs", ["rootfs.not-found"]),
    ("UUID= without an initrd", "builtin",
     [append("root=UUID=c5f5f0c4-7d49-4a8e-8f0e-2b6b3f6f7a01 rootwait")],
     "error", "rootfs", ["rootfs.needs-initrd"]),
    ("LABEL= without an initrd", "builtin", [append("root=LABEL=rootfs rootwait")],
     "error", "rootfs", ["rootfs.needs-initrd"]),
    ("LABEL= with an initrd", "small", [append("root=LABEL=rootfs rootwait")],
     "ok", None, []),
    ("PARTLABEL=", "builtin", [append("root=PARTLABEL=rootfs rootwait")],
     "ok", None, []),
    ("no root=", "builtin", [append("rootwait")],
     "error", "rootfs", ["bootargs.no-root"]),
    ("a variable that this U-Boot leaves empty", "builtin",
     [append("root=PARTUUID=${distro_bootpart_uuid} rootwait")],
     "error", "rootfs", []),
    ("no rootwait", "builtin", [append("root=/dev/mmcblk0p4")],
     "warning", None, ["bootargs.no-rootwait"]),
    ("rootfstype= for a file system that is a module", "builtin",
     [append("root=/dev/mmcblk0p4 rootwait rootfstype=squashfs,ext4")],
     "error", "rootfs", ["rootfs.wrong-type"]),
    ("rootfstype=ext3 for an ext4", "builtin",
     [append("root=/dev/mmcblk0p4 rootwait rootfstype=ext3")],
     "error", "rootfs", ["rootfs.wrong-type"]),
    ("rootfstype= with the right one in the end", "builtin",
     [append("root=/dev/mmcblk0p4 rootwait rootfstype=ext3,ext4")], "ok", None, []),
    ("rootflags= from fstab", "builtin",
     [append("root=/dev/mmcblk0p4 rootwait rootflags=discard,noatime")],
     "error", "rootfs", ["rootfs.mount-option"]),
    ("rootflags= of ext4", "builtin",
     [append("root=/dev/mmcblk0p4 rootwait rootflags=discard,commit=30")], "ok", None, []),
    ("a console that the board does not have", "builtin",
     [append("root=/dev/mmcblk0p4 rootwait console=ttyAMA0")],
     "warning", None, ["bootargs.console"]),
    ("file system larger than its partition", "builtin", [shorten(4, 56 * MIB)],
     "error", "rootfs", ["ext4.larger-than-partition"]),
    ("superblock checksum wrong", "builtin", [flip(4, 1024 + 0x78)],
     "error", "rootfs", ["ext4.superblock-checksum"]),
    ("journal needs recovery", "small", [debugfs("feature needs_recovery")],
     "warning", None, ["ext4.needs-recovery"]),
    ("file system marked as having errors", "small", [debugfs("ssv state 2")],
     "warning", None, ["ext4.not-clean"]),
    ("root file system wiped", "small", [zero(4, 0, MIB)],
     "error", "extlinux", []),
    ("files in inodes", "small", [other_ext4("-O", "inline_data")],
     "error", "extlinux", ["ext4.inline-data"]),
    ("bigalloc with 1 KiB blocks", "small", [other_ext4("-O", "bigalloc", "-b", "1024", "-C", "16384")],
     "error", "extlinux", ["ext4.bigalloc-1k"]),
    ("bigalloc with 4 KiB blocks", "small", [other_ext4("-O", "bigalloc", "-b", "4096", "-C", "16384")],
     "ok", None, []),
    ("blocks of 64 KiB", "small", [other_ext4("-b", "65536")],
     "warning", None, ["ext4.large-block"]),
    ("blocks of 64 KiB without an initrd", "builtin",
     [other_ext4("-b", "65536", builtin=True, conf=PLAIN)],
     "error", "rootfs", ["ext4.large-block", "rootfs.large-block"]),
    ("no journal, no checksums, no extents", "small",
     [other_ext4("-O", "^has_journal,^metadata_csum,^extents,^64bit")],
     "ok", None, []),

    # init.
    ("init missing", "builtin", [remove("/sbin/init"), no_shell()],
     "error", "init", ["init.not-found"]),
    ("init missing, a shell instead", "builtin", [remove("/sbin/init")],
     "warning", None, ["init.not-found"]),
    ("init missing behind an initrd", "small", [remove("/sbin/init"), no_shell()],
     "warning", None, ["init.not-found"]),
    ("init is a dangling link", "builtin",
     [remove("/sbin/init"), debugfs("symlink /sbin/init /usr/lib/systemd/systemd"), no_shell()],
     "error", "init", ["init.not-found"]),
    ("init for x86-64", "builtin", [put("/sbin/init", elf(62, 64), 0o100755), no_shell()],
     "error", "init", ["init.wrong-machine"]),
    ("init not executable", "builtin", [put("/sbin/init", elf(40)), no_shell()],
     "error", "init", ["init.not-executable"]),
    ("init's interpreter missing", "builtin",
     [put("/sbin/init", elf(40, interpreter="/lib/ld-linux-armhf.so.3"), 0o100755), no_shell()],
     "error", "init", ["init.no-interpreter"]),
    ("init a script without its interpreter", "builtin",
     [put("/sbin/init", "#!/bin/bash\n", 0o100755), no_shell()],
     "error", "init", ["init.no-interpreter"]),
    ("init a script whose interpreter is for x86-64", "builtin",
     [put("/sbin/init", "#!/bin/other\n", 0o100755), put("/bin/other", elf(62, 64), 0o100755),
      no_shell()],
     "error", "init", ["init.no-interpreter"]),
    ("init a script whose interpreter lacks its own", "builtin",
     [put("/sbin/init", "#!/bin/other\n", 0o100755),
      put("/bin/other", elf(40, interpreter="/lib/ld-linux-armhf.so.3"), 0o100755), no_shell()],
     "error", "init", ["init.no-interpreter"]),
    ("init= names a missing file", "builtin", [append("root=/dev/mmcblk0p4 rootwait init=/linuxrc")],
     "error", "init", ["init.not-found"]),
]
