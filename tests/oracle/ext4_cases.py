# SPDX-License-Identifier: MIT
"""ext4 file systems to show to U-Boot, made by e2fsprogs."""

import os
import random
import re
import subprocess
from dataclasses import dataclass, field

from uboot_console import need

SEED = 20230101
KIB = 1024
STALE = b"what stood on the medium before. "
UUID = "3e5a0a4d-a80b-43da-9a97-ba5040c7191a"
LONG = "n" * 255
# What Debian 12 has, but for more inodes.
MKE2FS_CONF = """
[defaults]
	base_features = sparse_super,large_file,filetype,resize_inode,dir_index,ext_attr
	blocksize = 4096
	inode_size = 256
	inode_ratio = 4096
[fs_types]
	ext3 = {
		features = has_journal
	}
	ext4 = {
		features = has_journal,extent,huge_file,flex_bg,metadata_csum,64bit,dir_nlink,extra_isize
	}
	small = {
	}
"""
SECONDS = 60


@dataclass
class Case:
    """One file system: how it is made, what is done to it, and paths to ask for beside the usual.

    The steps are commands of debugfs, or functions that get the image's path
    and may give such commands.
    """
    name: str
    options: list = field(default_factory=list)
    size: int = 8192 * KIB
    block: int = KIB
    kind: str = "ext4"
    tree: object = None
    steps: list = field(default_factory=list)
    paths: list = field(default_factory=list)
    index: bool = False  # let e2fsck make htrees


def noise(number, size):
    """Bytes that are always the same."""
    return random.Random(SEED + number).randbytes(size)


def write(path, data):
    """Make a file."""
    with open(path, "wb") as f:
        f.write(data)


def write_pieces(path, size, *pieces):
    """Make a file with holes."""
    with open(path, "wb") as f:
        f.truncate(size)
        for offset, data in pieces:
            f.seek(offset)
            f.write(data)


def make_links(root):
    """Symbolic links of all kinds."""
    targets = {
        "fast": "boot/zImage", "absolute": "/boot/zImage", "boot/relative": "../tiny",
        "boot/sideways": "dtb", "59": "./" * 27 + "/tiny", "60": "./" * 27 + ".//tiny",
        "61": "./" * 28 + "/tiny", "slow": "./" * 300 + "boot/zImage", "dangling": "nowhere",
        "loop": "loop", "one": "two", "two": "one", "to-directory": "boot", "to-root": "/",
        "to-slash": "boot/", "to-dot": ".", "to-parent": "boot/../deep/a", "through-file": "tiny/x",
        "slow-directory": "./" * 40 + "boot",
    }
    targets.update({f"chain{n}": f"chain{n - 1}" for n in range(2, 11)})
    targets["chain1"] = "tiny"
    for name, target in targets.items():
        os.symlink(target, os.path.join(root, name))


def usual_tree(root):
    """What every file system holds."""
    for directory in ("boot/extlinux", "deep/a/b/c/d", "many", "void"):
        os.makedirs(os.path.join(root, directory))
    sizes = {"boot/zImage": 300001, "boot/dtb": 5000, "boot/extlinux/extlinux.conf": 211,
             "deep/a/b/c/d/file": 777, "tiny": 1, "small": 60, "block": 4096, "direct": 12288,
             "indirect": 12289, LONG: 99, "a.b": 10, "Upper": 11}
    for number, (name, size) in enumerate(sizes.items()):
        write(os.path.join(root, name), noise(number, size))
    for number in range(60):
        write(f"{root}/many/file-{number:03}", noise(100 + number, number * 17 + 1))
    write(os.path.join(root, "empty"), b"")
    write(os.path.join(root, "n\u00e4me \u4e2d"), b"x")
    os.mkfifo(os.path.join(root, "fifo"))
    some = noise(50, 5000)
    write_pieces(f"{root}/hole-first", 40000, (32768, some))
    write_pieces(f"{root}/hole-middle", 400000, (0, some), (360448, some))
    write_pieces(f"{root}/hole-last", 300000, (0, some))
    write_pieces(f"{root}/hole-only", 20000)
    make_links(root)


