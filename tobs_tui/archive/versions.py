"""Older versions of edited messages: whatever replaces a message's content, what it replaced is kept."""

from __future__ import annotations

import sqlite3

from msgspec import Struct

from tobs_tui.archive.schema import Database
from tobs_tui.model.messages import Message, decode_message

_PUT = """INSERT INTO versions (chat, id, number, seen, edited, blob)
    SELECT ?1, ?2, coalesce(max(number), 0) + 1, ?3, ?4, ?5 FROM versions WHERE chat = ?1 AND id = ?2"""


class Version(Struct, frozen=True):
    """A message as it was until something else was seen in its place at `seen` (seconds since the epoch)."""

    seen: int
    message: Message


def keep_version(db: sqlite3.Connection, chat: int, old: Message, blob: bytes, seen: int) -> None:
    """Keep the record `blob` of a message that is about to be replaced, within the caller's transaction."""
    db.execute(_PUT, (chat, old.id, seen, old.edit_date, blob))


class Versions(Database):
    """The part of the archive that keeps what messages were before they were edited."""

    def versions(self, chat: int, message_id: int) -> list[Version]:
        """What a message was before, oldest first; empty when it was never seen to change."""
        with self.reading() as db:
            rows = db.execute(
                "SELECT seen, blob FROM versions WHERE chat = ? AND id = ? ORDER BY number", (chat, message_id)
            ).fetchall()
        return [Version(seen, decode_message(blob)) for seen, blob in rows]

    def edited_since(self, count: int, moment: int) -> tuple[int, int, dict[int, list[int]]]:
        """The messages, by chat, of which a version was put aside at `moment` or later.

        With them come how many versions there are by now, and the moment of the newest; nothing is looked for when
        there are still `count` of them.
        """
        with self.reading() as db:
            now, newest = db.execute("SELECT count(*), coalesce(max(seen), 0) FROM versions").fetchone()
            edited: dict[int, list[int]] = {}
            if now != count:
                rows = db.execute("SELECT DISTINCT chat, id FROM versions WHERE seen >= ? ORDER BY chat, id", (moment,))
                for chat, ident in rows:
                    edited.setdefault(chat, []).append(ident)
        return now, newest, edited
