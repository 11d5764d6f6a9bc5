"""A message's text and entities as HTML whose text is the message's, character for character and span for span.

Newlines and runs of blanks stay as they are: the style sheet shows them (`white-space: pre-wrap`). One newline behind
a quote or a code block becomes its last character, where browsers show none, because the block ends its line anyway.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

from tobs_tui.model.text import Entity, FormattedText
from tobs_tui.render.chars import Offsets, clean, clean_line
from tobs_tui.render.html.escape import attribute, escaped, reference
from tobs_tui.render.links import web_address
from tobs_tui.render.spans import FOLDED, Block, Mark, MarkKind, Spans, clipped, read_spans

_TAGS = {
    MarkKind.SPOILER: ('<span class="spoiler" tabindex="0">', "</span>"),
    MarkKind.UNDERLINE: ("<u>", "</u>"),
    MarkKind.MARKED: ("<mark>", "</mark>"),
    MarkKind.SUBSCRIPT: ("<sub>", "</sub>"),
    MarkKind.SUPERSCRIPT: ("<sup>", "</sup>"),
    MarkKind.INSERTED: ("<ins>", "</ins>"),
    MarkKind.DELETED: ("<del>", "</del>"),
    MarkKind.STRIKE: ("<s>", "</s>"),
    MarkKind.BOLD: ("<b>", "</b>"),
    MarkKind.ITALIC: ("<i>", "</i>"),
    MarkKind.CODE: ("<code>", "</code>"),
    MarkKind.TAG: ('<span class="tag">', "</span>"),
}
_LANGUAGE_LENGTH = 40


def text_box(text: str, entities: Sequence[Entity] = ()) -> str:
    """A text in a box of its own; '' when there is nothing to see."""
    inner = html_body(text, entities)
    return f'<div class="text" dir="auto">{inner}</div>' if inner.strip() else ""


def formatted_box(formatted: FormattedText) -> str:
    """`text_box` of a formatted text."""
    return text_box(formatted.text, formatted.entities)


def html_body(text: str, entities: Sequence[Entity] = ()) -> str:
    """HTML for `text`, whose entities count in UTF-16 code units and may nest, cross, or be out of range."""
    if not entities:
        return escaped(clean(text))
    offsets = Offsets(text)
    spans = read_spans(offsets, entities, rich=True)
    marks = [
        mark._replace(value=web_address(offsets.text[mark.start : mark.end])) if mark.kind is MarkKind.URL else mark
        for mark in spans.marks
    ]
    return "".join(_blocks(offsets.text, spans._replace(marks=marks)))


def _blocks(text: str, spans: Spans) -> Iterator[str]:
    """The text's quotes, code blocks and the rest, in order."""
    at = 0
    codes = _with_newlines(text, spans.codes)
    for quote in _with_newlines(text, spans.quotes):
        yield from _unquoted(text, at, quote.start, codes, spans.marks)
        yield '<blockquote class="folded" tabindex="0">' if quote.value == FOLDED else "<blockquote>"
        yield from _unquoted(text, quote.start, quote.end, codes, spans.marks)
        yield "</blockquote>"
        at = quote.end
    yield from _unquoted(text, at, len(text), codes, spans.marks)


def _with_newlines(text: str, blocks: list[Block]) -> list[Block]:
    """Each block with the newline behind it, if no other begins there."""
    starts = {block.start for block in blocks}
    return [
        block._replace(end=block.end + 1)
        if text[block.end : block.end + 1] == "\n" and block.end not in starts
        else block
        for block in blocks
    ]


def _unquoted(text: str, start: int, end: int, codes: list[Block], marks: list[Mark]) -> Iterator[str]:
    """The code blocks and marked stretches of text[start:end]."""
    at = start
    for code in codes:
        lo, hi = max(code.start, start), min(code.end, end)
        if lo < hi and text[lo:hi].strip("\n"):
            yield from _marked(text, at, lo, marks)
            yield code_block(text[lo:hi], code.value)
            at = hi
    yield from _marked(text, at, end, marks)


def code_block(text: str, language: str) -> str:
    """Text that keeps its form, with the name of its language."""
    name = attribute(clean_line(language)[:_LANGUAGE_LENGTH])
    label = f' data-language="{name}"' if name else ""
    first = "\n" if text[0] == "\n" else ""  # parsers drop a newline right behind the tag
    return f"<pre{label}>{first}{escaped(text)}</pre>"


def _marked(text: str, start: int, end: int, marks: list[Mark]) -> Iterator[str]:
    """text[start:end] with its marks; of marks that cross, the later one is closed and opened again."""
    if start >= end:
        return
    inside = clipped(marks, start, end) if marks else []
    if not inside:
        yield escaped(text[start:end])
        return
    begins: dict[int, list[Mark]] = {}
    for mark in inside:
        begins.setdefault(mark.start, []).append(mark)
    open_ones: list[tuple[Mark, str]] = []  # with what closes them
    at = start
    for point in sorted({edge for mark in inside for edge in mark[:2]}):
        if at < point:
            yield escaped(text[at:point])
            at = point
        kept = next((index for index, (mark, _) in enumerate(open_ones) if mark.end <= point), len(open_ones))
        again = [mark for mark, _ in open_ones[kept:] if mark.end > point]
        for _, closing in reversed(open_ones[kept:]):
            yield closing
        del open_ones[kept:]
        for mark in sorted([*again, *begins.get(point, ())], key=lambda mark: (-mark.end, mark.kind)):
            opening, closing = _tag(mark)
            yield opening
            open_ones.append((mark, closing))
    if at < end:
        yield escaped(text[at:end])


def _tag(mark: Mark) -> tuple[str, str]:
    """What opens and closes a mark; both '' for a link that a page must not have."""
    if mark.kind is MarkKind.LINK or mark.kind is MarkKind.URL:
        address = reference(mark.value)
        return (f'<a href="{address}">', "</a>") if address else ("", "")
    if mark.kind is MarkKind.DATE:
        return f'<time datetime="{_moment(int(mark.value))}">', "</time>"
    if mark.value and mark.kind is MarkKind.INSERTED:
        return f'<ins title="was: {attribute(clean_line(mark.value))}">', "</ins>"
    return _TAGS[mark.kind]


def _moment(seconds: int) -> str:
    """A moment in ISO 8601, in UTC; the nearest one that there is a way to write for."""
    first, last = 0, 253_402_300_799  # from 1970 to the year 9999
    return datetime.datetime.fromtimestamp(min(max(seconds, first), last), datetime.UTC).isoformat()
