"""Alerts: kept until a person has seen them, and thresholds that do not flicker."""

from __future__ import annotations

import pytest

from tobs_tui.model.load import LoadState, Thresholds
from tobs_tui.model.run import Level, Resources
from tobs_tui.monitor.alerts import AlertBook
from tobs_tui.monitor.thresholds import LoadWatch, load_of

GIB = 1 << 30


def disk(percent: float, at: float = 0.0, total: int = 50 * GIB) -> Resources:
    return Resources(at=at, disk_total=total, disk_free=int(total * (1 - percent / 100)))


def keys(book: AlertBook) -> list[tuple[str, Level, bool]]:
    return [(alert.key, alert.level, alert.resolved) for alert in book.rows()]


def test_an_alert_stays_until_it_is_both_over_and_seen() -> None:
    book = AlertBook(lambda: 5.0)
    book.open("a", Level.WARNING, "first")
    assert book.take_changed()
    assert not book.take_changed()
    book.resolve("a")
    assert [alert.resolved for alert in book.rows()] == [True]
    book.acknowledge("a")
    assert book.rows() == ()
    book.open("a", Level.WARNING, "again")
    book.acknowledge()
    assert [alert.acknowledged for alert in book.rows()] == [True]
    book.resolve("a")
    assert book.rows() == ()


def test_the_same_trouble_is_one_alert_and_getting_worse_asks_again() -> None:
    book = AlertBook(lambda: 5.0)
    book.open("a", Level.WARNING, "one")
    book.acknowledge("a")
    book.take_changed()
    book.open("a", Level.WARNING, "one")
    assert not book.take_changed()
    book.open("a", Level.WARNING, "two")
    assert [(alert.text, alert.acknowledged) for alert in book.rows()] == [("two", True)]
    book.open("a", Level.ERROR, "worse")
    assert [(alert.text, alert.acknowledged) for alert in book.rows()] == [("worse", False)]


def test_unknown_keys_change_nothing() -> None:
    book = AlertBook()
    book.resolve("x")
    book.acknowledge("x")
    assert not book.take_changed()


def test_a_filling_disk_warns_once_gets_critical_and_clears_with_a_gap() -> None:
    book, watch = AlertBook(), LoadWatch(Thresholds())
    told = []
    for percent in (50, 89, 91, 90, 89, 92, 98, 96.5, 95, 89, 87):
        book.show(watch.judge(disk(percent)))
        told.append(keys(book)[-1][1:] if book.take_changed() else None)
    assert told == [
        None,
        None,
        (Level.WARNING, False),
        None,
        None,
        None,
        (Level.CRITICAL, False),
        None,
        (Level.WARNING, False),
        None,
        (Level.WARNING, True),
    ]


def passed(watch: LoadWatch, sample: Resources) -> dict[str, int]:
    """The figures that are beyond a threshold, and how many of theirs."""
    return {finding.key: finding.passed for finding in watch.judge(sample) if finding.passed}


def test_a_tenth_of_a_large_disk_is_plenty_unless_the_settings_say_otherwise() -> None:
    assert passed(LoadWatch(Thresholds()), disk(95, total=4000 * GIB)) == {}
    assert passed(LoadWatch(Thresholds(disk_ample_gib=(0, 0))), disk(95, total=4000 * GIB)) == {"disk": 1}


def test_a_busy_processor_is_told_only_when_it_stays_busy() -> None:
    watch = LoadWatch(Thresholds())
    for at in range(0, 29, 2):
        assert passed(watch, Resources(at=at, cpu_percent=98)) == {}
    assert passed(watch, Resources(at=29, cpu_percent=50)) == {}
    for at in range(30, 60, 2):
        assert passed(watch, Resources(at=at, cpu_percent=98)) == {}
    assert passed(watch, Resources(at=60, cpu_percent=98)) == {"cpu": 1}


@pytest.mark.parametrize(
    ("high", "overloaded", "key"),
    [
        (Resources(memory_used=91, memory_total=100), Resources(memory_used=98, memory_total=100), "memory"),
        (Resources(own_memory=800 << 20), Resources(own_memory=1500 << 20), "own-memory"),
        (
            Resources(descriptors=850, descriptor_limit=1000),
            Resources(descriptors=960, descriptor_limit=1000),
            "descriptors",
        ),
        (Resources(io_stall=70), Resources(io_stall=95), "io"),
        (Resources(loop_lag_ms=600), Resources(loop_lag_ms=2500), "lag"),
    ],
)
def test_each_figure_is_told_makes_a_load_and_eases(high: Resources, overloaded: Resources, key: str) -> None:
    watch = LoadWatch(Thresholds())
    states = []
    for sample in (Resources(), high, overloaded, high, Resources()):
        findings = watch.judge(sample)
        states.append(load_of(findings))
        assert [finding.key for finding in findings if finding.passed] == ([] if sample == Resources() else [key])
    assert states == [
        LoadState.NORMAL,
        LoadState.HIGH,
        LoadState.OVERLOADED,
        LoadState.HIGH,
        LoadState.NORMAL,
    ]


def test_a_figure_at_its_threshold_does_not_flutter() -> None:
    watch = LoadWatch(Thresholds(memory=(50.0, 0.0)))
    figures = (49, 50, 49, 48, 50, 47, 49)
    seen = [load_of(watch.judge(Resources(memory_used=used, memory_total=100))) for used in figures]
    assert [state is LoadState.HIGH for state in seen] == [False, True, True, True, True, False, False]


def test_a_processor_busy_with_the_export_itself_is_told_and_is_no_load() -> None:
    for own, state in ((190, LoadState.NORMAL), (20, LoadState.HIGH)):
        watch = LoadWatch(Thresholds())
        for at in (0, 31):
            sample = Resources(at=at, cpu_percent=98, cpu_count=2, own_cpu_percent=own)
            findings = watch.judge(sample)
        assert [finding.key for finding in findings if finding.passed] == ["cpu"]
        assert load_of(findings) is state


def test_a_full_queue_is_told_and_is_no_load() -> None:
    watch = LoadWatch(Thresholds())
    watch.judge(Resources(at=0, queue=100))
    findings = watch.judge(Resources(at=31, queue=100))
    assert [(finding.key, finding.level) for finding in findings if finding.passed] == [("queue", Level.INFO)]
    assert load_of(findings) is LoadState.NORMAL


def test_a_threshold_of_nought_is_never_passed() -> None:
    off = Thresholds(memory=(0.0, 0.0))
    assert passed(LoadWatch(off), Resources(memory_used=100, memory_total=100)) == {}


def test_the_book_does_not_grow_without_end() -> None:
    book = AlertBook()
    for number in range(1000):
        book.open(str(number), Level.INFO, "x")
        if number != 3:
            book.resolve(str(number))
    assert len(book.rows()) == 200
    assert book.rows()[0].key == "3"
