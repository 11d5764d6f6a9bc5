"""The archive's book of files: what is to be downloaded, what became of it, and which content is known already."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence

import msgspec

from tobs_tui.archive.commits import file_identity, next_generation, put_new_files
from tobs_tui.archive.records import (
    DAY_SECONDS,
    FileFilter,
    FileRow,
    FileScope,
    FileState,
    FileStatus,
    FileTask,
    FileTotals,
    KindTotals,
    StoredFile,
    message_files,
    numbered_files,
)
from tobs_tui.archive.schema import Database
from tobs_tui.archive.transcripts import renew_transcript
from tobs_tui.model.intervals import Interval
from tobs_tui.model.media import File
from tobs_tui.model.messages import decode_message, may_carry_files
from tobs_tui.model.profile import EXTRA_KINDS, MediaKind

_decode_file = msgspec.msgpack.Decoder(File).decode
_encode = msgspec.msgpack.Encoder().encode

TASK_COLUMNS = "chat, message, idx, topic, date, kind, record"
_KEEPS = "keeps(chat, (SELECT blob FROM messages WHERE chat = files.chat AND id = files.message))"
_EXTRAS = ",".join(f"'{kind.value}'" for kind in sorted(EXTRA_KINDS))
_STATE_COLUMNS = "status, path, sha256, size, reason"


def task_of(row: tuple[int, int, int, int, int, str, bytes]) -> FileTask:
    """A file to download from its columns, which are `TASK_COLUMNS`."""
    return FileTask(*row[:5], MediaKind(row[5]), _decode_file(row[6]))


def _state(row: tuple[int, str, str, int, str]) -> FileState:
    return FileState(FileStatus(row[0]), *row[1:])


def _condition(scope: FileScope, wanted: FileFilter) -> tuple[str, list[int | str]]:
    """SQL for the files of a scope within the filter's dates, whatever their kind and size."""
    terms, values = ["chat = ?"], list[int | str]([scope.chat])
    if scope.topics and scope.firsts:
        terms.append(f"({' OR '.join(['topic = ? AND message >= ?'] * len(scope.topics))})")
        values.extend(value for pair in zip(scope.topics, scope.firsts, strict=True) for value in pair)
    elif scope.firsts:
        terms.append("message >= ?")
        values.append(scope.firsts[0])
    elif scope.topics:
        terms.append(f"topic IN ({','.join('?' * len(scope.topics))})")
        values.extend(scope.topics)
    if wanted.date_from:
        terms.append("date >= ?")
        values.append(wanted.date_from)
    if wanted.date_to:
        terms.append("date < ?")
        values.append(wanted.date_to)
    return " AND ".join(terms), values


def conditions_past(after: tuple[int, int, int] | None, wanted: FileFilter) -> Iterator[tuple[str, list[int | str]]]:
    """The conditions of the filter's scopes in the order of their chats, for files past the key `after`."""
    for scope in sorted(wanted.scopes, key=lambda scope: scope.chat):
        if after is not None and scope.chat < after[0]:
            continue
        where, values = _condition(scope, wanted)
        if after is not None and scope.chat == after[0]:
            where += " AND (message, idx) > (?, ?)"
            values.extend(after[1:])
        yield where, values


def _choice(wanted: FileFilter) -> tuple[str, list[int | str]]:
    """SQL for the kinds, sizes and messages that the filter lets through."""
    term, values = (
        f"kind IN ({','.join('?' * len(wanted.kinds))})",
        list[int | str](kind.value for kind in wanted.kinds),
    )
    if wanted.max_size:
        term += " AND size <= ?"
        values.append(wanted.max_size)
    if wanted.keeps is not None:
        term += f" AND {_KEEPS}"
    return f"({term})", values


def touch_days(db: sqlite3.Connection, days: list[tuple[int, int, int]]) -> None:
    """Mark days, each a (chat, topic, day), as changed since they were rendered."""
    if days:
        generation = next_generation(db)
        db.executemany(
            "UPDATE days SET touched = ? WHERE chat = ? AND topic = ? AND day = ?", [(generation, *day) for day in days]
        )


