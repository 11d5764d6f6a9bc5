"""How many requests may be in flight: additive increase, multiplicative decrease."""

from __future__ import annotations

import asyncio
import math
from collections import deque

START = 8.0
SETTLE_S = 10.0
"""So long it takes until a narrower window is felt."""


class Window:
    """A window over the requests of one kind. It doubles with each full window of answers until the first trouble,
    then grows by one; trouble halves it, once for all requests that were under way by then."""

    def __init__(self, start: float = START, top: int = 32) -> None:
        self._top = float(max(1, top))
        self._size = min(start, self._top)
        self._slow_start = True
        self._slow_at = -math.inf
        self.in_flight = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def size(self) -> int:
        """Requests that may be in flight at once; at least 1."""
        return max(1, int(self._size))

    @property
    def full(self) -> bool:
        """Whether requests wait for a place."""
        return bool(self._queue)

    def limit(self, top: int) -> None:
        """Let it grow to `top` from now on, and no further."""
        self._top = float(max(1, top))
        self._size = min(self._size, self._top)
        self._admit()

    async def enter(self) -> None:
        """Wait for a place, first come, first served."""
        if self.in_flight < self.size and not self._queue:
            self.in_flight += 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # the place was given just before: pass it on
                self.leave()
            raise

    def leave(self) -> None:
        """Give the place back."""
        self.in_flight -= 1
        self._admit()

    def grow(self) -> None:
        """A request succeeded."""
        self._size = min(self._top, self._size + (1.0 if self._slow_start else 1.0 / self._size))
        self._admit()

    def shrink(self) -> None:
        """Telegram asked to wait."""
        self._size = max(1.0, self._size / 2)
        self._slow_start = False

    def slow(self, now: float) -> None:
        """An answer took long; that halves the window, at most once for the answers that waited together."""
        if now - self._slow_at >= SETTLE_S:
            self._slow_at = now
            self.shrink()

    def _admit(self) -> None:
        while self._queue and self.in_flight < self.size:
            place = self._queue.popleft()
            if not place.done():
                self.in_flight += 1
                place.set_result(None)
