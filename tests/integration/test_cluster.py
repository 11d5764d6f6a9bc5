"""Media jobs on a Dask cluster of real processes: the same bytes as here, through the death of a worker; or why not."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration import jobs_help
from tests.integration.jobs_help import digests_of, lines, plan_of, put_file, rig_in
from tests.media_files import picture, sound, video
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine import job_cluster
from tobs_tui.engine.job_cluster import Cluster
from tobs_tui.media.work import JobError, Work
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import (
    AudioFormat,
    ImageFormat,
    MediaKind,
    MediaOptions,
    Profile,
    Quality,
    Transcode,
    VideoFormat,
)

WANTED = Transcode(VideoFormat.H264, AudioFormat.OPUS, ImageFormat.WEBP, Quality.SMALL, max_height=90)


class Workers:
    """A scheduler and two workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.processes: list[subprocess.Popen[str]] = []
        scheduler = self._start(
            "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"
        )
        self.address = self._said(scheduler, r"Scheduler at: +tcp://(\S+)")
        for number in range(2):
            self.worker(folder / f"worker{number}")

    def worker(self, folder: Path) -> subprocess.Popen[str]:
        """One more worker, with one thread, that nobody starts anew when it dies."""
        return self._start(
            *("distributed.cli.dask_worker", f"tcp://{self.address}", "--nthreads", "1", "--no-nanny"),
            *("--no-dashboard", "--local-directory", str(folder)),
        )

    def _start(self, module: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", module, *arguments]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.processes.append(process)
        return process

    def _said(self, process: subprocess.Popen[str], pattern: str) -> str:
        assert process.stderr is not None
        for line in process.stderr:
            if found := re.search(pattern, line):
                return found[1]
        raise AssertionError("the scheduler has ended")

    def close(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """A cluster for the tests of this module."""
    made = Workers(tmp_path_factory.mktemp("dask"))
    yield made
    made.close()


def profile_at(address: str) -> Profile:
    return Profile(media=MediaOptions(executor=f"dask://{address}" if address else "", transcode=WANTED))


def fill(vault: Path) -> None:
    with Archive.open(archive_path(vault)) as archive:
        put_file(vault, archive, 1, video(), MediaKind.VIDEO, "video/mp4", "a.mp4")
        put_file(vault, archive, 2, sound(), MediaKind.VOICE, "audio/wav", "a.wav")
        put_file(vault, archive, 3, picture(), MediaKind.PHOTO)
        put_file(vault, archive, 4, picture()[:3000], MediaKind.PHOTO)


def readable(vault: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(vault.glob("Club*/media/*/*"))}


async def test_a_cluster_makes_what_this_machine_makes(
    tmp_path: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"here": "", "where all see the vault": workers.address, "where none does": workers.address}
    made, reasons = [], []
    for name, address in places.items():
        vault = tmp_path / name
        fill(vault)
        if name == "where none does":  # as on machines without a common file system: the marker is not found
            monkeypatch.setattr(job_cluster, "sees", _sees_nothing)
        async with rig_in(vault, profile_at(address)) as rig:
            board = await rig.work()
            reasons.append([(failure.what, failure.reason) for failure in board.failures])
            rows = {worker.id[0] for worker in board.workers.all() if worker.done and worker.id != "j1"}
            assert rows == ({"d"} if address else {"j"}), "the first row is that of the probe, which stays here"
            assert not list((vault / ".tobs/jobs").glob("*"))
        made.append(readable(vault))
    assert made[0] == made[1] == made[2]
    assert {"m1.h264.mp4", "m2.opus", "m3.webp"} <= made[0].keys()
    assert reasons[0] == reasons[1] == reasons[2]
    assert len(reasons[0]) == 1


def _sees_nothing(path: str, token: str) -> tuple[bool, str]:
    from tobs_tui import __version__

    return False, __version__


async def test_a_worker_killed_in_the_middle_costs_nothing(tmp_path: Path, workers: Workers) -> None:
    vault, log = tmp_path / "vault", tmp_path / "log"
    contents = [b"%d" % number for number in range(8)]
    with Archive.open(archive_path(vault)) as archive:
        for ident, content in enumerate(contents, start=1):
            put_file(vault, archive, ident, content, MediaKind.FILE, name="a.bin")
    async with rig_in(vault, profile_at(workers.address)) as rig:
        spare = workers.worker(tmp_path / "spare")
        stage = rig.stage(plan_of(jobs_help.count_slowly, log))
        finished = asyncio.create_task(stage.finish())
        while len(lines(log)) < 2:
            await asyncio.sleep(0.05)
        victim = workers.processes[1]
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        await finished
        await stage.close()
        assert rig.fatal == []
        assert rig.board.failures == []
        assert sorted(set(lines(log))) == digests_of(contents)
        assert len(lines(log)) <= len(contents) + 2, "only what it was at is done again"
        assert spare.poll() is None


async def test_files_that_cannot_be_sent_are_failures_by_name(
    tmp_path: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_cluster, "sees", _sees_nothing)
    monkeypatch.setattr(job_cluster, "SHIP_BYTES", 1000)
    cluster = await Cluster.connect(f"dask://{workers.address}", tmp_path)
    try:
        work = Work("", str(tmp_path / "large"), 5000, MediaKind.FILE, "", "", str(tmp_path))
        with pytest.raises(JobError, match="too much to be sent"):
            await cluster.do(jobs_help.count, work, str(tmp_path / "log"))
    finally:
        await cluster.close()


async def test_a_scheduler_that_goes_away_ends_the_jobs_with_a_sentence(tmp_path: Path) -> None:
    own = Workers(tmp_path)
    try:
        vault = tmp_path / "vault"
        fill(vault)
        async with rig_in(vault, profile_at(own.address)) as rig:
            stage = rig.stage(plan_of(jobs_help.count_slowly, tmp_path / "log"))
            while not any(worker.target for worker in rig.board.workers.all()):
                await asyncio.sleep(0.05)
            own.processes[0].kill()
            await stage.finish()
            await stage.close()
        assert [error.code for error in rig.fatal] == [ErrorCode.CLUSTER_UNAVAILABLE]
        assert "run again" in rig.fatal[0].way_on
    finally:
        own.close()


async def test_a_cluster_that_is_not_there_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_cluster, "CONNECT_S", 0.5)
    with pytest.raises(TobsError, match="cannot be reached") as caught:
        await Cluster.connect("dask://127.0.0.1:9", tmp_path)
    assert (caught.value.code, caught.value.field) == (ErrorCode.CLUSTER_UNAVAILABLE, "media.executor")


async def test_without_the_extra_the_way_to_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(TobsError, match=r"tobs-tui\[cluster\]"):
        await Cluster.connect("dask://127.0.0.1:9", tmp_path)
