"""What `tobs versions` promises: what a message was before is shown on request, harmless to the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import ChatRecord, PageCommit, message_rows
from tobs_tui.archive.schema import archive_path
from tobs_tui.cli.main import main
from tobs_tui.model.messages import Message
from tobs_tui.model.peers import PeerKind


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A vault with a message that was edited twice, and one that was deleted, in each of two chats."""
    monkeypatch.setenv("TOBS_HOME", str(tmp_path / "home"))
    with Archive.open(archive_path(tmp_path / "vault")) as archive:
        for chat, title in ((7, "Zoe"), (8, "Ivan")):
            archive.put_chat(ChatRecord(chat, title, title, PeerKind.USER))
            for text in ("fir\x1b[31mst", "second", "third"):
                rows, _ = message_rows([Message(12, 1_700_000_000, chat, text), Message(13, 1_700_000_000, chat, "x")])
                page = PageCommit(chat, 1, 13, rows=rows)
                archive.commit([page]) if text.startswith("fir") else archive.reread(page, [12], 1_800_000_000)
            archive.reread(PageCommit(chat, 13, 13), [13], 1_800_000_000)
    return tmp_path / "vault"


def test_what_a_message_was_is_shown_oldest_first(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["versions", "2023-11.md#m12", "--chat", "zo", "--output", str(vault)]) == 0
    said = capsys.readouterr().out
    lines = [line.strip() for line in said.splitlines() if line.startswith("    ")]
    assert lines == ["first", "second", "third"]
    assert "\x1b[31m" not in said
    assert "Zoe, message 12" in said
    assert "Ivan" not in said


def test_a_deleted_message_is_said_to_be(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["versions", "13", "--output", str(vault)]) == 0
    assert capsys.readouterr().out.count("deleted, noticed 2027-01-15") == 2


def test_no_such_message_and_no_message_at_all_are_told_apart(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["versions", "99", "--output", str(vault)]) == 1
    assert main(["versions", "the last one", "--output", str(vault)]) == 2
    assert "names no message" in capsys.readouterr().err
