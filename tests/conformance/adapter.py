"""Telethon's objects through the decoding and rendering of an export: what a checker from outside calls."""

from __future__ import annotations

import datetime
import struct
from typing import Any

from telethon.tl import types

from tobs_tui.model.text import FormattedText
from tobs_tui.render import text as rendering
from tobs_tui.telegram.convert_text import convert_entities
from tobs_tui.telegram.decode import decode_page

_CHAT = -1_000_000_000_001


def render_text(text: str, entities: list[Any]) -> str:
    """The Markdown of a message's body, from its text and its Telethon `MessageEntity*` objects.

    Both travel as bytes of a page of history, as they come from Telegram. What no TL message can carry (half a
    surrogate pair, an offset of more than 32 bits) goes without that journey.
    """
    formatted = _decoded(text, entities) or FormattedText(text, convert_entities(entities))
    return rendering.render_text(formatted)


def _decoded(text: str, entities: list[Any]) -> FormattedText | None:
    message = types.Message(
        id=1,
        peer_id=types.PeerChannel(1),
        from_id=types.PeerUser(1),
        date=datetime.datetime(2024, 5, 14, tzinfo=datetime.UTC),
        message=text,
        entities=entities or None,
    )
    try:
        raw = bytes(types.messages.Messages(messages=[message], topics=[], chats=[], users=[]))
    except (struct.error, UnicodeEncodeError, OverflowError, TypeError):
        return None
    record = decode_page(raw, _CHAT).messages[0]
    return FormattedText(record.text, record.entities)
