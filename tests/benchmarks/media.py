"""Downloads beside Telethon's `download_media`, and beside what latency allows: ``python -m tests.benchmarks.media WAY
SERVER.json FOLDER`` is one of the ways, in a process of its own."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import uvloop
from msgspec import Struct

from tests.benchmarks.exports import IncompleteVault
from tests.benchmarks.meter import pss_mib
from tests.benchmarks.rows import Row, Settings, judged
from tests.e2e.serving import ServedSandbox, served
from tests.integration.engine_help import account_at, profile_of
from tobs_tui.engine.media_backlog import SMALL_AT_ONCE
from tobs_tui.model.profile import Performance, Preset
from tobs_tui.model.server import ServerAddress
from tobs_tui.sandbox.worlds.bench_files import load_files

FILES, FILE_BYTES = 20, 100_000_000
SMALL, SMALL_BYTES, LATENCY_MS = 5_000, 40_000, 80
SPEED_GOAL, MEMORY_GOAL, WALL_GOAL = 1.5, 80.0, 1.15
EVERY_S = 0.1


class Fetched(Struct, frozen=True):
    """What one way took: seconds from its first request to its last file, CPU seconds, and MiB at its begin and
    most."""

    seconds: float
    cpu_s: float
    idle_mib: float
    peak_mib: float

    @property
    def more_mib(self) -> float:
        """Memory above idle."""
        return self.peak_mib - self.idle_mib


class _Watch:
    """Takes this process's time and memory for as long as the block, and prints them."""

    def __enter__(self) -> _Watch:
        self._idle = self._peak = pss_mib(os.getpid())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        self._began, self._cpu = time.monotonic(), time.process_time()
        return self

    def _look(self) -> None:
        while not self._stop.wait(EVERY_S):
            self._peak = max(self._peak, pss_mib(os.getpid()))

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        seconds, cpu = time.monotonic() - self._began, time.process_time() - self._cpu
        self._stop.set()
        self._thread.join()
        told = {"seconds": seconds, "cpu_s": cpu, "idle_mib": self._idle, "peak_mib": self._peak}
        print(json.dumps(told), flush=True)


async def ours(server: dict[str, Any], folder: Path) -> None:
    """A whole run of the engine: messages, files, notes. Its helper processes are not in its memory."""
    address = ServerAddress(**{key: server[key] for key in ("dc", "host", "port", "public_key")})
    login = SimpleNamespace(**{key: server[key] for key in ("phone", "code", "password")})
    workers = int(os.environ.get("BENCH_WORKERS", "6"))
    hard = Performance(preset=Preset.CUSTOM, download_workers=workers, decode_processes=1, adapt=False)
    async with account_at(address, folder / "session", login) as account:
        await account.link.me()
        with _Watch():
            state = await account.export(folder / "vault", profile_of(performance=hard))
    if state.outcome is None or state.outcome.value != "complete":
        raise IncompleteVault(state.message)


async def telethon(server: dict[str, Any], folder: Path) -> None:
    """Telethon's `download_media`, message after message, as its users write it."""
    from telethon import TelegramClient, errors
    from telethon.crypto import rsa
    from telethon.sessions import MemorySession

    rsa.add_key(server["public_key"], old=False)
    session = MemorySession()
    session.set_dc(server["dc"], server["host"], server["port"])
    client = TelegramClient(session, 1, "0" * 32, receive_updates=False)
    await client.connect()
    await client.send_code_request(server["phone"])
    try:
        await client.sign_in(server["phone"], server["code"])
    except errors.SessionPasswordNeededError:
        await client.sign_in(password=server["password"])
    chat = (await client.get_dialogs())[0].entity
    with _Watch():
        async for message in client.iter_messages(chat, wait_time=0, reverse=True):
            await client.download_media(message, file=str(folder / f"m{message.id}.bin"))
    await client.disconnect()


WAYS: dict[str, Callable[[dict[str, Any], Path], Coroutine[Any, Any, None]]] = {"ours": ours, "telethon": telethon}


@contextmanager
def _served(files: int, size: int, *more: str) -> Iterator[tuple[ServedSandbox, Path]]:
    with tempfile.TemporaryDirectory(prefix="tobs-bench-") as name:
        world = ("--world", "bench-files", "--messages", str(files), "--file-bytes", str(size))
        with served(Path(name) / "server", *world, *more) as sandbox:
            (Path(name) / "server.json").write_text(json.dumps(sandbox.said))
            yield sandbox, Path(name)


