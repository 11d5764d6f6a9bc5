"""The account's secrets: the session, the api id and hash; in clear (0600), or sealed with a passphrase."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from loguru import logger

from tobs_tui.config import keyring_store
from tobs_tui.config.credentials import Credentials, load_credentials, save_credentials
from tobs_tui.config.environment import read_environment
from tobs_tui.config.paths import Paths
from tobs_tui.config.sealing import MAGIC, Cost, Holder, Seal, holder_of, is_sealed
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.telegram.session import Session, read_session

KEYRING_LIMIT_S = 90.0
"""How long a person may take to unlock the system's keyring, when it asks."""
T = TypeVar("T")


class Lockbox:
    """Open while `session` is set. Keys are derived in threads, for that takes most of a second."""

    def __init__(self, paths: Paths, environ: Mapping[str, str], cost: Cost | None = None) -> None:
        """`environ` may have an api id and hash; `cost` is what new passphrases cost to try."""
        self._paths = paths
        self._cost = cost
        self._environ = environ
        self._busy = asyncio.Lock()
        self._opening = asyncio.Lock()
        self.session: Session | None = None
        self.holder: Holder | None = None

    async def open(self) -> Session:
        """The session, if no person is needed for it.

        Raises `TobsError` PASSPHRASE_NEEDED, KEYRING_UNAVAILABLE, PASSPHRASE_WRONG (the keyring has another one), or
        SESSION_ENDED for a damaged file.
        """
        async with self._opening:  # two sessions on one file would undo each other's work
            if self.session is None:
                raw = read_session(self._paths.session_file)
                self.holder = holder_of(raw) if is_sealed(raw) else None
                if self.holder is Holder.PERSON:
                    raise TobsError(ErrorCode.PASSPHRASE_NEEDED, "The session is locked.", "It takes the passphrase.")
                seal = None
                if self.holder is Holder.KEYRING:
                    passphrase = await _ask_keyring(keyring_store.recall, self._paths)
                    seal = await asyncio.to_thread(Seal.of, raw, passphrase)
                self._opened(Session.load(self._paths.session_file, seal))
            return self._open_session()

    async def unlock(self, passphrase: str) -> None:
        """Open with a passphrase, unless it is open. Raises `TobsError` PASSPHRASE_WRONG, SESSION_ENDED."""
        async with self._busy:
            if self.session is None:
                raw = read_session(self._paths.session_file)
                seal = await asyncio.to_thread(Seal.of, raw, passphrase) if is_sealed(raw) else None
                self._opened(Session.load(self._paths.session_file, seal))

    def _opened(self, session: Session) -> None:
        self.session = session
        self.holder = session.seal.holder if session.seal is not None else None
        self._draw_in_credentials()

    async def protect(self, new: str, old: str, holder: Holder) -> None:
        """Seal with another passphrase from now on, or with a random one that the keyring keeps.

        Raises `TobsError` PASSPHRASE_WRONG with field ``old`` or ``passphrase``, KEYRING_UNAVAILABLE,
        OUTPUT_NOT_WRITABLE.
        """
        async with self._busy:
            await self._check(old)
            if holder is Holder.KEYRING:
                new = await _ask_keyring(keyring_store.create, self._paths)
            seal = await asyncio.to_thread(Seal.new, new, holder, self._cost)
            await self._reseal(seal)

    async def unprotect(self, old: str) -> None:
        """Keep everything in clear again. Raises `TobsError` as `protect`."""
        async with self._busy:
            await self._check(old)
            session = self._open_session()
            if session.data.api_hash:
                save_credentials(self._paths, Credentials(session.data.api_id, session.data.api_hash))
            await self._reseal(None)

    async def _check(self, old: str) -> None:
        """Who changes a person's passphrase has to know it, also where the session is open."""
        session = self._open_session()
        if session.seal is None or session.seal.holder is not Holder.PERSON:
            return
        try:
            await asyncio.to_thread(Seal.of, session.seal.seal(b""), old)
        except TobsError as error:
            raise TobsError(error.code, "This is not the passphrase so far.", error.way_on, field="old") from error

    async def _reseal(self, seal: Seal | None) -> None:
        session = self._open_session()
        before, session.seal = session.seal, seal
        kept = session.data.api_id, session.data.api_hash
        if seal is None:
            session.data.api_id, session.data.api_hash = 0, ""
        try:
            session.save()
        except OSError as error:
            session.seal = before
            session.data.api_id, session.data.api_hash = kept
            raise TobsError(
                ErrorCode.OUTPUT_NOT_WRITABLE, f"{session.file} cannot be written: {error.strerror}."
            ) from error
        self._opened(session)
        if before is not None and before.holder is Holder.KEYRING and self.holder is not Holder.KEYRING:
            await self._leave_keyring()

    async def _leave_keyring(self) -> None:
        try:
            await _ask_keyring(keyring_store.forget, self._paths)
        except TobsError as error:  # what is left there opens nothing any more
            logger.warning("the keyring keeps a passphrase that is of no use now: {}", error)

    async def forget(self) -> None:
        """Remove the session from this machine, whether it can be opened or not."""
        async with self._busy:
            session, self.session = self.session, None
            if session is not None:
                session.file = None  # whoever still has it writes nothing any more
            raw = read_session(self._paths.session_file)
            self._paths.session_file.unlink(missing_ok=True)
            if self.holder is Holder.KEYRING or (is_sealed(raw) and self.holder is None):
                await self._leave_keyring()
            self.holder = None

    def _open_session(self) -> Session:
        if self.session is None:
            raise TobsError(ErrorCode.PASSPHRASE_NEEDED, "The session is locked.", "Unlock it first.")
        return self.session

    # --- the api id and hash --------------------------------------------------------------------------------------

    def credentials(self) -> Credentials | None:
        """From the environment, else what is sealed with the session, else the file that all accounts share.

        Raises `TobsError` as `load_credentials`.
        """
        variables = read_environment(self._paths, self._environ).variables.values()
        given = load_credentials(self._paths, {variable.name: variable.value for variable in variables}, file=False)
        data = self._open_session().data
        if given is None and data.api_hash:
            return Credentials(data.api_id, data.api_hash)
        return given or load_credentials(self._paths, {})

    def keep_credentials(self, credentials: Credentials) -> None:
        """For the next start: under the seal where there is one. Raises `TobsError` OUTPUT_NOT_WRITABLE."""
        session = self._open_session()
        if session.seal is None:
            save_credentials(self._paths, credentials)
            return
        session.data.api_id, session.data.api_hash = credentials.api_id, credentials.api_hash
        session.save()

    def _draw_in_credentials(self) -> None:
        """Under a seal, take the api id and hash in; the file in clear goes once no account in clear needs it."""
        session, file = self._open_session(), self._paths.credentials_file
        if session.seal is None or not file.exists():
            return
        if not session.data.api_hash:
            shared = load_credentials(self._paths, {})
            if shared is not None:
                self.keep_credentials(shared)
        if session.data.api_hash and not any(_in_clear(other) for other in self._paths.other_sessions()):
            file.unlink(missing_ok=True)


def _in_clear(session_file: Path) -> bool:
    """Whether there is a session without a seal."""
    try:
        with session_file.open("rb") as stream:
            return not is_sealed(stream.read(len(MAGIC)))
    except OSError:
        return False


async def _ask_keyring(work: Callable[[Paths], T], paths: Paths) -> T:
    """What the keyring says, from a thread that holds up nothing, not even the end of this process.

    Raises `TobsError` KEYRING_UNAVAILABLE, also when there is no answer in time.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(done: Callable[[], None]) -> None:
        if not answer.done():
            done()

    def ask() -> None:
        try:
            found = work(paths)
        except TobsError as error:
            tell = partial(settle, partial(answer.set_exception, error))
        else:
            tell = partial(settle, partial(answer.set_result, found))
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(tell)

    threading.Thread(target=ask, name="keyring", daemon=True).start()
    try:
        return await asyncio.wait_for(answer, KEYRING_LIMIT_S)
    except TimeoutError as error:
        raise TobsError(
            ErrorCode.KEYRING_UNAVAILABLE, "The system's keyring does not answer.", "Unlock it, and try again."
        ) from error
