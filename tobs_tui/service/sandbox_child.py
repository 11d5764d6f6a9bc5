"""The demo's Telegram: the sandbox, run as a child process that ends with the service and is replaced when it dies."""

from __future__ import annotations

import asyncio
import sys

import msgspec
from loguru import logger

from tobs_tui.config.paths import Paths
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.server import ServerAddress
from tobs_tui.service.account import DemoLogin

START_LIMIT_S = 60.0
STOP_LIMIT_S = 5.0
RESTART_S = 1.0
"""Seconds between the death of a sandbox and the next one, which serves at the same address."""


class _Announcement(msgspec.Struct):
    """The sandbox's first line of output."""

    host: str
    port: int
    dc: int
    public_key: str
    phone: str
    code: str
    password: str


class SandboxChild:
    """A running sandbox with its address and the login it accepts."""

    def __init__(self, paths: Paths, process: asyncio.subprocess.Process, said: _Announcement) -> None:
        self._paths = paths
        self._process = process
        self.address = ServerAddress(dc=said.dc, host=said.host, port=said.port, public_key=said.public_key)
        self.login = DemoLogin(said.phone, said.code, said.password)
        self._keeper = asyncio.create_task(self._keep())

    @classmethod
    async def start(cls, paths: Paths) -> SandboxChild:
        """Start the demo world on a free port; its sign-ins survive restarts. Raises `TobsError` SERVER_UNREACHABLE."""
        process, said = await _start(paths, port=0)
        return cls(paths, process, said)

    async def _keep(self) -> None:
        """Start it again whenever it has died."""
        while True:
            status = await self._process.wait()
            logger.warning("the demo's Telegram ended with {}; it is started again", status)
            await asyncio.sleep(RESTART_S)
            try:
                self._process, _ = await _start(self._paths, port=self.address.port)
            except TobsError as error:
                logger.error("{}", error)

    async def stop(self) -> None:
        """End the process."""
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)
        if self._process.returncode is None and self._process.stdin is not None:
            self._process.stdin.close()  # it ends with its input; a signal would meet it reading
            try:
                await asyncio.wait_for(self._process.wait(), STOP_LIMIT_S)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()


async def _start(paths: Paths, port: int) -> tuple[asyncio.subprocess.Process, _Announcement]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tobs_tui.sandbox",
        "serve",
        "--world",
        "demo",
        "--port",
        str(port),
        "--state",
        str(paths.sandbox_state_file),
        "--exit-with-parent",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1024 * 1024,
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_LIMIT_S)
        return process, msgspec.json.decode(line, type=_Announcement)
    except (TimeoutError, msgspec.MsgspecError) as error:
        if process.returncode is None:
            process.kill()
        raise TobsError(
            ErrorCode.SERVER_UNREACHABLE,
            "The demo's embedded Telegram did not start.",
            "The service log says more.",
        ) from error
    except asyncio.CancelledError:
        process.kill()
        raise
