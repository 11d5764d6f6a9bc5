"""What this machine offers to the program: processors and memory, as far as a container lets it."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

_CGROUP = Path("/sys/fs/cgroup")


class Machine(Struct, frozen=True):
    """Processors this process may use (at least 1) and memory in bytes."""

    cpu_count: int
    memory_bytes: int


def _first_words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:  # no cgroup v2: no limit to respect
        return []


def this_machine(cgroup: Path = _CGROUP) -> Machine:
    """The processors allowed by affinity and by the cgroup's quota (cpu.max), the memory by memory.max (cgroup v2)."""
    import psutil

    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _first_words(cgroup / "cpu.max")
    if len(quota) == 2 and quota[0].isdecimal() and quota[1].isdecimal() and int(quota[1]) > 0:
        cpus = min(cpus, max(1, round(int(quota[0]) / int(quota[1]))))
    memory = int(psutil.virtual_memory().total)
    limit = _first_words(cgroup / "memory.max")
    if limit and limit[0].isdecimal():
        memory = min(memory, int(limit[0]))
    return Machine(cpu_count=max(1, cpus), memory_bytes=memory)
