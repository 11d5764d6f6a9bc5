"""Where a Telegram-compatible server is reached, for self-hosted servers and test setups."""

from __future__ import annotations

from msgspec import Struct


class ServerAddress(Struct, frozen=True, forbid_unknown_fields=True):
    """A data centre's address and the server's RSA public key (PEM, PKCS#1); the server names its other ones itself."""

    dc: int
    host: str
    port: int
    public_key: str
