# SPDX-License-Identifier: MIT
"""What is said of one thing: the same as the commands that show it say."""

import json
import os
import re
import sys

import pytest
from conftest import TOP, program
from test_card import RECIPES, plain

import stmboot

sys.path.insert(0, os.path.join(TOP, "tests", "cards"))

import containers  # noqa: E402
import damage  # noqa: E402
import image  # noqa: E402
import loaders  # noqa: E402
import small  # noqa: E402


def told(*words):
    """What a command says in JSON, without the name of its schema; None: it could not be done."""
    done = program.run(*map(str, words), "--json")
    said = json.loads(done.stdout)
    del said["schema"]
    return said if done.returncode != 2 else None


@pytest.fixture(scope="module", params=RECIPES)
def recipe(request, tmp_path_factory):
    """A card of each recipe."""
    return program.card(request.param, str(tmp_path_factory.mktemp("recipe") / "card.img"))


@pytest.fixture(scope="module")
def based(tmp_path_factory):
    """A function that makes a card for rules of loaders."""
    folder = tmp_path_factory.mktemp("loaders")
    bases = small.Bases(str(folder), loaders.BASES)

    def make(base, *steps):
        return bases.card(base, steps, str(folder / "card.img")).path

    return make


def expect_env(record, said):
    """Compare; class is a word of Python's own."""
    ours = plain(record)
    for variable in ours["variables"]:
        variable["class"] = variable.pop("class_")
    assert ours == said


def expect_stm32(record, said):
    """Compare; the header is that of inspect."""
    header, signature, ours = said.pop("header"), said.pop("signature"), plain(record)
    assert said.pop("extensions") == [
        {"name": e.name, "type": e.type, "offset": e.offset - record.offset, "size": e.length}
        for e in record.header.extensions]
    del ours["header"]
    assert ours.pop("algorithm_name") == signature["algorithm_name"]
    assert ours == said
    assert (record.header.version, record.header.checksum, record.header.computed_checksum) == \
        (header["version"], header["checksum"], header["checksum_computed"])
    assert record.header.signed == signature["asked_for"]


def expect_package(package, said):
    """Compare; where it is and how large says the partition."""
    assert package.partition == said.pop("partition")
    for key in ("name", "offset", "size"):
        del said[key]
    assert plain(package.findings) == said.pop("findings")
    assert plain(package.contents) == said


def expect_updates(record, said):
    """Compare; names of partitions stand in the partitions, metadata is that of inspect."""
    ours, tfa = plain(record), said.pop("tfa")
    for item in said["copies"] + said["banks"]:
        del item["name"]
    for copy, other in zip(ours["copies"], said["copies"], strict=True):
        metadata, theirs = copy.pop("metadata"), other.pop("metadata")
        assert (metadata is None) == (theirs is None)
        if metadata is not None:
            assert all(metadata[key] == theirs[key] for key in
                       ("version", "crc", "active_index", "image_count", "images"))
    assert {key: ours.pop(key) for key in ("metadata_version", "metadata_size")} == \
        {key: tfa[key] for key in ("metadata_version", "metadata_size")}
    assert ours == said


def test_every_card_is_shown_as_by_the_program(recipe):
    with stmboot.open(recipe) as card:
        expect_env(card.env, told("env", "show", recipe))
        for record, command in ((card.gpt, "gpt"), (card.extlinux, "extlinux"),
                                (card.fwu, "fwu")):
            said = told(command, "show", recipe)
            assert (record is None) == (said is None), command
            if said is not None and command == "fwu":
                expect_updates(record, said)
            elif said is not None:
                assert plain(record) == said
        for command, ask, expect in (("stm32", card.stm32, expect_stm32),
                                     ("fip", card.fip, expect_package)):
            said = told(command, "show", recipe)
            if said is not None:
                expect(ask(), said)
                continue
            with pytest.raises(stmboot.Error) as info:
                ask()
            assert info.value.message


def test_a_saved_environment(path, tmp_path):
    for copy, (variables, flags, good) in enumerate((
            ({"bootcmd": "run x", "nasty": "\x1b[2J\n"}, 3, True), ({"old": "1"}, 4, False))):
        with open(path, "r+b") as file:
            file.seek(50 * 512 + 0x10000 - (copy + 1) * 0x2000)
            file.write(image.environment(variables, flags=flags, good=good))
    with stmboot.open(path) as card:
        expect_env(card.env, told("env", "show", path))
        env = card.env
        assert env.saved and [copy.counts for copy in env.copies] == [True, False]
        assert env["bootcmd"] == env.get("bootcmd") == "run x" and "bootcmd" in env
        assert env.get("nope") is None and env.get("nope", "x") == "x" and "nope" not in env
        assert env.variables[0].class_ == "boot" and 3 not in env
        with pytest.raises(KeyError):
            env["nope"]
    bare = tmp_path / "bare.env"
    bare.write_bytes(image.environment({"bootcmd": "x"}))
    with stmboot.open(bare) as card:
        expect_env(card.env, told("env", "show", bare))
        detail = card.partitions[0].detail
        assert isinstance(detail, stmboot.StoredEnv) and detail.variables == 1
        assert plain(detail) == program.inspect(str(bare))["partitions"][0]["detail"]


