"""Watches the machine for a run: a sample a second, its alerts, the governor, and a pause before the disk is full."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from loguru import logger
from msgspec import Struct
from msgspec.structs import replace

from tobs_tui.engine.governor import Governor
from tobs_tui.engine.state import RunBoard
from tobs_tui.model.load import LoadState, Thresholds
from tobs_tui.model.run import CacheReading, Level, Resources, RunPhase
from tobs_tui.monitor.clock import monotonic
from tobs_tui.monitor.sampler import ResourceSampler

SAMPLE_S = 1.0
TICK_S = 0.1
"""How often the loop's punctuality is tried."""


class Steering(Struct, frozen=True):
    """How the machine's state reaches the run: `hold` it for the reason given, `release` it, `give_up` for one."""

    hold: Callable[[str], None]
    release: Callable[[], None]
    give_up: Callable[[str], None]


class MachineWatch:
    """Runs beside a run. `governor` says how much may be done at once.

    `max_wait_s` is how long a run may wait for room on the disk before it is given up, resumably; None = for ever.
    """

    def __init__(
        self,
        board: RunBoard,
        output: Path,
        thresholds: Thresholds,
        steering: Steering,
        *,
        adapt: bool,
        max_wait_s: float | None,
        caches: Callable[[], tuple[CacheReading, ...]],
    ) -> None:
        self.governor = Governor(thresholds, adapt=adapt, on_change=self._tell)
        self._board = board
        self._output = output
        self._steering = steering
        self._max_wait_s = max_wait_s
        self._caches = caches
        self._lag = 0.0
        self._held_since: float | None = None
        self._waived = False

    async def sample_forever(self, each_time: Callable[[], None]) -> None:
        """Once a second: a sample, and then `each_time`."""
        sampler = ResourceSampler(self._output)
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, "sampler") as thread:
            while True:
                try:
                    sample = await loop.run_in_executor(thread, sampler.sample)
                except OSError as error:  # a sensor that fails must not end the run
                    logger.warning("the machine cannot be measured: {}", error)
                else:
                    self._board.workers.measure(sampler.process)
                    self.take(sample)
                each_time()
                await asyncio.sleep(SAMPLE_S)

    async def time_forever(self) -> None:
        """Notice how late the event loop is."""
        while True:
            due = monotonic() + TICK_S
            await asyncio.sleep(TICK_S)
            self._lag = max(self._lag, monotonic() - due)

    def take(self, sample: Resources) -> None:
        """Act on a sample of the machine, completed by what only the run knows."""
        lag, self._lag = self._lag, 0.0
        sample = replace(
            sample, loop_lag_ms=round(lag * 1000, 1), queue=self.governor.queue_percent, caches=self._caches()
        )
        self.governor.feed(sample)
        self._board.alerts.show(self.governor.findings)
        if self.governor.share < 1.0:
            self._board.counters.slowed_s += SAMPLE_S
        self._board.tick(replace(sample, load=self.governor.state))
        self._mind_disk()

    def conclude(self) -> None:
        """Bring the caches' figures up to date once more: a run may be over before the next sample."""
        self._board.look_up(self._caches())

    def waive(self) -> None:
        """A person has resumed the run although the disk is full: it is not held again until there was room."""
        self._waived, self._held_since = True, None

    def _mind_disk(self) -> None:
        if not self.governor.disk_full:
            if self._held_since is not None:
                self._held_since = None
                self._steering.release()
            self._waived = False
        elif self._held_since is None:
            if not self._waived and self._board.phase in (RunPhase.PLANNING, RunPhase.RUNNING):
                self._held_since = monotonic()
                self._steering.hold("Paused: the disk is almost full. It goes on by itself when there is room.")
        elif self._max_wait_s is not None and monotonic() - self._held_since > self._max_wait_s:
            self._steering.give_up("The disk is almost full. Make room; the next run goes on from here.")

    def _tell(self, state: LoadState, share: float) -> None:
        if state is LoadState.NORMAL and share == 1.0:
            self._board.log(Level.INFO, "The machine has room again: working at once on all that the profile says.")
            return
        causes = " ".join(finding.text for finding in self.governor.findings if finding.counts)
        at_once = f"{share * 100:.0f} % of what the profile says" if share else "one piece of each kind"
        self._board.log(Level.INFO, f"Load {state.value}: working on {at_once} at once. {causes}".strip())
