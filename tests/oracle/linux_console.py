# SPDX-License-Identifier: MIT
"""Debian's armhf kernel under qemu, left alone with a card.

Debian has virtio, the SD host and ext4 as modules, so this kernel cannot reach
a disk by itself, and an initramfs that mounts root= would put a script in the
place of the code that is in question. The initramfs made here has no /init:
the kernel then resolves and mounts root= and looks for init by itself, as on a
board without an initrd. All it has is a /sbin/modprobe. The kernel calls that
first while it sets up its random number generator, long before root= matters,
for crypto modules that do not exist; the script takes the occasion to load the
drivers, and the disk is there when its name is resolved.

As a virtio disk the card is vda. With bus="mmc" it is an SD card on a PCI
host, mmcblk0, as on a board; its size must then be a power of two.
"""

import collections
import lzma
import os
import re
import stat
import struct

import cards
import image
from uboot_console import Console, Dead, Machine

FILESYSTEM = ["crc32c_generic", "ext4"]
DRIVERS = {"virtio": ["virtio_mmio", "virtio_blk"], "mmc": ["sdhci_pci"]}
ZIMAGE_TABLE = b"KLSZ"
XZ = b"\xfd7zXZ\0"
RAM = 0x40000000
SECONDS = 120
PATIENCE = 4  # seconds without a word after which a kernel that waits does so for ever

MODPROBE = """#!/bin/busybox sh
[ -e /loaded ] && exit 1
> /loaded
for module in %s; do /bin/busybox insmod /modules/$module; done
exit 1
"""

# In the place of init: say who was started, with what, and go off.
INIT = """#!/bin/busybox sh
/bin/busybox dmesg -n 1
/bin/busybox mount -t proc proc /proc
echo "INIT: $0"
echo "COMMAND LINE: $(/bin/busybox cat /proc/cmdline)"
echo "INIT DONE"
/bin/busybox poweroff -f
"""

BOOTS, WAITS, NO_ROOT, NO_INIT, OTHER = "boots", "waits", "no root", "no init", "something else"

# What the kernel says last; the stage at which it stops there, None where it does not.
STAGES = {BOOTS: None, WAITS: "rootfs", NO_ROOT: "rootfs", NO_INIT: "init", OTHER: "unknown"}
PANICS = [
    (rb"VFS: Unable to mount root fs", NO_ROOT),
    (rb"No working init found", NO_INIT),
    (rb"Requested init .* failed", NO_INIT),
]

# outcome: one of STAGES; init: what was started; cmdline: what the kernel got; log: all of it.
Boot = collections.namedtuple("Boot", "outcome init cmdline log")


def initramfs(packages, bus="virtio"):
    """An initramfs of drivers and a modprobe that loads them."""
    directory, regular, program = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o644, stat.S_IFREG | 0o755
    entries = [(name, directory, b"") for name in ("bin", "modules", "sbin")]
    with open(packages.busybox, "rb") as f:
        entries.append(("bin/busybox", program, f.read()))
    names = []
    for path in packages.module_files(DRIVERS[bus] + FILESYSTEM):
        names.append(os.path.basename(path))
        with open(os.path.join(packages.modules, path), "rb") as f:
            entries.append(("modules/" + names[-1], regular, f.read()))
    entries.append(("sbin/modprobe", program, (MODPROBE % " ".join(names)).encode()))
    return cards.newc(entries)


def unpacked_kernel(packages):
    """The kernel that is in the zImage, as a uImage; unpacking it is a third of a boot."""
    with open(packages.kernel, "rb") as f:
        zimage = f.read()
    table = zimage.index(ZIMAGE_TABLE)
    size_at, _, text_offset = struct.unpack_from("<3I", zimage, table + 4)
    size = struct.unpack_from("<I", zimage, size_at)[0]
    at = zimage.find(XZ)
    while at >= 0:
        decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ)
        try:
            kernel = decoder.decompress(zimage[at:])
        except lzma.LZMAError:  # the decompressor's own copy of the magic
            kernel = b""
        if len(kernel) == size:
            load = RAM + text_offset
            return image.uimage(kernel, "Linux", load, load, system=5, kind=2)
        at = zimage.find(XZ, at + 1)
    raise RuntimeError(f"{packages.kernel} holds no kernel that is compressed with XZ")


def ended(said):
    """Whether init has spoken, or the kernel has given up."""
    return b"INIT DONE\r\n" in said or b"end Kernel panic" in said


def waits(said):
    """Whether the kernel waits for a disk, as far as it goes."""
    return b"Waiting for root device" in said


def judge(said):
    """What a kernel that is over, or waits, has said."""
    said = said.replace(b"\r\n", b"\n")
    text = said.decode(errors="replace")
    cmdline = re.search(r"^COMMAND LINE: (.*)$", text, re.M) or \
        re.search(r"Kernel command line: (.*)$", text, re.M)
    init = re.search(r"^INIT: (.*)$", text, re.M)
    outcome = BOOTS if init else WAITS if waits(said) else OTHER
    panic = re.search(rb"Kernel panic - not syncing: (.*)", said)
    if panic:
        outcome = next((o for p, o in PANICS if re.match(p, panic[1])), OTHER)
    return Boot(outcome, init[1] if init else None, cmdline[1] if cmdline else None, text)


def end_of_log(boot):
    """The last words of a boot: what comes after the kernel's own preparations."""
    lines = boot.log.splitlines()
    first = max((i + 1 for i, line in enumerate(lines) if "] evm: " in line), default=0)
    backtrace = re.compile(r"\] (CPU:|Hardware name:|Exception stack|[0-9a-f]{4}: | .* from )")
    return "\n".join(line for line in lines[first:] if not backtrace.search(line))


def hear_out(machine):
    """Let a kernel come to an end, and judge what it said."""
    try:
        machine.wait_for(lambda: ended(machine.said) or waits(machine.said), SECONDS)
        while not ended(machine.said):
            before = len(machine.said)
            machine.wait_for(lambda: len(machine.said) > before, PATIENCE)
    except Dead:
        pass
    return judge(machine.said)


def boot(kernel, ramdisk, disk, cmdline, bus="virtio"):
    """Start a kernel on a disk, which is not changed, with the initramfs in the file ramdisk."""
    device = {"virtio": ["-device", "virtio-blk-device,drive=d"],
              "mmc": ["-device", "sdhci-pci", "-device", "sd-card,drive=d"]}[bus]
    machine = Machine("-M", "virt,highmem=off", "-cpu", "cortex-a15", "-m", "256",
                      "-kernel", kernel, "-initrd", ramdisk, "-append", cmdline,
                      "-drive", f"if=none,file={disk},format=raw,id=d,snapshot=on", *device)
    try:
        return hear_out(machine)
    finally:
        machine.close()


def sysboot(disk, place="virtio 0:4", conf="/boot/extlinux/extlinux.conf"):
    """Let a real U-Boot boot a real Linux from an extlinux.conf of a disk, which is not changed.

    The label's initrd must be one that initramfs() makes; its device tree is
    passed over in favour of the one that qemu gives.
    """
    console = Console([disk], ["virtio scan"])
    try:
        console.hand_over(f"sysboot {place} any ${{scriptaddr}} {conf}")
        return hear_out(console)
    finally:
        console.close()
