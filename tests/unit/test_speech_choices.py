"""Promises of the choices before any speech is heard: where the model is, and what it computes on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.speech_help import MODEL
from tobs_tui.media.speech.devices import Abilities, Place, abilities, choose_place
from tobs_tui.media.speech.model_files import find_model, short_name
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Device

BARE = Abilities(0, {"cpu": ("float32", "int8", "int8_float32")})
WITH_CUDA = Abilities(1, {"cpu": ("float32", "int8"), "cuda": ("float16", "float32", "int8", "int8_float16")})
OLD_CUDA = Abilities(1, {"cpu": ("float32", "int8"), "cuda": ("float32", "int8")})
OLD_PROCESSOR = Abilities(0, {"cpu": ("float32",)})


@pytest.mark.parametrize(
    ("device", "compute", "can", "place"),
    [
        (Device.AUTO, "", BARE, Place(Device.CPU, "int8")),
        (Device.AUTO, "", OLD_PROCESSOR, Place(Device.CPU, "float32")),
        (Device.AUTO, "", WITH_CUDA, Place(Device.CUDA, "float16")),
        (Device.AUTO, "", OLD_CUDA, Place(Device.CUDA, "float32")),
        (Device.CPU, "", WITH_CUDA, Place(Device.CPU, "int8")),
        (Device.CUDA, "int8_float16", WITH_CUDA, Place(Device.CUDA, "int8_float16")),
        (Device.AUTO, "float32", BARE, Place(Device.CPU, "float32")),
    ],
)
def test_the_best_of_what_is_there_is_taken_unless_told(
    device: Device, compute: str, can: Abilities, place: Place
) -> None:
    assert choose_place(device, compute, can) == place


@pytest.mark.parametrize(
    ("device", "compute", "field"), [(Device.CUDA, "", "device"), (Device.AUTO, "float16", "compute")]
)
def test_what_the_machine_does_not_have_is_refused_with_a_way_on(device: Device, compute: str, field: str) -> None:
    with pytest.raises(TobsError) as caught:
        choose_place(device, compute, BARE)
    assert caught.value.code is ErrorCode.USAGE
    assert caught.value.field == f"transcription.{field}"
    assert caught.value.way_on


def test_this_machines_own_abilities_hold_a_place() -> None:
    assert choose_place(Device.AUTO, "", abilities()).compute in ("float16", "int8", "int8_float16", "float32")


def test_a_folder_below_the_programs_models_goes_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "clever").symlink_to(MODEL)
    assert find_model("clever", tmp_path, fetch=False) == tmp_path / "clever"
    assert find_model(str(MODEL), tmp_path, fetch=False) == MODEL
    assert short_name(str(tmp_path / "clever")) == "clever"
    assert short_name("Systran/faster-whisper-tiny") == "Systran/faster-whisper-tiny"


@pytest.mark.parametrize("missing", ["model.bin", "config.json", "tokenizer.json", "vocabulary.txt"])
def test_a_folder_that_lacks_a_part_of_the_model_is_refused_by_the_parts_name(tmp_path: Path, missing: str) -> None:
    folder = tmp_path / "partly"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json", "vocabulary.txt", "model.bin"):
        if name != missing:
            (folder / name).symlink_to(MODEL / name)
    with pytest.raises(TobsError, match=missing.replace(".", r"\.")) as caught:
        find_model("partly", tmp_path, fetch=False)
    assert caught.value.code is ErrorCode.MODEL_UNAVAILABLE


_ASK = """
import json, socket, sys
from pathlib import Path

calls = []

def refuse(self, address):
    calls.append(str(address))
    raise OSError("no network here")

socket.socket.connect = socket.socket.connect_ex = refuse
socket.getaddrinfo = lambda *a, **k: refuse(None, a)

from tobs_tui.media.speech.transcribe import Wish, prepare
from tobs_tui.model.errors import TobsError
from tobs_tui.model.profile import Transcription

for name, fetch in json.loads(sys.argv[1]):
    try:
        told = prepare(Wish(Transcription(model=name, fetch_model=fetch), sys.argv[2], 1)).folder
        print(json.dumps([told, "", "", len(calls)]))
    except TobsError as error:
        print(json.dumps([str(error.code), error.sentence, error.way_on, len(calls)]))
"""


def _asked(tmp_path: Path, *wanted: tuple[str, bool]) -> list[list[str]]:
    """What a process without network finds for the models of these names."""
    variables = {**os.environ, "HF_HUB_CACHE": str(tmp_path / "hub")}
    command = [sys.executable, "-c", _ASK, json.dumps(wanted), str(tmp_path / "models")]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True, timeout=60)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_model_in_hugging_faces_cache_is_found_and_one_that_is_not_is_never_asked_for(tmp_path: Path) -> None:
    known = tmp_path / "hub" / "models--Systran--faster-whisper-tiny.en"
    shutil.copytree(MODEL, known / "snapshots" / "0123abc", copy_function=os.symlink)
    (known / "refs").mkdir()
    (known / "refs" / "main").write_text("0123abc")
    found, missing, typo, foreign = _asked(
        tmp_path, ("tiny.en", False), ("small", False), ("tinny", False), ("someone/model", False)
    )
    assert found[0] == str(known / "snapshots" / "0123abc")
    assert missing[0] == typo[0] == foreign[0] == "model_unavailable"
    assert "hf download Systran/faster-whisper-small --local-dir small" in missing[2]
    assert str(tmp_path / "models" / "small") in missing[2]
    assert "tiny.en, tiny, base.en" in typo[2]
    assert "hf download someone/model" in foreign[2]
    assert foreign[3] == 0, "the network was asked"


def test_a_model_that_may_be_fetched_and_cannot_is_told_with_the_reason(tmp_path: Path) -> None:
    ((code, sentence, way_on, calls),) = _asked(tmp_path, ("tiny.en", True))
    assert code == "model_unavailable"
    assert "could not be fetched" in sentence
    assert "hf download" in way_on
    assert int(calls) > 0
