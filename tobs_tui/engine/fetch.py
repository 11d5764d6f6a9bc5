"""History workers: each walks an id range in ascending order, and takes half of another's when its own is done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from tobs_tui.engine.governor import Gate
from tobs_tui.engine.pipeline import Pipeline
from tobs_tui.engine.ranges import PAGE_LIMIT, Piece, RangePool, Track
from tobs_tui.engine.workers import WorkerStats, act_as
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.run import WorkerState
from tobs_tui.telegram.page import head_of

RUN_ENDING = frozenset(
    {
        ErrorCode.SESSION_ENDED,
        ErrorCode.NOT_SIGNED_IN,
        ErrorCode.SERVER_UNREACHABLE,
        ErrorCode.FLOOD_WAIT,
        ErrorCode.TAKEOUT_DELAYED,
    }
)
"""Errors that concern every chat alike: no other chat would fare better."""


class HistorySource(Protocol):
    """What fetching needs of a `TelegramLink`."""

    async def history_page(
        self,
        chat: int,
        *,
        offset_id: int,
        add_offset: int = -PAGE_LIMIT,
        limit: int = PAGE_LIMIT,
        topic: int = 0,
        split: int = -1,
    ) -> bytes:
        """The raw answer of one history request."""

    async def messages_by_id(self, chat: int, ids: Sequence[int]) -> bytes:
        """The raw answer of a request for messages by id."""


class FetchCrew:
    """The history workers of a run. `begin` them, `add` work, tell them `no_more`; `join` returns when all is walked.

    `on_refused(track, error)` hears of a chat that cannot be had; errors in `RUN_ENDING` come out of `join`.
    """

    def __init__(
        self,
        source: HistorySource,
        pipeline: Pipeline,
        workers: Sequence[WorkerStats],
        title_of: Callable[[Track], str],
        on_refused: Callable[[Track, TobsError], None],
        on_walk: Callable[[Track, str], None],
        turn: Gate,
    ) -> None:
        """Every request takes a `turn`."""
        self.ranges = RangePool()
        self._turn = turn
        self._source = source
        self._pipeline = pipeline
        self._workers = workers
        self._title_of = title_of
        self._on_refused = on_refused
        self._on_walk = on_walk
        self._gate = asyncio.Event()
        self._gate.set()
        self._news = asyncio.Condition()
        self._idle = 0
        self._closed = False
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        """Put the workers to work."""
        self._tasks = [asyncio.create_task(self._work(worker)) for worker in self._workers]

    async def add(self, pieces: Iterable[Piece]) -> None:
        """Queue more to walk."""
        self.ranges.add(pieces)
        await self._tell()

    async def no_more(self) -> None:
        """Nothing will be added: workers go home when everything is walked."""
        self._closed = True
        await self._tell()

    async def join(self) -> None:
        """Wait for the workers. Raises the first error that ends the run; the other workers are stopped then."""
        try:
            await asyncio.gather(*self._tasks)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Send the workers home. What is asked for and not yet answered is asked for again by the next run."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for worker in self._workers:
            worker.rest(WorkerState.STOPPED)

    def pause(self) -> None:
        """Let no new request begin."""
        self._gate.clear()

    def resume(self) -> None:
        """Go on."""
        self._gate.set()
        for worker in self._workers:
            worker.go_on()

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _work(self, worker: WorkerStats) -> None:
        act_as(worker)
        while (piece := await self._next_piece(worker)) is not None:
            try:
                await self._walk(piece, worker)
            finally:
                self.ranges.finish(piece)
                self._pipeline.settle(piece.track)
            await self._tell()
        worker.rest(WorkerState.STOPPED)

    async def _next_piece(self, worker: WorkerStats) -> Piece | None:
        async with self._news:
            while (piece := self.ranges.take()) is None:
                if self._closed and self.ranges.empty:
                    return None
                worker.rest()
                self._idle += 1
                try:
                    await self._news.wait()
                finally:
                    self._idle -= 1
            return piece

    async def _walk(self, piece: Piece, worker: WorkerStats) -> None:
        """Walk one piece to its end, or until its chat refuses."""
        track = piece.track
        self._on_walk(track, worker.id)
        worker.begin(self._title_of(track), track.chat)
        while piece.remaining:
            if not self._gate.is_set():
                worker.state = WorkerState.PAUSED
                await self._gate.wait()
                worker.go_on()
                continue  # a thief may have come by meanwhile
            try:
                if self._turn.busy:
                    worker.state = WorkerState.WAITING
                async with self._turn:
                    worker.go_on()
                    raw = await worker.restartable(lambda: self._ask(piece))
                worker.go_on()
                await self._take_in(piece, raw, worker)
            except TobsError as error:
                worker.last_error = error.sentence
                if error.code in RUN_ENDING:
                    raise
                self._refuse(track, error)
                return
            if self._idle:
                await self._tell()  # the piece's rest may be worth a theft now

    async def _ask(self, piece: Piece) -> bytes:
        track = piece.track
        if piece.by_id:
            return await self._source.messages_by_id(track.chat, [piece.next])
        return await self._source.history_page(track.chat, offset_id=piece.next, topic=track.scope, split=piece.split)

    async def _take_in(self, piece: Piece, raw: bytes, worker: WorkerStats) -> None:
        """Hand an answer on, and move the walk past its newest message, which is read without decoding the rest."""
        head = head_of(raw)
        if head.newest_id < 0 and not piece.by_id:
            await self._leap(piece)
            return
        ids = piece.advance(0 if piece.by_id else head.newest_id)
        worker.count(head.size, len(raw))
        if ids.size == 0:
            return
        if head.size == 0 or (not piece.by_id and head.newest_id < ids.lo):
            self._pipeline.put_empty(piece.track, ids)
        else:
            await self._pipeline.put(piece.track, ids, raw, piece.split, by_id=piece.by_id)

    async def _leap(self, piece: Piece) -> None:
        """Move past messages that have to be salvaged."""
        ids = await self._pipeline.salvage.extent(piece)
        ids = piece.advance(ids.hi)  # a thief may have taken the end of it meanwhile
        if ids.size:
            self._pipeline.put_unreadable(piece.track, ids, piece.split, by_id=piece.by_id)

    def _refuse(self, track: Track, error: TobsError) -> None:
        self.ranges.drop(track)
        if not track.failed:
            track.failed = True
            self._on_refused(track, error)
