"""The demo's Telegram: the sandbox, run as a child process that ends with the service."""

from __future__ import annotations

import asyncio
import sys

import msgspec

from tobs_tui.config.paths import Paths
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.server import ServerAddress
from tobs_tui.service.account import DemoLogin

START_LIMIT_S = 60.0
DEMO_QR_S = 8
"""Nobody has a phone signed in to the demo, so its QR code is accepted by itself after this many seconds."""


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
    """A running sandbox process with its address and the login it accepts."""

    def __init__(self, process: asyncio.subprocess.Process, said: _Announcement) -> None:
        self._process = process
        self.address = ServerAddress(dc=said.dc, host=said.host, port=said.port, public_key=said.public_key)
        self.login = DemoLogin(said.phone, said.code, said.password)

    @classmethod
    async def start(cls, paths: Paths) -> SandboxChild:
        """Start the demo world on a free port; its sign-ins survive restarts. Raises `TobsError` SERVER_UNREACHABLE."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tobs_tui.sandbox",
            "serve",
            "--world",
            "demo",
            "--port",
            "0",
            "--state",
            str(paths.sandbox_state_file),
            "--exit-with-parent",
            "--accept-qr-after",
            str(DEMO_QR_S),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1024 * 1024,
        )
        assert process.stdout is not None
        try:
            line = await asyncio.wait_for(process.stdout.readline(), START_LIMIT_S)
            said = msgspec.json.decode(line, type=_Announcement)
        except (TimeoutError, msgspec.MsgspecError) as error:
            if process.returncode is None:
                process.kill()
            raise TobsError(
                ErrorCode.SERVER_UNREACHABLE,
                "The demo's embedded Telegram did not start.",
                "The service log says more.",
            ) from error
        return cls(process, said)

    async def stop(self) -> None:
        """End the process."""
        if self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()
