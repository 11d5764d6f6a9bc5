"""The search index of a vault: a database beside the archive that is brought up to date whenever somebody searches.

It holds no text of its own (FTS5 without content), is made from the archive alone, and may be deleted at any time. A
message that is indexed anew leaves its old entry behind under a number that nothing points to any more.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import DAY_SECONDS, DayCount
from tobs_tui.archive.schema import internal_folder, sql_errors
from tobs_tui.archive.search_words import TOKENIZER, Words, searchable
from tobs_tui.model.messages import Message

INDEX_NAME = "search.db"
INDEX_VERSION = 1
BATCH = 5_000
"""Messages a transaction takes: a search that is interrupted goes on from there."""
STALE_SHARE = 0.25
"""Entries left behind, as a share of all, from which on the index is made anew."""

_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE entries (
    number INTEGER PRIMARY KEY, chat INTEGER NOT NULL, id INTEGER NOT NULL, date INTEGER NOT NULL,
    sender INTEGER NOT NULL, topic INTEGER NOT NULL);
CREATE UNIQUE INDEX entries_of_message ON entries (chat, id);
CREATE TABLE days (
    chat INTEGER NOT NULL, topic INTEGER NOT NULL, day INTEGER NOT NULL, count INTEGER NOT NULL,
    first_id INTEGER NOT NULL, last_id INTEGER NOT NULL, PRIMARY KEY (chat, topic, day)) WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize="{TOKENIZER}");
PRAGMA user_version = {INDEX_VERSION};
COMMIT;
"""


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
    """The index of one vault. One thread uses an object at a time."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self._path = path
        self._db = db

    @classmethod
    def open(cls, vault: Path) -> SearchIndex:
        """The index of a vault, made when there is none, made anew when it is damaged or of another version.

        Raises TobsError OUTPUT_NOT_WRITABLE or DISK_FULL.
        """
        path = internal_folder(vault) / INDEX_NAME
        with sql_errors(path):
            try:
                return cls(path, _connect(path))
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                _remove(path)
                return cls(path, _connect(path))

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def __enter__(self) -> SearchIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- bringing it up to date ---------------------------------------------------------------------------------------

    def update(self, archive: Archive, on_progress: Callable[[int], None] = lambda count: None) -> int:
        """Index what came into the archive, and what changed there, since the last time; gives how many messages.

        `on_progress` hears of the messages done so far, every few thousand.
        """
        done = 0
        with sql_errors(self._path):
            self._renew_when_stale()
            for record in archive.chats():
                for messages in self._news(archive, record.id):
                    done += len(messages)
                    on_progress(done)
            done += self._edited(archive)
        return done

    def _news(self, archive: Archive, chat: int) -> Iterator[list[Message]]:
        """Index the days of a chat that are not what they were; gives the messages, already indexed."""
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
            pending += self._of_day(archive, chat, day, before)
            days.append(day)
            if len(pending) >= BATCH:
                self._commit(chat, pending, days)
                yield pending
                pending, days = [], []
        if days:
            self._commit(chat, pending, days)
            yield pending

    def _of_day(self, archive: Archive, chat: int, day: DayCount, before: DayCount | None) -> list[Message]:
        start = day.day * DAY_SECONDS
        after = 0
        if before is not None and before.first_id == day.first_id and day.last_id > before.last_id:
            after = before.last_id
        span = (start, start + DAY_SECONDS)
        new = [message for chunk in archive.message_chunks(chat, day.topic, *span, after=after) for message in chunk]
        if before is not None and after and before.count + len(new) != day.count:
            # Not only newer ones came: all of the day is looked at again.
            return [message for chunk in archive.message_chunks(chat, day.topic, *span) for message in chunk]
        return new

    def _commit(self, chat: int, messages: list[Message], days: list[DayCount]) -> None:
        with _transaction(self._db) as db:
            self._put(db, chat, messages)
            db.executemany(
                "INSERT OR REPLACE INTO days VALUES (?, ?, ?, ?, ?, ?)",
                [(chat, day.topic, day.day, day.count, day.first_id, day.last_id) for day in days],
            )

    def _put(self, db: sqlite3.Connection, chat: int, messages: list[Message]) -> None:
        number = self._meta("entries")
        entries, words = [], []
        for message in messages:
            text = searchable(message)
            number += 1
            entries.append((number, chat, message.id, message.date, message.sender, message.topic))
            if text:
                words.append((number, text))
        db.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?)", entries)
        db.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", words)
        db.execute("INSERT OR REPLACE INTO meta VALUES ('entries', ?)", (number,))

    def _edited(self, archive: Archive) -> int:
        """Index messages again that a refresh found to be edited."""
        count, moment, changed = archive.edited_since(self._meta("versions"), self._meta("edited"))
        for chat, ids in changed.items():
            for start in range(0, len(ids), BATCH):
                found = (archive.message(chat, ident) for ident in ids[start : start + BATCH])
                with _transaction(self._db) as db:
                    self._put(db, chat, [message for message in found if message is not None])
        self._db.executemany(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)", [("versions", count), ("edited", moment)] if changed else []
        )
        return sum(map(len, changed.values()))

    def _meta(self, name: str) -> int:
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return 0 if row is None else int(row[0])

    def _renew_when_stale(self) -> None:
        given = self._meta("entries")
        held = int(self._db.execute("SELECT count(*) FROM entries").fetchone()[0]) if given > BATCH else given
        if given - held > STALE_SHARE * given:
            self._db.close()
            _remove(self._path)
            self._db = _connect(self._path)

    # --- searching ----------------------------------------------------------------------------------------------------

    def find(self, query: Query, limit: int = 50, offset: int = 0) -> list[Hit]:
        """The newest messages that match, `limit` of them after the first `offset`."""
        where, values = _conditions(query)
        with sql_errors(self._path):
            rows = self._db.execute(
                "SELECT chat, id, date, sender, topic FROM words JOIN entries ON number = words.rowid"
                f" WHERE {where} ORDER BY date DESC, chat, id DESC LIMIT ? OFFSET ?",
                (*values, limit, offset),
            ).fetchall()
        return [Hit(*row) for row in rows]

    def count(self, query: Query) -> int:
        """How many messages match."""
        where, values = _conditions(query)
        with sql_errors(self._path):
            row = self._db.execute(
                f"SELECT count(*) FROM words JOIN entries ON number = words.rowid WHERE {where}", values
            ).fetchone()
        return int(row[0])


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


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _connect(path: Path) -> sqlite3.Connection:
    """Open the database and see that it is whole enough to be asked. Raises sqlite3.DatabaseError."""
    db = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, INDEX_VERSION):
            raise sqlite3.DatabaseError("an index of another version")
        if version == 0:
            db.executescript(_SCHEMA)
        db.execute("SELECT value FROM meta LIMIT 1").fetchone()
    except BaseException:
        db.close()
        raise
    return db


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
