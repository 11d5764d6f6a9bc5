"""Every error that Telegram is known to answer an export with, by method and count: what passes leaves the undisturbed
vault behind, what lasts ends the run in its typed outcome, with the exit status that goes with it, and soon.

The sections are those of Telegram's own documents and of what exporters report: waits (420), trouble inside Telegram
(5xx, -503), takeouts, files and their references, sessions that end (401, 406), chats that are closed (400, 403).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.integration.engine_help import Account, account_at, address_of, profile_of, vault_bytes
from tobs_tui.engine import asking
from tobs_tui.model.errors import ErrorCode
from tobs_tui.model.profile import Layout, MediaOptions
from tobs_tui.model.run import EXIT_STATUS, Outcome
from tobs_tui.sandbox.faults import Fault
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.worlds.bench import BENCH_CHANNEL_ID, load_bench
from tobs_tui.sandbox.worlds.bench_files import FILES_CHANNEL_ID, add_channel, document_of
from tobs_tui.sandbox.worlds.peers import channel_key
from tobs_tui.sandbox.worlds.world import World
from tobs_tui.telegram import backoff, line

HISTORY, PART = "messages.getHistory", "upload.getFile"
HALL, SHELF = channel_key(BENCH_CHANNEL_ID), channel_key(FILES_CHANNEL_ID + 1)
UTC = Layout(timezone="UTC")
EVERYTHING = profile_of(layout=UTC)
TEXT = profile_of([HALL], layout=UTC, media=MediaOptions(download=False))
FILES = profile_of([SHELF], layout=UTC)
LIMIT_S = 60
MAX_WAIT_S = 30


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less patience between attempts, and none with answers that never come: nothing may be left to a timeout."""
    monkeypatch.setattr(backoff, "FIRST_S", 0.01)
    monkeypatch.setattr(backoff, "MAX_BACKOFF_S", 0.1)
    monkeypatch.setattr(backoff, "JITTER_S", 0.01)
    monkeypatch.setattr(asking, "RECONNECT_S", 0.05)
    monkeypatch.setattr(asking, "TROUBLE_S", 0.3)
    monkeypatch.setattr(line, "REQUEST_TIMEOUT_S", 3600)


@pytest.fixture(scope="module")
def small_world() -> World:
    """A hall with some pages of messages, and a channel with some files at either data centre."""
    world = load_bench(1, 2500)
    world.fixed_answer = None
    add_channel(world, [document_of(world, f"{number}.bin", 3000, dc=2 + number % 2 * 2) for number in range(20)])
    return world


@pytest.fixture
async def sandbox(small_world: World) -> AsyncIterator[SandboxServer]:
    """A sandbox that serves it."""
    async with SandboxServer(small_world) as server:
        yield server


PASSING: tuple[Fault, ...] = (
    # waits
    Fault(HISTORY, after=21, error="FLOOD_WAIT_1"),
    Fault(PART, dc=2, after=9, error="FLOOD_WAIT_1"),
    Fault(PART, dc=4, after=9, error="FLOOD_PREMIUM_WAIT_1"),
    Fault("messages.getSplitRanges", error="FLOOD_WAIT_1"),
    Fault("auth.exportAuthorization", error="FLOOD_WAIT_1"),
    Fault("account.initTakeoutSession", error="TAKEOUT_INIT_DELAY_1"),
    # trouble inside Telegram, and a network that goes away
    Fault(HISTORY, after=4, times=3, error="Timeout", code=-503),
    Fault(HISTORY, after=7, times=2, error="RPC_CALL_FAIL", code=-500),
    Fault(HISTORY, after=9, times=2, error="INTERDC_2_CALL_ERROR", code=500),
    Fault(HISTORY, after=11, times=2, disconnect=True),
    Fault(PART, after=4, times=3, error="INTERNAL", code=500),
    Fault(PART, after=5, times=2, disconnect=True),
    # takeouts: another device begins one
    Fault(HISTORY, after=13, error="TAKEOUT_INVALID", code=400),
    Fault(PART, after=6, error="TAKEOUT_INVALID", code=400),
    # files and their references
    Fault(PART, after=7, times=2, error="FILE_REFERENCE_EXPIRED", code=400),
    Fault(PART, after=8, error="FILE_REFERENCE_EMPTY", code=400),
    Fault(PART, after=10, error="FILE_REFERENCE_INVALID", code=400),
    Fault(PART, after=11, error="FILE_REFERENCE_0_EXPIRED", code=400),
    Fault(PART, after=12, error="LOCATION_INVALID", code=400),
    Fault(PART, after=13, error="LOCATION_NOT_AVAILABLE", code=400),
    Fault(PART, after=14, error="VERSION_INVALID", code=400),
)
EVERYWHERE: tuple[dict[str, Any], ...] = (
    {"error": "Timeout", "code": -503, "times": 2},
    {"error": "INTERNAL", "code": 500, "times": 3},
    {"disconnect": True},
)
"""What may befall any request; waits apart, since what was made to wait is asked more slowly from then on."""


