"""Worker processes that outlive their own deaths: one that is killed is replaced, and its work done again."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import pickle
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

from loguru import logger

from tobs_tui.engine.process_line import ERROR, NEWS, READY, PoolEnd, serve, tell

__all__ = ["ProcessPool", "WorkLostError", "plain_main", "process_context", "tell"]

P = ParamSpec("P")
T = TypeVar("T")

ATTEMPTS = 5
"""How many processes may die at one piece of work before it is held to be the cause."""

HELPING = 4
"""Small pieces of work that are handed out together where there are as many."""

LINGER_S = 0.005
"""How long a small piece of work may wait for others to go with, in seconds. Most of what handing over costs is waking
a process that sleeps."""

AHEAD = 2 * HELPING
"""Small pieces of work that a process has at most, so that it need not wait for the next ones."""

END_S = 5.0
"""How long a process may take to end when the pool is closed, in seconds; it is killed then."""

_FORKSERVER = "forkserver"
_starting = threading.Lock()
_PRELOAD = ("tobs_tui.engine.preload",)
"""What all pools' processes need; the fork server imports it once for all of them, and they share its memory."""


class WorkLostError(Exception):
    """The process that did this work died each time."""


@contextlib.contextmanager
def plain_main() -> Iterator[None]:
    """Hide the main module while processes start: they would import it, and need nothing of it."""
    with _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def process_context() -> Any:
    """A context that starts clean processes, never a fork of the threads and sockets of this one."""
    if _FORKSERVER not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context(_FORKSERVER)
    context.set_forkserver_preload(list(_PRELOAD))
    return context


def _launch() -> tuple[BaseProcess, socket.socket]:
    """A new process and this end of the line to it. Blocks until the fork server answers."""
    ours, theirs = socket.socketpair()
    with theirs:
        process: BaseProcess = process_context().Process(target=serve, args=(theirs,), daemon=True)
        try:
            with plain_main():
                process.start()
        except BaseException:
            ours.close()
            raise
    return process, ours


class _Work:
    """A piece of work: pickled, and whoever waits for it. `small` = it takes a few milliseconds at most."""

    __slots__ = ("answer", "deaths", "pickled", "small")

    def __init__(self, pickled: bytes, small: bool) -> None:
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.deaths = 0
        self.pickled = pickled
        self.small = small


class _Worker:
    """One process: what it is at, oldest first, and the line to it."""

    def __init__(self, process: BaseProcess) -> None:
        self.process = process
        self.ready = False
        self.line: PoolEnd | None = None
        self.at_work: deque[_Work] = deque()

    def takes(self, *, small: bool) -> bool:
        """Whether it may be handed more: small pieces in numbers, a large one behind small ones only."""
        if small:
            return len(self.at_work) < AHEAD and (not self.at_work or self.at_work[-1].small)
        return not self.at_work or self.at_work[-1].small


