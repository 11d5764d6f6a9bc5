"""What `tobs search` promises: the message is found, and the file and line that it names show it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.test_desktop_import import CHAT, export
from tests.unit.test_desktop_reading import message
from tobs_tui.cli.main import main
from tobs_tui.engine.desktop_import import import_desktop
from tobs_tui.engine.search import Wanted, search_vault
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Layout


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault with one chat of four messages, not rendered."""
    people = {"from": "Bob", "from_id": "user43"}
    texts = ["Shall we meet at the Café?", "The \x1b[31mred café\x07 is closed", "x" * 500 + " tea", "nothing"]
    fields = [message(number, text=text, date_unixtime=str(number * 86_400)) for number, text in enumerate(texts, 1)]
    fields[1] |= people
    import_desktop(export(tmp_path / "export", fields), tmp_path / "vault", Layout())
    return tmp_path / "vault"


def test_what_was_found_is_marked_in_an_excerpt(vault: Path) -> None:
    found = search_vault(vault, Wanted("CAFE"))
    assert (found.total, [one.id for one in found.found]) == (2, [2, 1])
    for one in found.found:
        assert [one.excerpt[start:end].casefold() for start, end in one.marks] == ["café"]
    far = search_vault(vault, Wanted("tea")).found[0]
    assert far.excerpt.startswith("…")
    assert [far.excerpt[start:end] for start, end in far.marks] == ["tea"]


def test_chats_and_people_are_named_as_a_person_would(vault: Path) -> None:
    assert search_vault(vault, Wanted("café", senders=("bo",))).total == 1
    assert search_vault(vault, Wanted("café", senders=("42",))).total == 1
    for name in ("hik", str(CHAT), "1234567890"):
        assert search_vault(vault, Wanted("café", chats=(name,))).total == 2
    for wanted in (Wanted("café", chats=("nowhere",)), Wanted("café", senders=("nobody",))):
        with pytest.raises(TobsError) as refused:
            search_vault(vault, wanted)
        assert refused.value.code is ErrorCode.CHAT_NOT_FOUND


def test_a_query_without_words_and_a_folder_without_a_vault_are_refused(vault: Path, tmp_path: Path) -> None:
    with pytest.raises(TobsError) as refused:
        search_vault(vault, Wanted("?! -x"))
    assert refused.value.code is ErrorCode.USAGE
    with pytest.raises(TobsError) as refused:
        search_vault(tmp_path / "elsewhere", Wanted("tea"))
    assert refused.value.code is ErrorCode.ARCHIVE_UNUSABLE


def test_the_command_prints_nothing_that_a_terminal_would_obey(
    vault: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOBS_HOME", str(tmp_path / "home"))
    assert main(["search", "café", "--output", str(vault)]) == 0
    printed = capsys.readouterr().out
    assert "is closed" in printed
    assert "\x1b" not in printed
    assert "\x07" not in printed
    assert main(["search", "absent", "--output", str(vault)]) == 1


def test_a_machine_gets_one_line_a_message_and_the_sum(
    vault: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOBS_HOME", str(tmp_path / "home"))
    assert main(["search", "café", "--limit", "1", "--json", "--output", str(vault)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["found", "searched"]
    assert (lines[0]["id"], lines[1]["total"], lines[1]["shown"]) == (2, 2, 1)


def test_days_bound_what_is_looked_at(vault: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOBS_HOME", str(tmp_path / "home"))
    command = ["search", "café", "--output", str(vault)]
    assert main([*command, "--until", "2024-01-01"]) == 0
    assert main([*command, "--since", "2024-01-01"]) == 1
    assert main([*command, "--since", "yesterday"]) == 2
