"""What transcription would find on this machine, for `tobs doctor`: devices, the voice filter, the model.

``python -m tobs_tui.media.speech.survey OPTIONS MODELS`` prints a `Survey` in JSON, of the profile's section (JSON) and
the folder of the program's own models. A process of its own asks: a broken CUDA installation ends whoever asks.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import msgspec
from msgspec import Struct

from tobs_tui.media.speech.devices import Abilities, abilities, choose_place
from tobs_tui.media.speech.model_files import find_model
from tobs_tui.model.errors import TobsError
from tobs_tui.model.profile import Transcription


class Survey(Struct, frozen=True, omit_defaults=True):
    """What there is, and where it falls short: `place` is "cpu, int8", `model` a folder; both may have a problem
    instead, which tells what to do. `voice_filter` says whether silence can be told from speech."""

    abilities: Abilities
    voice_filter: bool
    place: str = ""
    place_problem: str = ""
    model: str = ""
    model_problem: str = ""


def survey(options: Transcription, models: Path) -> Survey:
    """Look around, and ask no network."""
    place = place_problem = model = model_problem = ""
    can = abilities()
    try:
        chosen = choose_place(options.device, options.compute, can)
        place = f"{chosen.device.value}, {chosen.compute}"
    except TobsError as error:
        place_problem = str(error)
    try:
        model = str(find_model(options.model, models, fetch=False))
    except TobsError as error:
        model_problem = str(error)
    return Survey(can, _voice_filter(), place, place_problem, model, model_problem)


def _voice_filter() -> bool:
    """Whether silero's model, which comes with faster-whisper, and what runs it are there."""
    from faster_whisper.utils import get_assets_path

    assets = Path(get_assets_path())
    return any(assets.glob("silero_vad*.onnx")) and importlib.util.find_spec("onnxruntime") is not None


if __name__ == "__main__":
    found = survey(msgspec.json.decode(sys.argv[1], type=Transcription), Path(sys.argv[2]))
    sys.stdout.buffer.write(msgspec.json.encode(found))
