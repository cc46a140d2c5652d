# SPDX-License-Identifier: MIT
"""Rules on FIT images, as a kernel that a label names and as the second stage of SPL."""

import gzip

import cards
import containers
import image
import recipe
import small
from damage import conf, put
from fit import Image, build, digest
from linux import arm64, release, with_payload
from loaders import MP15, card, fsbl
from small import Row, golden

FIT = "/boot/fitImage"
BOARD = ('model = "A board"; compatible = "st,stm32mp157c-dk2", "st,stm32mp157"; '
         'chosen { stdout-path = "serial0:115200n8"; }; '
         'aliases { serial0 = "/soc/serial@40010000"; }; soc { serial@40010000 { }; };')
CODE = image.zimage(recipe.filler(4096))
LARGE = image.zimage(recipe.filler(32 << 10))
LOAD = 0xC0008000
KERNEL_ADDR_R = 0xC2000000
APPEND = "  append root=/dev/mmcblk0p4 rootwait\n"
LABEL = f"label linux\n  kernel {FIT}\n{APPEND}"


def kernel(data=CODE, **fields):
    """A kernel that boots, with some fields changed."""
    usual = {"type": "kernel", "os": "linux", "arch": "arm", "compression": "none", "load": LOAD,
             "entry": LOAD}
    return Image(fields.pop("name", "kernel-1"), data, **{**usual, **fields})


def fdt(source=BOARD, name="fdt-1", **fields):
    """A device tree."""
    return Image(name, containers.device_tree(source),
                 **{"type": "flat_dt", "arch": "arm", "compression": "none", **fields})


def ramdisk(program="init", **fields):
    """A ramdisk with a program in it."""
    return Image("ramdisk-1", cards.newc([(program, 0o100755, b"#!/init\n")]),
                 **{"type": "ramdisk", "os": "linux", "arch": "arm", "compression": "none",
                    **fields})


CONF = {"description": "A board", "kernel": "kernel-1", "fdt": "fdt-1"}


def fit(*images, label=LABEL, conf_=None, configurations=None, **fields):
    """The label's kernel is a FIT of these images."""
    images = images or (kernel(), fdt())
    names = [one.name for one in images]
    usual = dict(CONF, ramdisk="ramdisk-1") if "ramdisk-1" in names else dict(CONF)
    usual.update(conf_ or {})
    data = build(images, configurations or {"conf": usual}, **fields)
    return [put(FIT, data), conf(label)]


def second(*images, conf_=None, configurations=None, **fields):
    """The second stage is a FIT of these images."""
    usual = {"description": "A board", "firmware": "uboot", **(conf_ or {})}
    data = build(images or (uboot(),), configurations or {"conf": usual}, **fields)
    return [lambda target: target.write(3, 0, data.ljust(target.size(3), b"\0"))]


def uboot(data=None, **fields):
    """U-Boot, with its device tree behind it."""
    usual = {"type": "firmware", "os": "u-boot", "arch": "arm", "compression": "none",
             "load": 0xC0100000}
    return Image("uboot", containers.uboot_program(MP15, "ssbl") if data is None else data,
                 **{**usual, **fields})


def damaged(one, algorithms=("sha256",)):
    """An image whose hashes are those of other data."""
    one.hashes = [(name, digest(name, one.data + b"\0")) for name in algorithms]
    return one


BASES = {
    "fit-kernel": (golden("healthy"), fit()),
    "fit-second": (card(), [fsbl(), *second()]),
}

OVERLAY = '__overlay__ { chosen { note = "a"; }; };'
SYMBOLS = BOARD + " __symbols__ { };"


def with_overlay(**fields):
    """A device tree and an overlay for it."""
    overlay = fdt(f'fragment@0 {{ target-path = "/"; {OVERLAY} }};', name="fdt-2")
    return fit(kernel(), fdt(**fields), overlay, conf_={"fdt": ["fdt-1", "fdt-2"]})


def with_broken_overlay():
    """An overlay for a node that is not there."""
    overlay = fdt(f'fragment@0 {{ target-path = "/none"; {OVERLAY} }};', name="fdt-2")
    return fit(kernel(), fdt(load=0xC4000000), overlay, conf_={"fdt": ["fdt-1", "fdt-2"]})


def packed(text):
    """A kernel that bootm unpacks."""
    return kernel(gzip.compress(text, mtime=0), compression="gzip")


