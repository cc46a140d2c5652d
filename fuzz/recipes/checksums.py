#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write twins of inputs that describe an ext4, on one with checksums that are mended.

Usage: checksums.py [CORPUS]   (default: ../corpus beside this file)
"""
import pathlib
import sys

CORPUS = pathlib.Path(sys.argv[1] if len(sys.argv) > 1
                      else pathlib.Path(__file__).parent.parent / "corpus")
CHECKSUMS = b"\x01\x00\x00"  # fuzz/ext4_image.h


def before_the_size(target, data):
    """How much of an input stands before what describes its medium."""
    if target == "ext4_edit":
        return 3
    if target == "ext4_tree":
        return 1 + data[0] % 16 * 3
    if target == "ext4_htree":
        return 1 + data[0] % 64 * 2
    return 0


for target in ("ext4_edit", "ext4_htree", "ext4_linux", "ext4_tree", "ext4_uboot", "ext4_views",
               "ext4_walk", "extract"):
    folder = CORPUS / target
    for path in sorted(folder.iterdir()):
        if path.name.startswith(("checksums", "regress-")):
            continue
        data = path.read_bytes()
        head = before_the_size(target, data) + 2
        (folder / ("checksums-" + path.name)).write_bytes(
            data[:head].ljust(head, b"\0") + CHECKSUMS + data[head:])
