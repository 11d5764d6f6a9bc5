"""Starting the service as a process of its own, and attaching to it. Imports nothing heavy: it runs before textual."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tobs_tui.model.errors import ErrorCode, TobsError

if TYPE_CHECKING:
    from tobs_tui.config.paths import Paths
    from tobs_tui.service.client import ServiceClient

START_LIMIT_S = 60.0
POLL_S = 0.05
_INTERRUPTED = 5
"""The exit status of `tobs`, whatever it was to do, after a signal that it noted while it loaded."""


def is_running(paths: Paths) -> bool:
    """Whether a service answers on the account's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(paths.socket))
        except OSError:
            return False
    return True


def start_service(
    paths: Paths, *, demo: bool = False, server_file: Path | None = None
) -> subprocess.Popen[bytes] | None:
    """Start the service unless it runs, without waiting for it; None when it already runs.

    The process gets a session of its own, so that the end of the terminal is not its end, an empty signal mask, and its
    output in a log file, so that nothing it prints can disturb the screen.
    """
    if is_running(paths):
        return None
    from tobs_tui.config.passphrase import FILE_VARIABLE, PASSPHRASE_VARIABLE

    paths.ensure()
    command = [sys.executable, "-m", "tobs_tui", "service"]
    if demo:
        command.append("--demo")
    if server_file is not None:
        command += ["--server", str(server_file.resolve())]
    log = os.open(paths.log_dir / "service.out", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    # A blocked mask would be inherited, and could make the service deaf to SIGTERM.
    # The passphrase goes over the socket, when it is asked for; the environment would show it to every child process.
    environ = {name: value for name, value in os.environ.items() if name not in (PASSPHRASE_VARIABLE, FILE_VARIABLE)}
    blocked = signal.pthread_sigmask(signal.SIG_SETMASK, ())
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=paths.state_dir,
            env=environ,
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        os.close(log)


async def attach(
    paths: Paths,
    *,
    demo: bool = False,
    server_file: Path | None = None,
    started: subprocess.Popen[bytes] | None = None,
    passphrase: str | None = None,
) -> ServiceClient:
    """Attach to the account's service, starting it where needed (`started` is one that `start_service` just gave), and
    unlock it with `passphrase` where it is locked.

    One that is just ending is not the one to attach to: then the next one is started. Raises `TobsError`
    SERVICE_UNREACHABLE when none comes up within a minute, with its last words, SERVICE_GONE when it is killed,
    PASSPHRASE_WRONG.
    """
    from tobs_tui.service.client import ServiceClient

    process = started
    loop = asyncio.get_running_loop()
    give_up = loop.time() + START_LIMIT_S
    while True:
        try:
            client = await asyncio.wait_for(ServiceClient.connect(paths.socket), START_LIMIT_S)
            if not await _sent_home(client, server_file):
                return await _unlocked(client, passphrase)
        except TimeoutError:
            raise TobsError(
                ErrorCode.SERVICE_UNREACHABLE,
                "The background service runs, but does not answer.",
                f"Its log: {paths.log_dir / 'tobs.jsonl'}",
            ) from None
        except TobsError as error:
            if error.code not in (ErrorCode.SERVICE_UNREACHABLE, ErrorCode.SERVICE_GONE):
                raise
        status = process.poll() if process is not None else None
        if _was_killed(status, paths):
            raise TobsError(ErrorCode.SERVICE_GONE, "The background service was killed while it started.", "Try again.")
        if status not in (None, 0) or loop.time() > give_up:
            raise TobsError(
                ErrorCode.SERVICE_UNREACHABLE,
                f"The background service did not start: {_last_words(paths)}",
                f"Its log: {paths.log_dir / 'service.out'}",
            )
        if process is None:
            process = start_service(paths, demo=demo, server_file=server_file)
        elif status == 0:
            process = None  # another service held the lock and then ended: start anew
        await asyncio.sleep(POLL_S)


_PYTHONS_OWN = "KeyboardInterrupt"
"""The last that an interpreter prints which is interrupted while it starts itself; it ends with status 1 then."""


def _was_killed(status: int | None, paths: Paths) -> bool:
    """Whether a signal ended the process."""
    if status is None:
        return False
    return status < 0 or status == _INTERRUPTED or (status == 1 and _last_words(paths) == _PYTHONS_OWN)


async def unlock(client: ServiceClient, passphrase: str) -> None:
    """Open the account's encrypted session; the client's snapshot is renewed. Raises `TobsError` PASSPHRASE_WRONG."""
    from tobs_tui.service.protocol import Attach, Snapshot, Unlock

    await client.call(Unlock(passphrase))
    client.snapshot = await client.ask(Attach(), Snapshot)


async def _unlocked(client: ServiceClient, passphrase: str | None) -> ServiceClient:
    from tobs_tui.service.protocol import AccountPhase

    if passphrase is not None and client.snapshot.account.phase is AccountPhase.LOCKED:
        try:
            await unlock(client, passphrase)
        except BaseException:
            await client.close()
            raise
    return client


async def _sent_home(client: ServiceClient, server_file: Path | None) -> bool:
    """Whether the service was told to end, because its server is to be reached elsewhere now; never during a run."""
    from tobs_tui.config.server_file import load_server
    from tobs_tui.service.protocol import Shutdown

    known, run = client.snapshot.server, client.snapshot.run
    if not known or server_file is None or (run is not None and run.outcome is None):
        return False
    wanted = load_server(server_file)
    if known == f"{wanted.host}:{wanted.port}":
        return False
    await client.call(Shutdown())
    await client.close()
    return True


def _last_words(paths: Paths) -> str:
    """The last line that the service printed."""
    try:
        lines = (paths.log_dir / "service.out").read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else "it printed nothing."
