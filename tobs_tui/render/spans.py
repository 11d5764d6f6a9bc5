"""From entities to marks: spans over characters, clipped, sorted into blocks and inline formatting."""

from __future__ import annotations

import enum
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tobs_tui.model.peers import is_pseudonym
from tobs_tui.model.text import Entity, EntityKind
from tobs_tui.render.chars import Offsets
from tobs_tui.render.links import has_scheme, web_address


class MarkKind(enum.IntEnum):
    """Inline formatting; of marks that start and end together, the smaller value goes outside."""

    LINK = 1
    SPOILER = 2
    UNDERLINE = 3
    MARKED = 4
    SUBSCRIPT = 5
    SUPERSCRIPT = 6
    INSERTED = 7
    DELETED = 8
    STRIKE = 9
    BOLD = 10
    ITALIC = 11
    URL = 12  # text that is its own address
    CODE = 13
    TAG = 14  # a hashtag, a cashtag or a command
    DATE = 15  # a moment that the text names


MATH = "math"


class Mark(NamedTuple):
    """An inline span over text[start:end]; `value` is a link's address, an insertion's old text, a moment in seconds
    since the epoch, or `MATH` of code that is a formula."""

    start: int
    end: int
    kind: MarkKind
    value: str = ""


FOLDED = "folded"


class Block(NamedTuple):
    """A quote or a code block over text[start:end]; `value` is the code's language, or FOLDED for a quote that Telegram
    shows the beginning of."""

    start: int
    end: int
    quote: bool
    value: str = ""


class Spans(NamedTuple):
    """What the entities of one text come to."""

    marks: list[Mark]
    quotes: list[Block]
    codes: list[Block]
    tags: frozenset[int]  # where a hashtag entity starts


_INLINE = {
    EntityKind.BOLD: MarkKind.BOLD,
    EntityKind.ITALIC: MarkKind.ITALIC,
    EntityKind.UNDERLINE: MarkKind.UNDERLINE,
    EntityKind.STRIKE: MarkKind.STRIKE,
    EntityKind.SPOILER: MarkKind.SPOILER,
    EntityKind.CODE: MarkKind.CODE,
    EntityKind.URL: MarkKind.URL,
    EntityKind.DIFF_INSERT: MarkKind.INSERTED,
    EntityKind.DIFF_REPLACE: MarkKind.INSERTED,
    EntityKind.DIFF_DELETE: MarkKind.DELETED,
    EntityKind.MARKED: MarkKind.MARKED,
    EntityKind.SUBSCRIPT: MarkKind.SUBSCRIPT,
    EntityKind.SUPERSCRIPT: MarkKind.SUPERSCRIPT,
    EntityKind.MATH: MarkKind.CODE,
}
# Text that stands for itself. What the reader of a note sees is the same with and without the entity.
INERT = (
    frozenset(EntityKind)
    - set(_INLINE)
    - {
        EntityKind.BLOCKQUOTE,
        EntityKind.PRE,
        EntityKind.TEXT_URL,
        EntityKind.MENTION_NAME,
        EntityKind.HASHTAG,
    }
)


_TAGS = frozenset({EntityKind.HASHTAG, EntityKind.CASHTAG, EntityKind.BOT_COMMAND})
_NAME = re.compile(r"@[A-Za-z0-9_]+")
_NO_NUMBER = re.compile(r"[^0-9+*#]")


def read_spans(offsets: Offsets, entities: Iterable[Entity], *, rich: bool = False) -> Spans:
    """The entities as marks and blocks over `offsets.text`: none empty; quotes, code blocks and links disjoint each;
    styles of one kind joined where they overlap or touch.

    With `rich`, there are marks for what stands for itself in Markdown, too: tags, dates, and links to the names, mail
    addresses and numbers that Telegram has seen in the text, where no other link is.
    """
    marks: list[Mark] = []
    seen: list[Mark] = []
    quotes: list[Block] = []
    codes: list[Block] = []
    tags: set[int] = set()
    text = offsets.text
    for entity in entities:
        if (entity.kind in INERT and not rich) or entity.length <= 0:
            continue
        start = offsets.index(entity.offset, end=False)
        end = offsets.index(entity.offset + entity.length, end=True)
        if start >= end:
            continue
        if entity.kind is EntityKind.BLOCKQUOTE:
            if text[start:end].isspace():
                continue
            quotes.append(Block(start, end, quote=True, value=FOLDED if entity.flag else ""))
        elif entity.kind is EntityKind.PRE:
            codes.append(Block(start, end, quote=False, value=entity.value))
        elif entity.kind is EntityKind.CODE and "\n" in text[start:end].strip("\n"):
            codes.append(Block(start, end, quote=False))
        elif rich and entity.kind in _SEEN:
            seen += _seen(entity, start, end, text[start:end])
        elif entity.kind is EntityKind.HASHTAG:
            tags.add(start)
        elif entity.kind is EntityKind.URL and not rich and not has_scheme(text[start:end]):
            continue  # stands for itself
        elif entity.kind not in INERT:
            mark = _mark(entity, start, end)
            if mark is not None:
                marks.append(mark)
    links = _disjoint_links(_joined(marks))
    return Spans(_with_seen(links, seen), _disjoint(quotes), _disjoint(codes), frozenset(tags))


