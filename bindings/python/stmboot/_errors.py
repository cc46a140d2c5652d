# SPDX-License-Identifier: MIT
"""What can go wrong, as exceptions: one class for each status of the library."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._records import Finding


class Status(enum.IntEnum):
    """What became of a call, as the library's header status.h has it."""

    IO = 1
    NO_MEMORY = 2
    TRUNCATED = 3
    NOT_RECOGNISED = 4
    UNSUPPORTED = 5
    CORRUPT = 6
    LIMIT = 7
    NOT_FOUND = 8
    CONFLICT = 9
    INVALID_ARGUMENT = 10
    CANCELLED = 11
    INTERNAL = 12


class Error(Exception):
    """Something that could not be done; nothing was changed, unless it says so.

    A damaged card is no error while anything useful could be read: what is
    wrong with it is told by findings. Where memory runs out, it is the usual
    MemoryError.
    """

    status: Status
    """What the library said."""
    message: str
    """One phrase for a person; bytes of the medium that are not UTF-8 are U+FFFD."""
    hint: str | None
    """What to do about it."""
    findings: tuple[Finding, ...]
    """What is wrong with the card, where that is the reason."""

    def __init__(self, status: Status, message: str, hint: str | None = None,
                 findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.hint = hint
        self.findings = findings

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}; {self.hint}"

    def __reduce__(self) -> tuple[type[Error], tuple[object, ...]]:
        return type(self), (self.status, self.message, self.hint, self.findings)


class MediumError(Error, OSError):
    """The medium or the host could not be read or written; errno says more where it is known."""


class TruncatedError(Error):
    """Something ends before it should."""


class NotRecognisedError(Error):
    """This is no card, or not what it was taken for."""


class UnsupportedError(Error):
    """Something that is known, but not handled."""


class CorruptError(Error):
    """Something is damaged beyond use."""


class LimitError(Error):
    """Something is larger than it may be, or there is no room for it."""


class NotFoundError(Error, FileNotFoundError):
    """There is no such file, node, label or partition."""


class ConflictError(Error):
    """Something else is in the way, holds the image, or has changed it."""


class RefusedError(ConflictError):
    """An edit would add an error to the boot; `findings` are those it would add.

    ``card.edit(force=True)`` goes on all the same.
    """


class ArgumentError(Error, ValueError):
    """What was asked for cannot be."""


class CancelledError(Error):
    """A callback said that the work is to stop."""


class InternalError(Error):
    """A mistake in the library."""


_CLASSES: dict[Status, type[Error]] = {
    Status.IO: MediumError,
    Status.TRUNCATED: TruncatedError,
    Status.NOT_RECOGNISED: NotRecognisedError,
    Status.UNSUPPORTED: UnsupportedError,
    Status.CORRUPT: CorruptError,
    Status.LIMIT: LimitError,
    Status.NOT_FOUND: NotFoundError,
    Status.CONFLICT: ConflictError,
    Status.INVALID_ARGUMENT: ArgumentError,
    Status.CANCELLED: CancelledError,
    Status.INTERNAL: InternalError,
}


def failure(status: int, message: str, hint: str | None, errno: int,
            findings: tuple[Finding, ...]) -> Error:
    """The exception for a status of the library."""
    known = Status(status)
    kind = _CLASSES[known]
    if known is Status.CONFLICT and findings:
        kind = RefusedError
    error = kind(known, message, hint, findings)
    if errno and isinstance(error, OSError):
        error.errno = errno
    return error
