"""Transcription as a person asks for it: an export with --transcribe, what its notes and searches then say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.e2e.test_headless import snapshot_of, tobs
from tests.json_lines import json_lines
from tests.speech_help import MODEL, error_rate

ZOE = 5_001_000


def test_an_export_with_transcripts_is_complete_and_can_be_searched(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "models").mkdir(parents=True)
    (home / "models" / "tiny.en").symlink_to(MODEL)
    monkeypatch.setenv("TOBS_TRANSCRIPTION_MODEL", "tiny.en")
    vault = tmp_path / "vault"
    command = ["--demo", "--headless", "--chat", "Zoe Lindqvist", "--output", str(vault), "--json"]
    first = tobs(*command, "--transcribe")
    assert first.returncode == 0, first.stdout[-2000:] + first.stderr

    media = json.loads(tobs("sandbox", "manifest").stdout)["media"]
    spoken = {medium["message_id"]: medium["spoken"] for medium in media if medium["chat_id"] == ZOE}
    notes = snapshot_of(vault)
    heard = {
        int(found[1]): found[2]
        for text in notes.values()
        for found in re.finditer(r"^###### m(\d+)\n(?:(?!######).*\n)*?\[🎤.*\n\n> (.*)$", text.decode(), re.MULTILINE)
    }
    assert set(heard) == {ident for ident, words in spoken.items() if words}
    assert error_rate((spoken[ident], text) for ident, text in heard.items()) <= 0.2
    found = tobs("search", '"printed maps"', "--output", str(vault), "--json", "--demo")
    assert {line.get("id") for line in json_lines(found.stdout)} >= set(heard), found.stdout + found.stderr

    monkeypatch.setenv("TOBS_TRANSCRIPTION_MODEL", "large-v3")
    second = tobs(*command, "--transcribe")
    assert second.returncode == 3, "there is no such model here"
    lines = json_lines(second.stdout)
    (failed,) = [line for line in lines if line["event"] == "item_failed"]
    assert failed["code"] == "model_unavailable"
    assert "hf download" in failed["reason"]
    assert lines[-1]["outcome"] == "incomplete"
    third = tobs(*command)
    assert third.returncode == 0
    assert snapshot_of(vault) == notes, "what was written down before stays"
