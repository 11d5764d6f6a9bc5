"""The program's own processes: which there are, what each is for, and what each costs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from msgspec.structs import replace

from tobs_tui.model.run import ProcessReading
from tobs_tui.monitor.clock import monotonic
from tobs_tui.monitor.rates import CounterRates

_PROC = Path("/proc")
_TREE_AGE_S = 2.0
_MEMORY_AGE_S = 5.0
_MEMORY_SHARE = 0.002
"""Proportional set sizes walk page tables, 2 ms for a process of 70 MiB: no more than this share of the time."""
MAIN, WORKER, SERVER, SANDBOX = "main", "worker", "server", "sandbox"


class OwnProcesses:
    """The tree of processes below this one. Call it from one thread, about once a second."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._own = psutil.Process()
        self._known: dict[int, psutil.Process] = {}
        self._roles: dict[int, str] = {}
        self._tree_at = -_TREE_AGE_S
        self._memory: dict[int, int] = {}
        self._memory_due = 0.0
        self._rates = CounterRates(clock)
        self._limit = _descriptor_limit()

    def read(self) -> tuple[ProcessReading, ...]:
        """One reading a process, this one first. CPU and rates are since the call before."""
        self._look_around()
        self._measure_memory()
        readings: list[ProcessReading] = []
        for pid, process in self._known.items():
            with contextlib.suppress(psutil.Error, OSError):  # ended since the tree was read
                readings.append(self._reading(pid, process))
        return tuple(readings)

    def _reading(self, pid: int, process: psutil.Process) -> ProcessReading:
        reading = ProcessReading(
            pid=pid,
            role=self._roles[pid],
            cpu_percent=round(process.cpu_percent(None), 1),
            memory=self._memory.get(pid, -1),
            descriptors=process.num_fds() if hasattr(process, "num_fds") else 0,
            descriptor_limit=self._limit,
        )
        if not hasattr(process, "io_counters"):  # macOS does not tell
            return reading
        counters = process.io_counters()
        return replace(
            reading,
            read=self._rates.rate(f"{pid} read", counters.read_bytes),
            write=self._rates.rate(f"{pid} write", counters.write_bytes),
        )

    def _look_around(self) -> None:
        at = self._clock()
        if at - self._tree_at < _TREE_AGE_S:
            return
        self._tree_at = at
        parents = _tree(self._own)
        if len(parents) > len(self._known):
            self._memory_due = 0.0  # a new process counts at once
        self._known = {pid: self._known[pid] for pid in self._known if pid in parents}
        for pid, parent in parents.items():
            with contextlib.suppress(psutil.Error):
                if pid not in self._known:
                    process = psutil.Process(pid)
                    self._roles[pid] = self._role(process, parent)  # it may have ended by now, and is none of them then
                    self._known[pid] = process
        self._roles = {pid: self._roles[pid] for pid in self._known}
        self._memory = {pid: size for pid, size in self._memory.items() if pid in self._known}
        self._rates.keep(f"{pid} {way}" for pid in self._known for way in ("read", "write"))

    def _role(self, process: psutil.Process, parent: int) -> str:
        """What a process is for. Workers are forked from the server that multiprocessing starts for them."""
        if process.pid == self._own.pid:
            return MAIN
        if self._roles.get(parent) == SERVER:
            return WORKER
        words = " ".join(process.cmdline())
        for mark, role in (("multiprocessing.forkserver", SERVER), ("multiprocessing.spawn", WORKER)):
            if mark in words:
                return role
        if "multiprocessing.resource_tracker" in words:
            return "tracker"
        return SANDBOX if "tobs_tui.sandbox" in words else process.name()

    def _measure_memory(self) -> None:
        at = self._clock()
        if at < self._memory_due:
            return
        began = time.thread_time()
        for pid, process in self._known.items():
            with contextlib.suppress(psutil.Error, OSError):  # ended since the tree was read, or another user's
                self._memory[pid] = _proportional(process)
        self._memory_due = at + max(_MEMORY_AGE_S, (time.thread_time() - began) / _MEMORY_SHARE)


def _tree(own: psutil.Process) -> dict[int, int]:
    """The parent of every process from `own` downwards, parents first."""
    found = {own.pid: 0}
    if not (_PROC / str(own.pid) / "task" / str(own.pid) / "children").exists():  # another system, or an old kernel
        with contextlib.suppress(psutil.Error):
            found |= {child.pid: child.ppid() for child in own.children(recursive=True)}
        return found
    waiting = [own.pid]
    while waiting:
        parent = waiting.pop(0)
        for children in (_PROC / str(parent) / "task").glob("*/children"):
            with contextlib.suppress(OSError):  # the thread has ended
                for pid in map(int, children.read_text().split()):
                    found[pid] = parent
                    waiting.append(pid)
    return found


def _proportional(process: psutil.Process) -> int:
    """Bytes, shared pages counted in part (PSS) where the system tells, else resident ones."""
    try:
        rollup = (_PROC / str(process.pid) / "smaps_rollup").read_bytes()
    except OSError:
        return int(process.memory_info().rss)
    _, _, rest = rollup.partition(b"\nPss:")
    return int(rest.split(None, 1)[0]) * 1024


def _descriptor_limit() -> int:
    """How many files a process may have open; what this one may, those that it starts may too. 0 = not told."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 0 if limit == resource.RLIM_INFINITY else int(limit)