USUAL_PATHS = [
    "/", "", "/boot", "boot/zImage", "/boot/zImage", "/boot/dtb", "//boot//zImage", "/boot/zImage/",
    "/boot/", "/boot/extlinux/extlinux.conf", "/deep/a/b/c/d/file", "/tiny", "/small", "/block",
    "/direct", "/indirect", "/" + LONG, "/" + LONG[1:], "/" + LONG + "n", "/empty", "/fifo", "/a.b",
    "/upper", "/Upper", "/nowhere", "/tiny/x", "/boot/nowhere", "/nowhere/boot", "/void", "/many",
    "/many/file-000", "/many/file-059", "/hole-first", "/hole-middle", "/hole-last", "/hole-only",
    "/fast", "/absolute", "/boot/relative", "/boot/sideways", "/59", "/60", "/61", "/slow",
    "/dangling", "/loop", "/one", "/to-directory", "/to-directory/zImage", "/to-root",
    "/to-root/tiny", "/to-slash", "/to-slash/dtb", "/to-dot", "/to-dot/tiny",
    "/to-parent/b/c/d/file",
    "/through-file", "/slow-directory/dtb", "/chain6", "/chain7", "/chain8", "/chain9", "/.", "/..",
    "/./tiny", "/boot/../tiny", "/../tiny", "/boot/./dtb", "/to-directory/../tiny",
    "/boot/relative/",
]


def debugfs(image, *commands, change=True):
    """Run commands of debugfs, and give what it says."""
    done = subprocess.run([need("debugfs"), *(["-w"] if change else []), "-f", "-", image],
                          input="".join(c + "\n" for c in commands).encode(), check=True,
                          capture_output=True, timeout=SECONDS)
    return done.stdout.decode("utf-8", "replace")


def blocks_of(image, path):
    """The numbers of a file's blocks, those of its map included."""
    said = debugfs(image, f"blocks {path}", change=False)
    return [int(n) for n in re.findall(r"\d+", said.split("\n")[-2])]


