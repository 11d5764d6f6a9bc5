"""What the screens tell of jobs on files: who works on what, how fast, what failed; and the form that asks for them."""

from __future__ import annotations

import msgspec

from tests.e2e.scripted import SIGNED_IN, ScriptedClient, finished_run, run_state, scripted_app, settled, until
from tests.e2e.test_screens import press, screen_text
from tobs_tui.config.paths import Paths
from tobs_tui.media.encoders import find_encoders
from tobs_tui.model.profile import VideoFormat
from tobs_tui.model.run import GpuReading, Resources, WorkerRole, WorkerRow, WorkerState
from tobs_tui.service.protocol import Snapshot
from tobs_tui.ui.screens.run import RunScreen
from tobs_tui.ui.screens.tuning import TuningScreen

CARD = GpuReading("NVIDIA L4", utilisation=92.0, memory_used=4 << 30, memory_total=24 << 30, temperature=71)
ROWS = (
    WorkerRow("m01", WorkerRole.MEDIA, WorkerState.STOPPED),
    WorkerRow("j1", WorkerRole.JOB, WorkerState.BUSY, "m12 photo", bytes_rate=2e6),
    WorkerRow(
        *("g0", WorkerRole.GPU, WorkerState.BUSY, "m1204 video"),
        speed=3.14,
        share=0.42,
        device="cuda:0",
        bytes_rate=8.8e6,
        memory=4 << 30,
    ),
)


async def test_jobs_are_watched_by_row_device_and_number(paths: Paths) -> None:
    run = run_state()
    totals = msgspec.structs.replace(run.totals, jobs=185, jobs_total=332)
    resources = msgspec.structs.replace(run.resources or Resources(), gpus=(CARD,))
    run = msgspec.structs.replace(run, workers=ROWS, totals=totals, resources=resources)
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN, run)), paths)
    async with app.run_test(size=(150, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "a")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await settled(pilot)
        text = screen_text(app)
        assert "185 / 332 jobs" in text
        rows = [line.strip(" │") for line in text.splitlines() if line.strip(" │").startswith(("m01", "j1", "g0"))]
        assert [row.split()[0] for row in rows] == ["j1", "g0", "m01"], "who has stopped comes last"
        assert "42 %" in rows[1]
        assert "3.1×" in rows[1]
        assert "m1204 video" in rows[1]
        await press(pilot, "2 down enter")
        detail = screen_text(app)
        assert "3.1 times its length" in detail
        assert "cuda:0: NVIDIA L4, 92 % busy, 4.3 GB of 26 GB, 71 °C" in detail


async def test_jobs_that_are_left_are_told_on_a_small_screen_and_in_the_summary(paths: Paths) -> None:
    run = run_state()
    totals = msgspec.structs.replace(run.totals, jobs=3, jobs_total=10, jobs_failed=1)
    client = ScriptedClient(Snapshot(SIGNED_IN, msgspec.structs.replace(run, totals=totals)))
    app = scripted_app(client, paths)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "a")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await settled(pilot)
        assert "3/10 jobs" in screen_text(app)
    done = msgspec.structs.replace(finished_run(), totals=totals)
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN, done)), paths)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "a")
        await settled(pilot)
        assert "3 of 10, 1 failed" in screen_text(app)


async def test_the_form_asks_for_transcoding_and_tells_which_encoders_work(paths: Paths) -> None:
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN)), paths)
    async with app.run_test(size=(120, 50)) as pilot:
        await settled(pilot)
        await press(pilot, "n down space n")
        await until(pilot, lambda: isinstance(app.screen, TuningScreen))
        screen = app.screen
        assert isinstance(screen, TuningScreen)
        while "What downloaded videos are made smaller with" not in screen_text(app):
            await press(pilot, "down")
        await press(pilot, "enter")
        assert screen.shown.media.transcode.video is VideoFormat.H264
        assert "The encoders were not tried here yet: tobs doctor" in screen_text(app)
        find_encoders([VideoFormat.H264], paths.encoders_file)
        await press(pilot, "up down")
        assert "Found to work here: libx264 on the processor." in screen_text(app)
        while "dask://host:port" not in screen_text(app):
            await press(pilot, "down")
        await press(pilot, "enter")
        await pilot.press("x", "enter")
        await settled(pilot)
        assert "A cluster is named dask://host:port" in screen_text(app)
        assert screen.shown.media.executor == ""
