"""How near a run comes to what latency and request limits allow: ``python -m tests.benchmarks.latency [ROW ...]``.

Each function of `ROWS` measures one thing against a sandbox that serves the bench world, and gives a plain dict: what was
measured, its `figure`, its `ideal`, and the `ratio` or the `bound` that it is held to. Wall times only say something on
a machine that does nothing else; counts of requests always do. `quick` sizes are for looking at a change.
"""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import uvloop

from tests.integration.engine_help import Account, account_at, profile_of
from tobs_tui.model.profile import MediaOptions, Performance, Preset, Profile
from tobs_tui.model.server import ServerAddress

LATENCY_S = 0.15
PAGE = 100
Row = dict[str, Any]


@contextmanager
def served(*arguments: str) -> Iterator[tuple[ServerAddress, SimpleNamespace]]:
    """A sandbox in a process of its own: its address, and the login that it accepts."""
    command = [sys.executable, "-m", "tobs_tui.sandbox", "serve", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        hello = json.loads(process.stdout.readline())
        address = ServerAddress(**{key: hello[key] for key in ("dc", "host", "port", "public_key")})
        yield address, SimpleNamespace(**{key: hello[key] for key in ("phone", "code", "password")})
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def profile(workers: int, **performance: Any) -> Profile:
    """Every chat, without files."""
    tuned = {"preset": Preset.CUSTOM, "history_workers": workers, "decode_processes": 1, **performance}
    return profile_of(performance=Performance(**tuned), media=MediaOptions(download=False))


@asynccontextmanager
async def signed_in(address: ServerAddress, login: SimpleNamespace) -> AsyncIterator[tuple[Account, Path]]:
    """A signed-in account and a folder to export into."""
    with tempfile.TemporaryDirectory() as folder:
        async with account_at(address, Path(folder) / "session", login) as account:
            yield account, Path(folder)


async def timed_run(account: Account, vault: Path, wanted: Profile, messages: int) -> tuple[float, float, int]:
    """Seconds from a run's begin to its last message's commit, to its very end, and the requests it took."""
    watched = account.run(vault, wanted)
    began = time.monotonic()
    running = asyncio.create_task(watched.run.run())
    await watched.until(lambda state: state.totals.messages >= messages)
    fetched = time.monotonic() - began
    outcome = await running
    assert outcome.value == "complete", watched.run.state.message
    return fetched, time.monotonic() - began, watched.run.state.totals.requests


def latency(workers: int, messages: int, world: str = "bench", bound: float = 1.1) -> Row:
    """A run at 150 ms a request: seconds until the last message is in the archive, against pages x 0.15 / workers."""

    async def measure(address: ServerAddress, login: SimpleNamespace) -> tuple[float, float, int]:
        async with signed_in(address, login) as (account, folder):
            return await timed_run(account, folder / "vault", profile(workers), messages)

    sizes = ("--world", world, "--messages", str(messages), "--latency-ms", f"{LATENCY_S * 1000:.0f}")
    with served(*sizes) as (address, login):
        fetched, whole, requests = uvloop.run(measure(address, login))
    ideal = math.ceil(messages / PAGE) * LATENCY_S / workers
    return {
        "row": f"{world}, 150 ms, {workers} workers, {messages} messages",
        "figure": round(fetched, 2),
        "ideal": round(ideal, 2),
        "ratio": round(fetched / ideal, 3),
        "bound": bound,
        "whole_s": round(whole, 2),
        "requests": requests,
    }


def latency_1_worker(messages: int = 20_000) -> Row:
    """One history worker."""
    return latency(1, messages, bound=1.03)


def latency_8_workers(messages: int = 100_000) -> Row:
    """Eight history workers."""
    return latency(8, messages)


def latency_sparse(messages: int = 200_000) -> Row:
    """Eight workers in a private chat, most of whose messages lie in a hundredth of its range of ids."""
    return latency(8, messages, "bench-sparse", bound=1.2)


ROWS: dict[str, Callable[[], Row]] = {
    "latency-1": latency_1_worker,
    "latency-8": latency_8_workers,
    "sparse": latency_sparse,
}


def main(arguments: list[str]) -> None:
    """Measure the rows named, or all of them."""
    for name in arguments or ROWS:
        print(json.dumps({"name": name, **ROWS[name]()}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
