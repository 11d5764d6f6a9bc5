"""Media jobs whose program is killed from outside, or that stood still together with the run: done all the same."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from multiprocessing import forkserver
from pathlib import Path

import pytest

from tests.integration import jobs_help
from tests.integration.jobs_help import lines, plan_of, put_file, rig_in
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine import job_lane
from tobs_tui.engine.processes import process_context
from tobs_tui.media import ffmpeg
from tobs_tui.media.work import JobError
from tobs_tui.model.profile import MediaKind

DYING = """
import os, signal, sys
from pathlib import Path
tries = Path(sys.argv[1])
tries.write_text((tries.read_text() if tries.exists() else "") + "x")
if len(tries.read_text()) <= int(sys.argv[2]):
    os.kill(os.getpid(), signal.SIGKILL)
"""
"""A program that is killed the first times that it is run."""


def test_a_program_that_is_killed_from_outside_is_run_again(tmp_path: Path) -> None:
    ffmpeg.run([sys.executable, "-c", DYING, str(tmp_path / "tries"), "2"], 1.0)
    assert len((tmp_path / "tries").read_text()) == 3


def test_a_program_that_is_killed_each_time_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="signal 9"):
        ffmpeg.run([sys.executable, "-c", DYING, str(tmp_path / "tries"), "99"], 1.0)
    assert len((tmp_path / "tries").read_text()) == ffmpeg.ATTEMPTS


def test_a_program_that_fails_by_itself_is_not_run_again(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(JobError, match="a fact"):
        ffmpeg.run([sys.executable, "-c", f"open({str(mark)!r}, 'x'); raise SystemExit('a fact')"], 1.0)


async def test_a_job_that_stood_still_with_the_run_is_no_stalled_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a laptop is closed, or the service stopped: hours pass between two looks at the job."""
    vault, log = tmp_path / "vault", tmp_path / "log"
    with Archive.open(archive_path(vault)) as archive:
        put_file(vault, archive, 1, b"one", MediaKind.FILE, name="a.bin")
    true_time, looks = job_lane.monotonic, iter(range(1_000_000))
    monkeypatch.setattr(job_lane, "LOOK_S", 0.05)
    monkeypatch.setattr(job_lane, "monotonic", lambda: true_time() + 7200.0 * (next(looks) > 6))
    async with rig_in(vault) as rig:
        board = await rig.work(plan_of(jobs_help.count_slowly, log, stall_s=60.0))
    assert board.failures == []
    assert len(lines(log)) == 1


async def test_a_job_waits_for_no_process_that_the_killed_fork_server_was_to_start(tmp_path: Path) -> None:
    vault, log = tmp_path / "vault", tmp_path / "log"
    with Archive.open(archive_path(vault)) as archive:
        put_file(vault, archive, 1, b"one", MediaKind.FILE, name="a.bin")
    process_context()
    forkserver.ensure_running()
    server: int = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    os.kill(server, signal.SIGSTOP)
    async with rig_in(vault) as rig:
        working = asyncio.create_task(rig.work(plan_of(jobs_help.count, log, lanes=1)))
        await asyncio.sleep(0.5)
        assert not lines(log)
        os.kill(server, signal.SIGKILL)
        board = await working
    assert board.failures == []
    assert len(lines(log)) == 1
