"""What counts as a change, and what the archive makes of another look at its messages: nothing is ever lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import FileStatus, PageCommit, message_rows
from tobs_tui.archive.refreshing import RefreshMark, Reread
from tobs_tui.archive.schema import archive_path
from tobs_tui.model.changes import Change, change_between
from tobs_tui.model.errors import TobsError
from tobs_tui.model.media import File, FileKind, Photo, Poll, PollOption, WebPage
from tobs_tui.model.messages import Message, Reaction, ReactionKind
from tobs_tui.model.refresh import Refresh, parse_refresh
from tobs_tui.model.text import FormattedText

CHAT = -1_000_000_000_001
DATE = 1_715_674_500
NOTICED = 1_800_000_000
PHOTO = File(FileKind.PHOTO, 1, 1, b"old", 2, 2_300)
LIKE = (Reaction(ReactionKind.EMOJI, 1, "👍"),)


def message(number: int = 1, text: str = "hello", **fields: object) -> Message:
    """A message of the chat."""
    return Message(id=number, date=DATE + number, sender=7, text=text, **fields)  # type: ignore[arg-type]


def page(*messages: Message, last: int = 0) -> PageCommit:
    """A page of these messages."""
    rows, files = message_rows(messages)
    return PageCommit(CHAT, 1, last or max((each.id for each in messages), default=1), rows=rows, files=files)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(archive_path(tmp_path)) as archive:
        archive.commit([page(message(1), message(2, media=Photo(PHOTO)), message(3, views=10))])
        archive.put_notes(CHAT, shown=archive.touched(CHAT))
        assert archive.touched(CHAT) == []
        yield archive


def reread(archive: Archive, *messages: Message, asked: tuple[int, ...] = ()) -> Reread:
    """Look at messages again; those asked for that are not given were deleted."""
    return archive.reread(page(*messages), asked or tuple(each.id for each in messages), NOTICED)


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (message(views=5, forwards=2), Change.NOTHING),
        (message(edit_date=DATE + 50, edit_hidden=True), Change.NOTHING),
        (message(edit_date=DATE + 50), Change.CONTENT),
        (message(text="changed"), Change.CONTENT),
        (message(media=Photo(PHOTO)), Change.CONTENT),
        (message(reactions=LIKE), Change.RESPONSES),
        (message(comments=3), Change.RESPONSES),
        (message(pinned=True), Change.RESPONSES),
        (message(media=WebPage(url="https://example.org")), Change.RESPONSES),
        (message(reactions=LIKE, text="changed"), Change.CONTENT),
    ],
)
def test_what_others_did_is_told_from_what_the_author_did(new: Message, expected: Change) -> None:
    assert change_between(message(), new) is expected


def test_renewed_file_references_and_votes_are_no_edits() -> None:
    fresh = Photo(File(FileKind.PHOTO, 1, 9, b"new", 4, 2_300))
    assert change_between(message(media=Photo(PHOTO)), message(media=fresh)) is Change.NOTHING
    other = Photo(File(FileKind.PHOTO, 2, 9, b"new", 2, 2_300))
    assert change_between(message(media=Photo(PHOTO)), message(media=other)) is Change.CONTENT
    options = tuple(PollOption(FormattedText(text), votes=1) for text in "ab")
    poll = Poll(question=FormattedText("?"), options=options, voters=2)
    voted = replace(poll, options=tuple(replace(option, votes=5) for option in options), voters=10)
    assert change_between(message(media=poll), message(media=voted)) is Change.RESPONSES
    asked = replace(poll, question=FormattedText("??"))
    assert change_between(message(media=poll), message(media=asked)) is Change.CONTENT


def test_an_edit_keeps_what_the_message_was_and_touches_its_day(archive: Archive) -> None:
    assert reread(archive, message(1, "second", edit_date=DATE + 60)) == Reread(looked=1, edited=1)
    assert reread(archive, message(1, "third", edit_date=DATE + 90)) == Reread(looked=1, edited=1)
    now = archive.message(CHAT, 1)
    assert now is not None
    assert now.text == "third"
    assert [each.message.text for each in archive.versions(CHAT, 1)] == ["hello", "second"]
    assert [each.seen for each in archive.versions(CHAT, 1)] == [NOTICED, NOTICED]
    assert len(archive.touched(CHAT)) == 1


def test_looking_again_without_a_change_leaves_everything_alone(archive: Archive) -> None:
    found = reread(archive, message(1), message(2, media=Photo(PHOTO)), message(3, views=99))
    assert found == Reread(looked=3)
    assert archive.touched(CHAT) == []
    kept = archive.message(CHAT, 3)
    assert kept is not None
    assert kept.views == 10  # the archive and the notes stay of one mind


def test_reactions_are_taken_in_without_keeping_what_they_were(archive: Archive) -> None:
    assert reread(archive, message(1, reactions=LIKE)) == Reread(looked=1, reactions=1)
    assert archive.versions(CHAT, 1) == []
    assert len(archive.touched(CHAT)) == 1


def test_a_deleted_message_is_marked_once_and_keeps_its_content(archive: Archive) -> None:
    assert reread(archive, asked=(1,)) == Reread(looked=1, deleted=1)
    assert reread(archive, asked=(1,)) == Reread(looked=1)
    gone = archive.message(CHAT, 1)
    assert gone == message(1, gone=NOTICED)
    assert reread(archive, message(1)) == Reread(looked=1, deleted=1)  # it is back after all
    assert archive.message(CHAT, 1) == message(1)


def test_files_of_deleted_messages_are_not_waited_for(archive: Archive) -> None:
    state = archive.file_state(CHAT, 2, 0)
    assert state is not None
    assert state.status is FileStatus.PENDING
    reread(archive, asked=(2,))
    assert archive.file_state(CHAT, 2, 0) is None


def test_another_file_is_to_be_downloaded_and_a_missing_one_forgotten(archive: Archive) -> None:
    other = File(FileKind.PHOTO, 2, 1, b"", 2, 500)
    assert reread(archive, message(2, media=Photo(other))) == Reread(looked=1, edited=1, files=1)
    state = archive.file_state(CHAT, 2, 0)
    assert state is not None
    assert state.size == 500
    assert reread(archive, message(2, "only text")) == Reread(looked=1, edited=1)
    assert archive.file_state(CHAT, 2, 0) is None
    assert len(archive.versions(CHAT, 2)) == 2


def test_messages_that_the_archive_does_not_hold_are_left_to_the_walk(archive: Archive) -> None:
    assert reread(archive, message(9), asked=(8, 9)) == Reread()
    assert archive.message(CHAT, 9) is None


def test_a_message_that_comes_again_with_other_text_keeps_the_old_one(archive: Archive) -> None:
    archive.commit([page(message(1, "walked over"))])
    assert [each.message.text for each in archive.versions(CHAT, 1)] == ["hello"]


def test_a_topic_found_by_a_walk_is_not_lost_by_another_look(archive: Archive) -> None:
    archive.commit([page(message(4, topic=6))])
    reread(archive, message(4, "changed", topic=1))
    found = archive.message(CHAT, 4)
    assert found is not None
    assert (found.topic, found.text) == (6, "changed")


def test_how_things_stood_is_noted_before_the_first_message_and_never_after(tmp_path: Path) -> None:
    with Archive.open(archive_path(tmp_path)) as archive:
        assert archive.refresh_mark(CHAT) is None
        archive.begin_refreshing(CHAT, RefreshMark(5, 1))
        archive.begin_refreshing(CHAT, RefreshMark(7, 2))
        archive.commit([page(message(1))])
        archive.begin_refreshing(CHAT, RefreshMark(9, 3))
        assert archive.refresh_mark(CHAT) == RefreshMark(7, 2)
        archive.reread(page(message(1)), [1], NOTICED, RefreshMark(9, 2))
        assert archive.refresh_mark(CHAT) == RefreshMark(9, 2)


def test_a_window_reaches_back_from_what_was_seen(archive: Archive) -> None:
    archive.commit([page(message(100_000))])
    after, date = archive.window_start(CHAT, seen=3, seconds=1)
    assert archive.ids_held(CHAT, after=after, upto=3, limit=10, date_from=date) == [2, 3]
    after, date = archive.window_start(CHAT, seen=0, messages=2)
    assert archive.ids_held(CHAT, after=after, upto=100_000, limit=10, date_from=date) == [3, 100_000]
    assert archive.window_start(CHAT, seen=0, messages=9) == (0, 0)


def test_a_window_is_days_messages_or_everything() -> None:
    assert parse_refresh("30d") == Refresh(days=30)
    assert parse_refresh("5000") == Refresh(days=0, messages=5000)
    assert parse_refresh("ALL") == Refresh(days=0)
    for text in ("", "0", "0d", "week", "-3", "3 d"):
        with pytest.raises(TobsError):
            parse_refresh(text)
