#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The page of "inspect --html": what is on it, that it is sound and safe, and how it is written.

usage: page.py STMBOOT [TEST...]
"""

import base64
import glob
import hashlib
import json
import os
import re

import pages
import program
import recipe

CONF = """label first
  kernel /boot/none
label second
  kernel /boot/zImage
  devicetree /boot/stm32mp157c-dk2.dtb
  append root=/dev/mmcblk0p4 rootwait board=${board_name} x=${saved}y a-b -- single
  ipappend 1
default second
"""


class Case(program.Case):
    """What the tests ask of pages."""

    def page(self, image, *options):
        """The page of an image, looked through by pages.Page, and its JSON."""
        done = program.run("inspect", "--html", "-", *options, image)
        self.assertEqual((done.returncode, done.stderr), (0, b""), image)
        return pages.Page(done.stdout.decode())


class Soundness(Case):
    """What holds for every page."""

    def sound(self, page):
        """Whole, accessible, and without anything that is loaded or run."""
        self.assertEqual(page.problems, [])
        self.assertEqual(page.duplicates(), [])
        for link in page.links:
            self.assertRegex(link, r"\A#.")
            self.assertIn(link[1:], page.ids)
        self.assertEqual([page.count(name) for name in ("header", "nav", "main", "footer", "h1",
                                                        "style", "title")], [1] * 6 + [2])
        self.assertEqual(page.find("html")[0]["lang"], "en")
        self.policy(page)
        self.accessible(page)

    def policy(self, page):
        """One style element, which the content policy names by its hash, and nothing else."""
        css = page.style
        policy = next(meta["content"] for meta in page.find("meta")
                      if meta.get("http-equiv") == "Content-Security-Policy")
        digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
        self.assertEqual(policy, f"default-src 'none'; style-src 'sha256-{digest}'; "
                                 "base-uri 'none'; form-action 'none'")
        self.assertNotRegex(css, r"url\(|@import|@font-face|expression|</")
        self.assertNotRegex(page.text_of_tags, r"https?:|//|javascript:|data:")

    def accessible(self, page):
        """What a screen reader goes by."""
        levels = [int(tag[1]) for tag in page.order if re.fullmatch("h[1-6]", tag)]
        self.assertEqual(levels[0], 1)
        for before, after in zip(levels, levels[1:]):
            self.assertLessEqual(after, before + 1)
        for head in page.find("th"):
            self.assertIn(head.get("scope"), ("col", "row"))
        for section in page.find("section"):
            self.assertIn(section["aria-labelledby"], page.ids)
        for picture in page.find("svg"):
            if picture.get("aria-hidden") != "true":
                self.assertEqual(picture["role"], "img")
                for label in picture["aria-labelledby"].split():
                    self.assertIn(label, page.ids)
        self.assertEqual(page.links[0], "#content")

    def findings(self, page, said):
        """All that JSON says of each finding, and links to its stage and its place."""
        self.assertEqual(page.count("article"), len(said["findings"]))
        for number, finding in enumerate(said["findings"], 1):
            text = page.texts[f"finding-{number}"]
            for key in ("code", "severity", "found", "expected", "hint"):
                if finding[key] is not None:
                    self.assertIn(pages.plain(pages.escaped(finding[key]).replace("`", "")), text.replace("`", ""))
            message = pages.plain(pages.escaped(finding["message"]))
            self.assertIn(message[1:], text)
            links = page.links_in[f"finding-{number}"]
            self.assertIn("#stage-" + finding["stage"], links)
            self.assertIn(f"#finding-{number}", page.links_in["stage-" + finding["stage"]])
            places = [link for link in links if link.startswith("#region-")]
            if finding["partition"] is not None or finding["offset"] is not None:
                self.assertEqual(len(places), 1, finding)
            for place in places:
                self.assertIn(f"#finding-{number}", page.links_in[place[1:]])
                if finding["partition"]:
                    self.assertRegex(page.texts[place[1:]], rf"\ANumber {finding['partition']} ")

    def stages(self, page, said):
        """All eight, with what they took."""
        words = {"ok": "passed", "warning": "passed, with warnings", "error": "stops here",
                 "unreached": "not reached", "not-applicable": "nothing to decide"}
        for stage in said["boot"]["stages"]:
            text = page.texts["stage-" + stage["stage"]]
            self.assertIn(pages.plain(words[stage["status"]]), text)
            self.assertIn(pages.plain(pages.escaped(stage["summary"])), text)
            for key in ("path",):
                if stage[key] is not None and stage["status"] != "not-applicable":
                    self.assertIn(pages.escaped(stage[key]), text)

    def test_every_small_card(self):
        recipes = glob.glob(os.path.join(program.TOP, "tests", "golden", "recipes", "*.recipe"))
        self.assertGreater(len(recipes), 10)
        for path in recipes:
            name = os.path.basename(path)[:-len(".recipe")]
            with self.subTest(name):
                image = program.card(name, self.path(name + ".img"))
                said = program.inspect(image)
                page = self.page(image)
                self.sound(page)
                self.findings(page, said)
                self.stages(page, said)

    def test_the_same_image_gives_the_same_page(self):
        image = program.card("healthy", self.path("card.img"))
        self.assertEqual(self.page(image).text, self.page(image).text)
        self.assertNotIn(self.directory, self.page(image).text)


class Content(Case):
    """What a page tells."""

    def test_a_card_that_boots(self):
        page = self.page(program.card("healthy", self.path("card.img")))
        self.assertIn("This card boots.", page.text)
        self.assertEqual(page.titles, ["card.img boots.", "The image, to scale"])
        rows = [page.texts[f"region-{number}"] for number in range(1, 8)]
        for row, words in zip(rows, ("partition table", "fsbl1", "fsbl2", "ssbl", "rootfs", "gap",
                                     "backup table")):
            self.assertIn(words, row)
        self.assertIn("bootable", rows[4])
        self.assertRegex(rows[4], r"786432|768.KiB")
        self.assertRegex(rows[1], r"\d+.%")
        self.assertIn("GPT, second copy: ok", rows[6])
        self.assertIn("U-Boot 2023.01", page.texts["programs"])
        self.assertIn("STM32MP157C-DK2 Discovery Board", page.texts["tree"])
        self.assertIn("st,stm32mp157c-dk2", page.texts["tree"])
        self.assertIn("/boot/stm32mp157c-dk2.dtb", page.texts["tree"])
        self.assertRegex(page.texts["tree"], r"Size \d+")

    def test_a_card_that_does_not(self):
        page = self.page(program.card("both-fsbl-damaged", self.path("card.img")))
        self.assertRegex(pages.plain(page.texts["top"]),
                         r"This card does not boot\. It stops at rom, stage 1 of 8: ")
        self.assertEqual(page.titles[0], "card.img does not boot.")

    def test_the_words_of_the_command_line(self):
        page = self.page(program.configured(self.path("card.img"), CONF))
        words = [page.texts[f"word-{number}"] for number in range(1, 8)]
        expected = [("root=/dev/mmcblk0p4", "where the root file system is", "append, line 6"),
                    ("rootwait", "wait for the root device", "append, line 6"),
                    ("board=stm32mp157c-dk2", "${board_name} is set by U-Boot for this board"),
                    ("x=y", "append, line 6"), ("a-b", "append, line 6"),
                    ("single", "handed to init"),
                    ("ip=<NULL>", "added by U-Boot for ipappend, line 7")]
        for text, parts in zip(words, expected):
            for part in parts:
                self.assertIn(part, text)
        self.assertIn("#line-0-6", page.links_in["word-1"])
        self.assertIn("#line-0-7", page.links_in["word-7"])

    def test_words_of_the_environment(self):
        card = program.configured(self.path("card.img"), CONF.replace("  append", "#")
                                  .replace("  ipappend 1\n", ""), "saved-environment")
        self.environment(card, "bootargs=root=/dev/mmcblk0p4 rootwait")
        page = self.page(card)
        self.assertIn("bootargs of the saved environment", page.texts["word-1"])
        self.assertNotIn("#line", " ".join(page.links_in["word-1"]))

    def environment(self, card, variable):
        """Put another variable in the place of bootcmd."""
        import zlib
        with open(card, "r+b") as f:
            image = bytearray(f.read())
            at = image.index(b"bootcmd=load") - 5
            size = 0x2000
            data = variable.encode() + b"\0" * (size - 5 - len(variable))
            image[at:at + size] = (zlib.crc32(data).to_bytes(4, "little") + image[at + 4:at + 5] +
                                   data)
            f.seek(0)
            f.write(image)

    def test_the_configuration(self):
        page = self.page(program.configured(self.path("card.img"), CONF))
        lines = [page.texts[f"line-0-{number}"] for number in range(1, 9)]
        self.assertEqual([line.replace(" boots", "") for line in lines],
                         [line.strip() for line in CONF.splitlines()])
        self.assertEqual([number for number in range(1, 9)
                          if page.attributes[f"line-0-{number}"].get("class") == "boots"],
                         [3, 4, 5, 6, 7])
        self.assertEqual([line for line in lines if line.endswith(" boots")],
                         ["label second boots"])

    def test_includes_have_their_lines(self):
        image = self.path("card.img")
        lines = recipe.load("healthy")
        files = next(content for part in lines for content in part.below
                     if content.text.startswith("ext4"))
        conf = next(line for line in files.below if "extlinux.conf" in line.text)
        text = [line.text for line in conf.below]
        conf.below = [recipe.Line("| include /more", 0)]
        more = recipe.Line("file /more", 0)
        more.below = [recipe.Line(line, 0) for line in text]
        files.below.append(more)
        recipe.Builder(image).build(lines)
        page = self.page(image)
        self.assertIn("Included: /more", page.texts["config"])
        self.assertEqual(page.attributes["line-1-1"].get("class"), "boots")
        self.assertIn("#line-1-4", page.links_in["word-1"])

    def test_bare_parts(self):
        for name, verdict in (("bare-stm32", "This image boots."), ("bare-uimage", "This image ")):
            page = self.page(program.card(name, self.path(name)))
            self.assertIn("the whole image", page.texts["region-1"])
            self.assertIn(verdict, page.texts["top"])
            self.assertFalse({"config", "cmdline", "tree"} & set(page.ids))

    def test_deep_gives_the_release(self):
        image = program.card("healthy", self.path("card.img"))
        self.assertIn("--deep does", page_text := self.page(image).texts["programs"], page_text)
        self.assertIn("release not found", self.page(image, "--deep").texts["programs"])

    def test_a_long_configuration_is_cut(self):
        text = CONF + "# filler\n" * 3000
        page = self.page(program.configured(self.path("card.img"), text))
        self.assertIn("1008 more lines are not shown", page.texts["config"])
        self.assertEqual(len([name for name in page.ids if name.startswith("line-0-")]), 2000)


def renamed(line, text):
    """A line of a recipe with another text, and the same lines below it."""
    new = recipe.Line(text, 0)
    new.below = line.below
    return new


class Hostile(Case):
    """Names that would be more than text."""

    NAME = "<script>alert(1)</script>\"'&\N{RIGHT-TO-LEFT OVERRIDE}x"

    def hostile_card(self, path):
        """A card full of them."""
        lines = recipe.load("healthy")
        rootfs = next(part for part in lines if part.text.startswith("partition 4"))
        files = renamed(rootfs.below[0], "ext4 -L '<img/src=x>&'")
        lines[lines.index(rootfs)] = renamed(rootfs, "partition 4 '\"<b>&</table><!--'"
                                             " at=178 size=768K bootable")
        rootfs.below[0] = files
        conf = next(line for line in files.below if "extlinux.conf" in line.text)
        for line in conf.below:
            line.text = line.text.replace("label ", f"label {self.NAME}#AAAA ")
            line.text = line.text.replace("append ", "append <i>&BBBB '\"><img src=x onerror=y> ")
        conf.below.append(recipe.Line("|   </code></ol><script>alert(2)</script>", 0))
        for content in files.below:
            for line in content.below:
                line.text = line.text.replace("STMicroelectronics", "<script>'&amp;CCCC")
        recipe.Builder(path).build(lines)
        with open(path, "r+b") as f:
            image = f.read()
            for marker, raw in ((b"#AAAA", b"\xff\xc0\xaf\x1b["), (b"&BBBB", b"\xe2\x80\xae\x9b."),
                                (b";CCCC", b"\xc2\x9b\xd8\x9c\xfe")):
                self.assertIn(marker, image)
                image = image.replace(marker, raw)
            f.seek(0)
            f.write(image)

    def test_they_stay_text(self):
        plain = self.page(program.card("healthy", self.path("plain.img")))
        name = os.path.join(os.fsencode(self.directory), b"<script>\"'&\xff\xe2\x80\xae\x1b[2J.img")
        self.hostile_card(self.path("card.img"))
        os.rename(self.path("card.img"), name)
        page = self.page(name)
        Soundness.sound(self, page)
        self.assertLessEqual(set(page.order), set(plain.order) | {"article", "details", "summary",
                                                                  "em"})
        self.assertNotRegex(page.text, "[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e"
                                       "\u2060-\u206f\ufeff]")
        for part in (r"<script>", r"\xff\xc0\xaf\x1b[", r"\xe2\x80\xae", r"\x9b",
                     "<img/src=x>&", '"<b>&</table><!--', r"\xd8\x9c\xfe"):
            self.assertIn(part, page.shown)
        self.assertIn(r"<script>\"'&\xff\xe2\x80\xae\x1b[2J.img".replace("\\\"", "\""),
                      page.texts["top"])

    policy = Soundness.policy
    accessible = Soundness.accessible


class Writing(Case):
    """How it gets into its file."""

    def setUp(self):
        super().setUp()
        self.card = program.card("healthy", self.path("card.img"))

    def test_page_and_text(self):
        text = program.run("inspect", self.card).stdout
        done = program.run("inspect", "--html", self.path("page.html"), self.card)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, text, b""))
        with open(self.path("page.html"), "rb") as f:
            self.assertEqual(f.read(), program.run("inspect", "--html=-", self.card).stdout)
        self.assertEqual(sorted(os.listdir(self.directory)), ["card.img", "page.html"])

    def test_page_and_json(self):
        done = program.run("inspect", "--json", "--html", self.path("page.html"), self.card)
        self.assertEqual(json.loads(done.stdout)["schema"], "stmboot.inspect/1")
        self.assertTrue(os.path.exists(self.path("page.html")))

    def test_not_both_to_standard_output(self):
        done = program.run("inspect", "--json", "--html=-", self.card)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"cannot both go to standard output", done.stderr)
        self.assertEqual(json.loads(done.stdout)["schema"], "stmboot.error/1")

    def refused(self, path, *words):
        """Exit 2 with the name of the file, and nothing that was shown or left."""
        before = sorted(os.listdir(self.directory))
        done = program.run("inspect", "--html", path, self.card)
        self.assertEqual((done.returncode, done.stdout), (2, b""), done.stderr)
        for word in (path, *words):
            self.assertIn(word, done.stderr.decode())
        self.assertEqual(done.stderr.count(b"\n"), 1)
        self.assertEqual(sorted(os.listdir(self.directory)), before)

    def test_where_it_cannot_be_written(self):
        os.mkdir(self.path("folder"))
        os.mkfifo(self.path("pipe"))
        self.refused(self.path("folder"))
        self.refused(self.path("missing/page.html"))
        self.refused(self.path("pipe"), "pipe of that name")
        self.refused("/dev/full")
        self.refused("/proc/page.html")

    def test_not_over_the_image(self):
        with open(self.card, "rb") as f:
            before = f.read()
        self.refused(self.card, "that file is the image itself")
        os.link(self.card, self.path("link.html"))
        self.refused(self.path("link.html"), "that file is the image itself")
        with open(self.card, "rb") as f:
            self.assertEqual(f.read(), before)

    def test_a_refused_page_is_told_as_json_once(self):
        done = program.run("inspect", "--json", "--html", self.path("no/page.html"), self.card)
        said = json.loads(done.stdout)
        self.assertEqual((done.returncode, said["schema"]), (2, "stmboot.error/1"))
        self.assertIn(self.path("no/page.html"), said["message"])

    def test_an_older_page_stays_when_there_is_no_image(self):
        with open(self.path("page.html"), "w", encoding="utf-8") as f:
            f.write("older")
        with open(self.path("noise"), "wb") as f:
            f.write(b"\x55" * 5000)
        for image in (self.path("missing.img"), self.path("noise")):
            done = program.run("inspect", "--html", self.path("page.html"), image)
            self.assertEqual(done.returncode, 2)
        with open(self.path("page.html"), encoding="utf-8") as f:
            self.assertEqual(f.read(), "older")

    def test_an_older_page_is_replaced_whole(self):
        with open(self.path("page.html"), "w", encoding="utf-8") as f:
            f.write("older")
        kept = os.open(self.path("page.html"), os.O_RDONLY)
        self.addCleanup(os.close, kept)
        self.assertEqual(program.run("inspect", "--html", self.path("page.html"),
                                     self.card).returncode, 0)
        self.assertEqual(os.read(kept, 100), b"older")
        with open(self.path("page.html"), encoding="utf-8") as f:
            self.assertTrue(f.read().endswith("</html>\n"))

    def test_only_inspect_has_pages(self):
        done = program.run("check", "--html", self.path("page.html"), self.card)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"check has no option --html", done.stderr)


if __name__ == "__main__":
    program.main()
