"""Plain prose comes out as it went in; only what would make structure is escaped, and formatting is exact."""

from __future__ import annotations

import pytest

from tobs_tui.model.text import Entity, EntityKind, FormattedText
from tobs_tui.render.text import render_body, render_text

PROSE = [
    "Hello, how are you? Fine, thanks!",
    "Привет, как дела? Всё хорошо — спасибо.",
    "今日は天気がいいですね。行きましょう!",
    "مرحبا، كيف حالك؟",
    "Cost: $5, about ~3 of 4; snake_case_name stays, 2 * 3 = 6, a < b and b > a, I <3 it, AT&T",
    "See (this), or [1]; 100% sure. It's 12:30 – 13:45… C:\\Users\\me, #1 of 2, x^2, a = b",
    "👍🏽 👨‍👩‍👧‍👦 🇺🇦 ok :-) ;) ^^",
    "  two blanks in front",
    "user@example.org or +1 555 0100, and https://example.org/a_b/c?x=1&y=2#part",
    "1,5 or 1.5, 10. or 2024.",
]


@pytest.mark.parametrize("prose", PROSE)
def test_plain_prose_is_unchanged(prose: str) -> None:
    assert render_body(prose) == prose


def test_only_line_breaks_are_added_to_prose_of_several_lines() -> None:
    assert render_body("one\ntwo\n\nthree\n\n\nfour") == "one  \ntwo\n\nthree\n\n\nfour"


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("1. one", "1\\. one"),
        ("2) two", "2\\) two"),
        ("- item", "\\- item"),
        ("+ item", "\\+ item"),
        ("* item", "\\* item"),
        ("# title", "\\# title"),
        ("> said", "\\> said"),
        ("---", "\\---"),
        ("a\n===", "a  \n\\==="),
        ("~~~", "\\~\\~\\~"),
        ("a | b\n--- | ---", "a | b  \n\\--- | ---"),
        ("2*3*4", "2\\*3\\*4"),
        ("_so_", "\\_so\\_"),
        ("`x` and `y`", "\\`x\\` and \\`y\\`"),
        ("<b>no</b>", "\\<b>no\\</b>"),
        ("&amp; &copy", "\\&amp; &copy"),
        ("[text](url)", "\\[text](url)"),
        ("[x]: /url", "\\[x]: /url"),
        ("\\*", "\\\\*"),
        ("    code", "&#32;&#32;&#32;&#32;code"),
        ("\xa0x", "&nbsp;x"),
        ("[[note]] ![[embed]]", "\\[\\[note]] !\\[\\[embed]]"),
        ("==marked==", "\\=\\=marked\\=\\="),
        ("%%hidden%%", "\\%\\%hidden\\%\\%"),
        ("$x$", "\\$x\\$"),
        ("a ^[note]", "a ^\\[note]"),
        ("text ^id", "text \\^id"),
        ("not a #tag", "not a \\#tag"),
        ("[!note] x", "\\[!note] x"),
        ("[^1] x", "\\[^1] x"),
    ],
)
def test_what_would_make_structure_is_escaped(text: str, markdown: str) -> None:
    assert render_body(text) == markdown


