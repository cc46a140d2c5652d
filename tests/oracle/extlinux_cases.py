# SPDX-License-Identifier: MIT
"""extlinux.conf files to show to U-Boot, by hand and generated, always the same."""

import random
import struct
from dataclasses import dataclass, field

SEED = 20230100
GENERATED = 260
NO_KERNEL = b"no kernel\n"


def flattened_tree(words, strings):
    """A device tree of a structure block and its strings."""
    structure = b"".join(words)
    reserve = bytes(16)
    at = 40 + len(reserve)
    total = at + len(structure) + len(strings)
    header = struct.pack(">10I", 0xD00DFEED, total, at, at + len(structure), 40, 17, 16, 0,
                         len(strings), len(structure))
    return header + reserve + structure + strings


def begin(name):
    """The start of a node."""
    data = name.encode() + b"\0"
    return struct.pack(">I", 1) + data + bytes(-len(data) % 4)


def prop(value, name_offset):
    """A property."""
    return struct.pack(">3I", 3, len(value), name_offset) + value + bytes(-len(value) % 4)


END_NODE, END = struct.pack(">I", 2), struct.pack(">I", 9)


TREE = flattened_tree([begin(""), prop(b"base\0", 0), begin("__symbols__"), END_NODE, END_NODE,
                       END], b"model\0")
COMMON_FILES = {
    "/k": NO_KERNEL, "/i": b"initrd\n", "/t.dtb": TREE, "/bad.dtb": b"no tree, but long enough" * 9,
    "/o.dtbo": TREE, "/n.dtbo": TREE, "/dts/stm32mp157c-dk2.dtb": TREE,
    "/dts/stm32mp-stm32mp1.dtb": TREE, "/dts/.dtb": TREE, "/inc": b"label i\nkernel /k\n",
    "/a name": NO_KERNEL, "/empty": b"",
}


@dataclass
class Case:
    """One file, what lies beside it, and what of the environment differs."""
    name: str
    text: bytes
    files: dict = field(default_factory=dict)
    environment: dict = field(default_factory=dict)
    patient: bool = False  # see that a menu waits indeed


def label(name, *lines):
    """A label with its lines."""
    return "".join([f"label {name}\n", *(line + "\n" for line in lines)])


TAIL = label("last", "kernel /k", "append last")
AB = label("a", "kernel /a0", "append A") + label("b", "kernel /b0") + \
    label("c", "kernel k", "append C")


