"""What is said in a recording, written out."""

from __future__ import annotations

from msgspec import Struct


class Said(Struct, frozen=True, array_like=True):
    """A stretch of speech: seconds from the beginning of the recording, and the words. They are a model's, of what
    a stranger said: as hostile as any text from Telegram."""

    start: float
    end: float
    text: str


class Transcript(Struct, frozen=True, omit_defaults=True):
    """All that is said in a recording; without a stretch, nothing is.

    `language` is a code as Whisper has them ("en"), `probability` how sure the model is of it (1.0 where it was told),
    `model` the name the person gave the model, `duration` the recording's length and `speech` how much of it holds a
    voice, in seconds.
    """

    said: tuple[Said, ...] = ()
    language: str = ""
    probability: float = 0.0
    model: str = ""
    duration: float = 0.0
    speech: float = 0.0

    @property
    def text(self) -> str:
        """The words alone, in one line."""
        return " ".join(stretch.text for stretch in self.said)
