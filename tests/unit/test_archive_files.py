"""The book of files: what is pending, what became of each, what is known already, and how much there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import (
    ChatRecord,
    FileFilter,
    FileRow,
    FileScope,
    FileStatus,
    FileTotals,
    PageCommit,
    Row,
    StoredFile,
    TopicRecord,
)
from tobs_tui.model.media import File, FileKind
from tobs_tui.model.peers import PeerKind, Topic
from tobs_tui.model.profile import MediaKind

ALL = FileFilter((FileScope(1), FileScope(2)))


def file(ident: int, size: int = 100, reference: bytes = b"r") -> File:
    return File(FileKind.DOCUMENT, ident, 1, reference, 2, size)


def page(chat: int, *files: FileRow) -> PageCommit:
    ids = sorted({row.message_id for row in files})
    rows = tuple(Row(ident, next(f.date for f in files if f.message_id == ident), 0, 0, b"\x80") for ident in ids)
    return PageCommit(chat, ids[0], ids[-1], 0, rows, files)


def row(message: int, ident: int, *, kind: MediaKind = MediaKind.FILE, topic: int = 0, date: int = 0, size: int = 100):
    return FileRow(message, 0, topic, date or message * 1000, kind, file(ident, size))


@pytest.fixture
def archive(tmp_path: Path):
    with Archive.open(tmp_path / "archive.db") as archive:
        yield archive


def test_pending_files_come_in_order_and_in_pages(archive: Archive) -> None:
    archive.commit([page(2, row(1, 11), row(2, 12)), page(1, *(row(ident, ident) for ident in range(1, 6)))])
    keys = []
    after = None
    while batch := archive.pending_files(ALL, 3, after):
        keys += [task.key for task in batch]
        after = keys[-1]
    assert keys == [(1, ident, 0) for ident in range(1, 6)] + [(2, 1, 0), (2, 2, 0)]


def test_the_filter_chooses_by_kind_size_topic_and_date(archive: Archive) -> None:
    archive.commit(
        [
            page(
                1,
                row(1, 1, kind=MediaKind.VIDEO),
                row(2, 2, size=500),
                row(3, 3, topic=7),
                row(4, 4, date=99),
                row(5, 5),
            )
        ]
    )

    def chosen(**wanted: object) -> list[int]:
        scope = wanted.pop("scope", FileScope(1))
        return [task.message_id for task in archive.pending_files(FileFilter((scope,), **wanted), 99)]

    assert chosen() == [1, 2, 3, 4, 5]
    assert chosen(kinds=(MediaKind.VIDEO,)) == [1]
    assert chosen(kinds=()) == []
    assert chosen(max_size=100) == [1, 3, 4, 5]
    assert chosen(scope=FileScope(1, (7,))) == [3]
    assert chosen(date_from=1000) == [1, 2, 3, 5]
    assert chosen(date_to=2000) == [1, 4]


def test_a_file_done_is_no_longer_pending_and_its_content_is_known(archive: Archive) -> None:
    archive.commit([page(1, row(1, 7), row(2, 7))])
    task = archive.pending_files(ALL, 1)[0]
    assert archive.known_file(task.file) is None
    archive.file_done(task, "ab" * 32, 100, "chat/media/m1.bin")
    state = archive.file_state(1, 1, 0)
    assert state is not None
    assert (state.status, state.path, state.size) == (FileStatus.DONE, "chat/media/m1.bin", 100)
    assert [task.message_id for task in archive.pending_files(ALL, 9)] == [2]
    assert archive.known_file(file(7, reference=b"another reference")) == StoredFile("ab" * 32, 100)
    assert archive.file_states(1, 1, 9).keys() == {(1, 0), (2, 0)}


def test_a_fresh_reference_keeps_what_was_downloaded_but_another_file_does_not(archive: Archive) -> None:
    archive.commit([page(1, row(1, 7))])
    archive.file_done(archive.pending_files(ALL, 1)[0], "ab" * 32, 100, "m1.bin")
    fresh = FileRow(1, 0, 0, 1000, MediaKind.FILE, file(7, reference=b"fresh"))
    archive.commit([page(1, fresh)])
    assert archive.pending_files(ALL, 9) == []
    archive.commit([page(1, row(1, 8))])
    assert [task.file.id for task in archive.pending_files(ALL, 9)] == [8]
    assert archive.file_state(1, 1, 0).path == ""  # type: ignore[union-attr]


def test_a_failure_has_a_reason_touches_its_day_and_is_tried_again_by_the_next_run(archive: Archive) -> None:
    archive.commit([page(1, row(1, 7))])
    for touched in archive.touched(1):
        archive.put_notes(1, shown=[touched])
    task = archive.pending_files(ALL, 1)[0]
    archive.file_failed(task, "It is gone.")
    assert archive.pending_files(ALL, 9) == []
    state = archive.file_state(1, 1, 0)
    assert state is not None
    assert (state.status, state.reason) == (FileStatus.FAILED, "It is gone.")
    assert len(archive.touched(1)) == 1
    assert archive.retry_failed_files(ALL) == 1
    assert len(archive.pending_files(ALL, 9)) == 1


def test_a_day_is_touched_whenever_a_note_would_say_something_else_of_its_files(archive: Archive) -> None:
    def touched_since() -> int:
        days = archive.touched(1)
        for day in days:
            archive.put_notes(1, shown=[day])
        return len(days)

    archive.commit([page(1, row(1, 7))])
    assert touched_since() == 1
    task = archive.pending_files(ALL, 1)[0]
    archive.file_done(task, "ab" * 32, 100, "m1.bin")
    assert touched_since() == 1
    archive.file_done(task, "ab" * 32, 100, "m1.bin")
    assert touched_since() == 0
    archive.file_lost(task)
    assert touched_since() == 1
    archive.file_failed(task, "It is gone.")
    assert touched_since() == 1
    assert archive.retry_failed_files(ALL) == 1
    assert touched_since() == 1
    assert archive.retry_failed_files(ALL) == 0
    assert touched_since() == 0


def test_totals_are_sums_by_chat_and_topic(archive: Archive) -> None:
    archive.commit([page(1, row(1, 1), row(2, 2, size=900), row(3, 3, topic=5), row(4, 4, kind=MediaKind.VIDEO))])
    tasks = archive.pending_files(ALL, 9)
    archive.file_done(tasks[0], "00" * 32, 100, "a")
    archive.file_failed(tasks[2], "no")
    wanted = FileFilter((FileScope(1),), kinds=(MediaKind.FILE,), max_size=1000)
    assert archive.file_totals(wanted) == [
        FileTotals(1, 0, total=2, done=1, failed=0, bytes_total=1000, bytes_done=100, excluded=1),
        FileTotals(1, 5, total=1, done=0, failed=1, bytes_total=100, bytes_done=0, excluded=0),
    ]


def test_folders_of_chats_and_topics_are_frozen_when_first_stored(archive: Archive) -> None:
    archive.put_chat(ChatRecord(1, "Old", "Old (g1)", PeerKind.GROUP))
    stored = archive.put_chat(ChatRecord(1, "New", "New (g1)", PeerKind.GROUP, about="now with words"))
    assert (stored.title, stored.folder, stored.about) == ("New", "Old (g1)", "now with words")
    assert archive.chat(1) == stored
    assert archive.chats() == [stored]
    archive.put_topics(1, [TopicRecord(Topic(3, "Old"), "Old (t3)")])
    topics = archive.put_topics(1, [TopicRecord(Topic(3, "New"), "New (t3)"), TopicRecord(Topic(1, "General"), "g")])
    assert [(known.topic.title, known.folder) for known in topics] == [("General", "g"), ("New", "Old (t3)")]
