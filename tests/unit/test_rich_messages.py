"""Rich messages from Telegram's bytes to Markdown: every kind of block and of rich text of the layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from telethon.tl import types

from tests.unit.telegram_samples import DATE, document, message, page, photo
from tests.unit.test_render_message import render_message, scene
from tobs_tui.model.messages import Message, decode_message, encode_message
from tobs_tui.model.rich import Rich
from tobs_tui.model.text import EntityKind
from tobs_tui.render.jsonl import JsonlRenderer
from tobs_tui.telegram.convert_rich import MAX_DEPTH, convert_rich
from tobs_tui.telegram.decode import decode_page

CHAT = 77
plain = types.TextPlain
cell = types.PageTableCell
URL = types.InlineButtonTypeUrl("https://e.x/b")


def caption(text: str = "", credit: str = "") -> types.PageCaption:
    return types.PageCaption(*(plain(each) if each else types.TextEmpty() for each in (text, credit)))


def decoded(*blocks: Any, part: bool = False) -> Message:
    rich = types.RichMessage(list(blocks), [photo()], [document()], part=part)
    [record] = decode_page(page([message(5, "", rich_message=rich)]), CHAT).messages
    return record


def shown(*blocks: Any, part: bool = False) -> str:
    """The Markdown of the blocks."""
    markdown = render_message(decoded(*blocks, part=part), scene())
    return markdown.partition(" · 14:00\n\n")[2]


def bullets(*texts: str) -> Any:
    return types.PageBlockList([types.PageListItemText(plain(text)) for text in texts])


INSIDE = types.PageBlockParagraph(plain("inside"))
BLOCKS: list[tuple[Any, str]] = [
    (types.PageBlockAnchor("here"), "*Empty message*"),
    (types.PageBlockAudio(8, caption("a song")), "🎵 audio (not available)  \na song"),
    (types.PageBlockAuthorDate(plain("Ann *B*"), DATE), "✍ Ann \\*B\\* · 14:00"),
    (types.PageBlockBlockquote(plain("so\nit goes"), plain("Kurt")), "> so  \n> it goes\n>\n> — Kurt"),
    (types.PageBlockBlockquoteBlocks([INSIDE, bullets("a")], types.TextEmpty()), "> inside\n>\n> - a"),
    (
        types.PageBlockButtonRow(
            [types.PageButton(plain("Go"), URL), types.PageButton(plain("Cp"), types.InlineButtonTypeCopy("z"))]
        ),
        "⏺ [Go](https://e.x/b) · ⏺ Cp (copies “z”)",
    ),
    (
        types.PageBlockChannel(types.Channel(5, "[News]", types.ChatPhotoEmpty(), DATE, username="news")),
        "📢 [\\[News\\]](https://t.me/news)",
    ),
    (
        types.PageBlockCollage([types.PageBlockPhoto(11, caption())], caption("two")),
        "🖼 collage of 1  \ntwo\n\n- 🖼 photo (900×600, 8.8 KB)",
    ),
    (types.PageBlockCover(types.PageBlockPhoto(11, caption())), "🖼 photo (900×600, 8.8 KB)"),
    (types.PageBlockDetails([INSIDE], plain("more")), "> ▸ **more**\n>\n> inside"),
    (types.PageBlockDivider(), "___"),
    (types.PageBlockDocument(21, caption("", "Ann")), "📄 file · report.pdf (4.9 KB)  \n— Ann"),
    (types.PageBlockEmbed(caption(), url="https://e.x/e"), "🌐 embedded page [https://e.x/e](https://e.x/e)"),
    (
        types.PageBlockEmbedPost("https://e.x/p", 1, 0, "Bob", DATE, [INSIDE], caption("c")),
        "> **Bob** · 14:00 · [post](https://e.x/p)\n>\n> inside\n>\n> c",
    ),
    (types.PageBlockFooter(plain("end")), "*end*"),
    (types.PageBlockHeader(plain("h")), "**h**"),
    *((vars(types)[f"PageBlockHeading{level}"](plain("h # x")), "**h # x**") for level in (1, 2, 3)),
    *((vars(types)[f"PageBlockHeading{level}"](plain("m12")), "***m12***") for level in (4, 5, 6)),
    (types.PageBlockKicker(plain("k")), "*k*"),
    (bullets("one", "- two", "[x] three"), "- one\n- \\- two\n- \\[x] three"),
    (
        types.PageBlockMap(types.GeoPoint(13.4, 52.5, 1), 9, 4, 3, caption("where")),
        "📍 map [52.500000, 13.400000](https://www.openstreetmap.org/?mlat=52.500000&mlon=13.400000)  \nwhere",
    ),
    (types.PageBlockMath("e^{i\\pi}\n= -1"), "$$\ne^{i\\pi}\n= -1\n$$"),
    (types.PageBlockMath("a &= b \\\\"), "```math\na &= b \\\\\n```"),
    (types.PageBlockMath("# x\n```"), "````math\n# x\n```\n````"),
    (
        types.PageBlockOrderedList(
            [
                types.PageListOrderedItemText(plain("a")),
                types.PageListOrderedItemBlocks([INSIDE, bullets("b")], checkbox=True),
            ],
            start=4,
        ),
        "4. a\n5. [ ] inside\n   - b",
    ),
    (types.PageBlockParagraph(plain("one\ntwo")), "one  \ntwo"),
    (
        types.PageBlockPhoto(11, caption("c"), url="https://e.x/l", webpage_id=3),
        "[🖼 photo (900×600, 8.8 KB)](https://e.x/l)  \nc",
    ),
    (types.PageBlockPreformatted(plain("print(`x`)"), "python"), "```python\nprint(`x`)\n```"),
    (types.PageBlockPullquote(plain("q"), plain("w")), "> q\n>\n> — w"),
    (
        types.PageBlockRelatedArticles(
            plain("More"), [types.PageRelatedArticle("https://e.x/a", 1, title="A", author="w", published_date=DATE)]
        ),
        "**More**\n\n- [A](https://e.x/a) · w · 14:00",
    ),
    (types.PageBlockSlideshow([INSIDE], caption()), "🖼 slideshow of 1\n\n- inside"),
    (types.PageBlockSubheader(plain("h")), "**h**"),
    (types.PageBlockSubtitle(plain("h")), "**h**"),
    (
        types.PageBlockTable(
            plain("Heights"),
            [
                types.PageTableRow([cell(text=plain("a|b"), header=True), cell(text=plain("m"), header=True)]),
                types.PageTableRow([cell(text=plain("x"), rowspan=2), cell(text=plain("1\n2"), align_right=True)]),
                types.PageTableRow([cell(text=plain("3"), align_right=True)]),
                types.PageTableRow([cell(text=types.TextFixed(plain("c|d")), colspan=2)]),
            ],
        ),
        "**Heights**\n\n| a&#124;b | m |\n| --- | --: |\n| x | 1 <br> 2 |\n|  | 3 |\n| <code>c&#124;d</code> |  |",
    ),
    (types.PageBlockThinking(plain("hm")), "> 💭 thinking\n>\n> hm"),
    (types.PageBlockTitle(plain("T")), "**T**"),
    (
        types.PageBlockUnsupported(),
        "*Content that this version cannot read: PageBlockUnsupported*\n\n"
        "*Not shown in full; this version cannot read: PageBlockUnsupported*",
    ),
    (types.PageBlockVideo(21, caption(), spoiler=True), "📄 file · report.pdf · spoiler (4.9 KB)"),
]


@pytest.mark.parametrize(("block", "markdown"), BLOCKS, ids=lambda value: type(value).__name__)
def test_each_kind_of_block_has_its_markdown(block: Any, markdown: str) -> None:
    assert shown(block) == markdown
    record = decoded(block)
    assert decode_message(encode_message(record)) == record


def test_every_block_of_the_layer_has_an_example_here() -> None:
    kinds = {kind for name, kind in vars(types).items() if name.startswith("PageBlock")}
    assert {type(block) for block, _ in BLOCKS} == kinds


inner = plain("word")
TEXTS: list[tuple[Any, EntityKind | None, str]] = [
    (types.TextAnchor(inner, "a"), EntityKind.ANCHOR, "word"),
    (types.TextAutoEmail(inner), EntityKind.EMAIL, "word"),
    (types.TextAutoPhone(inner), EntityKind.PHONE, "word"),
    (types.TextAutoUrl(plain("https://e.x")), EntityKind.URL, "https://e.x"),
    (types.TextBankCard(inner), EntityKind.BANK_CARD, "word"),
    (types.TextBold(inner), EntityKind.BOLD, "**word**"),
    (types.TextBotCommand(inner), EntityKind.BOT_COMMAND, "word"),
    (types.TextButton(inner, URL), EntityKind.TEXT_URL, "[word](https://e.x/b)"),
    (types.TextCashtag(inner), EntityKind.CASHTAG, "word"),
    (types.TextConcat([plain("wo"), plain("rd")]), None, "word"),
    (types.TextCustomEmoji(44, "🎉"), EntityKind.CUSTOM_EMOJI, "🎉"),
    (types.TextDate(inner, DATE), EntityKind.FORMATTED_DATE, "word"),
    (types.TextDiff(inner, plain("old")), EntityKind.DIFF_REPLACE, '<ins title="was: old">word</ins>'),
    (types.TextEmail(inner, "a@e.x"), EntityKind.TEXT_URL, "[word](mailto:a@e.x)"),
    (types.TextEmpty(), None, ""),
    (types.TextFixed(inner), EntityKind.CODE, "`word`"),
    (types.TextHashtag(plain("#word")), EntityKind.HASHTAG, "#word"),
    (types.TextImage(21, 3, 4), None, "🖼"),
    (types.TextItalic(inner), EntityKind.ITALIC, "*word*"),
    (types.TextMarked(inner), EntityKind.MARKED, "<mark>word</mark>"),
    (types.TextMath("x_{i}  +\n\\frac{1}{2}"), EntityKind.MATH, "$x_{i} + \\frac{1}{2}$"),
    (types.TextMention(plain("@word")), EntityKind.MENTION, "@word"),
    (types.TextMentionName(inner, 9), EntityKind.MENTION_NAME, "[word](tg://user?id=9)"),
    (types.TextPhone(inner, "+1555"), EntityKind.TEXT_URL, "[word](tel:+1555)"),
    (types.TextPlain("word"), None, "word"),
    (types.TextSpoiler(inner), EntityKind.SPOILER, '<span class="tg-spoiler">word</span>'),
    (types.TextStrike(inner), EntityKind.STRIKE, "~~word~~"),
    (types.TextSubscript(inner), EntityKind.SUBSCRIPT, "<sub>word</sub>"),
    (types.TextSuperscript(inner), EntityKind.SUPERSCRIPT, "<sup>word</sup>"),
    (types.TextUnderline(inner), EntityKind.UNDERLINE, "<u>word</u>"),
    (types.TextUrl(inner, "https://e.x", 0), EntityKind.TEXT_URL, "[word](https://e.x)"),
]


@pytest.mark.parametrize(("text", "kind", "markdown"), TEXTS, ids=lambda value: type(value).__name__)
def test_each_kind_of_rich_text_has_its_entity_and_markdown(text: Any, kind: EntityKind | None, markdown: str) -> None:
    around = types.TextConcat([plain("🎉 "), text, plain(" end")])
    [block] = decoded(types.PageBlockParagraph(around)).rich.blocks  # type: ignore[union-attr]
    assert [(one.kind, one.offset) for one in block.text.entities] == ([] if kind is None else [(kind, 3)])
    assert shown(types.PageBlockParagraph(around)) == f"🎉 {markdown} end"


def test_every_rich_text_of_the_layer_has_an_example_here() -> None:
    base = types.TextBold.SUBCLASS_OF_ID
    assert {type(text) for text, *_ in TEXTS} == {
        kind for kind in vars(types).values() if isinstance(kind, type) and getattr(kind, "SUBCLASS_OF_ID", 0) == base
    }


@pytest.mark.parametrize(
    ("given", "markdown"),
    [
        ("a*b*c", "`a*b*c`"),
        ("\\{x\\}", "`\\{x\\}`"),
        ("$", "`$`"),
        ("", ""),
        ("x` `", "`` x` ` ``"),
        ("_x_", "`_x_`"),
    ],
)
def test_a_formula_that_others_could_read_as_markdown_is_code(given: str, markdown: str) -> None:
    text = types.TextConcat([plain("a"), types.TextMath(given), plain("b")])
    assert shown(types.PageBlockParagraph(text)) == f"a{markdown}b"


def test_a_dollar_sign_beside_a_formula_is_no_part_of_one() -> None:
    text = types.TextConcat([plain("$5 for "), types.TextMath("x"), plain(" and "), types.TextMath("y"), plain("2")])
    assert shown(types.PageBlockParagraph(text)) == "\\$5 for $x$ and `y`2"


@pytest.mark.parametrize(
    ("fields", "items", "markdown"),
    [
        ({"type": "a"}, [{}, {}], "- a\\. x\n- b\\. x"),
        ({"type": "I", "start": 3}, [{}, {}], "- III\\. x\n- IV\\. x"),
        ({"reversed": True}, [{}, {}], "- 2\\. x\n- 1\\. x"),
        ({}, [{"value": 7}, {}], "7. x\n8. x"),
        ({}, [{"num": "1.a"}, {"num": "*"}], "- 1.a\\. x\n- \\*\\. x"),
        ({"start": 0}, [{}, {}], "0. x\n1. x"),
        ({"start": -1}, [{}, {}], "- -1\\. x\n- 0\\. x"),
    ],
)
def test_items_of_ordered_lists_keep_their_own_labels(
    fields: dict[str, Any], items: list[dict[str, Any]], markdown: str
) -> None:
    made = [types.PageListOrderedItemText(plain("x"), **item) for item in items]
    assert shown(types.PageBlockOrderedList(made, **fields)) == markdown


def test_two_lists_in_a_row_stay_two() -> None:
    assert shown(bullets("a"), bullets("b"), bullets("c")) == "- a\n\n* b\n\n- c"


def test_links_to_places_of_the_message_itself_are_plain_text() -> None:
    assert shown(types.PageBlockParagraph(types.TextUrl(plain("see"), "#there", 0))) == "see"


def _deep(count: int, wrap: Callable[[Any], Any]) -> Any:
    block: Any = types.PageBlockParagraph(plain("core"))
    for _ in range(count):
        block = wrap(block)
    return block


@pytest.mark.parametrize("count", [3, 12, MAX_DEPTH + 5, 150])
def test_however_deep_blocks_lie_they_are_shown_or_counted(count: int) -> None:
    record = decoded(_deep(count, lambda block: types.PageBlockBlockquoteBlocks([block], types.TextEmpty())))
    assert decode_message(encode_message(record)) == record
    markdown = render_message(record, scene())
    assert ("core" in markdown) == (not record.unknown)
    assert bool(record.unknown) == (count > MAX_DEPTH - 1)
    assert "> > > > > > >" not in markdown


def test_a_message_of_which_the_rest_is_missing_says_so_and_counts_as_not_fully_read() -> None:
    record = decoded(INSIDE, part=True)
    assert record.unknown == ("RichMessage.part",)
    assert shown(INSIDE, part=True) == "inside\n\n*The rest of this message could not be had.*"


def test_constructors_that_are_not_known_are_named_and_their_text_stays() -> None:
    class TextNew:
        text = plain("kept")

    class TextNewer:
        pass

    class PageBlockNew:
        pass

    texts = [TextNew(), TextNewer()]
    tree: Any = types.RichMessage([types.PageBlockParagraph(types.TextConcat(texts)), PageBlockNew()], [], [])  # type: ignore[list-item]
    rich = convert_rich(tree)
    assert rich.blocks[0].text.text == "kept[TextNewer]"  # type: ignore[union-attr]
    assert rich.blocks[1].constructor == "PageBlockNew"  # type: ignore[union-attr]


def test_records_of_an_older_version_are_rendered_from_their_plain_text() -> None:
    old = Message(5, int(DATE.timestamp()), sender=7, rich_text="Title\n- item")
    assert decode_message(encode_message(old)) == old
    assert render_message(old, scene()).endswith("Title  \n\\- item")


def test_what_only_this_account_could_use_stays_out_of_json_lines() -> None:
    line = JsonlRenderer(scene()).chunk([decoded(types.PageBlockPhoto(11, caption("c")))])
    assert '"kind":"media"' in line and '"c"' in line
    assert "access_hash" not in line and "reference" not in line


def test_an_empty_rich_message_is_an_empty_message() -> None:
    assert shown() == "*Empty message*"
    assert decoded().rich == Rich(())