@pytest.mark.parametrize("steps", [
    (), (loaders.metadata(active=1, previous=0, states=(0xFC, 0xFE)),),
    (loaders.metadata(states=(0xFF, 0xFF)),), (damage.zero(4, 0, 512),),
    (damage.poke(3, 100, b"\x01"), damage.zero(4, 0, 512))])
def test_firmware_updates(based, steps):
    card = based("fwu", *steps)
    with stmboot.open(card) as opened:
        expect_updates(opened.fwu, told("fwu", "show", card))


@pytest.mark.parametrize("make", [
    lambda: containers.stm32_v2(b"payload" * 9, extensions=containers.authentication(),
                                flags=containers.SIGNED, signature=b"\x5a" * 64,
                                header_bytes=1024),
    lambda: image.stm32_image(b"U-Boot SPL 2023.10 (Jan 01 2023)\0" * 30)[:-5]])
def test_headers_as_files(tmp_path, make):
    path = tmp_path / "loader.stm32"
    path.write_bytes(make())
    with stmboot.open(path) as card:
        expect_stm32(card.stm32(), told("stm32", "show", path))
        expect_stm32(card.stm32(0), told("stm32", "show", path, "0"))
        with pytest.raises(stmboot.NotFoundError):
            card.stm32("nope")


def test_a_package(based, tmp_path):
    path = based("fip")
    with stmboot.open(path) as card:
        package = card.fip()
        expect_package(package, told("fip", "show", path))
        assert card.fip(package.partition).contents == package.contents
        for entry, name in zip(package.contents.entries, package.images, strict=True):
            data = package.read_bytes(name)
            with package.open(entry.uuid) as file, card.open_partition(package.partition) as part:
                part.seek(entry.offset - card.partition(package.partition).offset)
                assert file.read() == data == part.read(entry.size)
        package.extract("nt-fw", tmp_path / "nt-fw")
        assert (tmp_path / "nt-fw").read_bytes() == package.read_bytes("nt-fw")
        package.extract_all(tmp_path / "all")
        assert {file.name for file in (tmp_path / "all").iterdir()} == \
            {f"{name}.bin" for name in package.images}
        for call in (lambda: package.open("nope"), lambda: package.extract("nope", tmp_path / "x"),
                     lambda: card.fip("nope"), lambda: package.extract("nt-fw", tmp_path / "x/y")):
            with pytest.raises(stmboot.NotFoundError):
                call()
        with pytest.raises(stmboot.NotRecognisedError):
            card.fip(1)


def test_a_package_is_changed(based, tmp_path):
    path = based("fip")
    new = containers.uboot_program("st,stm32mp157c-dk2", "new")
    tree = containers.device_tree('compatible = "st,stm32mp157c-dk2"; model = "New";')
    file = tmp_path / "tree.dtb"
    file.write_bytes(tree)
    with stmboot.open(path) as card:
        assert card.fip().read_bytes("hw-config") != tree
        with card.edit(force=True) as edit:
            edit.fip.replace({"hw-config": file, "nt-fw": new})
        assert edit.result.changed
        package = card.fip()
        assert (package.read_bytes("hw-config"), package.read_bytes("nt-fw")) == (tree, new)
        for images, error in (({"nope": b"x"}, stmboot.NotFoundError),
                              ({"nt-fw": b""}, stmboot.ArgumentError),
                              ({"nt-fw": tmp_path / "nope"}, FileNotFoundError),
                              ({"nt-fw": 3}, (TypeError, AttributeError))):
            edit = card.edit(dry_run=True)
            with pytest.raises(error):
                edit.fip.replace(images, package.partition)
            edit.close()
        stmboot.undo(path)


def test_the_device_tree_that_boots(path):
    with stmboot.open(path) as card:
        tree = card.dtb
        assert tree is card.dtb and tree.file.path == card.boot.dtb.path
        assert tree.file == stmboot.Place(partition=4, path="/boot/stm32mp157c-dk2.dtb")
        assert (tree.model, tree.compatible) == (card.boot.dtb.model, card.boot.dtb.compatible)
        assert tree.data == card.fs().read_bytes(tree.file.path)
        said = told("dtb", "show", path)
        other = card.read_dtb("rootfs:/boot/stm32mp157c-dk2.dtb")
        assert other.data == tree.data and other.file == tree.file
        with pytest.raises(stmboot.NotRecognisedError):
            card.read_dtb("/boot/zImage")
        with pytest.raises(stmboot.NotFoundError):
            card.read_dtb("/boot/nope.dtb")

    def node_of(said):
        """A node as JSON has it; paths below the top are not told there."""
        return said["name"], [(p["name"], p["type"], tuple(p["values"]), p["hex"])
                              for p in said["properties"]], [node_of(n) for n in said["nodes"]]

    def ours(node):
        return node.name, [(p.name, p.type, p.values, p.data.hex()) for p in node.properties], \
            [ours(child) for child in node.nodes]

    assert ours(tree.node()) == node_of(said["node"])
    assert tree.source() == re.sub("^// .*\n", "", program.run(
        "dtb", "show", str(path)).stdout.decode(), flags=re.M)


