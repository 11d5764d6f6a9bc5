"""Promises of a run about its line to Telegram: few requests, the takeout's two ways on, trouble that is shown."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.integration.engine_help import QUICK, Account, account_at, address_of, profile_of
from tobs_tui.model.profile import Filters, Layout, MediaOptions, Profile
from tobs_tui.model.run import ConnectionState, Outcome, RunState
from tobs_tui.sandbox.faults import Fault
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.worlds.loader import load_world

MESSAGES = 6_000
TEXT_ONLY = MediaOptions(download=False)


def wanted(**performance: object) -> Profile:
    return profile_of(media=TEXT_ONLY, performance=msgspec.structs.replace(QUICK, **performance))


@pytest.fixture
async def bench() -> AsyncIterator[SandboxServer]:
    """A sandbox with one supergroup of some thousand messages."""
    async with SandboxServer(load_world("bench", messages=MESSAGES)) as server:
        yield server


@pytest.fixture
async def account(bench: SandboxServer, tmp_path: Path) -> AsyncIterator[Account]:
    async with account_at(address_of(bench), tmp_path / "session", bench.world) as account:
        yield account


@pytest.fixture
def counted(bench: SandboxServer) -> Iterator[SandboxServer]:
    """The sandbox with its counters at zero."""
    bench.calls.clear()
    yield bench


async def test_a_run_asks_for_hardly_more_than_the_pages(
    account: Account, counted: SandboxServer, tmp_path: Path
) -> None:
    state = await account.export(tmp_path / "vault", wanted(history_workers=8))
    assert state.outcome is Outcome.COMPLETE
    assert counted.calls["messages.getHistory"] <= MESSAGES / 100 + 8
    assert sum(counted.calls.values()) - counted.calls["messages.getHistory"] <= 7


async def test_a_rerun_with_few_new_messages_takes_ten_requests_at_most(
    account: Account, bench: SandboxServer, tmp_path: Path
) -> None:
    await account.export(tmp_path / "vault", wanted())
    bench.world.histories.update(load_world("bench", messages=MESSAGES + 50).histories)
    bench.calls.clear()
    async with account_at(address_of(bench), tmp_path / "session") as again:
        state = await again.export(tmp_path / "vault", wanted())
    assert (state.outcome, state.totals.messages_new) == (Outcome.COMPLETE, 50)
    assert sum(bench.calls.values()) <= 10, bench.calls


async def test_a_day_is_found_without_scanning(account: Account, counted: SandboxServer, tmp_path: Path) -> None:
    (history,) = counted.world.histories.values()
    day = datetime.datetime.fromtimestamp(history.dates[MESSAGES // 2], datetime.UTC).date()
    begin = int(datetime.datetime.combine(day, datetime.time(), datetime.UTC).timestamp())
    own = sum(begin <= date < begin + 86_400 for date in history.dates)
    profile = msgspec.structs.replace(
        wanted(history_workers=8), filters=Filters(since=day, until=day), layout=Layout(timezone="UTC")
    )
    state = await account.export(tmp_path / "vault", profile)
    assert (state.outcome, state.totals.messages) == (Outcome.COMPLETE, own)
    assert sum(counted.calls.values()) <= -(-own // 100) + 40


async def test_a_private_chat_with_uneven_ids_is_walked_whole_and_in_few_requests(tmp_path: Path) -> None:
    async with (
        SandboxServer(load_world("bench-sparse", messages=20_000)) as server,
        account_at(address_of(server), tmp_path / "session", server.world) as account,
    ):
        server.calls.clear()
        state = await account.export(tmp_path / "vault", wanted(history_workers=8))
        assert (state.outcome, state.totals.messages) == (Outcome.COMPLETE, 20_000)
        assert server.calls["messages.getHistory"] <= 1.25 * 200


@pytest.mark.parametrize("way", ["approve", "without"])
async def test_a_delayed_takeout_shows_until_when_and_each_way_on_leads_on(
    account: Account, counted: SandboxServer, tmp_path: Path, way: str
) -> None:
    counted.takeout_delay_s = 3600
    watched = account.run(tmp_path / "vault", wanted())
    running = asyncio.create_task(watched.run.run())
    await watched.until(lambda state: state.takeout_delay is not None)
    delay = watched.seen.takeout_delay
    assert delay is not None
    assert 3500 < delay.until - watched.seen.started_at <= 3700
    assert counted.calls["messages.getHistory"] == 0
    if way == "approve":
        counted.approve_takeout()
        watched.run.takeout.try_now()
    else:
        watched.run.takeout.go_without()
    assert await running is Outcome.COMPLETE
    assert watched.seen.takeout_delay is None
    assert all(alert.resolved for alert in watched.seen.alerts if alert.key == "takeout")
    assert counted.calls["account.finishTakeoutSession"] == (1 if way == "approve" else 0)


async def test_a_takeout_lasts_over_interrupted_runs_and_ends_with_the_last(
    account: Account, counted: SandboxServer, tmp_path: Path
) -> None:
    for _ in range(3):
        counted.latency_s = 0.1
        watched = account.run(tmp_path / "vault", wanted())
        running = asyncio.create_task(watched.run.run())
        await watched.until(lambda state: state.totals.messages_new > 0)
        watched.run.cancel()
        counted.latency_s = 0.0
        assert await running is Outcome.INTERRUPTED
    assert (await account.export(tmp_path / "vault", wanted())).outcome is Outcome.COMPLETE
    assert counted.calls["account.initTakeoutSession"] == counted.calls["account.finishTakeoutSession"] == 1


async def test_a_run_that_takes_up_an_interrupted_one_asks_for_next_to_nothing_first(
    account: Account, bench: SandboxServer, tmp_path: Path
) -> None:
    bench.latency_s = 0.1
    watched = account.run(tmp_path / "vault", wanted())
    running = asyncio.create_task(watched.run.run())
    await watched.until(lambda state: state.totals.messages_new > 0)
    watched.run.cancel()
    assert await running is Outcome.INTERRUPTED
    bench.latency_s = 0.0
    await account.link.disconnect()
    bench.calls.clear()
    async with account_at(address_of(bench), tmp_path / "session") as again:
        state = await again.export(tmp_path / "vault", wanted())
    assert state.outcome is Outcome.COMPLETE
    bench.calls.pop("messages.getHistory")
    assert bench.calls == {
        "help.getConfig": 1,
        "messages.getDialogs": 2,
        "messages.getSplitRanges": 1,
        "account.finishTakeoutSession": 1,
    }


async def test_a_key_used_twice_ends_the_run_without_another_request(
    account: Account, counted: SandboxServer, tmp_path: Path
) -> None:
    counted.faults.add(Fault(method="messages.getHistory", after=10, error="AUTH_KEY_DUPLICATED", code=406))
    state = await account.export(tmp_path / "vault", wanted(history_workers=8))
    assert state.outcome is Outcome.SIGNED_OUT
    assert "two places" in state.message and "Sign in again" in state.message
    asked = sum(counted.calls.values())
    assert counted.calls["messages.getHistory"] <= 11 + 8
    again = await account.export(tmp_path / "vault", wanted())
    assert again.outcome is Outcome.SIGNED_OUT
    assert sum(counted.calls.values()) == asked, "nobody is signed in: nothing is asked"


async def test_a_server_that_goes_away_is_waited_for_in_sight(
    account: Account, counted: SandboxServer, tmp_path: Path
) -> None:
    counted.latency_s = 0.01
    counted.faults.add(Fault(method="messages.getHistory", after=20, down_s=1.0))
    watched = account.run(tmp_path / "vault", wanted())
    running = asyncio.create_task(watched.run.run())

    def lost(state: RunState) -> bool:
        return any(alert.key == "connection" and not alert.resolved for alert in state.alerts)

    await watched.until(lost)
    assert await running is Outcome.COMPLETE
    assert not lost(watched.seen)
    assert watched.seen.totals.messages == MESSAGES
    assert watched.seen.link.connections[0].reconnects >= 1


async def test_waits_of_an_earlier_run_are_not_counted_again(
    account: Account, counted: SandboxServer, tmp_path: Path
) -> None:
    counted.faults.add(Fault(method="messages.getHistory", after=3, error="FLOOD_WAIT_1"))
    first = await account.export(tmp_path / "first", wanted())
    second = await account.export(tmp_path / "second", wanted())
    assert (first.totals.flood_waits, first.totals.flood_seconds) == (1, 1.0)
    assert (second.totals.flood_waits, second.totals.flood_seconds) == (0, 0.0)


async def test_the_figures_of_the_connections_are_those_of_the_wire(
    account: Account, counted: SandboxServer, tmp_path: Path
) -> None:
    state = await account.export(tmp_path / "vault", wanted())
    (row,) = state.link.connections
    assert (row.id[:4], row.dc, row.state, row.in_flight) == ("main", 2, ConnectionState.OPEN, 0)
    assert row.requests >= state.totals.requests
    assert row.latency_ms >= 0
    assert row.answer_ms > 0
    assert state.link.window >= 8


@pytest.mark.parametrize("workers", [1, 5])
async def test_each_history_worker_keeps_one_request_in_flight(
    account: Account, counted: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    counted.latency_s = 0.05
    ask = account.link.history_page
    asking = most = 0

    async def counting(chat: int, **where: Any) -> bytes:
        nonlocal asking, most
        asking += 1
        most = max(most, asking)
        try:
            return await ask(chat, **where)
        finally:
            asking -= 1

    monkeypatch.setattr(account.link, "history_page", counting)
    state = await account.export(tmp_path / "vault", wanted(history_workers=workers, adapt=False))
    assert state.outcome is Outcome.COMPLETE
    assert most == workers
