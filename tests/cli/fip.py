#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""fip show, extract and replace, with fiptool and cert_create as oracles.

usage: fip.py STMBOOT [TEST...]
"""

import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
import unittest

import edits
import program
import tools

sys.path[:0] = [os.path.join(program.TOP, "tests", area) for area in ("rules", "cards")]

import containers  # noqa: E402
import loaders  # noqa: E402
import small  # noqa: E402

SECTOR = 512
FIP = 50 * SECTOR  # where the partition of the card begins
ROOM = 64 << 10
ENVIRONMENT = 16 << 10
UUIDS = {"nt-fw": containers.NT_FW, "hw-config": containers.HW_CONFIG}


def filler(size, seed):
    """Bytes that are no text."""
    return bytes(random.Random(seed).choices(range(1, 32), k=size))


def uboot(version="2024.07", size=3000):
    """Another U-Boot."""
    return f"U-Boot {version} (Jul 01 2024)\0".encode().ljust(60, b"\0") + filler(size, size)


def sp_min(version="v2.10", size=5000):
    """A stand-in for SP_min, or for BL31."""
    return b"code\0" + f"{version}(release):{version}\0".encode() + filler(size, size)


def optee(version="3.19.0", pager=4001, paged=0):
    """OP-TEE's three files; without the last one there is no second part."""
    parts = [(0, pager), (1, paged)][:2 if paged else 1]
    header = struct.pack("<4sBBHI", b"OPTE", 2, 0, 0, len(parts))
    header += b"".join(struct.pack("<IIII", 0xFFFFFFFF, 0xFFFFFFFF, *part) for part in parts)
    banner = f"\0{version} (gcc version 12.2.0) #1 Mon Jan  2 2023 arm\0".encode()
    files = {"tos-fw": header, "tos-fw-extra1": banner + filler(pager - len(banner), pager)}
    return {**files, "tos-fw-extra2": filler(paged, paged)} if paged else files


def tree(board="st,stm32mp157c-dk2", fill=0):
    """A device tree that may be long."""
    return containers.device_tree(f'compatible = "{board}"; fill = "{"x" * fill}";')


