"""MTProto's TCP transports: how packets are framed, and which framing a new connection speaks.

https://core.telegram.org/mtproto/mtproto-transports. A codec turns received bytes into packets and packets into bytes
to send; it knows nothing of what packets mean.
"""

from __future__ import annotations

import os
import zlib
from typing import Protocol

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

from tobs_tui.sandbox.wire.tl import I32, U32

MAX_PACKET = 4 * 1024 * 1024
"""No request is longer: the largest are upload parts of 512 KiB, in containers."""

_TAG_ABRIDGED = b"\xef\xef\xef\xef"
_TAG_INTERMEDIATE = b"\xee\xee\xee\xee"
_TAG_PADDED = b"\xdd\xdd\xdd\xdd"
_LENGTH_MASK = 0x7FFFFFFF  # the top bit of a length asks for a quick acknowledgement, which is optional


class TransportError(Exception):
    """The peer broke the transport's rules; the connection cannot go on."""


class Codec(Protocol):
    """One framing, with the state that it keeps for one connection."""

    def take(self, data: bytes, offset: int) -> tuple[bytes, int] | None:
        """The packet that starts at `offset` and the offset after it, or None while it is incomplete.

        Raises `TransportError` for a packet that can never become valid.
        """

    def frame(self, packet: bytes) -> list[bytes]:
        """The pieces to send for `packet`, in order."""


def _checked(length: int) -> int:
    if not 0 < length <= MAX_PACKET:
        raise TransportError(f"a packet of {length} bytes")
    return length


class FullCodec:
    """``length | sequence number | packet | crc32``."""

    def __init__(self) -> None:
        self._sent = 0

    def take(self, data: bytes, offset: int) -> tuple[bytes, int] | None:
        if len(data) - offset < 12:
            return None
        length = _checked(U32.unpack_from(data, offset)[0])
        end = offset + length
        if length < 12:
            raise TransportError("a packet shorter than its own frame")
        if len(data) < end:
            return None
        if zlib.crc32(data[offset : end - 4]) != U32.unpack_from(data, end - 4)[0]:
            raise TransportError("a packet with a wrong checksum")
        return data[offset + 8 : end - 4], end

    def frame(self, packet: bytes) -> list[bytes]:
        head = U32.pack(len(packet) + 12) + I32.pack(self._sent)
        self._sent += 1
        return [head, packet, U32.pack(zlib.crc32(packet, zlib.crc32(head)))]


class AbridgedCodec:
    """One or four bytes of length, counted in words of four bytes."""

    def take(self, data: bytes, offset: int) -> tuple[bytes, int] | None:
        if len(data) - offset < 4:
            return None
        words = data[offset] & 0x7F
        start = offset + 1
        if words == 0x7F:
            words = int.from_bytes(data[offset + 1 : offset + 4], "little")
            start = offset + 4
        end = start + _checked(words * 4)
        return None if len(data) < end else (data[start:end], end)

    def frame(self, packet: bytes) -> list[bytes]:
        words = len(packet) >> 2
        if words < 0x7F:
            return [bytes((words,)), packet]
        return [b"\x7f" + words.to_bytes(3, "little"), packet]


class IntermediateCodec:
    """Four bytes of length, counted in bytes."""

    def take(self, data: bytes, offset: int) -> tuple[bytes, int] | None:
        if len(data) - offset < 4:
            return None
        start = offset + 4
        end = start + _checked(U32.unpack_from(data, offset)[0] & _LENGTH_MASK)
        return None if len(data) < end else (data[start:end], end)

    def frame(self, packet: bytes) -> list[bytes]:
        return [U32.pack(len(packet)), packet]


class PaddedIntermediateCodec(IntermediateCodec):
    """Intermediate with random bytes after each packet: up to 15 from clients, up to 3 to them.

    More than 3 would be allowed, but some clients (Telethon) find the packet's end by rounding down to a multiple of 4.
    """

    def take(self, data: bytes, offset: int) -> tuple[bytes, int] | None:
        taken = super().take(data, offset)
        if taken is None:
            return None
        packet, end = taken
        if packet[:8] == bytes(8) and len(packet) >= 20:
            return packet[: 20 + U32.unpack_from(packet, 16)[0]], end
        return packet[: len(packet) - (len(packet) - 24) % 16], end

    def frame(self, packet: bytes) -> list[bytes]:
        padding = os.urandom(os.urandom(1)[0] & 3)
        return [U32.pack(len(packet) + len(padding)), packet, padding]


_TAGGED: dict[bytes, type[AbridgedCodec] | type[IntermediateCodec] | type[PaddedIntermediateCodec]] = {
    _TAG_ABRIDGED: AbridgedCodec,
    _TAG_INTERMEDIATE: IntermediateCodec,
    _TAG_PADDED: PaddedIntermediateCodec,
}


def _stream_cipher(key: bytes, iv: bytes) -> CipherContext:
    return Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor()


class Transport:
    """The transport of one connection: finds out what the client speaks, then carries packets both ways.

    The first bytes tell the framings apart: 0xef, 0xeeeeeeee and 0xdddddddd name theirs; in Full the second word is the
    sequence number 0; anything else is the random header of an obfuscated connection, whose second word is never 0.
    """

    def __init__(self) -> None:
        self._codec: Codec | None = None
        self._pending = b""
        self._decrypt: CipherContext | None = None
        self._encrypt: CipherContext | None = None

    def receive(self, data: bytes) -> list[bytes]:
        """The packets completed by `data`. Raises `TransportError` when the connection has to end."""
        if self._decrypt is not None:
            data = self._decrypt.update(data)
        if self._pending:
            data = self._pending + data
        offset = 0
        if self._codec is None:
            start = self._recognise(data)
            if start is None:
                self._pending = data
                return []
            data, offset = start
        assert self._codec is not None
        packets: list[bytes] = []
        while (taken := self._codec.take(data, offset)) is not None:
            packets.append(taken[0])
            offset = taken[1]
        self._pending = data[offset:]
        return packets

    def frame(self, packet: bytes) -> list[bytes]:
        """The pieces to write to the socket for `packet`."""
        assert self._codec is not None, "nothing is sent before the client has spoken"
        pieces = self._codec.frame(packet)
        if self._encrypt is None:
            return pieces
        return [self._encrypt.update(b"".join(pieces))]

    def _recognise(self, data: bytes) -> tuple[bytes, int] | None:
        """Choose the codec. Gives the data and where its first packet starts; None while there is too little."""
        if data[:1] == _TAG_ABRIDGED[:1]:
            self._codec = AbridgedCodec()
            return data, 1
        if len(data) < 8:
            return None
        if (tagged := _TAGGED.get(data[:4])) is not None:
            self._codec = tagged()
            return data, 4
        if data[4:8] == bytes(4):
            self._codec = FullCodec()
            return data, 0
        if len(data) < 64:
            return None
        return self._open_obfuscated(data), 0

    def _open_obfuscated(self, data: bytes) -> bytes:
        header, rest = data[:64], data[64:]
        backwards = header[8:56][::-1]
        decrypt = _stream_cipher(header[8:40], header[40:56])
        tag = decrypt.update(header)[56:60]
        codec = _TAGGED.get(tag)
        if codec is None:
            raise TransportError(f"an obfuscated connection around an unknown transport ({tag.hex()})")
        self._codec = codec()
        self._decrypt = decrypt
        self._encrypt = _stream_cipher(backwards[:32], backwards[32:48])
        return decrypt.update(rest)
