"""The fetching half of a run: plans chat after chat, has them walked, and keeps their rows on the board."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from msgspec import Struct

from tobs_tui.archive.records import ChatRecord
from tobs_tui.engine.commit import Writer
from tobs_tui.engine.decode_pool import DecodePool
from tobs_tui.engine.fetch import RUN_ENDING, FetchCrew
from tobs_tui.engine.governor import Governor
from tobs_tui.engine.pipeline import PageDone, Pipeline
from tobs_tui.engine.plan import ChatPlan, Planner
from tobs_tui.engine.ranges import Track
from tobs_tui.engine.refresh import Refresher
from tobs_tui.engine.rich_rest import RichRest
from tobs_tui.engine.salvage import Salvage
from tobs_tui.engine.state import RunBoard
from tobs_tui.engine.targets import Target
from tobs_tui.engine.together import all_or_none
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.peers import Dialog, Peer, PeerKind
from tobs_tui.model.profile import Performance
from tobs_tui.model.run import ChatProgress, ChatState, Failure, Level, WorkerRole, WorkerState
from tobs_tui.telegram.link import TelegramLink

PLANNERS = 3
"""Chats planned at once at least, and no fewer than there are workers to walk them: each takes two or three requests,
whose answers would otherwise be waited for one by one."""


class ChatJob:
    """One chat of a run on its way: planned, walked, settled."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.record: ChatRecord | None = None
        self.tracks: tuple[Track, ...] = ()
        self.failed = False
        self.reported = False

    @property
    def keys(self) -> list[tuple[int, int]]:
        """Its rows' keys."""
        return [(self.target.chat, topic) for topic in self.target.topics or (0,)]

    @property
    def fetched(self) -> bool:
        """Whether it is planned and nothing of it is on its way any more."""
        return self.record is not None and all(track.settled for track in self.tracks)

    @property
    def covered(self) -> bool:
        """Whether the ledger has no hole left in what was asked for."""
        return self.record is not None and all(track.covered for track in self.tracks)


class Hooks(Struct, frozen=True):
    """Whom the fetching half tells: `fetched` of each chat of which nothing is on its way any more, `planned` that all
    chats are known, `gap` of a chat that will get messages older than some it has, `files` that pages brought files,
    `fatal` of what ends the run."""

    fetched: Callable[[ChatJob], None]
    planned: Callable[[], None]
    gap: Callable[[int], Awaitable[None]]
    files: Callable[[], None]
    fatal: Callable[[TobsError], None]


