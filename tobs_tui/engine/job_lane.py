"""A lane: one process that does one job at a time, through a `concurrent.futures` executor, and survives its death."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from typing import Any, Protocol

from tobs_tui.engine.processes import plain_main, process_context
from tobs_tui.engine.workers import WorkerStats
from tobs_tui.media.work import SLOTS, Done, Progress, Work, begin_process, process_id, progress_in
from tobs_tui.monitor.clock import monotonic

ATTEMPTS = 3
"""How many processes may die at one job before it is held to be the cause."""
IDLE_S = 30.0
"""Seconds without work after which a process is ended: it may hold a model, or a graphics card's memory."""
END_S = 1.0
"""Seconds that a process may take to end itself, with the programs that it has started."""
LOOK_S = 0.5
"""Seconds between two looks at a job's progress."""

_DIED = "The process that worked on it died each time."


class JobDied(Exception):
    """The job's process died each time, or showed no progress; the text is a sentence."""


class _NotStarted(BrokenExecutor):
    """There is no process for the job; the text is a sentence."""


class Lane(Protocol):
    """Does one job at a time, somewhere."""

    worker: WorkerStats
    device: str

    async def run(self, function: Callable[[Work, Any], Done], work: Work, arguments: Any) -> Done:
        """The function's result or exception. Raises `JobDied` where that never came."""
        ...

    async def close(self) -> None:
        """End at once; what is under way is dropped."""
        ...


class ProcessLane:
    """A process on this machine, started with its first job and ended when it has had none for `idle_s` seconds.

    `stall_s` is how long a job may go without a `report` before its process is killed. Time in which this process
    itself stood still (a laptop asleep, a stopped service) does not count: the job stood still as well. One job at a
    time: a process that dies has only itself to blame.
    """

    def __init__(
        self, worker: WorkerStats, device: str = "", *, stall_s: float = 300.0, idle_s: float = IDLE_S
    ) -> None:
        self.worker = worker
        self.device = worker.device = device
        self._stall_s = stall_s
        self._idle_s = idle_s
        self._executor: Executor | None = None
        self._slots: Any = None
        self._idle: asyncio.TimerHandle | None = None
        self._retiring: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def progress(self) -> Progress:
        """How far the present job is."""
        return Progress() if self._slots is None else progress_in(self._slots)

    async def run(self, function: Callable[[Work, Any], Done], work: Work, arguments: Any) -> Done:
        """The function's result or exception, from the process. Cancelled, the process is killed.

        Raises JobDied when `ATTEMPTS` processes in a row died at it, or one has shown no progress for too long.
        """
        if self._idle is not None:
            self._idle.cancel()
        try:
            for _ in range(ATTEMPTS):
                try:
                    return await self._attempt(function, work, arguments)
                except BrokenExecutor as error:
                    why = str(error) if isinstance(error, _NotStarted) else _DIED
                    self.worker.pid = 0  # it is gone, and its number may be another's by now
                    await self._end()
                    self.worker.retries += 1
            raise JobDied(why)
        finally:
            if not self._closed:
                self._idle = asyncio.get_running_loop().call_later(self._idle_s, self._retire)

    async def _attempt(self, function: Callable[[Work, Any], Done], work: Work, arguments: Any) -> Done:
        executor = await self._ready()
        before, began, told = self.progress.reports, monotonic(), 0
        job = asyncio.wrap_future(executor.submit(function, work, arguments))
        looked_at, still_s = monotonic(), 0.0
        try:
            while True:
                done, _ = await asyncio.wait({job}, timeout=LOOK_S)
                since, looked_at = monotonic() - looked_at, monotonic()
                still_s += min(since, 2 * LOOK_S)
                if done:
                    self.worker.count(0, work.size - told)
                    return job.result()
                progress = self.progress
                if progress.reports != before:
                    before, still_s = progress.reports, 0.0
                    told += self._show(progress, looked_at - began, work.size, told)
                elif still_s > self._stall_s:
                    await self._end()
                    raise JobDied(f"It showed no progress for {self._stall_s:.0f} seconds and was ended.")
        except asyncio.CancelledError:
            await self._end()
            raise
        finally:
            job.cancel()
            if job.done() and not job.cancelled():
                job.exception()  # it was looked at, or nobody cares any more

    def _show(self, progress: Progress, elapsed: float, size: int, told: int) -> int:
        """Show how far and how fast a job of `size` bytes is; gives how many of them are done beyond those `told`."""
        worker = self.worker
        if progress.total <= 0:
            worker.share = -1.0
            return 0
        worker.share = min(1.0, progress.seconds / progress.total)
        worker.speed = progress.seconds / max(1e-6, elapsed)
        more = max(0, int(size * worker.share) - told)
        worker.count(0, more)
        return more

    async def _ready(self) -> Executor:
        """The executor with its one process running."""
        if self._executor is None:
            context = process_context()
            self._slots = context.RawArray("d", SLOTS)
            pool = ProcessPoolExecutor(1, context, initializer=begin_process, initargs=(self._slots,))
            self._executor = pool

            def start() -> int:
                with plain_main():
                    future = pool.submit(process_id)
                return future.result()

            try:
                self.worker.pid = await asyncio.to_thread(start)
            except (OSError, EOFError) as error:  # no memory, no file descriptors, or the fork server was killed
                reason = error.strerror if isinstance(error, OSError) else "the one that starts them has ended"
                raise _NotStarted(f"No process could be started for it: {reason}.") from error
        return self._executor

    def _retire(self) -> None:
        task = asyncio.ensure_future(self._end())
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _end(self) -> None:
        """End the process, with whatever it has started."""
        executor, self._executor, pid = self._executor, None, self.worker.pid
        self.worker.pid, self.worker.cpu_percent, self.worker.memory = 0, -1.0, -1
        if executor is None:
            return
        ending = asyncio.ensure_future(asyncio.to_thread(executor.shutdown, True, cancel_futures=True))
        for how in (signal.SIGTERM, signal.SIGKILL):  # in the middle of native code it does not hear the first
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, how)
            await asyncio.wait({ending}, timeout=END_S)
            if ending.done():
                break
        await ending

    async def close(self) -> None:
        """End the process at once."""
        self._closed = True
        if self._idle is not None:
            self._idle.cancel()
        await self._end()
        await asyncio.gather(*self._retiring)
