"""From the raw bytes of a page to records. Meant for processes of their own: it computes, and it imports telethon."""

from __future__ import annotations

import contextlib
import gc
import struct
from operator import attrgetter

from msgspec import Struct
from telethon.errors import TypeNotFoundError
from telethon.tl import types
from telethon.tl.alltlobjects import tlobjects

from tobs_tui.model.messages import Message
from tobs_tui.model.peers import Peer, Topic
from tobs_tui.telegram.convert_message import Surroundings, convert_message
from tobs_tui.telegram.convert_peers import convert_topic
from tobs_tui.telegram.page import (
    MAX_MESSAGES,
    MESSAGE,
    MESSAGE_EMPTY,
    MESSAGE_SERVICE,
    PageUnreadable,
    message_id_at,
    messages_at,
    unpacked,
)
from tobs_tui.telegram.page_readers import SeenPeer, SeenPeers, read_object, readers
from tobs_tui.telegram.resync import read_on
from tobs_tui.telegram.slow_reader import Effort, TracingReader
from tobs_tui.telegram.tl_readers import BROKEN, forget_sources, read_by_telethon

__all__ = ["DecodedPage", "PageUnreadable", "decode_page"]

_MESSAGES = frozenset({MESSAGE, MESSAGE_SERVICE, MESSAGE_EMPTY})
_CONSTRUCTOR = struct.Struct("<I")
_seen = SeenPeers()
_last_time: dict[int, Surroundings] = {}
"""What the messages of a chat depended on in the page before."""


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
        forget_sources()
        if was_enabled:
            gc.enable()


def _decode(raw: bytes, chat: int, self_id: int) -> DecodedPage:
    _, start = messages_at(raw)
    if start < 0:
        return DecodedPage([], [], [])
    # Messages are made while they are read, but what they depend on stands behind them: it is most likely what it was
    # in the chat's last page, and if it is not, they are read again.
    self_id = self_id if chat > 0 else 0
    guess = _last_time.get(chat) or Surroundings(chat, self_id=self_id)
    effort = Effort()
    messages, end = _read_messages(raw, start, guess, effort)
    topics, chats, users = _read_peers(raw, end)
    forum = any(each.forum and each.peer is not None and each.peer.id == chat for each in chats)
    own = self_id
    if chat > 0 and not own:
        own = next((each.peer.id for each in users if each.own and each.peer is not None), 0)
    around = _last_time[chat] = Surroundings(chat, forum=forum, self_id=own)
    if around != guess:
        messages, _ = _read_messages(raw, start, around, effort)
    messages.reverse()
    messages.sort(key=attrgetter("id"))
    unknown = len([message for message in messages if message.unknown])
    if unknown:
        _date_placeholders(messages)
    return DecodedPage(messages, [each.peer for each in users + chats if each.peer is not None], topics, unknown)


def _read_messages(raw: bytes, at: int, around: Surroundings, effort: Effort) -> tuple[list[Message], int]:
    """The messages of the vector whose length stands at `at`, and where it ends; holes are left out."""
    count, at = _length(raw, at)
    if count > MAX_MESSAGES:
        raise PageUnreadable("the answer holds more messages than were asked for")
    known, size = readers(), len(raw)
    unpack = _CONSTRUCTOR.unpack_from
    messages: list[Message] = []
    for left in range(count, 0, -1):
        start = at
        constructor = unpack(raw, start)[0]
        if constructor not in _MESSAGES:
            raise PageUnreadable("a message is of an unknown kind and its id cannot be read")
        try:
            message, at = known[constructor](raw, start + 4, around)
            if at > size:
                raise BufferError("the message ends too early")
            if message is not None and type(message) is not Message:
                message = convert_message(message, around)
        except BROKEN:
            message, at = _read_slowly(raw, start, left - 1, around, effort)
        if message is not None:
            messages.append(message)
    return messages, at


def _read_slowly(raw: bytes, start: int, left: int, around: Surroundings, effort: Effort) -> tuple[Message | None, int]:
    """The message as Telethon reads it, or what can be told of one that it can't read; `left` others follow it."""
    try:
        message, end = read_by_telethon(raw, start, effort)
        return None if isinstance(message, types.MessageEmpty) else convert_message(message, around), end
    except BROKEN as error:
        end = read_on(raw, start, left, _MESSAGES, BROKEN, effort)
        return _placeholder(raw, start, error, effort), end


def _placeholder(raw: bytes, start: int, error: Exception, effort: Effort) -> Message:
    """What can be said of a message that is not readable to its end."""
    number = message_id_at(raw, start)
    if number < 0:
        raise PageUnreadable("a message is of an unknown kind and its id cannot be read") from error
    reader = TracingReader(raw, effort)
    reader.set_position(start)
    try:
        reader.tgread_object()
    except BROKEN:
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


def _read_peers(raw: bytes, at: int) -> tuple[list[Topic], list[SeenPeer], list[SeenPeer]]:
    """The topics, chats and users behind the messages, as far as they can be read; messages do without."""
    topics: list[Topic] = []
    chats: list[SeenPeer] = []
    users: list[SeenPeer] = []
    with contextlib.suppress(PageUnreadable, *BROKEN):  # what was read before an error counts
        count, at = _length(raw, at + 4)
        for _ in range(count):
            value, at = read_object(raw, at)
            topic = convert_topic(value)
            if topic is not None:
                topics.append(topic)
        for peers in (chats, users):
            count, at = _length(raw, at + 4)
            for _ in range(count):
                peer, at = _seen.read(raw, at)
                peers.append(peer)
    return topics, chats, users


def _length(raw: bytes, at: int) -> tuple[int, int]:
    """The length of the vector whose constructor ends at `at`, and where its first object begins."""
    return struct.unpack_from("<i", raw, at)[0], at + 4
