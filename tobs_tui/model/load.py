"""How hard pressed the machine and the program are: the thresholds that say so, and the state that follows."""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta, Struct


class LoadState(enum.StrEnum):
    """What the thresholds make of the newest samples. HIGH and OVERLOADED make a run do less at once."""

    NORMAL = "normal"
    HIGH = "high"
    OVERLOADED = "overloaded"


Limit = Annotated[float, Meta(ge=0)]
"""A figure from which on something is too much; 0 = never."""
Pair = tuple[Limit, Limit]
"""Where the state becomes HIGH, and where OVERLOADED."""


class Thresholds(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """From where on the load is high and overloaded, two figures each, 0 = never.

    A figure has to fall by a twentieth (a disk's: a fiftieth) below its threshold before the state eases.
    """

    cpu: Pair = (97.0, 99.5)
    """Percent of all processors, for half a minute. A load only when other programs cause three quarters of it."""
    memory: Pair = (90.0, 97.0)
    """Percent of the machine's or the container's memory."""
    own_memory_mb: Pair = (700.0, 1400.0)
    """MiB of all of the program's processes together."""
    disk: Pair = (90.0, 97.0)
    """Percent of the vault's file system that is taken. From the second one on, the run is paused."""
    disk_ample_gib: Pair = (20.0, 2.0)
    """GiB left with which a disk does not count as full, whatever the percentage; 0 = the percentage alone counts."""
    descriptors: Pair = (80.0, 95.0)
    """Percent of the file descriptors that a process may have."""
    io_stall: Pair = (60.0, 90.0)
    """Percent of the last ten seconds in which all work stood still for the disk (Linux tells, since 4.20)."""
    loop_lag_ms: Pair = (500.0, 2000.0)
    """Milliseconds that the network loop answered late."""
    queue: Pair = (95.0, 0.0)
    """Percent of the room for pages that wait for decoding, for half a minute. Told, and no load: fetching waits by
    itself while there is no room."""
