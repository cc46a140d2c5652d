# SPDX-License-Identifier: MIT
"""FIT images, written with dtc: also such as mkimage would not make."""

import hashlib
import zlib

import tools


def digest(algorithm, data):
    """The value that mkimage writes for an algorithm."""
    if algorithm == "crc32":
        return zlib.crc32(data).to_bytes(4, "big")
    return hashlib.new(algorithm, data).digest()


def text(value):
    """A property's value as dtc reads it."""
    if isinstance(value, bytes):
        return f"[{value.hex()}]"
    if isinstance(value, int):
        return f"<0x{value:08x}>"
    return ", ".join(f'"{item}"' for item in ([value] if isinstance(value, str) else value))


def properties(fields):
    """Those that are not None."""
    return " ".join(f"{name.replace('_', '-')} = {text(value)};"
                    for name, value in fields.items() if value is not None)


class Image:
    """One image: its properties, its hashes and its data."""

    def __init__(self, name, data, hashes=("sha256",), extra="", **fields):
        self.name = name
        self.data = data
        self.hashes = hashes
        self.extra = extra
        self.fields = fields

    def source(self, external):
        """Its node; external data begin at an offset behind the tree."""
        fields = dict(self.fields)
        if self.data is not None and external is not None:
            fields.update(data_offset=external, data_size=len(self.data))
        elif self.data is not None:
            fields["data"] = self.data
        nodes = ""
        for number, wanted in enumerate(self.hashes, 1):
            algorithm, value = wanted if isinstance(wanted, tuple) else (
                wanted, digest(wanted, self.data))
            nodes += f" hash-{number} {{ {properties({'algo': algorithm, 'value': value})} }};"
        return f"{self.name} {{ {properties(fields)}{nodes} {self.extra} }};"


def build(images, configurations, default="conf", external=False, **fields):
    """A FIT of these images and configurations, each of those a dict of properties."""
    root = {"description": "A FIT", "timestamp": 1, **fields}
    at, sources, data = 0, "", b""
    for one in images:
        sources += one.source(at if external else None)
        if external and one.data is not None:
            data += one.data + bytes(-len(one.data) % 4)
            at = len(data)
    nodes = "".join(f"{name} {{ {properties(fields)} }};"
                    for name, fields in configurations.items())
    tree = tools.run("dtc", "-q", "-I", "dts", "-O", "dtb", "-", data=f"""/dts-v1/;
        / {{ {properties(root)}
            images {{ {sources} }};
            configurations {{ {properties({"default": default})} {nodes} }};
        }};""".encode())
    return tree + bytes(-len(tree) % 4) + data if external else tree
