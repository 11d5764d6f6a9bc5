"""The process that holds the speech model: started when there is something to write down, ended when there is nothing.

Memory that a library of native code has taken is given back for certain only when its process ends; that is how the
model is unloaded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from msgspec.structs import replace

from tobs_tui.engine.processes import ProcessPool, WorkLostError
from tobs_tui.media.speech.devices import Place
from tobs_tui.media.speech.transcribe import Outcome, Ready, Wish, prepare, transcribe
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Device

P = ParamSpec("P")
T = TypeVar("T")

_ATTEMPTS = 2
"""Processes that may die at one recording: loading a large model takes a while."""


class ModelProcess:
    """One model in a process of its own, for one recording at a time; more that are handed in wait their turn.

    Use it from one event loop, and `close` it at the end. A process that dies is replaced, and its work done again; the
    person hears of it through `on_note`, as of everything else worth a sentence.
    """

    def __init__(self, wish: Wish, on_note: Callable[[str], None] | None = None) -> None:
        self._wish = wish
        self._on_note = on_note or (lambda sentence: None)
        self._place: Place | None = None  # where the model computes, once it has been loaded
        self._pool: ProcessPool | None = None
        self._changing = asyncio.Lock()  # the pool comes or goes
        self._busy = 0
        self._unloading: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def loaded(self) -> bool:
        """Whether there is a process."""
        return self._pool is not None

    def pids(self) -> tuple[int, ...]:
        """The process's id, if there is a process."""
        return self._pool.pids() if self._pool is not None else ()

    async def prepare(self) -> Ready:
        """Load the model, to know that it is there before there is work for it.

        Raises:
            TobsError: as `transcribe.prepare`; MODEL_UNAVAILABLE also when the process dies of it each time.
        """
        try:
            ready = await self._ask(prepare)
        except WorkLostError as error:
            raise TobsError(
                ErrorCode.MODEL_UNAVAILABLE,
                f"The process that loads the speech model {self._wish.options.model!r} died each time.",
                "It may be too large for this machine's memory: choose a smaller one.",
                field="transcription.model",
            ) from error
        self._place = ready.place
        return ready

    async def transcribe(self, file: Path) -> Outcome:
        """Write down a recording.

        Raises:
            TobsError: as `transcribe.transcribe`; MEDIUM_UNREADABLE also when the process dies of it each time.
        """
        try:
            return await self._ask(transcribe, file)
        except WorkLostError as error:
            raise TobsError(ErrorCode.MEDIUM_UNREADABLE, f"The process that writes it down died: {error}.") from error

    async def _ask(self, function: Callable[Concatenate[Wish, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        self._busy += 1
        try:
            pool = await self._running()
            try:
                return await pool.run(function, self._wish, *args, **kwargs)
            except WorkLostError:
                on_processor = self._place is not None and self._place.device is Device.CPU
                if on_processor or self._wish.options.device is not Device.AUTO:
                    raise
                # A broken CUDA installation takes its process with it.
                self._wish = replace(self._wish, options=replace(self._wish.options, device=Device.CPU, compute=""))
                self._on_note("Transcription goes on on the processor alone, after its process died.")
                return await pool.run(function, self._wish, *args, **kwargs)
        finally:
            self._busy -= 1
            self._consider_unloading()

    async def _running(self) -> ProcessPool:
        if self._unloading is not None:
            self._unloading.cancel()
            self._unloading = None
        async with self._changing:
            if self._pool is None:
                pool = ProcessPool(1, self._on_note, attempts=_ATTEMPTS)
                await pool.start()
                self._pool = pool
            return self._pool

    def _consider_unloading(self) -> None:
        if self._busy or self._pool is None:
            return
        if self._unloading is not None:
            self._unloading.cancel()
        seconds = self._wish.options.unload_after_s
        self._unloading = asyncio.get_running_loop().call_later(seconds, self._unload)

    def _unload(self) -> None:
        self._unloading = None
        task = asyncio.create_task(self._end(only_idle=True))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end(self, *, only_idle: bool = False) -> None:
        async with self._changing:
            if self._pool is None or (only_idle and self._busy):
                return
            pool, self._pool = self._pool, None
            await pool.close()

    async def close(self) -> None:
        """End the process; what it is at is dropped."""
        if self._unloading is not None:
            self._unloading.cancel()
        await self._end()
        await asyncio.gather(*self._tasks, return_exceptions=True)
