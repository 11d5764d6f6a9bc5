"""Jobs after downloads: equal bytes once, killed runs go on, and whatever a file does costs that file alone."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.integration import jobs_help
from tests.integration.jobs_help import CHAT, digests_of, lines, plan_of, put_file, rig_in
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine import governor, job_line
from tobs_tui.model.jobs import JobKind, JobStatus
from tobs_tui.model.load import Thresholds
from tobs_tui.model.profile import MediaKind, Performance, Profile
from tobs_tui.model.run import Resources, WorkerState


def fill(vault: Path, contents: list[bytes]) -> None:
    """A vault with a file of each content."""
    with Archive.open(archive_path(vault)) as archive:
        for ident, content in enumerate(contents, start=1):
            put_file(vault, archive, ident, content, MediaKind.FILE, name="a.bin")


async def test_equal_bytes_are_worked_on_once_and_never_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_line, "WINDOW", 2)  # as with more files than are looked at at a time
    vault, log = tmp_path / "vault", tmp_path / "log"
    contents = [b"one", b"two", b"one", b"three", b"one"]
    fill(vault, contents)
    async with rig_in(vault) as rig:
        board = await rig.work(plan_of(jobs_help.count, log))
        assert lines(log) == digests_of(set(contents))
        assert board.failures == []
        assert (board.totals().jobs, board.totals().jobs_total) == (3, 3)
        assert all(worker.state is WorkerState.STOPPED for worker in board.workers.all())
        assert sum(worker.done for worker in board.workers.all()) == 3

        await rig.work(plan_of(jobs_help.count, log))
        assert len(lines(log)) == 3, "a rerun has nothing to do"

        await rig.work(plan_of(jobs_help.count, log, options="other"))
        assert len(lines(log)) == 6, "other options make new results"


async def test_files_that_come_while_it_works_are_worked_on(tmp_path: Path) -> None:
    vault, log = tmp_path / "vault", tmp_path / "log"
    fill(vault, [b"first"])
    async with rig_in(vault) as rig:
        stage = rig.stage(plan_of(jobs_help.count, log))
        for ident in range(2, 12):
            await rig.ask(
                lambda archive, ident=ident: put_file(vault, archive, ident, b"%d" % (ident // 2), MediaKind.FILE)
            )
            stage.offer((CHAT, ident, 0))
        await stage.finish()
        await stage.close()
        assert lines(log) == digests_of([b"first", *(b"%d" % number for number in range(1, 6))])


async def test_a_file_that_kills_hangs_or_trips_costs_that_file_alone(tmp_path: Path) -> None:
    vault, log = tmp_path / "vault", tmp_path / "log"
    fill(vault, [b"die here", b"fine", b"hang", b"bad", b"bug", b"good", b"die there", b"well"])
    async with rig_in(vault) as rig:
        board = await rig.work(plan_of(jobs_help.trip, log, stall_s=2.0))
        assert lines(log) == digests_of([b"fine", b"good", b"well"])
        reasons = {failure.message_id: failure.reason for failure in board.failures}
        assert sorted(reasons) == [1, 3, 4, 5, 7]
        assert "died" in reasons[1]
        assert "no progress" in reasons[3]
        assert reasons[4] == "It is bad."
        assert "ZeroDivisionError" in reasons[5]
        assert {failure.what for failure in board.failures} == {"probe"}
        assert board.totals().jobs_failed == 5
        assert not list((vault / ".tobs/jobs").iterdir()), "nothing is left of them"

        board = await rig.work(plan_of(jobs_help.count, log))
        assert len(lines(log)) == 8, "the next run tries the failed ones again, and only those"
        assert board.failures == []


async def test_a_result_has_the_notes_rendered_again_that_would_show_it(tmp_path: Path) -> None:
    vault, log = tmp_path / "vault", tmp_path / "log"
    fill(vault, [b"one", b"two", b"one"])
    async with rig_in(vault) as rig:

        def clean(archive: Archive) -> None:
            with archive.transaction() as db:
                db.execute("UPDATE days SET touched = 0, added = 0")

        await rig.ask(clean)
        await rig.work(plan_of(jobs_help.count, log))
        assert await rig.ask(lambda archive: archive.is_touched(CHAT))
        await rig.ask(clean)
        await rig.work(plan_of(jobs_help.count, log))
        assert not await rig.ask(lambda archive: archive.is_touched(CHAT)), "nothing is new"


@pytest.mark.parametrize(("processes", "load", "at_once"), [(3, 0.0, 3), (2, 0.0, 2), (3, 100.0, 1)])
async def test_so_many_files_are_worked_on_at_once_as_profile_and_load_allow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: int, load: float, at_once: int
) -> None:
    vault, log = tmp_path / "vault", tmp_path / "log"
    fill(vault, [b"%d" % number for number in range(6)])
    monkeypatch.setattr(governor, "DOWN_S", 0.0)
    judge = governor.Governor(Thresholds(cpu=(50.0, 60.0)))
    for second in range(60):
        judge.feed(Resources(at=float(second), cpu_percent=load))
    profile = Profile(performance=Performance(job_processes=processes))
    async with rig_in(vault, profile) as rig:
        stage = rig.stage(plan_of(jobs_help.count_slowly, log, lanes=3, shares_processor=True), governor=judge)
        finished = asyncio.create_task(stage.finish())
        most = 0
        while not finished.done():
            most = max(most, sum(bool(worker.target) for worker in rig.board.workers.all()))
            await asyncio.sleep(0.02)
        await stage.close()
        assert most == at_once
        assert len(lines(log)) == 6


async def test_a_paused_stage_begins_nothing(tmp_path: Path) -> None:
    vault, log = tmp_path / "vault", tmp_path / "log"
    fill(vault, [b"%d" % number for number in range(4)])
    async with rig_in(vault) as rig:
        stage = rig.stage(plan_of(jobs_help.count_slowly, log, lanes=1))
        finished = asyncio.create_task(stage.finish())
        while not lines(log):
            await asyncio.sleep(0.02)
        stage.pause()
        worker = next(iter(rig.board.workers.all()))
        while worker.state is not WorkerState.PAUSED:
            await asyncio.sleep(0.02)
        done = len(lines(log))
        assert done < 4
        stage.resume()
        await finished
        await stage.close()
        assert lines(log) == digests_of(b"%d" % number for number in range(4))


async def test_a_stage_that_is_closed_leaves_no_process_behind(tmp_path: Path) -> None:
    vault, log = tmp_path / "vault", tmp_path / "log"
    fill(vault, [b"hang", b"hang too"])
    async with rig_in(vault) as rig:
        stage = rig.stage(plan_of(jobs_help.trip, log))
        workers = list(rig.board.workers.all())
        while not all(worker.pid for worker in workers):
            await asyncio.sleep(0.02)
        pids = [worker.pid for worker in workers]
        await stage.close()
        assert not any(map(psutil.pid_exists, pids))


def test_a_run_killed_in_the_middle_goes_on_where_it_was(tmp_path: Path) -> None:
    vault, log = tmp_path / "vault", tmp_path / "log"
    contents = [b"%d" % number for number in range(7)]
    fill(vault, contents)
    script = "import sys; from tests.integration.jobs_help import work; work(*sys.argv[1:])"
    command = [sys.executable, "-c", script, str(vault), str(log)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    while len(lines(log)) < 2:
        assert process.poll() is None
    started = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    psutil.wait_procs(started, timeout=10)
    assert not any(child.is_running() for child in started), "its processes end with it"
    noted = len(lines(log))
    assert noted < 7

    async def go_on() -> None:
        async with rig_in(vault) as rig:
            await rig.work(plan_of(jobs_help.count, log))
            for content in digests_of(contents):
                result = await rig.ask(
                    lambda archive, content=content: archive.job_result(content, JobKind.PROBE, "test")
                )
                assert result.status is JobStatus.DONE

    asyncio.run(go_on())
    assert sorted(set(lines(log))) == digests_of(contents)
    assert len(lines(log)) <= 7 + 2, "only what was under way is done twice"
