"""The worker process: takes the account's lock, sets up logs and signals, and serves until it is time to go."""

from __future__ import annotations

import asyncio
import fcntl
import os
import resource
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from loguru import logger

from tobs_tui.config.layers import effective
from tobs_tui.config.passphrase import SECRET_VARIABLES
from tobs_tui.config.paths import Paths
from tobs_tui.config.privacy import close_to_others
from tobs_tui.model.errors import TobsError
from tobs_tui.model.server import ServerAddress
from tobs_tui.monitor.logs import configure_logging
from tobs_tui.service.sandbox_child import SandboxChild
from tobs_tui.service.server import IDLE_EXIT_S, Service

__all__ = ["IDLE_EXIT_S", "serve"]


def serve(
    paths: Paths, server: ServerAddress | None = None, *, demo: bool = False, idle_exit_s: float = IDLE_EXIT_S
) -> int:
    """Run the service in this process until it ends; gives the exit status.

    A second service of the same account finds the lock taken and ends at once with status 0: its starter then finds the
    first one's socket. The kernel drops the lock with the process, however it dies.
    """
    paths.ensure()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump of this process would hold the session's keys
    environ = dict(os.environ)
    for name in SECRET_VARIABLES:  # ffmpeg and the like need not know them
        os.environ.pop(name, None)
    configure_logging(paths.log_dir, effective(None, paths, os.environ, {}).settings.log_level.upper())
    with _account_lock(paths) as locked:
        if not locked:
            return 0
        try:
            for sentence in close_to_others(paths):
                logger.warning("{}", sentence)
            _run_loop(_serve(paths, server, demo, idle_exit_s, environ))
        except TobsError as error:
            logger.error("the service could not start: {}", error)
            print(error, file=sys.stderr)  # noqa: T201  # the starter reads this line from the service's output file
            return 1
    return 0


@contextmanager
def _account_lock(paths: Paths) -> Iterator[bool]:
    descriptor = os.open(paths.lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _run_loop(work: Coroutine[Any, Any, None]) -> None:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


async def _serve(
    paths: Paths, server: ServerAddress | None, demo: bool, idle_exit_s: float, environ: dict[str, str]
) -> None:
    child = await SandboxChild.start(paths) if demo else None
    try:
        service = Service(
            paths,
            child.address if child else server,
            child.login if child else None,
            idle_exit_s,
            environ,
        )
        loop = asyncio.get_running_loop()
        # A lost terminal is no reason to stop; it never was this process's terminal anyway.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, service.stop)
        await service.serve()
    finally:
        if child is not None:
            await child.stop()
