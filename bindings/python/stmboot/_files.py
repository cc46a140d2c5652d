# SPDX-License-Identifier: MIT
"""Files inside a card, by paths that follow pathlib."""

from __future__ import annotations

import errno
import fnmatch
import io
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import BinaryIO, Literal, TextIO, overload

from . import _stmboot
from ._errors import Error, NotFoundError, failure
from ._stat import Extraction, FileType, Stat

Reader = Literal["linux", "uboot"]
HostPath = str | os.PathLike[str]


class _Raw(io.RawIOBase):
    """What an open source of the library gives, as a file."""

    def __init__(self, source: _stmboot.Source, name: str) -> None:
        super().__init__()
        self._source = source
        self._at = 0
        self.name = name
        self.mode = "rb"

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview | bytearray) -> int:  # type: ignore[override]
        got = self._source.readinto(buffer, self._at)
        self._at += got
        return got

    def readall(self) -> bytes:
        data = bytearray(max(self._source.size() - self._at, 0))
        got = self.readinto(data)
        return bytes(data if got == len(data) else data[:got])

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at}.get(whence)
        at = offset + (self._source.size() if base is None else base)
        if at < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._at = at
        return at

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()


def open_source(source: _stmboot.Source, name: str) -> BinaryIO:
    """A buffered file over an open source."""
    return io.BufferedReader(_Raw(source, name))


