# SPDX-License-Identifier: MIT
"""Rules on extlinux.conf and on the command line that it gives."""

import cards
import image
from damage import CONF, DTB, KERNEL, conf, debugfs, entry, put
from small import Row, golden

OTHER = f"label other\n  kernel {KERNEL}\n  fdt {DTB}\n  append quiet\n"
LINUX = f"label linux\n  kernel {KERNEL}\n  fdt {DTB}\n"
GOOD = LINUX + "  append root=/dev/mmcblk0p4 rootwait\n"
ROOT = "root=/dev/mmcblk0p4 rootwait "
INITRD = put("/boot/initrd", cards.newc([("init", 0o100755, b"#!/init\n")]))


def two(old="", new=""):
    """Two labels, the second of which is not tried; a part of that one replaced."""
    if old not in OTHER:
        raise ValueError(f"no {old!r} in the second label")
    return [conf(GOOD + OTHER.replace(old, new))]


def top(line):
    """A line before all labels."""
    return [conf(line + GOOD)]


def append(text):
    """A label whose command line ends so."""
    return [conf(LINUX + "  append " + ROOT + text + "\n")]


def labels(count):
    """So many labels."""
    return [conf("".join(GOOD.replace("linux", f"linux{n}") for n in range(count)))]


def length_of(remainder):
    """An include in a file whose length leaves this remainder by four."""
    text = "include more.conf\n" + GOOD
    return [put("/boot/extlinux/more.conf", "timeout 10\n"),
            conf(text + "#" + "\n" * ((remainder - len(text) - 1) % 4))]


def script(path):
    """A boot script."""
    return [put(path, image.uimage(b"\0\0\0\5\0\0\0\0true\n", "", 0, 0, kind=6))]


def version(text):
    """The healthy card with another U-Boot; both versions are as long."""
    return golden("healthy", ("2023.01", text))


BASES = {
    "bare-filesystem": (golden("endless-menu"), []),
    "newer-uboot": (version("2023.10"), []),
    "older-uboot": (version("2021.04"), []),
}

