# SPDX-License-Identifier: MIT
"""Rules on firmware packages (FIP), with the cards of loaders.py."""

import hashlib
import struct

import containers
import image
import recipe
from containers import NO_BANK
from loaders import package
from small import Row

NONE = NO_BANK[:-1] + "1"
CERTIFICATES = ["501d8dd2-8bce-49a5-84eb-559a9f2eaeaf", "827ee890-f860-e411-a1b4-777a21b4f94c",
                "9477d603-fb60-e411-85dd-b7105b8cee04", "8ad5832a-fb60-e411-8aaf-df30bbc49859",
                "a49f4411-5e63-e411-8728-3f05722af33d", containers.NT_FW_CERT]
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
UNKNOWN = {"fip.unknown-image": "the UUID of the neighbour says nothing"}


def resized(name, size):
    """Cut an image of the package to this many bytes, or make it longer."""
    return changed(name, lambda content: content[:size].ljust(size, b"\0"))


def changed(name, change):
    """Give an image of the package another content."""
    return lambda images: [(n, change(c) if n == name else c) for n, c in images]


def entry_field(index, at, change):
    """A field of an entry of the firmware package."""
    def step(target):
        place = 16 + 40 * index + at
        old = struct.unpack("<Q", target.read(3, place, 8))[0]
        target.write(3, place, struct.pack("<Q", change(old)))
    return step


def filled(images):
    """One image more, which takes the rest of the partition."""
    used = 16 + 40 * (len(images) + 2) + sum(len(content) for _, content in images)
    return images + [(NO_BANK[:-1] + "1", recipe.filler(65536 - used))]


def entries(count):
    """A firmware package of this many entries, and then its end."""
    def change(images):
        return images + [(f"{number:08x}-0000-0000-0000-000000000000", b"\1")
                         for number in range(1, count + 1 - len(images))]
    return package(change)


def optee(version=2, arch=0, count=1, size=64):
    """OP-TEE in the place of SP_min: its header, and a pager of 64 bytes."""
    header = struct.pack("<4sBBHI", b"OPTE", version, arch, 0, count)
    header += struct.pack("<IIII", 0xFFFFFFFF, 0xFFFFFFFF, 0, size)

    def change(images):
        images = [(n, header if n == containers.TOS_FW else c) for n, c in images
                  if n != containers.TOS_FW_CONFIG]
        return images + [(containers.TOS_FW_EXTRA1, recipe.filler(64))]
    return package(change)


def encrypted(algorithm=0, iv=12, tag=16):
    """U-Boot behind the header of an encrypted image."""
    header = struct.pack("<IHHHH", 0xAA640001, algorithm, 0, iv, tag).ljust(44, b"\x5a")
    return package(changed(containers.NT_FW, lambda content: header + recipe.filler(200)))


def certificate(body=b""):
    """Something that begins as every certificate does, of 300 bytes."""
    return struct.pack(">HH", 0x3082, 296) + body.ljust(296, b"\x5a")


def signed(without=None, digest=None, cut=0):
    """The package with all certificates; that of U-Boot has its hash, or another one."""
    def change(images):
        uboot = dict(images)[containers.NT_FW]
        body = DIGEST_INFO + (digest or hashlib.sha256(uboot).digest())
        chain = [(n, certificate(body if n == containers.NT_FW_CERT else b"")) for n in CERTIFICATES
                 if n != without]
        return images + [(n, c[:len(c) - cut]) for n, c in chain]
    return package(change)


BASES = {}

ROWS = [
    Row("fip.serial-number", "fip", [package(serial=0)], [package(serial=1)]),
    Row("fip.unterminated", "fip", [entries(128)], [entries(127)]),
    Row("fip.truncated", "fip", [package(filled), entry_field(5, 24, lambda old: old + 1)],
        [package(filled)]),
    Row("fip.empty-image", "fip", [package(resized(containers.FW_CONFIG, 0))],
        [package(resized(containers.FW_CONFIG, 1))],
        {"fip.damaged-tree": "of one byte it is no device tree"}),
    Row("fip.image-too-large", "fip", [package(resized(containers.FW_CONFIG, 4097))],
        [package(resized(containers.FW_CONFIG, 4096))]),
    Row("fip.image-too-large", "large-fip", [package(resized(containers.TOS_FW, (108 << 10) + 1))],
        [package(resized(containers.TOS_FW, 108 << 10))], says="tos-fw of 110593 bytes"),
    Row("fip.overlap", "fip", [entry_field(1, 16, lambda old: old - 1)], []),
    Row("fip.duplicate-image", "fip", [package(lambda images: images + images[:1])],
        [package(lambda images: images + [(NONE, b"\1")])], UNKNOWN),
    Row("fip.total-size", "fip", [package(total=65537)], [package(total=65536)]),
    Row("fip.missing-image", "fip", [package(lambda images: images[1:])], [package()]),
    Row("fip.reserved", "fip", [entry_field(2, 32, lambda old: 1)],
        [entry_field(2, 32, lambda old: 0)]),
    Row("fip.unknown-image", "fip", [package(lambda images: images + [(NONE, b"\1")])],
        [package()]),
    Row("fip.unused-image", "fip",
        [package(lambda images: images + [("5ff9ec0b-4d22-3e4d-a544-c39d81c73f0a", b"BL2")])],
        [package()], says="tb-fw"),
    Row("fip.damaged-tree", "fip", [package(changed(containers.FW_CONFIG, lambda c: b"\1" + c[1:]))],
        [package(changed(containers.FW_CONFIG, lambda c: c + b"\1"))]),
    Row("fip.not-code", "fip",
        [package(changed(containers.NT_FW, lambda c: image.uimage(c, "U-Boot")))],
        [package(changed(containers.NT_FW, lambda c: bytes(64) + c))], says="u-boot-nodtb.bin"),
    Row("fip.encryption", "fip", [encrypted(iv=17)], [encrypted(iv=16)]),
    Row("fip.missing-certificate", "fip", [signed(without=CERTIFICATES[0])], [signed()]),
    Row("fip.certificate-format", "fip", [signed(cut=1)], [signed()]),
    Row("fip.certificate-hash", "fip", [signed(digest=bytes(32))], [signed()],
        says="nt-fw, whose SHA-256 is not in nt-fw-cert"),
    Row("fip.optee-header", "fip", [optee(count=3)], [optee()]),
    Row("fip.optee-architecture", "fip", [optee(arch=1)], [optee()]),
    Row("fip.optee-size", "fip", [optee(size=63)], [optee()]),
]
