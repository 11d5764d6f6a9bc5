"""One client's connection: packets in, messages out, and between them the auth key, the session and the salt.

https://core.telegram.org/mtproto/description. Answers that become ready in the same turn of the event loop leave
together, in one container and one packet, as Telegram's do.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from typing import TYPE_CHECKING, Any

from tobs_tui.sandbox.accounts import AuthKeyState
from tobs_tui.sandbox.faults import Damage, Fault, flipped
from tobs_tui.sandbox.wire import tl
from tobs_tui.sandbox.wire.cipher import CipherError, decrypt_message, encrypt_message
from tobs_tui.sandbox.wire.handshake import Handshake, HandshakeError
from tobs_tui.sandbox.wire.service import SERVICE_MESSAGES
from tobs_tui.sandbox.wire.transports import Transport, TransportError

if TYPE_CHECKING:
    from tobs_tui.sandbox.server import SandboxServer

log = logging.getLogger("tobs_tui.sandbox")

_ENVELOPE = struct.Struct("<qqqii")  # salt, session, message id, sequence number, length
_INNER = struct.Struct("<qii")  # message id, sequence number, length
_PLAIN = struct.Struct("<qqi")  # zero, message id, length

_TOO_OLD_S = 300
_TOO_NEW_S = 30
_ID_TOO_LOW, _ID_TOO_HIGH, _ID_NOT_A_CLIENTS, _BAD_CONTAINER = 16, 17, 18, 64
_BAD_SALT = 48
_REMEMBERED_IDS = 1024
_MAX_CONTAINER_BYTES = 512 * 1024
_MAX_CONTAINER_MESSAGES = 100
_KEPT_BACK_S = 1.0
_SET_BACK = 10 << 32
"""In message ids: a last one that is so far in the future was given by a clock that went wrong."""


class Session:
    """A client's session under its auth key: which messages it sent, and the numbering of what it is sent."""

    __slots__ = ("_last_id", "_seen", "_sent", "id")

    def __init__(self, session_id: int) -> None:
        self.id = session_id
        self._last_id = 0
        self._sent = 0
        self._seen: dict[int, None] = {}

    def first_time(self, message_id: int) -> bool:
        """Whether the message is new; it is remembered, so that a repetition is not served twice."""
        if message_id in self._seen:
            return False
        self._seen[message_id] = None
        if len(self._seen) > _REMEMBERED_IDS:
            del self._seen[next(iter(self._seen))]
        return True

    def has_seen(self, message_id: int) -> bool:
        """Whether the message arrived not too long ago."""
        return message_id in self._seen

    def next_id(self, is_reply: bool, seconds: float) -> int:
        """A message id for the server's next message, at a time in seconds since 1970: growing, unless the server's
        clock was set back; 1 mod 4 for replies and 3 for the rest."""
        now = int(seconds * 4294967296) & ~3
        if now <= self._last_id and self._last_id - now < _SET_BACK:
            now = self._last_id + 4
        self._last_id = now
        return now | (1 if is_reply else 3)

    def next_number(self, content_related: bool) -> int:
        """The sequence number of the server's next message."""
        number = self._sent * 2
        if content_related:
            self._sent += 1
            return number + 1
        return number


class _KeptBack:
    """An answer that waits until `wanted` others have overtaken it."""

    __slots__ = ("answer", "overtaken", "request_id", "wanted")

    def __init__(self, request_id: int, answer: bytes, wanted: int) -> None:
        self.request_id = request_id
        self.answer = answer
        self.wanted = wanted
        self.overtaken = 0


