"""Promises of an export run over the sandbox's real wire: what was asked for is in the vault, whole and once."""

from __future__ import annotations

import asyncio
import datetime
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.compare_vault import differences, read_notes
from tests.integration.engine_help import Account, account_at, address_of, profile_of, vault_bytes
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine.plan import exported_to
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import ChatTarget, Filters, Layout, MediaOptions, Performance, Preset, Split, Targets
from tobs_tui.model.run import ChatState, Outcome, RunPhase, WorkerRole, WorkerState
from tobs_tui.sandbox.faults import Fault
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.worlds.loader import load_world

FORUM = -1001600000001
OFFICE = -1001500000001
OLD_OFFICE = -820002
LOUNGE = -1001500000002
CHANNEL, DISCUSSION = -1001650000001, -1001650000002
ZOE, IVAN = 5001000, 5001037
TEXT_ONLY = MediaOptions(download=False)


def ids_of(manifest: dict[str, Any], chat: int) -> list[int]:
    """Every message id of a chat."""
    found: list[int] = next(each["message_ids"] for each in manifest["chats"] if each["id"] == chat)
    return found


async def test_a_complete_export_is_the_world_and_a_second_one_asks_for_next_to_nothing(
    account: Account, sandbox: SandboxServer, manifest: dict[str, Any], tmp_path: Path
) -> None:
    vault = tmp_path / "vault"
    watched = account.run(vault, profile_of())
    assert await watched.run.run() is Outcome.COMPLETE
    state = watched.run.state
    assert differences(vault, manifest) == []
    assert watched.seen == state
    assert state.totals.messages_new == sum(len(chat["message_ids"]) for chat in manifest["chats"])
    assert state.totals.rendered == state.totals.messages
    assert {row.state for row in state.chats} == {ChatState.DONE}
    assert all(row.fetched == 1.0 for row in state.chats)

    first = vault_bytes(vault)
    calls = sandbox.calls.copy()
    again = await account.export(vault, profile_of())
    asked = sandbox.calls - calls
    assert again.outcome is Outcome.COMPLETE
    assert again.totals.messages_new == 0
    assert again.totals.notes == 0
    assert asked["messages.getHistory"] <= 3  # the old half is in no list of chats: its newest message is asked for
    assert asked["upload.getFile"] == 0
    assert sum(asked.values()) < 30
    assert vault_bytes(vault) == first
    assert exported_to(vault)[LOUNGE] == ids_of(manifest, LOUNGE)[-1]


async def test_two_chosen_topics_are_exported_and_nothing_else(
    account: Account, manifest: dict[str, Any], tmp_path: Path
) -> None:
    topics = {2, 4}  # of the same title
    state = await account.export(tmp_path / "vault", profile_of([FORUM], topics=topics))
    assert state.outcome is Outcome.COMPLETE
    truth = next(chat for chat in manifest["chats"] if chat["id"] == FORUM)
    expected = {topic["id"]: topic["message_ids"] for topic in truth["topics"] if topic["id"] in topics}
    found: dict[int, list[int]] = {}
    for note in read_notes(tmp_path / "vault"):
        assert note.chat_id == FORUM
        found.setdefault(note.topic_id, []).extend(note.ids)
    assert found == expected
    assert {row.key for row in state.chats} == {(FORUM, 2), (FORUM, 4)}
    assert [row.title for row in state.chats] == ["Releases", "Releases"]


async def test_a_topic_chosen_before_does_not_stand_in_the_way_of_the_whole_forum(
    account: Account, manifest: dict[str, Any], tmp_path: Path
) -> None:
    vault = tmp_path / "vault"
    await account.export(vault, profile_of([FORUM], topics=[1, 6], media=TEXT_ONLY))
    state = await account.export(vault, profile_of([FORUM]))
    assert state.outcome is Outcome.COMPLETE
    assert differences(vault, manifest, chats={FORUM}) == []
    await account.export(tmp_path / "other", profile_of([FORUM]))
    assert vault_bytes(vault) == vault_bytes(tmp_path / "other")


