#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the library says about extlinux.conf files, held against a real U-Boot 2023.01.

Each case is a file on an ext4 that U-Boot's sysboot is told to boot. No kernel
there is one, so every label fails and the next is tried. Compared are the files
asked for and the labels tried, in order, the menu, bootargs before and after,
and whether the file is rejected or U-Boot crashes. Overlays are not: this
build of U-Boot leaves them out.

usage: uboot_extlinux.py EXTLINUX_SAYS [CASE-NUMBER...]
"""

import os
import re
import subprocess
import sys
import tempfile
import time

import extlinux_cases
from uboot_console import SKIPPED, Console, Dead, missing, need

CBSIZE = 512  # CONFIG_SYS_CBSIZE of qemu_arm; ST's builds have 1024
SECONDS = 60
UNDEFINED_SECONDS = 5
LONGEST_WAIT = 2  # a menu that waits longer is left with Ctrl-C
# A negative time-out is over at once only where the counter has run for as long.
OLD_SECONDS = 12
PATIENCE = 3  # seconds in which a menu that waits for ever must not go on
CTRL_C = b"\3"
OLD_BOOTARGS = "before"
BASE_ENVIRONMENT = {
    "scriptaddr": "0x40200000", "kernel_addr_r": "0x42000000", "fdt_addr_r": "0x43000000",
    "fdtoverlay_addr_r": "0x43100000", "ramdisk_addr_r": "0x44000000", "fdt_addr": None,
    "fdtfile": "stm32mp157c-dk2.dtb", "soc": "stm32mp", "board": "stm32mp1",
    "bootargs": OLD_BOOTARGS, "one": "1", "two": "a b", "raw": "x${one}y", "quote": "it's",
}


def path_of(number):
    """Where a case's file is on the medium."""
    return f"/c/{number:04}/extlinux.conf"


def make_medium(cases, directory):
    """The files of all cases, as a directory and as an ext4."""
    root = os.path.join(directory, "root")
    disk = os.path.join(directory, "disk.img")
    files = dict(extlinux_cases.COMMON_FILES)
    for number, case in enumerate(cases):
        own = {"k": extlinux_cases.NO_KERNEL, **case.files, "extlinux.conf": case.text}
        for name, data in own.items():
            files[os.path.join(os.path.dirname(path_of(number)), name)] = data
    for name, data in files.items():
        path = root + name
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
    subprocess.run([need("mke2fs"), "-q", "-t", "ext4", "-b", "1024", "-N", str(6 * len(cases)),
                    "-O", "^has_journal", "-d", root, disk, "32M"],
                   check=True, stdout=subprocess.DEVNULL)
    return root, disk


def escape(data):
    """Bytes as extlinux_says writes them."""
    return "".join(chr(c) if 0x20 <= c <= 0x7e and c != 0x5c else f"\\x{c:02x}" for c in data)


def unescape(text):
    """The bytes that extlinux_says wrote."""
    return re.sub(rb"\\x(..)", lambda m: bytes([int(m[1], 16)]), text.encode())


