# SPDX-License-Identifier: MIT
"""What the library says of a card, as frozen dataclasses.

The names are those of the program's JSON. Texts for people hold U+FFFD for
each byte that is not UTF-8; names that can be handed back (paths, labels,
command lines) hold it by ``surrogateescape``, as ``os.fsdecode()`` does.
"""

from __future__ import annotations

import stat as _stat
from dataclasses import dataclass
from enum import StrEnum


class _Ordered(StrEnum):
    """Words of which one that comes later is more, and not by the alphabet."""

    @property
    def rank(self) -> int:
        """The place among the others."""
        return list(type(self)).index(self)

    def __lt__(self, other: str) -> bool:
        return self.rank < type(self)(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= type(self)(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > type(self)(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= type(self)(other).rank


class Severity(_Ordered):
    """How bad a finding is; the later the worse.

    >>> Severity.ERROR > Severity.WARNING
    True
    """

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


class Stage(_Ordered):
    """The stages of a boot, in their order."""

    ROM = "rom"
    FSBL = "fsbl"
    SSBL = "ssbl"
    EXTLINUX = "extlinux"
    KERNEL = "kernel"
    DTB = "dtb"
    ROOTFS = "rootfs"
    INIT = "init"


class Outcome(_Ordered):
    """What became of a stage, or of all."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    UNREACHED = "unreached"
    NOT_APPLICABLE = "not-applicable"


class Medium(StrEnum):
    """What an image is of."""

    SD = "sd"
    EMMC = "emmc"
    PART = "part"


class ImageState(StrEnum):
    """Whether an edit of an image was interrupted."""

    CLEAN = "clean"
    INTERRUPTED = "interrupted"


class TableType(StrEnum):
    """What kind of table rules a card."""

    GPT = "gpt"
    MBR = "mbr"
    NONE = "none"


class CopyState(StrEnum):
    """What one copy of a GPT is like."""

    OK = "ok"
    BAD = "bad"
    MISSING = "missing"
    MISPLACED = "misplaced"


class MbrState(StrEnum):
    """What the protective MBR is like."""

    OK = "ok"
    HYBRID = "hybrid"
    BAD = "bad"
    MISSING = "missing"


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


class FsblKind(StrEnum):
    """What a first-stage loader is."""

    SPL = "spl"
    TF_A = "tf-a"


class FileType(StrEnum):
    """What an inode is."""

    UNKNOWN = "unknown"
    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    CHAR_DEVICE = "char-device"
    BLOCK_DEVICE = "block-device"
    FIFO = "fifo"
    SOCKET = "socket"


class EditState(StrEnum):
    """What an edit made of an image."""

    UNCHANGED = "unchanged"
    DONE = "done"
    PENDING = "pending"


class Recovery(StrEnum):
    """What a recovery found."""

    CLEAN = "clean"
    FINISHED = "finished"
    DROPPED = "dropped"
    PENDING = "pending"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageInfo:
    """What an image is."""

    path: str | None
    size: int
    container: str
    medium: Medium
    state: ImageState


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """The partition table of a card."""

    type: TableType
    sector_size: int
    disk_guid: str | None
    primary: CopyState
    backup: CopyState
    protective_mbr: MbrState
    entries: int | None


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


Detail = Stm32 | Uimage | Fip | Fwu | Fit | Ext4 | Kernel | DeviceTree


@dataclass(frozen=True, kw_only=True, slots=True)
class Partition:
    """A partition and what it holds; a bare part is number 0."""

    number: int
    name: str | None
    type_guid: str | None
    guid: str | None
    offset: int
    size: int
    attributes: tuple[str, ...]
    content: str
    detail: Detail | None
    flavour: str | None
    program: str | None
    available: int
    mbr_type: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StageResult:
    """What a stage of the boot took, and why."""

    stage: Stage
    status: Outcome
    partition: int | None
    path: str | None
    offset: int | None
    summary: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A file in a partition."""

    partition: int | None
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Fsbl:
    """What the first-stage loader is."""

    kind: FsblKind | None
    version: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Uboot:
    """What U-Boot is."""

    version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SecureOs:
    """What runs beside U-Boot."""

    name: str
    version: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Firmware:
    """Who boots the kernel."""

    fsbl: Fsbl | None
    uboot: Uboot | None
    secure_os: SecureOs | None


@dataclass(frozen=True, kw_only=True, slots=True)
class BootKernel:
    """The kernel that is loaded; its release is known only after a deep look."""

    partition: int | None
    path: str
    release: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class BootFit:
    """The configuration of a FIT that bootm takes, and the names of its images."""

    configuration: str
    kernel: str | None
    initrd: str | None
    dtb: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class BootDtb:
    """The device tree that is loaded."""

    partition: int | None
    path: str
    model: str | None
    compatible: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Root:
    """What root= names."""

    spec: str
    partition: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Init:
    """The first process."""

    path: str
    resolved: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """A label of the configuration."""

    name: str
    append: str | None
    bootargs: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Boot:
    """The boot of a card, from the ROM to init."""

    verdict: Outcome
    stops_at: Stage | None
    soc: Soc | None
    firmware: Firmware
    stages: tuple[StageResult, ...]
    config: Place | None
    label: str | None
    append: str | None
    bootargs: str | None
    kernel: BootKernel | None
    fit: BootFit | None
    initrd: Place | None
    dtb: BootDtb | None
    overlays: tuple[Place, ...]
    root: Root | None
    init: Init | None
    labels: tuple[Label, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something that is wrong with a card, or worth knowing."""

    code: str
    severity: Severity
    stage: Stage
    partition: int | None
    path: str | None
    line: int | None
    offset: int | None
    length: int | None
    found: str | None
    expected: str | None
    message: str
    hint: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A finding that there can be; severity and stage are the usual ones."""

    code: str
    severity: Severity
    stage: Stage
    meaning: str
    explanation: str
    source: str
    deep: bool
    prerequisites: tuple[str, ...]


_FORMATS = {
    FileType.UNKNOWN: 0,
    FileType.FILE: _stat.S_IFREG,
    FileType.DIRECTORY: _stat.S_IFDIR,
    FileType.SYMLINK: _stat.S_IFLNK,
    FileType.CHAR_DEVICE: _stat.S_IFCHR,
    FileType.BLOCK_DEVICE: _stat.S_IFBLK,
    FileType.FIFO: _stat.S_IFIFO,
    FileType.SOCKET: _stat.S_IFSOCK,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Stat:
    """What an inode says; also by the names of ``os.stat_result``."""

    inode: int
    type: FileType
    mode: int
    uid: int
    gid: int
    links: int
    size: int
    blocks: int
    device_major: int
    device_minor: int
    accessed_ns: int
    changed_ns: int
    modified_ns: int
    created_ns: int | None

    @property
    def st_mode(self) -> int:
        """Permissions and type, for the functions of the module stat."""
        return self.mode | _FORMATS[self.type]

    @property
    def st_ino(self) -> int:
        """The number of the inode."""
        return self.inode

    @property
    def st_nlink(self) -> int:
        """How many names it has."""
        return self.links

    @property
    def st_uid(self) -> int:
        """The owner."""
        return self.uid

    @property
    def st_gid(self) -> int:
        """The group."""
        return self.gid

    @property
    def st_size(self) -> int:
        """Bytes of the content."""
        return self.size

    @property
    def st_atime(self) -> float:
        """When it was read last, in seconds since 1970."""
        return self.accessed_ns / 10**9

    @property
    def st_mtime(self) -> float:
        """When the content was changed last, in seconds since 1970."""
        return self.modified_ns / 10**9

    @property
    def st_ctime(self) -> float:
        """When the inode was changed last, in seconds since 1970."""
        return self.changed_ns / 10**9


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtractTrouble:
    """Something that was not made on the host, or not as it is in the image."""

    path: str
    message: str
    hint: str | None
    failed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Extraction:
    """What was made on the host."""

    destination: str
    files: int
    folders: int
    symlinks: int
    hard_links: int
    specials: int
    bytes: int
    left_out: int
    failed: int
    troubles: tuple[ExtractTrouble, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One change of an edit, in words."""

    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """A range of the image that an edit writes."""

    offset: int
    length: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a commit would do."""

    changes: tuple[Change, ...]
    writes: tuple[Write, ...]
    bytes: int
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class EditResult:
    """What an edit did, or as a dry run would have done."""

    changed: bool
    written: bool
    state: EditState
    plan: Plan
    boot_before: Boot | None
    boot_after: Boot | None
    findings: tuple[Finding, ...]
    undoable: bool
    undo_trouble: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Undo:
    """An edit that can be taken back."""

    time: int
    summary: str
    bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Argument:
    """A word of a command line."""

    key: str
    value: str | None
    after_dashdash: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """What became of one image of many."""

    path: str
    verdict: Outcome | None
    stops_at: Stage | None
    findings: tuple[Finding, ...]
    error: Exception | None
