"""Lines that come again and again: the first few pass, the rest costs a counter, and the counter is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from tobs_tui.monitor.clock import monotonic

REPEATS_PASSED = 5
REPEATS_WINDOW_S = 60.0
PLACES_KEPT = 2000
"""Different lines that are remembered; with more, what was left out of all of them is told at once."""
_DIGITS = re.compile(r"\d+")


class LeftOut(NamedTuple):
    """A line that came again and again: where it was logged, its latest text, and how many were not written."""

    where: str
    text: str
    times: int

    @property
    def sentence(self) -> str:
        """That, as a line of its own."""
        return f"{self.times} more like this were left out: {self.text}"


class LeftOutTally:
    """How many `lines` were not let through, by however many limiters."""

    def __init__(self) -> None:
        self.lines = 0


class _Repeats:
    """One line's repeats since its window began."""

    __slots__ = ("began", "count", "text")

    def __init__(self, began: float) -> None:
        self.began = began
        self.count = 0
        self.text = ""

    @property
    def left_out(self) -> int:
        return max(0, self.count - REPEATS_PASSED)


class RepeatLimiter:
    """Lets the first few of one line's repeats through in each window, then only counts them, in `tally` as well."""

    def __init__(self, clock: Callable[[], float] = monotonic, tally: LeftOutTally | None = None) -> None:
        self._clock = clock
        self._tally = tally or LeftOutTally()
        self._seen: dict[tuple[str, str], _Repeats] = {}
        self._crowded_out: list[LeftOut] = []
        self._last: tuple[str, str, _Repeats] | None = None
        self._look_at = clock() + REPEATS_WINDOW_S

    def admit(self, where: str, text: str) -> tuple[bool, int]:
        """(whether to write it, how many were left out since the last one written) for `text`, logged at `where`.

        Texts that differ only in their digits count as repeats.
        """
        at = self._clock()
        last = self._last
        if last is not None and last[0] == text and last[1] == where:  # a flood, most likely
            repeats: _Repeats | None = last[2]
        else:
            place = (where, _DIGITS.sub("#", text))
            repeats = self._seen.get(place)
        if repeats is None:
            if len(self._seen) >= PLACES_KEPT:
                self._crowded_out = self._take(lambda _: True)
            repeats = self._seen[place] = _Repeats(at)
        dropped = 0
        if at - repeats.began >= REPEATS_WINDOW_S:
            dropped = repeats.left_out
            repeats.began, repeats.count = at, 0
        repeats.count += 1
        repeats.text = text
        self._last = (text, where, repeats)
        if repeats.count <= REPEATS_PASSED:
            return True, dropped
        self._tally.lines += 1
        return False, 0

    def ended(self) -> list[LeftOut]:
        """What was left out and has not come again: looked for once a window, nothing in between."""
        at = self._clock()
        if at < self._look_at and not self._crowded_out:
            return []
        self._look_at = at + REPEATS_WINDOW_S
        return self._take(lambda repeats: at - repeats.began >= REPEATS_WINDOW_S)

    def rest(self) -> list[LeftOut]:
        """Everything that was left out and not told yet."""
        return self._take(lambda _: True)

    def _take(self, over: Callable[[_Repeats], bool]) -> list[LeftOut]:
        found, self._crowded_out, self._last = self._crowded_out, [], None
        for place, repeats in list(self._seen.items()):
            if over(repeats):
                del self._seen[place]
                if repeats.left_out:
                    found.append(LeftOut(place[0], repeats.text, repeats.left_out))
        return found
