#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The public headers against the library.

usage: interface.py exports LIBRARY
       interface.py compile COMPILER...

exports: every exported symbol is declared and documented in a public header,
and the reverse. compile: every public header compiles alone; COMPILER includes
the language, as in "c++ -std=c++17". Exits 77 (skipped) where it is missing.
"""

import glob
import os
import re
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HEADERS = sorted(glob.glob(os.path.join(TOP, "include", "stmboot", "*.h")))
SKIPPED = 77


def declared():
    """Functions of the public headers: name to whether it has a comment of its own."""
    found = {}
    for path in HEADERS:
        with open(path, encoding="utf-8") as f:
            text = f.read()
        text = re.sub(r"^#define.*$", "", text, flags=re.M)
        for match in re.finditer(r"STMBOOT_API\b[^;]*?\b(stmboot_\w+)\s*\(", text):
            before = text[:match.start()].rstrip()
            comment = before[before.rfind("/*"):]
            found[match.group(1)] = before.endswith("*/") and comment.startswith("/**")
    return found


def exported(library):
    """Symbols that a program can link to."""
    done = subprocess.run(["nm", "-D", "--defined-only", "--format=posix", library],
                          stdout=subprocess.PIPE, check=True)
    names = {line.split()[0].split("@")[0] for line in done.stdout.decode().splitlines()}
    return {name for name in names if not name.startswith("STMBOOT_")}


def exports(library):
    """Compare; 0 when all agree."""
    found, there = declared(), exported(library)
    wrong = [f"{name} is declared, but the library does not have it" for name in found
             if name not in there]
    wrong += [f"{name} is exported, but no public header declares it" for name in there
              if name not in found]
    wrong += [f"{name} has no comment in its header" for name, said in found.items() if not said]
    print(*sorted(wrong), sep="\n")
    print(f"{len(found)} functions declared, {len(there)} exported")
    return 1 if wrong or not found else 0


def compile_alone(*compiler):
    """Compile a file that includes nothing but one header, for each; then all in one."""
    if shutil.which(compiler[0]) is None:
        return SKIPPED
    status = 0
    for lines in [[path] for path in HEADERS] + [HEADERS * 2]:
        text = "".join(f"#include <stmboot/{os.path.basename(path)}>\n" for path in lines)
        done = subprocess.run([*compiler, "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic",
                               "-Werror", "-I" + os.path.join(TOP, "include"), "-"],
                              input=text.encode(), check=False)
        status |= done.returncode != 0
    return status


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("exports", "compile"):
        sys.exit(__doc__.split("\n\n")[1])
    return (exports if sys.argv[1] == "exports" else compile_alone)(*sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
