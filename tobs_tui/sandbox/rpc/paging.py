"""How Telegram cuts a page out of a history, and how a page becomes an answer."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tobs_tui.sandbox.rpc.registry import Call, PreparedAnswer
from tobs_tui.sandbox.worlds import encode
from tobs_tui.sandbox.worlds.history import History
from tobs_tui.sandbox.worlds.peers import PeerKey, is_channel
from tobs_tui.sandbox.worlds.world import World

PAGE_LIMIT = 100


def timestamp(value: datetime | int | None) -> int:
    """A request's date as Unix time; 0 for "no date"."""
    if value is None:
        return 0
    return int(value.timestamp()) if isinstance(value, datetime) else int(value)


class Selected:
    """A part of a history (a topic, a search result, a split) that is paged like a whole one."""

    def __init__(self, history: History, positions: Sequence[int]) -> None:
        self.history = history
        self.positions = positions

    def __len__(self) -> int:
        return len(self.positions)

    def _older_than_id(self, message_id: int) -> int:
        return bisect_left(self.positions, message_id, key=lambda position: self.history.ids[position])

    def _older_than_date(self, date: int) -> int:
        return bisect_left(self.positions, date, key=lambda position: self.history.dates[position])

    def cut(self, request: Any) -> tuple[int, Sequence[int]]:
        """The page a request asks for: the index of its first message from the newest, and the positions, newest first.

        The start is the number of messages with id >= ``offset_id`` (or date >= ``offset_date``) plus ``add_offset``;
        the window [start, start + limit) is cut at 0 and never refilled; ``min_id`` and ``max_id`` (both exclusive)
        filter what is in the window (core.telegram.org/api/offsets).
        """
        total = len(self.positions)
        offset_date = timestamp(getattr(request, "offset_date", None))
        start = 0
        if request.offset_id > 0:
            start = total - self._older_than_id(request.offset_id)
        elif offset_date > 0:
            start = total - self._older_than_date(offset_date)
        start += request.add_offset
        stop = min(total, start + min(max(request.limit, 0), PAGE_LIMIT))
        start = max(0, start)
        # A slice of a range stays a range, so a page of a whole history costs nothing.
        page: Sequence[int] = self.positions[total - stop : total - start][::-1] if start < stop else ()
        if request.min_id > 0 or request.max_id > 0:
            highest = request.max_id if request.max_id > 0 else 1 << 31
            ids = self.history.ids
            page = [position for position in page if request.min_id < ids[position] < highest]
        return min(start, total), page


def answer_page(
    call: Call, key: PeerKey, history: History, page: Sequence[int], *, count: int, offset: int | None
) -> bytes | PreparedAnswer:
    """A page as ``channelMessages``, ``messagesSlice`` or (when it is all there is) ``messages``, serialised.

    Pages with fixed peers (the benchmark's) are sent as they are, without compression.
    """
    world = call.world
    channel = is_channel(key)
    everything = not channel and len(page) == count
    roots = _topic_roots(world, key, history, page)
    creators = {world.channel(key).topics[root].creator_id for root in roots}
    mentioned = history.mentioned(page) | creators | {key}
    fixed = world.fixed_answer(mentioned) if world.fixed_answer is not None else None
    chats, users = fixed if fixed is not None else world.encoded_peers(mentioned)
    raw = encode.messages_answer(
        channel_pts=world.updates.pts(key) if channel else None,
        count=None if everything else count,
        offset=offset,
        messages=history.encoded(page),
        message_count=len(page),
        topics=[bytes(world.topic_tl(world.channel(key), root)) for root in roots],
        chats=chats,
        users=users,
    )
    return PreparedAnswer(raw) if fixed is not None else raw


def _topic_roots(world: World, key: PeerKey, history: History, page: Sequence[int]) -> list[int]:
    """The topics that a page's messages belong to; none outside forums."""
    if not is_channel(key) or not world.channel(key).forum:
        return []
    topics = world.channel(key).topics
    return sorted(topics.keys() & {history.thread_at(position) for position in page})
