"""Messages in Markdown notes that have no anchors: found by the day, the sender and the time that stand above them."""

from __future__ import annotations

import json
import zoneinfo
from collections.abc import Iterable, Mapping

from msgspec import Struct

from tobs_tui.model.messages import Message
from tobs_tui.render.clock import Clock
from tobs_tui.render.facts import SEPARATOR
from tobs_tui.render.text import render_body

_LOOK_AHEAD = 40
"""Lines below a header among which a message's text has to begin."""
_COMPARED = 12
"""Lines of a message's text that have to stand there."""


class Header(Struct, frozen=True):
    """What is known of a message's block: `sender` as Markdown ('' for a service message), the date, and the lines that
    its text begins with (none: it has no text)."""

    sender: str
    date: int
    lines: tuple[str, ...]


def header_of(message: Message, sender: str) -> Header:
    """What the block of a message looks like; `sender` as in `render.message.bold_name`."""
    body = render_body(message.text, message.entities) if message.text else ""
    lines = tuple(body.split("\n", _COMPARED)[:_COMPARED]) if body else ()
    return Header("" if message.action is not None else sender, message.date, lines)


def header_lines(file: Iterable[bytes], wanted: Mapping[int, Header]) -> dict[int, int]:
    """The lines of those messages, by id, that a note surely shows; each is the first one that it may be.

    Messages of one sender, minute and text cannot be told apart, nor can one that quotes another's whole block.
    """
    found: dict[int, int] = {}
    clock: Clock | None = None
    due: dict[tuple[str, str], list[int]] = {}
    day = ""
    begun: dict[int, _Begun] = {}
    for number, raw in enumerate(file, 1):
        line = raw.decode("utf-8", "replace").rstrip("\n")
        if clock is None and line.startswith("tz: "):
            clock = _clock(line[4:])
            if clock is None:
                return {}
            for ident, header in wanted.items():
                due.setdefault((clock.day(header.date), clock.time(header.date)), []).append(ident)
        elif line.startswith("## "):
            day = line[3:]
        for ident, block in list(begun.items()):
            if block.goes_on(number, line):
                if block.whole:
                    found[ident] = begun.pop(ident).since
            else:
                del begun[ident]
        for ident in due.get((day, _time(line)), ()) if line.startswith("*") else ():
            header = wanted[ident]
            if ident not in found and line.startswith(header.sender or "*"):
                if header.lines:
                    begun[ident] = _Begun(number, header.lines)
                else:
                    found[ident] = number
    return found


class _Begun:
    """A block that may be a message's: its header has been seen at `since`, its text is still waited for."""

    def __init__(self, since: int, lines: tuple[str, ...]) -> None:
        self.since, self._lines = since, lines
        self._seen = 0

    @property
    def whole(self) -> bool:
        """Whether all lines of the text have been seen."""
        return self._seen == len(self._lines)

    def goes_on(self, number: int, line: str) -> bool:
        """Take the next line; whether the block may still be the message's."""
        if self._seen and line != self._lines[self._seen]:
            self._seen = 0
        if line == self._lines[self._seen]:
            self._seen += 1
        return self._seen > 0 or number - self.since <= _LOOK_AHEAD


def _time(line: str) -> str:
    """The time in a header: the second of its facts."""
    parts = line.split(SEPARATOR)
    return next((part for part in parts[1:] if len(part) == 5 and part[2] == ":"), "")


def _clock(scalar: str) -> Clock | None:
    """The clock of a note's time zone, as its front matter writes it; None where this machine does not know it."""
    try:
        return Clock(zoneinfo.ZoneInfo(json.loads(scalar)))
    except (ValueError, TypeError, zoneinfo.ZoneInfoNotFoundError):
        return None
