# SPDX-License-Identifier: MIT
"""Running the tools that build test images, always in the same surroundings."""

import os
import shutil
import subprocess

SKIPPED = 77
TIME = "1700000000"


class Missing(Exception):
    """A tool that is needed is not installed."""


def surroundings():
    """An environment in which the same input gives the same bytes."""
    env = {"PATH": os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin",
           "LC_ALL": "C.UTF-8", "TZ": "UTC", "SOURCE_DATE_EPOCH": TIME,
           "E2FSPROGS_FAKE_TIME": TIME, "DEBUGFS_PAGER": "cat", "PAGER": "cat"}
    if "HOME" in os.environ:
        env["HOME"] = os.environ["HOME"]
    return env


def run(*command, data=None, check=True):
    """Run a tool quietly; its output, or an error that shows what it printed."""
    env = surroundings()
    if shutil.which(command[0], path=env["PATH"]) is None:
        raise Missing(command[0])
    stdin = {"stdin": subprocess.DEVNULL} if data is None else {"input": data}
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, **stdin)
    if check and done.returncode != 0:
        text = (done.stdout + done.stderr).decode(errors="replace")
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}\n{text}")
    return done.stdout


def make_ext4(path, tree, size, *options):
    """A file system of size bytes that holds the directory tree.

    The same tree gives the same bytes: label, UUID, hash seed and times are fixed.
    """
    with open(path, "wb") as f:
        f.truncate(size)
    extended = ["root_owner=0:0", "hash_seed=5f4dcc3b-5aa7-45d6-9d83-27deb882cf99"]
    plain = []
    for option in options:
        if option.startswith("-E"):
            extended.append(option[2:])
        else:
            plain.append(option)
    run("mke2fs", "-q", "-F", "-t", "ext4", "-L", "rootfs",
        "-U", "c5f5f0c4-7d49-4a8e-8f0e-2b6b3f6f7a01", "-d", tree,
        "-E", ",".join(extended), *plain, path)