def bodies():
    """Lines for a label, by what they show. Each is shown alone, with other labels behind it."""
    kernel = "kernel k"
    yield from {
        "all keywords": [kernel, "append x", "initrd /i", "fdt /t.dtb", "fdtoverlays /o.dtbo",
                         "kaslrseed", "ipappend 3"],
        "all aliases": ["linux k", "append x", "initrd /i", "devicetree /t.dtb",
                        "devicetree-overlay /o.dtbo /n.dtbo /none /o.dtbo"],
        "all capitals": ["KERNEL k", "APPEND X", "INITRD /i", "FdtDir /dts", "FDTOVERLAYS /o.dtbo"],
        "directory alias": [kernel, "devicetreedir /dts/", "fdtoverlays /o.dtbo"],
        "directory without slash": [kernel, "fdtdir /dts"],
        "missing directory": [kernel, "fdtdir /none", "fdtoverlays /o.dtbo", "append x"],
        "fdt and fdtdir": [kernel, "fdtdir /dts", "fdt /t.dtb"],
        "missing fdt": [kernel, "append set", "fdt /none.dtb", "fdtoverlays /o.dtbo"],
        "bad fdt": [kernel, "append set", "fdt /bad.dtb", "fdtoverlays /o.dtbo"],
        "empty kernel": ["kernel /empty", "append x"],
        "empty initrd": [kernel, "initrd /empty", "append x"],
        "empty fdt": [kernel, "append y", "fdt /empty", "append x"],
        "empty fdtdir": [kernel, "fdtdir /", "append x"],
        "ipappend hexadecimal in capitals": [kernel, "ipappend 0X3"],
        "ipappend hexadecimal letters": [kernel, "ipappend 0xfz"],
        "ipappend no hexadecimal": [kernel, "ipappend 0x", "append x"],
        "ipappend letters behind": [kernel, "ipappend 1a", "append x"],
        "ipappend octal": [kernel, "ipappend 03"],
        "ipappend negative": [kernel, "ipappend -1"],
        "ipappend negative hexadecimal": [kernel, "ipappend -0x2"],
        "ipappend with plus": [kernel, "ipappend +3", "append x"],
        "ipappend huge": [kernel, "ipappend 4294967297"],
        "ipappend huger": [kernel, "ipappend 99999999999999999999999"],
        "fdt dash": [kernel, "fdt -"],
        "fdtdir dash": [kernel, "fdtdir -"],
        "relative fdtdir": [kernel, "fdtdir ../../dts"],
        "overlay that fails": [kernel, "fdt /t.dtb", "fdtoverlays /n.dtbo /o.dtbo"],
        "overlays without fdt": [kernel, "fdtoverlays /o.dtbo"],
        "overlays and spaces": [kernel, "fdt /t.dtb", "fdtoverlays   /o.dtbo   /none   "],
        "overlays and tab": [kernel, "fdt /t.dtb", "fdtoverlays /o.dtbo\t/none"],
        "overlays tab at end": [kernel, "fdt /t.dtb", "fdtoverlays /o.dtbo\t"],
        "relative overlay": [kernel, "fdt /t.dtb", "fdtoverlays o.dtbo ../../o.dtbo"],
        "overlay bad": [kernel, "fdt /t.dtb", "fdtoverlays /bad.dtb /o.dtbo"],
        "missing initrd": [kernel, "initrd /none", "append x"],
        "relative kernel": ["kernel ./k", "append x"],
        "kernel dotdot": ["kernel ../../k", "append x"],
        "kernel slash behind": ["kernel /k/", "append x"],
        "kernel two slashes": ["kernel //k", "append x"],
        "kernel is a directory": ["kernel /c", "append x"],
        "kernel with a space": ["kernel /a name", "append x"],
        "kernel with trailing blank": ["kernel k ", "append x"],
        "kernel with trailing tab": ["kernel k\t", "append x"],
        "kernel case": ["kernel K", "append x"],
        "kernel twice": ["kernel /none", "kernel k", "append x"],
        "kernel and linux": ["kernel k", "linux /none", "append x"],
        "kernel quoted": ['kernel "k"'],
        "kernel backslash": ["kernel \\k"],
        "kernel variable": ["kernel ${one}"],
        "fit configuration": ["kernel k#conf-1", "append x"],
        "fit configurations": ["kernel k#conf-1#o1#o2", "append x"],
        "fit suffix with space": ["kernel k #conf", "append x"],
        "fit suffix stays": ["kernel k#one", "kernel k", "append x"],
        "fit same fdt": ["kernel k#conf", "fdt k#conf", "append x"],
        "fit same initrd": ["kernel k#conf", "initrd k#conf", "append x"],
        "fit alone": ["kernel k#", "append x"],
        "no kernel": ["append x"],
        "no kernel but initrd": ["initrd /i", "append x"],
        "nothing": [],
        "initrd twice": [kernel, "initrd /i", "initrd /none", "append x"],
        "fdt twice": [kernel, "fdt /t.dtb", "fdt /none", "append x"],
        "fdt and devicetree": [kernel, "fdt /t.dtb", "devicetree /none", "append x"],
        "fdtdir twice": [kernel, "fdtdir /dts", "devicetreedir /none", "append x"],
        "overlays twice": [kernel, "fdt /t.dtb", "fdtoverlays /o.dtbo", "fdtoverlays /none",
                           "append x"],
        "duplicate reads a keyword": [kernel, "initrd /i", "initrd append y", "append x"],
        "duplicate reads a label": [kernel, "initrd /i", "initrd label sub", "kernel k", "append s"],
        "duplicate reads kernel": [kernel, "fdt /t.dtb", "fdt kernel /none2", "append x"],
        "duplicate reads nothing": [kernel, "initrd /i", "initrd", "append x"],
        "duplicate reads a comment": [kernel, "initrd /i", "initrd # it", "append x"],
        "duplicate reads default": [kernel, "fdt /t.dtb", "fdt default last", "append x"],
        "append twice": [kernel, "append x", "append y"],
        "append then initrd": [kernel, "append a initrd=/i b", "initrd /none", "append x"],
        "initrd then append": [kernel, "initrd /i", "append initrd=/none x"],
        "initrd in append": [kernel, "append a initrd=/i b"],
        "initrd in append missing": [kernel, "append a initrd=/none b"],
        "initrd in append first": [kernel, "append initrd=/i b"],
        "initrd in append relative": [kernel, "append initrd=k b"],
        "rdinitrd": [kernel, "append rdinitrd=/i b"],
        "two initrd in append": [kernel, "append initrd=/i initrd=/none b"],
        "initrd then last in append": [kernel, "initrd /i", "append a initrd=/none"],
        "initrd before a tab": [kernel, "append initrd=/i\tb c"],
        "initrd empty in append": [kernel, "append initrd= b"],
        "initrd in capitals": [kernel, "append INITRD=/none"],
        "second append without initrd": [kernel, "append initrd=/i b", "append c"],
        "unknown word": [kernel, "say hi", "append x"],
        "unknown word first": ["text help", kernel, "endtext", "append x"],
        "unknown words": [kernel, "options x", "machine-id 1", "linux /none"],
        "timeout inside": [kernel, "timeout 0", "append x"],
        "default inside": [kernel, "default last", "append x"],
        "prompt inside": [kernel, "prompt 0", "append x"],
        "include inside": [kernel, "include /inc", "append x"],
        "fallback inside": [kernel, "fallback last", "append x"],
        "menu label": [kernel, "menu label A nice label", "append x"],
        "menu label twice": [kernel, "menu label one", "menu label two"],
        "menu default": [kernel, "menu default", "append x"],
        "menu default and words": [kernel, "menu default words", "append x"],
        "menu odd": [kernel, "menu separator", "append x"],
        "menu title inside": [kernel, "menu title T", "append x"],
        "menu label empty": [kernel, "menu label", "append x"],
        "menu label a comment": [kernel, "menu label # c", "append x"],
        "menu alone": [kernel, "menu", "append x"],
        "menu a comment": [kernel, "menu # c", "append x"],
        "menu swallows a blank line": [kernel, "menu", "", "append x"],
        "menu swallows a label": [kernel, "menu label", "label lost", "append x"],
        "localboot": [kernel, "append x", "localboot 1"],
        "localboot zero": ["localboot 0"],
        "localboot negative": ["localboot -1", "append x"],
        "localboot words": ["localboot now", kernel],
        "ipappend 1": [kernel, "ipappend 1"],
        "ipappend 2": [kernel, "ipappend 2", "append x"],
        "ipappend 3": [kernel, "ipappend 3", "append x"],
        "ipappend 4": [kernel, "ipappend 4"],
        "ipappend hexadecimal": [kernel, "ipappend 0x3"],
        "ipappend a word": [kernel, "ipappend x"],
        "ipappend and blank": [kernel, "ipappend 1 "],
        "kaslrseed": [kernel, "kaslrseed", "fdt /t.dtb", "append x"],
        "kaslrseed and a value": [kernel, "kaslrseed on", "append x"],
        "comments": ["# one", kernel + " # kept", "#append y", "append x # kept"],
        "comment as a value": [kernel, "append #x"],
        "hash in a value": ["kernel k", "append a#b #c"],
        "indented": ["\t  kernel\t \tk", "  append   x  y  "],
        "blank lines": ["", kernel, "   ", "\t", "append x", ""],
        "keyword sticks": ["kernelk", "append x"],
        "keyword and equals": ["kernel=k", "append x"],
        "quoted keyword": ['"kernel" k', "append x"],
        "form feed": [kernel, "append\fx"],
        "form feed behind": [kernel, "append\f x"],
        "vertical tab": ["\vkernel k", "append x"],
        "no-break space": [kernel, "append\xa0x"],
        "utf-8": [kernel, "append caf\xc3\xa9"],
        "carriage return alone": [kernel, "\r", "append x"],
        "control character": [kernel, "append a\x01b\x1bc"],
        "delete": [kernel, "append a\x7fb"],
        "long path": ["kernel " + "d/" * 248 + "k"],
        "path of 511": ["kernel /" + "d" * 510],
        "path of 512": ["kernel /" + "d" * 511],
        "path of 513": ["kernel /" + "d" * 512],
        "relative path of 512": ["kernel " + "d" * 504],
        "relative path of 513": ["kernel " + "d" * 505],
        "overlay path too long": [kernel, "fdt /t.dtb", "fdtoverlays /" + "d" * 512 + " /o.dtbo"],
        "fdtdir path too long": [kernel, "fdtdir /" + "d" * 500, "append x"],
    }.items()


