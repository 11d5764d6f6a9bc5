"""TL serialisation by hand, for the few shapes that make up nearly every byte the sandbox sends."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

VECTOR = b"\x15\xc4\xb5\x1c"
_MESSAGE = struct.Struct("<IIIi")
_MESSAGE_ID = 0x7600B9D3
_REPLY = struct.Struct("<IIi")
_REPLY_TOP = struct.Struct("<IIii")
_REPLY_ID = 0x1B97DD66
_INT = struct.Struct("<i")

FLAG_OUT = 1 << 1
FLAG_POST = 1 << 14
FLAG_FROM = 1 << 8
FLAG_REPLY = 1 << 3
REPLY_FORUM = 1 << 3
REPLY_TO_ID = 1 << 4
REPLY_TOP = 1 << 1


def tl_string(data: bytes) -> bytes:
    """A TL ``bytes`` or ``string`` value: its length, the data, and padding to four bytes."""
    size = len(data)
    if size < 254:
        return bytes((size,)) + data + bytes(-(size + 1) % 4)
    return b"\xfe" + size.to_bytes(3, "little") + data + bytes(-size % 4)


def tl_vector(items: Iterable[bytes]) -> bytes:
    """A boxed TL vector of values that are already serialised."""
    parts = list(items)
    return b"".join((VECTOR, _INT.pack(len(parts)), *parts))


def reply_header(reply_to: int, top: int, forum: bool) -> bytes:
    """A ``messageReplyHeader``; `top` 0 leaves the thread's root out."""
    flags = REPLY_TO_ID | (REPLY_FORUM if forum else 0)
    if top:
        return _REPLY_TOP.pack(_REPLY_ID, flags | REPLY_TOP, reply_to, top)
    return _REPLY.pack(_REPLY_ID, flags, reply_to)


def plain_message(message_id: int, flags: int, sender: bytes, peer: bytes, reply: bytes, date: int, text: str) -> bytes:
    """A ``message`` with nothing but sender, peer, reply header, date and text.

    `sender`, `peer` and `reply` are serialised already; an empty `sender` or `reply` clears its flag. Equal to what
    Telethon's own class writes (a test holds the two together).
    """
    if sender:
        flags |= FLAG_FROM
    if reply:
        flags |= FLAG_REPLY
    head = _MESSAGE.pack(_MESSAGE_ID, flags, 0, message_id)
    return b"".join((head, sender, peer, reply, _INT.pack(date), tl_string(text.encode())))


def messages_answer(
    *,
    channel_pts: int | None,
    count: int | None,
    offset: int | None,
    messages: bytes,
    message_count: int,
    topics: Sequence[bytes],
    chats: Sequence[bytes],
    users: Sequence[bytes],
) -> bytes:
    """One of the ``messages.*`` answers, around messages that are already serialised.

    `channel_pts` set gives ``channelMessages``; else `count` None gives ``messages.messages`` ("this is all of it")
    and a
    number gives ``messagesSlice``. `offset` is the position of the first message, counted from the newest.
    """
    if channel_pts is not None:
        flags = 0 if offset is None else 4
        head = b"N\xbav\xc7" + struct.pack("<Iii", flags, channel_pts, count or 0)
    elif count is not None:
        flags = 0 if offset is None else 4
        head = b"\x16g _" + struct.pack("<Ii", flags, count)
    else:
        head, offset = b"\xea\xe7s\x1d", None
    tail = b"" if offset is None else _INT.pack(offset)
    body = VECTOR + _INT.pack(message_count) + messages
    return b"".join((head, tail, body, tl_vector(topics), tl_vector(chats), tl_vector(users)))
