"""Searching a vault: brings the index up to date, finds messages, and says in which file and line each one stands."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import ChatRecord
from tobs_tui.archive.schema import archive_path
from tobs_tui.archive.search import Hit, Query, SearchIndex
from tobs_tui.archive.search_words import parse_words, visible_words
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.peers import DELETED_ACCOUNT, Peer, bare_id, id_label
from tobs_tui.model.profile import Split
from tobs_tui.render.html.message import ANCHOR as PAGE_ANCHOR
from tobs_tui.render.layout import note_name
from tobs_tui.render.message import ANCHOR, BLOCK_ANCHOR

EXCERPT = 160
"""Characters of a message that are shown around the first word that was found."""

_NEIGHBOURS = (0, -50_400, 50_400)
"""Seconds that a message's day may be off in the time zone that its note was written in: 14 hours at most."""


class Wanted(Struct, frozen=True):
    """What to look for. `chats` and `senders` are ids, @usernames or (parts of) names, none = any; dates in seconds."""

    typed: str
    chats: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    since: int = 0
    until: int = 0


class Found(Struct, frozen=True):
    """A message that was found: where it is from, what it says, and where it stands in the vault.

    `marks` are the (start, end) of found words in `excerpt`. `path` is relative to the vault ('' when no note shows the
    message) and `line` counts from 1 (0 when its line cannot be told: a vault without anchors).
    """

    chat: int
    id: int
    date: int
    chat_title: str
    sender: str
    excerpt: str
    marks: tuple[tuple[int, int], ...]
    path: str = ""
    line: int = 0


class Findings(Struct, frozen=True):
    """The newest of `total` messages that match."""

    total: int
    found: tuple[Found, ...]


