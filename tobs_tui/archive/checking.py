"""What an archive tells of itself and its vault, for holding the one against the other; and taking back what is wrong.

Everything long comes a part at a time, from past a key on.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from tobs_tui.archive.commits import next_generation
from tobs_tui.archive.files import touch_days
from tobs_tui.archive.ledger import read_ledger
from tobs_tui.archive.notes import Busy, Note, NoteRecord
from tobs_tui.archive.records import DAY_SECONDS, FileStatus
from tobs_tui.archive.variant_book import VariantBook
from tobs_tui.model.intervals import Interval, IntervalSet
from tobs_tui.model.jobs import JobKind
from tobs_tui.model.messages import decode_message

ROWS = 1_000
_OPEN = "pages_open"
_decode_record = msgspec.msgpack.Decoder(NoteRecord).decode


class PageRecord(Struct, frozen=True):
    """A file that the program writes anew when it changes: its path relative to the vault, and what it holds."""

    path: str
    size: int
    sha256: bytes
    mtime_ns: int


class NamedContent(Struct, frozen=True):
    """A content of the store, and a readable name of it with the (chat, message, index) of the file that it is."""

    sha256: str
    size: int
    path: str
    chat: int
    message: int
    index: int
    date: int

    @property
    def key(self) -> tuple[str, int, int, int]:
        """What these are ordered by."""
        return (self.sha256, self.chat, self.message, self.index)


class RowsChecked(Struct, frozen=True):
    """How many messages each (topic, day) has, and the ids of those that are not what they should be."""

    counts: dict[tuple[int, int], int]
    bad: tuple[int, ...]


class FilesMissing(Struct, frozen=True):
    """Files of a chat that are not there: tried in vain, and not tried yet."""

    chat: int
    failed: int
    pending: int


class Checking(VariantBook):
    """The part of the archive that is for checking it, and the vault by it."""

    # --- what there is ------------------------------------------------------------------------------------------------

    def structure_faults(self, limit: int = 5) -> list[str]:
        """What SQLite's own check of the whole database finds, in its words. Reads all of it."""
        with self.reading() as db:
            rows = db.execute(f"PRAGMA integrity_check({limit})").fetchall()
        return [str(row[0]) for row in rows if row[0] != "ok"]

    def notes_past(self, path: str, limit: int = 100) -> list[Note]:
        """The next notes of the register past a path, by path."""
        with self.reading() as db:
            rows = db.execute(
                "SELECT path, chat, topic, count, busy, record FROM notes WHERE path > ? ORDER BY path LIMIT ?",
                (path, limit),
            ).fetchall()
        return [
            Note(path, chat, topic, count, Busy(busy), _decode_record(record) if record else None)
            for path, chat, topic, count, busy, record in rows
        ]

    def pages_past(self, path: str, limit: int = ROWS) -> list[PageRecord]:
        """The next pages of the register past a path, by path."""
        with self.reading() as db:
            rows = db.execute("SELECT * FROM pages WHERE path > ? ORDER BY path LIMIT ?", (path, limit)).fetchall()
        return [PageRecord(*row) for row in rows]

    def contents_past(self, key: tuple[str, int, int, int] | None, limit: int = ROWS) -> list[NamedContent]:
        """The next downloaded files past a key, by content."""
        where = "AND (sha256, chat, message, idx) > (?, ?, ?, ?)" if key is not None else ""
        with self.reading() as db:
            rows = db.execute(
                f"""SELECT sha256, size, path, chat, message, idx, date FROM files INDEXED BY files_of_content
                WHERE sha256 <> '' AND status = {FileStatus.DONE.value} {where}
                ORDER BY sha256, chat, message, idx LIMIT ?""",
                (*(key or ()), limit),
            ).fetchall()
        return [NamedContent(*row) for row in rows]

    def variants_past(self, key: tuple[int, int, int], limit: int = ROWS) -> list[NamedContent]:
        """What was made of files and stands beside them, past the (chat, message, index) of a file."""
        with self.reading() as db:
            rows = db.execute(
                """SELECT l.sha256, (SELECT variant_size FROM job_results WHERE variant = l.sha256 LIMIT 1), l.path,
                l.chat, l.message, l.idx, f.date FROM variant_links AS l JOIN files AS f
                ON f.chat = l.chat AND f.message = l.message AND f.idx = l.idx
                WHERE (l.chat, l.message, l.idx) > (?, ?, ?) ORDER BY l.chat, l.message, l.idx LIMIT ?""",
                (*key, limit),
            ).fetchall()
        return [NamedContent(*row) for row in rows if row[1]]

    def stretches_of_ids(self, chat: int, messages: int) -> list[Interval]:
        """The ids of a chat's messages in stretches of about so many, in order."""
        with self.reading() as db:
            days = db.execute(
                "SELECT last_id, count FROM days WHERE chat = ? AND count > 0 ORDER BY last_id", (chat,)
            ).fetchall()
        stretches: list[Interval] = []
        first, gathered = 0, 0
        for last, count in days:
            gathered += count
            if gathered >= messages:
                stretches.append(Interval(first, last))
                first, gathered = last + 1, 0
        return [*stretches, Interval(first, 1 << 40)]

    def rows_held(self, chat: int) -> int:
        """How many messages of a chat there are, counted one by one."""
        with self.reading() as db:
            return int(db.execute("SELECT count(*) FROM messages WHERE chat = ?", (chat,)).fetchone()[0])

    def check_rows(self, chat: int, ids: Interval) -> RowsChecked:
        """Read a chat's messages with these ids, and see that each is whole and is where its record says."""
        counts: Counter[tuple[int, int]] = Counter()
        bad: list[int] = []
        after = ids.lo - 1
        while True:
            with self.reading() as db:
                rows = db.execute(
                    "SELECT id, date, topic, sender, blob FROM messages"
                    " WHERE chat = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?",
                    (chat, after, ids.hi, ROWS),
                ).fetchall()
            for ident, date, topic, sender, blob in rows:
                counts[topic, date // DAY_SECONDS] += 1
                try:
                    one = decode_message(blob)
                except (msgspec.DecodeError, ValueError):
                    bad.append(ident)
                    continue
                if (one.id, one.date, one.topic, one.sender) != (ident, date, topic, sender):
                    bad.append(ident)
            if len(rows) < ROWS:
                return RowsChecked(dict(counts), tuple(bad))
            after = rows[-1][0]

    def ledger_scopes(self, chat: int) -> dict[int, IntervalSet]:
        """The settled ids of a chat by scope (see `Reading.ledger`), of those scopes that have some."""
        with self.reading() as db:
            scopes = [row[0] for row in db.execute("SELECT DISTINCT scope FROM ledger WHERE chat = ?", (chat,))]
            return {scope: read_ledger(db, chat, scope) for scope in scopes}

    def files_missing(self, kinds: Sequence[str], max_size: int) -> list[FilesMissing]:
        """The files that are not there, by chat; those not tried yet only of these kinds and up to `max_size` bytes."""
        limit = "AND size <= ?" if max_size else ""
        wanted = f"status = {FileStatus.PENDING.value} AND kind IN ({','.join('?' * len(kinds))}) {limit}"
        with self.reading() as db:
            rows = db.execute(
                f"""SELECT chat, sum(status = {FileStatus.FAILED.value}), sum({wanted}) FROM files
                WHERE status <> {FileStatus.DONE.value} GROUP BY chat""",
                (*kinds, *((max_size,) if max_size else ())),
            ).fetchall()
        return [FilesMissing(*row) for row in rows if row[1] or row[2]]

    def unwritten_days(self, chat: int) -> int:
        """How many days of a chat have changed since its notes were written."""
        with self.reading() as db:
            row = db.execute("SELECT count(*) FROM days WHERE chat = ? AND touched > 0", (chat,)).fetchone()
        return int(row[0])

    # --- the register of pages ----------------------------------------------------------------------------------------

    def begin_pages(self) -> None:
        """Note that pages are about to be written."""
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, 1)", (_OPEN,))

    def put_pages(self, written: Iterable[PageRecord], gone: Iterable[str] = ()) -> None:
        """Register pages as written, and others as gone."""
        with self.transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO pages VALUES (?, ?, ?, ?)",
                [(page.path, page.size, page.sha256, page.mtime_ns) for page in written],
            )
            db.executemany("DELETE FROM pages WHERE path = ?", [(path,) for path in gone])
            db.execute("DELETE FROM meta WHERE name = ?", (_OPEN,))

    def pages_open(self) -> bool:
        """Whether pages were being written when a process was killed."""
        with self.reading() as db:
            return db.execute("SELECT 1 FROM meta WHERE name = ?", (_OPEN,)).fetchone() is not None

    # --- taking back --------------------------------------------------------------------------------------------------

    def forget_notes(self, paths: Iterable[str]) -> None:
        """Have notes written anew, whatever is in their files."""
        with self.transaction() as db:
            db.executemany(f"UPDATE notes SET busy = {Busy.REPLACED.value} WHERE path = ?", [(path,) for path in paths])

    def forget_messages(self, chat: int, ids: Interval, *, drop: bool = False) -> None:
        """Have the messages with these ids fetched again: the ledger has a hole there from now on.

        What is there of them stays until then, unless `drop`; the days' figures become those of what is there.
        """
        with self.transaction() as db:
            days = db.execute(
                "SELECT topic, day FROM days WHERE chat = ? AND first_id <= ? AND last_id >= ?", (chat, ids.hi, ids.lo)
            ).fetchall()
            if drop:
                db.execute("DELETE FROM messages WHERE chat = ? AND id BETWEEN ? AND ?", (chat, *ids))
            _cut(db, chat, ids)
            _count_again(db, chat, days)
            db.execute("UPDATE finished SET open = 1 WHERE chat = ?", (chat,))

    def forget_content(self, sha256: str) -> int:
        """Have a content whose bytes are lost downloaded again; gives in how many files it is."""
        with self.transaction() as db:
            rows = db.execute(
                f"SELECT DISTINCT chat, topic, date / {DAY_SECONDS} FROM files WHERE sha256 = ? AND sha256 <> ''",
                (sha256,),
            ).fetchall()
            touch_days(db, rows)
            count = db.execute(
                "UPDATE files SET status = 0, sha256 = '', path = '', reason = '' WHERE sha256 = ? AND sha256 <> ''",
                (sha256,),
            ).rowcount
            db.execute("DELETE FROM known_files WHERE sha256 = ?", (sha256,))
        return count

    def forget_variant(self, sha256: str) -> None:
        """Have a variant made again whose bytes are lost."""
        with self.reading() as db:
            made = db.execute(
                "SELECT DISTINCT sha256, kind, options FROM job_results WHERE variant = ?", (sha256,)
            ).fetchall()
        for original, kind, options in made:
            self.forget_job(original, JobKind(kind), options)


