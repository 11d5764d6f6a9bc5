"""The rest of rich messages of which Telegram sends only a part: asked for one by one, before the page is archived."""

from __future__ import annotations

import asyncio
from typing import Protocol

import msgspec
from loguru import logger

from tobs_tui.engine.decode_pool import DecodePool, PageRows, pack, unpack
from tobs_tui.engine.together import all_or_none
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.intervals import Interval
from tobs_tui.monitor.logs import about
from tobs_tui.telegram.page import PageUnreadable

AT_ONCE = 4
"""Messages completed at a time, whatever the number of pages on their way: each is a request of its own."""
OF_THE_CHAT = frozenset({ErrorCode.TELEGRAM_REFUSED, ErrorCode.CHAT_UNAVAILABLE, ErrorCode.CHAT_NOT_FOUND})
"""What Telegram may answer about a chat while its messages are asked for once more: no reason to end the run."""


class RichSource(Protocol):
    """What this needs of a `TelegramLink`."""

    async def rich_message(self, chat: int, message_id: int) -> bytes:
        """The raw answer that holds a rich message in full."""


class RichRest:
    """Completes decoded pages. What cannot be had stays as it came: marked as a part, and counted as not fully read."""

    def __init__(self, source: RichSource, decoder: DecodePool) -> None:
        self._source = source
        self._decoder = decoder
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def whole(self, chat: int, scope: int, rows: PageRows) -> PageRows:
        """The page (of a walk of `scope`) with its partial rich messages in full: one request each. Raises the
        TobsErrors that concern more than the chat."""
        if not rows.partial:
            return rows
        found = await all_or_none(*(self._one(chat, scope, ident) for ident in rows.partial))
        news = {ident: one for ident, one in zip(rows.partial, found, strict=True) if one is not None}
        page = unpack(rows.packed)
        pages = [unpack(one.packed) for one in news.values()]
        better = {row.id: row for other in pages for row in other.rows}
        files = [file for file in page.files if file.message_id not in better]
        page = msgspec.structs.replace(
            page,
            rows=tuple([better.get(row.id, row) for row in page.rows]),
            files=(*files, *(file for other in pages for file in other.files)),
            peers=(*page.peers, *(peer for other in pages for peer in other.peers)),
        )
        completed = sum(not one.unknown for one in news.values())
        partial = tuple([ident for ident in rows.partial if ident not in news])
        return PageRows(pack(page), rows.messages, rows.unknown - completed, rows.pid, partial)

    async def _one(self, chat: int, scope: int, ident: int) -> PageRows | None:
        """One message in full, None when it cannot be had."""
        with about(chat=chat, message=ident):
            return await self._asked_for(chat, scope, ident)

    async def _asked_for(self, chat: int, scope: int, ident: int) -> PageRows | None:
        try:
            async with self._turn:
                raw = await self._source.rich_message(chat, ident)
                rows = await self._decoder.decode(chat, scope, Interval(ident, ident), raw)
        except PageUnreadable as error:
            logger.warning("the rest of message {} of chat {} cannot be read: {}", ident, chat, error)
            return None
        except TobsError as error:
            if error.code not in OF_THE_CHAT:
                raise
            logger.warning("the rest of message {} of chat {} is not given: {}", ident, chat, error.sentence)
            return None
        return rows if rows.messages == 1 and not rows.partial else None
