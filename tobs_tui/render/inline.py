"""One line of text with its marks, as Markdown: emphasis where a delimiter surely works, HTML where it might not."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from typing import NamedTuple

from tobs_tui.render.chars import is_blank, maybe_punctuation, surely_punctuation
from tobs_tui.render.escape import html_attribute
from tobs_tui.render.links import ADDRESS_START, destination, fits_brackets, has_scheme, web_address
from tobs_tui.render.spans import MATH, Mark, MarkKind, clipped

_TAGS = {
    MarkKind.SPOILER: ('<span class="tg-spoiler">', "</span>"),
    MarkKind.UNDERLINE: ("<u>", "</u>"),
    MarkKind.MARKED: ("<mark>", "</mark>"),
    MarkKind.SUBSCRIPT: ("<sub>", "</sub>"),
    MarkKind.SUPERSCRIPT: ("<sup>", "</sup>"),
    MarkKind.INSERTED: ("<ins>", "</ins>"),
    MarkKind.DELETED: ("<del>", "</del>"),
    MarkKind.STRIKE: ("<s>", "</s>"),
    MarkKind.BOLD: ("<b>", "</b>"),
    MarkKind.ITALIC: ("<i>", "</i>"),
}
_DELIMITERS = {MarkKind.STRIKE: "~~", MarkKind.BOLD: "**", MarkKind.ITALIC: "*"}
_TICKS = re.compile("`+")
# What may stand behind an address before a blank, without parsers taking it for a part of the address.
_TAIL = re.compile(r"[.,;:!?)]*(?=[ \t]|\Z)")
_HTML_IN_CODE = re.compile(r"[&<>`*_\[\]\\~$=%^|#!:@]")
_REFERENCE = re.compile(r"&(?=[A-Za-z#])")
_IN_MAIL = re.compile(r"(?<=[A-Za-z0-9.+_-])@(?=[A-Za-z0-9])")


class _Inside(NamedTuple):
    """Where the writer stands: in HTML, in a link, in one that is HTML, and which character closes what is open ('' =
    nothing)."""

    html: bool = False
    link: bool = False
    anchor: bool = False
    closer: str = ""


def code_span(text: str) -> str:
    """A Markdown code span that shows exactly `text`, which must be one line and not blank."""
    runs = {len(run) for run in _TICKS.findall(text)}
    ticks = "`" * next(size for size in range(1, len(runs) + 2) if size not in runs)
    padded = text[0] == "`" or text[-1] == "`" or (text[0] == " " and text[-1] == " ")
    return f"{ticks} {text} {ticks}" if padded else f"{ticks}{text}{ticks}"


def _flanks(outside: str, inner: str) -> bool:
    """Whether a delimiter between the two faces `inner` under every rule for what counts as punctuation."""
    if not inner or is_blank(inner):
        return False
    return not maybe_punctuation(inner) or is_blank(outside) or surely_punctuation(outside)


class LineWriter:
    """Writes lines of one text; `escapes` holds what to write in place of characters that would make structure.

    In a table's `cell`, code that holds its sign of separation is HTML: readers disagree on how to escape it there.
    """

    def __init__(self, text: str, escapes: dict[int, str], *, cell: bool = False) -> None:
        self._text = text
        self._cell = cell
        self._escapes = escapes
        self._where = sorted(escapes)
        self._end = 0
        self._out: list[str] = []

    def line(self, start: int, end: int, marks: list[Mark]) -> str:
        """text[start:end] with those marks, which lie in it and may cross."""
        index = bisect_left(self._where, start)
        if not marks and (index == len(self._where) or self._where[index] >= end):
            return self._text[start:end]
        self._out, self._end = [], end
        self._pieces(start, end, self._solid(marks), _Inside())
        return "".join(self._out)

    def _pieces(self, start: int, end: int, marks: list[Mark], inside: _Inside) -> None:
        """text[start:end] as plain stretches and nodes; of marks that cross, the later one is split."""
        at, coming = start, 0
        marks = sorted(marks)
        cut: list[Mark] = []  # what is left of marks that the last node has split
        while cut or coming < len(marks):
            first = min(mark.start for mark in (*cut, *marks[coming : coming + 1]))
            if first > at:
                self._plain(at, first, inside)
                at = first
            while coming < len(marks) and marks[coming].start <= at:
                cut.append(marks[coming])
                coming += 1
            outer = self._outermost(at, cut, marks[coming].start if coming < len(marks) else end)
            while coming < len(marks) and marks[coming].start < outer.end:
                cut.append(marks[coming])
                coming += 1
            rest = [mark for mark in cut if mark.kind != outer.kind or mark.start >= outer.end]
            self._node(outer, self._solid(clipped(rest, at, outer.end)), inside, last=outer.end == end)
            at = outer.end
            cut = self._solid(clipped(cut, at, end))
        self._plain(at, end, inside)

    def _outermost(self, at: int, marks: list[Mark], coming: int) -> Mark:
        """The mark that goes around the others at `at`, where one starts or goes on; from there on, without blanks at
        its end. Where the next one behind `marks` starts is `coming`."""
        here = [mark for mark in marks if mark.start <= at]
        outer = here[0]
        if len(here) > 1:
            outer = max(here, key=lambda mark: (mark.kind is not MarkKind.CODE, mark.end, -mark.kind))
        if outer.kind is MarkKind.CODE:  # nothing can stand inside code, so it ends where something else begins
            end = min((mark.start for mark in marks if mark.start > at), default=outer.end)
            return Mark(at, min(end, outer.end, max(coming, at + 1)), outer.kind, outer.value)
        return outer

    def _solid(self, marks: list[Mark]) -> list[Mark]:
        """The marks without blanks at their edges, less those with nothing else in them."""
        return [mark for mark in map(self._trimmed, marks) if mark.start < mark.end]

    def _trimmed(self, mark: Mark) -> Mark:
        """The mark without blanks at its edges; code keeps them, unless it has nothing else."""
        start, end, kind, value = mark
        text = self._text
        if end > start and not text[start].isspace() and not text[end - 1].isspace():
            return mark
        if kind is MarkKind.CODE and not text[start:end].isspace():
            return mark
        while start < end and is_blank(text[start]):
            start += 1
        while end > start and is_blank(text[end - 1]):
            end -= 1
        return Mark(start, end, kind, value)

    def _plain(self, start: int, end: int, inside: _Inside) -> None:
        """Text without formatting of its own, escaped as its surroundings ask for."""
        text, at = self._text, start
        index = bisect_left(self._where, start)
        while index < len(self._where) and self._where[index] < end:
            where = self._where[index]
            new = self._escapes[where]
            self._write(text[at:where], inside)
            self._out.append(f"&#{ord(text[where])};" if inside.html and new[0] == "\\" else new)
            at, index = where + 1, index + 1
        self._write(text[at:end], inside)
        # A backslash at a seam would escape the delimiter behind it.
        if at < end and text[end - 1] == "\\" and (end < self._end or inside.closer):
            self._out[-1] = self._out[-1][:-1] + ("&#92;" if inside.html else "\\\\")

    def _write(self, piece: str, inside: _Inside) -> None:
        if piece and inside.html:
            piece = _REFERENCE.sub("&amp;", piece)  # browsers know some names without a semicolon, too
            if inside.link:
                piece = piece.replace("[", "&#91;").replace("]", "&#93;")
            if inside.anchor:  # GitHub's parser would link a mail address, in spite of the link around it
                piece = _IN_MAIL.sub("<i></i>@", piece)
        elif piece and inside.link:
            piece = re.sub(r"(?<!\\)[\[\]]", r"\\\g<0>", piece)
        if piece:
            self._out.append(piece)

    def _node(self, mark: Mark, inner: list[Mark], inside: _Inside, *, last: bool) -> None:
        if mark.kind is MarkKind.CODE:
            self._code(mark, inside)
        elif mark.kind is MarkKind.URL:
            self._url(mark, inner, inside)
        elif mark.kind is MarkKind.LINK:
            self._link(mark, inner, inside)
        elif mark.kind in _DELIMITERS and not inside.html:
            self._emphasis(mark, inner, inside, last=last)
        else:
            self._tagged(mark, inner, inside)

    def _code(self, mark: Mark, inside: _Inside) -> None:
        text = self._text[mark.start : mark.end]
        if text.isspace():  # what another mark left of it
            self._plain(mark.start, mark.end, inside)
            return
        before = self._out[-1][-1:] if self._out else ""
        after = self._text[mark.end : mark.end + 1]
        if mark.value == MATH and not inside.html and "$" not in (before, after) and not after.isdigit():
            self._out.append(f"${text}$")
        elif self._is_html(text, inside, before) or (after == "`" and mark.end not in self._escapes):
            shown = _HTML_IN_CODE.sub(lambda match: f"&#{ord(match.group())};", text)
            self._out.append(f"<code>{shown}</code>")
        else:
            self._out.append(code_span(text))

    def _is_html(self, text: str, inside: _Inside, before: str) -> bool:
        """Whether code that follows the character `before` is better written as HTML."""
        return inside.html or before == "`" or (self._cell and "|" in text)

    def _url(self, mark: Mark, inner: list[Mark], inside: _Inside) -> None:
        """An address that stands for itself: as it is, or in angle brackets where Markdown would see more in it."""
        start, end = mark.start, mark.end
        text = self._text[start:end]
        if inside.link:
            self._pieces(start, end, inner, inside)
            return
        index = bisect_left(self._where, start)
        inert = index == len(self._where) or self._where[index] >= end
        stands_alone = not inside.html and not inside.closer and _TAIL.match(self._text, end, self._end)
        if not inner and inert and stands_alone:
            self._plain(start, end, inside)
        elif not inner and not inside.html and fits_brackets(text) and "&" not in text:
            self._out.append(f"<{text}>")
        elif has_scheme(text):  # its own dollar sign, and the one in its label, could make a formula in Obsidian
            self._link(mark._replace(value=web_address(text).replace("$", "%24")), inner, inside)
        else:
            self._pieces(start, end, inner, inside)

    def _disguise(self, start: int, end: int) -> None:
        """Keep GitHub's parser from linking addresses in a link a second time, which it does within HTML, showing the
        escapes in them."""
        for match in ADDRESS_START.finditer(self._text, start, end):
            at = match.start(1)
            if at not in self._escapes:
                self._escapes[at] = f"\\{self._text[at]}"
                insort(self._where, at)

    def _link(self, mark: Mark, inner: list[Mark], inside: _Inside) -> None:
        if inside.link:
            self._pieces(mark.start, mark.end, inner, inside)
        elif inside.html:
            self._disguise(mark.start, mark.end)
            self._out.append(f'<a href="{html_attribute(mark.value)}">')
            self._pieces(mark.start, mark.end, inner, inside._replace(link=True, anchor=True, closer="<"))
            self._out.append("</a>")
        else:
            # "!" and "^" before a bracket make an image or a footnote of it.
            if self._out and self._out[-1][-1:] in ("!", "^") and mark.start - 1 not in self._escapes:
                self._out[-1] = f"{self._out[-1][:-1]}\\{self._out[-1][-1]}"
            self._out.append("[")
            before = len(self._out)
            self._pieces(mark.start, mark.end, inner, inside._replace(link=True, closer="]"))
            if len(self._out) > before and self._out[before][:1] in ("!", "^"):
                self._out[before] = "\\" + self._out[before]
            self._out.append(f"]({destination(mark.value)})")

    def _emphasis(self, mark: Mark, inner: list[Mark], inside: _Inside, *, last: bool) -> None:
        delimiter = _DELIMITERS[mark.kind]
        if mark.kind is MarkKind.BOLD:
            twins = [other for other in inner if other[:2] == mark[:2] and other.kind is MarkKind.ITALIC]
            if twins:
                delimiter, inner = "***", [other for other in inner if other.kind is not MarkKind.ITALIC]
        if not self._works(mark, inner, inside, delimiter, last=last):
            if delimiter == "***":
                inner = [*inner, mark._replace(kind=MarkKind.ITALIC)]
            self._tagged(mark, inner, inside)
            return
        self._out.append(delimiter)
        self._pieces(mark.start, mark.end, inner, inside._replace(closer=delimiter[0]))
        self._out.append(delimiter)

    def _works(self, mark: Mark, inner: list[Mark], inside: _Inside, delimiter: str, *, last: bool) -> bool:
        """Whether the delimiter surely opens and closes here, under the punctuation rules of CommonMark 0.30 and 0.31
        (https://spec.commonmark.org/0.31.2/#left-flanking-delimiter-run), and touches no other like it."""
        text = self._text
        before, behind_tildes = self._before()
        after = inside.closer if last and inside.closer else text[mark.end] if mark.end < self._end else " "
        if before == delimiter[0] or after == delimiter[0]:
            return False
        starts = any(other.start == mark.start for other in inner)
        ends = any(other.end == mark.end for other in inner)
        opens = _flanks(before, "*" if starts else text[mark.start])
        closes = _flanks(after, "*" if ends else text[mark.end - 1])
        # GitHub's parser looks past tildes, on both sides, for the characters that decide.
        content = text[mark.start : mark.end].strip("~")
        rest = text[mark.end : self._end].lstrip("~")[:1] or " "
        beyond = rest if after == "~" else after
        opens = opens and _flanks(behind_tildes, "*" if starts and content[:1].strip() else content[:1])
        return opens and closes and _flanks(beyond, "*" if ends and content[-1:].strip() else content[-1:])

    def _before(self) -> tuple[str, str]:
        """The last character written on this line, and the last one that is no tilde; a blank where there is none."""
        last = self._out[-1][-1:] if self._out else " "
        for piece in reversed(self._out):
            if piece.rstrip("~"):
                return last, piece.rstrip("~")[-1]
        return last, " "

    def _tagged(self, mark: Mark, inner: list[Mark], inside: _Inside) -> None:
        opening, closing = _TAGS[mark.kind]
        if mark.value:
            opening = f'<ins title="was: {html_attribute(mark.value)}">'
        self._out.append(opening)
        self._pieces(mark.start, mark.end, inner, inside._replace(html=True, closer="<"))
        self._out.append(closing)
