"""A group's history from before it became a supergroup, when it was imported before its id was known."""

from __future__ import annotations

from tobs_tui.archive.commits import next_generation
from tobs_tui.archive.ledger import add_interval
from tobs_tui.archive.records import DAY_SECONDS
from tobs_tui.archive.schema import Database

# What belongs to a chat, and what tells two rows of it apart; where both chats have one, the named chat's stays.
_MOVED = ("messages", "files", "notes", "versions")


class Halves(Database):
    """The part of the archive that gives a chat the id that it turned out to have."""

    def adopt(self, chat: int, real: int) -> bool:
        """Make everything that the archive holds of `chat` the chat `real`'s, whose own rows win. Gives whether there
        was anything. All notes of it are due to be written again. All or nothing."""
        with self.transaction() as db:
            if db.execute("SELECT 1 FROM chats WHERE id = ?", (chat,)).fetchone() is None:
                return False
            for table in _MOVED:
                db.execute(f"UPDATE OR IGNORE {table} SET chat = ? WHERE chat = ?", (real, chat))
            intervals = db.execute("SELECT scope, lo, hi FROM ledger WHERE chat = ?", (chat,)).fetchall()
            for scope, lo, hi in intervals:
                add_interval(db, real, scope, lo, hi)
            db.execute("DELETE FROM days WHERE chat = ?", (real,))
            db.execute(
                f"""INSERT INTO days SELECT chat, topic, date / {DAY_SECONDS}, count(*), min(id), max(id), min(date),
                max(date), ?, 0 FROM messages WHERE chat = ? GROUP BY topic, date / {DAY_SECONDS}""",
                (next_generation(db), real),
            )
            for table in (*_MOVED, "ledger", "days", "finished", "topics", "refreshed"):
                db.execute(f"DELETE FROM {table} WHERE chat = ?", (chat,))
            for table in ("chats", "peers"):
                db.execute(f"DELETE FROM {table} WHERE id = ?", (chat,))
            db.execute("UPDATE finished SET open = 1 WHERE chat = ?", (real,))
        return True
