"""Whatever a message is, readers see exactly its text, span for span, by two parsers; and prose comes out unchanged."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon.tl import types

from tests.conformance import report
from tests.conformance.adapter import render_text
from tests.conformance.cases import CATEGORIES
from tests.conformance.judge import PARSERS
from tests.conformance.verdict import verdict


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("category", CATEGORIES)
@settings(max_examples=15, deadline=None, derandomize=True)  # `report` takes as many others as you like
@given(rng=st.randoms(use_true_random=False))
def test_readers_see_exactly_what_was_written(category: str, parser: str, rng: Random) -> None:
    text, entities = CATEGORIES[category](rng)
    assert verdict(category, text, entities, parser) == "", render_text(text, entities)


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("bold", [(0, 8), (1, 7), (4, 4), (5, 3)])
def test_backticks_that_an_address_parts_from_each_other_make_no_code(parser: str, bold: tuple[int, int]) -> None:
    entities = [types.MessageEntityUrl(0, 7), types.MessageEntityBold(*bold)]
    assert verdict("anything", "one ab``", entities, parser) == ""


def test_the_shares_promised_are_reached(capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main(cases=850, seed=1, examples=0) == 0
    table = capsys.readouterr().out
    assert all(category in table for category in CATEGORIES)


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    ("text", "entities", "problem"),
    [
        ("*a*", [], "the visible text differs"),
        ("a", [types.MessageEntityBold(0, 1)], "'a' (character 0) is [] where it should be ['bold']"),
        ("- a", [], "the text made a ul"),
        ("a <!-- b", [], ""),
        ("a\nb", [], "the lines differ"),
        ("~~~", [], "the neighbours changed"),
    ],
)
def test_markdown_that_says_something_else_is_found_out(
    text: str, entities: list[object], problem: str, parser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.conformance.verdict.render_text", lambda text, entities: text.replace("\n", " "))
    assert verdict("inline marks", text, entities, parser) == problem


def test_what_no_message_can_carry_is_rendered_all_the_same() -> None:
    assert render_text("a\ud83db", [types.MessageEntityBold(0, 2**40)]) == "**a\ufffdb**"
    assert render_text("", []) == ""
