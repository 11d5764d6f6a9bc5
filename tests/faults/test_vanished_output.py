"""Promises about a disk that is pulled out, turns read-only, or whose folder is moved away in the middle of a run: it
ends with a sentence that names the place, and when the folder is back, the next run goes on to the undisturbed vault.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.test_engine_faults import sound
from tests.integration.engine_help import Account, profile_of, vault_bytes
from tobs_tui.model.profile import Layout
from tobs_tui.model.run import EXIT_STATUS, Outcome, RunState
from tobs_tui.sandbox.server import SandboxServer

CHANNEL, LOUNGE = -1001650000001, -1001500000002
WANTED = profile_of([LOUNGE, CHANNEL], layout=Layout(timezone="UTC"))
LIMIT_S = 60


def mounted(*arguments: str) -> None:
    """Mount or remount something. Skips the test where that is not allowed."""
    if subprocess.run(["mount", *arguments], check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a disk")


@pytest.fixture
def stick(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Where a disk lies, and where it is mounted."""
    disk, place = tmp_path / "disk", tmp_path / "usb"
    disk.mkdir()
    place.mkdir()
    mounted("--bind", str(disk), str(place))
    yield disk, place
    with contextlib.suppress(subprocess.CalledProcessError):
        while True:
            subprocess.run(["umount", "-l", str(place)], check=True, capture_output=True)


async def disturbed(account: Account, vault: Path, disturb: Callable[[], None]) -> RunState:
    """A run in the middle of which something happens to its folder."""
    watched = account.run(vault, WANTED)
    running = asyncio.create_task(watched.run.run())
    await watched.until(lambda state: state.totals.messages_new > 300)
    disturb()
    async with asyncio.timeout(LIMIT_S):
        await running
    return watched.run.state


async def assert_goes_on(account: Account, tmp_path: Path, vault: Path) -> None:
    """The next run ends in the vault that an undisturbed one makes."""
    again = await account.export(vault, WANTED)
    assert (again.outcome, again.failures) == (Outcome.COMPLETE, ()), again.message
    assert sound(vault)
    await account.export(tmp_path / "calm", WANTED)
    assert vault_bytes(vault) == vault_bytes(tmp_path / "calm")


def assert_told(state: RunState, vault: Path) -> None:
    assert state.outcome is Outcome.FAILED, state.message
    assert EXIT_STATUS[state.outcome] == 1
    assert str(vault) in state.message


async def test_a_disk_that_is_pulled_out_fails_the_run_and_goes_on_when_it_is_back(
    account: Account, sandbox: SandboxServer, tmp_path: Path, stick: tuple[Path, Path]
) -> None:
    disk, place = stick
    sandbox.latency_s = 0.02
    vault = place / "vault"
    state = await disturbed(account, vault, lambda: subprocess.run(["umount", "-l", str(place)], check=True) and None)
    assert_told(state, vault)
    assert list(place.iterdir()) == [], "nothing is written where the disk was"
    mounted("--bind", str(disk), str(place))
    await assert_goes_on(account, tmp_path, vault)


async def test_a_disk_that_comes_back_read_only_fails_the_run_and_goes_on_when_it_is_writable(
    account: Account, sandbox: SandboxServer, tmp_path: Path, stick: tuple[Path, Path]
) -> None:
    _, place = stick
    sandbox.latency_s = 0.02
    vault = place / "vault"
    watched = account.run(vault, WANTED)
    running = asyncio.create_task(watched.run.run())
    await watched.until(lambda state: state.totals.messages_new > 300)
    watched.run.cancel()
    watched.run.cancel()
    assert await running is Outcome.INTERRUPTED
    mounted("-o", "remount,bind,ro", str(place))
    assert_told(await account.export(vault, WANTED), vault)
    mounted("-o", "remount,bind,rw", str(place))
    await assert_goes_on(account, tmp_path, vault)


async def test_a_folder_that_is_moved_away_fails_the_run_and_goes_on_when_it_is_back(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    sandbox.latency_s = 0.02
    vault = tmp_path / "vault"
    state = await disturbed(account, vault, lambda: vault.rename(tmp_path / "elsewhere") and None)
    assert_told(state, vault)
    assert not vault.exists(), "no second vault is begun beside the true one"
    (tmp_path / "elsewhere").rename(vault)
    await assert_goes_on(account, tmp_path, vault)