async def test_whatever_passes_leaves_the_undisturbed_vault(
    account: Account, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "TROUBLE_S", 30)
    (tmp_path / "calm").mkdir()
    async with account_at(address_of(sandbox), tmp_path / "calm/session", sandbox.world) as other:
        before = sandbox.calls.copy()
        calm = await other.export(tmp_path / "calm/vault", EVERYTHING)  # with a cache of its own: it knows of files
        assert calm.outcome is Outcome.COMPLETE
    methods = sorted((sandbox.calls - before).keys() - {HISTORY, PART})
    assert {"account.initTakeoutSession", "messages.getDialogs", "messages.getSplitRanges"} <= set(methods)
    for fault in PASSING:
        sandbox.faults.add(fault)
    for number, method in enumerate(methods):
        sandbox.faults.add(Fault(method, **EVERYWHERE[number % len(EVERYWHERE)]))
        if method != "account.finishTakeoutSession":  # at the end, nobody waits for long
            sandbox.faults.add(Fault(method, **EVERYWHERE[(number + 1) % len(EVERYWHERE)]))
    async with asyncio.timeout(LIMIT_S):
        state = await account.export(tmp_path / "vault", EVERYTHING)
    assert (state.outcome, state.failures) == (Outcome.COMPLETE, ()), state.message
    left = [(rule.fault.method, rule.fault.error) for rule in sandbox.faults._rules]
    assert left == [], "each of them has struck"
    assert vault_bytes(tmp_path / "vault") == vault_bytes(tmp_path / "calm/vault")


