"""Rendering ends neatly and always in the same way, whatever a text and its entities are. What readers see of it is
judged in `tests.conformance`."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.adapter import render_text
from tests.conformance.cases import CATEGORIES
from tests.conformance.judge import PARSERS, shown
from tobs_tui.model.text import Entity, EntityKind
from tobs_tui.render.inline import code_span
from tobs_tui.render.text import render_body


@settings(max_examples=300, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(list(CATEGORIES)))
def test_rendering_is_deterministic_and_ends_neatly(rng: Random, category: str) -> None:
    text, entities = CATEGORIES[category](rng)
    body = render_text(text, entities)
    assert body == render_text(text, entities)
    assert body == body.strip("\n")
    body.encode("utf-8")


@pytest.mark.parametrize("parser", PARSERS)
@settings(max_examples=200, deadline=None)
@given(text=st.text("`a b", min_size=1, max_size=12).filter(lambda text: not text.isspace()))
def test_a_code_span_shows_its_backticks_and_blanks(text: str, parser: str) -> None:
    seen = shown(code_span(text), parser)
    assert "".join(char for char, _ in seen.styles) == text.replace(" ", "")
    assert all(style == {"code"} for _, style in seen.styles)


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("bad", [(-5, 3), (0, 10**9), (7, 1), (2, -1), (1, 1), (2**40, 2**40)])
def test_bad_offsets_neither_crash_nor_lose_text(bad: tuple[int, int], parser: str) -> None:
    text = "a🎉b"
    body = render_body(text, [Entity(kind, *bad) for kind in EntityKind])
    assert {char for char, _ in shown(body, parser).styles} == set(text)
