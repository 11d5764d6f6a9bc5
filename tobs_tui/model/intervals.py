"""Sets of integers kept as sorted, disjoint, closed intervals: the ledger's arithmetic."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Interval(NamedTuple):
    """All integers from `lo` to `hi`, both included."""

    lo: int
    hi: int

    @property
    def size(self) -> int:
        """How many integers the interval holds; 0 when it is empty (hi < lo)."""
        return max(0, self.hi - self.lo + 1)


class IntervalSet:
    """A mutable set of integers; each operation costs O(log n) plus the intervals it touches."""

    __slots__ = ("_his", "_los")

    def __init__(self, intervals: Iterable[tuple[int, int]] = ()) -> None:
        self._los: list[int] = []
        self._his: list[int] = []
        for lo, hi in intervals:
            self.add(lo, hi)

    def add(self, lo: int, hi: int) -> None:
        """Add [lo, hi], joining intervals that it overlaps or touches. An empty interval (hi < lo) changes nothing."""
        if hi < lo:
            return
        first = bisect_left(self._his, lo - 1)
        last = first
        while last < len(self._los) and self._los[last] <= hi + 1:
            last += 1
        if first < last:
            lo = min(lo, self._los[first])
            hi = max(hi, self._his[last - 1])
        self._los[first:last] = [lo]
        self._his[first:last] = [hi]

    def missing(self, lo: int, hi: int) -> list[Interval]:
        """The parts of [lo, hi] that are not in the set, ascending."""
        holes: list[Interval] = []
        index = bisect_left(self._his, lo)
        while index < len(self._los) and self._los[index] <= hi:
            if lo < self._los[index]:
                holes.append(Interval(lo, self._los[index] - 1))
            lo = self._his[index] + 1
            index += 1
        if lo <= hi:
            holes.append(Interval(lo, hi))
        return holes

    def covers(self, lo: int, hi: int) -> bool:
        """Whether every integer of [lo, hi] is in the set; true for an empty interval."""
        return not self.missing(lo, hi)

    @property
    def highest(self) -> int:
        """The largest member, or 0 when the set is empty."""
        return self._his[-1] if self._his else 0

    @property
    def size(self) -> int:
        """How many integers the set holds."""
        return sum(self._his) - sum(self._los) + len(self._los)

    def __contains__(self, value: int) -> bool:
        index = bisect_left(self._his, value)
        return index < len(self._los) and self._los[index] <= value

    def __iter__(self) -> Iterator[Interval]:
        return (Interval(lo, hi) for lo, hi in zip(self._los, self._his, strict=True))

    def __len__(self) -> int:
        """The number of intervals, not of integers (see `size`)."""
        return len(self._los)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IntervalSet) and self._los == other._los and self._his == other._his

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"IntervalSet({[tuple(interval) for interval in self]})"
