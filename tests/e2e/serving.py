"""The sandbox as a process of its own, reached with ``--server FILE`` as a self-hosted server would be."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.signing import sign_in_account
from tobs_tui.config.paths import Paths


class ServedSandbox:
    """A running ``tobs sandbox serve`` with the file that `--server` takes, and the login that it accepts."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tobs_tui", "sandbox", "serve", *arguments],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        said = json.loads(self._process.stdout.readline())
        self.pid = self._process.pid
        self.said = said
        self.port = int(said["port"])
        self.phone, self.code, self.password = said["phone"], said["code"], said["password"]
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "server.pem").write_text(said["public_key"])
        self.toml = directory / "server.toml"
        self.toml.write_text(
            f'dc = {said["dc"]}\nhost = "{said["host"]}"\nport = {said["port"]}\npublic_key = "server.pem"\n'
        )

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(20)
        if self._process.stdout is not None:
            self._process.stdout.close()


@contextmanager
def served(directory: Path, *arguments: str) -> Iterator[ServedSandbox]:
    """A sandbox process that ends with the block."""
    sandbox = ServedSandbox(directory, *arguments)
    try:
        yield sandbox
    finally:
        sandbox.stop()


async def sign_in(paths: Paths, sandbox: ServedSandbox) -> None:
    """Sign the account of `paths` in at `sandbox`, so that what follows is about something else."""
    await sign_in_account(paths, sandbox.phone, sandbox.code, sandbox.password, server_file=sandbox.toml)
