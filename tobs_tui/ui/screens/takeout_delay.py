"""Telegram delays the export: until when, and the two ways on, in a dialog over the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.containers import Vertical

from tobs_tui.model.display import clock_time, eta
from tobs_tui.model.run import TakeoutDelay
from tobs_tui.service.protocol import RetryTakeout, SkipTakeout
from tobs_tui.ui.paint import Line
from tobs_tui.ui.screens.dialogs import Dialog
from tobs_tui.ui.widgets.fields import Choice
from tobs_tui.ui.widgets.painted import Painted, Words

if TYPE_CHECKING:
    from textual.app import ComposeResult


class Countdown(Painted):
    """Until when Telegram delays the export, and when it is asked again by itself."""

    def __init__(self, delay: TakeoutDelay) -> None:
        super().__init__()
        self.delay = delay

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """Textual asks how high this is."""
        return 2

    def lines(self, width: int, height: int) -> list[Line]:
        """The end of the delay, and the next attempt."""
        palette, now = self.tobs.palette, self.tobs.model.clock()
        left, again = max(0, round(self.delay.until - now)), max(0, round(self.delay.next_try - now))
        return [
            [
                Segment(f"{self.tobs.glyphs.waiting} ", palette.warn),
                Segment(eta(left), palette.strong),
                Segment(f" left, until {clock_time(self.delay.until, True)}", palette.text),
            ],
            [Segment(f"  asked again by itself in {again} s", palette.muted)],
        ]


class TakeoutDelayScreen(Dialog[None]):
    """Stays until the delay is over or a way on was chosen; Escape leaves the run waiting."""

    AUTO_FOCUS = "#wait"  # what changes nothing

    def __init__(self, delay: TakeoutDelay) -> None:
        super().__init__()
        self._delay = delay

    def compose(self) -> ComposeResult:
        """What Telegram said, the countdown, the two ways on."""
        with Vertical():
            yield Words("Telegram delays the export", tone="strong", classes="heading")
            yield Words(
                "Telegram has sent you a message about it on your other devices. Approve the export there, and it may "
                "begin at once. Or go on without a takeout session: it begins now, and Telegram allows fewer requests.",
                tone="muted",
            )
            yield Countdown(self._delay)
            with Vertical(classes="choices"):
                yield Choice("I have approved it: ask again", id="retry")
                yield Choice("Go on without a takeout session", id="skip")
                yield Choice("Wait", id="wait")

    def on_mount(self) -> None:
        """Count down."""
        self.set_interval(1.0, self._tick)

    def _tick(self) -> None:
        run = self.tobs.model.run
        if run is None or run.takeout_delay is None:
            self.dismiss(None)
            return
        countdown = self.query_one(Countdown)
        countdown.delay = run.takeout_delay
        countdown.repaint()

    async def on_choice_pressed(self, message: Choice.Pressed) -> None:
        """Go on in the way that was chosen."""
        if message.choice.id == "retry":
            await self.tobs.do(RetryTakeout())
        else:
            if message.choice.id == "skip":
                await self.tobs.do(SkipTakeout())
            self.dismiss(None)
