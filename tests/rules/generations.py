# SPDX-License-Identifier: MIT
"""Rules on how a first stage finds the second: raw places, chips, and updates in two banks."""

import struct

import containers
import image
import loaders
import recipe
from containers import ACCEPTED, INVALID, ON_TRIAL
from damage import entry, loader, poke, zero
from image import METADATA_TYPE
from loaders import FIP_A, FIP_B, SPL, TFA, metadata, package
from small import Row, table

STRANGER = "5712a9e0-0000-4000-8000-000000000001"
RAW_FIRST, RAW_SECOND = 128 * 512, 640 * 512
LINUX, RAW_DATA = 0x83, 0xDA

RAW = loaders.CARD.format(size="2M", fsbl=8, second=42, third=1152, ssbl="64K", name="ssbl",
                          rootfs=1280, board="st,stm32mp157c-dk2", soc="stm32mp157")


def record(number, kind, first, sectors, boot=0):
    """A record of the MBR."""
    return poke(0, 446 + 16 * (number - 1),
                struct.pack("<B3sB3sII", boot, b"", kind, b"", first, sectors))


def mbr(card):
    """The last two partitions in an MBR, and no trace of the GPT."""
    for step in (zero(0, 0, 34 * 512), zero(0, card.size(0) - 33 * 512, 33 * 512),
                 record(3, RAW_DATA, 1152, 128), record(4, LINUX, 1280, 1536, boot=0x80),
                 poke(0, 510, b"\x55\xaa")):
        step(card)


def raw(at, content=None):
    """A first stage at a place of the medium."""
    return poke(0, at, content or image.stm32_image(SPL))


def mp2(payload=TFA, binary_type=0x10, version=0x00020200, **fields):
    """A first stage for an STM32MP25."""
    data = containers.stm32_v2(payload.replace(b"v2.8", b"v2.12"), binary_type, 0x0E013000,
                               0x0E013200, **fields)
    return data[:72] + struct.pack("<I", version) + data[76:]


def mp2_images(images):
    """What TF-A wants on an STM32MP2."""
    return images + [(containers.DDR_FW, recipe.filler(64)), (containers.SOC_FW, recipe.filler(64)),
                     (containers.SOC_FW_CONFIG, recipe.filler(64))]


def tfa(version):
    """Another version of TF-A, in both copies."""
    return loaders.first_stages(image.stm32_image(TFA.replace(b"v2.8", version), binary_type=0x10))


def v1(banks=(FIP_A, FIP_B), **fields):
    """Write both copies of version 1 metadata."""
    data = image.metadata(banks, version=1, **fields)
    return lambda card: [card.write(number, 0, data.ljust(512, b"\0")) for number in (3, 4)]


def one_copy(number, **fields):
    """Write one copy of the metadata."""
    data = image.metadata((FIP_A, FIP_B), **fields)
    return lambda card: card.write(number, 0, data)


def swapped(card):
    """The bank that boots in entry 8, behind two others that TF-A does not need."""
    def change(gpt):
        gpt.entries[8] = gpt.entries.pop(5)
        gpt.add(5, "spare", 1900, 1, "9a127000-0000-4000-8000-000000000005")
    table(change)(card)


BASES = {
    "raw": (RAW, [mbr, raw(RAW_FIRST), raw(RAW_SECOND)]),
    "mp2": (loaders.card(name="fip", board="st,stm32mp257f-ev1", soc="stm32mp257"),
            [loaders.first_stages(mp2()), package(mp2_images, board="st,stm32mp257f-ev1")]),
}

