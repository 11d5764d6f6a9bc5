"""How fast an export is, and what it takes: ``python -m tests.benchmarks.export_throughput [MESSAGES] [DECODERS]``.

The sandbox serves the bench world from a process of its own on this machine. Prints messages a second until the last
one is committed and until the last one is rendered, then CPU seconds and memory of each process.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import uvloop

from tests.integration.engine_help import account_at, profile_of
from tobs_tui.model.profile import Performance, Preset
from tobs_tui.model.server import ServerAddress


async def measure(server: psutil.Popen, messages: int, decoders: int) -> None:
    """Export everything once and print the figures."""
    hello = json.loads(server.stdout.readline())
    address = ServerAddress(**{key: hello[key] for key in ("dc", "host", "port", "public_key")})
    login = SimpleNamespace(**{key: hello[key] for key in ("phone", "code", "password")})
    performance = Performance(preset=Preset.CUSTOM, history_workers=4, decode_processes=decoders)
    with tempfile.TemporaryDirectory() as folder:
        async with account_at(address, Path(folder) / "session", login) as account:
            watched = account.run(Path(folder) / "vault", profile_of(performance=performance))
            running = asyncio.create_task(watched.run.run())
            await watched.until(lambda state: state.totals.messages > 0)
            began = time.monotonic()
            await watched.until(lambda state: state.totals.messages >= messages)
            fetched = time.monotonic()
            print(f"committed: {messages / (fetched - began):,.0f} messages/s")
            for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
                cpu, memory = process.cpu_times(), process.memory_full_info()
                role = "server" if process.pid == server.pid else "main" if process == psutil.Process() else "helper"
                sizes = f"RSS {memory.rss >> 20} MiB, PSS {memory.pss >> 20} MiB"
                print(f"  {role} {process.pid}: {cpu.user + cpu.system:.1f} s CPU, {sizes}")
            outcome = await running
            print(f"rendered: {messages / (time.monotonic() - fetched):,.0f} messages/s; {outcome.value}")


def main(arguments: list[str]) -> None:
    """Serve, measure, stop serving."""
    messages, decoders = [*map(int, arguments), *(100_000, 2)[len(arguments) :]]
    command = [sys.executable, "-m", "tobs_tui.sandbox", "serve", "--world", "bench", "--messages", str(messages)]
    with psutil.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            uvloop.run(measure(server, messages, decoders))
        finally:
            server.terminate()


if __name__ == "__main__":
    main(sys.argv[1:])
