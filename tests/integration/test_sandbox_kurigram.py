"""kurigram, a client that shares no code with Telethon or the sandbox, finds a Telegram there: it judges the whole."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tobs_tui.sandbox.manifest import build_manifest
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.worlds.loader import load_world
from tobs_tui.sandbox.worlds.world import World

if TYPE_CHECKING:  # it has thousands of modules, which only the process that runs these tests should read
    import pyrogram

    Connect = Callable[..., Awaitable[pyrogram.Client]]
TRANSPORTS = ["TCPAbridged", "TCPFull", "TCPIntermediate", "TCPAbridgedO", "TCPIntermediateO"]


@pytest.fixture
async def connect(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Connect]:
    """Make connected clients. Whatever address kurigram has in mind, it can only ever dial the sandbox."""
    import pyrogram
    from pyrogram.connection import Connection
    from pyrogram.connection.transport import tcp
    from pyrogram.crypto import rsa

    monkeypatch.chdir(tmp_path)  # kurigram notes errors that are new to it in the current directory
    clients: list[pyrogram.Client] = []

    async def make(server: SandboxServer, transport: str = "TCPAbridged") -> pyrogram.Client:
        class ToTheSandbox(Connection):
            def __init__(self, dc_id: int, server_address: str, port: int, *args: Any, **options: Any) -> None:
                super().__init__(dc_id, *server.address(dc_id), *args, **options)

        numbers: Any = load_pem_public_key(server.public_key_pem.encode()).public_numbers()  # type: ignore[union-attr]
        monkeypatch.setitem(
            rsa.server_public_keys, server.accounts.server_key.fingerprint, rsa.PublicKey(numbers.n, numbers.e)
        )
        client = pyrogram.Client(
            "sandbox",
            api_id=1,
            api_hash="0" * 32,
            in_memory=True,
            no_updates=True,
            connection_factory=ToTheSandbox,
            protocol_factory=getattr(tcp, transport),
        )
        await client.connect()
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.disconnect()


async def sign_in(client: pyrogram.Client, world: World) -> Any:
    from pyrogram.errors import PhoneCodeInvalid, SessionPasswordNeeded

    sent = await client.send_phone_number_code(world.phone)
    with pytest.raises(PhoneCodeInvalid):
        await client.sign_in(world.phone, sent.phone_code_hash, "00000")
    with pytest.raises(SessionPasswordNeeded):
        await client.sign_in(world.phone, sent.phone_code_hash, world.code)
    return await client.check_password(world.password)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_kurigram_signs_in_over_each_of_its_transports(
    tiny_sandbox: SandboxServer, connect: Connect, transport: str
) -> None:
    client = await connect(tiny_sandbox, transport)
    assert (await sign_in(client, tiny_sandbox.world)).id == 777
    assert (await client.get_me()).first_name == "Ada"


async def test_kurigram_is_told_of_a_wrong_password(tiny_sandbox: SandboxServer, connect: Connect) -> None:
    from pyrogram.errors import PasswordHashInvalid, SessionPasswordNeeded

    world = tiny_sandbox.world
    client = await connect(tiny_sandbox)
    sent = await client.send_phone_number_code(world.phone)
    with pytest.raises(SessionPasswordNeeded):
        await client.sign_in(world.phone, sent.phone_code_hash, world.code)
    with pytest.raises(PasswordHashInvalid):
        await client.check_password("wrong horse")


async def test_kurigram_reads_a_whole_history(connect: Connect) -> None:
    async with SandboxServer(load_world("bench", messages=450)) as server:
        client = await connect(server)
        await sign_in(client, server.world)
        dialogs = [each async for each in client.get_dialogs()]
        assert dialogs
        chat = dialogs[0].chat
        ids = [message.id async for message in client.get_chat_history(chat.id)]
        assert len(ids) == 450
        assert ids == list(reversed(server.world.histories[chat.id].ids))


async def test_kurigram_reads_a_forum_of_the_demo(sandbox: SandboxServer, connect: Connect) -> None:
    client = await connect(sandbox)
    await sign_in(client, sandbox.world)
    forum = next(each for each in build_manifest(sandbox.world).chats if each.type == "forum")
    assert forum.id in [each.chat.id async for each in client.get_dialogs()]
    ids = [message.id async for message in client.get_chat_history(forum.id, limit=350)]
    assert ids == forum.message_ids[::-1][:350]


async def test_kurigram_fetches_files_from_both_data_centres(sandbox: SandboxServer, connect: Connect) -> None:
    client = await connect(sandbox)
    await sign_in(client, sandbox.world)
    dialogs = [each.chat.id async for each in client.get_dialogs()]
    assert sandbox.world.me_id in dialogs
    truth = {
        each.message_id: each
        for each in build_manifest(sandbox.world).media
        if each.chat_id == sandbox.world.me_id and each.size < 100_000
    }
    for message in await client.get_messages(sandbox.world.me_id, list(truth)[:8]):
        data = await client.download_media(message, in_memory=True)
        assert hashlib.sha256(data.getvalue()).hexdigest() == truth[message.id].sha256
    assert sandbox.calls["auth.importAuthorization"] >= 1
