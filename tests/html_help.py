"""Reads HTML pages as browsers do, with Lexbor, a parser that follows the standard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.conformance.judge import Shown, WrongError, lines_of, spelt

_STYLES = {
    "b": "bold", "i": "italic", "s": "strike", "del": "strike", "u": "underline", "ins": "inserted", "code": "code",
    "time": "", "a": "link",
    "mark": "marked", "sub": "sub", "sup": "sup",
}  # fmt: skip
_SPANS = {"spoiler": "spoiler", "tag": ""}
_ATTRIBUTES = {
    "a": {"href"}, "span": {"class", "tabindex"}, "ins": {"title"}, "time": {"datetime"}, "pre": {"data-language"},
    "blockquote": {"class", "tabindex"},
}  # fmt: skip


def nodes(html: str) -> Iterator[LexborNode]:
    """All nodes of a page, text and comments included, in order."""
    waiting: list[LexborNode] = [LexborHTMLParser(html).root]
    while waiting:
        node = waiting.pop()
        yield node
        children = []
        child = node.child
        while child is not None:
            children.append(child)
            child = child.next
        waiting += reversed(children)


def elements(html: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """All elements of a page: tag and attributes. A comment is an element, too, called -comment."""
    for node in nodes(html):
        if node.tag != "-text":
            yield node.tag, dict(node.attributes) if node.tag[0] != "-" else {}


def text_of(html: str) -> str:
    """All text of a fragment, character for character."""
    return "".join(node.text(deep=False) or "" for node in nodes(_page(html)) if node.tag == "-text")


def _page(fragment: str) -> str:
    return f"<!doctype html><title></title><body><div>{fragment}</div>"


class _Reader:
    """Collects what a message's text shows."""

    def __init__(self) -> None:
        self.text = ""
        self.styles: list[tuple[str, frozenset[str]]] = []
        self.codes: list[tuple[str, str]] = []
        self.quotes = 0

    def read(self, node: LexborNode, open_styles: frozenset[str]) -> None:
        tag = node.tag
        if tag == "-text":
            self._read_text(node.text(deep=False) or "", open_styles)
            return
        attributes = dict(node.attributes) if tag[0] != "-" else {}
        if not set(attributes) <= _ATTRIBUTES.get(tag, set()):
            raise WrongError(f"the text made a {tag} with {sorted(attributes)}")
        block = tag in ("pre", "blockquote")
        if tag == "pre":
            self.codes.append((attributes.get("data-language") or "", ""))
        elif tag == "blockquote":
            self.quotes += 1
        style = self._style(tag, attributes)
        self.text += "\n" if block else ""
        child = node.child
        while child is not None:
            self.read(child, open_styles | ({style} - {""}))
            child = child.next
        self.text += "\n" if block else ""

    def _style(self, tag: str, attributes: dict[str, Any]) -> str:
        if tag == "span" and attributes.get("class") in _SPANS:
            return _SPANS[attributes["class"]]
        if tag in ("pre", "blockquote"):
            return "pre" if tag == "pre" else "quote"
        if tag not in _STYLES:
            raise WrongError(f"the text made a {tag}")
        return f"link {spelt(attributes['href'])}" if tag == "a" else _STYLES[tag]

    def _read_text(self, text: str, style: frozenset[str]) -> None:
        self.text += text
        self.styles += [(char, style) for char in text if not char.isspace()]
        if "pre" in style:
            self.codes[-1] = (self.codes[-1][0], self.codes[-1][1] + text)


def shown(fragment: str) -> Shown:
    """What is visible of a message's text, given as HTML. Raises WrongError for elements that no text should make."""
    page = LexborHTMLParser(_page(fragment + "<hr>"))
    body = page.body
    assert body is not None
    box = body.child
    assert box is not None
    reader = _Reader()
    last = None
    child = box.child
    while child is not None:
        last = child.tag
        if last != "hr":
            reader.read(child, frozenset())
        child = child.next
    if last != "hr" or box.next is not None:
        raise WrongError("the text closed what it stands in")
    return Shown(lines_of(reader.text), reader.styles, reader.codes, reader.quotes)
