"""What a commit promises: all or nothing, repeats change nothing, counts are exact, changed days are known."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pytest

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import DAY_SECONDS, FileFilter, FileScope, PageCommit, Touched, flat_of, message_rows
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.media import Document, DocumentKind, File, FileKind, PaidMedia, Photo
from tobs_tui.model.messages import Action, ActionKind, Message
from tobs_tui.model.peers import Peer, PeerKind
from tobs_tui.model.profile import MediaKind

CHAT = -1_000_000_000_777
DAY = 19_000
NOON = DAY * DAY_SECONDS + 43_200


@pytest.fixture
def archive(tmp_path: Path):
    with Archive.open(tmp_path / "archive.db") as archive:
        yield archive


def message(ident: int, *, days: int = 0, topic: int = 0, text: str = "", **fields: object) -> Message:
    return Message(
        id=ident, date=NOON + days * DAY_SECONDS + ident, sender=5, text=text or f"text {ident}", topic=topic, **fields
    )


def page(*messages: Message, lo: int = 0, hi: int = 0, scope: int = 0, peers: tuple[Peer, ...] = ()) -> PageCommit:
    rows, files = message_rows(messages)
    ids = [row.id for row in rows]
    return PageCommit(CHAT, lo or min(ids), hi or max(ids), scope, rows, files, peers)


def photo(ident: int, size: int = 10) -> Photo:
    return Photo(file=File(FileKind.PHOTO, ident, 1, b"ref", 2, size, thumb="y"))


def test_pages_say_the_same_with_their_rows_apart_and_in_one_list(archive: Archive, tmp_path: Path) -> None:
    first = [message(ident, days=ident // 3, topic=ident % 2, text=str(ident)) for ident in range(1, 250)]
    again = [message(ident, days=ident // 3, topic=ident % 2, text="edited") for ident in (7, 8)]
    with Archive.open(tmp_path / "other.db") as other:
        for part in (
            page(*first),
            page(*again, message(300), lo=1, hi=300),
            page(message(301), message(301, text="b")),
        ):
            flat = msgspec.structs.replace(part, rows=(), flat=flat_of(part.rows))
            assert other.commit([flat]) == archive.commit([part])
        assert list(other.messages(CHAT)) == list(archive.messages(CHAT))
        assert other.days(CHAT) == archive.days(CHAT)
        assert other.count(CHAT) == 251


def test_messages_come_back_as_they_went_in_and_in_order(archive: Archive) -> None:
    messages = [message(ident, days=ident // 10) for ident in range(1, 60)]
    pages = [page(*messages[start : start + 7]) for start in range(0, len(messages), 7)]
    random.Random(3).shuffle(pages)
    for one in pages:
        archive.commit([one])
    assert list(archive.messages(CHAT)) == messages
    assert archive.message(CHAT, 17) == messages[16]
    assert archive.message(CHAT, 999) is None


def test_a_repeated_page_is_counted_once_and_touches_nothing(archive: Archive) -> None:
    one = page(message(1), message(2), message(3, media=photo(8)))
    assert archive.commit([one])[0].new == 3
    generation = archive.touched(CHAT)[0].generation
    archive.put_notes(CHAT, shown=[Touched(0, DAY, generation)])
    assert archive.commit([one])[0].new == 0
    assert archive.touched(CHAT) == []
    assert archive.count(CHAT) == 3
    assert len(list(archive.messages(CHAT))) == 3


def test_a_message_twice_in_one_batch_is_new_once(archive: Archive) -> None:
    results = archive.commit([page(message(1), message(2)), page(message(2), message(3))])
    assert [result.new for result in results] == [2, 1]
    assert archive.count(CHAT) == 3


def test_new_messages_are_counted_by_topic(archive: Archive) -> None:
    result = archive.commit([page(message(1, topic=1), message(2, topic=9), message(3, topic=9))])[0]
    assert result.new_by_topic == {1: 1, 9: 2}
    assert {day.topic for day in archive.days(CHAT)} == {1, 9}
    assert [found.id for found in archive.messages(CHAT, 9)] == [2, 3]


def test_days_and_spans_tell_exactly_what_there_is(archive: Archive) -> None:
    chosen = random.Random(1).sample(range(1, 2_000), 400)
    messages = [message(ident, days=ident // 90, topic=ident % 3) for ident in sorted(chosen)]
    archive.commit([page(*messages[start : start + 50]) for start in range(0, 400, 50)])
    for topic in (None, 0, 1, 2):
        mine = [found for found in messages if topic is None or found.topic == topic]
        span = archive.span(CHAT, topic)
        assert span is not None
        assert (span.first_date, span.last_date, span.count) == (
            min(found.date for found in mine),
            max(found.date for found in mine),
            len(mine),
        )
        window = (NOON + 3 * DAY_SECONDS, NOON + 9 * DAY_SECONDS)
        assert list(archive.messages(CHAT, topic, *window)) == [
            found for found in mine if window[0] <= found.date < window[1]
        ]
    assert sum(day.count for day in archive.days(CHAT)) == 400


def test_an_edit_replaces_the_record_and_touches_its_day(archive: Archive) -> None:
    archive.commit([page(message(1), message(2, days=1))])
    for touched in archive.touched(CHAT):
        archive.put_notes(CHAT, shown=[touched])
    edited = message(2, days=1, text="other")
    assert archive.commit([page(edited)])[0].new == 0
    assert [(touched.topic, touched.day) for touched in archive.touched(CHAT)] == [(0, DAY + 1)]
    assert archive.message(CHAT, 2) == edited
    assert archive.count(CHAT) == 2


def test_a_message_that_moves_to_another_topic_leaves_no_trace_in_the_old_one(archive: Archive) -> None:
    archive.commit([page(message(1, topic=4), message(2, topic=4), message(3, topic=5))])
    archive.commit([page(message(2, topic=5))])
    assert archive.count(CHAT, 4) == 1
    assert archive.count(CHAT, 5) == 2
    assert [found.id for found in archive.messages(CHAT, 5)] == [2, 3]
    archive.commit([page(message(1, topic=5))])
    assert archive.span(CHAT, 4) is None
    assert (4, DAY) in [(touched.topic, touched.day) for touched in archive.touched(CHAT)]


def test_a_day_that_changed_after_it_was_read_stays_touched(archive: Archive) -> None:
    archive.commit([page(message(1))])
    seen = archive.touched(CHAT)[0]
    archive.commit([page(message(2))])
    archive.put_notes(CHAT, shown=[seen])
    assert [touched.day for touched in archive.touched(CHAT)] == [seen.day]


def test_a_row_outside_its_interval_is_refused_and_nothing_of_the_batch_stays(archive: Archive) -> None:
    with pytest.raises(ValueError, match="outside"):
        archive.commit([page(message(1), message(2)), page(message(30), lo=1, hi=20)])
    assert archive.count(CHAT) == 0
    assert len(archive.ledger(CHAT)) == 0


def test_a_full_disk_is_said_so_and_leaves_the_archive_as_it_was(archive: Archive) -> None:
    archive.commit([page(message(1))])
    with archive.reading() as db:
        db.execute("PRAGMA max_page_count = 20")  # SQLite then fails as on a full disk
    with pytest.raises(TobsError) as caught:
        archive.commit([page(*(message(ident, text="x" * 4000) for ident in range(2, 100)))])
    assert caught.value.code is ErrorCode.DISK_FULL
    assert [tuple(part) for part in archive.ledger(CHAT)] == [(1, 1)]
    assert archive.count(CHAT) == 1
    with archive.reading() as db:
        db.execute("PRAGMA max_page_count = 100000")
    assert archive.commit([page(message(2), message(3))])[0].new == 2


def test_a_peer_seen_in_part_never_replaces_one_seen_in_full(archive: Archive) -> None:
    full = Peer(5, PeerKind.USER, "Zoe", access_hash=77)
    part = Peer(5, PeerKind.USER, "Z", min=True)
    archive.commit([page(message(1), peers=(part,)), page(message(2), peers=(full,))])
    archive.commit([page(message(3), peers=(part,))])
    assert archive.peer(5) == full
    with Archive.open(archive.path) as again:
        again.put_peers([part])
        assert again.peer(5) == full
    renamed = Peer(5, PeerKind.USER, "Zoë", access_hash=77)
    archive.put_peers([renamed])
    assert archive.peers([5, 6]) == {5: renamed}


def test_files_are_numbered_as_the_message_shows_them(archive: Archive) -> None:
    video = Document(file=File(FileKind.DOCUMENT, 3, 1, b"", 2, 30), type=DocumentKind.VIDEO)
    live = Photo(file=photo(1).file, video=File(FileKind.PHOTO, 1, 1, b"", 2, 20, thumb="v"))
    messages = [
        message(1, media=PaidMedia(items=(photo(2), video))),
        message(2, media=live),
        message(3, action=Action(ActionKind.ChatEditPhoto, photo=photo(4))),
    ]
    archive.commit([page(*messages)])
    tasks = archive.pending_files(FileFilter((FileScope(CHAT),)), 10)
    assert [(task.message_id, task.index, task.kind, task.file.id) for task in tasks] == [
        (1, 0, MediaKind.PHOTO, 2),
        (1, 1, MediaKind.VIDEO, 3),
        (2, 0, MediaKind.PHOTO, 1),
        (2, 1, MediaKind.VIDEO, 1),
        (3, 0, MediaKind.PHOTO, 4),
    ]


def test_a_message_that_lost_its_file_has_none_to_download(archive: Archive) -> None:
    archive.commit([page(message(1, media=photo(8)), message(2, media=photo(9)))])
    archive.commit([page(message(1, text="the photo is gone"))])
    assert [task.message_id for task in archive.pending_files(FileFilter((FileScope(CHAT),)), 10)] == [2]
