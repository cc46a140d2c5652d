# SPDX-License-Identifier: MIT
"""Edits: all or nothing, with the boot followed before a byte is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import PurePosixPath
from types import TracebackType
from typing import BinaryIO, Literal

from . import _stmboot
from ._bootargs import EditedBootargs
from ._files import CardPath, HostPath
from ._records import EditResult, EditState, Plan

Progress = Callable[[int, int], object]
Cancel = Callable[[], bool]
Content = bytes | bytearray | memoryview | BinaryIO
InsidePath = str | PurePosixPath | CardPath


def _words(words: str | Iterable[str]) -> list[str]:
    return [words] if isinstance(words, str) else list(words)


class Edit:
    """An edit of a card, made by ``card.edit()``.

    As a context manager it is committed at the end, or dropped when an
    exception leaves the block; before it is written, the boot of the result is
    followed, and an edit that adds an error is refused (RefusedError).
    """

    def __init__(self, native: _stmboot.Edit, *, dry_run: bool, output: HostPath | None,
                 done: Callable[[], None] | None = None) -> None:
        self._native = native
        self._dry_run = dry_run
        self._output = output
        self._done = done
        self._plan: Plan | None = None
        self._result: EditResult | None = None
        self._state = EditState.UNCHANGED
        self.extlinux = ExtlinuxEdit(self)
        self.dtb = DtbEdit(self)
        self.gpt = GptEdit(self)
        self.fip = FipEdit(self)

    extlinux: ExtlinuxEdit
    """The configuration of U-Boot."""
    dtb: DtbEdit
    """Device trees."""
    gpt: GptEdit
    """The partition table."""
    fip: FipEdit
    """Firmware packages."""

    def _open(self) -> _stmboot.Edit:
        """The library's edit, as long as it takes changes."""
        if self._plan is not None:
            raise ValueError("the edit is staged: begin another one for further changes")
        return self._native

    # ---- what is changed ----

    @property
    def bootargs(self) -> EditedBootargs:
        """The arguments of the kernel, of the label that boots."""
        return self.label_bootargs(None)

    def label_bootargs(self, label: str | None) -> EditedBootargs:
        """The same of a label."""
        def change(words: list[str], add: list[str], remove: list[str], replace: bool) -> None:
            self.set_bootargs(*words, add=add, remove=remove, replace=replace, label=label)

        return EditedBootargs(lambda: self._native.append(label), change)

    def set_bootargs(self, *words: str, add: str | Iterable[str] = (),
                     remove: str | Iterable[str] = (), replace: bool = False,
                     label: str | None = None, all_labels: bool = False) -> None:
        """Change arguments of the kernel, as the command set-bootargs does.

        All `words` (``KEY=VALUE`` or ``FLAG``) of one key replace all
        occurrences of that key; `add` goes to the end whatever is there;
        `remove` names keys; with `replace` the words are the whole line.
        """
        if label is not None and all_labels:
            raise ValueError("label and all_labels exclude each other")
        self._open().set_bootargs(label, all_labels, words, _words(add), _words(remove), replace)

    def fs(self, partition: int | str | None = None) -> FileSystemEdit:
        """The files of a partition; by default of the one with the configuration."""
        if partition is None:
            return FileSystemEdit(self, self._native.place("/")[0])
        return FileSystemEdit(self, self._native.partition(str(partition)))

    def write_partition(self, partition: int | str, content: HostPath | Content) -> None:
        """Write a partition: a file of the host, bytes or an open binary file.

        "fsbl" means both copies of the first-stage loader, of which one is
        valid at every moment. The content is read until the edit is committed.
        """
        if isinstance(content, (str, os.PathLike)):
            self._open().write_partition(str(partition), content, None)
        else:
            self._open().write_partition(str(partition), None, content)

    # ---- the end ----

    def plan(self) -> Plan:
        """What a commit would write; no further changes are taken then."""
        if self._plan is None:
            self._plan = self._native.stage()
        return self._plan

    @property
    def state(self) -> EditState:
        """What became of the image, also when the commit failed."""
        return self._state

    @property
    def result(self) -> EditResult:
        """What the edit did, once it is committed."""
        if self._result is None:
            raise ValueError("the edit is not committed")
        return self._result

    def commit(self) -> EditResult:
        """Write what was changed, all or nothing; a dry run only says what that is.

        Up to the moment that decides, a callback can end it, and nothing was changed.
        Behind it the edit is carried to its end: an exception of the progress callback
        then says nothing of the edit, but ``state`` does.
        """
        if self._result is not None:
            raise ValueError("the edit is committed already")
        plan = self.plan()
        if not self._dry_run:
            self._commit()
        before, after, findings = self._native.views()
        state, undoable, trouble = self._native.result()
        changed = bool(plan.writes)
        self._state = state
        self._result = EditResult(
            changed=changed, written=not self._dry_run and (changed or self._output is not None),
            state=state, plan=plan, boot_before=before, boot_after=after, findings=findings,
            undoable=undoable, undo_trouble=trouble)
        self._finish()
        return self._result

    def _commit(self) -> None:
        try:
            self._native.commit()
        except BaseException:
            self._state = self._native.result()[0]
            if self._state is not EditState.UNCHANGED:
                self._finish()
            raise

    def _finish(self) -> None:
        """Let go, and let the card look again at what was changed."""
        self.close()
        if not self._dry_run and self._output is None and self._done is not None:
            self._done()

    def close(self) -> None:
        """Let the image go; what was not committed is dropped."""
        self._native.close()

    def __enter__(self) -> Edit:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        try:
            if kind is None and self._result is None:
                self.commit()
        finally:
            self.close()


