"""What is said in a recording, as text: in paragraphs, or by the minute."""

from __future__ import annotations

from collections.abc import Iterator

from tobs_tui.model.transcript import Said, Transcript
from tobs_tui.render.words import duration

PAUSE_S = 2.0
"""Silence from which on a new paragraph begins."""


def transcript_text(transcript: Transcript, *, times: bool) -> str:
    """The words; '' when nobody speaks. With `times`, each stretch is a line that begins with when it was said."""
    if times:
        return "\n".join(f"{duration(stretch.start)} {stretch.text}" for stretch in transcript.said)
    return "\n\n".join(" ".join(stretch.text for stretch in part) for part in _paragraphs(transcript.said))


def _paragraphs(said: tuple[Said, ...]) -> Iterator[list[Said]]:
    part: list[Said] = []
    for stretch in said:
        if part and stretch.start - part[-1].end >= PAUSE_S:
            yield part
            part = []
        part.append(stretch)
    if part:
        yield part
