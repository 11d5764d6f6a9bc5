"""The line to the service: attaches, feeds the model with events, and attaches again when the line is cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, TypeVar

from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.service.protocol import AnyCommand, AnyEvent, AnyReply, Snapshot
from tobs_tui.ui.run_model import Link, RunModel

RETRY_S = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between attempts to attach again; the last one is repeated."""


class Client(Protocol):
    """What the application needs of a connection to the service."""

    @property
    def snapshot(self) -> Snapshot:
        """Everything, as of the attach."""

    async def call(self, command: AnyCommand) -> AnyReply:
        """Carry out a command; a `Refused` is raised as `TobsError`."""

    def events(self) -> AsyncIterator[AnyEvent]:
        """Events from the attach on; ends when the connection does."""

    async def close(self) -> None:
        """Let go of the connection; the service lives on."""


Connect = Callable[[], Awaitable[Client]]
ReplyT = TypeVar("ReplyT")


class Feed:
    """Keeps `model` fed from whatever client `connect` yields; `wake` is called after every change."""

    def __init__(self, connect: Connect, model: RunModel, wake: Callable[[], None]) -> None:
        self._connect = connect
        self._model = model
        self._wake = wake
        self._client: Client | None = None
        self._again = asyncio.Event()

    async def run(self) -> None:
        """Stay attached until cancelled."""
        attempt = 0
        while True:
            try:
                self._client = await self._connect()
            except TobsError as error:
                self._model.lost(error.sentence)
            except OSError as error:
                self._model.lost(f"The background service cannot be reached: {error.strerror or error}.")
            else:
                attempt = 0
                await self._listen(self._client)
            self._wake()
            await self._pause(RETRY_S[min(attempt, len(RETRY_S) - 1)])
            attempt += 1

    def retry(self) -> None:
        """Attach again now, without waiting for the next attempt."""
        self._again.set()

    async def ask(self, command: AnyCommand, reply: type[ReplyT]) -> ReplyT:
        """The service's answer to `command`.

        Raises `TobsError`: the service's own, or SERVICE_UNREACHABLE when there is no connection.
        """
        client = self._client
        if client is None or self._model.link is not Link.ATTACHED:
            raise TobsError(ErrorCode.SERVICE_UNREACHABLE, "The background service is not connected.", "Wait a moment.")
        answer = await client.call(command)
        if not isinstance(answer, reply):
            raise TobsError(ErrorCode.PROTOCOL, "The background service gave an answer of another kind.")
        return answer

    async def close(self) -> None:
        """Let go of the service."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _listen(self, client: Client) -> None:
        self._model.attached(client.snapshot)
        self._wake()
        try:
            async for event in client.events():
                self._model.apply(event)
                self._wake()
        except (TobsError, OSError) as error:
            self._model.lost(f"The connection to the background service broke: {error}")
        if self._model.link is Link.ATTACHED:
            self._model.lost("The connection to the background service was cut.")
        await self.close()

    async def _pause(self, seconds: float) -> None:
        """Wait before attaching again: a moment after a cut line, until asked after a stop that was meant."""
        self._again.clear()
        limit = None if self._model.link is Link.STOPPED else seconds
        try:
            await asyncio.wait_for(self._again.wait(), limit)
        except TimeoutError:
            return
