"""From a raw page to a committed one: room is made for its bytes, a process decodes it, the writer commits it."""

from __future__ import annotations

import asyncio
from typing import Protocol

from loguru import logger
from msgspec import Struct

from tobs_tui.engine.budget import ByteBudget
from tobs_tui.engine.commit import PageCommitted, Writer
from tobs_tui.engine.decode_pool import DecodePool, empty_page
from tobs_tui.engine.processes import WorkLostError
from tobs_tui.engine.ranges import Track
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.intervals import Interval
from tobs_tui.model.run import Failure


class PageDone(Struct, frozen=True):
    """A page is in the archive; `size` is what it weighed raw, `pid` the process that decoded it (0 = none)."""

    track: Track
    messages: int
    unknown: int
    size: int
    pid: int
    committed: PageCommitted


class PipelineWatcher(Protocol):
    """What hears how pages fare. All are called on the event loop."""

    def page_done(self, page: PageDone) -> None:
        """A page was committed; the track's ledger includes it."""

    def page_lost(self, track: Track, failure: Failure) -> None:
        """A page cannot be decoded; its ids stay a hole in the ledger."""

    def track_settled(self, track: Track) -> None:
        """Nothing of a track is on its way any more."""

    def writing_failed(self, error: TobsError) -> None:
        """The archive takes no more: the run cannot go on."""


class Pipeline:
    """Carries pages of all tracks. At most `queue_bytes` of raw pages are inside at a time."""

    def __init__(self, decoder: DecodePool, writer: Writer, watcher: PipelineWatcher, queue_bytes: int) -> None:
        self.budget = ByteBudget(queue_bytes)
        self._decoder = decoder
        self._writer = writer
        self._watcher = watcher
        self._tasks: set[asyncio.Task[None]] = set()

    async def put(self, track: Track, ids: Interval, raw: bytes) -> None:
        """Take in the answer that settles `ids`; waits while there is no room. Takes nothing when cancelled."""
        track.pages_in_flight += 1
        try:
            await self.budget.take(len(raw))
        except asyncio.CancelledError:
            track.pages_in_flight -= 1
            raise
        self._carry(track, ids, raw)

    def put_empty(self, track: Track, ids: Interval) -> None:
        """Take in the fact that `ids` hold nothing."""
        if ids.size == 0:
            return
        track.pages_in_flight += 1
        self._carry(track, ids, b"")

    def settle(self, track: Track) -> None:
        """Tell the watcher if nothing of the track is on its way (any more)."""
        if track.settled:
            self._watcher.track_settled(track)

    async def drain(self) -> None:
        """Wait until everything taken in is committed or lost."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _carry(self, track: Track, ids: Interval, raw: bytes) -> None:
        task = asyncio.create_task(self._page(track, ids, raw))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _page(self, track: Track, ids: Interval, raw: bytes) -> None:
        try:
            if raw:
                rows = await self._decoder.decode(track.chat, track.scope, ids, raw)
                packed, messages, unknown, pid = rows.packed, rows.messages, rows.unknown, rows.pid
            else:
                packed, messages, unknown, pid = empty_page(track.chat, track.scope, *ids), 0, 0, 0
            committed = await self._writer.page(packed)
        except TobsError as error:
            self._watcher.writing_failed(error)
        except WorkLostError as error:
            self._lose(track, ids, f"Messages {ids.lo} to {ids.hi} cannot be decoded: {error}.")
        except Exception as error:  # noqa: BLE001  # a page that trips the decoder must not take the run with it
            logger.opt(exception=error).error("a page of chat {} cannot be decoded", track.chat)
            reason = f"Messages {ids.lo} to {ids.hi} cannot be decoded: {type(error).__name__}: {error}."
            self._lose(track, ids, reason)
        else:
            track.held.add(*ids)
            track.fetched += messages
            self._watcher.page_done(PageDone(track, messages, unknown, len(raw), pid, committed))
        finally:
            if raw:
                self.budget.give_back(len(raw))
            track.pages_in_flight -= 1
            self.settle(track)

    def _lose(self, track: Track, ids: Interval, reason: str) -> None:
        self._watcher.page_lost(
            track,
            Failure(chat=track.chat, what="messages", reason=reason, code=ErrorCode.UNEXPECTED, message_id=ids.lo),
        )
