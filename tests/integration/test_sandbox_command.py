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

BENCH = ["--world", "bench", "--messages", "300"]


@contextmanager
def served(*arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """A sandbox in a process of its own and its announcement."""
    command = [sys.executable, "-m", "tobs_tui.sandbox", "serve", *BENCH, *arguments]
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