class Prediction:
    """What the library says of one file, and what follows for the medium at hand."""

    def __init__(self, says, root, number, environment):
        variables = [f"{k}={v}" for k, v in environment.items() if v is not None]
        done = subprocess.run([says, root, path_of(number), str(CBSIZE), *variables], check=False,
                              capture_output=True, text=True, timeout=SECONDS)
        self.root = root.encode()
        self.environment = environment
        self.failed = done.returncode != 0
        self.lines = [line.split(" ", 1) for line in done.stdout.splitlines()]
        self.outcome = self.first("outcome")
        self.labels = self.all("label")
        self.seconds = int(self.first("seconds") or 0)
        self.default = int(self.first("default") or 0)
        self.tries = self.split_tries()

    def all(self, key):
        """The values of all lines with that key."""
        return [value for k, value in self.lines if k == key]

    def first(self, key):
        """The value of the first line with that key, or None."""
        return next(iter(self.all(key)), None)

    def split_tries(self):
        """The lines behind each "try"."""
        tries = []
        for key, value in self.lines:
            if key == "try":
                tries.append((int(value), []))
            elif tries:
                tries[-1][1].append((key, value))
        return tries

    def menu_appears(self):
        """Whether the menu is drawn, be it for no time at all."""
        return self.outcome == "read" and self.first("menu") == "1" and bool(self.labels)

    def key_at_menu(self):
        """What to type at the menu: nothing, the default's number, or Ctrl-C."""
        if 0 <= self.seconds <= LONGEST_WAIT:
            return b""
        if self.default >= 0:
            return f"{self.default + 1}\r".encode()
        return CTRL_C

    def events(self):
        """What U-Boot should say, and the bootargs that it should leave."""
        events = [("retrieve", path) for path in self.all("include")]
        if self.outcome == "rejected":
            return events + [("rejected", "")], OLD_BOOTARGS
        if self.menu_appears():
            events.append(("menu", "\n".join(self.all("title") + self.labels)))
            if self.key_at_menu() == CTRL_C:
                return events, OLD_BOOTARGS
        return self.try_labels(events)

    def try_labels(self, events):
        """Add what U-Boot says while it tries the labels, and give the bootargs it leaves."""
        board = {"bootargs": OLD_BOOTARGS}
        for index, lines in self.tries:
            events.append(("try", f"{index + 1} {self.labels[index]}"))
            self.try_label(lines, events, board)
        return events, board["bootargs"]

    def try_label(self, lines, events, board):
        """Take the steps of a label up to the one that fails."""
        said = dict(line for line in lines if line[0] in ("bootargs", "overflow", "value"))
        for severity, step in lines:
            if severity not in ("fatal", "step"):
                continue
            kind, path = step.split(" ", 1)
            if kind == "localboot":
                self.boot_local(said, events, board)
            elif kind == "no-kernel":
                events.append(("no-kernel", ""))
            elif kind == "setenv":
                if "overflow" in said:
                    events.append(("overflow", ""))
                    return
                events.append(("append", said["bootargs"]))
                board["bootargs"] = said["bootargs"] or None
            elif kind != "overlay" and not self.load(path, events) and severity == "fatal":
                return

    def boot_local(self, said, events, board):
        """Run localcmd, if there is one."""
        if int(said["value"]) < 0 or self.environment.get("localcmd") is None:
            return
        if "bootargs" in said:
            board["bootargs"] = said["bootargs"] or None
        events.append(("local", ""))

    def load(self, path, events):
        """Ask for a file; False when it cannot be had, or is empty."""
        if path == "":
            return False
        events.append(("retrieve", path))
        name = self.root + unescape(path).rstrip(b"/")
        return os.path.isfile(name) and os.path.getsize(name) > 0


PATTERNS = [
    ("retrieve", rb"Retrieving file: (.*)"),
    ("try", rb"(\d+):\t(.*)"),
    ("append", rb"append: (.*)"),
    ("overflow", rb"bootarg overflow"),
    ("no-kernel", rb"No kernel given, skipping"),
    ("rejected", rb".*Error parsing config file"),  # a line too long before it loses its end
    ("local", rb"LOCAL"),
]


def events_of_lines(lines):
    """The lines that matter, as Prediction.events() has them."""
    events = []
    for line in lines:
        for name, pattern in PATTERNS:
            found = re.match(pattern, line, re.DOTALL)
            if found:
                events.append((name, escape(b" ".join(found.groups()))))
                break
    return events


def events_of_console(said):
    """What U-Boot said, as Prediction.events() has it; it names the file itself first."""
    menu, choice, rest = said.partition(b"Enter choice: ")
    if not choice:
        return events_of_lines(said.split(b"\n"))[1:]
    lines = menu.split(b"\n")
    first = next((i for i, line in enumerate(lines) if re.match(rb"1:\t", line)), 0)
    before = [e for e in events_of_lines(lines[:first])[1:] if e[0] != "try"]
    shown = [e[1].split(" ", 1)[1] for e in events_of_lines(lines[first:]) if e[0] == "try"]
    title = lines[first - 1]
    head = [] if first == 0 or re.match(rb"Retrieving|Ignoring|Missing|\d+ bytes|$", title) \
        else [escape(title)]
    events = before + [("menu", "\n".join(head + shown))]
    return events + events_of_lines(rest.split(b"\n"))


