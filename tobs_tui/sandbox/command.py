"""What the command line does with the sandbox: serve it until interrupted, or print its world's ground truth."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from tobs_tui.sandbox.worlds.world import World

DEFAULT_SEED = 1
WORLDS = ("demo", "bench", "bench-sparse", "bench-chats", "bench-files", "bench-mixed")
_EXIT_USAGE = 2


class Announcement(msgspec.Struct, frozen=True):
    """The line that `serve` prints first: where to connect and what to sign in with. `public_key` is PKCS#1 in PEM."""

    host: str
    port: int
    dc: int
    public_key: str
    phone: str
    code: str
    password: str


def serve(
    world: str = "demo",
    seed: int = DEFAULT_SEED,
    messages: int | None = None,
    latency_ms: int = 0,
    port: int = 0,
    state: Path | None = None,
    *,
    exit_with_parent: bool = False,
    takeout_delay_s: int = 0,
    accept_qr_after_s: float | None = None,
    faults: Path | None = None,
    edits: Path | None = None,
    file_bytes: int | None = None,
) -> int:
    """Serve a world until SIGINT or SIGTERM (with `exit_with_parent` also until standard input ends). Gives a status.

    The first line on standard output is an `Announcement` in JSON. `messages` and `file_bytes` size the bench worlds,
    `latency_ms` delays each answer, `state` keeps keys and sign-ins over restarts, `faults` lists `faults.Fault`s in
    JSON, `edits` what has happened to the world (see `edits`), so that a refresh finds something. Exit status 2 and a
    sentence on standard error: the port is taken, or a file is not usable.
    """
    from tobs_tui.sandbox.accounts import StateError
    from tobs_tui.sandbox.faults import Fault
    from tobs_tui.sandbox.rpc.registry import HOME_DC
    from tobs_tui.sandbox.server import SandboxServer
    from tobs_tui.sandbox.worlds.loader import load_world

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="sandbox: %(message)s")
    try:
        rules = [] if faults is None else msgspec.json.decode(faults.read_bytes(), type=list[Fault])
        known = load_world(world, seed=seed, messages=messages, file_bytes=file_bytes)
        _edit(known, edits)
        server = SandboxServer(
            known,
            latency_ms=latency_ms,
            port=port,
            state_file=state,
            takeout_delay_s=takeout_delay_s,
            accept_qr_after_s=accept_qr_after_s,
        )
    except StateError as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"{error.filename or faults} cannot be used: {error.strerror}.")
    except _BadEdits as error:
        return _refuse(str(error))
    except msgspec.DecodeError as error:
        return _refuse(f"{faults} is not a list of faults: {error}")
    for rule in rules:
        server.faults.add(rule)

    async def run() -> int:
        try:
            await server.start()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return _refuse(f"Port {port} on 127.0.0.1 is taken by another program; choose another one with --port.")
            return _refuse(f"Port {port} on 127.0.0.1 cannot be used: {error.strerror}.")
        host, home_port = server.address(HOME_DC)
        line = Announcement(host, home_port, HOME_DC, server.public_key_pem, known.phone, known.code, known.password)
        sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
        sys.stdout.flush()
        await _interrupted(exit_with_parent)
        await server.stop()
        return 0

    return _run(run)


class _BadEdits(Exception):
    """The file of edits cannot be carried out; the message says why."""


def _edit(world: World, file: Path | None) -> None:
    """Let what the file lists happen to the world. Raises OSError and `_BadEdits`."""
    from tobs_tui.sandbox.edits import apply_edit, read_edits

    if file is None:
        return
    try:
        for edit in read_edits(file.read_bytes()):
            apply_edit(world, edit)
    except msgspec.DecodeError as error:
        raise _BadEdits(f"{file} is not a list of edits: {error}") from error
    except (LookupError, TypeError) as error:
        raise _BadEdits(f"{file} cannot be carried out: {error}") from error


def _run(main: Callable[[], object]) -> int:
    """Run the coroutine function on uvloop where there is one: it halves the cost of a packet."""
    try:
        import uvloop
    except ImportError:  # there is no uvloop for Windows
        return asyncio.run(main())  # type: ignore[arg-type]
    return uvloop.run(main())  # type: ignore[arg-type]


async def _interrupted(exit_with_parent: bool) -> None:
    """Wait for SIGINT, SIGTERM or, if asked for, the end of standard input, which comes when the parent dies."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)

    def watch_input() -> None:
        while os.read(0, 4096):  # not sys.stdin: its lock, held in a daemon thread, aborts the interpreter's shutdown
            pass  # what a parent writes has no meaning, only the end has
        loop.call_soon_threadsafe(stop.set)

    if exit_with_parent:
        threading.Thread(target=watch_input, name="parent-watch", daemon=True).start()
    await stop.wait()


def manifest(world: str = "demo", seed: int = DEFAULT_SEED, messages: int | None = None) -> int:
    """Print the world's ground truth as JSON: chats, topics, message ids, media with size and SHA-256, login."""
    from tobs_tui.sandbox.manifest import build_manifest
    from tobs_tui.sandbox.worlds.loader import load_world

    truth = build_manifest(load_world(world, seed=seed, messages=messages))
    sys.stdout.buffer.write(msgspec.json.encode(truth) + b"\n")
    sys.stdout.flush()
    return 0


def _refuse(sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return _EXIT_USAGE
