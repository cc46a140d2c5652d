# SPDX-License-Identifier: MIT
"""Edits of device trees, and the tools of dtc that do the same."""

import os
import tempfile

import tools

TREE, OVERLAY = object(), object()  # the device tree and an overlay, as files of the host
PORT = "/soc/serial@4000e000"
OVERLAY_SOURCE = b"""/dts-v1/;
/plugin/;
&{/soc/i2c@40012000} { status = "okay"; sensor@48 { compatible = "ti,tmp102"; reg = <0x48>; }; };
"""

# What stmboot is told behind the image, and the command that does the same to TREE.
EDITS = [
    (["set", "serial3", "status", "okay"], ["fdtput", "-ts", TREE, PORT, "status", "okay"]),
    (["set", "/soc/i2c@40012000", "clock-frequency", "400000"],
     ["fdtput", TREE, "/soc/i2c@40012000", "clock-frequency", "400000"]),
    (["set", "/chosen", "fill", "-ts", "x" * 9000], ["fdtput", "-ts", TREE, "/chosen", "fill", "x" * 9000]),
    (["set", "/soc/new@1/x", "reg", "--create", "-tx", "1", "ff"],
     ["fdtput", "-p", "-tx", TREE, "/soc/new@1/x", "reg", "1", "ff"]),
    (["set", PORT, "wakeup-source", "-tbx", "1", "2"],
     ["fdtput", "-tbx", TREE, PORT, "wakeup-source", "1", "2"]),
    (["remove", "/chosen", "fill"], ["fdtput", "-d", TREE, "/chosen", "fill"]),
    (["remove", "/soc/new@1"], ["fdtput", "-r", TREE, "/soc/new@1"]),
    (["overlay", OVERLAY], ["fdtoverlay", "-i", TREE, "-o", TREE, OVERLAY]),
    (["set", "serial3", "status", "disabled"], ["fdtput", "-ts", TREE, PORT, "status", "disabled"]),
]


def make_overlay(path):
    """The overlay of the edits."""
    tools.run("dtc", "-q", "-O", "dtb", "-o", path, "-", data=OVERLAY_SOURCE)


def source(blob):
    """What dtc says of a device tree: every node and property in its place."""
    return tools.run("dtc", "-q", "-I", "dtb", "-O", "dts", "-", data=blob)


def differences(before, after, command, overlay):
    """How a tree differs from what the command makes of the one before."""
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "tree.dtb")
        with open(path, "wb") as f:
            f.write(before)
        tools.run(*({TREE: path, OVERLAY: overlay}.get(word, word) for word in command))
        with open(path, "rb") as f:
            theirs = source(f.read())
    if source(after) == theirs:
        return []
    ours = source(after).splitlines()
    return [f"{command[0]} makes another tree:"] + [
        line.decode() for line in theirs.splitlines() if line not in ours][:5]
