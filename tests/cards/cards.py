# SPDX-License-Identifier: MIT
"""Healthy boot cards from Debian's binaries, in Buildroot's shape.

fsbl1 and fsbl2 hold U-Boot SPL, ssbl holds U-Boot, rootfs is a bootable ext4
with /boot/extlinux/extlinux.conf. Debian's kernel has ext4 and the SD host as
modules, so an initrd of busybox and those modules comes with it; Debian's
U-Boot saves its environment at the end of the partition named ssbl, so that
one is given 2 MiB.
"""

import contextlib
import fcntl
import gzip
import os
import shutil
import stat
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "support"))

import image  # noqa: E402
import tools  # noqa: E402

MIB = 1 << 20
GIB = 1 << 30
BOARD = "stm32mp157c-dk2"
LABEL = BOARD + "-buildroot"

# What the root file system is mounted with: the SD host with the regulator
# and the bus that power the card, then the file system and its checksums.
INITRD_MODULES = ["i2c-stm32f7-drv", "stpmic1", "stpmic1_regulator", "armmmci",
                  "crc32c_generic", "ext4"]

DISK_GUID = "a6f0e6a4-2f5e-4b5c-9a0e-3f1d2c4b5a60"
GUIDS = {
    "fsbl1": "1b0cf5b1-6a7c-4a55-8f0e-000000000001",
    "fsbl2": "1b0cf5b1-6a7c-4a55-8f0e-000000000002",
    "ssbl": "1b0cf5b1-6a7c-4a55-8f0e-000000000003",
    "rootfs": "1b0cf5b1-6a7c-4a55-8f0e-000000000004",
    "bootfs": "1b0cf5b1-6a7c-4a55-8f0e-000000000005",
}

INIT = """#!/bin/busybox sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
for module in %s; do /bin/busybox modprobe $module; done
for word in $(/bin/busybox cat /proc/cmdline); do
	case $word in root=*) root=${word#root=} ;; esac
done
case $root in
PARTUUID=*)
	while ! disk=$(/bin/busybox grep -il "PARTUUID=${root#PARTUUID=}" /sys/class/block/*/uevent); do
		/bin/busybox sleep 1
	done
	root=/dev/$(/bin/busybox basename "$(/bin/busybox dirname "$disk")") ;;
esac
while [ ! -b "$root" ]; do /bin/busybox sleep 1; done
/bin/busybox mount -o ro "$root" /root
/bin/busybox mount --move /dev /root/dev
exec /bin/busybox switch_root /root /sbin/init
"""


class Packages:
    """The unpacked packages and the files of them that a card needs."""

    def __init__(self, directory):
        root = os.path.join(directory, "root")
        self.modules_root = root
        self.release = os.listdir(os.path.join(root, "lib/modules"))[0]
        self.modules = os.path.join(root, "lib/modules", self.release)
        loaders = os.path.join(root, "usr/lib/u-boot", BOARD)
        self.spl = os.path.join(loaders, "u-boot-spl.stm32")
        self.uboot = os.path.join(loaders, "u-boot.img")
        self.kernel = os.path.join(root, "boot", "vmlinuz-" + self.release)
        trees = os.path.join(root, "usr/lib", "linux-image-" + self.release)
        self.dtb = os.path.join(trees, BOARD + ".dtb")
        self.scmi_dtb = os.path.join(trees, BOARD + "-scmi.dtb")
        self.busybox = os.path.join(root, "bin/busybox")
        if not os.path.exists(os.path.join(self.modules, "modules.dep")):
            tools.run("depmod", "-b", root, self.release)

    def module_files(self, names):
        """Paths below the modules' directory of names and all they depend on."""
        depends = {}
        with open(os.path.join(self.modules, "modules.dep"), encoding="utf-8") as f:
            for line in f:
                path, _, rest = line.partition(":")
                depends[path] = rest.split()
        by_name = {os.path.basename(p).split(".ko")[0].replace("-", "_"): p for p in depends}
        found = []
        for name in names:
            path = by_name[name.replace("-", "_")]
            for part in reversed([path] + depends[path]):
                if part not in found:
                    found.append(part)
        return found


def newc(entries):
    """A cpio archive of (name, mode, content) as the kernel unpacks it."""
    data = b""
    for number, (name, mode, content) in enumerate(entries + [("TRAILER!!!", 0, b"")]):
        title = name.encode() + b"\0"
        links = 2 if stat.S_ISDIR(mode) else 1
        fields = [number + 1, mode, 0, 0, links, 0, len(content), 0, 0, 0, 0, len(title), 0]
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + title
        data += head + bytes(-len(head) % 4) + content + bytes(-len(content) % 4)
    return data