class ChatJobs:
    """Fetches the chats of a run: `enlist` them, then `fetch`."""

    def __init__(
        self,
        link: TelegramLink,
        planner: Planner,
        writer: Writer,
        decoder: DecodePool,
        board: RunBoard,
        performance: Performance,
        hooks: Hooks,
        governor: Governor,
    ) -> None:
        self.jobs: dict[int, ChatJob] = {}
        self.refresher: Refresher | None = None  # set when what the archive holds is to be brought up to date too
        self._link = link
        self._planner = planner
        self._decoder = decoder
        self._board = board
        self._hooks = hooks
        self._gate = asyncio.Event()
        self._gate.set()
        self._to_plan: deque[ChatJob] = deque()
        self._cm = board.workers.hire("cm", WorkerRole.COMMIT, 1)[0]
        workers = board.workers.hire("w", WorkerRole.FETCH, performance.history_workers)
        board.workers.hire("d", WorkerRole.DECODE, performance.decode_processes)
        self.rest = RichRest(link, decoder)
        room = performance.queue_mb * 1024 * 1024
        self.pipeline = Pipeline(decoder, writer, self, room, Salvage(link, decoder), self.rest)
        governor.govern(self.pipeline.budget)
        turn = governor.gate(WorkerRole.FETCH, performance.history_workers)
        self.crew = FetchCrew(link, self.pipeline, workers, self._title, self._refused, self._walking, turn)

    def enlist(self, target: Target) -> None:
        """Take a chat on. One that is there already is not taken twice."""
        if target.chat in self.jobs:
            return
        job = self.jobs[target.chat] = ChatJob(target)
        self._to_plan.append(job)
        for chat, topic in job.keys:
            total = target.dialog.message_count if not topic else -1
            title = target.dialog.peer.title or str(chat)
            self._board.put(ChatProgress(chat=chat, topic=topic, title=title, messages_total=total))

    async def fetch(self) -> None:
        """Plan and walk everything enlisted. Raises the `TobsError` that ends the run. Cancel it to stop at once.

        Pages taken in by then are still on their way to the archive: see `pipeline.drain`.
        """
        self.crew.begin()
        try:
            await all_or_none(self._plan_everything(), self.crew.join())
        finally:
            await self.crew.stop()

    def pause(self) -> None:
        """Begin nothing new."""
        self._gate.clear()
        self.crew.pause()

    def resume(self) -> None:
        """Go on."""
        self._gate.set()
        self.crew.resume()

    # --- planning -----------------------------------------------------------------------------------------------------

    async def _plan_everything(self) -> None:
        planners = max(PLANNERS, len(self._board.workers.of_role(WorkerRole.FETCH)))
        await all_or_none(*(self._plan_some() for _ in range(planners)))
        if self.refresher is not None:
            self.refresher.close()
        self._board.planned = True
        self._hooks.planned()
        await self.crew.no_more()

    async def _plan_some(self) -> None:
        while self._to_plan:
            await self._gate.wait()
            if self._to_plan:
                await self._plan(self._to_plan.popleft())

    async def _plan(self, job: ChatJob) -> None:
        try:
            plan = await self._planner.plan(job.target)
        except TobsError as error:
            if error.code in RUN_ENDING:
                raise
            self._fail(job, error)
            return
        if plan.gap:
            await self._hooks.gap(plan.record.id)
        self._take_plan(job, plan)
        if plan.warning:
            self._board.log(Level.WARNING, f"{plan.record.title}: {plan.warning}")
        await self._refresh(job)
        await self.crew.add(plan.pieces)
        if plan.old_half and not job.target.topics:
            self.enlist(self._old_half(plan))
        self._check(job)

    async def _refresh(self, job: ChatJob) -> None:
        """Bring what the archive holds of a chat up to date, if that is asked for."""
        if self.refresher is None:
            return
        rows = [key for key in job.keys if self._board.row(key).state is not ChatState.FAILED]
        for key in rows:
            self._board.change(key, state=ChatState.FETCHING)
        try:
            await self.refresher.refresh(job.target.chat, self._board.row(job.keys[0]).title)
        except TobsError as error:
            if error.code in RUN_ENDING:
                raise
            self._fail(job, error)

    def _take_plan(self, job: ChatJob, plan: ChatPlan) -> None:
        job.tracks = tuple(row.track for row in plan.rows)
        job.record = plan.record
        for row in plan.rows:
            self._board.put(
                ChatProgress(
                    chat=row.track.chat,
                    topic=row.track.topic,
                    title=row.title,
                    messages=row.known,
                    messages_total=row.total,
                    fetched=row.track.share,
                )
            )
        for topic in plan.missing_topics:
            reason = f"The topic {topic} is not there any more."
            self._board.change((plan.record.id, topic), state=ChatState.FAILED, error=reason)
            self._board.fail(
                Failure(
                    chat=plan.record.id,
                    what="topic",
                    reason=reason,
                    code=ErrorCode.CHAT_NOT_FOUND,
                    message_id=topic,
                    title=plan.record.title,
                )
            )

    def _old_half(self, plan: ChatPlan) -> Target:
        """The basic group that a supergroup grew out of, whose history has an id space of its own."""
        title = plan.record.title
        peer = self._link.peer(plan.old_half) or Peer(plan.old_half, PeerKind.GROUP, title)
        return Target(Dialog(peer), successor=plan.record.id, last=plan.old_half_last)

    # --- what the workers report --------------------------------------------------------------------------------------

    def _title(self, track: Track) -> str:
        return self._board.row(track.key).title

    def _walking(self, track: Track, worker: str) -> None:
        self._board.change(track.key, state=ChatState.FETCHING, worker=worker)

    def _refused(self, track: Track, error: TobsError) -> None:
        job = self.jobs[track.chat]
        self._fail_row(track.key, error.sentence)
        if not job.failed:
            self._fail(job, error, rows=False)

    def _fail(self, job: ChatJob, error: TobsError, *, rows: bool = True) -> None:
        job.failed = True
        for key in job.keys if rows else ():
            self._fail_row(key, error.sentence)
        title = self._board.row(job.keys[0]).title
        self._board.fail(
            Failure(chat=job.target.chat, what="chat", reason=error.sentence, code=error.code, title=title)
        )
        self._board.alerts.open(f"chat-{job.target.chat}", Level.ERROR, f"{title}: {error.sentence}")

    def _fail_row(self, key: tuple[int, int], sentence: str) -> None:
        self._board.change(key, state=ChatState.FAILED, error=sentence, worker="", wait_until=0.0)

    def _check(self, job: ChatJob) -> None:
        if job.fetched and not job.reported:
            job.reported = True
            self._hooks.fetched(job)

    def page_done(self, page: PageDone) -> None:
        """A page is in the archive."""
        board = self._board
        new = page.committed.committed.new
        board.count_messages(page.track.key, new, page.track.share)
        board.count_bytes(page.size)
        board.counters.unknown += page.unknown
        self._cm.count(page.messages, page.size)
        self._cm.begin(board.row(page.track.key).title, page.track.chat)
        if page.committed.committed.files:
            self._hooks.files()
        if page.committed.peers:
            self._link.remember_peers(page.committed.peers)
        if page.pid:
            decoder = board.workers.by_pid(page.pid)
            if decoder is None:
                board.workers.assign_pids(WorkerRole.DECODE, self._decoder.pids())
                decoder = board.workers.by_pid(page.pid)
            if decoder is not None:
                decoder.count(page.messages, page.size)

    def page_lost(self, track: Track, failure: Failure) -> None:
        """A page cannot be decoded."""
        row = self._board.row(track.key)
        self._board.fail(Failure(chat=failure.chat, what=failure.what, reason=failure.reason, title=row.title))
        track.failed = True
        self._board.change(track.key, error=failure.reason)

    def track_settled(self, track: Track) -> None:
        """Nothing of a track is on its way any more."""
        if self._board.row(track.key).state is not ChatState.FAILED:
            self._board.change(track.key, fetched=track.share)
        self._check(self.jobs[track.chat])

    def writing_failed(self, error: TobsError) -> None:
        """The archive takes no more."""
        self._hooks.fatal(error)

    def show_queues(self, writer: Writer) -> None:
        """Bring the decoders' and the writer's rows up to date. All decoders share one queue."""
        waiting = self._decoder.waiting
        self._board.workers.assign_pids(WorkerRole.DECODE, self._decoder.pids())
        for index, worker in enumerate(self._board.workers.of_role(WorkerRole.DECODE)):
            busy = index < waiting
            worker.queue = waiting
            worker.state = WorkerState.BUSY if busy else WorkerState.IDLE
        self._cm.queue = writer.waiting
        if not self._cm.queue and not waiting:
            self._cm.rest()
