# SPDX-License-Identifier: MIT
"""Device trees."""

from __future__ import annotations

from collections.abc import Iterator

from . import _stmboot
from ._errors import Error
from ._formats import DeviceTree
from ._records import Place
from ._reports import DtbNode


class Dtb:
    """A device tree, as ``card.dtb`` gives it; it stays when the card is closed.

    Nodes are named by a path, an alias or a label: "/soc/serial@40010000",
    "serial0" or "&uart4".
    """

    __slots__ = ("_native", "data", "file", "info")

    file: Place | None
    """Where it was read from; None for an image that is a bare device tree."""
    data: bytes
    """The whole tree, in its flattened form."""
    info: DeviceTree
    """What it says of itself."""

    def __init__(self, data: bytes, file: Place | None = None) -> None:
        """Of the bytes of a .dtb or .dtbo, which have to be intact."""
        self._native = _stmboot.Dtb(data)
        self.file = file
        self.data = data
        self.info = self._native.info()

    def __repr__(self) -> str:
        return f"Dtb({self.info.model!r})"

    @property
    def model(self) -> str | None:
        """The board that it describes, for people."""
        return self.info.model

    @property
    def compatible(self) -> tuple[str, ...]:
        """The board that it describes, for programs; the most specific name first."""
        return self.info.compatible

    def node(self, name: str = "/") -> DtbNode:
        """A node with all that is below it."""
        return self._native.node(name)

    def __contains__(self, name: object) -> bool:
        """Whether there is such a node."""
        try:
            return isinstance(name, str) and self._native.node(name) is not None
        except Error:
            return False

    def walk(self, name: str = "/") -> Iterator[DtbNode]:
        """A node and all below it, each before what is in it."""
        waiting = [self.node(name)]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.nodes))

    def get(self, node: str, prop: str, *, type: str | None = None) \
            -> tuple[str, ...] | tuple[int, ...] | None:
        """The values of a property, or None when there is none, as ``dtb get`` reads them.

        `type` is as for fdtget: "s", "x", "bu", ...; without it, what looks like
        strings is strings, and all else integers.
        """
        return self._native.get(node, prop, type)

    def source(self, node: str = "/") -> str:
        """A node as source text, from which dtc makes an equal tree of the root."""
        return self._native.source(node)
