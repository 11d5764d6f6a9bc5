"""One connection to a data centre: made when it is first needed, watched, and made anew when it was cut."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import secrets
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from traceback import clear_frames
from typing import Any

from telethon.crypto import AuthKey
from telethon.errors import AuthKeyNotFound, InvalidBufferError, InvalidChecksumError, RPCError, SecurityError
from telethon.network import MTProtoSender
from telethon.tl import TLRequest
from telethon.tl.functions import InvokeWithoutUpdatesRequest, PingRequest

from tobs_tui.model.run import ConnectionRow, ConnectionState
from tobs_tui.telegram.page import PageUnreadable
from tobs_tui.telegram.refusals import Refusal, refusal_of
from tobs_tui.telegram.slow_reader import Effort, SlowReader
from tobs_tui.telegram.tally import CUT, SILENT, LinkStats, method_name
from tobs_tui.telegram.tl_readers import BROKEN
from tobs_tui.telegram.wire import FileConnection, MainConnection, read_strictly

CONNECT_TIMEOUT_S = 10
REQUEST_TIMEOUT_S = 60
PING_EVERY_S = 45.0
BUSY_PING_EVERY_S = 15.0
"""While requests wait for answers: a connection that died in silence must not hold them up for a minute."""
READS_OF_ANSWER = 2_000_000
"""Values that an answer other than a page may hold: some ten thousand of the largest users."""
SMOOTHING = 0.1
"""The weight of the newest answer's time in the average."""
KEY_RETRIES = 4
"""Telethon computes about one new key in 200 wrongly (it drops leading zeros), notices, and has to begin again."""
PING_TIMEOUT_S = 10.0


class _Loggers(dict[str, logging.Logger]):
    """Telethon asks for a logger a module. All are silenced: whatever matters reaches the caller as an exception."""

    def __missing__(self, key: str) -> logging.Logger:
        logger = self[key] = logging.getLogger(f"tobs_tui.telethon.{key}")
        logger.setLevel(logging.CRITICAL + 1)
        return logger


class _Sink:
    """Stands in for the queue that a sender puts updates in, which would grow for ever without a reader."""

    def __init__(self, on_update: Callable[[Any], None]) -> None:
        self.put_nowait = on_update


class Envelope(TLRequest):  # type: ignore[misc]  # telethon has no types
    """A request ready to be sent. With `raw`, its answer is the undecoded TL bytes.

    Telethon reads an answer with the outermost request's `read_result`; a wrapper (without updates, takeout) would hide
    the inner one's. The envelope stands outside every wrapper and knows the `query` that the answer belongs to.
    """

    def __init__(self, query: TLRequest, wrapped: TLRequest, *, raw: bool = False) -> None:
        self.query = query
        self._wrapped = wrapped
        self._raw = raw

    def _bytes(self) -> bytes:
        return bytes(self._wrapped._bytes())

    def read_result(self, reader: Any) -> Any:
        """The answer: bytes or TL objects. Raises Refusal ANSWER_UNREADABLE for what the schema does not have."""
        raw = bytes(reader.read())
        if self._raw:
            return raw
        try:
            return self.query.read_result(SlowReader(raw, Effort(READS_OF_ANSWER)))
        except (PageUnreadable, *BROKEN) as error:
            clear_frames(error.__traceback__)
            raise Refusal("ANSWER_UNREADABLE", 400) from error

    def to_dict(self) -> dict[str, Any]:
        """For Telethon's own messages only."""
        return {"_": type(self.query).__name__}


def without_updates(request: TLRequest) -> TLRequest:
    """The request, marked so that Telegram sends no updates to the connection that it goes over."""
    return InvokeWithoutUpdatesRequest(request)


