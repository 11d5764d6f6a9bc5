"""Lines that drop under the dashboard, over a real SSH connection: ``python -m tests.faults.line_drops --runs 20``.

Three ways: the connection ends at once; it stalls first, until the terminal takes no more, and then ends; the tmux
server that has the dashboard is killed. Each time the process of the screen must be gone within three seconds without
having spun, and the export must be attached to again and end COMPLETE. Prints a line a run and how many held; exit
status 1 when one did not. A run in which the whole machine stood still tells nothing, and is made again.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
from msgspec import Struct

from tests.e2e.serving import ServedSandbox, served, sign_in
from tests.e2e.ssh import SshTerminal, ssh_server
from tobs_tui.config.paths import Paths
from tobs_tui.config.profiles import save_profile
from tobs_tui.config.server_file import load_server
from tobs_tui.model.profile import Profile, Targets
from tobs_tui.model.run import Outcome, RunPhase, RunState
from tobs_tui.service import protocol as p
from tobs_tui.service.launch import attach

TOBS = str(Path(sys.executable).with_name("tobs"))
WAYS = ("clean", "stalled", "tmux")
GONE_S = 3.0
STALL_S = 4.0
REPAINTS = 30
SPUN_S = 1.0
"""CPU seconds after the drop from which on a process has spun; leaving takes a tenth of it."""
LIMIT_S = 120
STOOD_S = 2.0
"""A machine whose clock ran on for so long without this process getting a turn stood still."""


class Drop(Struct, frozen=True):
    """What one dropped line did: seconds until the screen's process was gone, its CPU seconds from then on, and what
    is wrong, if anything."""

    way: str
    gone_s: float
    cpu_s: float
    wrong: str


def _screen_process(toml: Path) -> psutil.Process:
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if str(toml) in line and TOBS in line and "service" not in line and "new-session" not in line:
            return process
    raise LookupError("The dashboard's process is not there.")


async def _gone(process: psutil.Process, began: float, before: float) -> tuple[float, float]:
    """Seconds from the drop at `began` until a process has ended (at most ten), and the CPU seconds that it took since,
    of which `before` had been taken by then."""
    last = before
    try:
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE and time.monotonic() - began < 10:
            last = sum(process.cpu_times()[:2])
            await asyncio.sleep(0.02)
    except psutil.NoSuchProcess:
        pass
    return time.monotonic() - began, last - before


async def _ended(paths: Paths, toml: Path) -> RunState | None:
    """The service's run at its end."""
    client = await attach(paths, server_file=toml)
    try:
        run = client.snapshot.run
        if run is not None and run.phase is not RunPhase.FINISHED:
            async for event in client.events():
                if isinstance(event, p.RunFinished):
                    return event.run
        return run
    finally:
        await client.close()


async def drop(way: str, paths: Paths, sandbox: ServedSandbox, name: str) -> Drop:
    """Drop the line of the dashboard on an export of the profile of that name."""
    stalled = asyncio.Event()
    tmux = ["tmux", "-L", f"drop-{os.getpid()}-{name}", "-f", "/dev/null"]
    command = [TOBS, "--server", str(sandbox.toml), name]
    async with AsyncExitStack() as opened:
        port = await opened.enter_async_context(ssh_server(os.environ, stalled))
        first = await SshTerminal.open(port, [*tmux, "new-session", *command] if way == "tmux" else command)
        opened.callback(first.cut)
        await first.wait_for("RUN", "msg")
        process = _screen_process(sandbox.toml)
        if way == "stalled":
            stalled.set()
            first.press(*"?" * REPAINTS)  # whole screens, so that what lies between is full
            await asyncio.sleep(STALL_S)
        before, began = sum(process.cpu_times()[:2]), time.monotonic()
        if way == "tmux":
            await asyncio.to_thread(subprocess.run, [*tmux, "kill-server"], check=True)
        else:
            first.cut()
        gone, cpu = await _gone(process, began, before)
        if way == "tmux":
            first.cut()
        stalled.clear()
        second = await SshTerminal.open(port, command[:-1])
        opened.callback(second.cut)  # what went wrong leaves no screen behind for the next run to look at
        await second.wait_for(name)
        run = await asyncio.wait_for(_ended(paths, sandbox.toml), LIMIT_S)
        second.press("ctrl+q")
        status = await second.status()
    outcome = run.outcome if run is not None and run.profile.name == name else None
    wrong = [
        *(["the screen's process did not go in time"] if gone > GONE_S else []),
        *(["it spun"] if cpu > SPUN_S else []),
        *([f"the export ended as {outcome}"] if outcome is not Outcome.COMPLETE else []),
        *([f"the second screen ended with {status}"] if status else []),
    ]
    return Drop(way, gone, cpu, "; ".join(wrong))


async def _standstill(longest: list[float]) -> None:
    """Put the longest time for which the machine stood still into `longest`, until cancelled."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(0.1)
        longest[0] = max(longest[0], time.monotonic() - before - 0.1)


async def _tried(way: str, paths: Paths, sandbox: ServedSandbox, name: str, folder: Path) -> Drop | None:
    """One drop with an export of its own; None where the machine stood still meanwhile."""
    save_profile(Profile(name=name, output=str(folder / name), targets=Targets(all_chats=True)), paths)
    longest = [0.0]
    watching = asyncio.create_task(_standstill(longest))
    try:
        one = await drop(way, paths, sandbox, name)
    except (AssertionError, LookupError, TimeoutError, OSError, subprocess.SubprocessError) as error:
        one = Drop(way, 0.0, 0.0, f"{type(error).__name__}: {error}")
    finally:
        watching.cancel()
    if longest[0] < STOOD_S or not one.wrong:
        return one
    print(f"{name}: the machine stood still for {longest[0]:.0f} s; again", flush=True)
    await asyncio.wait_for(_ended(paths, sandbox.toml), LIMIT_S)
    return None


async def drops(runs: int, folder: Path) -> list[Drop]:
    """Every way `runs` times, each with an export of its own; TOBS_HOME must be below `folder`."""
    found: list[Drop] = []
    with served(folder / "server", "--latency-ms", "150") as sandbox:
        paths = Paths.resolve(server=load_server(sandbox.toml))
        paths.ensure()
        await sign_in(paths, sandbox)
        try:
            for number in range(runs):
                for way in WAYS:
                    name = f"{way}{number}"
                    while (one := await _tried(way, paths, sandbox, name, folder)) is None:
                        name += "+"
                    found.append(one)
                    verdict = one.wrong or "held"
                    print(f"{name}: gone after {one.gone_s:.2f} s, {one.cpu_s:.2f} s CPU: {verdict}", flush=True)
        finally:
            client = await attach(paths, server_file=sandbox.toml)
            await client.call(p.Shutdown())
            await client.close()
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Drop lines, print what came of it; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="how often in each way")
    wanted = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="tobs-drops-", ignore_cleanup_errors=True) as name:
        for key in [key for key in os.environ if key.startswith("TOBS_")] + ["TMUX"]:
            os.environ.pop(key, None)
        os.environ |= {"TOBS_HOME": f"{name}/home", "TOBS_API_ID": "1", "TOBS_API_HASH": "0" * 32}
        found = asyncio.run(drops(wanted.runs, Path(name)))
    held = sum(not one.wrong for one in found)
    print(f"{held}/{len(found)} held")
    return 0 if held == len(found) else 1


if __name__ == "__main__":
    sys.exit(main())
