"""What a person is shown of messages that were found: names, texts, excerpts, and places in the notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import ChatRecord
from tobs_tui.archive.search import Hit, MoreTexts
from tobs_tui.archive.search_fold import Term, places
from tobs_tui.archive.search_words import visible_words
from tobs_tui.engine.note_headers import Header, header_of
from tobs_tui.engine.note_lines import NoteLines, NotePlace, Sought
from tobs_tui.engine.pseudonyms.masks import Masks
from tobs_tui.model.media import Document
from tobs_tui.model.messages import Message
from tobs_tui.model.peers import DELETED_ACCOUNT, Peer, id_label
from tobs_tui.model.safe_text import printable_lines
from tobs_tui.render.escape import inline_name

EXCERPT = 160
"""Characters of a message that are shown around the first word that was found."""
LONGEST = 20_000
"""Characters of one message that are shown: rich messages have no end of their own."""

Marks = tuple[tuple[int, int], ...]
"""The (start, end) of what was found in a text."""


class Shown(Struct, frozen=True):
    """A message as it is shown. `text` is harmless and has line breaks; `note` says what else there is to it."""

    id: int
    date: int
    sender: str
    text: str
    marks: Marks = ()
    note: str = ""


class Teller:
    """Tells of the messages of one archive what a person is shown: with the stand-ins of `masks`, as notes do."""

    def __init__(
        self, vault: Path, archive: Archive, more: MoreTexts | None = None, masks: Masks | None = None
    ) -> None:
        self._archive, self._more, self._masks = archive, more, masks
        self._notes = NoteLines(vault, archive)
        self._records: dict[int, ChatRecord | None] = {}
        self._peers: dict[int, Peer | None] = {}

    def chat_title(self, chat: int) -> str:
        """A chat's title, or its id."""
        if chat not in self._records:
            self._records[chat] = self._archive.chat(chat)
        record = self._records[chat]
        if record is not None and self._masks is not None:
            return self._masks.title(record)
        return record.title if record is not None and record.title.strip() else id_label(chat)

    def topic_title(self, chat: int, topic: int) -> str:
        """A topic's title; '' where the archive knows of none."""
        found = (one.topic.title for one in self._archive.topics(chat) if one.topic.id == topic) if topic else iter(())
        title = next(found, "")
        return self._masks.text(title) if self._masks is not None else title

    def name(self, ident: int) -> str:
        """Who somebody is; '' for nobody."""
        if not ident:
            return ""
        if ident not in self._peers:
            self._peers[ident] = self._archive.peer(ident)
        peer = self._peers[ident]
        if self._masks is not None:
            return self._masks.name(ident, peer.title if peer is not None else id_label(ident))
        if peer is None:
            return id_label(ident)
        return DELETED_ACCOUNT if peer.deleted and not peer.title.strip() else peer.title.strip() or id_label(ident)

    def words(self, chat: int, ident: int) -> str:
        """Everything that a message can be found by; '' when the archive does not hold it."""
        message = self._archive.message(chat, ident)
        return visible_words(self._told(message), self._further(chat, ident)) if message is not None else ""

    def shown(self, chat: int, message: Message, terms: Sequence[Term]) -> Shown:
        """A message as it is shown, with the terms marked."""
        text = printable_lines(visible_words(self._told(message), self._further(chat, message.id))[:LONGEST])
        sender = self.name(message.sender) or self.chat_title(chat)
        marks = tuple(places(text, terms))
        return Shown(message.id, message.date, sender, text, marks, "; ".join(_notes(message)))

    def places(self, hits: Sequence[Hit]) -> list[NotePlace]:
        """Where the notes show messages."""
        found = self._notes.places([Sought(hit.chat, hit.id, hit.date, hit.topic, self._header(hit)) for hit in hits])
        return [found[hit.chat, hit.id] for hit in hits]

    def _header(self, hit: Hit) -> Callable[[], Header]:
        def header() -> Header:
            message = self._told(self._archive.message(hit.chat, hit.id) or Message(hit.id, hit.date))
            name = self.name(hit.sender) or self.chat_title(hit.chat)
            return header_of(message, f"**{inline_name(name)}**")

        return header

    def _further(self, chat: int, ident: int) -> str:
        text = self._more.texts_of(chat, (ident,)).get(ident, "") if self._more is not None else ""
        return self._masks.text(text) if self._masks is not None else text

    def _told(self, message: Message) -> Message:
        return self._masks.message(message) if self._masks is not None else message


def _notes(message: Message) -> list[str]:
    """What a message's text does not say: what it carries, and what became of it."""
    found: list[str] = []
    if isinstance(message.media, Document):
        found.append(message.media.type.value)
    elif message.media is not None:
        found.append(type(message.media).__name__.lower())
    if message.edit_date and not message.edit_hidden:
        found.append("edited")
    if message.gone:
        found.append("deleted")
    return found


def excerpt_of(text: str, found: Sequence[tuple[int, int]], length: int) -> tuple[str, Marks]:
    """The part of a text around the first place that was found, with all places in it, counted from its start.

    A text that is no longer than that is given whole, and a longer one from the beginning of a word on.
    """
    place = found[0][0] if found else 0
    first = max(0, place - length // 4) if len(text) > length else 0
    if first and (space := text.find(" ", first - 1, place)) >= 0:
        first = space + 1
    last = first + length
    head, tail = "…" if first else "", "…" if last < len(text) else ""
    shift = len(head) - first
    marks = tuple((start + shift, min(end, last) + shift) for start, end in found if first <= start < last)
    return head + text[first:last] + tail, marks
