"""A service with an encrypted session: what it does locked, who opens it, and how it lets go of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.test_control_socket import serving
from tobs_tui.config.paths import Paths
from tobs_tui.config.sealing import Cost, Holder, Seal, is_sealed
from tobs_tui.headless.lines import refused
from tobs_tui.headless.signing import sign_in
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Profile
from tobs_tui.service import protocol as p
from tobs_tui.service.client import ServiceClient
from tobs_tui.service.launch import unlock
from tobs_tui.telegram.session import Session

PASSPHRASE = "the only passphrase"
CHEAP = Cost(n=16, r=1, p=1)


@pytest.fixture
def paths(home: Path) -> Paths:
    """An account with an encrypted session and no api id: once open, it needs one, and asks nobody for anything."""
    found = Paths.resolve()
    found.ensure()
    session = Session(found.session_file, seal=Seal.new(PASSPHRASE, cost=CHEAP))
    session.data.keys[2], session.data.self_id = b"k" * 256, 42
    session.save()
    return found


async def phase(client: ServiceClient) -> p.AccountPhase:
    """Where the account stands."""
    return (await client.ask(p.Attach(), p.Snapshot)).account.phase


async def code(client: ServiceClient, command: p.AnyCommand) -> ErrorCode:
    """How a command is refused."""
    with pytest.raises(TobsError) as caught:
        await client.call(command)
    return caught.value.code


async def test_locked_it_does_nothing_but_wait_for_the_right_passphrase(paths: Paths) -> None:
    async with serving(paths):
        client = await ServiceClient.connect(paths.socket)
        account = client.snapshot.account
        assert (account.phase, account.protected, account.problem) == (p.AccountPhase.LOCKED, Holder.PERSON, "")
        for command in (
            p.ListDialogs(),
            p.StartRun(Profile()),
            p.SendCode("+447700900123"),
            p.SetCredentials(1, "a" * 32),
            p.SignOut(),
            p.SetPassphrase("another passphrase"),
            p.RemovePassphrase(PASSPHRASE),
        ):
            assert await code(client, command) is ErrorCode.PASSPHRASE_NEEDED
        assert await code(client, p.Unlock("not this one")) is ErrorCode.PASSPHRASE_WRONG
        assert await phase(client) is p.AccountPhase.LOCKED
        await unlock(client, PASSPHRASE)
        assert client.snapshot.account.phase in (p.AccountPhase.CONNECTING, p.AccountPhase.NEEDS_CREDENTIALS)
        assert await client.call(p.Unlock("it is open already")) == p.Done()
        await client.close()
    assert is_sealed(paths.session_file.read_bytes())


async def test_without_a_person_a_run_is_refused_with_the_documented_status(paths: Paths) -> None:
    async with serving(paths):
        client = await ServiceClient.connect(paths.socket)
        with pytest.raises(TobsError) as caught:
            await sign_in(client, client.events(), None, paths.sign_in_lock_file, print)
        await client.close()
    last = refused(caught.value, 0.0)
    assert (last.exit_status, last.code) == (4, ErrorCode.PASSPHRASE_NEEDED)
    assert "--passphrase-file" in last.message


async def test_a_locked_session_can_be_removed_without_its_passphrase(paths: Paths) -> None:
    async with serving(paths):
        client = await ServiceClient.connect(paths.socket)
        assert await client.call(p.ForgetSession()) == p.Done()
        assert not paths.session_file.exists()
        assert await phase(client) in (p.AccountPhase.CONNECTING, p.AccountPhase.NEEDS_CREDENTIALS)
        await client.close()
    assert not paths.session_file.exists()


async def test_a_damaged_sealed_session_is_told_and_left_alone(paths: Paths) -> None:
    damaged = paths.session_file.read_bytes()[:-1] + b"\0"
    paths.session_file.write_bytes(damaged)
    async with serving(paths):
        client = await ServiceClient.connect(paths.socket)
        assert await code(client, p.Unlock(PASSPHRASE)) is ErrorCode.SESSION_ENDED
        await client.close()
    assert paths.session_file.read_bytes() == damaged
