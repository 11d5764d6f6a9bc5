"""What a pool and one of its processes say to each other over a socket, and the loop that such a process lives in.

Each frame is its length, a byte that says what it is, and its content: pickled work to the process, in the other
direction its outcomes, in the order of the work, and news in between.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import pickle
import signal
import socket
import struct
import threading
import traceback
from collections.abc import Callable, Iterator
from multiprocessing import parent_process
from multiprocessing.connection import wait
from typing import Any, cast

_HEAD = struct.Struct("<IB")
WORK, SMALL_WORK, RESULT, ERROR, NEWS, READY = range(6)

_READ_BYTES = 1 << 18
_HELD_BYTES = 1 << 17
"""Outcomes that a process holds back at most while there is more small work at hand: one write serves several."""
_COLLECT_AFTER = 50_000
"""Objects made and not freed before a process looks for garbage in cycles, of which its work makes hardly any."""

_socket: socket.socket | None = None
_held = bytearray()


def frame(kind: int, content: bytes) -> tuple[bytes, bytes]:
    """What goes over the line for `content`, in two parts to spare a copy."""
    return _HEAD.pack(len(content), kind), content


def frames(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    """Take the whole frames off the beginning of `buffer`: each one's kind and content."""
    at, size = 0, len(buffer)
    with memoryview(buffer) as view:
        while at + _HEAD.size <= size:
            length, kind = _HEAD.unpack_from(view, at)
            end = at + _HEAD.size + length
            if end > size:
                break
            yield kind, bytes(view[at + _HEAD.size : end])
            at = end
    del buffer[:at]


class PoolEnd(asyncio.Protocol):
    """The pool's end of the line. `on_frame(kind, content)` hears what comes in, `on_end` that the process is gone."""

    def __init__(self, on_frame: Callable[[int, bytes], None], on_end: Callable[[], None]) -> None:
        self._on_frame = on_frame
        self._on_end = on_end
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The line is up."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass of it

    def data_received(self, data: bytes) -> None:
        """Something came in."""
        self._buffer += data
        for kind, content in list(frames(self._buffer)):
            self._on_frame(kind, content)

    def connection_lost(self, exc: Exception | None) -> None:
        """The line is down."""
        self._transport = None
        self._on_end()

    def send(self, work: bytes, *, small: bool) -> None:
        """Send pickled work. What is sent in one turn of the event loop goes out together."""
        if self._transport is not None:
            self._transport.writelines(frame(SMALL_WORK if small else WORK, work))

    def close(self) -> None:
        """Hang up: the process ends when it has done what it is at."""
        if self._transport is not None:
            self._transport.close()


# --- in the process ---------------------------------------------------------------------------------------------------


def tell(news: Any) -> None:
    """From within a pool's process: let the pool's owner hear something on the way. Without an owner: nothing."""
    if _socket is not None:
        _hold(NEWS, pickle.dumps(news, pickle.HIGHEST_PROTOCOL))
        _send()


def serve(line: socket.socket) -> None:
    """A process's life: do what comes in over `line`, in turn, until the other end hangs up."""
    global _socket
    _socket = line
    line.setblocking(True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # interrupts from the terminal are the owner's business
    threading.Thread(target=_follow_parent, name="follow-parent", daemon=True).start()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)
    buffer = bytearray()
    _hold(READY, b"")
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the owner is gone
        _send()
        while data := line.recv(_READ_BYTES):
            buffer += data
            for kind, work in list(frames(buffer)):
                if kind == WORK or len(_held) >= _HELD_BYTES:
                    _send()
                _hold(*_outcome(work))
            _send()


def _outcome(work: bytes) -> tuple[int, bytes]:
    """Do a piece of work; gives the frame's kind and content that tell of it."""
    try:
        function, args, kwargs = pickle.loads(work)
        return RESULT, pickle.dumps(function(*args, **kwargs), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001  # it belongs to whoever asked for the work
        error.add_note(f"In process {os.getpid()}:\n{traceback.format_exc()}")
        try:
            content = pickle.dumps(error, pickle.HIGHEST_PROTOCOL)
            pickle.loads(content)  # some exceptions can be taken apart but not put together again
        except Exception:  # noqa: BLE001
            content = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"), pickle.HIGHEST_PROTOCOL)
        return ERROR, content


def _hold(kind: int, content: bytes) -> None:
    for part in frame(kind, content):
        _held.extend(part)


def _send() -> None:
    if _held and _socket is not None:
        _socket.sendall(_held)
        _held.clear()


def _follow_parent() -> None:
    """End this process when the one that owns the pool is gone, however it went, even in the middle of work."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
    os._exit(0)
