"""The system's keyring, where a passphrase can lie that no person needs to know. Needs the extra `keyring`."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, TypeVar

from tobs_tui.model.errors import ErrorCode, TobsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tobs_tui.config.paths import Paths

SERVICE = "tobs"
"""What the keyring's own programs list the entry under; the account's folder is its user name."""
_GOOD_ENOUGH = 1.0
"""keyring's own word for backends to be recommended: those below keep secrets in clear, or none at all."""
T = TypeVar("T")


def create(paths: Paths) -> str:
    """Put a new random passphrase for the account into the keyring. Gives it.

    Like all of this module it may wait for a person, whom the system asks to unlock the keyring: not for an event loop.
    Raises `TobsError` KEYRING_UNAVAILABLE.
    """
    passphrase = secrets.token_urlsafe(32)
    backend = _backend()
    _try(lambda: backend.set_password(SERVICE, str(paths.state_dir), passphrase))
    if _try(lambda: backend.get_password(SERVICE, str(paths.state_dir))) != passphrase:
        raise _unavailable("The system's keyring did not keep the passphrase.")
    return passphrase


def recall(paths: Paths) -> str:
    """The account's passphrase. Raises `TobsError` KEYRING_UNAVAILABLE, also when the keyring has none."""
    backend = _backend()
    found = _try(lambda: backend.get_password(SERVICE, str(paths.state_dir)))
    if not found:
        raise _unavailable("The system's keyring has no passphrase for this account.")
    return str(found)


def forget(paths: Paths) -> None:
    """Take the account's passphrase out of the keyring, if it is there. Raises `TobsError` KEYRING_UNAVAILABLE."""
    backend = _backend()
    if _try(lambda: backend.get_password(SERVICE, str(paths.state_dir))) is not None:
        _try(lambda: backend.delete_password(SERVICE, str(paths.state_dir)))


def _backend() -> Any:
    try:
        import keyring
    except ImportError as error:
        raise TobsError(
            ErrorCode.KEYRING_UNAVAILABLE,
            "The library for the system's keyring is not installed.",
            "Install it with: pip install 'tobs-tui[keyring]'",
        ) from error
    backend: Any = _try(keyring.get_keyring)
    if backend.priority < _GOOD_ENOUGH:
        raise _unavailable("There is no system keyring here that keeps secrets encrypted.")
    return backend


def _try(work: Callable[[], T]) -> T:
    try:
        return work()
    except Exception as error:  # each backend raises what its bus or library does
        raise _unavailable(f"The system's keyring cannot be used ({type(error).__name__}).") from error


def _unavailable(sentence: str) -> TobsError:
    return TobsError(
        ErrorCode.KEYRING_UNAVAILABLE,
        sentence,
        "Unlock it in the desktop's own way, or sign in anew after `tobs logout --local` and use a passphrase.",
    )
