"""A small MTProto client that does what Telethon does not: RSA_PAD, temporary keys, padded transports, bad messages.

It is written from the protocol's pages alone and shares no code with the sandbox, so that the two can judge each other.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import struct
import time
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from telethon.crypto import AES, Factorization
from telethon.extensions import BinaryReader
from telethon.network.mtprotostate import MTProtoState
from telethon.tl import functions, types

TAGS = {"abridged": b"\xef" * 4, "intermediate": b"\xee" * 4, "padded": b"\xdd" * 4}


def sha1(data: bytes) -> bytes:
    return hashlib.sha1(data).digest()


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def signed(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


class RawClient:
    """One connection. `framing` is abridged, intermediate or padded; `obfuscated` wraps it in AES-CTR."""

    def __init__(self, address: tuple[str, int], public_key_pem: str, framing: str, obfuscated: bool = False) -> None:
        numbers = load_pem_public_key(public_key_pem.encode()).public_numbers()  # type: ignore[union-attr]
        self._n, self._e = numbers.n, numbers.e  # type: ignore[union-attr]
        self._address = address
        self._framing = framing
        self._obfuscated = obfuscated
        self._in: Any = None
        self._out: Any = None
        self.key = b""
        self.salt = 0
        self.session = signed(os.urandom(8))
        self._last_id = 0
        self._inbox: list[tuple[int, Any]] = []

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(*self._address)
        tag = TAGS[self._framing]
        if not self._obfuscated:
            self._writer.write(tag[:1] if self._framing == "abridged" else tag)
            return
        header = bytearray(b"\x01" + os.urandom(63))
        header[4] |= 1
        header[56:60] = tag
        backwards = bytes(header[8:56][::-1])
        self._out = Cipher(algorithms.AES(bytes(header[8:40])), modes.CTR(bytes(header[40:56]))).encryptor()
        self._in = Cipher(algorithms.AES(backwards[:32]), modes.CTR(backwards[32:48])).decryptor()
        header[56:] = self._out.update(bytes(header))[56:]
        self._writer.write(bytes(header))

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def _read(self, count: int) -> bytes:
        data = await asyncio.wait_for(self._reader.readexactly(count), 20)
        return data if self._in is None else bytes(self._in.update(data))

    def send_packet(self, packet: bytes) -> None:
        if self._framing == "abridged":
            words = len(packet) // 4
            packet = (bytes((words,)) if words < 127 else b"\x7f" + words.to_bytes(3, "little")) + packet
        else:
            if self._framing == "padded":
                packet += os.urandom(os.urandom(1)[0] & 15)
            packet = struct.pack("<I", len(packet)) + packet
        self._writer.write(packet if self._out is None else self._out.update(packet))

    async def receive_packet(self) -> bytes:
        if self._framing == "abridged":
            words = (await self._read(1))[0]
            if words == 127:
                words = int.from_bytes(await self._read(3), "little")
            return await self._read(words * 4)
        packet = await self._read(struct.unpack("<I", await self._read(4))[0])
        return packet[: len(packet) // 4 * 4]

    async def plain(self, request: Any) -> Any:
        body = bytes(request)
        self.send_packet(struct.pack("<qqi", 0, self.next_id(), len(body)) + body)
        answer = await self.receive_packet()
        if len(answer) == 4:
            raise ConnectionError(struct.unpack("<i", answer)[0])
        return BinaryReader(answer[20:]).tgread_object()

    async def make_key(self, dc: int, expires_in: int | None = None) -> None:
        """The key exchange with RSA_PAD and the inner data that names the data centre."""
        nonce = signed(os.urandom(16))
        offer = await self.plain(functions.ReqPqMultiRequest(nonce))
        pq = int.from_bytes(offer.pq, "big")
        p, q = Factorization.factorize(pq)
        new_nonce = os.urandom(32)
        fields = {
            "pq": offer.pq,
            "p": p.to_bytes(4, "big"),
            "q": q.to_bytes(4, "big"),
            "nonce": nonce,
            "server_nonce": offer.server_nonce,
            "new_nonce": signed(new_nonce),
            "dc": dc,
        }
        kind = types.PQInnerDataDc if expires_in is None else types.PQInnerDataTempDc
        inner = bytes(kind(**fields) if expires_in is None else kind(**fields, expires_in=expires_in))
        answer = await self.plain(
            functions.ReqDHParamsRequest(
                nonce, offer.server_nonce, fields["p"], fields["q"],
                offer.server_public_key_fingerprints[0], self._rsa_pad(inner),
            )
        )  # fmt: skip
        server_nonce = offer.server_nonce.to_bytes(16, "little", signed=True)
        forward, backward = sha1(new_nonce + server_nonce), sha1(server_nonce + new_nonce)
        key, iv = forward + backward[:12], backward[12:] + sha1(new_nonce * 2) + new_nonce[:4]
        dh = BinaryReader(AES.decrypt_ige(answer.encrypted_answer, key, iv)[20:]).tgread_object()
        prime, g_a = int.from_bytes(dh.dh_prime, "big"), int.from_bytes(dh.g_a, "big")
        b = int.from_bytes(os.urandom(256), "big")
        half = bytes(types.ClientDHInnerData(nonce, offer.server_nonce, 0, pow(dh.g, b, prime).to_bytes(256, "big")))
        hashed = sha1(half) + half
        hashed += os.urandom(-len(hashed) % 16)
        done = await self.plain(
            functions.SetClientDHParamsRequest(nonce, offer.server_nonce, AES.encrypt_ige(hashed, key, iv))
        )
        self.key = pow(g_a, b, prime).to_bytes(256, "big")
        assert done.new_nonce_hash1 == signed(sha1(new_nonce + b"\x01" + sha1(self.key)[:8])[4:])
        self.salt = signed(bytes(x ^ y for x, y in zip(new_nonce[:8], server_nonce[:8], strict=True)))

    def _rsa_pad(self, data: bytes) -> bytes:
        padded = data + os.urandom(192 - len(data))
        while True:
            key = os.urandom(32)
            encrypted = AES.encrypt_ige(padded[::-1] + sha256(key + padded), key, bytes(32))
            masked = bytes(x ^ y for x, y in zip(key, sha256(encrypted), strict=True))
            number = int.from_bytes(masked + encrypted, "big")
            if number < self._n:
                return pow(number, self._e, self._n).to_bytes(256, "big")

    @property
    def key_id(self) -> bytes:
        return sha1(self.key)[-8:]

    def next_id(self) -> int:
        self._last_id = max(int(time.time() * 2**32) & ~3, self._last_id + 4)
        return self._last_id

    def send(self, request: Any, message_id: int | None = None, number: int = 1) -> int:
        """Send one encrypted message; gives its id."""
        message_id = self.next_id() if message_id is None else message_id
        body = bytes(request)
        plain = struct.pack("<qqqii", self.salt, self.session, message_id, number, len(body)) + body
        plain += os.urandom(12 + -(len(plain) + 12) % 16)
        message_key = sha256(self.key[88:120] + plain)[8:24]
        key, iv = MTProtoState._calc_key(self.key, message_key, True)
        self.send_packet(self.key_id + message_key + AES.encrypt_ige(plain, key, iv))
        return message_id

    async def receive(self) -> tuple[int, Any]:
        """The next message from the server, containers opened: its id and its contents."""
        if self._inbox:
            return self._inbox.pop(0)
        packet = await self.receive_packet()
        if len(packet) == 4:
            raise ConnectionError(struct.unpack("<i", packet)[0])
        key, iv = MTProtoState._calc_key(self.key, packet[8:24], False)
        plain = AES.decrypt_ige(packet[24:], key, iv)
        assert packet[:8] == self.key_id
        assert sha256(self.key[96:128] + plain)[8:24] == packet[8:24]
        _, session, message_id, _, length = struct.unpack_from("<qqqii", plain)
        assert session == self.session
        assert message_id & 1
        assert 12 <= len(plain) - 32 - length <= 1024
        found = BinaryReader(plain[32 : 32 + length]).tgread_object()
        if hasattr(found, "messages") and type(found).__name__ == "MessageContainer":
            self._inbox += [(each.msg_id, each.obj) for each in found.messages]
            return self._inbox.pop(0)
        return message_id, found

    async def answer(self, kind: type[Any]) -> Any:
        """The next message of that kind; others are skipped."""
        while True:
            _, found = await self.receive()
            if isinstance(found, kind):
                return found
