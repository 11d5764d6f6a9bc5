"""Alerts that stay until a person has seen them, and the thresholds on the machine's resources that raise some."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from tobs_tui.model.run import Alert, Level, Resources
from tobs_tui.monitor.clock import now

_KEPT = 200
_SEVERITY = {level: rank for rank, level in enumerate(Level)}


class Threshold(Struct, frozen=True):
    """Raise at `raise_at` percent, clear below `clear_below`: the gap keeps an alert from flickering.

    The value must stay at or above `raise_at` for `hold_s` seconds. `ample` is a free amount in bytes from which the
    percentage does not matter (a tenth of a large disk is plenty).
    """

    raise_at: float
    clear_below: float
    level: Level
    hold_s: float = 0.0
    ample: int = 0


_GIB = 1 << 30
DISK = (
    Threshold(90.0, 88.0, Level.WARNING, ample=20 * _GIB),
    Threshold(97.0, 96.0, Level.CRITICAL, ample=2 * _GIB),
)
MEMORY = (Threshold(90.0, 85.0, Level.WARNING), Threshold(97.0, 94.0, Level.CRITICAL))
CPU = (Threshold(97.0, 90.0, Level.INFO, hold_s=60.0),)


def _percent(part: float, whole: float) -> float:
    return 100.0 * part / whole if whole > 0 else 0.0


class AlertBook:
    """The alerts of one run, oldest first. Not thread-safe: the event loop's own."""

    def __init__(self, clock: Callable[[], float] = now) -> None:
        self._clock = clock
        self._alerts: dict[str, Alert] = {}
        self._changed = False
        self._levels: dict[str, int] = {}  # by resource: how many thresholds are passed
        self._since: dict[tuple[str, int], float] = {}

    def open(self, key: str, level: Level, text: str) -> None:
        """Raise an alert, or bring the open one with this key up to date. It keeps its time and, unless it got worse,
        the acknowledgement; one that was resolved begins anew."""
        known = self._alerts.get(key)
        if known is None or known.resolved:
            self._alerts.pop(key, None)
            self._alerts[key] = Alert(key=key, level=level, text=text, at=self._clock())
            self._trim()
        elif (known.level, known.text) != (level, text):
            worse = _SEVERITY[level] > _SEVERITY[known.level]
            self._alerts[key] = replace(known, level=level, text=text, acknowledged=known.acknowledged and not worse)
        else:
            return
        self._changed = True

    def resolve(self, key: str) -> None:
        """The trouble is over. The alert stays, marked, until acknowledged; unknown keys change nothing."""
        known = self._alerts.get(key)
        if known is None or known.resolved:
            return
        if known.acknowledged:
            del self._alerts[key]
        else:
            self._alerts[key] = replace(known, resolved=True)
        self._changed = True

    def acknowledge(self, key: str = "") -> None:
        """A person has seen it ('' = all of them): resolved ones go, open ones stay, marked."""
        for known in [self._alerts[key]] if key in self._alerts else [] if key else list(self._alerts.values()):
            if known.resolved:
                del self._alerts[known.key]
            elif not known.acknowledged:
                self._alerts[known.key] = replace(known, acknowledged=True)
            else:
                continue
            self._changed = True

    def rows(self) -> tuple[Alert, ...]:
        """Every alert kept, oldest first."""
        return tuple(self._alerts.values())

    def take_changed(self) -> bool:
        """Whether anything changed since the last call."""
        changed, self._changed = self._changed, False
        return changed

    def watch(self, resources: Resources) -> None:
        """Compare a sample with the thresholds; open, raise or resolve the alerts "disk", "memory" and "cpu"."""
        used = resources.disk_total - resources.disk_free
        self._judge(
            "disk",
            DISK,
            _percent(used, resources.disk_total),
            resources.disk_free,
            resources.at,
            lambda percent: f"Disk {percent:.0f} % full, {resources.disk_free / _GIB:.1f} GiB left.",
        )
        self._judge(
            "memory",
            MEMORY,
            _percent(resources.memory_used, resources.memory_total),
            0,
            resources.at,
            lambda percent: f"Memory {percent:.0f} % in use.",
        )
        self._judge(
            "cpu",
            CPU,
            resources.cpu_percent,
            0,
            resources.at,
            lambda percent: f"CPU {percent:.0f} % busy for a minute: the processor sets the pace.",
        )

    def _judge(
        self,
        key: str,
        thresholds: tuple[Threshold, ...],
        percent: float,
        free: int,
        at: float,
        text: Callable[[float], str],
    ) -> None:
        before = self._levels.get(key, 0)
        passed = 0
        for index, threshold in enumerate(thresholds):
            was_passed = index < before
            limit = threshold.clear_below if was_passed else threshold.raise_at
            if percent < limit or (threshold.ample and free >= threshold.ample):
                self._since.pop((key, index), None)
                break
            since = self._since.setdefault((key, index), at)
            if not was_passed and at - since < threshold.hold_s:
                break
            passed = index + 1
        self._levels[key] = passed
        if passed and passed != before:
            self.open(key, thresholds[passed - 1].level, text(percent))
        elif before and not passed:
            self.resolve(key)

    def _trim(self) -> None:
        while len(self._alerts) > _KEPT:
            settled = next((key for key, alert in self._alerts.items() if alert.resolved), next(iter(self._alerts)))
            del self._alerts[settled]
