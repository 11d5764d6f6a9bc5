"""Jobs within a run: notes lead to variants, and kills in the middle of jobs change nothing in the end."""

from __future__ import annotations

from pathlib import Path

from tests.integration.engine_help import account_at, address_of, profile_of, vault_bytes
from tests.integration.test_engine_killed import Child, prepare
from tobs_tui.model.profile import ImageFormat, MediaOptions, Quality, Transcode, VideoFormat
from tobs_tui.model.run import Outcome, WorkerRole
from tobs_tui.sandbox.server import SandboxServer

MUSEUM = -1001680000001
SMALLER = Transcode(video=VideoFormat.H264, images=ImageFormat.WEBP, quality=Quality.SMALL, keep_originals=False)


def files(vault: Path, ending: str) -> list[Path]:
    chats = [folder for folder in vault.glob("*") if folder.name != ".tobs"]  # in there, folders come and go
    return [path for chat in chats for path in chat.rglob(f"media/*/*.{ending}")]


async def test_a_run_killed_in_the_middle_of_jobs_ends_in_the_same_bytes(
    sandbox: SandboxServer, tmp_path: Path
) -> None:
    profile = profile_of([MUSEUM], media=MediaOptions(transcode=SMALLER))
    prepare(tmp_path, sandbox, profile)
    async with account_at(address_of(sandbox), tmp_path / "session", sandbox.world) as account:
        state = await account.export(tmp_path / "undisturbed", profile)
    assert (state.outcome, state.failures) == (Outcome.COMPLETE, ())
    assert state.totals.jobs == state.totals.jobs_total > 0
    assert sum(worker.done for worker in state.workers if worker.role is WorkerRole.JOB) >= state.totals.jobs
    undisturbed = vault_bytes(tmp_path / "undisturbed")
    pictures = files(tmp_path / "undisturbed", "webp")
    notes = b"".join(content for name, content in undisturbed.items() if name.endswith(".md")).decode()
    assert all(f"/{picture.name})" in notes for picture in pictures if picture.name != "m0.webp")
    assert not [path for path in files(tmp_path / "undisturbed", "jpg") if path.with_suffix(".webp").exists()]

    vault, kills = tmp_path / "killed", 0
    for count in (1, len(pictures) // 2):
        kills += await Child(tmp_path, vault).kill_when(lambda count=count: len(files(vault, "webp")) >= count)
    assert kills >= 1
    asked = sandbox.calls["upload.getFile"]
    assert await Child(tmp_path, vault).outcome() == "complete"
    assert vault_bytes(vault) == undisturbed
    assert await Child(tmp_path, vault).outcome() == "complete"
    assert vault_bytes(vault) == undisturbed, "a rerun changes nothing"
    assert sandbox.calls["upload.getFile"] - asked <= 4, "and nothing is downloaded again"
