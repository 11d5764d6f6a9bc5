"""Whatever a rich message holds, readers see its texts in order, in just the blocks that it has, by two parsers."""

from __future__ import annotations

from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.cases import CATEGORIES
from tests.conformance.expectation import difference, expected
from tests.conformance.judge import PARSERS, WrongError
from tests.conformance.rich import Outline, cell_of, drawn, outline_of, outline_seen
from tobs_tui.model.profile import Anchors
from tobs_tui.model.rich import Cell, ListBlock, ListItem, Paragraph, Rich, Table
from tobs_tui.model.text import FormattedText
from tobs_tui.render.rich import render_rich
from tobs_tui.render.scene import FileLink, Scene, Target
from tobs_tui.telegram.convert_text import convert_entities

SCENE = Scene(
    chat=-1,
    title="Chat",
    zone=ZoneInfo("UTC"),
    anchors=Anchors.HEADING,
    name=lambda peer: f"u{peer}",
    username=lambda peer: "",
    target=lambda chat, message: Target("", ""),
    file=lambda message, index, file: FileLink(""),
    comments=lambda message: "",
)


@pytest.mark.parametrize("parser", PARSERS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(rng=st.randoms(use_true_random=False))
def test_readers_see_the_texts_of_a_rich_message_in_just_its_blocks(parser: str, rng: Random) -> None:
    rich = Rich(tuple(drawn(rng) for _ in range(rng.randrange(1, 5))))
    body = render_rich(rich, SCENE, 0)
    assert body == body.strip("\n")
    assert outline_seen(body, parser) == outline_of(rich, parser), body


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("category", [name for name in CATEGORIES if name not in ("pre", "quotes", "long texts")])
@settings(max_examples=5, deadline=None, derandomize=True)
@given(rng=st.randoms(use_true_random=False))
def test_the_text_of_a_cell_is_seen_span_for_span(category: str, parser: str, rng: Random) -> None:
    text, entities = CATEGORIES[category](rng)
    text = text.replace("\r", " ").replace("\n", " ").replace("\u2028", " ").replace("\u2029", " ")
    entities = [one for one in entities if type(one).__name__ not in ("MessageEntityPre", "MessageEntityBlockquote")]
    cell = Cell(FormattedText(text, convert_entities(entities)))
    body = render_rich(Rich((Table(((Cell(FormattedText("left")), cell, Cell(FormattedText("right"))),)),)), SCENE, 0)
    assert difference(cell_of(body, parser), expected(text, entities)) == "", body


@pytest.mark.parametrize("parser", PARSERS)
def test_what_looks_like_a_box_to_tick_is_none(parser: str) -> None:
    item = ListItem((Paragraph(FormattedText("[x] not done")),))
    assert outline_seen(render_rich(Rich((ListBlock((item,)),)), SCENE, 0), parser).text == "[x]notdone"


def test_structure_that_a_text_makes_is_found_out() -> None:
    right = outline_seen("- a\n- b", "cmark-gfm")
    assert right == Outline("ab", {"ul": 1, "li": 2})
    assert outline_seen("a\n- b", "cmark-gfm") != Outline("a-b", {"p": 1})
    with pytest.raises(WrongError):
        outline_seen("a\n\n```", "cmark-gfm")
