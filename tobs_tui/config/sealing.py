"""Encryption of what is secret: one sealed blob, opened with a passphrase that nothing on the disk knows.

The blob is a header in clear, then ChaCha20-Poly1305 (RFC 8439) over the content with the header as associated data.
The key comes from the passphrase by scrypt (RFC 7914), whose costs and salt the header tells; it is derived once, when
the passphrase is given, and each sealing takes a fresh random nonce.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import os
import unicodedata

import msgspec

from tobs_tui.model.errors import ErrorCode, TobsError

MAGIC = b"TOBS-SEALED\n"
SHORTEST = 8
"""Characters that a new passphrase has at least."""
LONGEST = 1024
_KEY_BYTES = _CHECK_BYTES = 32
_NONCE_BYTES = 12
_LENGTH_BYTES = 2
_MOST_MEMORY = 1 << 30
"""Bytes that scrypt may take (128 * n * r): a header that asks for more was not written by this program."""


class Holder(enum.StrEnum):
    """Who knows the passphrase."""

    PERSON = "person"
    KEYRING = "keyring"


class Cost(msgspec.Struct, frozen=True):
    """scrypt's costs. The default takes 128 MiB and 0.7 s on a machine of 2020: OWASP's first choice."""

    n: int = 2**17
    r: int = 8
    p: int = 1


class Header(msgspec.Struct, frozen=True):
    """What stands before the sealed content. `check` tells a wrong passphrase from a damaged file."""

    holder: Holder
    cost: Cost
    salt: bytes
    check: bytes
    cipher: str = "chacha20-poly1305"
    version: int = 1


class Seal:
    """A key with the header that leads to it: seals contents, and opens those that it sealed."""

    def __init__(self, header: Header, key: bytes) -> None:
        self._header = header
        self._key = key

    def __repr__(self) -> str:
        """Without the key."""
        return f"Seal({self._header.holder})"

    @property
    def holder(self) -> Holder:
        """Who knows the passphrase."""
        return self._header.holder

    @classmethod
    def new(cls, passphrase: str, holder: Holder = Holder.PERSON, cost: Cost | None = None) -> Seal:
        """A seal of its own salt for a new passphrase. Computes for most of a second: not for an event loop.

        Raises `TobsError` PASSPHRASE_WRONG, field ``passphrase``, for one that is too short or too long.
        """
        if not SHORTEST <= len(passphrase) <= LONGEST:
            limit = f"at least {SHORTEST}" if len(passphrase) < SHORTEST else f"at most {LONGEST}"
            raise TobsError(
                ErrorCode.PASSPHRASE_WRONG,
                f"A passphrase has {limit} characters.",
                "Several words are better than one.",
                field="passphrase",
            )
        salt, cost = os.urandom(16), cost or Cost()
        key, check = _derive(passphrase, salt, cost)
        return cls(Header(holder, cost, salt, check), key)

    @classmethod
    def of(cls, blob: bytes, passphrase: str) -> Seal:
        """The seal that `blob` was sealed with. Computes as `new` does.

        Raises `TobsError` PASSPHRASE_WRONG for another passphrase, SESSION_ENDED for a blob that is none.
        """
        header, _ = _parts(blob)
        key, check = _derive(passphrase, header.salt, header.cost)
        if not hmac.compare_digest(check, header.check):
            raise TobsError(ErrorCode.PASSPHRASE_WRONG, "This is not the passphrase.", "Try again.", field="passphrase")
        return cls(header, key)

    def seal(self, content: bytes) -> bytes:
        """`content` as a blob that only this seal's passphrase opens."""
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        raw = msgspec.msgpack.encode(self._header)
        front = MAGIC + len(raw).to_bytes(_LENGTH_BYTES, "big") + raw
        nonce = os.urandom(_NONCE_BYTES)
        return front + nonce + ChaCha20Poly1305(self._key).encrypt(nonce, content, front)

    def open(self, blob: bytes) -> bytes:
        """The content of a blob. Raises `TobsError` SESSION_ENDED when another seal made it, or it is damaged."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        _, size = _parts(blob)
        nonce, sealed = blob[size : size + _NONCE_BYTES], blob[size + _NONCE_BYTES :]
        try:
            return ChaCha20Poly1305(self._key).decrypt(nonce, sealed, blob[:size])
        except (InvalidTag, ValueError) as error:
            raise _damaged() from error


def is_sealed(blob: bytes) -> bool:
    """Whether a passphrase is needed to read this."""
    return blob.startswith(MAGIC)


def holder_of(blob: bytes) -> Holder:
    """Who knows the passphrase of a sealed blob. Raises `TobsError` SESSION_ENDED for a header that cannot be read."""
    return _parts(blob)[0].holder


def _parts(blob: bytes) -> tuple[Header, int]:
    """The header, and the number of bytes until its end."""
    begin = len(MAGIC) + _LENGTH_BYTES
    end = begin + int.from_bytes(blob[len(MAGIC) : begin], "big")
    try:
        header = msgspec.msgpack.decode(blob[begin:end], type=Header)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _damaged() from error
    if not is_sealed(blob) or header.version != 1 or not _bearable(header.cost) or len(blob) < end + _NONCE_BYTES:
        raise _damaged()
    return header, end


def _bearable(cost: Cost) -> bool:
    power_of_two = cost.n > 1 and cost.n & (cost.n - 1) == 0
    small = cost.r > 0 and 0 < cost.p <= 16 and 128 * cost.n * cost.r <= _MOST_MEMORY
    return power_of_two and small and cost.n.bit_length() <= 16 * cost.r  # the last is RFC 7914's own limit


def _derive(passphrase: str, salt: bytes, cost: Cost) -> tuple[bytes, bytes]:
    """The key, and what tells that the passphrase was the right one; neither tells anything about the other."""
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    # The same letters can be typed as different characters: an accent apart, or together with its letter.
    secret = unicodedata.normalize("NFKC", passphrase).encode("utf-8", "surrogatepass")
    scrypt = Scrypt(salt=salt, length=_KEY_BYTES + _CHECK_BYTES, n=cost.n, r=cost.r, p=cost.p)
    try:
        derived = scrypt.derive(secret)
    except MemoryError as error:
        needed = 128 * cost.n * cost.r >> 20
        raise TobsError(
            ErrorCode.UNEXPECTED, f"There is not enough memory for the passphrase: it takes {needed} MiB.", "Try later."
        ) from error
    return derived[:_KEY_BYTES], hashlib.sha256(derived[_KEY_BYTES:]).digest()


def _damaged() -> TobsError:
    return TobsError(
        ErrorCode.SESSION_ENDED,
        "The encrypted session file is damaged, or of a newer version of tobs.",
        "Bring it back from a copy, or remove it with `tobs logout --local` and sign in again.",
    )
