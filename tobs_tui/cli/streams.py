"""Standard output whose reader may go away, as in ``tobs ... | head -1``."""

from __future__ import annotations

import os
from typing import TextIO


def mute(stream: TextIO) -> None:
    """Let everything that is written from now on, and what is still in the buffer, go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


class Audience:
    """A stream to write lines to. When nobody reads it any more, it falls silent: what is told of goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text; it leaves with `flush`, or earlier."""
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            mute(self._stream)
            return len(text)

    def flush(self) -> None:
        """Send what was written."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            mute(self._stream)
