"""What a connection does with the packets that come in: Telethon's way, stricter, and with fewer copies.

A part of a file is copied eight times by Telethon until it is bytes in hand, which costs as much as decrypting it.
"""

from __future__ import annotations

import asyncio
import hmac
import struct
import time
from hashlib import sha256
from traceback import clear_frames
from typing import Any
from zlib import crc32

from telethon.crypto import AES
from telethon.errors import InvalidBufferError, InvalidChecksumError, SecurityError, TypeNotFoundError
from telethon.network import ConnectionTcpFull, ConnectionTcpIntermediate, MTProtoSender
from telethon.network.connection.tcpfull import FullPacketCodec
from telethon.network.connection.tcpintermediate import IntermediatePacketCodec
from telethon.tl.core import GzipPacked, RpcResult, TLMessage
from telethon.tl.types import BadMsgNotification, BadServerSalt, RpcError

from tobs_tui.telegram.handshake import bound_handshake
from tobs_tui.telegram.page import PageUnreadable
from tobs_tui.telegram.slow_reader import SlowReader
from tobs_tui.telegram.tally import LinkStats
from tobs_tui.telegram.tl_readers import BROKEN
from tobs_tui.telegram.unpacking import bound_telethon

READ_AHEAD = 2 << 20
"""Bytes that are taken in before the one who reads is waited for: two parts of a file."""
TOO_OLD_S, TOO_NEW_S = 300, 30
"""How far a message's time may be off: https://core.telegram.org/mtproto/description#message-identifier-msg-id"""
_LEAST_BYTES = 24 + 48
"""Key, message key, and the smallest message with its padding."""
_HEAD = struct.Struct("<qqqiiI")  # salt, session, message id, sequence number, length, constructor
_MESSAGE_AT = 32
_RESULT_AT = _MESSAGE_AT + 12  # after rpc_result's constructor and the request's id
_NO_RESULT = (RpcError.CONSTRUCTOR_ID, GzipPacked.CONSTRUCTOR_ID)
_NOTICES = (BadServerSalt.CONSTRUCTOR_ID, BadMsgNotification.CONSTRUCTOR_ID)
"""What may come at an odd time: such messages tell a client that its clock is wrong."""

bound_handshake()
bound_telethon()

MAX_PACKET = 8 << 20
"""Bytes of the longest packet that is taken in. Telegram's own are hardly longer than a part of a file, of 1 MiB."""
_FULL_FRAME = 12  # bytes around a packet's content: its length, its number, its checksum


class _Counted:
    """What both kinds of connections do with `stats`: count the bytes that they write and read.

    Reading is counted packet by packet, with the framing of its kind (`framing` bytes each).
    """

    stats: LinkStats | None = None
    framing = 0
    _writer: Any
    _codec: Any

    def _send(self, data: bytes) -> None:
        packet = self._codec.encode_packet(data)
        if self.stats is not None:
            self.stats.sent += len(packet)
        self._writer.write(packet)

    async def _recv(self) -> bytes:
        packet: bytes = await self._codec.read_packet(self._reader)  # type: ignore[attr-defined]  # telethon's
        if self.stats is not None:
            self.stats.received += len(packet) + self.framing
        return packet


class _FullCodec(FullPacketCodec):  # type: ignore[misc]  # telethon has no types
    """Telethon's way to frame packets, with lengths that are looked at before anything is waited for."""

    async def read_packet(self, reader: Any) -> bytes:
        """The next packet. Raises ConnectionError for noise, InvalidBufferError for the transport's own errors."""
        try:
            head: bytes = await reader.readexactly(8)
        except asyncio.IncompleteReadError as error:
            if len(error.partial) == 4:  # an error's number, sent bare before the connection was closed
                return error.partial
            raise
        length, number = struct.unpack("<ii", head)
        if length < 0 and number < 0:  # -429 is sent three times in a row
            raise InvalidBufferError(await reader.readexactly(4))
        if not _FULL_FRAME <= length <= MAX_PACKET:
            raise ConnectionError("what came is no packet")
        body: bytes = await reader.readexactly(length - 8)
        checksum, expected = int.from_bytes(body[-4:], "little"), crc32(body[:-4], crc32(head))
        if checksum != expected:
            raise InvalidChecksumError(checksum, expected)
        return body[:-4]


