"""Screens that close themselves, and nothing else.

Textual closes whatever lies on top when a screen is dismissed: of two answers to one dialog, as a double click gives
them, the second one would close the screen below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.await_complete import AwaitComplete
from textual.screen import Screen, ScreenResultType

if TYPE_CHECKING:
    from textual.events import ScreenResume


class ClosesOnce(Screen[ScreenResultType]):
    """Base of every screen that can be dismissed."""

    _late: tuple[ScreenResultType | None] | None = None

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close with a result, if any; below another screen, as soon as that one has closed; after the end, not at all.

        Gives what ends with the closing, or at once where nothing is closed now.
        """
        stack = self.app.screen_stack
        if stack and stack[-1] is self:
            return super().dismiss(result)
        if self in stack:
            self._late = (result,)
        return AwaitComplete()

    def on_screen_resume(self, event: ScreenResume) -> None:
        """In front again: close, if that was asked for meanwhile."""
        if self._late is not None:
            (result,), self._late = self._late, None
            self.dismiss(result)
