"""A message's text and entities as Markdown whose visible text is the message's, span for span."""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence

from tobs_tui.model.text import Entity, FormattedText
from tobs_tui.render.chars import Offsets
from tobs_tui.render.escape import edge_escapes, inline_escapes, line_escapes
from tobs_tui.render.inline import LineWriter
from tobs_tui.render.links import ADDRESS_START, is_address
from tobs_tui.render.prose import quick_body
from tobs_tui.render.spans import MATH, Mark, MarkKind, Spans, Sweep, read_spans

_REACH = re.compile(r"[^ \t\n<]*")
_LANGUAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+#.-]{0,40}")
# Obsidian's plugins run or look up what such blocks say, and GitHub draws it.
_ACTED_ON = frozenset({"dataview", "dataviewjs", "query", "tasks", "mermaid", "math", "geojson", "topojson", "stl"})
_TICKS = re.compile("`+")
# LaTeX in which something else could be seen than the formula that it is.
_NO_FORMULA = re.compile(r"[$`*~\[\]<&\n]|==|%%|\\(?=[!-/:-@\[-`{-~]|$)|://|www\.|^_|_$")


def render_text(formatted: FormattedText) -> str:
    """The Markdown of a formatted text; see `render_body`."""
    return render_body(formatted.text, formatted.entities)


def render_body(text: str, entities: Sequence[Entity] = ()) -> str:
    """Markdown blocks for `text`, whose entities count in UTF-16 code units and may nest, cross, or be out of range.

    Plain prose comes out unchanged, but for the two trailing spaces that make a newline a line break.
    No newline at either end; '' when there is nothing to see.
    """
    quick = quick_body(text, entities)
    if quick is not None:
        return quick
    offsets = Offsets(text)
    return "\n\n".join(_blocks(offsets.text, read_spans(offsets, entities)))


def render_lines(text: str, entities: Sequence[Entity], *, between: str, cell: bool = False) -> str:
    """As `render_body`, without blocks: the lines that are not blank, with `between` in between, which must begin and
    end with blanks. Fit for a table with `cell`."""
    offsets = Offsets(text)
    if not offsets.text.strip(" \t\n"):
        return ""
    spans = read_spans(offsets, entities)
    codes = [Mark(code.start, code.end, MarkKind.CODE) for code in spans.codes]
    return _marked(offsets.text, spans.marks + codes, spans.tags, between=between, cell=cell)


def quoted(markdown: str) -> str:
    """Markdown blocks as one quote."""
    return "\n".join(f"> {line}" if line else ">" for line in markdown.split("\n"))


def shows_formula(source: str) -> bool:
    """Whether readers without LaTeX see nothing else in the source than itself, neither marks nor blocks."""
    if inline_escapes(source) or any(_NO_FORMULA.search(line) for line in source.split("\n")):
        return False
    return not any(line_escapes(source, lo, hi) or lo == hi for lo, hi in _lines(source))


def _blocks(text: str, spans: Spans) -> Iterator[str]:
    """The text's quotes, code blocks and paragraphs, in order."""
    at, marks = 0, Sweep(spans.marks)
    for quote in spans.quotes:
        yield from _unquoted(text, at, quote.start, spans, marks)
        inside = "\n\n".join(_unquoted(text, quote.start, quote.end, spans, marks))
        if inside:
            yield quoted(inside)
        at = quote.end
    yield from _unquoted(text, at, len(text), spans, marks)


def _unquoted(text: str, start: int, end: int, spans: Spans, marks: Sweep) -> Iterator[str]:
    """The code blocks and paragraphs of text[start:end]."""
    at = start
    for code in spans.codes:
        lo, hi = max(code.start, start), min(code.end, end)
        if lo >= hi or not text[lo:hi].strip("\n"):
            continue
        yield from _prose(text, at, lo, spans, marks)
        yield fenced(text[lo:hi], "" if code.value.lower() in _ACTED_ON else code.value)
        at = hi
    yield from _prose(text, at, end, spans, marks)


def fenced(text: str, language: str = "") -> str:
    """A code block; `language` is left out where it is not a plain name."""
    fence = "`" * max(3, 1 + max(map(len, _TICKS.findall(text)), default=0))
    language = language if _LANGUAGE.fullmatch(language) else ""
    body = text.removeprefix("\n").removesuffix("\n")
    return f"{fence}{language}\n{body}\n{fence}"


def _prose(text: str, start: int, end: int, spans: Spans, sweep: Sweep) -> Iterator[str]:
    """Zero or one piece: the paragraphs of text[start:end], blank lines between them as they were."""
    if start and text[start - 1] != "\n":  # the rest of a line that a block has ended begins with no indentation
        start = end - len(text[start:end].lstrip(" \t"))
    part = text[start:end]
    if not part.strip(" \t\n"):
        return
    inside = sweep.over(start, end)
    if not inside and not spans.tags:
        plain = quick_body(part, ())
        if plain is not None:
            yield plain
            return
    marks = [mark._replace(start=mark.start - start, end=mark.end - start) for mark in inside]
    yield _marked(part, marks, [tag - start for tag in spans.tags if start <= tag < end])


