"""The corners of MTProto that Telethon never turns: newer key exchanges, padded transports, faulty messages."""

from __future__ import annotations

import hashlib
import os
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from telethon.crypto import AES
from telethon.extensions import BinaryReader
from telethon.tl import functions, types
from telethon.tl.core import RpcResult

from tests.integration.raw_client import RawClient
from tobs_tui.sandbox.server import SandboxServer

Open = Callable[..., Awaitable[RawClient]]


@pytest.fixture
async def open_raw(tiny_sandbox: SandboxServer) -> AsyncIterator[Open]:
    clients: list[RawClient] = []

    async def make(framing: str = "intermediate", obfuscated: bool = False, dc: int = 2) -> RawClient:
        client = RawClient(tiny_sandbox.address(dc), tiny_sandbox.public_key_pem, framing, obfuscated)
        await client.open()
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.close()


def with_layer(query: Any) -> Any:
    return functions.InvokeWithLayerRequest(
        229, functions.InitConnectionRequest(1, "d", "s", "1", "en", "", "en", query)
    )


@pytest.mark.parametrize("obfuscated", [False, True], ids=["plain", "obfuscated"])
@pytest.mark.parametrize("framing", ["abridged", "intermediate", "padded"])
async def test_every_framing_works_plain_and_obfuscated_and_rsa_pad_makes_a_key(
    open_raw: Open, framing: str, obfuscated: bool
) -> None:
    client = await open_raw(framing, obfuscated)
    await client.make_key(dc=2)
    client.send(with_layer(functions.help.GetNearestDcRequest()))
    created = await client.answer(types.NewSessionCreated)
    assert created.unique_id == client.session
    assert created.server_salt == client.salt
    result = await client.answer(RpcResult)
    assert BinaryReader(result.body).tgread_object().this_dc == 2


async def test_a_key_exchange_for_another_data_centre_is_refused(open_raw: Open) -> None:
    client = await open_raw()
    with pytest.raises(ConnectionError, match="-444"):
        await client.make_key(dc=5)


async def test_an_unknown_key_gets_transport_error_404(open_raw: Open) -> None:
    client = await open_raw()
    client.key = os.urandom(256)
    client.send(functions.PingRequest(1))
    with pytest.raises(ConnectionError, match="-404"):
        await client.receive()


@pytest.mark.parametrize(("shift_s", "low_bits", "code"), [(-400, 0, 16), (100, 0, 17), (0, 1, 18)])
async def test_messages_from_the_past_the_future_or_nowhere_are_named_as_such(
    open_raw: Open, shift_s: int, low_bits: int, code: int
) -> None:
    client = await open_raw()
    await client.make_key(dc=2)
    wrong = (int(time.time() + shift_s) << 32) | low_bits
    client.send(functions.PingRequest(1), message_id=wrong)
    fault = await client.answer(types.BadMsgNotification)
    assert (fault.bad_msg_id, fault.error_code) == (wrong, code)


async def test_a_repeated_message_is_served_once(open_raw: Open, tiny_sandbox: SandboxServer) -> None:
    client = await open_raw()
    await client.make_key(dc=2)
    request = with_layer(functions.help.GetNearestDcRequest())
    message_id = client.send(request)
    client.send(request, message_id=message_id)
    client.send(functions.PingRequest(7))
    await client.answer(types.Pong)
    assert tiny_sandbox.calls["help.getNearestDc"] == 1


async def test_message_states_say_what_arrived(open_raw: Open) -> None:
    client = await open_raw()
    await client.make_key(dc=2)
    known = client.send(functions.PingRequest(7))
    client.send(types.MsgsStateReq([known, known + 400]))
    state = await client.answer(types.MsgsStateInfo)
    assert bytes(state.info.encode() if isinstance(state.info, str) else state.info) == bytes((4, 1))


async def test_a_client_that_never_named_its_layer_is_told_to(open_raw: Open) -> None:
    client = await open_raw()
    await client.make_key(dc=2)
    client.send(functions.help.GetNearestDcRequest())
    assert (await client.answer(RpcResult)).error.error_message == "CONNECTION_NOT_INITED"


async def test_a_temporary_key_acts_for_the_permanent_one_it_is_bound_to(
    open_raw: Open, tiny_sandbox: SandboxServer
) -> None:
    permanent, temporary = await open_raw(), await open_raw()
    await permanent.make_key(dc=2)
    await temporary.make_key(dc=2, expires_in=3600)
    state = tiny_sandbox.accounts.key(int.from_bytes(permanent.key_id, "little", signed=True), 2)
    assert state is not None
    tiny_sandbox.accounts.sign_in(state, 777)

    message_id, nonce, expires = temporary.next_id(), 99, int(time.time()) + 3600
    temporary_id, permanent_id = (int.from_bytes(x.key_id, "little", signed=True) for x in (temporary, permanent))
    inner = bytes(types.BindAuthKeyInner(nonce, temporary_id, permanent_id, temporary.session, expires))
    sealed = _seal_v1(permanent.key, permanent.key_id, message_id, inner)
    temporary.send(functions.auth.BindTempAuthKeyRequest(permanent_id, nonce, expires, sealed), message_id)
    assert (await temporary.answer(RpcResult)).error is None

    temporary.send(with_layer(functions.updates.GetStateRequest()))
    assert (await temporary.answer(RpcResult)).error is None


def _seal_v1(key: bytes, key_id: bytes, message_id: int, body: bytes) -> bytes:
    """MTProto 1.0's envelope, as https://core.telegram.org/method/auth.bindTempAuthKey wants it."""
    plain = os.urandom(16) + struct.pack("<qii", message_id, 0, len(body)) + body
    message_key = hashlib.sha1(plain).digest()[4:20]
    plain += os.urandom(-len(plain) % 16)
    a, b, c, d = (
        hashlib.sha1(each).digest()
        for each in (
            message_key + key[:32],
            key[32:48] + message_key + key[48:64],
            key[64:96] + message_key,
            message_key + key[96:128],
        )
    )
    aes_key, aes_iv = a[:8] + b[8:20] + c[4:16], a[8:20] + b[:8] + c[16:20] + d[:8]
    return key_id + message_key + AES.encrypt_ige(plain, aes_key, aes_iv)


async def test_garbage_ends_a_connection_and_nothing_else(open_raw: Open, tiny_sandbox: SandboxServer) -> None:
    noisy, quiet = await open_raw(), await open_raw()
    await quiet.make_key(dc=2)
    noisy.send_packet(bytes(8) + os.urandom(64))
    with pytest.raises((EOFError, ConnectionError)):
        await noisy.receive_packet()
        await noisy.receive_packet()
    quiet.send(functions.PingRequest(7))
    assert (await quiet.answer(types.Pong)).ping_id == 7
