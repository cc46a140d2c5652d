# SPDX-License-Identifier: MIT
"""Rules on U-Boot's environment: where each version keeps it, and what a saved one decides."""

from damage import entry
from loaders import uboot
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
]
