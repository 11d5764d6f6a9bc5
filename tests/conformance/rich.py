"""Rich messages drawn from a source of chance; what readers should see of them, and what they do see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from random import Random
from typing import NamedTuple

from tests.conformance import judge
from tests.conformance.drafting import noise, words
from tests.conformance.samples import BLOCKS, MARKS, STARTS
from tobs_tui.model.rich import (
    Block,
    Cell,
    Code,
    Details,
    Divider,
    Formula,
    Heading,
    ListBlock,
    ListItem,
    Paragraph,
    Quote,
    Rich,
    Table,
)
from tobs_tui.model.text import Entity, EntityKind, FormattedText
from tobs_tui.render.chars import clean

_BLOCK_TAGS = frozenset({"blockquote", "hr", "li", "ol", "pre", "table", "td", "th", "tr", "ul"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_INLINE = frozenset({"a", "b", "br", "code", "del", "em", "i", "ins", "mark", "s", "span", "strong", "sub", "sup", "u"})
_MARKS = (EntityKind.BOLD, EntityKind.ITALIC, EntityKind.CODE, EntityKind.SUBSCRIPT, EntityKind.MARKED, EntityKind.MATH)
_SOURCES = (
    "x_{i}",
    "a*b*c",
    "\\frac{a}{b}",
    "a \\\\ b",
    "$$",
    "# x",
    "- x",
    "```",
    "x\n\ny",
    "<b>",
    "[a](b)",
    "=",
    "|",
)


class Outline(NamedTuple):
    """Every character that is not blank (nor a dollar sign, which formulas have around them), and the blocks."""

    text: str
    blocks: dict[str, int]


def _text(rng: Random, *, marks: bool = True) -> FormattedText:
    shapes = [words(rng), noise(rng, 8), rng.choice(MARKS), rng.choice(STARTS) + words(rng), "[?] " + words(rng)]
    text = clean(rng.choice(shapes) + rng.choice(["", "", "\n", "|"]) + rng.choice(["", words(rng)])) or "a"
    if marks and rng.random() < 0.4:
        text = text.replace("\n", " ") if rng.random() < 0.5 else text
        start = rng.randrange(len(text))
        kinds = [kind for kind in _MARKS if kind is not EntityKind.CODE or "\n" not in text]  # else it is a block
        return FormattedText(text, (Entity(rng.choice(kinds), start, rng.randrange(1, 9)),))
    return FormattedText(text)


def drawn(rng: Random, depth: int = 0) -> Block:
    """A block, with others inside where that is not too deep."""
    shape = rng.randrange(10 if depth < 3 else 6)
    if shape == 0:
        return Heading(_text(rng), rng.randrange(1, 7))
    if shape == 1:
        return Code(FormattedText(rng.choice(BLOCKS)), rng.choice(["", "python", "a b", "`"]))
    if shape == 2:
        return Formula(rng.choice([*_SOURCES, noise(rng, 5)]))
    if shape == 3:
        rows = [tuple(_cell(rng) for _ in range(rng.randrange(1, 4))) for _ in range(rng.randrange(1, 4))]
        return Table(tuple(rows))
    if shape <= 5:
        return Divider() if rng.random() < 0.1 else Paragraph(_text(rng))
    inner = tuple(drawn(rng, depth + 1) for _ in range(rng.randrange(1, 3)))
    if shape == 6:
        return Quote(inner)
    if shape == 7:
        return Details(_text(rng), inner)
    ordered = shape == 8
    start = rng.choice([0, 1, 9, 99])
    items = [
        ListItem(
            tuple(drawn(rng, depth + 1) for _ in range(rng.randrange(3))),
            rng.choice([None, None, True, False]),
            str(start + place) if ordered else "",
        )
        for place in range(rng.randrange(1, 4))
    ]
    return ListBlock(tuple(items), ordered)


def _cell(rng: Random) -> Cell:
    return Cell(_text(rng), header=rng.random() < 0.3)


def _seen(text: str) -> str:
    return "".join(char for char in text if not char.isspace() and char != "$")


def outline_of(rich: Rich, parser: str) -> Outline:
    """What readers should see."""
    counts: Counter[str] = Counter()
    text = "".join(_outlined(rich.blocks, counts, parser))
    return Outline(_seen(text), dict(+counts))


def _outlined(blocks: tuple[Block, ...], counts: Counter[str], parser: str) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Code):
            counts["pre"] += bool(clean(block.text.text).strip("\n"))
            yield clean(block.text.text)
        elif isinstance(block, Formula):
            yield clean(block.source)
        elif isinstance(block, Heading | Paragraph):
            yield block.text.text
        elif isinstance(block, Divider):
            counts["hr"] += 1
        elif isinstance(block, Table):
            headed = any(cell.header for cell in block.rows[0])
            counts["table"] += 1
            counts["tr"] += len(block.rows) + (not headed)
            yield from (cell.text.text for row in block.rows for cell in row)
        elif isinstance(block, Quote | Details):
            inside = Counter(counts)
            shown = "".join(_outlined(block.blocks, inside, parser))
            title = f"▸{block.title.text}" if isinstance(block, Details) else ""
            if (title + shown).strip() or inside != counts:
                inside["blockquote"] += 1
            counts.update(inside - counts)
            yield title + shown
        elif isinstance(block, ListBlock):
            counts["ol" if block.ordered else "ul"] += 1
            counts["li"] += len(block.items)
            for item in block.items:
                yield {True: "[x]", False: "[]", None: ""}[item.done]
                yield from _outlined(item.blocks, counts, parser)


class _Outliner(HTMLParser):
    """Collects the characters and counts the blocks of HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.counts: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "input":  # a box to tick
            self.text.append("[x]" if any(name == "checked" for name, _ in attrs) else "[]")
        elif tag == "code" and dict(attrs).get("class") == "language-math":
            self.counts["pre"] -= 1  # a formula, and no block of code of the message's
        elif tag in _BLOCK_TAGS:
            self.counts[tag] += tag not in ("td", "th")
        elif tag in _HEADINGS or (tag not in _INLINE and tag not in ("p", "thead", "tbody")):
            raise judge.WrongError(f"the text made a {tag}")

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        raise judge.WrongError(f"the text made a comment: {data!r}")


def _html(body: str, parser: str) -> str:
    """The HTML of a body that stands between two other messages, which it must leave alone."""
    parse = judge.PARSERS[parser]
    head, tail = parse(judge.BEFORE), parse(judge.AFTER)
    html = parse(judge.BEFORE + body + judge.AFTER)
    if not (html.startswith(head) and html.endswith(tail)):
        raise judge.WrongError("the neighbours changed")
    return html[len(head) : len(html) - len(tail)]


def outline_seen(body: str, parser: str) -> Outline:
    """What readers see."""
    reader = _Outliner()
    reader.feed(_html(body, parser))
    reader.close()
    return Outline(_seen("".join(reader.text)), dict(+reader.counts))


def cell_of(body: str, parser: str) -> judge.Shown:
    """What readers see of the middle one of the last three cells of a table."""
    _, cell, _ = _html(body, parser).rsplit("<td", 3)[-3:]
    return judge.shown_html(f"<p>{cell.partition('>')[2].partition('</td>')[0]}</p>")
