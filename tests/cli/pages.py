# SPDX-License-Identifier: MIT
"""Reading a page of "inspect --html" as a strict reader would."""

import collections
import html.parser

VOID = {"meta", "br", "hr", "rect", "path", "link", "img", "input"}
SVG_LEAVES = {"rect", "path"}


def plain(text):
    """A text with each run of blanks as one."""
    return " ".join(text.replace("\N{NO-BREAK SPACE}", " ").split())


def escaped(text):
    """What stmboot_escape() makes of valid text without control characters."""
    return text.replace("\\", "\\\\")


class Page(html.parser.HTMLParser):
    """A page: its elements, what they hold, and what is wrong with how they are nested."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.text = text
        self.problems = []
        self.order = []                                  # names of elements, as they begin
        self.ids = []
        self.links = []
        self.attributes = {}                             # of what has an id
        self.texts = collections.defaultdict(str)        # likewise; "top" is the header
        self.links_in = collections.defaultdict(list)
        self.elements = collections.defaultdict(list)    # attributes, by name
        self.titles = []
        self.style = ""
        self.shown = ""
        self.text_of_tags = ""                           # all values of attributes but of the policy
        self._open = []                                  # (name, id)
        self.feed(text)
        self.close()
        if self._open:
            self.problems.append(f"never closed: {self._open}")
        for name in self.texts:
            self.texts[name] = plain(self.texts[name])

    def handle_decl(self, decl):
        if decl != "DOCTYPE html":
            self.problems.append(decl)

    def handle_comment(self, data):
        self.problems.append("comment: " + data)

    def handle_starttag(self, tag, attrs):
        self.order.append(tag)
        known = dict(attrs)
        if len(known) != len(attrs):
            self.problems.append(f"attribute twice: {tag} {attrs}")
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "src", "srcset", "srcdoc", "action"):
                self.problems.append(f"{tag} has {name}")
            if name != "content" or known.get("http-equiv") is None:
                self.text_of_tags += f"{value}\n"
        if tag in ("script", "link", "iframe", "object", "embed", "form", "base", "img"):
            self.problems.append(tag)
        self.elements[tag].append(known)
        name = known.get("id", "top" if tag == "header" else None)
        if "id" in known:
            self.ids.append(known["id"])
            self.attributes[known["id"]] = known
        if "href" in known:
            self.links.append(known["href"])
            for _, outer in self._open + [(tag, name)]:
                if outer is not None:
                    self.links_in[outer].append(known["href"])
        self._space()
        if tag not in VOID:
            self._open.append((tag, name))

    def handle_startendtag(self, tag, attrs):
        if tag not in SVG_LEAVES:
            self.problems.append(f"<{tag}/>")
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        if not self._open or self._open[-1][0] != tag:
            self.problems.append(f"</{tag}> within {self._open[-3:]}")
            return
        self._open.pop()
        self._space()

    def handle_data(self, data):
        if self._open and self._open[-1][0] == "style":
            self.style += data
            return
        if self._open and self._open[-1][0] == "title":
            self.titles.append(data)
        self.shown += data
        for _, name in self._open:
            if name is not None:
                self.texts[name] += data

    def _space(self):
        """Between blocks stands a blank, which is not in the text."""
        inline = {"bdi", "code", "strong", "a", "span"}
        if self.order and self.order[-1] not in inline:
            for _, name in self._open:
                if name is not None:
                    self.texts[name] += " "

    def duplicates(self):
        """What more than one element is called."""
        return [name for name, count in collections.Counter(self.ids).items() if count > 1]

    def count(self, tag):
        """How many elements of that name there are."""
        return self.order.count(tag)

    def find(self, tag):
        """The attributes of each element of that name."""
        return self.elements[tag]