class Files(Database):
    """The part of the archive that keeps the files of messages."""

    def _choice(self, wanted: FileFilter) -> tuple[str, list[int | str]]:
        """As `_choice`; the filter's own test of messages is made known to SQL."""
        if (keeps := wanted.keeps) is not None:
            self._db.create_function("keeps", 2, lambda chat, blob: blob is not None and keeps(chat, blob))
        return _choice(wanted)

    def pending_files(
        self, wanted: FileFilter, limit: int, after: tuple[int, int, int] | None = None
    ) -> list[FileTask]:
        """Up to `limit` files that are still to be downloaded, by (chat, message, index), from past the key `after`."""
        tasks: list[FileTask] = []
        if not wanted.kinds:
            return tasks
        choice, choice_values = self._choice(wanted)
        with self.reading() as db:
            for where, values in conditions_past(after, wanted):
                rows = db.execute(
                    f"SELECT {TASK_COLUMNS} FROM files INDEXED BY files_pending WHERE status = 0"
                    f" AND {where} AND {choice} ORDER BY message, idx LIMIT ?",
                    (*values, *choice_values, limit - len(tasks)),
                )
                tasks.extend(map(task_of, rows))
                if len(tasks) >= limit:
                    break
        return tasks

    def awaits_files(self, chat: int, first_id: int, last_id: int, kinds: Sequence[MediaKind], max_size: int) -> bool:
        """Whether files of messages first_id..last_id are still to be downloaded; `max_size` in bytes (0 = any)."""
        choice, values = _choice(FileFilter((), tuple(kinds), max_size))
        with self.reading() as db:
            return (
                db.execute(
                    "SELECT 1 FROM files INDEXED BY files_pending WHERE status = 0 AND chat = ?"
                    f" AND message BETWEEN ? AND ? AND {choice} LIMIT 1",
                    (chat, first_id, last_id, *values),
                ).fetchone()
                is not None
            )

    def retry_failed_files(self, wanted: FileFilter) -> int:
        """Make the files that failed before pending again, for a new run to try; gives their number.

        Those that only an export of Telegram Desktop has told of cannot be asked for (their ids are negative): their
        messages will be fetched, and then have files of their own.
        """
        choice, choice_values = self._choice(wanted)
        count = 0
        with self.transaction() as db:
            for scope in wanted.scopes:
                where, values = _condition(scope, wanted)
                failed = f"status = {FileStatus.FAILED.value} AND identity NOT LIKE '%:-%' AND {where} AND {choice}"
                days = db.execute(
                    f"SELECT DISTINCT topic, date / {DAY_SECONDS} FROM files WHERE {failed}", (*values, *choice_values)
                ).fetchall()
                touch_days(db, [(scope.chat, topic, day) for topic, day in days])
                count += db.execute(
                    f"UPDATE files SET status = {FileStatus.PENDING.value}, reason = '' WHERE {failed}",
                    (*values, *choice_values),
                ).rowcount
        return count

    def list_extras(self, chat: int, kinds: Collection[MediaKind], after: int, limit: int) -> tuple[int, int]:
        """Take up the extra files of these kinds that the next `limit` messages past the id `after` carry.

        Gives the last of these messages' ids (0 = there are none), and how many files are new. Doing it again changes
        nothing.
        """
        with self.transaction() as db:
            rows = db.execute(
                "SELECT id, topic, date, blob FROM messages WHERE chat = ? AND id > ? ORDER BY id LIMIT ?",
                (chat, after, limit),
            ).fetchall()
            found: list[FileRow] = []
            for ident, topic, date, blob in rows:
                message = decode_message(blob)
                if message.gone or not may_carry_files(message):
                    continue
                first = len(message_files(message))
                for index, (kind, file) in enumerate(numbered_files(message)[first:], first):
                    if kind in kinds:
                        found.append(FileRow(ident, index, topic, date, kind, file))
            return (rows[-1][0] if rows else 0), put_new_files(db, chat, found)

    def retry_files(self, keys: Sequence[tuple[int, int, int]]) -> int:
        """Make those of these files pending that failed, each a (chat, message, index); gives their number."""
        count = 0
        with self.transaction() as db:
            for key in keys:
                where = f"chat = ? AND message = ? AND idx = ? AND status = {FileStatus.FAILED.value}"
                row = db.execute(f"SELECT topic, date / {DAY_SECONDS} FROM files WHERE {where}", key).fetchone()
                if row is not None:
                    touch_days(db, [(key[0], *row)])
                    count += db.execute(f"UPDATE files SET status = 0, reason = '' WHERE {where}", key).rowcount
        return count

    def file_done(self, task: FileTask, sha256: str, size: int, path: str) -> None:
        """Record that a file's content is in the store and at `path` (relative to the vault)."""
        with self.transaction() as db:
            self._settle(db, task, FileStatus.DONE, (sha256, size, path, ""))
            db.execute("INSERT OR REPLACE INTO known_files VALUES (?, ?, ?)", (file_identity(task.file), sha256, size))
            renew_transcript(db, sha256)

    def file_failed(self, task: FileTask, reason: str) -> None:
        """Record that a file cannot be had, with a sentence that says why."""
        with self.transaction() as db:
            self._settle(db, task, FileStatus.FAILED, ("", task.file.size, "", reason))

    def file_lost(self, task: FileTask) -> None:
        """Make a file pending again whose content is no longer where it was put."""
        with self.transaction() as db:
            self._settle(db, task, FileStatus.PENDING, ("", task.file.size, "", ""))
            db.execute("DELETE FROM known_files WHERE identity = ?", (file_identity(task.file),))

    def _settle(
        self, db: sqlite3.Connection, task: FileTask, status: FileStatus, outcome: tuple[str, int, str, str]
    ) -> None:
        """Write a file's new state, and touch its day when a note would say something else of it now."""
        before = self.file_state(*task.key)
        db.execute(
            """UPDATE files SET status = ?, sha256 = ?, size = ?, path = ?, reason = ?, record = ?
            WHERE chat = ? AND message = ? AND idx = ? AND identity = ?""",
            (status, *outcome, _encode(task.file), *task.key, file_identity(task.file)),
        )
        if before is not None and (before.status, before.path, before.reason) != (status, *outcome[2:]):
            touch_days(db, [(task.chat, task.topic, task.date // DAY_SECONDS)])

    def file_state(self, chat: int, message_id: int, index: int) -> FileState | None:
        """What became of one file, or None when the message has no such file."""
        with self.reading() as db:
            row = db.execute(
                f"SELECT {_STATE_COLUMNS} FROM files WHERE chat = ? AND message = ? AND idx = ?",
                (chat, message_id, index),
            ).fetchone()
        return None if row is None else _state(row)

    def awaits_file(self, task: FileTask) -> bool:
        """Whether the message is still known with this very file, and the file is not there yet."""
        with self.reading() as db:
            row = db.execute(
                "SELECT status FROM files WHERE chat = ? AND message = ? AND idx = ? AND identity = ?",
                (*task.key, file_identity(task.file)),
            ).fetchone()
        return row is not None and row[0] != FileStatus.DONE.value

    def file_states(
        self, chat: int, first_id: int, last_id: int, topic: int | None = None
    ) -> dict[tuple[int, int], FileState]:
        """What became of the files of messages first_id..last_id (of one topic, or all), by (message id, index)."""
        of_topic, tail = ("", ()) if topic is None else (" AND topic = ?", (topic,))
        with self.reading() as db:
            rows = db.execute(
                f"SELECT message, idx, {_STATE_COLUMNS} FROM files"
                f" WHERE chat = ? AND message BETWEEN ? AND ?{of_topic}",
                (chat, first_id, last_id, *tail),
            )
            return {(row[0], row[1]): _state(row[2:]) for row in rows}

    def failed_files(self, wanted: FileFilter) -> Iterator[tuple[FileTask, str]]:
        """The files that could not be had, each with its reason."""
        for scope in wanted.scopes:
            where, values = _condition(scope, wanted)
            with self.reading() as db:
                rows = db.execute(
                    f"SELECT {TASK_COLUMNS}, reason FROM files WHERE status = 2 AND {where} ORDER BY message, idx",
                    values,
                ).fetchall()
            for row in rows:
                yield task_of(row[:7]), row[7]

    def done_files(
        self, wanted: FileFilter, limit: int, after: tuple[int, int, int] | None = None
    ) -> list[tuple[FileTask, FileState]]:
        """Up to `limit` downloaded files, by (chat, message, index), from past the key `after`."""
        found: list[tuple[FileTask, FileState]] = []
        with self.reading() as db:
            for where, values in conditions_past(after, wanted):
                rows = db.execute(
                    f"SELECT {TASK_COLUMNS}, {_STATE_COLUMNS} FROM files WHERE status = 1 AND {where}"
                    " ORDER BY message, idx LIMIT ?",
                    (*values, limit - len(found)),
                )
                found.extend((task_of(row[:7]), _state(row[7:])) for row in rows)
                if len(found) >= limit:
                    break
        return found

    def known_file(self, file: File) -> StoredFile | None:
        """The content of a file that was downloaded before, in this message or another; None when there is none."""
        with self.reading() as db:
            row = db.execute(
                "SELECT sha256, size FROM known_files WHERE identity = ?", (file_identity(file),)
            ).fetchone()
        return None if row is None else StoredFile(*row)

    def file_totals(self, wanted: FileFilter) -> list[FileTotals]:
        """Sums by chat and topic over the files of the filter; `excluded` counts what its kinds and size leave out."""
        choice, choice_values = self._choice(wanted)
        totals: list[FileTotals] = []
        with self.reading() as db:
            for scope in wanted.scopes:
                where, values = _condition(scope, wanted)
                rows = db.execute(
                    f"""SELECT chat, topic, sum(chosen), sum(chosen AND status = 1), sum(chosen AND status = 2),
                    sum(size * chosen), sum(size * (chosen AND status = 1)), sum(NOT chosen AND NOT extra)
                    FROM (SELECT chat, topic, status, size, {choice} AS chosen, kind IN ({_EXTRAS}) AS extra
                          FROM files WHERE {where})
                    GROUP BY chat, topic ORDER BY chat, topic""",
                    (*choice_values, *values),
                )
                totals.extend(FileTotals(*row) for row in rows)
        return totals

    def kind_totals(self, wanted: FileFilter, ids: Interval) -> dict[MediaKind, KindTotals]:
        """Sums by kind over the files of the filter's first scope whose messages lie within `ids`."""
        if not wanted.kinds:
            return {}
        choice, choice_values = self._choice(wanted)
        where, values = _condition(wanted.scopes[0], wanted)
        with self.reading() as db:
            rows = db.execute(
                f"""SELECT kind, count(*), sum(size), sum(chosen), sum(chosen * size), sum(chosen AND status <> 1),
                sum(size * (chosen AND status <> 1))
                FROM (SELECT kind, status, size, {choice} AS chosen FROM files
                      WHERE {where} AND message BETWEEN ? AND ?) GROUP BY kind""",
                (*choice_values, *values, *ids),
            ).fetchall()
        return {MediaKind(row[0]): KindTotals(*row[1:]) for row in rows}
