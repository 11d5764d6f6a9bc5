"""How fast a vault is verified, from the disk and from memory, and whether memory grows with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from msgspec import Struct

from tests.benchmarks.exports import TOBS, IncompleteVault, place
from tests.benchmarks.meter import Meter
from tests.benchmarks.rows import Row, Settings, judged
from tests.e2e.serving import served

SPEED_GOAL = 200.0
"""MB a second, or as fast as the disk reads."""
GROWTH_GOAL = 1.3
SMALL_SHARE = 10
FILES, FILE_BYTES = 10, 100_000_000
READ_BYTES = 4 << 20


class Verifying(Struct, frozen=True):
    """One look at a vault: bytes, seconds, peak memory of all its processes (MiB), CPU seconds."""

    bytes: int
    seconds: float
    peak_mib: float
    cpu_s: float

    @property
    def speed(self) -> float:
        """MB a second."""
        return self.bytes / self.seconds / 1e6


def forget_pages(vault: Path) -> None:
    """Have the system forget what it holds of a vault's files, so that they come from the disk."""
    os.sync()
    for path in vault.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def disk_speed(vault: Path) -> float:
    """MB a second at which the vault's largest files come from the disk, one after the other, read in one process."""
    forget_pages(vault)
    size, began = 0, time.monotonic()
    for path in sorted(vault.rglob("*"), key=lambda path: -path.lstat().st_size)[:20]:
        if path.is_file():
            with path.open("rb", buffering=0) as file:
                while data := file.read(READ_BYTES):
                    size += len(data)
    return size / (time.monotonic() - began) / 1e6


def verify(vault: Path, *, cold: bool) -> Verifying:
    """Run the command. Raises `IncompleteVault` when it finds anything wrong."""
    if cold:
        forget_pages(vault)
    command = [TOBS, "verify", "--json", str(vault)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        with Meter(lambda: [("verify", process.pid)]) as meter:
            assert process.stdout is not None
            said = [json.loads(line) for line in process.stdout]
    if not said or not said[-1].get("sound"):
        raise IncompleteVault(f"Verifying told: {said[:3]}")
    return Verifying(said[-1]["bytes"], said[-1]["seconds"], meter.taken.peak_mib, meter.taken.cpu_s)


def verifying(settings: Settings) -> list[Row]:
    """A vault of many messages, a tenth of it, and one of large files."""
    rows: list[Row] = []
    tenth = settings.messages // SMALL_SHARE
    with place(tenth) as here:
        here.export(here.folder / "small", tenth)
        small = verify(here.folder / "small", cold=False)
        here.grow(settings.messages)
        here.export(here.folder / "vault", settings.messages)
        rows += _speeds(here.folder / "vault", f"{settings.messages:,} messages", settings.rounds)
        large = verify(here.folder / "vault", cold=False)
    growth = large.peak_mib / small.peak_mib
    how = f"all processes; {small.peak_mib:.0f} MiB for a tenth of the messages"
    figure = f"{large.peak_mib:.0f} MiB, {growth:.2f}x"
    rows.append(Row("verify", "memory to verify", figure, f"<= {GROWTH_GOAL}x", judged(growth <= GROWTH_GOAL), how))
    with tempfile.TemporaryDirectory(prefix="tobs-bench-") as name:
        folder = Path(name)
        world = ("--world", "bench-files", "--messages", str(FILES), "--file-bytes", str(FILE_BYTES))
        with served(folder / "server", *world) as sandbox:
            (folder / "server.json").write_text(json.dumps(sandbox.said))
            command = [sys.executable, "-m", "tests.benchmarks.media", "ours", str(folder / "server.json"), name]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        rows += _speeds(folder / "vault", f"{FILES} files of {FILE_BYTES // 1_000_000} MB", settings.rounds)
    return rows


def _speeds(vault: Path, what: str, rounds: int) -> list[Row]:
    """The best of some rounds, from the disk and from memory."""
    disk = disk_speed(vault)
    rows = []
    for name, cold in (("from the disk", True), ("from memory", False)):
        best = max((verify(vault, cold=cold) for _ in range(rounds)), key=lambda one: one.speed)
        goal = min(SPEED_GOAL, disk) if cold else SPEED_GOAL
        how = f"{best.bytes / 1e6:.0f} MB in {best.seconds:.2f} s, {best.cpu_s:.1f} s of CPU, best of {rounds}"
        how += f"; the disk reads {disk:.0f} MB/s" if cold else ""
        told = {"mb_per_s": round(best.speed, 1), "disk_mb_per_s": round(disk, 1), "peak_mib": best.peak_mib}
        figure, verdict = f"{best.speed:.0f} MB/s", judged(best.speed >= goal)
        rows.append(Row("verify", f"verifying {what}, {name}", figure, f">= {goal:.0f} MB/s", verdict, how, told))
    return rows
