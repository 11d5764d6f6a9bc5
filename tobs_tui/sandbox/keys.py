"""The sandbox's RSA key pair, and the Diffie-Hellman group that Telegram's clients know.

Clients encrypt the first step of a key exchange for the server's RSA key, so they must be told its public half.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha1

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from tobs_tui.sandbox.wire.tl import tl_bytes

DH_GENERATOR = 3
DH_PRIME = int(
    "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f48198a0aa7c14058229493d22530f4dbfa336f6e0ac925139543aed4"
    "4cce7c3720fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f642477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f"
    "3a9060bee67cf9a4a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0ef1284754fd17ed950d5965b4b9dd46582db1178d169c6bc4"
    "65b0d6ff9ca3928fef5b9ae4e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f0d8115f635b105ee2e4e15d04b2454bf"
    "6f4fadf034b10403119cd8e3b92fcc5b",
    16,
)
"""Telegram's own safe prime: clients that see it skip a primality test that takes them seconds."""


@dataclass(frozen=True, slots=True)
class ServerKey:
    """An RSA key pair of 2048 bits, ready for raw decryption.

    `private_pem` is its stored form, `public_pem` the PKCS#1 text that clients take, `fingerprint` the signed 64-bit
    number that Telegram's handshake names it by.
    """

    private_pem: str
    public_pem: str
    fingerprint: int
    p: int
    q: int
    d_p: int
    d_q: int
    q_inverse: int

    def decrypt_raw(self, block: bytes) -> bytes:
        """``block ** d mod n`` as 256 bytes, without any padding scheme: Telegram brings its own."""
        number = int.from_bytes(block, "big")
        m_p = pow(number % self.p, self.d_p, self.p)
        m_q = pow(number % self.q, self.d_q, self.q)
        return (m_q + (m_p - m_q) * self.q_inverse % self.p * self.q).to_bytes(256, "big")


def generate_key() -> ServerKey:
    """A fresh key pair."""
    return _server_key(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def load_key(private_pem: str) -> ServerKey:
    """The key pair stored as `private_pem`. Raises ValueError when that is not an RSA key."""
    key = load_pem_private_key(private_pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("the stored server key is not an RSA key")
    return _server_key(key)


def _server_key(key: rsa.RSAPrivateKey) -> ServerKey:
    private, public = key.private_numbers(), key.public_key().public_numbers()
    n = tl_bytes(public.n.to_bytes(256, "big"))
    e = tl_bytes(public.e.to_bytes((public.e.bit_length() + 7) // 8, "big"))
    return ServerKey(
        private_pem=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        public_pem=key.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode(),
        fingerprint=int.from_bytes(sha1(n + e).digest()[-8:], "little", signed=True),
        p=private.p,
        q=private.q,
        d_p=private.dmp1,
        d_q=private.dmq1,
        q_inverse=private.iqmp,
    )
