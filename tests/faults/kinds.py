# SPDX-License-Identifier: MIT
"""Runs that are ended or let fail, and the images that they start from."""

import collections

IMAGE, COPY, LOADER = "card.img", "copy.img", "loader"
PACKAGE, UBOOT = "fip.bin", "u-boot-nodtb.bin"

CONFIG = """\
default one

label one
\tkernel /boot/zImage
\tdevicetree /boot/stm32mp157c-dk2.dtb
\tappend root=/dev/mmcblk0p4 rootwait

label two
\tkernel /boot/zImage
\tdevicetree /boot/stm32mp157c-dk2.dtb
"""

IN_PLACE = ["set-bootargs", IMAGE, "quiet"]
NEXT = ["extlinux", "timeout", IMAGE, "7s"]  # the edit that comes after a run

# before: what is done before with success. interrupted: an edit that was ended in the middle
# of its writing then. file: the one that changes. undone: "old" or "new", at which of them
# an undo gives the other. pulled: the card was pulled out of a running board, with CONFIG in
# its journal only. view: what shows how the file is. reads: nothing is edited. damage: a place
# in the card, of which a sector is lost.
Kind = collections.namedtuple(
    "Kind", "name command before interrupted file undone pulled view reads damage",
    defaults=[[], None, IMAGE, None, False, ["extlinux", "show"], False, None])


def copy(name, command, *before):
    """A kind that makes a file of something in the image."""
    return Kind(name, command + [COPY], before=[one + [COPY] for one in before], file=COPY,
                view=["inspect"], reads=True)


KINDS = [
    Kind("a word, in place", IN_PLACE, undone="new"),
    Kind("a line that needs new blocks", ["set-bootargs", IMAGE, "x=" + "y" * 900], undone="new"),
    Kind("another label", ["extlinux", "add", IMAGE, "three", "kernel=/boot/zImage",
                           "append=" + "z" * 400], undone="new"),
    Kind("a property of the device tree", ["dtb", "set", IMAGE, "serial0", "status", "okay"],
         undone="new", view=["dtb", "show"]),
    Kind("a device tree that needs new blocks", ["dtb", "set", IMAGE, "/soc", "x", "y" * 3000],
         undone="new", view=["dtb", "show"]),
    Kind("a new file", ["fs", "put", IMAGE, LOADER, "/boot/new"], undone="new",
         view=["fs", "ls", "-r", "-l"]),
    Kind("another content of a file", ["fs", "put", "-f", IMAGE, LOADER, "/boot/zImage"],
         undone="new", view=["fs", "ls", "-r", "-l"]),
    Kind("files that are removed", ["fs", "rm", "-r", "-f", IMAGE, "/lib"], undone="new",
         view=["fs", "ls", "-r", "-l"]),
    Kind("a directory with another name", ["fs", "mv", "-f", IMAGE, "/lib", "/usr"], undone="new",
         view=["fs", "ls", "-r", "-l"]),
    Kind("directories", ["fs", "mkdir", "--parents", IMAGE, "/a/b/c"], undone="new",
         view=["fs", "ls", "-r", "-l"]),
    Kind("an undo", ["undo", IMAGE], before=[IN_PLACE], undone="old"),
    Kind("an undo of new blocks", ["undo", IMAGE],
         before=[["set-bootargs", IMAGE, "x=" + "y" * 900]], undone="old"),
    Kind("a recovery", ["recover", IMAGE], interrupted=IN_PLACE),
    Kind("a recovery of nothing", ["recover", IMAGE]),
    Kind("an edit after an interrupted one", ["set-bootargs", IMAGE, "second"],
         interrupted=IN_PLACE, undone="new"),
    Kind("an edit of a card that was pulled out", IN_PLACE, undone="new", pulled=True),
    Kind("another name and GUID of a partition",
         ["gpt", "set", IMAGE, "rootfs", "name=system", "guid=01234567-89ab-cdef-0123-456789abcdef"],
         undone="new", view=["gpt", "show"]),
    # without an undo: that would bring an error
    Kind("a repair of the table", ["gpt", "repair", IMAGE], view=["gpt", "show"], damage=512),
    Kind("another loader", ["part", "write", IMAGE, "fsbl", LOADER], undone="new",
         view=["inspect"]),
    Kind("another U-Boot in a firmware package", ["fip", "replace", IMAGE, "nt-fw", UBOOT],
         before=[["part", "write", "-f", IMAGE, "ssbl", PACKAGE]], undone="new",
         view=["fip", "show"]),
    Kind("a copy", IN_PLACE + ["-o", COPY], file=COPY),
    Kind("a copy in the place of another", IN_PLACE + ["-o", COPY], file=COPY,
         before=[["set-bootargs", IMAGE, "other", "-o", COPY]]),
    Kind("a copy of an interrupted image", ["set-bootargs", IMAGE, "second", "-o", COPY],
         interrupted=IN_PLACE, file=COPY),
    copy("a partition as a file", ["part", "read", IMAGE, "rootfs"]),
    copy("a partition in the place of another file", ["part", "read", IMAGE, "rootfs"],
         ["part", "read", IMAGE, "ssbl"]),
    copy("a file", ["fs", "get", IMAGE, "/boot/zImage"]),
    copy("a file with all that is kept of it, in the place of another",
         ["fs", "get", "--preserve", IMAGE, "/boot/zImage"],
         ["fs", "get", IMAGE, "/boot/stm32mp157c-dk2.dtb"]),
]
