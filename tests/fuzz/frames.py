"""The frame decoder: packets of MTProto as they come from the network, down to what a request gets for an answer.

A real `Line` sends a request over a connection in memory; a server that knows the key answers with the input. An input
is a byte that says how far it is dressed up as something real, and what is to be dressed: the raw stream; a packet's
content; a message to be encrypted (with a time and session that are right), alone, in a container or compressed; or
the answers of a key exchange.
"""

from __future__ import annotations

import asyncio
import struct
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from telethon.crypto import AuthKey
from telethon.tl import functions, types

from tests.fuzz.mutate import TlBreaks, broken
from tests.fuzz.pages import breaks, packed_oddly, page_seeds
from tobs_tui.sandbox.wire.cipher import decrypt_message, encrypt_message
from tobs_tui.sandbox.wire.tl import MSG_CONTAINER, RPC_RESULT, rpc_error, rpc_result
from tobs_tui.telegram.line import Envelope, Line
from tobs_tui.telegram.refusals import Refusal, error_of
from tobs_tui.telegram.tally import LinkStats
from tobs_tui.telegram.wire import FileConnection, MainConnection

KEY = bytes(range(256))
STREAM, PACKET, PLAIN, MESSAGE, CONTAINER, ANSWER, PACKED_ANSWER, EXCHANGE = range(8)
SESSION, REQUEST = b"*SESSION", b"*REQUEST"
"""Stand for numbers that are made anew for each connection."""
_QUERIES: tuple[Callable[[], Any], ...] = (
    lambda: functions.messages.GetHistoryRequest(types.InputPeerSelf(), 0, None, 0, 100, 0, 0, 0),
    lambda: functions.messages.GetDialogsRequest(None, 0, types.InputPeerEmpty(), 100, 0),
    functions.help.GetConfigRequest,
    lambda: functions.users.GetUsersRequest([types.InputUserSelf()]),
    lambda: functions.upload.GetFileRequest(types.InputDocumentFileLocation(1, 2, b"", ""), 0, 1 << 20),
)


class Wire:
    """Stands for a socket: the server's part is played when something is written."""

    def __init__(self, given: bytes, files: bool) -> None:
        self.reader = asyncio.StreamReader()
        self._data, self._files = given, files
        self._sent = bytearray()
        self._done = False

    def write(self, data: bytes) -> None:
        """From the client."""
        self._sent += data
        if self._done:
            return
        way = self._data[0] % 8 if self._data else STREAM
        rest = self._data[1:]
        if way == STREAM:
            self._end(rest)
        elif way == PACKET:
            self._end(self._framed(rest))
        elif (packet := self._packet()) is not None:
            if way == EXCHANGE or packet[:8] == bytes(8):
                self._end(self._framed(struct.pack("<qqi", 0, 4 * int(time.time()) + 1, len(rest)) + rest))
            else:
                self._answer(way, rest, decrypt_message(KEY, packet))

    def _packet(self) -> bytes | None:
        """The first packet of what was sent, once it is whole."""
        head = (4, 4) if self._files else (0, 8)  # a tag comes first; a number stands behind the length
        if len(self._sent) < sum(head):
            return None
        (length,) = struct.unpack_from("<i", self._sent, head[0])
        end = head[0] + length + (4 if self._files else 0)
        return bytes(self._sent[sum(head) : end if self._files else end - 4]) if len(self._sent) >= end else None

    def _answer(self, way: int, rest: bytes, asked: bytes) -> None:
        """Answer the request in the plain bytes `asked`."""
        session, request = asked[8:16], asked[16:24]
        rest = rest.replace(SESSION, session).replace(REQUEST, request)
        now = int(time.time()) << 32
        if way == PLAIN:
            plain = rest
        else:
            if way in (ANSWER, PACKED_ANSWER):
                body = rpc_result(int.from_bytes(request, "little", signed=True), rest)
                if way == PACKED_ANSWER:
                    body = packed_oddly(body, Random(len(rest)))
            elif way == CONTAINER:
                body = struct.pack("<Ii", MSG_CONTAINER, 1 + rest.count(request))
                body += struct.pack("<qii", now | 5, 1, len(rest)) + rest
            else:
                body = rest
            plain = struct.pack("<q", 0) + session + struct.pack("<qii", now | 1, 1, len(body)) + body
        key_id = struct.pack("<Q", AuthKey(KEY).key_id)
        self._end(self._framed(encrypt_message(KEY, key_id, plain)))

    def _framed(self, body: bytes) -> bytes:
        if self._files:
            return struct.pack("<i", len(body)) + body
        head = struct.pack("<ii", len(body) + 12, 0)
        return head + body + struct.pack("<I", zlib.crc32(head + body))

    def _end(self, data: bytes) -> None:
        self._done = True
        self.reader.feed_data(data)
        self.reader.feed_eof()

    async def drain(self) -> None:
        """It is all sent."""

    def close(self) -> None:
        """Nothing is open."""

    async def wait_closed(self) -> None:
        """Nothing is open."""

    def get_extra_info(self, _: str) -> None:
        """It has no socket."""


