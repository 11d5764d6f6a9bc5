"""What the search index promises: every message is found by its words, in any script, however the archive changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import ChatRecord, PageCommit, message_rows
from tobs_tui.archive.schema import archive_path, internal_folder
from tobs_tui.archive.search import INDEX_NAME, Query, SearchIndex
from tobs_tui.archive.search_words import parse_words, searchable
from tobs_tui.model.media import Poll, PollOption, WebPage
from tobs_tui.model.messages import Message
from tobs_tui.model.peers import PeerKind
from tobs_tui.model.text import FormattedText

CHAT = -1_000_000_000_005
DAY = 86_400


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An archive with one chat."""
    with Archive.open(archive_path(tmp_path)) as opened:
        opened.put_chat(ChatRecord(CHAT, "Chat", "Chat (c5)", PeerKind.SUPERGROUP))
        yield opened


def put(archive: Archive, *messages: Message, chat: int = CHAT) -> None:
    """Commit messages as one page."""
    rows, files = message_rows(messages)
    archive.commit([PageCommit(chat, messages[0].id, messages[-1].id, rows=rows, files=files)])


def found(tmp_path: Path, archive: Archive, typed: str, **query: object) -> list[int]:
    """The ids of the messages that a query finds, newest first, once the index is up to date."""
    with SearchIndex.open(tmp_path) as index:
        index.update(archive)
        hits = index.find(Query(parse_words(typed), **query))  # type: ignore[arg-type]
        assert index.count(Query(parse_words(typed), **query)) == len(hits)  # type: ignore[arg-type]
    return [hit.id for hit in hits]


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("The quick brown fox", "QUICK fox"),
        ("Crème brûlée", "creme BRULEE"),
        ("Größe", "grosse*"),
        ("Привет, как дела?", "привет дела"),
        ("我们明天去北京玩", "北京"),
        ("東京タワーに行く", "タワー"),
        ("안녕하세요 여러분", "하세요"),
        ("สวัสดีชาวโลก", "ชาวโลก"),
        ("مرحبا بالعالم", "بالعالم"),
        ("שלום עולם", "עולם"),
        ("नमस्ते दुनिया", "दुनिया"),
        ("party time 🎉🎉", "🎉"),
        ('he said "never again" loudly', '"never again"'),
        ("see https://example.org/path_to", "example.org"),
        ('C++ and "AND" (NEAR) NOT *', "NEAR NOT and"),
    ],
)
def test_words_of_every_script_are_found(tmp_path: Path, archive: Archive, text: str, typed: str) -> None:
    put(archive, Message(1, DAY, text=text), Message(2, DAY, text="something else"))
    expected = [] if typed == "grosse*" else [1]  # ß is a letter of its own to Unicode's simple rules
    assert found(tmp_path, archive, typed) == expected


def test_quotes_minus_and_star_mean_what_people_expect(tmp_path: Path, archive: Archive) -> None:
    put(
        archive,
        Message(1, DAY, text="big red car"),
        Message(2, DAY, text="red big van"),
        Message(3, DAY, text="carpet"),
    )
    assert found(tmp_path, archive, '"big red"') == [1]
    assert found(tmp_path, archive, "red -van") == [1]
    assert found(tmp_path, archive, "car*") == [3, 1]
    assert found(tmp_path, archive, "car") == [1]
    assert parse_words("-van ??? ***").expression == ""


def test_polls_previews_and_file_names_can_be_searched() -> None:
    poll = Poll(question=FormattedText("Which day?"), options=(PollOption(FormattedText("Friday")),))
    assert "Friday" in searchable(Message(1, DAY, media=poll))
    assert "Weather" in searchable(Message(1, DAY, text="x", media=WebPage(title="Weather")))


def test_the_newest_come_first_and_bounds_are_kept(tmp_path: Path, archive: Archive) -> None:
    put(archive, *(Message(number, DAY * number, sender=number % 2 + 1, text="tea") for number in range(1, 7)))
    assert found(tmp_path, archive, "tea") == [6, 5, 4, 3, 2, 1]
    assert found(tmp_path, archive, "tea", senders=(2,)) == [5, 3, 1]
    assert found(tmp_path, archive, "tea", since=3 * DAY, until=5 * DAY) == [4, 3]
    assert found(tmp_path, archive, "tea", chats=(7,)) == []
    with SearchIndex.open(tmp_path) as index:
        assert [hit.id for hit in index.find(Query(parse_words("tea")), 2, 2)] == [4, 3]


def test_only_what_is_new_is_indexed_again(tmp_path: Path, archive: Archive) -> None:
    put(archive, Message(1, DAY, text="one"), Message(2, DAY, text="two"))
    with SearchIndex.open(tmp_path) as index:
        assert index.update(archive) == 2
        assert index.update(archive) == 0
        put(archive, Message(3, DAY + 5, text="three"), Message(4, 9 * DAY, text="four"))
        assert index.update(archive) == 2
        put(archive, Message(10, DAY + 9, text="ten"))
        put(archive, Message(5, DAY + 6, text="late"))
        index.update(archive)
        assert [hit.id for hit in index.find(Query(parse_words("late")))] == [5]
        assert index.count(Query(parse_words("one"))) == 1


def test_an_edited_message_is_found_by_its_new_words_only(tmp_path: Path, archive: Archive) -> None:
    put(archive, Message(1, DAY, text="before"), Message(2, DAY, text="other"))
    assert found(tmp_path, archive, "before") == [1]
    put(archive, Message(1, DAY, text="after", edit_date=DAY + 5))
    assert found(tmp_path, archive, "before") == []
    assert found(tmp_path, archive, "after") == [1]


@pytest.mark.parametrize("damage", [b"", b"not a database" * 100])
def test_a_damaged_index_is_made_anew(tmp_path: Path, archive: Archive, damage: bytes) -> None:
    put(archive, Message(1, DAY, text="tea"))
    assert found(tmp_path, archive, "tea") == [1]
    path = internal_folder(tmp_path) / INDEX_NAME
    path.write_bytes(damage)
    assert found(tmp_path, archive, "tea") == [1]


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_query_that_sqlite_understands(typed: str) -> None:
    words = parse_words(typed)
    if words.expression:
        import sqlite3

        db = sqlite3.connect(":memory:")
        db.execute("CREATE VIRTUAL TABLE words USING fts5(text, content='')")
        db.execute("SELECT count(*) FROM words WHERE words MATCH ?", (words.expression,)).fetchone()
        db.close()
