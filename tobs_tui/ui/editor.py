"""Opening a file at a line in the person's editor, with the terminal lent to it meanwhile."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from tobs_tui.model.errors import ErrorCode, TobsError

if TYPE_CHECKING:
    from tobs_tui.ui.app import TobsApp

_GO_TO = frozenset({"code", "code-insiders", "codium", "cursor", "windsurf"})  # -g FILE:LINE
_COLON = frozenset({"hx", "helix", "subl", "zed", "micro"})  # FILE:LINE
_PAGERS = ("less", "more")


def editor_command(
    path: Path, line: int, environ: Mapping[str, str], which: Callable[[str], str | None] = shutil.which
) -> list[str]:
    """The command that shows a file at a line (0 = its beginning): $VISUAL, else $EDITOR, else a pager.

    Any other editor is told the line as vi, nano, emacs and less are, with +LINE. Raises `TobsError` USAGE when the
    variable names no program, or when there is none and no pager either.
    """
    asked = environ.get("VISUAL", "").strip() or environ.get("EDITOR", "").strip()
    try:
        words = shlex.split(asked)
    except ValueError as error:
        way_on = "Look for a quote without its end."
        raise TobsError(ErrorCode.USAGE, f"The editor cannot be told from {asked}.", way_on) from error
    if not words:
        words = [next((pager for pager in _PAGERS if which(pager)), "")]
    if not words[0] or which(words[0]) is None:
        missing = f"There is no program named {words[0]}." if words[0] else "There is no editor and no pager."
        raise TobsError(ErrorCode.USAGE, missing, "Set VISUAL or EDITOR to your editor.")
    name = Path(words[0]).name
    if not line:
        return [*words, str(path)]
    if name in _GO_TO:
        return [*words, "-g", f"{path}:{line}"]
    if name in _COLON:
        return [*words, f"{path}:{line}"]
    return [*words, f"+{line}", str(path)]


def open_in_editor(app: TobsApp, path: Path, line: int) -> None:
    """Show a file at a line; comes back when the editor has ended. What goes wrong is told.

    The event loop stands still meanwhile: there is no screen to paint on. A run goes on in the service.
    """
    try:
        if not path.is_file():
            raise TobsError(ErrorCode.USAGE, f"{path} is not there any more.", "The next run writes it again.")
        command = editor_command(path, line, os.environ)
        with app.suspend(), _interrupts_passed_on():
            status = subprocess.run(command, check=False).returncode
        app.refresh(layout=True)
        if status:
            app.say(f"{command[0]} ended with status {status}.")
    except SuspendNotSupported:
        app.say(f"This terminal cannot be lent to an editor. The place is {_place(path, line)}")
    except OSError as error:
        app.say_error(TobsError(ErrorCode.USAGE, f"The editor cannot be started: {error.strerror or error}."))
    except TobsError as error:
        app.say_error(error)


def copy_place(app: TobsApp, path: Path, line: int) -> None:
    """Put file and line into the terminal's clipboard, and say so."""
    place = _place(path, line)
    app.copy_to_clipboard(place)
    app.say(f"Copied {place}")


def _place(path: Path, line: int) -> str:
    return f"{path}:{line}" if line else str(path)


@contextlib.contextmanager
def _interrupts_passed_on() -> Iterator[None]:
    """Ctrl+C is the editor's: it goes to both, and ends only what does not catch it."""
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
