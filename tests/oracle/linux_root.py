#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where a boot stops in Linux, held against a real Linux 6.1.

Each case is a card with a small change; linux_cases.py has them and what Linux
makes of them. Compared are the stage at which stmboot says that the boot
stops, the program that is started first, and the kernel's command line. Some
cards are then booted by a real U-Boot, which expands and passes the command
line itself.

usage: linux_root.py STMBOOT DIRECTORY [--logs DIRECTORY] [--every N] [--seed N] [CASE...]

The first DIRECTORY keeps packages and cards. With --every N only each N-th case
is run; the seed says which. Exits 77 (skipped) where programs or packages cannot
be had.
"""

import argparse
import concurrent.futures
import json
import os
import random
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(os.path.dirname(HERE), name) for name in ("cards", "support")]

import cards  # noqa: E402
import damage  # noqa: E402
import linux_cases  # noqa: E402
import linux_console  # noqa: E402
import tools  # noqa: E402
from uboot_console import missing  # noqa: E402

PROGRAMS = ["mke2fs", "debugfs", "sgdisk", "genimage", "depmod"]
JOBS = 2
SD_CARD = 128 << 20


def inspect(stmboot, path):
    """What stmboot says of a card, as an object."""
    done = subprocess.run([stmboot, "inspect", "--json", path], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"stmboot inspect: {done.stderr.decode(errors='replace').strip()}")
    return json.loads(done.stdout)


def stops_at(said):
    """The stage in Linux at which stmboot lets the boot stop, were it to come to Linux.

    Errors of earlier stages do not count here. Behind an initrd, which may see
    to everything, stmboot only warns.
    """
    boot = said["boot"]
    decisive = {"error", "warning"} if boot["initrd"] else {"error"}
    found = {f["stage"] for f in said["findings"] if f["severity"] in decisive}
    stage = next((s for s in ("rootfs", "init") if s in found), None)
    if not boot["initrd"] and boot["stops_at"] in ("rootfs", "init", None) and \
            boot["stops_at"] != stage:
        return f"{boot['stops_at']}, with errors in {sorted(found)}"
    return stage


def differences(said, boot, outcome):
    """stmboot against Linux, and Linux against what is written of it."""
    found = []

    def compare(what, linux, other):
        if linux != other:
            found.append(f"{what}: Linux {linux!r}, not {other!r}")

    compare("outcome", boot.outcome, outcome)
    if said["boot"]["append"] is None:  # U-Boot finds no label, so no Linux would be started
        compare("boots", boot.outcome == linux_console.BOOTS, said["boot"]["stops_at"] is None)
        return found
    compare("stage", linux_console.STAGES[boot.outcome], stops_at(said))
    compare("command line", boot.cmdline, said["boot"]["bootargs"])
    if boot.outcome == linux_console.BOOTS:
        compare("init", boot.init, said["boot"]["init"]["path"])
    return found


class Bench:
    """Makes cards, has them judged by stmboot and booted by Linux."""

    def __init__(self, stmboot, packages, directory, healthy):
        self.stmboot, self.packages, self.directory = stmboot, packages, directory
        self.kernel = os.path.join(directory, "kernel")
        with open(self.kernel, "wb") as f:
            f.write(linux_console.unpacked_kernel(packages))
        self.ramdisks = {}
        for bus in linux_console.DRIVERS:
            self.ramdisks[bus] = os.path.join(directory, bus + ".cpio")
            with open(self.ramdisks[bus], "wb") as f:
                f.write(linux_console.initramfs(packages, bus))
        self.base = os.path.join(directory, "base.img")
        base = damage.Card(healthy, self.base, packages)
        for step in (damage.put("/sbin/init", linux_console.INIT, linux_cases.PROGRAM),
                     damage.put("/bin/sh", linux_console.INIT, linux_cases.PROGRAM),
                     damage.append(linux_cases.HEALTHY)):
            step(base)

    def card(self, number, steps):
        """A card with some changes."""
        card = damage.Card(self.base, os.path.join(self.directory, f"{number}.img"), self.packages)
        for step in steps:
            step(card)
        return card.path

    def direct(self, number, case):
        """Boot a card without U-Boot; what differs, and what Linux said."""
        path = self.card(number, case.steps)
        said = inspect(self.stmboot, path)
        if case.bus == "mmc":
            os.truncate(path, SD_CARD)
        boot = linux_console.boot(self.kernel, self.ramdisks[case.bus], path,
                                  said["boot"]["append"] or linux_cases.HEALTHY, case.bus)
        os.remove(path)
        return differences(said, boot, case.outcome), boot

    def chain(self, number, case):
        """Boot a card with U-Boot, with an initrd that brings the drivers."""
        path = self.card(number, [self.with_drivers] + case.steps)
        said = inspect(self.stmboot, path)
        boot = linux_console.sysboot(path)
        os.remove(path)
        return differences(said, boot, case.outcome), boot

    def with_drivers(self, card):
        """Let the label bring the initramfs of the virtio drivers."""
        with open(self.ramdisks["virtio"], "rb") as f:
            card.put(damage.INITRD, f.read())
        text = card.get(damage.CONF).decode()
        card.put(damage.CONF, text.replace("  append", f"  initrd {damage.INITRD}\n  append"))


def show(name, bad, boot, logs):
    """Print how a case went, and keep what Linux said."""
    print(f"{'WRONG' if bad else 'ok   '} {boot.outcome:8} {name}"
          + "".join("\n      " + line for line in bad), flush=True)
    if bad:
        print(linux_console.end_of_log(boot), flush=True)
    if logs:
        with open(os.path.join(logs, name.replace("/", " ") + ".log"), "w",
                  encoding="utf-8") as f:
            f.write(boot.log)


def run(bench, options, logs):
    """Compare all cases, or those wanted, or some; True when they agree."""
    wanted = options.cases
    runs = [(case.name, bench.direct, case) for case in linux_cases.CASES]
    runs += [("chain: " + case.name, bench.chain, case) for case in linux_cases.CHAIN]
    runs = [run for run in runs if not wanted or run[0] in wanted]
    runs = runs[options.seed % options.every::options.every]
    agreed = 0
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        done = [pool.submit(way, number, case) for number, (_, way, case) in enumerate(runs)]
        for (name, _, _), future in zip(runs, done):
            try:
                bad, boot = future.result()
            except (RuntimeError, OSError, ValueError, KeyError) as e:
                print(f"WRONG {name}: {e}", flush=True)
                continue
            agreed += not bad
            show(name, bad, boot, logs)
    print(f"{agreed} of {len(runs)} cases agree with Linux, in "
          f"{time.monotonic() - started:.0f} seconds")
    return agreed == len(runs)


def main():
    """Run, or say what is missing."""
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[2].removeprefix("usage: "))
    parser.add_argument("stmboot")
    parser.add_argument("directory")
    parser.add_argument("--logs")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 16))
    parser.add_argument("cases", nargs="*")
    options = parser.parse_intermixed_args()
    absent = missing(*PROGRAMS)
    if absent:
        print("skipped, for want of " + ", ".join(absent))
        return tools.SKIPPED
    directory = os.path.abspath(options.directory)
    packages = cards.get_packages(os.path.join(directory, "packages"))
    if packages is None:
        return tools.SKIPPED
    healthy = cards.card(packages, directory, "builtin")
    with tempfile.TemporaryDirectory(dir=directory) as work:
        bench = Bench(options.stmboot, packages, work, healthy)
        if options.every > 1:
            print(f"each {options.every}th case, seed {options.seed}")
        return 0 if run(bench, options, options.logs) else 1


if __name__ == "__main__":
    sys.exit(main())
