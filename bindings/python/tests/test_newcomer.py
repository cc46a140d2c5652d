# SPDX-License-Identifier: MIT
"""Sessions of somebody who has the package, a card that does not boot, and the README beside it.

Each breaks a healthy card, asks what is wrong, and does in Python what the command of the hint
does, by the table of the README; the card must then pass, and undo gives the broken one back.
"""

import os
import re
import shlex
import subprocess
import time

import pytest
from conftest import CONFIG, TOP, program

import newcomer
import stmboot
from newcomer import CONF, DTB, KERNEL, append, damage, flip
from stmboot import EditState, Outcome, Severity

README = os.path.join(TOP, "bindings", "python", "README.md")

# Of the sessions with the program some of each kind of command.
NAMES = ("primary table damaged", "loaders renamed", "one GUID twice", "first loader damaged",
         "both loaders damaged", "U-Boot wiped", "no bootable flag", "another partition bootable",
         "extlinux.conf missing", "extlinux.conf empty", "extlinux.conf with a byte order mark",
         "menu without a timeout", "menu with a negative timeout", "label without a kernel",
         "default names no label", "a stale configuration comes first", "a boot script comes first",
         "command line too long", "kernel missing", "wrong path of the kernel", "kernel cut short",
         "not a device tree", "root= names no partition", "no rootwait",
         "console of another board", "init missing", "init not executable")
SESSIONS = [session for session in newcomer.SESSIONS if session[0] in NAMES]


def in_partition(place):
    """PARTITION and /path of a place of the program's."""
    partition, _, path = place.rpartition(":")
    return partition or None, path


def settings(words):
    """KEY=VALUE and so on, as a mapping."""
    return dict(word.split("=", 1) for word in words)


class Newcomer:
    """What the commands of the program are in Python; FILE and the like are brought."""

    def __init__(self, card, brought):
        self.card = card
        self.brought = brought
        self.used = set()

    def do(self, command):
        """What one command does, or several in a row."""
        with self.card.edit() as edit:
            for part in command.split(" && "):
                words = shlex.split(part)
                words = [self.brought.get(word, word) for word in words]
                visual = None
                if words[0].startswith("VISUAL="):
                    visual = words.pop(0).removeprefix("VISUAL=")
                assert words.pop(0) == "stmboot"
                name = words.pop(0)
                if name in ("fs", "gpt", "extlinux", "part"):
                    name += "_" + words.pop(0)
                options = [word for word in words if word.startswith("--")]
                image, *rest = [word for word in words if not word.startswith("--")]
                self.used.add(name)
                if name == "fs_edit":
                    rest.append(visual or self.brought["VISUAL"])
                getattr(self, name.replace("-", "_"))(edit, options, *rest)

    def set_bootargs(self, edit, options, *words):
        """set-bootargs"""
        given = [option.removeprefix("--").partition("=") for option in options]
        label = None
        if ("label", "", "") in given:
            label, *words = words
        edit.set_bootargs(*[word for text in words for word in shlex.split(text)], label=label,
                          replace=("replace", "", "") in given,
                          remove=[value for key, _, value in given if key == "remove"])

    def extlinux_set(self, edit, _options, label, key, value):
        """extlinux set"""
        edit.extlinux.set(label, key, value)

    def extlinux_add(self, edit, _options, label, *words):
        """extlinux add"""
        edit.extlinux.add(label, settings(words))

    def extlinux_default(self, edit, _options, label):
        """extlinux default"""
        edit.extlinux.default(label)

    def extlinux_timeout(self, edit, _options, timeout):
        """extlinux timeout"""
        edit.extlinux.timeout(float(timeout.removesuffix("s")))

    def gpt_repair(self, edit, _options):
        """gpt repair"""
        edit.gpt.repair()

    def gpt_set(self, edit, _options, partition, *words):
        """gpt set"""
        edit.gpt.set(partition, settings(words))

    def part_read(self, _edit, _options, partition, file):
        """part read"""
        self.card.extract_partition(partition, file)

    def part_write(self, edit, _options, partition, file):
        """part write"""
        edit.write_partition(partition, file)

    def fs_put(self, edit, _options, file, place):
        """fs put"""
        partition, path = in_partition(place)
        edit.fs(partition).put(file, path)

    def fs_mkdir(self, edit, options, place):
        """fs mkdir"""
        partition, path = in_partition(place)
        edit.fs(partition).mkdir(path, parents="--parents" in options)

    def fs_rm(self, edit, _options, place):
        """fs rm"""
        partition, path = in_partition(place)
        edit.fs(partition).remove(path)

    def fs_chmod(self, edit, _options, mode, place):
        """fs chmod"""
        partition, path = in_partition(place)
        edit.fs(partition).chmod(path, int(mode, 8))

    def fs_ln(self, edit, options, target, place):
        """fs ln"""
        partition, path = in_partition(place)
        assert options == ["--symbolic"]
        edit.fs(partition).symlink(path, target)

    def fs_edit(self, edit, _options, place, editor):
        """fs edit"""
        partition, path = in_partition(place)
        editor = editor.replace(" -i", "", 1)
        done = subprocess.run(["sh", "-c", editor], input=edit.fs(partition).read_bytes(path),
                              stdout=subprocess.PIPE, check=True)
        edit.fs(partition).write_bytes(path, done.stdout)


