"""The ledger in SQL: the ids of a chat (or of one topic's walk) that are fetched and committed, as merged intervals."""

from __future__ import annotations

import sqlite3

from tobs_tui.model.intervals import IntervalSet


def read_ledger(db: sqlite3.Connection, chat: int, scope: int) -> IntervalSet:
    """The set of ids that are settled for a chat (scope 0) or for the walk of one of its topics."""
    rows = db.execute("SELECT lo, hi FROM ledger WHERE chat = ? AND scope = ? ORDER BY lo", (chat, scope))
    return IntervalSet(rows)


def add_interval(db: sqlite3.Connection, chat: int, scope: int, lo: int, hi: int) -> None:
    """Add [lo, hi] within the caller's transaction, joining the intervals that it overlaps or touches."""
    if hi < lo:
        return
    left = db.execute(
        "SELECT lo, hi FROM ledger WHERE chat = ? AND scope = ? AND lo <= ? ORDER BY lo DESC LIMIT 1", (chat, scope, lo)
    ).fetchone()
    if left is not None and left[1] >= lo - 1:
        if left[1] >= hi:
            return
        lo = left[0]
    reach = db.execute(
        "SELECT max(hi) FROM ledger WHERE chat = ? AND scope = ? AND lo BETWEEN ? AND ?", (chat, scope, lo, hi + 1)
    ).fetchone()[0]
    db.execute("DELETE FROM ledger WHERE chat = ? AND scope = ? AND lo BETWEEN ? AND ?", (chat, scope, lo, hi + 1))
    db.execute("INSERT INTO ledger VALUES (?, ?, ?, ?)", (chat, scope, lo, max(hi, reach or hi)))
