"""A client's half of the control channel: commands with their replies, and a stream of events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

import msgspec

from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.service.framing import frame, peer_is_same_user, read_frame
from tobs_tui.service.protocol import (
    MAX_FRAME,
    PROTOCOL_VERSION,
    AnyCommand,
    AnyEvent,
    AnyReply,
    Attach,
    ClientFrame,
    Refused,
    ServerFrame,
    Snapshot,
)

Reply = TypeVar("Reply")


class ServiceClient:
    """One attached connection to the service. Made by `connect`; ends when the service goes away or at `close`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._seq = 0
        self._waiting: dict[int, asyncio.Future[AnyReply]] = {}
        self._events: asyncio.Queue[AnyEvent | None] = asyncio.Queue()
        self._decoder = msgspec.msgpack.Decoder(ServerFrame)
        self._reading: asyncio.Task[None] | None = None
        self.snapshot: Snapshot

    @classmethod
    async def connect(cls, socket: Path) -> ServiceClient:
        """Attach to the service behind `socket`. Raises `TobsError` SERVICE_UNREACHABLE, SERVICE_GONE, PROTOCOL."""
        try:
            reader, writer = await asyncio.open_unix_connection(str(socket))
        except OSError as error:
            raise TobsError(
                ErrorCode.SERVICE_UNREACHABLE, "The background service is not running.", "Start tobs again."
            ) from error
        if not peer_is_same_user(writer):  # a passphrase might be sent to it
            writer.close()
            raise TobsError(
                ErrorCode.PROTOCOL,
                f"What answers at {socket} belongs to somebody else.",
                "Remove it, or set TOBS_HOME to a directory of your own.",
            )
        client = cls(reader, writer)
        client._reading = asyncio.create_task(client._read_forever())
        try:
            client.snapshot = await client.ask(Attach(), Snapshot)
        except BaseException:
            await client.close()
            raise
        if client.snapshot.version != PROTOCOL_VERSION:
            pid = client.snapshot.pid
            await client.close()
            raise TobsError(
                ErrorCode.PROTOCOL,
                f"The background service (process {pid}) is of another version of tobs.",
                f"Let its run finish, or end it with: kill {pid}",
            )
        return client

    async def call(self, command: AnyCommand) -> AnyReply:
        """Send a command and wait for its reply. Raises the `TobsError` that the service refused it with."""
        self._seq += 1
        seq = self._seq
        future: asyncio.Future[AnyReply] = asyncio.get_running_loop().create_future()
        if self._reading is None or self._reading.done():
            raise _gone()
        self._waiting[seq] = future
        try:
            self._writer.write(frame(ClientFrame(seq, command)))
            await self._writer.drain()
            reply = await future
        except ConnectionError as error:
            raise _gone() from error
        finally:
            self._waiting.pop(seq, None)
        if isinstance(reply, Refused):
            raise TobsError(reply.code, reply.sentence, reply.way_on, field=reply.field, wait_s=reply.wait_s)
        return reply

    async def ask(self, command: AnyCommand, expected: type[Reply]) -> Reply:
        """Like `call`, for a reply of one type. Raises `TobsError` PROTOCOL when the service answers something else."""
        reply = await self.call(command)
        if not isinstance(reply, expected):
            raise TobsError(ErrorCode.PROTOCOL, f"The service answered {type(reply).__name__}.")
        return reply

    async def events(self) -> AsyncIterator[AnyEvent]:
        """Events as they come; ends when the connection does."""
        while (event := await self._events.get()) is not None:
            yield event

    async def close(self) -> None:
        """Detach. The service and its run go on."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.close()
        with contextlib.suppress(ConnectionError):  # it may be gone already, which is what was wanted
            await self._writer.wait_closed()

    async def _read_forever(self) -> None:
        try:
            while (received := await read_frame(self._reader, self._decoder, MAX_FRAME)) is not None:
                body = received.body
                if received.seq:
                    future = self._waiting.get(received.seq)
                    if future is not None and not future.done():
                        future.set_result(body)  # type: ignore[arg-type]  # replies carry a seq, events none
                else:
                    self._events.put_nowait(body)  # type: ignore[arg-type]
        finally:
            self._events.put_nowait(None)
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(_gone())


def _gone() -> TobsError:
    return TobsError(
        ErrorCode.SERVICE_GONE,
        "The connection to the background service ended.",
        "Start tobs again: a run in progress is resumed from where it was.",
    )
