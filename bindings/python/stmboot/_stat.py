# SPDX-License-Identifier: MIT
"""What is said of files, as frozen dataclasses."""

from __future__ import annotations

import stat as _stat
from dataclasses import dataclass
from enum import StrEnum


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
