#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sessions of somebody who has a card that does not boot, and only the program to go by.

Each breaks a healthy card in one way, asks what is wrong, and runs the command that the hint
names, as it stands there; what it cannot know (a kernel, the text of a line) the session brings.
The card must then pass, and undo must give the broken one back byte for byte.

usage: newcomer.py STMBOOT [TEST...]
"""

import json
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

import program

sys.path.insert(0, os.path.join(program.TOP, "tests", "cards"))

import cards  # noqa: E402
import damage  # noqa: E402
import damaged  # noqa: E402
import image  # noqa: E402
from damage import (CONF, DTB, KERNEL, append, both_fsbl, conf, cut_to, debugfs, entry,  # noqa: E402
                    flip, from_end, loader, mend_gpt, poke, put, reconf, remove, resize, rewrite,
                    sgdisk, zero)

KIB = 1 << 10
LABEL = "stm32mp157c-dk2-buildroot"
GOOD = f"""label {LABEL}
  kernel {KERNEL}
  devicetree {DTB}
  append root=/dev/mmcblk0p4 rootwait
"""
TOO_LONG = "root=/dev/mmcblk0p4 rootwait " + " ".join(f"option{i}=value" for i in range(80))
MODULES = "kernel/drivers/mmc/core/mmc_block.ko\nkernel/drivers/mmc/host/armmmci.ko\n"
INITRD = cards.newc([("init", 0o100755, b"#!/bin/sh\n")])
ARM64 = (b"MZ\0\x91" + bytes(12) + struct.pack("<QQ", 65536, 10) + bytes(24) +
         b"ARM\x64").ljust(65536, b"\0")


def file(path):
    """Bring what the healthy card has in a file."""
    return {"FILE": lambda card: card.get(path)}


def part(number):
    """Bring what the healthy card has in a partition."""
    return {"FILE": lambda card: card.read(number, 0, card.size(number))}


def content(data):
    """Bring these bytes."""
    return {"FILE": lambda card: data}


def other_tree():
    """The device tree of another board."""
    return damaged.device_tree('/dts-v1/; / { model = "Another"; '
                               'compatible = "st,stm32mp157a-dk1", "st,stm32mp157"; };')


# A session: what is broken, how, the finding that it is, and what the newcomer has at hand.
SESSIONS = [
    ("backup table lost", [from_end(33 * 512, "zero")], "gpt.backup-missing", {}),
    ("backup table damaged", [from_end(456, "flip")], "gpt.backup-bad", {}),
    ("primary table damaged", [flip(0, 512 + 56)], "gpt.primary-bad", {}),
    ("primary table wiped", [zero(0, 512, 512)], "gpt.primary-missing", {}),
    ("the two tables differ", [poke(0, 1024 + 128 * 3 + 56, b"s\0d\0"), mend_gpt()],
     "gpt.copies-differ", {}),
    ("image on a larger card", [resize(8 << 20)], "gpt.backup-misplaced", {}),
    ("protective MBR gone", [zero(0, 440, 72)], "mbr.missing", {}),
    ("loaders renamed", [entry(1, name="boot1"), entry(2, name="boot2")], "fsbl.not-found", {}),
    ("second loader renamed", [entry(2, name="spare")], "fsbl.single", {}),
    ("all names lost", [entry(n, name="Microsoft basic data") for n in (1, 2, 3, 4)],
     "fsbl.not-found", {}),
    ("one GUID twice", [entry(2, guid="9a127000-0000-4000-8000-000000000001")],
     "gpt.duplicate-guid", {}),
    ("first loader damaged", [flip(1, 256 + 1000)], "stm32.checksum", {}),
    ("first loader wiped", [zero(1, 0, 8 * 512)], "stm32.magic", {}),
    ("both loaders damaged", [flip(1, 256 + 1000), flip(2, 256 + 1000)], "stm32.checksum", part(1)),
    ("loaders without their header", [both_fsbl(lambda old: old[256:])], "stm32.magic", part(1)),
    ("U-Boot wiped", [zero(3, 0, 64 * KIB)], "fsbl.second-stage-not-found", part(3)),
    ("U-Boot damaged", [flip(3, 3000)], "uimage.data-crc", part(3)),
    ("header of U-Boot damaged", [flip(3, 40)], "uimage.header-crc", part(3)),
    ("no bootable flag", [sgdisk("-A", "4:clear:2")], "extlinux.not-found", {}),
    ("another partition bootable", [sgdisk("-A", "4:clear:2"), sgdisk("-A", "3:set:2")],
     "extlinux.not-found", {}),
    ("root file system wiped", [zero(4, 0, 256 * KIB)], "extlinux.not-found", part(4)),
    ("extlinux.conf missing", [remove(CONF)], "extlinux.not-found", content(GOOD.encode())),
    ("extlinux.conf empty", [conf("")], "extlinux.no-label",
     {"kernel=PATH": f"kernel={KERNEL}", "fdt=PATH": f"fdt={DTB}",
      "append=ARGUMENTS": "append='root=/dev/mmcblk0p4 rootwait'"}),
    ("extlinux.conf from Windows", [conf(GOOD.replace("\n", "\r\n"))],
     "extlinux.carriage-return", {}),
    ("extlinux.conf with a byte order mark", [conf("\ufeff" + GOOD)], "extlinux.byte-order-mark",
     {}),
    ("menu without a timeout", [conf("menu title Choose\n" + GOOD)], "extlinux.endless-menu", {}),
    ("menu with a negative timeout", [conf("menu title Choose\ntimeout -30\n" + GOOD)],
     "extlinux.negative-timeout", {}),
    ("label without a kernel", [reconf(f"  kernel {KERNEL}\n", "")], "extlinux.no-kernel",
     {"PATH": KERNEL}),
    ("unknown word in the label", [reconf("  kernel", "  options quiet\n  kernel")],
     "extlinux.label-ended", {}),
    ("second device tree line", [reconf("  append", "  devicetree /boot/x.dtb\n  append")],
     "extlinux.duplicate-key", {}),
    ("label without its name", [reconf(f"label {LABEL}", "label")], "extlinux.empty-value",
     {"VISUAL": "sed -i 's/^label$/label linux/'"}),
    ("included file missing", [conf("include more.conf\n" + GOOD)], "extlinux.include",
     {"VISUAL": "sed -i /include/d"}),
    ("default names no label", [conf("default other\n" + GOOD)], "extlinux.default-unknown", {}),
    ("default in other letters", [conf(f"default {LABEL.upper()}\n" + GOOD)],
     "extlinux.default-unknown", {}),
    ("first label fails", [conf("label first\n  kernel /boot/missing\n" + GOOD)],
     "extlinux.label-fails", {}),
    ("two labels of one name", [conf(GOOD + GOOD)], "extlinux.duplicate-label",
     {"VISUAL": "sed -i 1s/$/-old/"}),
    ("a stale configuration comes first", [debugfs("mkdir /extlinux"),
                                           put("/extlinux/extlinux.conf", GOOD)],
     "extlinux.several", {}),
    ("a boot script comes first",
     [put("/boot.scr.uimg", image.uimage(struct.pack(">II", 5, 0) + b"true\n", "", 0, 0, kind=6))],
     "extlinux.script-first", {}),
    ("command line too long", [append(TOO_LONG)], "bootargs.too-long",
     {"ARG...": "root=/dev/mmcblk0p4 rootwait"}),
    ("kernel missing", [remove(KERNEL)], "kernel.not-found", file(KERNEL)),
    ("wrong path of the kernel", [reconf(KERNEL, "/zImage")], "kernel.not-found", {}),
    ("kernel in other letters", [reconf(KERNEL, "/boot/zimage")], "kernel.not-found", {}),
    ("path of the kernel in quotes", [reconf(KERNEL, f'"{KERNEL}"')], "extlinux.quoted-path", {}),
    ("blank behind the path of the kernel", [reconf(KERNEL, KERNEL + " ")],
     "extlinux.trailing-blank", {}),
    ("kernel cut short", [rewrite(KERNEL, lambda old: old[:20000])], "kernel.truncated",
     file(KERNEL)),
    ("not a kernel", [rewrite(KERNEL, lambda old: old[:36] + bytes(4) + old[40:])],
     "kernel.not-bootable", file(KERNEL)),
    ("kernel for another chip", [put(KERNEL, ARM64)], "kernel.other-architecture", file(KERNEL)),
    ("damaged uImage",
     [rewrite(KERNEL, lambda old: image.uimage(old, "Linux")[:-1] + b"\x55")],
     "kernel.uimage-damaged", file(KERNEL)),
    ("initrd missing", [reconf("  append", "  initrd /boot/initrd.img\n  append")],
     "kernel.initrd-not-found", content(INITRD)),
    ("device tree missing", [remove(DTB)], "dtb.not-found", file(DTB)),
    ("device tree without its ending", [reconf(DTB, DTB.removesuffix(".dtb"))], "dtb.not-found",
     {}),
    ("not a device tree", [rewrite(DTB, lambda old: bytes(4) + old[4:])], "dtb.bad-magic",
     file(DTB)),
    ("device tree cut short", [rewrite(DTB, lambda old: old[:100])], "dtb.truncated", file(DTB)),
    ("device tree of another board", [put(DTB, other_tree())], "dtb.board-mismatch", file(DTB)),
    ("another device tree named", [put("/boot/other.dtb", other_tree()),
                                   reconf(DTB, "/boot/other.dtb")], "dtb.board-mismatch", {}),
    ("label without a device tree", [reconf(f"  devicetree {DTB}\n", "")], "dtb.none", {}),
    ("overlay missing", [reconf("  append", "  fdtoverlays /boot/no.dtbo\n  append")],
     "dtb.overlay-not-found",
     {"FILE": lambda card: damaged.device_tree("/dts-v1/; / { };")}),
    ("root= names no partition", [append("root=/dev/mmcblk0p6 rootwait")], "rootfs.not-found", {}),
    ("root= names the boot loader", [append("root=/dev/mmcblk0p3 rootwait")],
     "rootfs.no-filesystem", {}),
    ("PARTUUID of another card", [append("root=PARTUUID=e91c4e10-16e6-4c0e-bd0e-77becf4a3582 "
                                         "rootwait")], "rootfs.not-found", {}),
    ("root=LABEL= without an initrd", [append("root=LABEL=rootfs rootwait")],
     "rootfs.needs-initrd", {}),
    ("no root=", [append("rootwait")], "bootargs.no-root", {}),
    ("root= without /dev", [append("root=mmcblk0p4 rootwait")], "bootargs.bad-root", {}),
    ("no rootwait", [append("root=/dev/mmcblk0p4")], "bootargs.no-rootwait", {}),
    ("wrong rootfstype=", [append("root=/dev/mmcblk0p4 rootwait rootfstype=squashfs")],
     "rootfs.wrong-type", {}),
    ("an option of mount in rootflags=",
     [append("root=/dev/mmcblk0p4 rootwait rootflags=noatime")], "rootfs.mount-option", {}),
    ("console of another board", [append("root=/dev/mmcblk0p4 rootwait console=ttyAMA0")],
     "bootargs.console", {}),
    ("ext4 not built in", [put("/lib/modules/6.1.0/modules.builtin", MODULES)],
     "rootfs.needs-initrd", content(INITRD)),
    ("init missing", [remove("/sbin/init")], "init.not-found", {}),
    ("init= names no file", [append("root=/dev/mmcblk0p4 rootwait init=/linuxrc")],
     "init.not-found", {}),
    ("init not executable", [debugfs("sif /bin/busybox mode 0100644")], "init.not-executable", {}),
    ("programs for a PC", [put("/bin/busybox", damaged.elf(62, 64), 0o100755)],
     "init.wrong-machine", part(4)),
    ("no C library", [put("/bin/busybox", damaged.elf(40, interpreter="/lib/ld-linux-armhf.so.3"),
                          0o100755)], "init.no-interpreter",
     content(program.recipe.elf("arm"))),
]

# The same, where another program is the cure: there is nothing to undo.
ELSEWHERE = [
    ("superblock damaged", [flip(4, 1024 + 0x78)], "ext4.superblock-checksum", {}),
    ("journal to be replayed", [debugfs("feature needs_recovery")], "ext4.needs-recovery", {}),
    ("errors in the file system", [debugfs("ssv state 2")], "ext4.not-clean", {}),
    ("U-Boot in another partition", [sgdisk("-r", "3:5")], "fsbl.second-stage-not-found", {}),
]

# No command can bring back what is not there: the hint says what to do.
REBUILT = [
    ("image cut short", [cut_to(4, 300 * KIB)], "image.truncated", "write the complete image again"),
    ("U-Boot's environment has no room", [damage.shorten(3, 16 * 512)], "env.overwrites-data",
     "give partition 3 (ssbl) 16 KiB more"),
]


class Session(unittest.TestCase):
    """One card, and the newcomer's shell."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.healthy = program.card("healthy", os.path.join(cls.folder.name, "healthy.img"))
        os.symlink(program.stmboot, os.path.join(cls.folder.name, "stmboot"))
        os.mkdir(os.path.join(cls.folder.name, "a folder"))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def broken(self, steps):
        """The healthy card, broken, in a state of its own."""
        self.state = tempfile.mkdtemp(dir=self.folder.name)
        card = damage.Card(self.healthy, os.path.join(self.folder.name, "a folder", "my card.img"),
                           None)
        for step in steps:
            step(card)
        with open(card.path, "rb") as f:
            return card, f.read()

    def shell(self, command, **env):
        """Run a command as it is; what it prints on stdout."""
        path = self.folder.name + ":" + os.environ["PATH"] + ":/sbin:/usr/sbin"
        done = subprocess.run(["sh", "-c", command], cwd=os.path.join(self.folder.name, "a folder"),
                              env={**os.environ, "STMBOOT_STATE_DIR": self.state,
                                   "PATH": path, "LC_ALL": "C.UTF-8", **env},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, timeout=60)
        # That of e2fsck says that it mended something.
        if done.returncode not in ((0, 1) if "e2fsck" in command else (0,)):
            self.fail(f"{command}: exit {done.returncode}: {done.stderr.decode()}")
        return done.stdout.decode(errors="replace")

    def check(self, card):
        """What "check" finds, but for notes, the worst and first reached first."""
        done = program.run("check", "--json", card.path)
        said = json.loads(done.stdout)["images"][0]
        found = [f for f in said["findings"] if f["severity"] != "note"]
        self.assertEqual(done.returncode, int(said["verdict"] == "error"))
        return sorted(found, key=lambda f: (f["severity"] != "error",
                                            f["stage"] != said["stops_at"]))

    def prepare(self, command, brought):
        """The command with what the newcomer brings, and the variables for it."""
        env = {"VISUAL": brought["VISUAL"]} if "VISUAL" in brought else {}
        for word, value in brought.items():
            if word == "FILE":
                path = os.path.join(self.folder.name, "brought")
                with open(path, "wb") as f:
                    os.chmod(path, 0o755)
                    f.write(value(damage.Card(self.healthy, os.path.join(self.folder.name, "whole"),
                                              None)))
                value = shlex.quote(path)
            if word != "VISUAL":
                command = re.sub(rf"(?<=\s){re.escape(word)}(?=\s|$)", value.replace("\\", r"\\"),
                                 command)
        self.assertNotRegex(command, r"\b(IMAGE|FILE|PATH|NAME|LABEL|PARTITION|ARG)\b")
        return command, env

    def mend(self, card, brought):
        """Follow the hints until nothing is left; every command that was run."""
        commands = []
        while found := self.check(card):
            hints = [re.findall("`([^`]*)`", f["hint"] or "") for f in found]
            command = next((hint[0] for hint in hints if hint), None)
            self.assertIsNotNone(command, f"no command in the hints: {found}")
            command, env = self.prepare(command, brought)
            self.assertNotIn(command, commands, f"it is no cure: {found}")
            self.shell(command, **env)
            commands.append(command)
        return commands

    def undo(self, card):
        """Take all edits back."""
        for _ in self.shell(f"stmboot undo --list {shlex.quote(card.path)}").splitlines():
            self.shell(f"stmboot undo {shlex.quote(card.path)}")

    def test_the_command_of_the_hint_mends_the_card_and_undo_breaks_it_again(self):
        for name, steps, code, brought in SESSIONS:
            with self.subTest(name):
                card, before = self.broken(steps)
                self.assertIn(code, [f["code"] for f in self.check(card)])
                commands = self.mend(card, brought)
                self.assertTrue(all("stmboot " in command for command in commands))
                self.undo(card)
                with open(card.path, "rb") as f:
                    self.assertEqual(f.read(), before, "undo gives the broken card back")

    def test_another_program_that_the_hint_names_mends_the_card(self):
        for name, steps, code, brought in ELSEWHERE:
            with self.subTest(name):
                card, _ = self.broken(steps)
                self.assertIn(code, [f["code"] for f in self.check(card)])
                self.assertNotIn("stmboot ", self.mend(card, brought)[0])

    def test_where_no_command_helps_the_hint_says_what_to_do(self):
        for name, steps, code, words in REBUILT:
            with self.subTest(name):
                card, _ = self.broken(steps)
                hints = [f["hint"] for f in self.check(card) if f["code"] == code]
                self.assertIn(words, hints[0])

    def test_an_edit_that_the_card_was_pulled_out_of_is_finished_or_taken_back(self):
        for command in ("stmboot recover {}", "stmboot set-bootargs {} loglevel=3"):
            with self.subTest(command):
                card, before = self.broken([])
                image = shlex.quote(card.path)
                done = subprocess.run(
                    ["strace", "-f", "-o", os.devnull, "-P", card.path, "-e", "trace=pwrite64",
                     "-e", "inject=pwrite64:signal=KILL:when=1", program.stmboot, "set-bootargs",
                     card.path, "quiet"], check=False, stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE, env={**os.environ, "STMBOOT_STATE_DIR": self.state})
                said = self.shell(f"stmboot inspect {image}")
                if "interrupted" not in said:
                    self.skipTest(f"it could not be interrupted: {done.stderr.decode()}")
                self.assertIn("'stmboot recover'", said)
                self.shell(command.format(image))
                self.assertNotIn("interrupted", self.shell(f"stmboot inspect {image}"))
                self.assertIn("quiet", self.shell(f"stmboot get-bootargs {image}"))
                self.undo(card)
                with open(card.path, "rb") as f:
                    self.assertEqual(f.read(), before)

    def test_a_new_kernel_is_put_on_beside_the_old_one(self):
        card, before = self.broken([])
        image = shlex.quote(card.path)
        self.shell(f"stmboot fs get {image} {KERNEL} new-kernel")
        self.shell(f"stmboot fs mv {image} {KERNEL} {KERNEL}.old --force")
        self.shell(f"stmboot fs put {image} new-kernel {KERNEL}")
        self.shell(f"stmboot extlinux add {image} previous kernel={KERNEL}.old fdt={DTB} "
                   "append='root=/dev/mmcblk0p4 rootwait'")
        self.assertEqual(self.check(card), [])
        self.assertIn("previous", self.shell(f"stmboot extlinux show {image}"))
        self.undo(card)
        with open(card.path, "rb") as f:
            self.assertEqual(f.read(), before)

    def test_scripts_in_shell_and_python_get_at_everything(self):
        card, _ = self.broken([flip(1, 256 + 1000), append("root=/dev/mmcblk0p6 rootwait")])
        image = shlex.quote(card.path)
        if shutil.which("jq") is None:
            self.skipTest("jq is not installed")
        self.assertEqual(self.shell(f"""stmboot inspect --json {image} | jq -r '
            .boot.stops_at, (.partitions[] | select(.content == "ext4") | .name)'"""),
            "rootfs\nrootfs\n")
        self.assertEqual(self.shell(f"""stmboot check --json {image} | jq -r '
            .images[].findings[] | select(.severity != "note") | .code' | sort"""),
            "rootfs.not-found\nstm32.checksum\n")
        # What a script does with a hint: the command stands between backquotes.
        self.shell(f"""stmboot check --json {image} | jq -r '
            .images[].findings[] | (.hint // "") | capture("`(?<c>[^`]+)`").c' >mend.sh
            PATH="{self.folder.name}:$PATH" sh -e mend.sh""")
        self.assertEqual(self.check(card), [])
        said = json.loads(self.shell(f"stmboot get-bootargs --json {image}"))
        self.assertEqual([a["key"] for a in said["arguments"]], ["root", "rootwait"])


if __name__ == "__main__":
    program.main()
