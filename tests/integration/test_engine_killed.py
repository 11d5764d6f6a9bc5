"""Promise: a run that is killed at any moment, and started again, ends in the same bytes as an undisturbed one."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil
from msgspec.structs import replace

from tests.integration import engine_help
from tests.integration.engine_help import QUICK, account_at, address_of, profile_of, vault_bytes
from tobs_tui.model.profile import MediaOptions, Profile
from tobs_tui.sandbox.server import SandboxServer

LOUNGE = -1001500000002
CHATS = [-1001600000001, -1001500000001, -1001650000001, -1001650000002, 5001000]


class Child:
    """An export in a process of its own."""

    def __init__(self, folder: Path, vault: Path, *more: Path) -> None:
        arguments = [folder / "session", folder / "server.json", vault, folder / "profile.json", *more]
        self.process = subprocess.Popen(
            [sys.executable, engine_help.__file__, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            env={"PYTHONPATH": str(Path(__file__).parents[2])},
        )

    async def kill_when(self, condition: Callable[[], bool]) -> bool:
        """Kill it without warning as soon as `condition` holds; False when it ended before. Its processes end too."""
        while not condition() and self.process.poll() is None:
            await asyncio.sleep(0.002)
        alive = self.process.poll() is None
        helpers = psutil.Process(self.process.pid).children(recursive=True) if alive else []
        self.process.kill()
        await asyncio.to_thread(self.process.communicate)
        _, left = await asyncio.to_thread(psutil.wait_procs, helpers, 20)
        assert [helper for helper in left if helper.status() != psutil.STATUS_ZOMBIE] == []
        return alive

    async def outcome(self) -> str:
        """What it says when it has ended by itself."""
        out, errors = await asyncio.to_thread(self.process.communicate)
        assert self.process.returncode == 0, errors
        return out.split()[-1]


def prepare(folder: Path, server: SandboxServer, profile: Profile) -> None:
    (folder / "server.json").write_bytes(msgspec.json.encode(address_of(server)))
    (folder / "profile.json").write_bytes(msgspec.json.encode(profile))


async def test_a_killed_run_ends_in_the_same_bytes(sandbox: SandboxServer, tmp_path: Path) -> None:
    profile = profile_of(CHATS)
    prepare(tmp_path, sandbox, profile)
    async with account_at(address_of(sandbox), tmp_path / "session", sandbox.world) as account:
        before = sum(sandbox.calls.values())  # other tests have asked this server, too
        state = await account.export(tmp_path / "undisturbed", profile)
    assert state.outcome is not None
    requests = sum(sandbox.calls.values()) - before

    vault = tmp_path / "killed"
    luck = random.Random(20240514)
    kills = 0
    # By requests answered while it fetches, then by notes written while it renders.
    for share in (luck.uniform(0.05, 0.3), luck.uniform(0.2, 0.5), luck.uniform(0.3, 0.7)):
        limit = sum(sandbox.calls.values()) + int(requests * share)
        kills += await Child(tmp_path, vault).kill_when(lambda limit=limit: sum(sandbox.calls.values()) >= limit)
    notes = len(list(vault.rglob("*.md"))) + luck.randint(1, 60)
    kills += await Child(tmp_path, vault).kill_when(lambda: len(list(vault.rglob("*.md"))) >= notes)
    assert kills >= 2

    before = sandbox.calls["messages.getHistory"]
    assert await Child(tmp_path, vault).outcome() == "complete"
    assert sandbox.calls["messages.getHistory"] - before < requests
    assert vault_bytes(vault) == vault_bytes(tmp_path / "undisturbed")


async def test_each_kill_costs_at_most_two_requests_a_worker(sandbox: SandboxServer, tmp_path: Path) -> None:
    workers, kills = 8, 4
    profile = profile_of(
        [LOUNGE], media=MediaOptions(download=False), performance=replace(QUICK, history_workers=workers)
    )
    prepare(tmp_path, sandbox, profile)
    async with account_at(address_of(sandbox), tmp_path / "session", sandbox.world):
        pass
    sandbox.latency_s = 0.02
    before = sum(sandbox.calls.values())
    assert await Child(tmp_path, tmp_path / "undisturbed").outcome() == "complete"
    undisturbed = sum(sandbox.calls.values()) - before

    luck = random.Random(7)
    before = sum(sandbox.calls.values())
    killed = 0
    for _ in range(kills):
        limit = sandbox.calls["messages.getHistory"] + luck.randint(1, 8)
        killed += await Child(tmp_path, tmp_path / "killed").kill_when(
            lambda limit=limit: sandbox.calls["messages.getHistory"] >= limit
        )
    assert killed == kills
    assert await Child(tmp_path, tmp_path / "killed").outcome() == "complete"
    assert sum(sandbox.calls.values()) - before <= undisturbed + 2 * workers * kills
    assert vault_bytes(tmp_path / "killed") == vault_bytes(tmp_path / "undisturbed")
