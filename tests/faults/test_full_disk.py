"""Promises about a disk that is full: the run ends with that sentence, nothing is lost, and with room it goes on.

Nothing is replaced: SQLite refuses to grow, notes go to a disk with little room, files through a link to ``/dev/full``.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.engine_help import Account, account_at, address_of, profile_of, vault_bytes
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import FileFilter, FileScope
from tobs_tui.archive.schema import archive_path, internal_folder
from tobs_tui.engine.media_shelf import parts_name
from tobs_tui.media.parts import PartFile
from tobs_tui.model.profile import Layout, MediaOptions
from tobs_tui.model.run import Outcome, RunState
from tobs_tui.sandbox.server import SandboxServer

LOUNGE, CHANNEL = -1001500000002, -1001650000001
FULL = Path("/dev/full")
TEXT = profile_of([LOUNGE], layout=Layout(timezone="UTC"), media=MediaOptions(download=False))
FILES = profile_of([CHANNEL], layout=Layout(timezone="UTC"))


@pytest.fixture
async def account(sandbox: SandboxServer, tmp_path: Path) -> AsyncIterator[Account]:
    async with account_at(address_of(sandbox), tmp_path / "session", sandbox.world) as account:
        yield account


def assert_full(state: RunState) -> None:
    assert state.outcome is Outcome.FAILED
    assert "is full" in state.message
    assert "Free some space" in state.message


async def test_an_archive_that_cannot_grow_fails_the_run_and_goes_on_with_room(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = tmp_path / "vault"
    opened = Archive.open

    def with_few_pages(path: Path, **options: Any) -> Archive:
        archive = opened(path, **options)
        if not options.get("read_only"):
            archive._db.execute("PRAGMA max_page_count = 100")
        return archive

    monkeypatch.setattr(Archive, "open", with_few_pages)
    state = await account.export(vault, TEXT)
    monkeypatch.undo()
    assert_full(state)
    again = await account.export(vault, TEXT)
    assert again.outcome is Outcome.COMPLETE
    assert again.totals.messages_new == again.totals.messages - state.totals.messages_new
    await account.export(tmp_path / "calm", TEXT)
    assert vault_bytes(vault) == vault_bytes(tmp_path / "calm")


@contextlib.contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[None]:
    """A disk of its own at `folder`, with so little room."""
    folder.mkdir(parents=True)
    options = ["-o", f"size={kib}k", "tmpfs", str(folder)]
    if subprocess.run(["mount", "-t", "tmpfs", *options], check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


async def test_notes_that_cannot_be_written_fail_the_run_and_are_written_with_room(
    account: Account, tmp_path: Path
) -> None:
    vault = tmp_path / "vault"
    await account.export(tmp_path / "calm", TEXT)
    truth = vault_bytes(tmp_path / "calm")
    note = max((path for path in truth if not path.endswith("index.md")), key=lambda path: len(truth[path]))
    with small_disk((vault / note).parent, kib=len(truth[note]) // 1024 - 8):
        state = await account.export(vault, TEXT)
        assert_full(state)
        assert not (vault / note).exists()
    again = await account.export(vault, TEXT)
    assert again.outcome is Outcome.COMPLETE
    assert vault_bytes(vault) == truth


async def test_files_that_cannot_be_stored_fail_the_run_and_are_fetched_with_room(
    account: Account, tmp_path: Path
) -> None:
    vault = tmp_path / "vault"
    text = profile_of([CHANNEL], layout=Layout(timezone="UTC"), media=MediaOptions(download=False))
    assert (await account.export(vault, text)).outcome is Outcome.COMPLETE
    with Archive.open(archive_path(vault), read_only=True) as archive:
        tasks = archive.pending_files(FileFilter((FileScope(CHANNEL),)), 1000)
    task = max(tasks, key=lambda task: task.file.size)
    stem = internal_folder(vault) / "parts" / parts_name(task)
    begun = PartFile(stem, task.file.size)  # its journal is there, none of its bytes is
    begun.close()
    begun.path.unlink()
    begun.path.symlink_to(FULL)
    assert_full(await account.export(vault, FILES))
    begun.path.unlink()
    again = await account.export(vault, FILES)
    assert (again.outcome, again.failures) == (Outcome.COMPLETE, ())
    await account.export(tmp_path / "calm", FILES)
    assert vault_bytes(vault) == vault_bytes(tmp_path / "calm")
