"""The ends that come from outside: the terminal is gone, or somebody asks the program to go."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tobs_tui.ui.app import TobsApp

TERMINATED = 128 + signal.SIGTERM
_STUCK_S = 3


def mind_signals(app: TobsApp) -> None:
    """Die of SIGHUP, the terminal being gone; leave in order on SIGTERM, the terminal restored.

    With SIGHUP ignored, as under nohup, textual's loop would spin; a handler in the loop would
    never run while a write to a stalled terminal blocks it. For the same reason SIGTERM gets an alarm behind it.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGHUP"):
        return
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP, signal.SIGTERM})
    threading.Thread(target=_die_with_terminal, name="hang-up", daemon=True).start()

    def terminate(number: int, frame: object) -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_STUCK_S)
        app.call_later(app.exit, TERMINATED)

    signal.signal(signal.SIGTERM, terminate)


def _die_with_terminal() -> None:
    """Wait for the terminal's end, which costs nothing, and send the SIGHUP that a shell may have kept to itself.

    A terminal that is gone reads as an endless input of nothing: textual would look at it again and again.
    """
    if sys.__stdin__ is None or not sys.__stdin__.isatty():
        return
    waiting = select.poll()
    waiting.register(sys.__stdin__.fileno(), 0)  # of no event but the end, which is always told
    waiting.poll()
    os.kill(os.getpid(), signal.SIGHUP)
