"""One vault's way to completeness through the real command, and the judgement of what became of it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from tests.integration.engine_help import vault_bytes
from tobs_tui.archive.schema import archive_path
from tobs_tui.sandbox.rpc.registry import HOME_DC
from tobs_tui.sandbox.threaded import ThreadedSandbox

TOBS = str(Path(sys.executable).with_name("tobs"))
RUN_LIMIT_S = 170.0
UNDER_WAY = ("messages.getHistory", "messages.getSplitRanges", "upload.getFile")
"""Requests that a command makes for its run alone; those of a service that connects are others."""
COMPLETE, INTERRUPTED = 0, 5


class Telegram:
    """A sandbox in this process: the file that leads there, and the background service that talks to it."""

    def __init__(self, sandbox: ThreadedSandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.toml = folder / "server.toml"
        self._service: psutil.Process | None = None
        folder.mkdir(parents=True, exist_ok=True)
        host, port = sandbox.server.address()
        (folder / "server.pem").write_text(sandbox.server.public_key_pem)
        self.toml.write_text(f'dc = {HOME_DC}\nhost = "{host}"\nport = {port}\npublic_key = "server.pem"\n')

    def asked(self) -> int:
        """How many requests there were that only runs make."""
        calls = self.sandbox.server.calls
        return sum(calls[method] for method in UNDER_WAY)

    def service(self) -> psutil.Process | None:
        """The background service of the account, if there is one now."""
        if self._service is None or not _alive(self._service):
            self._service = next(filter(self._is_service, psutil.process_iter()), None)
        return self._service

    def _is_service(self, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error):
            line = process.cmdline()
            return "service" in line and str(self.toml) in line and process.status() != psutil.STATUS_ZOMBIE
        return False

    def family(self) -> tuple[psutil.Process | None, list[psutil.Process]]:
        """The service and all that it has started."""
        service = self.service()
        with contextlib.suppress(psutil.NoSuchProcess):  # it may end in this very moment
            return service, service.children(recursive=True) if service is not None else []
        return None, []

    def end_service(self) -> None:
        """Kill the service and all that it has started."""
        service, children = self.family()
        kill([service, *children])


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def kill(processes: Sequence[psutil.Process | None]) -> int:
    """Kill them; gives how many of them were alive."""
    struck = 0
    for process in processes:
        if process is not None and _alive(process):
            with contextlib.suppress(psutil.NoSuchProcess):  # it was quicker
                process.kill()
                struck += 1
    return struck


class Export:
    """The command, run until it says that it is done. `began` is when it was started last."""

    def __init__(self, telegram: Telegram, folder: Path, chats: Sequence[int], *, jobs: bool = False) -> None:
        """With `jobs`, videos are transcoded as well."""
        self.vault = folder / "vault"
        self.statuses: list[int] = []
        self.output: list[str] = []
        self.began = 0.0
        self._telegram = telegram
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        wanted = "".join(f"[[targets.chats]]\nchat = {chat}\n" for chat in chats) or "[targets]\nall_chats = true\n"
        transcode = '[media.transcode]\nvideo = "h264"\nmax_height = 180\nhardware = false\n' if jobs else ""
        self._profile = folder / "profile.toml"
        self._profile.write_text(
            f'output = "{self.vault}"\n{wanted}{transcode}[layout]\ntimezone = "UTC"\n'
            '[performance]\npreset = "custom"\nhistory_workers = 4\ndecode_processes = 2\ntakeout = true\n'
        )
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Run the command."""
        self.began = time.monotonic()
        with self._told().open("wb") as told:  # a pipe that nobody empties would stop it
            self._process = subprocess.Popen(
                [TOBS, "--server", str(self._telegram.toml), "--headless", "--json", str(self._profile)],
                stdout=told,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )

    def _told(self) -> Path:
        return self._folder / f"output-{len(self.output) + 1}.jsonl"

    @property
    def speaks(self) -> bool:
        """Whether the command has said something: until then Python itself may still be starting."""
        return self._told().stat().st_size > 0

    @property
    def running(self) -> bool:
        """Whether the command has not ended."""
        return self._process is not None and self._process.poll() is None

    def end(self, limit_s: float = RUN_LIMIT_S) -> int:
        """Wait for the command; gives its exit status. One that takes longer is killed, which is told."""
        assert self._process is not None
        hung = ""
        try:
            self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            hung = f"\n(it hung for {limit_s:.0f} s)"
        self.output.append(self._told().read_text(errors="replace") + hung)
        self.statuses.append(self._process.returncode)
        return self._process.returncode

    def kill_command(self) -> int:
        """Take the reporter away; the run goes on. Gives whether it was there."""
        assert self._process is not None
        there = self.running
        self._process.kill()
        return int(there)

    def send(self, number: int) -> None:
        """Send the command a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def last_line(self) -> dict[str, object]:
        """What the command said last, {} when that was no JSON."""
        lines = self.output[-1].strip().splitlines() if self.output else []
        with contextlib.suppress(json.JSONDecodeError):
            said = json.loads(lines[-1]) if lines else {}
            return said if isinstance(said, dict) else {}
        return {}


def problems_of(export: Export, truth: dict[str, bytes]) -> list[str]:
    """In which ways a finished vault is not what it should be: its bytes, its archive, its ledger, what was said."""
    found: list[str] = []
    got = vault_bytes(export.vault)
    for path in sorted(truth.keys() | got.keys()):
        if got.get(path) != truth.get(path):
            found.append(f"{path}: {'missing' if path not in got else 'extra' if path not in truth else 'differs'}")
    with contextlib.closing(sqlite3.connect(archive_path(export.vault))) as archive:
        verdict = archive.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        found.append(f"archive: {verdict}")
    checked = subprocess.run([TOBS, "verify", str(export.vault)], capture_output=True, text=True, check=False)
    if checked.returncode:
        found.append(f"tobs verify ends with {checked.returncode}: {checked.stdout[-800:]}{checked.stderr[-400:]}")
    found += [f"traceback: {said[-800:]}" for said in export.output if "Traceback" in said]
    found += ["it hung" for said in export.output if said.endswith(" s)") and "(it hung for" in said]
    return found
