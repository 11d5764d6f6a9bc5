"""The base of every screen: first line, body, key line; painting from the model; a sentence when there is no room."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, ClassVar, cast

from rich.segment import Segment
from textual.widgets import Input

from tobs_tui.model.display import clean, duration
from tobs_tui.model.errors import TobsError
from tobs_tui.service.protocol import AccountPhase, AccountState
from tobs_tui.ui.keys import Action
from tobs_tui.ui.paint import Line
from tobs_tui.ui.screens.closing import ClosesOnce
from tobs_tui.ui.screens.room import HEIGHTS, WIDTHS, NoRoom, take_size
from tobs_tui.ui.widgets.chrome import KeyBar, TopBar
from tobs_tui.ui.widgets.painted import Painted

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import DescendantBlur, DescendantFocus, ScreenResume

    from tobs_tui.ui.app import TobsApp

PATIENCE_S = 4
"""From here on a person wants to know how long something takes already."""


def still_waiting(seconds: float) -> str:
    """What is said of an answer that has not come for so long; nothing in the first seconds."""
    return f" No answer for {duration(seconds)}; Esc goes back." if seconds >= PATIENCE_S else ""


class Page(ClosesOnce[None]):
    """A screen. Subclasses give `context`, `body`, and what else differs."""

    context: ClassVar[str] = ""
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    ticking: bool = False
    """Whether something on the screen changes with the clock alone."""
    _locked: AccountState | None = None

    @property
    def tobs(self) -> TobsApp:
        """The application, by its own type."""
        return cast("TobsApp", self.app)

    def compose(self) -> ComposeResult:
        """First line, body, key line; and what is shown instead where there is no room."""
        take_size(self)
        yield from self.over()
        yield TopBar(classes="bar")
        yield from self.body()
        yield KeyBar(classes="bar")
        yield NoRoom()

    def body(self) -> ComposeResult:
        """What stands between the first and the last line."""
        yield from ()

    def over(self) -> ComposeResult:
        """What lies over the body for a while, in the layer of that name.

        It comes first because Textual numbers widgets from the last to the first, and paints every one anew whose
        number has changed.
        """
        yield from ()

    def crumbs(self) -> list[str]:
        """Where one is, from the outside in."""
        return []

    def status(self) -> Line:
        """How things stand, for the right end of the first line: the account, unless a screen has more to say."""
        palette, glyphs, model = self.tobs.palette, self.tobs.glyphs, self.tobs.model
        where = [("demo", palette.warn)] if self.tobs.demo else []
        where += [(self.tobs.paths.account, palette.accent)] if self.tobs.paths.account else []
        demo: Line = [Segment(text, style) for name, shade in where for text, style in ((name, shade), ("  ", None))]
        account = model.account
        if account is None:
            return [*demo, Segment("connecting to the service", palette.faint)]
        if model.signed_in:
            name = clean(account.name, 32)
            return [*demo, Segment(f"{glyphs.on} ", palette.ok), Segment(name, palette.muted)]
        if account.phase is AccountPhase.CONNECTING:
            return [*demo, Segment("connecting to Telegram", palette.faint)]
        if account.phase is AccountPhase.LOCKED:
            return [*demo, Segment(f"{glyphs.warning} locked", palette.warn)]
        if account.phase is AccountPhase.UNREACHABLE:
            return [*demo, Segment(f"{glyphs.warning} Telegram cannot be reached", palette.warn)]
        return [*demo, Segment(f"{glyphs.off} not signed in", palette.muted)]

    def offers(self, action: Action) -> bool:
        """Whether `action` can do anything now; else neither the key line nor the palette has it."""
        return True

    def shows(self, action: Action) -> bool:
        """Whether an action that is offered stands in the key line now, and not only in help and palette."""
        return action.footer

    def name_of(self, action: Action) -> str:
        """What the key line calls `action` now."""
        return action.name

    @property
    def typing(self) -> bool:
        """Whether letters go into a field at the moment."""
        return isinstance(self.focused, Input)

    def model_changed(self) -> None:
        """The model changed; for what is not painted from it by itself."""

    def paint(self, force: bool = False) -> None:
        """Bring every painted widget up to date."""
        for widget in self.walk_children(Painted):
            if widget.display:
                widget.repaint(force)
        self._ask_for_passphrase()

    def _ask_for_passphrase(self) -> None:
        """Where the session turns out to be locked, go and ask; once, for one may have a look around without it."""
        account = self.tobs.model.account
        if account is None or account.phase is not AccountPhase.LOCKED or self._locked is account:
            return
        if self.is_current and self.context != "sign_in":
            self._locked = account
            self.app.call_later(self.tobs.show_sign_in)

    def on_screen_resume(self, event: ScreenResume) -> None:
        """Catch up with what happened while another screen was in front."""
        self.model_changed()
        self.call_after_refresh(self.paint)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Other keys work now."""
        self.query_one(KeyBar).repaint()

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        """Other keys work now."""
        self.call_after_refresh(self._repaint_keys)

    def _repaint_keys(self) -> None:
        for bar in self.query(KeyBar):
            bar.repaint()

    async def told(self, request: Awaitable[object]) -> bool:
        """Whether `request` went through; where it did not, the person is told why."""
        try:
            await request
        except TobsError as error:
            self.tobs.say_error(error)
            return False
        return True
