"""The first and the last line of every screen: where one is and how things stand, and what the keys do."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, cast

from rich.segment import Segment
from rich.style import Style

from tobs_tui.ui.keys import EVERYWHERE, Action, actions_of, keys_of, shown
from tobs_tui.ui.paint import Line, Palette, justify, width_of
from tobs_tui.ui.run_model import Link
from tobs_tui.ui.widgets.painted import Painted

if TYPE_CHECKING:
    from tobs_tui.ui.screens.page import Page

SILENT_AFTER_S = 3.0
"""From when on the age of the last event is shown."""


class TopBar(Painted):
    """The way to this screen at the left; the state of account, connection and run at the right."""

    def lines(self, width: int, height: int) -> list[Line]:
        """One line."""
        page = cast("Page", self.screen)
        palette, glyphs = self.tobs.palette, self.tobs.glyphs
        left: Line = [Segment(" "), Segment("tobs", palette.accent + link("app.home"))]
        crumbs = page.crumbs()
        for place, crumb in enumerate(crumbs):
            style = palette.strong if place == len(crumbs) - 1 else palette.muted
            left += [Segment(f" {glyphs.crumb} ", palette.faint), Segment(crumb, style)]
        right = [*(self.trouble() or page.status()), Segment(" ")]
        room = width - width_of(right) - 1
        if width_of(left) > room:
            left = Segment.adjust_line_length(left, max(6, room), pad=False)
        return [justify(left, right, width)]

    def trouble(self) -> Line:
        """What is wrong with the line to the service, if anything: that goes before everything else."""
        palette, glyphs, model = self.tobs.palette, self.tobs.glyphs, self.tobs.model
        if model.link is Link.LOST:
            return [Segment(f"{glyphs.warning} reconnecting to the service", palette.warn)]
        if model.link is Link.STOPPED:
            return [Segment(f"{glyphs.failed} the service has stopped", palette.bad)]
        return []


class KeyBar(Painted):
    """What the keys do here; each entry can be clicked."""

    def lines(self, width: int, height: int) -> list[Line]:
        """One line: leaving at the right end, and as many other actions as fit; back and help are always there."""
        page = cast("Page", self.screen)
        keymap = self.tobs.keymap
        typing = page.typing
        ends: Line = []
        rest: list[tuple[Action, Line]] = []
        for action in (*actions_of(page.context), *actions_of(EVERYWHERE)):
            if not page.offers(action) or not page.shows(action):
                continue
            keys = keys_of(action, keymap)
            if typing:
                keys = [key for key in keys if len(key) > 1 and key not in _PRINTABLE]
            if not keys:
                continue
            namespace = "app" if action.context == EVERYWHERE else "screen"
            entry = clickable(self.tobs.palette, shown(keys[0]), page.name_of(action), f"{namespace}.{action.does}")
            if action.end:
                ends += entry
            else:
                rest.append((action, entry))
        return [justify(_fitting(rest, width - width_of(ends) - 1), ends, width)]


_KEPT = ("back", "home", "help")
"""What these do stays in the line when there is no room for everything: else the mouse would not find out again."""
_PRINTABLE = {"question_mark", "slash", "comma", "full_stop", "space"}


def _fitting(entries: list[tuple[Action, Line]], room: int) -> Line:
    """The entries that `room` columns hold: the last ones go first, but for those that are always kept."""
    entries = list(entries)
    while sum(width_of(entry) for _, entry in entries) > room:
        loose = [place for place, (action, _) in enumerate(entries) if action.does not in _KEPT]
        if not loose:
            break
        del entries[loose[-1]]
    return [segment for _, entry in entries for segment in entry]


class DialogBar(Painted):
    """The last line of a dialog: its keys, each of which can be clicked. Entries are key, name and action."""

    def __init__(self, *entries: tuple[str, str, str]) -> None:
        super().__init__(classes="keys")
        self._entries = entries

    def lines(self, width: int, height: int) -> list[Line]:
        """One line."""
        line: Line = []
        for action, name, does in self._entries:
            line += clickable(self.tobs.palette, self.tobs.key_of(action), name, f"screen.{does}")
        return [line[1:]]


def clickable(palette: Palette, key: str, name: str, does: str) -> Line:
    """A key and what it does, as the last line has them; a click does it."""
    key_style, name_style = _linked(palette.accent, palette.muted, does)
    return [Segment(" "), Segment(key, key_style), Segment(f" {name} ", name_style)]


def link(does: str) -> Style:
    """The style of what does something when it is clicked: `does` is an action with its namespace."""
    return Style(meta={"@click": does if does.endswith(")") else f"{does}()"})


@lru_cache(maxsize=256)
def _linked(key: Style, name: Style, does: str) -> tuple[Style, Style]:
    return key + link(does), name + link(does)
