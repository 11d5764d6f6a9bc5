"""The archive's tables, opening and checking a database, transactions, and SQLite's errors as sentences.

Durability: WAL with synchronous=NORMAL. A transaction that has returned survives a kill of the process at any instant,
because its pages are in the operating system's hands. A power cut may lose the newest transactions, never a part of
one: records and ledger go together, so a rerun fetches again exactly what is gone (https://sqlite.org/wal.html).
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from tobs_tui.archive.page_sums import PageSums
from tobs_tui.config.vault_folder import INTERNAL_FOLDER
from tobs_tui.model.errors import ErrorCode, TobsError

APPLICATION_ID = int.from_bytes(b"tobs", "big")
SCHEMA_VERSION = 6
BUSY_MS = 30_000
CHECKPOINT_PAGES = 6_000  # of 8 KiB: the WAL stays around 48 MiB; a quarter faster than with SQLite's own 1,000
_LONGEST_NAME = 1024
SPACE_FLOOR = 1 << 20  # bytes; an I/O error with less free space than this is a full disk

NOTES = """
CREATE TABLE notes (
    path TEXT PRIMARY KEY, chat INTEGER NOT NULL, topic INTEGER NOT NULL, count INTEGER NOT NULL,
    busy INTEGER NOT NULL, record BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX notes_of_chat ON notes (chat, topic);
CREATE TABLE finished (
    chat INTEGER PRIMARY KEY, open INTEGER NOT NULL, pointed BLOB NOT NULL, options TEXT NOT NULL);
"""

VERSIONS = """
CREATE TABLE versions (
    chat INTEGER NOT NULL, id INTEGER NOT NULL, number INTEGER NOT NULL, seen INTEGER NOT NULL,
    edited INTEGER NOT NULL, blob BLOB NOT NULL, PRIMARY KEY (chat, id, number)) WITHOUT ROWID;
CREATE TABLE refreshed (chat INTEGER PRIMARY KEY, pts INTEGER NOT NULL, seen INTEGER NOT NULL);
"""

JOBS = """
CREATE INDEX files_of_content ON files (sha256) WHERE sha256 <> '';
CREATE TABLE job_results (
    sha256 TEXT NOT NULL, kind TEXT NOT NULL, options TEXT NOT NULL, status INTEGER NOT NULL, record BLOB NOT NULL,
    reason TEXT NOT NULL, variant TEXT NOT NULL, variant_size INTEGER NOT NULL, ending TEXT NOT NULL,
    PRIMARY KEY (sha256, kind, options)) WITHOUT ROWID;
CREATE INDEX job_variants ON job_results (kind, options) WHERE variant <> '';
CREATE INDEX jobs_failed ON job_results (kind, options) WHERE status = 2;
CREATE TABLE variant_links (
    chat INTEGER NOT NULL, message INTEGER NOT NULL, idx INTEGER NOT NULL, sha256 TEXT NOT NULL, path TEXT NOT NULL,
    PRIMARY KEY (chat, message, idx)) WITHOUT ROWID;
CREATE TABLE replaced (
    original TEXT PRIMARY KEY, variant TEXT NOT NULL, ending TEXT NOT NULL, removed INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX replaced_by ON replaced (variant);
"""

TRANSCRIPTS = """
CREATE TABLE transcripts (
    sha256 TEXT PRIMARY KEY, options TEXT NOT NULL, words INTEGER NOT NULL, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX transcripts_by_number ON transcripts (number);
"""

PAGES = """
CREATE TABLE pages (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, sha256 BLOB NOT NULL, mtime_ns INTEGER NOT NULL) WITHOUT ROWID;
"""
"""The index pages, and whatever else a vault has that is no note: what each holds."""

_STEPS = {
    1: f"""ALTER TABLE days ADD COLUMN added INTEGER NOT NULL DEFAULT 0; {NOTES}
    INSERT INTO notes SELECT path, chat, topic, count, 0, x'' FROM rendered; DROP TABLE rendered;""",
    2: VERSIONS,
    3: JOBS,
    4: TRANSCRIPTS,
    5: PAGES,
}
"""What brings an archive of each older format to the next one."""

SCHEMA = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE messages (
    chat INTEGER NOT NULL, id INTEGER NOT NULL, date INTEGER NOT NULL, topic INTEGER NOT NULL,
    sender INTEGER NOT NULL, blob BLOB NOT NULL, PRIMARY KEY (chat, id)) WITHOUT ROWID;
CREATE INDEX messages_of_topic ON messages (chat, topic, id) WHERE topic > 0;
CREATE TABLE ledger (
    chat INTEGER NOT NULL, scope INTEGER NOT NULL, lo INTEGER NOT NULL, hi INTEGER NOT NULL,
    PRIMARY KEY (chat, scope, lo)) WITHOUT ROWID;
CREATE TABLE days (
    chat INTEGER NOT NULL, topic INTEGER NOT NULL, day INTEGER NOT NULL, count INTEGER NOT NULL,
    first_id INTEGER NOT NULL, last_id INTEGER NOT NULL, first_date INTEGER NOT NULL, last_date INTEGER NOT NULL,
    touched INTEGER NOT NULL, added INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (chat, topic, day)) WITHOUT ROWID;
CREATE TABLE peers (id INTEGER PRIMARY KEY, record BLOB NOT NULL);
CREATE TABLE chats (id INTEGER PRIMARY KEY, record BLOB NOT NULL);
CREATE TABLE topics (
    chat INTEGER NOT NULL, id INTEGER NOT NULL, record BLOB NOT NULL, PRIMARY KEY (chat, id)) WITHOUT ROWID;
CREATE TABLE files (
    chat INTEGER NOT NULL, message INTEGER NOT NULL, idx INTEGER NOT NULL, topic INTEGER NOT NULL,
    date INTEGER NOT NULL, kind TEXT NOT NULL, size INTEGER NOT NULL, status INTEGER NOT NULL,
    identity TEXT NOT NULL, record BLOB NOT NULL, sha256 TEXT NOT NULL DEFAULT '', path TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '', PRIMARY KEY (chat, message, idx)) WITHOUT ROWID;
CREATE INDEX files_pending ON files (chat, message, idx) WHERE status = 0;
CREATE TABLE known_files (identity TEXT PRIMARY KEY, sha256 TEXT NOT NULL, size INTEGER NOT NULL) WITHOUT ROWID;
{NOTES}{VERSIONS}{JOBS}{TRANSCRIPTS}{PAGES}"""


_KEPT_IN = "kept in: "
"""What a file in the inner folder's place begins with; the name of the folder beside the vault follows."""


def internal_folder(vault: Path) -> Path:
    """Where a vault keeps what the program needs and a reader does not: in it, or beside it (see `keep_apart`)."""
    place = vault / INTERNAL_FOLDER
    return kept_apart(vault) or place


def kept_apart(vault: Path) -> Path | None:
    """The folder beside a vault that its inner folder was put into; None for most vaults.

    As a file named .git leads to a repository (https://git-scm.com/docs/gitrepository-layout); but only to a folder
    next to the vault, whoever has written the file.
    """
    place = vault / INTERNAL_FOLDER
    if not place.is_file():  # opening a pipe would wait for ever
        return None
    try:
        with place.open(encoding="utf-8", errors="replace") as file:
            told = file.readline(_LONGEST_NAME).rstrip("\n")
    except OSError:
        return None
    name = told.removeprefix(_KEPT_IN)
    plain = name != told and name.endswith(INTERNAL_FOLDER) and name != INTERNAL_FOLDER
    return vault.with_name(name) if plain and not {"/", "\\", "\0"}.intersection(name) else None


def keep_apart(vault: Path, *, wanted: bool) -> None:
    """Where wanted, have a new vault's inner folder lie beside it: who hands on the vault does not hand on that, then.

    It stays in the vault where there is no place beside it: at the root of a disk, or in another person's folder.
    """
    place, beside = vault / INTERNAL_FOLDER, vault.with_name(f"{vault.name}{INTERNAL_FOLDER}")
    if not wanted or os.path.lexists(place) or not vault.name:
        return
    with contextlib.suppress(OSError):
        vault.mkdir(parents=True, exist_ok=True)
        beside.mkdir(mode=0o700, exist_ok=True)
        ours = (beside / "archive.db").is_file() or not any(beside.iterdir())
        if ours and beside.stat().st_dev == vault.stat().st_dev:
            draft = place.with_name(f"{INTERNAL_FOLDER}.new")
            draft.write_text(f"{_KEPT_IN}{beside.name}\n", encoding="utf-8")
            draft.replace(place)


def path_from(vault: Path, path: Path) -> str:
    """A path as a person finds it from a vault, with slashes."""
    return Path(os.path.relpath(path, vault)).as_posix()


def archive_path(vault: Path) -> Path:
    """Where a vault keeps its archive database."""
    return internal_folder(vault) / "archive.db"


def prepare_folder(folder: Path) -> None:
    """Make a folder and see that it takes files. Raises TobsError OUTPUT_NOT_WRITABLE or DISK_FULL."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / "write-check"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise output_error(error, folder) from error


def output_error(error: OSError, path: Path) -> TobsError:
    """The error for the person behind a failed write below `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return TobsError(
            ErrorCode.DISK_FULL, f"The disk that holds {path} is full.", "Free some space, then run again: it goes on."
        )
    if isinstance(error, IsADirectoryError):
        place = os.fsdecode(error.filename2 or error.filename or path)
        return TobsError(
            ErrorCode.OUTPUT_NOT_WRITABLE,
            f"Cannot write {place}: a folder is there, where a file belongs.",
            "Move that folder away, then run again: it goes on.",
            field="output",
        )
    return TobsError(
        ErrorCode.OUTPUT_NOT_WRITABLE,
        f"Cannot write to {path}: {error.strerror or error}.",
        "Choose another output folder, or change its permissions.",
        field="output",
    )


def _translate(error: sqlite3.Error, path: Path) -> TobsError:
    """The error for the person behind a failed SQL statement."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    full = code == sqlite3.SQLITE_FULL
    if code == sqlite3.SQLITE_IOERR:
        with contextlib.suppress(OSError):  # a folder that is gone has no free space to tell
            full = shutil.disk_usage(path.parent).free < SPACE_FLOOR
    if full:
        return TobsError(
            ErrorCode.DISK_FULL, f"The disk that holds {path} is full.", "Free some space, then run again: it goes on."
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return TobsError(
            ErrorCode.OUTPUT_NOT_WRITABLE,
            f"Cannot write the archive {path}: {error}.",
            "Choose another output folder, or change its permissions.",
            field="output",
        )
    if code == sqlite3.SQLITE_BUSY:
        return TobsError(
            ErrorCode.VAULT_IN_USE, f"Another program keeps the archive {path} locked.", "Try again later."
        )
    return TobsError(
        ErrorCode.ARCHIVE_UNUSABLE,
        f"The archive {path} cannot be used: {error}.",
        "Restore it from a backup, or export into another folder.",
    )


@contextlib.contextmanager
def sql_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors within the block into TobsErrors that name `path`."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translate(error, path) from error


def _check_identity(db: sqlite3.Connection, path: Path) -> bool:
    """Whether the database is one of ours (False: a new, empty one). Raises TobsError ARCHIVE_UNUSABLE otherwise."""
    application = db.execute("PRAGMA application_id").fetchone()[0]
    version = _version(db)
    if application == 0 and version == 0 and db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
        return False
    if application != APPLICATION_ID:
        raise TobsError(
            ErrorCode.ARCHIVE_UNUSABLE,
            f"{path} is a database of another program.",
            "Choose another output folder.",
            field="output",
        )
    if version > SCHEMA_VERSION:
        raise TobsError(
            ErrorCode.ARCHIVE_UNUSABLE,
            f"The archive {path} was written by a newer tobs: format {version}, this one reads {SCHEMA_VERSION}.",
            "Update tobs.",
        )
    return True


def _create(db: sqlite3.Connection) -> None:
    """Make the tables, in one transaction together with what tells them from others'."""
    db.executescript(
        f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA application_id = {APPLICATION_ID};"
        f" PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
    )


def _bring_up(db: sqlite3.Connection) -> None:
    """Bring an archive of an older format to this one, each step in a transaction of its own."""
    while (version := _version(db)) < SCHEMA_VERSION:
        db.executescript(f"BEGIN IMMEDIATE; {_STEPS[version]} PRAGMA user_version = {version + 1}; COMMIT;")


def connect(path: Path, *, read_only: bool, cache_kib: int = 32_768, sealed: bool = False) -> sqlite3.Connection:
    """An open connection to the archive at `path`, made when missing unless `read_only`. SQLite caches `cache_kib`.

    One of an older format is brought to this one first, for readers, too. One that is `sealed` is read as the file that
    it is, without a trace beside it, also where nothing can be written: nobody may write to it meanwhile.

    Raises TobsError ARCHIVE_UNUSABLE (not an archive, damaged, newer, or missing and `read_only`), OUTPUT_NOT_WRITABLE
    or DISK_FULL.
    """
    if read_only and not path.is_file():
        raise TobsError(ErrorCode.ARCHIVE_UNUSABLE, f"There is no archive at {path}.", "Export something there first.")
    if not read_only:
        prepare_folder(path.parent)
    with sql_errors(path):
        db = _opened(path, read_only, cache_kib, sealed)
        if read_only and _version(db) < SCHEMA_VERSION:
            db.close()
            Database(path, _opened(path, False, cache_kib)).close()
            db = _opened(path, read_only, cache_kib, sealed)
    return db


def _opened(path: Path, read_only: bool, cache_kib: int, sealed: bool = False) -> sqlite3.Connection:
    # Autocommit: every transaction here is opened by name. One thread at a time, not always the same one.
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}{'&immutable=1' if sealed else ''}"
    db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000)
    try:
        _configure(db, path, read_only, cache_kib)
    except BaseException:
        db.close()
        raise
    return db


def _version(db: sqlite3.Connection) -> int:
    """The format of an archive."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _configure(db: sqlite3.Connection, path: Path, read_only: bool, cache_kib: int) -> None:
    """Check whose database it is, and set what SQLite keeps by connection."""
    if not read_only:
        db.execute("PRAGMA page_size = 8192")  # matters for a new file only
    known = _check_identity(db, path)
    db.execute(f"PRAGMA cache_size = -{cache_kib}")  # negative: KiB
    if read_only:
        if not known:
            raise TobsError(
                ErrorCode.ARCHIVE_UNUSABLE, f"The archive {path} is empty.", "Export something there first."
            )
        return
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA wal_autocheckpoint = 0")  # `Database` makes them: before each the pages' sums are taken
    if not known:
        _create(db)
    _bring_up(db)


class Database:
    """An open archive: the connection that the archive's parts share, and its transactions."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self.path = path
        self._db = db
        writes = db.execute("PRAGMA wal_autocheckpoint").fetchone()[0] == 0
        self._sums = PageSums(path, db.execute("PRAGMA page_size").fetchone()[0]) if writes else None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing: commits at the block's end, rolls back when it raises."""
        with sql_errors(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk makes SQLite roll back by itself
                    self._db.execute("ROLLBACK")
                raise
            if self._sums is not None and self._sums.waiting() >= CHECKPOINT_PAGES:
                self._sums.take()
                self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection for statements that change nothing."""
        with sql_errors(self.path):
            yield self._db

    def interrupt(self) -> None:
        """End what another thread is asking this connection, with an error there."""
        self._db.interrupt()

    def close(self) -> None:
        """Close the connection; the last one to close folds the WAL into the database. Raises TobsError."""
        with sql_errors(self.path):
            if self._sums is not None:
                self._sums.take()
            self._db.close()
            if self._sums is not None:
                self._sums.close()
