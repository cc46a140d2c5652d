# SPDX-License-Identifier: MIT
"""What stands in the partitions of cards in the field, as small as it can be.

TF-A and U-Boot are stood in for by their version texts and device trees;
firmware packages are made by fiptool.
"""

import functools
import os
import struct
import sys
import tempfile

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, area) for area in ("golden", "support", "rules")]

import containers  # noqa: E402
import image  # noqa: E402
import recipe  # noqa: E402
import tools  # noqa: E402

FIP_A = "4fd84c93-54ef-463f-a7ef-ae25ff887087"
FIP_B = "09c54952-d5bf-45af-acee-335303766fb3"
MP15, MP13, MP2 = "st,stm32mp157c-dk2", "st,stm32mp135f-dk", "st,stm32mp257f-ev1"
PAGER_BYTES = 3000


def op_tee(board):
    """The header of OP-TEE, of 64 bits on STM32MP2, with its pager in a file of its own."""
    return (struct.pack("<4sBBHI", b"OPTE", 2, board == MP2, 0, 1)
            + struct.pack("<4I", 0, 0xDE000000, 0, PAGER_BYTES))


@functools.cache
def tree(board, environment=None):
    """A device tree; environment is the partition in which U-Boot keeps its own."""
    config = f'config {{ u-boot,mmc-env-partition = "{environment}"; }};' if environment else ""
    return containers.device_tree(f'compatible = "{board}", "{board[:12]}"; {config}')


def spl(version):
    """U-Boot SPL behind an STM32 header."""
    return image.stm32_image(f"U-Boot SPL {version} (Jan 01 2020 - 00:00:00 +0000)\0".encode() +
                             recipe.filler(4000))


def tfa(version, board=MP15):
    """TF-A BL2 behind the header of the board's chip."""
    payload = (f"BL2: %s\0v{version}(release):v{version}\0Built : 12:00:00, Jan  1 2023\0".encode() +
               recipe.filler(4000))
    if board == MP15:
        return image.stm32_image(payload, binary_type=0x10)
    if board == MP13:
        return containers.stm32_v2(payload)
    data = containers.stm32_v2(payload, 0x10, 0x0E013000, 0x0E013200)
    return data[:72] + struct.pack("<I", 0x00020200) + data[76:]


def m33():
    """A first stage for the Cortex-M33 of an STM32MP25."""
    data = containers.stm32_v2(recipe.filler(4000), 0x30, 0x0E080000, 0x0E080400)
    return data[:72] + struct.pack("<I", 0x00020200) + data[76:]


def program(version):
    """U-Boot without its device tree."""
    return f"U-Boot {version} (Jan 01 2020 - 00:00:00 +0000)\0".encode() + recipe.filler(8000)


def uboot(version, environment=None, board=MP15):
    """U-Boot with its device tree behind it."""
    data = program(version)
    return data + bytes(-len(data) % 8) + tree(board, environment)


def uboot_img(version, environment=None):
    """u-boot.img, a legacy image."""
    return image.uimage(uboot(version, environment), f"U-Boot {version} for stm32mp")


def uboot_stm32(version, environment=None):
    """u-boot.stm32, for TF-A up to v2.7."""
    return image.stm32_image(uboot(version, environment), load=0xC0100000, entry=0xC0100000)


