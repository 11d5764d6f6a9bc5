"""Files that hold secrets: for their owner alone (0600, folders 0700), which each start sees to."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from tobs_tui.config.paths import HOME_VARIABLE, Paths
from tobs_tui.model.errors import ErrorCode, TobsError


def private_files(paths: Paths) -> Iterator[Path]:
    """What is there of the files that nobody else may read."""
    named = (
        paths.session_file,
        paths.credentials_file,
        paths.dotenv_file,
        paths.journal_file,
        paths.sandbox_state_file,
        paths.socket,
    )
    folders = (paths.log_dir, paths.runtime_dir)
    for path in (*named, *(path for folder in folders for path in folder.glob("*"))):
        if path.exists() and not path.is_dir():
            yield path


def open_to_others(paths: Paths) -> list[Path]:
    """Which of these files others could read or write."""
    found: list[Path] = []
    for path in private_files(paths):
        with contextlib.suppress(OSError):  # rotated away meanwhile
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                found.append(path)
    return found


def close_to_others(paths: Paths) -> list[str]:
    """Take from others what they could read or write. Gives a sentence for each file that was changed.

    Raises:
        TobsError: OUTPUT_NOT_WRITABLE for one that belongs to somebody else, or cannot be changed.
    """
    told: list[str] = []
    for path in private_files(paths):
        try:
            facts = path.stat()
            mine = not hasattr(os, "getuid") or os.getuid() in (facts.st_uid, 0)
            if not mine:
                raise TobsError(
                    ErrorCode.OUTPUT_NOT_WRITABLE,
                    f"{path} belongs to somebody else, who could read or change it.",
                    f"Remove it, or set {HOME_VARIABLE} to a directory of your own.",
                )
            if stat.S_IMODE(facts.st_mode) & 0o077:
                path.chmod(stat.S_IMODE(facts.st_mode) & 0o700)
                told.append(f"Others could read {path}; now only you can.")
        except FileNotFoundError:  # a log that was rotated away meanwhile
            continue
        except OSError as error:
            raise TobsError(
                ErrorCode.OUTPUT_NOT_WRITABLE,
                f"Others may read {path}, and that cannot be changed: {error.strerror}.",
                f"See to it with: chmod 600 {path}",
            ) from error
    return told
