"""Alerts that stay until a person has seen them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from tobs_tui.model.run import Alert, Level
from tobs_tui.monitor.clock import now
from tobs_tui.monitor.thresholds import Finding

_KEPT = 200
_SEVERITY = {level: rank for rank, level in enumerate(Level)}


class AlertBook:
    """The alerts of one run, oldest first. Not thread-safe: the event loop's own."""

    def __init__(self, clock: Callable[[], float] = now) -> None:
        self._clock = clock
        self._alerts: dict[str, Alert] = {}
        self._changed = False
        self._passed: dict[str, int] = {}  # by figure: how many thresholds

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

    def show(self, findings: Iterable[Finding]) -> None:
        """Open, raise or resolve one alert a figure. It is told again only when a threshold was passed or left."""
        for finding in findings:
            before = self._passed.get(finding.key, 0)
            self._passed[finding.key] = finding.passed
            if finding.passed and finding.passed != before:
                self.open(finding.key, finding.level, finding.text)
            elif before and not finding.passed:
                self.resolve(finding.key)

    def _trim(self) -> None:
        while len(self._alerts) > _KEPT:
            settled = next((key for key, alert in self._alerts.items() if alert.resolved), next(iter(self._alerts)))
            del self._alerts[settled]
