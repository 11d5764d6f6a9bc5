"""The session: data centres' keys, who is signed in, the takeout id, and the peers' access hashes; in one file.

With a seal the file is encrypted as a whole, and the api id and hash lie in it as well.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tobs_tui.config.sealing import Seal, is_sealed
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.peers import Peer

HOME_DC = 2
HOME_ADDRESS = ("149.154.167.51", 443)
"""Where a client without a session begins; Telegram sends it on to the account's own data centre."""
SESSION_VERSION = 1


class SavedSession(msgspec.Struct, omit_defaults=True):
    """The file's contents. `imported` names the foreign data centres whose key the account's authorisation was put on;
    `unwrapped` the chats whose history is refused inside a takeout. `api_id` and `api_hash` are set under a seal only.
    """

    version: int = SESSION_VERSION
    dc: int = HOME_DC
    self_id: int = 0
    takeout_id: int = 0
    takeout_files: bool = False
    keys: dict[int, bytes] = {}
    addresses: dict[int, tuple[str, int]] = {}
    imported: set[int] = set()
    unwrapped: set[int] = set()
    peers: dict[int, Peer] = {}
    api_id: int = 0
    api_hash: str = ""

    def __repr__(self) -> str:
        """Without what it holds: it is nobody's business but Telegram's."""
        return f"SavedSession(dc={self.dc})"


class Session:
    """A session in memory, saved as a whole, sealed where there is a `seal`. Lookups cost one dictionary access however
    many peers there are."""

    def __init__(self, file: Path | None = None, data: SavedSession | None = None, seal: Seal | None = None) -> None:
        self.file = file
        self.data = data if data is not None else SavedSession()
        self.seal = seal

    @classmethod
    def load(cls, file: Path, seal: Seal | None = None) -> Session:
        """The session of `file`, an empty one if there is no such file; `seal` opens a sealed one.

        TobsError when the file cannot be read, PASSPHRASE_NEEDED when it is sealed and there is no seal.
        """
        raw = read_session(file)
        if not raw:
            return cls(file, seal=seal)
        if is_sealed(raw):
            if seal is None:
                raise TobsError(ErrorCode.PASSPHRASE_NEEDED, "The session is locked.", "It takes the passphrase.")
            raw = seal.open(raw)
        else:
            seal = None
        try:
            data = msgspec.msgpack.decode(raw, type=SavedSession)
        except msgspec.MsgspecError as error:
            raise TobsError(
                ErrorCode.SESSION_ENDED,
                f"The session file {file} is damaged.",
                "Delete it and sign in again.",
            ) from error
        return cls(file, data, seal)

    def save(self) -> None:
        """Write the file: whole or not at all, readable by its owner only. A session without a file stays in memory,
        and one that holds nothing leaves no file."""
        if self.file is None:
            return
        if self.seal is None and not self.data.keys and not self.data.self_id:
            self.file.unlink(missing_ok=True)
            return
        content = msgspec.msgpack.encode(self.data)
        if self.seal is not None:
            content = self.seal.seal(content)
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.file.with_name(f"{self.file.name}.{secrets.token_hex(4)}")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            fresh.replace(self.file)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):  # the replacement may already have moved it
                fresh.unlink()
            raise

    def remember(self, peers: Iterable[Peer]) -> bool:
        """Keep peers for later requests; gives whether anything new was learnt.

        A peer seen in part only (`min`) never replaces a whole one: its access hash would not serve for requests.
        """
        known = self.data.peers
        changed = False
        for peer in peers:
            before = known.get(peer.id)
            if before == peer or (before is not None and peer.min and not before.min):
                continue
            if before is not None and peer.access_hash == 0 and before.access_hash:
                peer = msgspec.structs.replace(peer, access_hash=before.access_hash)
            known[peer.id] = peer
            changed = True
        return changed

    def forget_account(self) -> None:
        """Drop everything that belongs to the account: keys, takeout, peers. Addresses, and the api id, stay."""
        old = self.data
        self.data = SavedSession(dc=old.dc, addresses=old.addresses, api_id=old.api_id, api_hash=old.api_hash)


def read_session(file: Path) -> bytes:
    """The bytes of a session file, none where there is no file. TobsError when it cannot be read."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise TobsError(ErrorCode.UNEXPECTED, f"The session file {file} cannot be read: {error.strerror}.") from error
