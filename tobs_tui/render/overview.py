"""What index pages say of a vault and its chats, in any format: facts, links and tables, set in a format's ink."""

from __future__ import annotations

import datetime
import posixpath
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct

from tobs_tui.model.peers import PeerKind
from tobs_tui.model.profile import Format
from tobs_tui.render.ink import Ink
from tobs_tui.render.layout import index_note, relative_address
from tobs_tui.render.words import number, size_in_words


class NoteEntry(Struct, frozen=True):
    """A note of messages: path relative to the vault, how many messages it holds, and the dates of the first and last
    of them in seconds (0 = not known)."""

    path: str
    count: int
    first_date: int = 0
    last_date: int = 0


class SenderEntry(Struct, frozen=True):
    """Somebody who wrote `count` of a chat's messages; `id` is marked."""

    name: str
    count: int
    username: str = ""
    id: int = 0


class ChatLink(Struct, frozen=True):
    """Another chat of the vault: what it is to the one that the page is about, its title and folder."""

    label: str
    title: str
    root: str


class TopicEntry(Struct, frozen=True):
    """A topic with its notes in order. `id` 0 and folder '' stand for messages outside topics."""

    id: int
    title: str
    folder: str  # relative to the vault
    notes: tuple[NoteEntry, ...]

    @property
    def count(self) -> int:
        """Messages in all of the topic's notes."""
        return sum(note.count for note in self.notes)

    @property
    def first_date(self) -> int:
        """The date of its first message, 0 when that is not known."""
        return min((note.first_date for note in self.notes), default=0)

    @property
    def last_date(self) -> int:
        """The date of its last message, 0 when that is not known."""
        return max((note.last_date for note in self.notes), default=0)


class ChatEntry(Struct, frozen=True, omit_defaults=True):
    """All that the index pages say of a chat. `root` is its folder relative to the vault; dates in seconds."""

    id: int
    title: str
    root: str
    kind: PeerKind
    topics: tuple[TopicEntry, ...]
    username: str = ""
    about: str = ""
    first_date: int = 0
    last_date: int = 0
    members: int = 0
    files: int = 0  # those downloaded
    file_bytes: int = 0
    senders: tuple[SenderEntry, ...] = ()  # most messages first
    related: tuple[ChatLink, ...] = ()
    shown: str = ""  # which of its messages a filter has chosen; '' = all of them
    partial: bool = False  # whether less than all of it was fetched
    transcripts: int = 0  # recordings in which somebody speaks, written down
    part_of: int = 0  # the supergroup that this chat became, when that is in the vault too

    @property
    def count(self) -> int:
        """Messages in all of the chat's notes."""
        return sum(topic.count for topic in self.topics)


class Table(NamedTuple):
    """A table with its heading; cells are set already."""

    heading: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    below: str = ""


SENDERS_SHOWN = 200