EXPANSIONS = [
    "${one}", "$(one)", "${one)", "$(one}", "a${one}b${two}c", "${none}", "x${none}y", "${none}",
    "$one", "$", "a$", "$$", "$${one}", "$$$", "${one", "a ${one b", "${}", "$()", "${ one}",
    "'${one}'", "a'b'c", "'a b", "'", "''", "a'\\'b'c", '"${one}"', '"a b"', "\\", "\\\\",
    "\\\\\\", "\\\\\\\\", "a\\", "\\${one}", "\\\\${one}", "\\\\\\${one}", "\\'a\\'", "\\\\'a'",
    '\\"', "a\\nb", "\\$one", "$\\{one}", "$\\one", "${o\\ne}", "'\\${one}'", "'a\\\\b'", "${raw}",
    "${two}", "${quote}x'y'", "${one}'${one}'${one}", "$ {one}", "$'x'", "$'", "${one}$",
    "root=PARTUUID=${distro_bootpart_uuid} rw", "console=ttySTM0,115200", "${one}}", "{one}",
    "a$(two)$(none)b", "'a''b'", "\\\\\\'a'", "$#", "a;b&c|d", "a&&b", "`a`", "%s%d%n", "${fdtfile}",
    "$\\$ {one}", "\\ a", "${a'b}", "'a$'", "'a'$", "${bootargs} more", "~*?[]", "\\t'x\\'",
    "'a\\\\'b'${one}",
]

