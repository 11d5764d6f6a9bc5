"""Ctrl+C and SIGTERM while the program is still being loaded: noted, and answered as soon as there is somebody who can.

This is the first module of the program that is loaded, and it loads nothing that is not in Python already: until `hold`
has run, Ctrl+C breaks off whatever is imported with a traceback.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` would load enum first
import _thread
import sys
from types import FrameType

_PROGRAM = ("/tobs", "/tobs_tui/__main__.py")
_came: list[int] = []


def _note(number: int, frame: FrameType | None) -> None:
    _came.append(number)


_DEFAULTS = {_signal.SIGINT: _signal.default_int_handler, _signal.SIGTERM: _signal.SIG_DFL}


def loaded() -> None:
    """All is imported. In the program itself `main` comes next, and until then signals stay noted: the import's own
    tidying up is no better place for them. Others who import it have theirs back."""
    if not sys.argv[:1] or not sys.argv[0].endswith(_PROGRAM):
        release()


def hold() -> None:
    """Note both signals from now on, unless somebody else has taken them."""
    try:
        for number, default in _DEFAULTS.items():
            if _signal.getsignal(number) == default:
                _signal.signal(number, _note)
    except ValueError:  # imported in another thread than the main one, which alone is interrupted
        return


def release() -> None:
    """Let them through again."""
    for number, default in _DEFAULTS.items():
        if _signal.getsignal(number) is _note:
            _signal.signal(number, default)


def came() -> int:
    """How many were noted and not answered yet; with this, they are."""
    number = len(_came)
    _came.clear()
    return number


def answer() -> None:
    """Raise KeyboardInterrupt for one that came meanwhile."""
    if came():
        raise KeyboardInterrupt


def ignore() -> None:
    """From now on all is said and done: a signal would only make Python's end untidy."""
    for number in _DEFAULTS:
        _signal.signal(number, _signal.SIG_IGN)


def come_again() -> None:
    """Ctrl+C in the middle of a destructor or of an import's tidying up can break off nothing; Python would print it
    and forget it. From now on it comes again, where it can be heeded."""
    default = sys.unraisablehook

    def again(what: sys.UnraisableHookArgs) -> None:
        if what.exc_type is KeyboardInterrupt:
            _thread.interrupt_main()
        else:
            default(what)

    sys.unraisablehook = again
