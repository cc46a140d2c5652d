# SPDX-License-Identifier: MIT
"""What the library says of a card, as frozen dataclasses.

The names are those of the program's JSON. Texts for people hold U+FFFD for
each byte that is not UTF-8; names that can be handed back (paths, labels,
command lines) hold it by ``surrogateescape``, as ``os.fsdecode()`` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ._formats import Detail, Soc


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


class FsblKind(StrEnum):
    """What a first-stage loader is."""

    SPL = "spl"
    TF_A = "tf-a"


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
