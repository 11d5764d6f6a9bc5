"""Whatever a text and its entities are, a reader sees exactly the text, span for span, and nothing leaks out of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.markdown_judge import Shown, expected, shown
from tobs_tui.model.text import Entity, EntityKind
from tobs_tui.render.inline import code_span
from tobs_tui.render.text import render_body

_LINKS = (EntityKind.TEXT_URL, EntityKind.MENTION_NAME, EntityKind.URL)
_PIECES = st.sampled_from(
    [
        *"abcxyzДжשם字🎉👍🏽ü1290 \n\t*_`~[]()<>#+-=|\\!&$%^:;.,'\"/@{}?—«»№€\xa0\u3000\u200d\ufe0f",
        *["**", "__", "~~", "```", "~~~", "\n\n", "\n- ", "\n1. ", "\n> ", "\n# ", "\n---\n", "\n===\n", "    "],
        *["](", "]: ", "[[", "![", "<b>", "</b>", "<!--", "<div>", "&amp;", "&#42;", "http://a.b/_c_", "\\*", "word "],
        *[
            "\n|--|--|\n",
            "a|b\n",
            "[x]: /u\n",
            "[!note]",
            "%%",
            "==",
            "$x$",
            " ^id",
            "\r\n",
            "\u2028",
            "\x07",
            "\u202e",
        ],
    ]
)
_TEXTS = st.lists(_PIECES, max_size=25).map("".join)
_KINDS = st.sampled_from(
    [kind for kind in EntityKind if kind not in (EntityKind.PRE, EntityKind.BLOCKQUOTE)]
    + [EntityKind.BOLD, EntityKind.ITALIC, EntityKind.STRIKE, EntityKind.CODE, EntityKind.TEXT_URL] * 3
    + [EntityKind.PRE, EntityKind.BLOCKQUOTE]
)
_VALUES = st.sampled_from(
    ["", "https://e.x/a(b)", "http://e.x/<>\\`|*_ %20", "javascript:alert(1)", "python", "c++", "a`b", "e.x", "tg://x"]
)


@st.composite
def _messages(draw: st.DrawFn) -> tuple[str, list[Entity]]:
    text = draw(_TEXTS)
    units = len(text.encode("utf-16-le")) // 2
    count = draw(st.integers(0, 5))
    entities = []
    for _ in range(count):
        offset = draw(st.integers(-1, units + 1))
        length = draw(st.integers(0, max(1, units - offset + 1)))
        entities.append(Entity(draw(_KINDS), offset, length, draw(_VALUES), draw(st.integers(0, 99))))
    return text, entities


def _without_links(seen: Shown) -> list[tuple[str, frozenset[str]]]:
    return [(char, style - {"link"}) for char, style in seen.styles]


def check(text: str, entities: list[Entity]) -> None:
    """The judge's sentence on one message."""
    body = render_body(text, entities)
    seen, wanted = shown(body), expected(text, entities)
    assert [char for char, _ in seen.styles] == [char for char, _ in wanted.styles], body
    assert seen.lines == wanted.lines, body
    linked = [entity for entity in entities if entity.kind in _LINKS]
    if len(linked) <= 1 and all(
        entity.value.startswith("http") for entity in linked if entity.kind is EntityKind.TEXT_URL
    ):
        if not any(entity.kind is EntityKind.URL for entity in linked):
            assert seen.styles == wanted.styles, body
    else:
        assert _without_links(seen) == _without_links(wanted), body


@settings(max_examples=700, deadline=None)
@given(_messages())
def test_a_reader_sees_exactly_what_was_written(message: tuple[str, list[Entity]]) -> None:
    check(*message)


@settings(max_examples=300, deadline=None)
@given(_messages())
def test_rendering_is_deterministic_and_ends_neatly(message: tuple[str, list[Entity]]) -> None:
    body = render_body(*message)
    assert body == render_body(*message)
    assert body == body.strip("\n")
    body.encode("utf-8")


@settings(max_examples=200, deadline=None)
@given(st.text("`a b", min_size=1, max_size=12).filter(lambda text: not text.isspace()))
def test_a_code_span_shows_its_backticks_and_blanks(text: str) -> None:
    seen = shown(code_span(text))
    assert "".join(char for char, _ in seen.styles) == text.replace(" ", "")
    assert all(style == {"code"} for _, style in seen.styles)


@pytest.mark.parametrize("bad", [(-5, 3), (0, 10**9), (7, 1), (2, -1), (1, 1), (2**40, 2**40)])
def test_bad_offsets_neither_crash_nor_lose_text(bad: tuple[int, int]) -> None:
    text = "a🎉b"
    body = render_body(text, [Entity(kind, *bad) for kind in EntityKind])
    assert {char for char, _ in shown(body).styles} == set(text)
