#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check all images of a folder, as a board farm does before it writes cards.

usage: check_folder.py FOLDER [--csv FILE] [--jobs N]

Prints a line for each image that is not good and a summary; with --csv, FILE
gets a row for each finding. Exits 0 when all boot, 1 when one has an error, 2
when one could not be read.
"""

import argparse
import csv
import sys
from collections import Counter
from pathlib import Path

import stmboot

PATTERNS = ("*.img", "*.img.*", "*.wic", "*.wic.*", "*.ext4")
COLUMNS = ("image", "verdict", "stops_at", "severity", "code", "partition", "message", "hint")


def verdict(result: stmboot.CheckResult) -> str:
    """In one word."""
    return "unreadable" if result.verdict is None else result.verdict.value


def rows(result: stmboot.CheckResult, name: str) -> list[list[object]]:
    """A row for each finding, or one for an image without any."""
    start = [name, verdict(result), result.stops_at]
    error = None if result.error is None else str(result.error)
    return [[*start, finding.severity, finding.code, finding.partition, finding.message,
             finding.hint] for finding in result.findings] \
        or [[*start, None, None, None, error, None]]


def tell(result: stmboot.CheckResult, name: str) -> None:
    """Say what is wrong with an image, safe for any terminal."""
    if result.error is not None:
        print(f"{name}: {stmboot.escape(str(result.error))}")
        return
    stop = f"stops at {result.stops_at}" if result.stops_at else "boots, with warnings"
    print(f"{name}: {stop}")
    for finding in result.findings:
        if finding.severity >= stmboot.Severity.WARNING:
            print(f"  {finding.severity}[{finding.code}]: {stmboot.escape(finding.message)}")


def main() -> int:
    """Check, write and tell."""
    parser = argparse.ArgumentParser(description="Check all images of a folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a row for each finding")
    parser.add_argument("--jobs", type=int, metavar="N", help="images at a time")
    options = parser.parse_args()
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is no folder")
    paths = sorted({path for pattern in PATTERNS for path in options.folder.glob(pattern)})
    results = stmboot.check(paths, jobs=options.jobs)
    names = [stmboot.escape(path.name) for path in paths]

    if options.csv is not None:
        with open(options.csv, "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(COLUMNS)
            for result, name in zip(results, names, strict=True):
                table.writerows(rows(result, name))
    for result, name in zip(results, names, strict=True):
        if verdict(result) != "ok":
            tell(result, name)
    counts = Counter(map(verdict, results))
    said = [f"{counts[word]} {word}" for word in ("ok", "warning", "error", "unreadable")
            if counts[word]]
    print(f"{len(results)} images" + (": " if said else "") + ", ".join(said))
    return 2 if counts["unreadable"] else 1 if counts["error"] else 0


if __name__ == "__main__":
    sys.exit(main())
