"""The api id and hash that Telegram gives out at my.telegram.org."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from tobs_tui.config.paths import Paths
from tobs_tui.config.toml_file import read_toml, write_toml
from tobs_tui.model.errors import ErrorCode, TobsError

ID_VARIABLE = "TOBS_API_ID"
HASH_VARIABLE = "TOBS_API_HASH"


class Credentials(Struct, frozen=True, forbid_unknown_fields=True):
    """What identifies this program to Telegram; personal, to be kept secret."""

    api_id: Annotated[int, Meta(ge=1)]
    api_hash: str


def check_credentials(api_id: str, api_hash: str) -> Credentials:
    """Credentials as typed by a person.

    Raises:
        TobsError: API_CREDENTIALS_INVALID with `field` "api_id" or "api_hash".
    """
    api_id, api_hash = api_id.strip(), api_hash.strip()
    if not (api_id.isascii() and api_id.isdecimal()) or not 1 <= int(api_id) < 2**31:
        raise TobsError(ErrorCode.API_CREDENTIALS_INVALID, "The api id is a number, such as 123456.", field="api_id")
    if not api_hash.isascii() or not api_hash.isalnum():
        raise TobsError(ErrorCode.API_CREDENTIALS_INVALID, "The api hash is 32 letters and digits.", field="api_hash")
    return Credentials(api_id=int(api_id), api_hash=api_hash)


def load_credentials(
    paths: Paths, environ: Mapping[str, str] | None = None, *, file: bool = True
) -> Credentials | None:
    """From TOBS_API_ID and TOBS_API_HASH, else from the credentials file unless that is left out; None when neither has
    them. `environ` is this process's when not given.

    Raises:
        TobsError: API_CREDENTIALS_INVALID or BAD_PROFILE when what is there cannot be used.
    """
    environ = os.environ if environ is None else environ
    api_id, api_hash = environ.get(ID_VARIABLE, ""), environ.get(HASH_VARIABLE, "")
    if api_id and api_hash:
        return check_credentials(api_id, api_hash)
    if api_id or api_hash:
        missing = HASH_VARIABLE if api_id else ID_VARIABLE
        raise TobsError(
            ErrorCode.API_CREDENTIALS_INVALID,
            f"{missing} is not set, though {ID_VARIABLE if api_id else HASH_VARIABLE} is.",
            "Set both, or neither.",
        )
    if not file:
        return None
    try:
        return read_toml(paths.credentials_file, Credentials)[0]
    except FileNotFoundError:
        return None


def save_credentials(paths: Paths, credentials: Credentials) -> None:
    """Keep them for the next start, 0600.

    Raises:
        TobsError: OUTPUT_NOT_WRITABLE.
    """
    write_toml(paths.credentials_file, credentials, comment="From my.telegram.org. Keep this file to yourself.")