def _mark(entity: Entity, start: int, end: int) -> Mark | None:
    if entity.kind is EntityKind.MENTION_NAME:
        address = mention_address(entity)
        return Mark(start, end, MarkKind.LINK, address) if address else None
    if entity.kind is EntityKind.TEXT_URL:
        address = web_address(entity.value)
        return Mark(start, end, MarkKind.LINK, address) if address else None
    value = entity.value if entity.kind is EntityKind.DIFF_REPLACE else MATH if entity.kind is EntityKind.MATH else ""
    return Mark(start, end, _INLINE[entity.kind], value)


def mention_address(entity: Entity) -> str:
    """Where a mention by id leads; '' for a pseudonym, which leads nowhere."""
    return "" if is_pseudonym(entity.number) else f"tg://user?id={entity.number}"


_SEEN = _TAGS | {EntityKind.FORMATTED_DATE, EntityKind.MENTION, EntityKind.EMAIL, EntityKind.PHONE}


def _seen(entity: Entity, start: int, end: int, text: str) -> Iterator[Mark]:
    """The mark of what Telegram has seen in a text."""
    if entity.kind in _TAGS:
        yield Mark(start, end, MarkKind.TAG)
    elif entity.kind is EntityKind.FORMATTED_DATE:
        yield Mark(start, end, MarkKind.DATE, str(entity.number))
    elif entity.kind is EntityKind.MENTION:
        if _NAME.fullmatch(text):
            yield Mark(start, end, MarkKind.LINK, f"https://t.me/{text[1:]}")
    elif entity.kind is EntityKind.EMAIL:
        yield Mark(start, end, MarkKind.LINK, web_address(f"mailto:{text}"))
    else:
        yield Mark(start, end, MarkKind.LINK, f"tel:{_NO_NUMBER.sub('', text)}")


def _with_seen(marks: list[Mark], seen: list[Mark]) -> list[Mark]:
    """The marks with those of `seen` that no link and no other of them is in the way of; in order."""
    if not seen:
        return marks
    kept = [mark for mark in marks if mark.kind in (MarkKind.LINK, MarkKind.URL)]
    for mark in sorted(seen):
        at = bisect_left(kept, mark)
        if (at == 0 or kept[at - 1].end <= mark.start) and (at == len(kept) or mark.end <= kept[at].start):
            kept.insert(at, mark)
    return sorted({*marks, *kept})


def _disjoint(blocks: list[Block]) -> list[Block]:
    kept: list[Block] = []
    end = 0
    for block in sorted(blocks, key=lambda block: (block.start, -block.end)):
        start = max(block.start, end)
        if start < block.end:
            kept.append(block._replace(start=start))
            end = block.end
    return kept


def _joined(marks: list[Mark]) -> list[Mark]:
    kept: list[Mark] = []
    last: dict[tuple[MarkKind, str], int] = {}
    for mark in sorted(marks):
        index = last.get((mark.kind, mark.value), -1)
        if mark.kind not in (MarkKind.LINK, MarkKind.URL) and index >= 0 and mark.start <= kept[index].end:
            kept[index] = kept[index]._replace(end=max(kept[index].end, mark.end))
        else:
            last[mark.kind, mark.value] = len(kept)
            kept.append(mark)
    return kept


def _disjoint_links(marks: list[Mark]) -> list[Mark]:
    kept: list[Mark] = []
    end = 0
    for mark in sorted(marks, key=lambda mark: (mark.start, mark.kind, -mark.end)):
        if mark.kind in (MarkKind.LINK, MarkKind.URL):
            mark = mark._replace(start=max(mark.start, end))
            end = max(end, mark.end)
        if mark.start < mark.end:
            kept.append(mark)
    return kept


class Sweep:
    """Gives the parts of marks that lie in one stretch of text after the other, in time proportional to what there is.

    The marks are in the order of their starts, as `read_spans` gives them; the stretches ascend and do not overlap.
    """

    def __init__(self, marks: list[Mark]) -> None:
        self._marks = marks
        self._next = 0
        self._open: list[Mark] = []

    def over(self, start: int, end: int) -> list[Mark]:
        """The parts that lie in [start, end)."""
        if self._open:
            self._open = [mark for mark in self._open if mark.end > start]
        at, marks = self._next, self._marks
        while at < len(marks) and marks[at].start < end:
            self._open.append(marks[at])
            at += 1
        self._next = at
        return clipped(self._open, start, end) if self._open else []


def clipped(marks: Iterable[Mark], start: int, end: int) -> list[Mark]:
    """The parts of the marks that lie in [start, end)."""
    return [
        mark
        if mark.start >= start and mark.end <= end
        else Mark(max(mark.start, start), min(mark.end, end), mark.kind, mark.value)
        for mark in marks
        if mark.start < end and mark.end > start
    ]
