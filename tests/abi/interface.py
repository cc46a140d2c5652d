#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The public headers against the library.

usage: interface.py exports LIBRARY
       interface.py compile COMPILER...
       interface.py offsets|pin COMPILER...

exports: every exported symbol is declared in a public header and listed in the
map of the library, and the reverse. compile: every public header compiles alone;
COMPILER includes the language, as in "c++ -std=c++17". Exits 77 (skipped) where
it is missing. offsets: every member of a public structure stands where
offsets.txt says, on a machine with 64-bit pointers, and every value of an
enumeration is the number there. A program built against an older header relies
on each of these rows. pin: add the rows of what is new.
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HEADERS = sorted(glob.glob(os.path.join(TOP, "include", "stmboot", "*.h")))
MAP = os.path.join(TOP, "lib", "stmboot.map")
OFFSETS = os.path.join(TOP, "tests", "abi", "offsets.txt")
SKIPPED = 77


def declared():
    """Functions of the public headers."""
    found = set()
    for path in HEADERS:
        with open(path, encoding="utf-8") as f:
            text = re.sub(r"^#define.*$", "", f.read(), flags=re.M)
        found.update(re.findall(r"STMBOOT_API\b[^;]*?\b(stmboot_\w+)\s*\(", text))
    return found


def listed():
    """Functions in the map, which decides what is exported."""
    with open(MAP, encoding="utf-8") as f:
        return re.findall(r"^\t(\w+);$", f.read(), re.M)


def exported(library):
    """Symbols that a program can link to."""
    done = subprocess.run(["nm", "-D", "--defined-only", "--format=posix", library],
                          stdout=subprocess.PIPE, check=True)
    names = {line.split()[0].split("@")[0] for line in done.stdout.decode().splitlines()}
    return {name for name in names if not name.startswith("STMBOOT_")}


def exports(library):
    """Compare; 0 when all agree."""
    found, there, names = declared(), exported(library), listed()
    wrong = [f"{name} is declared, but the library does not have it" for name in found - there]
    wrong += [f"{name} is exported, but no public header declares it" for name in there - found]
    wrong += [f"{name} is not in the map" for name in found - set(names)]
    wrong += [f"{name} is in the map, but not declared" for name in set(names) - found]
    if names != sorted(set(names)):
        wrong.append("the names in the map are not sorted")
    print(*sorted(wrong), sep="\n")
    print(f"{len(found)} functions declared, {len(names)} in the map, {len(there)} exported")
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


def members():
    """The members of all public structures, as "structure.member", in their order."""
    found = []
    for path in HEADERS:
        with open(path, encoding="utf-8") as f:
            text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
        for structure in re.finditer(r"^struct stmboot_(\w+) \{\n(.*?)^\};", text, re.M | re.S):
            for member in structure[2].split(";")[:-1]:
                name = re.search(r"\(\*(\w+)\)|(\w+)(?:\[[^]]*\])*\s*$", member)
                found.append(f"{structure[1]}.{name[1] or name[2]}")
    return found


def values():
    """The names in all public enumerations, but for those that count the others."""
    found = []
    for path in HEADERS:
        with open(path, encoding="utf-8") as f:
            text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
        for body in re.findall(r"^enum stmboot_\w+ \{\n(.*?)^\};", text, re.M | re.S):
            found += re.findall(r"^\t(STMBOOT_\w+)", body, re.M)
    return [name for name in found if not name.endswith("_COUNT")]


def measured(compiler):
    """Where the members stand, as a program sees it that is built now; then the values."""
    rows = "".join('printf("%s %zu\\n", "{0}.{1}", offsetof(struct stmboot_{0}, {1}));\n'
                   .format(*name.split(".")) for name in members())
    rows += "".join(f'printf("%s %lld\\n", "{name}", (long long){name});\n' for name in values())
    text = ("#include <stddef.h>\n#include <stdio.h>\n#include <stmboot/stmboot.h>\n"
            "int main(void)\n{\nif (sizeof(void *) != 8) return 77;\n" + rows + "return 0;\n}\n")
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "offsets")
        subprocess.run([*compiler, "-I" + os.path.join(TOP, "include"), "-o", program, "-xc", "-"],
                       input=text.encode(), check=True)
        done = subprocess.run([program], stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)
    return [line.split() for line in done.stdout.decode().splitlines()]


def pinned():
    """Where they have to stand."""
    with open(OFFSETS, encoding="utf-8") as f:
        return dict(line.split() for line in f if not line.startswith("#"))


def offsets(*compiler):
    """Compare; 0 when all agree."""
    there, pins = dict(measured(compiler)), pinned()
    wrong = [f"{name} was {pins[name]}, and is {there.get(name, 'nowhere')}" for name in pins
             if there.get(name) != pins[name]]
    wrong += [f"{name} is not pinned: meson compile pin-offsets" for name in there.keys() - pins]
    print(*sorted(wrong), f"{len(there)} members and values", sep="\n")
    return 1 if wrong or not there else 0


def pin(*compiler):
    """Add what is new; what is there stays, whether right or wrong."""
    pins = pinned()
    rows = [(name, pins.pop(name, there)) for name, there in measured(compiler)]
    with open(OFFSETS, encoding="utf-8") as f:
        head = [line for line in f if line.startswith("#")]
    with open(OFFSETS, "w", encoding="utf-8") as f:
        f.writelines(head + [f"{name} {there}\n" for name, there in rows + list(pins.items())])
    return 0


COMMANDS = {"exports": exports, "compile": compile_alone, "offsets": offsets, "pin": pin}


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__.split("\n\n")[1])
    return COMMANDS[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
