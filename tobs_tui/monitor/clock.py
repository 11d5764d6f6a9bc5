"""The one clock: what everything that measures or stamps time asks."""

from __future__ import annotations

import time


def now() -> float:
    """Seconds since the epoch, for stamps that a person or a file sees. May jump when the machine's clock is set."""
    return time.time()


def monotonic() -> float:
    """Seconds that only ever grow, for durations and rates."""
    return time.monotonic()


_BOOT_TIME = getattr(time, "CLOCK_BOOTTIME", None)


def steady() -> float:
    """As `monotonic`, but a machine's sleep counts, too (on Linux): for waits that somebody else counts, wide awake."""
    return time.monotonic() if _BOOT_TIME is None else time.clock_gettime(_BOOT_TIME)
