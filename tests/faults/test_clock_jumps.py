"""Promises of a run while clocks are set: this machine's, or Telegram's against it. It ends in the undisturbed vault.

For a client, a clock of Telegram's that goes wrong is its own that was set; the sandbox has one of its own.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.integration.engine_help import Account, account_at, address_of, profile_of, vault_bytes
from tobs_tui.model.profile import Layout, MediaOptions
from tobs_tui.model.run import Outcome
from tobs_tui.sandbox.faults import Fault
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.telegram import line

HISTORY = "messages.getHistory"
CHANNEL, ZOE = -1001650000001, 5001000
HOURS = 3600.0
LIMIT_S = 60
PROFILE = profile_of([CHANNEL, ZOE], layout=Layout(timezone="UTC"))
TEXT = profile_of([ZOE], layout=Layout(timezone="UTC"), media=MediaOptions(download=False))


async def test_a_clock_that_is_set_while_a_run_is_under_way_costs_nothing(
    account: Account, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "REQUEST_TIMEOUT_S", 3600)  # nothing may be left to it
    assert (await account.export(tmp_path / "calm", PROFILE)).outcome is Outcome.COMPLETE
    sandbox.latency_s = 0.01
    jumps = iter((2 * HOURS, -5 * HOURS, 26 * HOURS, 0.0))
    watched = account.run(tmp_path / "vault", PROFILE)
    running = asyncio.create_task(watched.run.run())
    for ahead in jumps:
        served = sum(sandbox.calls.values())
        while sum(sandbox.calls.values()) < served + 5 and not running.done():
            await asyncio.sleep(0.002)
        sandbox.clock_ahead_s = ahead
    async with asyncio.timeout(LIMIT_S):
        assert await running is Outcome.COMPLETE
    assert watched.run.state.failures == ()
    assert vault_bytes(tmp_path / "vault") == vault_bytes(tmp_path / "calm")


@pytest.mark.parametrize("hours", [-7.0, 7.0])
async def test_a_machine_whose_clock_is_wrong_signs_in_and_exports(
    sandbox: SandboxServer, tmp_path: Path, hours: float
) -> None:
    sandbox.clock_ahead_s = hours * HOURS
    async with account_at(address_of(sandbox), tmp_path / "session", sandbox.world) as account:
        state = await account.export(tmp_path / "vault", TEXT)
    assert (state.outcome, state.failures) == (Outcome.COMPLETE, ())
    async with account_at(address_of(sandbox), tmp_path / "session") as again:  # with the key that it has
        assert (await again.export(tmp_path / "vault", TEXT)).outcome is Outcome.COMPLETE


@pytest.mark.parametrize("hours", [-7.0, 7.0])
async def test_a_wait_lasts_as_long_as_telegram_said_however_the_clock_is_set_meanwhile(
    account: Account, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: float
) -> None:
    truth = await account.export(tmp_path / "calm", TEXT)
    true_time = time.time
    sandbox.faults.add(Fault(HISTORY, after=1, error="FLOOD_WAIT_1"))
    watched = account.run(tmp_path / "vault", TEXT)
    running = asyncio.create_task(watched.run.run())
    await watched.until(lambda state: state.totals.flood_waits > 0)
    monkeypatch.setattr(time, "time", lambda: true_time() + hours * HOURS)
    async with asyncio.timeout(LIMIT_S):
        assert await running is Outcome.COMPLETE
    assert watched.run.state.totals.messages_new == truth.totals.messages_new
    assert vault_bytes(tmp_path / "vault") == vault_bytes(tmp_path / "calm")
