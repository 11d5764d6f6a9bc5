"""A budget of bytes: whoever brings pages waits, in the order of asking, until there is room for them."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque


class ByteBudget:
    """At most `limit` bytes out at a time. First come, first served: a large request is not overtaken by small ones.

    Something larger than the whole budget passes when nothing else is out, so nothing waits forever.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.out = 0
        self._queue: deque[tuple[asyncio.Future[None], int]] = deque()

    async def take(self, size: int) -> None:
        """Wait until `size` bytes fit, and count them as out. A cancelled wait takes nothing."""
        if not self._queue and self._fits(size):
            self.out += size
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (turn, size)
        self._queue.append(entry)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back(size)  # the turn came at the same moment
            else:
                with contextlib.suppress(ValueError):  # already out of the queue
                    self._queue.remove(entry)
                self._admit()
            raise

    def give_back(self, size: int) -> None:
        """`size` bytes are done with; whoever waits longest goes on."""
        self.out -= size
        self._admit()

    def resize(self, limit: int) -> None:
        """Change the limit. What is out stays out; a smaller limit is kept to as it comes back."""
        self.limit = limit
        self._admit()

    @property
    def waiting(self) -> int:
        """How many wait for room."""
        return len(self._queue)

    def _fits(self, size: int) -> bool:
        return self.out == 0 or self.out + size <= self.limit

    def _admit(self) -> None:
        while self._queue:
            turn, size = self._queue[0]
            if turn.cancelled():
                self._queue.popleft()
                continue
            if not self._fits(size):
                return
            self._queue.popleft()
            self.out += size
            turn.set_result(None)
