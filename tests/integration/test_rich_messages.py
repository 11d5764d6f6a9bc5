"""Rich messages over the wire: the rest of those that come in part is asked for, and what cannot be had is visible."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.engine_help import Account, account_at, address_of, profile_of
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.schema import archive_path
from tobs_tui.model.messages import Message
from tobs_tui.model.profile import MediaOptions
from tobs_tui.model.refresh import Refresh
from tobs_tui.model.run import Outcome
from tobs_tui.sandbox.faults import Fault
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.worlds.loader import load_world

MUSEUM = -1001680000001
PROFILE = profile_of([MUSEUM], media=MediaOptions(download=False))
EVERYTHING = Refresh(days=0)
MISSING = "*The rest of this message could not be had.*"
END = "The very end."
METHOD = "messages.getRichMessage"


@pytest.fixture
async def server() -> AsyncIterator[SandboxServer]:
    async with SandboxServer(load_world("demo")) as server:
        yield server


@pytest.fixture
async def account(server: SandboxServer, tmp_path: Path) -> AsyncIterator[Account]:
    async with account_at(address_of(server), tmp_path / "session", server.world) as account:
        yield account


def notes(vault: Path) -> str:
    """All of the vault's notes."""
    return "\n".join(path.read_text("utf-8") for path in sorted(vault.rglob("*.md")))


def last_rich(vault: Path) -> Message:
    """The newest rich message in the archive."""
    with Archive.open(archive_path(vault)) as archive:
        return [one for one in archive.messages(MUSEUM) if one.rich is not None][-1]


async def test_the_rest_of_a_rich_message_is_asked_for_and_a_refresh_leaves_it_alone(
    account: Account, server: SandboxServer, tmp_path: Path
) -> None:
    server.faults.add(Fault(method=METHOD, times=1, error="RPC_CALL_FAIL", code=500))  # tried again
    state = await account.export(tmp_path / "vault", PROFILE)
    assert state.outcome is Outcome.COMPLETE
    markdown = notes(tmp_path / "vault")
    assert END in markdown
    assert MISSING not in markdown
    assert not last_rich(tmp_path / "vault").unknown

    server.faults.add(Fault(method=METHOD, times=0, error="MSG_ID_INVALID", code=400))
    state = await account.export(tmp_path / "vault", PROFILE, refresh=EVERYTHING)
    assert (state.outcome, state.totals.edited, state.totals.deleted) == (Outcome.COMPLETE, 0, 0)
    assert notes(tmp_path / "vault") == markdown


async def test_what_telegram_does_not_give_is_marked_counted_and_had_by_a_later_refresh(
    account: Account, server: SandboxServer, tmp_path: Path
) -> None:
    server.faults.add(Fault(method=METHOD, times=0, error="MSG_ID_INVALID", code=400))
    state = await account.export(tmp_path / "vault", PROFILE)
    unread = state.totals.unknown
    assert state.outcome is Outcome.COMPLETE
    assert MISSING in notes(tmp_path / "vault")
    assert END not in notes(tmp_path / "vault")
    assert last_rich(tmp_path / "vault").unknown == ("RichMessage.part",)

    server.faults.clear()
    state = await account.export(tmp_path / "vault", PROFILE, refresh=EVERYTHING)
    assert (state.outcome, state.totals.edited) == (Outcome.COMPLETE, 1)
    assert END in notes(tmp_path / "vault")
    assert MISSING not in notes(tmp_path / "vault")
    assert unread > len(last_rich(tmp_path / "vault").unknown)


async def test_a_run_that_has_to_wait_for_the_rest_too_long_ends_and_the_next_one_has_all_of_it(
    server: SandboxServer, tmp_path: Path
) -> None:
    server.faults.add(Fault(method=METHOD, error="FLOOD_WAIT_900"))
    session, vault = tmp_path / "session", tmp_path / "vault"
    async with account_at(address_of(server), session, server.world) as account:
        assert (await account.export(vault, PROFILE, max_wait_s=60)).outcome is Outcome.WAITING
    async with account_at(address_of(server), session) as account:  # a day later, say
        assert (await account.export(vault, PROFILE)).outcome is Outcome.COMPLETE
    assert END in notes(vault)
    assert MISSING not in notes(vault)
