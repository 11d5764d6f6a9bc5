"""Looking again at messages that the archive holds: edits, deletions, reactions, and how far they have been seen to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from tobs_tui.archive.commits import Commits, drop_lost_files, next_generation, put_files
from tobs_tui.archive.records import DAY_SECONDS, FileRow, FileStatus, PageCommit, Row, message_files
from tobs_tui.archive.versions import keep_version
from tobs_tui.model.changes import Change, change_between
from tobs_tui.model.messages import Message, decode_message, encode_message, main_files


class RefreshMark(Struct, frozen=True):
    """How far a chat is known to be up to date.

    Whatever the archive holds of it is at least as new as `pts`, the number that Telegram counts its changes by (0 =
    it has none, or it is not known). `seen` is the newest message there was at the last refresh or the first export.
    """

    pts: int
    seen: int


class Reread(Struct, frozen=True):
    """What another look at some messages has found: how many were looked at, edited, deleted (or are back), and how
    many have other reactions, votes, comments or pins; `files` are new or changed ones."""

    looked: int = 0
    edited: int = 0
    deleted: int = 0
    reactions: int = 0
    files: int = 0


class Refreshing(Commits):
    """The part of the archive that takes in changes of messages which it holds."""

    def refresh_mark(self, chat: int) -> RefreshMark | None:
        """How far a chat is up to date; None when nothing was ever noted of it."""
        with self.reading() as db:
            row = db.execute("SELECT pts, seen FROM refreshed WHERE chat = ?", (chat,)).fetchone()
        return None if row is None else RefreshMark(*row)

    def begin_refreshing(self, chat: int, mark: RefreshMark) -> None:
        """Note how things stood before the first message of a chat is fetched. Nothing, when there are some already."""
        with self.transaction() as db:
            if db.execute("SELECT 1 FROM messages WHERE chat = ? LIMIT 1", (chat,)).fetchone() is None:
                db.execute("INSERT OR REPLACE INTO refreshed VALUES (?, ?, ?)", (chat, mark.pts, mark.seen))

    def put_refresh_mark(self, chat: int, mark: RefreshMark) -> None:
        """Note that all that a mark says has been seen to."""
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO refreshed VALUES (?, ?, ?)", (chat, mark.pts, mark.seen))

    def ids_held(self, chat: int, *, after: int, upto: int, limit: int, date_from: int = 0) -> list[int]:
        """Up to `limit` ids of messages past `after` and not past `upto`, ascending, from a date on.

        Messages that are known to be deleted are among them: they may be back.
        """
        with self.reading() as db:
            rows = db.execute(
                "SELECT id FROM messages WHERE chat = ? AND id > ? AND id <= ? AND date >= ? ORDER BY id LIMIT ?",
                (chat, after, upto, date_from, limit),
            )
            return [row[0] for row in rows]

    def held_among(self, chat: int, ids: Iterable[int]) -> set[int]:
        """Those of the messages that the archive holds."""
        with self.reading() as db:
            return {
                ident
                for ident in ids
                if db.execute("SELECT 1 FROM messages WHERE chat = ? AND id = ?", (chat, ident)).fetchone() is not None
            }

    def window_start(self, chat: int, *, seen: int, seconds: int = 0, messages: int = 0) -> tuple[int, int]:
        """Where a window begins, as an id to start after and a date to start at.

        With `messages`, before so many of the newest ones. With `seconds`, so long before the newest message that was
        there when the chat was last seen to (`seen`, 0 = its newest).
        """
        with self.reading() as db:
            if messages:
                row = db.execute(
                    "SELECT id FROM messages WHERE chat = ? ORDER BY id DESC LIMIT 1 OFFSET ?", (chat, messages)
                ).fetchone()
                return (row[0] if row else 0), 0
            row = db.execute(
                "SELECT date FROM messages WHERE chat = ? AND id <= ? ORDER BY id DESC LIMIT 1", (chat, seen or 1 << 40)
            ).fetchone()
        return 0, (row[0] - seconds if row else 0)

    def newest_held(self, chat: int) -> int:
        """The id of a chat's newest message in the archive, 0 when there is none."""
        with self.reading() as db:
            return int(db.execute("SELECT coalesce(max(id), 0) FROM messages WHERE chat = ?", (chat,)).fetchone()[0])

    def reread(self, page: PageCommit, asked: Iterable[int], noticed: int, mark: RefreshMark | None = None) -> Reread:
        """Compare messages that were asked for by id with what the archive holds of them, and take in the differences.

        `page` holds those that are there, `asked` all ids that were asked for: those that are in the archive and not in
        the page were deleted, `noticed` seconds after the epoch. Older versions of edited messages are kept. Messages
        that the archive does not hold are left out. `mark` is noted in the same transaction. Doing it again changes
        nothing.
        """
        with self.transaction() as db:
            look = _Look(db, page, noticed)
            found = look.compare(asked)
            seen = self._write_peers(db, page.peers) if found.looked else {}
            if mark is not None:
                db.execute("INSERT OR REPLACE INTO refreshed VALUES (?, ?, ?)", (page.chat, mark.pts, mark.seen))
        self._remember(seen)
        return found