def _fetched(way: str, place: Path, files: int, size: int, sums: set[str]) -> Fetched:
    """Run one way and see that it got every file. Raises IncompleteVault."""
    folder = place / way
    folder.mkdir()
    command = [sys.executable, "-m", "tests.benchmarks.media", way, str(place / "server.json"), str(folder)]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        got = [path for path in folder.rglob("m*.bin") if ".tobs" not in path.parts]
        if len(got) != files or any(path.stat().st_size != size for path in got):
            raise IncompleteVault(f"{way} has {len(got)} files of {files}, or not in their length")
        if sums and {_digest(path) for path in got} != sums:
            raise IncompleteVault(f"{way} has other bytes")
        return Fetched(**json.loads(done.stdout.splitlines()[-1]))
    finally:
        shutil.rmtree(folder)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def large_files(settings: Settings) -> list[Row]:
    """2 GB in 20 files: MB/s of whole files, beside Telethon in turn; every byte is compared."""
    sums = {file.sha256() for file in load_files(1, FILES, FILE_BYTES).files.by_id.values()}
    pairs: list[tuple[Fetched, Fetched]] = []
    with _served(FILES, FILE_BYTES) as (_, place):
        for _ in range(settings.rounds):
            pairs.append(
                (_fetched("ours", place, FILES, FILE_BYTES, sums), _fetched("telethon", place, FILES, FILE_BYTES, sums))
            )
    total = FILES * FILE_BYTES / 1e6
    rate, base = (statistics.median(total / pair[side].seconds for pair in pairs) for side in (0, 1))
    ratio = statistics.median(pair[1].seconds / pair[0].seconds for pair in pairs)
    more = max(pair[0].more_mib for pair in pairs)
    how = f"{FILES} files of {FILE_BYTES // 1_000_000} MB, {settings.rounds} rounds in turn, medians"
    facts = {
        "ours": [each.__reduce__()[1] for each, _ in pairs],
        "telethon": [each.__reduce__()[1] for _, each in pairs],
    }
    cpu, base_cpu = (statistics.median(pair[side].cpu_s / total * 1e3 for pair in pairs) for side in (0, 1))
    return [
        Row(
            "media",
            "MB/s of large files, beside Telethon's download_media",
            f"{rate:.0f} : {base:.0f} = {ratio:.2f}x",
            f">= {SPEED_GOAL}x",
            judged(ratio >= SPEED_GOAL),
            how,
            facts,
        ),
        Row("media", "CPU ms a MB, main process, beside Telethon's", f"{cpu:.2f} : {base_cpu:.2f}", how=how),
        Row(
            "media",
            "memory above idle, MiB, main process",
            f"{more:.0f}",
            f"<= {MEMORY_GOAL:.0f}",
            judged(more <= MEMORY_GOAL),
            how,
        ),
    ]


def small_files(settings: Settings) -> list[Row]:
    """Many small files at 80 ms a request: wall time, against requests x 80 ms by what data centres allow at once."""
    files = SMALL if settings.messages >= 1_000_000 else max(200, settings.messages // 200)
    os.environ["BENCH_WORKERS"] = "16"
    try:
        with _served(files, SMALL_BYTES, "--latency-ms", str(LATENCY_MS)) as (_, place):
            found = _fetched("ours", place, files, SMALL_BYTES, set())
    finally:
        del os.environ["BENCH_WORKERS"]
    here = files - files // 3  # a third is at the other data centre
    ideal = here * LATENCY_MS / 1000 / SMALL_AT_ONCE
    ratio = found.seconds / ideal
    how = f"{files:,} files of {SMALL_BYTES // 1000} KB, {here:,} of them at one data centre, {SMALL_AT_ONCE} at once"
    return [
        Row(
            "media-small",
            "small files, 80 ms a request: wall",
            f"{found.seconds:.1f} s : {ideal:.1f} s = {ratio:.2f}x",
            f"<= {WALL_GOAL}x",
            judged(ratio <= WALL_GOAL),
            how,
            {"seconds": found.seconds, "ideal": ideal},
        ),
    ]


def main(way: str, server: Path, folder: Path) -> None:
    """One way, in this process."""
    uvloop.run(WAYS[way](json.loads(server.read_text()), folder)) if way == "ours" else asyncio.run(
        WAYS[way](json.loads(server.read_text()), folder)
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
