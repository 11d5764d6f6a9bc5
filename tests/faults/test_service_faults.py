"""Promises of the service towards clients that misbehave, come too late, or find a service that is ending."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import psutil
import pytest

from tests.integration.scripted_service import ScriptedService
from tests.integration.test_service import account_in, finished, signed_in
from tobs_tui.config.paths import Paths
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import ChatTarget, Profile, Targets
from tobs_tui.model.run import Outcome, RunState
from tobs_tui.service import protocol as p
from tobs_tui.service.clients import BACKLOG_BYTES, AttachedClient
from tobs_tui.service.framing import frame, read_frame
from tobs_tui.service.launch import attach
from tobs_tui.service.server import MAX_COMMAND

FORUM = -1001600000001


class _Starting:
    """A service process that is on its way."""

    def poll(self) -> None:
        return None


@contextlib.asynccontextmanager
async def attached_pair(state: RunState) -> AsyncIterator[tuple[AttachedClient, asyncio.StreamReader]]:
    """The service's end of a connection, and the reader of a client that does not read yet."""
    near, far = socket.socketpair()
    _, writer = await asyncio.open_unix_connection(sock=near)
    reader, closer = await asyncio.open_unix_connection(sock=far)
    client = AttachedClient(writer, lambda: [p.RunStarted(state)])
    client.wants_events = True
    sending = asyncio.create_task(client.send_forever())
    try:
        yield client, reader
    finally:
        sending.cancel()
        writer.close()
        closer.close()


async def test_a_stalled_client_costs_little_and_gets_the_whole_state_when_it_reads_again() -> None:
    state = RunState("r1", Profile(), "/vault")
    event = frame(p.ServerFrame(0, p.AccountChanged(p.AccountState(p.AccountPhase.SIGNED_IN, name="x" * 100_000))))
    decoder = msgspec.msgpack.Decoder(p.ServerFrame)
    async with attached_pair(state) as (client, reader):
        for _ in range(200):
            client.offer(event)
            await asyncio.sleep(0)
        assert client._backlog_bytes <= BACKLOG_BYTES
        received = 0
        while (got := await read_frame(reader, decoder, p.MAX_FRAME)) is not None:
            received += 1
            if isinstance(got.body, p.RunStarted):
                break
        assert got is not None
        assert received < 200


async def test_who_asks_without_reading_answers_is_made_to_wait() -> None:
    async with attached_pair(RunState("r1", Profile(), "/vault")) as (client, reader):
        client.reply(1, p.Refused(ErrorCode.UNEXPECTED, "x" * (BACKLOG_BYTES + 1)))
        waiting = asyncio.create_task(client.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        assert await reader.readexactly(BACKLOG_BYTES + 1)
        await asyncio.wait_for(waiting, 20)


async def test_attaching_goes_on_past_a_service_that_is_ending(demo_paths: Paths) -> None:
    demo_paths.ensure()
    met = asyncio.Event()

    async def ending(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.set()
        writer.close()

    old = await asyncio.start_unix_server(ending, str(demo_paths.socket))
    attaching = asyncio.create_task(attach(demo_paths, demo=True, started=_Starting()))  # type: ignore[arg-type]
    await met.wait()
    old.close()
    demo_paths.socket.unlink(missing_ok=True)
    async with ScriptedService(demo_paths, p.AccountState(p.AccountPhase.SIGNED_IN)):
        client = await asyncio.wait_for(attaching, 20)
        assert client.snapshot.account.phase is p.AccountPhase.SIGNED_IN
        await client.close()


async def test_large_commands_pass_and_oversized_ones_end_their_connection(demo_paths: Paths) -> None:
    first, second = await asyncio.gather(attach(demo_paths, demo=True), attach(demo_paths, demo=True))
    assert first.snapshot.pid == second.snapshot.pid
    with pytest.raises(TobsError) as refused:
        await first.call(p.ResolveTarget("x" * 2_000_000))
    assert refused.value.code in (ErrorCode.NOT_SIGNED_IN, ErrorCode.SERVER_UNREACHABLE)
    with pytest.raises(TobsError) as cut:
        await first.call(p.ResolveTarget("x" * (MAX_COMMAND + 1)))
    assert cut.value.code is ErrorCode.SERVICE_GONE
    assert await second.call(p.Reconnect()) == p.Done()
    await first.close()
    await second.close()


async def test_the_demos_telegram_is_started_again_when_it_dies_and_runs_follow_runs(
    demo_paths: Paths, tmp_path: Path
) -> None:
    client = await signed_in(demo_paths)
    children = psutil.Process(client.snapshot.pid).children()
    sandbox = next(child for child in children if "tobs_tui.sandbox" in child.cmdline())
    profile = Profile(name="", output=str(tmp_path / "vault"), targets=Targets(chats=(ChatTarget(FORUM),)))
    await client.call(p.StartRun(profile))
    os.kill(sandbox.pid, signal.SIGKILL)
    end = await finished(client)
    assert end.run.outcome is Outcome.COMPLETE
    assert any("again in" in line.text for line in end.run.log)  # told, whichever request met it first
    # A second run of the same service, after signing out and in again.
    await client.call(p.SignOut())
    state = await account_in(client, p.AccountPhase.SIGNED_OUT)
    await client.call(p.SendCode(state.demo_phone))
    await client.call(p.SubmitCode(state.demo_code))
    await client.call(p.SubmitPassword(state.demo_password))
    await client.call(p.StartRun(profile))
    again = await finished(client)
    assert again.run.outcome is Outcome.COMPLETE
    assert again.run.totals.messages_new == 0
    await client.close()