class ProcessPool:
    """`size` processes. Call `start` before `run`, and `close` at the end.

    Use it from one event loop. `on_loss` hears a sentence whenever a process had to be replaced, `on_news` what the
    processes `tell`, as it comes and before the outcome of the work that told it.
    """

    def __init__(
        self, size: int, on_loss: Callable[[str], None] | None = None, on_news: Callable[[Any], None] | None = None
    ) -> None:
        self.size = size
        self._allowed = size
        self.on_news = on_news
        self.losses = 0
        self._on_loss = on_loss
        self._workers: list[_Worker] = []
        self._large: deque[_Work] = deque()
        self._small: deque[_Work] = deque()
        self._out = 0
        self._lingering: asyncio.TimerHandle | None = None
        self._due = False  # small work has waited long enough
        self._born_dead = 0  # processes in a row that ended before they could be used
        self._running = False
        self._first = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """Pieces of work handed in and not yet answered."""
        return self._out

    def pids(self) -> tuple[int, ...]:
        """The processes' ids, oldest first."""
        return tuple(worker.process.pid for worker in self._workers if worker.process.pid is not None)

    def allow(self, count: int) -> None:
        """Hand work to so many of the processes only, from now on; the others finish what they are at and wait."""
        self._allowed = count
        self._deal()

    async def start(self) -> None:
        """Start the processes; returns when the first one answers. The first pool's take a second, mostly imports."""
        self._running = True
        for _ in range(self.size):
            self._in_background(self._add_worker())
        await self._first.wait()

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do `function(*args)` in a process. Its own exceptions come through as they are.

        Work that was under way when its process died is done again. Raises `WorkLostError` when that happens each time.
        """
        outcome: T = await self._do(_Work(_pickled(function, args, kwargs), small=False))
        return outcome

    async def run_small(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `run`, for work of a few milliseconds: it goes to the processes in larger helpings."""
        outcome: T = await self._do(_Work(_pickled(function, args, kwargs), small=True))
        return outcome

    async def _do(self, work: _Work) -> Any:
        if not self._running:
            raise RuntimeError("the pool is not started")
        self._out += 1
        (self._small if work.small else self._large).append(work)
        if work.small and self._lingering is None:
            self._lingering = asyncio.get_running_loop().call_later(LINGER_S, self._linger_no_more)
        self._deal()
        try:
            return await work.answer
        finally:
            self._out -= 1

    def _linger_no_more(self) -> None:
        self._lingering, self._due = None, True
        self._deal()

    def _deal(self) -> None:
        """Hand out what waits, as far as there are processes for it and small work has company."""
        # A process can say that it is ready before the line to it is known here.
        ready = [worker for worker in self._workers if worker.ready and worker.line is not None][: self._allowed]
        while self._large and self._hand_out(ready, self._large, 1):
            pass
        while len(self._small) >= HELPING or (self._small and self._due):
            if not self._hand_out(ready, self._small, HELPING):
                return
        self._due = False

    def _hand_out(self, ready: list[_Worker], queue: deque[_Work], count: int) -> bool:
        """Hand up to `count` pieces of work to one of the processes. False when none of them takes it."""
        small = queue is self._small
        free = [worker for worker in ready if worker.takes(small=small)]
        if not free:
            return False
        worker = min(free, key=lambda worker: len(worker.at_work))
        assert worker.line is not None
        while count and queue:
            work = queue.popleft()
            if not work.answer.done():  # else nobody waits for it any more
                worker.at_work.append(work)
                worker.line.send(work.pickled, small=small)
                count -= 1
        return True

    # --- processes come and go ----------------------------------------------------------------------------------------

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _add_worker(self) -> None:
        try:
            process, line = await asyncio.to_thread(_launch)
        except (OSError, EOFError) as error:  # no memory, no file descriptors, or the fork server is gone
            logger.warning("no worker process could be started: {}", error)
            self._stillborn()
            return
        worker = _Worker(process)
        self._workers.append(worker)
        _, worker.line = await asyncio.get_running_loop().create_connection(
            lambda: PoolEnd(
                lambda kind, content: self._hear(worker, kind, content), lambda: self._in_background(self._lose(worker))
            ),
            sock=line,
        )
        self._deal()

    def _hear(self, worker: _Worker, kind: int, content: bytes) -> None:
        if kind == READY:
            worker.ready, self._born_dead = True, 0
            self._first.set()
        elif kind == NEWS:
            if self.on_news is not None:
                self.on_news(pickle.loads(content))
            return
        else:
            answer = worker.at_work.popleft().answer
            if answer.done():  # nobody waits for it any more
                pass
            elif kind == ERROR:
                answer.set_exception(pickle.loads(content))
            else:
                answer.set_result(pickle.loads(content))
        if worker.line is not None:
            self._deal()

    async def _lose(self, worker: _Worker) -> None:
        """A process is gone: have its work done again, and another one started."""
        self._workers.remove(worker)
        await asyncio.to_thread(worker.process.join, END_S)  # it has hung up; this takes its end off the system's books
        if not self._running:
            return
        if worker.at_work:
            self._blame(worker.at_work[0])  # they are done in turn: the others were not begun
        for work in reversed(worker.at_work):
            (self._small if work.small else self._large).appendleft(work)
            self._due = self._due or work.small  # it has waited for company once
        self.losses += 1
        logger.warning("worker process {} died and is replaced", worker.process.pid)
        if self._on_loss is not None:
            self._on_loss("A worker process died and was replaced; its work is done again.")
        if worker.ready:
            self._in_background(self._add_worker())
        else:
            self._stillborn()
        self._deal()

    def _blame(self, work: _Work) -> None:
        work.deaths += 1
        if work.deaths >= ATTEMPTS and not work.answer.done():
            work.answer.set_exception(WorkLostError(f"its process died {ATTEMPTS} times"))

    def _stillborn(self) -> None:
        """A process could not be used at all: try again, but not for ever."""
        self._born_dead += 1
        if self._born_dead < ATTEMPTS * self.size:
            self._in_background(self._add_worker())
        elif not self._workers:
            self._first.set()
            for work in (*self._large, *self._small):
                if not work.answer.done():
                    work.answer.set_exception(WorkLostError("no worker process could be started"))

    async def close(self) -> None:
        """End the processes. Work that is not done is dropped, what is under way as soon as it is or after `END_S`."""
        self._running = False
        for work in (*self._large, *self._small, *(work for worker in self._workers for work in worker.at_work)):
            work.answer.cancel()
        processes = [worker.process for worker in self._workers]
        for worker in self._workers:
            if worker.line is not None:
                worker.line.close()
        await asyncio.to_thread(_see_off, processes)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._workers.clear()


def _pickled(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    return pickle.dumps((function, args, kwargs), pickle.HIGHEST_PROTOCOL)


def _see_off(processes: list[BaseProcess]) -> None:
    """Wait for processes whose line was closed."""
    for process in processes:
        process.join(END_S)
        if process.is_alive():
            process.kill()
            process.join()
