# SPDX-License-Identifier: MIT
"""Build the extension against the libstmboot that pkg-config finds."""

import glob
import os
import shlex
import subprocess

from setuptools import Extension, setup


def library(option):
    """What pkg-config says of the installed libstmboot."""
    tool = os.environ.get("PKG_CONFIG", "pkg-config")
    try:
        done = subprocess.run([tool, option, "libstmboot"], check=True, stdout=subprocess.PIPE)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit("libstmboot is not found: install it with its headers, or point "
                         "PKG_CONFIG_PATH at its libstmboot.pc") from error
    return shlex.split(done.stdout.decode())


setup(
    ext_modules=[Extension(
        "stmboot._stmboot",
        sorted(glob.glob("src/*.c")),
        depends=sorted(glob.glob("src/*.h")),
        define_macros=[("Py_LIMITED_API", "0x030b0000"), ("_GNU_SOURCE", None)],
        extra_compile_args=["-std=c11", "-fvisibility=hidden", *library("--cflags")],
        extra_link_args=library("--libs"),
        py_limited_api=True,
    )],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
