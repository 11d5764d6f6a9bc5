"""Compressed answers, unpacked as far as an answer may reach: some kilobytes can hold gigabytes of nothing."""

from __future__ import annotations

import zlib
from typing import Any

MAX_UNPACKED = 6 << 20
"""Bytes that an answer may unpack to: more than a page of a hundred of the longest messages. What is longer is an
attack, or asked for again in smaller pages; the smallest things that an answer can be full of take ten times as much
memory."""
QUOTED = 32
"""Bytes of an answer that a complaint about it may quote: they may be anybody's words."""
_GZIP = 16 + zlib.MAX_WBITS


def gunzipped(packed: bytes) -> bytes:
    """What a gzip stream holds. Raises ValueError where it is none, ends early or holds more than `MAX_UNPACKED`."""
    unpacker = zlib.decompressobj(_GZIP)
    try:
        data = unpacker.decompress(packed, MAX_UNPACKED)
        if len(data) == MAX_UNPACKED and not unpacker.eof and unpacker.decompress(unpacker.unconsumed_tail, 1):
            del data  # the error's frames would hold it
            raise ValueError("the compressed answer unpacks to far too much")
    except zlib.error as error:
        raise ValueError("the compressed answer is broken") from error
    if not unpacker.eof:
        raise ValueError("the compressed answer ends too early")
    return data


def bound_telethon() -> None:
    """Have Telethon, which unpacks whatever it is sent as a whole, unpack as `gunzipped` does; and quote a few bytes of
    what it cannot read, where it quotes all that is left of an answer, four letters a byte. May be repeated."""
    from telethon.errors import TypeNotFoundError
    from telethon.tl.core import GzipPacked

    GzipPacked.from_reader = classmethod(_from_reader)
    TypeNotFoundError.__init__ = _not_found


def _not_found(error: Any, constructor: int, remaining: bytes) -> None:
    """What Telethon raises for a constructor that it does not know."""
    error.invalid_constructor_id, error.remaining = constructor, bytes(remaining[:QUOTED])
    Exception.__init__(error, f"there is no constructor {constructor:#010x}; then come {error.remaining!r}")


def _from_reader(kind: Any, reader: Any) -> Any:
    """Telethon's object for compressed bytes, unpacked. Raises ValueError."""
    return kind(gunzipped(reader.tgread_bytes()))
