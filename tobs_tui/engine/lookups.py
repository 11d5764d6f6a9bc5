"""A link's answers about numbers and places, remembered for minutes, timed, and kept to a budget of requests."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from cachetools import TTLCache

from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import MediaKind
from tobs_tui.monitor.clock import monotonic

if TYPE_CHECKING:
    from tobs_tui.telegram.counting import Place, Sample
    from tobs_tui.telegram.link import TelegramLink

T = TypeVar("T")

KEPT_S = 120.0
"""Seconds that an answer is good for: an estimate follows every change of a profile, its chats rarely change."""
KEPT = 4096
TIMED = 64


class BudgetSpent(Exception):
    """No more requests are allowed in this estimate."""


class Lookups:
    """Answers of one link. `allow` a number of requests, then ask; `asked` counts those really sent since."""

    def __init__(self, link: TelegramLink) -> None:
        self.link = link
        self.asked = 0
        self._allowed = 0
        self._waits = 0
        self._kept: TTLCache[tuple[object, ...], Any] = TTLCache(KEPT, KEPT_S, timer=monotonic)
        self._times: deque[float] = deque(maxlen=TIMED)

    def allow(self, requests: int) -> None:
        """Begin a new estimate, which may send so many requests."""
        self._allowed, self.asked = requests, 0

    @property
    def latency_ms(self) -> float:
        """The median time from a request to its answer, -1 before the first."""
        return 1000 * statistics.median(self._times) if self._times else -1.0

    async def place(
        self, chat: int, *, before_id: int = 0, before_date: int = 0, back: int = 0, scope: int = 0
    ) -> Place:
        """See `TelegramLink.place`. Raises `BudgetSpent` too."""
        return await self._once(
            ("place", chat, before_id, before_date, back, scope),
            lambda: self.link.place(chat, before_id=before_id, before_date=before_date, back=back, scope=scope),
        )

    async def file_counts(self, chat: int, kinds: Sequence[MediaKind], topic: int) -> dict[MediaKind, int]:
        """See `TelegramLink.file_counts`. Raises `BudgetSpent` too."""
        return await self._once(
            ("counts", chat, tuple(kinds), topic), lambda: self.link.file_counts(chat, kinds, topic)
        )

    async def sample(self, chat: int, kind: MediaKind, *, before_id: int, scope: int) -> Sample:
        """See `TelegramLink.sample`. Raises `BudgetSpent` too."""
        return await self._once(
            ("sample", chat, kind, before_id, scope),
            lambda: self.link.sample(chat, kind, before_id=before_id, scope=scope),
        )

    async def old_half(self, chat: int) -> int:
        """See `TelegramLink.old_half`. Raises `BudgetSpent` too."""
        return await self._once(("old half", chat), lambda: self.link.old_half(chat))

    async def _once(self, key: tuple[object, ...], request: Callable[[], Awaitable[T]]) -> T:
        if key in self._kept:
            answer = self._kept[key]
            if isinstance(answer, TobsError):
                raise answer
            return answer  # type: ignore[no-any-return]  # what was put under this key
        if self.asked >= self._allowed:
            raise BudgetSpent
        self.asked += 1
        began, waits = monotonic(), self.link.stats.flood_waits
        try:
            answer = await request()
        except TobsError as error:
            if error.code in (ErrorCode.CHAT_UNAVAILABLE, ErrorCode.CHAT_NOT_FOUND, ErrorCode.TELEGRAM_REFUSED):
                self._kept[key] = error  # asking again would be answered in the same way
            raise
        if self.link.stats.flood_waits == waits:
            self._times.append(monotonic() - began)
        self._kept[key] = answer
        return answer
