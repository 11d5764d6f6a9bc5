"""What the sandbox remembers about its clients: auth keys, who signed in with them, and the running takeout.

Given a state file, all of it outlives the process: a restarted sandbox still knows its clients' keys, as Telegram does.
"""

from __future__ import annotations

import os
import secrets
import time
from hashlib import sha1
from pathlib import Path

import msgspec

from tobs_tui.sandbox.keys import ServerKey, generate_key, load_key


class StateError(Exception):
    """The state file cannot be used; the message says why."""


class ClientFacts(msgspec.Struct, frozen=True):
    """What a client said about itself in ``initConnection``."""

    api_id: int
    device_model: str
    system_version: str
    app_version: str
    lang_code: str


class AuthKeyState(msgspec.Struct):
    """One auth key and what belongs to it.

    `key_id` is the signed 64-bit number clients name the key by; `dc` the data centre that made it; `salt` the one in
    force. `user_id` is set once someone has signed in; `password_pending` while a sign-in waits for the 2FA password.
    `home_key` names the key whose authorisation was imported here. `expires_at` (seconds since 1970) and `bound_to` are
    for temporary keys. `created` and `active` are seconds since 1970.
    """

    key: bytes
    key_id: int
    dc: int
    salt: int
    created: int
    active: int
    user_id: int | None = None
    password_pending: bool = False
    layer: int | None = None
    client: ClientFacts | None = None
    home_key: int | None = None
    expires_at: int | None = None
    bound_to: int | None = None

    @property
    def session_hash(self) -> int:
        """The number that account.getAuthorizations names this sign-in by."""
        return int.from_bytes(sha1(self.key).digest()[:8], "little", signed=True)


class Takeout(msgspec.Struct):
    """The takeout that is running: one an account, the newest wins."""

    id: int
    key_id: int
    files: bool


class _Stored(msgspec.Struct):
    """The state file's contents."""

    server_key: str
    keys: list[AuthKeyState] = []
    takeout: Takeout | None = None
    cdn_key: str = ""


class Accounts:
    """The sandbox's memory of its clients. Call `save` after changing an `AuthKeyState` that should last."""

    def __init__(self, state_file: Path | None = None) -> None:
        """Raises `StateError` when `state_file` exists but cannot be read as one."""
        self._file = state_file
        stored = self._load(state_file)
        if stored is None:
            self.server_key: ServerKey = generate_key()
            self.takeout: Takeout | None = None
            self._keys: dict[int, AuthKeyState] = {}
            self._cdn_key: ServerKey | None = None
            self.save()
        else:
            self.server_key = load_key(stored.server_key)
            self.takeout = stored.takeout
            self._keys = {state.key_id: state for state in stored.keys}
            self._cdn_key = load_key(stored.cdn_key) if stored.cdn_key else None

    @property
    def cdn_key(self) -> ServerKey:
        """The content network's key pair, made when it is first needed."""
        if self._cdn_key is None:
            self._cdn_key = generate_key()
            self.save()
        return self._cdn_key

    @staticmethod
    def _load(state_file: Path | None) -> _Stored | None:
        if state_file is None or not state_file.exists():
            return None
        try:
            return msgspec.json.decode(state_file.read_bytes(), type=_Stored)
        except (OSError, msgspec.DecodeError) as error:
            raise StateError(f"{state_file} is not a state file of the sandbox: {error}") from error

    def save(self) -> None:
        """Write everything to the state file, if there is one: whole or not at all, readable by its owner only."""
        if self._file is None:
            return
        cdn_key = self._cdn_key.private_pem if self._cdn_key is not None else ""
        stored = _Stored(self.server_key.private_pem, list(self._keys.values()), self.takeout, cdn_key)
        draft = self._file.with_name(self._file.name + ".new")
        self._file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(msgspec.json.encode(stored))
        draft.replace(self._file)

    def add_key(self, key: bytes, dc: int, salt: int, expires_in: int | None) -> AuthKeyState:
        """Remember a key that an exchange has just made."""
        now = int(time.time())
        state = AuthKeyState(
            key=key,
            key_id=int.from_bytes(sha1(key).digest()[-8:], "little", signed=True),
            dc=dc,
            salt=salt,
            created=now,
            active=now,
            expires_at=None if expires_in is None else now + expires_in,
        )
        self._keys[state.key_id] = state
        self.save()
        return state

    def key(self, key_id: int, dc: int) -> AuthKeyState | None:
        """The key with that id at that data centre, or None when it is unknown there or has expired."""
        state = self._keys.get(key_id)
        if state is None or state.dc != dc:
            return None
        if state.expires_at is not None and state.expires_at < time.time():
            return None
        return state

    def known_keys(self) -> list[AuthKeyState]:
        """Every known key."""
        return list(self._keys.values())

    def forget(self, key_id: int) -> None:
        """Destroy a key: whoever still uses it gets transport error 404."""
        self._keys.pop(key_id, None)
        self.save()

    def sign_in(self, state: AuthKeyState, user_id: int) -> None:
        """Make `state` (and the permanent key it is bound to) belong to `user_id`."""
        for each in self._with_bound(state):
            each.user_id = user_id
            each.password_pending = False
        self.save()

    def sign_out(self, state: AuthKeyState) -> None:
        """End the authorisation of `state`, of its temporary keys and of the keys that imported it elsewhere."""
        bound = self._with_bound(state)
        ids = {each.key_id for each in bound}
        for each in self._keys.values():
            if each.key_id in ids or each.home_key in ids:
                each.user_id = None
                each.password_pending = False
        if self.takeout is not None and self.takeout.key_id in ids:
            self.takeout = None
        self.save()

    def _with_bound(self, state: AuthKeyState) -> list[AuthKeyState]:
        permanent = state.bound_to if state.bound_to is not None else state.key_id
        return [each for each in self._keys.values() if permanent in (each.key_id, each.bound_to)]

    def start_takeout(self, state: AuthKeyState, files: bool) -> Takeout:
        """Begin a takeout; an older one is void from now on."""
        self.takeout = Takeout(secrets.randbits(62) | 1, state.key_id, files)
        self.save()
        return self.takeout

    def end_takeout(self) -> None:
        """Forget the running takeout."""
        self.takeout = None
        self.save()
