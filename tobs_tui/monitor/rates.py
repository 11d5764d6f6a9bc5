"""The one rate calculation, and the estimate of time left that follows from it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from tobs_tui.monitor.clock import monotonic

_BUCKETS = 20
UNKNOWN_ETA = -1


class RateMeter:
    """How much a second, over the last `window_s` seconds. Memory is fixed, however often `add` is called.

    `clock` gives seconds that only grow.
    """

    __slots__ = ("_began", "_buckets", "_clock", "_step", "_window")

    def __init__(self, window_s: float = 5.0, clock: Callable[[], float] = monotonic) -> None:
        self._window = window_s
        self._step = window_s / _BUCKETS
        self._clock = clock
        self._began = clock()
        self._buckets: deque[list[float]] = deque(maxlen=_BUCKETS + 1)  # [number of the step, amount]

    def add(self, amount: float) -> None:
        """Count `amount` (of whatever is measured) as happening now."""
        step = float(self._clock() // self._step)
        if self._buckets and self._buckets[-1][0] == step:
            self._buckets[-1][1] += amount
        else:
            self._buckets.append([step, amount])

    def rate(self) -> float:
        """Amount a second. While the meter is younger than its window, over its age (one second at least)."""
        now = self._clock()
        oldest = (now - self._window) // self._step
        while self._buckets and self._buckets[0][0] <= oldest:
            self._buckets.popleft()
        span = min(self._window, max(1.0, now - self._began))
        return sum(amount for _, amount in self._buckets) / span


class CounterRates:
    """Rates of counters that only grow, such as bytes read since boot; each is known by a key."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._before: dict[str, tuple[float, float]] = {}

    def rate(self, key: str, total: float) -> float:
        """Amount a second since the call before; 0.0 for the first one, and after a counter began anew."""
        at = self._clock()
        before, self._before[key] = self._before.get(key), (at, total)
        return 0.0 if before is None or at <= before[0] else max(0.0, (total - before[1]) / (at - before[0]))

    def keep(self, keys: Iterable[str]) -> None:
        """Forget all counters but these."""
        kept = set(keys)
        self._before = {key: value for key, value in self._before.items() if key in kept}


def eta_seconds(remaining: float, rate: float) -> int:
    """Seconds until `remaining` is done at `rate` a second, in steps as coarse as the estimate is.

    0 when nothing remains, -1 when the rate says nothing.
    """
    if remaining <= 0:
        return 0
    if rate <= 0:
        return UNKNOWN_ETA
    seconds = remaining / rate
    for limit, step in ((60, 5), (600, 30), (3600, 60), (6 * 3600, 600)):
        if seconds < limit:
            return max(step, round(seconds / step) * step)
    return round(seconds / 3600) * 3600
