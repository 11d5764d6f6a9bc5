"""Verifying a vault for the screens: by the command, in a process of its own, whose lines are read as they come."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable

import msgspec
from msgspec import Struct

from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.monitor.clock import now

MOST_ROWS = 500
"""How many of the things that are wrong are kept to be looked at; all of them are counted."""
_LONGEST_LINE = 1 << 20


class Found(Struct, frozen=True):
    """One thing that is wrong, as `tobs verify --json` tells it."""

    what: str
    fault: str
    path: str = ""
    line: int = 0
    title: str = ""
    first_id: int = 0
    last_id: int = 0
    reason: str = ""


class Kind(Struct, frozen=True):
    """How many things of one kind have one fault."""

    what: str
    fault: str
    count: int


class _Line(Struct, frozen=True):
    """Any line of the command; what it is, `event` says."""

    event: str
    message: str = ""
    code: ErrorCode | None = None
    messages: int = 0
    files: int = 0
    links: int = 0
    bytes: int = 0
    sound: bool = False
    found: tuple[Kind, ...] = ()


class Verifying:
    """The state of one look at a vault; `changed` is called whenever there is more to tell."""

    def __init__(self, vault: str, changed: Callable[[], None], clock: Callable[[], float] = now) -> None:
        self.vault = vault
        self._changed, self._clock = changed, clock
        self.began = self.heard = clock()
        self.messages = self.files = self.links = self.bytes = 0
        self.wrong = 0
        self.rows: list[Found] = []
        """The first `MOST_ROWS` of what is wrong."""
        self.kinds: tuple[Kind, ...] = ()
        self.sound: bool | None = None
        """The verdict; None as long as there is none."""
        self.problem: TobsError | None = None
        """Why there is no verdict, and will be none."""

    @property
    def over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.sound is not None or self.problem is not None

    async def run(self) -> None:
        """Have the vault verified; when this is cancelled, the process ends as well. Raises nothing: see `problem`."""
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tobs_tui", "verify", "--json", self.vault),
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=DEVNULL,  # its errors are its last line as well, and the screen is on this terminal
                limit=_LONGEST_LINE,
            )
        except OSError as error:
            self._fail(f"No process could be started: {error.strerror}.", "Make room for one, and try again.")
            return
        try:
            assert process.stdout is not None
            async for line in process.stdout:
                self._hear(msgspec.json.decode(line, type=_Line), line)
            status = await process.wait()
            if not self.over:
                self._fail(f"The process that verified ended before it was done (status {status}).")
        except (ValueError, msgspec.MsgspecError):  # a line that is no JSON, or far too long
            self._fail("The process that verified said what cannot be understood.")
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
                await process.wait()

    def _fail(self, sentence: str, way_on: str = "Run “tobs verify” in a shell to see why.") -> None:
        self.problem = TobsError(ErrorCode.UNEXPECTED, sentence, way_on)
        self._changed()

    def _hear(self, line: _Line, raw: bytes) -> None:
        self.heard = self._clock()
        if line.event == "finding":
            self.wrong += 1
            if len(self.rows) < MOST_ROWS:
                self.rows.append(msgspec.json.decode(raw, type=Found))
            elif self.wrong % MOST_ROWS:
                return  # thousands of them: the screen need not hear of each
        elif line.event == "run_finished":
            self.problem = TobsError(line.code or ErrorCode.UNEXPECTED, line.message)
        else:
            self.messages, self.files, self.links, self.bytes = line.messages, line.files, line.links, line.bytes
        if line.event == "verified":
            self.kinds, self.sound = line.found, line.sound
        self._changed()
