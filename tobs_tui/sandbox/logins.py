"""Sign-ins under way: codes that were sent, QR tokens on show, passwords being asked for, authorisations being moved.

All of it lives minutes at most, so none of it is stored.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field

from tobs_tui.sandbox.srp import Challenge, Verifier

CODE_ATTEMPTS = 5
"""After so many wrong codes a code is void, and the answer to the next is PHONE_CODE_EXPIRED."""
QR_LIFETIME_S = 30


@dataclass(slots=True)
class SentCode:
    """A code that was sent: for which number, and how many guesses are left."""

    phone: str
    guesses: int = CODE_ATTEMPTS


@dataclass(slots=True)
class LoginToken:
    """A QR code on show: which key shows it (at which data centre), until when, and who accepted it."""

    token: bytes
    key_id: int
    dc: int
    expires: float
    accepted_by: int | None = None


@dataclass(slots=True)
class Logins:
    """The sign-ins under way. `takeout_asked` is when the delayed takeout was first asked for (monotonic seconds)."""

    codes: dict[str, SentCode] = field(default_factory=dict)
    tokens: dict[bytes, LoginToken] = field(default_factory=dict)
    exports: dict[bytes, tuple[int, int, int]] = field(default_factory=dict)
    challenges: dict[int, Challenge] = field(default_factory=dict)
    takeout_asked: float | None = None
    _verifier: tuple[str, Verifier] | None = None

    def send_code(self, phone: str) -> str:
        """Note that a code was sent to `phone`; older ones are void. Gives the hash that names it."""
        self.codes = {name: code for name, code in self.codes.items() if code.phone != phone}
        name = secrets.token_hex(9)
        self.codes[name] = SentCode(phone)
        return name

    def expire_codes(self) -> None:
        """Make every code that was sent too old to use."""
        self.codes.clear()

    def token_for(self, key_id: int, dc: int) -> LoginToken:
        """The QR token that the key shows: the one it has while that is good, else a new one."""
        now = time.time()
        self.tokens = {name: each for name, each in self.tokens.items() if each.expires > now}
        for each in self.tokens.values():
            if each.key_id == key_id and each.accepted_by is not None:
                return each
        token = LoginToken(secrets.token_bytes(32), key_id, dc, now + QR_LIFETIME_S)
        self.tokens[token.token] = token
        return token

    def verifier(self, password: str) -> Verifier:
        """The verifier of the account's password, made once: it takes a tenth of a second."""
        if self._verifier is None or self._verifier[0] != password:
            self._verifier = (password, Verifier(password))
        return self._verifier[1]

    def challenge(self, key_id: int, password: str) -> Challenge:
        """A new password challenge for the key, in place of the one it had."""
        made = self.verifier(password).challenge()
        self.challenges[key_id] = made
        return made

    def export(self, user_id: int, key_id: int, to_dc: int) -> bytes:
        """The bytes with which another data centre will recognise the user, once."""
        name = secrets.token_bytes(128)
        self.exports[name] = (user_id, key_id, to_dc)
        return name