@pytest.mark.parametrize(
    ("text", "entities", "markdown"),
    [
        ("a bold b", [Entity(EntityKind.BOLD, 2, 4)], "a **bold** b"),
        ("a bold b", [Entity(EntityKind.BOLD, 1, 6)], "a **bold** b"),
        ("italic", [Entity(EntityKind.ITALIC, 0, 6)], "*italic*"),
        ("gone", [Entity(EntityKind.STRIKE, 0, 4)], "~~gone~~"),
        ("both", [Entity(EntityKind.BOLD, 0, 4), Entity(EntityKind.ITALIC, 0, 4)], "***both***"),
        ("under", [Entity(EntityKind.UNDERLINE, 0, 5)], "<u>under</u>"),
        ("secret", [Entity(EntityKind.SPOILER, 0, 6)], '<span class="tg-spoiler">secret</span>'),
        ("a😀b", [Entity(EntityKind.BOLD, 1, 2)], "a<b>😀</b>b"),
        ("😀 bold", [Entity(EntityKind.BOLD, 3, 4)], "😀 **bold**"),
        ("one\ntwo", [Entity(EntityKind.BOLD, 0, 7)], "**one**  \n**two**"),
        ("x = `y`", [Entity(EntityKind.CODE, 4, 3)], "x = `` `y` ``"),
        ("abcd", [Entity(EntityKind.BOLD, 0, 2), Entity(EntityKind.BOLD, 2, 2)], "**abcd**"),
        ("ab cd", [Entity(EntityKind.BOLD, 0, 4), Entity(EntityKind.ITALIC, 1, 4)], "<b>a<i>b c</i></b>*d*"),
        ("site", [Entity(EntityKind.TEXT_URL, 0, 4, "https://e.x/a(b) c")], "[site](<https://e.x/a(b)%20c>)"),
        ("Zoe", [Entity(EntityKind.MENTION_NAME, 0, 3, number=7)], "[Zoe](tg://user?id=7)"),
        ("!Zoe", [Entity(EntityKind.MENTION_NAME, 1, 3, number=7)], "\\![Zoe](tg://user?id=7)"),
        ("http://e.x/_a_", [Entity(EntityKind.URL, 0, 14)], "<http://e.x/_a_>"),
        ("http://e.x/a.", [Entity(EntityKind.URL, 0, 12)], "http://e.x/a."),
        ("#tag #no", [Entity(EntityKind.HASHTAG, 0, 4)], "#tag \\#no"),
        ("new", [Entity(EntityKind.DIFF_REPLACE, 0, 3, "old")], '<ins title="was: old">new</ins>'),
        ("evil", [Entity(EntityKind.TEXT_URL, 0, 4, "javascript:alert(1)")], "evil"),
    ],
)
def test_formatting_covers_its_characters(text: str, entities: list[Entity], markdown: str) -> None:
    assert render_body(text, entities) == markdown


def test_markup_behind_a_bare_address_is_no_part_of_it() -> None:
    assert render_body("see http://e.x/*a* www.e.x") == "see http\\://e.x/\\*a\\* www.e.x"


def test_code_blocks_keep_their_language_and_outgrow_fences_inside() -> None:
    text = "run\n```\nx\n```"
    assert render_body(text, [Entity(EntityKind.PRE, 4, 9, "python")]) == "run\n\n````python\n```\nx\n```\n````"
    assert render_body("x", [Entity(EntityKind.PRE, 0, 1, "a b`")]) == "```\nx\n```"


def test_inline_code_of_several_lines_becomes_a_block() -> None:
    assert render_body("a\nb", [Entity(EntityKind.CODE, 0, 3)]) == "```\na\nb\n```"


def test_one_quote_stays_one_and_two_stay_two() -> None:
    one = render_body("a\n\nb\nc", [Entity(EntityKind.BLOCKQUOTE, 0, 4)])
    assert one == "> a\n>\n> b\n\nc"
    two = render_body("a\nb", [Entity(EntityKind.BLOCKQUOTE, 0, 1), Entity(EntityKind.BLOCKQUOTE, 2, 1)])
    assert two == "> a\n\n> b"


def test_characters_that_forge_lines_or_directions_do_not_get_through() -> None:
    body = render_body("a\u2028###### m5\u202e\x07\ufeff\x0b\x85b")
    assert body == "a  \n\\###### m5b"
    assert "\n".join(body.splitlines()) == body


def test_joiners_and_variation_selectors_stay() -> None:
    text = "👨‍👩‍👧 ❤️ می‌خواهم"
    assert render_body(text) == text


@pytest.mark.parametrize("kind", list(EntityKind))
def test_every_kind_of_entity_keeps_its_text(kind: EntityKind) -> None:
    body = render_text(FormattedText("before inside after", (Entity(kind, 7, 6, "https://e.x", 5),)))
    assert all(word in body for word in ("before", "inside", "after"))
