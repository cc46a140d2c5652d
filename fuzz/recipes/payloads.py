#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the seeds of the targets that look into kernels, device trees and archives.

Usage: payloads.py [CORPUS]   (default: ../corpus beside this file)
"""
import bz2
import gzip
import lzma
import pathlib
import struct
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


def elf_seeds():
    path = b"/lib/ld-linux-armhf.so.3\0"
    header = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\x01\x01\x01", 3, 40, 1, 0, 52, 0, 0,
                         52, 32, 1, 0, 0, 0)
    segment = struct.pack("<8I", 3, 84, 0, 0, len(path), len(path), 4, 1)
    write("elf", "arm", header + segment + path)
    path = b"/lib/ld-linux-aarch64.so.1\0"
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 3, 183, 1, 0, 64, 0, 0,
                         64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 3, 4, 120, 0, 0, len(path), len(path), 1)
    write("elf", "aarch64", header + segment + path)
    write("elf", "script", b"#! /bin/busybox sh -e\nexec /sbin/init\n")


def cpio(*entries):
    """An archive of (name, mode, data) entries and its trailer."""
    out = b""
    for name, mode, data in entries + (("TRAILER!!!", 0, b""),):
        fields = (1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        out += b"070701" + b"".join(b"%08X" % field for field in fields)
        out += name.encode() + b"\0"
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return out


def cpio_seeds():
    plain = cpio(("init", 0o120777, b"sbin/init"))
    write("cpio", "plain", plain)
    for number, data in pack(plain).items():
        write("cpio", f"compression-{number}", data)
    write("cpio", "plain-then-packed", plain + b"\0" * 8 + pack(plain)[1])


def zimage(payload, size, code=b"", table=True):
    """A zImage: header, extension table, code, payload with its size word, 16 bytes behind it."""
    start = 0x3c + 28
    size_word = start + len(code) + len(payload) - (4 if size is None else 0)
    end = size_word + 20
    header = bytes(0x24) + struct.pack("<6I", 0x016F2818, 0, end, 0x04030201,
                                       0x45454545 if table else 0, 0x3c)
    header += struct.pack("<7I", 6, 0x5A534C4B, size_word, 0, 0, 0, 0)
    return header + code + payload + (b"" if size is None else struct.pack("<I", size)) + bytes(16)


def kernel_seeds():
    text = b"Linux version %s\0Linux version 6.1.0 (a@b) #1\n" + bytes(400)
    text += b"IKCFG_ST" + gzip.compress(b'CONFIG_SMP=y\nCONFIG_CMDLINE="a \\" b"\n', mtime=0)
    for number, data in pack(text).items():
        write("kernel", f"compression-{number}", zimage(data, None if number == 1 else len(text)))
        write("kernel", f"packed-{number}", data)
    write("kernel", "decoys", zimage(pack(text)[2], len(text), b"\xfd7zXZ\0" + pack(b"x")[1]))
    write("kernel", "without-a-table", zimage(pack(text)[2], len(text), table=False))
    write("kernel", "device-tree-behind", zimage(b"", 0) + b"\xd0\x0d\xfe\xed")
    write("kernel", "barebox", bytes(0x20) + b"barebox\0" + struct.pack("<2I", 0, 64) + bytes(16))
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", 0xAA64, 1, 0, 0, 0, 0, 0)
    coff += struct.pack("<8sIIIIIIHHI", b".text", 0, 0, 128, 128, 0, 0, 0, 0, 0)
    write("kernel", "arm64", b"MZ" + bytes(14) + struct.pack("<QQ", 0x4000, 10) + bytes(24) +
          b"ARM\x64" + struct.pack("<I", 64) + coff + text)
    packed = pack(text)[6]
    write("kernel", "zboot", b"MZ\0\0zimg" + struct.pack("<4I", 64, len(packed), 0, 0) +
          b"zstd22".ljust(32, b"\0") + struct.pack("<2I", 0x818223CD, 64) + packed)


unpack_seeds()
kernel_seeds()
elf_seeds()
cpio_seeds()
