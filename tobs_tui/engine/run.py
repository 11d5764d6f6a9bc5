"""An export run from start to outcome: the state machine that the stages hang on."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.lock import VaultLock
from tobs_tui.archive.schema import archive_path, keep_apart
from tobs_tui.cache.spaces import since
from tobs_tui.engine.asking import Asking
from tobs_tui.engine.chat_jobs import ChatJob, ChatJobs, Hooks
from tobs_tui.engine.commit import Writer
from tobs_tui.engine.decode_pool import DecodePool
from tobs_tui.engine.endings import ending_by
from tobs_tui.engine.file_stages import FileStages
from tobs_tui.engine.filtering import RecordFilter, record_filter
from tobs_tui.engine.garbage import rare_collections
from tobs_tui.engine.link_watch import LinkWatch
from tobs_tui.engine.machine_watch import MachineWatch, Steering
from tobs_tui.engine.plan import Planner
from tobs_tui.engine.processes import ProcessPool
from tobs_tui.engine.refresh import Refresher, in_words
from tobs_tui.engine.render_stage import RenderStage
from tobs_tui.engine.report import ReportKeeper
from tobs_tui.engine.state import RunBoard
from tobs_tui.engine.takeout_entry import TakeoutEntry
from tobs_tui.engine.targets import Target, find_targets
from tobs_tui.engine.together import all_or_none
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.intervals import Interval
from tobs_tui.model.load import Thresholds
from tobs_tui.model.profile import Profile
from tobs_tui.model.refresh import Refresh
from tobs_tui.model.run import (
    ChatState,
    Failure,
    Level,
    Outcome,
    RunPhase,
    RunState,
    RunUpdated,
    WorkerRole,
    WorkerState,
)
from tobs_tui.monitor.logs import about
from tobs_tui.telegram.link import LinkEvent, TelegramLink

UPDATE_S = 0.1
"""Updates go out at most ten times a second."""


class ExportRun:
    """One run of a profile into the vault at `output`. `run` carries it out, once; the rest steers and watches it, and
    `reports` has its figures.

    `max_wait_s` is the longest wait (seconds) that Telegram may ask for; a longer one ends the run as WAITING. None =
    any. `refresh` says how far back messages that the archive holds are looked at again; None = not at all.
    `on_update` hears of changes, at most ten times a second, on the event loop. `thresholds` say when the machine
    is so hard pressed that less is done at once. `encoders_file` remembers which video encoders work on this machine.
    """

    def __init__(
        self,
        *,
        profile: Profile,
        output: Path,
        link: TelegramLink,
        on_update: Callable[[RunUpdated], None],
        max_wait_s: float | None = None,
        refresh: Refresh | None = None,
        run_id: str = "",
        thresholds: Thresholds | None = None,
        encoders_file: Path | None = None,
    ) -> None:
        self._profile = profile
        self._output = output
        self._link = link
        self._on_update = on_update
        self._max_wait_s = max_wait_s
        self._encoders_file = encoders_file
        self._refresh = refresh
        self._board = RunBoard(run_id or uuid.uuid4().hex[:12], profile, str(output), refresh)
        self._watch = LinkWatch(link, self._board, self._consider_wait, self._session_ended)
        self.reports = ReportKeeper(output, self._board, self._watch)
        looked_up = link.cache.readings()
        self._machine = MachineWatch(
            self._board,
            output,
            thresholds or Thresholds(),
            Steering(hold=self._hold, release=self.resume, give_up=self._give_up),
            adapt=profile.performance.adapt,
            max_wait_s=max_wait_s,
            caches=lambda: since(looked_up, link.cache.readings()),
        )
        self._ending: tuple[Outcome, str] | None = None
        self._ended = asyncio.Event()
        self._hurry = False
        self._ask = Asking(self._consider_wait, self._unreachable)
        self._paused = False
        self.takeout = TakeoutEntry(link, self._board, self._ask, self._consider_wait)
        self._targets: tuple[list[Target], list[Failure]] = ([], [])
        self._targets_known = False
        self._opened = False
        self._jobs: ChatJobs | None = None
        self._render: RenderStage | None = None
        self._records = RecordFilter()
        self._files: FileStages | None = None
        self._writer: Writer | None = None

    # --- steering -----------------------------------------------------------------------------------------------------

    @property
    def state(self) -> RunState:
        """The state as of the last update given out."""
        return self._board.state

    def pause(self) -> None:
        """Begin no new request; what is in flight is finished."""
        if self._board.phase in (RunPhase.PAUSED, RunPhase.STOPPING, RunPhase.FINISHED):
            return
        self._paused = True
        for stage in (self._ask, self._jobs, self._files):
            if stage is not None:
                stage.pause()
        self._board.enter(RunPhase.PAUSED)
        self._board.log(Level.INFO, "Paused.")

    def resume(self) -> None:
        """Go on after a pause."""
        if self._board.phase is not RunPhase.PAUSED:
            return
        self._paused = False
        self._machine.waive()
        for stage in (self._ask, self._jobs, self._files):
            if stage is not None:
                stage.resume()
        self._board.enter(RunPhase.RUNNING if self._targets_known else RunPhase.PLANNING)
        self._board.log(Level.INFO, "Resumed.")

    def restart_worker(self, id: str) -> None:
        """Have a worker begin anew what it is at. Raises `TobsError` USAGE when it is at nothing of the kind."""
        self._board.workers.restart(id)
        self._board.log(Level.INFO, f"Worker {id} begins anew, as was asked.")

    def _hold(self, sentence: str) -> None:
        """Pause for a reason that passes."""
        self.pause()
        self._board.say(sentence)

    def _give_up(self, sentence: str) -> None:
        """End the run without writing anything more."""
        self._hurry = True
        self._end(Outcome.INTERRUPTED, sentence)

    def cancel(self) -> None:
        """End the run, keeping what is fetched and rendering it. Asked a second time, it ends without rendering."""
        if self._ending is not None:
            self._hurry = True
            if self._render is not None:
                self._render.stop()
        self._end(Outcome.INTERRUPTED, "Stopped. The next run goes on from here.")

    def acknowledge(self, key: str = "") -> None:
        """Mark an alert as seen ('' = all of them)."""
        self._board.alerts.acknowledge(key)

    def on_link_event(self, event: LinkEvent) -> None:
        """Hear what happens on the line. Call it in the task whose request it befell."""
        self._watch.hear(event)

    def _end(self, outcome: Outcome, message: str) -> None:
        """Stop fetching and downloading, for this reason. The first reason counts."""
        if self._ending is not None or self._board.phase is RunPhase.FINISHED:
            return
        self._ending = (outcome, message)
        self._board.enter(RunPhase.STOPPING, message)
        self._ended.set()

    def _end_by(self, error: TobsError) -> None:
        self._end(*ending_by(error))

    def _consider_wait(self, seconds: float, way_on: str = "") -> None:
        if self._max_wait_s is not None and seconds > self._max_wait_s:
            text = f"Telegram asks to wait {seconds:.0f} s, longer than this run may ({self._max_wait_s:.0f} s)."
            self._end(Outcome.WAITING, f"{text} {way_on}".strip())

    def _unreachable(self, sentence: str) -> None:
        if sentence:
            self._board.alerts.open("connection", Level.ERROR, sentence)
        else:
            self._board.alerts.resolve("connection")

    def _session_ended(self, sentence: str) -> None:
        self._end(Outcome.SIGNED_OUT, sentence)

    # --- carrying it out ----------------------------------------------------------------------------------------------

    async def run(self) -> Outcome:
        """Carry the run out. Whatever happens to chats and files is told by the outcome and the state's failures."""
        with about(run=self._board.state.run_id):
            watching = (
                self._publish_forever(),
                self._machine.sample_forever(self._look_around),
                self._machine.time_forever(),
                self.reports.keep_forever(),
            )
            reporters = [asyncio.create_task(work) for work in watching]
            unexpected: BaseException | None = None
            try:
                with rare_collections():
                    outcome, message = await self._carry_out()
            except BaseException as error:  # noqa: BLE001  # raised again when the run's end is written down
                unexpected = None if isinstance(error, TobsError) else error
                outcome, message = ending_by(error)
            finally:
                for reporter in reporters:
                    reporter.cancel()
                await asyncio.gather(*reporters, return_exceptions=True)
            await self._conclude(outcome, message)
            if unexpected is not None:
                raise unexpected
            return outcome

    async def _conclude(self, outcome: Outcome, message: str) -> None:
        """Bring all figures up to date for the last time, and tell how the run ended."""
        self._board.log(Level.INFO if outcome is Outcome.COMPLETE else Level.WARNING, message)
        self._watch.show()
        self._machine.conclude()
        for worker in self._board.workers.all():
            worker.rest(WorkerState.STOPPED)
        self._board.finish(outcome, message)
        self._publish()
        await self.reports.end()

    async def _carry_out(self) -> tuple[Outcome, str]:
        keep_apart(self._output, wanted=self._profile.layout.pseudonymise)
        lock = VaultLock(self._output).acquire()
        writer = self._writer = Writer(lambda: Archive.open(archive_path(self._output)))
        pool = ProcessPool(self._profile.performance.decode_processes, partial(self._board.log, Level.WARNING))
        self._machine.governor.follow(pool.allow, WorkerRole.DECODE, pool.size)
        decoder = DecodePool(pool)
        self.reports.measured = {WorkerRole.DECODE: lambda: decoder.seconds, WorkerRole.COMMIT: lambda: writer.seconds}
        render = self._render = RenderStage(
            self._output,
            self._profile,
            writer,
            self._board,
            pool,
            on_fatal=self._end_by,
            files_open=self._files_open,
        )
        self._machine.governor.follow(render.allow, WorkerRole.RENDER, pool.size)
        try:
            await writer.start()
            self._opened = True
            await self.reports.begin()
            await self._until_ended(self._prepare(pool, decoder, render))
            if self._ending is None:
                await self._until_ended(self._fetch_and_download(writer, decoder, render))
            return await self._wind_up(render)
        finally:
            for stage in (self._files, render, pool, writer):
                if stage is not None:
                    await stage.close()
            lock.release()

    async def _until_ended(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` until it is done, fails, or the run is to end; an error in it that ends the run is noted."""
        task = asyncio.create_task(work)
        ended = asyncio.create_task(self._ended.wait())
        try:
            await asyncio.wait({task, ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in (task, ended):
                one.cancel()
            results = await asyncio.gather(task, ended, return_exceptions=True)
        if isinstance(results[0], TobsError):
            self._end_by(results[0])
        elif isinstance(results[0], BaseException) and not isinstance(results[0], asyncio.CancelledError):
            raise results[0]

    async def _prepare(self, pool: ProcessPool, decoder: DecodePool, render: RenderStage) -> None:
        """What has to stand before the first request for messages. The processes start meanwhile."""
        starting = asyncio.gather(pool.start(), render.begin())
        try:
            decoder.self_id = self._link.account().id
            performance = self._profile.performance
            self._link.set_connections(performance.connections)
            self._link.set_limits(window=performance.window, backoff=performance.backoff)
            opening = [self._find_targets()]
            if performance.takeout:
                opening.append(self.takeout.begin(files=self._profile.media.download))
            await all_or_none(*opening)
            if self.takeout.delayed:  # who knows what was written meanwhile
                await self._find_targets()
            self._records = await record_filter(self._profile.filters, self._link, self._ask)
            render.show_only(self._records, (target.chat for target in self._targets[0]))
        finally:
            await starting

    async def _find_targets(self) -> None:
        self._targets = await self._ask(lambda: find_targets(self._profile, self._link))

    async def _fetch_and_download(self, writer: Writer, decoder: DecodePool, render: RenderStage) -> None:
        """Everything that needs Telegram."""
        splits = await self._link.splits() if self._link.takeout_active else [Interval(1, 2**31 - 1)]
        planner = Planner(self._link, writer.submit, self._profile, splits, self._ask)
        governor = self._machine.governor
        files = self._files = FileStages(
            self._link,
            writer,
            self._output,
            self._profile,
            self._board,
            self._end_by,
            governor=governor,
            records=self._records,
            encoders_file=self._encoders_file,
        )
        hooks = Hooks(
            fetched=self._chat_fetched,
            planned=self._all_planned,
            gap=render.note_gap,
            files=files.wake,
            fatal=self._end_by,
        )
        jobs = self._jobs = ChatJobs(
            self._link, planner, writer, decoder, self._board, self._profile.performance, hooks, governor
        )
        if self._refresh is not None:
            workers, ask, wake = self._profile.performance.history_workers, self._ask, files.wake
            turn = governor.gate(WorkerRole.FETCH, workers)
            jobs.refresher = Refresher(
                self._link, writer.submit, decoder, jobs.rest, self._board, ask, self._refresh, turn, workers, wake
            )
        if self._paused:
            jobs.pause()
            files.pause()
        targets, failures = self._targets
        self._targets_known = True
        for failure in failures:
            self._board.fail(failure)
        for target in targets:
            jobs.enlist(target)
        if not self._paused:
            self._board.enter(RunPhase.RUNNING)
        self._board.log(Level.INFO, f"Chats to export: {len(targets)}.")
        render.watch(jobs.jobs.values)
        await jobs.fetch()
        await jobs.pipeline.drain()
        render.all_fetched()
        await files.finish(jobs.jobs.values())

    def _all_planned(self) -> None:
        """Every chat is known, old halves included: downloads may begin."""
        if self._jobs is not None and self._files is not None and self._ending is None:
            self._files.begin(list(self._jobs.jobs.values()))

    def _chat_fetched(self, job: ChatJob) -> None:
        """Nothing of a chat is on its way any more: it can be rendered, and its files are all known."""
        if job.record is None or self._ending is not None:
            return
        for key in job.keys:
            if self._board.row(key).state is not ChatState.FAILED:
                self._board.change(key, state=ChatState.RENDERING, worker="", wait_until=0.0)
        assert self._render is not None
        self._render.request(job)

    def _files_open(self, key: tuple[int, int]) -> bool:
        return self._files is not None and self._files.is_open(key)

    async def _wind_up(self, render: RenderStage) -> tuple[Outcome, str]:
        """Render whatever is not rendered yet, write the index, and say how the run went."""
        jobs = self._jobs
        if self._files is not None:
            await self._files.close()
        if jobs is not None:
            jobs.pipeline.stop_asking()
        if jobs is not None and not self._hurry and self._can_write():
            await jobs.pipeline.drain()
            await render.finish(jobs.jobs.values())
        self._see_to_vault()
        outcome, message = self._verdict()
        finished = outcome in (Outcome.COMPLETE, Outcome.INCOMPLETE)
        if finished and self._link.takeout_active:
            with contextlib.suppress(TobsError):  # the export is whole; the takeout session runs out by itself
                await self._link.end_takeout(True)
        return outcome, message

    def _see_to_vault(self) -> None:
        """End the run when its vault was taken away: the system goes on writing to deleted files without a word."""
        if self._opened and not archive_path(self._output).exists():
            self._end_by(
                TobsError(
                    ErrorCode.OUTPUT_NOT_WRITABLE,
                    f"The vault {self._output} was moved or deleted while it was being written.",
                    "Put it back to go on from there, or run again to begin anew.",
                    field="output",
                )
            )

    def _can_write(self) -> bool:
        return self._ending is None or self._ending[0] is not Outcome.FAILED

    def _verdict(self) -> tuple[Outcome, str]:
        """COMPLETE only when no ledger has a hole and nothing failed."""
        if self._ending is not None:
            return self._ending
        jobs = list(self._jobs.jobs.values()) if self._jobs is not None else []
        failures = self._board.failures
        holes = [job for job in jobs if not job.covered and not job.failed]
        self._board.all_done()
        if not failures and not holes:
            return Outcome.COMPLETE, f"Everything is exported.{self._refreshed()}"
        count = len(failures) + len(holes)
        items = "1 item" if count == 1 else f"{count} items"
        return Outcome.INCOMPLETE, f"Finished, but {items} could not be had.{self._refreshed()}"

    def _refreshed(self) -> str:
        """What a refresh has found, to go behind another sentence."""
        return f" {in_words(self._board)}" if self._refresh is not None else ""

    # --- reporting ----------------------------------------------------------------------------------------------------

    async def _publish_forever(self) -> None:
        while True:
            await asyncio.sleep(UPDATE_S)
            self._publish()

    def _publish(self) -> None:
        update = self._board.take_update()
        if update is not None:
            self._on_update(update)

    def _look_around(self) -> None:
        """Once a second: the vault, the processes, the queues."""
        self._see_to_vault()
        if self._jobs is not None and self._writer is not None:
            self._jobs.show_queues(self._writer)
        if self._render is not None:
            self._render.show_process()
        self._watch.show()
