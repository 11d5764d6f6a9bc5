"""How long to wait before the next attempt after trouble: growing, steady, always with jitter."""

from __future__ import annotations

import random
from collections.abc import Callable

from tobs_tui.model.profile import Backoff

MAX_BACKOFF_S = 30.0
FIRST_S = 0.5
FIXED_S = 3.0
JITTER_S = 1.0
"""Added at random, so that what failed together does not come back together."""
_MOST_DOUBLINGS = 16  # beyond, the bound has long been reached


def backoff_s(kind: Backoff, attempt: int, chance: Callable[[], float] = random.random) -> float:
    """Seconds to wait after the failed attempt number `attempt` (from 1): at most `MAX_BACKOFF_S`, jitter included.

    EXPONENTIAL doubles from half a second, LINEAR adds a second each time, FIXED waits the same each time. `chance`
    gives a number from 0 to 1.
    """
    if kind is Backoff.EXPONENTIAL:
        seconds = FIRST_S * 2.0 ** min(attempt - 1, _MOST_DOUBLINGS)
    elif kind is Backoff.LINEAR:
        seconds = FIRST_S + (attempt - 1)
    else:
        seconds = FIXED_S
    return min(seconds, MAX_BACKOFF_S - JITTER_S) + JITTER_S * chance()
