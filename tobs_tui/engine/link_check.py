"""Follows every link of a vault's notes: to files, by their exact names, and to the messages that fragments name.

A note is read line by line. Of the notes that links lead into, the anchors are kept for as long as there is room.
"""

from __future__ import annotations

import enum
import os
import posixpath
import re
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from pathlib import Path

from cachetools import LRUCache
from msgspec import Struct

from tobs_tui.config.vault_folder import INTERNAL_FOLDER
from tobs_tui.render.note_links import Anchor, LeadsOutError, Link, Place, place_of, read_links

ANCHORS_KEPT = 4_000_000
"""Anchors held at once, of the notes that were led into last; eight bytes each."""
FOLDERS_KEPT = 256
"""Folders whose contents are held at once."""

_MESSAGE = re.compile(r"m([1-9][0-9]{0,17})")


class Trouble(enum.StrEnum):
    """What is wrong with a link, as the end of a sentence about it."""

    NO_FILE = "leads to a file that is not there"
    NO_ANCHOR = "leads to a message that its note does not show"
    AMBIGUOUS = "leads to a name that two places of its note have"
    OUTSIDE = "leads out of the vault"


class DeadLink(Struct, frozen=True):
    """A link that does not lead where it should: in which note (path relative to the vault) and line it stands."""

    note: str
    line: int
    address: str
    trouble: Trouble


class _Anchors:
    """The anchors of one note. Those of messages take eight bytes each."""

    def __init__(self, path: Path) -> None:
        self._messages: dict[bool, array[int]] = {False: array("q"), True: array("q")}
        self._others: dict[tuple[bool, str], int] = {}
        with path.open(encoding="utf-8", errors="replace") as file:
            for found in read_links(file):
                if isinstance(found, Anchor):
                    self._add(found)
        for ids in self._messages.values():
            if any(ids[index] > ids[index + 1] for index in range(len(ids) - 1)):
                ids[:] = array("q", sorted(ids))

    def _add(self, anchor: Anchor) -> None:
        message = _MESSAGE.fullmatch(anchor.name)
        if message is not None:
            self._messages[anchor.block].append(int(message[1]))
        else:
            key = (anchor.block, anchor.name)
            self._others[key] = self._others.get(key, 0) + 1

    def __len__(self) -> int:
        return 1 + len(self._others) + sum(map(len, self._messages.values()))

    def count(self, fragment: str) -> int:
        """How many places a fragment names."""
        block, name = fragment.startswith("^"), fragment.removeprefix("^")
        message = _MESSAGE.fullmatch(name)
        if message is None:
            return self._others.get((block, name), 0)
        ids, wanted = self._messages[block], int(message[1])
        at = bisect_left(ids, wanted)
        return 0 if ids[at : at + 1] != array("q", [wanted]) else 2 if ids[at + 1 : at + 2] == ids[at : at + 1] else 1


class LinkChecker:
    """Checks the links of one vault; `notes` and `links` count what has been looked at."""

    def __init__(self, vault: Path) -> None:
        self._vault = vault
        self._anchors: LRUCache[str, _Anchors] = LRUCache(ANCHORS_KEPT, getsizeof=len)
        self._folders: LRUCache[str, frozenset[str]] = LRUCache(FOLDERS_KEPT)
        self.notes = self.links = 0

    def check(self, notes: Iterable[str] | None = None) -> Iterator[DeadLink]:
        """The dead links of these notes, paths relative to the vault (None: of every Markdown file in it)."""
        for note in markdown_files(self._vault) if notes is None else notes:
            self.notes += 1
            with (self._vault / note).open(encoding="utf-8", errors="replace") as file:
                for link in read_links(file):
                    if isinstance(link, Link):
                        self.links += 1
                        trouble = self._trouble(link, note)
                        if trouble is not None:
                            yield DeadLink(note, link.line, link.address, trouble)

    def _trouble(self, link: Link, note: str) -> Trouble | None:
        try:
            place = place_of(link.address, note)
        except LeadsOutError:
            return Trouble.OUTSIDE
        if place is None:
            return None
        if not self.is_there(place.path):
            return Trouble.NO_FILE
        return self._anchor_trouble(place) if place.fragment else None

    def is_there(self, path: str) -> bool:
        """Whether each part of a path has exactly this name, as file systems that know no case would not tell."""
        while path:
            folder, name = posixpath.split(path)
            if name not in self._names(folder):
                return False
            path = folder
        return True

    def _names(self, folder: str) -> frozenset[str]:
        names = self._folders.get(folder)
        if names is None:
            try:
                found = (entry.name for entry in (self._vault / folder).iterdir())
                names = frozenset(unicodedata.normalize("NFC", name) for name in found)  # HFS+ decomposes them
            except (FileNotFoundError, NotADirectoryError):
                names = frozenset()
            self._folders[folder] = names
        return names

    def _anchor_trouble(self, place: Place) -> Trouble | None:
        anchors = self._anchors.get(place.path)
        if anchors is None:
            if not (self._vault / place.path).is_file():  # a link that leads nowhere, a pipe
                return Trouble.NO_FILE
            anchors = _Anchors(self._vault / place.path)
            if len(anchors) <= ANCHORS_KEPT:
                self._anchors[place.path] = anchors
        count = anchors.count(place.fragment)
        return None if count == 1 else Trouble.AMBIGUOUS if count else Trouble.NO_ANCHOR


def markdown_files(vault: Path) -> Iterator[str]:
    """Every Markdown file that a reader of the vault sees, by path relative to it."""
    for folder, folders, files in os.walk(vault):
        folders[:] = sorted(name for name in folders if name != INTERNAL_FOLDER)
        for name in sorted(files):
            if name.endswith(".md"):
                yield (Path(folder) / name).relative_to(vault).as_posix()
