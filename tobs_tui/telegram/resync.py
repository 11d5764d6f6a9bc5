"""Finding the way back into a vector of TL objects behind one that cannot be read."""

from __future__ import annotations

import struct
from collections.abc import Collection

from tobs_tui.telegram.page import MESSAGE_EMPTY, VECTOR, PageUnreadable
from tobs_tui.telegram.slow_reader import Effort, TracingReader

MAX_CANDIDATES = 256
"""Places that are tried before the page is given up."""


def read_on(
    raw: bytes,
    start: int,
    left: int,
    constructors: Collection[int],
    broken: tuple[type[Exception], ...],
    effort: Effort,
) -> int:
    """Where the next message begins when the one at `start` cannot be read; `left` messages follow it.

    A candidate is a 4-byte boundary with a message's constructor. It is accepted when one of the next messages can be
    read from it, or, behind the last message, when the next vector begins there. Raises `PageUnreadable`, also when the
    `effort` is used up.
    """
    wanted = {VECTOR} if left == 0 else set(constructors)
    tried = 0
    for position in range(start + 4, len(raw) - 3, 4):
        if struct.unpack_from("<I", raw, position)[0] not in wanted:
            continue
        tried += 1
        if tried > MAX_CANDIDATES:
            break
        if left == 0:
            if _vectors_follow(raw, position, broken, effort):
                return position
        elif _message_follows(raw, position, broken, effort):
            return position
    raise PageUnreadable("the page cannot be read behind an object of an unknown kind")


def _message_follows(raw: bytes, position: int, broken: tuple[type[Exception], ...], effort: Effort) -> bool:
    """Whether a message can be read here, or at least begins as one that is broken in its turn."""
    reader = TracingReader(raw, effort)
    reader.set_position(position)
    try:
        message = reader.tgread_object()
    except broken:
        return reader.date > 0
    return message.CONSTRUCTOR_ID == MESSAGE_EMPTY or reader.date > 0


def _vectors_follow(raw: bytes, position: int, broken: tuple[type[Exception], ...], effort: Effort) -> bool:
    """Whether the three vectors of topics, chats and users stand here, up to the answer's end."""
    reader = TracingReader(raw, effort)
    reader.set_position(position)
    try:
        for _ in range(3):
            if reader.read_int(signed=False) != VECTOR:
                return False
            for _ in range(reader.read_int()):
                reader.tgread_object()
    except broken:
        return False
    return bool(reader.tell_position() == len(raw))
