"""The dry run as a person and a script start it: what it prints, what it leaves alone, and how waits are told."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.compare_vault import read_notes
from tests.e2e.serving import sign_in
from tests.e2e.test_headless import tobs
from tests.json_lines import judged
from tobs_tui.config.paths import Paths
from tobs_tui.config.server_file import load_server

LOUNGE, ZOE = "-1001500000002", "5001000"


def _files(vault: Path) -> dict[Path, int]:
    """When each file was written."""
    return {path: path.stat().st_mtime_ns for path in vault.rglob("*") if path.is_file()}


def test_a_plan_is_what_the_export_then_does_and_writes_nothing(home: Path, tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    command = ["--demo", "--chat", LOUNGE, "--last", "120", "--sender", "me", "--output", str(vault)]
    planned = tobs(*command, "--plan", "--json")
    assert planned.returncode == 0, planned.stderr
    [plan] = judged(planned.stdout)
    assert (plan["event"], plan["schema"], plan["problem"]) == ("plan", 1, "")
    assert [row["messages"] for row in plan["chats"]] == [120]
    assert plan["total"]["missing"] == 120
    assert not vault.exists()

    done = tobs(*command, "--headless", "--json")
    assert done.returncode == 0, done.stderr
    assert judged(done.stdout)[-1]["totals"]["messages_new"] == 120
    assert 0 < sum(len(note.ids) for note in read_notes(vault)) < 120
    before = _files(vault)
    [again] = judged(tobs(*command, "--plan", "--json").stdout)
    assert (again["total"]["archived"], again["total"]["missing"]) == (120, 0)
    assert before.items() <= _files(vault).items()


def test_a_saved_profile_is_planned_as_a_table(home: Path, tmp_path: Path) -> None:
    folder = home / "config" / "profiles"
    folder.mkdir(parents=True, exist_ok=True)
    file = tmp_path / "night.toml"
    file.write_text(
        f'output = "{tmp_path / "vault"}"\n[targets]\nchats = [{{chat = {ZOE}}}, {{chat = {LOUNGE}}}]\n'
        '[filters]\nlast = 500\n[media]\nkinds = ["photo", "sticker"]\n'
    )
    planned = tobs("--demo", str(file), "--plan")
    assert planned.returncode == 0, planned.stderr
    lines = planned.stdout.splitlines()
    assert lines[0].split()[:4] == ["Chat", "Messages", "Archived", "Missing"]
    assert any(line.startswith("Zoe Lindqvist") and " 500 " in line for line in lines)
    assert any(line.startswith("All 2") and "1 000" in line for line in lines)
    assert "Not all in Files and Bytes" in planned.stdout
    assert "sticker" in planned.stdout
    assert "in flight" in planned.stdout


def test_waits_are_told_and_a_long_one_ends_the_plan_with_status_6(
    home: Path, tmp_path: Path, serve_sandbox: Any
) -> None:
    faults = tmp_path / "faults.json"
    rules = [
        {"method": "messages.getHistory", "error": "FLOOD_WAIT_2", "code": 420},
        {"method": "messages.getHistory", "error": "FLOOD_WAIT_500", "code": 420, "after": 1},
    ]
    faults.write_text(json.dumps(rules))
    server = serve_sandbox("--faults", str(faults))
    asyncio.run(sign_in(Paths.resolve(server=load_server(server.toml)), server))
    planned = tobs("--server", str(server.toml), "--plan", "--chat", ZOE, "--chat", LOUNGE, "--json")
    assert planned.returncode == 6, planned.stderr
    assert "Telegram asks to wait" in planned.stderr
    [plan] = judged(planned.stdout)
    assert [row["messages"] >= 0 for row in plan["chats"]] == [True, False]
    assert plan["problem"]
    assert plan["total"]["messages"] == -1
