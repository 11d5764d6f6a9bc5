"""From a raw page to a committed one: room is made for its bytes, a process decodes it, the writer commits it.

A page that cannot be read is salvaged: asked for again in smaller ones. Rich messages that came in part are completed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from loguru import logger
from msgspec import Struct

from tobs_tui.engine.budget import ByteBudget
from tobs_tui.engine.commit import PageCommitted, Writer
from tobs_tui.engine.decode_pool import DecodePool, PageRows, empty_page
from tobs_tui.engine.processes import WorkLostError
from tobs_tui.engine.ranges import Track
from tobs_tui.engine.rich_rest import OF_THE_CHAT, RichRest
from tobs_tui.engine.salvage import Salvage
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.intervals import Interval
from tobs_tui.model.run import Failure
from tobs_tui.monitor.logs import about
from tobs_tui.telegram.page import PageUnreadable


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


class _Page(Struct, frozen=True):
    """An answer on its way: what it settles, and how it was asked for. `raw` empty: it has to be salvaged."""

    track: Track
    ids: Interval
    raw: bytes
    split: int
    by_id: bool


class Pipeline:
    """Carries pages of all tracks. At most `queue_bytes` of raw pages are inside at a time."""

    def __init__(
        self,
        decoder: DecodePool,
        writer: Writer,
        watcher: PipelineWatcher,
        queue_bytes: int,
        salvage: Salvage,
        rest: RichRest,
    ) -> None:
        self.budget = ByteBudget(queue_bytes)
        self.salvage = salvage
        self._rest = rest
        self._decoder = decoder
        self._writer = writer
        self._watcher = watcher
        self._tasks: set[asyncio.Task[None]] = set()
        self._asking: set[asyncio.Task[None]] = set()  # those that ask Telegram once more

    async def put(self, track: Track, ids: Interval, raw: bytes, split: int = -1, *, by_id: bool = False) -> None:
        """Take in the answer that settles `ids`; waits while there is no room. Takes nothing when cancelled."""
        track.pages_in_flight += 1
        try:
            await self.budget.take(len(raw))
        except asyncio.CancelledError:
            track.pages_in_flight -= 1
            raise
        self._carry(track, ids, self._page(_Page(track, ids, raw, split, by_id)))

    def put_unreadable(self, track: Track, ids: Interval, split: int, *, by_id: bool) -> None:
        """Have `ids` asked for again: not even the answer's extent could be read."""
        track.pages_in_flight += 1
        self._carry(track, ids, self._page(_Page(track, ids, b"", split, by_id)))

    def put_empty(self, track: Track, ids: Interval) -> None:
        """Take in the fact that `ids` hold nothing."""
        if ids.size == 0:
            return
        track.pages_in_flight += 1
        self._carry(track, ids, self._empty(track, ids))

    def settle(self, track: Track) -> None:
        """Tell the watcher if nothing of the track is on its way (any more)."""
        if track.settled:
            self._watcher.track_settled(track)

    async def drain(self) -> None:
        """Wait until everything taken in is committed or lost."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def stop_asking(self) -> None:
        """Ask Telegram for nothing more; what was being salvaged or completed is left to the next run."""
        for task in self._asking:
            task.cancel()

    def _carry(self, track: Track, ids: Interval, work: Coroutine[Any, Any, None]) -> None:
        with about(chat=track.chat, message=ids.lo):  # a line about a page is about its first message
            task = asyncio.create_task(self._guard(track, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, track: Track, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except TobsError as error:
            self._watcher.writing_failed(error)
        finally:
            track.pages_in_flight -= 1
            self.settle(track)

    async def _empty(self, track: Track, ids: Interval) -> None:
        await self._commit(track, ids, PageRows(empty_page(track.chat, track.scope, *ids), 0, 0, 0), 0)

    async def _page(self, page: _Page) -> None:
        track, ids = page.track, page.ids
        try:
            if not page.raw:
                raise PageUnreadable("its newest message is of an unknown kind")
            rows = await self._decoder.decode(track.chat, track.scope, ids, page.raw)
            await self._commit(track, ids, await self._whole(track, rows), len(page.raw))
        except PageUnreadable as error:
            logger.warning("a page of chat {} is asked for in smaller ones: {}", track.chat, error)
            await self._salvage(page)
        except TobsError:
            raise
        except WorkLostError as error:
            self._lose(track, ids, f"Messages {ids.lo} to {ids.hi} cannot be decoded: {error}.")
        except Exception as error:  # noqa: BLE001  # a page that trips the decoder must not take the run with it
            logger.opt(exception=error).error("a page of chat {} cannot be decoded", track.chat)
            reason = f"Messages {ids.lo} to {ids.hi} cannot be decoded: {type(error).__name__}: {error}."
            self._lose(track, ids, reason)
        finally:
            if page.raw:
                self.budget.give_back(len(page.raw))

    async def _whole(self, track: Track, rows: PageRows) -> PageRows:
        """The page with its rich messages in full."""
        if not rows.partial:
            return rows
        with self._being_asked():
            return await self._rest.whole(track.chat, track.scope, rows)

    @contextmanager
    def _being_asked(self) -> Iterator[None]:
        """While the current task asks Telegram for more, it is one of those that can be told to stop."""
        task = asyncio.current_task()
        assert task is not None
        self._asking.add(task)
        try:
            yield
        finally:
            self._asking.discard(task)

    async def _salvage(self, page: _Page) -> None:
        """Bring what can be read of an unreadable page."""
        track = page.track
        try:
            with self._being_asked():
                async for part in self.salvage.stretches(track, page.ids, page.split, by_id=page.by_id):
                    if part.rows is None:
                        self._lose(track, part.ids, f"Messages {part.ids.lo} to {part.ids.hi} cannot be read.")
                    else:
                        rows = await self._rest.whole(track.chat, track.scope, part.rows)
                        await self._commit(track, part.ids, rows, 0)
        except TobsError as error:
            if error.code not in OF_THE_CHAT:
                raise
            self._lose(track, page.ids, f"Messages {page.ids.lo} to {page.ids.hi} cannot be read: {error.sentence}")

    async def _commit(self, track: Track, ids: Interval, rows: PageRows, size: int) -> None:
        committed = await self._writer.page(rows.packed)
        track.held.add(*ids)
        track.fetched += rows.messages
        self._watcher.page_done(PageDone(track, rows.messages, rows.unknown, size, rows.pid, committed))

    def _lose(self, track: Track, ids: Interval, reason: str) -> None:
        self._watcher.page_lost(
            track,
            Failure(chat=track.chat, what="messages", reason=reason, code=ErrorCode.UNEXPECTED, message_id=ids.lo),
        )