async def test_many_workers_share_a_sparse_private_chat(
    account: Account, manifest: dict[str, Any], tmp_path: Path
) -> None:
    many = Performance(preset=Preset.CUSTOM, history_workers=12, decode_processes=1, takeout=False)
    state = await account.export(tmp_path / "vault", profile_of([ZOE], performance=many))
    assert state.outcome is Outcome.COMPLETE
    assert differences(tmp_path / "vault", manifest, chats={ZOE}) == []
    assert sum(row.done > 0 for row in state.workers if row.role is WorkerRole.FETCH) > 1


async def test_the_old_half_of_a_migrated_group_comes_with_it(
    account: Account, manifest: dict[str, Any], tmp_path: Path
) -> None:
    state = await account.export(tmp_path / "vault", profile_of([OFFICE]))
    assert state.outcome is Outcome.COMPLETE
    assert differences(tmp_path / "vault", manifest, chats={OFFICE, OLD_OFFICE}) == []
    assert {row.chat for row in state.chats} == {OFFICE, OLD_OFFICE}


async def test_dates_limit_what_is_fetched(account: Account, manifest: dict[str, Any], tmp_path: Path) -> None:
    utc = Layout(timezone="UTC")
    await account.export(tmp_path / "all", profile_of([LOUNGE], media=TEXT_ONLY, layout=utc))
    with Archive.open(archive_path(tmp_path / "all"), read_only=True) as archive:
        dates = {message.id: message.date for message in archive.messages(LOUNGE)}
    days = sorted({datetime.datetime.fromtimestamp(date, datetime.UTC).date() for date in dates.values()})
    since, until = days[len(days) // 3], days[len(days) // 2]
    wanted = profile_of([LOUNGE], media=TEXT_ONLY, layout=utc, filters=Filters(since=since, until=until))
    state = await account.export(tmp_path / "some", wanted)
    assert state.outcome is Outcome.COMPLETE
    expected = [
        ident
        for ident, date in sorted(dates.items())
        if since <= datetime.datetime.fromtimestamp(date, datetime.UTC).date() <= until
    ]
    assert [ident for note in read_notes(tmp_path / "some") for ident in note.ids] == expected

    widened = await account.export(tmp_path / "some", profile_of([LOUNGE], media=TEXT_ONLY, layout=utc))
    assert widened.outcome is Outcome.COMPLETE
    assert vault_bytes(tmp_path / "some") == vault_bytes(tmp_path / "all")


async def test_another_layout_replaces_the_notes_of_the_former(
    account: Account, manifest: dict[str, Any], tmp_path: Path
) -> None:
    vault = tmp_path / "vault"
    await account.export(vault, profile_of([OFFICE]))
    by_year = profile_of([OFFICE], layout=Layout(split=Split.YEAR))
    assert (await account.export(vault, by_year)).outcome is Outcome.COMPLETE
    assert differences(vault, manifest, chats={OFFICE, OLD_OFFICE}) == []
    await account.export(tmp_path / "other", by_year)
    assert vault_bytes(vault) == vault_bytes(tmp_path / "other")


async def test_links_between_chats_do_not_depend_on_when_each_was_exported(account: Account, tmp_path: Path) -> None:
    together, apart = tmp_path / "together", tmp_path / "apart"
    await account.export(together, profile_of([CHANNEL, DISCUSSION], media=TEXT_ONLY))
    await account.export(apart, profile_of([CHANNEL], media=TEXT_ONLY))
    await account.export(apart, profile_of([DISCUSSION], media=TEXT_ONLY))
    assert vault_bytes(apart) == vault_bytes(together)


async def test_faults_on_the_line_leave_no_trace_in_the_vault(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    wanted = profile_of([OFFICE, ZOE, FORUM], media=TEXT_ONLY)
    await account.export(tmp_path / "calm", wanted)
    sandbox.faults.add(Fault(method="messages.getHistory", after=5, error="FLOOD_WAIT_1"))
    sandbox.faults.add(Fault(method="messages.getHistory", after=12, times=2, disconnect=True))
    sandbox.faults.add(Fault(method="messages.getHistory", after=20, error="RPC_CALL_FAIL", code=500))
    sandbox.faults.add(Fault(method="channels.getFullChannel", error="FLOOD_WAIT_1"))
    state = await account.export(tmp_path / "stormy", wanted)
    assert state.outcome is Outcome.COMPLETE
    assert state.totals.flood_waits >= 2
    assert state.totals.flood_seconds >= 2
    assert state.totals.retries >= 1
    assert vault_bytes(tmp_path / "stormy") == vault_bytes(tmp_path / "calm")


async def test_a_wait_is_shown_where_it_holds_something_up(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    sandbox.faults.add(Fault(method="messages.getHistory", after=6, error="FLOOD_WAIT_2"))
    watched = account.run(tmp_path / "vault", profile_of([LOUNGE], media=TEXT_ONLY, filters=Filters(last=2500)))
    running = asyncio.create_task(watched.run.run())
    await watched.until(lambda state: any(row.state is ChatState.WAITING for row in state.chats))
    waiting = [row for row in watched.seen.workers if row.state is WorkerState.WAITING]
    assert waiting
    assert all(row.wait_until > 0 and "FLOOD_WAIT" in row.last_error for row in waiting)
    assert await running is Outcome.COMPLETE
    assert {row.state for row in watched.seen.chats} == {ChatState.DONE}


async def test_a_wait_beyond_the_limit_ends_the_run_resumably(
    account: Account, sandbox: SandboxServer, manifest: dict[str, Any], tmp_path: Path
) -> None:
    sandbox.faults.add(Fault(method="messages.getHistory", after=8, error="FLOOD_WAIT_900"))
    watched = account.run(tmp_path / "vault", profile_of([OFFICE], media=TEXT_ONLY), max_wait_s=60)
    assert await watched.run.run() is Outcome.WAITING
    assert "900 s" in watched.seen.message
    assert 0 < watched.seen.totals.messages_new < len(ids_of(manifest, OFFICE)) + len(ids_of(manifest, OLD_OFFICE))
    assert list((tmp_path / "vault").rglob("*.md"))


async def test_a_chat_that_refuses_is_named_and_the_others_go_on(
    account: Account, manifest: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = account.link.chat_facts

    async def refuse(chat: int, newest: int = 0) -> Any:
        if chat == ZOE:
            raise TobsError(ErrorCode.CHAT_UNAVAILABLE, "This chat is private.")
        return await ask(chat, newest)

    monkeypatch.setattr(account.link, "chat_facts", refuse)
    state = await account.export(tmp_path / "vault", profile_of([ZOE, OFFICE]))
    assert state.outcome is Outcome.INCOMPLETE
    assert [(failure.chat, failure.what, failure.code) for failure in state.failures] == [
        (ZOE, "chat", ErrorCode.CHAT_UNAVAILABLE)
    ]
    rows = {row.chat: row for row in state.chats}
    assert rows[ZOE].state is ChatState.FAILED
    assert rows[ZOE].error
    assert rows[OFFICE].state is ChatState.DONE
    assert differences(tmp_path / "vault", manifest, chats={OFFICE, OLD_OFFICE}) == []

    monkeypatch.undo()
    assert (await account.export(tmp_path / "vault", profile_of([ZOE, OFFICE]))).outcome is Outcome.COMPLETE
    assert differences(tmp_path / "vault", manifest, chats={ZOE, OFFICE, OLD_OFFICE}) == []


async def test_a_chat_that_refuses_midway_keeps_what_was_fetched(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    sandbox.faults.add(Fault(method="messages.getHistory", after=20, times=9, error="CHANNEL_PRIVATE", code=400))
    state = await account.export(tmp_path / "vault", profile_of([LOUNGE], media=TEXT_ONLY))
    assert state.outcome is Outcome.INCOMPLETE
    assert [failure.what for failure in state.failures] == ["chat"]
    assert 0 < state.totals.messages_new == state.totals.rendered
    sandbox.faults.clear()
    assert (await account.export(tmp_path / "vault", profile_of([LOUNGE], media=TEXT_ONLY))).outcome is Outcome.COMPLETE


async def test_an_unknown_chat_is_a_failure_like_one_that_refuses_also_alone(account: Account, tmp_path: Path) -> None:
    targets = Targets(chats=(ChatTarget("@nobody_has_this_name"), ChatTarget(ZOE)))
    state = await account.export(tmp_path / "vault", profile_of(media=TEXT_ONLY, targets=targets))
    assert state.outcome is Outcome.INCOMPLETE
    assert [failure.title for failure in state.failures] == ["@nobody_has_this_name"]
    targets = Targets(chats=(ChatTarget("@nobody_has_this_name"),))
    state = await account.export(tmp_path / "none", profile_of(media=TEXT_ONLY, targets=targets))
    assert state.outcome is Outcome.INCOMPLETE
    assert [failure.code for failure in state.failures] == [ErrorCode.CHAT_NOT_FOUND]
    assert state.message


async def test_a_session_that_ends_ends_the_run(account: Account, sandbox: SandboxServer, tmp_path: Path) -> None:
    watched = account.run(tmp_path / "vault", profile_of([LOUNGE], media=TEXT_ONLY))
    running = asyncio.create_task(watched.run.run())
    await watched.until(lambda state: state.totals.messages_new > 0)
    sandbox.end_sessions()
    assert await running is Outcome.SIGNED_OUT
    assert "ign in" in watched.seen.message


async def test_nobody_signed_in_is_said_before_anything_is_fetched(sandbox: SandboxServer, tmp_path: Path) -> None:
    async with account_at(address_of(sandbox), tmp_path / "session") as stranger:
        state = await stranger.export(tmp_path / "vault", profile_of())
    assert state.outcome is Outcome.SIGNED_OUT
    assert state.message


async def test_a_delayed_takeout_is_waited_for_or_ends_the_run(
    account: Account, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.takeout_delay_s = 3600
    wanted = profile_of([ZOE], media=TEXT_ONLY)
    state = await account.export(tmp_path / "vault", wanted, max_wait_s=60)
    assert state.outcome is Outcome.WAITING
    monkeypatch.setattr("tobs_tui.engine.takeout_entry.RETRY_S", 0.2)
    watched = account.run(tmp_path / "vault", wanted)
    running = asyncio.create_task(watched.run.run())
    await watched.until(lambda state: any(alert.key == "takeout" for alert in state.alerts))
    assert watched.seen.phase is RunPhase.PLANNING
    assert watched.seen.message
    sandbox.approve_takeout()
    assert await running is Outcome.COMPLETE


async def test_a_full_disk_fails_the_run_with_a_sentence(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, calls = Archive.commit, iter(range(1000))

    def until_full(self: Archive, batch: Any) -> Any:
        if next(calls) >= 3:
            raise TobsError(ErrorCode.DISK_FULL, "The disk is full.", "Free some space.")
        return commit(self, batch)

    monkeypatch.setattr(Archive, "commit", until_full)
    state = await account.export(tmp_path / "vault", profile_of([LOUNGE], media=TEXT_ONLY))
    assert state.outcome is Outcome.FAILED
    assert state.message == "The disk is full. Free some space."
    monkeypatch.undo()
    assert (await account.export(tmp_path / "vault", profile_of([LOUNGE], media=TEXT_ONLY))).outcome is Outcome.COMPLETE


async def test_a_killed_decoder_is_replaced_and_no_page_is_lost(
    account: Account, manifest: dict[str, Any], tmp_path: Path
) -> None:
    watched = account.run(tmp_path / "vault", profile_of([LOUNGE], media=TEXT_ONLY))
    running = asyncio.create_task(watched.run.run())
    await watched.until(lambda state: state.totals.messages_new > 0)
    decoders = watched.run._board.workers.of_role(WorkerRole.DECODE)
    os.kill(decoders[0].pid, signal.SIGKILL)
    assert await running is Outcome.COMPLETE
    assert any("replaced" in line.text for line in watched.seen.log)
    assert watched.seen.totals.messages_new == len(ids_of(manifest, LOUNGE))


async def test_pausing_holds_requests_back_and_resuming_completes(
    account: Account, sandbox: SandboxServer, manifest: dict[str, Any], tmp_path: Path
) -> None:
    sandbox.latency_s = 0.01
    watched = account.run(tmp_path / "vault", profile_of([LOUNGE], media=TEXT_ONLY))
    running = asyncio.create_task(watched.run.run())
    await watched.until(lambda state: state.totals.messages_new > 0)
    watched.run.pause()
    await watched.until(
        lambda state: all(row.state is WorkerState.PAUSED for row in state.workers if row.role is WorkerRole.FETCH)
    )
    assert watched.seen.phase is RunPhase.PAUSED
    asked = sandbox.calls["messages.getHistory"]
    updates = watched.updates
    await watched.until(lambda _: watched.updates > updates + 1)
    assert sandbox.calls["messages.getHistory"] == asked
    assert not running.done()
    watched.run.resume()
    assert await running is Outcome.COMPLETE
    assert watched.seen.totals.messages_new == len(ids_of(manifest, LOUNGE))


async def test_a_cancelled_run_renders_what_it_has_and_the_next_one_ends_in_the_same_bytes(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    wanted = profile_of([FORUM, OFFICE])
    sandbox.latency_s = 0.1  # it is in the middle for a while
    watched = account.run(tmp_path / "vault", wanted)
    running = asyncio.create_task(watched.run.run())
    await watched.until(lambda state: state.totals.messages_new > 300)
    watched.run.cancel()
    sandbox.latency_s = 0
    assert await running is Outcome.INTERRUPTED
    assert watched.seen.phase is RunPhase.FINISHED
    fetched = watched.seen.totals.messages_new
    assert sum(len(note.ids) for note in read_notes(tmp_path / "vault")) == fetched
    state = await account.export(tmp_path / "vault", wanted)
    assert state.outcome is Outcome.COMPLETE
    assert state.totals.messages_new == state.totals.messages - fetched
    await account.export(tmp_path / "undisturbed", wanted)
    assert vault_bytes(tmp_path / "vault") == vault_bytes(tmp_path / "undisturbed")


async def test_a_rerun_fetches_new_messages_only(tmp_path: Path) -> None:
    states = []
    for count in (3000, 3250):
        async with SandboxServer(load_world("bench", messages=count)) as server:
            async with account_at(address_of(server), tmp_path / f"session{count}", server.world) as account:
                states.append(await account.export(tmp_path / "vault", profile_of()))
                pages = server.calls["messages.getHistory"]
    assert [state.outcome for state in states] == [Outcome.COMPLETE, Outcome.COMPLETE]
    assert states[1].totals.messages_new == 250
    assert pages <= 6  # three of new messages, the count, and at most two thefts


async def test_a_note_that_was_deleted_is_written_again(account: Account, tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    await account.export(vault, profile_of([ZOE, IVAN]))
    before = vault_bytes(vault)
    note = next(path for path in sorted(before) if f"(u{ZOE})" in path and not path.endswith("index.md"))
    (vault / note).unlink()
    again = await account.export(vault, profile_of([IVAN]))
    assert again.outcome is Outcome.COMPLETE
    assert vault_bytes(vault) == before


async def test_two_runs_do_not_write_to_one_vault(account: Account, tmp_path: Path) -> None:
    first = account.run(tmp_path / "vault", profile_of([LOUNGE], media=TEXT_ONLY))
    running = asyncio.create_task(first.run.run())
    await first.until(lambda state: state.totals.messages_new > 0)
    second = await account.export(tmp_path / "vault", profile_of([ZOE]))
    assert second.outcome is Outcome.FAILED
    assert "Another run" in second.message
    account.ear.listener = first.run.on_link_event
    assert await running is Outcome.COMPLETE
