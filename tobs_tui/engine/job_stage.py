"""The half of a run that works on downloaded files: one line of lanes for each kind of job, and their sums."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import FileFilter, JobTask, JobTotals, JobWish
from tobs_tui.archive.schema import archive_path, internal_folder
from tobs_tui.engine.commit import Writer
from tobs_tui.engine.governor import Gate, Governor
from tobs_tui.engine.job_cluster import Cluster, ClusterLane
from tobs_tui.engine.job_lane import Lane, ProcessLane
from tobs_tui.engine.job_line import JobLine
from tobs_tui.engine.job_plans import JobPlan, LanePlan, job_plans
from tobs_tui.engine.state import RunBoard
from tobs_tui.engine.together import until_failure
from tobs_tui.engine.variants import Variants
from tobs_tui.media.download import to_the_end
from tobs_tui.media.encoders import Encoder, find_encoders
from tobs_tui.media.store import Store
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.jobs import JobResult, JobStatus
from tobs_tui.model.profile import Profile, VideoFormat
from tobs_tui.model.run import Failure, Level, WorkerRole
from tobs_tui.monitor.clock import monotonic

REPORT_S = 1.0
REPORT_SHARE = 20
"""Summing up may take a twentieth of the time."""
SWEEP_S = 60.0
"""Seconds between two looks for originals whose place is taken."""


_OF_ONE_KIND = frozenset({ErrorCode.USAGE, ErrorCode.MODEL_UNAVAILABLE})
"""Trouble that all jobs of a kind have, and no other."""


class JobStage:
    """Works on the files of a run as they come. `on_fatal` hears of an error that ends every job.

    `plans` are the profile's own where none are given. Which encoders work here is remembered in `encoders_file`.
    """

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
        encoders_file: Path | None = None,
    ) -> None:
        self._writer = writer
        self._vault = vault
        self._profile = profile
        self._board = board
        self._on_fatal = on_fatal
        self._governor = governor
        self._encoders_file = encoders_file
        self._plans = job_plans(profile) if plans is None else plans
        self._given = plans is not None
        self._store = Store(vault, internal_folder(vault) / "store")
        self._spool = internal_folder(vault) / "jobs"
        self._paused = self._all_there = False
        self._wanted: FileFilter | None = None
        self._lines: list[JobLine] = []
        self._variants: Variants | None = None
        self._cluster: Cluster | None = None
        self._kept: Counter[str] = Counter()
        self._tasks: list[asyncio.Task[None]] = []
        self._changed = True

    def begin(self, wanted: FileFilter) -> None:
        """Start on those of the files that are there. Does nothing when it has begun, or no files are wanted."""
        if self._tasks or not wanted.kinds:
            return
        self._wanted = wanted
        self._tasks = [asyncio.create_task(work) for work in (self._run(), self._report(), self._sweep())]
        self._tasks[0].add_done_callback(self._ended)

    async def _run(self) -> None:
        if self._profile.media.executor and any(plan.remote for plan in self._plans):
            self._cluster = await Cluster.connect(self._profile.media.executor, self._spool)
            self._board.log(Level.INFO, self._cluster.describe())
        elif not self._given and self._profile.media.transcode.video is not VideoFormat.OFF:
            self._plans = job_plans(self._profile, await self._find_encoders())
        wanted, wishes = self._wanted, [plan.wish for plan in self._plans]
        assert wanted is not None
        await self._writer.submit(lambda archive: archive.forget_failed_jobs(wanted, wishes))
        await asyncio.to_thread(shutil.rmtree, self._spool, ignore_errors=True)  # what a kill has left
        keep = self._profile.media.transcode.keep_originals
        self._variants = Variants(self._writer.submit, self._store, self._vault, self._plans, keep_originals=keep)
        await self._variants.begin()
        self._staff()
        if self._lines:
            await until_failure([asyncio.create_task(self._carry(line)) for line in self._lines])
        await self._variants.sweep(final=self._all_there)

    async def _carry(self, line: JobLine) -> None:
        """Carry a line out. What makes all of its jobs impossible is one failure; the other kinds of jobs go on."""
        try:
            await line.run()
        except TobsError as error:
            if error.code not in _OF_ONE_KIND:
                raise
            kind, text = line.plan.kind.value, f"{error.sentence} {error.way_on}".strip()
            self._board.alerts.open(f"jobs-{kind}", Level.ERROR, text)
            self._board.fail(Failure(chat=0, what=kind, reason=text, code=error.code, title="all files"))

    async def _find_encoders(self) -> list[Encoder]:
        """The video encoders that work here; seconds for the first time on a machine."""
        wanted = self._profile.media.transcode.video
        trials = await asyncio.to_thread(find_encoders, [wanted], self._encoders_file)
        working = [trial.encoder for trial in trials if trial.works]
        where = ", ".join(f"{one.name} on {one.device or 'the processor'}" for one in working) or "none"
        self._board.log(Level.INFO, f"Video encoders for {wanted.value} that work here: {where}.")
        return working

    def _staff(self) -> None:
        """Hire the lanes, and tell the lines what the stage was told before."""
        assert self._wanted is not None
        processes = self._profile.performance.job_processes
        shared = self._governor.gate(WorkerRole.JOB, processes)
        for plan in self._plans:
            if self._cluster is not None and plan.remote:
                lanes = self._hire_cluster(self._cluster)
                gate = Gate(len(lanes))  # this machine's load is no reason to spare another one
            else:
                lanes = [self._hire(plan, lane) for lane in plan.lanes]
                gate = shared if plan.shares_processor else self._governor.gate(plan.lanes[0].role, len(lanes))
            line = JobLine(plan, self._writer.submit, self._store, self._spool, self._wanted, lanes, gate, self)
            if self._paused:
                line.pause()
            if self._all_there:
                line.no_more()
            self._lines.append(line)

    def _hire(self, plan: JobPlan, lane: LanePlan) -> Lane:
        worker = self._board.workers.hire_one(lane.prefix, lane.role)
        return ProcessLane(worker, lane.device, stall_s=plan.stall_s, idle_s=lane.idle_s)

    def _hire_cluster(self, cluster: Cluster) -> list[Lane]:
        return [ClusterLane(self._board.workers.hire_one("d", WorkerRole.JOB), cluster) for _ in range(cluster.places)]

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if isinstance(error, TobsError):
            self._on_fatal(error)

    def offer(self, key: tuple[int, int, int]) -> None:
        """A file, by its (chat, message id, index), is in its place. Lines that do not work yet find it themselves."""
        self._changed = True
        for line in self._lines:
            line.offer(key)

    async def finish(self) -> None:
        """No file comes any more: wait until every job is done or has failed. Errors went to `on_fatal`."""
        if not self._tasks:
            return
        self._all_there = True
        for line in self._lines:
            line.no_more()
        work = self._tasks[0]
        await asyncio.wait({work})
        error = None if work.cancelled() else work.exception()
        if error is not None and not isinstance(error, TobsError):
            raise error
        await self._sum_up()
        self._tell_kept()

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
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        cluster, self._cluster = self._cluster, None
        if cluster is not None:
            await cluster.close()

    # --- what the lines report ----------------------------------------------------------------------------------------

    async def job_settled(self, job: JobTask, plan: JobPlan, result: JobResult) -> None:
        """A content has a result."""
        self._changed = True
        if result.status is JobStatus.SKIPPED and result.reason:
            self._kept[result.reason] += 1
        assert self._variants is not None
        await self._variants.settle(job)

    def job_failed(self, job: JobTask, failure: Failure) -> None:
        """A content could not be worked on."""
        self._board.fail(replace(failure, title=self._title(job)))

    def job_troubled(self, job: JobTask, lane: Lane, trouble: str) -> None:
        """A device has failed on the way, and another one took its place."""
        self._board.log(Level.WARNING, f"{self._title(job)}: m{job.task.message_id}: {trouble}")
        self._board.alerts.open(f"device {lane.device}", Level.WARNING, trouble)

    def _title(self, job: JobTask) -> str:
        rows = {row.key: row for row in self._board.rows()}
        row = rows.get((job.task.chat, job.task.topic)) or rows.get((job.task.chat, 0))
        return row.title if row is not None else ""

    def _tell_kept(self) -> None:
        """Say which files stay as they were, and why."""
        for reason, count in self._kept.most_common():
            files = "1 file stays as it is" if count == 1 else f"{count} files stay as they are"
            self._board.log(Level.INFO, f"Transcoding: {files}: {reason}.")

    async def _report(self) -> None:
        while True:
            began = monotonic()
            if self._changed:
                await self._sum_up()
            await asyncio.sleep(max(REPORT_S, REPORT_SHARE * (monotonic() - began)))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            if self._variants is not None:
                await self._variants.sweep()

    async def _sum_up(self) -> None:
        """The sums over all contents, exact as of now. Read beside the writer: that takes a look at every file."""
        self._changed = False
        wanted, wishes = self._wanted, [plan.wish for plan in self._plans]
        if wanted is None:
            return
        totals = await to_the_end(_totals, archive_path(self._vault), wanted, wishes)
        counters = self._board.counters
        counters.jobs, counters.jobs_total, counters.jobs_failed = totals.done, totals.total, totals.failed


def _totals(archive: Path, wanted: FileFilter, wishes: list[JobWish]) -> JobTotals:
    with Archive.open(archive, read_only=True, cache_kib=2_048) as reader:
        return reader.job_totals(wanted, wishes)
