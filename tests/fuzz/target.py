"""What a target of fuzzing is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Protocol


class Target(Protocol):
    """A decoder, its seeds, and how its inputs are made. `open` comes before the first, `close` after the last."""

    name: str

    def seeds(self) -> list[bytes]:
        """Real inputs. They are made in another process than that in which memory is watched."""
        ...

    def open(self, folder: Path) -> None:
        """Get ready; `folder` is an empty one of its own."""
        ...

    def make(self, seeds: Sequence[bytes], rng: Random) -> bytes:
        """An input."""
        ...

    def take(self, data: bytes) -> bool:
        """Have the decoder read an input: whether it was accepted, or refused with an error that it documents.

        Raises whatever else the decoder raises: that is a finding.
        """
        ...

    def close(self) -> None:
        """Let go of what `open` has begun."""
        ...
