# SPDX-License-Identifier: MIT
"""The command line of the kernel as a mapping, by the kernel's own rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping

from . import _stmboot
from ._records import Argument


class Bootargs(Mapping[str, str | None]):
    """A command line, as the kernel splits it: ``-`` equals ``_`` in keys.

    Of several arguments with one key the last counts, as for most of the
    kernel's; ``get_all()`` has the others. A flag has the value None. What
    follows ``--`` is init's, and stands in ``arguments`` alone.

    >>> args = Bootargs('console=ttySTM0 root="/dev/mmc blk" quiet')
    >>> args["root"], args["quiet"], "splash" in args
    ('/dev/mmc blk', None, False)
    """

    __slots__ = ("_cmdline", "arguments", "text")

    text: str
    """The whole line."""
    arguments: tuple[Argument, ...]
    """All words, in their order."""

    def __init__(self, text: str) -> None:
        self._cmdline = _stmboot.Cmdline(text)
        self.text = text
        self.arguments = self._cmdline.arguments()

    def __getitem__(self, key: str) -> str | None:
        index = self._cmdline.find(key)
        if index is None:
            raise KeyError(key)
        return self.arguments[index].value

    def __iter__(self) -> Iterator[str]:
        for i, argument in enumerate(self.arguments):
            if self._cmdline.find(argument.key) == i:
                yield argument.key

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"

    def get_all(self, key: str) -> list[str | None]:
        """The values of all arguments with that key, in their order.

        >>> Bootargs("console=tty1 console=ttySTM0").get_all("console")
        ['tty1', 'ttySTM0']
        """
        found = self._cmdline.find(key)
        return [] if found is None else [
            argument.value for argument in self.arguments
            if not argument.after_dashdash and self._cmdline.find(argument.key) == found]


class EditedBootargs(MutableMapping[str, str | None]):
    """The arguments in the append of a label, to be changed in an edit.

    They are as the configuration has them, before U-Boot expands variables.
    A value is set in the place of the first argument with that key, or goes
    to the end; None makes it a flag.
    """

    def __init__(self, read: Callable[[], str | None],
                 change: Callable[[list[str], list[str], list[str], bool], None]) -> None:
        self._read = read
        self._change = change

    @property
    def current(self) -> Bootargs:
        """As they are by now."""
        return Bootargs(self._read() or "")

    def __getitem__(self, key: str) -> str | None:
        return self.current[key]

    def __setitem__(self, key: str, value: str | None) -> None:
        if "=" in key:
            raise ValueError(f"{key!r} is no key: it has a '='")
        self._change([key if value is None else f"{key}={value}"], [], [], False)

    def __delitem__(self, key: str) -> None:
        if key not in self.current:
            raise KeyError(key)
        self._change([], [], [key], False)

    def __iter__(self) -> Iterator[str]:
        return iter(self.current)

    def __len__(self) -> int:
        return len(self.current)

    def __str__(self) -> str:
        return self.current.text

    def add(self, *words: str) -> None:
        """Add ``KEY=VALUE`` or ``FLAG`` at the end, although the key may be there."""
        self._change([], list(words), [], False)

    def replace(self, *words: str) -> None:
        """Make these the whole line."""
        self._change(list(words), [], [], True)
