"""Promises of transcription as a job of a run, and as a command: real speech, a real model, its own process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import wave
from pathlib import Path
from typing import Any

import pytest

from tests.integration.engine_help import vault_bytes
from tests.integration.jobs_help import CHAT, put_file, rig_in
from tests.speech_help import ASSETS, MODEL, NOTES, error_rate
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.schema import archive_path
from tobs_tui.cli.main import main
from tobs_tui.engine.job_plans import transcription_plan
from tobs_tui.model.errors import ErrorCode
from tobs_tui.model.profile import MediaKind, Transcription

TINY = Transcription(enabled=True, model=str(MODEL), kinds=(MediaKind.VOICE, MediaKind.AUDIO), unload_after_s=1)
MEETING = (ASSETS / "voice_meeting.ogg").read_bytes()
TRAIN = (ASSETS / "voice_train.ogg").read_bytes()


def silence(folder: Path) -> bytes:
    """Two seconds of it."""
    with wave.open(str(folder / "silence.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(64_000))
    return (folder / "silence.wav").read_bytes()


def fill(vault: Path, *contents: bytes) -> None:
    """A vault with a voice note of each content, from message 1 on."""
    vault.mkdir()
    with Archive.open(archive_path(vault)) as archive:
        for ident, content in enumerate(contents, start=1):
            put_file(vault, archive, ident, content, MediaKind.VOICE, "audio/ogg", "note.ogg")


async def test_a_forwarded_note_is_heard_once_and_a_damaged_one_costs_only_itself(home: Path, tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    fill(vault, MEETING, b"OggS, but not really", silence(tmp_path), MEETING)
    async with rig_in(vault) as rig:
        board = await rig.work(transcription_plan(TINY))
        (worker,) = board.workers.all()
        assert worker.done == 2, "the note, once, and the silence"
        assert worker.speed > 0
        assert [(failure.message_id, failure.what) for failure in board.failures] == [(2, "transcribe")]
        assert "cannot be decoded" in board.failures[0].reason
        heard = await rig.ask(lambda archive: archive.transcripts_of(CHAT, 1, 4))
        assert sorted(heard) == [(1, 0), (3, 0), (4, 0)]
        assert heard[1, 0] == heard[4, 0]
        assert error_rate([(NOTES["voice_meeting.ogg"], heard[1, 0].text)]) <= 0.2
        assert heard[3, 0].said == ()
        assert await rig.ask(lambda archive: archive.transcript_counts()) == {CHAT: 2}


async def test_a_missing_model_is_one_failure_with_advice_and_the_next_run_does_the_work(
    home: Path, tmp_path: Path
) -> None:
    vault = tmp_path / "vault"
    fill(vault, MEETING, TRAIN)
    async with rig_in(vault) as rig:
        board = await rig.work(transcription_plan(Transcription(model="tiny.en")))
        (failure,) = board.failures
        assert (failure.chat, failure.code) == (0, ErrorCode.MODEL_UNAVAILABLE)
        assert "hf download" in failure.reason
        assert str(home / "models" / "tiny.en") in failure.reason
        assert [alert.text for alert in board.state.alerts] == [failure.reason]
        (home / "models").mkdir(parents=True)
        (home / "models" / "tiny.en").symlink_to(MODEL)
        board = await rig.work(transcription_plan(Transcription(model="tiny.en")))
        assert board.failures == []
        heard = await rig.ask(lambda archive: archive.transcripts_of(CHAT, 1, 2))
        assert [heard[key].model for key in sorted(heard)] == ["tiny.en", "tiny.en"]


async def test_a_model_process_that_dies_is_replaced_and_one_that_idles_is_ended(home: Path, tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    fill(vault, MEETING)
    async with rig_in(vault) as rig:
        stage = rig.stage(transcription_plan(TINY))
        while not (workers := list(rig.board.workers.all())):
            await asyncio.sleep(0.01)
        (worker,) = workers
        while not worker.pid:
            await asyncio.sleep(0.01)
        os.kill(worker.pid, signal.SIGKILL)
        while not worker.done:
            await asyncio.sleep(0.02)
        assert worker.retries == 1
        while worker.pid:  # nothing to do for a second
            await asyncio.sleep(0.02)
        await rig.ask(lambda archive: put_file(vault, archive, 2, TRAIN, MediaKind.VOICE, "audio/ogg", "b.ogg"))
        stage.offer((CHAT, 2, 0))
        await stage.finish()
        await stage.close()
        assert rig.fatal == []
        assert rig.board.failures == []
        heard = await rig.ask(lambda archive: archive.transcripts_of(CHAT, 1, 2))
        assert error_rate([(NOTES["voice_train.ogg"], heard[2, 0].text)]) <= 0.2
        assert error_rate([(NOTES["voice_meeting.ogg"], heard[1, 0].text)]) <= 0.2


def test_a_finished_vault_is_written_down_afterwards_and_rendering_needs_no_model(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOBS_LAYOUT_FORMATS", "markdown,jsonl")
    vault = tmp_path / "vault"
    fill(vault, TRAIN, silence(tmp_path))

    def tell(*command: str, status: int = 0) -> list[dict[str, Any]]:
        assert main([*command, "--output", str(vault), "--json"]) == status
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert tell("render")[-1]["notes"] == 2
    first, second = tell("transcribe", "--model", str(MODEL))
    assert (first["event"], first["done"], first["total"], first["failures"]) == ("transcribed", 2, 2, [])
    assert (second["event"], second["notes"]) == ("rendered", 2)
    (note,) = vault.glob("Club*/2023-11.md")
    text = note.read_text()
    _, _, below = text.partition("m1.ogg)\n\n")
    assert error_rate([(NOTES["voice_train.ogg"], below.splitlines()[0].removeprefix("> "))]) <= 0.2
    assert " · no speech](media/2023-11/m2.ogg)" in text
    lines = [json.loads(line) for line in note.with_suffix(".jsonl").read_text().splitlines()]
    assert lines[1]["files"][0]["transcript"]["said"][0][2] in text
    assert "said" not in lines[2]["files"][0]["transcript"]
    assert "1 chat, 2 messages, 1 transcript." in (vault / "index.md").read_text()
    assert " · 1 transcript" in (note.parent / "index.md").read_text()

    before = vault_bytes(vault)
    note.unlink()
    monkeypatch.setenv("TOBS_TRANSCRIPTION_MODEL", "a-model-that-there-is-not")
    assert tell("render")[-1]["notes"] == 1
    assert vault_bytes(vault) == before
    told = tell("transcribe", status=3)
    assert "There is no speech model" in told[0]["failures"][0]["reason"]
    assert vault_bytes(vault) == before, "what was written down before stays"
