"""Texts of an export: pieces, each of one kind, become a string with entities over its UTF-16 code units."""

from __future__ import annotations

from typing import Any

from tobs_tui.desktop.fields import number_field, text_field
from tobs_tui.model.text import Entity, EntityKind, FormattedText

_KINDS = {
    "mention": EntityKind.MENTION,
    "hashtag": EntityKind.HASHTAG,
    "bot_command": EntityKind.BOT_COMMAND,
    "link": EntityKind.URL,
    "email": EntityKind.EMAIL,
    "bold": EntityKind.BOLD,
    "italic": EntityKind.ITALIC,
    "code": EntityKind.CODE,
    "pre": EntityKind.PRE,
    "text_link": EntityKind.TEXT_URL,
    "mention_name": EntityKind.MENTION_NAME,
    "phone": EntityKind.PHONE,
    "cashtag": EntityKind.CASHTAG,
    "underline": EntityKind.UNDERLINE,
    "strikethrough": EntityKind.STRIKE,
    "blockquote": EntityKind.BLOCKQUOTE,
    "bank_card": EntityKind.BANK_CARD,
    "spoiler": EntityKind.SPOILER,
    "custom_emoji": EntityKind.CUSTOM_EMOJI,
}
_VALUES = {"pre": "language", "text_link": "href"}


def formatted(fields: dict[str, Any], name: str = "text") -> FormattedText:
    """The text under `name`; ``text_entities`` says it best where there is one, older exports have ``text`` alone."""
    pieces = fields.get(f"{name}_entities") or fields.get(name)
    if isinstance(pieces, str):
        return FormattedText(pieces)
    texts: list[str] = []
    entities: list[Entity] = []
    offset = 0
    for piece in pieces if isinstance(pieces, list) else ():
        text = piece if isinstance(piece, str) else text_field(piece, "text") if isinstance(piece, dict) else ""
        length = len(text.encode("utf-16-le", "surrogatepass")) // 2
        if isinstance(piece, dict) and length:
            entity = _entity(piece, offset, length)
            entities += [entity] if entity is not None else []
        texts.append(text)
        offset += length
    return FormattedText("".join(texts), tuple(entities))


def _entity(piece: dict[str, Any], offset: int, length: int) -> Entity | None:
    kind_name = text_field(piece, "type")
    kind = _KINDS.get(kind_name)
    if kind is None:  # plain text, and what its exporter did not know either
        return None
    return Entity(
        kind=kind,
        offset=offset,
        length=length,
        value=text_field(piece, _VALUES.get(kind_name, "")),
        number=number_field(piece, "user_id") or number_field(piece, "document_id"),
        flag=piece.get("collapsed") is True,
    )
