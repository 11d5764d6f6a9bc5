"""Frames of the control channel: a 4-byte big-endian length, then that many bytes of msgpack."""

from __future__ import annotations

import asyncio
import os
import socket
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
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        # What msgspec says may quote the message; a secret could be in it.
        raise TobsError(ErrorCode.PROTOCOL, f"A control message could not be read ({type(error).__name__}).") from None


def frame(body: msgspec.Struct) -> bytes:
    """A message as bytes for the socket."""
    payload = msgspec.msgpack.encode(body)
    return _LENGTH.pack(len(payload)) + payload


def peer_is_same_user(writer: asyncio.StreamWriter) -> bool:
    """Whether the process at the other end runs as this user, told by the kernel (Linux); elsewhere the modes of the
    socket and of its folder guard it."""
    peer = writer.get_extra_info("socket")
    if peer is None or not hasattr(socket, "SO_PEERCRED"):
        return True
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", credentials)
    return bool(uid == os.getuid())
