"""The file that `--server` names: where a Telegram-compatible server is reached, and its public key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from tobs_tui.config.paths import expanded
from tobs_tui.config.toml_file import read_toml
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.server import ServerAddress

_BEGIN = "-----BEGIN"


class ServerFile(Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says. `public_key` is the path of a PEM file, from the file's own directory, or the PEM itself."""

    host: Annotated[str, Meta(min_length=1)]
    port: Annotated[int, Meta(ge=1, le=65535)]
    public_key: str
    dc: Annotated[int, Meta(ge=1, le=1000)] = 2


def load_server(path: Path) -> ServerAddress:
    """The server that the file describes, its key read.

    Raises:
        TobsError: USAGE or BAD_PROFILE; the sentence names what is wrong, with file, line and key.
    """
    try:
        described = read_toml(path, ServerFile)[0]
    except FileNotFoundError as error:
        raise TobsError(ErrorCode.USAGE, f"There is no server file {path}.", field="server") from error
    key = described.public_key
    if _BEGIN not in key:
        place = path.parent / expanded(key, "public_key")
        try:
            key = place.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not PEM text"
            raise TobsError(
                ErrorCode.USAGE, f"{path.name}: public_key: {place} cannot be read: {reason}.", field="public_key"
            ) from error
    return ServerAddress(dc=described.dc, host=described.host, port=described.port, public_key=_checked(key, path))


def _checked(key: str, path: Path) -> str:
    """An RSA public key in the one form that Telegram's clients read (PKCS#1). Raises `TobsError` USAGE."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

    try:
        known = load_pem_public_key(key.encode())
    except (ValueError, UnsupportedAlgorithm):
        known = None
    if not isinstance(known, RSAPublicKey):
        raise TobsError(
            ErrorCode.USAGE, f"{path.name}: public_key: this is no RSA public key in PEM form.", field="public_key"
        )
    return known.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()
