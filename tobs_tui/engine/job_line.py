"""One kind of job over the files of a run: which contents are next, the lanes that carry them, what came of each."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections import deque
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from loguru import logger

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import FileFilter, JobTask
from tobs_tui.archive.schema import output_error
from tobs_tui.config.vault_folder import make_folder
from tobs_tui.engine.governor import Gate
from tobs_tui.engine.job_lane import JobDied, Lane
from tobs_tui.engine.job_plans import JobPlan
from tobs_tui.engine.media_backlog import Submit
from tobs_tui.engine.together import until_failure
from tobs_tui.media.download import to_the_end
from tobs_tui.media.store import Store
from tobs_tui.media.work import JobError, Work
from tobs_tui.model.errors import TobsError
from tobs_tui.model.jobs import JobResult, JobStatus
from tobs_tui.model.run import Failure, WorkerState
from tobs_tui.monitor.clock import monotonic
from tobs_tui.monitor.logs import about

Key = tuple[int, int, int]

WINDOW = 500
"""Files looked at in the archive at a time, so that commits need not wait for long."""
OFFERS_KEPT = 256
"""Downloaded files remembered at most; those beyond are found in the archive later."""


class JobWatcher(Protocol):
    """What hears how jobs fare. All are called on the event loop."""

    async def job_settled(self, job: JobTask, plan: JobPlan, result: JobResult) -> None:
        """A content has this result, from now or before; `job` is one of its files, which may be new to it."""

    def job_failed(self, job: JobTask, failure: Failure) -> None:
        """A content could not be worked on."""

    def job_troubled(self, job: JobTask, lane: Lane, trouble: str) -> None:
        """A job was done, but not the way it was meant to be; `trouble` is a sentence."""


class JobLine:
    """Works through the contents that lack a result of one plan. The archive is the queue, as it is for downloads: a
    killed run goes on where it was.
    """

    def __init__(
        self,
        plan: JobPlan,
        submit: Submit,
        store: Store,
        spool: Path,
        wanted: FileFilter,
        lanes: Sequence[Lane],
        gate: Gate,
        watcher: JobWatcher,
    ) -> None:
        self.plan = plan
        self.lanes = lanes
        self._ask = submit
        self._store = store
        self._spool = spool
        self._wanted = wanted
        self._gate = gate
        self._watcher = watcher
        self._offers: deque[Key] = deque()
        self._ready: deque[JobTask] = deque()
        self._after: Key | None = None
        self._walk = True  # the archive is still to be looked through
        self._again = False  # and once more after that
        self._in_hand: set[str] = set()
        self._taking = asyncio.Lock()
        self._news = asyncio.Event()
        self._more_to_come = True
        self._going = asyncio.Event()
        self._going.set()
        self._tasks: list[asyncio.Task[None]] = []

    # --- what the stage says ------------------------------------------------------------------------------------------

    def offer(self, key: Key) -> None:
        """A file is there."""
        if len(self._offers) < OFFERS_KEPT:
            self._offers.append(key)
        else:
            self._again = True
        self._news.set()

    def no_more(self) -> None:
        """No file will come any more."""
        self._more_to_come = False
        self._news.set()

    def pause(self) -> None:
        """Begin no further job; those under way are finished."""
        self._going.clear()

    def resume(self) -> None:
        """Go on after `pause`."""
        self._going.set()

    async def run(self) -> None:
        """Work until nothing is left and nothing is to come. Raises the TobsError that every other job would meet."""
        self._tasks = [asyncio.create_task(self._work(lane)) for lane in self.lanes]
        try:
            await until_failure(self._tasks)
        finally:
            for lane in self.lanes:
                lane.worker.rest(WorkerState.STOPPED)
                await lane.close()

    # --- one lane -----------------------------------------------------------------------------------------------------

    async def _work(self, lane: Lane) -> None:
        while (job := await self._take(lane)) is not None:
            try:
                async with self._gate:
                    await self._going.wait()
                    await self._carry(job, lane)
            finally:
                self._in_hand.discard(job.sha256)
                self._news.set()
            lane.worker.rest()

    async def _take(self, lane: Lane) -> JobTask | None:
        """The next file; waits while there is none and some may come; None when all is done."""
        while True:
            if not self._going.is_set():
                lane.worker.state = WorkerState.PAUSED
                await self._going.wait()
                lane.worker.go_on()
            async with self._taking:
                more_to_come = self._more_to_come or bool(self._in_hand)
                self._news.clear()
                job = await self._next()
            if job is not None:
                return job
            if not more_to_come:
                return None
            await self._news.wait()

    async def _next(self) -> JobTask | None:
        """The next file whose content nobody has in hand; None when there is none now."""
        while True:
            if self._offers:
                key = self._offers.popleft()
                found = await self._ask(partial(Archive.job_task, key=key))
                jobs = [found] if found is not None and found.task.kind in self.plan.takes else []
            elif self._ready or await self._refill():
                jobs = [self._ready.popleft()]
            else:
                return None
            for job in jobs:
                if job.sha256 in self._in_hand:
                    self._again = True  # equal bytes are at work: look again when they are done
                    continue
                self._in_hand.add(job.sha256)
                return job

    async def _refill(self) -> bool:
        """Look further through the archive; whether there was something. Without news it is looked through once."""
        if not self._walk and self._again and not self._in_hand:
            self._walk, self._again, self._after = True, False, None
        while self._walk:
            look = partial(Archive.pending_jobs, wanted=self._wanted, wish=self.plan.wish, window=WINDOW)
            found, self._after = await self._ask(partial(look, after=self._after))
            self._walk = self._after is not None
            if found:
                self._ready.extend(found)
                return True
        return False

    # --- one job ------------------------------------------------------------------------------------------------------

    async def _carry(self, job: JobTask, lane: Lane) -> None:
        """See to it that a content has a result, and that its watcher knows."""
        with about(worker=lane.worker, chat=job.task.chat, message=job.task.message_id):
            await self._settle_one(job, lane)

    async def _settle_one(self, job: JobTask, lane: Lane) -> None:
        plan = self.plan
        result = await self._ask(partial(Archive.job_result, sha256=job.sha256, kind=plan.kind, options=plan.options))
        if result is None:
            result = await self._result(job, lane)
        await self._watcher.job_settled(job, plan, result)

    async def _result(self, job: JobTask, lane: Lane) -> JobResult:
        """Work on a content, and record what came of it."""
        plan = self.plan
        if not plan.suits(job):
            result = JobResult(plan.kind, JobStatus.SKIPPED)
        else:
            lane.worker.begin(_label(job), job.task.chat)
            lane.worker.speed = -1.0
            result = await self._done(job, lane)
        await self._ask(partial(Archive.put_job_result, sha256=job.sha256, options=plan.options, result=result))
        if result.status is JobStatus.FAILED:
            lane.worker.last_error = result.reason
            task = job.task
            self._watcher.job_failed(
                job, Failure(chat=task.chat, what=plan.kind.value, reason=result.reason, message_id=task.message_id)
            )
        return result

    async def _done(self, job: JobTask, lane: Lane) -> JobResult:
        """Do the job in its lane. Raises the TobsErrors that every other job would meet, too."""
        kind = self.plan.kind
        spool = self._spool / f"{job.sha256}-{kind.value}"
        began = monotonic()
        try:
            await to_the_end(_empty_folder, spool)
            done = await lane.run(self.plan.function, self._order(job, spool, lane), self.plan.arguments)
            lane.worker.count(1)
            if done.seconds:
                lane.worker.speed = done.seconds / max(1e-6, monotonic() - began)
            if done.trouble:
                lane.worker.last_error = done.trouble
                self._watcher.job_troubled(job, lane, done.trouble)
            if done.skipped:
                return JobResult(kind, JobStatus.SKIPPED, done.record, done.reason)
            if done.output:
                await to_the_end(self._keep, Path(done.output), done.sha256, job.task.date)
            return JobResult(kind, JobStatus.DONE, done.record, "", done.sha256, done.size, done.ending)
        except (JobError, JobDied) as error:
            return JobResult(kind, JobStatus.FAILED, reason=str(error))
        except TobsError:
            raise
        except OSError as error:
            raise output_error(error, self._spool) from error
        except Exception as error:  # noqa: BLE001  # one bad file must never stall or end a run
            logger.opt(exception=error).error("{} of {}", kind.value, job.sha256)
            return JobResult(kind, JobStatus.FAILED, reason=f"{type(error).__name__}: {error}.")
        finally:
            await to_the_end(shutil.rmtree, spool, ignore_errors=True)

    def _keep(self, output: Path, sha256: str, date: int) -> None:
        """Move what was made into the store, once its bytes are on the disk: an original may go because of it."""
        with output.open("rb") as file:
            os.fsync(file.fileno())
        self._store.adopt(output, sha256, date)

    def _order(self, job: JobTask, spool: Path, lane: Lane) -> Work:
        return Work(
            sha256=job.sha256,
            path=str(self._store.path_of(job.sha256).absolute()),
            size=job.size,
            kind=job.task.kind,
            mime=job.task.file.mime,
            name=job.path.rpartition("/")[2],
            spool=str(spool.absolute()),
            device=lane.device,
        )


def _empty_folder(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)
    make_folder(folder)


def _label(job: JobTask) -> str:
    """What a worker's row says of a file; the sender's name is not shown, it may be anything."""
    task = job.task
    return f"m{task.message_id}{f'-{task.index + 1}' if task.index else ''} {task.kind.value}"
