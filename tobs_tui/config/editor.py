"""The person's editor: which program it is, and how it is told a file and a line."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tobs_tui.model.errors import ErrorCode, TobsError

_GO_TO = frozenset({"code", "code-insiders", "codium", "cursor", "windsurf"})  # -g FILE:LINE
_COLON = frozenset({"hx", "helix", "subl", "zed", "micro"})  # FILE:LINE
_RETURNING = _GO_TO | {"subl", "zed"}  # these return at once, unless they are told to wait
_PAGERS = ("less", "more")
_EDITORS = ("sensible-editor", "editor", "nano", "vi")


def editor_command(
    path: Path,
    line: int,
    environ: Mapping[str, str],
    which: Callable[[str], str | None] = shutil.which,
    *,
    change: bool = False,
) -> list[str]:
    """The command that shows a file at a line (0 = its beginning): $VISUAL, else $EDITOR, else a pager; to `change` the
    file, else a usual editor, and it comes back when that is done.

    Any other editor is told the line as vi, nano, emacs and less are, with +LINE. Raises `TobsError` USAGE when the
    variable names no program, or when there is none to fall back on either.
    """
    asked = environ.get("VISUAL", "").strip() or environ.get("EDITOR", "").strip()
    try:
        words = shlex.split(asked)
    except ValueError as error:
        way_on = "Look for a quote without its end."
        raise TobsError(ErrorCode.USAGE, f"The editor cannot be told from {asked}.", way_on) from error
    if not words:
        words = [next((program for program in (_EDITORS if change else _PAGERS) if which(program)), "")]
    if not words[0] or which(words[0]) is None:
        none = "There is no editor." if change else "There is no editor and no pager."
        missing = f"There is no program named {words[0]}." if words[0] else none
        raise TobsError(ErrorCode.USAGE, missing, "Set VISUAL or EDITOR to your editor.")
    name = Path(words[0]).name
    if change and name in _RETURNING and not {"-w", "--wait"} & set(words):
        words.append("--wait")
    if not line:
        return [*words, str(path)]
    if name in _GO_TO:
        return [*words, "-g", f"{path}:{line}"]
    if name in _COLON:
        return [*words, f"{path}:{line}"]
    return [*words, f"+{line}", str(path)]


def run_editor(command: list[str]) -> int:
    """Run an editor on this terminal until it ends. Gives its exit status.

    Raises:
        TobsError: USAGE when it cannot be started.
    """
    try:
        with _interrupts_passed_on():
            return subprocess.run(command, check=False).returncode
    except OSError as error:
        sentence = f"The editor cannot be started: {error.strerror or error}."
        raise TobsError(ErrorCode.USAGE, sentence) from error


@contextlib.contextmanager
def _interrupts_passed_on() -> Iterator[None]:
    """Ctrl+C is the editor's: it goes to both, and ends only what does not catch it."""
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
