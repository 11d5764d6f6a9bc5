"""What others need for the same history: ``python -m tests.benchmarks.baselines WAY SERVER.json NOTE.md``.

Each way signs in, reads the bench world's one chat from end to end, and writes sender, date and text of each message as
minimal Markdown, in one process, as well as its library lets it. It prints a JSON line when it begins to read and one
when all is written. `SERVER.json` is what ``tobs sandbox serve`` says first.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TextIO

Way = Callable[[dict[str, Any], TextIO], Coroutine[Any, Any, int]]


def _begin() -> None:
    print(json.dumps({"event": "begun", "cpu_s": time.process_time(), "at": time.monotonic()}), flush=True)


async def _telethon(server: dict[str, Any], note: TextIO, *, rendered: bool = False) -> int:
    from telethon import TelegramClient, errors
    from telethon.crypto import rsa
    from telethon.sessions import MemorySession

    rsa.add_key(server["public_key"], old=False)
    session = MemorySession()
    session.set_dc(server["dc"], server["host"], server["port"])
    client = TelegramClient(session, 1, "0" * 32, receive_updates=False)
    await client.connect()
    await client.send_code_request(server["phone"])
    try:
        await client.sign_in(server["phone"], server["code"])
    except errors.SessionPasswordNeededError:
        await client.sign_in(password=server["password"])
    chat = (await client.get_dialogs())[0].entity
    _begin()
    count = 0
    async for message in client.iter_messages(chat, wait_time=0, reverse=True):
        sender = message.sender
        text = message.text if rendered else message.message
        note.write(f"**{sender.first_name if sender else ''}** {message.date:%Y-%m-%d %H:%M}\n\n{text}\n\n")
        count += 1
    await client.disconnect()
    return count


async def telethon(server: dict[str, Any], note: TextIO) -> int:
    """Telethon's `iter_messages`, oldest first, with the text as it came: the cheapest way."""
    return await _telethon(server, note)


async def telethon_text(server: dict[str, Any], note: TextIO) -> int:
    """The same with `message.text`, which has the bold and the links as Markdown."""
    return await _telethon(server, note, rendered=True)


async def kurigram(server: dict[str, Any], note: TextIO) -> int:
    """kurigram's `get_chat_history`, which reads the newest first."""
    import pyrogram
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from pyrogram.connection import Connection
    from pyrogram.connection.transport.tcp.tcp_abridged import TCPAbridged
    from pyrogram.crypto import rsa
    from pyrogram.errors import SessionPasswordNeeded

    from tobs_tui.sandbox.wire.tl import tl_bytes

    class ToTheSandbox(Connection):  # type: ignore[misc]  # it has no types; kurigram knows Telegram's addresses: it must never dial them
        def __init__(self, dc_id: int, server_address: str, port: int, *args: Any, **options: Any) -> None:
            super().__init__(dc_id, server["host"], server["port"], *args, **options)

    numbers: Any = load_pem_public_key(server["public_key"].encode()).public_numbers()  # type: ignore[union-attr]
    bare = b"".join(tl_bytes(each.to_bytes((each.bit_length() + 7) // 8, "big")) for each in (numbers.n, numbers.e))
    fingerprint = int.from_bytes(hashlib.sha1(bare).digest()[-8:], "little", signed=True)
    rsa.server_public_keys[fingerprint] = rsa.PublicKey(numbers.n, numbers.e)
    client = pyrogram.Client(
        "bench",
        api_id=1,
        api_hash="0" * 32,
        in_memory=True,
        no_updates=True,
        connection_factory=ToTheSandbox,
        protocol_factory=TCPAbridged,
    )
    await client.connect()
    sent = await client.send_phone_number_code(server["phone"])
    try:
        await client.sign_in(server["phone"], sent.phone_code_hash, server["code"])
    except SessionPasswordNeeded:
        await client.check_password(server["password"])
    chats = [dialog.chat async for dialog in client.get_dialogs()]
    _begin()
    count = 0
    async for message in client.get_chat_history(chats[0].id):
        sender = message.from_user
        note.write(f"**{sender.first_name if sender else ''}** {message.date:%Y-%m-%d %H:%M}\n\n{message.text}\n\n")
        count += 1
    await client.disconnect()
    return count


WAYS: dict[str, Way] = {"telethon": telethon, "telethon-text": telethon_text, "kurigram": kurigram}


def main(way: str, server: Path, note: Path) -> None:
    """Read all, write all, and say what it took."""
    with note.open("w", encoding="utf-8") as out:
        count = asyncio.run(WAYS[way](json.loads(server.read_text()), out))
    said = {"event": "done", "messages": count, "cpu_s": time.process_time(), "at": time.monotonic()}
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
