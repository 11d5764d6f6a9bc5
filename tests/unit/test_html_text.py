"""A text on a page is the message's, character for character and span for span, and makes nothing but those spans."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon.tl import types

from tests.conformance.cases import CATEGORIES
from tests.conformance.expectation import difference, expected
from tests.html_help import elements, shown, text_of
from tobs_tui.model.text import Entity, EntityKind
from tobs_tui.render.chars import clean
from tobs_tui.render.html.escape import attribute, on_a_line, reference
from tobs_tui.render.html.ink import HTML
from tobs_tui.render.html.text import html_body, text_box
from tobs_tui.telegram.convert_text import convert_entities

K = EntityKind
HOSTILE = [
    "<script>alert(1)</script>",
    "</div></article><img src=x onerror=alert(1)>",
    "<!-- <style> --> <![CDATA[ ]]> &lt;b&gt; &amp;amp;",
    '" onmouseover="alert(1)" x="',
    "\x00<\x00script>\x0b \ufeff\u202egnp\u202c \u2028 \ud800",
    "</pre></code></a></blockquote></span>",
    "<plaintext>", "<textarea>", "<template><math><mtext></template>",
]  # fmt: skip
# What links by itself on a page is no formatting; where it does, links are judged apart.
_SEEN = (types.MessageEntityMention, types.MessageEntityEmail, types.MessageEntityPhone, types.MessageEntityUrl)


def _linked_anyway(text: str, entities: list[Any]) -> frozenset[int]:
    """The visible characters that Telegram has seen a link in."""
    links = [types.MessageEntityTextUrl(one.offset, one.length, "x.y") for one in entities if isinstance(one, _SEEN)]
    styles = expected(text, links).styles
    free = expected(text, links).free
    return free | {index for index, (_, style) in enumerate(styles) if style}


@pytest.mark.parametrize("category", [name for name in CATEGORIES if name != "long texts"])
@settings(max_examples=25, deadline=None, derandomize=True)
@given(rng=st.randoms(use_true_random=False))
def test_browsers_see_exactly_what_was_written(category: str, rng: Random) -> None:
    _judge(category, rng)


@pytest.mark.parametrize("seed", range(3))
def test_browsers_see_exactly_what_was_written_at_length(seed: int) -> None:
    _judge("long texts", Random(seed))


def _judge(category: str, rng: Random) -> None:
    text, entities = CATEGORIES[category](rng)
    html = html_body(text, convert_entities(entities))
    wanted = expected(text, entities)
    assert difference(shown(html), wanted._replace(free=wanted.free | _linked_anyway(text, entities))) == "", html
    assert text_of(html) == clean(text)


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.sampled_from(list("ab<>&\"'/=!- \n\r\t\x00\u202e\u2028😀`")), max_size=24),
    st.lists(
        st.builds(
            Entity,
            st.sampled_from(list(K)),
            st.integers(-2, 26),
            st.integers(-2, 26),
            st.sampled_from(["", "javascript:alert(1)", "https://e.x/?a=1&b=<i>", '"><script>', "python"]),
            st.integers(-(2**63), 2**63 - 1),
            st.booleans(),
        ),
        max_size=6,
    ),
)
def test_no_spans_over_any_text_make_anything_else(text: str, entities: list[Entity]) -> None:
    html = html_body(text, entities)
    shown(html)
    assert text_of(html) == clean(text)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("kind", list(K))
def test_markup_in_a_text_stays_text(text: str, kind: EntityKind) -> None:
    html = html_body(text, [Entity(kind, 0, 10**6, text, 5)])
    shown(html)
    assert text_of(html) == clean(text)
    assert not any(name.startswith("on") for _, attributes in elements(html) for name in attributes)


@pytest.mark.parametrize("text", HOSTILE)
def test_names_and_values_stay_text(text: str) -> None:
    assert text_of(on_a_line(text)) == " ".join(clean(text).split())
    assert shown(on_a_line(text).removeprefix("<bdi>").removesuffix("</bdi>")).styles
    assert [found for tag, found in elements(f'<p title="{attribute(text)}">') if tag == "p"] == [
        {"title": clean(text)}
    ]


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:x", "java\nscript:x", "java\tscript:x"),
        *("\x01javascript:x", "data:text/html,<script>", "vbscript:x", "file:///etc/passwd", "//evil.example/x"),
        *("/etc/passwd", "\\\\host\\x", "blob:x", "about:blank", "view-source:x", "chrome://settings", ""),
    ],
)
def test_addresses_that_run_or_open_something_are_not_linked_to(address: str) -> None:
    assert reference(address) == ""
    assert HTML.link("label", address) == "label"
    linked = html_body("label", [Entity(K.TEXT_URL, 0, 5, address)])
    assert linked == "label" or linked.startswith('<a href="http://')


def test_addresses_of_the_web_and_of_the_vault_are_linked_to() -> None:
    kept = ["https://e.x/a?b=1&c", "tg://user?id=5", "mailto:a@e.x", "tel:+155", "../A%20(c1)/2024-05.html#m3", "#m3"]
    assert [found.get("href") for address in kept for _, found in elements(HTML.link("x", address)) if found] == kept


def test_each_kind_of_entity_becomes_what_it_says() -> None:
    seen = {
        kind: html_body("@abc_d", [Entity(kind, 0, 6, "x", 86_400)])
        for kind in K
    }  # fmt: skip
    assert seen[K.MENTION] == '<a href="https://t.me/abc_d">@abc_d</a>'
    assert seen[K.MENTION_NAME] == '<a href="tg://user?id=86400">@abc_d</a>'
    assert seen[K.TEXT_URL] == '<a href="http://x">@abc_d</a>'
    assert seen[K.EMAIL] == '<a href="mailto:@abc_d">@abc_d</a>'
    assert seen[K.FORMATTED_DATE] == '<time datetime="1970-01-02T00:00:00+00:00">@abc_d</time>'
    assert seen[K.HASHTAG] == seen[K.CASHTAG] == seen[K.BOT_COMMAND] == '<span class="tag">@abc_d</span>'
    assert seen[K.SPOILER] == '<span class="spoiler" tabindex="0">@abc_d</span>'
    assert seen[K.DIFF_REPLACE] == '<ins title="was: x">@abc_d</ins>'
    assert seen[K.PRE] == '<pre data-language="x">@abc_d</pre>'
    assert seen[K.BANK_CARD] == seen[K.CUSTOM_EMOJI] == seen[K.UNKNOWN] == "@abc_d"
    plain = {K.BOLD: "b", K.ITALIC: "i", K.STRIKE: "s", K.UNDERLINE: "u", K.CODE: "code", K.DIFF_DELETE: "del"}
    assert {kind: seen[kind] for kind in plain} == {kind: f"<{tag}>@abc_d</{tag}>" for kind, tag in plain.items()}
    assert html_body("+1 (5) 5", [Entity(K.PHONE, 0, 8)]) == '<a href="tel:+155">+1 (5) 5</a>'
    assert html_body("e.x/a", [Entity(K.URL, 0, 5)]) == '<a href="http://e.x/a">e.x/a</a>'
    assert 'class="folded"' in html_body("ab", [Entity(K.BLOCKQUOTE, 0, 2, flag=True)])


def test_marks_that_cross_are_closed_and_opened_again() -> None:
    entities = [Entity(K.BOLD, 0, 4), Entity(K.ITALIC, 2, 4), Entity(K.TEXT_URL, 3, 3, "https://e.x")]
    assert html_body("abcdef", entities) == (
        '<b>ab<i>c<a href="https://e.x">d</a></i></b><a href="https://e.x"><i>ef</i></a>'
    )


def test_a_link_stands_where_a_name_was_seen_in_it() -> None:
    entities = [Entity(K.MENTION, 0, 4), Entity(K.TEXT_URL, 2, 4, "https://e.x")]
    assert html_body("@abcde", entities) == '@a<a href="https://e.x">bcde</a>'


def test_a_newline_behind_a_block_is_not_shown_twice() -> None:
    assert html_body("a\nq\nb", [Entity(K.BLOCKQUOTE, 2, 1)]) == "a\n<blockquote>q\n</blockquote>b"
    assert html_body("x\n", [Entity(K.PRE, 0, 1)]) == "<pre>x\n</pre>"
    assert text_of(html_body("\n\nx", [Entity(K.PRE, 0, 3)])) == "\n\nx"


def test_a_text_without_anything_to_see_has_no_box() -> None:
    assert text_box(" \n\u202e") == ""
    assert text_box("שלום") == '<div class="text" dir="auto">שלום</div>'
