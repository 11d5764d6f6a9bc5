"""The program's name on the screen while textual is loaded: half a second here, two on a small server."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

_PAINT = "\x1b[?1049h\x1b[?25l\x1b[2J\x1b[H\x1b[1m tobs\x1b[0m"
"""The alternate screen, which textual enters as well, and what its first line begins with."""
_LEAVE = "\x1b[?25h\x1b[?1049l"


class FirstPaint:
    """Within the block the name is shown; the application paints over it. Where it never comes to that, the terminal is
    given back as it was."""

    def __enter__(self) -> None:
        """Paint, unless something else than a terminal would get it."""
        self._shown = sys.__stderr__ is not None and sys.__stderr__.isatty()
        self._terminate = signal.getsignal(signal.SIGTERM)
        if self._shown:
            self._on_sigterm(self._die)  # the application has an answer of its own, later
            self._write(_PAINT)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Clean up after a failure; what ran clean has cleaned up itself."""
        if kind is not None and self._shown:
            self._on_sigterm(self._terminate)
            self._write(_LEAVE)

    def _on_sigterm(self, answer: Any) -> None:
        if threading.current_thread() is threading.main_thread():  # the only one that may say so
            signal.signal(signal.SIGTERM, answer)

    def _die(self, number: int, frame: FrameType | None) -> None:
        self._write(_LEAVE)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)

    def _write(self, text: str) -> None:
        assert sys.__stderr__ is not None
        with contextlib.suppress(OSError):  # the terminal is gone; whoever paints next will find out
            os.write(sys.__stderr__.fileno(), text.encode())
