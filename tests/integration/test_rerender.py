"""What `tobs render` and `tobs import` promise: the notes that an export would have left, from the archive alone."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from tests.integration.engine_help import account_at, address_of, profile_of, vault_bytes
from tests.integration.test_desktop_import import export
from tests.integration.test_engine_export import FORUM
from tests.unit.test_desktop_reading import message
from tobs_tui.cli.main import main
from tobs_tui.engine.rerender import check_options, rerender
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Layout, Split
from tobs_tui.model.run import Outcome
from tobs_tui.sandbox.server import SandboxServer


async def test_lost_notes_come_back_byte_by_byte(sandbox: SandboxServer, tmp_path: Path) -> None:
    profile, vault = profile_of([FORUM]), tmp_path / "vault"
    async with account_at(address_of(sandbox), tmp_path / "session", sandbox.world) as account:
        state = await account.export(vault, profile)
    assert state.outcome is Outcome.COMPLETE
    before = vault_bytes(vault)
    assert (await rerender(vault, profile)).notes == 0
    for note in vault.rglob("*.md"):
        note.unlink()
    assert (await rerender(vault, profile)).notes > 0
    assert vault_bytes(vault) == before


async def test_another_layout_is_written_only_when_asked_for_and_leads_back(
    sandbox: SandboxServer, tmp_path: Path
) -> None:
    profile, vault = profile_of([FORUM]), tmp_path / "vault"
    daily = profile_of([FORUM], layout=Layout(split=Split.DAY))
    async with account_at(address_of(sandbox), tmp_path / "session", sandbox.world) as account:
        await account.export(vault, profile)
    before = {path: content for path, content in vault_bytes(vault).items() if path.endswith(".md")}
    check_options(vault, profile)
    with pytest.raises(TobsError) as refused:
        check_options(vault, daily)
    assert refused.value.code is ErrorCode.USAGE
    await rerender(vault, daily)
    after = {path for path in vault_bytes(vault) if path.endswith(".md")}
    assert len(after) > len(before)
    await rerender(vault, profile)
    assert {path: content for path, content in vault_bytes(vault).items() if path.endswith(".md")} == before


def test_an_import_becomes_notes_and_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOBS_HOME", str(tmp_path / "home"))
    texts = ["first *words*", "second"]
    folder = export(tmp_path / "export", [message(number, text=text) for number, text in enumerate(texts, 1)])
    vault = tmp_path / "vault"
    assert main(["import", str(folder), "--output", str(vault)]) == 0
    assert "Hiking: 2 messages" in capsys.readouterr().out
    notes = [path for path in vault.rglob("*.md") if path.name != "index.md"]
    assert len(notes) == 1
    assert r"first \*words\*" in notes[0].read_text(encoding="utf-8")
    assert main(["import", str(folder), "--output", str(vault), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["event"], line.get("known"), line.get("notes")) for line in lines] == [
        ("imported", 2, None),
        ("rendered", None, 0),
    ]
    shutil.rmtree(vault)


def test_a_vault_becomes_pages_by_a_flag_and_keeps_them_until_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOBS_HOME", str(tmp_path / "home"))
    vault, render = tmp_path / "vault", ["render", "--output", str(tmp_path / "vault")]
    folder = export(tmp_path / "export", [message(1, text="first *words*")])
    assert main(["import", str(folder), "--output", str(vault)]) == 0
    before = vault_bytes(vault)
    assert main([*render, "--format", "markdown,html"]) == 0
    both = vault_bytes(vault)
    assert {path: content for path, content in both.items() if path.endswith(".md")} == before
    assert {"index.html", "search.html", "tobs.css", "search/index.js"} <= both.keys()
    capsys.readouterr()
    assert main(render) == 2  # without the flag, the pages would go unasked
    assert "--format html,markdown to keep them" in capsys.readouterr().err
    assert main([*render, "--format", "html"]) == 0
    assert {path: content for path, content in both.items() if not path.endswith(".md")} == vault_bytes(vault)
    assert main([*render, "--format", "markdown"]) == 0
    assert vault_bytes(vault) == before


def test_rendering_where_there_is_no_vault_makes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOBS_HOME", str(tmp_path / "home"))
    assert main(["render", "--output", str(tmp_path / "nothing")]) != 0
    assert not (tmp_path / "nothing").exists()
    with pytest.raises(TobsError):
        asyncio.run(rerender(tmp_path / "nothing", profile_of([])))


def test_a_folder_without_an_export_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOBS_HOME", str(tmp_path / "home"))
    assert main(["import", str(tmp_path), "--output", str(tmp_path / "vault")]) == 2
