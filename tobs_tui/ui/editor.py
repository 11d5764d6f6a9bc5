"""Opening a file at a line in the person's editor, with the terminal lent to it meanwhile."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from tobs_tui.config.editor import editor_command, run_editor
from tobs_tui.model.errors import ErrorCode, TobsError

if TYPE_CHECKING:
    from tobs_tui.ui.app import TobsApp


def open_in_editor(app: TobsApp, path: Path, line: int, *, change: bool = False) -> bool:
    """Show a file at a line, or let it be changed; comes back when the editor has ended. What goes wrong is told.

    Gives whether the editor ended well. The event loop stands still meanwhile: there is no screen to paint on. A run
    goes on in the service.
    """
    try:
        if not path.is_file():
            raise TobsError(ErrorCode.USAGE, f"{path} is not there any more.", "The next run writes it again.")
        command = editor_command(path, line, os.environ, change=change)
        with app.suspend():
            status = run_editor(command)
        app.screen.refresh(layout=True)  # the editor has painted over it
        if status:
            app.say(f"{command[0]} ended with status {status}.")
        return status == 0
    except SuspendNotSupported:
        app.say(f"This terminal cannot be lent to an editor. The place is {_place(path, line)}")
    except TobsError as error:
        app.say_error(error)
    return False


def copy_place(app: TobsApp, path: Path, line: int) -> None:
    """Put file and line into the terminal's clipboard, and say so."""
    place = _place(path, line)
    app.copy_to_clipboard(place)
    app.say(f"Copied {place}")


def _place(path: Path, line: int) -> str:
    return f"{path}:{line}" if line else str(path)
