# SPDX-License-Identifier: MIT
"""What stands in partitions, as frozen dataclasses; _records has the rest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Checksum(StrEnum):
    """What a superblock says of its own checksum."""

    ABSENT = "absent"
    OK = "ok"
    BAD = "bad"


class Soc(StrEnum):
    """The families that a card can be made for."""

    STM32MP15 = "stm32mp15"
    STM32MP13 = "stm32mp13"
    STM32MP2 = "stm32mp2"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stm32Extension:
    """An extension of an STM32 header."""

    type: int
    name: str | None
    offset: int | None
    length: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Stm32:
    """An STM32 header."""

    version: str | None
    version_field: int
    soc: Soc | None
    header_fits: bool
    header_bytes: int
    payload_bytes: int
    payload_fits: bool
    checksum: int
    computed_checksum: int | None
    entry_point: int
    load_address: int
    reserved1: int
    reserved2: int
    image_version: int
    flags: int
    binary_type: int
    binary_type_name: str | None
    non_secure_bytes: int
    non_secure_hash: int
    signed: bool
    encrypted: bool
    signature: bytes | None
    public_key: bytes | None
    algorithm: int
    key_index: int
    key_count: int
    extension_bytes: int
    extensions: tuple[Stm32Extension, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class UimagePart:
    """One image of a multi image."""

    offset: int | None
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Uimage:
    """A legacy U-Boot image."""

    name: str
    os: str | None
    arch: str | None
    type: str | None
    compression: str | None
    os_field: int
    arch_field: int
    type_field: int
    compression_field: int
    timestamp: int
    data_bytes: int
    data_fits: bool
    load_address: int
    entry_point: int
    header_crc: int
    computed_header_crc: int
    data_crc: int
    computed_data_crc: int | None
    parts: tuple[UimagePart, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FipEntry:
    """An image of a FIP."""

    uuid: str
    name: str | None
    title: str | None
    offset: int | None
    size: int
    flags: int
    fits: bool
    content: str | None
    program: str | None
    version: str | None
    board: str | None
    certified: str | None
    encrypted: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class OpteePart:
    """A part of OP-TEE that its header describes."""

    id: int
    address: int | None
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Optee:
    """The header of OP-TEE."""

    version: int
    architecture: int
    flags: int
    part_count: int
    parts: tuple[OpteePart, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fip:
    """A firmware image package."""

    serial_number: int
    flags: int
    terminated: bool
    total_bytes: int
    entries: tuple[FipEntry, ...]
    optee: Optee | None


@dataclass(frozen=True, kw_only=True, slots=True)
class FwuBank:
    """An image in one bank."""

    guid: str
    accepted: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FwuImage:
    """An image in all banks."""

    type_guid: str
    location_guid: str
    banks: tuple[FwuBank, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fwu:
    """Metadata of firmware updates."""

    version: int
    active_index: int
    previous_active_index: int
    crc: int
    computed_crc: int | None
    metadata_bytes: int
    bank_count: int
    bank_states: tuple[str | None, ...]
    image_count: int
    images: tuple[FwuImage, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FitDigest:
    """A hash over the data of an image, as it is stored and as it is computed."""

    name: str
    algorithm: str | None
    state: str
    value: bytes | None
    computed: bytes | None


@dataclass(frozen=True, kw_only=True, slots=True)
class FitSignature:
    """A signature, which nothing verifies here."""

    name: str
    algorithm: str | None
    key_name_hint: str | None
    signed: bool
    covers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FitImage:
    """An image of a FIT."""

    name: str
    description: str | None
    type: str | None
    os: str | None
    arch: str | None
    compression: str | None
    external: bool
    offset: int | None
    size: int | None
    fits: bool
    load: int | None
    entry: int | None
    hashes: tuple[str, ...]
    digests: tuple[FitDigest, ...]
    signatures: tuple[FitSignature, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FitConfiguration:
    """A configuration of a FIT."""

    name: str
    description: str | None
    kernel: str | None
    firmware: str | None
    ramdisk: str | None
    fdt: tuple[str, ...]
    loadables: tuple[str, ...]
    compatible: tuple[str, ...]
    signatures: tuple[FitSignature, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """A flattened image tree."""

    description: str | None
    timestamp: int | None
    total_bytes: int
    default_configuration: str | None
    images: tuple[FitImage, ...]
    configurations: tuple[FitConfiguration, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ext4:
    """What the superblock of an ext2, ext3 or ext4 says."""

    label: str
    uuid: str
    revision: int
    block_size: int
    blocks: int
    free_blocks: int
    size: int
    inode_size: int
    inodes: int
    free_inodes: int
    features: tuple[str, ...]
    clean: bool
    errors: bool
    orphans: bool
    has_journal: bool
    needs_recovery: bool
    checksum: Checksum
    last_mounted: str
    mount_time: int
    write_time: int
    check_time: int
    mkfs_time: int
    mount_count: int
    error_count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Kernel:
    """The headers of a kernel."""

    format: str
    file_bytes: int
    image_bytes: int
    truncated: bool
    efi_stub: bool
    appended_dtb: bool
    compression: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceTree:
    """A device tree that stands in a partition of its own."""

    model: str | None
    compatible: tuple[str, ...]
    total_bytes: int
    version: int
    defect: str | None
    stdout_path: str | None
    bootargs: str | None
    symbols: bool
    overlay: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredEnvCopy:
    """One copy of an environment."""

    offset: int
    size: int
    flags: int | None
    crc: int
    computed_crc: int
    state: str
    counts: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredEnv:
    """A partition that holds U-Boot's environment, and how many variables that has."""

    copies: tuple[StoredEnvCopy, ...]
    variables: int


Detail = Stm32 | Uimage | Fip | Fwu | Fit | Ext4 | Kernel | DeviceTree | StoredEnv