class ExtlinuxEdit:
    """Changes of the configuration; what is not meant keeps its bytes."""

    def __init__(self, edit: Edit) -> None:
        self._edit = edit

    def set(self, label: str | None, key: str, value: str) -> None:
        """Give a label (None: the one that boots) a value."""
        self._edit._open().set_key(label, key, value)

    def unset(self, label: str | None, key: str) -> None:
        """Take a key out of a label."""
        self._edit._open().set_key(label, key, None)

    def add(self, label: str, settings: Mapping[str, str]) -> None:
        """Add a label with its lines."""
        self._edit._open().add_label(label, list(settings), list(settings.values()))

    def remove(self, label: str) -> None:
        """Remove a label with all its lines."""
        self._edit._open().remove_label(label)

    def default(self, label: str) -> None:
        """Make a label the default one."""
        self._edit._open().set_default(label)

    def timeout(self, seconds: float) -> None:
        """Set how long U-Boot waits in its menu; 0 waits for ever."""
        tenths = round(seconds * 10)
        if tenths < 0 or abs(tenths - seconds * 10) > 1e-6:
            raise ValueError(f"{seconds!r} is no time in tenths of a second")
        self._edit._open().set_timeout(tenths)


class DtbEdit:
    """Changes of the device tree that boots, or of another `file` ([PARTITION:]/path)."""

    def __init__(self, edit: Edit) -> None:
        self._edit = edit

    def _place(self, file: str | None) -> tuple[int, str | None]:
        return (0, None) if file is None else self._edit._native.place(file)

    def set(self, node: str, prop: str, *values: str | int, type: str | None = None,
            create: bool = False, file: str | None = None) -> None:
        """Give a node (a path, an alias or a &label) a property.

        `type` is as for fdtput: "s", "x", "bx", ...; without it, values that
        are all integers are cells, and others strings. With `create` the node
        is made.
        """
        self._edit._open().set_property(*self._place(file), node, prop,
                                        [str(value) for value in values], type, create)

    def remove(self, node: str, prop: str | None = None, *, file: str | None = None) -> None:
        """Remove a property, or a node with all below it."""
        self._edit._open().remove_node(*self._place(file), node, prop)

    def overlay(self, overlay: HostPath | Content, *, file: str | None = None) -> None:
        """Merge an overlay: a file of the host, bytes or an open binary file."""
        native, place = self._edit._open(), self._place(file)
        if isinstance(overlay, (str, os.PathLike)):
            with open(overlay, "rb") as opened:
                native.overlay(*place, opened, os.fspath(overlay))
        else:
            native.overlay(*place, overlay, "the overlay")


class FipEdit:
    """Changes of firmware packages."""

    def __init__(self, edit: Edit) -> None:
        self._edit = edit

    def replace(self, images: Mapping[str, HostPath | Content],
                partition: int | str | None = None) -> None:
        """Give images another content: files of the host, bytes or open binary files.

        What belongs together goes in at once. Without a partition it is the
        package that boots. A package can be changed once in an edit.

        ``edit.fip.replace({"nt-fw": "u-boot-nodtb.bin", "hw-config": "u-boot.dtb"})``
        """
        native = self._edit._open()
        with ExitStack() as stack:
            contents = [stack.enter_context(open(content, "rb"))
                        if isinstance(content, (str, os.PathLike)) else content
                        for content in images.values()]
            native.replace_images(None if partition is None else str(partition), list(images),
                                  contents)


