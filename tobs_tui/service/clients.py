"""The service's side of its clients: who is attached, and what still has to be sent to each.

A stalled client (a terminal behind a dead SSH line) never holds anything up: when its backlog is full, further events
are dropped, and the client gets the whole state once it reads again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

from tobs_tui.service.framing import frame
from tobs_tui.service.protocol import AnyEvent, AnyReply, ServerFrame

BACKLOG_BYTES = 4 * 1024 * 1024


class AttachedClient:
    """One connection's outgoing half."""

    def __init__(self, writer: asyncio.StreamWriter, catch_up: Callable[[], list[AnyEvent]]) -> None:
        self._writer = writer
        self._catch_up = catch_up
        self._backlog: deque[bytes] = deque()
        self._backlog_bytes = 0
        self._behind = False
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closing = False
        self.wants_events = False

    def reply(self, seq: int, body: AnyReply) -> None:
        """Queue the answer to a command; replies are never dropped."""
        self._append(frame(ServerFrame(seq, body)))

    async def room(self) -> None:
        """Wait while the backlog is full: who does not read answers need not be asked for more questions."""
        await self._room.wait()

    def offer(self, encoded_event: bytes) -> None:
        """Queue an event, or forget the backlog in favour of a fresh state when the client has fallen behind."""
        if not self.wants_events or self._behind:
            return
        if self._backlog_bytes + len(encoded_event) > BACKLOG_BYTES:
            self._behind = True
            return
        self._append(encoded_event)

    def close(self) -> None:
        """Let `send_forever` end after what is queued."""
        self._closing = True
        self._wake.set()

    def _append(self, data: bytes) -> None:
        self._backlog.append(data)
        self._backlog_bytes += len(data)
        self._wake.set()
        if self._backlog_bytes > BACKLOG_BYTES:
            self._room.clear()

    async def send_forever(self) -> None:
        """Write what is queued until the client goes away or `close` is called."""
        with contextlib.suppress(ConnectionError):  # the reading half notices and ends the connection
            while True:
                if not self._backlog:
                    if self._behind:
                        self._behind = False
                        for event in self._catch_up():
                            self._append(frame(ServerFrame(0, event)))
                        continue
                    if self._closing:
                        return
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                data = self._backlog[0]
                self._writer.write(data)
                await self._writer.drain()
                self._backlog.popleft()
                self._backlog_bytes -= len(data)
                if self._backlog_bytes <= BACKLOG_BYTES:
                    self._room.set()


class ClientSet:
    """Every attached client."""

    def __init__(self) -> None:
        self._clients: set[AttachedClient] = set()

    def __len__(self) -> int:
        return len(self._clients)

    def add(self, client: AttachedClient) -> None:
        """Count a client in."""
        self._clients.add(client)

    def discard(self, client: AttachedClient) -> None:
        """Count a client out."""
        self._clients.discard(client)

    def publish(self, event: AnyEvent) -> None:
        """Send an event to all who asked for events; encoded once."""
        if any(client.wants_events for client in self._clients):
            encoded = frame(ServerFrame(0, event))
            for client in self._clients:
                client.offer(encoded)

    def close(self) -> None:
        """Let every client's sender finish."""
        for client in self._clients:
            client.close()
