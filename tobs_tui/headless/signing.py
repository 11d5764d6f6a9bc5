"""Signing in without a person: api credentials at hand, and the demo's login; anything else needs the screen."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tobs_tui.config.credentials import Credentials
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.service import protocol as p
from tobs_tui.service.client import ServiceClient

_STEPS = 12
"""Sign-in answers tried at most: more than any sign-in has."""
_TURN_POLL_S = 0.1


async def sign_in(
    client: ServiceClient,
    events: AsyncIterator[p.AnyEvent],
    credentials: Credentials | None,
    turn: Path,
    note: Callable[[str], None],
) -> p.Snapshot:
    """Until the account is signed in. Gives the service's state then.

    `turn` is a file to lock meanwhile: clients that came at the same time would spoil each other's login codes. `note`
    is told what is done. Raises `TobsError` where a person is needed.
    """
    if client.snapshot.account.phase is p.AccountPhase.SIGNED_IN:
        return client.snapshot
    async with _turn(turn):
        snapshot = await client.ask(p.Attach(), p.Snapshot)  # another client may have signed in meanwhile
        account = snapshot.account
        if account.phase is p.AccountPhase.UNREACHABLE:  # it may have waited for long: now counts
            await client.call(p.Reconnect())
            account = await _next_account(events)
        for _ in range(_STEPS):
            if account.phase is p.AccountPhase.SIGNED_IN:
                return snapshot
            if account.phase is not p.AccountPhase.CONNECTING:
                try:
                    await client.call(_answer(account, credentials, note))
                except TobsError as error:
                    if error.code is not ErrorCode.CODE_EXPIRED:
                        raise
                    await client.call(p.BackToPhone())  # one that was interrupted in the middle has used the code up
            account = await _next_account(events)
    raise TobsError(ErrorCode.NOT_SIGNED_IN, "Signing in did not come to an end.", "Run tobs and sign in there.")


@asynccontextmanager
async def _turn(file: Path) -> AsyncIterator[None]:
    """Hold the lock on `file`; the system drops it when this process ends."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(_TURN_POLL_S)
        yield
    finally:
        os.close(descriptor)


def _answer(account: p.AccountState, credentials: Credentials | None, note: Callable[[str], None]) -> p.AnyCommand:
    """What to tell the service in a phase that waits for an answer. Raises `TobsError`."""
    phase = account.phase
    if phase is p.AccountPhase.UNREACHABLE:
        raise TobsError(
            ErrorCode.SERVER_UNREACHABLE, account.problem or "Telegram cannot be reached.", "Check the connection."
        )
    if phase is p.AccountPhase.LOCKED:
        raise locked(account)
    if phase is p.AccountPhase.NEEDS_CREDENTIALS:
        if credentials is None:
            raise TobsError(
                ErrorCode.API_CREDENTIALS_INVALID,
                "No api id and hash are set.",
                "Get them from my.telegram.org; then run tobs and sign in, or set TOBS_API_ID and TOBS_API_HASH.",
            )
        return p.SetCredentials(credentials.api_id, credentials.api_hash)
    if not account.demo_phone:
        problem = account.problem or "No account is signed in."
        code = ErrorCode.SESSION_ENDED if account.problem else ErrorCode.NOT_SIGNED_IN
        raise TobsError(code, problem, "Run tobs and sign in.")
    if phase is p.AccountPhase.SIGNED_OUT:
        note("Signing in to the demo.")
        return p.SendCode(account.demo_phone)
    if phase is p.AccountPhase.CODE_SENT:
        return p.SubmitCode(account.demo_code)
    if phase is p.AccountPhase.PASSWORD_NEEDED:
        return p.SubmitPassword(account.demo_password)
    return p.BackToPhone()


def locked(account: p.AccountState) -> TobsError:
    """The session is encrypted, and its passphrase was not given."""
    if account.problem:
        return TobsError(ErrorCode.KEYRING_UNAVAILABLE, account.problem)
    return TobsError(
        ErrorCode.PASSPHRASE_NEEDED,
        "The session is encrypted, and no passphrase was given.",
        "Add --passphrase-file FILE, or set TOBS_PASSPHRASE or TOBS_PASSPHRASE_FILE; or run tobs and type it there.",
    )


async def _next_account(events: AsyncIterator[p.AnyEvent]) -> p.AccountState:
    async for event in events:
        if isinstance(event, p.AccountChanged):
            return event.account
    raise service_gone()


def service_gone() -> TobsError:
    """The service went away before there was a run to tell of."""
    return TobsError(
        ErrorCode.SERVICE_GONE, "The background service ended before the run began.", "Its log says why; run it again."
    )
