"""The service: one worker an account, driven over its socket, that outlives its clients."""

from __future__ import annotations

import asyncio
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tobs_tui.config.paths import Paths
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import ChatTarget, Performance, Preset, Profile, Targets
from tobs_tui.model.run import Outcome, RunPhase, RunUpdated
from tobs_tui.service import protocol as p
from tobs_tui.service.client import ServiceClient
from tobs_tui.service.launch import attach, is_running

FORUM, LOUNGE, ZOE = -1001600000001, -1001500000002, 5001000


async def account_in(client: ServiceClient, *phases: p.AccountPhase) -> p.AccountState:
    """The account's state once it is in one of `phases`."""
    if client.snapshot.account.phase in phases:
        return client.snapshot.account
    async for event in client.events():
        if isinstance(event, p.AccountChanged) and event.account.phase in phases:
            return event.account
    raise AssertionError("the service went away")


async def signed_in(paths: Paths) -> ServiceClient:
    """A client of the demo's service, signed in as a person would."""
    client = await attach(paths, demo=True)
    state = await account_in(client, p.AccountPhase.SIGNED_OUT, p.AccountPhase.SIGNED_IN)
    if state.phase is p.AccountPhase.SIGNED_OUT:
        await client.call(p.SendCode(state.demo_phone))
        await client.call(p.SubmitCode(state.demo_code))
        await client.call(p.SubmitPassword(state.demo_password))
        await account_in(client, p.AccountPhase.SIGNED_IN)
    return client


async def in_phase(client: ServiceClient, phase: RunPhase) -> None:
    """Wait for a phase of the run."""
    async for event in client.events():
        if isinstance(event, RunUpdated) and event.phase is phase:
            return
    raise AssertionError("the service went away")


async def finished(client: ServiceClient) -> p.RunFinished:
    """The end of the run."""
    async for event in client.events():
        if isinstance(event, p.RunFinished):
            return event
    raise AssertionError("the service went away")


async def test_sign_in_tells_each_mistake_and_lets_one_go_on(demo_paths: Paths) -> None:
    client = await attach(demo_paths, demo=True)
    state = await account_in(client, p.AccountPhase.SIGNED_OUT)

    with pytest.raises(TobsError) as no_account:
        await client.call(p.ListDialogs())
    assert no_account.value.code is ErrorCode.NOT_SIGNED_IN

    with pytest.raises(TobsError) as bad_phone:
        await client.call(p.SendCode("12"))
    assert (bad_phone.value.code, bad_phone.value.field) == (ErrorCode.PHONE_INVALID, "phone")

    await client.call(p.SendCode(state.demo_phone))
    with pytest.raises(TobsError) as bad_code:
        await client.call(p.SubmitCode("00000"))
    assert (bad_code.value.code, bad_code.value.field) == (ErrorCode.CODE_INVALID, "code")

    await client.call(p.SubmitCode(state.demo_code))
    with pytest.raises(TobsError) as bad_password:
        await client.call(p.SubmitPassword("not it"))
    assert (bad_password.value.code, bad_password.value.field) == (ErrorCode.PASSWORD_INVALID, "password")

    await client.call(p.SubmitPassword(state.demo_password))
    assert (await account_in(client, p.AccountPhase.SIGNED_IN)).name
    await client.close()


async def test_a_run_goes_on_without_clients_and_is_found_again(demo_paths: Paths, tmp_path: Path) -> None:
    client = await signed_in(demo_paths)
    targets = Targets(chats=(ChatTarget(FORUM), ChatTarget(ZOE)))
    profile = Profile(name="two", output=str(tmp_path / "vault"), targets=targets)
    await client.call(p.StartRun(profile))
    await client.close()

    again = await attach(demo_paths, demo=True)
    other = await attach(demo_paths, demo=True)
    run = again.snapshot.run
    assert run is not None
    assert run.profile.name == "two"
    if run.phase is not RunPhase.FINISHED:
        with pytest.raises(TobsError) as second_run:
            await again.call(p.StartRun(profile))
        assert second_run.value.code is ErrorCode.RUN_IN_PROGRESS
        ends = await asyncio.gather(finished(again), finished(other))
        assert {end.run.run_id for end in ends} == {run.run_id}
        run = ends[0].run
    assert run.outcome is Outcome.COMPLETE
    runs = await again.ask(p.ListRuns(), p.Runs)
    assert [(record.run_id, record.outcome) for record in runs.runs] == [(run.run_id, Outcome.COMPLETE)]
    await again.close()
    await other.close()


async def test_a_paused_run_waits_and_a_cancelled_one_can_be_resumed(demo_paths: Paths, tmp_path: Path) -> None:
    client = await signed_in(demo_paths)
    slow = Performance(preset=Preset.CUSTOM, history_workers=1)
    profile = Profile(
        name="", output=str(tmp_path / "v"), targets=Targets(chats=(ChatTarget(LOUNGE),)), performance=slow
    )
    await client.call(p.StartRun(profile))
    await in_phase(client, RunPhase.RUNNING)
    await client.call(p.PauseRun())
    await in_phase(client, RunPhase.PAUSED)
    watcher = await attach(demo_paths, demo=True)
    assert watcher.snapshot.run is not None
    assert watcher.snapshot.run.phase is RunPhase.PAUSED
    await client.call(p.CancelRun())
    first = await finished(client)
    assert first.run.outcome is Outcome.INTERRUPTED
    await client.call(p.StartRun(profile))
    second = await finished(client)
    assert second.run.outcome is Outcome.COMPLETE
    await watcher.close()
    await client.close()


async def test_garbage_on_the_socket_ends_only_its_own_connection(demo_paths: Paths) -> None:
    client = await attach(demo_paths, demo=True)
    for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\x00\x00\x00\x02\xc1\xc1", b"\xff" * 64, b"\x00\x00\x00\x00"):
        reader, writer = await asyncio.open_unix_connection(str(demo_paths.socket))
        writer.write(garbage)
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
    assert await client.call(p.Reconnect()) == p.Done()
    await client.close()


async def test_the_socket_is_for_its_owner_alone(demo_paths: Paths) -> None:
    client = await attach(demo_paths, demo=True)
    assert stat.S_IMODE(demo_paths.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(demo_paths.socket.parent.stat().st_mode) == 0o700
    await client.close()


async def test_a_second_service_of_the_same_account_steps_back(demo_paths: Paths) -> None:
    client = await attach(demo_paths, demo=True)
    second = await asyncio.create_subprocess_exec(sys.executable, "-m", "tobs_tui", "service", "--demo")
    assert await asyncio.wait_for(second.wait(), 60) == 0
    assert await client.call(p.Reconnect()) == p.Done()
    await client.close()


async def test_an_idle_service_ends_and_leaves_no_socket(demo_paths: Paths) -> None:
    demo_paths.ensure()
    command = [sys.executable, "-m", "tobs_tui", "service", "--demo", "--idle-exit", "0.2"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    assert await asyncio.to_thread(process.wait, 60) == 0
    assert not is_running(demo_paths)
    assert not demo_paths.socket.exists()


async def test_a_dead_services_socket_is_no_obstacle(demo_paths: Paths) -> None:
    demo_paths.ensure()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(demo_paths.socket))
    client = await attach(demo_paths, demo=True)
    await client.close()