def initrd(packages, modules=INITRD_MODULES):
    """A gzip-compressed initramfs that mounts root= and hands over to it."""
    directory, regular, program = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o644, stat.S_IFREG | 0o755
    entries = [(name, directory, b"") for name in ("bin", "dev", "proc", "sys", "root", "lib")]
    with open(packages.busybox, "rb") as f:
        entries.append(("bin/busybox", program, f.read()))
    entries.append(("bin/sh", stat.S_IFLNK | 0o777, b"busybox"))
    entries.append(("init", program, (INIT % " ".join(modules)).encode()))
    files = packages.module_files(modules)
    where = "lib/modules/" + packages.release
    seen = {"lib"}
    for path in files + ["modules.dep"]:
        parts = os.path.join(where, path).split("/")
        for depth in range(2, len(parts)):
            parent = "/".join(parts[:depth])
            if parent not in seen:
                seen.add(parent)
                entries.append((parent, directory, b""))
        if path != "modules.dep":
            with open(os.path.join(packages.modules, path), "rb") as f:
                entries.append(("/".join(parts), regular, f.read()))
    with open(os.path.join(packages.modules, "modules.dep"), encoding="utf-8") as f:
        lines = [line for line in f if line.partition(":")[0] in files]
    entries.append((where + "/modules.dep", regular, "".join(lines).encode()))
    return gzip.compress(newc(entries), mtime=0)


def configuration(root="/dev/mmcblk0p4", arguments="rootwait", ramdisk=True):
    """extlinux.conf as Buildroot writes it, with an initrd."""
    lines = [f"label {LABEL}", "  kernel /boot/zImage", f"  devicetree /boot/{BOARD}.dtb"]
    if ramdisk:
        lines.append("  initrd /boot/initrd.img")
    lines.append(f"  append root={root} {arguments}")
    return "\n".join(lines) + "\n"


def write_file(path, content, mode=0o644):
    """A file with all the directories above it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    os.chmod(path, mode)


def place(source, path, mode=0o644):
    """Copy a file to path, with all the directories above it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    shutil.copyfile(source, path)
    os.chmod(path, mode)


def root_tree(packages, tree, *, full=False, builtin=False, conf=None):
    """Lay out the root file system below the directory tree.

    full: with all of the kernel's modules, a few thousand files; else with
    their lists and those that the initrd has. builtin: as if those were
    built into the kernel, as in a kernel configured for the board.
    """
    for name in ("bin", "dev", "etc", "proc", "root", "run", "sbin", "sys", "tmp", "var"):
        os.makedirs(os.path.join(tree, name))
    place(packages.busybox, os.path.join(tree, "bin/busybox"), 0o755)
    for name in ("sh", "mount", "ls", "cat"):
        os.symlink("busybox", os.path.join(tree, "bin", name))
    os.symlink("../bin/busybox", os.path.join(tree, "sbin/init"))
    write_file(os.path.join(tree, "etc/inittab"), "::sysinit:/bin/mount -t proc proc /proc\n"
               "::respawn:/bin/sh\n")
    write_file(os.path.join(tree, "etc/fstab"), "/dev/root / auto rw,noauto 0 1\n")
    write_file(os.path.join(tree, "etc/hostname"), BOARD + "\n")
    boot = os.path.join(tree, "boot")
    place(packages.kernel, os.path.join(boot, "zImage"))
    place(packages.dtb, os.path.join(boot, BOARD + ".dtb"))
    write_file(os.path.join(boot, "initrd.img"), initrd(packages))
    write_file(os.path.join(boot, "extlinux/extlinux.conf"), conf or configuration())
    modules = os.path.join(tree, "lib/modules", packages.release)
    if full:
        shutil.copytree(packages.modules, modules)
    else:
        names = [n for n in os.listdir(packages.modules) if n.startswith("modules.")]
        needed = packages.module_files(INITRD_MODULES)
        for name in names if builtin else names + needed:
            place(os.path.join(packages.modules, name), os.path.join(modules, name))
        if builtin:
            with open(os.path.join(modules, "modules.builtin"), "a", encoding="utf-8") as f:
                f.write("".join(name + "\n" for name in needed))
    settle(tree)


def settle(tree):
    """Give every file below tree the same times, so that images are repeatable."""
    when = (int(tools.TIME), int(tools.TIME))
    for directory, names, files in os.walk(tree):
        for name in names + files:
            os.utime(os.path.join(directory, name), when, follow_symlinks=False)
    os.utime(tree, when)


def tfa_stand_in():
    """Bytes that look like TF-A BL2 v2.6 from outside; Debian has no real one."""
    text = (b"\x14BL2: %s\n\0" b"v2.6(release):v2.6\0" b"Built : 12:00:00, Jan  1 2022\0"
            b"\x14BL2: Booting BL32\n\0" b"Partition %s not found\0" b"ssbl\0" b"STM32MP157C\0")
    return image.stm32_image((b"\x06\0\0\xea" * 1024 + text).ljust(64 * 1024, b"\0"),
                             binary_type=0x10)


def stm32_uboot(packages):
    """U-Boot behind an STM32 header, as TF-A up to v2.7 loads it."""
    with open(packages.uboot, "rb") as f:
        payload = f.read()[64:]
    return image.stm32_image(payload, load=0xC0100000, entry=0xC0100000)