TOPS = {
    "nothing": "", "a comment": "# no label\n", "one line feed": "\n", "one byte": "x",
    "no label": "default a\ntimeout 10\n", "no label but a menu": "menu title x\n",
    "no label and a default": "default a\nmenu title x\n", "file order": AB,
    "default first": "default a\n" + AB, "default second": "default b\n" + AB,
    "default last": AB + "default c\n", "default twice": "default a\ndefault c\n" + AB,
    "ontimeout": "ontimeout b\n" + AB, "ontimeout and default": "ontimeout b\ndefault c\n" + AB,
    "default and ontimeout": "default b\nontimeout c\n" + AB, "default unknown": "default z\n" + AB,
    "default other case": "default B\n" + AB, "default and a blank": "default b \n" + AB,
    "default two blanks": "default  b\n" + AB, "DEFAULT": "DEFAULT b\n" + AB,
    "default a number": "default 2\n" + AB, "fallback": "fallback b\n" + AB,
    "default a comment": AB + "say x\nlabel d #x\nkernel /k\ndefault d #x\n",
    "same names": AB + label("a", "kernel k", "append second") + "default a\n",
    "menu default": label("a", "kernel /1") + label("b", "menu default", "kernel /2"),
    "menu default twice": label("a", "menu default", "kernel /1") +
                          label("b", "menu default", "kernel /2"),
    "default over menu default": "default a\n" + label("a", "kernel /1") +
                                 label("b", "menu default", "kernel /2"),
    "menu default then default": label("a", "kernel /1") +
                                 label("b", "menu default", "kernel /2") + "default a\n",
    "unknown words": "say x\nserial 0\nui menu.c32\nconsole 0\n" + AB,
    "label words first": "kernel /k\nappend global\ninitrd /i\nfdt\n" + AB,
    "label words behind a top word": AB + "timeout 0\nkernel /none\nappend lost\n",
    "localboot is chosen": "default l\n" + label("l", "localboot 1", "append x") + AB,
    "localboot in order": label("l", "localboot 1", "append x") + AB,
    "localboot among": AB + label("l", "localboot 0", "append x") + TAIL,
    "localboot below zero chosen": "default l\n" + label("l", "localboot -1") + AB,
    "label and blanks": "label  a b \nkernel k\n", "label and hash": "label a#b\nkernel k\n",
    "label empty": "label\nkernel k\n", "label a comment": "label # x\nkernel k\n" + AB,
    "label empty later": AB + "label\n", "label quoted": 'label "a"\nkernel k\ndefault a\n',
    "label a keyword": label("label", "kernel k") + label("kernel", "kernel k"),
    "LABEL": "LABEL Upper\n\tKERNEL k\nDefault Upper\n",
    "kernel empty": AB + label("z", "kernel"), "kernel only blanks": AB + label("z", "kernel  \t"),
    "initrd empty": AB + label("z", "initrd"), "fdt empty": AB + label("z", "fdt #"),
    "fdtdir empty": AB + label("z", "fdtdir"), "overlays empty": AB + label("z", "fdtoverlays"),
    "localboot empty": AB + label("z", "localboot"), "ipappend empty": AB + label("z", "ipappend"),
    "append empty after append": AB + label("z", "append x", "append"),
    "append empty after initrd": AB + label("z", "initrd /i", "append"),
    "append empty": AB + label("z", "append", "kernel k"),
    "append a comment": AB + label("z", "append # x", "kernel k"),
    "timeout empty": AB + "timeout\n", "include empty": AB + "include\n",
    "default empty": AB + "default\n", "default empty after default": "default a\ndefault\n" + AB,
    "ontimeout empty": "ontimeout # x\n" + AB,
    "title empty": AB + "menu title\n", "background empty": AB + "menu background\n",
    "menu include empty": AB + "menu include\n",
    "initrd last": label("z", "append a initrd=/i") + AB,
    "initrd last elsewhere": "default a\n" + AB + label("z", "kernel k", "append xinitrd="),
    "menu at the end": AB + "menu", "menu label at the end": AB + "menu label",
    "menu label and blank at the end": AB + "menu label  ",
    "prompt": "prompt 1\n" + AB, "prompt empty": "prompt\n" + AB, "prompt 0": "prompt 0\n" + AB,
    "prompt at the end": AB + "prompt", "prompt and timeout": "prompt 1\ntimeout 10\n" + AB,
    "timeout without menu": "timeout 50\n" + AB, "title outside menu": "title x\n" + AB,
    "background outside menu": "background x\n" + AB,
    "crlf": AB.replace("\n", "\r\n"), "crlf and default": ("default b\n" + AB).replace("\n", "\r\n"),
    "crlf and blank lines": AB.replace("\nlabel", "\n\nlabel").replace("\n", "\r\n"),
    "cr only": AB.replace("\n", "\r"), "bom": "\xef\xbb\xbf" + AB,
    "bom and default": "\xef\xbb\xbfdefault b\n" + AB, "bom and a line": "\xef\xbb\xbf\n" + AB,
    "no final line feed": AB[:-1], "no final line feed after keyword": AB + "label z\nkernel",
    "no final line feed after label": AB + "label", "no final line feed, comment": AB + "# x",
    "no final line feed, kaslrseed": AB + "kaslrseed",
    "no final line feed, default": AB + "default c", "only a label": "label a",
    "no final line feed, unknown": AB + "say", "nul first": "\0" + AB, "nul last": AB + "\0",
    "nul between": AB + "\0" + TAIL, "nul in a value": "label a\nkernel /k\0x\n" + AB,
    "nul in a keyword": AB + "lab\0el z\nkernel k\n", "nul after a line": "default b\n\0" + AB,
    "comment without end": "# " + "x" * 3000 + "\n" + AB, "long unknown": "x" * 400 + "\n" + AB,
    "many labels": "".join(label(f"l{i}", f"kernel /{i}") for i in range(60)),
    "title in order": "menu title T\ntimeout -30\n" + AB,
    "fdtdir after a tree": label("a", "kernel k", "fdt /t.dtb") +
                           label("b", "kernel k", "fdtdir /none", "fdtoverlays /o.dtbo"),
    "fdtdir after a spoilt tree": label("a", "kernel k", "fdt /t.dtb", "fdtoverlays /n.dtbo") +
                                  label("b", "kernel k", "fdtdir /none", "fdtoverlays /o.dtbo"),
    "fdtdir after a bad tree": label("a", "kernel k", "fdt /bad.dtb") +
                               label("b", "kernel k", "fdtdir /none", "fdtoverlays /o.dtbo"),
    "bootargs of another label": label("a", "kernel k", "append A") + label("b", "kernel k"),
    "bootargs deleted": label("a", "kernel k", "append A") + label("b", "kernel k", "append ${no}"),
}

