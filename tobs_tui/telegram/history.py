"""Pages of history as raw bytes: nothing is decoded on the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from telethon.tl import TLRequest, types
from telethon.tl.functions import channels, messages

from tobs_tui.model.intervals import Interval
from tobs_tui.model.peers import is_channel_id, topic_of_scope
from tobs_tui.telegram.core import Core
from tobs_tui.telegram.limiter import Patience
from tobs_tui.telegram.page import head_of
from tobs_tui.telegram.refusals import Refusal, error_of
from tobs_tui.telegram.takeout import Takeout
from tobs_tui.telegram.tally import method_name

PASSED_OVER = 10
"""Messages with unreadable ids that are passed over to find one near a date."""


class History:
    """Asks for messages, inside the takeout session while there is one."""

    def __init__(self, core: Core, takeout: Takeout) -> None:
        self._core = core
        self._takeout = takeout

    async def page(
        self, chat: int, *, offset_id: int, add_offset: int = -100, limit: int = 100, topic: int = 0, split: int = -1
    ) -> bytes:
        """One undecoded page of a chat, or with `topic` of one of its topics; newest message first. A negative `topic`
        asks for the account's own messages only (`peers.own_scope`).

        `offset_id`, `add_offset` and `limit` are Telegram's: with add_offset = -limit the page holds the oldest
        messages with id >= offset_id. `split` chooses one of the takeout's ranges; -1 finds the right one, so that an
        empty page means that there is nothing more. Raises TobsError.
        """
        query = history_query(self._core.input_peer(chat), offset_id, None, add_offset, limit, topic)
        ascending = add_offset < 0
        return await self._first_with_messages(chat, query, self._ranges(chat, offset_id, ascending, split))

    def _ranges(self, chat: int, offset_id: int, ascending: bool, split: int) -> Sequence[Interval]:
        """The split ranges to look in, in order. Channels keep all their messages in the last one."""
        every = self._takeout.ranges
        if split >= 0 and self._takeout.as_announced:
            return [every[split]]
        if is_channel_id(chat) or len(every) == 1:
            return every[-1:]
        if ascending:
            return [part for part in every if part.hi >= offset_id] or every[-1:]
        return [part for part in reversed(every) if not offset_id or part.lo < offset_id] or every[:1]

    async def _first_with_messages(self, chat: int, query: TLRequest, ranges: Iterable[Interval]) -> bytes:
        raw = b""
        for part in ranges:
            raw = await self._raw(chat, query, part)
            if not self._takeout.active or head_of(raw).size:
                break
        return raw

    async def _raw(self, chat: int, query: TLRequest, part: Interval | None) -> bytes:
        try:
            raw: bytes = await self._takeout.call(query, chat=chat, part=part, raw=True)
        except Refusal as refusal:
            raise error_of(refusal, method=method_name(type(query))) from refusal
        return raw

    async def by_id(self, chat: int, ids: Sequence[int]) -> bytes:
        """The undecoded messages with these ids, at most 100 at once. TobsError."""
        wanted: list[Any] = [types.InputMessageID(number) for number in ids]
        if is_channel_id(chat):
            return await self._raw(chat, channels.GetMessagesRequest(self._core.input_channel(chat), wanted), None)
        return await self._raw(chat, messages.GetMessagesRequest(wanted), None)

    async def rich_message(self, chat: int, message_id: int) -> bytes:
        """The undecoded answer that holds a rich message in full. TobsError.

        Asked for outside of a takeout session, where a refusal of one message would speak for the whole chat.
        """
        query = messages.GetRichMessageRequest(self._core.input_peer(chat), message_id)
        try:
            raw: bytes = await self._core.call(query, patience=Patience.RUN, raw=True, chat=chat)
        except Refusal as refusal:
            raise error_of(refusal, method=method_name(type(query))) from refusal
        return raw

    async def id_at_date(self, chat: int, date: int, topic: int = 0) -> int:
        """The newest message's id strictly before `date` (seconds since the epoch); 0 if there is none. TobsError."""
        for place in range(PASSED_OVER):
            query = history_query(self._core.input_peer(chat), 0, date, place, 1, topic)
            head = head_of(await self._first_with_messages(chat, query, self._ranges(chat, 0, False, -1)))
            if head.newest_id >= 0:
                break
        return max(0, head.newest_id)

    async def count(self, chat: int, topic: int = 0) -> tuple[int, int]:
        """How many messages the server counts, and the newest one's id. TobsError."""
        query = history_query(self._core.input_peer(chat), 0, None, 0, 1, topic)
        total = newest = 0
        for part in self._ranges(chat, 0, False, -1):
            head = head_of(await self._raw(chat, query, part))
            total += head.count
            newest = max(newest, head.newest_id)
        return total, newest


def history_query(
    peer: Any, offset_id: int, offset_date: int | None, add_offset: int, limit: int, scope: int
) -> TLRequest:
    """The request for a stretch of a chat; `scope` as in `peers.own_scope`: of all of it, of a topic, of one's own."""
    if scope < 0:
        return search_query(peer, offset_id, offset_date, add_offset, limit, scope)
    window = {"offset_id": offset_id, "offset_date": offset_date, "add_offset": add_offset, "limit": limit}
    if scope:
        return messages.GetRepliesRequest(peer, scope, **window, max_id=0, min_id=0, hash=0)
    return messages.GetHistoryRequest(peer, **window, max_id=0, min_id=0, hash=0)


def search_query(
    peer: Any,
    offset_id: int,
    before: int | None,
    add_offset: int,
    limit: int,
    scope: int,
    kind: Any = None,
) -> TLRequest:
    """The request for a stretch of the messages with a kind of content (a TL filter, None = any).

    Of a negative `scope`, of the account's own only, as Telegram Desktop's exporter asks for "only my messages".
    """
    return messages.SearchRequest(
        peer,
        "",
        kind or types.InputMessagesFilterEmpty(),
        min_date=None,
        max_date=before,
        offset_id=offset_id,
        add_offset=add_offset,
        limit=limit,
        max_id=0,
        min_id=0,
        hash=0,
        from_id=types.InputPeerSelf() if scope < 0 else None,
        top_msg_id=topic_of_scope(scope) or None,
    )
