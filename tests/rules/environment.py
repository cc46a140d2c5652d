# SPDX-License-Identifier: MIT
"""Rules on U-Boot's environment and on boot scripts: where each is, and what it decides."""

import openstlinux
from damage import entry, put
from loaders import uboot
from openstlinux import script
from small import Row, golden, partition

ENV_TYPE = "3de21764-95bd-54bd-a5c3-4abe786f38a8"
BEHIND_ROOT = 1714  # the first sector that is free


def version(text):
    """The healthy card with another U-Boot; both versions are as long."""
    return golden("healthy", ("2023.01", text))


def of_type(number, first, sectors):
    """A partition for the environment by its type."""
    return partition(number, f"env{number}", first, sectors, type=ENV_TYPE)


FULL = uboot(lambda old: old.ljust(65536 - 64, b"\0"))
NO_SSBL = entry(3, name="uboot")

BASES = {
    "uboot-2020.10": (version("2020.10"), []),
    "uboot-2021.01": (version("2021.01"), []),
    "uboot-2023.04": (version("2023.04"), []),
    "uboot-2024.10": (version("2024.10"), []),
    "uboot-2025.01": (version("2025.01"), []),
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
]
