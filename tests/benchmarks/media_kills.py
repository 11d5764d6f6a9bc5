"""Downloads killed at random moments: ``python -m tests.benchmarks.media_kills [--runs N] [--seed N]``.

Every file must be byte-identical in the end; what a kill costs is what the server had to send a second time.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from msgspec import Struct

from tests.benchmarks.rows import Row, Settings, judged
from tests.integration.engine_help import account_at, address_of, profile_of
from tobs_tui.media.parts import part_size_of
from tobs_tui.model.profile import Layout, Performance, Preset
from tobs_tui.sandbox.threaded import ThreadedSandbox, running_sandbox
from tobs_tui.sandbox.worlds.bench_files import add_channel, document_of, empty_world
from tobs_tui.sandbox.worlds.world import World

WORKERS, PARTS = 4, 2
SIZES = (40_000, 700_000, 3_000_000, 30_000_000)
LATENCY_MS = 20
RUNS = 50


class Killed(Struct, frozen=True):
    """What became of it: kills that struck, files wrong or missing in the end, bytes sent again, the bound on those."""

    kills: int
    wrong: int
    again: int
    bound: int
    total: int


def world_of(files: int) -> World:
    """A channel with files of several sizes."""
    world = empty_world()
    add_channel(world, [document_of(world, f"f{n}.bin", SIZES[n % len(SIZES)]) for n in range(files)])
    return world


def killed(files: int, runs: int, seed: int, folder: Path) -> Killed:
    """Download the world's files, killed `runs` times (or until all are there), then once in peace."""
    world, luck = world_of(files), random.Random(seed)
    with running_sandbox(world, latency_ms=LATENCY_MS) as sandbox:
        command = _prepared(sandbox, world, folder)
        kills = 0
        while kills < runs:
            struck = _struck(command, sandbox, luck)
            if not struck:
                break  # all is there
            kills += 1
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        served = sandbox.server.bytes_served
    found = {
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (folder / "vault").rglob("media/*/m*")
        if path.is_file()
    }
    wanted = {file.sha256() for file in world.files.by_id.values()}
    total = sum(file.length() for file in world.files.by_id.values())
    largest = max(part_size_of(size) for size in SIZES)
    return Killed(kills, len(wanted - found), served - total, kills * WORKERS * largest, total)


def _prepared(sandbox: ThreadedSandbox, world: World, folder: Path) -> list[str]:
    """Sign in, and give the command of one export."""

    async def sign_in() -> None:
        async with account_at(address_of(sandbox.server), folder / "session", world) as account:
            await account.link.dialogs()

    asyncio.run(sign_in())
    hard = Performance(
        preset=Preset.CUSTOM, download_workers=WORKERS, parts_in_flight=PARTS, decode_processes=1, takeout=False
    )
    (folder / "server.json").write_bytes(msgspec.json.encode(address_of(sandbox.server)))
    (folder / "profile.json").write_bytes(
        msgspec.json.encode(profile_of(performance=hard, layout=Layout(timezone="UTC")))
    )
    files = ("session", "server.json", "vault", "profile.json")
    return [sys.executable, "-m", "tests.integration.engine_help", *(str(folder / name) for name in files)]


def _struck(command: list[str], sandbox: ThreadedSandbox, luck: random.Random) -> bool:
    """One export, killed once so many more bytes of files were sent; False when it was done before."""
    moment = sandbox.server.bytes_served + luck.randint(1, 12_000_000)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as export:
        while export.poll() is None and sandbox.server.bytes_served < moment:
            time.sleep(0.002)
        if export.poll() is None:
            export.send_signal(signal.SIGKILL)
    return export.returncode == -signal.SIGKILL


def kills(settings: Settings) -> list[Row]:
    """The row of the table."""
    with tempfile.TemporaryDirectory(prefix="tobs-bench-") as name:
        found = killed(60, RUNS, settings.rounds, Path(name))
    per_kill = found.again / max(1, found.kills) / 1e6
    how = f"{found.total / 1e6:.0f} MB in 60 files, {WORKERS} at once, {PARTS} parts of each; as the server counts"
    figure = f"{found.wrong} files wrong, {per_kill:.2f} MB sent again a kill, {found.kills} kills"
    goal = f"0 wrong, <= {found.bound / max(1, found.kills) / 1e6:.1f} MB (a part a file)"
    good = not found.wrong and found.again <= found.bound
    return [Row("media-kills", "downloads killed at random moments", figure, goal, judged(good), how)]


def main() -> int:
    """Kill and tell; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        found = killed(60, wanted.runs, wanted.seed, Path(name))
    print(found)
    return 1 if found.wrong or found.again > found.bound else 0


if __name__ == "__main__":
    sys.exit(main())
