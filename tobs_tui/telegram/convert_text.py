"""Formatted text: from TL entities into `model.text` records."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tobs_tui.model.text import Entity, EntityKind, FormattedText

_SIMPLE = {
    "BankCard": EntityKind.BANK_CARD,
    "Blockquote": EntityKind.BLOCKQUOTE,
    "Bold": EntityKind.BOLD,
    "BotCommand": EntityKind.BOT_COMMAND,
    "Cashtag": EntityKind.CASHTAG,
    "Code": EntityKind.CODE,
    "CustomEmoji": EntityKind.CUSTOM_EMOJI,
    "DiffDelete": EntityKind.DIFF_DELETE,
    "DiffInsert": EntityKind.DIFF_INSERT,
    "DiffReplace": EntityKind.DIFF_REPLACE,
    "Email": EntityKind.EMAIL,
    "FormattedDate": EntityKind.FORMATTED_DATE,
    "Hashtag": EntityKind.HASHTAG,
    "Italic": EntityKind.ITALIC,
    "Mention": EntityKind.MENTION,
    "MentionName": EntityKind.MENTION_NAME,
    "Phone": EntityKind.PHONE,
    "Pre": EntityKind.PRE,
    "Spoiler": EntityKind.SPOILER,
    "Strike": EntityKind.STRIKE,
    "TextUrl": EntityKind.TEXT_URL,
    "Underline": EntityKind.UNDERLINE,
    "Unknown": EntityKind.UNKNOWN,
    "Url": EntityKind.URL,
}
ENTITY_KINDS = {f"MessageEntity{name}": kind for name, kind in _SIMPLE.items()}
"""Kinds by the name of the TL constructor."""


def seconds_of(moment: datetime | None) -> int:
    """Seconds since the epoch of a TL date; 0 for none."""
    return int(moment.timestamp()) if moment is not None else 0


def convert_entity(entity: Any) -> Entity:
    """The record of one TL `MessageEntity`."""
    kind = ENTITY_KINDS.get(type(entity).__name__, EntityKind.UNKNOWN)
    value, number, flag = "", 0, False
    if kind is EntityKind.TEXT_URL:
        value = entity.url
    elif kind is EntityKind.PRE:
        value = entity.language
    elif kind is EntityKind.DIFF_REPLACE:
        value = entity.old_text
    elif kind is EntityKind.MENTION_NAME:
        number = entity.user_id
    elif kind is EntityKind.CUSTOM_EMOJI:
        number = entity.document_id
    elif kind is EntityKind.FORMATTED_DATE:
        number = seconds_of(entity.date)
    elif kind is EntityKind.BLOCKQUOTE:
        flag = bool(entity.collapsed)
    return Entity(kind, entity.offset, entity.length, value, number, flag)


def convert_entities(entities: list[Any] | None) -> tuple[Entity, ...]:
    """The records of an optional list of TL entities."""
    return tuple([convert_entity(entity) for entity in entities]) if entities else ()


def convert_formatted(text: Any) -> FormattedText:
    """The record of an optional TL `TextWithEntities`."""
    if text is None:
        return FormattedText("")
    return FormattedText(text.text, convert_entities(text.entities))
