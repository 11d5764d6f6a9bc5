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


_VALUES = {EntityKind.TEXT_URL: "url", EntityKind.PRE: "language", EntityKind.DIFF_REPLACE: "old_text"}
_NUMBERS = {
    EntityKind.MENTION_NAME: "user_id",
    EntityKind.CUSTOM_EMOJI: "document_id",
    EntityKind.FORMATTED_DATE: "date",
}
_FLAGS = {EntityKind.BLOCKQUOTE: "collapsed"}


def seconds_of(moment: datetime | int | None) -> int:
    """Seconds since the epoch of a TL date, also of one that was left as the number that it is; 0 for none."""
    if type(moment) is int:
        return moment
    return int(moment.timestamp()) if isinstance(moment, datetime) else 0


def convert_entity(entity: Any) -> Entity:
    """The record of one TL `MessageEntity`; a record is given back as it is."""
    if type(entity) is Entity:
        return entity
    kind = ENTITY_KINDS.get(type(entity).__name__, EntityKind.UNKNOWN)
    value = getattr(entity, _VALUES[kind]) or "" if kind in _VALUES else ""
    number = getattr(entity, _NUMBERS[kind]) or 0 if kind in _NUMBERS else 0
    if kind is EntityKind.FORMATTED_DATE:
        number = seconds_of(number)
    flag = bool(getattr(entity, _FLAGS[kind])) if kind in _FLAGS else False
    return Entity(kind, entity.offset, entity.length, value, number, flag)


def entity_expression(kind: EntityKind) -> str:
    """What makes the record of an entity of this kind, as code over its fields, for `tl_readers`."""
    fields = [("value", _VALUES), ("number", _NUMBERS), ("flag", _FLAGS)]
    more = "".join(f", {name}=_{table[kind]}" for name, table in fields if kind in table)
    return f"Entity({kind.name}, _offset, _length{more})"


def convert_entities(entities: list[Any] | None) -> tuple[Entity, ...]:
    """The records of an optional list of TL entities."""
    return tuple([convert_entity(entity) for entity in entities]) if entities else ()


def convert_formatted(text: Any) -> FormattedText:
    """The record of an optional TL `TextWithEntities`."""
    if text is None:
        return FormattedText("")
    return FormattedText(text.text, convert_entities(text.entities))
