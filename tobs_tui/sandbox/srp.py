"""The server's half of two-step verification: SRP as https://core.telegram.org/api/srp has it."""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import dataclass
from hashlib import pbkdf2_hmac, sha256

from tobs_tui.sandbox.keys import DH_GENERATOR, DH_PRIME

_ROUNDS = 100_000
_P_BYTES = DH_PRIME.to_bytes(256, "big")
_G_BYTES = DH_GENERATOR.to_bytes(256, "big")


def _hash(*pieces: bytes) -> bytes:
    return sha256(b"".join(pieces)).digest()


_K = int.from_bytes(_hash(_P_BYTES, _G_BYTES), "big")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One attempt at a password: its id, and the public and private half of the server's number for it."""

    id: int
    public: bytes
    private: int


class Verifier:
    """Knows a password well enough to check it, and keeps no more of it than Telegram does."""

    def __init__(self, password: str) -> None:
        self.salt1 = os.urandom(8)
        self.salt2 = os.urandom(16)
        once = _hash(self.salt2, _hash(self.salt1, password.encode(), self.salt1), self.salt2)
        slow = pbkdf2_hmac("sha512", once, self.salt1, _ROUNDS)
        secret = int.from_bytes(_hash(self.salt2, slow, self.salt2), "big")
        self._verifier = pow(DH_GENERATOR, secret, DH_PRIME)

    def challenge(self) -> Challenge:
        """A fresh challenge, good for one check."""
        private = secrets.randbits(2048)
        public = (_K * self._verifier + pow(DH_GENERATOR, private, DH_PRIME)) % DH_PRIME
        return Challenge(secrets.randbits(62) | 1, public.to_bytes(256, "big"), private)

    def accepts(self, challenge: Challenge, client_public: bytes, proof: bytes) -> bool:
        """Whether `proof` shows that the client, whose number is `client_public`, knows the password."""
        a = int.from_bytes(client_public, "big")
        if not 0 < a < DH_PRIME:
            return False
        a_bytes = a.to_bytes(256, "big")
        u = int.from_bytes(_hash(a_bytes, challenge.public), "big")
        shared = pow(a * pow(self._verifier, u, DH_PRIME), challenge.private, DH_PRIME)
        group = bytes(x ^ y for x, y in zip(_hash(_P_BYTES), _hash(_G_BYTES), strict=True))
        key = _hash(shared.to_bytes(256, "big"))
        expected = _hash(group, _hash(self.salt1), _hash(self.salt2), a_bytes, challenge.public, key)
        return hmac.compare_digest(expected, proof)
