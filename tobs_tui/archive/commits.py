"""Committing pages: records, days, files, peers and the ledger's intervals, all in one transaction a batch."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import msgspec

from tobs_tui.archive.ledger import add_interval
from tobs_tui.archive.records import (
    DAY_SECONDS,
    ROW_FIELDS,
    Committed,
    FileRow,
    PageCommit,
    Row,
    flat_of,
    rows_of,
)
from tobs_tui.archive.schema import Database
from tobs_tui.archive.versions import keep_version
from tobs_tui.model.changes import Change, change_between
from tobs_tui.model.intervals import IntervalSet
from tobs_tui.model.media import File
from tobs_tui.model.messages import decode_message
from tobs_tui.model.peers import Peer

PEERS_REMEMBERED = 50_000
"""Peers held in memory so that the senders of every page are not written again with every page."""

_encode = msgspec.msgpack.Encoder().encode
_decode_peer = msgspec.msgpack.Decoder(Peer).decode

_REPLACE_MESSAGE = "INSERT OR REPLACE INTO messages (chat, id, date, topic, sender, blob) VALUES (?, ?, ?, ?, ?, ?)"
ROWS_AT_ONCE = 100
"""Messages in one statement: a page of history."""
# `added` equals `touched` while nothing but new messages has come since the day was rendered.
_PUT_DAY = """INSERT INTO days VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)
    ON CONFLICT (chat, topic, day) DO UPDATE SET count = count + excluded.count,
    first_id = min(first_id, excluded.first_id), last_id = max(last_id, excluded.last_id),
    first_date = min(first_date, excluded.first_date), last_date = max(last_date, excluded.last_date),
    added = CASE WHEN touched IN (0, added) THEN excluded.touched ELSE 0 END, touched = excluded.touched"""
# The content that was downloaded stays good while the message still shows the same file; a new reference is welcome.
_PUT_FILE = """INSERT INTO files (chat, message, idx, topic, date, kind, size, status, identity, record)
    VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?)
    ON CONFLICT (chat, message, idx) DO UPDATE SET topic = excluded.topic, date = excluded.date, kind = excluded.kind,
    size = excluded.size, record = excluded.record,
    status = CASE WHEN identity = excluded.identity THEN status ELSE 0 END,
    sha256 = CASE WHEN identity = excluded.identity THEN sha256 ELSE '' END,
    path = CASE WHEN identity = excluded.identity THEN path ELSE '' END,
    reason = CASE WHEN identity = excluded.identity THEN reason ELSE '' END, identity = excluded.identity"""


def file_identity(file: File) -> str:
    """What makes two files the same content to Telegram, wherever they are seen: photo:12:y, document:7:."""
    return f"{file.kind.value}:{file.id}:{file.thumb}"


def next_generation(db: sqlite3.Connection) -> int:
    """A number that grows with each transaction that touches days."""
    return int(
        db.execute(
            "INSERT INTO meta VALUES ('generation', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1"
            " RETURNING value"
        ).fetchone()[0]
    )


class _Days:
    """The days that a transaction adds to, gathered so that each is written once."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int, int], list[int]] = {}
        self._moved: set[tuple[int, int, int]] = set()
        self._touched: set[tuple[int, int, int]] = set()

    def add(self, chat: int, flat: list[Any]) -> dict[int, int]:
        """Count new messages, rows one after the other, into their days; gives how many there are by topic."""
        if not flat:
            return {}
        idents, dates, topics = flat[::ROW_FIELDS], flat[1::ROW_FIELDS], flat[2::ROW_FIELDS]
        day = min(dates) // DAY_SECONDS
        if max(dates) // DAY_SECONDS == day and len(set(topics)) == 1:  # as with most pages
            self._count((chat, topics[0], day), idents, dates)
            return {topics[0]: len(idents)}
        parts: dict[tuple[int, int], tuple[list[int], list[int]]] = {}
        by_topic: dict[int, int] = {}
        for ident, date, topic in zip(idents, dates, topics, strict=True):
            part = parts.setdefault((topic, date // DAY_SECONDS), ([], []))
            part[0].append(ident)
            part[1].append(date)
        for (topic, day), part in parts.items():
            self._count((chat, topic, day), *part)
            by_topic[topic] = by_topic.get(topic, 0) + len(part[0])
        return by_topic

    def _count(self, key: tuple[int, int, int], idents: list[int], dates: list[int]) -> None:
        """Count messages into one day."""
        low, high, first, last = min(idents), max(idents), min(dates), max(dates)
        cell = self._cells.setdefault(key, [0, low, high, first, last])
        cell[:] = [
            *(cell[0] + len(idents), min(cell[1], low), max(cell[2], high)),
            *(min(cell[3], first), max(cell[4], last)),
        ]

    def replace(self, chat: int, old_date: int, old_topic: int, row: Row) -> None:
        """Note that a message which the archive held has other content now, and perhaps another day or topic."""
        before = (chat, old_topic, old_date // DAY_SECONDS)
        after = (chat, row.topic, row.date // DAY_SECONDS)
        self._touched |= {before, after}
        if before != after or old_date != row.date:
            self._moved |= {before, after}
            # The recount looks between the ids that the day is known to span.
            self._cells.setdefault(after, [0, row.id, row.id, row.date, row.date])
            cell = self._cells[after]
            cell[1:] = [min(cell[1], row.id), max(cell[2], row.id), min(cell[3], row.date), max(cell[4], row.date)]

    def write(self, db: sqlite3.Connection) -> None:
        """Store what was gathered; a day whose messages moved is counted anew."""
        if not self._cells and not self._touched:
            return
        generation = next_generation(db)
        db.executemany(_PUT_DAY, [(*key, *cell, generation) for key, cell in self._cells.items()])
        db.executemany(
            "UPDATE days SET touched = ?, added = 0 WHERE chat = ? AND topic = ? AND day = ?",
            [(generation, *key) for key in self._touched],
        )
        for key in self._moved:
            _recount(db, key)


def _recount(db: sqlite3.Connection, key: tuple[int, int, int]) -> None:
    """Set a day's figures from its messages, which lie between the ids that it was known to span."""
    chat, topic, day = key
    known = db.execute("SELECT first_id, last_id FROM days WHERE chat = ? AND topic = ? AND day = ?", key).fetchone()
    if known is None:
        return
    figures = db.execute(
        """SELECT count(*), min(id), max(id), min(date), max(date) FROM messages
        WHERE chat = ? AND id BETWEEN ? AND ? AND topic = ? AND date BETWEEN ? AND ?""",
        (chat, *known, topic, day * DAY_SECONDS, (day + 1) * DAY_SECONDS - 1),
    ).fetchone()
    if figures[0] == 0:
        figures = (0, *known, day * DAY_SECONDS, day * DAY_SECONDS)
    db.execute(
        """UPDATE days SET count = ?, first_id = ?, last_id = ?, first_date = ?, last_date = ?
        WHERE chat = ? AND topic = ? AND day = ?""",
        (*figures, *key),
    )


class Commits(Database):
    """The writing half of the archive for messages and peers."""

    _peers_seen: dict[int, Peer] | None = None

    def commit(self, batch: Sequence[PageCommit]) -> list[Committed]:
        """Store pages, in one transaction: their messages, files and peers, and their intervals in the ledger.

        Committing a page again changes nothing. Raises ValueError for a row outside its page's interval, TobsError
        DISK_FULL or ARCHIVE_UNUSABLE; the archive is then as it was.
        """
        days = _Days()
        intervals: dict[tuple[int, int], IntervalSet] = {}
        results = []
        with self.transaction() as db:
            for page in batch:
                results.append(_commit_page(db, page, days))
                if page.settled:
                    intervals.setdefault((page.chat, page.scope), IntervalSet()).add(page.lo, page.hi)
            days.write(db)
            for (chat, scope), settled in intervals.items():
                for lo, hi in settled:
                    add_interval(db, chat, scope, lo, hi)
            seen = self._write_peers(db, (peer for page in batch for peer in page.peers))
        self._remember(seen)
        return results

    def put_peers(self, peers: Iterable[Peer]) -> None:
        """Store peers as last seen; one seen in part only (`min`) never replaces one seen in full."""
        with self.transaction() as db:
            seen = self._write_peers(db, peers)
        self._remember(seen)

    def _write_peers(self, db: sqlite3.Connection, peers: Iterable[Peer]) -> dict[int, Peer]:
        """Write the peers that differ from what is stored; gives them."""
        remembered = self._peers_seen or {}
        fresh: dict[int, Peer] = {}
        for peer in peers:
            known = fresh.get(peer.id) or remembered.get(peer.id)
            if known == peer or (peer.min and known is not None and not known.min):
                continue
            if known is None and peer.min:
                row = db.execute("SELECT record FROM peers WHERE id = ?", (peer.id,)).fetchone()
                if row is not None:
                    stored = _decode_peer(row[0])
                    if not stored.min:
                        fresh[peer.id] = stored
                        continue
            fresh[peer.id] = peer
        db.executemany(
            "INSERT OR REPLACE INTO peers VALUES (?, ?)", [(peer.id, _encode(peer)) for peer in fresh.values()]
        )
        return fresh

    def _remember(self, peers: dict[int, Peer]) -> None:
        """Keep committed peers at hand; only after the commit, so that a rollback leaves no false memory."""
        if self._peers_seen is None or len(self._peers_seen) + len(peers) > PEERS_REMEMBERED:
            self._peers_seen = {}
        self._peers_seen.update(peers)


def _commit_page(db: sqlite3.Connection, page: PageCommit, days: _Days) -> Committed:
    """Store one page's messages and files within the caller's transaction."""
    by_topic: dict[int, int] = {}
    flat = page.flat or flat_of(page.rows)
    if flat:
        by_topic = _put_messages(db, page, flat, days)
    if page.files:
        put_files(db, page.chat, page.files)
    return Committed(page.chat, page.scope, page.lo, page.hi, len(flat) // ROW_FIELDS, by_topic, len(page.files))


def _put_messages(db: sqlite3.Connection, page: PageCommit, flat: list[Any], days: _Days) -> dict[int, int]:
    """Store a page's messages; gives how many are new by topic."""
    chat = page.chat
    idents: list[int] = flat[::ROW_FIELDS]
    first, last = min(idents), max(idents)
    if first < page.lo or last > page.hi:
        raise ValueError(f"rows {first}..{last} of chat {chat} lie outside their interval {page.lo}..{page.hi}")
    # A topic's page is spread thin over the chat's ids, so its rows are looked up among the topic's own.
    # Still thinner lie one's own messages, which are looked up one by one.
    where, arguments = "", tuple[int, ...]((chat, first, last))
    if page.scope > 0:
        where, arguments = "AND topic = ? AND topic > 0", (*arguments, page.scope)
    elif page.scope < 0:
        where, arguments = f"AND id IN ({','.join('?' * len(idents))})", (*arguments, *idents)
    held = db.execute(
        f"SELECT id, date, topic, blob FROM messages WHERE chat = ? AND id BETWEEN ? AND ? {where}", arguments
    ).fetchall()
    if held or len(set(idents)) != len(idents):
        flat = _replace_held(db, page, {row.id: row for row in rows_of(flat)}, held, days)
    _insert(db, chat, flat)
    return days.add(chat, flat)


def _replace_held(
    db: sqlite3.Connection,
    page: PageCommit,
    new: dict[int, Row],
    held: list[tuple[int, int, int, bytes]],
    days: _Days,
) -> list[Any]:
    """Store those of the rows in `new` that the archive has otherwise; gives those that it doesn't have, flat."""
    chat = page.chat
    replaced: list[Row] = []
    for ident, date, topic, blob in held:
        row = new.pop(ident, None)
        if row is not None and (row.blob != blob or row.date != date or row.topic != topic):
            days.replace(chat, date, topic, row)
            replaced.append(row)
            _keep_edited(db, chat, blob, row)
    if replaced:
        drop_lost_files(db, chat, {row.id for row in replaced}, page.files)
        db.executemany(
            _REPLACE_MESSAGE, [(chat, row.id, row.date, row.topic, row.sender, row.blob) for row in replaced]
        )
    return flat_of(new.values())


def _insert(db: sqlite3.Connection, chat: int, flat: list[Any]) -> None:
    """Store messages that are known to be new, which needs no look at what they might replace.

    A statement for each row would take half as much time again, and let go of Python's lock each time, only to wait
    for the event loop to get it back.
    """
    for start in range(0, len(flat), ROWS_AT_ONCE * ROW_FIELDS):
        part = flat[start : start + ROWS_AT_ONCE * ROW_FIELDS]
        db.execute(_put_messages_statement(len(part) // ROW_FIELDS), [chat, *part])


@cache
def _put_messages_statement(count: int) -> str:
    """Stores `count` messages of one chat, which is the first parameter."""
    rows = (",".join(f"?{ROW_FIELDS * row + column}" for column in range(2, 2 + ROW_FIELDS)) for row in range(count))
    values = ",".join(f"(?1,{row})" for row in rows)
    return f"INSERT INTO messages (chat, id, date, topic, sender, blob) VALUES {values}"


def _keep_edited(db: sqlite3.Connection, chat: int, blob: bytes, row: Row) -> None:
    """Keep what a message was before, when it comes again with other content."""
    old = decode_message(blob)
    if change_between(old, decode_message(row.blob)) is Change.CONTENT:
        keep_version(db, chat, old, blob, int(time.time()))


def drop_lost_files(db: sqlite3.Connection, chat: int, replaced: set[int], files: Iterable[FileRow]) -> None:
    """Forget the files that replaced messages no longer carry; `files` are those that they carry now."""
    counts = dict.fromkeys(replaced, 0)
    for file in files:
        if file.message_id in counts:
            counts[file.message_id] = max(counts[file.message_id], file.index + 1)
    db.executemany(
        "DELETE FROM files WHERE chat = ? AND message = ? AND idx >= ?",
        [(chat, message, count) for message, count in counts.items()],
    )


def put_files(db: sqlite3.Connection, chat: int, files: Iterable[FileRow]) -> None:
    """Store the files that messages carry."""
    db.executemany(_PUT_FILE, [_columns(chat, row) for row in files])


def put_new_files(db: sqlite3.Connection, chat: int, files: Iterable[FileRow]) -> int:
    """As `put_files`, but what is known of the very same files stays as it is; gives how many there are beside them."""
    return db.executemany(
        f"{_PUT_FILE} WHERE identity <> excluded.identity", [_columns(chat, row) for row in files]
    ).rowcount


def _columns(chat: int, row: FileRow) -> tuple[Any, ...]:
    where = (chat, row.message_id, row.index, row.topic, row.date, row.kind.value, row.file.size)
    return (*where, file_identity(row.file), _encode(row.file))