class Connection(asyncio.Protocol):
    """A client's TCP connection to one data centre.

    `state` is its auth key once a message under one has arrived, `session` the session of the latest; `wants_updates`
    is false after an ``initConnection`` inside ``invokeWithoutUpdates``.
    """

    def __init__(self, server: SandboxServer, dc: int) -> None:
        self.server = server
        self.dc = dc
        self.state: AuthKeyState | None = None
        self.session: Session | None = None
        self.wants_updates = True
        self._key_id = b""
        self._socket: asyncio.Transport | None = None
        self._transport = Transport()
        self._handshake: Handshake | None = None
        self._outbox: list[tuple[bytes, bool, bool]] = []
        self._hang_up: asyncio.TimerHandle | None = None
        self._kept_back: list[_KeptBack] = []
        self._damage: Damage | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "writelines")
        self._socket = transport  # type: ignore[assignment]  # uvloop's class is no asyncio.Transport
        self.server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        self._socket = None
        self._outbox.clear()
        self.server.connections.discard(self)
        if self._hang_up is not None:
            self._hang_up.cancel()

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        try:
            for packet in self._transport.receive(bytes(data)):
                self._packet(packet)
        except (TransportError, CipherError, ValueError, struct.error, IndexError) as error:
            log.warning("A client was cut off: %s", error)
            self.close()

    def close(self) -> None:
        """Hang up; what was sent before still goes out."""
        if self._socket is not None:
            self._flush()
            self._socket.close()

    def abort(self) -> None:
        """Cut the connection, as a failing network does."""
        if self._socket is not None:
            self._socket.abort()

    def hang_up_after(self, seconds: int) -> None:
        """Hang up unless this is called again within `seconds`."""
        if self._hang_up is not None:
            self._hang_up.cancel()
        self._hang_up = asyncio.get_running_loop().call_later(seconds, self.close)

    # Incoming

    def _packet(self, packet: bytes) -> None:
        if len(packet) < 24:
            raise TransportError(f"a packet of {len(packet)} bytes")
        if packet[:8] == bytes(8):
            self._plain(packet)
        else:
            self._encrypted(packet)

    def _plain(self, packet: bytes) -> None:
        _, _, length = _PLAIN.unpack_from(packet)
        if self._handshake is None:
            self._handshake = Handshake(self.server.key_of(self.dc), self.dc, self.server.time)
        try:
            answer = self._handshake.step(packet[20 : 20 + length])
        except HandshakeError as error:
            log.warning("A key exchange failed: %s", error)
            self._transport_error(error.code)
            return
        made = self._handshake.new_key
        if made is not None:
            self.server.accounts.add_key(made.key, self.dc, made.salt, made.expires_in)
            self._handshake = None
        self._write(_PLAIN.pack(0, Session(0).next_id(True, self.server.time()), len(answer)) + answer)

    def _encrypted(self, packet: bytes) -> None:
        state = self.server.accounts.key(tl.I64.unpack_from(packet)[0], self.dc)
        if state is None:
            self._transport_error(404)
            return
        self.state = state
        self._key_id = packet[:8]
        plain = decrypt_message(state.key, packet)
        salt, session_id, message_id, number, length = _ENVELOPE.unpack_from(plain)
        if not 0 <= length <= len(plain) - 32:
            raise TransportError("a message longer than its packet")
        if self.session is None or self.session.id != session_id:
            self._flush()
            self.session, is_new = self.server.session(state.key_id, session_id)
        else:
            is_new = False
        if (fault := self._id_fault(message_id)) is not None:
            self._notify(message_id, number, fault)
            return
        if salt != state.salt:
            bad_salt = struct.pack("<IqiiQ", tl.BAD_SERVER_SALT, message_id, number, _BAD_SALT, state.salt % 2**64)
            self.send(bad_salt, content_related=False)
            if is_new:
                self.server.forget_session(state.key_id, session_id)
                self._flush()
                self.session = None
            return
        if is_new:
            created = struct.pack("<IqqQ", tl.NEW_SESSION_CREATED, message_id, session_id, state.salt % 2**64)
            self.send(created, content_related=True, is_reply=False)
        self._message(message_id, number, plain[32 : 32 + length])

    def _id_fault(self, message_id: int) -> int | None:
        if message_id & 3:
            return _ID_NOT_A_CLIENTS
        age = self.server.time() - (message_id >> 32)
        if age > _TOO_OLD_S:
            return _ID_TOO_LOW
        return _ID_TOO_HIGH if age < -_TOO_NEW_S else None

    def _notify(self, message_id: int, number: int, fault: int) -> None:
        self.send(struct.pack("<Iqii", tl.BAD_MSG_NOTIFICATION, message_id, number, fault), content_related=False)

    def _message(self, message_id: int, number: int, body: bytes, contained: bool = False) -> None:
        constructor = tl.U32.unpack_from(body)[0]
        if constructor == tl.GZIP_PACKED:
            body = tl.gunzip_packed(body)
            constructor = tl.U32.unpack_from(body)[0]
        if constructor == tl.MSG_CONTAINER:
            if contained:
                self._notify(message_id, number, _BAD_CONTAINER)
            else:
                self._container(message_id, number, body)
            return
        assert self.session is not None
        if not self.session.first_time(message_id):
            return
        service = SERVICE_MESSAGES.get(constructor)
        if service is not None:
            service(self, message_id, body)
        else:
            self.server.dispatcher.dispatch(self, message_id, body)

    def _container(self, message_id: int, number: int, body: bytes) -> None:
        count = tl.I32.unpack_from(body, 4)[0]
        if not 0 <= count <= 1024:
            self._notify(message_id, number, _BAD_CONTAINER)
            return
        self.server.containers_in += 1
        offset = 8
        for _ in range(count):
            inner_id, inner_number, length = _INNER.unpack_from(body, offset)
            offset += 16
            self._message(inner_id, inner_number, body[offset : offset + length], contained=True)
            offset += length

    # Outgoing

    def send(self, body: bytes, *, content_related: bool, is_reply: bool = True) -> None:
        """Queue a message; it leaves at the end of this turn of the event loop, together with its neighbours."""
        if self._socket is None:
            return
        if not self._outbox:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outbox.append((body, content_related, is_reply))

    def send_result(self, request_id: int, answer: bytes) -> None:
        """Answer the request that came as message `request_id`."""
        self.send(tl.rpc_result(request_id, answer), content_related=True)
        for each in self._kept_back[:]:
            each.overtaken += 1
            if each.overtaken == each.wanted:
                self._let_go(each)

    def send_troubled(self, fault: Fault, request_id: int, answer: bytes) -> None:
        """As `send_result`, with what the fault does on the way."""
        if fault.behind:
            each = _KeptBack(request_id, answer, fault.behind)
            self._kept_back.append(each)
            asyncio.get_running_loop().call_later(_KEPT_BACK_S, self._let_go, each)
            return
        self._flush()  # what waits to leave with it is none of the fault's business
        self._damage = fault.damage
        self.send_result(request_id, answer)
        self._flush()
        self._damage = None
        if fault.duplicate:
            self.send_result(request_id, answer)

    def _let_go(self, each: _KeptBack) -> None:
        if each in self._kept_back:
            self._kept_back.remove(each)
            self.send_result(each.request_id, each.answer)

    def send_update(self, updates: Any) -> None:
        """Push an ``Updates`` object that nobody asked for."""
        self.send(bytes(updates), content_related=True, is_reply=False)

    def _flush(self) -> None:
        outbox = self._outbox
        if not outbox or self._socket is None or self.session is None or self.state is None:
            return
        self._outbox = []
        start = 0
        while start < len(outbox):
            size = len(outbox[start][0])
            end = start + 1
            while end < len(outbox) and end - start < _MAX_CONTAINER_MESSAGES:
                size += len(outbox[end][0]) + 16
                if size > _MAX_CONTAINER_BYTES:
                    break
                end += 1
            self._send_now(self.state, self.session, outbox[start:end])
            start = end

    def _send_now(self, state: AuthKeyState, session: Session, batch: list[tuple[bytes, bool, bool]]) -> None:
        now = self.server.time()
        if len(batch) == 1:
            body, related, is_reply = batch[0]
            message_id, number = session.next_id(is_reply, now), session.next_number(related)
        else:
            self.server.containers_out += 1
            pieces = [struct.pack("<Ii", tl.MSG_CONTAINER, len(batch))]
            for each, related, is_reply in batch:
                head = _INNER.pack(session.next_id(is_reply, now), session.next_number(related), len(each))
                pieces += (head, each)
            body = b"".join(pieces)
            message_id, number = session.next_id(True, now), session.next_number(content_related=False)
        plain = _ENVELOPE.pack(state.salt, session.id, message_id, number, len(body)) + body
        self._write(encrypt_message(state.key, self._key_id, plain))

    def _transport_error(self, code: int) -> None:
        """Tell the client on the transport's own level, in four bytes, and hang up."""
        self._write(tl.I32.pack(-code))
        self.close()

    def _write(self, packet: bytes) -> None:
        if self._socket is None:
            return
        if self._damage is None:
            self._socket.writelines(self._transport.frame(packet))
            return
        framed = b"".join(self._transport.frame(flipped(packet) if self._damage is Damage.CIPHER else packet))
        if self._damage is Damage.HALF:
            self._socket.write(framed[: len(framed) // 2])
            self._socket.close()
        else:
            self._socket.write(flipped(framed) if self._damage is Damage.FRAME else framed)
