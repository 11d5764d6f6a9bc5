"""The rich text within page blocks: from TL `RichText`, a tree, into text with entities."""

from __future__ import annotations

from typing import Any

from tobs_tui.model.text import Entity, EntityKind, FormattedText
from tobs_tui.telegram.convert_buttons import deed_of
from tobs_tui.telegram.convert_text import seconds_of

_MARKS = {
    "Anchor": EntityKind.ANCHOR,
    "AutoEmail": EntityKind.EMAIL,
    "AutoPhone": EntityKind.PHONE,
    "AutoUrl": EntityKind.URL,
    "BankCard": EntityKind.BANK_CARD,
    "Bold": EntityKind.BOLD,
    "BotCommand": EntityKind.BOT_COMMAND,
    "Button": EntityKind.TEXT_URL,
    "Cashtag": EntityKind.CASHTAG,
    "CustomEmoji": EntityKind.CUSTOM_EMOJI,
    "Date": EntityKind.FORMATTED_DATE,
    "Diff": EntityKind.DIFF_REPLACE,
    "Email": EntityKind.TEXT_URL,
    "Fixed": EntityKind.CODE,
    "Hashtag": EntityKind.HASHTAG,
    "Italic": EntityKind.ITALIC,
    "Marked": EntityKind.MARKED,
    "Math": EntityKind.MATH,
    "Mention": EntityKind.MENTION,
    "MentionName": EntityKind.MENTION_NAME,
    "Phone": EntityKind.TEXT_URL,
    "Spoiler": EntityKind.SPOILER,
    "Strike": EntityKind.STRIKE,
    "Subscript": EntityKind.SUBSCRIPT,
    "Superscript": EntityKind.SUPERSCRIPT,
    "Underline": EntityKind.UNDERLINE,
    "Url": EntityKind.TEXT_URL,
}
"""By constructor name without ``Text``; besides them there are Concat, Empty, Image and Plain."""
IMAGE = "🖼"
"""What stands for a picture within a line."""


def rich_text(tree: Any, unknown: set[str]) -> FormattedText:
    """The text of a TL `RichText` (None = nothing), with an entity for each of its marks, the outer ones first.

    The names of constructors that are not known are added to `unknown`; the text below them stays, or else their name.
    """
    if tree is None:
        return FormattedText("")
    writer = _Writer(unknown)
    writer.put(tree)
    return FormattedText("".join(writer.parts), tuple(writer.entities))


class _Writer:
    """Flattens a tree of rich text."""

    def __init__(self, unknown: set[str]) -> None:
        self.parts: list[str] = []
        self.entities: list[Entity] = []
        self._at = 0  # in UTF-16 code units
        self._unknown = unknown

    def put(self, tree: Any) -> None:
        """Write a tree behind what is there."""
        name = type(tree).__name__
        if name == "TextPlain":
            self._write(tree.text)
        elif name == "TextConcat":
            for part in tree.texts:
                self.put(part)
        elif name == "TextImage":
            self._write(IMAGE)
        elif name == "str":
            self._write(tree)
        elif name != "TextEmpty":
            self._marked(name.removeprefix("Text"), tree)

    def _write(self, text: str) -> None:
        self.parts.append(text)
        self._at += len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2

    def _marked(self, name: str, tree: Any) -> None:
        kind = _MARKS.get(name)
        place, start = len(self.entities), self._at
        if name == "Math":
            self._write(" ".join(tree.source.split()))
        elif name == "CustomEmoji":
            self._write(tree.alt)
        elif hasattr(tree, "text"):
            self.put(tree.text)
        else:
            self._write(f"[{type(tree).__name__}]")
        value, number = "", 0
        if kind is None:
            self._unknown.add(type(tree).__name__)
            kind = EntityKind.UNKNOWN
        elif name == "Button":
            value, words = deed_of(tree.type)
            self._write(f" ({words})" if words else "")
        elif name == "Anchor":
            value = tree.name
        elif kind is EntityKind.MENTION_NAME:
            number = tree.user_id
        elif kind is EntityKind.CUSTOM_EMOJI:
            number = tree.document_id
        elif kind is EntityKind.FORMATTED_DATE:
            number = seconds_of(tree.date)
        elif kind is EntityKind.DIFF_REPLACE:
            value = rich_text(tree.old_text, self._unknown).text
        elif kind is EntityKind.TEXT_URL:
            value = _address(name, tree)
        if self._at > start and (value or kind is not EntityKind.TEXT_URL):
            self.entities.insert(place, Entity(kind, start, self._at - start, value, number))


def _address(name: str, tree: Any) -> str:
    """Where a link leads."""
    if name == "Email":
        return f"mailto:{tree.email}"
    return f"tel:{tree.phone}" if name == "Phone" else str(tree.url)
