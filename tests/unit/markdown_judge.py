"""Judges rendered Markdown with a parser that the project did not write: what is visible, and in which formatting."""

from __future__ import annotations

import re
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tobs_tui.model.text import Entity, EntityKind
from tobs_tui.render.chars import Offsets

PARSER = MarkdownIt("commonmark").enable(["strikethrough", "table"])
BEFORE = "###### m1\n\n**A** · 09:00\n\nfirst neighbour\n\n###### m2\n\n**B** · 09:01\n\n"
AFTER = "\n\n###### m3\n\n**C** · 09:02\n\nlast neighbour\n"

_TAG = re.compile(r"<(/?)(\w+)([^>]*)>")
_STYLES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "s": "strike",
    "u": "underline",
    "span": "spoiler",
    "code": "code",
    "ins": "inserted",
    "del": "deleted",
    "a": "link",
}
_KINDS = {
    EntityKind.BOLD: "bold",
    EntityKind.ITALIC: "italic",
    EntityKind.STRIKE: "strike",
    EntityKind.UNDERLINE: "underline",
    EntityKind.SPOILER: "spoiler",
    EntityKind.CODE: "code",
    EntityKind.DIFF_INSERT: "inserted",
    EntityKind.DIFF_REPLACE: "inserted",
    EntityKind.DIFF_DELETE: "deleted",
    EntityKind.TEXT_URL: "link",
    EntityKind.MENTION_NAME: "link",
    EntityKind.BLOCKQUOTE: "quote",
    EntityKind.PRE: "pre",
}


class Shown(NamedTuple):
    """Visible text, with the styles of each of its characters that is not blank."""

    lines: list[str]
    styles: list[tuple[str, frozenset[str]]]


class _Reader:
    """Walks a parse and collects what a reader sees."""

    def __init__(self) -> None:
        self.text = ""
        self.styles: list[tuple[str, frozenset[str]]] = []
        self.open: list[str] = []
        self.quotes = 0

    def show(self, text: str, *more: str) -> None:
        quote = ("quote",) if self.quotes else ()
        style = frozenset((*self.open, *more, *quote)) - {"url"}
        self.text += text
        self.styles += [(char, style) for char in text if not char.isspace()]

    def blocks(self, tokens: list[Token]) -> None:
        for token in tokens:
            if token.type == "inline":
                self.inline(token.children or [])
                self.text += "\n"
            elif token.type == "fence":
                self.show(token.content, "pre")
                self.text += "\n"
            elif token.type in ("blockquote_open", "blockquote_close"):
                self.quotes += token.nesting
            else:
                assert token.type in ("paragraph_open", "paragraph_close"), f"text made structure: {token.type}"

    def inline(self, tokens: list[Token]) -> None:
        for token in tokens:
            if token.type in ("text", "text_special"):
                self.show(token.content)
            elif token.type in ("softbreak", "hardbreak"):
                self.text += "\n"
            elif token.type == "code_inline":
                self.show(token.content, "code")
            elif token.type == "html_inline":
                self.tag(token.content)
            elif token.type == "link_open":
                self.open.append("url" if token.markup == "autolink" else "link")
            elif token.type.endswith("_open"):
                self.open.append(_STYLES[token.tag])
            elif token.type.endswith("_close"):
                self.open.pop()
            else:
                raise AssertionError(f"text made {token.type}: {token.content!r}")
        assert not self.open

    def tag(self, content: str) -> None:
        match = _TAG.fullmatch(content)
        assert match is not None, content
        if match[1]:
            assert self.open.pop() == _STYLES[match[2]]
        else:
            self.open.append(_STYLES[match[2]])


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def shown(body: str) -> Shown:
    """What is visible of a message's body that stands between two other messages, which it must leave alone."""
    tokens = PARSER.parse(BEFORE + body + AFTER)
    headings = [index for index, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h6"]
    contents = [tokens[index + 1].content for index in headings]
    assert contents == ["m1", "m2", "m3"], f"neighbours changed: {contents}"
    last = tokens[headings[2] :]
    assert [token.content for token in last if token.type == "inline"] == ["m3", "**C** · 09:02", "last neighbour"]
    reader = _Reader()
    reader.blocks(tokens[headings[1] + 6 : headings[2]])
    return Shown(_lines(reader.text), reader.styles)


def _seams(text: str, blocks: list[tuple[int, int, str]]) -> set[int]:
    """Where quotes and code blocks start or end; of two of a kind that overlap, the later starts behind the first."""
    seams: set[int] = set()
    ends = {"pre": 0, "quote": 0}
    for start, negative_end, style in sorted(blocks):
        start, end = max(start, ends[style]), -negative_end
        if start < end:
            ends[style] = end
            if text[start:end].strip("\n"):
                seams |= {start, end}
    return seams


def expected(text: str, entities: list[Entity]) -> Shown:
    """What should be visible, reckoned character by character from the entities."""
    offsets = Offsets(text)
    plain = offsets.text
    styles: list[set[str]] = [set() for _ in plain]
    blocks: list[tuple[int, int, str]] = []
    for entity in entities:
        style = _KINDS.get(entity.kind)
        start = offsets.index(entity.offset, end=False)
        end = offsets.index(entity.offset + entity.length, end=True)
        if style is None or entity.length <= 0 or start >= end:
            continue
        if style == "code" and "\n" in plain[start:end].strip("\n"):
            style = "pre"
        if style in ("pre", "quote"):
            blocks.append((start, -end, style))
        for at in range(start, end):
            styles[at].add(style)
    seams = _seams(plain, blocks)
    whole = "".join(("\n" if at in seams else "") + char for at, char in enumerate(plain))
    for style_set in styles:
        if "pre" in style_set:
            style_set &= {"pre", "quote"}
    wanted = [(char, frozenset(styles[at])) for at, char in enumerate(plain) if not char.isspace()]
    return Shown(_lines(whole), wanted)
