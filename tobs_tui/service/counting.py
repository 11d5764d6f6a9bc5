"""The counting desk: asks Telegram in the background how many messages chats hold, and tells as it learns."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from loguru import logger

from tobs_tui.cache.spaces import Counted
from tobs_tui.model.errors import TobsError
from tobs_tui.service.protocol import MessagesCounted
from tobs_tui.telegram.link import TelegramLink

AT_ONCE = 2
MOST = 30
"""Counts asked for at a time: a count is a history request, and Telegram allows few of those outside a takeout."""


class CountingDesk:
    """Counts kept for the life of the service. The newest list asked about comes first; an older one is left."""

    def __init__(self, publish: Callable[[MessagesCounted], None]) -> None:
        self._publish = publish
        self._counts: dict[int, dict[int, int]] = defaultdict(dict)
        self._tops: dict[tuple[int, int], int] = {}
        self._task: asyncio.Task[None] | None = None

    def known(self, chat: int) -> dict[int, int]:
        """What is counted so far: by topic id, the whole chat under 0."""
        return self._counts[chat]

    def begin(self, link: TelegramLink, wanted: Mapping[tuple[int, int], int]) -> None:
        """Count what is not known yet of `wanted`: (chat, topic), topic 0 for the whole chat, with the newest message.

        A count from an earlier time is told again while its newest message still is the newest.
        """
        missing: list[tuple[int, int]] = []
        for (chat, topic), top in wanted.items():
            counted = None if topic in self._counts[chat] else link.cache.counts.get(f"{chat}:{topic}")
            if counted is not None and counted.top_message == top:
                self._counts[chat][topic] = counted.count
                self._publish(MessagesCounted(chat, {topic: counted.count}))
            elif topic not in self._counts[chat]:
                missing.append((chat, topic))
        self._tops = dict(wanted)
        self.stop()
        if missing:
            self._task = asyncio.create_task(self._count(link, missing[:MOST]))

    def stop(self) -> None:
        """Leave the counting that is going on; a run needs the budget more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _count(self, link: TelegramLink, wanted: Sequence[tuple[int, int]]) -> None:
        waits = link.stats.flood_waits
        for start in range(0, len(wanted), AT_ONCE):
            if link.stats.flood_waits > waits:
                return  # Telegram has had enough; a count is not worth holding up what a person does next
            some = wanted[start : start + AT_ONCE]
            answers = await asyncio.gather(
                *(link.message_count(chat, topic) for chat, topic in some), return_exceptions=True
            )
            told: dict[int, dict[int, int]] = defaultdict(dict)
            for (chat, topic), answer in zip(some, answers, strict=True):
                if isinstance(answer, int):
                    link.cache.counts.put(f"{chat}:{topic}", Counted(self._tops.get((chat, topic), 0), answer))
                    self._counts[chat][topic] = told[chat][topic] = answer
                elif isinstance(answer, TobsError):
                    logger.debug("chat {} topic {} was not counted: {}", chat, topic, answer)
                else:
                    raise answer
            for chat, counts in told.items():
                self._publish(MessagesCounted(chat, counts))
