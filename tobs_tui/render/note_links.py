"""The links of a note and the places in it that links can lead to, read line by line; and where an address leads.

The reader understands what this program writes: a link stands on one line, code is fenced or between backticks, and
what could be taken for a link but is none has been escaped. Tests hold it against a Markdown parser.
"""

from __future__ import annotations

import html
import posixpath
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote

_QUOTE = re.compile(r"(?: {0,3}> ?)*")
_FENCE = re.compile(r"\s*(?:[-*+] (?:\[[ xX]\] )?)?(`{3,}|~{3,})([^`]*)\Z")
_HEADING = re.compile(r"(#{1,6})[ \t]+(.*?)[ \t]*#*\s*\Z")
_BLOCK_ID = re.compile(r"(?:.*\s)?\^([A-Za-z0-9-]+)\s*\Z")
_STOP = re.compile(r"\\.|`+|<|!?\[|\]", re.DOTALL)
_AUTOLINK = re.compile(r"<([A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*)>")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_HREF = re.compile(r'<a href="([^"]*)"')
_DESTINATION = re.compile(
    r"\(\s*(?:<(?P<bracketed>(?:[^<>\\]|\\.)*)>|(?P<bare>(?:[^\s()\\]|\\.|\((?:[^\s()\\]|\\.)*\))*))\s*\)"
)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_LOCAL_SCHEMES = frozenset({"file", "javascript", "vbscript", "data"})


class Link(NamedTuple):
    """A link or image: its line (from 1), and its address with Markdown's escapes resolved, still percent-encoded."""

    line: int
    address: str
    image: bool = False


class Anchor(NamedTuple):
    """A place that a fragment can name: a heading by what GitHub calls it, or (`block`) a block by Obsidian's ^id."""

    line: int
    name: str
    block: bool = False


class Place(NamedTuple):
    """Where a link leads: a path relative to the vault, and the fragment behind it ('' = the file as such)."""

    path: str
    fragment: str = ""


class LeadsOutError(ValueError):
    """An address of something on the reader's machine that is not in the vault."""


def read_links(lines: Iterable[str]) -> Iterator[Link | Anchor]:
    """The links and anchors of a note, in order; its front matter has none."""
    fence = ""
    front = False
    for number, line in enumerate(lines, start=1):
        line = line.rstrip("\r\n")
        if front or (number == 1 and line == "---"):
            front = number == 1 or line != "---"
            continue
        content = line[_matched(_QUOTE, line) :]
        edge = _FENCE.match(content)
        if fence:
            if edge is not None and edge[1].startswith(fence) and not edge[2].strip():
                fence = ""
        elif edge is not None:
            fence = edge[1]
        else:
            if (anchor := _anchor(number, line)) is not None:
                yield anchor
            if "[" in content or "<" in content:
                yield from _inline(number, content)


def _matched(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.match(text)
    return found.end() if found is not None else 0


def _anchor(number: int, line: str) -> Anchor | None:
    """What a line that is no quote and no code can be linked to by."""
    if heading := _HEADING.match(line):
        return Anchor(number, github_slug(_ESCAPED.sub(r"\1", heading[2])))
    block = _BLOCK_ID.match(line) if "^" in line else None
    return Anchor(number, block[1], block=True) if block is not None else None


def github_slug(heading: str) -> str:
    """What GitHub calls a heading that no other one on the page is called like."""
    kept = (char for char in heading.strip().lower() if char in " -_" or unicodedata.category(char)[0] in "LMN")
    return "".join(kept).replace(" ", "-")


def _inline(number: int, text: str) -> Iterator[Link]:
    """The links of one line that is no code."""
    images: list[bool] = []  # of the brackets that are open
    at = 0
    while (stop := _STOP.search(text, at)) is not None:
        found, at = stop.group(), stop.end()
        if found[0] == "`":
            closing = re.compile(rf"(?<!`){found}(?!`)").search(text, at)
            at = closing.end() if closing is not None else at
        elif found == "<":
            address, end = _angle(text, stop.start())
            at = max(at, end)
            if address is not None:
                yield Link(number, address)
        elif found in ("[", "!["):
            images.append(found[0] == "!")
        elif found == "]" and images:
            image = images.pop()
            target = _DESTINATION.match(text, at)
            if target is not None:
                at = target.end()
                raw = target["bracketed"] if target["bracketed"] is not None else target["bare"]
                yield Link(number, html.unescape(_ESCAPED.sub(r"\1", raw)), image)


def _angle(text: str, start: int) -> tuple[str | None, int]:
    """The address between angle brackets or in a tag at `start`, if there is one, and where it ends."""
    if found := _AUTOLINK.match(text, start):
        return found[1], found.end()
    tag = _TAG.match(text, start)
    if tag is None:
        return None, start
    href = _HREF.match(tag.group())
    return (html.unescape(href[1]) if href is not None else None), tag.end()


def place_of(address: str, note: str) -> Place | None:
    """Where a link of the note at that path (relative to the vault) leads; None for an address of the web or an app.

    Raises LeadsOutError for one that leads to something else on the reader's machine, or is a script.
    """
    scheme = _SCHEME.match(address)
    if scheme is not None:
        if scheme[1].lower() in _LOCAL_SCHEMES:
            raise LeadsOutError(address)
        return None
    path, _, fragment = address.partition("#")
    path = unquote(path)
    if path.startswith(("/", "\\")) or "\0" in path:
        raise LeadsOutError(address)
    led = posixpath.normpath(posixpath.join(posixpath.dirname(note), path)) if path else note
    if led == ".." or led.startswith("../"):
        raise LeadsOutError(address)
    return Place(led, unquote(fragment))