class GptEdit:
    """Changes of the partition table; what names a partition by its GUID follows."""

    def __init__(self, edit: Edit) -> None:
        self._edit = edit

    def set(self, partition: int | str, settings: Mapping[str, str | bool] | None = None,
            **more: str | bool) -> None:
        """Change fields of a partition: bootable, name, type, guid, or another attribute.

        ``edit.gpt.set("rootfs", bootable=True, guid="random")``
        """
        fields = {**(settings or {}), **more}
        words = {True: "yes", False: "no"}
        self._edit._open().set_partition(
            str(partition), list(fields),
            [words[value] if isinstance(value, bool) else value for value in fields.values()])

    def repair(self, source: Literal["auto", "primary", "backup"] = "auto") -> None:
        """Make both copies whole, from a good one."""
        self._edit._open().repair(source)

    def new_guids(self) -> None:
        """Give the disk and all partitions new GUIDs."""
        self._edit._open().new_guids()


class FileSystemEdit:
    """Changes of the files of a partition. Paths are those inside it, without its number.

    What the program calls ``4:/boot/zImage`` is "/boot/zImage" of ``edit.fs(4)``.
    """

    def __init__(self, edit: Edit, partition: int) -> None:
        self._edit = edit
        self.partition = partition

    def _at(self, path: InsidePath) -> tuple[int, str]:
        if isinstance(path, CardPath) and path.fs.partition != self.partition:
            raise ValueError(f"{path} is in partition {path.fs.partition}, not {self.partition}")
        return self.partition, str(PurePosixPath("/", str(path)))

    def _other(self, path: InsidePath, fs: FileSystemEdit | None) -> tuple[int, str]:
        return (fs or self)._at(path)

    def read_bytes(self, path: InsidePath) -> bytes:
        """The content of a file by now, with what was changed."""
        return self._edit._native.read(*self._at(path))

    def read_text(self, path: InsidePath, encoding: str = "utf-8") -> str:
        """The same as text."""
        return self.read_bytes(path).decode(encoding)

    def write_bytes(self, path: InsidePath, content: Content) -> None:
        """Put content into a file: bytes, or an open binary file that can seek."""
        self._edit._open().put(*self._at(path), content)

    def write_text(self, path: InsidePath, content: str, encoding: str = "utf-8") -> None:
        """The same with text."""
        self.write_bytes(path, content.encode(encoding))

    def put(self, source: HostPath, path: InsidePath, *, recursive: bool = False,
            preserve: bool = False) -> None:
        """Put a file of the host, or a folder, as cp does."""
        self._edit._open().put_host(*self._at(path), source, recursive, preserve)

    def copy(self, path: InsidePath, to: InsidePath, *, fs: FileSystemEdit | None = None,
             recursive: bool = False, preserve: bool = False) -> None:
        """Copy a file or a directory, also to another file system."""
        self._edit._open().copy(*self._at(path), *self._other(to, fs), recursive, preserve)

    def rename(self, path: InsidePath, to: InsidePath, *,
               fs: FileSystemEdit | None = None) -> None:
        """Give a file or a directory another place, as mv does."""
        self._edit._open().move(*self._at(path), *self._other(to, fs))

    def remove(self, path: InsidePath, *, recursive: bool = False) -> None:
        """Take a name away; of a directory with all in it when that is said."""
        self._edit._open().remove(*self._at(path), recursive)

    def mkdir(self, path: InsidePath, *, parents: bool = False) -> None:
        """Make a directory; with `parents` those above it, and one that is there is fine."""
        self._edit._open().mkdir(*self._at(path), parents)

    def link(self, path: InsidePath, name: InsidePath) -> None:
        """Give a file one name more."""
        self._edit._open().link(*self._at(path), *self._at(name))

    def symlink(self, path: InsidePath, target: str | PurePosixPath) -> None:
        """Make a symbolic link at a path."""
        self._edit._open().symlink(*self._at(path), str(target))

    def chmod(self, path: InsidePath, mode: int | str) -> None:
        """Set permissions: 0o644 or "u+x"."""
        self._edit._open().chmod(*self._at(path), f"{mode:04o}" if isinstance(mode, int) else mode)

    def chown(self, path: InsidePath, uid: int | None = None, gid: int | None = None) -> None:
        """Set owner and group, by number."""
        owner = ("" if uid is None else str(uid)) + ("" if gid is None else f":{gid}")
        self._edit._open().chown(*self._at(path), owner)

    def set_attribute(self, path: InsidePath, name: str, value: bytes | None) -> None:
        """Set an extended attribute; None removes it."""
        self._edit._open().set_attribute(*self._at(path), name, value)


