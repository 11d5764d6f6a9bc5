"""What a run leaves for those who look later: a report with all its last screen told, and never a secret."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tests.integration.engine_help import account_at, address_of, profile_of
from tobs_tui.archive.schema import internal_folder
from tobs_tui.engine import report
from tobs_tui.engine.report import RunReport, write_report
from tobs_tui.model.profile import MediaOptions, Profile
from tobs_tui.model.run import RunState
from tobs_tui.sandbox.server import SandboxServer


async def test_a_run_leaves_a_report_with_its_last_state(sandbox: SandboxServer, tmp_path: Path) -> None:
    chat = next(each for each in sandbox.world.channels.values() if each.username and not each.forbidden).key
    async with account_at(address_of(sandbox), tmp_path / "session", sandbox.world) as account:
        profile = profile_of([chat], media=MediaOptions(download=False))
        state = await account.export(tmp_path / "vault", profile)
    (path,) = (internal_folder(tmp_path / "vault") / "runs").iterdir()
    found = msgspec.json.decode(path.read_bytes(), type=RunReport)
    assert found.state == state
    assert found.state.totals.messages > 0
    login = sandbox.world
    assert not [secret for secret in (login.phone, login.password) if secret.encode() in path.read_bytes()]


async def test_only_the_newest_reports_stay_and_drafts_of_killed_runs_go(tmp_path: Path) -> None:
    folder = internal_folder(tmp_path) / "runs"
    folder.mkdir(parents=True)
    (folder / "cut.new").write_bytes(b"{")
    for number in range(report.KEPT + 5):
        await write_report(tmp_path, RunState(f"run{number}", Profile(), str(tmp_path), started_at=1e9 + number))
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == report.KEPT
    assert "run4.json" not in "".join(names)
    assert names[-1].endswith(f"run{report.KEPT + 4}.json")


async def test_a_report_that_cannot_be_written_harms_nothing(tmp_path: Path) -> None:
    internal_folder(tmp_path).write_text("a file where the folder should be")
    assert await write_report(tmp_path, RunState("run", Profile(), str(tmp_path))) is None
