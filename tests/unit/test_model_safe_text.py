"""Hostile text: whatever a chat is called, a terminal only prints it."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from tobs_tui.model.display import _MAY_BEND, _straight, clean, size
from tobs_tui.model.safe_text import printable, printable_lines


@given(st.text(alphabet=st.characters(), max_size=60))
def test_nothing_printable_gives_can_steer_a_terminal(text: str) -> None:
    shown = printable(text)
    assert not [char for char in shown if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
    assert not any("\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069" for char in shown)
    shown.encode()


@given(st.text(alphabet=st.characters(), max_size=60), st.integers(1, 20))
def test_clean_is_harmless_and_no_longer_than_asked(text: str, limit: int) -> None:
    assert len(clean(text, limit)) <= limit
    assert "\x1b" not in clean(text, limit)


def test_sequences_go_whole() -> None:
    assert printable("a\x1b[31;1mred\x1b]0;title\x07b\x9b2Jc\x1b") == "aredbc"


def test_people_keep_their_scripts_and_their_emoji() -> None:
    for text in ("Привет", "日本語", "שלום", "می‌خواهم", "👩‍👩‍👧", "naïve é"):
        assert printable(text) == text


def test_lines_can_be_kept() -> None:
    assert printable_lines("a\x07\nb\r\nc") == "a\nb\nc"
    assert printable("a\nb\tc") == "a b c"


def test_sizes_read_as_people_write_them() -> None:
    assert [size(amount) for amount in (-1, 0, 999, 1000, 88e6, 1.24e9)] == [
        "—",
        "0 B",
        "999 B",
        "1.0 kB",
        "88 MB",
        "1.2 GB",
    ]


def test_letters_that_are_not_looked_at_one_by_one_come_out_the_same() -> None:
    plain = (*range(0x3400), *range(0x3400, 0xD800, 64), *range(0xE000, 0x1_F000, 16), *range(0x1_F000, 0x1_FC00))
    for letter in map(chr, plain):
        assert clean.__wrapped__(f"a{letter}b", 200) == _straight(printable(f"a{letter}b")), hex(ord(letter))
    marks = [letter for letter in map(chr, range(0x11_0000)) if unicodedata.category(letter) in ("Mn", "Me")]
    assert all(_MAY_BEND.search(mark) for mark in marks)
