"""The estimate desk: reckons what profiles would export, one estimate after the other, and tells of waits meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from tobs_tui.engine.estimate import LIVE_REQUESTS, PLAN_REQUESTS, estimate
from tobs_tui.engine.lookups import Lookups
from tobs_tui.service import protocol as p
from tobs_tui.telegram.link import LinkEvent, TelegramLink, WaitEnded, WaitStarted


class EstimateDesk:
    """Keeps Telegram's answers for some minutes, so that another estimate of the same chats costs next to nothing."""

    def __init__(self, publish: Callable[[p.EstimateHeldUp], None]) -> None:
        self._publish = publish
        self._lookups: Lookups | None = None
        self._turn = asyncio.Lock()

    def on_link_event(self, event: LinkEvent) -> None:
        """Tell of waits while an estimate is made."""
        if not self._turn.locked():
            return
        if isinstance(event, WaitStarted):
            self._publish(p.EstimateHeldUp(event.until))
        elif isinstance(event, WaitEnded):
            self._publish(p.EstimateHeldUp(0.0))

    async def estimate(self, command: p.EstimateExport, link: TelegramLink, output: Path) -> p.Estimate:
        """The answer to the command. Raises `TobsError`."""
        async with self._turn:
            if self._lookups is None or self._lookups.link is not link:
                self._lookups = Lookups(link)
            budget = PLAN_REQUESTS if command.thorough else LIVE_REQUESTS
            found = await estimate(command.profile, self._lookups, output, requests=budget)
        return p.Estimate(
            chats=found.chats,
            messages=found.messages,
            messages_known=found.archived,
            requests=found.requests,
            seconds=found.seconds,
            files=found.files,
            bytes=found.bytes,
            missing=found.missing,
            rows=found.rows,
            uncounted=found.uncounted,
            pace=found.pace,
            asked=found.asked,
            problem=found.problem,
        )
