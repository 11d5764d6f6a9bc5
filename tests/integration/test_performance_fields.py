"""Every performance value of a profile has its effect, measured where it takes place: at the server, in processes."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.engine_help import Account, Watched, account_at, address_of, profile_of
from tobs_tui.engine import governor
from tobs_tui.model.load import LoadState, Thresholds
from tobs_tui.model.profile import MediaOptions, Performance, Preset, Profile
from tobs_tui.model.run import Level, Outcome, RunPhase, RunState
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.worlds.loader import load_world
from tobs_tui.sandbox.worlds.world import World

HISTORY, FILES = "messages.getHistory", "upload.getFile"
FORUM = -1001600000001
"""A chat with some files, of which one has several parts."""


@pytest.fixture(scope="module")
def bench() -> World:
    return load_world("bench", seed=1, messages=12_000)


@asynccontextmanager
async def served(world: World, folder: Path, latency_ms: float = 40) -> AsyncIterator[tuple[SandboxServer, Account]]:
    async with (
        SandboxServer(world, latency_ms=latency_ms) as server,
        account_at(address_of(server), folder / "session", world) as account,
    ):
        yield server, account


def profile(*, download: bool = False, chats: tuple[int, ...] = (), **performance: Any) -> Profile:
    quick = {"preset": Preset.CUSTOM, "history_workers": 2, "decode_processes": 1, "takeout": False}
    return profile_of(chats, performance=Performance(**quick | performance), media=MediaOptions(download=download))


def workers_of(state: RunState) -> list[int]:
    """The worker processes, as the sampler sees them."""
    return [process.pid for process in state.resources.processes if process.role == "worker"]


async def under_way(watched: Watched) -> Any:
    """Begin a run and wait until messages come in."""
    import asyncio

    task = asyncio.create_task(watched.run.run())
    await watched.until(lambda state: state.totals.messages_new > 0)
    return task


@pytest.mark.parametrize("count", [1, 3])
async def test_so_many_history_requests_are_in_flight_as_there_are_history_workers(
    bench: World, tmp_path: Path, count: int
) -> None:
    async with served(bench, tmp_path) as (server, account):
        task = await under_way(account.run(tmp_path / "vault", profile(history_workers=count, window=32)))
        server.dispatcher.most_in_flight.clear()
        assert await task is Outcome.COMPLETE
        assert server.dispatcher.most_in_flight[HISTORY] == count


@pytest.mark.parametrize("count", [1, 3])
async def test_so_many_processes_work_as_the_profile_says(bench: World, tmp_path: Path, count: int) -> None:
    async with served(bench, tmp_path) as (_, account):
        watched = account.run(tmp_path / "vault", profile(history_workers=1, decode_processes=count))
        task = await under_way(watched)
        await watched.until(lambda state: len(workers_of(state)) == count or state.outcome is not None)
        assert len(workers_of(watched.seen)) == count
        watched.run.cancel()
        watched.run.cancel()
        await task


@pytest.mark.parametrize(("files", "parts"), [(1, 1), (1, 3), (2, 1)])
async def test_so_many_parts_are_in_flight_as_downloads_and_parts_a_file_allow(
    demo_world: World, tmp_path: Path, files: int, parts: int
) -> None:
    async with served(demo_world, tmp_path, latency_ms=40) as (server, account):
        wanted = profile(download=True, chats=(FORUM,), download_workers=files, parts_in_flight=parts)
        state = await account.export(tmp_path / "vault", wanted)
        assert state.totals.files > 0
        assert server.dispatcher.most_in_flight[FILES] == files * parts


async def test_fetching_waits_when_the_queue_is_full_and_goes_on_when_there_is_room(
    bench: World, tmp_path: Path
) -> None:
    async with served(bench, tmp_path, latency_ms=5) as (_, account):
        watched = account.run(tmp_path / "vault", profile(history_workers=4, queue_mb=1, window=32))
        task = await under_way(watched)
        jobs = watched.run._jobs
        assert jobs is not None
        pids = jobs.pipeline._decoder.pids()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            await watched.until(lambda state: jobs.pipeline.budget.waiting > 0 or state.outcome is not None)
            assert jobs.pipeline.budget.waiting > 0
            assert 0 < jobs.pipeline.budget.out <= 1 << 20
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        assert await task is Outcome.COMPLETE


@pytest.mark.parametrize("takeout", [False, True])
async def test_a_takeout_is_begun_when_the_profile_wants_one_and_only_then(
    demo_world: World, tmp_path: Path, takeout: bool
) -> None:
    async with served(demo_world, tmp_path, latency_ms=0) as (server, account):
        chat = next(iter(demo_world.channels.values())).key
        await account.export(tmp_path / "vault", profile(chats=(chat,), takeout=takeout))
        assert (server.calls["account.initTakeoutSession"] > 0) is takeout


@pytest.mark.parametrize("adapt", [False, True])
async def test_a_high_load_takes_requests_out_of_flight_when_the_profile_lets_it(
    bench: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, adapt: bool
) -> None:
    monkeypatch.setattr(governor, "DOWN_S", 0.0)
    low = Thresholds(own_memory_mb=(1.0, 0.0))
    async with served(bench, tmp_path, latency_ms=100) as (server, account):
        wanted = profile(history_workers=4, adapt=adapt, window=32)
        watched = account.run(tmp_path / "vault", wanted, thresholds=low)
        task = await under_way(watched)
        share = watched.run._machine.governor
        await watched.until(
            lambda state: (
                (state.resources.load is LoadState.HIGH and share.share == (0.5 if adapt else 1.0))
                or state.outcome is not None
            )
        )
        before = watched.seen.totals.messages_new
        await watched.until(lambda state: state.totals.messages_new >= before + 800 or state.outcome is not None)
        server.dispatcher.most_in_flight.clear()
        await watched.until(lambda state: state.totals.messages_new >= before + 2400 or state.outcome is not None)
        assert server.dispatcher.most_in_flight[HISTORY] == (2 if adapt else 4)
        assert [alert.level for alert in watched.seen.alerts if alert.key == "own-memory"] == [Level.WARNING]
        assert (watched.seen.totals.slowed_s > 0) is adapt
        watched.run.cancel()
        watched.run.cancel()
        await task


async def test_a_run_is_held_before_the_disk_is_full_and_given_up_resumably_when_nobody_makes_room(
    bench: World, tmp_path: Path
) -> None:
    full = Thresholds(disk=(0.001, 0.002), disk_ample_gib=(0.0, 0.0))
    async with served(bench, tmp_path, latency_ms=100) as (server, account):
        wanted = profile(history_workers=1)
        watched = account.run(tmp_path / "vault", wanted, thresholds=full, max_wait_s=1.0)
        outcome = await watched.run.run()
        assert outcome is Outcome.INTERRUPTED
        assert "The disk is almost full" in watched.run.state.message
        assert ("disk", Level.CRITICAL) in [(alert.key, alert.level) for alert in watched.run.state.alerts]
        assert server.calls[HISTORY] < 60
        again = await account.export(tmp_path / "vault", wanted)
        assert again.outcome is Outcome.COMPLETE


async def test_a_person_may_go_on_although_the_disk_is_almost_full(bench: World, tmp_path: Path) -> None:
    full = Thresholds(disk=(0.001, 0.002), disk_ample_gib=(0.0, 0.0))
    async with served(bench, tmp_path, latency_ms=20) as (_, account):
        import asyncio

        watched = account.run(tmp_path / "vault", profile(history_workers=4), thresholds=full)
        task = asyncio.create_task(watched.run.run())
        await watched.until(lambda state: state.phase is RunPhase.PAUSED)
        assert watched.seen.message.startswith("Paused: the disk is almost full.")
        watched.run.resume()
        assert await task is Outcome.COMPLETE
