"""The program's own part in a benchmark: the real command against a served world, and whether its vault is complete."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from msgspec import Struct

from tests.benchmarks.meter import Meter, Taken
from tests.e2e.serving import ServedSandbox, sign_in
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.schema import archive_path
from tobs_tui.config.paths import Paths
from tobs_tui.config.server_file import load_server
from tobs_tui.sandbox.worlds.bench import dense_ids
from tobs_tui.service.launch import attach

TOBS = str(Path(sys.executable).with_name("tobs"))
_SLOWEST_S = 1 / 2000
"""Seconds a message; an export that is slower than that hangs, and is ended."""
_ANCHOR = re.compile(rb"^###### m(\d+)$", re.MULTILINE)


class IncompleteVault(Exception):
    """An export that says it is complete left something out: its figures are worth nothing."""


class Exported(Struct, frozen=True):
    """One export: messages, seconds from its begin to its end, what its processes and the sandbox's took."""

    messages: int
    seconds: float
    taken: Taken
    server_cpu_s: float
    requests: int


class Place:
    """A served world with an account that is signed in at it, in a folder of its own."""

    def __init__(self, folder: Path, messages: int, world: str = "bench") -> None:
        self.folder = folder
        self._world = world
        self.sandbox = self._served(messages, port=0)
        self.paths = Paths.resolve(server=load_server(self.sandbox.toml))
        self._signed_in = False

    def _served(self, messages: int, port: int) -> ServedSandbox:
        world = ("--world", self._world, "--messages", str(messages))
        place = ("--port", str(port), "--state", str(self.folder / "accounts"))
        return ServedSandbox(self.folder / "server", *world, *place)

    def grow(self, messages: int) -> None:
        """Serve so many messages instead, at the same address and to the same account."""
        self.sandbox.stop()
        self.sandbox = self._served(messages, self.sandbox.port)

    def server_json(self) -> Path:
        """What the sandbox said first, as a file for the baselines."""
        file = self.folder / "server.json"
        file.write_text(json.dumps(self.sandbox.said))
        return file

    def service(self) -> psutil.Process | None:
        """The account's background service, if it runs."""
        for process in psutil.process_iter(["cmdline"]):
            line = process.info["cmdline"] or []
            if "service" in line and str(self.sandbox.toml) in line:
                return process
        return None

    def _signed_in_service(self) -> psutil.Process:
        """A service that has done nothing yet but sign in, so that each export begins with the same memory."""
        _end(self.service())
        if self._signed_in:
            asyncio.run(_started(self.paths, self.sandbox.toml))
        else:
            asyncio.run(sign_in(self.paths, self.sandbox))
            self._signed_in = True
        service = self.service()
        assert service is not None
        return service

    def export(self, vault: Path, messages: int, performance: str = "") -> Exported:
        """Run the command; `performance` has lines of the profile's table. Raises `IncompleteVault`."""
        profile = self.folder / f"{vault.name}.toml"
        profile.write_text(
            f'output = "{vault}"\n[targets]\nall_chats = true\n'
            f'[layout]\ntimezone = "UTC"\n[performance]\n{performance}\n'
        )
        service = self._signed_in_service()
        server = psutil.Process(self.sandbox.pid)
        before = sum(server.cpu_times()[:2])
        command = [TOBS, "--server", str(self.sandbox.toml), "--headless", "--json", str(profile)]
        roots = [("service", service.pid)]
        with Meter(lambda: roots) as meter:
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                roots.append(("command", process.pid))
                overdue = threading.Timer(60 + messages * _SLOWEST_S, process.kill)
                overdue.start()
                assert process.stdout is not None
                said = [json.loads(line) for line in process.stdout]
                overdue.cancel()
        spent = sum(server.cpu_times()[:2]) - before
        last = said[-1]
        if last.get("outcome") != "complete":
            raise IncompleteVault(f"The export ended as {last.get('outcome')}: {last.get('message')}")
        check_vault(vault, messages)
        seconds = last["at"] - said[0]["at"]
        return Exported(messages, seconds, meter.taken, round(spent, 2), int(last["totals"].get("requests", 0)))


def check_vault(vault: Path, messages: int) -> None:
    """Whether the ledger has no hole and the notes have each message of the bench world once, in order.

    Raises `IncompleteVault` where not.
    """
    ids = dense_ids(messages)
    with Archive.open(archive_path(vault), read_only=True) as archive:
        chats = [chat.id for chat in archive.chats()]
        if len(chats) != 1 or not archive.ledger(chats[0]).covers(1, ids[-1]):
            raise IncompleteVault("The ledger has a hole.")
    found: list[int] = []
    for note in sorted(vault.rglob("*.md")):
        if ".tobs" not in note.relative_to(vault).parts and note.name != "index.md":
            found += map(int, _ANCHOR.findall(note.read_bytes()))
    if found != ids:
        raise IncompleteVault(f"The notes have {len(found)} messages of {len(ids)}, or not in their order.")


@contextlib.contextmanager
def place(messages: int, world: str = "bench") -> Iterator[Place]:
    """A bench world of that size, served, and a home for the account; all of it goes with the block."""
    with tempfile.TemporaryDirectory(prefix="tobs-bench-") as name:
        folder = Path(name)
        kept = {key: value for key, value in os.environ.items() if key.startswith("TOBS_")}
        for key in kept:
            del os.environ[key]
        os.environ |= {"TOBS_HOME": str(folder / "home"), "TOBS_API_ID": "1", "TOBS_API_HASH": "0" * 32}
        try:
            here = Place(folder, messages, world)
            try:
                yield here
            finally:
                _end(here.service())
                here.sandbox.stop()
        finally:
            for key in ("TOBS_HOME", "TOBS_API_ID", "TOBS_API_HASH"):
                del os.environ[key]
            os.environ |= kept


async def _started(paths: Paths, server_file: Path) -> None:
    client = await attach(paths, server_file=server_file)
    await client.close()


def _end(service: psutil.Process | None) -> None:
    """Stop a service and wait for it."""
    if service is None:
        return
    with contextlib.suppress(psutil.NoSuchProcess):  # it ends by itself when idle
        service.terminate()
        service.wait(20)


def facts(export: Exported) -> dict[str, Any]:
    """For programs."""
    return {
        "messages": export.messages,
        "seconds": round(export.seconds, 3),
        "messages_per_s": round(export.messages / export.seconds),
        "cpu_us_per_message": round(export.taken.cpu_s / export.messages * 1e6, 2),
        "cpu_s_by_role": export.taken.by_role,
        "peak_pss_mib": export.taken.peak_mib,
        "sandbox_cpu_s": export.server_cpu_s,
        "requests": export.requests,
    }
