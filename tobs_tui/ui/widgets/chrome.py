"""The first and the last line of every screen: where one is and how things stand, and what the keys do."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, cast

from rich.segment import Segment
from rich.style import Style

from tobs_tui.ui.keys import EVERYWHERE, Action, actions_of, keys_of, shown
from tobs_tui.ui.paint import Line, justify, width_of
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
        left: Line = [Segment(" "), Segment("tobs", palette.accent)]
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
        """One line: as many actions as fit, leaving at the right end."""
        page = cast("Page", self.screen)
        keymap = self.tobs.keymap
        typing = page.typing
        ends: list[tuple[Action, str]] = []
        rest: list[tuple[Action, str]] = []
        for action in (*actions_of(page.context), *actions_of(EVERYWHERE)):
            if not action.footer or not page.offers(action):
                continue
            keys = keys_of(action, keymap)
            if typing:
                keys = [key for key in keys if len(key) > 1 and key not in _PRINTABLE]
            if keys:
                (ends if action.end else rest).append((action, keys[0]))
        right: Line = []
        for action, key in ends:
            right += self._entry(action, key, page.name_of(action))
        left: Line = []
        for action, key in rest:
            entry = self._entry(action, key, page.name_of(action))
            if width_of(left) + width_of(entry) + width_of(right) + 1 > width:
                break
            left += entry
        return [justify(left, right, width)]

    def _entry(self, action: Action, key: str, name: str) -> Line:
        palette = self.tobs.palette
        namespace = "app" if action.context == EVERYWHERE else "screen"
        key_style, name_style = _clickable(palette.accent, palette.muted, f"{namespace}.{action.does}")
        return [Segment(" "), Segment(shown(key), key_style), Segment(f" {name} ", name_style)]


_PRINTABLE = {"question_mark", "slash", "comma", "full_stop", "space"}


@lru_cache(maxsize=256)
def _clickable(key: Style, name: Style, does: str) -> tuple[Style, Style]:
    link = Style(meta={"@click": does if does.endswith(")") else f"{does}()"})
    return key + link, name + link
