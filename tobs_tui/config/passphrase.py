"""The passphrase as a run without a person is given it: from a file, or from the environment; never as an argument."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from tobs_tui.config.credentials import HASH_VARIABLE
from tobs_tui.config.paths import Paths, expanded
from tobs_tui.model.errors import ErrorCode, TobsError

PASSPHRASE_VARIABLE = "TOBS_PASSPHRASE"
FILE_VARIABLE = "TOBS_PASSPHRASE_FILE"
SECRET_VARIABLES = (PASSPHRASE_VARIABLE, HASH_VARIABLE)
"""What processes that need not know them are not told."""
_MOST_BYTES = 8192


def given_passphrase(paths: Paths, environ: Mapping[str, str]) -> str | None:
    """The passphrase of the file that TOBS_PASSPHRASE_FILE names, else of TOBS_PASSPHRASE, in the environment or in an
    .env file; None where neither is set. Raises `TobsError` as `read_passphrase`."""
    from tobs_tui.config.environment import read_environment

    variables = read_environment(paths, environ).variables
    file = variables.get(FILE_VARIABLE)
    if file is not None and file.value:
        return read_passphrase(expanded(file.value))
    value = variables.get(PASSPHRASE_VARIABLE)
    return value.value or None if value is not None else None


def read_passphrase(file: Path) -> str:
    """The first line of a file that only its owner can read; a pipe will do.

    Raises:
        TobsError: USAGE when it cannot be read, is empty, is no text, or others may read it.
    """
    try:
        with file.open("rb") as stream:
            facts = os.fstat(stream.fileno())
            if stat.S_ISREG(facts.st_mode) and facts.st_mode & 0o077:
                raise TobsError(
                    ErrorCode.USAGE, f"Others than you may read {file}.", f"Keep it to yourself first: chmod 600 {file}"
                )
            line = stream.readline(_MOST_BYTES).decode("utf-8").rstrip("\r\n")
    except OSError as error:
        raise TobsError(ErrorCode.USAGE, f"The passphrase file {file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise TobsError(ErrorCode.USAGE, f"The passphrase file {file} is not UTF-8 text.") from error
    if not line:
        raise TobsError(ErrorCode.USAGE, f"The first line of the passphrase file {file} is empty.")
    return line