def _contents(message: Message) -> list[tuple[str, int, str]]:
    """Which files a message carries."""
    return [(file.kind, file.id, file.thumb) for file in main_files(message)]


class _Look:
    """One page of messages looked at again, within a transaction."""

    def __init__(self, db: sqlite3.Connection, page: PageCommit, noticed: int) -> None:
        self._db, self._page, self._noticed = db, page, noticed
        self._touched: set[tuple[int, int]] = set()
        self._rows: list[Row] = []
        self._files: list[FileRow] = []

    def compare(self, asked: Iterable[int]) -> Reread:
        """Compare, and write what differs."""
        edited = reactions = deleted = looked = 0
        rows = {row.id: row for row in self._page.rows}
        for old, blob in self._held(asked):
            looked += 1
            row = rows.get(old.id)
            if row is None:
                deleted += self._lose(old)
                continue
            # Where it belongs stays as it was first seen: a walk of a topic knows better than a message's own header.
            new = replace(decode_message(row.blob), topic=old.topic, date=old.date, gone=0)
            change = change_between(old, new)
            if change is Change.CONTENT:
                keep_version(self._db, self._page.chat, old, blob, self._noticed)
            edited += change is Change.CONTENT
            reactions += change is Change.RESPONSES
            deleted += old.gone != 0  # it is back
            if change is not Change.NOTHING or old.gone:
                self._put(new, files=change is Change.CONTENT or _contents(old) != _contents(new))
        files = self._write()
        return Reread(looked, edited, deleted, reactions, files)

    def _held(self, asked: Iterable[int]) -> Iterable[tuple[Message, bytes]]:
        for ident in asked:
            row = self._db.execute(
                "SELECT blob FROM messages WHERE chat = ? AND id = ?", (self._page.chat, ident)
            ).fetchone()
            if row is not None:
                yield decode_message(row[0]), row[0]

    def _lose(self, old: Message) -> bool:
        """Mark a message as deleted; whether it was not marked before. Its files that are not here will never be."""
        if old.gone:
            return False
        self._put(replace(old, gone=self._noticed), files=False)
        self._db.execute(
            "DELETE FROM files WHERE chat = ? AND message = ? AND status != ?",
            (self._page.chat, old.id, FileStatus.DONE.value),
        )
        return True

    def _put(self, message: Message, *, files: bool) -> None:
        self._rows.append(Row(message.id, message.date, message.topic, message.sender, encode_message(message)))
        self._touched.add((message.topic, message.date // DAY_SECONDS))
        if files:
            self._files += [
                FileRow(message.id, index, message.topic, message.date, kind, file)
                for index, (kind, file) in enumerate(message_files(message))
            ]
            drop_lost_files(self._db, self._page.chat, {message.id}, self._files)

    def _write(self) -> int:
        """Write what has changed, and touch its days; gives the number of files that changed messages carry."""
        if not self._rows:
            return 0
        chat = self._page.chat
        self._db.executemany(
            "UPDATE messages SET sender = ?, blob = ? WHERE chat = ? AND id = ?",
            [(row.sender, row.blob, chat, row.id) for row in self._rows],
        )
        put_files(self._db, chat, self._files)
        generation = next_generation(self._db)
        self._db.executemany(
            "UPDATE days SET touched = ?, added = 0 WHERE chat = ? AND topic = ? AND day = ?",
            [(generation, chat, topic, day) for topic, day in self._touched],
        )
        return len(self._files)