FIRST_OF_TWO = LABEL.replace("linux", "fit") + (
    "label linux\n  kernel /boot/zImage\n  fdt /boot/stm32mp157c-dk2.dtb\n" + APPEND)
SIGNATURE = 'signature-1 { algo = "sha256,rsa2048"; key-name-hint = "dev"; };'
TWO = {"conf": CONF, "other": CONF}

def unreadable(data):
    """The last sector of what stands in the card cannot be read."""
    def step(card):
        with open(card.path, "rb") as f:
            at = f.read().index(data)
        small.unreadable((at + len(data)) // 512 * 512 - 512, 512)(card)
    return step


ROWS = [
    *[Row("fit.hash-mismatch", "fit-kernel", fit(damaged(kernel(), [name]), fdt()),
          fit(kernel(hashes=[name]), fdt()), says=f"does not match its {name}")
      for name in ("crc32", "md5", "sha1", "sha256", "sha384", "sha512")],
    Row("fit.hash-mismatch", "fit-kernel", fit(kernel(), damaged(fdt())), fit(),
        says='image "fdt-1"'),
    Row("fit.hash-mismatch", "fit-kernel",
        fit(damaged(kernel(name="other")), kernel(), fdt(), conf_={"kernel": "other"}),
        fit(damaged(kernel(name="other")), kernel(), fdt()), says='image "other"'),
    Row("fit.hash-mismatch", "fit-second", second(damaged(uboot())), second(uboot()),
        says='image "uboot"'),
    Row("fit.hash-malformed", "fit-kernel", fit(kernel(hashes=[("sha256", b"\0" * 31)]), fdt()),
        fit(), says="sha256 of 31 bytes"),
    Row("fit.hash-algorithm", "fit-kernel", fit(kernel(hashes=[("sha3", b"\0" * 32)]), fdt()),
        fit()),
    Row("fit.hash-optional", "fit-kernel", fit(kernel(hashes=["sha512"]), fdt()),
        fit(kernel(hashes=["sha256"]), fdt())),
    Row("fit.hash-unchecked", "fit-kernel", [*fit(kernel(LARGE), fdt(), external=True), unreadable(LARGE)],
        fit(kernel(LARGE), fdt(), external=True),
        {"image.read-error": "which is why"}, says="its sha256"),
    Row("fit.hash-missing", "fit-kernel", fit(kernel(hashes=[]), fdt()), fit()),

    Row("fit.no-description", "fit-kernel", fit(description=None), fit()),
    Row("fit.no-timestamp", "fit-kernel", fit(timestamp=None), fit()),
    Row("fit.configuration-undescribed", "fit-second",
        second(configurations={"conf": {"description": "A", "firmware": "uboot"},
                               "other": {"firmware": "uboot"}}),
        second(configurations={"conf": {"description": "A", "firmware": "uboot"},
                               "other": {"description": "B", "firmware": "uboot"}})),
    Row("fit.configuration-missing", "fit-kernel",
        fit(label=LABEL.replace(FIT, FIT + "#con"), configurations=TWO),
        fit(label=LABEL.replace(FIT, FIT + "#other"), configurations=TWO), says="conf, other"),
    Row("fit.no-default", "fit-kernel", fit(default="con"), fit(default="conf")),
    Row("fit.no-program", "fit-kernel", fit(conf_={"kernel": None}), fit()),
    Row("fit.no-program", "fit-second", second(conf_={"firmware": None}),
        second(conf_={"firmware": None, "loadables": ["uboot"]})),
    Row("fit.image-missing", "fit-kernel", fit(conf_={"kernel": "kernel"}),
        fit(kernel(name="kernel@1"), fdt(), conf_={"kernel": "kernel"}),
        {"fit.unit-address": "a name without one finds it"}, says='kernel = "kernel"'),
    Row("fit.unit-address", "fit-kernel",
        fit(kernel(name="kernel@1"), fdt(), conf_={"kernel": "kernel@1"}), fit()),
    Row("fit.data-overlap", "fit-kernel",
        fit(kernel(), fdt(), Image("spare", None, hashes=(), type="firmware", data_offset=4096,
                                   data_size=8), external=True),
        fit(kernel(), fdt(), Image("spare", None, hashes=(), type="firmware", data_offset=0,
                                   data_size=len(CODE)), external=True)),
    Row("fit.data-outside", "fit-kernel",
        fit(kernel(), fdt(), Image("spare", None, hashes=(), data_position=1 << 20, data_size=8)),
        fit(kernel(), fdt(), Image("spare", None, hashes=(), data_position=0, data_size=0))),
    Row("fit.signature-unchecked", "fit-kernel", fit(kernel(extra=SIGNATURE), fdt()), fit()),
    Row("fit.property-missing", "fit-kernel", fit(kernel(entry=None), fdt()), fit(),
        says="no property entry"),
    Row("fit.property-missing", "fit-second", second(uboot(load=None)), second(uboot()),
        says="no property load"),
    Row("fit.wrong-type", "fit-kernel", fit(kernel(type="standalone"), fdt()),
        fit(kernel(type="kernel_noload"), fdt())),
    Row("fit.wrong-os", "fit-kernel", fit(kernel(), fdt(), ramdisk(os=None)),
        fit(kernel(), fdt(), ramdisk())),
    Row("fit.wrong-arch", "fit-kernel", fit(kernel(arch="arm64"), fdt()), fit()),
    Row("fit.compression", "fit-kernel", fit(kernel(compression="xz"), fdt()), fit()),
    Row("fit.compression", "fit-second", second(uboot(compression="lzma")), second()),
    Row("fit.compression-optional", "fit-kernel",
        fit(kernel(compression="lzma"), fdt()), fit()),
    Row("fit.not-packed", "fit-kernel", fit(kernel(compression="gzip"), fdt()),
        fit(kernel(gzip.compress(CODE, mtime=0), compression="gzip"), fdt())),
    Row("fit.not-packed", "fit-kernel", fit(kernel(gzip.compress(CODE, mtime=0)), fdt()),
        fit(kernel(gzip.compress(CODE, mtime=0), compression="gzip"), fdt())),
    Row("fit.entry-outside", "fit-kernel", fit(kernel(entry=LOAD + len(CODE)), fdt()),
        fit(kernel(entry=LOAD + len(CODE) - 1), fdt())),
    Row("fit.load-overlap", "fit-kernel", fit(kernel(), fdt(load=LOAD + len(CODE) - 1)),
        fit(kernel(), fdt(load=LOAD + len(CODE)))),
    Row("fit.load-overlap", "fit-kernel",
        fit(kernel(load=KERNEL_ADDR_R, entry=KERNEL_ADDR_R), fdt()),
        fit(kernel(load=KERNEL_ADDR_R - len(CODE), entry=KERNEL_ADDR_R - len(CODE)), fdt()),
        says="the FIT itself"),
    Row("fit.overlay-room", "fit-kernel", with_overlay(), with_overlay(load=0xC4000000)),
    Row("fit.no-device-tree", "fit-kernel", fit(conf_={"fdt": None}), fit()),
    Row("fit.ramdisk-unused", "fit-kernel",
        fit(kernel(), fdt(), ramdisk(),
            label=LABEL.replace(APPEND, "  fdt /boot/stm32mp157c-dk2.dtb\n" + APPEND)),
        fit(kernel(), fdt(), ramdisk())),

    # what is inside a FIT takes part in the boot as other files do
    Row("extlinux.label-fails", "fit-kernel",
        fit(damaged(kernel()), fdt(), label=FIRST_OF_TWO),
        fit(kernel(), fdt(), label=FIRST_OF_TWO), says="U-Boot rejects its FIT"),
    Row("kernel.no-modules", "fit-kernel", fit(kernel(with_payload(release("6.1.1"))), fdt()),
        fit(kernel(with_payload(release("6.1.0"))), fdt())),
    Row("kernel.no-modules", "fit-kernel", fit(packed(release("6.1.1")), fdt()),
        fit(packed(release("6.1.0")), fdt())),
    Row("kernel.truncated", "fit-kernel", fit(kernel(CODE[:-1]), fdt()), fit()),
    Row("kernel.other-architecture", "fit-kernel", fit(kernel(arm64()), fdt()), fit()),
    Row("kernel.initrd-without-init", "fit-kernel",
        fit(kernel(), fdt(), ramdisk("Init")), fit(kernel(), fdt(), ramdisk())),
    Row("dtb.board-mismatch", "fit-kernel",
        fit(kernel(), fdt(BOARD.replace("157c-dk2", "157c-ev1"))), fit()),
    Row("dtb.overlay-fails", "fit-kernel", with_broken_overlay(), with_overlay(load=0xC4000000)),
]
