"""A vault's secret key, and the record that says that its people are shown by stand-ins.

The record lies in the archive and decides alone: whatever a run is told, a vault is never half and half.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.schema import output_error
from tobs_tui.model.errors import ErrorCode, TobsError

KEY_FILE = "pseudonyms.key"
_KEY_BYTES = 32

STAYS = "This vault shows people by pseudonyms, and stays so."


def settle(archive: Archive, *, wanted: bool) -> bool:
    """Whether a vault shows people by stand-ins from now on; makes its key and record when that is new.

    Raises TobsError USAGE when it is wanted of a vault that holds chats under their real names, ARCHIVE_UNUSABLE when
    the key is not the one that the vault was begun with, OUTPUT_NOT_WRITABLE or DISK_FULL.
    """
    if archive.pseudonym_mark():
        key_of(archive)
        return True
    if not wanted:
        return False
    if archive.chats():
        raise TobsError(
            ErrorCode.USAGE,
            "The vault holds chats under their real names already.",
            "Choose another output folder for a vault with pseudonyms: files that are known are not fetched again.",
            field="layout.pseudonymise",
        )
    archive.put_pseudonym_mark(_mark(_made(archive.path.parent)))
    return True


def key_of(archive: Archive) -> bytes | None:
    """The key of a vault that shows people by stand-ins; None for any other. Raises TobsError ARCHIVE_UNUSABLE."""
    mark = archive.pseudonym_mark()
    if not mark:
        return None
    path = archive.path.with_name(KEY_FILE)
    key = _read(path)
    if key is None or _mark(key) != mark:
        what = "is missing" if key is None else "is not the one that it was begun with"
        raise TobsError(
            ErrorCode.ARCHIVE_UNUSABLE,
            f"The key of this vault's pseudonyms, {path}, {what}.",
            "Put it back from a backup; or export into a new folder, where everybody gets another pseudonym.",
        )
    return key


def _made(folder: Path) -> bytes:
    """The key in a vault's inner folder, a new one if need be. Whoever wants the same pseudonyms in two vaults puts
    the one's key there before the other's first run."""
    path = folder / KEY_FILE
    known = _read(path)
    if known is not None:
        return known
    key = secrets.token_bytes(_KEY_BYTES)
    draft = path.with_suffix(".new")
    try:
        folder.chmod(0o700)
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123  # it is no path
            file.write(key.hex().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise output_error(error, folder) from error
    return key


def _read(path: Path) -> bytes | None:
    """The key in a file; None where there is none."""
    with contextlib.suppress(OSError, ValueError):
        key = bytes.fromhex(path.read_text("ascii").strip())
        return key if len(key) == _KEY_BYTES else None
    return None


def _mark(key: bytes) -> int:
    """What the record says of a key: enough to tell it from another, and nothing of use to anybody else."""
    return int.from_bytes(hashlib.sha256(b"tobs pseudonyms" + key).digest()[:6]) | 1
