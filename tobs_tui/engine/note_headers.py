"""Messages in Markdown notes that have no anchors: found by the day, the sender and the time that stand above them."""

from __future__ import annotations

import json
import zoneinfo
from collections.abc import Iterable, Mapping

from msgspec import Struct

from tobs_tui.model.messages import Message
from tobs_tui.render.clock import Clock
from tobs_tui.render.message import SEPARATOR
from tobs_tui.render.text import render_body

_LOOK_AHEAD = 40
"""Lines below a header among which a message's first line has to stand."""


class Header(Struct, frozen=True):
    """What is known of a message's block: `sender` as Markdown ('' for a service message), the date, and the line that
    its text begins with ('' = it has none)."""

    sender: str
    date: int
    first: str


def header_of(message: Message, sender: str) -> Header:
    """What the block of a message looks like; `sender` as in `render.message.sender_name`."""
    body = render_body(message.text, message.entities) if message.text else ""
    return Header("" if message.action is not None else sender, message.date, body.partition("\n")[0])


def header_lines(file: Iterable[bytes], wanted: Mapping[int, Header]) -> dict[int, int]:
    """The lines of those messages, by id, that a note surely shows; each is the first one that it may be.

    Messages of one sender, minute and text cannot be told apart, nor can one that quotes another's whole block.
    """
    found: dict[int, int] = {}
    clock: Clock | None = None
    due: dict[tuple[str, str], list[int]] = {}
    day = ""
    open_since: dict[int, int] = {}
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
        for ident, since in list(open_since.items()):
            if number - since > _LOOK_AHEAD:
                del open_since[ident]
            elif line == wanted[ident].first:
                found.setdefault(ident, since)
                del open_since[ident]
        for ident in due.get((day, _time(line)), ()) if line.startswith("*") else ():
            header = wanted[ident]
            if ident in found or not line.startswith(header.sender or "*"):
                continue
            if header.first:
                open_since[ident] = number
            else:
                found[ident] = number
    return found


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
