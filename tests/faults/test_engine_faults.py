"""Promises of a run in trouble: pauses hold, unreadable messages cost only themselves, figures stay true."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.compare_vault import read_notes
from tests.integration.engine_help import Account, profile_of, vault_bytes
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.schema import archive_path
from tobs_tui.model.errors import TobsError
from tobs_tui.model.profile import Layout, MediaOptions
from tobs_tui.model.run import Outcome, RunPhase, RunState, WorkerRole, WorkerState
from tobs_tui.sandbox.faults import Fault
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.telegram import line
from tobs_tui.telegram.page import MESSAGE, MESSAGE_SERVICE, unpacked

FORUM, OFFICE, LOUNGE, CHANNEL, DISCUSSION = (
    -1001600000001,
    -1001500000001,
    -1001500000002,
    -1001650000001,
    -1001650000002,
)
ZOE = 5001000
TEXT_ONLY = MediaOptions(download=False)
FIXED = Layout(timezone="UTC")


def sound(vault: Path) -> bool:
    """Whether the vault's archive is as SQLite wants it."""
    with closing(sqlite3.connect(archive_path(vault))) as archive:
        return bool(archive.execute("PRAGMA integrity_check").fetchone()[0] == "ok")


def shown(watched: Any, monkeypatch: pytest.MonkeyPatch) -> list[RunState]:
    """Every state that the run's watcher sees from now on."""
    states: list[RunState] = []
    told = watched._updated

    def note(update: Any) -> None:
        told(update)
        states.append(watched.seen)

    monkeypatch.setattr(watched.run, "_on_update", note)
    return states