def search_vault(
    vault: Path,
    wanted: Wanted,
    *,
    limit: int = 50,
    offset: int = 0,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Findings:
    """Look for messages, newest first. Blocks; the first search of a big vault takes a while, of which `on_progress`
    hears (messages indexed so far).

    Raises TobsError USAGE when nothing in the query can be looked for, CHAT_NOT_FOUND for a chat or sender that the
    vault does not hold, ARCHIVE_UNUSABLE, OUTPUT_NOT_WRITABLE or DISK_FULL.
    """
    words = parse_words(wanted.typed)
    if not words.expression:
        raise TobsError(
            ErrorCode.USAGE,
            "There is no word to look for.",
            "Give a word, a part of one with * at its end, or a phrase.",
        )
    with Archive.open(archive_path(vault), read_only=True) as archive:
        chats = chats_named(archive, wanted.chats)
        query = Query(words, chats, _senders(archive, wanted.senders), wanted.since, wanted.until)
        with SearchIndex.open(vault) as index:
            index.update(archive, on_progress)
            hits = index.find(query, limit, offset)
            total = index.count(query)
        reader = _Reader(vault, archive, words.plain)
        return Findings(total, tuple(reader.found(hit) for hit in hits))


def chats_named(archive: Archive, wanted: Sequence[str]) -> tuple[int, ...]:
    """The chats of a vault that a person means: by a part of the title, @username or id. TobsError CHAT_NOT_FOUND."""
    records = archive.chats()
    chosen: list[int] = []
    for name in wanted:
        found = [record.id for record in records if _names(name, record.id, record.title, record.username)]
        if not found:
            raise TobsError(
                ErrorCode.CHAT_NOT_FOUND,
                f"The vault holds no chat named {name}.",
                "Give a part of its title, its @username or its id.",
            )
        chosen += found
    return tuple(dict.fromkeys(chosen))


def _senders(archive: Archive, wanted: Sequence[str]) -> tuple[int, ...]:
    chosen: list[int] = []
    for name in wanted:
        found = [peer.id for peer in archive.every_peer() if _names(name, peer.id, peer.title, peer.username)]
        if not found:
            raise TobsError(
                ErrorCode.CHAT_NOT_FOUND,
                f"Nobody in the vault is named {name}.",
                "Give a part of the name, the @username or the id.",
            )
        chosen += found
    return tuple(dict.fromkeys(chosen))


def _names(typed: str, ident: int, title: str, username: str) -> bool:
    """Whether what was typed means this peer."""
    if typed.startswith("@"):
        return username.casefold() == typed[1:].casefold()
    if typed.lstrip("-").isdecimal() and int(typed) in (ident, bare_id(ident)):
        return True
    return bool(typed) and typed.casefold() in title.casefold()


class _Reader:
    """Turns hits into what a person is shown."""

    def __init__(self, vault: Path, archive: Archive, words: Sequence[str]) -> None:
        self._vault, self._archive = vault, archive
        self._words = [folded for word in words if (folded := _folded(word))]
        self._records: dict[int, ChatRecord] = {record.id: record for record in archive.chats()}
        self._notes: dict[tuple[int, int], dict[str, str]] = {}
        self._lines: dict[str, dict[int, int]] = {}
        self._peers: dict[int, Peer | None] = {}

    def found(self, hit: Hit) -> Found:
        """One hit with its surroundings."""
        message = self._archive.message(hit.chat, hit.id)
        text = " ".join(visible_words(message).split()) if message is not None else ""
        excerpt, marks = self._excerpt(text)
        path, line = self._place(hit)
        return Found(
            chat=hit.chat,
            id=hit.id,
            date=hit.date,
            chat_title=self._records[hit.chat].title if hit.chat in self._records else id_label(hit.chat),
            sender=self._name(hit.sender),
            excerpt=excerpt,
            marks=marks,
            path=path,
            line=line,
        )

    def _name(self, ident: int) -> str:
        if not ident:
            return ""
        if ident not in self._peers:
            self._peers[ident] = self._archive.peer(ident)
        peer = self._peers[ident]
        if peer is None:
            return id_label(ident)
        return DELETED_ACCOUNT if peer.deleted and not peer.title.strip() else peer.title.strip() or id_label(ident)

    def _excerpt(self, text: str) -> tuple[str, tuple[tuple[int, int], ...]]:
        """The part of the text around the first word that was found, with the places of all of them in it."""
        folded = _folded(text)
        places = sorted((start, start + len(word)) for word in self._words for start in _starts(folded, word))
        first = max(0, (places[0][0] if places else 0) - EXCERPT // 4)
        last = first + EXCERPT
        head, tail = "…" if first else "", "…" if last < len(text) else ""
        shift = len(head) - first
        marks = [(start + shift, min(end, last) + shift) for start, end in places if first <= start < last]
        return head + text[first:last] + tail, tuple(marks)

    def _place(self, hit: Hit) -> tuple[str, int]:
        """The note that shows a message, and the line it begins at."""
        key = (hit.chat, hit.topic)
        if key not in self._notes:
            self._notes[key] = {
                _stem(path.rpartition("/")[2]): path
                for path, topic, _ in self._archive.note_counts(hit.chat)
                if topic == hit.topic
            }
        fallback = ""
        for split in Split:
            for shift in _NEIGHBOURS:
                path = self._notes[key].get(_stem(note_name(max(0, hit.date + shift), split, datetime.UTC)), "")
                if path and (line := self._line(path, hit.id)):
                    return path, line
                fallback = fallback or path
        return fallback, 0

    def _line(self, path: str, ident: int) -> int:
        """The line of a message's anchor in a note; 0 when there is none."""
        if path not in self._lines:
            if len(self._lines) > 8:  # notes are long, and hits come in the order of their dates
                self._lines.clear()
            self._lines[path] = _anchors(self._vault / path)
        return self._lines[path].get(ident, 0)


def _stem(name: str) -> str:
    """What a note is called in any format."""
    return name.rpartition(".")[0]


def _anchors(path: Path) -> dict[int, int]:
    """The line of each anchor in a note, by message id."""
    lines: dict[int, int] = {}
    try:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            for number, line in enumerate(file, 1):
                for mark in (ANCHOR, BLOCK_ANCHOR, PAGE_ANCHOR):
                    ident = line[len(mark) :].partition('"')[0].strip()
                    if line.startswith(mark) and ident.isdecimal():
                        lines.setdefault(int(ident), number)
    except OSError:  # moved away by hand: the message is found, its place is not
        return {}
    return lines


def _starts(text: str, word: str) -> list[int]:
    """Where a word begins in a text."""
    starts: list[int] = []
    start = text.find(word)
    while start >= 0 and len(starts) < 20:
        starts.append(start)
        start = text.find(word, start + len(word))
    return starts


def _folded(text: str) -> str:
    """The text without case and diacritics, letter by letter: as long as before, so that places stay the same."""
    if text.isascii():
        return text.lower()
    return "".join((unicodedata.normalize("NFD", letter)[0].casefold() or letter)[0] for letter in text)
