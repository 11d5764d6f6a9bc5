"""The connections that the requests to one data centre share: as many as the load calls for, within a limit."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

from tobs_tui.telegram.line import Line

BUSY = 4
"""Requests in flight on a connection from which on another one may help."""
SLOWER = 1.5
"""How much longer than at its best a connection has to take for answers to count as slowed down by its load."""
SETTLE_S = 2.0
"""The time a new connection gets to show its effect before the next one is added."""
IDLE_S = 30.0
"""After so long without need of it, a connection is closed."""
CAREFUL_S = 60.0
"""For so long after trouble with one of several connections, the pool stays smaller."""


class Pool:
    """Lines to one data centre. `make` gives a new one; `limit` is the most there may be.

    Telegram answers many requests on one connection at once and in any order, and may end a session that is used over
    several. So the pool begins with one line, adds another when all are busy and answers have become slower than they
    were, and drops one when it has not been needed for a while or when there was trouble.
    """

    def __init__(self, make: Callable[[], Line], limit: int, now: Callable[[], float] = time.monotonic) -> None:
        self._make = make
        self._limit = max(1, limit)
        self._now = now
        self.lines: list[Line] = []
        self._changed_at = now()
        self._needed_at = now()
        self._careful_until = 0.0
        self._best_s = math.inf  # the quickest answer on any line
        self._closing: set[asyncio.Task[None]] = set()

    def set_limit(self, count: int) -> None:
        """Have at most `count` lines from now on; those that are too many end once they are idle."""
        self._limit = max(1, count)

    @property
    def limit(self) -> int:
        """The most lines there may be now."""
        return max(1, self._limit - 1) if self._now() < self._careful_until else self._limit

    def pick(self) -> Line:
        """The least busy line; there is always one."""
        now = self._now()
        self._shrink(now)
        idle = min(self.lines, key=lambda line: line.load, default=None)
        if idle is None or (self._pressed(now) and len(self.lines) < self.limit):
            idle = self._make()
            self.lines.append(idle)
            self._changed_at = self._needed_at = now
        return idle

    def trouble(self) -> None:
        """One of the lines was lost: with several, make do with fewer for a while."""
        if len(self.lines) > 1:
            self._careful_until = self._now() + CAREFUL_S

    def take_all(self) -> list[Line]:
        """Every line, for the caller to close; the pool is empty then."""
        lines, self.lines = self.lines, []
        return lines

    def _pressed(self, now: float) -> bool:
        """Whether one more line would help."""
        if now - self._changed_at < SETTLE_S:
            return False
        self._best_s = min(self._best_s, *(line.best_s for line in self.lines))
        return all(line.load >= BUSY and line.answer_s > SLOWER * self._best_s for line in self.lines)

    def _shrink(self, now: float) -> None:
        if sum(line.load for line in self.lines) >= BUSY * (len(self.lines) - 1):
            self._needed_at = now
        spare = len(self.lines) > 1 and now - self._needed_at > IDLE_S
        while (len(self.lines) > self.limit or spare) and self.lines[-1].load == 0:
            spare = False
            self._changed_at = self._needed_at = now
            task = asyncio.create_task(self.lines.pop().close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
