# SPDX-License-Identifier: MIT
"""Rules on the loaders: STM32 headers, uImage, FIT, firmware packages and the environment."""

import struct

import containers
import image
import recipe
from containers import ACCEPTED, INVALID, NO_BANK, ON_TRIAL
from damage import both_fsbl, debugfs, entry, flip, loader, poke, poke32, shorten
from image import FIP_TYPE, METADATA_TYPE
from small import Row, length, partition

MP13, MP15 = "st,stm32mp135f-dk", "st,stm32mp157c-dk2"
RAM = 0x2FFC2500
SPL = b"U-Boot SPL 2023.01 (Jan 01 2023 - 00:00:00 +0000)\0" + recipe.filler(2000)
TFA = b"BL2: %s\0v2.8(release):v2.8\0Built : 12:00:00, Jan  1 2023\0" + recipe.filler(2000)
FIP_A = "4fd84c93-54ef-463f-a7ef-ae25ff887087"
FIP_B = "09c54952-d5bf-45af-acee-335303766fb3"

CARD = """
medium {size}
partition 1 fsbl1 at=34 size={fsbl}s
  payload
    fill 16
partition 2 fsbl2 at={second} size={fsbl}s
  payload
    fill 16
partition 3 {name} at={third} size={ssbl}
  uimage "U-Boot 2023.01 for stm32mp"
    text "U-Boot 2023.01 (Jan 01 2023 - 00:00:00 +0000)"
    fill 4000
    dtb
      | compatible = "{board}", "st,{soc}";
      | config {{ u-boot,mmc-env-partition = "{name}"; }};
partition 4 rootfs at={rootfs} size=768K bootable
  ext4
    dir /boot
    dir /boot/extlinux
    file /boot/extlinux/extlinux.conf
      | label linux
      |   kernel /boot/zImage
      |   devicetree /boot/board.dtb
      |   append root=/dev/mmcblk0p4 rootwait
    zimage /boot/zImage 32K
    dtb /boot/board.dtb
      | compatible = "{board}", "st,{soc}";
    dir /sbin
    elf /sbin/init arm mode=755
"""