MENUS = {
    "for ever": "menu title T\n", "timeout 0": "menu title T\ntimeout 0\n",
    "timeout 1": "menu title T\ntimeout 1\n", "timeout 10": "menu title T\ntimeout 10\ndefault b\n",
    "timeout 11": "timeout 11\nmenu title T\n", "timeout 600": "menu title T\ntimeout 600\n",
    "timeout 600 and default": "menu title T\ntimeout 600\ndefault b\n",
    "timeout -1": "menu title T\ntimeout -1\n", "timeout -18": "menu title T\ntimeout -18\n",
    "timeout -19": "menu title T\ntimeout -19\n", "timeout -100": "menu x\ntimeout -100\ndefault c\n",
    "timeout abc": "menu x\ntimeout abc\n", "timeout 0x10": "menu x\ntimeout 0x10\n",
    "timeout +5": "menu x\ntimeout +5\n", "timeout 5s": "menu x\ntimeout 5s\n",
    "timeout twice": "menu x\ntimeout 900\ntimeout 5\n", "timeout 010": "menu x\ntimeout 010\n",
    "timeout with blanks": "menu x\ntimeout \t 5 \n", "timeout --5": "menu x\ntimeout --5\n",
    "malformed": "menu color sel\n", "default": "menu title T\ndefault b\n",
    "alone": "menu\n# lost\n", "alone swallows": "menu\ndefault b\n", "title twice":
    "menu title A\nmenu title B\ndefault a\n", "background": "menu background /none\ndefault c\n",
    "MENU TITLE": "MENU TITLE Loud\n", "prompt 0 behind": "menu title T\nprompt 0\ndefault c\n",
    "prompt 0 before": "prompt 0\nmenu title T\ndefault c\n", "comment": "menu # c\n#\ndefault a\n",
    "include": "menu include /inc\ndefault i\n", "unknown default": "menu title T\ndefault zz\n",
    "menu label outside": "menu label x\ndefault b\n", "menu default outside": "menu default\n",
    "resolution": "menu resolution 800 600\ntimeout 5\ndefault c\n", "hidden": "MENU HIDDEN\n",
}