class Case(edits.Case):
    """A card with a firmware package in partition 3."""

    def setUp(self):
        super().setUp()
        for tool in ("fiptool", "cert_create", "dtc"):
            try:
                tools.run("sh", "-c", f"command -v {tool}")
            except RuntimeError as e:
                raise unittest.SkipTest(f"{tool} is not installed") from e
        self.card = self.path("fip.img")
        small.Bases(self.directory, loaders.BASES).card("fip", [], self.card)
        self.before = self.read(self.card)

    def file(self, name, data):
        """A file of the host."""
        path = self.path(name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def fiptool(self, *arguments):
        """What fiptool prints."""
        return tools.run("fiptool", *arguments).decode()

    def create(self, images, *options, name="out.fip"):
        """A package that fiptool makes."""
        words = [word for image, data in images.items()
                 for word in ("--" + image, self.file("in-" + image, data))]
        path = self.path(name)
        self.fiptool("create", *options, *words, path)
        return path

    def install(self, path):
        """Put a package into the card."""
        data = self.read(path)
        self.assertLessEqual(len(data), ROOM)
        with open(self.card, "r+b") as f:
            f.seek(FIP)
            f.write(data.ljust(ROOM, b"\0"))
        self.before = self.read(self.card)
        return data

    def package(self):
        """The package in the card, as a file without what follows it."""
        data = self.read(self.card)[FIP:FIP + ROOM]
        end = next(at for at in range(16, ROOM, 40) if data[at:at + 16] == bytes(16))
        return self.file("now.fip", data[:struct.unpack_from("<Q", data, end + 16)[0]])

    def said_of(self, path, *arguments):
        """fip show --json."""
        done = program.run("fip", "show", "--json", path, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        said = json.loads(done.stdout)
        self.assertEqual([e.message for e in program.schema("fip").iter_errors(said)], [])
        return said

    def unpack(self, path):
        """What fiptool unpacks, by the names of the files."""
        with tempfile.TemporaryDirectory(dir=self.directory) as folder:
            self.fiptool("unpack", "--out", folder, path)
            return {name: self.read(os.path.join(folder, name)) for name in os.listdir(folder)}

    def replace(self, *words, status=0):
        """fip replace; what --json says."""
        return self.edit("fip", "replace", *words, status=status)


SP_MIN = {"fw-config": tree(), "hw-config": tree(fill=700), "tos-fw": sp_min(),
          "tos-fw-config": tree(fill=30), "nt-fw": uboot()}
OPTEE = {"fw-config": tree(), "hw-config": tree(), **optee(paged=900), "nt-fw": uboot()}
SETS = [SP_MIN, OPTEE, {"nt-fw": uboot()},
        {**OPTEE, "soc-fw": sp_min(), "soc-fw-config": tree(), "nt-fw-config": tree(),
         "rot-cert": filler(500, 1), "nt-fw-cert": filler(501, 2), "tb-fw": filler(1000, 3)}]


class Show(Case):
    """fip show."""

    def test_it_agrees_with_fiptool(self):
        for index, images in enumerate(SETS):
            for align in ("1", "4096"):
                with self.subTest(index=index, align=align):
                    path = self.create(images, "--align", align)
                    said = self.said_of(path)
                    lines = re.findall(r'offset=0x(\w+), size=0x(\w+), cmdline="--(\S+)"',
                                       self.fiptool("info", path))
                    self.assertEqual([(e["name"], e["offset"], e["size"])
                                      for e in said["entries"]],
                                     [(name, int(at, 16), int(size, 16))
                                      for at, size, name in lines])
                    self.assertEqual(said["total_bytes"], os.path.getsize(path))

    def test_versions(self):
        self.install(self.create(OPTEE))
        found = {e["name"]: (e["program"], e["version"]) for e in self.said_of(self.card)["entries"]}
        self.assertEqual(found["nt-fw"], ("U-Boot", "2024.07"))
        self.assertEqual(found["tos-fw-extra1"], ("OP-TEE", "3.19.0"))
        self.assertEqual(found["fw-config"], (None, None))
        said = program.inspect(self.card)
        self.assertIn("with OP-TEE 3.19.0", said["boot"]["stages"][2]["summary"])
        self.assertEqual(said["boot"]["firmware"]["secure_os"],
                         {"name": "OP-TEE", "version": "3.19.0"})
        self.assertEqual({e["name"]: (e["program"], e["version"])
                          for e in said["partitions"][2]["detail"]["entries"]}, found)
        self.assertIn(b"tos-fw-extra1 (OP-TEE 3.19.0)",
                      program.run("inspect", self.create(OPTEE)).stdout)
        self.install(self.create(SP_MIN))
        said = program.inspect(self.card)["boot"]
        self.assertIn("with SP_min v2.10", said["stages"][2]["summary"])
        self.assertEqual(said["firmware"]["secure_os"], {"name": "SP_min", "version": "v2.10"})
        text = program.run("fip", "show", self.card, "fip").stdout.decode()
        self.assertRegex(text, r"nt-fw +0x\w+ +3060  U-Boot 2024.07\n")
        self.assertRegex(text, r"hw-config +0x\w+ +\d+  U-Boot device tree \(HW_CONFIG\), "
                               r"for st,stm32mp157c-dk2\n")

    def test_damage_is_shown(self):
        path = self.create({**SP_MIN, "hw-config": filler(100, 1)})
        said = self.said_of(path)
        self.assertEqual([f["code"] for f in said["findings"]], ["fip.damaged-tree"])
        entry = next(e for e in said["entries"] if e["name"] == "hw-config")
        self.assertEqual(said["findings"][0]["offset"], entry["offset"])

    def test_which_package(self):
        for words, message in ((("rootfs",), "holds no firmware package but ext4"),
                               (("9",), "no partition '9'")):
            done = program.run("fip", "show", self.card, *words)
            self.assertEqual(done.returncode, 2)
            self.assertIn(message, done.stderr.decode())
        done = program.run("fip", "show", program.card("healthy", self.path("healthy")))
        self.assertEqual(done.returncode, 2)
        self.assertIn("no firmware package", done.stderr.decode())


class Extract(Case):
    """fip extract."""

    def test_it_equals_what_fiptool_unpacks(self):
        for index, images in enumerate(SETS):
            with self.subTest(index):
                path = self.create(images, "--align", "16")
                folder = self.path(f"all-{index}")
                done = program.run("fip", "extract", path, "all", folder)
                self.assertEqual(done.returncode, 0, done.stderr.decode())
                ours = {name: self.read(os.path.join(folder, name)) for name in os.listdir(folder)}
                self.assertEqual(ours, self.unpack(path))
                self.assertEqual(ours, {f"{name}.bin": data for name, data in images.items()})

    def test_one_image(self):
        out = self.path("out")
        for name in ("nt-fw", UUIDS["nt-fw"], UUIDS["nt-fw"].upper()):
            for where in ([], ["fip"], ["3"]):
                done = program.run("--json", "fip", "extract", self.card, *where, name, out)
                said = json.loads(done.stdout)
                errors = program.schema("fip-extract").iter_errors(said)
                self.assertEqual([e.message for e in errors], [])
                self.assertEqual(said["bytes"], len(self.read(out)))
                piped = program.run("fip", "extract", self.card, *where, name, "-")
                self.assertEqual(piped.stdout, self.read(out))
                self.assertTrue(piped.stdout.startswith(b"U-Boot 2023.10"))
        self.assertEqual(self.read(self.card), self.before)

    def test_a_folder_that_is_there(self):
        os.mkdir(self.path("there"))
        os.symlink("/etc/passwd", self.path("there/hw-config.bin"))
        done = program.run("fip", "extract", self.card, "all", self.path("there"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("hw-config.bin: there is a symbolic link", done.stderr.decode())
        self.assertTrue(os.path.islink(self.path("there/hw-config.bin")))
        os.unlink(self.path("there/hw-config.bin"))
        for path in (self.path("there"), self.path("there/")):
            done = program.run("fip", "extract", self.card, "all", path)
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            self.assertEqual(len(os.listdir(path)), 5)

    def test_what_cannot_be_done(self):
        with open(self.card, "r+b") as f:
            f.seek(FIP + 16 + 24)
            f.write(struct.pack("<Q", 1 << 60))
        for words, message in ((["soc-fw", "x"], "no image 'soc-fw'"),
                               (["nt-fww", "x"], "did you mean 'nt-fw'?"),
                               (["hw_config", "x"], "did you mean 'hw-config'?"),
                               (["fw-config", "x"], "past the end"),
                               (["all", self.path("x")], "past the end"),
                               (["all", "-"], "standard output"),
                               (["--json", "nt-fw", "-"], "standard output"),
                               (["nt-fw", self.card], "the image"),
                               (["nt-fw", self.path("none/x")], "no folder")):
            with self.subTest(words):
                done = program.run("fip", "extract", self.card, *words)
                self.assertEqual(done.returncode, 2)
                self.assertIn(message, done.stderr.decode())
        self.assertFalse(os.path.exists(self.path("x")))


class Replace(Case):
    """fip replace."""

    def test_it_equals_what_fiptool_makes(self):
        sizes = [("nt-fw", uboot("2025.01", size)) for size in (0, 2940, 9000)]
        rows = [(SP_MIN, align, *row) for align in ("1", "512") for row in sizes]
        rows += [(SP_MIN, "4", "nt-fw", uboot("2025.01", size)) for size in (2939, 2941)]
        rows += [(OPTEE, "1", "hw-config", tree(fill=fill)) for fill in (1, 1500)]
        rows += [(OPTEE, "4", "fw-config", tree(fill=2))]
        for images, align, name, data in rows:
            with self.subTest(name=name, align=align, size=len(data)):
                path, new = self.create(images, "--align", align), self.file("new", data)
                self.install(path)
                said = self.replace(self.card, name, new)
                self.assertEqual(said["boot_after"], {"verdict": "ok", "stops_at": None})
                self.agrees(said)
                self.fiptool("update", "--align", align, "--" + name, new, path)
                self.assertEqual(self.read(self.package()), self.read(path))
                self.assertEqual(self.unpack(self.package()),
                                 {f"{n}.bin": data if n == name else d
                                  for n, d in images.items()})

    def test_with_other_flags_and_images_that_are_not_known(self):
        blob = ["--blob", f"uuid={'0123456789abcdef' * 2},file={self.file('blob', b'blob')}"]
        blob[1] = blob[1].replace("0123456789abcdef0123456789abcdef",
                                  "01234567-89ab-cdef-0123-456789abcdef")
        path = self.create(SP_MIN, "--plat-toc-flags", "0x1234", *blob)
        self.install(path)
        new = self.file("new", uboot("2025.01", 10))
        self.replace(self.card, "nt-fw", new)
        self.fiptool("update", "--nt-fw", new, path)
        self.assertEqual(self.unpack(self.package()), self.unpack(path))
        self.assertEqual(self.read(self.package())[:16], self.read(path)[:16])

    def test_all_of_op_tee_at_once(self):
        self.install(self.create(OPTEE))
        new = optee("4.0.0", 5000, 1200)
        files = [word for name, data in new.items() for word in (name, self.file(name, data))]
        for words in (files[:2], files[2:4]):
            said = self.replace(self.card, *words, status=2)
            self.assertIn("fip.optee-size", said["message"])
        said = self.replace(self.card, "fip", *files)
        self.assertEqual(len(said["changes"]), 3)
        self.assertEqual(said["changes"][1],
                         {"what": "tos-fw-extra1 in partition 3 (fip)",
                          "before": "OP-TEE 3.19.0, 4001 bytes",
                          "after": "OP-TEE 4.0.0, 5000 bytes"})
        self.assertEqual(self.unpack(self.package()),
                         {f"{n}.bin": d for n, d in {**OPTEE, **new}.items()})
        self.edit("undo", self.card)
        self.assertEqual(self.read(self.card), self.before)

    def test_standard_input(self):
        data = uboot("2025.04", 77)
        done = subprocess.run([program.stmboot, "fip", "replace", self.card, "nt-fw", "-"],
                              env=dict(os.environ, STMBOOT_STATE_DIR=program.state_directory()),
                              input=data, stdout=subprocess.PIPE, check=True)
        self.assertIn(b"+ U-Boot 2025.04, 137 bytes", done.stdout)
        self.assertEqual(program.run("fip", "extract", self.card, "nt-fw", "-").stdout, data)
        done = program.run("fip", "replace", self.card, "nt-fw", "-", "hw-config", "-")
        self.assertEqual(done.returncode, 2)

    def test_a_dry_run_an_output_and_nothing_to_do(self):
        new, copy = self.file("new", uboot()), self.path("copy")
        self.replace(self.card, "nt-fw", new, "-n")
        self.replace(self.card, "nt-fw", new, "-o", copy)
        self.assertEqual(self.read(self.card), self.before)
        self.assertTrue(self.replace(self.card, "nt-fw", new)["changed"])
        self.assertEqual(self.read(copy), self.read(self.card))
        self.assertFalse(self.replace(self.card, "nt-fw", new)["changed"])

    def test_a_package_that_is_a_file(self):
        path = self.create(SP_MIN)
        size, new = os.path.getsize(path), self.file("new", uboot(size=9000))
        said = self.replace(path, "nt-fw", new, status=2)
        self.assertIn("truncate", said["hint"])
        os.truncate(path, size + 6000)
        self.replace(path, "nt-fw", new)
        again = self.create({**SP_MIN, "nt-fw": uboot(size=9000)}, name="again.fip")
        self.assertEqual(self.read(path), self.read(again))
        self.replace(path, "nt-fw", self.file("new", uboot()))
        self.assertEqual(self.read(path), self.read(self.create(SP_MIN)).ljust(size + 6000, b"\0"))

    def refused(self, words, *arguments):
        """It is refused in these words, and nothing changes."""
        before = self.read(self.card)
        said = self.replace(self.card, *arguments, status=2)
        for word in words:
            self.assertIn(word, said["message"] + "; " + (said["hint"] or ""))
        self.assertEqual(said["state"], "unchanged")
        self.assertEqual(self.read(self.card), before)

    def test_room_up_to_the_environment(self):
        data = self.install(self.create(SP_MIN))
        most = ROOM - ENVIRONMENT - (len(data) - len(uboot(size=0)) - 3000)
        exact, more = (self.file(name, uboot(size=size)[:size])
                       for name, size in (("exact", most + 60), ("more", most + 61)))
        hw = dict(SP_MIN)
        board = ('compatible = "st,stm32mp157c-dk2"; '
                 'config { u-boot,mmc-env-partition = "fip"; };')
        hw["hw-config"] = containers.device_tree(board)
        data = self.install(self.create(hw))
        most = ROOM - ENVIRONMENT - (len(data) - len(hw["nt-fw"]))
        exact, more = (self.file(name, uboot(size=size - 60))
                       for name, size in (("exact", most), ("more", most + 1)))
        self.refused(["environment begins at byte 49152", "--force"], "nt-fw", more)
        self.replace(self.card, "nt-fw", exact)
        said = self.replace(self.card, "nt-fw", more, "--force")
        self.assertIn("env.overwrites-data", [f["code"] for f in said["findings"]])
        # no worse than it is
        self.replace(self.card, "fw-config", self.file("x", tree("st,stm32mp157a-dk1")))
        self.refused([f"has {ROOM}", "larger"], "nt-fw", self.file("y", uboot(size=ROOM)), "-f")

    def test_what_does_not_belong_there(self):
        self.install(self.create(SP_MIN))
        for name, data, words in (
                ("nt-fw", tree(), ["bare binary", "dtb"]),
                ("nt-fw", b"\x7fELF" + bytes(100), ["elf"]),
                ("nt-fw", filler(100, 1), ["u-boot-nodtb.bin"]),
                ("tos-fw", uboot(), ["SP_min"]),
                ("tos-fw", optee()["tos-fw"], ["fip.missing-image"]),
                ("hw-config", uboot(), ["device tree"]),
                ("hw-config", tree()[:-1], ["device tree"]),
                ("hw-config", tree("st,stm32mp135f-dk"), ["is for st,stm32mp135f-dk"]),
                ("fw-config", tree(fill=5000), ["fip.image-too-large"]),
                ("nt-fww", sp_min(), ["did you mean 'nt-fw'?"]),
                ("soc-fw", sp_min(), ["no image 'soc-fw'", "fiptool update"])):
            with self.subTest(words):
                self.refused(words, name, self.file("new", data))
        self.replace(self.card, "nt-fw", self.file("new", filler(100, 1)), "--force")

    def test_a_damaged_package(self):
        with open(self.card, "r+b") as f:
            f.seek(FIP + 16 + 40 + 16)
            f.write(struct.pack("<Q", 0x110))
        self.refused(["is damaged"], "nt-fw", self.file("new", uboot()), "--force")


class Signed(Case):
    """A chain of trust by cert_create."""

    def certificates(self, images, *more):
        """The certificates of a package; ST's own is one that cert_create does not know."""
        words = []
        for name in ("nt-fw", "tos-fw", "tos-fw-config"):
            if name in images:
                words += ["--" + name, self.file("sign-" + name, images[name])]
        names = ["trusted-key-cert", "tos-fw-key-cert", "tos-fw-cert", "nt-fw-key-cert",
                 "nt-fw-cert"]
        for name in names:
            words += ["--" + name, self.path(name)]
        tools.run("cert_create", "-n", "--key-alg", "ecdsa", "--tfw-nvctr", "0", "--ntfw-nvctr",
                  "0", *words, *more)
        return {name: self.read(self.path(name)) for name in names}

    def signed(self, *more):
        """A package with them."""
        images = {**SP_MIN, **self.certificates(SP_MIN, *more)}
        other = self.file("cfg", images["nt-fw-cert"])
        blob = f"uuid=501d8dd2-8bce-49a5-84eb-559a9f2eaeaf,file={other}"
        return self.create(images, "--blob", blob)

    def test_hashes_agree(self):
        said = self.said_of(self.signed())
        found = {e["name"]: e["certified"] for e in said["entries"]}
        self.assertEqual([n for n, c in found.items() if c == "agrees"],
                         ["tos-fw", "nt-fw", "tos-fw-config"])
        # that certificate stands in for one that has the hashes of these two
        self.assertEqual([f["code"] for f in said["findings"]], ["fip.certificate-hash"] * 2)
        self.assertEqual([n for n, c in found.items() if c == "differs"],
                         ["fw-config", "hw-config"])

    def test_sha384_says_nothing(self):
        said = self.said_of(self.signed("--hash-alg", "sha384"))
        self.assertEqual({e["certified"] for e in said["entries"]}, {None})

    def test_an_image_goes_with_its_certificate(self):
        self.install(self.signed())
        new = {**SP_MIN, "nt-fw": uboot("2025.01", 50)}
        file = self.file("new", new["nt-fw"])
        said = self.replace(self.card, "nt-fw", file, status=2)
        self.assertIn("nt-fw is signed: nt-fw-cert holds the hash of another", said["message"])
        self.assertIn("cert_create", said["hint"])
        certificate = self.file("cert", self.certificates(new)["nt-fw-cert"])
        said = self.replace(self.card, "nt-fw-cert", certificate, status=2)
        self.assertIn("nt-fw is signed", said["message"])
        said = self.replace(self.card, "nt-fw-cert", file, status=2)
        self.assertIn("certificate in DER", said["message"])
        self.replace(self.card, "nt-fw", file, "nt-fw-cert", certificate)
        entries = {e["name"]: e for e in self.said_of(self.card)["entries"]}
        self.assertEqual(entries["nt-fw"]["certified"], "agrees")

    def test_by_force_and_with_a_warning(self):
        self.install(self.signed())
        said = self.replace(self.card, "nt-fw", self.file("new", uboot("2025.01")), "--force")
        self.assertEqual([f["found"] for f in said["findings"]
                          if f["code"] == "fip.certificate-hash" and "nt-fw" in f["found"]],
                         ["nt-fw, whose SHA-256 is not in nt-fw-cert"])


if __name__ == "__main__":
    program.main()