async def test_a_chat_that_is_refused_inside_a_takeout_is_asked_for_outside(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    assert (await account.export(tmp_path / "calm", TEXT)).outcome is Outcome.COMPLETE
    sandbox.faults.add(Fault(HISTORY, after=3, error="CHAT_FORWARDS_RESTRICTED", code=400))
    state = await account.export(tmp_path / "vault", TEXT)
    assert (state.outcome, state.failures) == (Outcome.COMPLETE, ())
    assert vault_bytes(tmp_path / "vault") == vault_bytes(tmp_path / "calm")


class Lasting(NamedTuple):
    """An error that does not pass: how a run of `profile` ends, and the code of its failures where it finishes."""

    method: str
    error: str
    code: int
    outcome: Outcome
    failure: ErrorCode | None = None
    profile: Any = TEXT
    after: int = 0
    times: int = 0

    def __str__(self) -> str:
        chats = "all chats" if self.profile.targets.all_chats else "one chat"
        return f"{self.method} {self.error} of {chats}"


SIGNED_OUT, WAITING, INCOMPLETE = Outcome.SIGNED_OUT, Outcome.WAITING, Outcome.INCOMPLETE
LASTING = (
    # sessions that end: once is enough
    Lasting(HISTORY, "AUTH_KEY_UNREGISTERED", 401, SIGNED_OUT, after=2, times=1),
    Lasting(HISTORY, "SESSION_REVOKED", 401, SIGNED_OUT, after=2, times=1),
    Lasting(HISTORY, "SESSION_EXPIRED", 401, SIGNED_OUT, after=2, times=1),
    Lasting(HISTORY, "AUTH_KEY_INVALID", 401, SIGNED_OUT, after=2, times=1),
    Lasting(HISTORY, "AUTH_KEY_DUPLICATED", 406, SIGNED_OUT, after=2, times=1),
    Lasting(HISTORY, "USER_DEACTIVATED", 401, SIGNED_OUT, after=2, times=1),
    Lasting(HISTORY, "USER_DEACTIVATED_BAN", 401, SIGNED_OUT, after=2, times=1),
    Lasting("messages.getDialogs", "AUTH_KEY_UNREGISTERED", 401, SIGNED_OUT, times=1),
    Lasting(PART, "SESSION_REVOKED", 401, SIGNED_OUT, profile=FILES, after=1, times=1),
    # waits beyond what the run may take
    Lasting("account.initTakeoutSession", "TAKEOUT_INIT_DELAY_86400", 420, WAITING),
    Lasting(HISTORY, "FLOOD_WAIT_3600", 420, WAITING, after=3),
    Lasting("messages.getSplitRanges", "FLOOD_WAIT_3600", 420, WAITING),
    Lasting("auth.exportAuthorization", "FLOOD_WAIT_2856", 420, WAITING, profile=FILES),
    Lasting(PART, "FLOOD_WAIT_3600", 420, WAITING, profile=FILES, after=3),
    # chats that are closed, and trouble inside Telegram that does not end
    Lasting(HISTORY, "CHANNEL_PRIVATE", 400, INCOMPLETE, ErrorCode.CHAT_UNAVAILABLE),
    Lasting(HISTORY, "CHAT_ADMIN_REQUIRED", 403, INCOMPLETE, ErrorCode.CHAT_UNAVAILABLE, after=4),
    Lasting(HISTORY, "PEER_ID_INVALID", 400, INCOMPLETE, ErrorCode.CHAT_UNAVAILABLE),
    Lasting(HISTORY, "NOBODY_KNOWS_THIS", 400, INCOMPLETE, ErrorCode.TELEGRAM_REFUSED),
    Lasting(HISTORY, "INTERNAL", 500, INCOMPLETE, ErrorCode.TELEGRAM_REFUSED, after=4),
    Lasting(HISTORY, "Timeout", -503, INCOMPLETE, ErrorCode.TELEGRAM_REFUSED),
    Lasting("messages.getDialogs", "INTERNAL", 500, INCOMPLETE, ErrorCode.TELEGRAM_REFUSED),
    Lasting("messages.getDialogs", "INTERNAL", 500, Outcome.FAILED, profile=EVERYTHING),
    Lasting("account.initTakeoutSession", "INTERNAL", 500, Outcome.FAILED),
    # files that cannot be had
    Lasting(PART, "FILE_REFERENCE_EXPIRED", 400, INCOMPLETE, profile=FILES),
    Lasting(PART, "LOCATION_INVALID", 400, INCOMPLETE, profile=FILES),
    Lasting(PART, "FILE_ID_INVALID", 400, INCOMPLETE, profile=FILES),
    Lasting(PART, "INTERNAL", 500, INCOMPLETE, profile=FILES, after=3),
    Lasting("auth.exportAuthorization", "INTERNAL", 500, INCOMPLETE, profile=FILES),
    Lasting("auth.importAuthorization", "AUTH_BYTES_INVALID", 400, INCOMPLETE, profile=FILES),
)
STATUS = {SIGNED_OUT: 4, WAITING: 6, INCOMPLETE: 3, Outcome.FAILED: 1}


@pytest.mark.parametrize("trouble", LASTING, ids=str)
async def test_whatever_lasts_ends_the_run_in_its_typed_outcome(
    trouble: Lasting, sandbox: SandboxServer, tmp_path: Path
) -> None:
    async with account_at(address_of(sandbox), tmp_path / "session", sandbox.world) as account:
        fault = Fault(trouble.method, error=trouble.error, code=trouble.code, after=trouble.after, times=trouble.times)
        sandbox.faults.add(fault)
        async with asyncio.timeout(LIMIT_S):
            state = await account.export(tmp_path / "vault", trouble.profile, max_wait_s=MAX_WAIT_S)
    assert state.outcome is trouble.outcome, state.message
    assert EXIT_STATUS[trouble.outcome] == STATUS[trouble.outcome]
    assert state.message
    if trouble.outcome is INCOMPLETE:
        assert state.failures
        assert all(failure.reason for failure in state.failures)
        if trouble.failure is not None:
            assert {failure.code for failure in state.failures} == {trouble.failure}
    sandbox.faults.clear()
