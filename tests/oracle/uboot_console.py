# SPDX-License-Identifier: MIT
"""A U-Boot under qemu, driven through its serial console."""

import os
import select
import shutil
import subprocess
import time

SKIPPED = 77  # exit status
FIRMWARE = "/usr/lib/u-boot/qemu_arm/u-boot.bin"
MOST_DISKS = 31  # the machine has room for one more
PROMPT = b"\r\n=> "
CHOICE = b"Enter choice: "
CRASHES = (b"data abort", b"prefetch abort", b"undefined instruction", b"resetting", b"U-Boot 20")
START_SECONDS = 120


class Dead(Exception):
    """The machine crashed, hangs or is off; the argument is what it said since the last line."""


def need(program):
    """The path of a program that may stand where only root looks."""
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def missing(*programs):
    """Names of what is not installed."""
    names = [p for p in ("qemu-system-arm", *programs) if need(p) is None]
    return names + ([] if os.path.exists(FIRMWARE) else [FIRMWARE])


def drives(disks):
    """Arguments of qemu. It numbers from the last one down, so that disk n is virtio n."""
    arguments = []
    for number, path in reversed(list(enumerate(disks))):
        arguments += ["-drive", f"if=none,file={path},format=raw,id=d{number},readonly=on",
                      "-device", f"virtio-blk-device,drive=d{number}"]
    return arguments


class Machine:
    """A qemu with a serial console."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            ["qemu-system-arm", "-nographic", "-net", "none", "-no-reboot", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.said = b""
        self.started = time.monotonic()

    def close(self):
        """End qemu."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def wait_for(self, happened, seconds, crashes=()):
        """Read until happened(). Raises Dead when a crash, qemu's end or the time comes first."""
        end = time.monotonic() + seconds
        while not happened():
            if time.monotonic() > end or any(c in self.said for c in crashes):
                raise Dead(self.said)
            self.read(min(end - time.monotonic(), 1))

    def read(self, seconds):
        """Take in what is said within some seconds, up to a pause."""
        if select.select([self.process.stdout], [], [], max(seconds, 0))[0]:
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                raise Dead(self.said)
            self.said += data

    def send(self, data):
        """Type."""
        self.process.stdin.write(data)
        self.process.stdin.flush()


class Console(Machine):
    """One U-Boot at its prompt. After Dead, start another."""

    def __init__(self, disks, settings):
        """Start it with disks, given as paths, and run lines that set it up."""
        super().__init__("-M", "virt", "-bios", FIRMWARE, *drives(disks))
        try:
            self.wait_for(lambda: b"stop autoboot" in self.said, START_SECONDS)
            self.send(b" ")
            self.wait_for(self._at_prompt, START_SECONDS)
            for line in settings:
                self.run(line, START_SECONDS)
        except BaseException:
            self.close()
            raise

    def run(self, line, seconds, at_menu=None):
        """What U-Boot says to a line. at_menu() gives what to type when a menu waits."""
        self.said = b""
        self.send(line.encode() + b"\r")
        self.wait_for(lambda: b"\r\n" in self.said, seconds)
        self.said = self.said[self.said.index(b"\r\n"):]
        if at_menu is None:
            self.wait_for(self._at_prompt, seconds, CRASHES)
        else:
            self.wait_for(lambda: self._at_prompt() or CHOICE in self.said, seconds, CRASHES)
            if CHOICE in self.said:
                self.send(at_menu())
                self.wait_for(self._at_prompt, seconds, CRASHES)
        return self.said[:-len(PROMPT)].replace(b"\r\n", b"\n")

    def hand_over(self, line):
        """Say a line from which U-Boot need not come back."""
        self.said = b""
        self.send(line.encode() + b"\r")

    def listen(self, seconds):
        """What U-Boot says by itself within some seconds; nothing more once it is at its prompt."""
        before = len(self.said)
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._at_prompt():
            self.read(end - time.monotonic())
        return self.said[before:]

    def grow_old(self, seconds):
        """Let time pass until U-Boot has run that long."""
        time.sleep(max(0, self.started + seconds - time.monotonic()))

    def _at_prompt(self):
        return self.said.endswith(PROMPT)