class Line:
    """A connection that many requests share; Telegram answers them in any order.

    `where` gives the address at the moment of connecting, `key` the key or None, `hello` the first request (layer and
    client facts; None where each request brings these along), `on_hello` takes its answer. A new key is made `within` a
    context, in which the process trusts the keys of the data centre. `on_key` is told a newly made key, `on_change(True
    | False, reason)` when a connection was made or broke by itself. Telethon's sender is used for one connection only,
    never reconnected: its own reconnecting can leave requests waiting for ever.
    """

    def __init__(
        self,
        dc: int,
        *,
        name: str,
        where: Callable[[int], tuple[str, int]],
        key: Callable[[int], bytes | None],
        on_key: Callable[[int, bytes], None],
        hello: Callable[[], Envelope] | None,
        on_hello: Callable[[Any], None],
        on_change: Callable[[Line, bool, str], None],
        on_update: Callable[[Any], None],
        stats: LinkStats,
        within: Callable[[], AbstractAsyncContextManager[None]] = contextlib.nullcontext,
        files: bool = False,
    ) -> None:
        self.dc = dc
        self.name = name
        self.latency_ms = -1.0
        self._requests = 0
        self._connects = 0
        self.answer_s = 0.0  # smoothed time from request to answer
        self.best_s = math.inf  # the quickest answer
        self._where = where
        self._key = key
        self._on_key = on_key
        self._hello = hello
        self._on_hello = on_hello
        self._on_change = on_change
        self._within = within
        self._transport = FileConnection if files else MainConnection
        self._stats = stats
        self._sink = _Sink(on_update)
        self._sender: MTProtoSender | None = None
        self._lock = asyncio.Lock()
        self._outstanding: set[asyncio.Future[Any]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._load = 0
        self._closed = False

    @property
    def load(self) -> int:
        """Requests in flight, those that wait for the connection included."""
        return self._load

    @property
    def connected(self) -> bool:
        """Whether requests can go out at once."""
        return self._sender is not None and bool(self._sender.is_connected())

    async def send(self, request: Envelope) -> Any:
        """The answer. Raises OSError or TimeoutError when the connection fails, `Refusal` when Telegram does."""
        self._load += 1
        try:
            sender = await self._ready()
            self._requests += 1
            began = time.monotonic()
            answer = await self._answer(sender, request, REQUEST_TIMEOUT_S)
            self._timed(time.monotonic() - began)
            return answer
        finally:
            self._load -= 1

    def _timed(self, seconds: float) -> None:
        self.best_s = min(self.best_s, seconds)
        self.answer_s = seconds if not self.answer_s else self.answer_s + SMOOTHING * (seconds - self.answer_s)

    def figures(self) -> ConnectionRow:
        """The connection as it stands now."""
        state = ConnectionState.OPEN if self.connected else ConnectionState.LOST
        if self._lock.locked():
            state = ConnectionState.CONNECTING
        return ConnectionRow(
            id=self.name,
            dc=self.dc,
            state=state,
            requests=self._requests,
            in_flight=self._load,
            latency_ms=round(self.latency_ms, 1),
            answer_ms=round(self.answer_s * 1000, 1) if self.answer_s else -1.0,
            reconnects=max(0, self._connects - 1),
        )

    async def open(self) -> None:
        """Connect now. Raises as `send`."""
        await self._ready()

    def bar(self) -> None:
        """Take no further request: `send` raises ConnectionError from now on."""
        self._closed = True

    async def close(self) -> None:
        """Cut the connection; requests in flight fail. It does not open again."""
        self._closed = True
        async with self._lock:
            await self._drop()

    async def drop(self) -> None:
        """Cut the connection; the next request makes a new one."""
        async with self._lock:
            await self._drop()

    async def _drop(self) -> None:
        sender, self._sender = self._sender, None
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        if sender is not None:
            await sender.disconnect()
        self._fail_outstanding("the connection was closed")

    def _fail_outstanding(self, reason: str) -> None:
        for future in list(self._outstanding):
            if not future.done():
                future.set_exception(ConnectionError(reason))

    async def _ready(self) -> MTProtoSender:
        if not self._closed and self._sender is not None and self._sender.is_connected():
            return self._sender
        async with self._lock:
            self._require_open()
            if self._sender is not None and self._sender.is_connected():
                return self._sender
            await self._drop()
            self._sender = await self._connect()
            self._require_open()  # it may have been barred meanwhile
            return self._sender

    def _require_open(self) -> None:
        if self._closed:
            raise ConnectionError("the connection was closed")

    async def _connect(self) -> MTProtoSender:
        loggers = _Loggers()
        key = self._key(self.dc)
        sender = MTProtoSender(
            AuthKey(key) if key else None,
            loggers=loggers,
            retries=KEY_RETRIES,
            delay=0,
            auto_reconnect=False,
            connect_timeout=CONNECT_TIMEOUT_S,
            auth_key_callback=self._got_key,
            updates_queue=self._sink,
        )
        read_strictly(sender)
        host, port = self._where(self.dc)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S * 3):
                async with contextlib.nullcontext() if key else self._within():
                    transport = self._transport(host, port, self.dc, loggers=loggers)
                    transport.stats = self._stats
                    await self._greet(sender, transport)
                began = time.monotonic()
                self._require_open()
                if self._hello is not None:
                    self._requests += 1
                    self._on_hello(await self._answer(sender, self._hello(), CONNECT_TIMEOUT_S))
        except BaseException as error:
            await sender.disconnect()
            if isinstance(error, OSError | TimeoutError | EOFError):
                raise ConnectionError(f"no answer from {host}:{port}") from error
            raise
        if self._hello is not None:
            self.latency_ms = (time.monotonic() - began) * 1000
        self._connects += 1
        self._tasks = [asyncio.create_task(self._watch(sender)), asyncio.create_task(self._keep_alive(sender))]
        self._on_change(self, True, "")
        return sender

    async def _greet(self, sender: MTProtoSender, transport: Any) -> None:
        """Connect, and make a key where there is none. Raises OSError or TimeoutError, whatever the other side says."""
        try:
            await sender.connect(transport)
        except (AssertionError, SecurityError, *BROKEN) as error:  # how Telethon finds an answer to be nonsense
            raise ConnectionError("the key exchange failed") from error

    async def _got_key(self, key: AuthKey) -> None:
        if not self._closed:  # else it is for nobody, the session may have ended meanwhile
            self._on_key(self.dc, key.key)

    async def _answer(self, sender: MTProtoSender, request: Envelope, timeout: float) -> Any:
        """The answer, counted. Raises as `send`."""
        tally = self._stats.of(method_name(type(request.query)))
        tally.requests += 1
        began = time.monotonic()
        try:
            answer = await self._await(sender, request, timeout)
        except Refusal as refusal:
            tally.refusal(refusal.name)
            tally.answers += 1
            tally.seconds += time.monotonic() - began
            raise
        except (OSError, TimeoutError) as error:  # Python's timeouts are OSErrors as well
            tally.lost[SILENT if isinstance(error, TimeoutError) else CUT] += 1
            raise
        tally.answers += 1
        tally.seconds += time.monotonic() - began
        return answer

    async def _await(self, sender: MTProtoSender, request: Envelope, timeout: float) -> Any:
        future = sender.send(request)
        self._outstanding.add(future)
        try:
            async with asyncio.timeout(timeout):
                return await future
        except RPCError as error:
            raise refusal_of(error) from error
        except AuthKeyNotFound as error:
            raise Refusal("AUTH_KEY_NOT_FOUND", 404) from error
        except InvalidBufferError as error:
            # The transport's own error: 429 asks for fewer connections; anything else is noise on the line.
            raise ConnectionError(f"transport error {error.code}") from error
        except (EOFError, InvalidChecksumError) as error:
            # Telethon hands on what its reader met: the end of the stream, or noise on it.
            raise ConnectionError("the connection was cut") from error
        except TimeoutError as error:
            raise TimeoutError(f"no answer within {timeout:.0f} seconds") from error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if future.cancelled() and task is not None and not task.cancelling():
                # Telethon cancels what is in flight when a connection ends without an error of its own.
                raise ConnectionError("the connection was cut") from None
            raise
        finally:
            self._outstanding.discard(future)

    async def _watch(self, sender: MTProtoSender) -> None:
        reason = "the connection was cut"
        try:
            await sender.disconnected
        except EOFError:
            reason = "the other side closed it"
        except (OSError, AuthKeyNotFound, BufferError, InvalidChecksumError) as error:
            reason = str(error) or reason
        if self._sender is sender and not self._closed:
            self._fail_outstanding(reason)
            self._on_change(self, False, reason)

    async def _keep_alive(self, sender: MTProtoSender) -> None:
        pinged = time.monotonic()
        while sender.is_connected():
            await asyncio.sleep(BUSY_PING_EVERY_S)
            if not self._load and time.monotonic() - pinged < PING_EVERY_S:
                continue
            began = pinged = time.monotonic()
            try:
                async with asyncio.timeout(PING_TIMEOUT_S):
                    await sender.send(PingRequest(ping_id=secrets.randbits(62)))
            except TimeoutError:
                # Nothing came back: the network swallows packets without closing the connection.
                with contextlib.suppress(OSError):  # it may be gone already
                    await sender.disconnect()
                return
            except OSError:
                return
            self.latency_ms = (time.monotonic() - began) * 1000
