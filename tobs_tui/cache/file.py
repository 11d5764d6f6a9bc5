"""The caches' file: SQLite, its owner's only. One that is damaged or foreign is set aside and begun anew.

Reads are for the event loop: a look-up of a key is one search of an index, 15 us. Writes may wait for the disk: they
are for another thread, over a connection of their own.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger
from msgspec import Struct

if TYPE_CHECKING:
    from tobs_tui.config.paths import Paths

APPLICATION_ID = 0x746F6273
VERSION = 1
COMPRESS_FROM = 1024
"""Bytes from which on a value is compressed, if that makes it smaller."""
_PLAIN, _ZLIB = b"\x00", b"\x01"
_SCHEMA = (
    "CREATE TABLE entries (space TEXT, key TEXT, value BLOB NOT NULL, at REAL NOT NULL, PRIMARY KEY (space, key))"
    " WITHOUT ROWID",
    "CREATE INDEX by_age ON entries (space, at)",
    "CREATE TABLE counters (space TEXT PRIMARY KEY, hits INTEGER, misses INTEGER, evictions INTEGER) WITHOUT ROWID",
    f"PRAGMA user_version = {VERSION}",
    f"PRAGMA application_id = {APPLICATION_ID}",
)
ASIDE = ".damaged"


class Change(Struct, frozen=True):
    """An entry to write, as of `at` (seconds since the epoch); None = to forget."""

    space: str
    key: str
    value: bytes | None
    at: float


class SpaceSize(Struct, frozen=True):
    """How much of one space the file holds, and what became of its look-ups since the file was begun."""

    name: str
    entries: int
    bytes: int
    hits: int = 0
    misses: int = 0
    evictions: int = 0


class ForeignFileError(Exception):
    """The file is not one of ours, or of a later version."""


class CacheFile:
    """One account's file. Trouble with it costs what was cached, never more: it is logged and the file done without."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writing = threading.Lock()
        self._reader: sqlite3.Connection | None = None
        self._writer: sqlite3.Connection | None = None
        self._open()

    def _open(self) -> None:
        try:
            try:
                self._connect()
            except (sqlite3.DatabaseError, ForeignFileError) as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                logger.warning("the cache {} is set aside: {}", self.path, error)
                self._set_aside()
                self._connect()
        except (OSError, sqlite3.Error) as error:
            logger.warning("nothing is cached on disk: {}: {}", self.path, error)
            self._disconnect()

    def _connect(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        self._writer = _connection(self.path)
        self._writer.execute("PRAGMA journal_mode = WAL")
        ours = self._writer.execute("PRAGMA application_id").fetchone()[0]
        version = self._writer.execute("PRAGMA user_version").fetchone()[0]
        empty = not self._writer.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if empty and not version:
            with self._writer:
                for statement in _SCHEMA:
                    self._writer.execute(statement)
        elif (ours, version) != (APPLICATION_ID, VERSION):
            raise ForeignFileError(f"it is another program's or version's (version {version})")
        self._reader = _connection(self.path)

    def _disconnect(self) -> None:
        for connection in (self._reader, self._writer):
            if connection is not None:
                connection.close()
        self._reader = self._writer = None

    def _set_aside(self) -> None:
        self._disconnect()
        self.path.replace(self.path.with_name(self.path.name + ASIDE))
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def _trouble(self, error: sqlite3.Error) -> None:
        """The file failed while in use: begin anew where it is damaged, else go on without it."""
        logger.warning("the cache {} failed: {}", self.path, error)
        with self._writing:
            self._disconnect()
            if not isinstance(error, sqlite3.OperationalError):
                try:
                    self._set_aside()
                except OSError as failure:
                    logger.warning("it could not be set aside: {}", failure)
                else:
                    self._open()

    def get(self, space: str, key: str) -> tuple[bytes, float] | None:
        """An entry's value and when it was learned; None when there is none."""
        if self._reader is None:
            return None
        try:
            row = self._reader.execute(
                "SELECT value, at FROM entries WHERE space = ? AND key = ?", (space, key)
            ).fetchone()
            return None if row is None else (_unpacked(row[0]), float(row[1]))
        except (zlib.error, IndexError):
            return None  # written by nobody of ours
        except sqlite3.Error as error:
            self._trouble(error)
            return None

    def values(self, space: str) -> list[bytes]:
        """Every value of a space. For any thread: over a connection of its own."""
        if self._reader is None:
            return []
        try:
            with contextlib.closing(_connection(self.path)) as db:
                rows = db.execute("SELECT value FROM entries WHERE space = ?", (space,)).fetchall()
            return [_unpacked(row[0]) for row in rows]
        except (sqlite3.Error, zlib.error) as error:
            logger.warning("the cache {} cannot be read: {}", self.path, error)
            return []

    def write(self, changes: Sequence[Change], most: Mapping[str, int]) -> dict[str, int]:
        """Write changes, then drop the oldest entries of spaces that hold more than `most`: how many of each."""
        try:
            with self._writing:
                return {} if self._writer is None else _written(self._writer, changes, most)
        except sqlite3.Error as error:
            self._trouble(error)
            return {}

    def count(self, counts: Mapping[str, tuple[int, int, int]]) -> None:
        """Add to the (hits, misses, evictions) of spaces."""
        try:
            with self._writing:
                if self._writer is not None and counts:
                    with self._writer:
                        self._writer.executemany(
                            "INSERT INTO counters VALUES (?, ?, ?, ?) ON CONFLICT (space) DO UPDATE SET"
                            " hits = hits + excluded.hits, misses = misses + excluded.misses,"
                            " evictions = evictions + excluded.evictions",
                            [(space, *figures) for space, figures in counts.items()],
                        )
        except sqlite3.Error as error:
            self._trouble(error)

    def clear(self) -> None:
        """Forget every entry and every count."""
        try:
            with self._writing:
                if self._writer is not None:
                    with self._writer:
                        self._writer.execute("DELETE FROM entries")
                        self._writer.execute("DELETE FROM counters")
                    self._writer.execute("VACUUM")
        except sqlite3.Error as error:
            self._trouble(error)

    def close(self) -> None:
        """Close the file; what was written stays."""
        with self._writing:
            self._disconnect()


def sizes(path: Path) -> list[SpaceSize]:
    """What a file holds, for a look from another process. Empty when there is none. Raises ValueError for a bad one."""
    if not path.exists():
        return []
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        rows = connection.execute(
            "SELECT space, count(*), sum(length(value)), coalesce(hits, 0), coalesce(misses, 0), coalesce(evictions, 0)"
            " FROM entries LEFT JOIN counters USING (space) GROUP BY space ORDER BY space"
        ).fetchall()
    except sqlite3.Error as error:
        raise ValueError(f"{path}: {error}") from error
    finally:
        connection.close()
    return [SpaceSize(*row) for row in rows]


def cache_files(paths: Paths) -> list[Path]:
    """The files of an account's sign-ins; each lies in a folder named after the person's id."""
    return sorted(each for each in paths.cache_dir.glob("*/cache.db") if each.parent.name.isdecimal())


def _connection(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, timeout=1.0)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA cache_size = -256")
    return connection


def _written(db: sqlite3.Connection, changes: Sequence[Change], most: Mapping[str, int]) -> dict[str, int]:
    dropped: dict[str, int] = {}
    with db:
        db.executemany(
            "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)",
            [(each.space, each.key, _packed(each.value), each.at) for each in changes if each.value is not None],
        )
        db.executemany(
            "DELETE FROM entries WHERE space = ? AND key = ?",
            [(each.space, each.key) for each in changes if each.value is None],
        )
        for space in {each.space for each in changes}:
            held = db.execute("SELECT count(*) FROM entries WHERE space = ?", (space,)).fetchone()[0]
            if (over := held - most[space]) > 0:
                db.execute(
                    "DELETE FROM entries WHERE space = ?1 AND key IN"
                    " (SELECT key FROM entries WHERE space = ?1 ORDER BY at LIMIT ?2)",
                    (space, over),
                )
                dropped[space] = over
    return dropped


def _packed(value: bytes) -> bytes:
    if len(value) >= COMPRESS_FROM:
        compressed = zlib.compress(value, 6)
        if len(compressed) < len(value):
            return _ZLIB + compressed
    return _PLAIN + value


def _unpacked(stored: bytes) -> bytes:
    return zlib.decompress(stored[1:]) if stored[:1] == _ZLIB else stored[1:]
