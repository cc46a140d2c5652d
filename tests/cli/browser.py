#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The page of "inspect --html" in Chromium: its policy holds, its style applies, it asks for nothing.

usage: browser.py STMBOOT [TEST...]
"""

import json
import os
import shutil
import struct
import subprocess
import tempfile
import unittest
import zlib

import pages
import program

LIGHT, DARK = b"\xfb\xfa\xf7", b"\x14\x16\x1a"  # --paper of page.css
BROWSER = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
           "--hide-scrollbars", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND"]
EVIL = ("<img src='http://outside.example/image'><link rel=stylesheet href='http://outside.example/x'>"
        "<iframe src='http://outside.example/frame'></iframe>"
        "<script>document.title = 'ran'</script><img src=x onerror=\"document.title = 'ran'\">"
        "<p style='position: fixed; inset: 0; background: red'></p>"
        "<style>body { background: red !important }</style>")


def first_pixel(path):
    """The colour of the pixel at the top left of a PNG."""
    with open(path, "rb") as f:
        image = f.read()
    at, data = 8, b""
    while at < len(image):
        size, kind = struct.unpack_from(">I4s", image, at)
        if kind == b"IDAT":
            data += image[at + 8:at + 8 + size]
        at += 12 + size
    # no filter changes the first pixel of the first row
    return zlib.decompress(data)[1:4]


@unittest.skipUnless(shutil.which(BROWSER[0]), "chromium is not installed")
class Browser(unittest.TestCase):
    """Pages as a browser shows them."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.runs = 0

    def path(self, name):
        """A path in the directory."""
        return os.path.join(self.directory, name)

    def page(self, card):
        """The page of a small card, in a file."""
        path = self.path(card + ".html")
        done = program.run("inspect", "--html", path, program.card(card, self.path(card + ".img")))
        self.assertEqual(done.returncode, 0, done.stderr)
        return path

    def browse(self, page, *options):
        """What Chromium prints of a page, and the addresses that the page had it ask for."""
        self.runs += 1
        log = self.path(f"log{self.runs}.json")
        done = subprocess.run(BROWSER + ["--user-data-dir=" + self.path(f"profile{self.runs}"),
                                         "--log-net-log=" + log, *options, "file://" + page],
                              env=dict(os.environ, HOME=self.directory), check=True, timeout=110,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
        return done.stdout.decode(), self.asked(log)

    def asked(self, log):
        """Requests of Chromium's own are of no origin; those of a page are."""
        with open(log, encoding="utf-8") as f:
            said = json.load(f)
        start = said["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
        return [event["params"]["url"] for event in said["events"]
                if event["type"] == start and "url" in event.get("params", {}) and
                event["params"].get("initiator") != "not an origin"]

    def add(self, path, text, policy=True):
        """A page with more in it, also without its policy."""
        with open(path, encoding="utf-8") as f:
            page = f.read()
        if not policy:
            page = page.replace("Content-Security-Policy", "x")
        with open(path, "w", encoding="utf-8") as f:
            f.write(page.replace("</body>", text + "</body>"))
        return path

    def colour(self, page, *options):
        """That of the page's background."""
        self.browse(page, "--window-size=800,600", "--screenshot=" + self.path("page.png"), *options)
        return first_pixel(self.path("page.png"))

    def test_a_page_asks_for_nothing(self):
        for card in ("healthy", "hostile-names"):
            shown, asked = self.browse(self.page(card), "--dump-dom")
            self.assertEqual(asked, [])
            self.assertIn("</html>", shown)

    def test_what_is_shown_is_what_was_written(self):
        path = self.page("uboot-damaged")
        with open(path, encoding="utf-8") as f:
            written = pages.Page(f.read())
        shown = pages.Page(self.browse(path, "--dump-dom")[0].replace("<!DOCTYPE html>",
                                                                      "<!DOCTYPE html>\n"))
        self.assertEqual(shown.order, written.order)
        self.assertEqual(shown.ids, written.ids)
        self.assertEqual(shown.links, written.links)
        self.assertEqual(dict(shown.texts), dict(written.texts))

    def test_its_style_applies_in_light_and_dark(self):
        path = self.page("healthy")
        self.assertEqual(self.colour(path), LIGHT)
        self.assertEqual(self.colour(path, "--force-dark-mode"), DARK)

    def test_the_policy_keeps_out_what_an_image_might_bring(self):
        shown, asked = self.browse(self.add(self.page("healthy"), EVIL), "--dump-dom")
        self.assertEqual(asked, [])
        self.assertIn("<title>healthy.img boots.</title>", shown)
        self.assertEqual(self.colour(self.path("healthy.html")), LIGHT)

    def test_without_the_policy_it_would_come_in(self):
        path = self.add(self.page("healthy"), EVIL, policy=False)
        shown, asked = self.browse(path, "--dump-dom")
        self.assertIn("http://outside.example/image", asked)
        self.assertIn("<title>ran</title>", shown)
        self.assertEqual(self.colour(path), b"\xff\0\0")

    def test_a_phone_needs_not_scroll_sideways(self):
        path = self.add(self.page("uboot-damaged"),
                        "<script>document.title = document.documentElement.scrollWidth</script>",
                        policy=False)
        self.assertIn("<title>360</title>", self.narrow(path))

    def narrow(self, path):
        """What a page is in a window of 360 pixels: Chromium has none below 500, a frame has."""
        frame = self.path("frame.html")
        with open(path, encoding="utf-8") as f:
            inner = f.read().replace("&", "&amp;").replace('"', "&quot;")
        with open(frame, "w", encoding="utf-8") as f:
            f.write(f'<!DOCTYPE html><iframe width="360" height="800" frameborder="0" '
                    f'onload="document.title = this.contentDocument.title" srcdoc="{inner}">'
                    '</iframe>')
        return self.browse(frame, "--dump-dom")[0]


if __name__ == "__main__":
    program.main()
