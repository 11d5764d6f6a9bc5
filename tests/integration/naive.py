"""Telegram's paging rules once more, written as slowly and plainly as possible, to judge the fast ones."""

from __future__ import annotations


class NaivePager:
    """A history as a list of (id, date)."""

    def __init__(self, messages: list[tuple[int, int]]) -> None:
        self.newest_first = sorted(messages, reverse=True)

    def page(
        self, offset_id: int, offset_date: int, add_offset: int, limit: int, min_id: int, max_id: int
    ) -> list[int]:
        """The ids that messages.getHistory answers with, newest first."""
        start = 0
        for message_id, date in self.newest_first:
            if (offset_id and message_id >= offset_id) or (not offset_id and offset_date and date >= offset_date):
                start += 1
        start += add_offset
        ids = []
        for index in range(start, start + min(limit, 100)):
            if 0 <= index < len(self.newest_first):
                ids.append(self.newest_first[index][0])
        return [number for number in ids if (not min_id or number > min_id) and (not max_id or number < max_id)]
