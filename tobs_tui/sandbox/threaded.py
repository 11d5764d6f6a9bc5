"""A sandbox on a thread of its own, for callers that run no event loop or want to block theirs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tobs_tui.sandbox.server import SandboxServer

if TYPE_CHECKING:
    from tobs_tui.sandbox.worlds.world import World

T = TypeVar("T")


class ThreadedSandbox:
    """A running server and the event loop that it runs on. Read its counters freely; change it through `call`."""

    def __init__(self, server: SandboxServer, loop: asyncio.AbstractEventLoop) -> None:
        self.server = server
        self._loop = loop

    def call(self, action: Callable[[SandboxServer], T]) -> T:
        """Do something with the server on its own thread and give the result."""

        async def act() -> T:
            return action(self.server)

        return asyncio.run_coroutine_threadsafe(act(), self._loop).result()


@contextmanager
def running_sandbox(
    world: World, *, latency_ms: float = 0, port: int = 0, state_file: Path | None = None
) -> Iterator[ThreadedSandbox]:
    """A server that runs for as long as the block. Raises OSError when the port is taken."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="sandbox", daemon=True)
    thread.start()
    try:
        server = SandboxServer(world, latency_ms=latency_ms, port=port, state_file=state_file)
        asyncio.run_coroutine_threadsafe(server.start(), loop).result()
        try:
            yield ThreadedSandbox(server, loop)
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
