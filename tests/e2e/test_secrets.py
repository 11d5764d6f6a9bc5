"""Secrets from a person's point of view: nothing a run leaves behind tells them, and the commands do what they say."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.e2e.serving import ServedSandbox
from tests.e2e.terminal import Terminal
from tobs_tui.config.paths import Paths
from tobs_tui.config.sealing import Cost, Seal
from tobs_tui.config.server_file import load_server
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.service import protocol as p
from tobs_tui.service.client import ServiceClient
from tobs_tui.service.framing import frame
from tobs_tui.service.launch import attach
from tobs_tui.telegram.link import TelegramLink
from tobs_tui.telegram.session import Session

TOBS = [str(Path(sys.executable).with_name("tobs"))]
API_HASH = "5ca1ab1e0ddba11c0ffee0badcafe123"
PASSPHRASE = "Grüße aus dem Tr0ckendock"
WRONG = "Nicht das r1chtige Wort"
CODE, PASSWORD = "73911804226650871", "zwei Schritte w3iter"
"""Wrong ones, typed by mistake: near enough to the right ones to be kept secret, too."""


def tobs(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, with no terminal anywhere."""
    return subprocess.run(
        [*TOBS, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        env=os.environ | environ,
    )


def disguises(secret: bytes) -> set[bytes]:
    """A secret as it could turn up: raw, in hex, in base64 at any offset within other bytes, escaped."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode(), repr(secret)[2:-1].encode()}
    for begin in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            whole = encode(b"\0" * begin + secret + b"\0" * 2)
            found.add(whole[(begin * 8 + 5) // 6 : (begin + len(secret)) * 8 // 6])
    return found | {json.dumps(secret.decode("latin-1")).encode()[1:-1]}


def found_in(places: dict[str, bytes], secrets: dict[str, bytes]) -> list[str]:
    """Where which secret can be read."""
    forms = {name: disguises(secret) for name, secret in secrets.items()}
    return sorted(
        f"{name} in {place}"
        for place, content in places.items()
        for name, shapes in forms.items()
        if any(shape in content for shape in shapes)
    )


def files_below(*folders: Path) -> dict[str, bytes]:
    """Every file with what is in it, and its name."""
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    return {str(file): str(file).encode() + b"\n" + file.read_bytes() for file in files}


@contextmanager
def processes_watched(seen: dict[str, bytes]) -> Iterator[None]:
    """Note the arguments of every process of this machine meanwhile."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.25):
            for process in psutil.process_iter():
                try:
                    seen[f"arguments of {process.pid}"] = "\0".join(process.cmdline()).encode()
                except psutil.Error:  # it is gone
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def environment_of_family(pid: int) -> dict[str, bytes]:
    """What the service and its children were told by their environment."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return {f"environment of {one.pid}": Path(f"/proc/{one.pid}/environ").read_bytes() for one in family}


async def refusal(client: ServiceClient, command: p.AnyCommand) -> ErrorCode:
    """How a command is refused."""
    with pytest.raises(TobsError) as caught:
        await client.call(command)
    return caught.value.code


async def in_phase(client: ServiceClient, phase: p.AccountPhase) -> None:
    """Wait until the account is there."""
    snapshot = await client.ask(p.Attach(), p.Snapshot)
    if snapshot.account.phase is not phase:
        async for event in client.events():
            if isinstance(event, p.AccountChanged) and event.account.phase is phase:
                return


async def signed_in_with_mistakes(paths: Paths, sandbox: ServedSandbox) -> ServiceClient:
    """Sign in as people do: with a typing mistake in each field first."""
    client = await attach(paths, server_file=sandbox.toml)
    await in_phase(client, p.AccountPhase.NEEDS_CREDENTIALS)
    await client.call(p.SetCredentials(4711, API_HASH))
    await in_phase(client, p.AccountPhase.SIGNED_OUT)
    await client.call(p.SendCode(sandbox.phone))
    assert await refusal(client, p.SubmitCode(CODE)) is ErrorCode.CODE_INVALID
    await client.call(p.SubmitCode(sandbox.code))
    assert await refusal(client, p.SubmitPassword(PASSWORD)) is ErrorCode.PASSWORD_INVALID
    await client.call(p.SubmitPassword(sandbox.password))
    await in_phase(client, p.AccountPhase.SIGNED_IN)
    return client


async def strange_frames(paths: Paths) -> None:
    """Frames with secrets in them that no service understands, and a service that dies of a fault."""
    whole = frame(p.ClientFrame(1, p.SetPassphrase(PASSPHRASE, WRONG)))
    for sent in (whole[:-3], whole.replace(b"SetPass", b"SetPath"), struct.pack(">I", 2**31) + whole[4:]):
        reader, writer = await asyncio.open_unix_connection(str(paths.socket))
        writer.write(sent)
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()


def test_nothing_a_run_leaves_behind_tells_a_secret(
    home: Path, tmp_path: Path, serve_sandbox: Callable[..., ServedSandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = serve_sandbox("--world", "bench", "--messages", "120")
    for name in ("TOBS_API_ID", "TOBS_API_HASH"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("TOBS_LOG_LEVEL", "debug")
    paths = Paths.resolve(server=load_server(sandbox.toml))
    vault, file = tmp_path / "vault", tmp_path / "passphrase"
    file.write_text(f"{PASSPHRASE}\n")
    file.chmod(0o600)
    place = ("--server", str(sandbox.toml))
    places: dict[str, bytes] = {}

    async def prepare() -> dict[str, bytes]:
        client = await signed_in_with_mistakes(paths, sandbox)
        keys = Session.load(paths.session_file).data.keys
        secrets = secrets_of(sandbox, keys)
        in_clear = found_in(files_below(home), secrets)  # this search finds what is there to be found
        assert f"the key of dc 2 in {paths.session_file}" in in_clear
        assert f"a part of the key of dc 2 in {paths.session_file}" in in_clear
        assert f"the phone number in {paths.session_file}" in in_clear
        assert f"the api hash in {paths.credentials_file}" in in_clear
        await strange_frames(paths)
        await client.close()
        return secrets

    secrets = asyncio.run(prepare())
    done = [tobs("passphrase", "set", "--new-passphrase-file", str(file), *place)]
    assert (done[0].returncode, done[0].stderr) == (0, "")
    asyncio.run(mistakes_and_the_end(paths))
    with processes_watched(places):
        run = ("--all-chats", "--output", str(vault), *place)
        done.append(tobs("--headless", *run, TOBS_PASSPHRASE=WRONG))  # and that is the service's first environment
        assert done[-1].returncode == 4
        assert "This is not the passphrase." in done[-1].stdout
        done.append(tobs("--json", *run, "--passphrase-file", str(file)))
        assert done[-1].returncode == 0, done[-1].stdout + done[-1].stderr
    service = asyncio.run(pid_of_service(paths))
    places |= environment_of_family(service)
    os.kill(service, signal.SIGABRT)  # a crash; it must leave no memory image
    psutil.Process(service).wait(20)
    stolen = paths.session_file.read_bytes()
    done.append(tobs("logout", *place, TOBS_PASSPHRASE=PASSPHRASE))
    assert done[-1].stdout.startswith("Signed out"), done[-1].stderr

    places |= {f"output {number}": (each.stdout + each.stderr).encode() for number, each in enumerate(done)}
    places |= files_below(home, vault) | {"the session before": stolen}
    assert sum("arguments of" in place for place in places) > 5
    assert sum(".jsonl" in place for place in places) >= 2
    assert found_in(places, secrets) == []

    seal = Seal.of(stolen, PASSPHRASE)
    kept = Session.load(paths.session_file, seal)
    assert (kept.data.keys, kept.data.self_id, kept.data.peers) == ({}, 0, {})
    paths.session_file.write_bytes(stolen)  # who has copied it, and knows the passphrase, has nothing any more
    assert asyncio.run(still_good(Session.load(paths.session_file, seal), sandbox)) is False


def secrets_of(sandbox: ServedSandbox, keys: dict[int, bytes]) -> dict[str, bytes]:
    """All that must not be found."""
    return {
        "the api hash": API_HASH.encode(),
        "the api hash's bytes": bytes.fromhex(API_HASH),
        "the phone number": sandbox.phone.lstrip("+").encode(),
        "the mistyped code": CODE.encode(),
        "the password": sandbox.password.encode(),
        "the mistyped password": PASSWORD.encode(),
        "the passphrase": PASSPHRASE.encode(),
        "the wrong passphrase": WRONG.encode(),
        **{f"the key of dc {dc}": key for dc, key in keys.items()},
        **{f"a part of the key of dc {dc}": key[:24] for dc, key in keys.items()},
    }


async def mistakes_and_the_end(paths: Paths) -> None:
    """Mistype the passphrase in the settings, then end the service."""
    client = await ServiceClient.connect(paths.socket)
    assert await refusal(client, p.RemovePassphrase(WRONG)) is ErrorCode.PASSPHRASE_WRONG
    await client.close()
    await end_service(paths)


async def pid_of_service(paths: Paths) -> int:
    """The service that runs."""
    client = await ServiceClient.connect(paths.socket)
    await client.close()
    return client.snapshot.pid


async def end_service(paths: Paths) -> None:
    """End the service and wait for its end."""
    client = await ServiceClient.connect(paths.socket)
    process = psutil.Process(client.snapshot.pid)
    await client.call(p.Shutdown())
    await client.close()
    await asyncio.to_thread(process.wait, 20)


async def still_good(session: Session, sandbox: ServedSandbox) -> bool:
    """Whether a session is signed in at the server."""
    link = TelegramLink(session=session, api_id=1, api_hash=API_HASH, server=load_server(sandbox.toml))
    try:
        await link.connect()
        return await link.is_authorized()
    finally:
        await link.disconnect()


def test_the_screen_asks_for_the_passphrase_when_it_is_needed(home: Path) -> None:
    paths = Paths.resolve()
    paths.ensure()
    Session(paths.session_file, seal=Seal.new(PASSPHRASE, cost=Cost(n=2**10))).save()
    terminal = Terminal(TOBS, columns=100, rows=30)
    try:
        terminal.wait_for("The session is locked", "Passphrase")
        terminal.type(WRONG)
        terminal.press("enter")
        shown = terminal.wait_for("This is not the passphrase.")
        assert WRONG not in shown
        terminal.press("ctrl+u")
        terminal.type(PASSPHRASE)
        terminal.press("enter")
        terminal.wait_for("Connect tobs to Telegram")
        assert PASSPHRASE.encode() not in terminal.sent
        assert WRONG.encode() not in terminal.sent
    finally:
        terminal.close()


def test_the_search_for_secrets_finds_them_in_every_disguise() -> None:
    secret = bytes(range(200, 232))
    for before in range(4):
        for after in range(4):
            whole = b"\xfb" * before + secret + b"\xef" * after
            for encode in (base64.b64encode, base64.urlsafe_b64encode, bytes.hex, repr, bytes):
                told = encode(whole)
                content = told if isinstance(told, bytes) else told.encode()
                assert found_in({"x": b"log: " + content + b"\n"}, {"s": secret}) == ["s in x"]
    assert found_in({"x": secret[1:] * 9}, {"s": secret}) == []
