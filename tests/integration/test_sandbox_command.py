"""``python -m tobs_tui.sandbox serve`` as a script meets it: one line of JSON, a server, and a clean end."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from telethon import TelegramClient, errors
from telethon.crypto import rsa
from telethon.sessions import MemorySession

from tobs_tui.sandbox.edits import apply_edit, read_edits
from tobs_tui.sandbox.worlds.loader import load_world

BENCH = ["--world", "bench", "--messages", "300"]


@contextmanager
def served(*arguments: str, world: str = "bench") -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """A sandbox in a process of its own and its announcement."""
    command = [sys.executable, "-m", "tobs_tui.sandbox", "serve", *(BENCH if world == "bench" else ()), *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


async def test_the_announcement_is_all_a_client_needs(tmp_path: Path) -> None:
    with served("--state", str(tmp_path / "state")) as (process, told):
        assert set(told) == {"host", "port", "dc", "public_key", "phone", "code", "password"}
        assert told["host"] == "127.0.0.1"
        rsa.add_key(told["public_key"], old=False)
        session = MemorySession()
        session.set_dc(told["dc"], told["host"], told["port"])
        client = TelegramClient(session, 1, "0" * 32)
        await client.connect()
        await client.send_code_request(told["phone"])
        with pytest.raises(errors.SessionPasswordNeededError):
            await client.sign_in(told["phone"], told["code"])
        assert await client.sign_in(password=told["password"])
        await client.disconnect()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_edits_of_a_file_have_happened_and_mistakes_in_it_are_told(tmp_path: Path) -> None:
    edits = tmp_path / "edits.json"
    office, someone = -1001500000001, 5001000
    first = load_world("demo").histories[office].ids[0]
    edits.write_text(
        json.dumps(
            [
                {"do": "edit", "chat": office, "id": first, "text": "better"},
                {"do": "react", "chat": office, "id": first, "counts": {"👍": 2}},
                {"do": "pin", "chat": office, "id": first},
                {"do": "post", "chat": office, "sender": someone, "text": "news"},
                {"do": "forget", "chat": office},
                {"do": "delete", "chat": office, "ids": [first]},
                {"do": "empty", "chat": someone},
            ]
        )
    )
    world = load_world("demo")
    for edit in read_edits(edits.read_bytes()):
        apply_edit(world, edit)
    assert first not in world.histories[office].ids
    assert len(world.histories[someone].ids) == 0
    with served("--edits", str(edits), world="demo") as (_, told):
        assert told["host"] == "127.0.0.1"
    for wrong, sentence in (("[{}]", "is not a list of edits"), (json.dumps([{"do": "empty", "chat": 1}]), "carried")):
        edits.write_text(wrong)
        command = [sys.executable, "-m", "tobs_tui.sandbox", "serve", "--edits", str(edits)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2
        assert sentence in done.stderr


def test_it_ends_with_its_parent_when_asked_to() -> None:
    with served("--exit-with-parent") as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
        assert process.wait(20) == 0


def test_a_taken_port_is_said_in_a_sentence_and_in_the_exit_status() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "tobs_tui.sandbox", "serve", *BENCH, "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"Port {port} on 127.0.0.1 is taken" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_no_state_file_is_said_in_a_sentence(tmp_path: Path) -> None:
    wrong = tmp_path / "notes.txt"
    wrong.write_text("buy milk")
    command = [sys.executable, "-m", "tobs_tui.sandbox", "serve", *BENCH, "--state", str(wrong)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "is not a state file of the sandbox" in done.stderr
    assert wrong.read_text() == "buy milk"
