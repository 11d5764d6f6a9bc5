"""Runs a target through many inputs in this process, watched for time and memory, and says what came of it."""

from __future__ import annotations

import contextlib
import hashlib
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from msgspec import Struct

from tests.fuzz.target import Target

TIMEOUT_S = 10
"""Seconds of computing that one input may take; by the clock, on a machine that may be busy, ten times as many."""
ROOM = 1 << 30
"""Bytes of address space that a target may take beside what it had when it was ready."""
MOST_FINDINGS = 20


class Finding(Struct):
    """An input that did what none may, and where."""

    index: int
    sha256: str
    error: str
    trace: str


class Report(Struct):
    """What came of a target's inputs: `slowest_ms` by the clock, memory in bytes."""

    target: str
    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    slowest_ms: float = 0.0
    slowest: int = -1
    seconds: float = 0.0
    peak_memory: int = 0
    findings: list[Finding] = []


class Hung(BaseException):
    """An input took too long."""


def input_of(target: Target, seeds: list[bytes], seed: int, index: int) -> tuple[bytes, Random]:
    """Input number `index` of `seed`."""
    rng = Random(f"{target.name}:{seed}:{index}")
    return target.make(seeds, rng), rng


def peak_memory() -> int:
    """The most bytes of memory that this process has had at once."""
    with contextlib.suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def confine() -> None:
    """Let this process grow by `ROOM` only: what wants more gets a MemoryError, which no target may raise."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        size = int(next(line for line in lines if line.startswith("VmSize")).split()[1]) * 1024
        resource.setrlimit(resource.RLIMIT_AS, (size + ROOM, resource.getrlimit(resource.RLIMIT_AS)[1]))


@contextlib.contextmanager
def timed() -> Iterator[None]:
    """Within the block `alarm` ends what takes too long."""

    def ring(_number: int, _frame: Any) -> None:
        raise Hung

    before = [(number, signal.signal(number, ring)) for number in (signal.SIGALRM, signal.SIGPROF)]
    try:
        yield
    finally:
        alarm(0)
        for number, handler in before:
            signal.signal(number, handler)


def alarm(seconds: float) -> None:
    """Let `Hung` come after so many seconds of computing, or ten times as many by the clock; 0 = never."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, 10 * seconds)


def run(
    target: Target, seeds: list[bytes], runs: int, seed: int, *, first: int = 0, told: Any = None, seconds: float = 0.0
) -> Report:
    """Have the target take the inputs from `first` on. `told(index)` hears of each before it is taken."""
    report = Report(target.name)
    kinds: set[str] = set()
    with tempfile.TemporaryDirectory(dir=_quick_folder()) as folder, timed():
        target.open(Path(folder))
        began = time.perf_counter()
        try:
            for index in range(first, first + runs):
                data, _ = input_of(target, seeds, seed, index)
                if told is not None:
                    told(index)
                one(target, data, index, report, kinds)
                if len(report.findings) >= MOST_FINDINGS or 0 < seconds < time.perf_counter() - began:
                    break
        finally:
            report.seconds = time.perf_counter() - began
            target.close()
    report.peak_memory = peak_memory()
    return report


def _quick_folder() -> str | None:
    """A folder in memory, where there is one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def one(target: Target, data: bytes, index: int, report: Report, kinds: set[str]) -> None:
    """Have the target take one input. Of findings at the same place the first is reported."""
    report.inputs += 1
    began = time.perf_counter()
    alarm(TIMEOUT_S)
    try:
        accepted = target.take(data)
        alarm(0)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001  # that is what is looked for
        alarm(0)
        place = traceback.extract_tb(error.__traceback__)[-1]
        kind = f"{type(error).__name__} {place.filename}:{place.lineno}"
        if kind not in kinds:
            kinds.add(kind)
            trace = "".join(traceback.format_exception(error, limit=-4))[-3000:]
            digest = hashlib.sha256(data).hexdigest()
            report.findings.append(Finding(index, digest, f"{type(error).__name__}: {error}"[:300], trace))
        return
    took = (time.perf_counter() - began) * 1000
    if took > report.slowest_ms:
        report.slowest_ms, report.slowest = took, index
    if accepted:
        report.accepted += 1
    else:
        report.refused += 1
