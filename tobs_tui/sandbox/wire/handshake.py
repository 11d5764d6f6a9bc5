"""The key exchange: from a client's first plain message to an auth key that both sides hold.

https://core.telegram.org/mtproto/auth_key. Both ways of encrypting the inner data are understood: the old one
(SHA-1, data, random bytes) and RSA_PAD.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1, sha256
from typing import Any

from telethon.extensions import BinaryReader
from telethon.tl import functions, types

from tobs_tui.sandbox.keys import DH_GENERATOR, DH_PRIME, ServerKey
from tobs_tui.sandbox.wire.cipher import decrypt_ige, encrypt_ige, handshake_key_and_iv

_PQ_INNER_KINDS = (types.PQInnerData, types.PQInnerDataDc, types.PQInnerDataTemp, types.PQInnerDataTempDc)
_SAFETY = 1 << (2048 - 64)

# pq is the proof of work that a client does before a server spends anything on it. A loopback server has nothing to
# defend, so one factor is small: clients find it in a millisecond.
_SMALL_PRIMES = (1048583, 1048589, 1048601, 1048609, 1048613, 1048627, 1048633, 1048661)
_LARGE_PRIMES = (2147483647, 2147483629, 2147483587, 2147483579, 2147483563, 2147483549, 2147483543)


class HandshakeError(Exception):
    """The client's step does not fit the exchange, which ends the connection. `code` is the transport error to send."""

    def __init__(self, reason: str, code: int = 404) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class NewKey:
    """A finished exchange: the auth key (256 bytes), its first salt, and a temporary key's lifetime in seconds."""

    key: bytes
    salt: int
    expires_in: int | None


