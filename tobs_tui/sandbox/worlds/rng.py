"""Deterministic randomness: the same choices in every process and every Python version."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Rng:
    """A seeded source of choices that rests on ``random.Random.random`` alone.

    Python promises that ``random()`` gives the same sequence for the same seed in every version; it promises nothing
    of
    the kind about ``choice``, ``shuffle`` or ``sample``, so those are built here.
    """

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed).random

    def chance(self, probability: float) -> bool:
        """True with the given probability (0 to 1)."""
        return self._random() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self._random() * (high - low + 1))

    def spread(self, low: float, high: float) -> float:
        """A number from `low` up to `high`."""
        return low + self._random() * (high - low)

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[int(self._random() * len(items))]

    def pick_skewed(self, items: Sequence[T], skew: float = 2.0) -> T:
        """One of the items, the first ones more often: a group has a few loud members and many quiet ones."""
        return items[int(self._random() ** skew * len(items))]

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """`count` different items, in a random order."""
        left = list(items)
        taken: list[T] = []
        while left and len(taken) < count:
            taken.append(left.pop(int(self._random() * len(left))))
        return taken


def stable_int64(*parts: object) -> int:
    """A signed 64-bit number that depends on nothing but the parts: access hashes, file ids, group ids."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "little", signed=True)


def stable_id(*parts: object) -> int:
    """A positive 62-bit number that depends on nothing but the parts."""
    return stable_int64(*parts) & 0x3FFF_FFFF_FFFF_FFFF | 1
