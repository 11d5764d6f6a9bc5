"""Compares samples with the thresholds: which figures are too high, and what load that makes, without flickering."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from tobs_tui.model.load import LoadState, Pair, Thresholds
from tobs_tui.model.run import Level, Resources

_GIB, _MIB = 1 << 30, 1 << 20
_STATES = (LoadState.NORMAL, LoadState.HIGH, LoadState.OVERLOADED)


class Finding(Struct, frozen=True):
    """What is made of one figure: how many of its two thresholds it has passed, how bad that is, and the sentence.

    `counts` says whether it makes the load that the concurrency follows.
    """

    key: str
    passed: int
    level: Level
    text: str
    counts: bool = True


class _Gauge(Struct, frozen=True):
    """How one figure is judged. `value` is -1 where it is not known; `text` tells it. A threshold counts as passed
    after `hold_s` seconds beyond it, and as left below `ease` of it."""

    key: str
    limits: Callable[[Thresholds], Pair]
    value: Callable[[Resources], float]
    text: Callable[[Resources, float], str]
    levels: tuple[Level, Level]
    hold_s: float = 0.0
    ease: float = 0.95
    counts: Callable[[Resources], bool] = lambda _: True


class LoadWatch:
    """Judges one sample after another. Not thread-safe: the event loop's own."""

    def __init__(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self._passed: dict[str, int] = {}
        self._since: dict[tuple[str, int], float] = {}

    def judge(self, sample: Resources) -> tuple[Finding, ...]:
        """One finding a figure."""
        return tuple(self._judge(gauge, sample) for gauge in _GAUGES)

    def _judge(self, gauge: _Gauge, sample: Resources) -> Finding:
        value = gauge.value(sample)
        before, passed = self._passed.get(gauge.key, 0), 0
        for index, limit in enumerate(gauge.limits(self._thresholds)):
            if not limit or self._spared(gauge, index, sample):
                continue
            if value < (limit * gauge.ease if index < before else limit):
                self._since.pop((gauge.key, index), None)
                continue
            since = self._since.setdefault((gauge.key, index), sample.at)
            if index < before or sample.at - since >= gauge.hold_s:
                passed = index + 1
        self._passed[gauge.key] = passed
        level = gauge.levels[max(0, passed - 1)]
        return Finding(gauge.key, passed, level, gauge.text(sample, value), bool(passed) and gauge.counts(sample))

    def _spared(self, gauge: _Gauge, index: int, sample: Resources) -> bool:
        """Whether so much of a disk is left that the percentage does not matter."""
        ample = self._thresholds.disk_ample_gib[index] * _GIB
        return gauge.key == "disk" and 0 < ample <= sample.disk_free


def load_of(findings: tuple[Finding, ...]) -> LoadState:
    """The state that findings make."""
    return _STATES[max((finding.passed for finding in findings if finding.counts), default=0)]


def _percent(part: float, whole: float) -> float:
    return 100.0 * part / whole if whole > 0 else 0.0


def _others_keep_it_busy(sample: Resources) -> bool:
    """Whether other programs cause three quarters of the processor's load; our own is what it is there for."""
    return sample.own_cpu_percent / sample.cpu_count < sample.cpu_percent / 4


_GAUGES = (
    _Gauge(
        "cpu",
        lambda limits: limits.cpu,
        lambda sample: sample.cpu_percent,
        lambda sample, value: (
            f"Processor {value:.0f} % busy for half a minute, "
            + (
                "most of it with other programs."
                if _others_keep_it_busy(sample)
                else "with this export: it sets the pace."
            )
        ),
        (Level.INFO, Level.INFO),
        hold_s=30.0,
        counts=_others_keep_it_busy,
    ),
    _Gauge(
        "memory",
        lambda limits: limits.memory,
        lambda sample: _percent(sample.memory_used, sample.memory_total),
        lambda _, value: f"Memory {value:.0f} % in use.",
        (Level.WARNING, Level.CRITICAL),
    ),
    _Gauge(
        "own-memory",
        lambda limits: limits.own_memory_mb,
        lambda sample: sample.own_memory / _MIB,
        lambda _, value: f"tobs itself takes {value:.0f} MiB of memory.",
        (Level.WARNING, Level.CRITICAL),
    ),
    _Gauge(
        "disk",
        lambda limits: limits.disk,
        lambda sample: _percent(sample.disk_total - sample.disk_free, sample.disk_total),
        lambda sample, value: f"Disk {value:.0f} % full, {sample.disk_free / _GIB:.1f} GiB left.",
        (Level.WARNING, Level.CRITICAL),
        ease=0.98,
        counts=lambda _: False,  # doing less at once leaves no more room; the run is paused instead
    ),
    _Gauge(
        "descriptors",
        lambda limits: limits.descriptors,
        lambda sample: _percent(sample.descriptors, sample.descriptor_limit),
        lambda sample, _: f"{sample.descriptors} of {sample.descriptor_limit} file descriptors in use (ulimit -n).",
        (Level.WARNING, Level.CRITICAL),
    ),
    _Gauge(
        "io",
        lambda limits: limits.io_stall,
        lambda sample: sample.io_stall,
        lambda _, value: f"The disk cannot keep up: all work stood still for it {value:.0f} % of the time.",
        (Level.INFO, Level.WARNING),
    ),
    _Gauge(
        "lag",
        lambda limits: limits.loop_lag_ms,
        lambda sample: sample.loop_lag_ms,
        lambda _, value: f"The network loop answered {value:.0f} ms late: this machine is short of processor time.",
        (Level.INFO, Level.WARNING),
    ),
    _Gauge(
        "queue",
        lambda limits: limits.queue,
        lambda sample: sample.queue,
        lambda _, value: f"The queue for decoding has been {value:.0f} % full for half a minute: it sets the pace.",
        (Level.INFO, Level.INFO),
        hold_s=30.0,
        counts=lambda _: False,
    ),
)