async def test_figures_only_grow_and_end_at_all_of_it(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = account.run(tmp_path / "vault", profile_of([FORUM, OFFICE, ZOE, CHANNEL, DISCUSSION]))
    states = shown(watched, monkeypatch)
    assert await watched.run.run() is Outcome.COMPLETE
    for figure in ("fetched", "messages", "messages_new", "rendered", "files", "files_total", "bytes", "notes"):
        values = [getattr(state.totals, figure) for state in states]
        assert values == sorted(values), figure
    last = states[-1].totals
    assert last.fetched == 1.0
    assert last.rendered == last.messages == last.messages_total
    assert last.files == last.files_total
    assert all(state.totals.fetched < 1.0 for state in states if state.totals.messages < last.messages)


async def test_rendering_shows_as_it_goes(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = account.run(tmp_path / "vault", profile_of([LOUNGE], media=TEXT_ONLY))
    told: list[int] = []
    change = watched.run._board.change

    def note(key: tuple[int, int], **fields: Any) -> None:
        change(key, **fields)
        told.append(watched.run._board.row(key).rendered)

    monkeypatch.setattr(watched.run._board, "change", note)
    assert await watched.run.run() is Outcome.COMPLETE
    assert len(set(told)) > 5
    assert told == sorted(told)


async def test_a_pause_while_planning_shows_and_holds_requests(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    sandbox.latency_s = 0.02
    watched = account.run(tmp_path / "vault", profile_of(media=TEXT_ONLY))
    running = asyncio.create_task(watched.run.run())
    await watched.until(lambda state: len(state.chats) > 3)
    watched.run.pause()
    await watched.until(lambda state: state.phase is RunPhase.PAUSED)
    while (before := sum(sandbox.calls.values())) != (await asyncio.sleep(0.3), sum(sandbox.calls.values()))[1]:
        pass  # what was in flight comes in
    assert watched.seen.phase is RunPhase.PAUSED
    assert sum(sandbox.calls.values()) == before
    assert watched.seen.totals.fetched == 0.0
    watched.run.resume()
    await watched.until(lambda state: state.totals.messages_new > 0)
    watched.run.pause()
    watched.run.cancel()
    watched.run.cancel()
    assert await running is Outcome.INTERRUPTED
    watched.run.resume()
    assert watched.seen.phase is RunPhase.FINISHED
    assert sound(tmp_path / "vault")


async def test_a_pause_before_anything_was_asked_holds_everything(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    calls = sandbox.calls.copy()
    watched = account.run(tmp_path / "vault", profile_of([ZOE], media=TEXT_ONLY))
    running = asyncio.create_task(watched.run.run())
    watched.run.pause()
    await watched.until(lambda state: bool(state.resources.at))
    assert sandbox.calls == calls
    watched.run.resume()
    assert watched.run._board.phase is RunPhase.PLANNING
    assert await running is Outcome.COMPLETE


async def test_facts_that_are_refused_do_not_cost_the_chat(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    sandbox.faults.add(Fault(method="users.getFullUser", error="USER_PRIVACY_RESTRICTED", code=400))
    state = await account.export(tmp_path / "vault", profile_of([ZOE], media=TEXT_ONLY))
    assert state.outcome is Outcome.COMPLETE
    assert any("USER_PRIVACY_RESTRICTED" in line.text for line in state.log)


async def test_a_repeated_request_for_a_file_is_credited_to_its_worker(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    sandbox.faults.add(Fault(method="upload.getFile", after=2, times=2, error="INTERNAL", code=500))
    state = await account.export(tmp_path / "vault", profile_of([CHANNEL]))
    assert state.outcome is Outcome.COMPLETE
    assert sum(row.retries for row in state.workers if row.role is WorkerRole.MEDIA) == 2


async def test_trouble_that_passes_leaves_no_trace_in_the_vault(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    wanted = profile_of([CHANNEL, ZOE], layout=FIXED)
    for fault in (
        Fault(method="messages.getHistory", after=5, times=2, error="RPC_CALL_FAIL", code=-503),
        Fault(method="messages.getHistory", after=7, times=2, error="TAKEOUT_INVALID", code=400),
        Fault(method="messages.getHistory", after=9, times=2, disconnect=True),
        Fault(method="messages.getHistory", after=11, error="FLOOD_WAIT_1"),
        Fault(method="upload.getFile", after=3, times=4, error="FILE_REFERENCE_EXPIRED", code=400),
        Fault(method="upload.getFile", after=6, error="FLOOD_PREMIUM_WAIT_1"),
        Fault(method="upload.getFile", after=8, error="TAKEOUT_INVALID", code=400),
    ):
        sandbox.faults.add(fault)
    troubled = await account.export(tmp_path / "troubled", wanted)
    sandbox.faults.clear()
    assert (troubled.outcome, troubled.failures) == (Outcome.COMPLETE, ())
    await account.export(tmp_path / "calm", wanted)
    assert vault_bytes(tmp_path / "troubled") == vault_bytes(tmp_path / "calm")


async def test_workers_that_are_stuck_begin_anew_when_they_are_told_to(
    account: Account, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "REQUEST_TIMEOUT_S", 3600)  # nothing but the person helps
    wanted = profile_of([CHANNEL], layout=FIXED)
    for method, after in (("messages.getHistory", 2), ("upload.getFile", 3)):
        sandbox.faults.add(Fault(method=method, after=after, delay_s=3600))
    watched = account.run(tmp_path / "vault", wanted)
    for worker in ("w99", "cm"):
        with pytest.raises(TobsError):
            watched.run.restart_worker(worker)
    running = asyncio.create_task(watched.run.run())
    before: set[tuple[str, int]] = set()
    while not running.done():
        await asyncio.wait({running}, timeout=1)
        rows = [row for row in watched.run.state.workers if row.role in (WorkerRole.FETCH, WorkerRole.MEDIA)]
        now = {(row.id, row.done) for row in rows if row.state is WorkerState.BUSY}
        for worker, _ in now & before:  # at the same thing for a second
            with contextlib.suppress(TobsError):
                watched.run.restart_worker(worker)
        before = now
    assert await running is Outcome.COMPLETE
    again = {row.role for row in watched.seen.workers if row.retries and row.last_error == "Begun anew by hand."}
    assert again == {WorkerRole.FETCH, WorkerRole.MEDIA}
    await account.export(tmp_path / "calm", wanted)
    assert vault_bytes(tmp_path / "vault") == vault_bytes(tmp_path / "calm")


async def test_a_vault_that_is_taken_away_ends_the_run_with_a_sentence(account: Account, tmp_path: Path) -> None:
    watched = account.run(tmp_path / "vault", profile_of([LOUNGE, FORUM], layout=FIXED))
    running = asyncio.create_task(watched.run.run())
    await watched.until(lambda state: state.totals.messages_new > 500)
    shutil.rmtree(tmp_path / "vault", ignore_errors=True)
    shutil.rmtree(tmp_path / "vault", ignore_errors=True)
    assert await running is Outcome.FAILED
    assert str(tmp_path / "vault") in watched.seen.message
    state = await account.export(tmp_path / "vault", profile_of([LOUNGE], layout=FIXED, media=TEXT_ONLY))
    assert state.outcome is Outcome.COMPLETE


def _spoiled(raw: bytes, message_id: int, *, whole: bool) -> bytes:
    """The page with one message made unreadable: of an unknown class, or with a flag field that leads nowhere."""
    raw = unpacked(raw)
    for place in range(0, len(raw) - 16, 4):
        constructor = struct.unpack_from("<I", raw, place)[0]
        at = {MESSAGE: 12, MESSAGE_SERVICE: 8}.get(constructor)
        if at and struct.unpack_from("<i", raw, place + at)[0] == message_id:
            if whole:
                return raw[:place] + struct.pack("<I", 0xDEADBEEF) + raw[place + 4 :]
            return raw[: place + 16] + b"\xff" * 8 + raw[place + 24 :]
    return raw


@pytest.fixture
def spoil(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[int, bool]]:
    """Ids of messages that every page with them has in an unreadable form; True: their id cannot be read either."""
    ids: dict[int, bool] = {}
    ask = account.link.history_page

    async def spoiled(chat: int, **where: Any) -> bytes:
        raw = await ask(chat, **where)
        for message_id, whole in ids.items():
            raw = _spoiled(raw, message_id, whole=whole)
        return raw

    monkeypatch.setattr(account.link, "history_page", spoiled)
    return ids  # type: ignore[return-value]


async def test_only_unreadable_messages_are_left_out_of_unreadable_pages(
    account: Account, spoil: dict[int, bool], tmp_path: Path
) -> None:
    calm = await account.export(tmp_path / "calm", profile_of([DISCUSSION], layout=FIXED, media=TEXT_ONLY))
    truth = [message for note in read_notes(tmp_path / "calm") for message in note.ids]
    # In the middle of a page, one after the other, the newest of a page, the very first and the very last.
    spoil.update({truth[30]: True, truth[31]: True, truth[99]: True, truth[0]: True, truth[-1]: True, truth[50]: False})
    state = await account.export(tmp_path / "vault", profile_of([DISCUSSION], layout=FIXED, media=TEXT_ONLY))
    found = [message for note in read_notes(tmp_path / "vault") for message in note.ids]
    lost = [failure for failure in state.failures if failure.what == "messages"]
    assert set(truth) - set(found) <= set(spoil)
    assert state.outcome is (Outcome.INCOMPLETE if lost else Outcome.COMPLETE)
    assert set(found) <= set(truth)
    assert calm.outcome is Outcome.COMPLETE
    with Archive.open(archive_path(tmp_path / "vault"), read_only=True) as archive:
        unreadable = [message for message in archive.messages(DISCUSSION) if message.unknown]
    assert len(unreadable) >= 5
    assert {message.id for message in unreadable} | (set(truth) - set(found)) == set(spoil)
    assert all(message.date for message in unreadable)
