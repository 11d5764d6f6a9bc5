"""In which note, and from which line on, a vault shows a message: for every format of notes, one reader in a table.

Notes are passed over line by line and only once for all messages that are asked for; a million lines take a
fifth of a second. What is remembered grows with the messages asked for, never with the notes.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from tobs_tui.archive.archive import Archive
from tobs_tui.engine.note_headers import Header, header_lines
from tobs_tui.model.profile import Split
from tobs_tui.render.html.message import ANCHOR as PAGE_ANCHOR
from tobs_tui.render.layout import SINGLE_NOTE, period
from tobs_tui.render.message import ANCHOR, BLOCK_ANCHOR

_NEIGHBOURS = (0, -50_400, 50_400)
"""Seconds that a message's day may be off in the time zone that its note was written in: 14 hours at most."""

Key = tuple[int, int]
"""A message: chat and id."""


class NotePlace(Struct, frozen=True):
    """Where a message stands: `path` relative to the vault ('' when no note shows it), `line` from 1 (0: untold)."""

    path: str = ""
    line: int = 0


class Sought(Struct, frozen=True):
    """A message whose place is looked for. `header` helps where notes have no anchors; None: it is not looked up."""

    chat: int
    id: int
    date: int
    topic: int
    header: Callable[[], Header] | None = None


class NoteLines:
    """Finds the places of messages in the notes of one vault."""

    def __init__(self, vault: Path, archive: Archive) -> None:
        self._vault, self._archive = vault, archive
        self._notes: dict[tuple[int, int], dict[str, str]] = {}

    def places(self, messages: Sequence[Sought]) -> dict[Key, NotePlace]:
        """The place of each message."""
        found: dict[Key, NotePlace] = {}
        candidates = {(one.chat, one.id): self._candidates(one) for one in messages}
        for turn in range(max(map(len, candidates.values()), default=0)):
            by_note: dict[str, list[Sought]] = {}
            for one in messages:
                paths = candidates[one.chat, one.id]
                if turn < len(paths) and not found.get((one.chat, one.id), NotePlace()).line:
                    by_note.setdefault(paths[turn], []).append(one)
            for path, wanted in by_note.items():
                for key, place in self._in_note(path, wanted).items():
                    if place.line or key not in found:
                        found[key] = place
        return {(one.chat, one.id): found.get((one.chat, one.id), NotePlace()) for one in messages}

    def _candidates(self, one: Sought) -> list[str]:
        """The notes that may show a message, the likeliest first: those of its day in any split and time zone."""
        notes = self._notes_of(one.chat, one.topic)
        names = (
            period(max(0, one.date + shift), split, datetime.UTC) or SINGLE_NOTE
            for split in Split
            for shift in _NEIGHBOURS
        )
        return [notes[name] for name in dict.fromkeys(names) if name in notes]

    def _notes_of(self, chat: int, topic: int) -> dict[str, str]:
        """The paths of a topic's notes by their names without ending: those of the leading format, which are counted
        in the register."""
        key = (chat, topic)
        if key not in self._notes:
            paths = [path for path, of, _ in self._archive.note_counts(chat) if of == topic]
            self._notes[key] = {Path(path).stem: path for path in paths}
        return self._notes[key]

    def _in_note(self, path: str, wanted: list[Sought]) -> dict[Key, NotePlace]:
        """The places of those of the messages that a note shows, or that it may show where it has no anchors."""
        reader = READERS.get(path.rpartition(".")[2])
        lines: dict[int, int] = {}
        anchored = False
        try:
            if reader is not None:
                with (self._vault / path).open("rb") as file:
                    lines, anchored = reader(file, {one.id for one in wanted})
            if not anchored:
                headers = {one.id: one.header() for one in wanted if one.header is not None}
                with (self._vault / path).open("rb") as file:
                    lines = header_lines(file, headers)
        except OSError:  # moved away by hand: the message is found, its place is not
            return {}
        shown = [one for one in wanted if not anchored or one.id in lines]
        return {(one.chat, one.id): NotePlace(path, lines.get(one.id, 0)) for one in shown}


Reader = Callable[[Iterable[bytes], set[int]], tuple[dict[int, int], bool]]
"""Given a file's lines and ids: the lines of those ids that it shows, and whether it has any anchors at all."""

_FENCE = re.compile(rb"`{3,}(?=[^`]*$)")
_HEADING_ID = re.compile(re.escape(ANCHOR).encode() + rb"(\d+)\s*$")
_BLOCK_ID = re.compile(re.escape(BLOCK_ANCHOR).encode() + rb"(\d+)\s*$")
_JSON_ID = re.compile(rb'"id":(\d+)')  # the first in a line is the message's own; quotes in strings are escaped
_PAGE_ID = re.compile(re.escape(PAGE_ANCHOR).encode() + rb'(\d+)"')  # neither text nor attributes hold a bare <


def _markdown(file: Iterable[bytes], wanted: set[int]) -> tuple[dict[int, int], bool]:
    """Headings stand above a message, block ids below it; what looks like one within code is neither."""
    lines: dict[int, int] = {}
    anchored = False
    fence, start = b"", 0
    for number, line in enumerate(file, 1):
        if fence:
            if line.startswith(fence) and not line.strip(b"`\n"):
                fence = b""
            continue
        first = line[:1]
        if first == b"`" and (found := _FENCE.match(line)):
            fence = found.group()
        elif first == b"#":
            if found := _HEADING_ID.match(line):
                anchored = True
                if int(found[1]) in wanted:
                    lines.setdefault(int(found[1]), number)
                    if len(lines) == len(wanted):
                        break
            continue  # a day's heading is no part of a message
        elif first == b"^" and (found := _BLOCK_ID.match(line)):
            anchored = True
            if int(found[1]) in wanted:
                lines.setdefault(int(found[1]), start or number)
                if len(lines) == len(wanted):
                    break
            start = 0
            continue
        elif first == b"-" and line == b"---\n":  # the front matter's ends
            start = 0
            continue
        if not start and line != b"\n":
            start = number
    return lines, anchored


def _by_pattern(pattern: re.Pattern[bytes], *, once: bool) -> Reader:
    """A reader of lines in which a pattern finds ids; `once`: a line has one at most."""

    def read(file: Iterable[bytes], wanted: set[int]) -> tuple[dict[int, int], bool]:
        lines: dict[int, int] = {}
        anchored = False
        for number, line in enumerate(file, 1):
            for found in pattern.finditer(line):
                anchored = True
                if int(found[1]) in wanted:
                    lines.setdefault(int(found[1]), number)
                if once:
                    break
            if len(lines) == len(wanted):
                break
        return lines, anchored

    return read


READERS: dict[str, Reader] = {
    "md": _markdown,
    "jsonl": _by_pattern(_JSON_ID, once=True),
    "html": _by_pattern(_PAGE_ID, once=False),
}
"""What reads the anchors of a format, by the ending of its files."""
