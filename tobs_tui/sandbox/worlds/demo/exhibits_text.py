"""Exhibits of the museum: every kind of text entity, alone, nested, crossing, and at awkward places."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from telethon.tl import types

from tobs_tui.sandbox.worlds import cast
from tobs_tui.sandbox.worlds.markup import Rich, utf16

Maker = Callable[[int, int], Any]
SHOWN_DATE = 1_718_000_000  # 2024-06-10, 06:13 UTC


def _with(kind: type[Any], **more: Any) -> Maker:
    return partial(_make, kind, more)


def _make(kind: type[Any], more: dict[str, Any], offset: int, length: int) -> Any:
    return kind(offset, length, **more)


BOLD, ITALIC, CODE = (
    _with(kind) for kind in (types.MessageEntityBold, types.MessageEntityItalic, types.MessageEntityCode)
)
SPOILER, STRIKE = _with(types.MessageEntitySpoiler), _with(types.MessageEntityStrike)
UNDERLINE = _with(types.MessageEntityUnderline)


def each_kind(custom_emoji: int) -> Iterator[Rich]:
    """One text for each of the 24 kinds of entity."""
    simple: tuple[tuple[str, str, Maker], ...] = (
        ("Bank card: ", "4242 4242 4242 4242", _with(types.MessageEntityBankCard)),
        ("Bold: ", "strong words", BOLD),
        ("Command: ", "/help@pollmaker_demo_bot", _with(types.MessageEntityBotCommand)),
        ("Cashtag: ", "$TOBS", _with(types.MessageEntityCashtag)),
        ("Code: ", "rm -- '-rf'", CODE),
        ("Custom emoji: ", "🌟", _with(types.MessageEntityCustomEmoji, document_id=custom_emoji)),
        ("Deleted: ", "old words", _with(types.MessageEntityDiffDelete)),
        ("Inserted: ", "new words", _with(types.MessageEntityDiffInsert)),
        ("Replaced: ", "colour", _with(types.MessageEntityDiffReplace, old_text="color")),
        ("Email: ", "alex@example.org", _with(types.MessageEntityEmail)),
        (
            "Date: ",
            "10 June",
            _with(types.MessageEntityFormattedDate, date=SHOWN_DATE, long_date=True, short_time=True),
        ),
        ("Relative date: ", "soon", _with(types.MessageEntityFormattedDate, date=SHOWN_DATE, relative=True)),
        ("Hashtag: ", "#übersicht", _with(types.MessageEntityHashtag)),
        ("Italic: ", "leaning words", ITALIC),
        ("Mention: ", "@zoe_lind", _with(types.MessageEntityMention)),
        ("Mention by id: ", "Tomás", _with(types.MessageEntityMentionName, user_id=cast.TOMAS)),
        ("Phone: ", "+1 555 010 0042", _with(types.MessageEntityPhone)),
        ("Program:\n", 'fn main() {\n    println!("``` inside");\n}', _with(types.MessageEntityPre, language="rust")),
        ("No language:\n", "plain\n  block", _with(types.MessageEntityPre, language="")),
        ("Spoiler: ", "the butler did it", SPOILER),
        ("Struck: ", "wrong", STRIKE),
        (
            "Link: ",
            "a (nested) [label]",
            _with(types.MessageEntityTextUrl, url="https://example.org/a(b)c?d=[e]&f=g h"),
        ),
        ("Underlined: ", "important", UNDERLINE),
        ("Unknown: ", "something new", _with(types.MessageEntityUnknown)),
        ("Address: ", "https://example.org/path_with_under_scores?q=1*2", _with(types.MessageEntityUrl)),
        ("Quote:\n", "first line\n\nsecond, after an empty one", _with(types.MessageEntityBlockquote)),
        (
            "Folded quote:\n",
            "line one\nline two\nline three\nline four",
            _with(types.MessageEntityBlockquote, collapsed=True),
        ),
    )
    for label, shown, maker in simple:
        yield Rich().add(label).add(shown, maker).add(".")


def combinations() -> Iterator[Rich]:
    """Entities that nest, cross, touch, span lines, cover blanks, and stand next to emoji outside the BMP."""
    yield Rich().add("bold and ", BOLD).add("bold italic", BOLD, ITALIC).add(" and italic", ITALIC)
    crossing = Rich().add("one two three four")
    yield crossing.around("one two three", BOLD).around("two three four", ITALIC)
    yield Rich().add("a", BOLD).add("b", ITALIC).add("c", BOLD).add("d", STRIKE).add("e", UNDERLINE)
    yield Rich().add("in", BOLD).add("word and mid").add("dle", ITALIC).add("ware")
    yield Rich().add("  blanks at the edges  ", BOLD).add("|").add("\nnext line\n", ITALIC).add("end")
    yield Rich().add("first line\nsecond line\n\nafter a gap", BOLD).add("!")
    yield Rich().add("👩‍👩‍👧‍👦 family ").add("🇺🇳👍🏽", BOLD).add(" 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 ").add("after astral", ITALIC)
    yield Rich().add("code with `ticks` and ").add("`", CODE).add(" and ").add("``x``", CODE)
    yield Rich().add("multi\nline\ncode", CODE)
    yield (
        Rich()
        .add("hidden ")
        .add("bold secret", SPOILER, BOLD)
        .add(" ")
        .add("https://example.org/s", SPOILER, _with(types.MessageEntityUrl))
    )
    yield (
        Rich()
        .add("quoted ")
        .add("one", _with(types.MessageEntityBlockquote))
        .add(" not ")
        .add("two", _with(types.MessageEntityBlockquote))
    )
    yield Rich().add("*", BOLD).add("_", ITALIC).add("~~", STRIKE).add("<b>", UNDERLINE)
    yield Rich().add("שלום ", BOLD).add("world ").add("مرحبا", ITALIC).add(" 世界", UNDERLINE)
    whole = Rich().add("everything at once")
    for maker in (BOLD, ITALIC, UNDERLINE, STRIKE, SPOILER):
        whole.around("everything at once", maker)
    yield whole


def broken_offsets() -> Iterator[tuple[str, list[Any]]]:
    """Entities that no careful client would send: inside a surrogate pair, empty, past the end, one over another."""
    yield "👍 half an emoji", [types.MessageEntityBold(1, 4)]
    yield "empty", [types.MessageEntityItalic(2, 0)]
    yield "past the end", [types.MessageEntityBold(5, 400), types.MessageEntityItalic(90, 3)]
    text = "same twice"
    yield text, [types.MessageEntityBold(0, utf16(text)), types.MessageEntityBold(0, utf16(text))]
