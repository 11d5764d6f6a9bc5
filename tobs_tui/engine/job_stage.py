"""The half of a run that works on downloaded files: one line of lanes for each kind of job, and their sums."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from tobs_tui.archive.records import FileFilter, JobTask
from tobs_tui.archive.schema import internal_folder
from tobs_tui.engine.commit import Writer
from tobs_tui.engine.governor import Governor
from tobs_tui.engine.job_lane import Lane, ProcessLane
from tobs_tui.engine.job_line import JobLine
from tobs_tui.engine.job_plans import JobPlan, LanePlan, job_plans
from tobs_tui.engine.state import RunBoard
from tobs_tui.engine.together import until_failure
from tobs_tui.media.store import Store
from tobs_tui.model.errors import TobsError
from tobs_tui.model.jobs import JobResult
from tobs_tui.model.profile import Profile
from tobs_tui.model.run import Failure, Level
from tobs_tui.monitor.clock import monotonic

REPORT_S = 1.0
REPORT_SHARE = 20
"""Summing up may take a twentieth of the time."""


class JobStage:
    """Works on the files of a run as they come. `on_fatal` hears of an error that ends every job."""

    def __init__(
        self,
        writer: Writer,
        vault: Path,
        profile: Profile,
        board: RunBoard,
        on_fatal: Callable[[TobsError], None],
        *,
        governor: Governor,
        plans: tuple[JobPlan, ...] | None = None,
    ) -> None:
        """`plans` are the profile's own where none are given."""
        self._writer = writer
        self._board = board
        self._on_fatal = on_fatal
        self._governor = governor
        self._plans = job_plans(profile) if plans is None else plans
        self._store = Store(vault, internal_folder(vault) / "store")
        self._spool = internal_folder(vault) / "jobs"
        self._paused = False
        self._wanted: FileFilter | None = None
        self._lines: list[JobLine] = []
        self._task: asyncio.Task[None] | None = None
        self._reporter: asyncio.Task[None] | None = None
        self._changed = True

    def begin(self, wanted: FileFilter) -> None:
        """Start on those of the files that are there. Does nothing when no job is asked for, or it has begun."""
        if self._task is not None or not self._plans or not wanted.kinds:
            return
        self._wanted = wanted
        for plan in self._plans:
            lanes = [self._hire(plan, lane) for lane in plan.lanes]
            gate = self._governor.gate(plan.lanes[0].role, len(lanes))
            line = JobLine(plan, self._writer.submit, self._store, self._spool, wanted, lanes, gate, self)
            if self._paused:
                line.pause()
            self._lines.append(line)
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._ended)
        self._reporter = asyncio.create_task(self._report())

    def _hire(self, plan: JobPlan, lane: LanePlan) -> Lane:
        worker = self._board.workers.hire_one(lane.prefix, lane.role)
        return ProcessLane(worker, lane.device, stall_s=plan.stall_s, idle_s=lane.idle_s)

    async def _run(self) -> None:
        wishes = [plan.wish for plan in self._plans]
        await self._writer.submit(lambda archive: archive.forget_failed_jobs(wishes))
        await asyncio.to_thread(shutil.rmtree, self._spool, ignore_errors=True)  # what a kill has left
        await until_failure([asyncio.create_task(line.run()) for line in self._lines])

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if isinstance(error, TobsError):
            self._on_fatal(error)

    def offer(self, key: tuple[int, int, int]) -> None:
        """A file, by its (chat, message id, index), is in its place."""
        self._changed = True
        for line in self._lines:
            line.offer(key)

    async def finish(self) -> None:
        """No file comes any more: wait until every job is done or has failed. Errors went to `on_fatal`."""
        if self._task is None:
            return
        for line in self._lines:
            line.no_more()
        await asyncio.wait({self._task})
        error = None if self._task.cancelled() else self._task.exception()
        if error is not None and not isinstance(error, TobsError):
            raise error
        await self._sum_up()

    def pause(self) -> None:
        """Begin no further job."""
        self._paused = True
        for line in self._lines:
            line.pause()

    def resume(self) -> None:
        """Go on."""
        self._paused = False
        for line in self._lines:
            line.resume()

    async def close(self) -> None:
        """End the jobs that are under way; the next run begins them anew."""
        for task in (self._task, self._reporter):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    # --- what the lines report ----------------------------------------------------------------------------------------

    async def job_settled(self, job: JobTask, plan: JobPlan, result: JobResult) -> None:
        """A content has a result."""
        self._changed = True

    def job_failed(self, job: JobTask, failure: Failure) -> None:
        """A content could not be worked on."""
        rows = {row.key: row for row in self._board.rows()}
        row = rows.get((job.task.chat, job.task.topic)) or rows.get((job.task.chat, 0))
        self._board.fail(replace(failure, title=row.title if row is not None else ""))

    def job_noted(self, job: JobTask, note: str) -> None:
        """Something that a person should know about a job."""
        self._board.log(Level.INFO, f"m{job.task.message_id}: {note}")

    async def _report(self) -> None:
        while True:
            began = monotonic()
            if self._changed:
                await self._sum_up()
            await asyncio.sleep(max(REPORT_S, REPORT_SHARE * (monotonic() - began)))

    async def _sum_up(self) -> None:
        """The sums over all contents, exact as of now."""
        self._changed = False
        wanted, wishes = self._wanted, [plan.wish for plan in self._plans]
        if wanted is None:
            return
        totals = await self._writer.submit(lambda archive: archive.job_totals(wanted, wishes))
        counters = self._board.counters
        counters.jobs, counters.jobs_total, counters.jobs_failed = totals.done, totals.total, totals.failed
