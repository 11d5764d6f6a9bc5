"""Where a Whisper model is: a folder, the program's own models, Hugging Face's cache; and what to do without one."""

from __future__ import annotations

import contextlib
from pathlib import Path

from tobs_tui.config.paths import expanded
from tobs_tui.model.errors import ErrorCode, TobsError

WEIGHTS = "model.bin"
_NEEDED = (WEIGHTS, "config.json", "tokenizer.json")
"""Without the tokenizer's file, faster-whisper would ask the network for it."""


def find_model(name: str, models: Path, *, fetch: bool) -> Path:
    """The folder of the model that a person calls `name`: one of faster-whisper's names ("small"), an owner/name on
    Hugging Face, or a whole path. Looks below `models`, then in Hugging Face's cache; with `fetch` on the network, too.

    Raises:
        TobsError: MODEL_UNAVAILABLE, with the way to have it.
    """
    if is_path(name):
        return _whole(expanded(name), name)
    if name and (models / name).is_dir():
        return _whole(models / name, name)
    repository = _repository(name, models)
    return _whole(_downloaded(name, repository, models, fetch=fetch), name)


def is_path(name: str) -> bool:
    """Whether a model is named by its folder."""
    return name.startswith(("/", "~")) or Path(name).is_absolute()


def short_name(name: str) -> str:
    """What to call a model where others read it, who have no use for a path of this machine."""
    return Path(name).name if is_path(name) else name


def _repository(name: str, models: Path) -> str:
    """Where Hugging Face has a model: owner/name."""
    from faster_whisper.utils import _MODELS, available_models

    if name in available_models():
        return str(_MODELS[name])
    if name.count("/") == 1 and all(name.split("/")):
        return name
    raise TobsError(
        ErrorCode.MODEL_UNAVAILABLE,
        f"There is no speech model {name!r}, and no folder of this name in {models}.",
        f"Give the path of a folder, or one of {', '.join(available_models())}.",
        field="transcription.model",
    )


def _downloaded(name: str, repository: str, models: Path, *, fetch: bool) -> Path:
    """A model's folder in Hugging Face's cache, which $HF_HOME and $HF_HUB_CACHE move."""
    from faster_whisper.utils import download_model
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        with contextlib.suppress(LocalEntryNotFoundError):
            return Path(download_model(repository, local_files_only=True))
        return Path(download_model(repository, local_files_only=not fetch))
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        label = name.rpartition("/")[2]
        why = f" It could not be fetched: {_first_line(error)}" if fetch else ""
        raise TobsError(
            ErrorCode.MODEL_UNAVAILABLE,
            f"The speech model {name!r} is not on this machine.{why}",
            f"On a machine with internet run `hf download {repository} --local-dir {label}` (from the Python package"
            f" huggingface_hub) and copy the folder to {models / label}; or let it be fetched here with"
            " `transcription.fetch_model = true`.",
            field="transcription.model",
        ) from error


def _whole(folder: Path, name: str) -> Path:
    """`folder`, if it holds all that a model consists of."""
    missing = [file for file in _NEEDED if not (folder / file).is_file()]
    if not any(folder.glob("vocabulary.*")):
        missing.append("vocabulary.txt")
    if not missing:
        return folder
    raise TobsError(
        ErrorCode.MODEL_UNAVAILABLE,
        f"{folder} is no whole speech model: it lacks {', '.join(missing)}.",
        f"It takes the files of a model made for faster-whisper, as `hf download` brings them for {name!r}.",
        field="transcription.model",
    )


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
