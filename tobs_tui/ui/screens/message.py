"""A message that was found: all of it, among its neighbours, and where the notes show it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import BindingType

from tobs_tui.model.display import clean
from tobs_tui.ui.editor import copy_place, open_in_editor
from tobs_tui.ui.keys import Action, bindings
from tobs_tui.ui.paint import Line, Palette
from tobs_tui.ui.screens.page import Page
from tobs_tui.ui.search_model import Form
from tobs_tui.ui.search_worker import Looked, Looking, Refused
from tobs_tui.ui.widgets.painted import Words
from tobs_tui.ui.widgets.panel import Panel
from tobs_tui.ui.widgets.search_panels import NO_NOTE, found_style, heading, wrapped

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tobs_tui.engine.search import Found, Passage

AROUND = 4
"""Messages shown before and after."""


class PassagePanel(Panel):
    """The messages, one row a line of text; the one that was found has a mark before all of its lines."""

    def __init__(self) -> None:
        super().__init__(id="passage")
        self.passage: Passage | None = None
        self.problem = ""
        self._laid: tuple[int, Palette, Passage] | None = None
        self._rows: list[Line] = []
        self._begins = 0

    def show(self, passage: Passage) -> None:
        """Show another one, from its first line on."""
        self.passage, self.problem = passage, ""
        total = self.count()
        self.offset_row = max(0, min(self._begins - 2, total - self.rows_in_view))
        self.cursor = self._begins
        self.repaint()

    def title(self) -> Line:
        """Where it is from."""
        palette, passage = self.tobs.palette, self.passage
        if passage is None:
            return [Segment("Message", palette.strong)]
        topic = f"  {clean(passage.topic_title, 60)}" if passage.topic_title else ""
        return [Segment(clean(passage.chat_title, 60), palette.strong), Segment(topic, palette.muted)]

    def empty(self) -> str:
        """Why nothing is shown."""
        return self.problem or "Reading it."

    def count(self) -> int:
        """One row a line."""
        self._lay_out(self.size.width - 2)
        return len(self._rows)

    def row(self, index: int, width: int) -> Line:
        """A line."""
        self._lay_out(width)
        return self._rows[index] if index < len(self._rows) else []

    def _lay_out(self, width: int) -> None:
        """Wrap the texts for a width, once."""
        passage, palette = self.passage, self.tobs.palette
        if passage is None or width < 20 or self._laid == (width, palette, passage):
            return
        self._laid = (width, palette, passage)
        self._rows = []
        for place, shown in enumerate(passage.messages):
            here = place == passage.at
            if here:
                self._begins = len(self._rows)
            mark = Segment(f" {self.tobs.glyphs.right} " if here else "   ", palette.accent)
            bar = Segment(f" {self.tobs.glyphs.down} " if here else "   ", palette.accent)
            text = wrapped(
                shown.text, shown.marks, width - 6, palette.text if here else palette.muted, found_style(palette)
            )
            self._rows.append([mark, *heading(shown, palette)])
            self._rows += [[bar, *line] for line in text]
            self._rows.append([])


class MessageScreen(Page):
    """One message. `step` gives the next (1) or previous (-1) one that was found, None past the ends."""

    context = "message"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("message"))

    def __init__(self, vault: str, form: Form, found: Found, step: Callable[[int], Found | None]) -> None:
        super().__init__()
        self._vault, self._form, self._step = vault, form, step
        self._found = found
        self._looking: Looking | None = None

    def crumbs(self) -> list[str]:
        """Where one is."""
        return ["Search", clean(self._found.chat_title, 60)]

    def body(self) -> ComposeResult:
        """The messages, and the place."""
        yield PassagePanel()
        yield Words("", tone="muted", id="place")

    def on_mount(self) -> None:
        """Read it."""
        self.query_one(PassagePanel).focus()
        self._look()

    def on_unmount(self) -> None:
        """Nobody waits any more."""
        if self._looking is not None:
            self._looking.give_up()

    def _look(self) -> None:
        if self._looking is not None:
            self._looking.give_up()
        key = (self._found.chat, self._found.id)
        self._looking = Looking(self.post_message, self._vault, self._form, key, AROUND)
        self.run_worker(self._looking.run, thread=True, group="look")

    def on_looked(self, message: Looked) -> None:
        """It is read."""
        if message.looking is self._looking:
            passage = message.passage
            self.query_one(PassagePanel).show(passage)
            where = f"{passage.path}:{passage.line}" if passage.line else passage.path
            self.query_one("#place", Words).say(clean(where, 1_000) or NO_NOTE)
            self.paint()

    def on_refused(self, message: Refused) -> None:
        """It cannot be read."""
        if message.asking is self._looking:
            panel = self.query_one(PassagePanel)
            panel.problem = clean(str(message.error), 400)
            panel.repaint()

    def _place(self) -> tuple[Path, int] | None:
        """The file and line; None where no note shows it."""
        passage = self.query_one(PassagePanel).passage
        return (Path(self._vault, passage.path), passage.line) if passage is not None and passage.path else None

    def offers(self, action: Action) -> bool:
        """A place can be opened where there is one."""
        return action.id not in ("message.open", "message.copy") or self._place() is not None

    def action_open(self) -> None:
        """The note at the message's line, in the editor."""
        if (place := self._place()) is not None:
            open_in_editor(self.tobs, *place)

    def action_copy(self) -> None:
        """File and line to the clipboard."""
        if (place := self._place()) is not None:
            copy_place(self.tobs, *place)

    def action_step(self, rows: int) -> None:
        """Another one that was found."""
        found = self._step(rows)
        if found is None:
            self.tobs.say("That was the last one." if rows > 0 else "That was the first one.")
        else:
            self._found = found
            self._look()

    def action_back(self) -> None:
        """Back to the list."""
        self.dismiss(None)
