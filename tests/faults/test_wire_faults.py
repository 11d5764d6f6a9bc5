"""Promises of a run over a bad wire, or from a Telegram that changes under it: it ends in a typed, resumable outcome.

Everything is done by the sandbox's own faults and by changing its world; nothing of the program is replaced.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.compare_vault import read_notes
from tests.integration.engine_help import QUICK, Account, account_at, address_of, profile_of, vault_bytes
from tobs_tui.model.errors import ErrorCode
from tobs_tui.model.profile import Filters, Layout, MediaOptions, Profile
from tobs_tui.model.run import ChatProgress, ChatState, Outcome, RunState
from tobs_tui.sandbox.faults import Damage, Fault
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.worlds.loader import load_world
from tobs_tui.telegram import line

FORUM, OFFICE, LOUNGE, ZOE = -1001600000001, -1001500000001, -1001500000002, 5001000
HISTORY = "messages.getHistory"
FIXED = Layout(timezone="UTC")


def wanted(*chats: int, topics: tuple[int, ...] = (), filters: Filters | None = None) -> Profile:
    """Some chats as text."""
    return profile_of(
        chats, topics=topics, layout=FIXED, media=MediaOptions(download=False), filters=filters or Filters()
    )


@pytest.fixture
async def account(sandbox: SandboxServer, tmp_path: Path) -> AsyncIterator[Account]:
    async with account_at(address_of(sandbox), tmp_path / "session", sandbox.world) as account:
        yield account


@pytest.fixture
async def own_sandbox() -> AsyncIterator[SandboxServer]:
    """A sandbox whose world may be changed."""
    async with SandboxServer(load_world("demo")) as server:
        yield server


async def calm(account: Account, vault: Path, profile: Profile) -> dict[str, bytes]:
    """An undisturbed export's vault."""
    assert (await account.export(vault, profile)).outcome is Outcome.COMPLETE
    return vault_bytes(vault)


