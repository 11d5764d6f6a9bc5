"""Promises of transcription, kept with real speech and a real model (tiny.en)."""

from __future__ import annotations

import os
import wave
from pathlib import Path

import pytest

from tests.speech_help import ASSETS, MODEL, NOTES, error_rate, one_after_another
from tobs_tui.media.speech import transcribe as transcribing
from tobs_tui.media.speech.devices import Abilities, Place
from tobs_tui.media.speech.sound import RATE
from tobs_tui.media.speech.transcribe import Wish, prepare, transcribe
from tobs_tui.media.speech.trial import works
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Device, Transcription
from tobs_tui.model.transcript import Transcript

WITH_CUDA = Abilities(1, {"cpu": ("float32", "int8"), "cuda": ("float16", "float32")})
OPTIONS = Transcription(model=str(MODEL), device=Device.CPU)


def wish(options: Transcription = OPTIONS) -> Wish:
    return Wish(options, "/nowhere", 1)  # other tests have the other processor


def heard(file: Path, options: Transcription = OPTIONS) -> Transcript:
    return transcribe(wish(options), file).transcript


def test_of_the_demo_worlds_notes_at_most_a_fifth_of_the_words_come_out_wrong() -> None:
    transcripts = {name: heard(ASSETS / name) for name in NOTES}
    assert error_rate((NOTES[name], transcript.text) for name, transcript in transcripts.items()) <= 0.2
    for transcript in transcripts.values():
        times = [time for stretch in transcript.said for time in (stretch.start, stretch.end)]
        assert times == sorted(times)
        assert 0 <= times[0] <= times[-1] <= transcript.duration + 0.5
        assert (transcript.language, transcript.model) == ("en", "model")
        assert transcript.speech > 1


def test_a_long_recording_is_heard_piece_by_piece_with_the_right_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = [name for name in NOTES if name.endswith(".ogg")]
    starts = one_after_another(tmp_path / "long.wav", order)
    whole = heard(tmp_path / "long.wav")
    monkeypatch.setattr(transcribing, "PIECE_S", 12)
    pieced = heard(tmp_path / "long.wav")
    said = " ".join(NOTES[name] for name in order)
    assert error_rate([(said, whole.text)]) <= 0.2
    assert error_rate([(said, pieced.text)]) <= 0.2
    assert pieced.duration == whole.duration
    trains = [start for start, name in zip(starts, order, strict=True) if name == "voice_train.ogg"]
    for transcript in (whole, pieced):
        found = [stretch.start for stretch in transcript.said if stretch.text.startswith("My train")]
        assert found == pytest.approx(trains, abs=1.5)


def test_silence_and_music_hold_nothing_and_neither_does_a_picture_without_sound(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "silence.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(bytes(2 * 5 * RATE))
    for silent in (tmp_path / "silence.wav", ASSETS / "song.mp3", ASSETS / "animation.mp4"):
        transcript = heard(silent)
        assert (transcript.said, transcript.language, transcript.speech) == ((), "", 0.0), silent.name
    assert heard(ASSETS / "song.mp3").duration == pytest.approx(8, abs=0.2)


def test_without_the_voice_filter_speech_is_heard_all_the_same(tmp_path: Path) -> None:
    one_after_another(tmp_path / "two.wav", ["voice_train.ogg", "voice_groceries.ogg"])
    transcript = heard(tmp_path / "two.wav", Transcription(model=str(MODEL), device=Device.CPU, voice_filter=False))
    assert error_rate([(f"{NOTES['voice_train.ogg']} {NOTES['voice_groceries.ogg']}", transcript.text)]) <= 0.25
    assert transcript.speech == transcript.duration


@pytest.mark.parametrize("content", [b"", b"OggS no sound at all" * 50, os.urandom(3_000)])
def test_a_file_that_cannot_be_decoded_is_told_with_the_reason(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.ogg").write_bytes(content)
    with pytest.raises(TobsError, match=r"cannot be decoded: \w+") as caught:
        heard(tmp_path / "bad.ogg")
    assert caught.value.code is ErrorCode.MEDIUM_UNREADABLE


def test_what_is_whole_of_a_torn_file_is_heard(tmp_path: Path) -> None:
    whole = (ASSETS / "voice_meeting.ogg").read_bytes()
    (tmp_path / "torn.ogg").write_bytes(whole[: len(whole) // 2])
    assert 0 < heard(tmp_path / "torn.ogg").duration < 7


def test_a_language_is_taken_as_told_and_refused_where_the_model_does_not_know_it() -> None:
    told = heard(ASSETS / "voice_train.ogg", Transcription(model=str(MODEL), device=Device.CPU, language="en"))
    assert (told.language, told.probability) == ("en", 1.0)
    with pytest.raises(TobsError, match="does not know the language 'de'") as caught:
        prepare(wish(Transcription(model=str(MODEL), device=Device.CPU, language="de")))
    assert "English only" in caught.value.way_on


def test_a_damaged_model_and_one_that_does_not_fit_are_refused_with_the_reason(tmp_path: Path) -> None:
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (tmp_path / name).symlink_to(MODEL / name)
    weights = tmp_path / "model.bin"
    weights.write_bytes((MODEL / "model.bin").read_bytes()[:1_000_000])
    with pytest.raises(TobsError, match="cannot be loaded") as caught:
        prepare(wish(Transcription(model=str(tmp_path), device=Device.CPU)))
    assert caught.value.code is ErrorCode.MODEL_UNAVAILABLE
    os.truncate(weights, 1 << 42)  # a hole: it takes no room on the disk
    with pytest.raises(TobsError, match="needs 4") as caught:
        prepare(wish(Transcription(model=str(tmp_path), device=Device.CPU)))
    assert "smaller" in caught.value.way_on


def test_a_cuda_device_that_is_counted_and_does_not_work_leaves_the_work_to_the_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transcribing, "abilities", lambda: WITH_CUDA)
    automatic = wish(Transcription(model=str(MODEL)))
    assert prepare(automatic).place.device is Device.CPU
    outcome = transcribe(automatic, ASSETS / "voice_train.ogg")
    assert outcome.place.device is Device.CPU
    assert outcome.transcript.said
    with pytest.raises(TobsError, match="cannot be loaded") as caught:
        prepare(wish(Transcription(model=str(MODEL), device=Device.CUDA)))
    assert "transcription.device" in caught.value.way_on


def test_a_device_is_tried_in_a_process_of_its_own(tmp_path: Path) -> None:
    assert works(MODEL, Place(Device.CPU, "int8")) == ""
    assert "model.bin" in works(tmp_path, Place(Device.CPU, "int8"))
