"""How well and how fast speech is written down: ``python -m tests.benchmarks.speech [ROUNDS]``.

The demo world's spoken notes, each as a job of its own, and all of them in one long recording, with tiny.en. Decoding
the sound, looking for voices and the model itself count, loading the model does not. Prints one JSON object; of the
rounds, the quickest is told.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from tests.speech_help import ASSETS, MODEL, NOTES, error_rate, one_after_another
from tobs_tui.config.machine import this_machine
from tobs_tui.media.speech.transcribe import Wish, prepare, transcribe
from tobs_tui.model.profile import Device, Transcription
from tobs_tui.model.transcript import Transcript

LONG = 8
"""Times that all notes come in the long recording."""


def measure(rounds: int) -> dict[str, Any]:
    """Seconds of sound a second, and the word error rates."""
    wish = Wish(Transcription(model=str(MODEL), device=Device.CPU), "", threads=this_machine().cpu_count)
    began = time.perf_counter()
    prepare(wish)
    loading = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder) / "long.wav"
        one_after_another(long, list(NOTES) * LONG)
        notes = [_timed(wish, [ASSETS / name for name in NOTES]) for _ in range(rounds)]
        whole = [_timed(wish, [long]) for _ in range(rounds)]
    heard, note_speed, note_cpu = max(notes, key=lambda each: each[1])
    long_heard, long_speed, long_cpu = max(whole, key=lambda each: each[1])
    pairs = zip(NOTES.values(), (transcript.text for transcript in heard), strict=True)
    return {
        "cores": wish.threads,
        "load_s": round(loading, 2),
        "notes": len(NOTES),
        "notes_s": round(sum(transcript.duration for transcript in heard), 1),
        "notes_speed": round(note_speed, 2),
        "notes_cpu_speed": round(note_cpu, 2),
        "notes_wer": round(error_rate(pairs), 4),
        "long_s": long_heard[0].duration,
        "long_speed": round(long_speed, 2),
        "long_cpu_speed": round(long_cpu, 2),
        "long_wer": round(error_rate([(" ".join(list(NOTES.values()) * LONG), long_heard[0].text)]), 4),
        "peak_mib": psutil.Process().memory_info().rss >> 20,
    }


def _timed(wish: Wish, files: list[Path]) -> tuple[list[Transcript], float, float]:
    """The transcripts, and the seconds of sound for each second that passed and for each that a processor spent."""
    began, spent = time.perf_counter(), time.process_time()
    transcripts = [transcribe(wish, file).transcript for file in files]
    length = sum(transcript.duration for transcript in transcripts)
    return transcripts, length / (time.perf_counter() - began), length / (time.process_time() - spent)


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 3)))
