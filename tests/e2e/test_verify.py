"""`tobs verify`: what it says and how it ends; its repair fetches, renders, and leaves the vault as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.e2e.serving import ServedSandbox, sign_in
from tests.e2e.test_headless import tobs
from tests.integration.engine_help import vault_bytes
from tests.integration.verify_help import flip, lose_messages
from tobs_tui.config.paths import Paths
from tobs_tui.config.server_file import load_server


async def test_a_vault_is_verified_and_repaired_by_the_command(
    serve_sandbox: Callable[..., ServedSandbox], home: Path, tmp_path: Path
) -> None:
    world = ("--world", "bench-files", "--messages", "6", "--file-bytes", "5000")
    sandbox = serve_sandbox(*world)
    server = ("--server", str(sandbox.toml))
    await sign_in(Paths.resolve(server=load_server(sandbox.toml)), sandbox)
    vault = tmp_path / "vault\x1b[31m"
    run = tobs(*server, "--headless", "--json", "--all-chats", "--output", str(vault))
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr
    sound = tobs("verify", str(vault))
    assert (sound.returncode, sound.stderr) == (0, ""), sound.stdout + sound.stderr
    assert sound.stdout.startswith("All is sound and complete: 6 messages, 10 files, 9 links, ")
    before = vault_bytes(vault)

    media = sorted(vault.rglob("media/*/m*"))
    flip(media[0])
    next(vault.rglob("20*.md")).unlink()
    lose_messages(vault, 3, 4)
    broken = tobs("verify", str(vault), "--json")
    lines = [json.loads(line) for line in broken.stdout.splitlines()]
    assert broken.returncode == 3
    assert [line["event"] for line in lines[-2:]] == ["finding", "verified"]
    told = {(line["what"], line["fault"]) for line in lines if line["event"] == "finding"}
    assert told >= {("medium", "damaged"), ("note", "missing"), ("messages", "missing")}
    assert (lines[-1]["sound"], lines[-1]["exit_status"]) == (False, 3)
    assert "\x1b" not in broken.stdout

    repaired = tobs("verify", str(vault), "--repair", *server)
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    assert "damaged: " in repaired.stdout and "\nAll is sound and complete: 6 messages" in repaired.stdout
    assert "What was there before is kept: 1 file in .tobs/damaged." in repaired.stdout
    assert vault_bytes(vault) == before

    note = next(vault.rglob("20*.md"))
    note.write_text(note.read_text() + "mine\n")
    edited = tobs("verify", str(vault), "--repair", *server)
    assert (edited.returncode, note.read_text()[-5:]) == (3, "mine\n")
    assert "Still wrong: 1 edited note." in edited.stdout
    nowhere = tobs("verify", str(tmp_path / "nowhere"), "--repair", *server)
    assert (nowhere.returncode, (tmp_path / "nowhere").exists()) == (1, False)
