#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The public headers say what a caller has to know.

usage: documented.py

Of every function: what it does, each parameter, what it returns; who owns what it
gives, and which statuses there are. Of every structure and enumeration: what it is.
Of a member that counts bytes, or is a place or a time, and does not say in its name
of what: the comment says it. What a format's header decodes has a specification.
"""

import glob
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HEADERS = sorted(glob.glob(os.path.join(TOP, "include", "stmboot", "*.h")))

FUNCTION = re.compile(r"^STMBOOT_API\b(?P<type>[^;()]*?)\b(?P<name>stmboot_\w+)\s*"
                      r"\((?P<parameters>[^;]*?)\)(?:\s*STMBOOT_PRINTF\([^)]*\))?;", re.M)
TYPE = re.compile(r"^(?P<kind>struct|enum) (?P<name>stmboot_\w+) \{\n(?P<body>.*?)^\};",
                  re.M | re.S)
MEMBER = re.compile(r"^\tu?int\d+_t (?P<name>\w+);|^\tsize_t (?P<other>\w+);", re.M)
# Names of members that do not say what they count, or from where.
BARE = {"address", "bytes", "end", "entry", "length", "load", "lba", "offset", "seconds", "size",
        "start", "time"}
OWNED = re.compile(r"\b(release|borrowed|static|as long as)\b", re.I)


def comment_before(text, place):
    """The comment that ends right before a place, without its stars; or ""."""
    before = text[:place].rstrip()
    if not before.endswith("*/"):
        return ""
    comment = before[before.rfind("/*"):]
    if not comment.startswith("/**") or comment.startswith("/**<"):
        return ""
    return re.sub(r"^\s*\* ?", "", comment[3:-2], flags=re.M).strip()


def split(parameters):
    """Parameters one by one: a comma inside brackets does not end one."""
    parts, depth = [""], 0
    for letter in "" if parameters.strip() == "void" else parameters:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [" ".join(part.split()) for part in parts if part.strip()]


def name_of(parameter):
    """The name that a parameter has."""
    found = re.search(r"\(\*(\w+)\)|(\w+)(?:\[[^]]*\])*$", parameter)
    return found[1] or found[2]


def tags(comment):
    """What it does; parameter to text; what it returns, or None."""
    does, *rest = re.split(r"^@", comment, flags=re.M)
    parameters = dict(re.match(r"param\s+(\w+)\s*(.*)", part, re.S).groups()
                      for part in rest if part.startswith("param"))
    returns = [part.removeprefix("return").strip() for part in rest if part.startswith("return")]
    return does.strip(), parameters, returns[0] if returns else None


def function(match, comment):
    """What the comment of a function leaves out."""
    returned = " ".join(re.sub(r"STMBOOT_\w+", "", match["type"]).split())
    does, said, returns = tags(comment)
    wanted = split(match["parameters"])
    if not does:
        yield "no word of what it does"
    for parameter in wanted:
        name = name_of(parameter)
        if not said.get(name):
            yield f"no @param {name}"
        elif "**" in parameter and not OWNED.search(said[name]):
            yield f"@param {name} does not say who owns what it becomes"
    for name in said.keys() - {name_of(parameter) for parameter in wanted}:
        yield f"@param {name}, which it does not have"
    if returned == "void":
        if returns is not None:
            yield "@return, but it returns nothing"
    elif not returns:
        yield "no @return"
    elif returned == "enum stmboot_status" and not re.match(r"STMBOOT_OK|as ", returns):
        yield "@return does not begin with a status"
    elif returned.endswith("*") and returns.split(";")[0] not in said and not OWNED.search(returns):
        yield "@return does not say who owns it"


def structure(match, comment):
    """What the comments of a type leave out."""
    if not comment:
        yield "no comment"
    body = match["body"]
    for member in MEMBER.finditer(body) if match["kind"] == "struct" else ():
        name = member["name"] or member["other"]
        line = body[member.end():].split("\n", 1)[0]
        if name in BARE and "/**<" not in line and not comment_before(body, member.start()):
            yield f"{name}: of what, from where?"


def header(path):
    """The names in a header, and what is wrong with their comments."""
    with open(path, encoding="utf-8") as f:
        text = re.sub(r"^#define.*$", "", f.read(), flags=re.M)
    names, wrong = [], []
    if not re.search(r"^/\*\*\n \* @file\n \* \S", text, re.M):
        wrong.append("no @file that says what it is about")
    for pattern, check in ((FUNCTION, function), (TYPE, structure)):
        for match in pattern.finditer(text):
            names.append(match["name"])
            comment = comment_before(text, match.start())
            wrong += [f"{match['name']}: {said}" for said in check(match, comment)]
            if re.search(r"_decode$", match["name"]) and not specified(text):
                wrong.append(f"{match['name']}: no specification in this header")
    return names, [f"{os.path.basename(path)}: {line}" for line in wrong]


def specified(text):
    """Whether a header names the program or the page that decides."""
    return re.search(r"U-Boot|TF-A|UEFI|Linux|Devicetree|DEN0118|ST wiki|\w+/\w+\.[ch]\b", text)


def main():
    names, wrong = [], []
    for path in HEADERS:
        there, said = header(path)
        names += there
        wrong += said
    print(*wrong, f"{len(names)} names in {len(HEADERS)} headers", sep="\n")
    return 1 if wrong or not names else 0


if __name__ == "__main__":
    sys.exit(main())