def assemble(path, parts):
    """Let genimage put the files of parts together: (name, file, options)."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(path)) as work:
        name = os.path.basename(path)
        text = (f'image {name} {{\n\thdimage {{\n\t\tpartition-table-type = "gpt"\n'
                f'\t\tdisk-uuid = "{DISK_GUID}"\n\t}}\n')
        for part, file, options in parts:
            text += f'\tpartition {part} {{\n\t\timage = "{file}"\n'
            text += f'\t\tpartition-uuid = "{GUIDS[part]}"\n'
            text += "".join(f"\t\t{option}\n" for option in options) + "\t}\n"
        text += "}\n"
        config = os.path.join(work, "genimage.cfg")
        write_file(config, text)
        os.mkdir(os.path.join(work, "root"))
        tools.run("genimage", "--config", config, "--rootpath", os.path.join(work, "root"),
                  "--tmppath", os.path.join(work, "tmp"), "--inputpath", "/",
                  "--outputpath", os.path.join(work, "out"))
        os.replace(os.path.join(work, "out", name), path)


def make_card(packages, path, size, *, first=None, second=None, **contents):
    """A healthy card; first and second are the loaders' bytes, else SPL and U-Boot."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(path)) as work:
        tree = os.path.join(work, "tree")
        os.mkdir(tree)
        root_tree(packages, tree, **contents)
        filesystem = os.path.join(work, "rootfs.ext4")
        tools.make_ext4(filesystem, tree, size, *([] if size < 16 * GIB else ["-Elazy_itable_init=1"]))
        shutil.rmtree(tree)
        loaders = []
        for name, content, source in (("first", first, packages.spl),
                                      ("second", second, packages.uboot)):
            loaders.append(os.path.join(work, name))
            if content is None:
                shutil.copyfile(source, loaders[-1])
            else:
                write_file(loaders[-1], content)
        assemble(path, [("fsbl1", loaders[0], []), ("fsbl2", loaders[0], []),
                        ("ssbl", loaders[1], ["size = 2M"]),
                        ("rootfs", filesystem, ["bootable = true"])])


def make_split_card(packages, path):
    """A card whose bootfs, with paths of its own, is apart from the rootfs and before it."""
    conf = configuration("PARTUUID=" + GUIDS["rootfs"]).replace("/boot/", "/")
    with tempfile.TemporaryDirectory(dir=os.path.dirname(path)) as work:
        tree, boot = os.path.join(work, "tree"), os.path.join(work, "boot")
        os.mkdir(tree)
        root_tree(packages, tree, conf=conf)
        shutil.move(os.path.join(tree, "boot"), boot)
        os.mkdir(os.path.join(tree, "boot"))
        settle(tree)
        settle(boot)
        files = {}
        for name, folder in (("bootfs", boot), ("rootfs", tree)):
            files[name] = os.path.join(work, name + ".ext4")
            tools.make_ext4(files[name], folder, 32 * MIB)
        assemble(path, [("fsbl1", packages.spl, []), ("fsbl2", packages.spl, []),
                        ("ssbl", packages.uboot, ["size = 2M"]),
                        ("bootfs", files["bootfs"], ["bootable = true"]),
                        ("rootfs", files["rootfs"], [])])


def healthy(packages):
    """The healthy variants by name, each a function of the path to make."""
    partuuid = configuration("PARTUUID=" + GUIDS["rootfs"])
    return {
        "dk2": lambda path: make_card(packages, path, 256 * MIB, full=True),
        "small": lambda path: make_card(packages, path, 64 * MIB),
        "partuuid": lambda path: make_card(packages, path, 64 * MIB, conf=partuuid),
        "builtin": lambda path: make_card(packages, path, 64 * MIB, builtin=True,
                                          conf=configuration(ramdisk=False)),
        "bootfs": lambda path: make_split_card(packages, path),
        "tfa": lambda path: make_card(packages, path, 64 * MIB, first=tfa_stand_in(),
                                      second=stm32_uboot(packages)),
        "huge": lambda path: make_card(packages, path, 60 * GIB, full=True),
    }


@contextlib.contextmanager
def alone(directory):
    """Tests share a directory and run side by side: what one makes there the others wait for."""
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, ".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def get_packages(directory):
    """The packages in directory, fetched if they are not there; None if they cannot be had."""
    with alone(directory):
        done = subprocess.run([os.path.join(HERE, "fetch-packages"), directory], check=False)
    if done.returncode == tools.SKIPPED:
        return None
    done.check_returncode()
    return Packages(directory)


def card(packages, directory, name):
    """The path of a healthy card in directory, made if it is not there or out of date."""
    path = os.path.join(directory, name + ".img")
    newest = max(os.path.getmtime(file) for file in (__file__, image.__file__, tools.__file__))
    with alone(directory):
        if not os.path.exists(path) or os.path.getmtime(path) < newest:
            healthy(packages)[name](path)
    return path
