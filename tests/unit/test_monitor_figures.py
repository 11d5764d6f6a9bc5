"""Rates, estimates and samples: every figure on a screen comes from here, and none is invented."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tobs_tui.monitor.processes import OwnProcesses
from tobs_tui.monitor.rates import CounterRates, RateMeter, eta_seconds
from tobs_tui.monitor.sampler import ResourceSampler


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def test_a_steady_stream_has_its_rate_and_silence_ends_it() -> None:
    clock = Clock()
    meter = RateMeter(5.0, clock)
    for _ in range(200):
        clock.at += 0.1
        meter.add(10)
    assert meter.rate() == pytest.approx(100, rel=0.06)
    clock.at += 2.5
    assert meter.rate() == pytest.approx(50, rel=0.12)
    clock.at += 3
    assert meter.rate() == 0


def test_a_young_meter_divides_by_its_age_not_by_its_window() -> None:
    clock = Clock()
    meter = RateMeter(5.0, clock)
    clock.at += 2
    meter.add(100)
    assert meter.rate() == pytest.approx(50)


def test_a_burst_at_the_very_start_is_no_infinite_rate() -> None:
    meter = RateMeter(5.0, Clock())
    meter.add(100)
    assert meter.rate() == 100


@pytest.mark.parametrize(
    ("remaining", "rate", "seconds"),
    [
        (0, 0, 0),
        (0, 5, 0),
        (10, 0, -1),
        (1, 100, 5),
        (43, 1, 45),
        (400, 1, 390),
        (3000, 1, 3000),
        (9000, 1, 9000),
        (1e6, 1, 1_000_800),
    ],
)
def test_an_estimate_is_as_coarse_as_it_is_uncertain(remaining: float, rate: float, seconds: int) -> None:
    assert eta_seconds(remaining, rate) == seconds


def test_a_sample_holds_figures_of_this_machine(tmp_path: Path) -> None:
    sampler = ResourceSampler(tmp_path / "not" / "made" / "yet")
    sampler.sample()
    sample = sampler.sample()
    assert 0 < sample.memory_used < sample.memory_total
    assert 0 < sample.disk_free <= sample.disk_total
    assert 5 << 20 < sample.own_memory < sample.memory_total
    assert sample.cpu_count >= 1
    assert sample.at > 1_700_000_000


def test_children_count_as_the_programs_own(tmp_path: Path) -> None:
    script = "import sys; block = bytearray(64 << 20); print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        alone = ResourceSampler(tmp_path)
        with_child = alone.sample().own_memory
        _, resident = alone.process(child.pid)
        assert child.stdin is not None
        child.stdin.close()
        child.wait()
        alone.sample()
        assert alone.process(child.pid) == (-1.0, -1)
    assert resident > 64 << 20
    assert with_child > 64 << 20
    assert alone.process(os.getpid())[1] > 0


def test_a_counters_rate_is_since_the_last_look_and_a_counter_may_begin_anew() -> None:
    clock = Clock()
    rates = CounterRates(clock)
    assert rates.rate("read", 1000) == 0
    clock.at += 2
    assert rates.rate("read", 5000) == 2000
    clock.at += 1
    assert rates.rate("read", 10) == 0
    rates.keep([])
    clock.at += 1
    assert rates.rate("read", 99_999) == 0


def test_a_sample_tells_what_this_process_has_open_and_has_written(tmp_path: Path) -> None:
    clock = Clock()
    sampler = ResourceSampler(tmp_path, clock)
    before = sampler.sample()
    assert before.processes[0].pid == os.getpid()
    assert before.processes[0].role == "main"
    assert 0 < before.descriptors < before.descriptor_limit
    files = [(tmp_path / str(number)).open("wb", buffering=0) for number in range(20)]
    files[0].write(bytes(8 << 20))
    os.fsync(files[0].fileno())
    clock.at += 4
    after = sampler.sample()
    for file in files:
        file.close()
    assert after.descriptors == before.descriptors + 20
    assert after.own_write == pytest.approx(2 << 20, rel=0.2)


def test_children_are_told_apart_by_what_they_are_for(tmp_path: Path) -> None:
    from tobs_tui.engine.processes import process_context

    with process_context().Pool(2) as pool:  # what the others of this run's tests use, too
        workers = set(pool.map(_own_pid, range(2)))
        readings = {reading.pid: reading for reading in ResourceSampler(tmp_path).sample().processes}
    assert {readings[pid].role for pid in workers} == {"worker"}
    assert "server" in {reading.role for reading in readings.values()}
    assert all(readings[pid].memory > 1 << 20 for pid in workers)


def _own_pid(_: int) -> int:
    return os.getpid()


def test_a_child_that_ends_while_it_is_looked_at_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = psutil.Process.cmdline

    def ends(process: psutil.Process) -> list[str]:
        if process.pid == child.pid:
            child.kill()
            child.wait()
        return gone(process)

    watch = OwnProcesses(lambda: float(next(ticks)))
    ticks = itertools.count(0, 10)
    child = subprocess.Popen(["sleep", "60"])
    monkeypatch.setattr(psutil.Process, "cmdline", ends)
    assert child.pid not in {reading.pid for reading in watch.read()}
    monkeypatch.undo()
    assert os.getpid() in {reading.pid for reading in watch.read()}
