"""`tobs passphrase` and `tobs logout`: what they ask, what they have the service do, and what they say."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tobs_tui.cli.options import Options, Setting
from tobs_tui.config.passphrase import read_passphrase
from tobs_tui.config.sealing import Holder, holder_of, is_sealed
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.service import protocol as p

if TYPE_CHECKING:
    from tobs_tui.service.client import ServiceClient

_GONE_LIMIT_S = 30.0
_POLL_S = 0.05
_KEPT_BY = {
    None: "The session lies in clear, readable by you alone. To encrypt it: {command} passphrase set",
    Holder.PERSON: "The session and the api hash are encrypted with a passphrase.",
    Holder.KEYRING: "The session and the api hash are encrypted; the system's keyring has the passphrase.",
}


def show_protection(options: Options) -> int:
    """Print whether the session is encrypted. Gives the exit status. Raises `TobsError` for an unreadable file."""
    setting = Setting(options)
    paths = setting.paths
    try:
        raw = paths.session_file.read_bytes()
    except FileNotFoundError:
        click.echo("No session is kept here.")
        return 0
    except OSError as error:
        sentence = f"The session file {paths.session_file} cannot be read: {error.strerror}."
        raise TobsError(ErrorCode.UNEXPECTED, sentence) from error
    _say_kept(setting, holder_of(raw) if is_sealed(raw) else None)
    return 0


def _say_kept(setting: Setting, holder: Holder | None) -> None:
    """Say how the session is kept; a command that is named is one for the same account."""
    account = setting.paths.account
    words = ["tobs", *(["--demo"] if setting.options.demo else []), *(["--account", account] if account else [])]
    click.echo(_KEPT_BY[holder].format(command=" ".join(words)))


def set_passphrase(options: Options, *, in_keyring: bool, new_file: Path | None) -> int:
    """Encrypt the account's secrets from now on. Gives the exit status. Raises `TobsError`."""
    setting = Setting(options)
    given = setting.passphrase()

    async def work(client: ServiceClient) -> None:
        old = _old(client, given)
        new = ""
        if not in_keyring:
            new = read_passphrase(new_file) if new_file is not None else _asked("New passphrase", confirm=True)
        await client.call(p.SetPassphrase(new, old, in_keyring=in_keyring))

    _with_service(setting, work, given)
    _say_kept(setting, Holder.KEYRING if in_keyring else Holder.PERSON)
    if not in_keyring:
        click.echo("There is no way to find it out again: whoever forgets it signs in anew.")
    if setting.paths.credentials_file.exists():
        click.echo("The api hash lies in clear as well, for other accounts here that have no passphrase.")
    return 0


def remove_passphrase(options: Options) -> int:
    """Keep the account's secrets in clear from now on. Gives the exit status. Raises `TobsError`."""
    setting = Setting(options)
    given = setting.passphrase()

    async def work(client: ServiceClient) -> None:
        await client.call(p.RemovePassphrase(_old(client, given)))

    _with_service(setting, work, given)
    _say_kept(setting, None)
    return 0


def log_out(options: Options, *, local: bool) -> int:
    """Revoke the session at Telegram, unless `local`, and remove it here. Gives the exit status. Raises `TobsError`."""
    from tobs_tui.service.launch import is_running

    setting = Setting(options)
    if local and not setting.paths.session_file.exists() and not is_running(setting.paths):  # a service may have one
        click.echo("No session is kept here.")
        return 0

    async def work(client: ServiceClient) -> None:
        if local:
            await client.call(p.ForgetSession())
        else:
            await _signed_in(client)
            await client.call(p.SignOut())
        await client.call(p.Shutdown())
        await client.close()
        await _gone(client.snapshot.pid)

    _with_service(setting, work, None if local else setting.passphrase(), locked_is_fine=local)
    if local:
        click.echo("The session is removed here. Telegram still lists it: Settings, Devices, in any Telegram app.")
    else:
        click.echo("Signed out: the session is revoked at Telegram and removed here.")
    return 0


def _with_service(
    setting: Setting,
    work: Callable[[ServiceClient], Awaitable[None]],
    passphrase: str | None,
    *,
    locked_is_fine: bool = False,
) -> None:
    """Do the work with the account's service, unlocked with `passphrase` or with what a person types."""
    from tobs_tui.headless.signing import locked
    from tobs_tui.service.launch import attach, unlock

    async def run() -> None:
        options = setting.options
        client = await attach(setting.paths, demo=options.demo, server_file=options.server, passphrase=passphrase)
        try:
            account = client.snapshot.account
            if account.phase is p.AccountPhase.LOCKED and not locked_is_fine:
                if account.problem or not sys.stdin.isatty():
                    raise locked(account)
                await unlock(client, _asked("Passphrase"))
            await work(client)
        finally:
            await client.close()

    asyncio.run(run())


def _old(client: ServiceClient, given: str | None) -> str:
    """The passphrase so far, where a person knows it."""
    if client.snapshot.account.protected is not Holder.PERSON:
        return ""
    return given if given is not None else _asked("Passphrase so far")


def _asked(what: str, *, confirm: bool = False) -> str:
    """What a person types, unseen. Raises `TobsError` USAGE where there is nobody to ask."""
    if not sys.stdin.isatty():
        raise TobsError(
            ErrorCode.USAGE,
            "There is no terminal here to ask for a passphrase on.",
            "Give it in a file: --passphrase-file, and --new-passphrase-file for a new one.",
        )
    return str(click.prompt(what, hide_input=True, confirmation_prompt=confirm, err=True))


async def _signed_in(client: ServiceClient) -> None:
    """Wait until it is clear whether an account is signed in. Raises `TobsError` when none is."""
    from tobs_tui.headless.signing import service_gone

    account = client.snapshot.account
    if account.phase is p.AccountPhase.CONNECTING:
        async for event in client.events():
            if isinstance(event, p.AccountChanged) and event.account.phase is not p.AccountPhase.CONNECTING:
                account = event.account
                break
        else:
            raise service_gone()
    if account.phase is p.AccountPhase.UNREACHABLE:
        sentence = account.problem or "Telegram cannot be reached."
        way_on = "Try again later; or remove the session here only: tobs logout --local"
        raise TobsError(ErrorCode.SERVER_UNREACHABLE, sentence, way_on)
    if account.phase is not p.AccountPhase.SIGNED_IN:
        raise TobsError(ErrorCode.NOT_SIGNED_IN, "No account is signed in here.")


async def _gone(pid: int) -> None:
    """Wait until the service has ended, and with it whatever it would still write."""
    give_up = asyncio.get_running_loop().time() + _GONE_LIMIT_S
    while _alive(pid) and asyncio.get_running_loop().time() < give_up:
        await asyncio.sleep(_POLL_S)


def _alive(pid: int) -> bool:
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
