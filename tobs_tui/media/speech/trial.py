"""Whether a device takes a model, tried in a process of its own: a broken CUDA installation ends whoever tries it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tobs_tui.media.speech.devices import Place

_LIMIT_S = 300.0
"""The largest models take half a minute from a slow disk."""


def works(folder: Path, place: Place) -> str:
    """Load the model in `folder` there and let it hear half a second. "" when it did, else what went wrong."""
    command = [sys.executable, "-m", __name__, str(folder), place.device.value, place.compute]
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LIMIT_S,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"it ended with status {done.returncode}"


def _try(folder: str, device: str, compute: str) -> None:
    import numpy as np
    from faster_whisper import WhisperModel

    model = WhisperModel(folder, device=device, compute_type=compute, local_files_only=True)
    model.encode(model.feature_extractor(np.zeros(8_000, dtype="float32")))


if __name__ == "__main__":
    _try(*sys.argv[1:4])
