# SPDX-License-Identifier: MIT
"""A card that is open for reading."""

from __future__ import annotations

import os
from collections.abc import Iterable
from types import TracebackType
from typing import BinaryIO, Literal

from . import _stmboot
from ._bootargs import Bootargs
from ._dtb import Dtb
from ._edit import Cancel, Content, Edit, Progress
from ._errors import NotFoundError, Status, TruncatedError
from ._files import CardPath, FileSystem, HostPath, Reader, _Native, open_source
from ._package import Package
from ._records import Boot, CheckResult, Finding, ImageInfo, Partition, Place, Table
from ._reports import Env, Extlinux, Gpt, Stm32Image, Updates

MediumChoice = Literal["auto", "sd", "emmc"]


def selectors(words: str | Iterable[str]) -> tuple[str, ...]:
    """Codes or areas of findings, each of which must mean one."""
    chosen = (words,) if isinstance(words, str) else tuple(words)
    for word in chosen:
        if not _stmboot.is_known_code(word):
            raise ValueError(f"there is no such code: {word!r}")
    return chosen


def state_directory(given: HostPath | None) -> HostPath | None:
    """Where undo records are: as given, or where the program keeps them."""
    return _stmboot.state_directory() if given is None else given


class Card:
    """An image of a card, as ``stmboot.open()`` gives it; to be used by ``with``.

    The boot is followed when it is asked for first. Threads may share a card:
    one of them uses it at a time, and others go on meanwhile. A callback must
    not use the card that calls it.
    """

    def __init__(self, source: HostPath | Content, *, medium: MediumChoice = "auto",
                 deep: bool = False, state_directory: HostPath | None = None,
                 progress: Progress | None = None, cancel: Cancel | None = None) -> None:
        """As stmboot.open()."""
        self._path: str | None = None
        self._content: Content | None = None
        if isinstance(source, (str, os.PathLike)):
            self._path = os.fspath(source)
        else:
            self._content = source
        self._medium: MediumChoice = medium
        self._deep = deep
        self._state_directory = state_directory
        self._progress = progress
        self._cancel = cancel
        self._open = _Native(self._new())
        self._forget()

    def _new(self) -> _stmboot.Card:
        return _stmboot.Card(self._path, self._content, self._medium,
                             state_directory(self._state_directory), self._progress, self._cancel)

    def _forget(self) -> None:
        self._traced: tuple[Boot, tuple[Finding, ...]] | None = None
        self._described: tuple[ImageInfo, Table, tuple[Partition, ...]] | None = None
        self._dtb: Dtb | None = None

    def _again(self) -> None:
        """Look at the image again, after it was edited."""
        self._open.native.close()
        self._open.native = self._new()
        self._forget()

    def _trace(self) -> tuple[Boot, tuple[Finding, ...]]:
        if self._traced is None:
            boot, _, _, findings = self._open.native.trace(self._deep, (), ())
            self._traced = boot, findings
        return self._traced

    def _describe(self) -> tuple[ImageInfo, Table, tuple[Partition, ...]]:
        # What is known of partitions grows with the trace: checksums, programs.
        if self._described is None:
            self._trace()
            self._described = self._open.native.describe()
        return self._described

    def __repr__(self) -> str:
        return f"Card({self._path!r})" if self._path is not None else "Card(...)"

    def close(self) -> None:
        """Close it, and all files that are open in it; twice is fine."""
        self._open.native.close()

    def __enter__(self) -> Card:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self.close()

    # ---- what it is ----

    @property
    def info(self) -> ImageInfo:
        """What the image is."""
        return self._describe()[0]

    @property
    def table(self) -> Table:
        """Its partition table."""
        return self._describe()[1]

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """Its partitions, with what they hold; of a bare part it is number 0."""
        return self._describe()[2]

    def partition(self, partition: int | str) -> Partition:
        """A partition by its number or its name."""
        number = self._open.native.partition(str(partition))
        return next(part for part in self.partitions if part.number == number)

    @property
    def boot(self) -> Boot:
        """The boot, followed from the ROM to init."""
        return self._trace()[0]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the card, or worth knowing, in the order of the stages."""
        return self._trace()[1]

    @property
    def bootargs(self) -> Bootargs:
        """What the kernel gets from the label that boots."""
        return self.label_bootargs(None)

    def label_bootargs(self, label: str | None, *, raw: bool = False) -> Bootargs:
        """The same of a label; `raw`: as it is written, before U-Boot expands it."""
        self._trace()
        found = self._open.native.label(label)
        if found is None:
            raise NotFoundError(Status.NOT_FOUND,
                                "U-Boot finds no label that it could boot" if label is None
                                else f"there is no label {label!r}")
        return Bootargs((found.append if raw else found.bootargs) or "")

    def check(self, *, only: str | Iterable[str] = (), ignore: str | Iterable[str] = (),
              deep: bool = True) -> CheckResult:
        """The verdict on what is chosen of the findings, by codes or areas."""
        _, verdict, stops_at, findings = self._open.native.trace(deep, selectors(only),
                                                                 selectors(ignore))
        self._forget()
        return CheckResult(path=self._path or "", verdict=verdict, stops_at=stops_at,
                           findings=findings, error=None)

    # ---- one thing ----

    @property
    def gpt(self) -> Gpt | None:
        """Both copies of the partition table, and who sees what of it; None without any."""
        return self._open.native.gpt()

    @property
    def env(self) -> Env:
        """The environment of U-Boot: ``card.env.get("bootcmd")`` is what is saved."""
        return self._open.native.env()

    @property
    def fwu(self) -> Updates | None:
        """Firmware updates in two banks; None on a card without."""
        return self._open.native.fwu()

    @property
    def extlinux(self) -> Extlinux | None:
        """The configuration as U-Boot reads it; None when it finds none."""
        return self._open.native.extlinux()

    @property
    def dtb(self) -> Dtb:
        """The device tree that boots, before any overlay."""
        if self._dtb is None:
            self._dtb = self.read_dtb()
        return self._dtb

    def read_dtb(self, file: str | None = None) -> Dtb:
        """Another device tree: ``[PARTITION:]/path``; without one, that which boots."""
        partition, path, data = self._open.native.read_dtb(file)
        return Dtb(data, None if path is None else Place(partition=partition, path=path))

    def stm32(self, partition: int | str | None = None) -> Stm32Image:
        """The STM32 image in a partition; without one, what the ROM starts."""
        return self._open.native.stm32(None if partition is None else str(partition))

    def fip(self, partition: int | str | None = None) -> Package:
        """The firmware package in a partition; without one, that which boots."""
        return Package(self._open, partition)

    # ---- what is in it ----

    def fs(self, partition: int | str | None = None, *, reader: Reader = "linux") -> FileSystem:
        """The file system of a partition, by number or name.

        By default it is the one with the configuration that counts, or else
        the only one there is.
        """
        number = (self._open.native.place("/")[0] if partition is None
                  else self._open.native.partition(str(partition)))
        return FileSystem(self._open, number, reader)

    def path(self, place: str, *, reader: Reader = "linux") -> CardPath:
        """A place written as ``[PARTITION:]/path``."""
        number, path = self._open.native.place(place)
        return FileSystem(self._open, number, reader) / path

    def open_partition(self, partition: int | str) -> BinaryIO:
        """The bytes of a partition, as far as the image has them, as a file."""
        number = self._open.native.partition(str(partition))
        return open_source(self._open.native.open_partition(number), f"partition {number}")

    def extract_partition(self, partition: int | str, destination: HostPath) -> None:
        """Write all bytes of a partition to a file of the host, as a whole or not at all."""
        part = self.partition(partition)
        if part.available < part.size:
            raise TruncatedError(Status.TRUNCATED, f"the image ends {part.size - part.available} "
                                 f"bytes before partition {part.number} does",
                                 "copy the whole card again")
        self._open.native.extract_partition(str(part.number), destination)

    # ---- changing it ----

    def edit(self, *, dry_run: bool = False, output: HostPath | None = None, force: bool = False,
             progress: Progress | None = None, cancel: Cancel | None = None) -> Edit:
        """Begin an edit, to be used by ``with``; the image is locked meanwhile.

        `dry_run` only looks; `output` leaves the image alone and writes a copy;
        `force` goes on although the edit adds an error. `progress` and `cancel`
        are called for each MiB that is read or written. After a commit the
        card is looked at again; files that were open in it are closed.
        """
        if self._path is None:
            raise ValueError("only an image that was opened by its path can be edited")
        native = _stmboot.Edit(self._path, self._medium, state_directory(self._state_directory),
                               output, dry_run, force, False, progress or self._progress,
                               cancel or self._cancel)
        return Edit(native, dry_run=dry_run, output=output, done=self._again)
