"""Alerts: kept until a person has seen them, and thresholds that do not flicker."""

from __future__ import annotations

from tobs_tui.model.run import Level, Resources
from tobs_tui.monitor.alerts import AlertBook

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
    book = AlertBook()
    told = []
    for percent in (50, 89, 91, 90, 89, 92, 98, 96.5, 95, 89, 87):
        book.watch(disk(percent))
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


def test_a_tenth_of_a_large_disk_is_plenty() -> None:
    book = AlertBook()
    book.watch(disk(95, total=4000 * GIB))
    assert book.rows() == ()


def test_a_busy_processor_is_told_only_when_it_stays_busy() -> None:
    book = AlertBook()
    for at in range(0, 59, 2):
        book.watch(Resources(at=at, cpu_percent=100))
    book.watch(Resources(at=59, cpu_percent=50))
    for at in range(60, 119, 2):
        book.watch(Resources(at=at, cpu_percent=100))
    assert book.rows() == ()
    book.watch(Resources(at=121, cpu_percent=100))
    assert keys(book) == [("cpu", Level.INFO, False)]


def test_full_memory_is_told() -> None:
    book = AlertBook()
    book.watch(Resources(memory_used=95, memory_total=100))
    assert keys(book) == [("memory", Level.WARNING, False)]


def test_the_book_does_not_grow_without_end() -> None:
    book = AlertBook()
    for number in range(1000):
        book.open(str(number), Level.INFO, "x")
        if number != 3:
            book.resolve(str(number))
    assert len(book.rows()) == 200
    assert book.rows()[0].key == "3"
