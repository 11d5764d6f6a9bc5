"""How near a run comes to what latency and request limits allow: ``python -m tests.benchmarks.latency [ROW ...]``.

Each function of `ROWS` measures one thing against a sandbox that serves the bench world, and gives a plain dict: what
was measured (`row`), its `figure`, the `ideal`, their `ratio` where that says more, and the `bound` that it is held to.
Wall times only say something on a machine that does nothing else; counts of requests always do.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import math
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import uvloop

from tests.integration import engine_help
from tests.integration.engine_help import Account, account_at, address_of, profile_of, vault_bytes
from tobs_tui.model.profile import Filters, Layout, MediaOptions, Performance, Preset, Profile
from tobs_tui.model.run import Outcome
from tobs_tui.model.server import ServerAddress
from tobs_tui.sandbox.threaded import ThreadedSandbox, running_sandbox
from tobs_tui.sandbox.worlds.loader import load_world

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
    """Every chat, without files; load from elsewhere changes nothing."""
    tuned = {"preset": Preset.CUSTOM, "history_workers": workers, "decode_processes": 1, "adapt": False, **performance}
    return profile_of(performance=Performance(**tuned), media=MediaOptions(download=False))


@asynccontextmanager
async def signed_in(address: ServerAddress, login: SimpleNamespace) -> AsyncIterator[tuple[Account, Path]]:
    """A signed-in account and a folder to export into."""
    with tempfile.TemporaryDirectory() as folder:
        async with account_at(address, Path(folder) / "session", login) as account:
            await account.link.me()  # the connection stands, as a service's does before a run begins
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


def latency_1_worker(messages: int = 40_000) -> Row:
    """One history worker."""
    return latency(1, messages, bound=1.03)


def latency_8_workers(messages: int = 100_000) -> Row:
    """Eight history workers."""
    return latency(8, messages)


def latency_sparse(messages: int = 200_000) -> Row:
    """Eight workers in a private chat, most of whose messages lie in a hundredth of its range of ids."""
    return latency(8, messages, "bench-sparse", bound=1.2)


def flood(messages: int = 300_000, per_second: int = 20) -> Row:
    """A server that allows 20 history requests a second, 20 at once: the share of the allowed rate that a run uses,
    and the share of its requests that is refused."""

    async def measure(address: ServerAddress, login: SimpleNamespace) -> tuple[float, int, int]:
        async with signed_in(address, login) as (account, folder):
            fetched, _, requests = await timed_run(account, folder / "vault", profile(8), messages)
            return fetched, requests, account.link.stats.flood_waits

    limit = [{"method": "messages.getHistory", "per_second": per_second, "burst": per_second}]
    with tempfile.TemporaryDirectory() as folder:
        faults = Path(folder) / "faults.json"
        faults.write_text(json.dumps(limit))
        sizes = ("--world", "bench", "--messages", str(messages), "--latency-ms", f"{LATENCY_S * 1000:.0f}")
        with served(*sizes, "--faults", str(faults)) as (address, login):
            fetched, requests, refused = uvloop.run(measure(address, login))
    used = math.ceil(messages / PAGE) / fetched
    return {
        "row": f"{per_second} history requests/s allowed, {messages} messages",
        "figure": round(used, 2),
        "ideal": per_second,
        "ratio": round(used / per_second, 3),
        "bound": 0.95,
        "refused_share": round(refused / requests, 4),
        "refused_bound": 0.01,
        "requests": requests,
    }


def _requests(sandbox: ThreadedSandbox) -> int:
    return sum(sandbox.server.calls.values())


async def _exported(sandbox: ThreadedSandbox, folder: Path, wanted: Profile) -> int:
    """Export as a program that has just been started does; gives the requests that this took, connecting included."""
    before = _requests(sandbox)
    async with account_at(address_of(sandbox.server), folder / "session") as account:
        state = await account.export(folder / "vault", wanted)
        assert state.outcome is Outcome.COMPLETE, state.message
    return _requests(sandbox) - before


async def _sign_in(sandbox: ThreadedSandbox, folder: Path) -> None:
    async with account_at(address_of(sandbox.server), folder / "session", sandbox.server.world):
        pass


def day_range(messages: int = 1_000_000) -> Row:
    """One day of a large chat: requests beyond those for the day's own pages."""
    world = load_world("bench", messages=messages)
    (history,) = world.histories.values()
    middle = datetime.datetime.fromtimestamp(history.dates[messages // 2], datetime.UTC).date()
    begin = int(datetime.datetime.combine(middle, datetime.time(), datetime.UTC).timestamp())
    own = sum(begin <= date < begin + 86_400 for date in history.dates)
    wanted = msgspec.structs.replace(
        profile(8), filters=Filters(since=middle, until=middle), layout=Layout(timezone="UTC")
    )
    with running_sandbox(world) as sandbox, tempfile.TemporaryDirectory() as folder:
        uvloop.run(_sign_in(sandbox, Path(folder)))
        requests = uvloop.run(_exported(sandbox, Path(folder), wanted))
    pages = math.ceil(own / PAGE)
    return {
        "row": f"one day of {messages} messages",
        "figure": requests - pages,
        "ideal": 0,
        "bound": 40,
        "pages": pages,
        "requests": requests,
    }


def rerun(messages: int = 200_000, new: int = 50) -> Row:
    """A complete chat with some new messages: all requests of the second run, from the connection's first on."""
    with running_sandbox(load_world("bench", messages=messages)) as sandbox, tempfile.TemporaryDirectory() as folder:
        uvloop.run(_sign_in(sandbox, Path(folder)))
        first = uvloop.run(_exported(sandbox, Path(folder), profile(8)))
        longer = load_world("bench", messages=messages + new)
        sandbox.call(lambda server: server.world.histories.update(longer.histories))
        before = Counter(sandbox.server.calls)
        requests = uvloop.run(_exported(sandbox, Path(folder), profile(8)))
        asked = dict(Counter(sandbox.server.calls) - before)
    return {
        "row": f"{messages} messages complete, {new} new",
        "figure": requests,
        "ideal": 1,
        "bound": 10,
        "first_run": first,
        "asked": asked,
    }


def killed(messages: int = 100_000, kills: int = 10, workers: int = 8, seed: int = 1) -> Row:
    """A run whose process is killed again and again: requests beyond those of an undisturbed one, for each kill."""
    luck = random.Random(seed)
    with (
        running_sandbox(load_world("bench", messages=messages), latency_ms=LATENCY_S * 1000) as sandbox,
        tempfile.TemporaryDirectory() as temporary,
    ):
        folder = Path(temporary)
        uvloop.run(_sign_in(sandbox, folder))
        (folder / "server").write_bytes(msgspec.json.encode(address_of(sandbox.server)))
        (folder / "profile").write_bytes(msgspec.json.encode(profile(workers)))

        def child(vault: str) -> subprocess.Popen[str]:
            command = [sys.executable, engine_help.__file__, *(str(folder / name) for name in ("session", "server"))]
            return subprocess.Popen(
                [*command, str(folder / vault), str(folder / "profile")], stdout=subprocess.PIPE, text=True
            )

        def finished(process: subprocess.Popen[str]) -> None:
            said, _ = process.communicate()
            assert said.split()[-1] == Outcome.COMPLETE.value, said

        before = _requests(sandbox)
        finished(child("calm"))
        calm = _requests(sandbox) - before
        before = _requests(sandbox)
        for _ in range(kills):
            process = child("killed")
            assert process.stdout is not None
            process.stdout.readline()  # it has fetched something
            time.sleep(luck.uniform(0.2, 1.2))
            process.kill()
            process.communicate()
        finished(child("killed"))
        troubled = _requests(sandbox) - before
        same = vault_bytes(folder / "calm") == vault_bytes(folder / "killed")
    return {
        "row": f"killed and resumed {kills} times, {workers} workers, {messages} messages",
        "figure": round((troubled - calm) / kills, 1),
        "ideal": 0,
        "bound": 2 * workers,
        "undisturbed": calm,
        "requests": troubled,
        "same_vault": same,
    }


ROWS: dict[str, Callable[[], Row]] = {
    "latency-1": latency_1_worker,
    "latency-8": latency_8_workers,
    "sparse": latency_sparse,
    "flood": flood,
    "day": day_range,
    "rerun": rerun,
    "killed": killed,
}


def main(arguments: list[str]) -> None:
    """Measure the rows named, or all of them."""
    for name in arguments or ROWS:
        print(json.dumps({"name": name, **ROWS[name]()}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
