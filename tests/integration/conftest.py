"""What integration tests share: a sandbox to connect to, and unmodified Telethon clients that connect to it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from telethon import TelegramClient
from telethon.crypto import rsa
from telethon.network import ConnectionTcpFull
from telethon.sessions import MemorySession

from tobs_tui.model.run import Outcome
from tobs_tui.sandbox.rpc.registry import HOME_DC
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.worlds.peers import Person
from tobs_tui.sandbox.worlds.world import World

if TYPE_CHECKING:
    from tests.integration.engine_help import Account

API_ID = 1
API_HASH = "0123456789abcdef0123456789abcdef"


@contextlib.contextmanager
def _telethon_apart() -> Iterator[None]:
    """Telethon keeps server keys and the data centres' addresses for the whole process: forget those of the block."""
    known = dict(rsa._server_keys)
    TelegramClient._config = TelegramClient._cdn_config = None
    yield
    TelegramClient._config = TelegramClient._cdn_config = None
    rsa._server_keys.clear()
    rsa._server_keys.update(known)


@pytest.fixture(autouse=True)
def fresh_telethon() -> Iterator[None]:
    """Each test its own keys and addresses."""
    with _telethon_apart():
        yield


def tiny_world(password: str = "correct horse") -> World:
    """A world that holds nothing but the account itself, for tests of the wire and of signing in."""
    world = World("tiny", 1, 777)
    world.password = password
    world.users[777] = Person(777, "Ada", is_self=True, phone=world.phone.lstrip("+"), access_hash=5)
    return world


async def connect_telethon(
    server: SandboxServer,
    *,
    dc: int = HOME_DC,
    transport: type[Any] = ConnectionTcpFull,
    auth_key: Any = None,
    **options: Any,
) -> TelegramClient:
    """A connected, unmodified Telethon client told only the address and the public key. Disconnect it yourself."""
    rsa.add_key(server.public_key_pem, old=False)
    session = MemorySession()
    session.set_dc(dc, *server.address(dc))
    session.auth_key = auth_key
    client = TelegramClient(
        session,
        API_ID,
        API_HASH,
        connection=transport,
        **{"retry_delay": 0, "flood_sleep_threshold": 0, "raise_last_call_error": True, **options},
    )
    await client.connect()
    return client


async def sign_in(client: TelegramClient, world: World) -> Any:
    """Sign in with the world's code and, where there is one, its password. Gives the user."""
    from telethon.errors import SessionPasswordNeededError

    await client.send_code_request(world.phone)
    try:
        return await client.sign_in(world.phone, world.code)
    except SessionPasswordNeededError:
        return await client.sign_in(password=world.password)


Connect = Callable[..., Awaitable[TelegramClient]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """`connect_telethon`, with clients that are disconnected when the test ends."""
    clients: list[TelegramClient] = []

    async def make(server: SandboxServer, **options: Any) -> TelegramClient:
        client = await connect_telethon(server, **options)
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.disconnect()


@pytest.fixture(scope="session")
def demo_world() -> World:
    """The demo world, built once: nothing changes it."""
    from tobs_tui.sandbox.worlds.loader import load_world

    return load_world("demo", seed=1, messages=None)


@pytest.fixture(scope="session")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in memory, where the system has that: vaults of thousands of notes are flushed note by note."""
    base = Path("/dev/shm")  # the folder made in it is this process's own
    folder = Path(tempfile.mkdtemp(dir=base if os.access(base, os.W_OK) else tmp_path_factory.mktemp("memory")))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def quick_path(memory: Path) -> Path:
    """As `tmp_path`, in `memory`."""
    return Path(tempfile.mkdtemp(dir=memory))


@pytest.fixture(scope="session")
def demo_vault(demo_world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole demo world exported once, as `engine_help.BERLIN` says, for all processes that run tests. Copy it;
    nothing may change it."""
    from tests.integration.engine_help import BERLIN, account_at, address_of

    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "demo-vault"
    folder.mkdir(exist_ok=True)

    async def export() -> None:
        async with SandboxServer(demo_world) as server:
            async with account_at(address_of(server), folder / "session", demo_world) as account:
                state = await account.export(folder / "vault", BERLIN)
                assert state.outcome is Outcome.COMPLETE

    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            shutil.rmtree(folder / "vault", ignore_errors=True)  # of one that failed
            with _telethon_apart():
                asyncio.run(export())
            (folder / "done").touch()
    return folder / "vault"


@pytest.fixture
async def sandbox(demo_world: World) -> AsyncIterator[SandboxServer]:
    """A sandbox that serves the demo world in this process."""
    async with SandboxServer(demo_world) as server:
        yield server


@pytest.fixture(scope="session")
def manifest(demo_world: World) -> dict[str, Any]:
    """The demo world's truth as `tobs sandbox manifest` prints it."""
    from tobs_tui.sandbox.manifest import build_manifest

    facts: dict[str, Any] = msgspec.to_builtins(build_manifest(demo_world))
    return facts


@pytest.fixture
async def account(sandbox: SandboxServer, tmp_path: Path) -> AsyncIterator[Account]:
    """An account that is signed in to `sandbox`, to export with."""
    from tests.integration.engine_help import account_at, address_of

    async with account_at(address_of(sandbox), tmp_path / "session", sandbox.world) as account:
        yield account


@pytest.fixture
async def tiny_sandbox() -> AsyncIterator[SandboxServer]:
    """A sandbox with the account and nothing else."""
    async with SandboxServer(tiny_world()) as server:
        yield server


@pytest.fixture
async def signed_in(sandbox: SandboxServer, connect: Connect) -> TelegramClient:
    """A Telethon client that is signed in to `sandbox`."""
    client = await connect(sandbox)
    await sign_in(client, sandbox.world)
    return client
