"""What this machine offers to the program: processors and memory, as far as a container lets it."""

from __future__ import annotations

import os

from msgspec import Struct

from tobs_tui.monitor.cgroups import ControlGroups


class Machine(Struct, frozen=True):
    """Processors this process may use (at least 1) and memory in bytes."""

    cpu_count: int
    memory_bytes: int


def this_machine(groups: ControlGroups | None = None) -> Machine:
    """The processors allowed by affinity and by the container's quota, the memory by the container's limit."""
    groups = groups or ControlGroups()
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = groups.processors()
    if quota:
        cpus = min(cpus, max(1, round(quota)))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")  # psutil, which knows it too, loads for 10 ms
    limit = groups.memory()[1]
    return Machine(cpu_count=max(1, cpus), memory_bytes=min(memory, limit) if limit else memory)
