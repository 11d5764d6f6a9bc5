"""Fields to type into, with their label before them and what is wrong beneath; and choices on one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.widgets import Input

from tobs_tui.ui.keys import bindings
from tobs_tui.ui.paint import Line, highlight
from tobs_tui.ui.widgets.painted import Painted, Words

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Click


class Line1(Input):
    """A one-line input without a frame and without blinking: blinking costs bytes for nothing.

    Its width never depends on what is in it; Textual's own lays out the whole screen for every letter.
    """

    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False)

    def __init__(
        self, *, value: str = "", placeholder: str = "", password: bool = False, id: str | None = None
    ) -> None:
        super().__init__(
            value=value,
            placeholder=placeholder,
            password=password,
            compact=True,
            select_on_focus=False,
            id=id,
        )
        self.cursor_blink = False


class Field(Vertical):
    """A label, an input, and a line beneath for a hint or for what is wrong."""

    def __init__(
        self, name: str, label: str, *, hint: str = "", placeholder: str = "", value: str = "", password: bool = False
    ) -> None:
        super().__init__(id=f"field-{name}", classes="field")
        self._label, self._hint = label, hint
        self.input = Line1(value=value, placeholder=placeholder, password=password, id=name)
        self.note = Words(hint, tone="faint", classes="note")

    def compose(self) -> ComposeResult:
        """Label and input side by side, the note below."""
        with Horizontal(classes="field-row"):
            yield Words(self._label, tone="muted", classes="label")
            yield self.input
        yield self.note

    def wrong(self, sentence: str) -> None:
        """Say what is wrong, beside the field, and go there; typing replaces what is in it."""
        self.note.say(f"{self.note.tobs.glyphs.failed} {sentence}", "bad")
        self.input.focus()
        self.input.action_select_all()

    def hint(self, text: str) -> None:
        """Show another hint, unless something is wrong."""
        self._hint = text
        if self.note.text == "" or not self.has_class("-wrong"):
            self.note.say(text, "faint")

    def right(self) -> None:
        """Nothing is wrong: back to the hint."""
        self.note.say(self._hint, "faint")


class Choice(Painted, can_focus=True):
    """Something to choose with Enter, Space or a click: a button without a box."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings("choice"))

    @dataclass
    class Pressed(Message):
        """The choice was made."""

        choice: Choice

        @property
        def control(self) -> Choice:
            """Lets handlers select by id."""
            return self.choice

    def __init__(self, label: str, *, id: str, note: str = "") -> None:
        super().__init__(id=id)
        self.label, self.note = label, note

    def rename(self, label: str, note: str = "") -> None:
        """Show another label."""
        self.label, self.note = label, note
        self.repaint()

    def lines(self, width: int, height: int) -> list[Line]:
        """One line."""
        palette, glyphs = self.tobs.palette, self.tobs.glyphs
        mark = Segment(f" {glyphs.right} " if self.has_focus else "   ", palette.accent)
        line: Line = [mark, Segment(self.label, palette.strong if self.has_focus else palette.text)]
        if self.note:
            line.append(Segment(f"  {self.note}", palette.faint))
        return [highlight(line, palette.cursor) if self.has_focus else line]

    def action_press(self) -> None:
        """Make the choice."""
        self.post_message(self.Pressed(self))

    def on_click(self, event: Click) -> None:
        """A click chooses."""
        self.action_press()

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Show whether Enter chooses this."""
        super().watch_has_focus(_has_focus)
        self.repaint()
