"""Formatted text as Telegram sends it: a string, and entities over its UTF-16 code units."""

from __future__ import annotations

import enum

from msgspec import Struct


class EntityKind(enum.StrEnum):
    """The 24 kinds of TL layer 229, named after their constructors; and, last, those that only rich messages have."""

    BANK_CARD = "bank_card"
    BLOCKQUOTE = "blockquote"
    BOLD = "bold"
    BOT_COMMAND = "bot_command"
    CASHTAG = "cashtag"
    CODE = "code"
    CUSTOM_EMOJI = "custom_emoji"
    DIFF_DELETE = "diff_delete"
    DIFF_INSERT = "diff_insert"
    DIFF_REPLACE = "diff_replace"
    EMAIL = "email"
    FORMATTED_DATE = "formatted_date"
    HASHTAG = "hashtag"
    ITALIC = "italic"
    MENTION = "mention"
    MENTION_NAME = "mention_name"
    PHONE = "phone"
    PRE = "pre"
    SPOILER = "spoiler"
    STRIKE = "strike"
    TEXT_URL = "text_url"
    UNDERLINE = "underline"
    UNKNOWN = "unknown"
    URL = "url"
    ANCHOR = "anchor"
    MARKED = "marked"
    MATH = "math"
    SUBSCRIPT = "subscript"
    SUPERSCRIPT = "superscript"


class Entity(Struct, frozen=True, omit_defaults=True, gc=False):
    """A span of `length` UTF-16 code units from `offset`. Either may be out of range or split a surrogate pair.

    `value` is the URL (TEXT_URL), language (PRE), old text (DIFF_REPLACE) or name (ANCHOR); `number` the user id
    (MENTION_NAME), document id (CUSTOM_EMOJI) or date in seconds (FORMATTED_DATE); `flag` a collapsed BLOCKQUOTE. The
    text under MATH is LaTeX.
    """

    kind: EntityKind
    offset: int
    length: int
    value: str = ""
    number: int = 0
    flag: bool = False


class FormattedText(Struct, frozen=True, omit_defaults=True):
    """A text with its entities."""

    text: str
    entities: tuple[Entity, ...] = ()
