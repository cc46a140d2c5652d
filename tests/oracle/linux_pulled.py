#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A card pulled out of a running board.

A real Linux 6.1 under qemu mounts the card's root file system and goes on
changing it, until the machine is killed in the middle of a write. Then
 - "stmboot inspect" tells what U-Boot does not see, and writes nothing;
 - the replay equals that of e2fsck on the partition copied out;
 - "stmboot set-bootargs" replays the journal and adds a word in one edit, after
   which the file system is in order, U-Boot finds the last configuration that
   Linux had written, and a real Linux gets the word;
 - "stmboot undo" brings the pulled card back byte for byte.

usage: linux_pulled.py STMBOOT JOURNAL_SAYS DIRECTORY [--times N] [--seed N]

DIRECTORY keeps packages and cards. Exits 77 (skipped) where programs or
packages cannot be had.
"""

import argparse
import os
import random
import re
import shutil
import sys
import tempfile
import time

import linux_root  # first: it says where the others lie
from linux_edit import Wrong, digest, run, same
from linux_root import cards, damage, linux_cases, linux_console, missing, tools
from uboot_console import Dead, Machine

sys.path.insert(1, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "journal"))

import replaying  # noqa: E402

# In the place of init: write without end, the configuration by way of another name, as editors
# do. A file is written through, with which Linux commits, but leaves what it committed in the
# journal; a sync would put it in place, too.
WRITER = """#!/bin/busybox sh
busybox() { /bin/busybox "$@"; }
commit() { busybox dd if=/proc/uptime of=/mark conv=fsync 2>/dev/null; }
busybox mount -t proc proc /proc
busybox dmesg -n 1
busybox mount -o remount,rw /
cd /
round=1
while :; do
	busybox sed "s/rootwait.*/rootwait round=$round/" /boot/extlinux/extlinux.conf >/boot/next
	commit
	busybox mv /boot/next /boot/extlinux/extlinux.conf
	busybox mkdir -p /new/$round
	for file in a b c d e f; do busybox dd if=/bin/busybox of=/new/$round/$file bs=1k count=$round \
		2>/dev/null; done
	commit
	[ -d /new/$((round - 3)) ] && busybox rm -r /new/$((round - 3))
	commit
	echo "ROUND $round"
	round=$((round + 1))
