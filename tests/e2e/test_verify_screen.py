"""Verifying from the screens: the command in a process of its own, its verdict in a dialog, its end with the dialog."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from tests.e2e.album import SMALL, Album
from tests.e2e.scripted import SIGNED_IN, ScriptedClient, finished_run, records, run_state, scripted_app, settled, until
from tests.e2e.test_screens import screen_text
from tests.e2e.test_small_windows import all_of_it_can_be_reached, resized
from tests.integration.verify_help import flip
from tobs_tui.archive.lock import VaultLock
from tobs_tui.config.paths import Paths
from tobs_tui.service.protocol import ListRuns, Runs, Snapshot
from tobs_tui.ui.screens.dialogs import Detail
from tobs_tui.ui.screens.verify import FoundPanel, VerifyDialog
from tobs_tui.ui.widgets.home_panels import RunsPanel

pytestmark = pytest.mark.filterwarnings("ignore:(?s).*Can not relate snapshot")


@pytest.fixture
def vault(exported: Path, tmp_path: Path) -> Path:
    """A vault of one's own."""
    return shutil.copytree(exported, tmp_path / "vault")


@asynccontextmanager
async def at_home(client: ScriptedClient, tmp_path: Path) -> AsyncIterator[Pilot[int]]:
    """The home screen."""
    paths = Paths.resolve(home=tmp_path / "home")
    paths.ensure()
    async with scripted_app(client, paths).run_test(size=SMALL) as pilot:
        await settled(pilot)
        yield pilot


async def press(pilot: Pilot[int], keys: str) -> None:
    """Press keys, letting the screens settle after each, but for what is verified."""
    for key in keys.split():
        await pilot.press(key)
        await settled(pilot, "verify")


def ended_in(vault: Path | str) -> ScriptedClient:
    """A service whose run into `vault` has ended."""
    return ScriptedClient(Snapshot(SIGNED_IN, replace(finished_run(), output=str(vault))))


async def verdict(pilot: Pilot[int]) -> VerifyDialog:
    """The dialog, once nothing more is waited for."""
    dialog = pilot.app.screen
    assert isinstance(dialog, VerifyDialog)
    for _ in range(20):
        try:
            await until(pilot, lambda: dialog.verifying.over)
            break
        except AssertionError:  # a busy machine takes its time to start a process
            continue
    await settled(pilot)
    return dialog


def verifying_processes() -> list[psutil.Process]:
    """Those below this one; children of other tests may be dead, or die meanwhile."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):  # which a zombie counts as
            if "verify" in child.cmdline():
                found.append(child)
    return found


async def test_the_summary_has_its_vault_verified(vault: Path, tmp_path: Path) -> None:
    async with at_home(ended_in(vault), tmp_path) as pilot:
        await press(pilot, "a v")
        dialog = await verdict(pilot)
        assert (dialog.verifying.sound, dialog.verifying.messages) == (True, 268)
        assert "All is sound and complete" in screen_text(pilot.app)

        await press(pilot, "escape")
        with VaultLock(vault):
            await press(pilot, "v")
            await verdict(pilot)
            shown = screen_text(pilot.app)
            assert "A run is writing to the vault" in shown and "Wait until it ends" in shown
        await press(pilot, "escape v escape")
        await settled(pilot)  # which waits for the process
        assert verifying_processes() == []


async def test_what_is_wrong_is_shown_with_the_way_on(
    album: Album, vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = sorted(vault.rglob("20*.md"))
    flip(notes[0])
    notes[-1].unlink()
    monkeypatch.chdir(vault.parent)  # the picture has the folder's name
    async with at_home(ended_in("vault"), tmp_path) as pilot:
        await press(pilot, "a v")
        dialog = await verdict(pilot)
        assert {(kind.what, kind.fault) for kind in dialog.verifying.kinds} >= {
            ("note", "damaged"),
            ("note", "missing"),
        }
        dialog.verifying.bytes = 1_234_567  # what an archive weighs is no matter of looks
        dialog._paint()
        await settled(pilot)
        album.take(pilot, "verify-80x24")
        for size in ((20, 5), (80, 24)):
            await resized(pilot, size)
            await all_of_it_can_be_reached(pilot)
            dialog.query_one(FoundPanel).focus()
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, Detail)
        assert "it holds other bytes" in screen_text(pilot.app)
        await press(pilot, "escape tab enter")
        assert pilot.app.clipboard == "tobs verify --repair vault"


async def test_an_earlier_run_has_its_vault_verified_and_one_that_is_written_to_is_refused(
    vault: Path, tmp_path: Path
) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN, run_state()))
    gone = replace(records()[0], output=str(tmp_path / "gone"))
    client.answers[ListRuns] = lambda _: Runs((gone, replace(records()[0], output=run_state().output)))
    async with at_home(client, tmp_path) as pilot:
        pilot.app.screen.query_one(RunsPanel).focus()
        await press(pilot, "enter v")
        await verdict(pilot)
        assert "There is no archive at" in screen_text(pilot.app)
        await press(pilot, "escape escape down v")
        assert [str(each.message) for each in pilot.app._notifications] == [
            "A run is writing to /home/ada/vault. It can be verified when the run has ended."
        ]
