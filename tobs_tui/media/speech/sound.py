"""The sound of a recording, piece by piece, as Whisper hears it: one channel, 16,000 samples a second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tobs_tui.media.ffmpeg import plain_containers
from tobs_tui.model.errors import ErrorCode, TobsError

RATE = 16_000
PIECE_S = 600
"""Seconds of sound held in memory at a time: 38 MB, and half as much again for what the model reads off them."""
LONGEST_S = 24 * 3600
"""Seconds of the longest recording. A file of some megabytes can hold months of silence."""
_LOOK_BACK_S = 30
_QUIET = RATE // 4
"""Samples over which loudness is judged when a place to cut is sought."""


def length_of(file: Path) -> float:
    """How many seconds of sound a file says it holds; 0.0 where it does not say, or cannot be read."""
    import av

    try:
        with av.open(str(file), metadata_errors="ignore", container_options=plain_containers()) as container:
            return max(0.0, (container.duration or 0) / av.time_base)
    except (av.error.FFmpegError, OSError, ValueError):
        return 0.0


def pieces(file: Path, seconds: int) -> Iterator[Any]:
    """Arrays of samples (float32, -1 to 1) that follow on each other; nothing for a file without sound.

    A piece has `seconds` at most and ends where it is quietest within its last half minute, so that no word is cut.

    Raises:
        TobsError: MEDIUM_UNREADABLE for a file that cannot be decoded, with the reason.
    """
    import numpy as np

    held: list[Any] = []
    length, limit, heard = 0, seconds * RATE, 0
    for samples in _decoded(file):
        held.append(samples)
        length += len(samples)
        heard += len(samples)
        if heard > LONGEST_S * RATE:
            raise TobsError(ErrorCode.MEDIUM_UNREADABLE, f"It is longer than {LONGEST_S // 3600} hours.")
        while length >= limit:
            whole = np.concatenate(held)
            cut = _quietest(whole[:limit])
            yield _as_float(whole[:cut])
            held, length = [whole[cut:]], len(whole) - cut
    if length:
        yield _as_float(np.concatenate(held))


def _quietest(samples: Any) -> int:
    """Where to cut: the middle of the quietest quarter of a second at the end of `samples`."""
    import numpy as np

    start = max(_QUIET, len(samples) - _LOOK_BACK_S * RATE)
    blocks = (len(samples) - start) // _QUIET
    tail = samples[start : start + blocks * _QUIET].reshape(blocks, _QUIET)
    return int(start + np.abs(tail.astype(np.int32)).sum(axis=1).argmin() * _QUIET + _QUIET // 2)


def _as_float(samples: Any) -> Any:
    return samples.astype("float32") / 32768.0


def _decoded(file: Path) -> Iterator[Any]:
    """Arrays of 16-bit samples, as the decoder gives them. What it cannot read in between is left out."""
    import av

    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    got = False
    trouble: Exception | None = None
    try:
        with av.open(str(file), metadata_errors="ignore", container_options=plain_containers()) as container:
            if not container.streams.audio:
                return
            frames = container.decode(audio=0)
            while True:
                try:
                    frame = next(frames, None)
                except av.error.InvalidDataError as error:
                    trouble = error
                    continue
                if frame is not None:
                    frame.pts = None  # gaps between time stamps would be filled
                elif not got:
                    break
                for heard in resampler.resample(frame):
                    got = True
                    yield heard.to_ndarray()[0]
                if frame is None:
                    break
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise unreadable(error) from error
    if trouble is not None and not got:
        raise unreadable(trouble)


def unreadable(error: Exception) -> TobsError:
    """What to tell of a file that cannot be decoded."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return TobsError(ErrorCode.MEDIUM_UNREADABLE, f"Its sound cannot be decoded: {reason}.")
