"""Looks into a page of history without decoding it: how many messages, and the newest one's id. Only `struct`."""

from __future__ import annotations

import struct

from msgspec import Struct

from tobs_tui.telegram.unpacking import MAX_UNPACKED, gunzipped

MESSAGES = 0x1D73E7EA
MESSAGES_SLICE = 0x5F206716
CHANNEL_MESSAGES = 0xC776BA4E
MESSAGES_NOT_MODIFIED = 0x74535F21
MESSAGE = 0x7600B9D3
MESSAGE_SERVICE = 0x7A800E0A
MESSAGE_EMPTY = 0x90A6CA84
GZIP_PACKED = 0x3072CFA1
VECTOR = 0x1CB5C415
SEARCH_FLOOD = 8
"""The flag of a messagesSlice that puts a structure of unknown size before the messages; only searches have it."""


MAX_MESSAGES = 1000
"""Messages that an answer may hold; at most two hundred are asked for at once."""


class PageUnreadable(Exception):
    """The page cannot be read as far as it would have to be: ask again for fewer messages at once."""


class PageHead(Struct, frozen=True):
    """What stands at a page's beginning.

    `count` is the whole history's number of messages as the server counts them, `size` that of this page (holes and
    service messages included), `newest_id` the first message's id (0 = there is none, -1 = not readable).
    """

    count: int
    size: int
    newest_id: int


def unpacked(raw: bytes) -> bytes:
    """The answer without compression. Raises `PageUnreadable` for one that is broken, or far too large."""
    if len(raw) > MAX_UNPACKED:
        raise PageUnreadable("the answer is far too large")
    if len(raw) < 8 or struct.unpack_from("<I", raw)[0] != GZIP_PACKED:
        return raw
    length, start = raw[4], 5
    if length == 254:
        length, start = int.from_bytes(raw[5:8], "little"), 8
    try:
        return gunzipped(raw[start : start + length])
    except ValueError as error:
        raise PageUnreadable(str(error)) from error


def peek_page(raw: bytes) -> PageHead:
    """The head of an undecoded answer to getHistory, getReplies or getMessages. Raises `PageUnreadable`."""
    raw = unpacked(raw)
    try:
        count, start = messages_at(raw)
        if start < 0:
            return PageHead(count, 0, 0)
        (size,) = struct.unpack_from("<i", raw, start)
        return PageHead(size if count < 0 else count, size, message_id_at(raw, start + 4) if size else 0)
    except struct.error as error:
        raise PageUnreadable("the answer ends too early") from error


def head_of(raw: bytes) -> PageHead:
    """As `peek_page`; a page that cannot be read counts as one message without a readable id."""
    try:
        return peek_page(raw)
    except PageUnreadable:
        return PageHead(0, 1, -1)


def messages_at(raw: bytes) -> tuple[int, int]:
    """The server's count (-1 = all are here), and where the number of messages stands (-1 = no messages at all)."""
    (constructor,) = struct.unpack_from("<I", raw)
    if constructor == MESSAGES:
        count, vector = -1, 4
    elif constructor == MESSAGES_SLICE:
        flags, count = struct.unpack_from("<ii", raw, 4)
        if flags & SEARCH_FLOOD:
            raise PageUnreadable("the answer belongs to a search")
        vector = 12 + 4 * (flags & 1) + (flags & 4)
    elif constructor == CHANNEL_MESSAGES:
        flags, _, count = struct.unpack_from("<iii", raw, 4)
        vector = 16 + (flags & 4)
    elif constructor == MESSAGES_NOT_MODIFIED:
        return struct.unpack_from("<i", raw, 4)[0], -1
    else:
        raise PageUnreadable(f"the answer is of an unknown kind, {constructor:#010x}")
    if struct.unpack_from("<I", raw, vector)[0] != VECTOR:
        raise PageUnreadable("the answer holds no list of messages")
    return count, vector + 4


def message_id_at(raw: bytes, start: int) -> int:
    """The id of the message that begins at `start`, -1 for a constructor whose layout is not known."""
    (constructor,) = struct.unpack_from("<I", raw, start)
    if constructor == MESSAGE:
        return int(struct.unpack_from("<i", raw, start + 12)[0])
    if constructor in (MESSAGE_SERVICE, MESSAGE_EMPTY):
        return int(struct.unpack_from("<i", raw, start + 8)[0])
    return -1
