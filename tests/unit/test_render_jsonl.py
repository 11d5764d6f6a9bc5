"""JSON lines beside the notes: the records as they are, growing and going as notes do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks.render import scene_of
from tests.render_help import render_chat
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import ChatRecord, PageCommit, message_rows
from tobs_tui.archive.schema import archive_path
from tobs_tui.model.media import File, FileKind, Photo
from tobs_tui.model.messages import Message, Reaction, ReactionKind, Reply
from tobs_tui.model.peers import Peer, PeerKind
from tobs_tui.model.profile import Format, Layout
from tobs_tui.model.text import Entity, EntityKind
from tobs_tui.render.jsonl import JsonlRenderer

CLUB, MAY = -1_001_234_567_890, 1_715_674_500
BOTH = Layout(timezone="Europe/Berlin", formats=(Format.MARKDOWN, Format.JSONL))
PLAIN = Layout(timezone="Europe/Berlin")
ONLY = Layout(timezone="Europe/Berlin", formats=(Format.JSONL,))


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(archive_path(tmp_path)) as opened:
        opened.put_chat(ChatRecord(CLUB, "Club", "Club", PeerKind.SUPERGROUP))
        opened.put_peers([Peer(7, PeerKind.USER, "Zoe")])
        yield opened


def _commit(archive: Archive, *messages: Message) -> None:
    rows, files = message_rows(messages)
    archive.commit([PageCommit(CLUB, messages[0].id, messages[-1].id, rows=rows, files=files)])


def _say(ident: int, text: str = "hello", **parts: Any) -> Message:
    return Message(ident, MAY + ident, sender=7, text=text, **parts)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_message_is_a_line_with_all_that_its_record_holds(archive: Archive, tmp_path: Path) -> None:
    message = _say(
        2,
        "👍 bold",
        entities=(Entity(EntityKind.BOLD, 3, 4),),
        reply=Reply(1),
        reactions=(Reaction(ReactionKind.EMOJI, 3, "👍"),),
    )
    _commit(archive, _say(1), message)
    render_chat(archive, tmp_path, CLUB, layout=BOTH)
    head, first, second = _lines(tmp_path / "Club/2024-05.jsonl")
    assert (head["type"], head["version"], head["chat_id"], head["timezone"]) == ("note", 1, CLUB, "Europe/Berlin")
    assert (first["id"], first["sender_name"], first["time"]) == (1, "Zoe", "2024-05-14T10:15:01+02:00")
    extra = {key: second.pop(key) for key in ("type", "time", "sender_name")}
    assert extra["type"] == "message"
    assert msgspec.convert(second, Message) == message


def test_files_are_told_by_path_or_reason_and_without_their_keys() -> None:
    file = File(FileKind.PHOTO, 5, 987_654_321, b"secret", 2, 100)
    text = JsonlRenderer(scene_of(CLUB, {})).chunk([_say(3, media=Photo(file, 10, 20))])
    line = json.loads(text)
    assert line["files"] == [{"path": "media/2024-05/m3.jpg"}]
    assert (line["media"]["kind"], line["media"]["file"]["size"]) == ("photo", 100)
    assert "987654321" not in text
    assert "reference" not in text


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8"), min_size=1))
def test_whatever_is_written_stays_within_its_line(text: str, name: str) -> None:
    lines = JsonlRenderer(scene_of(CLUB, {7: name})).chunk([_say(1, text), _say(2)]).splitlines()
    assert [json.loads(line)["id"] for line in lines] == [1, 2]
    assert (json.loads(lines[0]).get("text", ""), json.loads(lines[0])["sender_name"]) == (text, name)


def test_both_formats_grow_by_appending_and_end_in_the_same_bytes(archive: Archive, tmp_path: Path) -> None:
    note, lines = tmp_path / "Club/2024-05.md", tmp_path / "Club/2024-05.jsonl"
    before = b""
    for first in range(1, 60, 7):
        _commit(archive, *map(_say, range(first, first + 7)))
        rendered = render_chat(archive, tmp_path, CLUB, layout=BOTH)
        assert [task.grows for task in rendered.survey.tasks] == [first > 1] * 2
        assert rendered.messages in (7, first + 6)  # each message counts once
        assert lines.read_bytes().startswith(before)
        before = lines.read_bytes()
    grown = note.read_bytes(), lines.read_bytes()
    note.unlink()
    lines.unlink()
    assert sorted(render_chat(archive, tmp_path, CLUB, layout=BOTH).changed) == [
        "Club/2024-05.jsonl",
        "Club/2024-05.md",
    ]
    assert (note.read_bytes(), lines.read_bytes()) == grown


def test_files_of_a_format_come_and_go_with_the_profile(archive: Archive, tmp_path: Path) -> None:
    _commit(archive, _say(1), _say(2))
    for layout, endings in ((PLAIN, [".md"]), (BOTH, [".jsonl", ".md"]), (ONLY, [".jsonl"]), (PLAIN, [".md"])):
        render_chat(archive, tmp_path, CLUB, everything=True, layout=layout)
        assert sorted(path.suffix for path in (tmp_path / "Club").iterdir()) == endings
        assert [count for _, _, count in archive.note_counts(CLUB)] == [2]


def test_lines_that_a_person_changed_are_kept(archive: Archive, tmp_path: Path) -> None:
    _commit(archive, _say(1))
    render_chat(archive, tmp_path, CLUB, layout=BOTH)
    (tmp_path / "Club/2024-05.jsonl").write_text("mine")
    _commit(archive, _say(2))
    kept = [one.kept for one in render_chat(archive, tmp_path, CLUB, layout=BOTH).notes if one.kept]
    assert [(tmp_path / path).read_text() for path in kept] == ["mine"]