def worst(card):
    """What is wrong, first what keeps it from booting."""
    found = [f for f in card.check().findings if f.severity is not Severity.NOTE]
    return sorted(found, key=lambda f: (f.severity is not Severity.ERROR,
                                        f.stage != card.boot.stops_at))


def commands_of(finding):
    """The commands that a hint names, between backquotes."""
    return re.findall("`([^`]*)`", finding.hint or "")


def take_back(path):
    """Take all edits back, the last one first."""
    for _ in stmboot.undos(path):
        assert stmboot.undo(path).state is EditState.DONE


@pytest.fixture(scope="session")
def healthy(tmp_path_factory):
    """A card that boots."""
    return program.card("healthy", str(tmp_path_factory.mktemp("healthy") / "healthy.img"))


@pytest.fixture
def break_card(tmp_path, healthy, monkeypatch):
    """Break it, in a folder of its own."""
    monkeypatch.setenv("STMBOOT_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)

    def broken(steps):
        card = damage.Card(healthy, str(tmp_path / "my card.img"), None)
        for step in steps:
            step(card)
        with open(card.path, "rb") as file:
            return card.path, file.read()
    return broken


def read(path):
    """The bytes of a file."""
    with open(path, "rb") as file:
        return file.read()


def test_the_whole_story(break_card, healthy, tmp_path):
    path, before = break_card([append("root=/dev/mmcblk0p6 rootwait"), flip(1, 256 + 1000)])
    kernel = tmp_path / "zImage"

    # It does not boot, and says at which stage, why, and what is to be done.
    with stmboot.open(path) as card:
        assert card.boot.verdict is Outcome.ERROR and card.boot.stops_at == "rootfs"
        finding = worst(card)[0]
        assert finding.code == "rootfs.not-found" and finding.stage == card.boot.stops_at
        (command,) = commands_of(finding)
        cure = re.fullmatch(r"stmboot set-bootargs '[^']*' root=(\S+)", command)

        # The cure, and the other one.
        with card.edit() as edit:
            edit.bootargs["root"] = cure[1]
        assert card.boot.verdict is Outcome.WARNING and card.boot.stops_at is None
        assert edit.result.boot_before.stops_at == "rootfs"
        card.extract_partition(2, "fsbl.stm32")
        with card.edit() as edit:
            edit.write_partition(1, "fsbl.stm32")
        assert card.boot.verdict is Outcome.OK and worst(card) == []

        # A new kernel beside the old one, which stays on the menu.
        kernel.write_bytes(card.path(KERNEL).read_bytes())
        with card.edit(force=True) as edit:
            rootfs = edit.fs()
            rootfs.rename(KERNEL, KERNEL + ".old")
        with card.edit() as edit:
            edit.fs().put(kernel, KERNEL)
            edit.extlinux.add("previous", {"kernel": KERNEL + ".old", "fdt": DTB,
                                           "append": "root=/dev/mmcblk0p4 rootwait"})
        assert card.boot.verdict is Outcome.OK
        assert [label.name for label in card.extlinux.labels][-1] == "previous"

    summaries = [undo.summary for undo in stmboot.undos(path)]
    assert len(summaries) == 4 and KERNEL in summaries[0]
    take_back(path)
    assert read(path) == before
    with stmboot.open(path) as card:
        assert card.boot.stops_at == "rootfs"
    assert stmboot.open(healthy).check().verdict is Outcome.OK


def mend(path, healthy, brought):
    """Follow the hints until nothing is left; the names of what was done."""
    words = {word: value for word, value in brought.items() if word != "FILE"}
    for word in ("kernel=PATH", "fdt=PATH", "append=ARGUMENTS"):
        if word in words:
            words[word] = "".join(shlex.split(words[word]))
    if "FILE" in brought:
        with open("brought", "wb") as file:
            os.chmod("brought", 0o755)
            file.write(brought["FILE"](damage.Card(healthy, "whole", None)))
        words["FILE"] = "brought"
    done = []
    with stmboot.open(path) as card:
        somebody = Newcomer(card, words)
        while found := worst(card):
            command = next(hint[0] for hint in map(commands_of, found) if hint)
            assert command not in done, f"it is no cure: {found}"
            somebody.do(command)
            done.append(command)
    return somebody.used


def test_each_kind_of_cure_that_a_hint_names_has_its_counterpart(break_card, healthy):
    used = set()
    for name, steps, code, brought in SESSIONS:
        path, before = break_card(steps)
        with stmboot.open(path) as card:
            assert code in [finding.code for finding in card.findings], name
        used |= mend(path, healthy, brought)
        take_back(path)
        assert read(path) == before, name
    assert len(SESSIONS) == len(NAMES)
    assert used == {name for name in vars(Newcomer) if "_" in name and name[0] != "_"
                    and name != "set_bootargs"} | {"set-bootargs"}


def test_the_readme_has_them_all():
    with open(README, encoding="utf-8") as file:
        rows = re.findall(r"^\| `(.*?)` \| `(.*)` \|$", file.read(), re.M)
    for name, method in vars(Newcomer).items():
        if name[0] != "_" and name != "do":
            assert any(command.startswith(method.__doc__) for command, _ in rows), name
    # What stands there can be called.
    parts = {"extlinux": stmboot.ExtlinuxEdit, "gpt": stmboot.GptEdit, "dtb": stmboot.DtbEdit,
             "fip": stmboot.FipEdit, "fs": stmboot.FileSystemEdit}
    for command, text in rows:
        owner, first, rest = re.match(r"(edit|card)\.(\w+)(?:\([^()]*\))?(?:\.(\w+)\()?",
                                      text).groups()
        if rest is None:
            assert hasattr({"edit": stmboot.Edit, "card": stmboot.Card}[owner], first), command
        else:
            assert hasattr(parts[first], rest), command
    assert len(rows) > 12


def test_a_path_of_another_partition_is_no_path_of_this_one(path):
    with stmboot.open(path) as card, card.edit() as edit:
        there = card.path("4:" + CONF)
        assert edit.fs().read_text(there) == CONFIG
        edit.fs("rootfs").write_text(there, CONFIG + "# more\n")
        with pytest.raises(ValueError, match="is in partition 4, not 3"):
            edit.fs(3).write_text(there, "")
    with stmboot.open(path) as card:
        assert card.path(CONF).read_text().endswith("# more\n")


class Boom(Exception):
    """What a callback raises."""


def test_a_callback_ends_an_edit_or_comes_too_late(roomy, roomy_bytes, monkeypatch, tmp_path):
    large = tmp_path / "large"
    large.write_bytes(os.urandom(1 << 16) * 20)
    told = []

    def put(stop_at):
        told.clear()
        roomy.write_bytes(roomy_bytes)
        monkeypatch.setenv("STMBOOT_STATE_DIR", str(tmp_path / f"state-{stop_at}"))

        def progress(done, total):
            time.sleep(0.06)  # the next one is due
            told.append((done, total))
            if edit is not None and len(told) == stop_at:
                raise Boom

        edit = None
        with stmboot.open(roomy) as card:
            edit = card.edit(progress=progress)
            told.clear()
            try:
                with edit:
                    edit.fs().put(large, "/large")
            except Boom:
                assert len(told) == stop_at
            state = edit.state
            assert card.path("/large").exists() is (state is EditState.DONE)
        assert (roomy.read_bytes() == roomy_bytes) is (state is EditState.UNCHANGED)
        assert len(stmboot.undos(roomy)) == (state is EditState.DONE)
        return state

    assert put(0) is EditState.DONE
    many = len(told)
    assert many > 6 and all(0 < done <= total for done, total in told)
    assert put(many) is EditState.DONE, "behind the moment that decides"
    assert put(many // 2) is EditState.UNCHANGED