def _over(kind: Any, wire: Wire) -> Any:
    """A transport of this kind over the wire."""

    class Over(kind):  # type: ignore[misc]
        async def _connect(self, timeout: float | None = None, ssl: object = None) -> None:
            self._reader, self._writer = wire.reader, wire
            self._codec = self.packet_codec(self)
            self._init_conn()

    return Over


class Frames:
    """Has a line ask for something, and answers with the input."""

    name = "frame decoder"

    def seeds(self) -> list[bytes]:
        """Answers and messages of all sorts."""
        answers = [*page_seeds(2)[::8], *page_seeds(60)[::40]]
        answers += [
            bytes(types.upload.File(types.storage.FileJpeg(), 5, bytes(range(256)) * size)) for size in (4, 320)
        ]
        answers.append(rpc_error(420, "FLOOD_WAIT_17"))
        answers.append(rpc_error(400, "NONSENSE_" + "9" * 30 + "\x1b[2J"))
        answers.append(bytes(types.messages.DialogsSlice(2, [], [], [], [])))
        services = [
            bytes(types.Pong(7, 8)),
            bytes(types.BadServerSalt(5, 1, 48, 9)),
            bytes(types.BadMsgNotification(5, 1, 16)),
            bytes(types.NewSessionCreated(5, 6, 7)),
            bytes(types.MsgsAck([1, 2, 3])),
            bytes(types.MsgNewDetailedInfo(1, 2, 3)),
            bytes(types.UpdateShort(types.UpdateLoginToken(), None)),
            struct.pack("<I", RPC_RESULT) + REQUEST + answers[0],
        ]
        exchange = bytes(types.ResPQ(1, 2, b"\x17\xed\x48\x94\x1a\x08\xf9\x81", [3, 4]))
        plain = bytes(8) + SESSION + struct.pack("<qii", int(time.time()) << 32 | 1, 1, 20) + services[0]
        made = [bytes((ANSWER,)) + one for one in answers] + [bytes((PACKED_ANSWER,)) + one for one in answers]
        made += [bytes((way,)) + one for one in services for way in (MESSAGE, CONTAINER)]
        made += [bytes((EXCHANGE,)) + exchange, bytes((PLAIN,)) + plain]
        made += [bytes((PACKET,)) + bytes.fromhex("6cfeffff"), bytes((PACKET,)) + bytes(40)]
        made += [
            bytes((STREAM,)) + struct.pack("<iii", -429, -429, -429),
            bytes((STREAM,)) + b"HTTP/1.1 400 Bad\r\n\r\n",
        ]
        return made

    def open(self, folder: Path) -> None:
        """One loop for all connections."""
        self._runner = asyncio.Runner()
        self._breaks: TlBreaks = breaks()
        self._runner.get_loop().set_exception_handler(self._unheard)
        self._stray: list[BaseException] = []

    def _unheard(self, _loop: Any, context: dict[str, Any]) -> None:
        """What nobody waits for may be the connection's end, and nothing else."""
        error = context.get("exception")
        if error is not None and not isinstance(error, OSError | TimeoutError | EOFError | BufferError):
            self._stray.append(error)

    def make(self, seeds: Sequence[bytes], rng: Random) -> bytes:
        """A broken answer; how it is dressed changes now and then."""
        data = broken([one[1:] for one in seeds], rng, self._breaks.ways) if rng.random() < 0.2 else b""
        way = rng.choice((ANSWER, ANSWER, PACKED_ANSWER, MESSAGE, MESSAGE, CONTAINER, PLAIN, PACKET, STREAM, EXCHANGE))
        if not data:
            whole = rng.choice(seeds)
            way, data = whole[0], broken([whole[1:]], rng, self._breaks.ways)
        if rng.random() < 0.05:
            data = packed_oddly(data, rng)
        return bytes((way,)) + data

    def take(self, data: bytes) -> bool:
        """Ask. Documented: OSError and TimeoutError for the connection, Refusal for Telegram's own errors."""
        self._stray.clear()
        accepted = self._runner.run(self._take(data))
        if self._stray:
            raise self._stray[0]
        return accepted

    async def _take(self, data: bytes) -> bool:
        place = sum(data[:64])
        query = _QUERIES[place % len(_QUERIES)]()
        files = place % 7 == 0
        key = None if data[:1] and data[0] % 8 == EXCHANGE else KEY
        line = Line(
            2,
            name="",
            stats=LinkStats(),
            where=lambda _: ("in memory", 0),
            key=lambda _: key,
            on_key=lambda _, __: None,
            hello=None,
            on_hello=lambda _: None,
            on_change=lambda *_: None,
            on_update=lambda _: None,
            files=files,
        )
        line._transport = _over(FileConnection if files else MainConnection, Wire(data, files))
        try:
            await line.send(Envelope(query, query, raw=place % 2 == 0))
        except (OSError, TimeoutError):
            return False
        except Refusal as refusal:
            str(error_of(refusal, method="x"))
            return False
        finally:
            await line.close()
        return True

    def close(self) -> None:
        """Let the loop go."""
        self._runner.close()
