"""What a reader sees of a rendered message, by markdown-it-py and by GitHub's cmark-gfm."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import unquote

import cmarkgfm
from cmarkgfm import Options
from markdown_it import MarkdownIt

PARSER = MarkdownIt("commonmark").enable(["strikethrough", "table"])
_EXTENSIONS = ["table", "strikethrough", "autolink", "tasklist"]
_OPTIONS = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES  # raw HTML stays, so that it can be judged
BEFORE = "###### m1\n\n**A** · 09:00\n\nfirst [x] neighbour [^1]\n\n###### m2\n\n**B** · 09:01\n\n"
AFTER = "\n\n###### m3\n\n**C** · 09:02\n\nlast [x] neighbour [note] [^1]\n"


def _github(markdown: str) -> str:
    return str(cmarkgfm.markdown_to_html_with_extensions(markdown, options=_OPTIONS, extensions=_EXTENSIONS))


PARSERS: dict[str, Callable[[str], str]] = {"markdown-it-py": PARSER.render, "cmark-gfm": _github}
"""Markdown to HTML, by the parser's name."""


class Shown(NamedTuple):
    """Lines of visible text, the formatting of each character that is not blank, code blocks, the number of quotes."""

    lines: list[str]
    styles: list[tuple[str, frozenset[str]]]
    codes: list[tuple[str, str]]  # language, text
    quotes: int


class WrongError(AssertionError):
    """The Markdown shows something else than it should."""


_STYLES = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "s": "strike", "del": "strike", "u": "underline",
    "ins": "inserted", "code": "code", "span": "spoiler", "a": "link", "mark": "marked", "sub": "sub", "sup": "sup",
}  # fmt: skip
_PUNYCODE = re.compile(r"xn--[a-z0-9-]+")


class _Reader(HTMLParser):
    """Collects what HTML shows. Anything but paragraphs, quotes, code blocks and inline formatting is structure."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.styles: list[tuple[str, frozenset[str]]] = []
        self.codes: list[tuple[str, str]] = []
        self.quotes = self.inside = 0
        self.open: list[tuple[str, str]] = []  # tag and style
        self.broke = False
        self.link = (0, 0, "")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        if tag == "br":
            self.text += "\n"
            self.broke = True
        elif tag == "blockquote":
            self.quotes += 1
            self.inside += 1
        elif tag in ("p", "pre"):
            if self.open:
                raise WrongError(f"a {tag} within {self.open}")
            self.open.append((tag, tag if tag == "pre" else ""))
            self.codes += [("", "")] if tag == "pre" else []
        elif tag == "code" and self.open and self.open[-1][0] == "pre":
            self.codes[-1] = ((facts.get("class") or "").removeprefix("language-"), "")
            self.open.append((tag, ""))
        elif tag in _STYLES and self.open:
            if (tag == "span") != (facts.get("class") == "tg-spoiler"):
                raise WrongError(f"the text made a {tag}")
            if tag == "a":
                self.link = (len(self.text), len(self.styles), facts.get("href") or "")
            self.open.append((tag, f"link {spelt(self.link[2])}" if tag == "a" else _STYLES[tag]))
        else:
            raise WrongError(f"the text made a {tag}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag != "br":
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "blockquote":
            self.inside -= 1
            return
        if not self.open or self.open.pop()[0] != tag:
            raise WrongError(f"a {tag} is closed that is not open")
        if tag in ("p", "pre"):
            self.text += "\n"
        elif tag == "a":
            self._settle_link()

    def handle_data(self, data: str) -> None:
        if self.broke:
            data = data.removeprefix("\n")
        self.broke = False
        if not self.open:
            if data.strip("\n"):
                raise WrongError(f"text outside of paragraphs: {data!r}")
            return
        style = frozenset(style for _, style in self.open if style) | ({"quote"} if self.inside else set())
        self.text += data
        self.styles += [(char, style) for char in data if not char.isspace()]
        if self.open[0][0] == "pre":
            self.codes[-1] = (self.codes[-1][0], self.codes[-1][1] + data)

    def handle_comment(self, data: str) -> None:
        raise WrongError(f"the text made a comment: {data!r}")

    def handle_decl(self, decl: str) -> None:
        raise WrongError(f"the text made a declaration: {decl!r}")

    def unknown_decl(self, data: str) -> None:
        raise WrongError(f"the text made a declaration: {data!r}")

    def handle_pi(self, data: str) -> None:
        raise WrongError(f"the text made an instruction: {data!r}")

    def _settle_link(self) -> None:
        """A link that shows its own address formats nothing."""
        at, count, address = self.link
        if shows_itself(self.text[at:], address):
            style = f"link {spelt(address)}"
            self.styles[count:] = [(char, found - {style}) for char, found in self.styles[count:]]


def spelt(address: str) -> str:
    """An address in one spelling of several: nothing percent-encoded, host names in their own script."""
    return _PUNYCODE.sub(lambda match: match.group().encode().decode("idna"), unquote(address))


def shows_itself(label: str, address: str) -> bool:
    """Whether a link's text is its address, as far as programs show it."""
    return spelt(address) in {spelt(start + label) for start in ("", "http://", "mailto:")}


def lines_of(text: str) -> list[str]:
    """The lines that are not blank, without blanks at their ends."""
    return [line.strip(" \t") for line in text.split("\n") if line.strip(" \t")]


def shown(body: str, parser: str) -> Shown:
    """What is visible of a message's body that stands between two other messages, which it must leave alone."""
    parse = PARSERS[parser]
    head, tail = parse(BEFORE), parse(AFTER)
    html = parse(BEFORE + body + AFTER)
    if not (html.startswith(head) and html.endswith(tail)):
        raise WrongError("the neighbours changed")
    return shown_html(html[len(head) : len(html) - len(tail)])


def shown_html(html: str) -> Shown:
    """What is visible of a piece of HTML."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    if reader.open or reader.inside:
        raise WrongError(f"{reader.open} stays open")
    return Shown(lines_of(reader.text), reader.styles, reader.codes, reader.quotes)
