"""What of a chat has to be written: as little as is right, and what a link looked for in vain is looked for again."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.render_help import render_chat
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.reading import FAR_ID
from tobs_tui.archive.records import ChatRecord, PageCommit, message_rows
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine import note_file, note_plan
from tobs_tui.engine.note_jobs import JoinJob, PartJob, join_parts, write_part
from tobs_tui.engine.note_plan import Occasion, SurveyJob, survey_chat
from tobs_tui.engine.vault import View
from tobs_tui.model.messages import Message, Reply
from tobs_tui.model.peers import Peer, PeerKind
from tobs_tui.model.profile import Layout, Split

CLUB, NEWS = -1_001_234_567_890, -1_000_000_000_042
MAY, DAY = 1_715_674_500, 86_400
LAYOUT = Layout(timezone="Europe/Berlin")
DAILY = Layout(timezone="Europe/Berlin", split=Split.DAY)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(archive_path(tmp_path)) as opened:
        for chat, title in ((CLUB, "Club"), (NEWS, "News")):
            opened.put_chat(ChatRecord(chat, title, title, PeerKind.SUPERGROUP))
        opened.put_peers([Peer(7, PeerKind.USER, "Zoe")])
        yield opened


def _commit(archive: Archive, *messages: Message, chat: int = CLUB, lo: int = 0) -> None:
    rows, files = message_rows(messages)
    archive.commit([PageCommit(chat, lo or messages[0].id, messages[-1].id, rows=rows, files=files)])


def _say(ident: int, date: int = 0, text: str = "hello", **parts: object) -> Message:
    return Message(ident, date or MAY + ident, sender=7, text=text, **parts)  # type: ignore[arg-type]


def test_newer_messages_make_a_note_grow_and_nothing_else_does(archive: Archive, tmp_path: Path) -> None:
    _commit(archive, *map(_say, range(10, 20)))
    assert [task.grows for task in render_chat(archive, tmp_path, CLUB, layout=LAYOUT).survey.tasks] == [False]
    _commit(archive, _say(20), _say(21))
    (grown,) = render_chat(archive, tmp_path, CLUB, layout=LAYOUT).survey.tasks
    assert (grown.grows, grown.messages) == (True, 2)
    _commit(archive, _say(15, text="edited"), _say(22))
    assert [task.grows for task in render_chat(archive, tmp_path, CLUB, layout=LAYOUT).survey.tasks] == [False]
    _commit(archive, _say(5))
    assert [task.grows for task in render_chat(archive, tmp_path, CLUB, layout=LAYOUT).survey.tasks] == [False]
    text = (tmp_path / "Club/2024-05.md").read_text()
    assert [text.count(f"\n###### m{ident}\n") for ident in (5, 10, 19, 20, 21, 22)] == [1] * 6


def test_a_growing_note_ends_in_the_bytes_of_one_written_at_once(archive: Archive, tmp_path: Path) -> None:
    note = tmp_path / "Club/2024-05.md"
    for first in range(1, 200, 7):
        _commit(
            archive, *(_say(ident, MAY + ident * 600, reply=Reply(ident // 2)) for ident in range(first, first + 7))
        )
        render_chat(archive, tmp_path, CLUB, layout=LAYOUT)
    grown = note.read_bytes()
    (known,) = archive.notes(CLUB)
    assert known.record is not None
    assert known.record.size == len(grown)
    assert len(known.record.stretches) <= note_file.SMALL_STRETCHES + 1
    assert note_file.changed_by_hand(note, known.record) == ""
    note.touch()
    assert note_file.changed_by_hand(note, known.record) == "", "the same bytes, found by reading them"
    note.unlink()
    render_chat(archive, tmp_path, CLUB, layout=LAYOUT)
    assert note.read_bytes() == grown


def test_a_huge_note_is_written_in_parts_with_the_same_bytes(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _commit(archive, *(_say(ident, MAY + ident * 90) for ident in range(1, 3001)))
    whole = render_chat(archive, tmp_path, CLUB, layout=LAYOUT)
    before = {one.note.path: (tmp_path / one.note.path).read_bytes() for one in whole.notes}
    monkeypatch.setattr(note_plan, "STRETCH", 100)
    for path in before:
        (tmp_path / path).unlink()
    parts = render_chat(archive, tmp_path, CLUB, layout=LAYOUT)
    assert max(len(task.cuts) for task in parts.survey.tasks) > 10
    assert {path: (tmp_path / path).read_bytes() for path in before} == before
    assert not list(tmp_path.rglob(f"*{note_file.TEMPORARY}"))


@pytest.mark.parametrize("removed", [1, 5, 1000], ids=["one part gone", "some gone", "all gone"])
@pytest.mark.parametrize("before", ["nothing", "a note that grows", "a note that was edited"])
def test_parts_are_joined_once_though_the_process_that_did_it_was_killed(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removed: int, before: str
) -> None:
    """It is killed when the note is in its place and its parts are being removed; another is given the same work."""
    if before != "nothing":
        _commit(archive, *(_say(ident) for ident in range(1, 300)))
        render_chat(archive, tmp_path, CLUB, layout=LAYOUT)
    _commit(archive, *(_say(ident) for ident in range(300, 3001)))
    note = tmp_path / "Club/2024-05.md"
    if before == "a note that was edited":
        note.write_text("mine")
    monkeypatch.setattr(note_plan, "STRETCH", 100)
    view = View(str(tmp_path), CLUB, layout=LAYOUT)
    (task,) = survey_chat(SurveyJob(view, Occasion.FINAL)).tasks
    assert task.grows == (before == "a note that grows")
    start = task.record.last_id if task.grows and task.record is not None else 0
    bounds = itertools.pairwise([start, *task.cuts, FAR_ID])
    jobs = [PartJob(view, task, number, *ids) for number, ids in enumerate(bounds, start=1)]
    join = JoinJob(view, task, tuple(map(write_part, jobs)))
    first = join_parts(join)
    bytes_then = note.read_bytes()
    assert bool(first.kept) == (before == "a note that was edited")
    for job in jobs[removed:]:
        write_part(job)
    assert join_parts(join) == first
    assert note.read_bytes() == bytes_then
    assert not list(tmp_path.rglob(f"*{note_file.TEMPORARY}"))


def test_a_reply_finds_its_message_when_that_comes_later(archive: Archive, tmp_path: Path) -> None:
    _commit(archive, _say(50, MAY + 2 * DAY, reply=Reply(40)), _say(51, MAY + 3 * DAY, text="next"))
    render_chat(archive, tmp_path, CLUB, layout=DAILY)
    note = tmp_path / "Club/2024-05-16.md"
    assert "t.me" in note.read_text() or "message 40" in note.read_text()
    _commit(archive, _say(40, MAY))
    assert render_chat(archive, tmp_path, CLUB, layout=DAILY, occasion=Occasion.FETCHED).changed == [
        "Club/2024-05-14.md"
    ]
    assert render_chat(archive, tmp_path, CLUB, layout=DAILY).changed == ["Club/2024-05-16.md"]
    assert "↩ [Zoe](2024-05-14.md#m40)" in note.read_text()


def test_a_name_that_was_not_known_is_shown_when_it_is(archive: Archive, tmp_path: Path) -> None:
    _commit(archive, Message(1, MAY, sender=99, text="who am I"))
    render_chat(archive, tmp_path, CLUB, layout=LAYOUT)
    archive.put_peers([Peer(99, PeerKind.USER, "Pia")])
    assert render_chat(archive, tmp_path, CLUB, layout=LAYOUT).changed == ["Club/2024-05.md"]
    assert "**Pia**" in (tmp_path / "Club/2024-05.md").read_text()


def test_links_into_another_chat_change_when_that_is_exported(archive: Archive, tmp_path: Path) -> None:
    _commit(archive, _say(1, reply=Reply(3, peer=NEWS)), _say(2))
    _commit(archive, _say(3), chat=NEWS)
    assert render_chat(archive, tmp_path, CLUB, layout=LAYOUT).survey.pointed == frozenset()
    again = render_chat(archive, tmp_path, CLUB, layout=LAYOUT, linked=frozenset({NEWS}))
    assert again.changed == ["Club/2024-05.md"]
    assert again.survey.pointed == {NEWS}
    assert "(../News/2024-05.md#m3)" in (tmp_path / "Club/2024-05.md").read_text()


def test_while_a_chat_is_fetched_only_settled_periods_are_written(archive: Archive, tmp_path: Path) -> None:
    days = [_say(ident, MAY + ident * DAY // 10) for ident in range(1, 71)]
    _commit(archive, *days[:20])
    _commit(archive, *days[25:])
    early = render_chat(archive, tmp_path, CLUB, layout=DAILY, occasion=Occasion.FETCHING)
    settled = [task.period for task in early.survey.tasks]
    assert settled == [f"2024-05-{day}" for day in (14, 15, 18, 19, 20)], "not those beside the hole, nor the newest"
    assert render_chat(archive, tmp_path, CLUB, layout=DAILY, occasion=Occasion.FETCHING).survey.tasks == ()
    _commit(archive, *days[20:25])
    final = render_chat(archive, tmp_path, CLUB, layout=DAILY)
    assert not set(settled) & {task.period for task in final.survey.tasks}
    assert sum(note.count for note in archive.notes(CLUB)) == 70


def test_another_programs_file_in_a_notes_place_is_kept_aside(archive: Archive, tmp_path: Path) -> None:
    note = tmp_path / "Club/2024-05.md"
    note.parent.mkdir()
    note.write_text("a diary of mine")
    _commit(archive, _say(1))
    (written,) = render_chat(archive, tmp_path, CLUB, layout=LAYOUT).notes
    assert (tmp_path / written.kept).read_text() == "a diary of mine"
    assert "###### m1" in note.read_text()


def test_a_note_changed_by_hand_is_kept_aside_when_another_layout_removes_it(archive: Archive, tmp_path: Path) -> None:
    _commit(archive, _say(1))
    render_chat(archive, tmp_path, CLUB, layout=LAYOUT)
    note = tmp_path / "Club/2024-05.md"
    note.write_text("rewritten")
    result = render_chat(archive, tmp_path, CLUB, layout=DAILY, everything=True)
    assert not note.exists()
    assert [(tmp_path / one.kept).read_text() for one in result.notes if one.kept] == ["rewritten"]


def test_an_archive_of_the_first_format_keeps_its_register(tmp_path: Path) -> None:
    path = archive_path(tmp_path)
    with Archive.open(path) as archive:
        archive.put_chat(ChatRecord(CLUB, "Club", "Club", PeerKind.SUPERGROUP))
        _commit(archive, _say(1))
    db = sqlite3.connect(path)
    db.executescript(
        """DROP TABLE notes; DROP TABLE finished; DROP TABLE versions; DROP TABLE refreshed;
        DROP INDEX files_of_content; DROP TABLE job_results; DROP TABLE variant_links; DROP TABLE replaced;
        DROP TABLE transcripts; DROP TABLE pages;
        ALTER TABLE days DROP COLUMN added;
        CREATE TABLE rendered (path TEXT PRIMARY KEY, chat INTEGER NOT NULL, topic INTEGER NOT NULL,
            count INTEGER NOT NULL, sha256 TEXT NOT NULL) WITHOUT ROWID;
        PRAGMA user_version = 1;"""
    )
    db.execute("INSERT INTO rendered VALUES ('Club/2024.md', ?, 0, 1, 'x')", (CLUB,))
    db.commit()
    db.close()
    (tmp_path / "Club").mkdir()
    (tmp_path / "Club/2024.md").write_text("of the first format")
    with Archive.open(path) as archive:
        render_chat(archive, tmp_path, CLUB, layout=LAYOUT, everything=True)
    assert [note.name for note in (tmp_path / "Club").iterdir()] == ["2024-05.md"]
