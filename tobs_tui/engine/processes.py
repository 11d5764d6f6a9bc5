"""Worker processes that outlive their own deaths: one that is killed is replaced, and its work done again."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection, wait
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

from loguru import logger

P = ParamSpec("P")
T = TypeVar("T")

ATTEMPTS = 5
"""How often one piece of work may be under way when a process dies before it is held to be the cause."""

_FORKSERVER = "forkserver"
_starting = threading.Lock()
_PRELOAD = ("tobs_tui.telegram.decode", "tobs_tui.engine.decode_pool", "tobs_tui.engine.vault")
"""What all pools' processes need; the fork server imports it once for all of them, and they share its memory."""


class WorkLostError(Exception):
    """The process that did this work died each time."""


def _follow_parent() -> None:
    """End this process when the one that owns the pool is gone, however it went (a pool's pipes don't tell)."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
    os._exit(0)


_line: Connection | None = None


def tell(news: Any) -> None:
    """From within a pool's process: let the pool's owner hear something small on the way. Without an owner: nothing."""
    if _line is not None:
        with contextlib.suppress(BrokenPipeError):  # the owner is gone, and this process about to be
            _line.send(news)


def _begin(line: Connection | None) -> None:
    """First thing in a pool's process. Interrupts from the terminal are the owner's business, not ours."""
    global _line
    _line = line
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, name="follow-parent", daemon=True).start()


@contextlib.contextmanager
def _plain_main() -> Iterator[None]:
    """Hide the main module while processes start: they would import it, and need nothing of it."""
    with _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def _answer() -> int:
    return os.getpid()


def _context() -> multiprocessing.context.BaseContext:
    """A context that starts clean processes, never a fork of the threads and sockets of this one."""
    if _FORKSERVER not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context(_FORKSERVER)
    context.set_forkserver_preload(list(_PRELOAD))
    return context


class ProcessPool:
    """`size` processes. Call `start` before `run`, and `close` at the end.

    Use it from one event loop. `on_loss` hears a sentence whenever processes had to be replaced, `on_news` what the
    processes `tell`, as it comes; a message must be small, so that the system writes it whole or not at all.
    """

    def __init__(
        self, size: int, on_loss: Callable[[str], None] | None = None, on_news: Callable[[Any], None] | None = None
    ) -> None:
        self.size = size
        self._on_news = on_news
        self._ear: Connection | None = None
        self._line: Connection | None = None
        self.losses = 0
        self.waiting = 0  # pieces of work handed in and not yet answered
        self._on_loss = on_loss
        self._executor: ProcessPoolExecutor | None = None
        self._suspects = asyncio.Lock()

    async def start(self) -> None:
        """Start the processes; returns when the first one answers. They take a second, most of it imports."""
        if self._on_news is not None:
            self._ear, self._line = multiprocessing.Pipe(duplex=False)
            asyncio.get_running_loop().add_reader(self._ear.fileno(), self.listen)
        self._executor = self._make()
        await self._warm(self._executor)

    def _make(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.size, mp_context=_context(), initializer=_begin, initargs=(self._line,))

    async def _warm(self, executor: ProcessPoolExecutor) -> None:
        # Starting a process blocks until the fork server answers: not on the event loop.
        def submit_all() -> None:
            with _plain_main():
                for _ in range(self.size):
                    executor.submit(_answer)

        with contextlib.suppress(BrokenProcessPool):  # the first piece of work meets it again, and is retried
            await asyncio.to_thread(submit_all)

    def listen(self) -> None:
        """Pass on what the processes have told so far."""
        while self._ear is not None and self._on_news is not None and self._ear.poll():
            self._on_news(self._ear.recv())

    def pids(self) -> tuple[int, ...]:
        """The processes' ids, oldest first."""
        processes = getattr(self._executor, "_processes", None)
        return tuple(processes) if processes else ()

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do `function(*args)` in a process. Its own exceptions come through as they are.

        Work that was under way when a process died is done again, one piece at a time, so that a piece that kills its
        process is found out. Raises `WorkLostError` then.
        """
        self.waiting += 1
        try:
            for attempt in range(ATTEMPTS):
                with contextlib.suppress(BrokenProcessPool):
                    if attempt == 0:
                        return await self._once(function, *args, **kwargs)
                    async with self._suspects:
                        return await self._once(function, *args, **kwargs)
            raise WorkLostError(f"its process died {ATTEMPTS} times")
        finally:
            self.waiting -= 1

    async def _once(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        executor = self._executor
        if executor is None:
            raise RuntimeError("the pool is not started")
        try:
            with _plain_main():  # a process may be started for it
                future = executor.submit(function, *args, **kwargs)
            return await asyncio.wrap_future(future)
        except BrokenProcessPool:
            await self._replace(executor)
            raise

    async def _replace(self, broken: ProcessPoolExecutor) -> None:
        if self._executor is not broken:
            return  # another piece of work noticed first
        self._executor = self._make()
        self.losses += 1
        logger.warning("a worker process died; its pool of {} was replaced", self.size)
        if self._on_loss is not None:
            self._on_loss("A worker process died and was replaced; its work is done again.")
        broken.shutdown(wait=False, cancel_futures=True)
        await self._warm(self._executor)

    async def close(self) -> None:
        """End the processes. Work not begun is dropped."""
        executor, self._executor = self._executor, None
        if executor is not None:
            await asyncio.to_thread(executor.shutdown, wait=True, cancel_futures=True)
        ear, self._ear = self._ear, None
        if ear is not None and self._line is not None:
            asyncio.get_running_loop().remove_reader(ear.fileno())
            ear.close()
            self._line.close()
