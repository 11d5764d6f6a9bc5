"""What can befall an export: kills of every process that takes part, and trouble on the line. One at a time."""

from __future__ import annotations

import contextlib
import random
import signal
import time
from collections.abc import Callable, Sequence

import psutil

from tests.faults.chaos_export import Export, Telegram, kill
from tobs_tui.sandbox.faults import Damage, Fault

_CUT_S = (0.1, 1.5)
_LOOK_S = 0.01
_HISTORY, _PART = "messages.getHistory", "upload.getFile"
JOB_NICENESS = 5
"""Processes for jobs work politely; that tells them from those of the pool, which decode and render."""
WIRE: dict[str, tuple[Fault, ...]] = {
    "half a frame": (Fault(_HISTORY, damage=Damage.HALF), Fault(_PART, damage=Damage.HALF)),
    "noise": (Fault(_HISTORY, damage=Damage.CIPHER), Fault(_PART, damage=Damage.FRAME)),
    "twice": (Fault(_HISTORY, times=5, duplicate=True), Fault(_PART, times=5, duplicate=True)),
    "reordered": (Fault(_HISTORY, times=6, chance=0.5, behind=2), Fault(_PART, times=6, chance=0.5, behind=2)),
    "late": (Fault(_HISTORY, times=3, delay_s=0.4), Fault(_PART, times=3, delay_s=0.4)),
    "errors": (
        Fault(_HISTORY, error="RPC_CALL_FAIL", code=-503),
        Fault(_PART, error="FILE_REFERENCE_EXPIRED", code=400),
        Fault(_HISTORY, error="TAKEOUT_INVALID", code=400),
        Fault(_PART, error="FLOOD_WAIT_1"),
    ),
}
"""Faults that sit on the wire until they have struck."""


OFTEN = {
    "pool process": 6,
    "job process": 4,
    "ffmpeg": 6,
    "service": 3,
    "everything": 2,
    "reporter": 1,
    "fork server": 1,
}
"""How often each kind of kill comes, beside the others: a run survives the first three, and is started again after most
of the rest, which takes its time."""
PATIENCE_S = 0.6
"""How long a kill waits for a process of its kind: an ffmpeg lives for a moment only."""


class Disturber:
    """Does one kind of harm at a time. `kills` are those kinds that kill a process, `names` all of them."""

    def __init__(self, telegram: Telegram, luck: random.Random) -> None:
        self._telegram = telegram
        self._luck = luck
        self.kills: dict[str, Callable[[Export], int]] = {
            "service": lambda _: kill([telegram.service()]),
            "everything": lambda _: self._everything(),
            "pool process": lambda _: self._one(self._pool()),
            "job process": lambda _: self._one(self._jobs()),
            "ffmpeg": lambda _: self._one(self._programs()),
            "fork server": lambda _: self._one(self._direct()),
            "reporter": lambda export: export.kill_command(),
        }
        self._others: dict[str, Callable[[Export], int]] = {
            "cut": lambda _: self._cut(),
            "away": lambda _: self._away(),
            "freeze": lambda _: self._freeze(),
            "terminate": lambda _: self._terminate(),
            "suspend": lambda _: self._suspend(),
            "interrupt": self._interrupt,
        }
        self._others |= {name: lambda _, faults=faults: self._plant(faults) for name, faults in WIRE.items()}

    def choose_kill(self, kinds: Sequence[str]) -> str:
        """One of the kinds, when a process of it is there within a moment, or else one of those that are there now; ''
        when there is none."""
        name = self._luck.choices(kinds, [OFTEN[name] for name in kinds])[0]
        limit = time.monotonic() + PATIENCE_S
        while time.monotonic() < limit:
            if self._there(name):
                return name
            time.sleep(_LOOK_S)
        there = [name for name in kinds if self._there(name)]
        return self._luck.choices(there, [OFTEN[name] for name in there])[0] if there else ""

    def _there(self, name: str) -> bool:
        looks = {
            "pool process": self._pool,
            "job process": self._jobs,
            "ffmpeg": self._programs,
            "fork server": self._direct,
        }
        if name in looks:
            return bool(looks[name]())
        return name == "reporter" or self._telegram.service() is not None

    @property
    def names(self) -> list[str]:
        """All kinds of harm."""
        return [*self.kills, *self._others]

    def disturb(self, name: str, export: Export) -> int:
        """Do it. Gives how many processes were killed: 0 where there was none of the kind, or nothing is killed."""
        if name in self.kills:
            return self.kills[name](export)
        self._others[name](export)
        return 0

    def _everything(self) -> int:
        service, family = self._telegram.family()
        return min(1, kill([service, *family]))

    # --- who is who ---------------------------------------------------------------------------------------------------

    def _direct(self) -> list[psutil.Process]:
        service = self._telegram.service()
        with contextlib.suppress(psutil.NoSuchProcess):
            return service.children() if service is not None else []
        return []

    def _workers(self, *, polite: bool) -> list[psutil.Process]:
        """The children of the fork server: those for jobs, or those of the pool."""
        found = []
        for helper in self._direct():
            with contextlib.suppress(psutil.NoSuchProcess):
                found += [child for child in helper.children() if (child.nice() >= JOB_NICENESS) == polite]
        return found

    def _pool(self) -> list[psutil.Process]:
        return self._workers(polite=False)

    def _jobs(self) -> list[psutil.Process]:
        return self._workers(polite=True)

    def _programs(self) -> list[psutil.Process]:
        found = []
        for job in self._jobs():
            with contextlib.suppress(psutil.NoSuchProcess):
                found += job.children()
        return found

    def _one(self, some: list[psutil.Process]) -> int:
        return kill([self._luck.choice(some)]) if some else 0

    # --- harm that kills nothing --------------------------------------------------------------------------------------

    def _cut(self) -> int:
        self._telegram.sandbox.call(lambda server: server.drop_connections())
        return 0

    def _away(self) -> int:
        seconds = self._luck.uniform(*_CUT_S)
        self._telegram.sandbox.call(lambda server: server.go_away(seconds))
        return 0

    def _freeze(self) -> int:
        seconds = self._luck.uniform(*_CUT_S)
        self._telegram.sandbox.call(lambda _: time.sleep(seconds))
        return 0

    def _plant(self, faults: tuple[Fault, ...]) -> int:
        def plant(server: object) -> None:
            server.faults.clear()  # type: ignore[attr-defined]
            for fault in faults:
                server.faults.add(fault)  # type: ignore[attr-defined]

        self._telegram.sandbox.call(plant)
        return 0

    def _terminate(self) -> int:
        service = self._telegram.service()
        if service is not None:
            with contextlib.suppress(psutil.NoSuchProcess):  # it was quicker
                service.terminate()
        return 0

    def _suspend(self) -> int:
        """Stop the service and all of its processes for a while, as a laptop that is closed does."""
        service, family = self._telegram.family()
        some = [process for process in (service, *family) if process is not None]
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for process in some:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(number)
            if number == signal.SIGSTOP:
                time.sleep(self._luck.uniform(*_CUT_S))
        return 0

    def _interrupt(self, export: Export) -> int:
        """Ctrl+C at the command, once or twice, or the end of its terminal."""
        if export.running:
            export.send(self._luck.choice((signal.SIGINT, signal.SIGTERM, signal.SIGHUP)))
            if self._luck.random() < 0.5:
                time.sleep(0.05)
                if export.running:
                    export.send(signal.SIGINT)
        return 0
