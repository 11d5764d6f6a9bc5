"""Exports through the real command while processes are killed and the network is cut, at seeded random moments.

``python -m tests.faults.chaos --runs 20 [--seed N] [--chat ID ...] [--gone-s 120]`` serves the demo world, exports it
once undisturbed, then again and again with disturbances, running the command anew whenever it ended early. Each vault
must end COMPLETE with the undisturbed one's bytes and a sound archive. With `--gone-s` the first disturbed run is one
from which the server is away for so long, and which must go on by itself. Prints a line a run; exit status 1 when one
broke the promise.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil

from tests.e2e.serving import sign_in
from tests.integration.engine_help import vault_bytes
from tobs_tui.archive.schema import archive_path
from tobs_tui.config.paths import Paths
from tobs_tui.config.server_file import load_server

TOBS = str(Path(sys.executable).with_name("tobs"))
LATENCY_MS = 50
RERUNS = 12
RUN_LIMIT_S = 170.0
_CUT_S = (0.2, 4.0)


class Telegram:
    """The sandbox as a process of its own that can be stopped, frozen and started again at the same address."""

    def __init__(self, folder: Path, latency_ms: int = LATENCY_MS, *arguments: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.toml = folder / "server.toml"
        self._folder = folder
        self._arguments = ["--latency-ms", str(latency_ms), "--state", str(folder / "state"), *arguments]
        self.port = 0
        self.phone = self.code = self.password = ""
        self.start()

    def start(self) -> None:
        """Serve, at the port of the last time."""
        self.process = subprocess.Popen(
            [TOBS, "sandbox", "serve", "--port", str(self.port), *self._arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        said = json.loads(self.process.stdout.readline())
        self.port = int(said["port"])
        self.phone, self.code, self.password = said["phone"], said["code"], said["password"]
        (self._folder / "server.pem").write_text(said["public_key"])
        self.toml.write_text(
            f'dc = {said["dc"]}\nhost = "{said["host"]}"\nport = {said["port"]}\npublic_key = "server.pem"\n'
        )

    def stop(self) -> None:
        """Cut every connection at once."""
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


class Export:
    """One vault's way to completeness: the command, run until it says that it is done, and what disturbs it."""

    def __init__(self, telegram: Telegram, folder: Path, chats: Sequence[int]) -> None:
        self.vault = folder / "vault"
        self.statuses: list[int] = []
        self.output: list[str] = []
        self._telegram = telegram
        folder.mkdir(parents=True, exist_ok=True)
        wanted = "".join(f"[[targets.chats]]\nchat = {chat}\n" for chat in chats) or "[targets]\nall_chats = true\n"
        self._profile = folder / "profile.toml"
        self._profile.write_text(
            f'output = "{self.vault}"\n{wanted}[layout]\ntimezone = "UTC"\n'
            '[performance]\npreset = "custom"\nhistory_workers = 4\ndecode_processes = 2\ntakeout = true\n'
        )
        self._process: subprocess.Popen[str] | None = None

    def begin(self) -> None:
        """Run the command."""
        self._process = subprocess.Popen(
            [TOBS, "--server", str(self._telegram.toml), "--headless", "--json", str(self._profile)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    @property
    def running(self) -> bool:
        """Whether the command has not ended."""
        return self._process is not None and self._process.poll() is None

    def end(self) -> int:
        """Wait for the command; gives its exit status."""
        assert self._process is not None
        try:
            said, _ = self._process.communicate(timeout=RUN_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            said, _ = self._process.communicate()
            said += "\n(it hung)"
        self.output.append(said)
        (self.vault.parent / f"output-{len(self.output)}.jsonl").write_text(said)
        self.statuses.append(self._process.returncode)
        return self._process.returncode

    def kill_command(self) -> None:
        """Take the reporter away; the run goes on."""
        assert self._process is not None
        self._process.kill()


def service_of(telegram: Telegram) -> psutil.Process | None:
    """The background service of the account at this sandbox."""
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if "service" in line and str(telegram.toml) in line:
            return process
    return None


def _family(telegram: Telegram) -> tuple[psutil.Process | None, list[psutil.Process]]:
    service = service_of(telegram)
    with contextlib.suppress(psutil.NoSuchProcess):  # it may end in this very moment
        return service, service.children(recursive=True) if service is not None else []
    return None, []


def _kill(processes: Sequence[psutil.Process | None]) -> None:
    for process in processes:
        if process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):  # it was quicker
                process.kill()


class Disturber:
    """Does one kind of harm at a time; `names` are the kinds."""

    def __init__(self, telegram: Telegram, luck: random.Random) -> None:
        self._telegram = telegram
        self._luck = luck
        self._kinds: dict[str, Callable[[Export], None]] = {
            "service": lambda _: _kill([_family(telegram)[0]]),
            "everything": lambda _: _kill([_family(telegram)[0], *_family(telegram)[1]]),
            "children": lambda _: _kill(_family(telegram)[1]),
            "fork server": lambda _: self._one(direct=True),
            "worker": lambda _: self._one(direct=False),
            "reporter": lambda export: export.kill_command(),
            "cut": lambda _: self._cut(),
            "freeze": lambda _: self._freeze(),
            "terminate": lambda _: self._terminate(),
        }

    @property
    def names(self) -> list[str]:
        """The kinds of harm."""
        return list(self._kinds)

    def disturb(self, name: str, export: Export) -> None:
        """Do it."""
        self._kinds[name](export)

    def _one(self, *, direct: bool) -> None:
        service, family = _family(self._telegram)
        if service is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):  # it was quicker
            near = {child.pid for child in service.children()}
            some = [child for child in family if (child.pid in near) == direct]
            if some:
                _kill([self._luck.choice(some)])

    def _cut(self) -> None:
        self._telegram.stop()
        time.sleep(self._luck.uniform(*_CUT_S))
        self._telegram.start()

    def _freeze(self) -> None:
        self._telegram.process.send_signal(signal.SIGSTOP)
        time.sleep(self._luck.uniform(*_CUT_S))
        self._telegram.process.send_signal(signal.SIGCONT)

    def _terminate(self) -> None:
        service, _ = _family(self._telegram)
        if service is not None:
            with contextlib.suppress(psutil.NoSuchProcess):  # it was quicker
                service.terminate()


def problems_of(export: Export, truth: dict[str, bytes]) -> list[str]:
    """In which ways a vault is not what it should be."""
    found: list[str] = []
    got = vault_bytes(export.vault)
    for path in sorted(truth.keys() | got.keys()):
        if got.get(path) != truth.get(path):
            found.append(f"{path}: {'missing' if path not in got else 'extra' if path not in truth else 'differs'}")
    with contextlib.closing(sqlite3.connect(archive_path(export.vault))) as archive:
        verdict = archive.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        found.append(f"archive: {verdict}")
    found += [f"traceback: {said[-800:]}" for said in export.output if "Traceback" in said]
    return found


def disturbed(
    telegram: Telegram, folder: Path, chats: Sequence[int], luck: random.Random, length_s: float, kinds: Sequence[str]
) -> tuple[Export, list[str]]:
    """An export with disturbances, and what they were."""
    export = Export(telegram, folder, chats)
    disturber = Disturber(telegram, luck)
    story: list[str] = []
    harms = luck.randint(1, 4)
    for _ in range(RERUNS):
        export.begin()
        while harms and export.running:
            harms -= 1
            name, after = luck.choice(kinds), luck.uniform(0.3, length_s * 0.7)
            deadline = time.monotonic() + after
            while export.running and time.monotonic() < deadline:
                time.sleep(0.01)
            if export.running:
                disturber.disturb(name, export)
                story.append(f"{name} @{after:.1f}s")
        story.append(f"-> {export.end()}")
        if export.statuses[-1] == 0:
            break
    return export, story


def outlasted(telegram: Telegram, folder: Path, chats: Sequence[int], gone_s: float, length_s: float) -> Export:
    """An export in whose middle the server is away for `gone_s` seconds."""
    export = Export(telegram, folder, chats)
    export.begin()
    time.sleep(length_s / 2)
    telegram.stop()
    time.sleep(gone_s)
    telegram.start()
    export.end()
    return export


def chaos(
    folder: Path,
    *,
    runs: int,
    seed: int,
    chats: Sequence[int] = (),
    kinds: Sequence[str] = (),
    latency_ms: int,
    gone_s: float = 0.0,
) -> Iterator[tuple[int, str, list[str]]]:
    """For each run its number, its story, and its problems. The environment's TOBS_HOME is used."""
    telegram = Telegram(folder / "telegram", latency_ms)
    paths = Paths.resolve(server=load_server(telegram.toml))
    try:
        asyncio.run(sign_in(paths, telegram))  # type: ignore[arg-type]  # it needs the login and the file only
        began = time.monotonic()
        calm = Export(telegram, folder / "calm", chats)
        calm.begin()
        if calm.end() != 0:
            yield 0, "undisturbed", [f"ended with {calm.statuses[-1]}: {calm.output[-1][-2000:]}"]
            return
        length = time.monotonic() - began
        truth = vault_bytes(calm.vault)
        if gone_s:
            patient = outlasted(telegram, folder / "gone", chats, gone_s, length)
            problems = problems_of(patient, truth) if patient.statuses == [0] else [patient.output[-1][-2000:]]
            yield 0, f"the server gone for {gone_s:.0f} s -> {patient.statuses[0]}", problems
        for number in range(1, runs + 1):
            luck = random.Random(seed * 1_000_003 + number)
            names = list(kinds) or Disturber(telegram, luck).names
            export, story = disturbed(telegram, folder / f"run{number}", chats, luck, length, names)
            problems = problems_of(export, truth) if export.statuses[-1] == 0 else [export.output[-1][-2000:]]
            yield number, ", ".join(story), problems
    finally:
        _kill([_family(telegram)[0], *_family(telegram)[1]])
        telegram.stop()


def main(arguments: Sequence[str] | None = None) -> int:
    """Disturb and report; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--chat", type=int, action="append", default=[])
    parser.add_argument("--kind", action="append", default=[])
    parser.add_argument("--latency-ms", type=int, default=LATENCY_MS)
    parser.add_argument("--gone-s", type=float, default=0.0)
    parser.add_argument("--keep", type=Path, help="a folder that stays, for looking into it")
    wanted = parser.parse_args(arguments)
    bad = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = wanted.keep or Path(temporary)
        os.environ.update(TOBS_HOME=str(folder / "home"), TOBS_API_ID="12345", TOBS_API_HASH="0123456789abcdef" * 2)
        for number, story, problems in chaos(
            folder,
            runs=wanted.runs,
            seed=wanted.seed,
            chats=wanted.chat,
            kinds=wanted.kind,
            latency_ms=wanted.latency_ms,
            gone_s=wanted.gone_s,
        ):
            bad += bool(problems)
            print(f"run {number}: {story}: {'; '.join(problems[:8]) if problems else 'same bytes'}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
