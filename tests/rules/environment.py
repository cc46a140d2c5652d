# SPDX-License-Identifier: MIT
"""Rules on U-Boot's environment and on boot scripts: where each is, and what it decides."""

import struct

import image
import openstlinux
from damage import DTB, KERNEL, conf, entry, put
from loaders import uboot
from openstlinux import script
from small import Row, golden, partition

ENV_TYPE = "3de21764-95bd-54bd-a5c3-4abe786f38a8"
BEHIND_ROOT = 1714  # the first sector that is free
TOUCHES_ROOT = 178 * 512 - 8192 + 1  # a copy here reaches one byte into the root file system


def version(text):
    """The healthy card with another U-Boot; both versions are as long."""
    return golden("healthy", ("2023.01", text))


def offsets(first, second):
    """A U-Boot of v2023.04 whose device tree says where the copies are."""
    return golden("healthy", ("2023.01", "2023.04"), ('u-boot,mmc-env-partition = "ssbl";',
                  f"u-boot,mmc-env-offset = <{first}>; "
                  f"u-boot,mmc-env-offset-redundant = <{second}>;"))


def of_type(number, first, sectors):
    """A partition for the environment by its type."""
    return partition(number, f"env{number}", first, sectors, type=ENV_TYPE)


# What the small U-Boot has by default, and a card that has saved it.
DEFAULT = {
    "bootcmd": "run bootcmd_stm32mp", "bootcmd_stm32mp": "run distro_bootcmd",
    "distro_bootcmd": "run scan_dev_for_boot_part", "boot_targets": "mmc1 mmc0",
    "scan_dev_for_boot_part": "run scan_dev_for_boot",
    "scan_dev_for_boot": "run scan_dev_for_extlinux", "scan_dev_for_extlinux": "run boot_extlinux",
    "boot_extlinux": "sysboot mmc 0:4 any ${scriptaddr} ${prefix}${boot_syslinux_conf}",
    "boot_prefixes": "/ /boot/", "boot_scripts": "boot.scr.uimg boot.scr",
    "boot_syslinux_conf": "extlinux/extlinux.conf", "scriptaddr": "0xc4100000",
    "kernel_addr_r": "0xc2000000", "bootargs": "quiet",
}
STRINGS = b"\0" + b"".join(f"{k}={v}\0".encode() for k, v in DEFAULT.items())
KNOWN = uboot(lambda old: old + STRINGS)


def saved(without=(), **changed):
    """An environment that is the default one but for some variables."""
    def step(card):
        variables = {**DEFAULT, **changed}
        for name in without:
            del variables[name]
        card.write(3, card.size(3) - 8192, image.environment(variables))
    return step


NO_APPEND = conf(f"label linux\n  kernel {KERNEL}\n  fdt {DTB}\n")
TWO = conf("".join(f"label {name}\n  kernel {KERNEL}\n  fdt {DTB}\n"
                   "  append root=/dev/mmcblk0p4 rootwait\n" for name in ("one", "two")))
FULL = uboot(lambda old: old.ljust(65536 - 64, b"\0"))
NO_SSBL = entry(3, name="uboot")

BASES = {
    "uboot-2020.10": (version("2020.10"), []),
    "uboot-2021.01": (version("2021.01"), []),
    "uboot-2023.04": (version("2023.04"), []),
    "uboot-2024.10": (version("2024.10"), []),
    "uboot-2025.01": (version("2025.01"), []),
    "by-offset": (offsets(BEHIND_ROOT * 512, TOUCHES_ROOT), []),
    "saving": (golden("healthy"), [KNOWN]),
    "openstlinux": (openstlinux.CARD, openstlinux.HEALTHY),
}

