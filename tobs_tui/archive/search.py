"""The search index of a vault: a database beside the archive that is brought up to date whenever somebody searches.

It holds no text of its own (FTS5 without content), is made from the archive alone, and may be deleted at any time. A
message that is indexed anew leaves its old entry behind under a number that nothing points to any more. Any number of
processes may search and bring up to date at once, also while an export writes to the archive.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import DAY_SECONDS, DayCount
from tobs_tui.archive.schema import sql_errors
from tobs_tui.archive.search_file import index_path, index_transaction, open_index, remove_index, updating
from tobs_tui.archive.search_words import Words, searchable
from tobs_tui.model.messages import Message

BATCH = 5_000
"""Messages a transaction takes, and the most that are held at once: what is interrupted goes on from there."""
STALE_SHARE = 0.25
"""Entries left behind, as a share of all, from which on the index is made anew."""


class Interrupted(Exception):
    """The search was given up by whoever began it."""


class MoreTexts(Protocol):
    """What messages say besides their own records, and what came of that since it was last asked for."""

    def texts_of(self, chat: int, ids: Sequence[int]) -> Mapping[int, str]:
        """The texts of those of the messages that have one, by id."""

    def texts_mark(self) -> int:
        """A number that grows with every text that comes or changes; 0 when there never was one."""

    def texts_since(self, mark: int) -> Iterable[tuple[int, int]]:
        """The messages, as (chat, id), whose text came or changed after the mark was `mark`."""


class Query(Struct, frozen=True):
    """What is looked for. Empty `chats` and `senders` mean any; dates in seconds since the epoch, 0 = open."""

    words: Words
    chats: tuple[int, ...] = ()
    senders: tuple[int, ...] = ()
    since: int = 0
    until: int = 0


class Hit(Struct, frozen=True, array_like=True):
    """A message that was found."""

    chat: int
    id: int
    date: int
    sender: int
    topic: int


class SearchIndex:
    """The index of one vault. One thread uses an object at a time, `interrupt` apart."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self._path = path
        self._db = db

    @classmethod
    def open(cls, vault: Path) -> SearchIndex:
        """The index of a vault. Raises TobsError OUTPUT_NOT_WRITABLE or DISK_FULL."""
        path = index_path(vault)
        return cls(path, open_index(path))

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def __enter__(self) -> SearchIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def interrupt(self) -> None:
        """From another thread: end what this index is doing; it raises `Interrupted`."""
        with contextlib.suppress(sqlite3.ProgrammingError):  # it has just been closed
            self._db.interrupt()

    # --- bringing it up to date ---------------------------------------------------------------------------------------

    def update(
        self,
        archive: Archive,
        on_progress: Callable[[int], None] = lambda count: None,
        more: MoreTexts | None = None,
    ) -> int:
        """Index what came into the archive, and what changed there, since the last time; gives how many messages.

        `on_progress` hears of the messages done so far, every few thousand. What it raises ends the update, as
        `interrupt` does, and the next one goes on from there. `more` are texts beside the messages' own.
        """
        start = self.indexed()
        with self._asking(), updating(self._path, lambda: on_progress(max(0, self.indexed() - start))):
            self._renew()
            return self._update(archive, on_progress, more)

    def _update(self, archive: Archive, on_progress: Callable[[int], None], more: MoreTexts | None) -> int:
        done = 0
        before, mark = self._meta("entries"), more.texts_mark() if more is not None else 0
        records = archive.chats()
        self._forget_others({record.id for record in records})
        for record in records:
            for count in self._news(archive, record.id, more):
                done += count
                on_progress(done)
        for chat, ids in self._changed(archive, more, before):
            self._put_again(archive, chat, ids, more)
            done += len(ids)
            on_progress(done)
        self._set_meta("texts", mark)
        return done

    def _forget_others(self, chats: set[int]) -> None:
        """Leave out chats that the archive holds no more, or under another id."""
        known = {chat for (chat,) in self._db.execute("SELECT DISTINCT chat FROM days")}
        for chat in known - chats:
            with index_transaction(self._db) as db:
                db.execute("DELETE FROM entries WHERE chat = ?", (chat,))
                db.execute("DELETE FROM days WHERE chat = ?", (chat,))

    def indexed(self) -> int:
        """How many messages the index holds."""
        with sql_errors(self._path):
            return int(self._db.execute("SELECT coalesce(sum(count), 0) FROM days").fetchone()[0])

    def _news(self, archive: Archive, chat: int, more: MoreTexts | None) -> Iterator[int]:
        """Index the days of a chat that are not what they were; gives how many messages, batch by batch."""
        known = {
            (topic, day): DayCount(topic, day, count, first, last)
            for topic, day, count, first, last in self._db.execute(
                "SELECT topic, day, count, first_id, last_id FROM days WHERE chat = ?", (chat,)
            )
        }
        pending: list[Message] = []
        days: list[DayCount] = []
        for day in archive.days(chat):
            before = known.get((day.topic, day.day))
            if before == day:
                continue
            for chunk in _of_day(archive, chat, day, before):
                pending += chunk
                if len(pending) >= BATCH:
                    self._commit(chat, pending, days, more)
                    yield len(pending)
                    pending, days = [], []
            days.append(day)
        if days:
            self._commit(chat, pending, days, more)
            yield len(pending)

    def _commit(self, chat: int, messages: list[Message], days: list[DayCount], more: MoreTexts | None) -> None:
        """Put messages into the index, and note the days that are whole with them."""
        with index_transaction(self._db) as db:
            self._put(db, chat, messages, more)
            db.executemany(
                "INSERT OR REPLACE INTO days VALUES (?, ?, ?, ?, ?, ?)",
                [(chat, day.topic, day.day, day.count, day.first_id, day.last_id) for day in days],
            )

    def _put(self, db: sqlite3.Connection, chat: int, messages: Sequence[Message], more: MoreTexts | None) -> None:
        texts = more.texts_of(chat, [message.id for message in messages]) if more is not None else {}
        number = self._meta("entries")
        entries, words = [], []
        for message in messages:
            text = searchable(message, texts.get(message.id, ""))
            number += 1
            entries.append((number, chat, message.id, message.date, message.sender, message.topic))
            if text:
                words.append((number, text))
        db.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?)", entries)
        db.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", words)
        self._set_meta("entries", number)

    def _changed(self, archive: Archive, more: MoreTexts | None, before: int) -> Iterator[tuple[int, list[int]]]:
        """The messages, by chat, that a refresh found to be edited or that have another text since the last update.

        Those with a number above `before` are as new as can be.
        """
        count, moment, edited = archive.edited_since(self._meta("versions"), self._meta("edited"))
        for chat, ids in edited.items():
            for start in range(0, len(ids), BATCH):
                yield chat, ids[start : start + BATCH]
        if edited:
            self._set_meta("versions", count)
            self._set_meta("edited", moment)
        if more is None or not before:
            return
        ids_of: dict[int, list[int]] = {}
        for chat, ident in more.texts_since(self._meta("texts")):
            ids_of.setdefault(chat, []).append(ident)
            if len(ids_of[chat]) >= BATCH:
                yield chat, self._older(chat, ids_of.pop(chat), before)
        for chat, ids in ids_of.items():
            yield chat, self._older(chat, ids, before)

    def _older(self, chat: int, ids: list[int], upto: int) -> list[int]:
        """Those of the messages that are in the index under a number of at most `upto`."""
        statement = "SELECT 1 FROM entries WHERE chat = ? AND id = ? AND number <= ?"
        return [ident for ident in ids if self._db.execute(statement, (chat, ident, upto)).fetchone() is not None]

    def _put_again(self, archive: Archive, chat: int, ids: Sequence[int], more: MoreTexts | None) -> None:
        found = [message for ident in ids if (message := archive.message(chat, ident)) is not None]
        with index_transaction(self._db) as db:
            self._put(db, chat, found, more)

    def _meta(self, name: str) -> int:
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return 0 if row is None else int(row[0])

    def _set_meta(self, name: str, value: int) -> None:
        if value != self._meta(name):
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def _renew(self) -> None:
        """Make the index anew when too much of it is left behind; another process may have done so meanwhile."""
        given = self._meta("entries")
        held = int(self._db.execute("SELECT count(*) FROM entries").fetchone()[0]) if given > BATCH else given
        self._db.close()
        if given - held > STALE_SHARE * given:
            remove_index(self._path)
        self._db = open_index(self._path)

    # --- searching ----------------------------------------------------------------------------------------------------

    def find(self, query: Query, limit: int = 50, after: Hit | None = None) -> list[Hit]:
        """The newest messages that match, `limit` of them behind `after`. Raises `Interrupted`."""
        where, values = _conditions(query)
        if after is not None:
            where += " AND (date < ? OR (date = ? AND (chat > ? OR (chat = ? AND id < ?))))"
            values = (*values, after.date, after.date, after.chat, after.chat, after.id)
        with self._asking():
            rows = self._db.execute(
                "SELECT chat, id, date, sender, topic FROM words JOIN entries ON number = words.rowid"
                f" WHERE {where} ORDER BY date DESC, chat, id DESC LIMIT ?",
                (*values, limit),
            ).fetchall()
        return [Hit(*row) for row in rows]

    def count(self, query: Query) -> int:
        """How many messages match. Raises `Interrupted`."""
        where, values = _conditions(query)
        with self._asking():
            row = self._db.execute(
                f"SELECT count(*) FROM words JOIN entries ON number = words.rowid WHERE {where}", values
            ).fetchone()
        return int(row[0])

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        with sql_errors(self._path):
            try:
                yield
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                    raise Interrupted from error
                raise


def _of_day(archive: Archive, chat: int, day: DayCount, before: DayCount | None) -> Iterator[list[Message]]:
    """The messages of a changed day: those that are new, or all of them where not only newer ones came."""
    start = day.day * DAY_SECONDS
    span = (start, start + DAY_SECONDS)
    after = 0
    if before is not None and before.first_id == day.first_id and day.last_id > before.last_id:
        new = archive.count_between(chat, day.topic, *span, after=before.last_id)
        after = before.last_id if before.count + new == day.count else 0
    return archive.message_chunks(chat, day.topic, *span, after=after)


def _conditions(query: Query) -> tuple[str, tuple[str | int, ...]]:
    where, values = ["words MATCH ?"], [query.words.expression]
    numbers: list[int] = []
    for column, wanted in (("chat", query.chats), ("sender", query.senders)):
        if wanted:
            where.append(f"{column} IN ({','.join('?' * len(wanted))})")
            numbers += wanted
    if query.since:
        where.append("date >= ?")
        numbers.append(query.since)
    if query.until:
        where.append("date < ?")
        numbers.append(query.until)
    return " AND ".join(where), (*values, *numbers)
