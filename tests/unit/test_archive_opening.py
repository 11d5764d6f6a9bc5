"""Opening an archive: what cannot be used is named with its reason; one run at a time holds a vault."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.lock import VaultLock
from tobs_tui.archive.records import PageCommit, Row
from tobs_tui.archive.schema import SCHEMA_VERSION, archive_path, output_error
from tobs_tui.model.errors import ErrorCode, TobsError


def code_of(caught: pytest.ExceptionInfo[TobsError]) -> ErrorCode:
    assert caught.value.sentence.endswith("."), "a sentence for the person"
    return caught.value.code


def test_an_archive_is_made_where_there_is_none(tmp_path: Path) -> None:
    path = archive_path(tmp_path / "new" / "vault")
    Archive.open(path).close()
    assert path.is_file()
    with Archive.open(path, read_only=True) as archive:
        assert archive.chats() == []


def test_a_missing_archive_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TobsError) as caught:
        Archive.open(archive_path(tmp_path), read_only=True)
    assert code_of(caught) is ErrorCode.ARCHIVE_UNUSABLE


def test_a_newer_format_is_refused_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    Archive.open(path).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(TobsError) as caught:
        Archive.open(path)
    assert code_of(caught) is ErrorCode.ARCHIVE_UNUSABLE
    assert "newer" in caught.value.sentence
    assert caught.value.way_on == "Update tobs."


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (a)")
    before = path.read_bytes()
    with pytest.raises(TobsError) as caught:
        Archive.open(path)
    assert code_of(caught) is ErrorCode.ARCHIVE_UNUSABLE
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "junk", [b"this is not a database at all, but some text" * 50, b"SQLite format 3\0" + b"\xff" * 9000]
)
def test_a_damaged_file_is_said_to_be_unusable(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "archive.db"
    path.write_bytes(junk)
    with pytest.raises(TobsError) as caught:
        Archive.open(path)
    assert code_of(caught) is ErrorCode.ARCHIVE_UNUSABLE


def test_damage_met_while_reading_is_a_sentence_too(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    with Archive.open(path) as archive:
        archive.commit([PageCommit(1, 1, 5000, 0, tuple(Row(n, n, 0, 0, b"\x80" * 200) for n in range(1, 5001)))])
    with path.open("r+b") as file:
        for offset in range(8192 * 30, path.stat().st_size, 8192):
            file.seek(offset)
            file.write(b"\xee" * 8192)
    with pytest.raises(TobsError) as caught, Archive.open(path) as archive:
        archive.senders(1)
    assert code_of(caught) is ErrorCode.ARCHIVE_UNUSABLE


def test_an_output_that_is_no_folder_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "vault").write_text("a file")
    for use in (Archive.open, lambda path: VaultLock(path.parent.parent).acquire()):
        with pytest.raises(TobsError) as caught:
            use(archive_path(tmp_path / "vault"))
        assert code_of(caught) is ErrorCode.OUTPUT_NOT_WRITABLE


def test_a_read_only_folder_is_not_writable(tmp_path: Path) -> None:
    if os.geteuid() == 0:  # nothing is read-only to root but what the system itself keeps so
        path = Path("/proc/self/vault")
    else:
        path = tmp_path / "vault"
        path.mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(TobsError) as caught:
        Archive.open(archive_path(path))
    assert code_of(caught) is ErrorCode.OUTPUT_NOT_WRITABLE


def test_a_full_disk_is_told_from_a_forbidden_one(tmp_path: Path) -> None:
    assert output_error(OSError(28, "No space left on device"), tmp_path).code is ErrorCode.DISK_FULL
    assert output_error(OSError(13, "Permission denied"), tmp_path).code is ErrorCode.OUTPUT_NOT_WRITABLE


def test_readers_see_what_the_writer_commits(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    with Archive.open(path) as writer, Archive.open(path, read_only=True) as reader:
        assert reader.count(1) == 0
        writer.commit([PageCommit(1, 1, 2, 0, (Row(1, 5, 0, 0, b"\x80"), Row(2, 6, 0, 0, b"\x80")))])
        assert reader.count(1) == 2
        with pytest.raises(TobsError):
            reader.commit([PageCommit(1, 3, 3)])


def test_a_slow_reader_does_not_hold_up_the_writer(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    from tobs_tui.archive.records import message_rows
    from tobs_tui.model.messages import Message

    rows, _ = message_rows(Message(id=ident, date=ident) for ident in range(1, 1201))
    with Archive.open(path) as writer, Archive.open(path, read_only=True) as reader:
        writer.commit([PageCommit(1, 1, 1200, 0, rows)])
        messages = reader.messages(1)
        next(messages)
        writer.commit([PageCommit(1, 1201, 1201)])
        with writer.reading() as db:
            busy, in_log, folded = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert (busy, in_log, folded) == (0, 0, 0), "the reader holds no transaction between its chunks"
        assert sum(1 for _ in messages) == 1199


def test_a_vault_is_used_by_one_run_at_a_time(tmp_path: Path) -> None:
    with VaultLock(tmp_path):
        with pytest.raises(TobsError) as caught:
            VaultLock(tmp_path).acquire()
        assert code_of(caught) is ErrorCode.VAULT_IN_USE
        assert str(os.getpid()) in caught.value.sentence
    VaultLock(tmp_path).acquire().release()


HOLD = """
import sys, pathlib
from tobs_tui.archive.lock import VaultLock
lock = VaultLock(pathlib.Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_killed_run_leaves_its_vault_free(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(TobsError) as caught:
        VaultLock(tmp_path).acquire()
    assert caught.value.code is ErrorCode.VAULT_IN_USE
    holder.kill()
    holder.communicate()
    VaultLock(tmp_path).acquire().release()


def test_a_forked_worker_does_not_keep_the_vault(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    begun, end = context.Event(), context.Event()

    def work() -> None:
        begun.set()
        end.wait()

    lock = VaultLock(tmp_path).acquire()
    worker = context.Process(target=work)
    worker.start()
    begun.wait()  # from here on the child has given up its share
    try:
        with pytest.raises(TobsError):
            VaultLock(tmp_path).acquire()  # the worker's exit from the lock is not the run's
        lock.abandon()  # as the end of the process would
        VaultLock(tmp_path).acquire().release()
    finally:
        end.set()
        worker.join()
