# SPDX-License-Identifier: MIT
"""The card of OpenSTLinux: eleven partitions, and a bootfs apart from the rootfs.

bootfs holds the kernel, the device trees, a boot script and a folder for each
medium; its paths are those of the bootfs. The rootfs, which is named by its
fixed GUID, has the modules.
"""

import containers
import image
import recipe
from damage import both_fsbl, entry

BOARD = "stm32mp157c-dk2"
ROOT_GUID = "e91c4e10-16e6-4c0e-bd0e-77becf4a3582"
FIP_A = "4fd84c93-54ef-463f-a7ef-ae25ff887087"
FIP_B = "09c54952-d5bf-45af-acee-335303766fb3"
RAW_TYPE = "8da63339-0007-60c0-c436-083ac8230908"
ENV_TYPE = "3de21764-95bd-54bd-a5c3-4abe786f38a8"
BOOTFS, VENDORFS, ROOTFS, USERFS = 8, 9, 10, 11
ENV = 7
COPY = 0x2000

TFA = b"BL2: %s\0v2.11(release):v2.11\0Built : 12:00:00, Jan  1 2025\0" + recipe.filler(2000)

CARD = f"""
medium 4M
partition 1 fsbl1 at=34 size=8K
partition 2 fsbl2 at=50 size=8K
partition 3 metadata1 at=66 size=1s
partition 4 metadata2 at=67 size=1s
partition 5 fip-a at=68 size=16K
partition 6 fip-b at=100 size=16K
partition 7 u-boot-env at=132 size=64K
partition 8 bootfs at=260 size=1M bootable
  ext4
    zimage /zImage 32K
    dtb /{BOARD}.dtb
      | model = "STMicroelectronics STM32MP157C-DK2 Discovery Board";
      | compatible = "st,{BOARD}", "st,stm32mp157";
      | chosen {{ stdout-path = "serial0:115200n8"; }};
      | aliases {{ serial0 = "/soc/serial@40010000"; }};
      | soc {{ serial@40010000 {{ }}; }};
    dir /mmc0_extlinux
partition 9 vendorfs at=2308 size=256K
  ext4
    file /vendor
      | of the vendor
partition 10 rootfs at=2820 size=768K
  ext4
    dir /boot
    dir /bin
    dir /sbin
    elf /bin/busybox arm mode=755
    link /bin/sh busybox
    link /sbin/init ../bin/busybox
    dir /lib
    dir /lib/modules
    dir /lib/modules/6.6.0
    file /lib/modules/6.6.0/modules.builtin
      | kernel/drivers/mmc/core/mmc_core.ko
      | kernel/drivers/mmc/core/mmc_block.ko
      | kernel/drivers/mmc/host/armmmci.ko
      | kernel/fs/ext4/ext4.ko
partition 11 userfs at=4356 size=256K
  ext4
    file /user
      | of the user
"""

# Not ST's text; it does what that does to the search.
SCRIPT = """\
# where this medium keeps its configuration
echo "booting from ${boot_device}${boot_instance}"
env set boot_prefixes "/${boot_device}${boot_instance}_"
if test -e ${devtype} ${devnum}:${distro_bootpart} ${boot_prefixes}extlinux/${board_name}_extlinux.conf; then
	env set boot_syslinux_conf "extlinux/${board_name}_extlinux.conf"
fi
env save
run bootcmd_${target}
echo "nothing found there"
env default boot_prefixes; env default boot_syslinux_conf
env save
"""
DEFAULT_CONF = "/mmc0_extlinux/extlinux.conf"
BOARD_CONF = f"/mmc0_extlinux/{BOARD}_extlinux.conf"


def conf(label):
    """A configuration of one label, as the generator of OpenSTLinux writes it."""
    return (f"menu title Select the boot mode\ntimeout 20\ndefault {label}\nlabel {label}\n"
            f"\tkernel /zImage\n\tfdtdir /\n"
            f"\tappend root=PARTUUID={ROOT_GUID} rootwait rw console=ttySTM0,115200\n")


def script(text=SCRIPT, kind=6):
    """A script as mkimage wraps it."""
    data = text.encode()
    table = len(data).to_bytes(4, "big") + bytes(4)
    return image.uimage(table + data, "boot script", 0, 0, system=5, kind=kind)


def within(partition, *steps):
    """Take steps in the file system of a partition."""
    def step(card):
        root, card.root = card.root, partition
        for change in steps:
            change(card)
        card.root = root
    return step


def put(path, content):
    """Make or replace a file of the bootfs."""
    return within(BOOTFS, lambda card: card.put(path, content))


def remove(path):
    """Remove a file of the bootfs."""
    return within(BOOTFS, lambda card: card.debugfs(f"rm {path}"))


def save(copy, variables, flags=1):
    """Save a copy of the environment where U-Boot does."""
    return lambda card: card.write(ENV, card.size(ENV) - (copy + 1) * COPY,
                                   image.environment(variables, flags=flags))


def package(board="st," + BOARD, wanted="u-boot-env", uboot="2023.10"):
    """Both firmware packages, for this board and environment partition."""
    def step(card):
        data = containers.fip(containers.fip_images(board, wanted, uboot))
        for number in (5, 6):
            card.write(number, 0, data.ljust(card.size(number), b"\0"))
    return step


def metadata(card):
    """Both copies of the update metadata."""
    for number in (3, 4):
        card.write(number, 0, image.metadata((FIP_A, FIP_B)))


HEALTHY = [
    both_fsbl(lambda old: image.stm32_image(TFA, binary_type=0x10)),
    *[entry(n, type=RAW_TYPE) for n in (1, 2)],
    *[entry(n, type=image.METADATA_TYPE) for n in (3, 4)],
    entry(5, type=image.FIP_TYPE, guid=FIP_A), entry(6, type=image.FIP_TYPE, guid=FIP_B),
    entry(ENV, type=ENV_TYPE), entry(ROOTFS, guid=ROOT_GUID), metadata, package(),
    put("/boot.scr.uimg", script()),
    put(DEFAULT_CONF, conf("OpenSTLinux")), put(BOARD_CONF, conf(BOARD)),
]