TROUBLES = {
    "a wrong checksum": Fault(HISTORY, after=9, times=2, damage=Damage.FRAME),
    "what does not decrypt": Fault(HISTORY, after=9, times=2, damage=Damage.CIPHER),
    "half a frame": Fault(HISTORY, after=9, times=2, damage=Damage.HALF),
    "answers that come twice": Fault(HISTORY, times=0, duplicate=True),
    "answers in another order": Fault(HISTORY, times=0, chance=0.5, behind=2),
    "pages of three messages at most": Fault(HISTORY, after=5, times=25, short=3),
    "answers that come late, or not at all": Fault(HISTORY, times=12, chance=0.2, delay_s=0.2),
    "a page that means nothing, once": Fault(HISTORY, after=11, garbage=True),
    "a server that is gone for a while": Fault(HISTORY, after=11, down_s=2.5),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_trouble_on_the_wire_ends_in_the_undisturbed_vault(
    trouble: str, account: Account, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "REQUEST_TIMEOUT_S", 3600)  # none of these may be left to it
    profile = wanted(OFFICE, ZOE)
    truth = await calm(account, tmp_path / "calm", profile)
    sandbox.faults.add(TROUBLES[trouble])
    state = await account.export(tmp_path / "troubled", profile)
    assert (state.outcome, state.failures) == (Outcome.COMPLETE, ())
    assert vault_bytes(tmp_path / "troubled") == truth


async def test_a_server_that_is_gone_is_told_and_the_run_goes_on_by_itself(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    sandbox.faults.add(Fault(HISTORY, after=10, down_s=3))
    watched = account.run(tmp_path / "vault", wanted(LOUNGE))
    running = asyncio.create_task(watched.run.run())
    await watched.until(lambda state: any(alert.key == "connection" for alert in state.alerts))
    assert await running is Outcome.COMPLETE
    assert not any(alert.key == "connection" and not alert.resolved for alert in watched.seen.alerts)


async def test_pages_that_never_make_sense_leave_a_hole_that_the_next_run_closes(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    profile = wanted(OFFICE)
    truth = await calm(account, tmp_path / "calm", profile)
    sandbox.faults.add(Fault(HISTORY, after=6, times=0, garbage=True))
    state = await account.export(tmp_path / "vault", profile)
    assert state.outcome is Outcome.INCOMPLETE
    assert state.failures
    assert all(failure.what in ("messages", "chat") and failure.reason for failure in state.failures)
    sandbox.faults.clear()
    assert (await account.export(tmp_path / "vault", profile)).outcome is Outcome.COMPLETE
    assert vault_bytes(tmp_path / "vault") == truth


async def test_a_message_of_an_unknown_kind_costs_itself_alone(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    profile = wanted(LOUNGE)
    await calm(account, tmp_path / "calm", profile)
    truth = [ident for note in read_notes(tmp_path / "calm") for ident in note.ids]
    sandbox.faults.add(Fault(HISTORY, times=0, unreadable=(truth[150], truth[151], truth[600])))
    state = await account.export(tmp_path / "vault", profile)
    assert state.outcome is Outcome.COMPLETE
    assert [ident for note in read_notes(tmp_path / "vault") for ident in note.ids] == truth


async def test_a_takeout_that_another_device_replaces_is_begun_anew(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    profile = wanted(LOUNGE, ZOE)
    truth = await calm(account, tmp_path / "calm", profile)
    began = sandbox.calls["account.initTakeoutSession"]
    sandbox.latency_s = 0.01
    watched = account.run(tmp_path / "vault", profile)
    running = asyncio.create_task(watched.run.run())
    await watched.until(lambda state: state.totals.messages_new > 0)
    sandbox.accounts.start_takeout(sandbox.accounts.known_keys()[0], files=False)
    assert await running is Outcome.COMPLETE
    assert sandbox.calls["account.initTakeoutSession"] - began == 2
    assert vault_bytes(tmp_path / "vault") == truth


async def test_a_duplicated_key_ends_the_run_once_and_a_new_session_goes_on(
    sandbox: SandboxServer, tmp_path: Path
) -> None:
    profile = wanted(LOUNGE)
    async with account_at(address_of(sandbox), tmp_path / "session", sandbox.world) as account:
        truth = await calm(account, tmp_path / "calm", profile)
        sandbox.faults.add(Fault(HISTORY, after=12, error="AUTH_KEY_DUPLICATED", code=406))
        state = await account.export(tmp_path / "vault", profile)
        assert state.outcome is Outcome.SIGNED_OUT
        assert "used from two places" in state.message
        assert "ign in again" in state.message
        assert state.totals.messages_new > 0
        asked = sum(sandbox.calls.values())
        again = await account.export(tmp_path / "vault", profile)
        assert again.outcome is Outcome.SIGNED_OUT
        assert sum(sandbox.calls.values()) - asked < 5  # a dead key is not tried again and again
    async with account_at(address_of(sandbox), tmp_path / "session", sandbox.world) as account:
        assert (await account.export(tmp_path / "vault", profile)).outcome is Outcome.COMPLETE
    assert vault_bytes(tmp_path / "vault") == truth


async def test_a_chat_that_is_emptied_meanwhile_keeps_what_was_fetched(
    own_sandbox: SandboxServer, tmp_path: Path
) -> None:
    own_sandbox.latency_s = 0.01
    async with account_at(address_of(own_sandbox), tmp_path / "session", own_sandbox.world) as account:
        watched = account.run(tmp_path / "vault", wanted(LOUNGE))
        running = asyncio.create_task(watched.run.run())
        await watched.until(lambda state: state.totals.messages_new > 300)
        own_sandbox.world.empty_history(LOUNGE)
        assert await running is Outcome.COMPLETE
        state = watched.run.state
        found = [ident for note in read_notes(tmp_path / "vault") for ident in note.ids]
        assert len(found) == state.totals.messages_new > 300
        again = await account.export(tmp_path / "vault", wanted(LOUNGE))
        assert again.outcome is Outcome.COMPLETE
        assert [ident for note in read_notes(tmp_path / "vault") for ident in note.ids] == found


async def test_a_topic_that_is_deleted_meanwhile_is_named_and_the_others_are_whole(
    own_sandbox: SandboxServer, tmp_path: Path
) -> None:
    own_sandbox.latency_s = 0.15  # a look at the run a tenth of a second is quicker than its next page
    topics = sorted(own_sandbox.world.channel(FORUM).topics, key=lambda topic: len(_thread(own_sandbox, topic)))
    doomed, kept = topics[-1], topics[-2]
    rest = list(_thread(own_sandbox, kept))
    async with account_at(address_of(own_sandbox), tmp_path / "session", own_sandbox.world) as account:
        profile = replace(wanted(FORUM, topics=(doomed, kept)), performance=replace(QUICK, history_workers=1))
        watched = account.run(tmp_path / "vault", profile)
        running = asyncio.create_task(watched.run.run())
        await watched.until(lambda state: _row(state, doomed).messages > 0)
        own_sandbox.world.delete_topic(FORUM, doomed)
        assert await running is Outcome.INCOMPLETE
        state = watched.run.state
        assert _row(state, doomed).state is ChatState.FAILED
        assert _row(state, doomed).error
        assert _row(state, kept).state is ChatState.DONE
        assert [failure.code for failure in state.failures] == [ErrorCode.CHAT_NOT_FOUND]
        notes: dict[int, list[int]] = {kept: [], doomed: []}
        for note in read_notes(tmp_path / "vault"):
            notes[note.topic_id] += note.ids
        assert set(rest) <= set(notes[kept])
        assert len(notes[doomed]) == _row(state, doomed).messages > 0
        again = await account.export(tmp_path / "vault", profile)
        assert again.outcome is Outcome.INCOMPLETE
        assert [failure.what for failure in again.failures] == ["topic"]


def _thread(server: SandboxServer, topic: int) -> list[int]:
    history = server.world.histories[FORUM]
    return [history.ids[position] for position in history.thread(topic)]


def _row(state: RunState, topic: int) -> ChatProgress:
    return next((row for row in state.chats if row.topic == topic), ChatProgress(chat=FORUM, topic=topic, title=""))


async def test_ranges_beyond_the_chat_are_complete_and_empty(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    far = datetime.date(2037, 1, 1)
    for number, filters in enumerate(
        (Filters(since=far), Filters(until=datetime.date(2001, 1, 1)), Filters(from_id=2**31 - 1))
    ):
        state = await account.export(tmp_path / f"none{number}", wanted(LOUNGE, filters=filters))
        assert (state.outcome, state.totals.messages_new) == (Outcome.COMPLETE, 0)
        assert [note for note in read_notes(tmp_path / f"none{number}") if note.ids] == []
    truth = await calm(account, tmp_path / "calm", wanted(LOUNGE))
    await account.export(
        tmp_path / "wide", wanted(LOUNGE, filters=Filters(since=datetime.date(2001, 1, 1), last=10**9))
    )
    ids = [ident for note in read_notes(tmp_path / "wide") for ident in note.ids]
    assert ids == [ident for note in read_notes(tmp_path / "calm") for ident in note.ids]
    assert truth


async def test_a_range_that_ends_before_it_begins_asks_for_nothing(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    backwards = Filters(since=datetime.date(2024, 5, 2), until=datetime.date(2024, 5, 1))
    before = sandbox.calls[HISTORY]
    state = await account.export(tmp_path / "vault", wanted(LOUNGE, filters=backwards))
    assert state.totals.messages_new == 0
    assert state.outcome in (Outcome.COMPLETE, Outcome.FAILED)
    assert sandbox.calls[HISTORY] - before < 50


async def test_a_profile_whose_only_chat_cannot_be_had_ends_as_one_whose_only_chat_is_unknown(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    sandbox.faults.add(Fault(HISTORY, times=0, error="CHANNEL_PRIVATE", code=400))
    refused = await account.export(tmp_path / "refused", wanted(LOUNGE))
    unknown = await account.export(tmp_path / "unknown", wanted(-1001999999999))
    assert [state.outcome for state in (refused, unknown)] == [Outcome.INCOMPLETE] * 2
    assert [failure.code for state in (refused, unknown) for failure in state.failures] == [
        ErrorCode.CHAT_UNAVAILABLE,
        ErrorCode.CHAT_NOT_FOUND,
    ]