class _ShortCodec(IntermediatePacketCodec):  # type: ignore[misc]
    """The same without a checksum."""

    async def read_packet(self, reader: Any) -> bytes:
        """The next packet. Raises ConnectionError for noise."""
        (length,) = struct.unpack("<i", await reader.readexactly(4))
        if not 4 <= length <= MAX_PACKET:
            raise ConnectionError("what came is no packet")
        body: bytes = await reader.readexactly(length)
        return body


class MainConnection(_Counted, ConnectionTcpFull):  # type: ignore[misc]
    """A connection for everything but files."""

    packet_codec = _FullCodec
    framing = _FULL_FRAME


class FileConnection(_Counted, ConnectionTcpIntermediate):  # type: ignore[misc]
    """A connection for files: without a checksum over what MTProto checks anyway, and with room for whole parts."""

    packet_codec = _ShortCodec
    framing = 4

    async def _connect(self, timeout: float | None = None, ssl: object = None) -> None:
        self._reader, self._writer = await asyncio.wait_for(
            asyncio.open_connection(self._ip, self._port, limit=READ_AHEAD), timeout
        )
        self._codec = self.packet_codec(self)
        self._init_conn()
        await self._writer.drain()


def read_strictly(sender: MTProtoSender) -> None:
    """Let a packet that fails MTProto's checks, or is broken, cut the connection, as its security guidelines recommend.

    Telethon skips the first sort; the request whose answer it carried would wait until its time is up, as it would
    after the clock was set (the next connection finds out how far it is off). What is of a kind that this version does
    not know is still skipped. What nobody asked for is read with as little effort as a page.
    """
    state = sender._state

    def decrypt_or_end(body: bytes) -> Any:
        if len(body) < 8:
            raise InvalidBufferError(body)  # the transport's own error
        try:
            return _decrypted(state, body)
        except SecurityError as error:
            raise ConnectionError("what came could not be decrypted") from error
        except (TypeNotFoundError, InvalidBufferError):
            raise
        except (PageUnreadable, *BROKEN) as error:
            clear_frames(error.__traceback__)  # they hold what was read so far, and the error lives as long as the line
            raise ConnectionError("what came could not be read") from error

    async def unpack(message: Any) -> None:
        message.obj = SlowReader(message.obj.data).tgread_object()
        await sender._process_message(message)

    state.decrypt_message_data = decrypt_or_end
    sender._handlers[GzipPacked.CONSTRUCTOR_ID] = unpack


def _decrypted(state: Any, body: bytes) -> TLMessage | None:
    """What Telethon's `decrypt_message_data` gives and checks. Raises SecurityError; None for what came before."""
    if len(body) < _LEAST_BYTES:
        raise SecurityError("The packet is too short")
    key = state.auth_key.key
    message_key = body[8:24]
    if struct.unpack_from("<Q", body)[0] != state.auth_key.key_id:
        raise SecurityError("The packet is for another key")
    plain = AES.decrypt_ige(body[24:], *state._calc_key(key, message_key, False))
    digest = sha256(key[96:128])
    digest.update(plain)
    if not hmac.compare_digest(digest.digest()[8:24], message_key):
        raise SecurityError("The packet does not match its key")
    _, session, message_id, number, length, constructor = _HEAD.unpack_from(plain)
    if session != state.id or message_id % 2 != 1 or not 0 <= length <= len(plain) - _MESSAGE_AT:
        raise SecurityError("The packet is for another session, or malformed")
    if message_id <= state._highest_remote_id and message_id in state._recent_remote_ids:
        return None
    late = time.time() + state.time_offset - (message_id >> 32)
    if constructor in _NOTICES:
        if not state._highest_remote_id and not state.time_offset:
            state.update_time_offset(message_id)
    elif not -TOO_NEW_S <= late <= TOO_OLD_S:
        raise SecurityError("The packet is from another time")
    state._recent_remote_ids.append(message_id)
    state._highest_remote_id = max(message_id, state._highest_remote_id)
    state._ignore_count = 0
    return TLMessage(message_id, number, _message(plain, constructor, _MESSAGE_AT + length))


def _message(plain: bytes, constructor: int, end: int) -> Any:
    """The message in a decrypted packet; the answer to a request is left undecoded, as Telethon leaves it."""
    if constructor == RpcResult.CONSTRUCTOR_ID:
        request_id, inner = struct.unpack_from("<qI", plain, _MESSAGE_AT + 4)
        if inner not in _NO_RESULT:
            return RpcResult(request_id, plain[_RESULT_AT:end], None)
    return SlowReader(plain[_MESSAGE_AT:end]).tgread_object()