def _marked(part: str, marks: list[Mark], tags: Iterable[int], *, between: str = "", cell: bool = False) -> str:
    """Paragraphs with marks, and with hashtags at `tags`; with `between`, their lines as `render_lines` has them."""
    marks = _without_formulas(part, marks)
    kinds = {mark.kind for mark in marks}
    escapes = inline_escapes(
        part,
        # An address that stands for itself has no markup of its own.
        marked=[(mark.start, mark.end) for mark in marks if mark.kind is not MarkKind.URL],
        urls=frozenset(at for mark in marks if mark.kind is MarkKind.URL for at in mark[:2]),
        links=MarkKind.LINK in kinds or MarkKind.URL in kinds,
        code=MarkKind.CODE in kinds,
    )
    for tag in tags:
        if part[tag] == "#":
            escapes.pop(tag, None)
    lines = list(_lines(part))
    for index, (lo, hi) in enumerate(lines):
        if lo < hi:
            escapes.update(line_escapes(part, lo, hi))
            escapes.update(_paragraph_edges(part, lines, index))
    _settle(part, escapes)
    if cell:
        escapes.update((at, "&#124;") for at, char in enumerate(part) if char == "|")
    _part_addresses(part, marks, escapes)
    if any(mark.value == MATH for mark in marks if mark.kind is MarkKind.CODE):
        marks = _formulas(part, marks, escapes)
    writer, sweep = LineWriter(part, escapes, cell=cell), Sweep(sorted(marks))
    if between:
        return between.join([writer.line(lo, hi, sweep.over(lo, hi)) for lo, hi in lines if lo < hi])
    return _joined(writer, lines, sweep)


def _without_formulas(part: str, marks: list[Mark]) -> list[Mark]:
    """The marks with dollar signs in addresses encoded where two of them could make a formula in Obsidian."""
    dollars = sum(mark.value.count("$") for mark in marks if mark.kind is MarkKind.LINK)
    if not dollars or dollars + part.count("$") < 2:
        return marks
    return [
        mark._replace(value=mark.value.replace("$", "%24")) if mark.kind is MarkKind.LINK else mark for mark in marks
    ]


def _settle(part: str, escapes: dict[int, str]) -> None:
    """Add what the escapes themselves make necessary."""
    if "\\`" in escapes.values():  # an escaped backtick could close a code span that another one opens
        escapes.update((at, "\\`") for at, char in enumerate(part) if char == "`")
    for at in [at for at, new in escapes.items() if new[0] == "&" and at and part[at - 1] == "\\"]:
        escapes[at - 1] = "\\\\"


def _part_addresses(part: str, marks: list[Mark], escapes: dict[int, str]) -> None:
    """Keep parsers that link bare addresses from taking markup or escapes behind one for a part of it."""
    first = ADDRESS_START.search(part)
    if first is None:
        return
    alone = {mark.start for mark in marks if mark.kind is MarkKind.URL and is_address(part[mark.start : mark.end])}
    links = [mark for mark in marks if mark.kind is MarkKind.LINK]  # they do not overlap
    edges = sorted({at for mark in marks for at in mark[:2]} | escapes.keys())
    for match in ADDRESS_START.finditer(part, first.start()):
        within = bisect_right(links, match.start(), key=lambda link: link.start) - 1
        if match.start() in alone or (within >= 0 and match.start() < links[within].end):
            continue  # nothing is linked within a link
        behind = _REACH.match(part, match.end())
        nearest = bisect_right(edges, match.start())
        if nearest < len(edges) and edges[nearest] <= (behind or match).end():
            at = match.start(1)
            escapes[at] = "\\" + part[at]
            insort(edges, at)


def _formulas(part: str, marks: list[Mark], escapes: dict[int, str]) -> list[Mark]:
    """The marks, with those formulas made mere code in which readers without LaTeX could see anything but the source.

    Dollar signs of the text are escaped, as one of them could be taken together with a formula's.
    """
    found: list[Mark] = []
    pairs = [at for at in inline_escapes(part) if part[at] == "_"]  # others escaped are, so these pair with nothing
    for mark in marks:
        if mark.kind is MarkKind.CODE and mark.value == MATH:
            inside = range(mark.start, mark.end)
            text = part[mark.start : mark.end]
            touched = any(at in inside and part[at] not in "_$" for at in escapes) or any(at in inside for at in pairs)
            if touched or _NO_FORMULA.search(text) or text != text.strip():
                mark = mark._replace(value="")
        found.append(mark)
    escapes.update((at, "\\$") for at, char in enumerate(part) if char == "$")
    return found


def _lines(part: str) -> Iterator[tuple[int, int]]:
    """Start and end of each line, trailing blanks off; start == end for a blank line."""
    start = 0
    for line in part.split("\n"):
        kept = len(line.rstrip(" \t"))
        yield (start, start + kept) if line.strip(" \t") else (start, start)
        start += len(line) + 1


def _paragraph_edges(part: str, lines: list[tuple[int, int]], index: int) -> dict[int, str]:
    lo, hi = lines[index]
    if not part[lo].isspace() and not part[hi - 1].isspace():
        return {}
    first = index == 0 or lines[index - 1][0] == lines[index - 1][1]
    last = index + 1 == len(lines) or lines[index + 1][0] == lines[index + 1][1]
    if not first and not last:
        return {}
    found = edge_escapes(part, lo, hi)
    indent = hi - len(part[lo:hi].lstrip())
    body = hi - (len(part[lo:hi]) - len(part[lo:hi].rstrip()))
    return {at: new for at, new in found.items() if (first and at < max(indent, lo)) or (last and at >= body)}


def _joined(writer: LineWriter, lines: list[tuple[int, int]], marks: Sweep) -> str:
    out: list[str] = []
    for index, (lo, hi) in enumerate(lines):
        blank_after = index + 1 == len(lines) or lines[index + 1][0] == lines[index + 1][1]
        out.append(writer.line(lo, hi, marks.over(lo, hi)) + ("" if blank_after or lo == hi else "  "))
    return "\n".join(out).strip("\n")