class Overview:
    """Says it in one format: in its ink, with links to its files, and days in the vault's time zone."""

    def __init__(self, ink: Ink, form: Format, zone: datetime.tzinfo) -> None:
        self._ink, self._form, self._zone = ink, form, zone

    def _link(self, label: str, path: str, folder: str) -> str:
        return self._ink.link(label, relative_address(path, folder))

    def _day(self, date: int) -> str:
        return datetime.datetime.fromtimestamp(date, self._zone).date().isoformat() if date else "–"

    def summary(self, chats: Sequence[ChatEntry]) -> str:
        """How much a vault holds."""
        if not chats:
            return "No chats yet."
        written = sum(chat.transcripts for chat in chats)
        facts = [number(len(chats), "chat"), f"{sum(chat.count for chat in chats)} messages"]
        return f"{', '.join([*facts, *([number(written, 'transcript')] if written else [])])}."

    def chats(self, chats: Sequence[ChatEntry]) -> Table:
        """Every chat with its counts, dates and link, by title."""
        rows = [
            (
                self._link(self.title(chat), f"{chat.root}/{index_note(self._form)}", ""),
                chat.kind.value + (", before its migration" if chat.part_of else ""),
                f"{chat.count}{', a part' if chat.shown or chat.partial else ''}",
                self._day(chat.first_date),
                self._day(chat.last_date),
            )
            for chat in sorted(chats, key=lambda chat: (chat.title.casefold(), chat.id))
        ]
        return Table("", ("Chat", "Kind", "Messages", "First", "Last"), rows)

    def title(self, chat: ChatEntry) -> str:
        """A chat's title."""
        return self._ink.text(chat.title) or "untitled"

    def facts(self, chat: ChatEntry) -> str:
        """A chat in a line: its kind, counts, days and @name."""
        facts = [chat.kind.value, number(chat.count, "message")]
        if chat.first_date:
            facts.append(f"{self._day(chat.first_date)} to {self._day(chat.last_date)}")
        if chat.files:
            facts.append(f"{number(chat.files, 'file')}, {size_in_words(chat.file_bytes)}")
        if chat.transcripts:
            facts.append(number(chat.transcripts, "transcript"))
        if chat.members > 0:
            facts.append(number(chat.members, "member"))
        if chat.username:
            facts.append(self._ink.link(f"@{self._ink.text(chat.username)}", f"https://t.me/{chat.username}"))
        return " · ".join(facts)

    def remarks(self, chat: ChatEntry) -> Iterator[str]:
        """What of a chat is elsewhere, or not there."""
        if chat.partial:
            yield "Not all of this chat was exported."
        if chat.shown:
            yield f"Filtered: {self._ink.text(chat.shown)}."
        page = index_note(self._form)
        links = [
            f"{other.label}: {self._link(self._ink.text(other.title) or 'untitled', f'{other.root}/{page}', chat.root)}"
            for other in chat.related
        ]
        yield " · ".join([*links, self._link("All chats", page, chat.root)])

    def contents(self, chat: ChatEntry) -> Iterator[Table]:
        """A chat's topics and notes with their counts and dates, and who wrote in it."""
        if any(topic.id for topic in chat.topics):
            rows = [
                (
                    self._ink.text(topic.title) or "untitled",
                    str(topic.id or "–"),
                    str(topic.count),
                    self._day(topic.first_date),
                    self._day(topic.last_date),
                )
                for topic in chat.topics
            ]
            yield Table("Topics", ("Topic", "Id", "Messages", "First", "Last"), rows)
        for topic in chat.topics:
            if topic.notes:
                title = self._ink.text(topic.title) if topic.id else "Messages"
                yield self._notes(title or "untitled", topic.notes, chat.root)
        if chat.senders:
            people = [(self._sender(sender), str(sender.count)) for sender in chat.senders[:SENDERS_SHOWN]]
            more = len(chat.senders) - SENDERS_SHOWN
            yield Table("Who wrote", ("Name", "Messages"), people, f"and {more} more" if more > 0 else "")

    def _sender(self, sender: SenderEntry) -> str:
        name = self._ink.text(sender.name) or "untitled"
        return self._ink.link(name, f"https://t.me/{sender.username}" if sender.username else "")

    def _notes(self, title: str, notes: Sequence[NoteEntry], folder: str) -> Table:
        """A table of notes, with the days that they reach over unless each one has a day of its own."""
        rows = [self._note(note, folder) for note in notes]
        columns = 2 if all(first == last for _, _, first, last in rows) else 4
        return Table(title, ("Note", "Messages", "First", "Last")[:columns], [row[:columns] for row in rows])

    def _note(self, note: NoteEntry, folder: str) -> tuple[str, str, str, str]:
        stem, ending = posixpath.splitext(note.path)
        path = f"{stem}.{self._form.ending}" if self._form is Format.HTML else stem + ending
        link = self._link(posixpath.basename(stem), path, folder)
        return link, str(note.count), self._day(note.first_date), self._day(note.last_date)
