"""The control protocol: what a service reads from a client, what a client reads from a service, and a whole service."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from tests.fuzz.mutate import DOUBLES, PLAIN, Break, broken
from tobs_tui.config.paths import Paths
from tobs_tui.model.errors import TobsError
from tobs_tui.model.peers import Dialog, Peer, PeerKind
from tobs_tui.model.profile import ChatTarget, Profile, Targets
from tobs_tui.service import protocol as p
from tobs_tui.service.client import ServiceClient
from tobs_tui.service.framing import frame, read_frame
from tobs_tui.service.server import MAX_COMMAND, Service

SERVICE_EVERY = 50
"""Every such input goes to a real service, too."""
_CLIENT = msgspec.msgpack.Decoder(p.ClientFrame)
_SERVER = msgspec.msgpack.Decoder(p.ServerFrame)
_COMMANDS: tuple[Any, ...] = (
    p.Attach(),
    p.Unlock("a passphrase"),
    p.SetPassphrase("new", "old", True),
    p.SetCredentials(1, "a" * 32),
    p.StartRun(Profile(name="x", targets=Targets(chats=(ChatTarget("@club", (1, 2)),))), max_wait_s=3.5),
    p.EstimateExport(Profile(name="x")),
    p.ListDialogs("/vault", True),
    p.ListTopics(-1_001_234_567_890),
    p.ListRuns(5),
)
_PEER = Peer(id=-1_001_234_567_890, kind=PeerKind.SUPERGROUP, title="Club 🦄", username="club")
_BODIES: tuple[Any, ...] = (
    p.Done(),
    p.Refused(p.ErrorCode.USAGE, "No."),
    p.Snapshot(p.AccountState(p.AccountPhase.SIGNED_IN, name="Ada"), pid=7),
    p.Dialogs((Dialog(_PEER), Dialog(_PEER))),
    p.Estimate(1, 2, 3, 4, 5),
    p.MessagesCounted(-5, {0: 7, 1: 2}),
)


def _payload(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _reframe(data: bytearray, rng: Random) -> bytearray:
    """The length says what follows, as it would of a sender that knows how to frame."""
    return bytearray(_payload(bytes(data[4:])))


def _unpacked(data: bytearray, rng: Random) -> bytearray:
    """The message taken apart, one of its values exchanged, and put together again."""
    try:
        whole = msgspec.msgpack.decode(bytes(data[4:]))
    except (ValueError, RecursionError):  # what happened to it before
        return data
    place: Any = whole
    while isinstance(place, dict | list) and place:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = rng.choice(keys)
        if not isinstance(place[key], dict | list) or rng.random() < 0.3:
            place[key] = _thing(rng)
            break
        place = place[key]
    with contextlib.suppress(RecursionError):
        return bytearray(_payload(msgspec.msgpack.encode(whole)))
    return data


def _thing(rng: Random) -> Any:
    size = rng.choice((0, 1, 100, 10_000))
    made: Any = rng.choice(
        (None, True, -1, 2**63, 2**64 - 1, -(2**63), *DOUBLES, "", "x" * size, b"\xff" * size, [None] * size, "Attach")
    )
    for _ in range(rng.choice((0, 0, 0, 1, 5, 100, 1500))):
        made = rng.choice(([made], {"type": made}))
    return made


def _heads(data: bytearray, rng: Random) -> bytearray:
    """A head of msgpack that promises very much, or nests."""
    at = rng.randrange(4, len(data) + 1) if len(data) > 4 else len(data)
    big = rng.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00\x0f\xff\xff"))
    heads = (b"\xdd" + big, b"\xdf" + big, b"\xdb" + big, b"\xc6" + big, b"\xc9" + big + b"\x05", b"\xdc\xff\xff")
    nests = (b"\x91", b"\x81\xa1a", b"\x81\xa4type", b"\x82\xa3seq\x01\xa7command")
    data[at:at] = rng.choice((*heads, rng.choice(nests) * rng.choice((10, 500, 2000, 100_000))))
    return _reframe(data, rng)


_WAYS: tuple[Break, ...] = (*PLAIN, _reframe, _reframe, _unpacked, _unpacked, _unpacked, _heads)


class Control:
    """Reads each input from both sides."""

    name = "control protocol"

    def seeds(self) -> list[bytes]:
        """Frames of both directions."""
        return [
            *(frame(p.ClientFrame(number, command)) for number, command in enumerate(_COMMANDS, 1)),
            *(frame(p.ServerFrame(number, body)) for number, body in enumerate(_BODIES)),
        ]

    def open(self, folder: Path) -> None:
        """A service without an api id: it talks to nobody but its clients."""
        self._runner = asyncio.Runner()
        self._taken = 0
        self._paths = Paths.resolve(home=folder)
        self._paths.ensure()
        self._runner.run(self._begin())

    async def _begin(self) -> None:
        self._service = Service(self._paths, environ={}, idle_exit_s=1e9)
        self._serving = asyncio.create_task(self._service.serve())
        while not self._paths.socket.exists():  # it is there after the task's first step
            await asyncio.sleep(0)

    def make(self, seeds: Sequence[bytes], rng: Random) -> bytes:
        """One broken frame, or some in a row."""
        one = broken(seeds, rng, _WAYS)
        return one + broken(seeds, rng, _WAYS) if rng.random() < 0.1 else one

    def take(self, data: bytes) -> bool:
        """Read it. Documented: None at the end, TobsError PROTOCOL."""
        self._taken += 1
        return self._runner.run(self._take(data))

    async def _take(self, data: bytes) -> bool:
        read = [await _read(data, _CLIENT, MAX_COMMAND), await _read(data, _SERVER, p.MAX_FRAME)]
        if self._taken % SERVICE_EVERY == 1:
            await self._served(data)
        return any(read)

    async def _served(self, data: bytes) -> None:
        """Say it to the service, which then still answers others."""
        if b"Shutdown" in data:
            return
        reader, writer = await asyncio.open_unix_connection(str(self._paths.socket))
        with contextlib.suppress(ConnectionError):
            writer.write(data)
            writer.write_eof()
            await reader.read()
            writer.close()
        client = await ServiceClient.connect(self._paths.socket)
        await client.ask(p.ListRuns(), p.Runs)
        await client.close()

    def close(self) -> None:
        """End the service."""
        self._service.stop()
        self._runner.run(self._ended())
        self._runner.close()

    async def _ended(self) -> None:
        await self._serving


async def _read(data: bytes, decoder: msgspec.msgpack.Decoder[Any], limit: int) -> bool:
    """Whether at least the first frame was read."""
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    count = 0
    try:
        while await read_frame(reader, decoder, limit) is not None:
            count += 1
    except TobsError:
        return False
    return count > 0
