"""Shows how many messages of each row are in notes: what the register says, and what goes into notes right now."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tobs_tui.engine.note_jobs import NoteGrows, NoteWritten
from tobs_tui.engine.note_plan import NoteTask

Key = tuple[int, int]


class _Growth:
    """A note that is being written: what it held, what it will hold about, and what has gone into it so far."""

    __slots__ = ("base", "limit", "so_far", "start")

    def __init__(self, base: int, start: int, limit: int) -> None:
        self.base, self.start, self.limit, self.so_far = base, start, limit, 0

    @property
    def shown(self) -> int:
        """A note that is written again counts as what it was till then. What is told twice counts once."""
        return max(self.base, self.start + min(self.so_far, self.limit))


class RenderProgress:
    """Adds up the messages in notes by row. `show(key, messages)` hears of each row that changed.

    `key_of` gives the row of a chat's topic, None when no row shows it.
    """

    def __init__(self, key_of: Callable[[int, int], Key | None], show: Callable[[Key, int], None]) -> None:
        self._key_of, self._show = key_of, show
        self._counts: dict[int, dict[str, tuple[int, int]]] = {}  # by chat and path: topic, messages
        self._growing: dict[tuple[int, str], _Growth] = {}
        self._sums: dict[Key, int] = {}

    def begun(self, chat: int, before: Iterable[tuple[str, int, int]], tasks: Iterable[NoteTask]) -> None:
        """Notes of a chat are about to be written; `before` are those it has, each a (path, topic, messages)."""
        known = self._counts[chat] = {path: (topic, count) for path, topic, count in before}
        sums: dict[Key, int] = {}
        for topic, count in known.values():
            key = self._key_of(chat, topic)
            if key is not None:
                sums[key] = sums.get(key, 0) + count
        for key, count in sums.items():
            self._set(key, count)
        for task in tasks:
            base = known.get(task.path, (task.topic, 0))[1]
            self._growing[chat, task.path] = _Growth(base, base if task.grows else 0, task.messages)

    def grows(self, news: NoteGrows) -> None:
        """Messages went into a note."""
        growth = self._growing.get((news.chat, news.path))
        if growth is not None:
            before = growth.shown
            growth.so_far += news.more
            self._add(news.chat, news.topic, growth.shown - before)

    def written(self, chat: int, written: NoteWritten) -> None:
        """A note is done, or gone."""
        note = written.note
        known = self._counts.setdefault(chat, {})
        topic, count = known.pop(note.path, (note.topic, 0))
        growth = self._growing.pop((chat, note.path), None)
        if note.count:
            known[note.path] = (note.topic, note.count)
        self._add(chat, topic, note.count - (growth.shown if growth is not None else count))

    def ended(self, chat: int) -> None:
        """No more of a chat's notes are being written."""
        self._counts.pop(chat, None)
        for key in [key for key in self._growing if key[0] == chat]:
            del self._growing[key]

    def _add(self, chat: int, topic: int, more: int) -> None:
        key = self._key_of(chat, topic)
        if key is not None and more:
            self._set(key, self._sums.get(key, 0) + more)

    def _set(self, key: Key, count: int) -> None:
        self._sums[key] = count
        self._show(key, count)
