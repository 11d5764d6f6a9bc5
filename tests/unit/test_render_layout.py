"""Names work on every system, stay apart, and say what they name; front matter is YAML whatever the titles hold."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tobs_tui.model.media import File, FileKind
from tobs_tui.model.peers import PeerKind, Topic
from tobs_tui.model.profile import MediaNames, Split
from tobs_tui.render import layout
from tobs_tui.render.frontmatter import note_front_matter

BERLIN = ZoneInfo("Europe/Berlin")
_TITLES = st.text(
    st.one_of(
        st.sampled_from(list('<>:"/\\|?*#^[]%. \t\n\x00\x7f\u202e\u2066\ufeff\u2028é\u0301ê🇺🇦👨‍👩‍👧🏽각\'"{}&!-_,:')),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=120,
) | st.sampled_from(["CON", "nul.txt", "com1", "LPT¹.md", "aux ", "..", ".", " ", "", ".hidden", "CON.", "a" * 300])


@settings(max_examples=300, deadline=None)
@given(_TITLES)
def test_no_name_is_reserved_hidden_or_empty_even_without_a_suffix(title: str) -> None:
    name = layout.safe_name(title)
    assert name
    assert name[0] not in " ." and name[-1] not in " ."
    stem = name.split(".")[0].rstrip()
    assert stem.upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "COM9", "LPT1", "LPT¹"}


def test_names_are_cut_between_graphemes() -> None:
    family = "👨‍👩‍👧"
    name = layout.topic_folder(Topic(42, "x" * 80 + family * 3))
    assert name == "x" * 80 + " (t42)"
    assert list(layout.graphemes(f"e\u0301{family}🇺🇦🇩🇪👍🏽")) == ["e\u0301", family, "🇺🇦", "🇩🇪", "👍🏽"]


@pytest.mark.parametrize(
    ("split", "name"),
    [(Split.MONTH, "2024-06.md"), (Split.DAY, "2024-06-01.md"), (Split.YEAR, "2024.md"), (Split.SINGLE, "messages.md")],
)
def test_a_message_lies_in_the_note_of_its_local_day(split: Split, name: str) -> None:
    date = int(datetime.datetime(2024, 5, 31, 22, 30, tzinfo=datetime.UTC).timestamp())
    assert layout.note_name(date, split, BERLIN) == name


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**31 - 1), st.sampled_from(list(Split)), st.sampled_from(["Europe/Berlin", "UTC", "Asia/Tokyo"]))
def test_a_period_holds_exactly_its_messages(date: int, split: Split, zone: str) -> None:
    clock = ZoneInfo(zone)
    start, end = layout.period_bounds(layout.period(date, split, clock), clock)
    assert start <= date < end
    if split is not Split.SINGLE:
        assert layout.period(start - 1, split, clock) != layout.period(start, split, clock)
        assert layout.period(end, split, clock) != layout.period(end - 1, split, clock)
    assert layout.period(date, split, clock) in layout.periods_of_day(date // 86_400, split, clock)


def _file(name: str = "", mime: str = "", kind: FileKind = FileKind.DOCUMENT) -> File:
    return File(kind, 1, 1, b"", 2, 10, mime=mime, name=name)


@pytest.mark.parametrize(
    ("file", "index", "name"),
    [
        (_file(kind=FileKind.PHOTO), 0, "m7.jpg"),
        (_file("a.PDF"), 1, "m7-2.pdf"),
        (_file("", "audio/ogg"), 0, "m7.ogg"),
        (_file("../../etc/passwd"), 0, "m7.bin"),
        (_file("x.tar.gz"), 0, "m7.gz"),
        (_file("note.md"), 0, "m7.md.txt"),
        (_file("page.HTML"), 0, "m7.html.txt"),
        (_file("page.xhtml"), 0, "m7.xhtml.txt"),
        (_file("a.ex\u202ee"), 0, "m7.bin"),
    ],
)
def test_media_are_named_after_their_message(file: File, index: int, name: str) -> None:
    assert layout.media_name(7, index, file) == name


@pytest.mark.parametrize(
    ("file", "index", "name"),
    [
        (_file("thesis.PDF"), 0, "thesis (m7).pdf"),
        (_file("thesis.PDF"), 1, "thesis (m7-2).pdf"),
        (_file(kind=FileKind.PHOTO), 0, "m7.jpg"),
        (_file("", "audio/ogg"), 0, "m7.ogg"),
        (_file(".pdf"), 0, "m7.pdf"),
        (_file("../../etc/passwd"), 0, "_.._etc_passwd (m7).bin"),
        (_file("CON.txt"), 0, "_CON (m7).txt"),
        (_file("index.md"), 0, "index (m7).md.txt"),
        (_file("\u202egpj.exe"), 0, "gpj (m7).exe"),
        (_file("x" * 400 + ".zip"), 0, "x" * 91 + " (m7).zip"),
    ],
)
def test_media_can_keep_their_senders_names(file: File, index: int, name: str) -> None:
    assert layout.media_name(7, index, file, MediaNames.ORIGINAL) == name
    assert len(name.encode()) <= layout.NAME_BYTES


def test_links_between_notes_are_relative_and_encoded() -> None:
    assert layout.relative_address("Club (c1)/A b (t2)/2024-05.md", "Club (c1)") == "A%20b%20(t2)/2024-05.md"
    assert layout.relative_address("Club (c1)/2024-05.md", "Club (c1)/A b (t2)") == "../2024-05.md"
    assert layout.relative_address("Club (c1)/index.md", "") == "Club%20(c1)/index.md"


@settings(max_examples=300, deadline=None)
@given(_TITLES, _TITLES)
def test_front_matter_is_yaml_whatever_the_titles_hold(chat: str, topic: str) -> None:
    text = note_front_matter(
        chat=chat, chat_id=-1001, kind=PeerKind.FORUM, topic=topic, topic_id=4, period="2024-05", zone="Europe/Berlin"
    )
    assert text.startswith("---\n") and text.endswith("\n---\n")
    facts = yaml.safe_load(text[4:-4])
    assert (facts["chat_id"], facts["topic_id"], facts["month"], facts["type"]) == (-1001, 4, "2024-05", "forum")
    assert isinstance(facts["chat"], str) and isinstance(facts["topic"], str)
    assert list(facts) == ["chat", "chat_id", "type", "topic", "topic_id", "month", "tz", "source", "tags", "format"]
