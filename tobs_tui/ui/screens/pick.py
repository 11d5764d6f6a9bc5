"""Dialogs to choose several of a few things, or one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import BindingType
from textual.containers import Vertical

from tobs_tui.ui.keys import bindings
from tobs_tui.ui.paint import Line
from tobs_tui.ui.screens.dialogs import Dialog
from tobs_tui.ui.widgets.chrome import DialogBar
from tobs_tui.ui.widgets.panel import Panel

if TYPE_CHECKING:
    from textual.app import ComposeResult


class PickPanel(Panel):
    """The things, each with a mark."""

    type_ahead = True
    marks = 3

    def __init__(self, name: str, items: list[str], chosen: list[str]) -> None:
        super().__init__(id="pick")
        self._caption, self.items, self.chosen = name, items, set(chosen)

    def count(self) -> int:
        """One row a thing."""
        return len(self.items)

    def label(self, index: int) -> str:
        """What typed letters are compared with."""
        return self.items[index]

    def title(self) -> Line:
        """What is chosen here."""
        return [Segment(self._caption, self.tobs.palette.strong)]

    def row(self, index: int, width: int) -> Line:
        """Mark and name."""
        palette, glyphs, item = self.tobs.palette, self.tobs.glyphs, self.items[index]
        on = item in self.chosen
        mark = Segment(
            f" {glyphs.checked} " if on else f" {glyphs.unchecked} ", palette.accent if on else palette.faint
        )
        return [mark, Segment(item, palette.text)]


class Pick(Dialog[list[str]]):
    """Space marks, Enter takes what is marked, Escape changes nothing."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings("pick"))
    beside = 10

    def __init__(self, name: str, items: list[str], chosen: list[str]) -> None:
        super().__init__()
        self._caption, self._items, self._chosen = name, items, chosen

    def compose(self) -> ComposeResult:
        """The list and what the keys do."""
        with Vertical():
            panel = PickPanel(self._caption, self._items, self._chosen)
            panel.styles.height = self.list_height(len(self._items))
            yield panel
            yield DialogBar(
                ("pick.mark", "Mark", "mark"),
                ("pick.all", "All or none", "all"),
                ("list.choose", "Take these", "take"),
                ("dialog.close", "Cancel", "close"),
            )

    def on_mount(self) -> None:
        """Begin with the list."""
        self.query_one(PickPanel).focus()

    def action_mark(self) -> None:
        """Mark, or no longer."""
        panel = self.query_one(PickPanel)
        panel.chosen ^= {panel.items[panel.cursor]}
        panel.action_cursor_down()
        panel.repaint()

    def action_all(self) -> None:
        """Mark all; or none, when all are."""
        panel = self.query_one(PickPanel)
        panel.chosen = set() if len(panel.chosen) == len(panel.items) else set(panel.items)
        panel.repaint()

    def on_panel_marked(self, message: Panel.Marked) -> None:
        """A click on a mark."""
        message.stop()
        self.action_mark()

    def on_panel_chosen(self, message: Panel.Chosen) -> None:
        """Take what is marked."""
        message.stop()
        self.action_take()

    def action_take(self) -> None:
        """Take what is marked."""
        panel = self.query_one(PickPanel)
        self.dismiss([item for item in panel.items if item in panel.chosen])


class OnePanel(Panel):
    """The things to choose one of; `current` is the one in use."""

    type_ahead = True
    one_click = True

    def __init__(self, name: str, items: list[str], current: int) -> None:
        super().__init__(id="pick")
        self._caption, self.items, self._current = name, items, current
        self.cursor = current

    def count(self) -> int:
        """One row a thing."""
        return len(self.items)

    def label(self, index: int) -> str:
        """What typed letters are compared with."""
        return self.items[index]

    def title(self) -> Line:
        """What is chosen here."""
        return [Segment(self._caption, self.tobs.palette.strong)]

    def row(self, index: int, width: int) -> Line:
        """Mark and name."""
        palette, glyphs = self.tobs.palette, self.tobs.glyphs
        on = index == self._current
        mark = Segment(f" {glyphs.on if on else glyphs.off} ", palette.accent if on else palette.faint)
        return [mark, Segment(self.items[index], palette.text)]


class PickOne(Dialog[int]):
    """Enter takes the one under the cursor, Escape changes nothing."""

    beside = 8

    def __init__(self, name: str, items: list[str], current: int) -> None:
        super().__init__()
        self._caption, self._items, self._current = name, items, current

    def compose(self) -> ComposeResult:
        """The list and what the keys do."""
        with Vertical():
            panel = OnePanel(self._caption, self._items, self._current)
            panel.styles.height = self.list_height(len(self._items))
            yield panel
            yield DialogBar(("list.choose", "Take it", "take"), ("dialog.close", "Cancel", "close"))

    def on_mount(self) -> None:
        """Begin with the list."""
        self.query_one(OnePanel).focus()

    def on_panel_chosen(self, message: Panel.Chosen) -> None:
        """Take it."""
        message.stop()
        self.dismiss(message.index)

    def action_take(self) -> None:
        """Take the one under the cursor."""
        self.dismiss(self.query_one(OnePanel).cursor)
