"""The messages that a search has found: the list, and the message under its cursor."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.message import Message

from tobs_tui.model.display import clean
from tobs_tui.ui.paint import Line, Palette, fit
from tobs_tui.ui.widgets.painted import Painted, wrap
from tobs_tui.ui.widgets.panel import Panel

if TYPE_CHECKING:
    from tobs_tui.engine.search import Found, Passage
    from tobs_tui.engine.search_shown import Shown
    from tobs_tui.ui.search_model import SearchModel

WIDE = 100
NEAR_END = 20
"""So many rows before the last one that is there, further ones are asked for."""
NO_NOTE = "No note shows it: its chat is not rendered yet, or the profile leaves it out."

Marks = Sequence[tuple[int, int]]


def found_style(palette: Palette) -> Style:
    """How found words look: told by more than colour."""
    return palette.accent + Style(bold=True, underline=True)


def marked(text: str, marks: Marks, plain: Style, loud: Style) -> Line:
    """Foreign text as one harmless line, what is marked in another style; made harmless piece by piece, so that the
    marks stay where they belong."""
    line: Line = []
    at = 0
    for start, end in marks:
        if start < at:
            continue
        line += [Segment(clean(text[at:start], 4_000), plain), Segment(clean(text[start:end], 4_000), loud)]
        at = end
    line.append(Segment(clean(text[at:], 4_000), plain))
    return [segment for segment in line if segment.text]


def window(text: str, marks: Marks, width: int) -> tuple[str, Marks]:
    """The text from where on its first mark fits into `width` columns, with the marks moved along."""
    if not marks or cell_len(text) <= width or cell_len(text[: marks[0][1]]) <= width:
        return text, marks
    start = marks[0][0]
    first = start
    while first and (cell_len(text[first - 1 : start]) <= width // 4 or cell_len(text[first - 1 :]) < width):
        first -= 1
    if (space := text.find(" ", first, start)) >= 0:
        first = space + 1  # from the beginning of a word on
    return "…" + text[first:], [(one - first + 1, end - first + 1) for one, end in marks]


def wrapped(text: str, marks: Marks, width: int, plain: Style, loud: Style) -> list[Line]:
    """Foreign text (several lines) in lines of `width` columns, with its marks."""
    lines: list[Line] = []
    at = 0
    for part in wrap(text, width):
        at = max(at, text.find(part, at))
        end = at + len(part)
        inside = [(max(a, at) - at, min(b, end) - at) for a, b in marks if a < end and b > at]
        lines.append(marked(part, inside, plain, loud))
        at = end
    return lines


def moment_of(date: int) -> str:
    """A message's date on this machine's clock."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(date))


class ResultsPanel(Panel):
    """One row a message. Asks for more rows before its end is reached."""

    @dataclass
    class NearEnd(Message):
        """The rows that are there will soon be passed."""

    def __init__(self, model: SearchModel) -> None:
        super().__init__(id="results")
        self.model = model

    @property
    def current(self) -> Found | None:
        """The message under the cursor."""
        found = self.model.found
        return found[self.cursor] if 0 <= self.cursor < len(found) else None

    def count(self) -> int:
        """Those that are there by now."""
        return len(self.model.found)

    def title(self) -> Line:
        """How many there are."""
        palette = self.tobs.palette
        number = f"  {self.model.summary()}" if self.model.found else ""
        return [Segment("Found", palette.strong), Segment(number, palette.muted)]

    def hints(self) -> Line:
        """Their order; and, from within a field, the way to them."""
        words = "newest first" if self.has_focus else "enter: to the list"
        return [Segment(words, self.tobs.palette.faint)] if self.model.found else []

    def empty(self) -> str:
        """Why there is nothing."""
        return clean(self.model.emptiness(), 600)

    def empty_tone(self) -> str:
        """What went wrong stands out."""
        return "warn" if self.model.problem is not None else "muted"

    def _widths(self, width: int) -> tuple[int, int, int]:
        return (16, 22, 18) if width >= WIDE else (10, 14, 12)

    def header(self, width: int) -> Line | None:
        """Column names."""
        date, chat, sender = self._widths(width)
        text = f" {fit('DATE', date)}  {fit('CHAT', chat)}  {fit('FROM', sender)}  MESSAGE"
        return [Segment(text, self.tobs.palette.faint)]

    def row(self, index: int, width: int) -> Line:
        """Date, chat, sender, excerpt."""
        palette, one = self.tobs.palette, self.model.found[index]
        date, chat, sender = self._widths(width)
        text, marks = window(one.excerpt, one.marks, max(8, width - date - chat - sender - 8))
        return [
            Segment(f" {fit(moment_of(one.date), date, more='')}  ", palette.muted),
            Segment(f"{fit(clean(one.chat_title, 60), chat)}  ", palette.info),
            Segment(f"{fit(clean(one.sender, 60), sender)}  ", palette.muted),
            *marked(text, marks, palette.text, found_style(palette)),
        ]

    def move_to(self, index: int, direction: int = 1) -> None:
        """Move, and ask for more in time."""
        super().move_to(index, direction)
        self._look_ahead()

    def scroll_rows(self, rows: int) -> None:
        """Move the view, and ask for more in time."""
        before = self.cursor
        super().scroll_rows(rows)
        if self.cursor != before:
            self.post_message(self.Moved(self, self.cursor))
        self._look_ahead()

    def _look_ahead(self) -> None:
        if self.model.more and max(self.cursor, self.offset_row + self.rows_in_view) >= self.count() - NEAR_END:
            self.post_message(self.NearEnd())


def heading(shown: Shown, palette: Palette) -> Line:
    """Who wrote a message, when, and what else there is to it."""
    note = f"  {shown.note}" if shown.note else ""
    return [
        Segment(clean(shown.sender, 60), palette.strong),
        Segment(f"  {moment_of(shown.date)}", palette.muted),
        Segment(note, palette.warn),
    ]


class Preview(Painted):
    """The message under the cursor: as much of it as there is room for, and where it stands."""

    def __init__(self) -> None:
        super().__init__(id="preview")
        self.passage: Passage | None = None

    def show(self, passage: Passage | None) -> None:
        """Show another one."""
        self.passage = passage
        self.repaint()

    def lines(self, width: int, height: int) -> list[Line]:
        """Heading, text, place."""
        palette, passage = self.tobs.palette, self.passage
        if passage is None or height < 3:
            return []
        shown = passage.messages[passage.at]
        inner = width - 4
        chat = f" {self.tobs.glyphs.crumb} ".join(
            clean(title, 60) for title in (passage.chat_title, passage.topic_title) if title.strip()
        )
        head = [Segment("  "), *heading(shown, palette), Segment(f"  {chat}", palette.info)]
        text = wrapped(shown.text, shown.marks, inner, palette.text, found_style(palette))
        room = height - 2
        if len(text) > room:
            text = [*text[: room - 1], [Segment("… Enter shows all of it.", palette.faint)]]
        body: list[Line] = [[Segment("  "), *line] for line in text]
        body += [[]] * (room - len(body))
        return [head, *body, [Segment("  "), Segment(place_words(passage, inner), palette.muted)]]


def place_words(passage: Passage, width: int) -> str:
    """Where a message stands, in at most `width` columns; the file's name and the line are never cut."""
    if not passage.path:
        return NO_NOTE
    words = clean(f"{passage.path}:{passage.line}" if passage.line else passage.path, 1_000)
    while cell_len(words) > width and len(words) > 2:
        words = "…" + words[2:]
    return words
