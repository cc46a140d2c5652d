# SPDX-License-Identifier: MIT
"""The boot containers that the golden recipes do not make.

Written from the specifications: STM32 header v2.0, firmware package, and a FIT
with its data outside its tree.
"""

import struct
import uuid

import recipe
import tools

V2_0 = 0x00020000
AUTHENTICATION, DECRYPTION, PADDING = 0x02005453, 0x01005453, 0xFFFF5453
SIGNED, PADDED = 1, 1 << 31
SRAM, SRAM_END = 0x2FFE0000, 0x30000000

FW_CONFIG = "5807e16a-8459-47be-8ed5-648e8dddab0e"
HW_CONFIG = "08b8f1d9-c9cf-9349-a962-6fbc6b7265cc"
NT_FW = "d6d0eea7-fcea-d54b-9782-9934f234b6e4"
TOS_FW = "05d0e189-53dc-1347-8d2b-500a4b7a3e38"
TOS_FW_CONFIG = "26257c1a-dbc6-7f47-8d96-c4c4b0248021"
DDR_FW = "b11249be-92dd-4b10-867c-2c6a4b47a7fb"
SOC_FW = "47d4086d-4cfe-9846-9b95-2950cbbd5a00"
SOC_FW_CONFIG = "9979814b-0376-fb46-8c8e-8d267f7859e0"
TOS_FW_EXTRA1 = "0b70c29b-2a5a-7840-9f65-0a5682738288"
NT_FW_CERT = "8ec4c1f3-5d63-e411-a7a9-87ee40b23fa7"
NO_BANK = "00000000-0000-0000-0000-000000000000"
ACCEPTED, ON_TRIAL, INVALID = 0xFC, 0xFE, 0xFF


def extension(kind, body):
    """An extension of a version 2 header."""
    return struct.pack("<II", kind, 8 + len(body)) + body


def authentication(index=0, count=8, algorithm=1):
    """The extension that names the keys."""
    keys = b"\x5a" * (64 + 32 * count)
    return extension(AUTHENTICATION, struct.pack("<III", index, count, algorithm) + keys)


def decryption(bits=128):
    """The extension that says how the payload is encrypted."""
    return extension(DECRYPTION, struct.pack("<II", bits, 0x0E5F2025) + bytes(range(16)))


def stm32_v2(payload, binary_type=0x10, load=SRAM, entry=SRAM, extensions=b"", flags=0,
             signature=b"", header_bytes=512):
    """An STM32 header of version 2.0 and its payload; padding fills the header."""
    room = header_bytes - 128 - len(extensions)
    if room:
        extensions += extension(PADDING, bytes(room - 8))
        flags |= PADDED
    header = struct.pack("<4s64s", b"STM2", signature)
    header += struct.pack("<11I", sum(payload) & 0xFFFFFFFF, V2_0, len(payload), entry, 0, load, 0,
                          0, flags, len(extensions), binary_type)
    return header.ljust(128, b"\0") + extensions + payload


def fip(images, serial=1, total=None):
    """A firmware package of (UUID, content)."""
    at = 16 + 40 * (len(images) + 1)
    entries, data = b"", b""
    for name, content in images:
        entries += uuid.UUID(name).bytes + struct.pack("<QQQ", at + len(data), len(content), 0)
        data += content
    entries += bytes(16) + struct.pack("<QQQ", at + len(data) if total is None else total, 0, 0)
    return struct.pack("<IIQ", 0xAA640001, serial, 0) + entries + data


def fip_images(board, environment="fip", uboot="2023.10"):
    """What TF-A with SP_min wants on an STM32MP15."""
    tree = (f'compatible = "{board}", "st,stm32mp157"; '
            f'config {{ u-boot,mmc-env-partition = "{environment}"; }};')
    program = f"U-Boot {uboot} (Oct 02 2023 - 00:00:00 +0000)\0".encode()
    small = device_tree('compatible = "st,stm32mp157";')
    return [(FW_CONFIG, small), (TOS_FW, recipe.filler(256)), (TOS_FW_CONFIG, small), (NT_FW, program + recipe.filler(512)),
            (HW_CONFIG, device_tree(tree))]


def device_tree(source):
    """The blob that dtc makes of what stands in the root node."""
    return tools.run("dtc", "-q", "-I", "dts", "-O", "dtb", "-",
                     data=f"/dts-v1/;\n/ {{ {source} }};\n".encode())


def uboot_program(board, environment, version="2023.01"):
    """A stand-in for U-Boot with its device tree behind it."""
    program = f"U-Boot {version} (Jan 01 2023 - 00:00:00 +0000)\0".encode() + recipe.filler(1000)
    tree = (f'compatible = "{board}", "st,stm32mp157"; '
            f'config {{ u-boot,mmc-env-partition = "{environment}"; }};')
    return program + bytes(-len(program) % 8) + device_tree(tree)


def fit(uboot, images="", default='default = "conf";', node="images", external=None,
        inside=False):
    """A FIT with U-Boot, whose data stand behind the tree or inside it."""
    start, size = (0, len(uboot)) if external is None else external
    data = f"data = [{uboot.hex()}];" if inside else \
        f"data-offset = <{start}>; data-size = <{size}>;"
    tree = device_tree(f"""
        {node} {{
            uboot {{ type = "firmware"; os = "u-boot"; arch = "arm"; compression = "none";
                    load = <0xc0100000>; {data} }};
            {images}
        }};
        configurations {{
            {default} conf {{ description = "A board"; firmware = "uboot"; }};
        }};""")
    return tree + bytes(-len(tree) % 4) + (b"" if inside else uboot)
