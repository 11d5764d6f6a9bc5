"""Writing down one recording. All of it runs in the process that holds the model, which is loaded once and kept."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from msgspec import Struct
from msgspec.structs import replace

from tobs_tui.config.machine import this_machine
from tobs_tui.config.paths import Paths
from tobs_tui.media.speech.devices import Place, abilities, choose_place
from tobs_tui.media.speech.model_files import WEIGHTS, find_model, short_name
from tobs_tui.media.speech.sound import PIECE_S, RATE, length_of, pieces
from tobs_tui.media.speech.trial import works
from tobs_tui.media.work import report
from tobs_tui.model.display import size as in_words
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Device, Transcription
from tobs_tui.model.transcript import Said, Transcript
from tobs_tui.monitor.cgroups import ControlGroups

_BATCH = {Device.CPU: 4, Device.CUDA: 16}
"""Half minutes of speech that are worked at together. A processor gains little from more, and each takes memory."""
_BEAM = 5
_ROOM = 256 << 20
"""Memory that working takes beside the weights, in bytes."""


class Wish(Struct, frozen=True):
    """Which model is to do the work and how: the profile's section, the folder of the program's own models (where it is
    not there, that of the machine that does the work), and how many processors to use (0 = all that it has)."""

    options: Transcription
    models: str
    threads: int = 0


class Ready(Struct, frozen=True):
    """A model that is loaded: the folder it is from, and what it computes on."""

    folder: str
    place: Place


class Outcome(Struct, frozen=True):
    """A recording written down, and where it was computed; `note` is a sentence where that is not as it was wished."""

    transcript: Transcript
    place: Place
    note: str = ""


class _Loaded(Struct):
    """The model in this process, and what it was loaded for; `note` is still to be told."""

    wish: Wish
    ready: Ready
    model: Any
    pipeline: Any
    note: str = ""


_loaded: _Loaded | None = None
_alone = threading.Lock()  # a cluster's process may have several threads, and its memory room for one model


def prepare(wish: Wish) -> Ready:
    """Have the model that `wish` asks for in this process. Quick when it is there.

    Raises:
        TobsError: MODEL_UNAVAILABLE, or USAGE for a device, a compute type or a language that it does not have.
    """
    with _alone:
        return _model(wish).ready


def transcribe(wish: Wish, file: Path) -> Outcome:
    """What is said in `file`: nothing in a recording without sound, or without a voice.

    Where a CUDA device that nobody insisted on fails in the middle, the processor does the work, from then on.

    Raises:
        TobsError: as `prepare`, or MEDIUM_UNREADABLE with the reason.
    """
    with _alone:
        return _transcribed(wish, file)


def _transcribed(wish: Wish, file: Path) -> Outcome:
    loaded = _model(wish)
    try:
        transcript = _written(loaded, file)
    except RuntimeError as error:
        if not _may_fall_back(wish, loaded.ready.place):
            raise
        loaded = _fall_back(wish, str(error))
        transcript = _written(loaded, file)
    note, loaded.note = loaded.note, ""
    return Outcome(transcript, loaded.ready.place, note)


def _written(loaded: _Loaded, file: Path) -> Transcript:
    options = loaded.wish.options
    said: list[Said] = []
    language, probability = options.language, 1.0
    length = speech = 0.0
    whole = length_of(file)
    for samples in pieces(file, PIECE_S):
        report(length, whole)
        stretches, info = _heard(loaded, samples, language)
        for stretch in stretches:
            report(length + stretch.end, whole)
            if text := " ".join(stretch.text.split()):
                said.append(Said(round(length + stretch.start, 2), round(length + stretch.end, 2), text))
        if said and not language:  # the first voice decides for the rest
            language, probability = info.language, round(float(info.language_probability), 3)
        length += len(samples) / RATE
        speech += float(info.duration_after_vad)
    return Transcript(
        said=tuple(said),
        language=language,
        probability=probability if language else 0.0,
        model=short_name(options.model),
        duration=round(length, 2),
        speech=round(speech, 2),
    )


def _heard(loaded: _Loaded, samples: Any, language: str) -> tuple[Iterator[Any], Any]:
    """The stretches of speech in a piece of sound, as they are found, and what else faster-whisper tells of it."""
    if loaded.wish.options.voice_filter:
        found, info = loaded.pipeline.transcribe(
            samples,
            language=language or None,
            beam_size=_BEAM,
            without_timestamps=False,
            batch_size=_BATCH[loaded.ready.place.device],
        )
    else:  # nothing tells where speech could be cut into parts to work at together
        found, info = loaded.model.transcribe(samples, language=language or None, beam_size=_BEAM)
    return iter(found), info


# --- the model --------------------------------------------------------------------------------------------------------


def _model(wish: Wish) -> _Loaded:
    global _loaded
    if _loaded is None or _loaded.wish != wish:
        _loaded = None  # two would not fit where one does
        _loaded = _load(wish)
    return _loaded


def _load(wish: Wish) -> _Loaded:
    options = wish.options
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # waiting threads that spin slow down all else
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    place = choose_place(options.device, options.compute, abilities())
    models, own = Path(wish.models), Paths.resolve().models_dir
    chosen = own if own.is_dir() and not models.is_dir() else models
    folder = find_model(options.model, chosen, fetch=options.fetch_model)
    if _may_fall_back(wish, place) and (trouble := works(folder, place)):
        return _fall_back(wish, trouble)
    loaded = _loaded_on(wish, folder, place)
    _check_language(loaded.model, options)
    return loaded


def _may_fall_back(wish: Wish, place: Place) -> bool:
    return place.device is Device.CUDA and wish.options.device is Device.AUTO


def _fall_back(wish: Wish, trouble: str) -> _Loaded:
    """Load the model for the processor, in the place of a CUDA device that failed; it stays there."""
    global _loaded
    note = f"The CUDA device fails at transcription, so the processor does it: {trouble}"
    _loaded = None
    on_processor = replace(wish, options=replace(wish.options, device=Device.CPU, compute=""))
    _loaded = replace(_load(on_processor), wish=wish, note=note)
    return _loaded


def _loaded_on(wish: Wish, folder: Path, place: Place) -> _Loaded:
    from faster_whisper import BatchedInferencePipeline, WhisperModel
    from tqdm import tqdm

    tqdm.set_lock(threading.RLock())  # its own is a semaphore of the system's, which a killed process leaves behind

    if place.device is Device.CPU:
        _check_memory(folder, wish.options.model)
    try:
        model = WhisperModel(
            str(folder),
            device=place.device.value,
            compute_type=place.compute,
            cpu_threads=wish.threads or this_machine().cpu_count,
            local_files_only=True,
        )
    except Exception as error:  # what reads the tokenizer raises nothing more precise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise TobsError(
            ErrorCode.MODEL_UNAVAILABLE,
            f"The speech model in {folder} cannot be loaded: {reason}",
            "Put it there again, or choose another one, or another transcription.device.",
            field="transcription.model",
        ) from error
    return _Loaded(wish, Ready(str(folder), place), model, BatchedInferencePipeline(model))


def _check_language(model: Any, options: Transcription) -> None:
    known = model.supported_languages
    if options.language and options.language not in known:
        only = "English only" if known == ["en"] else f"{', '.join(known)}"
        raise TobsError(
            ErrorCode.USAGE,
            f"The speech model {options.model!r} does not know the language {options.language!r}.",
            f"It knows {only}. Leave transcription.language empty to have it heard.",
            field="transcription.language",
        )


def _check_memory(folder: Path, name: str) -> None:
    """Refuse a model that would not fit: the system would end this process, or another one, in the middle of it."""
    needed = (folder / WEIGHTS).stat().st_size + _ROOM
    free = int(psutil.virtual_memory().available)
    used, limit = ControlGroups().memory()
    if limit:
        free = min(free, limit - used)
    if free < needed:
        raise TobsError(
            ErrorCode.MODEL_UNAVAILABLE,
            f"The speech model {name!r} needs {in_words(needed)} of memory, and {in_words(max(0, free))} are free.",
            "Choose a smaller one.",
            field="transcription.model",
        )
