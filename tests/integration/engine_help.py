"""What the engine's tests share: a signed-in link to a sandbox, exports of it, and vaults to compare.

Run as a program (``python engine_help.py SESSION SERVER.json VAULT PROFILE.json [REFRESH.json]``) it does one export,
to be killed.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tobs_tui.engine.run import ExportRun
from tobs_tui.model.load import Thresholds
from tobs_tui.model.profile import ChatTarget, Layout, Performance, Preset, Profile, Targets
from tobs_tui.model.refresh import Refresh
from tobs_tui.model.run import Outcome, RunState, RunUpdated, apply_update
from tobs_tui.model.server import ServerAddress
from tobs_tui.telegram.link import LinkEvent, TelegramLink
from tobs_tui.telegram.session import Session
from tobs_tui.telegram.sign_in import SignInStep

if TYPE_CHECKING:
    from tobs_tui.sandbox.server import SandboxServer

QUICK = Performance(preset=Preset.CUSTOM, history_workers=4, decode_processes=1, takeout=True)


def address_of(server: SandboxServer) -> ServerAddress:
    """How clients reach a sandbox."""
    from tobs_tui.sandbox.rpc.registry import HOME_DC

    host, port = server.address()
    return ServerAddress(dc=HOME_DC, host=host, port=port, public_key=server.public_key_pem)


def profile_of(chats: Iterable[int] = (), *, topics: Iterable[int] = (), **parts: Any) -> Profile:
    """A profile of some chats (none: all of them), quick to run."""
    targets = Targets(chats=tuple(ChatTarget(chat, topics=tuple(topics)) for chat in chats))
    chosen = targets if targets.chats else Targets(all_chats=True)
    return Profile(**{"targets": chosen, "performance": QUICK, **parts})


BERLIN = profile_of(layout=Layout(timezone="Europe/Berlin"))
"""Everything, in a time zone that is not the machine's own to choose."""


class Ear:
    """Passes link events on to whichever run listens."""

    def __init__(self) -> None:
        self.listener: Callable[[LinkEvent], None] | None = None

    def __call__(self, event: LinkEvent) -> None:
        if self.listener is not None:
            self.listener(event)


class Account:
    """A signed-in link and what hears its events."""

    def __init__(self, link: TelegramLink, ear: Ear) -> None:
        self.link = link
        self.ear = ear

    def run(self, output: Path, profile: Profile, **options: Any) -> Watched:
        """A run that is watched, not yet started."""
        return Watched(self, output, profile, **options)

    async def export(self, output: Path, profile: Profile, **options: Any) -> RunState:
        """Carry a run out; gives its last state."""
        watched = self.run(output, profile, **options)
        await watched.run.run()
        return watched.run.state


class Watched:
    """A run with a watcher that keeps the state by the updates alone, as a client does."""

    def __init__(self, account: Account, output: Path, profile: Profile, **options: Any) -> None:
        self.updates = 0
        self._conditions: list[tuple[Callable[[RunState], bool], asyncio.Event]] = []
        options.setdefault(
            "thresholds", Thresholds(own_memory_mb=(0, 0))
        )  # this process holds other tests' memory, too
        self.run = ExportRun(profile=profile, output=output, link=account.link, on_update=self._updated, **options)
        self.seen = self.run.state
        account.ear.listener = self.run.on_link_event

    def _updated(self, update: RunUpdated) -> None:
        self.updates += 1
        self.seen = apply_update(self.seen, update)
        for condition, event in self._conditions:
            if condition(self.seen):
                event.set()

    async def until(self, condition: Callable[[RunState], bool]) -> None:
        """Wait until the watcher sees a state for which `condition` holds."""
        event = asyncio.Event()
        if not condition(self.seen):
            self._conditions.append((condition, event))
            await event.wait()


@asynccontextmanager
async def account_at(address: ServerAddress, session: Path, login: Any = None) -> AsyncIterator[Account]:
    """A connected link with the session in the file `session`; `login` (a sandbox's world) signs it in if need be."""
    ear = Ear()
    link = TelegramLink(
        session=Session.load(session),
        api_id=1,
        api_hash="0" * 32,
        server=address,
        cache_dir=session.with_name("cache"),
        on_event=ear,
    )
    await link.connect()
    try:
        if login is not None and not await link.is_authorized():
            await link.send_code(login.phone)
            # Proving a password takes longer than many a test that needs an account, and has tests of its own.
            password, login.password = login.password, ""
            try:
                outcome = await link.submit_code(login.code)
            finally:
                login.password = password
            if outcome.step is SignInStep.PASSWORD_NEEDED:  # the world is served by another process
                await link.submit_password(login.password)
        yield Account(link, ear)
    finally:
        await link.disconnect()


def vault_bytes(vault: Path) -> dict[str, bytes]:
    """Every file that a reader of the vault sees."""
    return {
        path.relative_to(vault).as_posix(): path.read_bytes()
        for path in sorted(vault.rglob("*"))
        if path.is_file() and ".tobs" not in path.relative_to(vault).parts
    }


async def _export_as_child(
    session: Path, server: Path, vault: Path, profile: Path, refresh: Path | None = None
) -> Outcome:
    address = msgspec.json.decode(server.read_bytes(), type=ServerAddress)
    wanted = msgspec.json.decode(profile.read_bytes(), type=Profile)
    async with account_at(address, session) as account:
        window = None if refresh is None else msgspec.json.decode(refresh.read_bytes(), type=Refresh)
        watched = account.run(vault, wanted, refresh=window)
        started = asyncio.create_task(_say_when_fetching(watched))
        outcome = await watched.run.run()
        started.cancel()
        return outcome


async def _say_when_fetching(watched: Watched) -> None:
    await watched.until(lambda state: state.totals.messages_new > 0)
    print("fetching", flush=True)


if __name__ == "__main__":
    print(asyncio.run(_export_as_child(*(Path(argument) for argument in sys.argv[1:]))).value, flush=True)