def include_cases():
    """Files that include others; each length modulo 4 of the parent."""
    inner = b"label i\nkernel /k\nappend inner\n"
    for word in ("include", "menu include"):
        for pad in range(4):
            for cut in (0, 1):
                text = f"{word} inc.conf\n" + AB + "#" * pad + "\n"
                yield Case(f"{word}, {pad} more bytes, cut {cut}",
                           text.encode()[:len(text) - cut] + b"", {"inc.conf": inner})
                text = AB + "#" * pad + f"\n{word} inc.conf\n"
                yield Case(f"{word} last, {pad} more bytes, cut {cut}",
                           text.encode()[:len(text) - cut], {"inc.conf": inner})
    plain = "# odd\ninclude {}\n" + AB
    for name, path, files in (
            ("missing", "none.conf", {}), ("a directory", "/c", {}), ("absolute", "/inc", {}),
            ("of itself", "extlinux.conf", {}), ("empty", "e", {"e": b""}),
            ("with a comment only", "e", {"e": b"# x"}), ("rejected", "e", {"e": b"label\n"}),
            ("with a line not ended", "e", {"e": b"label x\nkernel /x"}),
            ("with nul", "e", {"e": b"label x\nkernel /x\n\0label y\n"}),
            ("nested", "e", {"e": b"include f\nlabel e\nkernel /e\n", "f": inner}),
            ("nested twice", "e", {"e": b"include f\ninclude f\nlabel e\nkernel /e\n", "f": inner}),
            ("into a label", "e", {"e": b"append lost\nlabel e\nkernel /e\n"}),
            ("in a directory below", "s/e", {"s/e": b"include e\n", "e": inner}),
            ("default", "e", {"e": b"default c\nmenu title T\n"}),
            ("too long a path", "/" + "d" * 512, {}), ("trailing blank", "e ", {"e": inner}),
            ("sixteen deep", "e0", {f"e{i}": f"include e{i + 1}\n#".encode() for i in range(14)} |
             {"e14": inner}),
            ("seventeen deep", "e0", {f"e{i}": f"include e{i + 1}\n#".encode() for i in range(15)} |
             {"e15": inner})):
        for pad in ("", "#\n", "##\n"):
            if pad == "" or len(files) == 1:
                yield Case(f"include {name} {len(pad)}", (plain.format(path) + pad).encode(), files)


