"""What a reader should see of a text and its entities, reckoned character by character as Telegram defines them."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any, NamedTuple

from tests.conformance.judge import Shown, lines_of, shows_itself, spelt

_KINDS = {
    "Bold": "bold", "Italic": "italic", "Strike": "strike", "Underline": "underline", "Spoiler": "spoiler",
    "Code": "code", "DiffInsert": "inserted", "DiffReplace": "inserted", "DiffDelete": "strike", "TextUrl": "link",
    "MentionName": "link", "Blockquote": "quote", "Pre": "pre",
}  # fmt: skip
_GONE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_REFUSED = re.compile(r"\s*(javascript|vbscript|file|data):", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+#.-]{0,20}")


class Expected(NamedTuple):
    """What should be visible. `free` are the styled characters whose links are left open, since several entities link
    them; `codes` and `quotes` are None where entities cut each other's blocks."""

    lines: list[str]
    styles: list[tuple[str, frozenset[str]]]
    free: frozenset[int]
    codes: list[tuple[str, str]] | None
    quotes: int | None


class _Span(NamedTuple):
    start: int
    end: int
    style: str
    entity: Any


def _cleaned(raw: str) -> tuple[str, list[int]]:
    """The text without what may go (controls, bidi marks, byte-order marks), and where each character went."""
    out, moved = "", []
    for at, char in enumerate(raw):
        moved.append(len(out))
        if char == "\r":
            char = "" if raw[at + 1 : at + 2] == "\n" else "\n"
        elif char in "\u2028\u2029":
            char = "\n"
        elif "\ud800" <= char <= "\udfff":
            char = "\ufffd"
        out += _GONE.sub("", char)
    return out, [*moved, len(out)]


def _spans(raw: str, entities: list[Any]) -> tuple[str, list[_Span]]:
    """The cleaned text and the entities over its characters; one that cuts a character in half has all of it."""
    text, moved = _cleaned(raw)
    owner = [at for at, char in enumerate(raw) for _ in range(2 if char > "\uffff" else 1)]
    spans = []
    for entity in entities:
        name = type(entity).__name__.removeprefix("MessageEntity")
        first, last = max(entity.offset, 0), min(entity.offset + entity.length, len(owner)) - 1
        if entity.length <= 0 or first > last:
            continue
        start, end = moved[owner[first]], moved[owner[last] + 1]
        style = _KINDS.get(name, "url" if name == "Url" else "")
        if style == "code" and "\n" in text[start:end].strip("\n"):
            style = "pre"
        if start < end and style:
            spans.append(_Span(start, end, style, entity))
    return text, spans


def _address(entity: Any) -> str:
    if hasattr(entity, "user_id"):
        return f"tg://user?id={entity.user_id}"
    url = _cleaned(entity.url)[0].strip()
    if not url or _REFUSED.match(url):
        return ""
    return url if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", url) else "http://" + url.lstrip("/")


def _disjoint(spans: list[_Span]) -> bool:
    ordered = sorted(spans, key=lambda span: span[:2])
    return all(one.end <= other.start for one, other in pairwise(ordered))


def expected(raw: str, entities: list[Any]) -> Expected:
    """What a reader should see."""
    text, spans = _spans(raw, entities)
    styles: list[set[str]] = [set() for _ in text]
    links = [0] * len(text)
    for span in spans:
        style = span.style
        if style in ("link", "url"):
            links[span.start : span.end] = [count + 1 for count in links[span.start : span.end]]
        if style == "link":
            address = _address(span.entity)
            style = (
                f"link {spelt(address)}" if address and not shows_itself(text[span.start : span.end], address) else ""
            )
        for at in range(span.start, span.end) if style and style != "url" else ():
            styles[at].add(style)
    for found in styles:
        if "pre" in found:
            found &= {"pre", "quote"}
    seen = [at for at, char in enumerate(text) if not char.isspace()]
    blocks = [span for span in spans if span.style == "pre" or (span.style == "quote" and _filled(text, span))]
    seams = _seams(text, blocks)
    whole = "".join(("\n" if at in seams else "") + char for at, char in enumerate(text))
    return Expected(
        lines_of(whole),
        [(text[at], frozenset(styles[at])) for at in seen],
        frozenset(index for index, at in enumerate(seen) if links[at] > 1),
        _codes(text, blocks),
        _quotes(text, blocks),
    )


def _filled(text: str, span: _Span) -> bool:
    """Whether there is something to see in a span: a quote of nothing but blanks is none."""
    return not text[span.start : span.end].isspace()


def _seams(text: str, blocks: list[_Span]) -> set[int]:
    """Where quotes and code blocks start or end; of two of a kind that overlap, the later starts behind the first."""
    seams: set[int] = set()
    ends = {"pre": 0, "quote": 0}
    for block in sorted(blocks, key=lambda block: (block.start, -block.end, block.style)):
        start = max(block.start, ends[block.style])
        if start < block.end:
            ends[block.style] = block.end
            if text[start : block.end].strip("\n"):
                seams |= {start, block.end}
    return seams


def _codes(text: str, blocks: list[_Span]) -> list[tuple[str, str]] | None:
    codes = [block for block in blocks if block.style == "pre"]
    quotes = [block for block in blocks if block.style == "quote"]
    cut = any(code.start < edge < code.end for code in codes for quote in quotes for edge in (quote.start, quote.end))
    if cut or not _disjoint(codes):
        return None
    return [
        (getattr(code.entity, "language", ""), text[code.start : code.end].strip("\n"))
        for code in sorted(codes, key=lambda span: span[:2])
        if text[code.start : code.end].strip("\n")
    ]


def _quotes(text: str, blocks: list[_Span]) -> int | None:
    quotes = [block for block in blocks if block.style == "quote"]
    if not _disjoint(quotes):
        return None
    return len(quotes)


def difference(seen: Shown, wanted: Expected) -> str:
    """In which respect what is seen is not what was wanted, '' when it is."""
    if [char for char, _ in seen.styles] != [char for char, _ in wanted.styles]:
        return "the visible text differs"
    if seen.lines != wanted.lines:
        return "the lines differ"
    for index, ((char, got), (_, style)) in enumerate(zip(seen.styles, wanted.styles, strict=True)):
        if index in wanted.free:
            got, style = _unlinked(got), _unlinked(style)
        if got != style:
            return f"{char!r} (character {index}) is {sorted(got)} where it should be {sorted(style)}"
    if wanted.quotes is not None and seen.quotes != wanted.quotes:
        return f"{seen.quotes} quotes where there should be {wanted.quotes}"
    if wanted.codes is not None:
        return _code_difference(seen.codes, wanted.codes)
    return ""


def _unlinked(styles: frozenset[str]) -> frozenset[str]:
    return frozenset(style for style in styles if not style.startswith("link "))


def _code_difference(seen: list[tuple[str, str]], wanted: list[tuple[str, str]]) -> str:
    if len(seen) != len(wanted):
        return f"{len(seen)} code blocks where there should be {len(wanted)}"
    for (got_language, got), (language, code) in zip(seen, wanted, strict=True):
        if got.strip("\n") != code:
            return f"code {got!r} where it should be {code!r}"
        if _LANGUAGE.fullmatch(language) and got_language != language:
            return f"language {got_language!r} where it should be {language!r}"
    return ""