@functools.cache
def fip(version, environment=None, board=MP15, with_op_tee=False):
    """A firmware package, made by fiptool."""
    images = {"nt-fw": program(version), "hw-config": tree(board, environment),
              "fw-config": tree(board), "tos-fw": op_tee(board) if with_op_tee else recipe.filler(2000)}
    if with_op_tee:
        images["tos-fw-extra1"] = recipe.filler(PAGER_BYTES)
    else:
        images["tos-fw-config"] = tree(board)
    extra = {}
    if board == MP2:
        images.update({"soc-fw": recipe.filler(500), "soc-fw-config": tree(board)})
        extra["b11249be-92dd-4b10-867c-2c6a4b47a7fb"] = recipe.filler(600)  # ddr-fw
    with tempfile.TemporaryDirectory() as work:
        command = ["fiptool", "create"]
        for name, data in {**images, **extra}.items():
            path = os.path.join(work, name)
            with open(path, "wb") as f:
                f.write(data)
            command += ["--blob", f"uuid={name},file={path}"] if name in extra else ["--" + name, path]
        tools.run(*command, os.path.join(work, "fip.bin"))
        with open(os.path.join(work, "fip.bin"), "rb") as f:
            return f.read()


def arm64_image():
    """An arm64 kernel by its header."""
    size = 4096
    header = struct.pack("<IIQQQQQQ4sI", 0x91005A4D, 0x14000000, 0, size, 0xA, 0, 0, 0, b"ARM\x64", 0)
    return (header + recipe.filler(size - len(header)))[:size]


def boot_lines(root, where, label="buildroot"):
    """extlinux.conf as Buildroot writes it."""
    return [f"label {label}", f"  kernel {where}/Image", f"  devicetree {where}/board.dtb",
            f"  append root={root} rootwait"]


class Files:
    """A file system of some size, filled by debugfs."""

    def __init__(self):
        self.commands, self.contents = [], []

    def directory(self, *paths):
        """Make directories."""
        self.commands += [f"mkdir {path}" for path in paths]
        return self

    def file(self, path, content, mode=0o644):
        """Make a file."""
        self.contents.append(content)
        self.commands.append((path, len(self.contents) - 1, mode))
        return self

    def build(self, size, label="rootfs"):
        """The bytes of the file system."""
        with tempfile.TemporaryDirectory() as work:
            path, lines = os.path.join(work, "fs"), []
            with open(path, "wb") as f:
                f.truncate(size)
            tools.run("mke2fs", "-q", "-F", "-t", "ext4", "-L", label, "-N", "32", "-O",
                      "^has_journal", path)
            for command in self.commands:
                if isinstance(command, str):
                    lines.append(command)
                    continue
                name, number, mode = command
                source = os.path.join(work, str(number))
                with open(source, "wb") as f:
                    f.write(self.contents[number])
                lines += [f"write {source} {name}", f"sif {name} mode 0{0o100000 | mode:o}"]
            script = os.path.join(work, "script")
            with open(script, "w", encoding="utf-8") as f:
                f.write("\n".join(lines) + "\n")
            tools.run("debugfs", "-w", "-f", script, path)
            with open(path, "rb") as f:
                return f.read()


def boot_files(files, root, where, board):
    """extlinux.conf and what it names, in a directory of a file system."""
    kernel = arm64_image() if board == MP2 else image.zimage(recipe.filler(32 << 10))
    conf = "\n".join(boot_lines(root, where)) + "\n"
    return (files.directory(where + "/extlinux")
            .file(where + "/extlinux/extlinux.conf", conf.encode())
            .file(where + "/Image", kernel).file(where + "/board.dtb", tree(board)))


def init(files, board):
    """What the kernel starts."""
    return files.directory("/sbin").file("/sbin/init", recipe.elf("arm64" if board == MP2 else "arm"),
                                         0o755)


@functools.cache
def rootfs(root, board=MP15, size=768 << 10):
    """A root file system with /boot in it, as Buildroot makes it."""
    return init(boot_files(Files().directory("/boot"), root, "/boot", board), board).build(size)


@functools.cache
def bootfs(root, board, size):
    """A boot file system, with extlinux.conf and the kernel at its top."""
    return boot_files(Files(), root, "", board).build(size, "bootfs")


@functools.cache
def plain_rootfs(board, size):
    """A root file system without a kernel."""
    return init(Files(), board).build(size)


@functools.cache
def empty(label, size):
    """An empty file system."""
    return Files().build(size, label)
