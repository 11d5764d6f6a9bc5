"""Frames of the control channel: a 4-byte big-endian length, then that many bytes of msgpack."""

from __future__ import annotations

import asyncio
import struct
from typing import TypeVar

import msgspec

from tobs_tui.model.errors import ErrorCode, TobsError

Body = TypeVar("Body")
_LENGTH = struct.Struct(">I")


async def read_frame(reader: asyncio.StreamReader, decoder: msgspec.msgpack.Decoder[Body], limit: int) -> Body | None:
    """The next message, or None at the end of the stream (a half frame counts as the end).

    Raises `TobsError` PROTOCOL when the frame is over `limit` bytes or does not decode; the stream is then unusable.
    """
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if length > limit:
            raise TobsError(ErrorCode.PROTOCOL, f"A control message of {length} bytes is over the limit of {limit}.")
        return decoder.decode(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except msgspec.MsgspecError as error:
        raise TobsError(ErrorCode.PROTOCOL, f"A control message could not be read: {error}.") from error


def frame(body: msgspec.Struct) -> bytes:
    """A message as bytes for the socket."""
    payload = msgspec.msgpack.encode(body)
    return _LENGTH.pack(len(payload)) + payload
