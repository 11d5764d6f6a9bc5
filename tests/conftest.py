"""Fixtures that every level of tests shares: a home of its own for each test, and services that end with it."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tests.e2e.serving import ServedSandbox, served
from tobs_tui.config.paths import Paths
from tobs_tui.config.server_file import load_server
from tobs_tui.model.errors import TobsError
from tobs_tui.model.server import ServerAddress
from tobs_tui.service.launch import attach
from tobs_tui.service.protocol import Shutdown

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a script, which the processes of the tests would inherit: they could not be
    # interrupted, as they are to be.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Thousands of tests and whole worlds of messages live as long as this process: looking through them for garbage
    again and again took a seventh of its time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory that holds everything the program keeps; what still runs below it at the end is ended."""
    directory = tmp_path / "home"
    monkeypatch.setenv("TOBS_HOME", str(directory))
    for name in list(os.environ):
        if name.startswith("TOBS_") and name != "TOBS_HOME":
            monkeypatch.delenv(name)
    yield directory
    for demo in (True, False):
        for account in Paths.resolve(demo=demo, home=directory, account="").accounts():
            stop_service(Paths.resolve(demo=demo, home=directory, account=account))


@pytest.fixture
def demo_paths(home: Path) -> Paths:
    """The paths of the demo account in this test's home."""
    return Paths.resolve(demo=True, home=home)


def stop_service(paths: Paths) -> None:
    """Ask the account's service to end, and see that it does; a test's last resort is SIGKILL."""

    async def ask() -> int:
        client = await asyncio.wait_for(attach(paths, started=_NEVER), 5)  # type: ignore[arg-type]
        pid = client.snapshot.pid
        await client.call(Shutdown())
        await client.close()
        return pid

    if not paths.socket.exists():
        return
    try:
        pid = asyncio.run(ask())
    except (TobsError, OSError, TimeoutError):  # it died and left a socket behind; nothing is left to end
        return
    try:
        psutil.Process(pid).wait(30)
    except psutil.NoSuchProcess:
        return
    except psutil.TimeoutExpired:
        os.kill(pid, signal.SIGKILL)


def _stop_accounts(server: ServerAddress) -> None:
    """End the services of every account at a server."""
    for account in Paths.resolve(server=server).accounts():
        stop_service(Paths.resolve(server=server, account=account))


class _Never:
    """Stands for a starting service that has already failed, so that `attach` does not start one."""

    def poll(self) -> int:
        return 1


_NEVER = _Never()


@pytest.fixture
def serve_sandbox(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., ServedSandbox]]:
    """Starts sandboxes with the arguments of ``tobs sandbox serve``, with credentials set; ends them with the test."""
    monkeypatch.setenv("TOBS_API_ID", "12345")
    monkeypatch.setenv("TOBS_API_HASH", "0123456789abcdef0123456789abcdef")
    with ExitStack() as running:

        def start(*arguments: str) -> ServedSandbox:
            sandbox = running.enter_context(served(tmp_path / "server", *arguments))
            running.callback(_stop_accounts, load_server(sandbox.toml))
            return sandbox

        yield start
