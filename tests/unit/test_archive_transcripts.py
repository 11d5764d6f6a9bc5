"""Promises of the archive's transcripts: the newest counts, wherever its recording is, and searches hear of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.integration.jobs_help import CHAT, put_file
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import FileTask
from tobs_tui.archive.schema import SCHEMA_VERSION, archive_path
from tobs_tui.model.jobs import JobKind, JobResult, JobStatus
from tobs_tui.model.profile import MediaKind
from tobs_tui.model.transcript import Said, Transcript

SONG, NOTE = b"la la la", b"hello"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """A vault with a voice note that came twice, at 1 and 3, and a song, at 2."""
    with Archive.open(archive_path(tmp_path)) as opened:
        for ident, content in enumerate((NOTE, SONG, NOTE), start=1):
            put_file(tmp_path, opened, ident, content, MediaKind.VOICE, "audio/ogg", "a.ogg")
        yield opened


def digest(archive: Archive, ident: int) -> str:
    state = archive.file_state(CHAT, ident, 0)
    assert state is not None
    return state.sha256


def hear(archive: Archive, ident: int, *texts: str, model: str = "tiny") -> Transcript:
    transcript = Transcript(tuple(Said(float(at), at + 1.0, text) for at, text in enumerate(texts)), "en", 1.0, model)
    result = JobResult(JobKind.TRANSCRIBE, JobStatus.DONE, msgspec.msgpack.encode(transcript))
    archive.put_job_result(digest(archive, ident), model, result)
    return transcript


def test_equal_recordings_share_a_transcript_and_the_newest_is_shown(archive: Archive) -> None:
    first = hear(archive, 1, "hello")
    assert archive.transcripts_of(CHAT, 1, 3) == {(1, 0): first, (3, 0): first}
    better = hear(archive, 3, "hello", "Zoe", model="large-v3")
    assert archive.transcripts_of(CHAT, 1, 1) == {(1, 0): better}
    archive.put_job_result(digest(archive, 1), "huge", JobResult(JobKind.TRANSCRIBE, JobStatus.FAILED, reason="No."))
    assert archive.transcripts_of(CHAT, 1, 1) == {(1, 0): better}, "a failure takes nothing away"


def test_recordings_are_counted_in_which_somebody_speaks(archive: Archive) -> None:
    hear(archive, 1, "hello")
    hear(archive, 2)
    assert archive.transcript_counts() == {CHAT: 2}
    assert archive.transcripts_of(CHAT, 2, 2) == {(2, 0): Transcript((), "en", 1.0, "tiny")}


def test_a_search_hears_of_each_transcript_once_and_of_new_messages_with_an_old_one(
    archive: Archive, tmp_path: Path
) -> None:
    assert archive.texts_mark() == 0
    hear(archive, 1, "hello", "there")
    mark = archive.texts_mark()
    assert list(archive.texts_since(0)) == [(CHAT, 1), (CHAT, 3)]
    assert list(archive.texts_since(mark)) == []
    assert archive.texts_of(CHAT, [3, 2, 1]) == {1: "hello there", 3: "hello there"}
    hear(archive, 2)
    assert archive.texts_of(CHAT, [2]) == {}
    mark = archive.texts_mark()
    put_file(tmp_path, archive, 9, NOTE, MediaKind.VOICE, "audio/ogg", "a.ogg")
    assert (CHAT, 9) in list(archive.texts_since(mark)), "it came with a recording that was known"


def test_what_takes_a_recordings_place_says_the_same(archive: Archive) -> None:
    heard = hear(archive, 1, "hello")
    job = archive.job_task((CHAT, 1, 0))
    assert job is not None
    smaller = JobResult(JobKind.TRANSCODE, JobStatus.DONE, variant="ab" * 32, variant_size=3, ending="opus.ogg")
    archive.put_job_result(job.sha256, "audio", smaller)
    places = {file.task.key: f"{file.path}.opus.ogg" for file in archive.files_of_content(job.sha256)}
    archive.replace_content(job, "audio", smaller, places)
    assert digest(archive, 1) == "ab" * 32
    assert archive.transcripts_of(CHAT, 1, 3) == {(1, 0): heard, (3, 0): heard}


def test_an_archive_of_the_format_before_gets_the_table(archive: Archive, tmp_path: Path) -> None:
    hear(archive, 1, "hello")
    archive.close()
    with sqlite3.connect(archive_path(tmp_path)) as db:
        db.executescript("DROP TABLE transcripts; DROP TABLE pages; PRAGMA user_version = 4;")
    with Archive.open(archive_path(tmp_path), read_only=True) as reader:
        assert reader.texts_mark() == 0, "readers bring it up to date as well"
    with Archive.open(archive_path(tmp_path)) as again:
        assert again.transcript_counts() == {}
        again.file_done(FileTask(CHAT, 1, 0, 0, 0, MediaKind.VOICE, _file(again)), digest(again, 1), 5, "x.ogg")
        hear(again, 1, "hello", model="other")
        assert again.transcript_counts() == {CHAT: 2}
    with sqlite3.connect(archive_path(tmp_path)) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION


def _file(archive: Archive):
    task = archive.job_task((CHAT, 1, 0))
    assert task is not None
    return task.task.file
