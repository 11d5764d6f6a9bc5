"""Interval sets behave as the sets of integers that they stand for."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tobs_tui.model.intervals import Interval, IntervalSet

bounds = st.tuples(st.integers(0, 60), st.integers(-2, 12)).map(lambda pair: (pair[0], pair[0] + pair[1]))


def members(intervals: list[tuple[int, int]]) -> set[int]:
    return {value for lo, hi in intervals for value in range(lo, hi + 1)}


@given(st.lists(bounds))
def test_an_interval_set_holds_exactly_what_was_added(added: list[tuple[int, int]]) -> None:
    ledger = IntervalSet(added)
    expected = members(added)
    assert ledger.size == len(expected)
    assert {value for value in range(-5, 90) if value in ledger} == expected
    assert ledger.highest == max(expected, default=0)


@given(st.lists(bounds))
def test_intervals_are_sorted_disjoint_and_never_touch(added: list[tuple[int, int]]) -> None:
    intervals = list(IntervalSet(added))
    assert all(left.hi + 1 < right.lo for left, right in pairwise(intervals))


@given(st.lists(bounds), bounds)
def test_what_is_missing_is_the_complement(added: list[tuple[int, int]], asked: tuple[int, int]) -> None:
    ledger = IntervalSet(added)
    missing = members([tuple(interval) for interval in ledger.missing(*asked)])
    assert missing == members([asked]) - members(added)
    assert ledger.covers(*asked) == (not missing)


@given(st.lists(bounds))
def test_the_order_of_additions_does_not_matter(added: list[tuple[int, int]]) -> None:
    assert IntervalSet(added) == IntervalSet(reversed(added))


def test_an_interval_knows_its_size() -> None:
    assert Interval(3, 5).size == 3
    assert Interval(5, 4).size == 0
