"""The way into a takeout session, and the two ways on while Telegram delays it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from tobs_tui.engine.asking import Ask
from tobs_tui.engine.state import RunBoard
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.run import Level, TakeoutDelay
from tobs_tui.monitor.clock import now
from tobs_tui.telegram.link import TelegramLink

RETRY_S = 30.0
"""Seconds between attempts at a delayed takeout: the person may approve it on another device at any time."""


class TakeoutEntry:
    """Begins a run's takeout session. `on_wait` hears of the seconds that Telegram makes it wait, and of the ways on.

    While it waits, the board shows until when. That ends when Telegram's time is up, when the person has approved
    the export on another device (which is tried every half minute, and at once with `try_now`), or with `go_without`.
    """

    def __init__(self, link: TelegramLink, board: RunBoard, ask: Ask, on_wait: Callable[[float, str], None]) -> None:
        self.delayed = False
        self._link = link
        self._board = board
        self._ask = ask
        self._on_wait = on_wait
        self._without = False
        self._wake = asyncio.Event()

    def go_without(self) -> None:
        """Export outside of a takeout session, as far as it has not begun."""
        self._without = True
        self._wake.set()

    def try_now(self) -> None:
        """Ask Telegram again at once: the person says to have approved it."""
        self._wake.set()

    async def begin(self, *, files: bool) -> None:
        """Begin it, or take up the one that an interrupted run left; returns without one after `go_without`."""
        board = self._board
        while not self._without:
            try:
                await self._ask(lambda: self._link.begin_takeout(files=files))
            except TobsError as error:
                if error.code is not ErrorCode.TAKEOUT_DELAYED:
                    raise
                await self._wait(error)
            else:
                self._tell(None, "")
                board.log(Level.INFO, "Exporting through a takeout session.")
                return
        self._tell(None, "")
        board.log(Level.WARNING, "Exporting without a takeout session: Telegram allows fewer requests.")

    async def _wait(self, error: TobsError) -> None:
        sentence = f"{error.sentence} {error.way_on}".strip()
        if not self.delayed:
            self._board.log(Level.WARNING, sentence)
        self.delayed = True
        pause = min(max(1.0, error.wait_s), RETRY_S)
        self._tell(TakeoutDelay(until=now() + error.wait_s, next_try=now() + pause), sentence)
        self._on_wait(error.wait_s, error.way_on)
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._wake.wait()

    def _tell(self, delay: TakeoutDelay | None, sentence: str) -> None:
        board = self._board
        board.say(sentence)
        board.takeout_delay = delay
        if delay is not None:
            board.alerts.open("takeout", Level.WARNING, sentence)
        else:
            board.alerts.resolve("takeout")
