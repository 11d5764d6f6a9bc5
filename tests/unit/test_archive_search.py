"""What the search index promises: every message is found by its words, in any script, however the archive changes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tobs_tui.archive import search
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import ChatRecord, PageCommit, message_rows
from tobs_tui.archive.schema import archive_path, internal_folder
from tobs_tui.archive.search import Query, SearchIndex
from tobs_tui.archive.search_file import INDEX_NAME
from tobs_tui.archive.search_fold import places
from tobs_tui.archive.search_words import MOST_WORDS, parse_words, searchable
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
        ("Größe", "grosse"),
        ("İSTANBUL güzel", "istanbul"),
        ("ısparta", "ISPARTA"),
        ("ὁ σοφός", "ΣΟΦΟΣ"),
        ("Ёлка в лесу", "елка"),
        ("Łódź", "lodz"),
        ("ｶﾀｶﾅ ＡＢＣ", "カタカナ abc"),
        ("مَرْحَبًا يا أحمد", "مرحبا احمد"),
        ("שָׁלוֹם", "שלום"),
        ("cafe\u0301s", "cafés"),
        ("Wör\u00adter", "wörter"),
        ("٣ كتب", "3"),
        ("𝕳ello 👍🏽 ⌚", "hello 👍 ⌚"),
        ("a b c", "b"),
        ("我来了", "我"),
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
    assert found(tmp_path, archive, typed) == [1]
    assert places(text, parse_words(typed).terms), "what was found is marked"


def test_marks_stand_where_the_words_are() -> None:
    def marked(text: str, typed: str, *, unfinished: bool = False) -> list[str]:
        return [text[start:end] for start, end in places(text, parse_words(typed, unfinished=unfinished).terms)]

    assert marked("a car, scar and CARS", "car") == ["car"]
    assert marked("a car, scar and CARS", "car*") == ["car", "CAR"]
    assert marked("a car, scar and CARS", "ca", unfinished=True) == ["ca", "CA"]
    assert marked("Straße, STRASSE", "strasse") == ["Straße", "STRASSE"]
    assert marked("red -- big car", '"red big"') == ["red -- big"]
    assert marked("北京和北京", "北京 -x") == ["北京", "北京"]
    assert marked("one two", "-one") == []


def test_the_last_word_is_a_beginning_while_it_is_typed() -> None:
    assert parse_words("red ca", unfinished=True).expression == '"red" AND "ca"*'
    for typed in ("ca ", '"ca"', "c"):
        assert "*" not in parse_words(typed, unfinished=True).expression
    assert len(parse_words("word " * 1000).terms) == MOST_WORDS


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
    assert "friday" in searchable(Message(1, DAY, media=poll))
    assert "weather" in searchable(Message(1, DAY, text="x", media=WebPage(title="Weather")))


def test_the_newest_come_first_and_bounds_are_kept(tmp_path: Path, archive: Archive) -> None:
    put(archive, *(Message(number, DAY * number, sender=number % 2 + 1, text="tea") for number in range(1, 7)))
    assert found(tmp_path, archive, "tea") == [6, 5, 4, 3, 2, 1]
    assert found(tmp_path, archive, "tea", senders=(2,)) == [5, 3, 1]
    assert found(tmp_path, archive, "tea", since=3 * DAY, until=5 * DAY) == [4, 3]
    assert found(tmp_path, archive, "tea", chats=(7,)) == []
    with SearchIndex.open(tmp_path) as index:
        page = index.find(Query(parse_words("tea")), 2)
        assert [hit.id for hit in index.find(Query(parse_words("tea")), 2, page[-1])] == [4, 3]


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


class Transcripts:
    """Texts beside the messages' own, as the archive will keep them: each with a number that grows."""

    def __init__(self, chat: int = CHAT) -> None:
        self.chat = chat
        self.texts: dict[int, tuple[int, str]] = {}

    def put(self, ident: int, text: str) -> None:
        """A text came."""
        self.texts[ident] = (self.texts_mark() + 1, text)

    def texts_of(self, chat: int, ids: Sequence[int]) -> dict[int, str]:
        """Those that there are."""
        return {ident: self.texts[ident][1] for ident in ids if ident in self.texts}

    def texts_mark(self) -> int:
        """The newest one's number."""
        return max((number for number, _ in self.texts.values()), default=0)

    def texts_since(self, mark: int) -> list[tuple[int, int]]:
        """Those with a higher number."""
        return [(self.chat, ident) for ident, (number, _) in self.texts.items() if number > mark]


def test_a_text_that_comes_later_is_found_as_well(tmp_path: Path, archive: Archive) -> None:
    put(archive, Message(1, DAY, text="voice"), Message(2, DAY, text="other"))
    more = Transcripts()
    more.put(1, "spoken words")
    with SearchIndex.open(tmp_path) as index:
        assert index.update(archive, more=more) == 2, "a new index takes each message once"
        assert [hit.id for hit in index.find(Query(parse_words("spoken voice")))] == [1]
        more.put(2, "late words")
        assert index.update(archive, more=more) == 1
        assert [hit.id for hit in index.find(Query(parse_words("late other")))] == [2]
        more.put(1, "better ones")
        put(archive, Message(3, DAY, text="new"))
        more.put(3, "with a text")
        assert index.update(archive, more=more) == 2
        assert index.find(Query(parse_words("spoken"))) == []
        assert [hit.id for hit in index.find(Query(parse_words("text")))] == [3]
        assert index.update(archive, more=more) == 0


def test_an_update_that_is_given_up_goes_on_where_it_was(
    tmp_path: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "BATCH", 600)  # two chunks of the archive's 500
    put(archive, *(Message(number, DAY * (number // 900), text="tea") for number in range(1, 3_001)))

    class Enough(Exception):
        pass

    def stop(done: int) -> None:
        if done >= 2_000:
            raise Enough

    with SearchIndex.open(tmp_path) as index:
        with pytest.raises(Enough):
            index.update(archive, stop)
        kept = index.count(Query(parse_words("tea")))
        assert 2_000 <= kept < 3_000, "what is in the index stays"
        assert index.update(archive) <= 3_000 - kept + 2 * 900, "only the days of the last batch are read again"
        assert index.count(Query(parse_words("tea"))) == 3_000 == index.indexed()


def test_two_at_once_do_the_work_once(tmp_path: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "BATCH", 600)
    put(archive, *(Message(number, DAY * (number // 900), text="tea") for number in range(1, 3_001)))
    waited: list[int] = []

    def other() -> int:
        with Archive.open(archive_path(tmp_path), read_only=True) as own, SearchIndex.open(tmp_path) as second:
            return second.update(own, waited.append)

    with ThreadPoolExecutor(1) as pool, SearchIndex.open(tmp_path) as index:
        jobs: list[Future[int]] = []

        def begin(done: int) -> None:
            if not jobs:
                jobs.append(pool.submit(other))
                while not waited and not jobs[0].done():
                    time.sleep(0.01)

        assert index.update(archive, begin) == 3_000
        assert jobs[0].result(30) == 0, "what the first one did is not done again"
        assert index.count(Query(parse_words("tea"))) == 3_000


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
