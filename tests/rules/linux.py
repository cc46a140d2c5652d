# SPDX-License-Identifier: MIT
"""Rules on what is loaded and started: file systems, kernel, device trees, root and init."""

import gzip
import struct

import cards
import containers
import image
import recipe
import tools
from configuration import GOOD, INITRD, KERNEL, append, two
from damage import DTB, conf, debugfs, entry, flip, put, remove, shorten
from small import JOURNAL, Row, golden, length, partition, pulled

BOARD = 'compatible = "st,stm32mp157c-dk2", "st,stm32mp157";'
LATER = "9a127000-0000-4000-8000-0000000000f4"
MAX_TREE = 2 << 20
CODE = recipe.filler(4096)
INIT = "/sbin/init"


def filesystem(*options):
    """The root file system made again with other mke2fs options."""
    def step(card):
        (line,) = [l for l in recipe.load("healthy") if l.words[1:3] == ["4", "rootfs"]][0].below
        line.words += options
        card.write(4, 0, recipe.ext4(line, card.size(4)))
    return step


def e2fsck(version):
    """A file system with a feature that is new, and a program that may know it."""
    return [feature("orphan_file"), put("/sbin/e2fsck", recipe.filler(99) + b"\0ext2fs\0" +
                                        version.encode() + b"\0005-Feb-2023\0")]


def feature(*names):
    """Set features of the file system."""
    return debugfs(*[f"feature {name}" for name in names])


def kernel(data, uimage=False, **fields):
    """Another kernel."""
    return put(KERNEL, image.uimage(data, "Linux", 0x8000, 0x8000, 5, **fields) if uimage else data)


def with_payload(text, damage=None):
    """A zImage that unpacks to this text; its size stands behind the payload, as in gzip."""
    payload = gzip.compress(text, 9, mtime=0)
    data = bytearray(0x220) + payload + bytes(64)
    end = len(data)
    data[0x24:0x3C] = struct.pack("<6I", 0x016F2818, 0, end, 0x04030201, 0x45454545, 0x200)
    data[0x200:0x218] = struct.pack("<6I", 6, 0x5A534C4B, 0x220 + len(payload) - 4, 0x1000, 0x8000,
                                    0x10000)
    if damage is not None:
        data[0x220 + damage] ^= 1
    return bytes(data)


def release(name):
    """The kernel's text as it stands in memory."""
    banner = f"Linux version {name} (build@host) (gcc) #1 SMP Thu Jan 1 00:00:00 UTC 2023\n\0"
    return recipe.filler(256) + banner.encode() + CODE


def arm64(size=4096):
    """An arm64 Image."""
    header = struct.pack("<IIQQQQQQ4sI", 0x14000000, 0, 0, size, 0xA, 0, 0, 0, b"ARM\x64", 0)
    return header.ljust(size, b"\1")


def tree(source=BOARD, *options):
    """A device tree."""
    return tools.run("dtc", "-q", *options, "-I", "dts", "-O", "dtb", "-",
                     data=f"/dts-v1/;\n/ {{ {source} }};\n".encode())


def word(data, offset, value):
    """A device tree with another word in its header."""
    return data[:offset] + struct.pack(">I", value) + data[offset + 4:]


def shifted(count):
    """A device tree whose blocks stand so many bytes later."""
    data = tree()
    head = list(struct.unpack_from(">10I", data))
    head[1] += count
    for index in (2, 3, 4):
        head[index] += count
    return struct.pack(">10I", *head) + bytes(count) + data[40:]


def last_token(value):
    """A device tree with another token at the end of its structure."""
    data = tree()
    start, size = struct.unpack_from(">I", data, 8)[0], struct.unpack_from(">I", data, 36)[0]
    return word(data, start + size - 4, value)


def overlay(target, base=()):
    """An overlay for the base tree, and a label that wants it."""
    source = f"/dts-v1/; /plugin/;\n{target} {{ status = \"okay\"; }};\n"
    data = tools.run("dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-", data=source.encode())
    return [put(DTB, tree(BOARD + " led: led { };", *base)), put("/boot/led.dtbo", data),
            conf(GOOD + "  fdtoverlays /boot/led.dtbo\n")]


