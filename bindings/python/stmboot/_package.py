# SPDX-License-Identifier: MIT
"""Firmware packages (FIP)."""

from __future__ import annotations

from typing import BinaryIO

from . import _stmboot
from ._files import HostPath, _Native, open_source
from ._formats import Fip
from ._records import Finding


class Package:
    """A firmware package of a card, as ``card.fip()`` gives it.

    Images are named as by fiptool ("nt-fw"), or by their UUID.
    """

    __slots__ = ("_card", "contents", "findings", "partition")

    partition: int
    """The partition that it is in."""
    contents: Fip
    """Its table, and what its images hold."""
    findings: tuple[Finding, ...]
    """What is wrong with it."""

    def __init__(self, card: _Native, partition: int | str | None) -> None:
        self._card = card
        self.partition, self.contents, self.findings = \
            self._native.fip(None if partition is None else str(partition))

    @property
    def _native(self) -> _stmboot.Card:
        return self._card.native

    def __repr__(self) -> str:
        return f"Package({self.partition})"

    @property
    def images(self) -> tuple[str, ...]:
        """The names of its images, in their order; the UUID of one without."""
        return tuple(entry.name or entry.uuid for entry in self.contents.entries)

    def open(self, image: str) -> BinaryIO:
        """An image, as a file."""
        return open_source(self._native.open_fip(str(self.partition), image), image)

    def read_bytes(self, image: str) -> bytes:
        """The whole of an image."""
        with self.open(image) as file:
            return file.read()

    def extract(self, image: str, destination: HostPath) -> None:
        """Write an image to a file of the host, as a whole or not at all."""
        self._native.extract_image(str(self.partition), image, destination)

    def extract_all(self, folder: HostPath) -> None:
        """Write every image to a file in a folder, under the name that fiptool gives it."""
        self._native.extract_package(str(self.partition), folder)
