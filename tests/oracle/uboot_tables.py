#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the library says of partition tables, held against a real U-Boot 2023.01.

Each case is a medium that U-Boot gets as a disk. Compared are the partitions
that it lists, with every field of a GPT's, what it gives for each number, and
the numbers it calls bootable. The two copies of a GPT hold different entries,
so the list shows which of them was taken.

usage: uboot_tables.py TABLE_SAYS [CASE-NUMBER...]
"""

import os
import re
import subprocess
import sys
import tempfile
import time

import table_cases
from uboot_console import MOST_DISKS, SKIPPED, Console, Dead, missing

SECONDS = 60
NUMBERS = 24  # that are asked for one by one
LOW_WORD = 0xffffffff  # U-Boot's `part start` shows no more
ENTRY = re.compile(rb' *(\d+)\t0x([0-9a-f]+)\t0x([0-9a-f]+)\t"(.*)"\n'
                   rb"\tattrs:\t0x([0-9a-f]+)\n\ttype:\t(\S+)\n(?:\t\(type:.*\n)?\tguid:\t(\S+)\n")
RECORD = re.compile(rb" *(\d+)\t(\d+) *\t(\d+) *\t\S*\t([0-9a-f]{2})( Extd)?( Boot)?\n")
GIVEN = re.compile(rb"given (\d+) ([0-9a-f]+) ([0-9a-f]+)\n")


class View:
    """What one side sees of a medium."""

    def __init__(self):
        self.entries = {}  # of a GPT: number to first, last, attributes, GUIDs, name
        self.records = {}  # of an MBR: number to first, sectors, type, bootable
        self.given = {}  # number to first and sectors
        self.bootable = ""

    def differences(self, other):
        """What differs from what U-Boot sees, in words."""
        names = [n for n in ("entries", "given", "bootable") if vars(self)[n] != vars(other)[n]]
        # U-Boot lists fewer records of an odd chain than it gives.
        for number, record in other.records.items():
            if self.records.get(number) != record:
                names.append(f"record {number}")
        return names

    def __str__(self):
        return "\n".join(f"  {k} {v}" for k, v in vars(self).items() if v)


def said_by_library(says, path):
    """What the library sees, and the lines that it said."""
    text = subprocess.run([says, path], check=True, capture_output=True, text=True,
                          timeout=SECONDS).stdout
    view = View()
    places = {}
    for line in text.splitlines():
        key, *values = line.split(" ")
        if key == "part":
            places[int(values[0])] = tuple(int(v, 16) for v in values[1:])
        elif key == "entry":
            number = int(values[0])
            view.entries[number] = (*places[number][:2], int(values[1], 16), *values[2:])
        elif key == "mbr":
            number = int(values[0])
            view.records[number] = (places[number][0], places[number][2], values[1],
                                    values[2] == "1")
        elif key == "bootable":
            view.bootable = " ".join(values)
    view.given = {n: (p[0] & LOW_WORD, p[2] & LOW_WORD) for n, p in places.items()
                  if n <= NUMBERS}
    return view, text


def ask(console, line):
    """What U-Boot says to a line, all of it in whole lines."""
    return console.run(line, SECONDS) + b"\n"


def said_by_uboot(console, number):
    """What U-Boot sees of one of its disks, and what it said."""
    disk = f"virtio {number:x}"
    numbers = " ".join(str(n) for n in range(1, NUMBERS + 1))
    listed = ask(console, f"part list {disk}")
    bootable = ask(console, f"setenv b;part list {disk} -bootable b;printenv b")
    given = ask(console, f"for p in {numbers};do if part start {disk} $p s;then "
                         f"part size {disk} $p z;echo given $p $s $z;fi;done")
    view = View()
    for part, first, last, name, attributes, kind, own in ENTRY.findall(listed):
        view.entries[int(part)] = (int(first, 16), int(last, 16), int(attributes, 16),
                                   kind.decode(), own.decode(), name.hex())
    view.given = {int(n): (int(first, 16), int(size, 16))
                  for n, first, size in GIVEN.findall(given)}
    for part, first, size, kind, _, active in RECORD.findall(listed):
        record = (int(first), int(size), kind.decode(), active != b"")
        if view.given.get(int(part), record[:2]) == record[:2]:
            view.records[int(part)] = record
    view.bootable = "".join(v.decode() for v in re.findall(rb"^b=(.*)", bootable, re.MULTILINE))
    return view, listed + bootable + given


class Bench:
    """Shows the cases to U-Boot, as many at once as it takes."""

    def __init__(self, says, directory):
        self.says, self.directory = says, directory
        self.starts = 0

    def path(self, number):
        """Where the medium of a case is."""
        return os.path.join(self.directory, str(number))

    def start(self, cases):
        """A U-Boot with these media."""
        self.starts += 1
        return Console([self.path(n) for n, _ in cases], ["virtio scan"])

    def run(self, cases):
        """The number of cases on which both agree; the others are printed."""
        agreed = 0
        for number, case in cases:
            with open(self.path(number), "wb") as f:
                f.write(case.data)
        for first in range(0, len(cases), MOST_DISKS):
            group = cases[first:first + MOST_DISKS]
            console = self.start(group)
            try:
                for place, (number, case) in enumerate(group):
                    agreed += self.compare(console, place, number, case)
            finally:
                console.close()
        return agreed

    def compare(self, console, place, number, case):
        """Whether both agree on one medium."""
        ours, text = said_by_library(self.says, self.path(number))
        theirs, said = said_by_uboot(console, place)
        differences = ours.differences(theirs)
        if not differences:
            return True
        print(f"--- {number} {case.name}: {', '.join(differences)}")
        print(f"--- the library sees\n{ours}\n--- U-Boot sees\n{theirs}\n"
              f"--- the library says\n{text}--- U-Boot says{said.decode('latin-1')}")
        return False


def main():
    """Run, or say what is missing."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    absent = missing()
    if absent:
        print("skipped, for want of " + ", ".join(absent))
        sys.exit(SKIPPED)
    cases = list(enumerate(table_cases.all_cases()))
    cases = [cases[int(n)] for n in sys.argv[2:]] or cases
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(os.path.abspath(sys.argv[1]), directory)
        try:
            agreed = bench.run(cases)
        except Dead as dead:
            sys.exit(f"U-Boot died:\n{dead.args[0].decode('latin-1')}")
    print(f"{agreed} of {len(cases)} media agree with U-Boot, in "
          f"{time.monotonic() - started:.0f} seconds and {bench.starts} starts")
    sys.exit(agreed != len(cases))


if __name__ == "__main__":
    main()
