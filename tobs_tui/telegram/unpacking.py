"""Compressed answers, unpacked as far as an answer may reach: some kilobytes can hold gigabytes of nothing."""

from __future__ import annotations

import zlib
from typing import Any

MAX_UNPACKED = 8 << 20
"""Bytes that an answer may unpack to: half as many again as a page of a hundred of the longest messages. More is an
attack; the smallest things that an answer can be full of take fifteen times as much memory."""
_GZIP = 16 + zlib.MAX_WBITS


def gunzipped(packed: bytes) -> bytes:
    """What a gzip stream holds. Raises ValueError where it is none, ends early or holds more than `MAX_UNPACKED`."""
    unpacker = zlib.decompressobj(_GZIP)
    try:
        data = unpacker.decompress(packed, MAX_UNPACKED)
        if len(data) == MAX_UNPACKED and not unpacker.eof and unpacker.decompress(unpacker.unconsumed_tail, 1):
            raise ValueError("the compressed answer unpacks to far too much")
    except zlib.error as error:
        raise ValueError("the compressed answer is broken") from error
    if not unpacker.eof:
        raise ValueError("the compressed answer ends too early")
    return data


def bound_telethon() -> None:
    """Have Telethon, which unpacks whatever it is sent as a whole, unpack as `gunzipped` does. May be repeated."""
    from telethon.tl.core import GzipPacked

    GzipPacked.from_reader = classmethod(_from_reader)


def _from_reader(kind: Any, reader: Any) -> Any:
    """Telethon's object for compressed bytes, unpacked. Raises ValueError."""
    return kind(gunzipped(reader.tgread_bytes()))