def controllers(second):
    """The device tree of a board with two controllers for cards, the second in this state."""
    return put(DTB, tree(BOARD + f"""
        #address-cells = <1>; #size-cells = <1>;
        mmc@58005000 {{ compatible = "st,stm32-sdmmc2", "arm,pl18x"; reg = <0x58005000 0x1000>; }};
        mmc@58007000 {{ compatible = "st,stm32-sdmmc2", "arm,pl18x"; reg = <0x58007000 0x1000>;
                        status = "{second}"; }};"""))


def root(spec):
    """A label with another root=."""
    return [conf(GOOD.replace("root=/dev/mmcblk0p4", "root=" + spec))]


def alike(guid):
    """Give the root partition a GUID of its own, and a partition behind it another."""
    return [entry(4, guid=LATER), partition(5, "data", 1720, 8, guid=guid)]


def initrd(name):
    """An initramfs with one program, and a label that wants it."""
    return [put("/boot/initrd", cards.newc([(name, 0o100755, b"#!/bin/sh\n")])),
            conf(GOOD + "  initrd /boot/initrd\n")]


def squashfs(magic):
    """A root file system of another kind, in a partition of its own."""
    return [partition(5, "data", 1720, 8), lambda card: card.write(0, 1720 * 512, magic + CODE[:600])]


def init(content, mode=0o100755):
    """The first program, and no shell in its place."""
    return [remove("/bin/sh"), put(INIT, content, mode)]


ARM = recipe.elf("arm")
UNMOUNTED = {"rootfs.no-filesystem": "Linux cannot mount it"}

def unknown_feature(log):
    """Give a journal a feature that nobody knows."""
    log.head[0x2B] |= 0x40
    log.write_head()


NOTE = put("/note", "changed while the board was running\n")

BASES = {
    "with-kernel": (golden("healthy"), [put(KERNEL, with_payload(release("6.1.0")))]),
    "with-journal": (JOURNAL, []),
}

