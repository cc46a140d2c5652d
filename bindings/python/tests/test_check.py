# SPDX-License-Identifier: MIT
"""Many images at once, and the example of a board farm."""

import csv
import json
import os
import re
import subprocess
import sys

import pytest
from conftest import PYTHON_ENV, TOP, program

import stmboot

EXAMPLE = os.path.join(TOP, "bindings", "python", "examples", "check_folder.py")


@pytest.fixture
def folder(tmp_path, good_bytes):
    """A good image, one with a warning, one with an error, and one that is none."""
    (tmp_path / "a-good.img").write_bytes(good_bytes)
    program.card("fsbl1-damaged", str(tmp_path / "b-warning.img"))
    program.card("uboot-damaged", str(tmp_path / "c-error.img"))
    (tmp_path / "d-none.img").write_bytes(b"\x80junk")
    return tmp_path


def test_results_come_in_order(folder):
    paths = sorted(folder.glob("*.img"))
    for jobs in (None, 1, 3):
        results = stmboot.check(paths, jobs=jobs)
        assert [result.path for result in results] == [str(path) for path in paths]
        assert [result.verdict for result in results] == ["ok", "warning", "error", None]
        assert [result.stops_at for result in results] == [None, None, "ssbl", None]
        assert isinstance(results[3].error, stmboot.NotRecognisedError)
    assert stmboot.check(paths[1:2], ignore=["stm32"])[0].verdict == "ok"
    assert stmboot.check(paths[1:2], only="gpt")[0].findings == ()
    assert stmboot.check([]) == []
    with pytest.raises(ValueError, match="nope"):
        stmboot.check(paths, only="nope")


def test_the_program_agrees(folder):
    paths = sorted(str(path) for path in folder.glob("*.img"))
    told = json.loads(program.run("check", "--json", *paths).stdout)["images"]
    for result, image in zip(stmboot.check(paths), told, strict=True):
        assert (result.path, result.verdict, result.stops_at) == \
            (image["path"], image["verdict"], image["stops_at"])
        assert [finding.code for finding in result.findings] == \
            [finding["code"] for finding in image["findings"]]
        assert (result.error and result.error.message) == image["error"]


def test_the_example_writes_a_table_and_a_summary(folder):
    table = folder / "cards.csv"
    done = subprocess.run([sys.executable, EXAMPLE, str(folder), "--csv", str(table)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          env=PYTHON_ENV)
    assert done.returncode == 2, done.stderr.decode()
    lines = done.stdout.decode().splitlines()
    assert lines[-1] == "4 images: 1 ok, 1 warning, 1 error, 1 unreadable"
    assert any(line.startswith("c-error.img: stops at ssbl") for line in lines)
    with open(table, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows if row["code"] == ""] == ["a-good.img", "d-none.img"]
    assert {row["verdict"] for row in rows} == {"ok", "warning", "error", "unreadable"}
    assert {row["severity"] for row in rows} == {"", "warning", "error"}
    assert {row["stops_at"] for row in rows} == {"", "ssbl"}
    (folder / "d-none.img").unlink()
    done = subprocess.run([sys.executable, EXAMPLE, str(folder)], stdout=subprocess.PIPE,
                          check=False, env=PYTHON_ENV)
    assert done.returncode == 1
    done = subprocess.run([sys.executable, EXAMPLE, str(folder / "nope")],
                          stderr=subprocess.PIPE, stdout=subprocess.PIPE, check=False,
                          env=PYTHON_ENV)
    assert done.returncode == 2 and b"nope" in done.stderr


def test_the_example_of_the_readme_runs(path, tmp_path):
    with open(os.path.join(TOP, "bindings", "python", "README.md"), encoding="utf-8") as file:
        code = re.search("^```python\n(.*?)^```$", file.read(), re.M | re.S).group(1)
    path.rename(tmp_path / "sdcard.img")
    with stmboot.open(tmp_path / "sdcard.img") as card:
        (tmp_path / "zImage").write_bytes(card.fs().read_bytes("/boot/zImage"))
    code = code.replace("0d4c5e6f-...", "9a127000-0000-4000-8000-000000000004")
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True,
                          env=PYTHON_ENV, cwd=tmp_path)
    said = done.stdout.decode().splitlines()
    assert said[:2] == ["ok None", "/dev/mmcblk0p4"] and said[-1] == "1.0"
    with stmboot.open(tmp_path / "sdcard.img") as card:
        assert card.bootargs["root"].startswith("PARTUUID=")
