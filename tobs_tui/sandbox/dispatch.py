"""From a request's bytes to its answer's: unwraps the invoke-with wrappers, asks the handler, frames what it gives."""

from __future__ import annotations

import asyncio
import inspect
import logging
import struct
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import types

from tobs_tui.sandbox.accounts import ClientFacts
from tobs_tui.sandbox.faults import Fault
from tobs_tui.sandbox.rpc.registry import CDN_DC, CDN_METHODS, Answer, Call, PreparedAnswer, Route, RpcError, route_of
from tobs_tui.sandbox.wire import tl
from tobs_tui.sandbox.wire.layers import OLDER_LAYER, in_older_layer

if TYPE_CHECKING:
    from tobs_tui.sandbox.server import SandboxServer
    from tobs_tui.sandbox.wire.connection import Connection

log = logging.getLogger("tobs_tui.sandbox")

_GZIP_FROM_BYTES = 1024
_GZIP_LEVEL = 3  # answers that matter for speed come compressed already; these are small and few
_INCOMPRESSIBLE = (types.upload.File, types.upload.CdnFile, types.upload.WebFile)
_TRUE, _FALSE = tl.U32.pack(tl.BOOL_TRUE), tl.U32.pack(tl.BOOL_FALSE)


class Dispatcher:
    """Serves requests. `calls` counts them by method name, `gzipped_answers` those that went out compressed;
    `in_flight` are those that have come and are not answered, `most_in_flight` the most of them at once.
    """

    def __init__(self, server: SandboxServer) -> None:
        self._server = server
        self._running: set[asyncio.Task[None]] = set()
        self.calls: Counter[str] = Counter()
        self.in_flight: Counter[str] = Counter()
        self.most_in_flight: Counter[str] = Counter()
        self.gzipped_answers = 0

    def dispatch(self, connection: Connection, message_id: int, body: bytes) -> None:
        """Serve one request; its answer goes out on the same connection, sooner or later."""
        server = self._server
        assert connection.state is not None
        call = Call(server, server.world, connection.state, connection.dc)
        fault: Fault | None = None
        name = ""
        try:
            body, offset = self._unwrap(call, connection, body)
            route = self._route(call, tl.U32.unpack_from(body, offset)[0])
            name = route.name
            self._begin(name)
            if server.faults:
                fault = server.faults.take(route.name, connection.dc, body)
                if fault is not None and self._cut(connection, fault):
                    self.in_flight[name] -= 1
                    return
            self._admit(call, route)
            request = BinaryReader(body[offset:] if offset else body).tgread_object()
            if fault is not None:
                fault.shorten(request)
            answer = route.handler(call, request)
            if inspect.isawaitable(answer):
                task = asyncio.get_running_loop().create_task(self._finish(connection, message_id, answer, fault, name))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
                return
            raw = self._serialise(answer, call.state.layer)
        except Exception as error:  # the sandbox must survive any request and any handler  # noqa: BLE001
            raw = _error_answer(error)
        self._reply(connection, message_id, raw, fault, name)

    def _begin(self, name: str) -> None:
        """Count a request that has arrived."""
        self.calls[name] += 1
        self.in_flight[name] += 1
        self.most_in_flight[name] = max(self.most_in_flight[name], self.in_flight[name])

    def _cut(self, connection: Connection, fault: Fault) -> bool:
        """Whether the fault leaves the request without an answer. Raises `RpcError` when its answer is an error."""
        if fault.down_s:
            self._server.go_away(fault.down_s)
            return True
        if fault.disconnect:
            connection.abort()
            return True
        if fault.error is not None:
            if fault.error == "AUTH_KEY_DUPLICATED" and connection.state is not None:
                self._server.accounts.forget(connection.state.key_id)
            raise RpcError(fault.code, fault.error)
        return False

    async def _finish(
        self, connection: Connection, message_id: int, answer: Awaitable[Answer], fault: Fault | None, name: str
    ) -> None:
        try:
            raw = self._serialise(await answer, connection.state.layer if connection.state else None)
        except Exception as error:  # as in `dispatch`  # noqa: BLE001
            raw = _error_answer(error)
        self._reply(connection, message_id, raw, fault, name)

    def cancel(self) -> None:
        """Stop the handlers that are still at work."""
        for task in self._running:
            task.cancel()

    def _reply(self, connection: Connection, message_id: int, raw: bytes, fault: Fault | None, name: str) -> None:
        delay = self._server.latency_s
        send: Callable[[int, bytes], None] = connection.send_result
        if fault is not None:
            delay += fault.delay_s
            raw = fault.spoil(raw)
            send = partial(connection.send_troubled, fault)
        if delay > 0:
            asyncio.get_running_loop().call_later(delay, self._send, send, message_id, raw, name)
        else:
            self._send(send, message_id, raw, name)

    def _send(self, send: Callable[[int, bytes], None], message_id: int, raw: bytes, name: str) -> None:
        if name:
            self.in_flight[name] -= 1
        send(message_id, raw)

    @staticmethod
    def _route(call: Call, constructor: int) -> Route:
        route = route_of(constructor)
        if route is None:
            known = tl_object_name(constructor)
            log.warning("The sandbox does not serve %s", known)
            raise RpcError(400, f"INPUT_METHOD_INVALID_{constructor}" if known is None else "METHOD_NOT_SERVED")
        return route

    @staticmethod
    def _admit(call: Call, route: Route) -> None:
        """Refuse what another data centre is for, keys that never named their layer, strangers, and takeouts other
        than the running one."""
        if (call.dc == CDN_DC) != (route.name in CDN_METHODS):
            raise RpcError(400, "METHOD_INVALID")
        if call.state.layer is None and route.name != "auth.bindTempAuthKey":
            raise RpcError(400, "CONNECTION_NOT_INITED")
        if not route.open_to_strangers:
            call.user_id()
        if call.takeout_id is not None:
            takeout = call.server.accounts.takeout
            if takeout is None or takeout.id != call.takeout_id:
                raise RpcError(400, "TAKEOUT_INVALID")

    @staticmethod
    def _unwrap(call: Call, connection: Connection, body: bytes) -> tuple[bytes, int]:
        """Note what the wrappers say; give the bytes and the offset of the request inside."""
        offset = 0
        updates = True
        while True:
            constructor = tl.U32.unpack_from(body, offset)[0]
            if constructor == tl.INVOKE_WITH_TAKEOUT:
                call.takeout_id = tl.I64.unpack_from(body, offset + 4)[0]
                offset += 12
            elif constructor == tl.INVOKE_WITH_MESSAGES_RANGE:
                _, low, high = struct.unpack_from("<Iii", body, offset + 4)
                call.split_range = (low, high)
                offset += 16
            elif constructor == tl.INVOKE_WITHOUT_UPDATES:
                updates = False
                offset += 4
            elif constructor == tl.INVOKE_AFTER_MSG:  # handlers run in the order of arrival anyway
                offset += 12
            elif constructor == tl.INVOKE_AFTER_MSGS:
                offset += 12 + 8 * len(tl.long_vector(body, offset + 4))
            elif constructor == tl.INVOKE_WITH_LAYER:
                _note_layer(call, tl.I32.unpack_from(body, offset + 4)[0])
                offset += 8
            elif constructor == tl.INIT_CONNECTION:
                connection.wants_updates = updates
                offset = _note_client(call, body, offset + 4)
            elif constructor == tl.GZIP_PACKED:
                body, offset = tl.gunzip_packed(body, offset), 0
            else:
                return body, offset

    def _serialise(self, answer: Answer, layer: int | None) -> bytes:
        older = layer is not None and layer <= OLDER_LAYER
        if isinstance(answer, PreparedAnswer):
            self.gzipped_answers += answer.gzipped
            return in_older_layer(answer.raw) if older else answer.raw
        if isinstance(answer, bool):
            return _TRUE if answer else _FALSE
        if isinstance(answer, list):
            raw = b"".join((struct.pack("<Ii", tl.VECTOR, len(answer)), *map(bytes, answer)))
        else:
            raw = bytes(answer)
        if older:
            raw = in_older_layer(raw)
        if len(raw) >= _GZIP_FROM_BYTES and not isinstance(answer, _INCOMPRESSIBLE):
            packed = tl.gzip_packed(raw, _GZIP_LEVEL)
            if len(packed) < len(raw):
                self.gzipped_answers += 1
                return packed
        return raw