ROWS = [
    # v2020.10 compares four characters; without a match it is 0x2C0000, behind this card's end.
    Row("env.overwrites-data", "uboot-2020.10", [FULL, entry(3, name="ssbl-a")],
        [FULL, entry(3, name="ssb-a")]),
    Row("env.overwrites-data", "uboot-2021.01", [FULL, entry(3, name="ssbl")],
        [FULL, entry(3, name="ssbl-a")]),
    Row("env.not-kept", "uboot-2023.04", [NO_SSBL], [NO_SSBL, of_type(5, BEHIND_ROOT, 32)]),
    # Copy 1 goes before the start of a small partition, until v2025.01.
    Row("env.overwrites-data", "uboot-2024.10", [NO_SSBL, of_type(5, BEHIND_ROOT, 16)],
        [NO_SSBL, of_type(5, BEHIND_ROOT, 32)]),
    Row("env.not-kept", "uboot-2025.01", [NO_SSBL, of_type(5, BEHIND_ROOT, 16)],
        [NO_SSBL, of_type(5, BEHIND_ROOT, 32)]),
    Row("env.not-kept", "uboot-2025.01", [NO_SSBL, of_type(5, BEHIND_ROOT, 16)],
        [NO_SSBL, of_type(5, BEHIND_ROOT, 16), of_type(6, BEHIND_ROOT + 16, 16)]),

    # Copy 1 is saved first, and ends one byte inside the root file system, or just before it.
    Row("env.overwrites-data", "by-offset", [], [uboot(lambda old: old.replace(
        struct.pack(">I", TOUCHES_ROOT), struct.pack(">I", TOUCHES_ROOT - 1)))]),
    # A script that only searches elsewhere is followed.
    Row("extlinux.script-first", "healthy", [put("/boot.scr", script("bootz 0xc2000000\n"))],
        [put("/boot.scr", script())]),
    Row("extlinux.script-damaged", "healthy", [put("/boot.scr", script()[:-1] + b"\1")],
        [put("/boot.scr", script())]),
    Row("extlinux.script-damaged", "healthy", [put("/boot.scr", script(kind=2))],
        [put("/boot.scr", script(kind=6))], says="another type"),
    Row("extlinux.script-damaged", "healthy", [put("/boot.scr", b"\0" + script()[1:])],
        [put("/boot.scr", script())], says="no uImage"),
    Row("extlinux.script-damaged", "openstlinux",
        [openstlinux.put("/boot.scr.uimg", script()[:40] + b"x" + script()[41:])],
        [openstlinux.put("/boot.scr.uimg", script())],
        {"extlinux.not-found": "only the script knows the folder"}, says="header"),

    Row("env.bootcmd-undefined", "saving",
        [saved(("bootcmd_stm32mp", "distro_bootcmd"))], [saved(("distro_bootcmd",))]),
    Row("env.bootcmd-undefined", "saving", [saved(bootcmd="run other")],
        [saved(bootcmd="run other; true")]),
    Row("env.missing-variable", "saving", [saved(("kernel_addr_r",))], [saved()]),
    Row("env.missing-variable", "saving", [saved(("boot_prefixes",))], [saved()]),
    Row("env.boot-targets", "saving", [saved(bootcmd="run distro_bootcmd")],
        [saved(bootcmd="run distro_bootcmd", boot_targets="mmc0 mmc1")]),
    Row("env.search-order", "saving", [saved(boot_prefixes="/boot/ /")], [saved()],
        says="boot_prefixes=/ /boot/"),
    Row("env.search-order", "saving", [saved(boot_scripts="boot.scr")], [saved()]),
    Row("env.overrides-boot", "saving", [saved(boot_extlinux="true")], [saved()],
        says="boot_extlinux=sysboot"),
    Row("env.overrides-boot", "saving", [saved(pxe_label_override="two"), TWO], [saved(), TWO]),
    Row("env.overrides-boot", "saving", [saved(bootargs="root=/dev/mmcblk0p4 rootwait"), NO_APPEND],
        [saved(bootargs="root=/dev/mmcblk0p3 rootwait")],
        {"bootargs.no-append": "only then bootargs count"}),
    Row("env.load-address", "saving", [saved(kernel_addr_r="0xc2000001")], [saved()],
        says="kernel_addr_r=0xc2000000"),
    Row("env.rejected", "saving", [saved(**{"": "x"})], [saved(**{"x": "x"})]),
    Row("env.autoboot-off", "saving", [saved(bootdelay="-1")], [saved(bootdelay="-2")]),
]