def test_nodes_and_values():
    tree = stmboot.Dtb(containers.device_tree(
        'compatible = "st,a", "st,b"; model = "A"; aliases { s = "/soc/x@4"; }; '
        'soc { x@4 { reg = <4 0xffffffff>; bytes = [01 02 ff]; empty; }; };'))
    assert tree.file is None and repr(tree) == "Dtb('A')" and tree.info.model == "A"
    assert tree.get("/", "compatible") == ("st,a", "st,b") == tree.compatible
    assert tree.get("s", "reg") == tree.get("/soc/x", "reg", type="i") == (4, -1)
    assert tree.get("s", "reg", type="u") == (4, 0xFFFFFFFF)
    assert tree.get("s", "bytes") == (1, 2, 255) and tree.get("s", "empty") == ()
    assert tree.get("s", "nope") is None and tree.get("/nope", "reg") is None
    node = tree.node("s")
    assert node.path == "/soc/x@4" and node.properties[0].values == (4, 0xFFFFFFFF)
    assert [n.path for n in tree.walk()] == ["/", "/aliases", "/soc", "/soc/x@4"]
    assert "s" in tree and "/nope" not in tree and 3 not in tree
    assert tree.source("s").startswith("x@4 {")
    with pytest.raises(stmboot.NotFoundError):
        tree.node("/nope")
    with pytest.raises(stmboot.ArgumentError, match="no type"):
        tree.get("s", "reg", type="q")
    with pytest.raises(stmboot.ArgumentError):
        tree.get("s", "bytes", type="lx")
    for wrong, error in ((b"", stmboot.Error), (b"\xd0\x0d\xfe\xed" + bytes(60), stmboot.Error),
                         ("text", TypeError), (None, TypeError)):
        with pytest.raises(error):
            stmboot.Dtb(wrong)


def test_a_partition_is_written_to_a_file(path, tmp_path):
    with stmboot.open(path) as card:
        card.extract_partition("ssbl", tmp_path / "ssbl")
        with card.open_partition("ssbl") as part:
            assert (tmp_path / "ssbl").read_bytes() == part.read()
        with pytest.raises(stmboot.ArgumentError):
            card.extract_partition("ssbl", path)
    os.truncate(path, 200 * 512)
    with stmboot.open(path) as card, pytest.raises(stmboot.TruncatedError, match="before part"):
        card.extract_partition("rootfs", tmp_path / "x")


# What is done with each command, in a terminal and in Python.
COUNTERPARTS = {
    "inspect": "Card.boot", "check": "check", "get-bootargs": "Card.bootargs",
    "set-bootargs": "Edit.set_bootargs", "recover": "recover", "undo": "undo",
    "extlinux show": "Card.extlinux", "extlinux set": "ExtlinuxEdit.set",
    "extlinux add": "ExtlinuxEdit.add", "extlinux remove": "ExtlinuxEdit.remove",
    "extlinux default": "ExtlinuxEdit.default", "extlinux timeout": "ExtlinuxEdit.timeout",
    "dtb show": "Dtb.source", "dtb get": "Dtb.get", "dtb set": "DtbEdit.set",
    "dtb remove": "DtbEdit.remove", "dtb overlay": "DtbEdit.overlay",
    "fs ls": "CardPath.iterdir", "fs stat": "CardPath.stat", "fs cat": "CardPath.read_bytes",
    "fs get": "CardPath.extract", "fs put": "FileSystemEdit.put", "fs cp": "FileSystemEdit.copy",
    "fs rm": "FileSystemEdit.remove", "fs mv": "FileSystemEdit.rename",
    "fs mkdir": "FileSystemEdit.mkdir", "fs ln": "FileSystemEdit.link",
    "fs chmod": "FileSystemEdit.chmod", "fs chown": "FileSystemEdit.chown",
    "fs edit": "FileSystemEdit.write_text", "part read": "Card.extract_partition",
    "part write": "Edit.write_partition", "gpt show": "Card.gpt", "gpt repair": "GptEdit.repair",
    "gpt set": "GptEdit.set", "env show": "Card.env", "env get": "Env.get",
    "fwu show": "Card.fwu", "stm32 show": "Card.stm32", "fip show": "Card.fip",
    "fip extract": "Package.extract", "fip replace": "FipEdit.replace",
}


def test_every_command_has_its_counterpart():
    words = program.run("--help").stdout.decode()
    listed = re.search(r"^commands:\n(.*?)\n\n", words, re.M | re.S).group(1)
    commands = set(re.findall(r"^  ([a-z0-9-]+(?: [a-z0-9-]+)?) +[A-Z]", listed, re.M))
    assert commands == set(COUNTERPARTS)
    for place in COUNTERPARTS.values():
        item = stmboot
        for word in place.split("."):
            item = getattr(item, word)
