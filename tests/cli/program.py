# SPDX-License-Identifier: MIT
"""Running stmboot, and small cards to run it on."""

import json
import os
import shlex
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(TOP, "tests", "support"), os.path.join(TOP, "tests", "golden")]

import recipe  # noqa: E402
import tools  # noqa: E402

stmboot = None


_state = None


def state_directory():
    """Where this run keeps undo records; never the user's own."""
    global _state
    if _state is None:
        _state = tempfile.TemporaryDirectory(prefix="stmboot-state-")
    return _state.name


class Case(unittest.TestCase):
    """A directory of its own for each test."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, name):
        """A path in the directory of the test."""
        return os.path.join(self.directory, name)


def run(*arguments, env=None, under=(), **options):
    """Run stmboot, also under a command; the process with bytes in stdout and stderr."""
    prefix = list(under) + shlex.split(os.environ.get("STMBOOT_RUN_UNDER", ""))
    surroundings = {key: value for key, value in os.environ.items()
                    if key not in ("NO_COLOR", "TERM")}
    surroundings.update(LC_ALL="C.UTF-8", STMBOOT_STATE_DIR=state_directory())
    surroundings.update(env or {})
    if "strace" in under:  # the sanitizer of leaks traces, too; and no file of who counts lines
        surroundings["ASAN_OPTIONS"] = surroundings.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        surroundings["LLVM_PROFILE_FILE"] = os.devnull
    for name in ("stdout", "stderr"):
        options.setdefault(name, subprocess.PIPE)
    return subprocess.run(prefix + [stmboot, *arguments], env=surroundings,
                          stdin=subprocess.DEVNULL, check=False, timeout=60, **options)


def inspect(path):
    """The object of "inspect --json"."""
    done = run("inspect", "--json", path)
    if done.returncode != 0:
        raise AssertionError(f"exit {done.returncode}: {done.stderr.decode()}")
    return json.loads(done.stdout)


def schema(name):
    """An installed schema, as a validator."""
    import jsonschema
    with open(os.path.join(TOP, "lib", "schema", name + ".schema.json"), encoding="utf-8") as f:
        return jsonschema.Draft202012Validator(json.load(f))


def card(name, path):
    """Build the card of a golden recipe, or skip where a tool is missing."""
    try:
        recipe.build(name, path)
    except tools.Missing as e:
        raise unittest.SkipTest(f"{e} is not installed") from e
    return path


def configured(path, text, name="healthy"):
    """Build the card of a golden recipe with another extlinux.conf."""
    lines = recipe.load(name)
    place = next(line for part in lines for content in part.below for line in content.below
                 if line.text.startswith("file /boot/extlinux/extlinux.conf"))
    place.below = [recipe.Line("| " + line, 0) for line in text.splitlines()]
    try:
        recipe.Builder(path).build(lines)
    except tools.Missing as e:
        raise unittest.SkipTest(f"{e} is not installed") from e
    return path


def main():
    """Run the tests of the calling script: SCRIPT STMBOOT [TEST...]."""
    global stmboot
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} STMBOOT [TEST...]")
    # The scripts import this module by its name; it may be running as another.
    stmboot = os.path.abspath(sys.argv.pop(1))
    result = unittest.main(module="__main__", exit=False, verbosity=1).result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(tools.SKIPPED if result.skipped else 0)