ROWS = [
    Row("extlinux.empty-value", "healthy", top("timeout\n"), top("timeout 10\n")),
    Row("extlinux.past-end", "healthy", [conf(GOOD + "  menu label")],
        [conf(GOOD + "  menu label x")]),
    Row("extlinux.initrd-last", "healthy", [INITRD] + append("initrd=/boot/initrd"),
        [INITRD] + append("initrd=/boot/initrd quiet")),
    Row("image.too-many-findings", "healthy", top("x\n" * 10001), top("x\n" * 9990), says="more"),
    Row("extlinux.too-many-labels", "healthy", labels(1000), labels(999)),
    Row("extlinux.include", "healthy", top("include /boot/more1.conf\n"),
        [put("/boot/more1.conf", "timeout 10\n")] + top("include /boot/more1.conf\n")),
    Row("extlinux.include-overlap", "healthy", length_of(0), length_of(1)),
    Row("extlinux.no-label", "healthy", [conf("# " + GOOD.replace("\n", "\n# "))], [conf(GOOD)]),
    Row("extlinux.no-kernel", "healthy", two(f"  kernel {KERNEL}\n"), two()),
    Row("extlinux.endless-menu", "healthy", top("menu title x\ntimeout 0\n"),
        top("menu title x\ntimeout 1\n")),
    Row("extlinux.negative-timeout", "healthy", top("menu title x\ntimeout -19\n"),
        top("menu title x\ntimeout 19\n")),
    Row("extlinux.label-ended", "healthy", two("  append", "  options x\n  append"),
        two("  append", "  # options x\n  append")),
    Row("extlinux.duplicate-key", "healthy", two("  append", f"  fdt {DTB}\n  append"),
        two("  append", f"  # fdt {DTB}\n  append")),
    Row("extlinux.default-unknown", "healthy", top("default Linux\n"), top("default linux\n")),
    Row("extlinux.duplicate-label", "healthy", [conf(GOOD + GOOD)],
        [conf(GOOD + GOOD.replace("linux", "Linux"))]),
    Row("extlinux.carriage-return", "healthy", two("quiet", "quiet\r"), two()),
    Row("extlinux.byte-order-mark", "healthy", top("\ufeff# a comment\n"),
        top("# \ufeff a comment\n"), {"extlinux.unknown-word": "so the line begins with no known word"}),
    Row("extlinux.nul-byte", "healthy", [conf(GOOD + "\0")], [conf(GOOD + "#")]),
    Row("extlinux.odd-space", "healthy", two("append ", "append\f"), two("append ", "append\t")),
    Row("extlinux.trailing-blank", "healthy", two(f"fdt {DTB}", f"fdt {DTB} "), two()),
    Row("extlinux.quoted-path", "healthy", two(KERNEL, f'"{KERNEL}"'), two(KERNEL, f'{KERNEL}"')),
    Row("extlinux.comment-in-value", "healthy", two(KERNEL, KERNEL + " #x"),
        two(KERNEL, KERNEL + "#x")),
    Row("extlinux.path-too-long", "healthy", two(KERNEL, "/" + "x" * 512),
        two(KERNEL, "/" + "x" * 511)),
    Row("extlinux.overlay-tab", "healthy", two("  append", "  fdtoverlays /a\t/b\n  append"),
        two("  append", "  fdtoverlays /a /b\n  append")),
    Row("extlinux.overlays-unused", "healthy", two(f"fdt {DTB}", "fdtoverlays /a"),
        two("  append", "  fdtoverlays /a\n  append")),
    Row("extlinux.fdtdir-ignored", "healthy", two("  append", "  fdtdir /boot\n  append"),
        two(f"  fdt {DTB}", "  fdtdir /boot")),
    Row("extlinux.initrd-in-word", "healthy", two("append quiet", "append rdinitrd=/boot/x quiet"),
        two("append quiet", "append initrd=/boot/x quiet")),
    Row("extlinux.fit-initrd", "newer-uboot",
        two(KERNEL, "/fit#conf\n  initrd /fit#conf"), two(KERNEL, "/fit#conf\n  initrd /fit#con")),
    Row("extlinux.keyword-too-new", "older-uboot",
        two("append quiet", "append quiet\n  devicetree-overlay /a"),
        two("append quiet", "append quiet\n  fdtoverlays /a")),
    Row("extlinux.prompt-ignored", "healthy", top("prompt 1\n"), top("# prompt 1\n")),
    Row("extlinux.prompt-ignored", "bare-filesystem", top("prompt 1\n"), top("# prompt 1\n"),
        says="assuming U-Boot 2023.01"),
    Row("extlinux.not-a-number", "healthy", top("timeout 5s\n"), top("timeout 5\n")),
    Row("extlinux.value-replaced", "healthy", two("  append", "  append a\n  append"),
        two("  append", "  # append a\n  append")),
    Row("extlinux.outside-label", "healthy", top("append a\n"), top("# append a\n")),
    Row("extlinux.unknown-word", "healthy", top("ui menu.c32\n"), top("# ui menu.c32\n")),
    Row("extlinux.not-found", "healthy", [entry(4, attributes=1 << 3)],
        [entry(4, attributes=1 << 2)]),
    Row("extlinux.several", "healthy", [debugfs("mkdir /extlinux"), put("/extlinux/extlinux.conf", GOOD)],
        [debugfs("mkdir /extlinux"), put("/extlinux/Extlinux.conf", GOOD)]),
    Row("extlinux.script-first", "healthy", script("/boot.scr"), script("/boot.src")),
    Row("extlinux.label-fails", "healthy", [conf("label a\n  kernel /zimage\n" + GOOD)],
        [conf(GOOD + "label a\n  kernel /zimage\n")]),
    Row("extlinux.several-bootable", "healthy", [entry(3, attributes=1 << 2)],
        [entry(3, attributes=1 << 3)]),
    # The first block of the file is the first one behind the file system.
    Row("extlinux.unreadable", "healthy", [debugfs(f"sif {CONF} block[5] 768")], []),

    Row("bootargs.too-long", "healthy", two("quiet", "x" * 1024), two("quiet", "x" * 1023)),
    Row("bootargs.truncated", "healthy", two("quiet", "${board_name}" + "x" * 1009),
        two("quiet", "${board_name}" + "x" * 1008)),
    Row("bootargs.unclosed-variable", "healthy", append("${board_name"), append("$board_name")),
    Row("bootargs.deleted", "healthy", two("quiet", "${x}"), two("quiet", "${x} y")),
    Row("bootargs.unset-variable", "healthy", append("${board} ${board_name}"),
        append("$board ${board_name}")),
    Row("bootargs.variable", "healthy", append("${board_name}"), append("$board_name")),
    Row("bootargs.quotes", "healthy", append("x='a b'"), append('x="a b"')),
    Row("bootargs.unclosed-quote", "healthy", append('x="a b'), append('x="a b"')),
    Row("bootargs.no-append", "healthy", [conf(LINUX)], [conf(LINUX + "  append rootwait\n")]),
    Row("bootargs.no-root", "healthy", [conf(LINUX + "  append rootwait\n")], append("")),
    Row("bootargs.bad-root", "healthy", append("root=/dev/"), append("root=/dev/mmcblk0p4")),
    Row("bootargs.no-rootwait", "healthy", [conf(LINUX + "  append root=/dev/mmcblk0p4\n")],
        [conf(LINUX + "  append root=/dev/mmcblk0p4 rootdelay=1\n")]),
    Row("bootargs.console", "healthy", append("console=ttySTM1"), append("console=ttySTM0")),
]
