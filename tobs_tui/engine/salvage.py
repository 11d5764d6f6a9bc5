"""Pages that cannot be read: asked for again in smaller ones, until only the unreadable message itself is left out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from tobs_tui.archive.records import PageCommit, message_rows
from tobs_tui.engine.decode_pool import PageRows, unpack
from tobs_tui.engine.ranges import PAGE_LIMIT, Piece, Track
from tobs_tui.model.intervals import Interval
from tobs_tui.model.messages import Message
from tobs_tui.telegram.page import PageUnreadable, head_of

if TYPE_CHECKING:
    from tobs_tui.engine.decode_pool import DecodePool
    from tobs_tui.engine.fetch import HistorySource

LARGE = 25
"""Messages asked for at once where a full page could not be read; a fifth of that where these cannot, then one."""
UNREADABLE = "unreadable"
"""What a message that could not be read at all is said to hold."""


class Stretch(Struct, frozen=True):
    """What became of the ids of an unreadable page, one stretch after the other; `rows` None: lost, their ids are not
    known to be readable."""

    ids: Interval
    rows: PageRows | None


class Salvage:
    """Asks again for less at once: a message of a kind that this version does not know would cost a whole page."""

    def __init__(self, source: HistorySource, decoder: DecodePool) -> None:
        self._source = source
        self._decoder = decoder

    async def extent(self, piece: Piece) -> Interval:
        """Ids from the piece's next one on that end with a message whose id can be read, or just before one.

        For pages whose newest message's id is not readable, so that it is not known how far they reach.
        """
        if piece.by_id:
            return Interval(piece.next, piece.next)
        for limit in (PAGE_LIMIT // 2, LARGE, LARGE // 5, 1):
            newest = await self._newest(piece.track, piece.next, limit, limit, piece.split)
            if newest >= 0:
                return Interval(piece.next, min(newest, piece.hi) if newest >= piece.next else piece.hi)
        _, newest = await self._next_readable(piece.track, piece.next, piece.split)
        return Interval(piece.next, min(newest - 1, piece.hi) if newest else piece.hi)

    async def stretches(self, track: Track, ids: Interval, split: int, *, by_id: bool) -> AsyncIterator[Stretch]:
        """The messages with these ids, ascending. Raises TobsError."""
        if by_id:
            yield Stretch(ids, await self._placeholders(track, ids, split))
            return
        start, limit = ids.lo, LARGE
        while start <= ids.hi:
            raw = await self._page(track, start, limit, limit, split)
            try:
                head = head_of(raw)
                if head.newest_id < 0:
                    raise PageUnreadable("the newest message is of an unknown kind")
                end = min(head.newest_id, ids.hi) if head.newest_id >= start else ids.hi
                stretch = Interval(start, end)
                rows = await self._decoder.decode(track.chat, track.scope, stretch, raw)
            except PageUnreadable:
                if limit > 1:
                    limit //= 5
                    continue
                stretch, rows_or_none = await self._step_over(track, Interval(start, ids.hi), split, raw)
                yield Stretch(stretch, rows_or_none)
            else:
                yield Stretch(stretch, rows)
            start, limit = stretch.hi + 1, min(LARGE, limit * 5)

    async def _step_over(self, track: Track, ids: Interval, split: int, raw: bytes) -> tuple[Interval, PageRows | None]:
        """Leave out the first message of `ids`, and those behind it that are no better."""
        known = head_of(raw).newest_id
        if known >= ids.lo:
            stretch = Interval(ids.lo, min(known, ids.hi))
            return stretch, await self._placeholders(track, Interval(known, known), split, stretch)
        skipped, newest = await self._next_readable(track, ids.lo, split)
        stretch = Interval(ids.lo, min(newest - 1, ids.hi) if newest else ids.hi)
        if stretch.size != skipped:
            return stretch, None  # some of these ids have messages, which ones nobody can tell
        return stretch, await self._placeholders(track, stretch, split)

    async def _next_readable(self, track: Track, start: int, split: int) -> tuple[int, int]:
        """How many messages from `start` on have no readable id, and the id of the first that has (0 = none has)."""
        for place in range(2, PAGE_LIMIT + 1):
            newest = await self._newest(track, start, place, 1, split)
            if newest >= 0:
                # Past the end the window slides back over what is there already.
                return place - 1, newest if newest >= start else 0
        return PAGE_LIMIT, 0

    async def _newest(self, track: Track, start: int, back: int, limit: int, split: int) -> int:
        """The newest id of a page that ends `back` messages from `start` on; 0 = empty, -1 = not readable."""
        return head_of(await self._page(track, start, back, limit, split)).newest_id

    async def _page(self, track: Track, start: int, back: int, limit: int, split: int) -> bytes:
        return await self._source.history_page(
            track.chat, offset_id=start, add_offset=-back, limit=limit, topic=track.scope, split=split
        )

    async def _placeholders(self, track: Track, ids: Interval, split: int, settled: Interval | None = None) -> PageRows:
        """A record for each of the ids, which says that its message cannot be read; `settled` counts as fetched."""
        date = await self._date_near(track, ids, split)
        messages = [
            Message(id=number, date=date, topic=track.topic, unknown=(UNREADABLE,))
            for number in range(ids.lo, ids.hi + 1)
        ]
        rows, files = message_rows(messages)
        lo, hi = settled or ids
        commit = PageCommit(chat=track.chat, lo=lo, hi=hi, scope=track.scope, rows=rows, files=files)
        return PageRows(msgspec.msgpack.encode(commit), len(rows), len(rows), 0)

    async def _date_near(self, track: Track, ids: Interval, split: int) -> int:
        """The date of the message behind `ids`, or else of the one before; 0 when neither can be read."""
        for start, back in ((ids.hi + 1, 1), (ids.lo, 0)):
            raw = await self._page(track, start, back, 1, split)
            try:
                newest = head_of(raw).newest_id
                if newest > 0 and newest not in range(ids.lo, ids.hi + 1):
                    near = await self._decoder.decode(track.chat, track.scope, Interval(newest, newest), raw)
                    for row in unpack(near.packed).rows:
                        return row.date
            except PageUnreadable:
                continue
        return 0
