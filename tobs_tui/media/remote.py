"""A job on another machine: its file is read where it is seen, or comes along as bytes; what is made goes back so."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from tobs_tui import __version__
from tobs_tui.media.work import Done, JobError, Work

SHIP_BYTES = 64 << 20
"""Most bytes that go over the network with a job, and come back from it; larger files need a shared file system."""


class NotSeenError(Exception):
    """The worker does not see the file."""


class Outcome(Struct, frozen=True):
    """What a job came to on another machine. `content` is the file that was made, where the vault is not seen there."""

    done: Done
    content: bytes = b""


def sees(path: str, token: str) -> tuple[bool, str]:
    """On a worker: whether it sees the vault, by a file with a known content; and which version of tobs it has."""
    try:
        return Path(path).read_text() == token, __version__
    except OSError:
        return False, __version__


def do(function: Callable[[Work, Any], Done], work: Work, arguments: Any, content: bytes | None) -> Outcome:
    """On a worker: do a job on the file that it sees, or on `content`. Raises NotSeenError."""
    if content is None:
        if not Path(work.path).exists() or not Path(work.spool).is_dir():
            raise NotSeenError(work.path)
        return Outcome(function(work, arguments))
    with tempfile.TemporaryDirectory(prefix="tobs-") as folder:
        path, spool = Path(folder) / "content", Path(folder) / "spool"
        path.write_bytes(content)
        spool.mkdir()
        here = msgspec.structs.replace(work, path=str(path), spool=str(spool))
        try:
            done = function(here, arguments)
        except JobError as error:
            raise JobError(str(error).replace(str(path), "the file")) from error
        if not done.output:
            return Outcome(done)
        return Outcome(done, Path(done.output).read_bytes())


def bring_home(outcome: Outcome, spool: Path) -> Done:
    """Here: what a job came to, with the file that it made in `spool`."""
    if not outcome.content:
        return outcome.done
    output = spool / "made"
    output.write_bytes(outcome.content)
    return msgspec.structs.replace(outcome.done, output=str(output))