class Bench:
    """Runs the cases one by one, in a U-Boot that is started anew where one died."""

    def __init__(self, says, root, disk):
        self.says, self.root, self.disk = says, root, disk
        self.console = None
        self.starts = 0

    def close(self):
        """End the U-Boot, if one runs."""
        if self.console is not None:
            self.console.close()
        self.console = None

    def ready(self):
        """A U-Boot at its prompt."""
        if self.console is None:
            lines = ["virtio scan"] + [set_line(k, v) for k, v in BASE_ENVIRONMENT.items()]
            self.console = Console([self.disk], lines)
            self.starts += 1
        return self.console

    def sysboot(self, number, prediction, extra, patient):
        """What U-Boot says to the file, and the bootargs after; None where it died."""
        console = self.ready()
        if prediction.menu_appears() and prediction.seconds == 0:
            console.grow_old(OLD_SECONDS)
        for name, value in extra.items():
            console.run(set_line(name, value), SECONDS)
        console.run("mw.b ${scriptaddr} 0 8000;mw.l ${fdt_addr_r} 0;setenv bootargs "
                    + OLD_BOOTARGS, SECONDS)
        seconds = SECONDS if prediction.outcome != "undefined" else UNDEFINED_SECONDS

        def at_menu():
            if patient:
                console.listen(PATIENCE)
            return prediction.key_at_menu() if prediction.menu_appears() else CTRL_C

        started = time.monotonic()
        said = console.run("sysboot virtio 0 any ${scriptaddr} " + path_of(number), seconds,
                           at_menu)
        waited = time.monotonic() - started
        left = console.run("printenv bootargs", SECONDS).strip(b"\n")
        for name in extra:
            console.run(set_line(name, BASE_ENVIRONMENT.get(name)), SECONDS)
        bootargs = escape(left[len(b"bootargs="):]) if left.startswith(b"bootargs=") else None
        return said, bootargs, waited

    def compare(self, number, case):
        """None where both sides agree, else both sides as text."""
        environment = {**BASE_ENVIRONMENT, **case.environment}
        prediction = Prediction(self.says, self.root, number, environment)
        if prediction.failed:
            return "the library gave up", ""
        try:
            said, bootargs, waited = self.sysboot(number, prediction, case.environment,
                                                  case.patient)
        except Dead as dead:
            self.close()
            if prediction.outcome in ("crash", "undefined"):
                return None
            return shown(prediction), "U-Boot died:\n" + escape_lines(dead.args[0])
        if prediction.outcome == "undefined":
            self.close()
            return None
        if prediction.outcome == "crash":
            return shown(prediction), escape_lines(said)
        expected, expected_bootargs = prediction.events()
        found = events_of_console(said)
        if found != expected or bootargs != expected_bootargs or \
                not waited_right(prediction, waited):
            return (shown(prediction) + f"\nbootargs {expected_bootargs}\nevents {expected}",
                    escape_lines(said) + f"\nbootargs {bootargs}\nevents {found}"
                    f"\nwaited {waited:.1f} seconds")
        return None


def waited_right(prediction, waited):
    """A menu that is left alone takes its time."""
    if not prediction.menu_appears() or prediction.key_at_menu() != b"":
        return True
    return waited > prediction.seconds - 0.5


def set_line(name, value):
    """The command that gives a variable its value or takes it away."""
    if value is None:
        return f"setenv {name}"
    return f"setenv {name} '" + value.replace("'", "'\\''") + "'"


def shown(prediction):
    """What the library said."""
    return "\n".join(" ".join(line) for line in prediction.lines)


def escape_lines(data):
    """Console output, fit to print."""
    return "\n".join(escape(line) for line in data.replace(b"\r\n", b"\n").split(b"\n"))


def report(number, case, sides):
    """Print a case on which the two do not agree."""
    print(f"--- {path_of(number)} ({case.name})")
    print(escape_lines(case.text))
    print(f"--- the library says\n{sides[0]}\n--- U-Boot says\n{sides[1]}\n")


def run(says, wanted, directory):
    """Compare all cases, or those wanted; True when they agree."""
    cases = extlinux_cases.all_cases()
    bench = Bench(os.path.abspath(says), *make_medium(cases, directory))
    numbers = wanted or range(len(cases))
    agreed = 0
    started = time.monotonic()
    try:
        for number in numbers:
            sides = bench.compare(number, cases[number])
            agreed += sides is None
            if sides is not None:
                report(number, cases[number], sides)
    finally:
        bench.close()
    print(f"{agreed} of {len(numbers)} cases agree with U-Boot, in "
          f"{time.monotonic() - started:.0f} seconds and {bench.starts} starts")
    return agreed == len(numbers)


def main():
    """Run, or say what is missing."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    absent = missing("mke2fs")
    if absent:
        print("skipped, for want of " + ", ".join(absent))
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as directory:
        sys.exit(0 if run(sys.argv[1], [int(n) for n in sys.argv[2:]], directory) else 1)


if __name__ == "__main__":
    main()