class Handshake:
    """One key exchange on one connection: feed it plain messages, it gives the answers, and finally `new_key`.

    `now` tells the server's time, in seconds since 1970.
    """

    def __init__(self, server_key: ServerKey, dc: int, now: Callable[[], float] = time.time) -> None:
        self._server_key = server_key
        self._now = now
        self._dc = dc
        self._nonce = 0
        self._server_nonce = 0
        self._new_nonce = b""
        self._pq = 0
        self._a = 0
        self._expires_in: int | None = None
        self.new_key: NewKey | None = None

    def step(self, body: bytes) -> bytes:
        """Answer one plain message. Raises `HandshakeError` when it is not the step that the exchange waits for."""
        try:
            request = BinaryReader(body).tgread_object()
        except Exception as error:  # Telethon's reader raises whatever its helpers do; all of it means: not TL
            raise HandshakeError(f"a plain message that is no TL object: {error}") from error
        if isinstance(request, functions.ReqPqRequest | functions.ReqPqMultiRequest):
            return bytes(self._offer_pq(request))
        if not isinstance(request, functions.ReqDHParamsRequest | functions.SetClientDHParamsRequest):
            raise HandshakeError(f"{type(request).__name__} is no step of a key exchange")
        if not self._pq or (request.nonce, request.server_nonce) != (self._nonce, self._server_nonce):
            raise HandshakeError("a step of another exchange")
        if isinstance(request, functions.ReqDHParamsRequest):
            return bytes(self._offer_dh(request))
        if not self._a:
            raise HandshakeError("the last step of an exchange came before the one before it")
        return bytes(self._finish(request))

    def _offer_pq(self, request: Any) -> Any:
        self._nonce = request.nonce
        self._server_nonce = int.from_bytes(os.urandom(16), "little", signed=True)
        self._pq = secrets.choice(_SMALL_PRIMES) * secrets.choice(_LARGE_PRIMES)
        self._a = 0
        return types.ResPQ(
            nonce=self._nonce,
            server_nonce=self._server_nonce,
            pq=self._pq.to_bytes(8, "big"),
            server_public_key_fingerprints=[self._server_key.fingerprint],
        )

    def _offer_dh(self, request: Any) -> Any:
        if request.public_key_fingerprint != self._server_key.fingerprint:
            raise HandshakeError("the client encrypted for another server's key")
        inner = self._inner_data(self._server_key.decrypt_raw(request.encrypted_data))
        proof = int.from_bytes(inner.p, "big") * int.from_bytes(inner.q, "big")
        if proof != self._pq or inner.nonce != self._nonce or inner.server_nonce != self._server_nonce:
            raise HandshakeError("the client's proof of work is wrong")
        dc = getattr(inner, "dc", None)
        if dc is not None and abs(dc) % 10_000 != self._dc:
            raise HandshakeError(f"the client wants data centre {dc}, this is {self._dc}", code=444)
        self._expires_in = getattr(inner, "expires_in", None)
        self._new_nonce = inner.new_nonce.to_bytes(32, "little", signed=True)
        self._a = secrets.randbits(2048)
        answer = bytes(
            types.ServerDHInnerData(
                nonce=self._nonce,
                server_nonce=self._server_nonce,
                g=DH_GENERATOR,
                dh_prime=DH_PRIME.to_bytes(256, "big"),
                g_a=pow(DH_GENERATOR, self._a, DH_PRIME).to_bytes(256, "big"),
                server_time=int(self._now()),
            )
        )
        hashed = sha1(answer).digest() + answer
        hashed += os.urandom(-len(hashed) % 16)
        return types.ServerDHParamsOk(
            nonce=self._nonce,
            server_nonce=self._server_nonce,
            encrypted_answer=encrypt_ige(hashed, *self._temporary_key()),
        )

    def _finish(self, request: Any) -> Any:
        plain = decrypt_ige(request.encrypted_data, *self._temporary_key())
        inner = _hashed_object(plain[20:], plain[:20])
        if not isinstance(inner, types.ClientDHInnerData):
            raise HandshakeError("the client's half of the exchange is unreadable")
        g_b = int.from_bytes(inner.g_b, "big")
        if not _SAFETY <= g_b <= DH_PRIME - _SAFETY:
            raise HandshakeError("the client's half of the exchange is too small or too large")
        key = pow(g_b, self._a, DH_PRIME).to_bytes(256, "big")
        server_nonce = self._server_nonce.to_bytes(16, "little", signed=True)
        salt = bytes(x ^ y for x, y in zip(self._new_nonce[:8], server_nonce[:8], strict=True))
        self.new_key = NewKey(key, int.from_bytes(salt, "little", signed=True), self._expires_in)
        proof = sha1(self._new_nonce + b"\x01" + sha1(key).digest()[:8]).digest()[4:20]
        return types.DhGenOk(
            nonce=self._nonce,
            server_nonce=self._server_nonce,
            new_nonce_hash1=int.from_bytes(proof, "little", signed=True),
        )

    def _temporary_key(self) -> tuple[bytes, bytes]:
        return handshake_key_and_iv(self._server_nonce.to_bytes(16, "little", signed=True), self._new_nonce)

    @staticmethod
    def _inner_data(block: bytes) -> Any:
        """The inner data in a decrypted RSA block, whichever of the two ways it was wrapped."""
        if block[0] == 0:
            inner = _hashed_object(block[21:], block[1:21])
            if isinstance(inner, _PQ_INNER_KINDS):
                return inner
        masked_key, encrypted = block[:32], block[32:]
        mask = sha256(encrypted).digest()
        key = bytes(x ^ y for x, y in zip(masked_key, mask, strict=True))
        padded = decrypt_ige(encrypted, key, bytes(32))
        data = padded[:192][::-1]
        if sha256(key + data).digest() == padded[192:]:
            inner = BinaryReader(data).tgread_object()
            if isinstance(inner, _PQ_INNER_KINDS):
                return inner
        raise HandshakeError("the client's inner data is unreadable")


def _hashed_object(data: bytes, digest: bytes) -> Any | None:
    """The TL object at the start of `data` when `digest` is its SHA-1; what follows it is padding."""
    reader = BinaryReader(data)
    try:
        found = reader.tgread_object()
    except Exception:  # random bytes make Telethon's reader fail in any way it likes  # noqa: BLE001
        return None
    return found if sha1(data[: reader.tell_position()]).digest() == digest else None
