"""What processes take while something runs: CPU seconds and the peak of their memory together, read from /proc."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

import psutil
from msgspec import Struct

EVERY_S = 0.2
MEMORY_EVERY = 2
"""Memory is read at every second look: it costs the kernel a walk through the process's pages."""


class Taken(Struct, frozen=True):
    """CPU seconds by role and in sum, and the peak of the proportional memory (PSS, MiB) of all processes together."""

    cpu_s: float
    by_role: dict[str, float]
    peak_mib: float


def pss_mib(pid: int) -> float:
    """A process's proportional set size; 0 when it has gone."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:  # it ended
        pass
    return 0.0


class Meter:
    """Watches the processes that `roots` names, and all below them, for as long as the block.

    `roots` is asked at each look, so that processes may come while it watches. `taken` after the block has what they
    took since it began. A process that comes and goes between two looks is counted by the parent that waited for it.
    """

    def __init__(self, roots: Callable[[], Iterable[tuple[str, int]]]) -> None:
        self._roots = roots
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="meter", daemon=True)
        self._first: dict[int, float] = {}
        self._last: dict[int, tuple[str, float]] = {}
        self._below: dict[int, tuple[str, float, float]] = {}
        self._peak = 0.0
        self.taken: Taken

    def __enter__(self) -> Meter:
        self._look(memory=True, first=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._look(memory=False)
        self.taken = self._sum()

    def _watch(self) -> None:
        looks = 0
        while not self._stop.wait(EVERY_S):
            looks += 1
            self._look(memory=looks % MEMORY_EVERY == 0)

    def _look(self, *, memory: bool, first: bool = False) -> None:
        together = 0.0
        for role, root in self._roots():
            try:
                process = psutil.Process(root)
                times = process.cpu_times()
                family = process.children(recursive=True)
            except psutil.NoSuchProcess:
                continue
            waited = times.children_user + times.children_system
            before = waited if first else self._below.get(root, (role, 0.0, 0.0))[1]
            self._below[root] = (role, before, waited)
            for each in (process, *family):
                try:
                    times = each.cpu_times()
                except psutil.NoSuchProcess:
                    continue
                name = role if each is process else f"{role}'s helpers"
                spent = times.user + times.system
                self._first.setdefault(each.pid, spent if first else 0.0)
                self._last[each.pid] = (name, spent)
                together += pss_mib(each.pid) if memory else 0.0
        self._peak = max(self._peak, together)

    def _sum(self) -> Taken:
        by_role: dict[str, float] = {}
        for pid, (role, spent) in self._last.items():
            by_role[role] = by_role.get(role, 0.0) + spent - self._first[pid]
        for role, before, waited in self._below.values():
            # Helpers that were waited for: what their parent was told of them is exact, the last look may be too old.
            helpers = f"{role}'s helpers"
            if waited - before > by_role.get(helpers, 0.0):
                by_role[helpers] = waited - before
        rounded = {role: round(spent, 2) for role, spent in by_role.items()}
        return Taken(round(sum(by_role.values()), 2), rounded, round(self._peak, 1))
