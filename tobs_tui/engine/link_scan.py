"""The links of whole vaults, at the speed of a search for bytes: what leads nowhere, or may.

What this program has written is looked through for what its renderers begin a link with. Each link found is followed.
One of a note that seems to lead nowhere may be no link at all, but text that looks like one: such notes are read again
by `link_check`, line by line. So nothing is told that is not so, and most notes are never parsed.
"""

from __future__ import annotations

import html
import posixpath
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

from cachetools import LRUCache

from tobs_tui.engine.link_check import ANCHORS_KEPT, DeadLink, LinkChecker, Trouble
from tobs_tui.render.html.message import ANCHOR as PAGE_ANCHOR
from tobs_tui.render.message import ANCHOR
from tobs_tui.render.note_links import LeadsOutError, place_of

BLOCK = 1 << 20
"""Bytes of a file looked at together, and a line more."""
PLACES_KEPT = 100_000

_NOTE_LINK = re.compile(rb"\]\((?!<?(?:https?|tg|mailto|tel):)(?:<([^>\n]*)>|([^)\n]*))")
_NOTE_TAG = re.compile(rb'<a href="(?!(?:https?|tg|mailto|tel):)([^"\n]*)"()')
_LOCAL = re.compile(rb"<(?:file|javascript|vbscript|data):", re.IGNORECASE)
_PAGE_LINK = re.compile(rb' (?:href|src|poster)="(?!(?:https?|tg|mailto|tel|data):)([^"\n]*)"()')
_MESSAGE = re.compile(r"\^?m([1-9][0-9]{0,17})")
_HEADINGS = ANCHOR.encode()
_BLOCK_IDS = b" ^m"
_PAGE_IDS = PAGE_ANCHOR.encode()


def blocks_of(path: Path) -> Iterator[bytes]:
    """A file in blocks that end with a line, but for one longer than a block. Raises OSError."""
    with path.open("rb", buffering=0) as file:
        rest = b""
        while data := file.read(BLOCK):
            end = data.rfind(b"\n") + 1
            if end:
                yield rest + data[:end]
                rest = data[end:]
            else:
                rest += data
        if rest:
            yield rest


def anchors_in(block: bytes, before: bytes) -> array[int]:
    """The messages whose anchors, each between `before` and what is no digit, stand in a block; in their order."""
    found = array("q")
    at = block.find(before)
    while at >= 0:
        start = at + len(before)
        end = start
        while block[end : end + 1].isdigit():
            end += 1
        if 0 < end - start < 19:
            found.append(int(block[start:end]))
        at = block.find(before, end)
    return found


class LinkScan:
    """Follows the links of one vault's notes and pages, file by file; `links` counts those that were followed."""

    def __init__(self, vault: Path) -> None:
        self._vault = vault
        self._checker = LinkChecker(vault)
        self._places: LRUCache[tuple[str, str], str | None] = LRUCache(PLACES_KEPT)
        self._anchors: LRUCache[str, array[int]] = LRUCache(ANCHORS_KEPT, getsizeof=lambda ids: len(ids) + 1)
        self.links = 0

    def read(self, path: str, block: bytes) -> Iterator[str]:
        """The addresses in a block of a file (path relative to the vault) that seem to lead nowhere."""
        page = path.endswith(".html")
        folder = posixpath.dirname(path)
        for pattern in (_PAGE_LINK,) if page else (_NOTE_LINK, _NOTE_TAG):
            for found in pattern.finditer(block):
                self.links += 1
                raw = (found[1] if found[1] is not None else found[2]).decode("utf-8", "replace")
                address = html.unescape(raw) if "&" in raw else raw
                if not self._leads(address, path, folder):
                    yield address
        if not page and _LOCAL.search(block) is not None:
            yield ""

    def sure(self, path: str, suspects: list[str]) -> Iterator[DeadLink]:
        """Of a file with such addresses: the links that lead nowhere, for sure. Raises OSError."""
        if path.endswith(".md"):
            yield from self._checker.check([path])
            return
        for address in dict.fromkeys(suspects):
            yield DeadLink(path, 0, address, Trouble.NO_FILE)

    def _leads(self, address: str, path: str, folder: str) -> bool:
        """Whether an address certainly leads to something in the vault, or to the web."""
        name, _, fragment = address.partition("#")
        if not name:
            place: str | None = path
        elif (folder, name) in self._places:
            place = self._places[folder, name]
        else:
            place = self._places[folder, name] = self._place(name, path)
        if place is None:
            return False
        if not fragment or not place:
            return True
        message = _MESSAGE.fullmatch(fragment)
        return message is not None and self._shows(place, int(message[1]))

    def _place(self, name: str, path: str) -> str | None:
        """The file that an address without its fragment leads to; '' for the web, None for one that leads nowhere."""
        try:
            found = place_of(name, path)
        except LeadsOutError:
            return None
        if found is None:
            return ""
        return found.path if self._checker.is_there(found.path) else None

    def _shows(self, path: str, message: int) -> bool:
        """Whether a file has exactly one anchor of a message."""
        ids = self._anchors.get(path)
        if ids is None:
            ids = self._read_anchors(path)
            if len(ids) < ANCHORS_KEPT:
                self._anchors[path] = ids
        at = bisect_left(ids, message)
        return ids[at : at + 1] == array("q", [message]) and ids[at + 1 : at + 2] != array("q", [message])

    def _read_anchors(self, path: str) -> array[int]:
        found = array("q")
        try:
            for block in blocks_of(self._vault / path):
                for before in (_PAGE_IDS,) if path.endswith(".html") else (_HEADINGS, _BLOCK_IDS):
                    found += anchors_in(block, before)
        except OSError:
            return found
        if any(found[index] > found[index + 1] for index in range(len(found) - 1)):
            found = array("q", sorted(found))
        return found
