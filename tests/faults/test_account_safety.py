"""Promises about the account itself: a session that ends stops everything at once, and a run keeps to its budgets."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.integration.engine_help import Account, account_at, address_of, profile_of, vault_bytes
from tobs_tui.model.profile import Layout
from tobs_tui.model.run import EXIT_STATUS, Outcome, RunState
from tobs_tui.sandbox.faults import Fault
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.telegram.events import LinkEvent, SessionEnded
from tobs_tui.telegram.session import Session

PROFILE = profile_of([-1001650000001], layout=Layout(timezone="UTC"))
HISTORY, FILES = "messages.getHistory", "upload.getFile"
ENDINGS = {
    "AUTH_KEY_DUPLICATED": (406, "two places", "ign in again"),
    "AUTH_KEY_UNREGISTERED": (401, "signed this session out", "ign in again"),
    "SESSION_REVOKED": (401, "from another device", "ign in again"),
    "SESSION_EXPIRED": (401, "signed this session out", "ign in again"),
    "USER_DEACTIVATED": (401, "was deleted", "stays"),
    "USER_DEACTIVATED_BAN": (401, "banned", "recover@telegram.org"),
}
"""Each way that a session ends: its code, what a person is told, and the advice."""


class Ending:
    """Notes how many requests had been sent when the end of the session was heard of."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._listener = account.ear.listener
        self.asked: list[int] = []
        account.ear.listener = self

    def __call__(self, event: LinkEvent) -> None:
        if isinstance(event, SessionEnded):
            self.asked.append(self._account.link.stats.requests)
        if self._listener is not None:
            self._listener(event)


async def stopped(sandbox: SandboxServer, folder: Path, error: str, fault: Fault) -> RunState:
    """A run that meets the end of its session; gives its state. Checks what holds for each: the end is said once, with
    advice, not a single request follows it, and the dead key is not kept."""
    code, told, advice = ENDINGS[error]
    fault = replace(fault, error=error, code=code)
    async with account_at(address_of(sandbox), folder / "session", sandbox.world) as account:
        sandbox.faults.add(fault)
        sandbox.calls.clear()
        watched = account.run(folder / "vault", PROFILE)
        asked_before, ending = account.link.stats.requests, Ending(account)
        assert await watched.run.run() is Outcome.SIGNED_OUT
        state, asked = watched.run.state, account.link.stats.requests
        assert told in state.message and advice in state.message, state.message
        assert EXIT_STATUS[Outcome.SIGNED_OUT] == 4
        assert state.failures == ()
        assert ending.asked == [asked], "said once, and nothing is asked from then on"
        assert sum(sandbox.calls.values()) <= asked - asked_before
        sandbox.faults.clear()
        calls = sum(sandbox.calls.values())
        again = await account.export(folder / "vault", PROFILE)
        assert again.outcome is Outcome.SIGNED_OUT
        assert sum(sandbox.calls.values()) == calls, "nobody is signed in: nothing is asked"
    kept = folder / "session"
    assert not kept.exists() or not Session.load(kept).data.keys, "a dead key is not kept"
    return state


@pytest.mark.parametrize(
    ("error", "method"),
    [
        ("AUTH_KEY_DUPLICATED", HISTORY),
        ("AUTH_KEY_UNREGISTERED", HISTORY),
        ("USER_DEACTIVATED_BAN", HISTORY),
        ("SESSION_REVOKED", FILES),
        ("SESSION_EXPIRED", FILES),
        ("USER_DEACTIVATED", FILES),
    ],
)
async def test_a_session_that_ends_stops_everything_at_once(
    error: str, method: str, sandbox: SandboxServer, tmp_path: Path
) -> None:
    sandbox.latency_s = 0.01
    await stopped(sandbox, tmp_path, error, Fault(method=method, after=4, times=0))


async def test_the_next_sign_in_goes_on_where_the_ended_session_was(sandbox: SandboxServer, tmp_path: Path) -> None:
    async with account_at(address_of(sandbox), tmp_path / "session", sandbox.world) as account:
        assert (await account.export(tmp_path / "calm", PROFILE)).outcome is Outcome.COMPLETE
    (tmp_path / "ended").mkdir()
    left = await stopped(sandbox, tmp_path / "ended", "SESSION_REVOKED", Fault(method=FILES, after=8, times=0))
    async with account_at(address_of(sandbox), tmp_path / "ended" / "session", sandbox.world) as account:
        state = await account.export(tmp_path / "ended" / "vault", PROFILE)
    assert state.outcome is Outcome.COMPLETE
    assert left.totals.messages_new + state.totals.messages_new == state.totals.messages
    assert left.totals.messages_new > 0, "what was fetched before is not fetched again"
    assert vault_bytes(tmp_path / "ended" / "vault") == vault_bytes(tmp_path / "calm")


async def test_the_end_is_noticed_on_the_way_to_another_data_centre(sandbox: SandboxServer, tmp_path: Path) -> None:
    """Its authorisation is asked for at the account's own: what that refuses is no matter of the other one alone."""
    fault = Fault(method="auth.exportAuthorization", times=0)
    await stopped(sandbox, tmp_path, "AUTH_KEY_UNREGISTERED", fault)
