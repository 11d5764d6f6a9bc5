"""A real SSH session on loopback: a server that gives pseudo-terminals as sshd does, and a client that can be cut."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import termios
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import asyncssh
import pyte

from tests.e2e.terminal import KEYS, PRIVATE, ScreenTimeout


async def _give_terminal(
    channel: asyncssh.SSHServerProcess[bytes], environment: Mapping[str, str], stalled: asyncio.Event
) -> None:
    """Run the client's command on a pseudo-terminal of its own; the channel's end is the terminal's end (SIGHUP).

    While `stalled` is set nothing is taken from the terminal, as sshd does once a dead link's window is full.
    """
    columns, rows, _, _ = channel.term_size
    pid, master = pty.fork()
    if pid == 0:
        os.execve("/bin/sh", ["sh", "-c", f"exec {channel.command}"], {**environment, "TERM": str(channel.term_type)})
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.set_blocking(master, False)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def forward() -> None:
        if stalled.is_set():
            loop.remove_reader(master)
            return
        try:
            data = os.read(master, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            with contextlib.suppress(BrokenPipeError):  # what is written after the line was cut goes nowhere
                channel.stdout.write(data)
        else:
            loop.remove_reader(master)
            ended.set()

    async def backward() -> None:
        with contextlib.suppress(asyncssh.Error, ConnectionError):
            while data := await channel.stdin.read(4096):
                os.write(master, data)
        ended.set()

    loop.add_reader(master, forward)
    reading = asyncio.create_task(backward())
    await ended.wait()
    reading.cancel()
    loop.remove_reader(master)
    os.close(master)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGHUP)
    _, status = await asyncio.to_thread(os.waitpid, pid, 0)
    if not channel.is_closing():
        channel.exit(os.waitstatus_to_exitcode(status) & 0xFF)


@asynccontextmanager
async def ssh_server(environment: Mapping[str, str], stalled: asyncio.Event | None = None) -> AsyncIterator[int]:
    """A server on a free port of loopback that lets anyone in; gives the port. Setting `stalled` stalls its links."""
    standing = stalled or asyncio.Event()

    class Open(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return False

    server = await asyncssh.create_server(
        Open,
        "127.0.0.1",
        0,
        server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
        process_factory=lambda channel: _give_terminal(channel, environment, standing),
        encoding=None,
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


class SshTerminal:
    """One interactive session: a command on a terminal at the other end of an SSH connection."""

    def __init__(
        self, connection: asyncssh.SSHClientConnection, process: asyncssh.SSHClientProcess[bytes], size: tuple[int, int]
    ) -> None:
        self._connection = connection
        self._process = process
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)

    @classmethod
    async def open(cls, port: int, command: Sequence[str], size: tuple[int, int] = (80, 24)) -> SshTerminal:
        """Connect and run `command` on a terminal of `size` (columns, rows)."""
        connection = await asyncssh.connect("127.0.0.1", port, known_hosts=None, username="ada")
        process = await connection.create_process(
            " ".join(command), term_type="xterm-256color", term_size=size, encoding=None
        )
        return cls(connection, process, size)

    async def wait_for(self, *texts: str, timeout: float = 60) -> str:
        """The screen as soon as it shows all of `texts`. Raises `ScreenTimeout`."""
        give_up = asyncio.get_running_loop().time() + timeout
        while True:
            text = "\n".join(line.rstrip() for line in self._screen.display)
            if all(wanted in text for wanted in texts):
                return text
            if asyncio.get_running_loop().time() > give_up:
                raise ScreenTimeout(f"waited for {texts}; the screen shows:\n{text}")
            with contextlib.suppress(TimeoutError):
                data = await asyncio.wait_for(self._process.stdout.read(65536), 0.2)
                if not data:
                    raise ScreenTimeout(f"the session ended while waiting for {texts}; the screen shows:\n{text}")
                self._stream.feed(PRIVATE.sub(b"", data))

    def press(self, *keys: str) -> None:
        """Press keys by name or as characters."""
        for key in keys:
            self._process.stdin.write(KEYS.get(key, key).encode())

    def cut(self) -> None:
        """Drop the connection without a word, as a lost network does."""
        self._connection.abort()

    async def status(self) -> int:
        """Wait for the command's end; its exit status."""
        result = await asyncio.wait_for(self._process.wait(), 30)
        self._connection.close()
        return int(result.exit_status or 0)
