"""What importing an export of Telegram Desktop promises: all of it arrives, once, and later runs go on from there."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.compare_vault import differences
from tests.integration.desktop_help import DesktopExport
from tests.integration.engine_help import BERLIN, account_at, address_of, profile_of
from tests.integration.test_engine_export import CHANNEL, OFFICE, OLD_OFFICE, ZOE
from tests.unit.test_desktop_reading import GROUP, message
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import FileFilter, FileScope, FileStatus, PageCommit, message_rows
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine.desktop_import import ImportedChat, import_desktop
from tobs_tui.engine.link_check import LinkChecker
from tobs_tui.engine.rerender import rerender
from tobs_tui.engine.vault import root_of
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.messages import Message
from tobs_tui.model.peers import imported_half
from tobs_tui.model.profile import Layout
from tobs_tui.model.run import Outcome
from tobs_tui.sandbox.server import SandboxServer

CHAT = -1_001_234_567_890
ADA_HERSELF, HIKE = 5000042, -820001


def export(folder: Path, messages: list[dict[str, Any]], **head: Any) -> Path:
    """An export of one chat in `folder`."""
    folder.mkdir(exist_ok=True)
    (folder / "result.json").write_text(json.dumps({**GROUP, **head, "messages": messages}), encoding="utf-8")
    return folder


def taken(folder: Path, vault: Path) -> ImportedChat:
    """Import one chat."""
    return import_desktop(folder, vault, Layout())[0]


def test_messages_arrive_with_their_senders_and_count_as_known(tmp_path: Path) -> None:
    people = {"from": "Bob", "from_id": "user43"}
    folder = export(tmp_path / "export", [message(5), message(6, **people), message(9), message(0)])
    assert taken(folder, tmp_path / "vault") == ImportedChat("Hiking", messages=3, without_id=1)
    with Archive.open(archive_path(tmp_path / "vault")) as archive:
        assert [found.id for found in archive.messages(CHAT)] == [5, 6, 9]
        assert {peer.title for peer in archive.peers([42, 43]).values()} == {"Ada", "Bob"}
        assert list(archive.ledger(CHAT)) == [(5, 9)]


def test_files_arrive_under_their_readable_names_and_missing_ones_say_why(tmp_path: Path) -> None:
    folder = export(
        tmp_path / "export",
        [
            message(1, photo="photos/one.jpg"),
            message(2, file="(File not included. Change data exporting settings to download.)", file_name="a.pdf"),
            message(3, file="../outside.txt"),
            message(4, file="/etc/passwd"),
            message(5, file="files/link.txt"),
            message(6, file="files/" + "x" * 400),
        ],
    )
    (folder / "photos").mkdir()
    (folder / "photos" / "one.jpg").write_bytes(b"picture")
    (tmp_path / "outside.txt").write_text("not part of the export")
    (folder / "files").mkdir()
    (folder / "files" / "link.txt").symlink_to(tmp_path / "outside.txt")
    vault = tmp_path / "vault"
    assert taken(folder, vault) == ImportedChat("Hiking", messages=6, files=1, files_missing=5)
    with Archive.open(archive_path(vault)) as archive:
        state = archive.file_state(CHAT, 1, 0)
        assert state is not None
        assert (vault / state.path).read_bytes() == b"picture"
        for number in range(2, 7):
            left = archive.file_state(CHAT, number, 0)
            assert left is not None
            assert (left.status, bool(left.reason)) == (FileStatus.FAILED, True)
    assert not [path for path in vault.rglob("*") if path.is_file() and b"not part" in path.read_bytes()]


def test_importing_twice_changes_nothing_and_brings_files_that_came_later(tmp_path: Path) -> None:
    folder = export(tmp_path / "export", [message(1, photo="photos/one.jpg"), message(2)])
    vault = tmp_path / "vault"
    assert taken(folder, vault).files_missing == 1
    (folder / "photos").mkdir()
    (folder / "photos" / "one.jpg").write_bytes(b"picture")
    assert taken(folder, vault) == ImportedChat("Hiking", known=2, files=1)
    assert taken(folder, vault) == ImportedChat("Hiking", known=2)


def test_what_telegram_itself_told_is_left_alone(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    with Archive.open(archive_path(vault)) as archive:
        rows, files = message_rows([Message(2, 1_714_557_600, text="from Telegram")])
        archive.commit([PageCommit(CHAT, 2, 3, rows=rows, files=files)])
    result = taken(export(tmp_path / "export", [message(1, text="a"), message(2, text="b"), message(4)]), vault)
    assert (result.messages, result.known) == (2, 1)
    with Archive.open(archive_path(vault)) as archive:
        assert [found.text for found in archive.messages(CHAT)] == ["a", "from Telegram", ""]


def test_messages_in_any_order_all_arrive(tmp_path: Path) -> None:
    numbers = [*range(2000, 1000, -1), *range(1, 1001)]
    folder = export(tmp_path / "export", [message(number) for number in numbers])
    assert taken(folder, tmp_path / "vault").messages == 2000
    with Archive.open(archive_path(tmp_path / "vault")) as archive:
        assert archive.count(CHAT) == 2000


def test_what_was_written_before_a_migration_lies_in_the_supergroups_folder(tmp_path: Path) -> None:
    folder = export(tmp_path / "export", [message(-999_999_990), message(10)])
    vault = tmp_path / "vault"
    assert taken(folder, vault).messages == 2
    old = imported_half(CHAT)
    with Archive.open(archive_path(vault)) as archive:
        record = archive.chat(old)
        assert record is not None
        assert root_of(archive, record) == "Hiking (c1234567890)/before-migration"
        assert [found.id for found in archive.messages(old)] == [10]


def test_an_old_half_gets_the_id_that_it_turns_out_to_have_and_keeps_what_telegram_told(tmp_path: Path) -> None:
    folder = export(tmp_path / "export", [message(-999_999_990), message(-999_999_980), message(10)])
    vault, old, real = tmp_path / "vault", imported_half(CHAT), -77
    taken(folder, vault)
    asyncio.run(rerender(vault, profile_of()))
    with Archive.open(archive_path(vault)) as archive:
        rows, _ = message_rows([Message(10, 1_714_557_600, text="from Telegram")])
        archive.commit([PageCommit(real, 10, 12, rows=rows)])
        assert archive.adopt(old, real)
        assert not archive.adopt(old, real)
        assert [(found.id, found.text) for found in archive.messages(real)] == [(10, "from Telegram"), (20, "")]
        assert list(archive.ledger(real)) == [(10, 20)]
        assert (archive.count(old), archive.count(real), archive.chat(old)) == (0, 2, None)
        assert {note.chat for note in archive.notes(real)} == {real}


async def test_a_run_after_an_import_fetches_what_is_missing_and_nothing_twice(
    demo_vault: Path, sandbox: SandboxServer, manifest: dict[str, Any], quick_path: Path
) -> None:
    chats = [ADA_HERSELF, ZOE, HIKE, OFFICE, CHANNEL]
    made = DesktopExport(demo_vault, quick_path / "export", 0.7)
    folder, vault = made.write(chats), quick_path / "vault"
    imported = import_desktop(folder, vault, BERLIN.layout)
    assert sum(chat.messages for chat in imported) == made.messages
    assert (sum(chat.files for chat in imported), sum(chat.files_missing for chat in imported)) == (
        made.included,
        made.left_out,
    )
    assert made.included > 10 and made.left_out > 10
    await rerender(vault, BERLIN)
    assert list(LinkChecker(vault).check()) == []
    assert list(vault.glob("*(c1500000001)/before-migration/*.md"))

    async with account_at(address_of(sandbox), quick_path / "session", sandbox.world) as account:
        before = sandbox.calls["upload.getFile"]
        wanted = replace(BERLIN, targets=profile_of(chats).targets)
        state = await account.export(vault, wanted)
        asked = sandbox.calls["upload.getFile"] - before
        again = await account.export(vault, wanted)
    assert (state.outcome, again.outcome) == (Outcome.COMPLETE, Outcome.COMPLETE)
    assert again.totals.messages_new == 0
    assert differences(vault, manifest, chats={*chats, OLD_OFFICE}) == []
    with Archive.open(archive_path(vault)) as archive, Archive.open(archive_path(demo_vault), read_only=True) as whole:
        assert {record.id for record in archive.chats()} == {*chats, OLD_OFFICE}
        total = sum(archive.count(chat) for chat in (*chats, OLD_OFFICE))
        assert total == sum(whole.count(chat) for chat in (*chats, OLD_OFFICE))
        scopes = FileFilter(tuple(FileScope(chat) for chat in (*chats, OLD_OFFICE)))
        parts = sum(1 + state.size // 2**20 for _, state in archive.done_files(scopes, 10**6))
        kept = [task for task, _ in archive.done_files(scopes, 10**6) if task.file.id < 0]
    assert state.totals.messages_new < total - made.messages + 2
    assert len(kept) == made.included, "what the export had is what is there"
    assert asked <= parts - made.included
    assert list(LinkChecker(vault).check()) == []


def test_a_chat_of_an_unknown_kind_is_told_of(tmp_path: Path) -> None:
    result = taken(export(tmp_path / "export", [message(1)], type="hologram"), tmp_path / "vault")
    assert (result.messages, bool(result.problem)) == (0, True)


def test_a_file_cut_short_keeps_what_came_before_and_says_so(tmp_path: Path) -> None:
    folder = export(tmp_path / "export", [message(number) for number in range(1, 1200)])
    path = folder / "result.json"
    whole = path.read_bytes()
    path.write_bytes(whole[:-2000])
    with pytest.raises(TobsError) as refused:
        taken(folder, tmp_path / "vault")
    assert refused.value.code is ErrorCode.NOT_AN_EXPORT
    told = str(refused.value)
    assert re.search(rf"in “Hiking”, behind 1.?1\d\d messages, before byte {len(whole) - 2000}\)", told), told
    with Archive.open(archive_path(tmp_path / "vault")) as archive:
        kept = archive.count(CHAT)
        assert kept > 1150
        assert list(archive.ledger(CHAT)) == [(1, kept)], "no id is taken for known whose message was not read"
    path.write_bytes(whole)
    assert taken(folder, tmp_path / "vault") == ImportedChat("Hiking", messages=1199 - kept, known=kept)


def test_an_import_that_is_killed_goes_on(quick_path: Path) -> None:
    folder = export(quick_path / "export", [message(number, text=f"words {number}") for number in range(1, 8_001)])
    vault = quick_path / "vault"
    command = [sys.executable, "-m", "tobs_tui", "import", str(folder), "--output", str(vault)]
    environ = {"PATH": os.environ["PATH"], "TOBS_HOME": str(quick_path / "home")}
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log = vault / ".tobs" / "archive.db-wal"
    while process.poll() is None and not (log.exists() and log.stat().st_size > 300_000):
        time.sleep(0.001)
    process.kill()
    assert process.wait() < 0, "it was to be killed in the middle"
    done = subprocess.run([*command, "--json"], env=environ, capture_output=True, check=True)
    imported = json.loads(done.stdout.splitlines()[0])
    assert imported.get("known", 0) > 0
    assert imported["known"] + imported["messages"] == 8_000
    with Archive.open(archive_path(vault)) as archive:
        assert (archive.count(CHAT), list(archive.ledger(CHAT))) == (8_000, [(1, 8_000)])
