# SPDX-License-Identifier: MIT
"""What the commands that show one thing tell of it, as frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass

from ._formats import Fwu, Stm32
from ._records import CopyState, Finding, MbrState, Place, TableType


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvCopy:
    """One copy of U-Boot's environment, and where U-Boot looks for it."""

    place: str
    partition: int | None
    offset: int | None
    size: int | None
    flags: int | None
    crc: int | None
    computed_crc: int | None
    state: str
    counts: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvVariable:
    """A variable that U-Boot has saved; `class_` says what it means for the boot."""

    name: str
    value: str
    class_: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Env:
    """The environment of U-Boot: where it is kept, and what is saved there."""

    place: str
    wanted: str | None
    path: str | None
    copies: tuple[EnvCopy, ...]
    saved: bool
    variables: tuple[EnvVariable, ...]

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of a variable, or `default` when it is not saved."""
        for variable in self.variables:
            if variable.name == name:
                return variable.value
        return default

    def __getitem__(self, name: str) -> str:
        """The value of a variable."""
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        """Whether a variable is saved."""
        return any(variable.name == name for variable in self.variables)


@dataclass(frozen=True, kw_only=True, slots=True)
class FwuCopy:
    """A copy of the metadata of firmware updates, and what TF-A makes of it."""

    partition: int | None
    status: str
    reason: str | None
    metadata: Fwu | None


@dataclass(frozen=True, kw_only=True, slots=True)
class FwuBankPlace:
    """A bank, and the partition that its firmware package is in."""

    state: str
    guid: str | None
    partition: int | None
    seen: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class FwuChoice:
    """The bank that TF-A boots; None: it stops."""

    bank: int | None
    partition: int | None
    on_trial: bool
    alternate: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Updates:
    """Firmware updates in two banks, as the TF-A on the card follows them."""

    metadata_version: int | None
    metadata_size: int | None
    copies: tuple[FwuCopy, ...]
    copies_differ: bool
    banks: tuple[FwuBankPlace, ...]
    boots: FwuChoice


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtlinuxLabel:
    """A label with its lines, as U-Boot understands them."""

    name: str
    kernel: str | None
    append: str | None
    initrd: str | None
    fdt: str | None
    fdtdir: str | None
    fdtoverlays: str | None
    menu: str | None
    ipappend: str | None
    localboot: str | None
    kaslrseed: bool
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Extlinux:
    """The configuration, as U-Boot reads it, and the label that it takes."""

    config: Place | None
    outcome: str
    label: str | None
    default: str | None
    timeout_tenths: int | None
    wait: str
    title: str | None
    labels: tuple[ExtlinuxLabel, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class GptEntry:
    """An entry of a partition table."""

    number: int
    name: str | None
    type: str | None
    type_guid: str | None
    guid: str | None
    first_lba: int
    last_lba: int
    attributes: tuple[str, ...]
    mbr_type: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class GptCopy:
    """One copy of a GPT: what its header says, and what was computed."""

    state: CopyState
    defect: str | None
    lba: int
    my_lba: int
    alternate_lba: int
    first_usable_lba: int
    last_usable_lba: int
    disk_guid: str | None
    header_size: int
    header_crc: int
    header_crc_computed: int
    entries_lba: int
    entry_count: int
    entry_size: int
    entries_crc: int
    entries_crc_computed: int
    partitions: tuple[GptEntry, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class GptReader:
    """What one program of the boot sees of a table: numbers of partitions."""

    reader: str
    copy: str | None
    reason: str
    all: bool
    partitions: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gpt:
    """Both copies of a partition table, and who sees what of it."""

    type: TableType
    sector_size: int
    sectors: int
    protective_mbr: MbrState
    copies_differ: bool
    stale_backup: bool
    primary: GptCopy
    backup: GptCopy
    partitions: tuple[GptEntry, ...]
    readers: tuple[GptReader, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stm32Encryption:
    """How the payload of an STM32 image is encrypted."""

    key_bits: int
    derivation_constant: int
    plain_sha256_half: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Stm32Image:
    """An STM32 image on a card, and what whoever loads it makes of it.

    `reader` is "rom" or "tf-a"; `taken` says that it is the one that boots.
    """

    partition: int | None
    name: str | None
    offset: int
    header: Stm32
    algorithm_name: str | None
    encryption: Stm32Encryption | None
    reader: str
    accepted: bool
    taken: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DtbProperty:
    """A property: its bytes, and values as they look (`type`)."""

    name: str
    type: str
    values: tuple[str, ...] | tuple[int, ...]
    data: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class DtbNode:
    """A node of a device tree with all that is below it."""

    name: str
    path: str
    properties: tuple[DtbProperty, ...]
    nodes: tuple[DtbNode, ...]