class Workshop:
    """A directory in which file systems are made, always the same."""

    def __init__(self, directory):
        self.directory = directory
        self.environment = {**os.environ, "E2FSPROGS_FAKE_TIME": "1700000000",
                            "MKE2FS_CONFIG": os.path.join(directory, "mke2fs.conf")}
        write(self.environment["MKE2FS_CONFIG"], MKE2FS_CONF.encode())

    def root(self, tree):
        """A directory that holds what a file system shall hold."""
        root = os.path.join(self.directory, "usual" if tree is None else tree.__name__)
        if not os.path.exists(root):
            os.mkdir(root)
            usual_tree(root)
            if tree is not None:
                tree(root)
        return root

    def make(self, case, image):
        """Make the file system of a case."""
        write(image, (STALE * (case.size // len(STALE) + 1))[:case.size])
        self.run("mke2fs", "-q", "-F", "-t", case.kind, "-b", str(case.block), "-U", UUID,
                 "-E", f"hash_seed={UUID},nodiscard,lazy_itable_init=0", "-d",
                 self.root(case.tree), *case.options, image)
        if case.index:
            self.run("e2fsck", "-fyD", image, good=(0, 1))
        for step in case.steps:
            commands = step(image) if callable(step) else [step]
            if commands:
                debugfs(image, *commands)

    def run(self, program, *arguments, good=(0,)):
        """Run a program of e2fsprogs."""
        done = subprocess.run([need(program), *arguments], check=False, capture_output=True,
                              env=self.environment, timeout=SECONDS)
        if done.returncode not in good:
            raise OSError(f"{program} {arguments}: {done.stderr.decode()}")


# Trees and steps of single cases.

def crowd(root):
    """Directories that need a tree of hashes."""
    os.mkdir(os.path.join(root, "crowd"))
    for number in range(600):
        write(f"{root}/crowd/{number:03}-{'x' * (number % 50)}", noise(number, 20))


CROWD_PATHS = ["/crowd", "/crowd/000-", "/crowd/299-" + "x" * 49, "/crowd/599-" + "x" * 49,
               "/crowd/600-", "/crowd/."]


def fragments(root):
    """Files of many extents."""
    for name, count in (("five", 5), ("hundred", 100), ("thousand", 1000)):
        write_pieces(f"{root}/{name}", count * 8192,
                     *((n * 8192, noise(n, 4096)) for n in range(count)))


def large(root):
    """Files that need all kinds of indirect blocks."""
    data = noise(7, 9000)
    write(f"{root}/double", noise(8, 1500000))
    write_pieces(f"{root}/double-hole", 700000, (0, data), (400 * KIB, data))
    write_pieces(f"{root}/triple-hole", 68000 * KIB, (0, data), (67000 * KIB, data))


LARGE_PATHS = ["/double", "/double-hole", "/triple-hole"]


def cut_in(path, share):
    """Cut the image within a file."""
    def cut(image):
        blocks = blocks_of(image, path)
        os.truncate(image, blocks[int(len(blocks) * share)] * KIB)
    return cut


def cut_at(size):
    """Cut the image at a size."""
    return lambda image: os.truncate(image, size)


def patch(offset, data):
    """Overwrite bytes."""
    def step(image):
        with open(image, "r+b") as f:
            f.seek(offset)
            f.write(data)
    return step


def patch_block(path, index, offset, data):
    """Overwrite bytes in a block of a file or directory."""
    def step(image):
        patch(blocks_of(image, path)[index] * KIB + offset, data)(image)
    return step


def journal(path):
    """Leave a change of a file in the journal."""
    def step(image):
        new = image + ".new"
        write(new, noise(9, KIB))
        return ["journal_open", f"journal_write -b {blocks_of(image, path)[0]} {new}",
                "journal_close"]
    return step


def write_inline(image):
    """Files and directories within their inodes."""
    write(image + ".small", noise(11, 30))
    write(image + ".larger", noise(12, 100))
    return ["mkdir /inline", "mkdir /inline/inner", f"write {image}.small /inline/file",
            f"write {image}.larger /inline/larger", f"write {image}.small /inline/inner/file"]


def damage(seed):
    """Change bytes of inodes, directories and extent trees."""
    def step(image):
        choose = random.Random(SEED + seed)
        table = int(re.search(r"inode table at (\d+)", debugfs(image, "stats", change=False))[1])
        blocks = set(range(table, table + 40))
        for path in ("/", "/boot", "/many", "/deep", "/deep/a", "/hundred", "/thousand"):
            blocks.update(blocks_of(image, path)[:6])
        with open(image, "r+b") as f:
            for _ in range(60):
                place = choose.choice(sorted(blocks)) * KIB + choose.randrange(KIB)
                f.seek(place)
                old = f.read(1)[0]
                f.seek(place)
                f.write(bytes([choose.choice([old ^ 1 << choose.randrange(8),
                                              choose.randrange(256), 0, 255])]))
    return step


def feature_cases():
    """Features, one or a few at a time."""
    return [
        Case("as Debian makes it"),
        Case("2 KiB blocks", block=2 * KIB),
        Case("4 KiB blocks", block=4 * KIB),
        Case("64 KiB blocks", block=64 * KIB, size=24576 * KIB),
        Case("plain ext2", kind="ext2"),
        Case("plain ext2, 4 KiB blocks", kind="ext2", block=4 * KIB),
        Case("plain ext3", kind="ext3"),
        Case("revision 0", ["-r", "0", "-O", "none"], kind="ext2"),
        Case("no 64bit", ["-O", "^64bit"]),
        Case("no 64bit, 4 KiB blocks", ["-O", "^64bit"], block=4 * KIB),
        Case("no 64bit, many groups", ["-O", "^64bit,^resize_inode", "-g", "256"]),
        Case("64bit, many groups", ["-O", "^resize_inode", "-g", "256"]),
        Case("no checksums", ["-O", "^metadata_csum"]),
        Case("neither", ["-O", "^metadata_csum,^64bit"]),
        Case("checksums with a seed", ["-O", "metadata_csum_seed"]),
        Case("uninit_bg", ["-O", "uninit_bg,^metadata_csum"]),
        Case("meta_bg, inodes in the first groups",
             ["-O", "meta_bg,^64bit,^resize_inode", "-g", "256"]),
        Case("meta_bg, inodes in all groups",
             ["-O", "meta_bg,^64bit,^resize_inode", "-g", "256", "-N", "1000"], size=20480 * KIB,
             tree=crowd, paths=CROWD_PATHS),
        Case("meta_bg and 64bit",
             ["-O", "meta_bg,^resize_inode", "-g", "256", "-N", "1000"], size=20480 * KIB,
             tree=crowd, paths=CROWD_PATHS),
        Case("many groups, few inodes in each",
             ["-O", "^resize_inode", "-g", "256", "-N", "1000"], size=20480 * KIB,
             tree=crowd, paths=CROWD_PATHS),
        Case("inline_data", steps=["feature inline_data", write_inline],
             paths=["/inline", "/inline/file", "/inline/larger", "/inline/inner/file"]),
        Case("inline_data, inodes of 512 bytes", ["-O", "inline_data", "-I", "512"]),
        Case("bigalloc, 1 KiB blocks", ["-O", "bigalloc", "-C", "16384"]),
        Case("bigalloc, 4 KiB blocks", ["-O", "bigalloc", "-C", "16384"], block=4 * KIB,
             size=16384 * KIB),
        Case("bigalloc, 4 KiB blocks in 64", ["-O", "bigalloc", "-C", "65536"], block=4 * KIB,
             size=32768 * KIB),
        Case("no flex_bg", ["-O", "^flex_bg", "-g", "1024"]),
        Case("sparse_super2", ["-O", "sparse_super2,^resize_inode", "-g", "1024"]),
        Case("no sparse_super", ["-O", "^sparse_super,^resize_inode", "-g", "1024"]),
        Case("packed metadata", ["-E", "packed_meta_blocks=1"]),
        Case("no resize_inode", ["-O", "^resize_inode"]),
        Case("no filetype", ["-O", "^filetype"]),
        Case("no extents", ["-O", "^extents,^64bit"]),
        Case("no journal", ["-O", "^has_journal"]),
        Case("mmp, quota, project", ["-O", "mmp,quota,project"]),
        Case("orphan_file and fast_commit", ["-O", "orphan_file,fast_commit,has_journal"]),
        Case("encrypt, casefold, verity, ea_inode, large_dir",
             ["-O", "encrypt,casefold,verity,ea_inode,large_dir,stable_inodes"],
             steps=["set_inode_field /boot flags 0x40080000",
                    "set_inode_field /tiny flags 0x80800", "set_inode_field /deep flags 0x80800"],
             paths=["/BOOT/dtb", "/boot/DTB"]),
        *(Case(f"inodes of {n} bytes", ["-I", str(n)]) for n in (128, 512, 1024)),
        Case("inodes of 2048 bytes", ["-I", "2048", "-N", "400"], block=4 * KIB),
    ]


def map_cases():
    """Ways to place a file's blocks."""
    return [
        Case("fragmented files", tree=fragments, size=16384 * KIB,
             paths=["/five", "/hundred", "/thousand"]),
        Case("fragmented files, no extents", ["-O", "^extents,^64bit"], tree=fragments,
             size=16384 * KIB, paths=["/five", "/hundred", "/thousand"]),
        Case("fragmented files, 4 KiB blocks", block=4 * KIB, tree=fragments, size=16384 * KIB,
             paths=["/five", "/hundred", "/thousand"]),
        Case("all kinds of indirect blocks", ["-O", "^extents,^64bit"], tree=large,
             paths=LARGE_PATHS),
        Case("all kinds of indirect blocks, 4 KiB", ["-O", "^extents,^64bit"], tree=large,
             block=4 * KIB, paths=LARGE_PATHS),
        Case("the same as extents", tree=large, paths=LARGE_PATHS),
        Case("unwritten extents",
             steps=["write /dev/null unwritten", "set_inode_field unwritten size 20000",
                    "fallocate unwritten 0 19",
                    "set_inode_field hole-only size 20000", "fallocate hole-only 5 9",
                    "fallocate hole-middle 10 30", "fallocate hole-last 200 250"],
             paths=["/unwritten"]),
        Case("sizes that do not fit the blocks",
             steps=["set_inode_field tiny size 70000", "set_inode_field small size 0",
                    "set_inode_field block size 0x100000fff", "set_inode_field direct size 5"]),
        Case("sizes that do not fit the blocks, no extents", ["-O", "^extents,^64bit"],
             steps=["set_inode_field tiny size 70000", "set_inode_field small size 0",
                    "set_inode_field block size 0x100000fff", "set_inode_field direct size 5"]),
    ]


def directory_cases():
    """Directories that are large, or have lost names."""
    lost = ["unlink /many/file-000", "unlink /many/file-030", "unlink /many/file-059", "rm /a.b",
            "unlink /boot/dtb"]
    return [
        Case("directories with a tree of hashes", tree=crowd, index=True, paths=CROWD_PATHS),
        Case("the same without checksums, 4 KiB blocks", ["-O", "^metadata_csum"], block=4 * KIB,
             tree=crowd, index=True, paths=CROWD_PATHS),
        Case("large directories without trees", ["-O", "^dir_index"], tree=crowd,
             paths=CROWD_PATHS),
        Case("large_dir", ["-O", "large_dir"], tree=crowd, index=True, paths=CROWD_PATHS),
        Case("removed names", steps=lost, paths=["/many/file-001", "/boot/extlinux"]),
        Case("removed names, no checksums", ["-O", "^metadata_csum"], steps=lost),
        Case("removed names, no filetype", ["-O", "^filetype"], steps=lost,
             paths=["/many/file-001", "/boot/extlinux"]),
        Case("removed and made again", tree=crowd, paths=CROWD_PATHS,
             steps=["unlink /crowd/000-", "link /tiny /crowd/000-", "unlink /many/file-030",
                    "link /small /many/file-030"]),
        Case("first names of blocks removed", tree=crowd, paths=CROWD_PATHS, steps=[
            lambda image: [f"unlink /crowd/{name}" for name in first_names(image, "/crowd")]]),
    ]


def first_names(image, path):
    """The names with which the blocks of a directory begin."""
    names = []
    with open(image, "rb") as f:
        for block in blocks_of(image, path)[1:]:
            f.seek(block * KIB)
            data = f.read(KIB)
            names.append(data[8:8 + data[6]].decode())
    return names


def damaged_cases():
    """File systems that need a replay, are cut, or damaged."""
    dirty = ["feature needs_recovery"]
    return [
        Case("needs recovery", ["-J", "size=1"], steps=dirty),
        Case("a change of a file in the journal", ["-J", "size=1"], steps=[journal("/boot/dtb")]),
        Case("a change of a directory in the journal", ["-J", "size=1"], steps=[journal("/boot")]),
        Case("cut within a file", steps=[cut_in("/boot/zImage", 0.5)]),
        Case("cut within the last file", steps=[cut_in("/hole-middle", 0.9)]),
        Case("cut in half", steps=[cut_at(4096 * KIB)]),
        Case("cut within the inodes", steps=[cut_at(100 * KIB)]),
        Case("cut behind the superblock", steps=[cut_at(2 * KIB)]),
        Case("a name without a length", steps=[patch_block("/boot", 0, 24 + 4, b"\0\0")]),
        Case("names that overlap", steps=[patch_block("/boot", 0, 24 + 4, b"\4\0")]),
        Case("names across the end", steps=[patch_block("/boot", 0, 24 + 4, b"\0\xff")]),
        Case("a name of no letters", steps=[patch_block("/boot", 0, 24 + 6, b"\0")]),
        Case("types that are wrong", steps=[patch_block("/boot", 0, 24 + 7, b"\2"),
                                            patch_block("/many", 0, 24 + 7, b"\7")]),
        Case("types that are not known", steps=[patch_block("/boot", 0, 24 + 7, b"\0"),
                                                patch_block("/many", 0, 24 + 7, b"\x44")]),
        Case("extents without magic", steps=["set_inode_field /boot/zImage block[0] 0"]),
        Case("more extents than have room",
             steps=["set_inode_field /boot/dtb block[0] 0x0005f30a",
                    "set_inode_field /small block[0] 0x0007f30a",
                    "set_inode_field /direct size 20000",
                    "set_inode_field /direct block[0] 0x0006f30a"]),
        Case("extents counted wrong",
             steps=["set_inode_field /boot/dtb block[0] 0x0000f30a",
                    "set_inode_field /small block[0] 0x0004f30a",
                    "set_inode_field /direct block[1] 0"]),
        Case("extent trees of odd depths", tree=fragments, size=16384 * KIB,
             paths=["/five", "/hundred", "/thousand"],
             steps=["set_inode_field /five block[1] 0x00000004",
                    "set_inode_field /thousand block[1] 0x00030004",
                    "set_inode_field /hundred block[1] 0x00060004",
                    "set_inode_field /boot/dtb block[1] 0x00010004"]),
        Case("files that are placed elsewhere",
             steps=["set_inode_field /boot/dtb block[5] 99999999",
                    "set_inode_field /tiny block[5] 0", "set_inode_field /small block[3] 5"]),
        Case("block numbers of more than 32 bits",
             steps=["set_inode_field /boot/dtb block[4] 0x00010005",
                    "set_inode_field /block block[4] 0x80000004",
                    "set_inode_field /direct block[5] 0xffffffff",
                    "set_inode_field /indirect block[5] 0x80000000"]),
        Case("extents of odd lengths",
             steps=["set_inode_field /boot/dtb block[4] 2", "set_inode_field /block block[4] 0",
                    "set_inode_field /direct block[4] 0x8003"]),
        Case("links of odd sizes",
             steps=["set_inode_field /fast size 0", "set_inode_field /absolute size 5",
                    "set_inode_field /59 size 70", "set_inode_field /slow size 59",
                    "set_inode_field /61 size 5000", "set_inode_field /to-directory size 3",
                    "set_inode_field /to-dot size 2", "set_inode_field /slow-directory size 65536",
                    "set_inode_field /fifo size 5000"]),
        Case("directories of odd sizes",
             steps=["set_inode_field /boot size 0", "set_inode_field /many size 100",
                    "set_inode_field /void size 4096", "set_inode_field /deep size 1023"],
             paths=["/many/file-001", "/many/file-002", "/deep/a"]),
        Case("modes that contradict the names",
             steps=["set_inode_field /tiny mode 040755", "set_inode_field /boot mode 0100644",
                    "set_inode_field /fast mode 0100644"]),
        Case("the superblock's magic gone", steps=[patch(1024 + 0x38, b"\0\0")]),
        Case("no blocks", steps=[patch(1024 + 0x04, b"\0\0\0\0")]),
        Case("inodes in groups that do not exist", steps=[patch(1024 + 0x28, b"\x10\0\0\0")]),
        Case("inodes of other sizes than said", steps=[patch(1024 + 0x58, b"\x80\0")]),
        Case("descriptors of other sizes than said",
             steps=[patch(1024 + 0xfe, b"\x20\0")]),
    ]


def random_cases():
    """File systems with many small damages."""
    options = [[], ["-O", "^extents,^64bit"], ["-O", "^filetype,^dir_index"], ["-I", "128"]]
    return [Case(f"damage {seed}", options[seed % 4], size=16384 * KIB, tree=fragments,
                 steps=[damage(seed)], paths=["/five", "/hundred", "/thousand"])
            for seed in range(8)]


def all_cases():
    """Every case."""
    return (feature_cases() + map_cases() + directory_cases() + damaged_cases()
            + random_cases())