def append_cases():
    """Expansions, and lengths around the limits."""
    for text in EXPANSIONS:
        yield Case("append " + text, (label("a", "kernel k", "append " + text) + TAIL[:-13]).encode())
    for length in (255, 509, 510, 511, 512, 513, 1022, 1023, 1024, 1025, 2000):
        for kind, unit in (("plain", "x"), ("words", "ab "), ("quoted", "'a"), ("back", "\\y")):
            text = ("z" + unit * length)[:length - 1] + "e"
            yield Case(f"append of {length} {kind}",
                       label("a", "kernel k", "append " + text).encode())
    for before in (500, 505, 506, 507, 508, 509, 510):
        for tail in ("${one}", "${long}", "$", "\\x", "'"):
            text = "x" * (before - len(tail)) + tail
            yield Case(f"append of {before} and {tail}",
                       label("a", "kernel k", "append " + text).encode(),
                       environment={"long": "L" * 40})
    for length in (470, 480, 481, 482, 483, 484, 485, 500, 512):
        yield Case(f"append of {length} and ipappend",
                   label("a", "kernel k", "append " + "x" * length, "ipappend 1").encode())
        yield Case(f"localboot and append of {length}",
                   label("a", "localboot 1", "append " + "x" * (length + 25)).encode(),
                   environment={"localcmd": "echo LOCAL"})


def environment_cases():
    """Labels in other environments."""
    for name, body in (("localboot", ["localboot 0", "append local ${one}"]),
                       ("localboot minus", ["localboot -1", "append x"]),
                       ("localboot alone", ["localboot 1", "kernel k"]),
                       ("localboot empties", ["localboot 1", "append ${none}"])):
        for top in ("", "default a\n"):
            yield Case(f"localcmd, {name}, {top}", (top + label("a", *body) + TAIL).encode(),
                       environment={"localcmd": "echo LOCAL"})
    for environment in ({"fdtfile": None}, {"fdtfile": None, "soc": None},
                        {"fdtfile": None, "board": None}, {"fdtfile": "st/x.dtb"},
                        {"fdtfile": None, "board": None, "soc": None}, {"fdtfile": "/t.dtb"}):
        text = label("a", "kernel k", "fdtdir /dts/", "fdtoverlays /o.dtbo") + TAIL
        yield Case(f"fdtdir with {environment}", text.encode(), environment=environment)
        yield Case(f"short fdtdir with {environment}", text.replace("/dts/", "/").encode(),
                   environment=environment)
    addresses = {"ipaddr": "10.0.0.2", "serverip": "10.0.0.1", "gatewayip": "10.0.0.3",
                 "netmask": "255.0.0.0"}
    for kept in (4, 2, 1):
        text = label("a", "kernel k", "append x", "ipappend 3")
        yield Case(f"ipappend with {kept} variables", text.encode(),
                   environment=dict(list(addresses.items())[:kept]))


