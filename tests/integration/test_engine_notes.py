"""Notes appear while their chat is fetched, grow by what is new, and end in the same bytes whatever happened."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.integration.engine_help import QUICK, account_at, address_of, profile_of, vault_bytes
from tests.integration.test_engine_killed import Child, prepare
from tobs_tui.archive.schema import archive_path
from tobs_tui.model.profile import Layout, Profile, Split
from tobs_tui.model.run import Outcome, RunState, WorkerRole
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.worlds.loader import load_world

MONTHS = 70_000  # of the bench world's messages: a month of 57,000, and some of the next
DAYS = profile_of(layout=Layout(split=Split.DAY))


def _with(processes: int, profile: Profile | None = None) -> Profile:
    performance = replace(QUICK, decode_processes=processes)
    return replace(profile or profile_of(), performance=performance)


async def _export(tmp_path: Path, vault: str, messages: int, profile: Profile) -> RunState:
    """Export the bench world with so many messages."""
    async with SandboxServer(load_world("bench", messages=messages)) as server:
        async with account_at(address_of(server), tmp_path / f"session{messages}-{vault}", server.world) as account:
            return await account.export(tmp_path / vault, profile)


def _files(vault: Path) -> dict[str, os.stat_result]:
    return {path: (vault / path).stat() for path in vault_bytes(vault)}


async def test_the_vault_is_the_same_whatever_the_number_of_processes(tmp_path: Path) -> None:
    states = [await _export(tmp_path, f"of-{count}", MONTHS, _with(count)) for count in (1, 3)]
    assert [state.outcome for state in states] == [Outcome.COMPLETE] * 2
    assert [state.totals.rendered for state in states] == [MONTHS] * 2
    assert vault_bytes(tmp_path / "of-1") == vault_bytes(tmp_path / "of-3")


@pytest.mark.parametrize("split", [Split.DAY, Split.MONTH, Split.SINGLE])
async def test_runs_in_several_steps_end_in_the_bytes_of_one(tmp_path: Path, split: Split) -> None:
    wanted = profile_of(layout=Layout(split=split, timezone="Asia/Kolkata"))
    for count in (3000, 3050, 9000, 9001):
        state = await _export(tmp_path, "steps", count, wanted)
        assert (state.outcome, state.totals.rendered) == (Outcome.COMPLETE, count)
    await _export(tmp_path, "once", 9001, wanted)
    assert vault_bytes(tmp_path / "steps") == vault_bytes(tmp_path / "once")


async def test_a_rerun_appends_what_is_new_and_leaves_every_other_note_alone(tmp_path: Path) -> None:
    await _export(tmp_path, "vault", 20_000, DAYS)
    before, files = vault_bytes(tmp_path / "vault"), _files(tmp_path / "vault")
    state = await _export(tmp_path, "vault", 20_050, DAYS)
    after, files_after = vault_bytes(tmp_path / "vault"), _files(tmp_path / "vault")
    changed = [path for path in before if after[path] != before[path] and not path.endswith("index.md")]
    assert len(changed) == 1
    assert after[changed[0]].startswith(before[changed[0]])
    assert files_after[changed[0]].st_ino == files[changed[0]].st_ino
    for path in before.keys() - {changed[0]}:
        if not path.endswith("index.md"):
            assert (files_after[path].st_ino, files_after[path].st_mtime_ns) == (
                files[path].st_ino,
                files[path].st_mtime_ns,
            )
    assert state.totals.notes == 1 + len(after.keys() - before.keys())
    assert state.totals.requests <= 10


async def test_an_append_that_was_cut_off_is_repaired(tmp_path: Path) -> None:
    """As a kill leaves it: the note marked as growing, half of the new messages behind what the register knows."""
    await _export(tmp_path, "vault", 3000, profile_of())
    note = next((tmp_path / "vault").glob("*/2020-*.md"))
    with sqlite3.connect(archive_path(tmp_path / "vault")) as db:
        db.execute("UPDATE notes SET busy = 1")
    db.close()
    with note.open("a") as file:
        file.write("\n###### m31")
    state = await _export(tmp_path, "vault", 3100, profile_of())
    await _export(tmp_path, "once", 3100, profile_of())
    assert vault_bytes(tmp_path / "vault") == vault_bytes(tmp_path / "once")
    assert not (tmp_path / "vault/.tobs/edited").exists()
    assert not state.alerts


async def test_a_note_changed_by_hand_is_kept_aside_before_it_is_written_again(tmp_path: Path) -> None:
    await _export(tmp_path, "vault", 3000, profile_of())
    note = next((tmp_path / "vault").glob("*/2020-*.md"))
    mine = note.read_text() + "\nmy own thoughts\n"
    note.write_text(mine)
    untouched = await _export(tmp_path, "vault", 3000, profile_of())
    assert note.read_text() == mine, "there was nothing new to write"
    assert not untouched.alerts
    state = await _export(tmp_path, "vault", 3050, profile_of())
    await _export(tmp_path, "once", 3050, profile_of())
    assert vault_bytes(tmp_path / "vault") == vault_bytes(tmp_path / "once")
    kept = list((tmp_path / "vault/.tobs/edited").rglob("*.md"))
    assert [path.read_text() for path in kept] == [mine]
    assert any("changed by hand" in alert.text for alert in state.alerts)
    assert any(kept[0].name in line.text for line in state.log)


async def test_a_folder_in_the_place_of_a_note_is_named_left_alone_and_once_moved_away_forgotten(
    tmp_path: Path,
) -> None:
    vault = tmp_path / "vault"
    await _export(tmp_path, "vault", 3000, DAYS)
    note = sorted(vault.rglob("20*.md"))[-1]
    note.unlink()
    note.mkdir()
    (note / "mine.txt").write_text("mine")
    failed = await _export(tmp_path, "vault", 3050, DAYS)
    assert failed.outcome is Outcome.FAILED
    assert failed.message.startswith(f"Cannot write {note}: a folder is there, where a file belongs. Move that folder")
    note.rename(tmp_path / "moved away")
    assert (tmp_path / "moved away" / "mine.txt").read_text() == "mine"
    assert (await _export(tmp_path, "vault", 3050, DAYS)).outcome is Outcome.COMPLETE
    await _export(tmp_path, "once", 3050, DAYS)
    assert vault_bytes(vault) == vault_bytes(tmp_path / "once")


async def test_notes_appear_while_their_chat_is_fetched_and_count_no_message_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tobs_tui.engine.render_stage.LOOK_AFTER", 3000)
    monkeypatch.setattr("tobs_tui.engine.render_stage.LOOK_S", 0.05)
    wanted = _with(2, DAYS)
    async with SandboxServer(load_world("bench", messages=30_000)) as server:
        async with account_at(address_of(server), tmp_path / "session", server.world) as account:
            server.latency_s = 0.02
            watched = account.run(tmp_path / "vault", wanted)
            shown: list[tuple[int, int]] = []

            def writing(state: RunState) -> bool:
                shown.append((state.totals.rendered, state.totals.messages))
                return state.totals.notes > 0 and state.totals.messages < 30_000

            running = asyncio.create_task(watched.run.run())
            await watched.until(writing)
            assert list((tmp_path / "vault").glob("*/2020-*.md"))
            assert await running is Outcome.COMPLETE
    assert all(rendered <= messages for rendered, messages in shown)
    assert [rendered for rendered, _ in shown] == sorted(rendered for rendered, _ in shown)
    assert watched.seen.totals.rendered == 30_000
    await _export(tmp_path, "once", 30_000, DAYS)
    assert vault_bytes(tmp_path / "vault") == vault_bytes(tmp_path / "once")


async def test_a_process_killed_while_it_writes_notes_leaves_no_trace_in_them(tmp_path: Path) -> None:
    killed: set[int] = set()
    async with SandboxServer(load_world("bench", messages=MONTHS)) as server:
        async with account_at(address_of(server), tmp_path / "session", server.world) as account:
            watched = account.run(tmp_path / "vault", _with(2))

            def kill_another(state: RunState) -> bool:
                workers = {row.pid for row in watched.run._board.workers.of_role(WorkerRole.DECODE)}
                for pid in sorted(workers - killed - {0}) if state.totals.rendered and len(killed) < 2 else ():
                    os.kill(pid, signal.SIGKILL)
                    killed.add(pid)
                return len(killed) >= 2

            running = asyncio.create_task(watched.run.run())
            killing = asyncio.create_task(watched.until(kill_another))
            assert await running is Outcome.COMPLETE
            await killing
    await _export(tmp_path, "once", MONTHS, _with(2))
    assert vault_bytes(tmp_path / "vault") == vault_bytes(tmp_path / "once")
    assert not list((tmp_path / "vault").rglob("*.tobs-tmp"))


async def test_an_export_killed_while_a_huge_note_grows_ends_in_the_same_bytes(tmp_path: Path) -> None:
    wanted = _with(2, profile_of(layout=Layout(split=Split.SINGLE)))
    vault = tmp_path / "vault"
    await _export(tmp_path, "vault", 30_000, wanted)
    (note,) = vault.glob("*/messages.md")
    size = note.stat().st_size
    async with SandboxServer(load_world("bench", messages=MONTHS)) as server:
        async with account_at(address_of(server), tmp_path / "session", server.world):
            pass
        prepare(tmp_path, server, wanted)
        assert await Child(tmp_path, vault).kill_when(lambda: any(note.parent.glob(".messages.md.*")))
        await Child(tmp_path, vault).kill_when(lambda: note.stat().st_size != size)
        await Child(tmp_path, vault).kill_when(lambda: note.stat().st_size > 2 * size)
        assert await Child(tmp_path, vault).outcome() == "complete"
    await _export(tmp_path, "once", MONTHS, wanted)
    assert vault_bytes(vault) == vault_bytes(tmp_path / "once")
    assert not (vault / ".tobs/edited").exists()
