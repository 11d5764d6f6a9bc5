"""The base of screens: they close themselves and nothing else, and repaint what changed and nothing else.

Textual closes whatever lies on top when a screen is dismissed: of two answers to one dialog, as a double click gives
them, the second one would close the screen below. And it paints a whole screen anew whenever another widget has the
focus; the two widgets in question do so themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.await_complete import AwaitComplete
from textual.reactive import Reactive
from textual.screen import Screen, ScreenResultType

if TYPE_CHECKING:
    from textual.events import ScreenResume, ScreenSuspend
    from textual.geometry import Size
    from textual.widget import Widget


class ClosesOnce(Screen[ScreenResultType]):
    """Base of every screen that can be dismissed."""

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    _late: tuple[ScreenResultType | None] | None = None
    _laid_out: bool = False
    """Whether the screen was laid out, and so painted whole."""
    _opening: bool = True

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

    def on_screen_suspend(self, event: ScreenSuspend) -> None:
        """Behind another screen, which has just been painted over this one: the whole of it need not be done again."""
        self._repaint_required = False

    def _refresh_layout(self, size: Size | None = None, scroll: bool = False) -> None:
        super()._refresh_layout(size, scroll)
        self._laid_out = True

    def _on_timer_update(self) -> None:
        """Textual lays out and paints a screen that opens, and then asks twice for all of it to be painted again."""
        if self._opening and self._laid_out:
            self._opening = self._repaint_required = False
        super()._on_timer_update()

    def _screen_resized(self, size: Size) -> None:
        """Textual tells a screen that opens its size twice, and those below it once more.

        A window that was of another size for a moment, and is as it was, has lost what stood there all the same.
        """
        if size != self._compositor.size:
            super()._screen_resized(size)
        elif self.is_current and not self._opening:
            self.refresh()