def tl_object_name(constructor: int) -> str | None:
    """The name of the TL class with this number in the layer that the sandbox speaks, or None."""
    from telethon.tl.alltlobjects import tlobjects

    known = tlobjects.get(constructor)
    return None if known is None else str(known.__name__)


def _note_layer(call: Call, layer: int) -> None:
    if call.state.layer != layer:
        call.state.layer = layer
        call.server.accounts.save()


def _note_client(call: Call, body: bytes, offset: int) -> int:
    """Read ``initConnection``'s fields from `offset`; give the offset of the request inside it."""
    reader = BinaryReader(body[offset:])
    flags, api_id = reader.read_int(), reader.read_int()
    device, system, version, _, _, language = (reader.tgread_string() for _ in range(6))
    for flag in (1, 2):  # the proxy in use, and JSON parameters
        if flags & flag:
            reader.tgread_object()
    facts = ClientFacts(api_id, device, system, version, language)
    if call.state.client != facts:
        call.state.client = facts
        call.server.accounts.save()
    return offset + int(reader.tell_position())


def _error_answer(error: Exception) -> bytes:
    if isinstance(error, RpcError):
        return tl.rpc_error(error.code, error.message)
    if isinstance(error, TypeNotFoundError | BufferError | struct.error):
        log.warning("A request could not be read: %s", error)
        return tl.rpc_error(400, "INPUT_REQUEST_INVALID")
    log.error("A handler failed", exc_info=error)
    return tl.rpc_error(500, "INTERNAL_SERVER_ERROR")
