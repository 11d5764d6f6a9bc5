"""Promises about the account itself: a session that ends stops everything at once, and a run keeps to its budgets."""

from __future__ import annotations

import asyncio
import fcntl
from collections import Counter
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from tests.integration.engine_help import Account, account_at, address_of, profile_of, vault_bytes
from tests.integration.test_service import signed_in as attached_and_signed_in
from tobs_tui.archive.lock import VaultLock
from tobs_tui.config.layers import effective
from tobs_tui.config.paths import Paths
from tobs_tui.config.presets import tuned
from tobs_tui.engine.media_backlog import SMALL_AT_ONCE
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Layout, Preset
from tobs_tui.model.run import EXIT_STATUS, Outcome, RunState, RunUpdated
from tobs_tui.sandbox.faults import Fault
from tobs_tui.sandbox.rpc.registry import CDN_DC, HOME_DC
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.wire.connection import Connection
from tobs_tui.service import protocol as p
from tobs_tui.service.launch import attach
from tobs_tui.telegram.events import LinkEvent, SessionEnded
from tobs_tui.telegram.network import FILE_LINES
from tobs_tui.telegram.session import Session

LOUNGE, CHANNEL = -1001500000002, -1001650000001
HISTORY, FILES = "messages.getHistory", "upload.getFile"
PROFILE = profile_of([CHANNEL], layout=Layout(timezone="UTC"))
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


async def test_a_run_with_nothing_set_keeps_within_what_official_clients_do(
    sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One connection for requests, few for files, one authorisation for each data centre, no name asked for."""
    most: Counter[int] = Counter()
    asked_over: set[Connection] = set()
    serve = sandbox.dispatcher.dispatch

    def watch(connection: Connection, message_id: int, body: bytes) -> None:
        for dc, count in Counter(each.dc for each in sandbox.connections).items():
            most[dc] = max(most[dc], count)
        before = sandbox.calls[HISTORY]
        serve(connection, message_id, body)
        if sandbox.calls[HISTORY] > before:
            asked_over.add(connection)

    monkeypatch.setattr(sandbox.dispatcher, "dispatch", watch)
    sandbox.latency_s = 0.02
    shipped = effective(None, Paths.resolve(home=tmp_path / "home"), {}, {}).profile
    async with account_at(address_of(sandbox), tmp_path / "session", sandbox.world) as account:
        sandbox.calls.clear()
        wanted = replace(profile_of([CHANNEL, LOUNGE]), performance=shipped.performance)
        state = await account.export(tmp_path / "vault", wanted)
    assert state.outcome is Outcome.COMPLETE
    assert state.totals.files > SMALL_AT_ONCE
    assert len(asked_over) == 1, "more of them can end a session"
    assert all(count <= FILE_LINES + (dc == HOME_DC) for dc, count in most.items())
    in_flight = sandbox.dispatcher.most_in_flight
    assert in_flight[HISTORY] <= 4
    assert in_flight[FILES] <= SMALL_AT_ONCE * 4, "five small files of a data centre, four parts each"
    others = [dc for dc in most if dc not in (HOME_DC, CDN_DC)]
    assert sandbox.calls["auth.exportAuthorization"] == len(others) > 0
    assert sandbox.calls["contacts.resolveUsername"] == 0
    assert sandbox.calls["account.initTakeoutSession"] == 1
    assert state.totals.flood_waits == 0


async def test_a_run_that_is_told_to_wait_asks_nothing_meanwhile_and_little_too_much_afterwards(
    sandbox: SandboxServer, tmp_path: Path
) -> None:
    """Outside a takeout, about ten history requests go at once, and then so many a second."""
    sandbox.faults.add(Fault(method=HISTORY, per_second=20, burst=10))
    async with account_at(address_of(sandbox), tmp_path / "session", sandbox.world) as account:
        performance = tuned(Preset.BALANCED, 2, 4 << 30)
        wanted = replace(profile_of([LOUNGE]), performance=replace(performance, takeout=False))
        watched = account.run(tmp_path / "vault", wanted)
        assert await watched.run.run() is Outcome.COMPLETE
    told = watched.run.reports.report()
    history = told.link.methods[HISTORY]
    refused = sandbox.faults.refused
    assert 0 < refused <= 2 * performance.history_workers, "each wait costs the requests under way, and none follows"
    assert history.refused == {"FLOOD_WAIT": refused}
    assert history.wait_s == pytest.approx(told.totals.flood_seconds, abs=0.1)
    assert history.wait_s > 0


async def test_a_killed_service_leaves_no_lock_behind(demo_paths: Paths, tmp_path: Path) -> None:
    """Its children may live for another moment; the account and the vault are free at once."""
    client = await attached_and_signed_in(demo_paths)
    vault = tmp_path / "vault"
    await client.call(p.StartRun(replace(profile_of([LOUNGE]), output=str(vault))))
    async for event in client.events():
        if isinstance(event, RunUpdated) and event.totals.messages_new:
            break
    assert not lock_is_free(demo_paths.lock_file)
    with pytest.raises(TobsError) as taken:
        VaultLock(vault).acquire()
    assert taken.value.code is ErrorCode.VAULT_IN_USE
    service = psutil.Process(client.snapshot.pid)
    children = service.children(recursive=True)
    service.kill()
    await asyncio.to_thread(service.wait, 20)
    assert lock_is_free(demo_paths.lock_file)
    lock = VaultLock(vault)
    lock.acquire()
    lock.release()
    again = await attach(demo_paths, demo=True)
    assert again.snapshot.pid != service.pid
    await client.close()
    await again.close()
    assert children, "there were some that could have held it"


def lock_is_free(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
