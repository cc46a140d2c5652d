#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the seeds of the targets that look into kernels, device trees and archives.

Usage: payloads.py [CORPUS]   (default: ../corpus beside this file)
"""
import bz2
import gzip
import lzma
import pathlib
import subprocess
import sys

CORPUS = pathlib.Path(sys.argv[1] if len(sys.argv) > 1
                      else pathlib.Path(__file__).parent.parent / "corpus")


def write(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def tool(*command, data):
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def pack(data):
    """The data in every compression, by the number of its enumerator."""
    return {
        1: gzip.compress(data, mtime=0),
        2: lzma.compress(data, check=lzma.CHECK_CRC32),
        3: lzma.compress(data, format=lzma.FORMAT_ALONE),
        4: tool("lz4", "-l", "-c", data=data),
        5: tool("lz4", "-c", data=data),
        6: tool("zstd", "-c", data=data),
        7: bz2.compress(data),
    }


def unpack_seeds():
    packed = pack(b"Linux version 6.1.0 " * 4)
    for number, data in packed.items():
        write("unpack", f"compression-{number}", bytes([number]) + data)
    write("unpack", "two-members", bytes([1]) + packed[1] * 2)
    write("unpack", "only-the-first-member", bytes([136]) + packed[1] * 2)


unpack_seeds()
