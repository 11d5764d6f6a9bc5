"""Promises of a run whose command or service gets signals, or stands still for longer than Telegram waits: typed exit
statuses, and in the end the undisturbed vault, found sound by `tobs verify`. One export gets all of them in turn.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e.signing import sign_in_account
from tests.faults.chaos_export import COMPLETE, INTERRUPTED, Export, Telegram, problems_of
from tests.integration.engine_help import vault_bytes
from tobs_tui.config.paths import Paths
from tobs_tui.config.server_file import load_server
from tobs_tui.sandbox.threaded import running_sandbox
from tobs_tui.sandbox.worlds.world import World

CHATS = (-1001500000002, -1001600000001)
LATENCY_MS = 150  # long enough for every signal to find the export under way
LIMIT_S = 90.0


class Scene:
    """A signed-in account at a sandbox, and the vault of an undisturbed export."""

    def __init__(self, telegram: Telegram, folder: Path) -> None:
        self.telegram = telegram
        self._folder = folder
        self._exports = 0
        calm = self.export()
        calm.begin()
        assert calm.end(LIMIT_S) == COMPLETE, calm.output
        self.truth = vault_bytes(calm.vault)

    def export(self) -> Export:
        """A further export, not begun."""
        self._exports += 1
        return Export(self.telegram, self._folder / str(self._exports), CHATS)

    def begin(self, export: Export) -> Export:
        """Run the command of an export, until it has asked for some pages. Gives another one when this one is done
        first, with what was fetched before."""
        asked = self.telegram.asked()
        export.begin()
        while self.telegram.asked() < asked + 3 or not export.speaks:
            if not export.running:
                assert export.end(LIMIT_S) == COMPLETE, export.output[-1][-3000:]
                assert vault_bytes(export.vault) == self.truth
                return self.begin(self.export())
            time.sleep(0.002)
        return export


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    from tobs_tui.sandbox.worlds.loader import load_world

    world: World = load_world("demo")
    folder = tmp_path_factory.mktemp("stops")
    with pytest.MonkeyPatch.context() as environment, running_sandbox(world, latency_ms=LATENCY_MS) as sandbox:
        environment.setenv("TOBS_HOME", str(folder / "home"))
        environment.setenv("TOBS_API_ID", "12345")
        environment.setenv("TOBS_API_HASH", "0123456789abcdef" * 2)
        telegram = Telegram(sandbox, folder / "telegram")
        paths = Paths.resolve(server=load_server(telegram.toml))
        login = (world.phone, world.code, world.password)
        asyncio.run(sign_in_account(paths, *login, server_file=telegram.toml))
        try:
            yield Scene(telegram, folder)
        finally:
            telegram.end_service()


def once(number: int) -> Callable[[Scene, Export], None]:
    return lambda _, export: export.send(number)


def twice(number: int) -> Callable[[Scene, Export], None]:
    def send(_: Scene, export: Export) -> None:
        export.send(number)
        time.sleep(0.05)
        if export.running:
            export.send(number)

    return send


def to_the_service(number: int) -> Callable[[Scene, Export], None]:
    def send(scene: Scene, _: Export) -> None:
        service = scene.telegram.service()
        assert service is not None
        service.send_signal(number)

    return send


STOPS: dict[str, tuple[Callable[[Scene, Export], None], int]] = {
    "SIGHUP: the terminal is gone, the run goes on": (once(signal.SIGHUP), -signal.SIGHUP),
    "ctrl+c": (once(signal.SIGINT), INTERRUPTED),
    "ctrl+c twice": (twice(signal.SIGINT), INTERRUPTED),
    "SIGTERM": (once(signal.SIGTERM), INTERRUPTED),
    "SIGTERM twice": (twice(signal.SIGTERM), INTERRUPTED),
    "SIGTERM to the service": (to_the_service(signal.SIGTERM), INTERRUPTED),
}


def test_an_export_that_gets_every_signal_ends_in_the_undisturbed_vault(scene: Scene) -> None:
    export = scene.export()
    for stop, (send, status) in STOPS.items():
        export = scene.begin(export)
        send(scene, export)
        assert export.end(LIMIT_S) == status, (stop, export.output[-1])
        assert "Traceback" not in export.output[-1], stop
        if status == INTERRUPTED:
            assert export.last_line()["outcome"] == "interrupted", stop
    export = scene.begin(export)
    to_the_service(signal.SIGHUP)(scene, export)  # it has no terminal that could go away
    export.send(signal.SIGTSTP)
    stand_still(scene)
    export.send(signal.SIGCONT)
    assert export.end(LIMIT_S) == COMPLETE, export.output[-1]
    assert export.last_line()["outcome"] == "complete"
    assert problems_of(export, scene.truth) == []


def stand_still(scene: Scene) -> None:
    """Stop the service with all of its processes, as a laptop that is closed does, until Telegram has hung up."""
    service, family = scene.telegram.family()
    assert service is not None
    some = [service, *family]
    for process in some:
        process.suspend()
    while any(process.status() != psutil.STATUS_STOPPED for process in some):
        time.sleep(0.005)
    scene.telegram.sandbox.call(lambda server: server.drop_connections())
    for process in some:
        process.resume()
