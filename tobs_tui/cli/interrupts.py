"""Ctrl+C while the program is still being loaded: noted, and answered as soon as there is somebody who can."""

from __future__ import annotations

import signal
from types import FrameType

_came: list[int] = []


def _note(number: int, frame: FrameType | None) -> None:
    _came.append(number)


def hold() -> None:
    """Note interrupts from now on; by default they break off an import with a traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        try:
            signal.signal(signal.SIGINT, _note)
        except ValueError:  # imported in another thread than the main one, which alone is interrupted
            return


def release() -> None:
    """Let them through again."""
    if signal.getsignal(signal.SIGINT) is _note:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def answer() -> None:
    """Raise KeyboardInterrupt for one that came meanwhile."""
    if _came:
        _came.clear()
        raise KeyboardInterrupt