WORDS = ["label", "kernel", "linux", "append", "initrd", "fdt", "devicetree", "fdtdir",
         "devicetreedir", "fdtoverlays", "devicetree-overlay", "localboot", "ipappend",
         "kaslrseed", "menu label", "menu default", "menu title", "menu", "include", "default",
         "ontimeout", "fallback", "timeout", "prompt", "say", "xyz", "", "#"]
WEIGHTS = [14, 14, 4, 14, 5, 4, 1, 4, 1, 3, 1, 1, 1, 1, 3, 2, 1, 1, 2, 2, 1, 1, 1, 1, 1, 1, 5, 3]
VALUES = {
    "kernel": ["k", "/k", "/none", "k#c", "../../k", "/k ", "K", "/none/k"],
    "initrd": ["/i", "/none", "k", "append y", "label z"],
    "fdt": ["/t.dtb", "/none", "/bad.dtb", "-", "k"], "fdtdir": ["/dts", "/dts/", "/none", "-"],
    "fdtoverlays": ["/o.dtbo", "/o.dtbo /n.dtbo", "/none /o.dtbo", "/n.dtbo /o.dtbo", "k"],
    "label": ["a", "b", "c", "A", "a b", "a ", "d#e"], "include": ["e", "/inc", "f", "none"],
    "timeout": ["0", "-30", "600", "x"], "localboot": ["0", "1", "-1"], "ipappend": ["0", "1", "3"],
    "menu label": ["Some text", "x"], "menu default": [""], "kaslrseed": ["", "x"], "": [""],
    "menu": ["color x", "title T", "include e"], "#": ["kernel k", ""],
}
ALIASES = {"linux": "kernel", "devicetree": "fdt", "devicetreedir": "fdtdir",
           "devicetree-overlay": "fdtoverlays", "default": "label", "ontimeout": "label"}
BYTES = ["'", '"', "\\", "$", "${one}", "$(two)", "#", "\t", "\r", "\xa0", "\xff", "${", ")", "}",
         "initrd=/i ", " ", "\v", "\f", "\x01"]


def random_value(rng, word):
    """A value for a word, seldom none."""
    if rng.random() < 0.006:
        return rng.choice(["", "  ", "# x"])
    if word == "append":
        count = rng.randrange(1, 9)
        return "".join(rng.choice(BYTES) if rng.random() < 0.4 else rng.choice(["ab", "c ", "x=1 "])
                       for _ in range(count)) + "e"
    return rng.choice(VALUES.get(ALIASES.get(word, word), ["1", "x"]))


def random_line(rng):
    """One line."""
    word = rng.choices(WORDS, WEIGHTS)[0]
    value = random_value(rng, word)
    if rng.random() < 0.1:
        word = "".join(rng.choice((c.upper(), c)) for c in word)
    blank = rng.choice([" "] * 12 + ["\t", "  ", " \t", "\v", "\f ", "\xa0"])
    end = "\r\n" if rng.random() < 0.02 else "\n"
    return rng.choice(["", "", "  ", "\t"]) + word + blank + value + end


def generated_cases():
    """Files of random lines."""
    rng = random.Random(SEED)
    for number in range(GENERATED):
        text = "".join(random_line(rng) for _ in range(rng.randrange(4, 26)))
        if rng.random() < 0.25:
            text = text[:-1]
        inner = "".join(random_line(rng) for _ in range(rng.randrange(1, 7)))
        inner = inner.replace("include", "label")
        yield Case(f"generated {number}", text.encode("latin-1"),
                   {"e": inner.encode("latin-1"), "f": b"label f\nkernel k\nappend f\n"})


def all_cases():
    """Every case; the place in the list is its number."""
    cases = [Case(name, text.encode("latin-1")) for name, text in TOPS.items()]
    for name, lines in bodies():
        text = label("a", *lines) + TAIL
        cases.append(Case(name, text.encode("latin-1")))
    for name, text in MENUS.items():
        cases.append(Case("menu " + name, (text + AB).encode(),
                          patient=name in ("for ever", "timeout -18", "timeout abc")))
    for more in (include_cases, append_cases, environment_cases, generated_cases):
        cases.extend(more())
    return cases
