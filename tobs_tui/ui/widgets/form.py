"""A form as a list of rows: label, value, and where the value comes from or what is wrong with it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from textual.containers import Horizontal

from tobs_tui.ui.paint import Line, fit
from tobs_tui.ui.widgets.fields import Line1
from tobs_tui.ui.widgets.painted import Words
from tobs_tui.ui.widgets.panel import Panel

if TYPE_CHECKING:
    from textual.app import ComposeResult

SHORT = 16
"""Columns that a short value takes."""


@dataclass(frozen=True)
class FormRow:
    """One row; a heading has no key. `note` says where the value comes from, `problem` what is wrong with it."""

    key: str
    label: str
    value: str = ""
    note: str = ""
    problem: str = ""
    changed: bool = False


class FormPanel(Panel):
    """Rows from `make`, made anew with `reload`."""

    def __init__(self, name: str, make: Callable[[], list[FormRow]]) -> None:
        super().__init__(id="form")
        self._caption, self._make = name, make
        self.rows: list[FormRow] = []

    def reload(self) -> None:
        """Read the values anew."""
        self.rows = self._make()
        if not self.selectable(self.cursor):
            self.move_to(self.cursor)
        self.repaint()

    @property
    def key(self) -> str:
        """The key of the row under the cursor."""
        return self.rows[self.cursor].key if 0 <= self.cursor < len(self.rows) else ""

    def count(self) -> int:
        """One row a value or heading."""
        return len(self.rows)

    def selectable(self, index: int) -> bool:
        """Headings are passed over."""
        return 0 <= index < len(self.rows) and bool(self.rows[index].key)

    def title(self) -> Line:
        """The form's name."""
        return [Segment(self._caption, self.tobs.palette.strong)]

    def row(self, index: int, width: int) -> Line:
        """Heading; or label, value, note."""
        palette, glyphs, row = self.tobs.palette, self.tobs.glyphs, self.rows[index]
        if not row.key:
            return [Segment(f" {row.label}", palette.accent)]
        note = f"{glyphs.failed} {row.problem}" if row.problem else row.note
        room = self._value_width(index, width) if note else width - 22
        value = palette.strong if row.changed else palette.text
        line: Line = [Segment(f"   {fit(row.label, 18)} ", palette.muted), Segment(fit(row.value, room), value)]
        tone = palette.bad if row.problem else palette.warn if row.changed else palette.faint
        return [*line, Segment(f" {fit(note, width - room - 23)}", tone)] if note else line

    def _value_width(self, index: int, width: int) -> int:
        """Columns for values that have a note: fewer in a section of short values whose notes are long."""
        usual = max(14, min(SHORT * 2, (width - 22) // 2))
        first = next(i for i in range(index, -1, -1) if not self.rows[i].key)
        rows = list(itertools.takewhile(lambda row: row.key, self.rows[first + 1 :]))
        short = all(cell_len(row.value) < SHORT for row in rows if row.note or row.problem)
        long = any(cell_len(row.note or row.problem) > width - usual - 25 for row in rows)
        return min(usual, SHORT) if short and long else usual


class EntryLine(Horizontal):
    """The line below a form where a value is typed: label, field, and what is wrong, beside it."""

    def __init__(self) -> None:
        super().__init__(classes="entry")
        self.key = ""

    def compose(self) -> ComposeResult:
        """Label, field, note."""
        yield Words("", tone="accent", id="entry-label")
        yield Line1(id="entry")
        yield Words("", tone="faint", id="entry-hint")

    def open(self, key: str, label: str, value: str, hint: str) -> None:
        """Ask for a value."""
        self.key = key
        self.query_one("#entry-label", Words).say(label)
        self.query_one("#entry-hint", Words).say(hint, "faint")
        field = self.query_one("#entry", Line1)
        field.value = value
        self.remove_class("-wrong")
        self.add_class("-on")
        field.focus()
        field.action_end()

    def wrong(self, sentence: str) -> None:
        """Say what is wrong with what was typed, all of it: the line grows for it."""
        self.add_class("-wrong")
        hint = self.query_one("#entry-hint", Words)
        hint.say(f"{hint.tobs.glyphs.failed} {sentence}", "bad")

    def close(self) -> None:
        """Done; the keys go to the form again."""
        self.key = ""
        self.remove_class("-on")
        self.screen.query_one(FormPanel).focus()

    @property
    def is_open(self) -> bool:
        """Whether a value is being typed."""
        return bool(self.key)