def card(size="1M", fsbl=8, ssbl="64K", name="ssbl", board="st,stm32mp157c-dk2", soc="stm32mp157"):
    """A card whose first stages are still to be written."""
    third = 34 + 2 * fsbl
    return CARD.format(size=size, fsbl=fsbl, second=34 + fsbl, third=third, ssbl=ssbl, name=name,
                       rootfs=third + recipe.size(ssbl) // 512, board=board, soc=soc)


def first_stages(content):
    """Write both first stages."""
    return both_fsbl(lambda old: content)


def fsbl(payload=SPL, **fields):
    """An SPL behind a version 1.0 header with these fields."""
    return first_stages(image.stm32_image(payload, **fields))


def signed(payload=SPL, signature=b"\x5a", algorithm=1):
    """An SPL whose header asks for a signature check."""
    data = bytearray(image.stm32_image(payload, flags=0))
    data[4:68] = signature.ljust(64, b"\0")
    data[104:108] = struct.pack("<I", algorithm)
    return first_stages(bytes(data))


def tfa(**fields):
    """A TF-A for STM32MP13 behind a version 2.0 header with these fields."""
    return first_stages(containers.stm32_v2(TFA, **fields))


def uboot(change=None, **fields):
    """U-Boot's uImage again, with other fields; change(payload) is what it holds then."""
    def make(old):
        size = struct.unpack_from(">I", old, 12)[0]
        payload = old[64:64 + size]
        return image.uimage(change(payload) if change else payload, "U-Boot", **fields)
    return loader(3, make)


def field(offset, value, mend=True):
    """A 32-bit field of U-Boot's uImage."""
    def make(old):
        old = old[:offset] + struct.pack(">I", value) + old[offset + 4:]
        return image.uimage_mend(old) if mend else old
    return loader(3, make)


def ssbl(**fields):
    """U-Boot behind a version 1.0 header for TF-A, with other fields."""
    def make(old):
        size = struct.unpack_from("<I", old, 76)[0]
        every = {"load": 0xC0100000, "entry": 0xC0100000, **fields}
        return image.stm32_image(old[256:256 + size], **every)
    return loader(3, make)


def package(change=None, at=3, board=MP15, environment_in="fip", **fields):
    """The firmware package again; change(images) gives other images."""
    def step(target):
        images = containers.fip_images(board, environment_in)
        data = containers.fip(change(images) if change else images, **fields)
        target.write(at, 0, data.ljust(target.size(at), b"\0"))
    return step


def metadata(banks=(FIP_A, FIP_B), first=None, **fields):
    """Write both copies of the update metadata; first is for metadata1 alone."""
    def step(target):
        data = image.metadata(banks, **fields)
        target.write(3, 0, data)
        target.write(4, 0, data)
        if first is not None:
            target.write(3, first, bytes([target.read(3, first, 1)[0] ^ 1]))
    return step


def fit(room=0, **fields):
    """A FIT as second stage of SPL, made longer if there is room to be taken."""
    def step(target):
        data = containers.fit(containers.uboot_program(MP15, "ssbl"), **fields)
        if room:
            more = containers.uboot_program(MP15, "ssbl") + bytes(room - len(data))
            data = containers.fit(more, **fields)
        target.write(3, 0, data.ljust(target.size(3), b"\0"))
    return step


def tree_word(offset, value):
    """A word in the header of the FIT."""
    return poke(3, offset, struct.pack(">I", value))


def environment(at_end, **variables):
    """A saved environment at the end of the partition for it."""
    def step(target):
        target.write(3, target.size(3) - at_end, image.environment(variables))
    return step


STOPPED = {"fwu.no-copy": "TF-A refuses both copies"}
SPARE = partition(5, "spare", 1740, 8)
UNKNOWN_TFA = first_stages(image.stm32_image(recipe.filler(2000), binary_type=0x10))
FULL = {"env.overwrites-data": "what fills the partition leaves no room for it"}
UNSEEN = {"fit.hash-missing": "no image is looked at"}

BASES = {
    "large-fsbl": (card(size="2M", fsbl=512), [fsbl()]),
    "large-ssbl": (card(size="64M", ssbl="33M"), [fsbl()]),
    "mp13": (card(name="fip", board="st,stm32mp135f-dk", soc="stm32mp135"),
             [tfa(), package(board=MP13)]),
    "fip": (card(name="fip"), [first_stages(image.stm32_image(TFA, binary_type=0x10)), package()]),
    "large-fip": (card(size="8M", name="fip", ssbl="5M"),
                  [first_stages(image.stm32_image(TFA, binary_type=0x10)), package()]),
    "fit": (card(), [fsbl(), fit()]),
    "fwu": ("""
medium 1M
partition 1 fsbl1 at=34 size=8s
  payload
    fill 16
partition 2 fsbl2 at=42 size=8s
  payload
    fill 16
partition 3 metadata1 at=50 size=1s
  payload
    fill 16
partition 4 metadata2 at=51 size=1s
  payload
    fill 16
partition 5 fip-a at=52 size=64K
  payload
    fill 16
partition 6 fip-b at=180 size=64K
  payload
    fill 16
partition 7 rootfs at=308 size=768K bootable
  ext4
    dir /boot
    dir /boot/extlinux
    file /boot/extlinux/extlinux.conf
      | label linux
      |   kernel /boot/zImage
      |   devicetree /boot/board.dtb
      |   append root=/dev/mmcblk0p7 rootwait
    zimage /boot/zImage 32K
    dtb /boot/board.dtb
      | compatible = "st,stm32mp157c-dk2", "st,stm32mp157";
    dir /sbin
    elf /sbin/init arm mode=755
""", [first_stages(image.stm32_image(TFA.replace(b"v2.8", b"v2.11"), binary_type=0x10)),
      entry(3, type=METADATA_TYPE), entry(4, type=METADATA_TYPE),
      entry(5, type=FIP_TYPE, guid=FIP_A), entry(6, type=FIP_TYPE, guid=FIP_B),
      package(at=5, environment_in="fip-a"), package(at=6, environment_in="fip-a"), metadata()]),
    "bare-stm32-file": ("part 2K\n  stm32\n    fill 1792", []),
    "bare-metadata": ("part 124\n  payload\n    fill 124",
                      [poke(0, 0, image.metadata((FIP_A, FIP_B), size=124))]),
}

ROWS = [
    Row("stm32.magic", "healthy", [flip(1, 3)], [flip(1, 3800)]),
    Row("stm32.header-truncated", "bare-stm32-file", [length(255)], [length(256)],
        {"stm32.payload-truncated": "of a whole header the payload is missed"}),
    Row("stm32.version", "healthy", [fsbl(version=0x00030000)], [fsbl(version=0x00010000)]),
    Row("stm32.length-zero", "healthy", [fsbl(length=0, checksum=0)],
        [fsbl(length=1, checksum=SPL[0])]),
    Row("stm32.payload-truncated", "healthy", [fsbl(length=3841)],
        [fsbl(payload=SPL.ljust(3840, b"\0"))]),
    Row("stm32.checksum", "healthy", [fsbl(checksum=sum(SPL) + 1)], [fsbl(checksum=sum(SPL))]),
    Row("stm32.entry-outside", "healthy", [fsbl(entry=RAM + len(SPL))],
        [fsbl(entry=RAM + len(SPL) - 2)]),
    Row("stm32.load-outside", "healthy", [fsbl(load=0x30000000)], [fsbl(load=0x2FFFFFFC)]),
    Row("stm32.entry-thumb", "healthy", [fsbl(entry=RAM + 1)], [fsbl(entry=RAM + 2)]),
    Row("stm32.too-large", "large-fsbl", [fsbl(payload=SPL.ljust(252929, b"\0"))],
        [fsbl(payload=SPL.ljust(252928, b"\0"))],
        {"stm32.size-limit": "up to there it may fit"}),
    Row("stm32.size-limit", "large-fsbl", [fsbl(payload=SPL.ljust(252673, b"\0"))],
        [fsbl(payload=SPL.ljust(252672, b"\0"))]),
    Row("stm32.reserved", "healthy", [poke32(1, 84, 1), poke32(2, 84, 1)],
        [poke32(1, 96, 1), poke32(2, 96, 1)]),
    Row("stm32.padding", "healthy", [poke(1, 254, b"\1"), poke(2, 254, b"\1")],
        [poke(1, 256 + 3000, b"\1"), poke(2, 256 + 3000, b"\1")]),
    Row("stm32.flags-unknown", "healthy", [fsbl(flags=3)], [fsbl(flags=1)]),
    Row("stm32.extensions", "mp13", [tfa(flags=containers.SIGNED)], [tfa(flags=0)],
        {"stm32.signature-missing": "the flag without the extension asks for a signature"}),
    Row("stm32.payload-offset", "mp13", [tfa(header_bytes=516)], [tfa(header_bytes=512)]),
    Row("stm32.signature-missing", "healthy", [signed(signature=b"")], [signed()]),
    Row("stm32.algorithm-unknown", "healthy", [signed(algorithm=3)], [signed(algorithm=2)]),
    Row("stm32.key-index", "mp13",
        [tfa(flags=1, signature=b"\1", extensions=containers.authentication(index=8))],
        [tfa(flags=1, signature=b"\1", extensions=containers.authentication(index=7))]),
    Row("stm32.binary-type", "healthy", [fsbl(binary_type=0x20)], [fsbl(binary_type=0x1F)]),
    Row("stm32.ssbl-version", "tfa-ssbl",
        [loader(3, lambda old: containers.stm32_v2(old[256:8192], 0, 0xC0100000, 0xC0100000))],
        [loader(3, lambda old: image.stm32_image(old[256:8192], load=0xC0100000))]),
    Row("stm32.ssbl-type", "tfa-ssbl", [ssbl(binary_type=0x23)], [ssbl(binary_type=0x22)]),
    Row("stm32.ssbl-load", "tfa-ssbl", [ssbl(load=0xC0100004)], [ssbl(load=0xC0100000)]),

    Row("fsbl.not-found", "healthy", [entry(1, name="FSBL1"), entry(2, name="FSBL2")],
        [entry(1, name="fsbl"), entry(2, name="fsbl-b")]),
    Row("fsbl.single", "healthy", [entry(2, name="fsb")], [entry(2, name="fsbl")]),
    Row("fsbl.ignored-copy", "healthy", [SPARE, entry(5, name="fsbl3")],
        [SPARE, entry(5, name="fsb3")]),
    Row("fsbl.copies-differ", "healthy",
        [loader(2, lambda old: image.stm32_mend(old[:300] + b"\1" + old[301:]))],
        [both_fsbl(lambda old: image.stm32_mend(old[:300] + b"\1" + old[301:]))]),
    Row("fsbl.other-chip", "mp13", [debugfs("rm /boot/board.dtb"), package(board=MP15)],
        [debugfs("rm /boot/board.dtb"), package(board=MP13)]),
    Row("fsbl.second-stage-not-found", "healthy", [entry(3, name="uboot"), flip(3, 0)],
        [entry(3, name="uboot")]),
    Row("fsbl.second-stage-not-found", "tfa-ssbl", [UNKNOWN_TFA, entry(3, name="Ssbl")],
        [UNKNOWN_TFA, entry(3, name="ssbl")], says="assuming TF-A v2.7"),
    Row("fsbl.second-stage-format", "tfa-ssbl", [uboot()], []),

    Row("uimage.header-crc", "healthy", [flip(3, 7)], [flip(3, 8192)]),
    Row("uimage.data-crc", "healthy", [flip(3, 64 + 4000)], [flip(3, 60000)]),
    Row("uimage.truncated", "healthy", [field(12, 65536 - 63)], [field(12, 65536 - 64)]),
    Row("uimage.empty", "healthy", [uboot(lambda old: b"")], [uboot(lambda old: b"\0")]),
    Row("uimage.entry-outside", "healthy", [uboot(lambda old: old[:4096], entry=0xC0101000)],
        [uboot(lambda old: old[:4096], entry=0xC0100FFF)]),
    Row("uimage.type", "healthy", [uboot(kind=3)], [uboot(kind=2)]),
    Row("uimage.arch", "healthy", [uboot(arch=21)], [uboot(arch=22)]),
    Row("uimage.os", "healthy", [uboot(system=18)], [uboot(system=17)]),
    Row("uimage.compression", "healthy", [uboot(compression=1)], [uboot(compression=0)]),
    Row("uimage.parts", "healthy",
        [uboot(lambda old: struct.pack(">II", len(old) + 1, 0) + old, kind=4)],
        [uboot(lambda old: struct.pack(">II", len(old), 0) + old, kind=4)]),
    Row("uimage.too-large", "large-ssbl", [uboot(lambda old: old.ljust((32 << 20) + 1, b"\0"))],
        [uboot(lambda old: old.ljust(32 << 20, b"\0"))]),

    Row("fit.truncated", "fit", [fit(inside=True), tree_word(4, 65537)],
        [fit(inside=True), tree_word(4, 65536)], {**FULL, **UNSEEN}),
    Row("fit.structure", "fit", [tree_word(24, 18)], [tree_word(24, 17)], UNSEEN),
    Row("fit.no-images", "fit", [fit(node="image")], [fit(node="images")],
        {"fsbl.second-stage-not-found": "SPL gets no U-Boot out of it", **UNSEEN}),
    Row("fit.no-data", "fit", [fit(images='fdt { type = "flat_dt"; };')],
        [fit(images='fdt { type = "flat_dt"; data = [00]; };')]),
    Row("fit.data-outside", "fit", [fit(external=(0, 65536))], [fit(external=(0, 60000))], FULL),
    Row("fit.image-missing", "fit", [fit(default='default = "conf"; b { description = "b"; fdt = "board"; };')],
        [fit(default='default = "conf"; b { description = "b"; fdt = "uboot"; };')]),
    Row("fit.no-default", "fit", [fit(default='default = "con";')],
        [fit(default='default = "conf";')], UNSEEN),

    Row("fwu.crc", "fwu", [metadata(first=0)], [metadata()]),
    Row("fwu.truncated", "bare-metadata", [length(123)], [length(124)]),
    Row("fwu.index", "fwu", [metadata(active=2)], [metadata(active=1)], STOPPED),
    Row("fwu.bank-count", "fwu", [metadata(banks=(FIP_A, FIP_B, FIP_B))],
        [metadata(banks=(FIP_A, FIP_B))],
        {**STOPPED, "fwu.too-large": "a third bank takes more room, too"}),
    Row("fwu.bank-invalid", "fwu", [metadata(states=(INVALID, ACCEPTED))],
        [metadata(states=(ACCEPTED, INVALID))]),
    Row("fwu.no-bank", "fwu", [metadata(states=(INVALID, INVALID))],
        [metadata(states=(INVALID, ON_TRIAL))],
        {"fwu.bank-invalid": "with another bank TF-A takes that one"}),
    Row("fwu.trial", "fwu", [metadata(states=(ON_TRIAL, ACCEPTED))],
        [metadata(states=(ACCEPTED, ON_TRIAL))]),
    Row("fwu.no-fip", "fwu", [metadata(kind=METADATA_TYPE)], [metadata(kind=FIP_TYPE)]),
    Row("fwu.no-partition", "fwu", [metadata(banks=(NO_BANK, FIP_B))],
        [metadata(banks=(FIP_A, NO_BANK))], {"fwu.no-fallback": "it is the other bank there"}),

    Row("env.overwrites-data", "healthy",
        [uboot(lambda old: old.ljust(65536 - 16384 - 64 + 1, b"\0"))],
        [uboot(lambda old: old.ljust(65536 - 16384 - 64, b"\0"))]),
    Row("env.overwrites-data", "fit", [fit(room=65536 - 16384 + 8)], [fit(room=65536 - 16384)]),
    Row("env.no-bootcmd", "healthy", [environment(8192, bootdelay="2")],
        [environment(8192, bootcmd="true")], {"env.overrides-boot": "a bootcmd of its own"}),
    Row("env.overrides-boot", "healthy", [environment(8192, bootcmd="true")],
        [uboot(lambda old: old + b"bootcmd=true\0"), environment(8192, bootcmd="true")]),
    Row("env.not-kept", "fip", [entry(3, name="fip-a", type=FIP_TYPE)],
        [entry(3, name="fip", type=FIP_TYPE)]),
]