class CardPath:
    """A path inside a file system of a card; what pathlib's have, it has.

    It is absolute, and no path of the host: symbolic links are followed inside
    the file system only. Names are bytes; those that are not UTF-8 are given
    and taken by ``surrogateescape``.
    """

    __slots__ = ("_fs", "_path")

    def __init__(self, fs: FileSystem, *parts: str | PurePosixPath) -> None:
        self._fs = fs
        self._path = PurePosixPath("/", *parts)

    # ---- what the path says by itself ----

    @property
    def fs(self) -> FileSystem:
        """The file system that it is in."""
        return self._fs

    @property
    def name(self) -> str:
        """The last name."""
        return self._path.name

    @property
    def stem(self) -> str:
        """The last name without its suffix."""
        return self._path.stem

    @property
    def suffix(self) -> str:
        """What follows the last dot of the name, with it."""
        return self._path.suffix

    @property
    def suffixes(self) -> list[str]:
        """All suffixes of the name."""
        return self._path.suffixes

    @property
    def parts(self) -> tuple[str, ...]:
        """All names, "/" first."""
        return self._path.parts

    @property
    def parent(self) -> CardPath:
        """The directory that it is in."""
        return self._with(self._path.parent)

    @property
    def parents(self) -> Sequence[CardPath]:
        """All directories that it is in."""
        return tuple(self._with(path) for path in self._path.parents)

    def _with(self, path: PurePosixPath) -> CardPath:
        return CardPath(self._fs, path)

    def __truediv__(self, other: str | PurePosixPath) -> CardPath:
        return self._with(self._path / other)

    def joinpath(self, *others: str | PurePosixPath) -> CardPath:
        """The path with others below it."""
        return self._with(self._path.joinpath(*others))

    def with_name(self, name: str) -> CardPath:
        """The path with another name."""
        return self._with(self._path.with_name(name))

    def with_suffix(self, suffix: str) -> CardPath:
        """The path with another suffix."""
        return self._with(self._path.with_suffix(suffix))

    def relative_to(self, other: CardPath | str | PurePosixPath) -> PurePosixPath:
        """What leads here from another path."""
        return self._path.relative_to(other._path if isinstance(other, CardPath) else other)

    def match(self, pattern: str) -> bool:
        """Whether a pattern means the path, as for pathlib."""
        return self._path.match(pattern)

    def as_posix(self) -> str:
        """The path as text."""
        return str(self._path)

    def __str__(self) -> str:
        return str(self._path)

    def __repr__(self) -> str:
        return f"CardPath({self._fs.partition}, {str(self._path)!r})"

    def _key(self) -> tuple[int, str, int, PurePosixPath]:
        return id(self._fs._card), self._fs.reader, self._fs.partition, self._path

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CardPath):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __lt__(self, other: CardPath) -> bool:
        return self._key() < other._key()

    # ---- what is there ----

    def _target(self) -> tuple[int, bool, str]:
        return self._fs.partition, self._fs.reader == "uboot", str(self._path)

    def stat(self, *, follow_symlinks: bool = True) -> Stat:
        """What the inode says."""
        return self._fs._native.stat(*self._target(), follow_symlinks)

    def lstat(self) -> Stat:
        """What the inode says, of a symbolic link itself."""
        return self.stat(follow_symlinks=False)

    def _is(self, kind: FileType) -> bool:
        try:
            return self.stat().type is kind
        except NotFoundError:
            return False

    def exists(self) -> bool:
        """Whether something is there."""
        try:
            self.stat()
        except NotFoundError:
            return False
        return True

    def is_file(self) -> bool:
        """Whether it leads to a regular file."""
        return self._is(FileType.FILE)

    def is_dir(self) -> bool:
        """Whether it leads to a directory."""
        return self._is(FileType.DIRECTORY)

    def is_symlink(self) -> bool:
        """Whether it is a symbolic link itself."""
        try:
            return self.lstat().type is FileType.SYMLINK
        except NotFoundError:
            return False

    def readlink(self) -> PurePosixPath:
        """The target of a symbolic link, as written."""
        return PurePosixPath(self._fs._native.readlink(*self._target()))

    def resolve(self) -> CardPath:
        """The path through no symbolic link."""
        return self._with(PurePosixPath(self._fs._native.resolve(*self._target())))

    def attributes(self) -> dict[str, bytes]:
        """The extended attributes, as getxattr() gives them."""
        return self._fs._native.attributes(*self._target())

    # ---- content ----

    @overload
    def open(self, mode: Literal["rb"]) -> BinaryIO: ...
    @overload
    def open(self, mode: Literal["r", "rt"] = "r", *, encoding: str | None = None,
             errors: str | None = None, newline: str | None = None) -> TextIO: ...

    def open(self, mode: str = "r", *, encoding: str | None = None, errors: str | None = None,
             newline: str | None = None) -> BinaryIO | TextIO:
        """Open a file for reading."""
        if mode not in ("r", "rt", "rb"):
            raise ValueError(f"mode {mode!r} is not for reading: card.edit() changes files")
        if mode == "rb" and (encoding, errors, newline) != (None, None, None):
            raise ValueError("a binary file has no encoding")
        file = open_source(self._fs._native.open_file(*self._target()), str(self))
        if mode == "rb":
            return file
        return io.TextIOWrapper(file, encoding=encoding or "utf-8", errors=errors,
                                newline=newline)

    def read_bytes(self) -> bytes:
        """The whole content."""
        with self.open("rb") as file:
            return file.read()

    def read_text(self, encoding: str = "utf-8", errors: str | None = None) -> str:
        """The whole content as text."""
        with self.open("r", encoding=encoding, errors=errors) as file:
            return file.read()

    def extract(self, destination: HostPath | None = None, *, recursive: bool = False,
                preserve: bool = False, devices: bool = False) -> Extraction:
        """Make a file of the host, or with `recursive` a directory with all in it.

        Whatever the card holds, nothing is made outside the destination. What
        could not be made stands in the result.
        """
        return self._fs._native.extract(*self._target(), destination, recursive, preserve,
                                        devices)

    # ---- directories ----

    def iterdir(self) -> Iterator[CardPath]:
        """The names of a directory, in the order of the medium."""
        for name, _ in self._fs._native.listdir(*self._target()):
            yield self / name

    def walk(self, on_error: Callable[[Error], object] | None = None) \
            -> Iterator[tuple[CardPath, list[str], list[str]]]:
        """Directories with their directories and their other names, from the top down.

        Names are sorted, no symbolic link is followed, and a directory that is
        taken out of the first list is not gone through. The walk ends however
        damaged the file system is. Other than pathlib's, it raises what cannot
        be read, unless `on_error` takes it.
        """
        found: dict[PurePosixPath, tuple[list[str], list[str]]] = {}
        for text, kind, depth, status, trouble in self._fs._native.walk(*self._target()):
            path = PurePosixPath(text)
            if status:
                error = failure(status, f"{text}: {trouble}", None, 0, ())
                if on_error is None:
                    raise error
                on_error(error)
            if kind is FileType.DIRECTORY:
                found.setdefault(path, ([], []))
            if depth > 0 and path.parent in found:
                names = found[path.parent][kind is not FileType.DIRECTORY]
                if not names or names[-1] != path.name:
                    names.append(path.name)
        start = next(iter(found), None)
        gone_through: set[PurePosixPath] = set()
        for path, (folders, files) in found.items():
            if path == start or (path.parent in gone_through
                                 and path.name in found[path.parent][0]):
                gone_through.add(path)
                yield self._with(path), folders, files

    def glob(self, pattern: str) -> Iterator[CardPath]:
        """All below it that a pattern means: ``*``, ``?`` and ``[...]`` in a name, and ``**``."""
        parts = PurePosixPath(pattern).parts
        if not parts or parts[0] == "/":
            raise ValueError(f"{pattern!r} is no pattern below a path")
        seen: set[CardPath] = set()
        for path in self._select(parts):
            if path not in seen:
                seen.add(path)
                yield path

    def rglob(self, pattern: str) -> Iterator[CardPath]:
        """The same at any depth."""
        return self.glob(f"**/{pattern}")

    def _select(self, parts: tuple[str, ...]) -> Iterator[CardPath]:
        if not parts:
            yield self
            return
        head, rest = parts[0], parts[1:]
        if head == "**":
            for path, _, _ in self.walk():
                yield from path._select(rest)
        elif any(character in head for character in "*?["):
            for child in self.iterdir() if self.is_dir() else ():
                if fnmatch.fnmatchcase(child.name, head) and (not rest or child.is_dir()):
                    yield from child._select(rest)
        elif (self / head).is_symlink() or (self / head).exists():
            yield from (self / head)._select(rest)


