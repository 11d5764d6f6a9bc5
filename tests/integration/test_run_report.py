"""What a run leaves for those who look later: a report with what it did and cost, measured, and never a secret."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from tests.integration import engine_help
from tests.integration.engine_help import QUICK, Account, account_at, address_of, profile_of
from tobs_tui.archive.schema import internal_folder
from tobs_tui.engine import report
from tobs_tui.engine.failures import missing_from
from tobs_tui.engine.report import NEWEST, write_report
from tobs_tui.model.profile import MediaOptions, Profile
from tobs_tui.model.report import RunReport, report_of, report_schema
from tobs_tui.model.run import Failure, Outcome, RunPhase, RunState, WorkerRole
from tobs_tui.sandbox.faults import Fault
from tobs_tui.sandbox.server import SandboxServer

CHANNEL, ZOE, LOUNGE = -1001650000001, 5001000, -1001500000002


def reports_in(vault: Path) -> list[RunReport]:
    """All reports of a vault, oldest first."""
    paths = sorted((internal_folder(vault) / "runs").iterdir())
    return [msgspec.json.decode(path.read_bytes(), type=RunReport) for path in paths]


def newest(vault: Path) -> RunReport:
    return msgspec.json.decode((internal_folder(vault) / NEWEST).read_bytes(), type=RunReport)


async def test_the_report_has_the_figures_that_the_other_side_counted(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    sandbox.faults.add(Fault(method="messages.getHistory", after=10, error="FLOOD_WAIT_1"))
    sandbox.faults.add(Fault(method="messages.getHistory", after=12, times=2, error="RPC_CALL_FAIL", code=-503))
    sandbox.faults.add(Fault(method="upload.getFile", after=2, disconnect=True))
    sandbox.calls.clear()
    state = await account.export(tmp_path / "vault", profile_of([CHANNEL, ZOE]))
    told = newest(tmp_path / "vault")
    assert reports_in(tmp_path / "vault") == [told]
    assert told.state == state
    assert (told.outcome, told.exit_status, told.phase) == (Outcome.COMPLETE, 0, RunPhase.FINISHED)
    methods = told.link.methods
    assert {name: method.requests for name, method in methods.items()} == dict(sandbox.calls)
    assert told.totals.requests == sum(sandbox.calls.values())
    history, files = methods["messages.getHistory"], methods["upload.getFile"]
    assert history.refused == {"FLOOD_WAIT": 1, "RPC_CALL_FAIL": 2}
    assert (history.waits, history.wait_s, history.retries) == (1, 1.0, 2)
    assert (history.answers, files.answers) == (history.requests, files.requests - sum(files.lost.values()))
    assert files.lost["connection_cut"] >= 1
    assert history.seconds > 0
    assert told.totals.bytes <= told.link.received <= 1.5 * told.totals.bytes + 1_000_000
    assert told.link.sent > 50 * told.totals.requests
    assert sum(cache.hits for cache in told.caches.values()) == told.totals.cache_hits
    for cache in told.caches.values():
        asked = cache.hits + cache.misses
        assert cache.hit_rate == (pytest.approx(cache.hits / asked, abs=1e-4) if asked else None)
    fetch, decode = told.stages[WorkerRole.FETCH], told.stages[WorkerRole.DECODE]
    assert decode.done == told.stages[WorkerRole.COMMIT].done == told.totals.messages_new
    assert fetch.done >= decode.done  # pages overlap where a worker takes half of another's range
    assert told.stages[WorkerRole.MEDIA].done == told.totals.files
    assert fetch.waiting_s > 0  # the flood wait
    assert all(told.stages[role].busy_s > 0 for role in (WorkerRole.DECODE, WorkerRole.COMMIT, WorkerRole.MEDIA))
    passed = told.written_at - told.started_at
    assert 0 < sum(told.phases.values()) <= passed + 0.1
    assert all(stage.busy_s <= stage.workers * passed + 0.1 for stage in told.stages.values())


async def test_the_report_fits_its_schema_and_holds_no_secret(account: Account, sandbox: Any, tmp_path: Path) -> None:
    sandbox.faults.add(Fault(method="users.getFullUser", error="USER_PRIVACY_RESTRICTED", code=400))
    await account.export(tmp_path / "vault", profile_of([ZOE], media=MediaOptions(download=False)))
    raw = (internal_folder(tmp_path / "vault") / NEWEST).read_bytes()
    jsonschema.Draft202012Validator(report_schema()).validate(json.loads(raw))
    world = sandbox.world
    assert not [secret for secret in (world.phone, world.password, "0" * 32) if secret.encode() in raw]


@pytest.mark.parametrize("how", ["interrupted", "broken"])
async def test_a_run_that_does_not_come_to_its_end_reports_too(
    account: Account, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    sandbox.latency_s = 0.02
    watched = account.run(tmp_path / "vault", profile_of([LOUNGE]))
    running = asyncio.create_task(watched.run.run())
    await watched.until(lambda state: state.totals.messages_new > 0)
    if how == "interrupted":
        watched.run.cancel()
        assert await running is Outcome.INTERRUPTED
    else:
        running.cancel()  # as a service does with a run that does not stop in time
        with pytest.raises(asyncio.CancelledError):
            await running
    told = newest(tmp_path / "vault")
    assert (told.outcome, told.exit_status) == (Outcome.INTERRUPTED, 5)
    assert told.totals.messages_new > 0
    assert told.finished_at is not None


async def test_a_killed_run_leaves_its_figures_and_the_next_one_says_that_it_was_killed(
    sandbox: SandboxServer, tmp_path: Path
) -> None:
    vault = tmp_path / "vault"
    sandbox.latency_s = 0.05
    async with account_at(address_of(sandbox), tmp_path / "session", sandbox.world):
        pass
    wanted = profile_of([LOUNGE], media=MediaOptions(download=False), performance=QUICK)
    for name, value in (("server", address_of(sandbox)), ("profile", wanted)):
        (tmp_path / name).write_bytes(msgspec.json.encode(value))
    arguments = [str(tmp_path / each) for each in ("session", "server", "vault", "profile")]
    child = await asyncio.create_subprocess_exec(
        sys.executable, engine_help.__file__, *arguments, stdout=subprocess.PIPE, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert child.stdout is not None
    assert (await child.stdout.readline()).strip() == b"fetching"
    child.send_signal(signal.SIGKILL)
    await child.wait()
    left = newest(vault)
    assert (left.outcome, left.finished_at, left.exit_status) == (None, None, None)
    assert left.phase in (RunPhase.PLANNING, RunPhase.RUNNING)
    sandbox.latency_s = 0.0
    async with account_at(address_of(sandbox), tmp_path / "session") as account:
        state = await account.export(vault, wanted)
    killed, last = reports_in(vault)
    assert (killed.run_id, killed.outcome, killed.exit_status) == (left.run_id, Outcome.INTERRUPTED, 5)
    assert "killed" in killed.message
    assert (last.run_id, last.outcome) == (state.run_id, Outcome.COMPLETE)
    assert newest(vault) == last


async def test_what_a_killed_run_did_not_get_to_is_not_forgotten(account: Account, tmp_path: Path) -> None:
    """A killed run's report does not hide what the finished one before it could not have."""
    vault = tmp_path / "vault"
    state = await account.export(vault, profile_of([ZOE], media=MediaOptions(download=False)))
    lost = Failure(ZOE, "chat", "It is private.", title="Zoe")
    later = msgspec.structs.replace(state, run_id="b", failures=(lost,), started_at=state.started_at + 60)
    killed = RunState("c", state.profile, state.output, started_at=state.started_at + 120)
    for each in (later, killed):
        await write_report(vault, report_of(each, each.started_at + 1))
    assert [each.reason for each in missing_from(vault)] == ["It is private."]


async def test_only_the_newest_reports_stay_and_drafts_of_killed_runs_go(tmp_path: Path) -> None:
    folder = internal_folder(tmp_path) / "runs"
    folder.mkdir(parents=True)
    (folder / "cut.new").write_bytes(b"{")
    for number in range(report.KEPT + 5):
        state = RunState(f"run{number}", Profile(), str(tmp_path), started_at=1e9 + number)
        await write_report(tmp_path, report_of(state, 2e9))
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == report.KEPT
    assert "run4.json" not in "".join(names)
    assert names[-1].endswith(f"run{report.KEPT + 4}.json")
    assert newest(tmp_path).run_id == f"run{report.KEPT + 4}"


async def test_a_report_that_cannot_be_written_harms_nothing(tmp_path: Path) -> None:
    internal_folder(tmp_path).write_text("a file where the folder should be")
    assert await write_report(tmp_path, report_of(RunState("run", Profile(), str(tmp_path)), 1.0)) is None
