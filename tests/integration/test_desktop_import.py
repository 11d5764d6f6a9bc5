"""What importing an export of Telegram Desktop promises: all of it arrives, once, and later runs go on from there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_desktop_reading import GROUP, message
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import FileStatus, PageCommit, message_rows
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine.desktop_import import ImportedChat, import_desktop
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.messages import Message
from tobs_tui.model.profile import Layout

CHAT = -1_001_234_567_890


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


def test_what_was_written_before_a_migration_becomes_a_chat_of_its_own(tmp_path: Path) -> None:
    folder = export(tmp_path / "export", [message(-999_999_990), message(10)])
    assert taken(folder, tmp_path / "vault").messages == 2
    with Archive.open(archive_path(tmp_path / "vault")) as archive:
        folders = {record.folder for record in archive.chats()}
        assert len(folders) == 2
        assert sum(archive.count(record.id) for record in archive.chats()) == 2


def test_a_chat_of_an_unknown_kind_is_told_of(tmp_path: Path) -> None:
    result = taken(export(tmp_path / "export", [message(1)], type="hologram"), tmp_path / "vault")
    assert (result.messages, bool(result.problem)) == (0, True)


def test_a_file_cut_short_keeps_what_came_before_and_says_so(tmp_path: Path) -> None:
    folder = export(tmp_path / "export", [message(number) for number in range(1, 1200)])
    path = folder / "result.json"
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(TobsError) as refused:
        taken(folder, tmp_path / "vault")
    assert refused.value.code is ErrorCode.NOT_AN_EXPORT
    with Archive.open(archive_path(tmp_path / "vault")) as archive:
        assert archive.count(CHAT) >= 1000