done
"""
ROUNDS = 4
SECONDS = 300
WORD = "stmboot.word=1"


def round_of(text):
    """The round that a configuration is of; 0 for the one that the card was made with."""
    found = re.search(r"round=(\d+)", text)
    return int(found[1]) if found else 0


def pull(bench, disk, source):
    """Run a machine on a disk until it has written for a while, and kill it."""
    machine = Machine("-M", "virt,highmem=off", "-cpu", "cortex-a15", "-m", "256",
                      "-kernel", bench.kernel, "-initrd", bench.ramdisks["virtio"],
                      "-append", linux_cases.HEALTHY,
                      "-drive", f"if=none,file={disk},format=raw,id=d,cache=writeback",
                      "-device", "virtio-blk-device,drive=d")
    last = f"ROUND {ROUNDS + source.randrange(4)}\r\n".encode()
    try:
        machine.wait_for(lambda: last in machine.said, SECONDS)
        time.sleep(source.random() * 0.5)
    except Dead as e:
        raise Wrong(f"Linux does not write: {machine.said.decode(errors='replace')[-2000:]}") from e
    finally:
        machine.close()


class Pulled:
    """A card that was pulled, and what is known of it."""

    def __init__(self, bench, says, work, disk):
        self.bench, self.work, self.disk = bench, work, disk
        self.state = os.path.join(work, "state")
        self.part, self.ours, self.theirs = (os.path.join(work, n) for n in ("part", "ours", "theirs"))
        replaying.says = says

    def copy_out(self, to):
        """The root file system as a file of its own."""
        said = linux_root.inspect(self.bench.stmboot, self.disk)
        (root,) = [p for p in said["partitions"] if p["content"] == "ext4"]
        with open(self.disk, "rb") as card, open(to, "wb") as part:
            card.seek(root["offset"])
            part.write(card.read(root["size"]))
        return said

    def config(self, part):
        """The configuration in a file system, as debugfs reads it."""
        return tools.run("debugfs", "-R", f"cat {damage.CONF}", part).decode()

    def inspected(self):
        """What is said of the card; the round that Linux will see."""
        before = digest(self.disk)
        said = self.copy_out(self.part)
        codes = [f["code"] for f in said["findings"]]
        same("needs-recovery is found", "ext4.needs-recovery" in codes, True)
        same("the card after inspect", digest(self.disk), before)
        replay = replaying.replay(self.part, self.ours)
        same("replay", replay.status, "ok")
        shutil.copyfile(self.part, self.theirs)
        replaying.e2fsck(self.theirs)
        if not replaying.orphans(self.ours):
            same("differences from e2fsck", replaying.differences(self.ours, self.theirs), [])
            same("what e2fsck -fn says", replaying.complaints(self.ours), [])
        seen, is_ = round_of(said["boot"]["append"] or ""), round_of(self.config(self.ours))
        if seen != is_ and "ext4.views-differ" not in codes:
            raise Wrong(f"U-Boot sees round {seen}, Linux {is_}, and nothing is said: {codes}")
        return replay, seen, is_

    def boot(self):
        """A real U-Boot and a real Linux on a copy of the card, with an init that only tells."""
        copy = os.path.join(self.work, "told.img")
        card = damage.Card(self.disk, copy, self.bench.packages)
        card.put("/sbin/init", linux_console.INIT, linux_cases.PROGRAM)
        try:
            return linux_console.sysboot(copy)
        finally:
            os.remove(copy)

    def edited(self, is_):
        """The edit, the boot after it, and the way back."""
        before = digest(self.disk)
        run(self.bench.stmboot, self.state, "set-bootargs", self.disk, WORD)
        said = self.copy_out(self.part)
        same("what e2fsck -fn says after the edit", replaying.complaints(self.part), [])
        same("round after the edit", round_of(said["boot"]["append"]), is_)
        codes = {f["code"] for f in said["findings"]} & {"ext4.needs-recovery", "ext4.views-differ"}
        same("findings after the edit", codes, set())
        boot = self.boot()
        same("what becomes of the edited card", boot.outcome, linux_console.BOOTS)
        same("command line", boot.cmdline, said["boot"]["bootargs"])
        same("the word is in it", WORD in boot.cmdline.split(), True)
        if re.search(r"EXT4-fs .*recover", boot.log):
            raise Wrong("Linux recovers a journal that was replayed:\n" + boot.log[-2000:])
        run(self.bench.stmboot, self.state, "undo", self.disk)
        same("the card after undo", digest(self.disk), before)


def prove(bench, says, work, number, source):
    """Pull a card once; one line of what came of it."""
    writer = damage.put("/sbin/init", WRITER, linux_cases.PROGRAM)
    disk = bench.card(f"pulled{number}", [bench.with_drivers, writer])
    pull(bench, disk, source)
    pulled = Pulled(bench, says, work, disk)
    replay, seen, is_ = pulled.inspected()
    orphans = replaying.orphans(pulled.ours)
    if not orphans:
        pulled.edited(is_)
    os.remove(disk)
    return (f"{replay.transactions} transactions, {replay.blocks} blocks, {replay.end}; U-Boot saw "
            f"round {seen}, Linux {is_}" + (", removed files wait" if orphans else ", edited"))


def main():
    """Run, or say what is missing."""
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[2].removeprefix("usage: "))
    parser.add_argument("stmboot")
    parser.add_argument("says")
    parser.add_argument("directory")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 16))
    options = parser.parse_args()
    absent = missing(*linux_root.PROGRAMS)
    if absent:
        print("skipped, for want of " + ", ".join(absent))
        return tools.SKIPPED
    directory = os.path.abspath(options.directory)
    packages = cards.get_packages(os.path.join(directory, "packages"))
    if packages is None:
        return tools.SKIPPED
    healthy = cards.card(packages, directory, "builtin")
    source = random.Random(options.seed)
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory(dir=directory) as work:
        bench = linux_root.Bench(os.path.abspath(options.stmboot), packages, work, healthy)
        for number in range(options.times):
            try:
                print(prove(bench, os.path.abspath(options.says), work, number, source), flush=True)
            except Wrong as e:
                print(f"WRONG {e}")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