ROWS = [
    Row("ext4.bad-geometry", "healthy", [debugfs("ssv inodes_count 31")],
        [debugfs("ssv inodes_count 32")], UNMOUNTED),
    Row("ext4.larger-than-partition", "healthy", [shorten(4, 767 * 1024)],
        [shorten(4, 768 * 1024)]),
    Row("ext4.superblock-checksum", "healthy", [flip(4, 1024 + 0x78)], [flip(4, 1023)], UNMOUNTED),
    Row("ext4.needs-recovery", "healthy", [feature("needs_recovery")], [feature("large_dir")]),
    Row("ext4.journal-damaged", "with-journal",
        [pulled(NOTE, then=lambda log: log.flip(log.find("commit"), 200))], [pulled(NOTE)], UNMOUNTED,
        says="commit block"),
    Row("ext4.journal-not-followed", "with-journal", [pulled(NOTE, then=unknown_feature)],
        [pulled(NOTE)], says="a feature that is not known"),
    Row("ext4.journal-cut", "with-journal", [pulled(NOTE, torn=True)], [pulled(NOTE)],
        says="not completed"),
    Row("ext4.views-differ", "with-journal", [pulled(conf(GOOD + "  # changed\n"))],
        [pulled(NOTE)], says="what Linux sees"),
    Row("ext4.views-differ", "with-journal", [pulled(remove(DTB))], [pulled(NOTE)],
        says="Linux sees once it has replayed the journal: no such file"),
    Row("ext4.views-differ", "with-journal", [pulled(kernel(image.zimage(CODE[::-1])))],
        [pulled(kernel(image.zimage(recipe.filler(32 << 10))))], says="U-Boot: "),
    Row("ext4.not-clean", "healthy", [debugfs("ssv state 0")], [debugfs("ssv state 1")]),
    Row("ext4.unknown-incompat", "healthy", [feature("FEATURE_I18")], [feature("large_dir")],
        UNMOUNTED),
    Row("ext4.unknown-ro-compat", "healthy", [feature("FEATURE_R17")], [feature("verity")]),
    Row("ext4.meta-bg", "healthy", [filesystem("-O", "meta_bg,^resize_inode")],
        [filesystem("-O", "^meta_bg,^resize_inode")]),
    Row("ext4.inline-data", "healthy", [feature("inline_data")], [feature("large_dir")]),
    Row("ext4.bigalloc-1k", "healthy", [filesystem("-O", "bigalloc", "-b", "1024", "-C", "2048")],
        [filesystem("-O", "bigalloc", "-b", "2048", "-C", "4096")],
        {"extlinux.not-found": "U-Boot finds nothing there"}),
    Row("ext4.encrypt", "healthy", [feature("encrypt")], [feature("verity")]),
    Row("ext4.casefold", "healthy", [feature("casefold")], [feature("large_dir")]),
    Row("ext4.large-block", "healthy", [filesystem("-b", "8192")], [filesystem("-b", "4096")],
        {"rootfs.large-block": "the kernel's release is known"}),

    Row("ext4.old-e2fsck", "healthy", e2fsck("1.46.2"), e2fsck("1.47.0"), says="/sbin/e2fsck 1.46.2"),
    Row("kernel.not-bootable", "healthy", [kernel(image.zimage(CODE, magic=0x016F2819))],
        [kernel(image.zimage(CODE, magic=0x016F2818))]),
    Row("kernel.payload-damaged", "healthy", [kernel(with_payload(release("6.1.0"), damage=100))],
        [kernel(with_payload(release("6.1.0")))]),
    Row("kernel.truncated", "healthy", [kernel(image.zimage(CODE, end=0x34 + len(CODE) + 1))],
        [kernel(image.zimage(CODE, end=0x34 + len(CODE)))]),
    Row("kernel.not-found", "healthy", [conf(GOOD.replace(KERNEL, "/boot/zimage"))],
        [conf(GOOD.replace(KERNEL, "/boot//zImage"))]),
    Row("kernel.initrd-not-found", "healthy", [INITRD, conf(GOOD + "  initrd /boot/Initrd\n")],
        [INITRD, conf(GOOD + "  initrd /boot/initrd\n")]),
    Row("kernel.other-architecture", "healthy", [kernel(arm64())], [kernel(image.zimage(CODE))]),
    Row("kernel.overlap", "healthy", [debugfs(f"sif {KERNEL} size {(32 << 20) + 1}")],
        [debugfs(f"sif {KERNEL} size {32 << 20}")]),
    Row("kernel.uimage-damaged", "healthy",
        [kernel(image.uimage(image.zimage(CODE), "Linux", system=5, kind=2)[:-1] + b"\0")],
        [kernel(image.uimage(image.zimage(CODE), "Linux", system=5, kind=2))]),
    Row("kernel.no-modules", "healthy", [kernel(with_payload(release("6.1.1")))],
        [kernel(with_payload(release("6.1.0")))]),
    Row("kernel.initrd-without-init", "healthy", initrd("Init"), initrd("init")),

    Row("dtb.bad-magic", "healthy", [put(DTB, word(tree(), 0, 0xD00DFEEC))], [put(DTB, tree())]),
    Row("dtb.version", "healthy", [put(DTB, word(tree(), 24, 18))], [put(DTB, word(tree(), 24, 17))]),
    Row("dtb.truncated", "healthy", [put(DTB, tree()[:-1])], [put(DTB, tree())]),
    Row("dtb.too-large", "healthy",
        [put(DTB, word(tree(), 4, MAX_TREE + 1)), debugfs(f"sif {DTB} size {MAX_TREE + 1}")],
        [put(DTB, word(tree(), 4, MAX_TREE)), debugfs(f"sif {DTB} size {MAX_TREE + 1}")]),
    Row("dtb.structure", "healthy", [put(DTB, last_token(8))], [put(DTB, last_token(9))]),
    Row("dtb.misaligned", "healthy", [put(DTB, shifted(4))], [put(DTB, shifted(8))]),
    Row("dtb.not-found", "healthy", [conf(GOOD.replace(DTB, DTB[:-1]))],
        [conf(GOOD.replace(DTB, DTB + "/"))]),
    Row("dtb.none", "healthy", [conf(GOOD.replace("  fdt ", "  # fdt "))], [conf(GOOD)]),
    Row("dtb.directory-without-file", "healthy", [conf(GOOD.replace("  fdt " + DTB, "  fdtdir /"))],
        [conf(GOOD.replace("  fdt " + DTB, "  fdtdir /boot"))]),
    Row("dtb.board-mismatch", "healthy", [put(DTB, tree('compatible = "st,stm32mp157c-dk";'))],
        [put(DTB, tree('compatible = "st,stm32mp157c-dk2";'))]),
    Row("dtb.scmi", "healthy", [put(DTB, tree('compatible = "st,stm32mp157c-dk2-scmi";'))],
        [put(DTB, tree('compatible = "st,stm32mp157c-dk2-scm";'))]),
    Row("dtb.overlay-not-found", "healthy", overlay("&{/led}") + [remove("/boot/led.dtbo")],
        overlay("&{/led}")),
    Row("dtb.overlay-fails", "healthy", overlay("&led"), overlay("&led", base=["-@"])),
    Row("dtb.too-long", "healthy", [debugfs(f"sif {DTB} size {(1 << 20) + 1}")],
        [debugfs(f"sif {DTB} size {1 << 20}")]),

    Row("rootfs.not-found", "healthy", root("/dev/mmcblk0p5"), root("/dev/mmcblk0p4")),
    Row("rootfs.ambiguous", "healthy",
        alike("9a127000-0000-4000-8000-0000000000f5") + root("PARTUUID=" + LATER[:-1]),
        alike("9a127000-0000-4000-8000-0000000000e5") + root("PARTUUID=" + LATER[:-1])),
    Row("rootfs.elsewhere", "healthy", root("/dev/mmcblk1p4"), root("/dev/mmcblk0p4")),
    Row("rootfs.disk-number", "healthy", [controllers("okay")], [controllers("disabled")]),
    Row("rootfs.needs-initrd", "healthy", root("LABEL=rootfs"), root("PARTLABEL=rootfs")),
    Row("rootfs.no-filesystem", "healthy", squashfs(b"hsqt") + root("/dev/mmcblk0p5"),
        squashfs(b"hsqs") + root("/dev/mmcblk0p5"), {"rootfs.not-followed": "one of another kind"}),
    Row("rootfs.not-followed", "healthy", squashfs(b"hsqs") + root("/dev/mmcblk0p5"),
        squashfs(b"hsqs") + root("/dev/mmcblk0p4")),
    Row("rootfs.wrong-type", "healthy", root("/dev/mmcblk0p4 rootfstype=ext3"),
        root("/dev/mmcblk0p4 rootfstype=ext3,ext4")),
    Row("rootfs.mount-option", "healthy", root("/dev/mmcblk0p4 rootflags=discard,noatime"),
        root("/dev/mmcblk0p4 rootflags=discard,noacl")),
    Row("rootfs.large-block", "healthy",
        [filesystem("-b", "8192"), debugfs("mkdir /lib/modules/6.14.11")],
        [filesystem("-b", "8192"), debugfs("mkdir /lib/modules/6.15.0")]),

    Row("init.not-found", "healthy", [remove(INIT), debugfs(f"symlink {INIT} ../bin/Busybox")],
        [remove(INIT), debugfs(f"symlink {INIT} /bin/busybox")]),
    Row("init.not-executable", "healthy", init(ARM, 0o100666), init(ARM, 0o100001)),
    Row("init.wrong-machine", "healthy", init(recipe.elf("x86-64")), init(ARM)),
    Row("init.no-interpreter", "healthy", init("#!/bin/Busybox sh\n"), init("#!/bin/busybox sh\n")),
    Row("init.damaged", "healthy", init("# !/bin/busybox sh\n"), init("#! /bin/busybox sh\n")),
]
