"""The workers of a run: their statistics, as the dashboard's worker table shows them, and how one begins anew."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextvars import ContextVar
from typing import Any, TypeVar

from msgspec.structs import replace

from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.report import StageFigures
from tobs_tui.model.run import WorkerRole, WorkerRow, WorkerState
from tobs_tui.monitor.clock import monotonic
from tobs_tui.monitor.logs import all_about
from tobs_tui.monitor.rates import RateMeter

T = TypeVar("T")
RESTARTED = "Begun anew by hand."


class WorkerStats:
    """One worker's counters; `row` freezes them. `pid` is 0 for those that share the main process."""

    def __init__(self, id: str, role: WorkerRole) -> None:
        self.id = id
        self.role = role
        self.spent: dict[WorkerState, float] = dict.fromkeys(WorkerState, 0.0)
        self._state = WorkerState.IDLE
        self._since = monotonic()
        self.target = ""
        self.chat = 0
        self.queue = 0
        self.done = 0
        self.pid = 0
        self.cpu_percent = -1.0
        self.memory = -1
        self.retries = 0
        self.wait_until = 0.0
        self.last_error = ""
        self.speed = -1.0
        self.device = ""
        self.share = -1.0
        self._messages = RateMeter()
        self._bytes = RateMeter()
        self._begin_anew: Callable[[], None] | None = None

    @property
    def state(self) -> WorkerState:
        """What it is doing. `spent` has the seconds of each state that it has left."""
        return self._state

    @state.setter
    def state(self, state: WorkerState) -> None:
        at = monotonic()
        self.spent[self._state] += at - self._since
        self._state, self._since = state, at

    async def restartable(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `work` gives; it is begun anew whenever `restart` is called meanwhile."""
        while True:
            task, asked = asyncio.create_task(work()), asyncio.Event()

            def begin_anew(task: asyncio.Task[T] = task, asked: asyncio.Event = asked) -> None:
                asked.set()
                task.cancel()

            self._begin_anew = begin_anew
            try:
                return await task
            except asyncio.CancelledError:
                own = asyncio.current_task()
                if not asked.is_set() or (own is not None and own.cancelling()):
                    raise
            finally:
                if self._begin_anew is begin_anew:
                    self._begin_anew = None
            self.retries += 1
            self.last_error = RESTARTED

    def restart(self) -> None:
        """Give up what it is at and begin that anew: its request or download, or its process, which is replaced.

        Raises `TobsError` USAGE when it is at nothing that could be.
        """
        if self._begin_anew is not None:
            self._begin_anew()
        elif self.pid and self.state is WorkerState.BUSY:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.last_error = RESTARTED
        else:
            raise TobsError(ErrorCode.USAGE, f"{self.id} is at nothing that could be begun anew.")

    def begin(self, target: str, chat: int = 0) -> None:
        """It works on something now."""
        self.state, self.target, self.chat = WorkerState.BUSY, target, chat

    def rest(self, state: WorkerState = WorkerState.IDLE) -> None:
        """It has nothing to do, is paused, or has stopped."""
        self.state, self.target, self.chat, self.wait_until, self.share = state, "", 0, 0.0, -1.0

    def wait(self, until: float, reason: str) -> None:
        """It is held up until `until` (epoch seconds)."""
        self.state, self.wait_until, self.last_error = WorkerState.WAITING, until, reason

    def go_on(self) -> None:
        """What held it up is over."""
        if self.state in (WorkerState.WAITING, WorkerState.PAUSED):
            self.state, self.wait_until = (WorkerState.BUSY if self.target else WorkerState.IDLE), 0.0

    def count(self, done: int, size: int = 0) -> None:
        """It has finished `done` messages (or files), `size` bytes of them."""
        self.done += done
        self._messages.add(done)
        if size:
            self._bytes.add(size)

    def row(self) -> WorkerRow:
        """Its row, as of now."""
        return WorkerRow(
            id=self.id,
            role=self.role,
            state=self.state,
            target=self.target,
            chat=self.chat,
            messages_rate=round(self._messages.rate(), 1),
            bytes_rate=round(self._bytes.rate(), 1),
            queue=self.queue,
            done=self.done,
            cpu_percent=self.cpu_percent,
            memory=self.memory,
            pid=self.pid,
            retries=self.retries,
            wait_until=self.wait_until,
            last_error=self.last_error,
            speed=round(self.speed, 2),
            device=self.device,
            share=round(self.share, 3),
        )


acting: ContextVar[WorkerStats | None] = ContextVar("acting", default=None)
"""The worker on whose behalf the current task, or one that it has started, works; see `act_as`."""


def act_as(worker: WorkerStats) -> None:
    """The current task works on behalf of `worker` from now on; its lines in the log say so."""
    acting.set(worker)
    all_about(worker=worker)


class WorkerTable:
    """Every worker of a run, in the order they were hired."""

    def __init__(self) -> None:
        self._workers: dict[str, WorkerStats] = {}

    def hire(self, prefix: str, role: WorkerRole, count: int) -> list[WorkerStats]:
        """`count` workers named prefix01, prefix02, ...; the committing one, of which there is one, by the prefix."""
        names = (
            [prefix] if count == 1 and role is WorkerRole.COMMIT else [f"{prefix}{n:02}" for n in range(1, count + 1)]
        )
        for name in names:
            self._workers.setdefault(name, WorkerStats(name, role))
        return [self._workers[name] for name in names]

    def hire_one(self, prefix: str, role: WorkerRole) -> WorkerStats:
        """One more worker of that prefix, under the next number: j1, j2, ...; from 0 for graphics cards."""
        number = int(role is not WorkerRole.GPU)
        while f"{prefix}{number}" in self._workers:
            number += 1
        worker = self._workers[f"{prefix}{number}"] = WorkerStats(f"{prefix}{number}", role)
        return worker

    def of_role(self, role: WorkerRole) -> list[WorkerStats]:
        """All workers of a role."""
        return [worker for worker in self._workers.values() if worker.role is role]

    def all(self) -> Iterable[WorkerStats]:
        """All workers."""
        return self._workers.values()

    def stages(self, measured: Mapping[WorkerRole, float]) -> dict[WorkerRole, StageFigures]:
        """Where the workers' time went so far, by role; `measured` has the seconds at work of those whose states are
        there to be looked at only."""
        found: dict[WorkerRole, StageFigures] = {}
        for worker in self._workers.values():
            worker.state = worker.state  # up to this moment
            sums, spent = found.get(worker.role, StageFigures()), worker.spent
            found[worker.role] = StageFigures(
                workers=sums.workers + 1,
                done=sums.done + worker.done,
                busy_s=sums.busy_s + spent[WorkerState.BUSY],
                waiting_s=sums.waiting_s + spent[WorkerState.WAITING],
                paused_s=sums.paused_s + spent[WorkerState.PAUSED],
            )
        for role, seconds in measured.items():
            if role in found:
                found[role] = replace(found[role], busy_s=seconds, waiting_s=0.0, paused_s=0.0)
        return {role: _rounded(figures) for role, figures in found.items()}

    def rows(self) -> tuple[WorkerRow, ...]:
        """All rows, as of now."""
        return tuple(worker.row() for worker in self._workers.values())

    def assign_pids(self, role: WorkerRole, pids: Iterable[int]) -> None:
        """Say which processes do a role's work now. A worker keeps its process while it lives."""
        alive = list(pids)
        workers = self.of_role(role)
        for worker in workers:
            if worker.pid in alive:
                alive.remove(worker.pid)
            else:
                worker.pid = 0
        for worker in workers:
            if not worker.pid and alive:
                worker.pid = alive.pop(0)

    def restart(self, id: str) -> None:
        """Restart a worker (see there). Raises `TobsError` USAGE, for a name that none has as well."""
        worker = self._workers.get(id)
        if worker is None:
            raise TobsError(ErrorCode.USAGE, f"There is no worker {id}.")
        worker.restart()

    def by_pid(self, pid: int) -> WorkerStats | None:
        """The worker whose process has this id."""
        return next((worker for worker in self._workers.values() if worker.pid == pid), None)

    def measure(self, process: Callable[[int], tuple[float, int]]) -> None:
        """Ask `process` (pid -> CPU percent, bytes) for the figures of those with a process of their own."""
        for worker in self._workers.values():
            if worker.pid:
                worker.cpu_percent, worker.memory = process(worker.pid)


def _rounded(figures: StageFigures) -> StageFigures:
    return replace(
        figures,
        busy_s=round(figures.busy_s, 3),
        waiting_s=round(figures.waiting_s, 3),
        paused_s=round(figures.paused_s, 3),
    )
