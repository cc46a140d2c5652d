# SPDX-License-Identifier: MIT
"""Will this card boot? Read, check and edit boot cards of STM32MP boards, without the board.

>>> import stmboot
>>> with stmboot.open("sdcard.img") as card:  # doctest: +SKIP
...     print(card.boot.verdict, card.bootargs["root"])
...     with card.edit() as edit:
...         edit.bootargs["root"] = "PARTUUID=..."
ok /dev/mmcblk0p4

All knowledge is libstmboot's; this package gives it the shape of Python.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from . import _stmboot
from ._bootargs import Bootargs, EditedBootargs
from ._card import Card, MediumChoice, selectors, state_directory
from ._dtb import Dtb
from ._edit import (Cancel, Content, DtbEdit, Edit, ExtlinuxEdit, FileSystemEdit, FipEdit,
                    GptEdit, Progress)
from ._errors import (ArgumentError, CancelledError, ConflictError, CorruptError, Error,
                      InternalError, LimitError, MediumError, NotFoundError, NotRecognisedError,
                      RefusedError, Status, TruncatedError, UnsupportedError)
from ._files import CardPath, FileSystem, HostPath, Reader
from ._formats import (Checksum, Detail, DeviceTree, Ext4, Fip, FipEntry, Fit, FitConfiguration,
                       FitDigest, FitImage, FitSignature, Fwu, FwuBank, FwuImage, Kernel, Optee,
                       OpteePart, Soc, Stm32, Stm32Extension, StoredEnv, StoredEnvCopy, Uimage,
                       UimagePart)
from ._package import Package
from ._records import (Argument, Boot, BootDtb, BootFit, BootKernel, Change, CheckResult,
                       CopyState, EditResult, EditState, Finding, Firmware, Fsbl, FsblKind,
                       ImageInfo, ImageState, Init, Label, MbrState, Medium, Outcome, Partition,
                       Place, Plan, Recovery, Root, Rule, SecureOs, Severity, Stage, StageResult,
                       Table, TableType, Uboot, Undo, Write)
from ._reports import (DtbNode, DtbProperty, Env, EnvCopy, EnvVariable, Extlinux, ExtlinuxLabel,
                       FwuBankPlace, FwuChoice, FwuCopy, Gpt, GptCopy, GptEntry, GptReader,
                       Stm32Encryption, Stm32Image, Updates)
from ._stat import Extraction, ExtractTrouble, FileType, Stat

__version__: str = _stmboot.version()


def open(source: HostPath | Content, *, medium: MediumChoice = "auto", deep: bool = False,
         state_directory: HostPath | None = None, progress: Progress | None = None,
         cancel: Cancel | None = None) -> Card:
    """Open an image for reading: a path, bytes, or a binary file that can seek.

    A compressed image is unpacked once. With `deep`, following the boot also
    opens compressed payloads (the release of the kernel). `progress` is called
    with the bytes that are done and how many there are (0: not known), at most
    twenty times a second; when it raises, the work ends with that exception,
    and when it gives False, with CancelledError, as when `cancel` gives True.
    """
    return Card(source, medium=medium, deep=deep, state_directory=state_directory,
                progress=progress, cancel=cancel)


def check(paths: Iterable[HostPath], *, jobs: int | None = None, deep: bool = True,
          medium: MediumChoice = "auto", only: str | Iterable[str] = (),
          ignore: str | Iterable[str] = ()) -> list[CheckResult]:
    """Check many images, by default as many at a time as there are processors.

    The results are in the order of the paths. An image that cannot be read
    has its `error` in its result, and no verdict.
    """
    chosen = selectors(only), selectors(ignore)
    stopped = threading.Event()

    def one(path: HostPath) -> CheckResult:
        try:
            with Card(path, medium=medium, cancel=stopped.is_set) as card:
                return card.check(only=chosen[0], ignore=chosen[1], deep=deep)
        except (Error, MemoryError) as error:
            return CheckResult(path=os.fspath(path), verdict=None, stops_at=None, findings=(),
                               error=error)

    with ThreadPoolExecutor(jobs or len(os.sched_getaffinity(0))) as pool:
        try:
            return list(pool.map(one, paths))
        except BaseException:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def undo(path: HostPath, *, dry_run: bool = False, output: HostPath | None = None,
         force: bool = False, medium: MediumChoice = "auto",
         state_directory: HostPath | None = None, progress: Progress | None = None,
         cancel: Cancel | None = None) -> EditResult:
    """Take the last edit of an image back, byte for byte.

    A card that is open does not know of it: open it again.
    """
    native = _stmboot.Edit(path, medium, _state(state_directory), output, dry_run, force, True,
                           progress, cancel)
    with Edit(native, dry_run=dry_run, output=output) as edit:
        return edit.commit()


def undos(path: HostPath, *, state_directory: HostPath | None = None) -> tuple[Undo, ...]:
    """The edits of an image that can be taken back, the last one first."""
    return _stmboot.undos(path, _state(state_directory))


def recover(path: HostPath, *, state_directory: HostPath | None = None) -> Recovery:
    """Finish an edit of an image that was interrupted, or drop what is left of it."""
    return _stmboot.recover(path, _state(state_directory))


def rules() -> tuple[Rule, ...]:
    """All findings that there can be.

    >>> next(rule.severity.value for rule in rules() if rule.code == "init.not-found")
    'error'
    """
    return _stmboot.rules()


def escape(text: str) -> str:
    r"""Make a text from a card safe for a terminal: it stays on its line, whatever it holds.

    >>> print(escape("\x1b[2J\nname"))
    \x1b[2J\nname
    """
    return _stmboot.escape(text)


_state = state_directory

__all__ = [
    "Argument", "ArgumentError", "Boot", "BootDtb", "BootFit", "BootKernel", "Bootargs",
    "CancelledError", "Card", "CardPath", "Change", "CheckResult", "Checksum", "ConflictError",
    "CopyState", "CorruptError", "Detail", "DeviceTree", "Dtb", "DtbEdit", "DtbNode",
    "DtbProperty", "Edit", "EditResult", "EditState", "EditedBootargs", "Env", "EnvCopy",
    "EnvVariable", "Error", "Ext4", "Extlinux", "ExtlinuxEdit", "ExtlinuxLabel", "ExtractTrouble",
    "Extraction", "FileSystem", "FileSystemEdit", "FileType", "Finding", "Fip", "FipEdit",
    "FipEntry", "Firmware", "Fit", "FitConfiguration", "FitDigest", "FitImage", "FitSignature",
    "Fsbl", "FsblKind", "Fwu", "FwuBank", "FwuBankPlace", "FwuChoice", "FwuCopy", "FwuImage",
    "Gpt", "GptCopy", "GptEdit", "GptEntry", "GptReader", "ImageInfo", "ImageState", "Init",
    "InternalError", "Kernel", "Label", "LimitError", "MbrState", "Medium", "MediumError",
    "NotFoundError", "NotRecognisedError", "Optee", "OpteePart", "Outcome", "Package",
    "Partition", "Place", "Plan", "Reader", "Recovery", "RefusedError", "Root", "Rule",
    "SecureOs", "Severity", "Soc", "Stage", "StageResult", "Stat", "Status", "Stm32",
    "Stm32Encryption", "Stm32Extension", "Stm32Image", "StoredEnv", "StoredEnvCopy", "Table",
    "TableType", "TruncatedError", "Uboot", "Uimage", "UimagePart", "Undo", "UnsupportedError",
    "Updates", "Write", "__version__", "check", "escape", "open", "recover", "rules", "undo",
    "undos",
]
