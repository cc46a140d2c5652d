# SPDX-License-Identifier: MIT
"""Small cards for the tests, of the recipes that the other tests use.

STMBOOT names the program under test; PYTHONPATH leads to the package.
"""

import os
import sys

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
for folder in ("cli", "rules"):
    sys.path.insert(0, os.path.join(TOP, "tests", folder))

import program  # noqa: E402

program.stmboot = os.environ["STMBOOT"]

# What another Python needs to import the package, and the program does not bear:
# a sanitizer's library that has to be loaded first.
PYTHON_ENV = dict(os.environ)
os.environ.pop("LD_PRELOAD", None)

CONFIG = """\
# written by hand
default one

label one
\tkernel /boot/zImage
\tdevicetree /boot/stm32mp157c-dk2.dtb
\tappend root=/dev/mmcblk0p4 rootwait console=tty1 console=ttySTM0,115200

label two
\tkernel /boot/zImage
\tdevicetree /boot/stm32mp157c-dk2.dtb
"""


@pytest.fixture(scope="session", autouse=True)
def state_directory(tmp_path_factory):
    """Undo records are kept here, never in the user's own folder."""
    path = tmp_path_factory.mktemp("state")
    os.environ["STMBOOT_STATE_DIR"] = str(path)
    return path


@pytest.fixture(scope="session")
def good_bytes(tmp_path_factory):
    """The bytes of a card that boots."""
    path = tmp_path_factory.mktemp("good") / "card.img"
    return open(program.configured(str(path), CONFIG), "rb").read()


@pytest.fixture(scope="session")
def roomy_bytes(tmp_path_factory):
    """The bytes of one with room for more files."""
    name = os.path.join(TOP, "tests", "golden", "recipes", "healthy.recipe")
    with open(name, encoding="utf-8") as file:
        text = file.read()
    text = text.replace("medium 1M", "medium 4M").replace("size=768K", "size=3M")
    text = text.replace("  ext4\n", "  ext4 -N 128\n")
    path = tmp_path_factory.mktemp("roomy") / "card.img"
    program.recipe.Builder(str(path)).build(program.recipe.parse(text))
    return path.read_bytes()


@pytest.fixture
def path(tmp_path, good_bytes):
    """A card that boots, of the test's own."""
    card = tmp_path / "card.img"
    card.write_bytes(good_bytes)
    return card


@pytest.fixture
def roomy(tmp_path, roomy_bytes):
    """One with room for more files, of the test's own."""
    card = tmp_path / "roomy.img"
    card.write_bytes(roomy_bytes)
    return card