def _cut(db: sqlite3.Connection, chat: int, ids: Interval) -> None:
    """Take ids out of all ledgers of a chat."""
    rows = db.execute(
        "SELECT scope, lo, hi FROM ledger WHERE chat = ? AND lo <= ? AND hi >= ?", (chat, ids.hi, ids.lo)
    ).fetchall()
    for scope, lo, hi in rows:
        db.execute("DELETE FROM ledger WHERE chat = ? AND scope = ? AND lo = ?", (chat, scope, lo))
        for part in (Interval(lo, ids.lo - 1), Interval(ids.hi + 1, hi)):
            if part.size:
                db.execute("INSERT INTO ledger VALUES (?, ?, ?, ?)", (chat, scope, *part))


def _count_again(db: sqlite3.Connection, chat: int, days: list[tuple[int, int]]) -> None:
    """Set days' figures from the messages that are there. A day's ids and dates stay what they were known to span, as
    far as nothing is left to tell better."""
    generation = next_generation(db)
    for topic, day in days:
        first, last = db.execute(
            "SELECT first_id, last_id FROM days WHERE chat = ? AND topic = ? AND day = ?", (chat, topic, day)
        ).fetchone()
        count = db.execute(
            """SELECT count(*) FROM messages WHERE chat = ? AND id BETWEEN ? AND ? AND topic = ?
            AND date BETWEEN ? AND ?""",
            (chat, first, last, topic, day * DAY_SECONDS, (day + 1) * DAY_SECONDS - 1),
        ).fetchone()[0]
        db.execute(
            "UPDATE days SET count = ?, touched = ?, added = 0 WHERE chat = ? AND topic = ? AND day = ?",
            (count, generation, chat, topic, day),
        )