ROWS = [
    Row("fsbl.not-found", "raw", [zero(0, RAW_FIRST, 4), zero(0, RAW_SECOND, 4)],
        [zero(0, RAW_FIRST, 4)], {"fsbl.single": "the neighbour has the second alone"},
        says="64 KiB"),
    Row("fsbl.single", "raw", [zero(0, RAW_SECOND, 4)], [], says="65536"),
    Row("fsbl.copies-differ", "raw", [raw(RAW_SECOND, image.stm32_image(SPL + b"\1"))],
        [raw(RAW_SECOND)]),
    Row("stm32.encrypted", "mp13", [loaders.tfa(flags=2, extensions=containers.decryption())],
        [loaders.tfa()]),
    Row("stm32.decryption-key", "mp13",
        [loaders.tfa(flags=2, extensions=containers.decryption(192))],
        [loaders.tfa(flags=2, extensions=containers.decryption(256))]),
    Row("stm32.checksum", "raw", [poke(0, RAW_SECOND + 300, b"\0\0")], []),
    Row("fsbl.raw-in-partition", "raw", [record(1, LINUX, 642, 8)], [record(1, LINUX, 660, 8)]),
    Row("fsbl.raw-ignored", "healthy", [raw(RAW_FIRST, b"STM2")], [raw(RAW_FIRST, b"STM1")]),
    Row("fsbl.order", "healthy", [entry(1, name="fsbl2"), entry(2, name="fsbl1")],
        [entry(1, name="fsbl1"), entry(2, name="fsbl2")]),
    Row("fsbl.coprocessor", "mp2", [loader(2, lambda old: mp2(binary_type=0x30))],
        [entry(2, name="fsblm1"), loader(2, lambda old: mp2(binary_type=0x30))],
        {"fsbl.single": "the neighbour has one for the main processor"}),

    Row("fwu.content", "fwu", [zero(4, 0, 512)], []),
    Row("fwu.no-copy", "fwu", [zero(3, 0, 512), zero(4, 0, 512)], [zero(3, 0, 512)],
        says="it holds no metadata"),
    Row("fwu.version", "fwu", [tfa(b"v2.10")], [tfa(b"v2.11")],
        {"fwu.no-copy": "an older TF-A reads neither"}),
    Row("fwu.version", "fwu", [v1()], [tfa(b"v2.10"), v1()],
        {"fwu.no-copy": "this TF-A reads neither"}),
    Row("fwu.too-large", "fwu", [metadata(size=124)], [metadata(size=120)],
        {"fwu.no-copy": "TF-A refuses both"}),
    Row("fwu.too-large", "fwu", [tfa(b"v2.15"), metadata(size=280)],
        [tfa(b"v2.16"), metadata(size=280)], {"fwu.no-copy": "TF-A refuses both"}),
    Row("fwu.single", "fwu", [entry(4, name="metadata3")], [entry(4, name="metadata2")]),
    Row("fwu.copies-differ", "fwu", [one_copy(4, active=1, previous=0)],
        [metadata(active=1, previous=0)]),
    Row("fwu.type", "fwu", [entry(4, type=image.LINUX_DATA)], [entry(4, type=METADATA_TYPE)]),
    Row("fwu.name", "fwu", [entry(3, name="meta-a"), entry(4, name="meta-b")],
        [entry(3, name="meta-a", type=image.LINUX_DATA),
         entry(4, name="meta-b", type=image.LINUX_DATA)]),
    Row("fwu.trial", "fwu", [tfa(b"v2.10"), v1(accepted=(0, 1))], [tfa(b"v2.10"), v1()]),
    Row("fwu.partition-missing", "fwu", [metadata(banks=(STRANGER, FIP_B))],
        [metadata(banks=(FIP_A, STRANGER))], {"fwu.no-fallback": "it is the other bank there"}),
    Row("fwu.partition-unseen", "fwu", [swapped], [swapped, metadata(active=1, previous=0)],
        {"fwu.no-fallback": "it is the other bank there"}),
    Row("fwu.no-fallback", "fwu", [zero(6, 0, 512)], []),
    Row("fwu.no-fallback", "fwu", [metadata(states=(ON_TRIAL, ACCEPTED)), zero(6, 0, 512)],
        [metadata(states=(ON_TRIAL, INVALID)), zero(6, 0, 512)]),
    Row("fsbl.second-stage-format", "fwu", [zero(5, 0, 512)], []),
]
