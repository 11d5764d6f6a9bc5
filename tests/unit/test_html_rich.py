"""Rich messages on pages: every block is there with its words, and nothing that a text would like to be."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.rich import drawn
from tests.html_help import elements, text_of
from tests.unit.test_html_message import html_scene
from tests.unit.test_render_message import DATE
from tests.unit.test_rich_messages import BLOCKS, decoded
from tobs_tui.model.rich import Cell, Details, Heading, ListBlock, ListItem, Paragraph, Rich, Table, plain_text
from tobs_tui.model.text import Entity, EntityKind, FormattedText
from tobs_tui.render.chars import clean
from tobs_tui.render.html.rich import rich_box

ALLOWED = {
    "-document", "-undef", "html", "head", "body", "title", "div", "p", "h4", "h5", "ul", "li", "hr", "pre",
    "details", "summary", "table", "caption", "tbody", "tr", "th", "td", "a", "b", "i", "s", "u", "del", "ins", "code",
    "time", "span", "bdi", "mark", "sub", "sup", "-doctype",
    "blockquote",
}  # fmt: skip


def shown(rich: Rich) -> str:
    return rich_box(rich, html_scene(), DATE)


def missing(rich: Rich, html: str) -> list[str]:
    """Words of a rich message that are neither to be read on its page nor where a link of it leads."""
    links = [str(attributes.get("href", "")) for _, attributes in elements(html)]
    seen = "".join([*text_of(html).split(), *links])
    boxless = re.sub(r"\[[x ]\] ?", "", clean(plain_text(rich)))
    return [word for word in re.findall(r"\w+", boxless) if word not in seen]


@pytest.mark.parametrize("block", [block for block, _ in BLOCKS], ids=lambda block: type(block).__name__)
def test_each_kind_of_block_has_its_words_on_the_page(block: object) -> None:
    record = decoded(block)
    assert record.rich is not None
    html = shown(record.rich)
    assert missing(record.rich, html) == []
    assert {tag for tag, _ in elements(html)} <= ALLOWED


@settings(max_examples=60, deadline=None, derandomize=True)
@given(rng=st.randoms(use_true_random=False))
def test_whatever_blocks_hold_a_page_has_their_words_and_no_element_of_theirs(rng: Random) -> None:
    rich = Rich(tuple(drawn(rng) for _ in range(rng.randrange(1, 4))))
    html = shown(rich)
    assert {tag for tag, _ in elements(html)} <= ALLOWED
    assert all(not name.startswith("on") for _, attributes in elements(html) for name in attributes)
    assert missing(rich, html) == []


def test_a_rich_message_is_laid_out() -> None:
    text = FormattedText("x <b>", (Entity(EntityKind.ITALIC, 0, 1),))
    said = Paragraph(text)
    rich = Rich(
        (
            Heading(text),
            Table(((Cell(text, header=True, columns=2),), (Cell(text), Cell(text))), FormattedText("T")),
            Details(FormattedText("more"), (said,), open=True),
            ListBlock((ListItem((said,), done=True), ListItem((said,), label="iv")), ordered=True),
        ),
        part=True,
    )
    inner = "<i>x</i> &lt;b&gt;"
    assert shown(rich) == (
        f'<div class="rich" dir="auto"><h4 dir="auto">{inner}</h4><div class="wide"><table><caption>T</caption>'
        f'<tr><th class="left" colspan="2">{inner}</th></tr>'
        f'<tr><td class="left">{inner}</td><td class="left">{inner}</td></tr></table></div>'
        f'<details open><summary>more</summary><div class="text" dir="auto">{inner}</div></details>'
        f'<ul><li>☑ <div class="text" dir="auto">{inner}</div></li>'
        f'<li>iv. <div class="text" dir="auto">{inner}</div></li></ul>'
        '<p class="label"><i>The rest of this message could not be had.</i></p></div>'
    )
