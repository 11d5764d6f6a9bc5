"""A time zone's clock: dates as local days and times, worked out once a day instead of once a message."""

from __future__ import annotations

import datetime

DAY = 86_400
_STRETCH = 5 * DAY
"""How far an offset that is the same at both ends is taken to hold between them: no zone has changed it forth and
back within less than a week since 1970 (looked up in the IANA database)."""
_EPOCH = datetime.date(1970, 1, 1).toordinal()
MINUTES = tuple(f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(24 * 60))
"""The minutes of a day as 09:15."""


class Clock:
    """Dates are seconds since the epoch. `enter` a date, then `start`, `end` and `midnight` hold for all dates from
    `start` up to `end`: they are on the local day `number`, `date - midnight` seconds behind its midnight."""

    __slots__ = ("_from", "_offset", "_until", "_zone", "end", "midnight", "number", "start")

    def __init__(self, zone: datetime.tzinfo) -> None:
        self._zone = zone
        self._from = self._until = self._offset = 0
        self.start = self.end = self.midnight = self.number = 0

    def enter(self, date: int) -> None:
        """Move to the local day of `date`."""
        if not self._from <= date < self._until:
            self._look_up(date)
        self.number = (date + self._offset) // DAY
        self.midnight = self.number * DAY - self._offset
        self.start, self.end = max(self.midnight, self._from), min(self.midnight + DAY, self._until)

    def _look_up(self, date: int) -> None:
        """Find the offset at `date`, and a stretch of time for which it holds."""
        self._offset = self._offset_at(date)
        midnight = (date + self._offset) // DAY * DAY - self._offset
        for length in (_STRETCH, DAY):
            if self._offset_at(midnight) == self._offset == self._offset_at(midnight + length - 1):
                self._from, self._until = midnight, midnight + length
                return
        self._from, self._until = date, date + 1  # the clocks are changed on this day

    def _offset_at(self, date: int) -> int:
        offset = datetime.datetime.fromtimestamp(date, self._zone).utcoffset()
        return offset.days * DAY + offset.seconds if offset is not None else 0

    def day_number(self, date: int) -> int:
        """The local day of a date, counted from the epoch."""
        if not self.start <= date < self.end:
            self.enter(date)
        return self.number

    def day(self, date: int) -> str:
        """The local day of a date: 2024-05-14."""
        return datetime.date.fromordinal(_EPOCH + self.day_number(date)).isoformat()

    def time(self, date: int) -> str:
        """The local time of a date: 09:15."""
        if not self.start <= date < self.end:
            self.enter(date)
        return MINUTES[(date - self.midnight) // 60]
