#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the library says of FIT images, held against a real U-Boot 2023.01.

"bootm start" looks for the kernel, the ramdisk, the device tree and the
loadables, compares their hashes, and starts nothing. Compared are the
configuration, the images in order, and whether it gives up. Then a few labels
of an extlinux.conf: what bootm is told by sysboot to take and to leave. Their
last image is damaged, so that no kernel is started.

usage: uboot_fit.py FIT_SAYS
"""

import os
import re
import subprocess
import sys
import tempfile

from uboot_console import SKIPPED, Console, Dead, missing, need

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TESTS, "support"))

import fit  # noqa: E402
import image  # noqa: E402
import tools  # noqa: E402

SECONDS = 20
ADDRESS = "0x42000000"
LOAD = 0x48000000
DATA = image.zimage(bytes(i * 7 + 1 & 0xFF for i in range(3000)))
SETTINGS = ["setenv kernel_addr_r " + ADDRESS, "setenv fdt_addr_r 0x43000000",
            "setenv scriptaddr 0x40200000", "setenv ramdisk_addr_r 0x44000000",
            "setenv fdt_addr"]
SUFFIX = "#conf"


def kernel(**fields):
    """The kernel."""
    return fit.Image("kernel-1", DATA, **{
        "type": "kernel", "os": "linux", "arch": "arm", "compression": "none", "load": LOAD,
        "entry": LOAD, **fields})


def tree(**fields):
    """A device tree."""
    data = tools.run("dtc", "-q", "-I", "dts", "-O", "dtb", "-", data=b"/dts-v1/; / { };")
    return fit.Image("fdt-1", data, **{"type": "flat_dt", "arch": "arm", "compression": "none",
                                       **fields})


def ramdisk(**fields):
    """A ramdisk."""
    return fit.Image("ramdisk-1", bytes(range(100)), **{
        "type": "ramdisk", "os": "linux", "arch": "arm", "compression": "none", **fields})


def loadable(**fields):
    """Something that is loaded beside the kernel."""
    return fit.Image("more-1", bytes(range(90)), **{
        "type": "loadable", "os": "linux", "arch": "arm", "compression": "none", **fields})


def spoil(one, algorithm="sha256"):
    """The image with a hash of other data."""
    one.hashes = [(algorithm, fit.digest(algorithm, one.data + b"\0"))]
    return one


def make(*images, conf=None, **fields):
    """A FIT of these images, or of one of each."""
    images = images or (kernel(), ramdisk(), tree(), loadable())
    usual = {"kernel": "kernel-1", "ramdisk": "ramdisk-1", "fdt": "fdt-1", "loadables": ["more-1"]}
    usual.update(conf or {})
    return fit.build(images, {"conf": usual, "other": dict(usual, ramdisk=None)}, **fields)


def with_kernel(**fields):
    """One whose kernel has other fields."""
    return make(kernel(**fields), ramdisk(), tree(), loadable())


def cases():
    """Names, FITs, and what is asked of them."""
    yield "good", make(), SUFFIX
    yield "external data", make(external=True), SUFFIX
    yield "the other configuration", make(), "#other"
    yield "no such configuration", make(), "#con"
    for algorithm in ("crc32", "md5", "sha1", "sha256", "sha384", "sha512"):
        yield f"{algorithm} right", with_kernel(hashes=[algorithm]), SUFFIX
        yield f"{algorithm} wrong", make(spoil(kernel(), algorithm), ramdisk(), tree(),
                                         loadable()), SUFFIX
    yield "ramdisk damaged", make(kernel(), spoil(ramdisk()), tree(), loadable()), SUFFIX
    yield "tree damaged", make(kernel(), ramdisk(), spoil(tree()), loadable()), SUFFIX
    yield "loadable damaged", make(kernel(), ramdisk(), tree(), spoil(loadable())), SUFFIX
    yield "no hash", with_kernel(hashes=[]), SUFFIX
    yield "hash without value", with_kernel(extra='hash-2 { algo = "sha1"; };'), SUFFIX
    yield "hash without algorithm", with_kernel(extra="hash-2 { value = [00]; };"), SUFFIX
    yield "hash too short", with_kernel(hashes=[("crc32", b"\0")]), SUFFIX
    yield "hash not known", with_kernel(hashes=[("sha3", bytes(32))]), SUFFIX
    yield "hash passed over", with_kernel(
        extra='hash-2 { algo = "crc32"; value = [00 00 00 00]; uboot-ignore = <1>; };'), SUFFIX
    yield "no description", make(description=None), SUFFIX
    yield "no timestamp", make(timestamp=None), SUFFIX
    for name in ("type", "os", "arch", "compression", "load", "entry"):
        yield f"no {name}", with_kernel(**{name: None}), SUFFIX
    yield "kernel_noload", with_kernel(type="kernel_noload"), SUFFIX
    yield "another type", with_kernel(type="standalone"), SUFFIX
    yield "another case", with_kernel(type="KERNEL", os="Linux"), SUFFIX
    yield "another system", with_kernel(os="netbsd"), SUFFIX
    yield "another processor", with_kernel(arch="arm64"), SUFFIX
    yield "ramdisk without os", make(kernel(), ramdisk(os=None), tree(), loadable()), SUFFIX
    yield "ramdisk of another type", make(kernel(), ramdisk(type="flat_dt"), tree(),
                                          loadable()), SUFFIX
    yield "tree of another type", make(kernel(), ramdisk(), tree(type="kernel"),
                                       loadable()), SUFFIX
    yield "no kernel", make(conf={"kernel": None}), SUFFIX
    for role in ("kernel", "ramdisk"):
        yield f"{role} not there", make(conf={role: "none"}), SUFFIX
    yield "loadable not there", make(conf={"loadables": ["none"]}), SUFFIX
    yield "no data", make(fit.Image("kernel-1", None, hashes=(), **kernel().fields), ramdisk(),
                          tree(), loadable()), SUFFIX


# What the library cannot know of this build, which has CONFIG_FIT_SIGNATURE.
def rejected():
    """FITs that only such a build rejects."""
    named = kernel()
    named.name = "kernel@1"
    yield "unit address", make(named, ramdisk(), tree(), loadable(), conf={"kernel": "kernel@1"})


LABELS = [
    ("alone", "", ["kernel", "ramdisk", "fdt", "loadables"]),
    ("with a device tree", "  fdt /tree\n", ["kernel", "loadables"]),
    ("with an initrd", "  initrd /initrd\n", ["kernel", "fdt", "loadables"]),
    ("with a folder that has none", "  fdtdir /none\n", ["kernel", "ramdisk", "fdt", "loadables"]),
]


def make_disk(directory, files):
    """An ext4 with these files."""
    root = os.path.join(directory, "root")
    os.mkdir(root)
    for name, data in files.items():
        with open(os.path.join(root, name), "wb") as f:
            f.write(data)
    disk = os.path.join(directory, "disk.img")
    subprocess.run([need("mke2fs"), "-q", "-t", "ext4", "-O", "^has_journal", "-d", root, disk,
                    "8M"], check=True, stdout=subprocess.DEVNULL)
    return root, disk


def tried(said):
    """The configuration and the images that U-Boot names, in order, each once."""
    found = re.findall(r"Using '(.*)' configuration", said)[:1]
    return found, re.findall(r"Trying '(.*)' (\S+) subimage", said)


def predict(says, path, configuration):
    """The same by the library, and whether it is refused."""
    lines = subprocess.run([says, path, configuration[1:]], check=True,
                           stdout=subprocess.PIPE).stdout.decode().splitlines()
    words = [line.split(" ") for line in lines]
    return ([w[1] for w in words if w[0] == "configuration"],
            [(w[2], w[1]) for w in words if w[0] == "try"], lines[-1] == "refused")


def differ(says, path, configuration, said):
    """What is different, or None."""
    found, images = tried(said)
    expected, members, refused = predict(says, path, configuration)
    failed = "RESULT 1" in said
    if failed != refused:
        return f"U-Boot {'gives up' if failed else 'goes on'}, the library says otherwise"
    if found and found != expected:
        return f"U-Boot takes {found}, the library {expected}"
    if images != members[:len(images)] or (not failed and images != members):
        return f"U-Boot tries {images}, the library {members}"
    return None


def ask(console, name, configuration):
    """Let bootm look into a file of the disk."""
    console.run(f"load virtio 0 {ADDRESS} /{name}", SECONDS)
    return console.run(f"bootm start {ADDRESS}{configuration}; echo RESULT $?", SECONDS).decode()


def compare_labels(console, wrong):
    """What sysboot has bootm take."""
    for number, (name, _, expected) in enumerate(LABELS):
        said = console.run(f"sysboot virtio 0 any {SETTINGS[2].split()[-1]} /conf{number}",
                           SECONDS).decode()
        roles = [role for _, role in tried(said)[1]]
        if roles != expected:
            wrong.append(f"label {name}: U-Boot takes {roles}, expected {expected}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    lacking = missing("mke2fs", "dtc")
    if lacking:
        print("uboot_fit: skipped: no", ", ".join(lacking), file=sys.stderr)
        return SKIPPED
    every, special, wrong = list(cases()), list(rejected()), []
    files = {f"f{number}": data for number, (_, data, _) in enumerate(every)}
    files.update({f"s{number}": data for number, (_, data) in enumerate(special)})
    files.update({"last": make(kernel(), ramdisk(), tree(), spoil(loadable())),
                  "tree": tree().data, "initrd": bytes(100)})
    files.update({f"conf{n}": f"label a\n  kernel /last{SUFFIX}\n{more}".encode()
                  for n, (_, more, _) in enumerate(LABELS)})
    with tempfile.TemporaryDirectory() as directory:
        root, disk = make_disk(directory, files)
        console = Console([disk], SETTINGS)
        try:
            for number, (name, _, configuration) in enumerate(every):
                said = ask(console, f"f{number}", configuration)
                found = differ(sys.argv[1], os.path.join(root, f"f{number}"), configuration, said)
                if found:
                    wrong.append(f"{name}: {found}\n{said}")
            for number, (name, _) in enumerate(special):
                said = ask(console, f"s{number}", SUFFIX)
                if "RESULT 1" not in said:
                    wrong.append(f"{name}: U-Boot takes it")
            compare_labels(console, wrong)
        except Dead as e:
            wrong.append(f"U-Boot is gone: {e.args[0].decode(errors='replace')}")
        finally:
            console.close()
    print("\n".join(wrong))
    print(f"{len(every) + len(special)} FITs and {len(LABELS)} labels, {len(wrong)} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
