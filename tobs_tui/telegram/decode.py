"""From the raw bytes of a page to records. Meant for processes of their own: it computes, and it imports telethon."""

from __future__ import annotations

import gc
import struct
from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import types
from telethon.tl.alltlobjects import tlobjects

from tobs_tui.model.messages import Message
from tobs_tui.model.peers import Peer, Topic
from tobs_tui.telegram.convert_message import Surroundings, convert_message
from tobs_tui.telegram.convert_peers import convert_peers, convert_topic
from tobs_tui.telegram.page import (
    MESSAGE,
    MESSAGE_EMPTY,
    MESSAGE_SERVICE,
    PageUnreadable,
    message_id_at,
    messages_at,
    unpacked,
)
from tobs_tui.telegram.resync import TracingReader, read_on

__all__ = ["DecodedPage", "PageUnreadable", "decode_page"]

_BROKEN = (TypeNotFoundError, struct.error, UnicodeDecodeError, ValueError, TypeError, AttributeError, RuntimeError)
"""What Telethon's readers raise when they meet bytes that are not what the schema says."""
_MESSAGES = frozenset({MESSAGE, MESSAGE_SERVICE, MESSAGE_EMPTY})


class DecodedPage(Struct):
    """A page's records: messages ascending by id and without holes, the peers and topics that came with them.

    `unknown` counts the messages that could not be read in full.
    """

    messages: list[Message]
    peers: list[Peer]
    topics: list[Topic]
    unknown: int = 0


def decode_page(raw: bytes, chat: int, self_id: int = 0) -> DecodedPage:
    """The records of an answer to getHistory, getReplies or getMessages about `chat` (a marked id).

    `self_id` is the account's own id, for private chats, whose outgoing messages name no sender; without it, it is
    taken from the page where it is there. A constructor that the schema does not have costs one message: its place is
    taken by a record whose `unknown` names it. Raises `PageUnreadable` when the rest cannot be found behind it.
    """
    was_enabled = gc.isenabled()
    gc.disable()  # the objects of a page hold no cycles; collecting costs a tenth of the time
    try:
        return _decode(unpacked(raw), chat, self_id)
    except struct.error as error:
        raise PageUnreadable("the answer ends too early") from error
    finally:
        if was_enabled:
            gc.enable()


def _decode(raw: bytes, chat: int, self_id: int) -> DecodedPage:
    _, start = messages_at(raw)
    if start < 0:
        return DecodedPage([], [], [])
    reader = BinaryReader(raw)
    reader.set_position(start)
    found = list(_read_messages(reader, raw))
    topics, chats, users = _read_peers(reader)
    peers = convert_peers(users, chats)
    forum = any(getattr(each, "forum", False) and -1_000_000_000_000 - each.id == chat for each in chats)
    own = self_id or next((user.id for user in users if getattr(user, "is_self", False)), 0)
    around = Surroundings(chat, forum=forum, self_id=own)
    messages = [
        item if isinstance(item, Message) else convert_message(item, around)
        for item in found
        if not isinstance(item, types.MessageEmpty)
    ]
    messages.sort(key=lambda message: message.id)
    _date_placeholders(messages)
    known_topics = [topic for each in topics if (topic := convert_topic(each)) is not None]
    return DecodedPage(messages, peers, known_topics, sum(1 for message in messages if message.unknown))


def _read_messages(reader: Any, raw: bytes) -> Iterator[Any]:
    """The TL messages of the vector whose length stands next; a `Message` record for each that is unreadable."""
    count = reader.read_int()
    for left in range(count, 0, -1):
        start = reader.tell_position()
        try:
            yield reader.tgread_object()
        except _BROKEN as error:
            reader.set_position(read_on(raw, start, left - 1, _MESSAGES, _BROKEN))
            yield _placeholder(raw, start, error)


def _placeholder(raw: bytes, start: int, error: Exception) -> Message:
    """What can be said of a message that is not readable to its end."""
    number = message_id_at(raw, start)
    if number < 0:
        raise PageUnreadable("a message is of an unknown kind and its id cannot be read") from error
    reader = TracingReader(raw)
    reader.set_position(start)
    try:
        reader.tgread_object()
    except _BROKEN:
        date, text = reader.date, reader.text
    else:  # it was another one that could not be read
        date, text = 0, ""
    if isinstance(error, TypeNotFoundError):
        name = f"{error.invalid_constructor_id:#010x}"
    else:
        name = tlobjects[struct.unpack_from("<I", raw, start)[0]].__name__
    return Message(id=number, date=date, text=text, unknown=(name,))


def _date_placeholders(messages: list[Message]) -> None:
    """Give messages whose own date could not be read that of the message before, or else after."""
    for order in (range(1, len(messages)), range(len(messages) - 2, -1, -1)):
        for place in order:
            if not messages[place].date:
                neighbour = messages[place - order.step]
                messages[place] = _dated(messages[place], neighbour.date)


def _dated(message: Message, date: int) -> Message:
    return Message(id=message.id, date=date, text=message.text, unknown=message.unknown)


def _read_peers(reader: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """The topics, chats and users behind the messages, as far as they can be read; messages do without."""
    parts: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
    try:
        for part in parts:
            reader.read_int()
            for _ in range(reader.read_int()):
                part.append(reader.tgread_object())  # what was read before an error counts
    except _BROKEN:
        return parts
    return parts
