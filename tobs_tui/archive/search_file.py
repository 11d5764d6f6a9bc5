"""The search index as a file: its tables, opening it, and making it anew when it is damaged or of another version."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tobs_tui.archive.schema import BUSY_MS, internal_folder, output_error, sql_errors
from tobs_tui.archive.search_words import TOKENIZER

INDEX_NAME = "search.db"
INDEX_VERSION = 2

WAIT_S = 0.2
"""How often somebody who waits for another's update looks whether it has ended."""

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


def index_path(vault: Path) -> Path:
    """Where a vault's index lies."""
    return internal_folder(vault) / INDEX_NAME


def open_index(path: Path) -> sqlite3.Connection:
    """The index at `path`, made when there is none, made anew when it is damaged or of another version.

    One thread at a time may use the connection. Raises TobsError OUTPUT_NOT_WRITABLE or DISK_FULL.
    """
    with sql_errors(path):
        try:
            return _connect(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            remove_index(path)
            return _connect(path)


@contextlib.contextmanager
def updating(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Let one at a time bring an index up to date: two at once would do everything twice.

    `on_wait` is called again and again while another one has it; what it raises ends the waiting. The system gives the
    index free when its holder ends, however it ends. Raises TobsError OUTPUT_NOT_WRITABLE or DISK_FULL.
    """
    try:
        descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise output_error(error, path) from error
    try:
        while not _taken(descriptor):
            on_wait()
            time.sleep(WAIT_S)
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def remove_index(path: Path) -> None:
    """Delete an index; what it knew is read from the archive again."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


@contextlib.contextmanager
def index_transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All or nothing: commits at the block's end, rolls back when it raises."""
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
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000)
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
