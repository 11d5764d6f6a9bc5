"""Which characters of a text would make structure in Markdown, and what to write in their place."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import accumulate, pairwise

from tobs_tui.render.chars import clean_line, is_blank, maybe_punctuation, surely_punctuation

_INLINE = re.compile(
    r"(?P<backslash>\\(?=[!-/:-@\[-`{-~]|[ \t]*\n[ \t]*[^ \t\n]))"
    r"|(?P<run>\*+|_+|~+|`+|\$+|==+)"
    r"|(?P<percent>%%+)"
    r"|(?P<bracket>\[)"
    r"|(?P<angle><(?=[A-Za-z/!?]))"
    r"|(?P<entity>&(?=\#[0-9]{1,7};|\#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};))"
    r"|(?P<tag>(?:(?<=[\s(\[{\"'«“‘,;!>—–])|\A)\#(?=[^\s!-,.:-@\[-^`{-~]*[^\s!-,.:-@\[-^`{-~0-9]))"
    r"|(?P<block_id>(?:(?<=\s)|\A)\^(?=[A-Za-z0-9-]+[ \t]*$))",
    re.MULTILINE,
)
_INLINE_FIRST = re.compile(r"[\\*_~`$=%\[<&#^]")  # where `_INLINE` may match; looked for much faster than that
_LINE = re.compile(
    r"[ \t]*(?:"
    r"(?P<rule>(?P<mark>[-_*])(?:[ \t]*(?P=mark)){2,}[ \t]*$)"
    r"|(?P<table>[|:]?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$)"
    r"|(?P<setext>=+[ \t]*$)"
    r"|(?P<fence>`{3,}|~{3,})"
    r"|(?P<first>\#{1,6}(?=[ \t]|$)|[-+*](?=[ \t]|$)|>)"
    r"|[0-9]{1,9}(?P<number>[.)])(?=[ \t]|$)"
    r")"
)
_LINE_FIRST = frozenset(" \t-_*|:=`~#+>0123456789")
_NAME = re.compile(
    r"[\\`*\[\]<~$^|]|(?<!\w)_|_(?!\w)|==+|%%+|&(?=#?\w+;)|#(?=[^\s0-9]*[^\s!-/:-@\[-^`{-~0-9])|^!|(?<=\s)>"
)
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_BOX = re.compile(r"\[.\](?:\s|$)")
_LINKISH = ("](", "][", "]:")


class _Run:
    """A run of one delimiter character, and whether it might open or close something under any rule in use."""

    __slots__ = ("blank", "close", "end", "open", "start")

    def __init__(self, start: int, end: int, *, opens: bool, closes: bool, blank: bool = False) -> None:
        self.start, self.end, self.open, self.close = start, end, opens, closes
        self.blank = blank  # stands between blanks


def _run(text: str, start: int, end: int, edges: AbstractSet[int], urls: AbstractSet[int]) -> _Run:
    """The run text[start:end]; at `edges` it meets delimiters, at `urls` it may meet an angle bracket."""
    run = _run_between(text, start, end, edges)
    if start in urls or end in urls:
        other = _run_between(text, start, end, edges | urls)
        run.open, run.close = run.open or other.open, run.close or other.close
    return run


def _run_between(text: str, start: int, end: int, edges: AbstractSet[int]) -> _Run:
    char = text[start]
    before = "*" if start in edges else text[start - 1] if start else "\n"
    after = "*" if end in edges else text[end] if end < len(text) else "\n"
    if char == "=" and end - start > 2:  # its inner signs stand beside no blank
        return _Run(start, end, opens=True, closes=True)
    if char in "$=`":
        return _Run(start, end, opens=not is_blank(after), closes=not is_blank(before))
    if "~" in (before, after) and char != "~":  # GitHub's parser looks past tildes for what decides
        return _Run(start, end, opens=True, closes=True)
    word_before = not is_blank(before) and not maybe_punctuation(before)
    word_after = not is_blank(after) and not maybe_punctuation(after)
    if char == "_" and word_before and word_after:
        return _Run(start, end, opens=False, closes=False)
    opens = not is_blank(after) and not (surely_punctuation(after) and word_before)
    closes = not is_blank(before) and not (surely_punctuation(before) and word_after)
    return _Run(start, end, opens=opens, closes=closes, blank=is_blank(before) and is_blank(after))


def _live(char: str, runs: list[_Run], marked: Sequence[tuple[int, int]], *, code: bool) -> list[_Run]:
    """The runs that must be escaped: those of a character of which some run can open and a later one close, and those
    that emphasis of ours could be taken together with."""
    if char == "`":
        # All or none: within code a backslash is plain text, so one that is escaped could close another's code.
        lengths = {run.end - run.start for run in runs}
        return runs if code or len(lengths) < len(runs) else []
    if marked and char in "*~_":
        spans = sorted(marked)
        starts, reach = [start for start, _ in spans], list(accumulate((end for _, end in spans), max))
        return [run for run in runs if run.open or run.close or (run.blank and _meets(run, starts, reach))]
    first = next((index for index, run in enumerate(runs) if run.open), len(runs))
    live = any(run.close for run in runs[first + 1 :])
    # Formulas between two dollar signs each may have blanks at their edges.
    return [run for run in runs if (live and (run.open or run.close)) or (char == "$" and run.end - run.start > 1)]


def _meets(run: _Run, starts: list[int], reach: list[int]) -> bool:
    """Whether the run lies in or beside a span: they start at `starts`, and those up to each end at `reach` at most."""
    before = bisect_right(starts, run.end)
    return before > 0 and reach[before - 1] >= run.start


def _inline_matches(text: str) -> Iterator[re.Match[str]]:
    at = 0
    while (candidate := _INLINE_FIRST.search(text, at)) is not None:
        match = _INLINE.match(text, candidate.start())
        if match is not None:
            yield match
        at = (match or candidate).end()


def inline_escapes(
    text: str,
    *,
    marked: Sequence[tuple[int, int]] = (),
    urls: AbstractSet[int] = frozenset(),
    links: bool = False,
    code: bool = False,
) -> dict[int, str]:
    """Replacements by index for one stretch of text with markup around the spans `marked`.

    `urls` are the edges of addresses that may be put in angle brackets; `links` and `code` tell whether the stretch has
    links and code spans of its own. Line starts: `line_escapes`.
    """
    found: dict[int, str] = {}
    runs: dict[str, list[_Run]] = {}
    edges = frozenset(at for span in marked for at in span)
    seams = edges | urls  # markup that crosses an address is parted at its edge
    brackets = links or any(sign in text for sign in _LINKISH)
    for match in _inline_matches(text):
        start, kind = match.start(), match.lastgroup
        if kind == "run":
            end = match.end()
            inside = [edge for edge in range(start + 1, end) if edge in seams] if seams and end - start > 1 else []
            group = runs.setdefault(text[start], [])
            for lo, hi in pairwise((start, *inside, end)):
                group.append(_run(text, lo, hi, edges, urls))
        elif kind == "bracket":
            if brackets or text[start + 1 : start + 2] in ("[", "^", "!") or text[start - 1 : start] in ("[", "^"):
                found[start] = "\\["
        else:
            for index in range(start, match.end()):
                found[index] = "\\" + text[index]
    for char, group in runs.items():
        for run in _live(char, group, marked, code=code):
            found.update((index, "\\" + char) for index in range(run.start, run.end))
    return found


def line_escapes(text: str, start: int, end: int) -> dict[int, str]:
    """Replacements for what would make structure at the start of the line text[start:end]."""
    match = _LINE.match(text, start, end) if text[start] in _LINE_FIRST else None
    if match is None:
        return {}
    kind = match.lastgroup
    if kind == "mark":  # lastgroup names the group closed last, which is the outer one; kept for certainty
        kind = "rule"
    if kind in ("rule", "fence"):
        where = [index for index in range(match.start(kind), match.end(kind)) if text[index] in "-_*`~"]
        return {index: "\\" + text[index] for index in (where[:1] if text[where[0]] == "-" else where)}
    at = match.start(kind or 0)
    return {at: "\\" + text[at]}


def edge_escapes(text: str, start: int, end: int) -> dict[int, str]:
    """Replacements that keep the blanks at a paragraph's edges: four of them or a tab would make code, and some
    parsers strip no-break and ideographic spaces there."""
    found: dict[int, str] = {}
    indent = len(text[start:end]) - len(text[start:end].lstrip(" \t"))
    if indent >= 4 or "\t" in text[start : start + indent]:
        found.update((index, f"&#{ord(text[index])};") for index in range(start, start + indent))
    while start + indent < end and is_blank(text[start + indent]):
        found[start + indent] = _blank(text[start + indent])
        indent += 1
    while end > start and is_blank(text[end - 1]):
        end -= 1
        found[end] = _blank(text[end])
    return found


def _blank(char: str) -> str:
    return "&nbsp;" if char == "\xa0" else f"&#{ord(char)};"


@lru_cache(maxsize=4096)
def inline_name(name: str) -> str:
    """A name or title as inert Markdown on one line, whatever it holds."""
    return _NAME.sub(lambda match: _PUNCTUATION.sub(r"\\\g<0>", match.group()), clean_line(name))


def line_start(markdown: str) -> str:
    """A line of inert Markdown made fit to start a line, where "- x" would be a list."""
    for at, new in sorted(line_escapes(markdown, 0, len(markdown)).items(), reverse=True):
        markdown = markdown[:at] + new + markdown[at + 1 :]
    return markdown


def item_start(markdown: str) -> str:
    """Markdown made fit to start a list's item, where "[x] a" would be a task, and blanks move the item's edge."""
    markdown = markdown.lstrip(" ")
    return f"\\{markdown}" if _BOX.match(markdown) else markdown


def html_attribute(text: str) -> str:
    """The text for a double-quoted HTML attribute that stands in a Markdown line."""
    cleaned = clean_line(text)
    return re.sub(r"[&<>\"`*_\[\]\\|]", lambda match: f"&#{ord(match.group())};", cleaned)