class FileSystem:
    """The file system of a partition, as Linux or as U-Boot sees it.

    ``fs / "boot" / "zImage"`` is a path in it.
    """

    __slots__ = ("_card", "notice", "partition", "reader")

    partition: int
    """The number of the partition."""
    reader: Reader
    """Who reads: "linux", with the journal replayed, or "uboot", with its limits and bugs."""
    notice: str | None
    """What is to be known of it: that its journal could not be replayed."""

    def __init__(self, card: _Native, partition: int, reader: Reader) -> None:
        self._card = card
        self.partition = partition
        self.reader = reader
        self.notice = self._native.fs(partition, reader == "uboot")

    @property
    def _native(self) -> _stmboot.Card:
        return self._card.native

    def __repr__(self) -> str:
        return f"FileSystem({self.partition}, reader={self.reader!r})"

    @property
    def root(self) -> CardPath:
        """Its root directory."""
        return CardPath(self)

    def path(self, path: str | PurePosixPath | CardPath) -> CardPath:
        """A path in it."""
        return CardPath(self, path._path if isinstance(path, CardPath) else path)

    def __truediv__(self, other: str | PurePosixPath) -> CardPath:
        return CardPath(self, other)

    def stat(self, path: str | PurePosixPath, *, follow_symlinks: bool = True) -> Stat:
        """What the inode says that a path leads to."""
        return self.path(path).stat(follow_symlinks=follow_symlinks)

    def exists(self, path: str | PurePosixPath) -> bool:
        """Whether something is there."""
        return self.path(path).exists()

    def is_file(self, path: str | PurePosixPath) -> bool:
        """Whether a path leads to a regular file."""
        return self.path(path).is_file()

    def is_dir(self, path: str | PurePosixPath) -> bool:
        """Whether a path leads to a directory."""
        return self.path(path).is_dir()

    def read_bytes(self, path: str | PurePosixPath) -> bytes:
        """The whole content of a file."""
        return self.path(path).read_bytes()

    def read_text(self, path: str | PurePosixPath, encoding: str = "utf-8",
                  errors: str | None = None) -> str:
        """The whole content of a file as text."""
        return self.path(path).read_text(encoding, errors)

    def iterdir(self, path: str | PurePosixPath = "/") -> Iterator[CardPath]:
        """The names of a directory."""
        return self.path(path).iterdir()

    def walk(self, path: str | PurePosixPath = "/",
             on_error: Callable[[Error], object] | None = None) \
            -> Iterator[tuple[CardPath, list[str], list[str]]]:
        """As CardPath.walk()."""
        return self.path(path).walk(on_error)

    def glob(self, pattern: str) -> Iterator[CardPath]:
        """All that a pattern means, which counts from the root."""
        return self.root.glob(pattern)


class _Native:
    """The open image of a card; another one after the card was edited."""

    __slots__ = ("native",)

    def __init__(self, native: _stmboot.Card) -> None:
        self.native = native
