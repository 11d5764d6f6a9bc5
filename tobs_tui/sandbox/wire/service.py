"""MTProto's service messages: pings, acknowledgements, salts and sessions, answered without any handler.

https://core.telegram.org/mtproto/service_messages. Acknowledgements need no answer here: on loopback nothing is lost
that the client would not ask for again.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tobs_tui.sandbox.wire import tl

if TYPE_CHECKING:
    from tobs_tui.sandbox.wire.connection import Connection

_SALT_LIFETIME_S = 30 * 60
_UNKNOWN, _RECEIVED = 1, 4  # https://core.telegram.org/mtproto/service_messages_about_messages


def _ping(connection: Connection, message_id: int, body: bytes) -> None:
    ping_id = tl.I64.unpack_from(body, 4)[0]
    connection.send(struct.pack("<Iqq", tl.PONG, message_id, ping_id), content_related=False)


def _ping_delay_disconnect(connection: Connection, message_id: int, body: bytes) -> None:
    _ping(connection, message_id, body)
    connection.hang_up_after(tl.I32.unpack_from(body, 12)[0])


def _nothing_to_do(connection: Connection, message_id: int, body: bytes) -> None:
    """For messages that only inform: acknowledgements, states, and HTTP's wait."""


def _state_request(connection: Connection, message_id: int, body: bytes) -> None:
    session = connection.session
    assert session is not None
    known = bytes(_RECEIVED if session.has_seen(each) else _UNKNOWN for each in tl.long_vector(body, 4))
    info = struct.pack("<Iq", tl.MSGS_STATE_INFO, message_id) + tl.tl_bytes(known)
    connection.send(info, content_related=False)


def _future_salts(connection: Connection, message_id: int, body: bytes) -> None:
    # The salt in force goes on for ever until it is changed by hand, so the one promise that can be made is about it.
    assert connection.state is not None
    now = int(time.time())
    count = 1 if tl.I32.unpack_from(body, 4)[0] > 0 else 0
    head = struct.pack("<Iqii", tl.FUTURE_SALTS, message_id, now, count)
    salt = struct.pack("<iiq", now, now + _SALT_LIFETIME_S, connection.state.salt)
    connection.send(head + salt * count, content_related=False)


def _destroy_session(connection: Connection, message_id: int, body: bytes) -> None:
    assert connection.state is not None
    session_id = tl.I64.unpack_from(body, 4)[0]
    existed = connection.server.forget_session(connection.state.key_id, session_id)
    answer = tl.DESTROY_SESSION_OK if existed else tl.DESTROY_SESSION_NONE
    connection.send(struct.pack("<Iq", answer, session_id), content_related=True)


def _destroy_auth_key(connection: Connection, message_id: int, body: bytes) -> None:
    assert connection.state is not None
    connection.send(tl.U32.pack(tl.DESTROY_AUTH_KEY_OK), content_related=True)
    connection.close()
    connection.server.accounts.forget(connection.state.key_id)


def _drop_answer(connection: Connection, message_id: int, body: bytes) -> None:
    # Answers are sent the moment they exist, so there is never one left to drop.
    connection.send_result(message_id, tl.U32.pack(tl.RPC_ANSWER_UNKNOWN))


SERVICE_MESSAGES: dict[int, Callable[[Connection, int, bytes], None]] = {
    tl.PING: _ping,
    tl.PING_DELAY_DISCONNECT: _ping_delay_disconnect,
    tl.MSGS_ACK: _nothing_to_do,
    tl.MSGS_STATE_INFO: _nothing_to_do,
    tl.MSGS_ALL_INFO: _nothing_to_do,
    tl.HTTP_WAIT: _nothing_to_do,
    tl.MSGS_STATE_REQ: _state_request,
    tl.MSG_RESEND_REQ: _state_request,
    tl.GET_FUTURE_SALTS: _future_salts,
    tl.DESTROY_SESSION: _destroy_session,
    tl.DESTROY_AUTH_KEY: _destroy_auth_key,
    tl.RPC_DROP_ANSWER: _drop_answer,
}
