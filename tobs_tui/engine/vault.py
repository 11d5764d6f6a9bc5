"""Writes the vault's notes from the archive: maps changed days to notes, streams their messages, replaces files whole.

Runs in a process of its own, with the archive opened for reading only. A note is written beside itself, flushed to the
disk, and put in place by one rename, so a note is either as it was or as it should be; the folder is flushed before
the result is given, so whoever notes that days are rendered can rely on it, through a power cut too. A note whose
bytes would not change is left alone.
"""

from __future__ import annotations

import datetime
import os
import posixpath
from collections.abc import Iterable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import ChatRecord, Touched
from tobs_tui.archive.schema import archive_path, output_error
from tobs_tui.engine.note_file import NoteFile, flush_folder
from tobs_tui.engine.processes import tell
from tobs_tui.engine.vault_scene import ChatScene
from tobs_tui.model.messages import Message
from tobs_tui.model.profile import Layout, MediaOptions
from tobs_tui.render import layout as names
from tobs_tui.render.frontmatter import note_front_matter
from tobs_tui.render.index import ChatEntry, NoteEntry, TopicEntry, render_chat_index, render_root_index
from tobs_tui.render.message import render_message

TELL_EVERY = 1000
"""Messages of one note between two reports on its progress."""


class RenderJob(Struct, frozen=True):
    """A chat to render: the days that changed, or `everything`.

    `linked` are chats whose messages are all in the archive by now, so that links may point at their notes; comments
    of a channel's posts are found in its discussion group only when that is among them. `media` is what the run's
    profile chooses, for saying why a file is not there.
    """

    vault: str
    chat: int
    layout: Layout = Layout()
    media: MediaOptions = MediaOptions()
    linked: tuple[int, ...] = ()
    everything: bool = False


class NoteWritten(Struct, frozen=True):
    """A note as it is now: path relative to the vault, messages in it, SHA-256 of its bytes, whether they changed."""

    path: str
    chat: int
    topic: int
    count: int
    sha256: str
    changed: bool


class NoteGrows(Struct, frozen=True):
    """A note is being written, and holds `count` messages so far; told by `tell`."""

    path: str
    topic: int
    count: int


class RenderResult(Struct, frozen=True):
    """What became of a job. `done` are the days that the notes now show, as of their generations; `gone` the notes
    that held messages once and hold none any more, which were deleted; `pointed` the other chats that the notes' links
    lead into, or would if they were among the job's `linked`."""

    chat: int
    notes: tuple[NoteWritten, ...]
    done: tuple[Touched, ...]
    gone: tuple[str, ...] = ()
    pointed: frozenset[int] = frozenset()

    @property
    def messages(self) -> int:
        """Messages in the notes written."""
        return sum(note.count for note in self.notes)


class IndexJob(Struct, frozen=True):
    """The index pages to write: the vault's, and those of `chats` (empty = every chat's)."""

    vault: str
    layout: Layout = Layout()
    chats: tuple[int, ...] = ()


def resolve_zone(name: str) -> tuple[str, datetime.tzinfo]:
    """The IANA name and rules of a time zone; '' is the machine's own (UTC when it names none that is known)."""
    try:
        name = name or _machine_zone()
        return name, ZoneInfo(name)
    except (OSError, ValueError, LookupError):  # unknown names raise a KeyError, impossible ones the others
        return "UTC", datetime.UTC


def _machine_zone() -> str:
    """What TZ or the link /etc/localtime calls the machine's time zone."""
    named = os.environ.get("TZ", "").lstrip(":")
    if named:
        return named
    return os.path.realpath("/etc/localtime").partition("zoneinfo/")[2] or "UTC"


def chat_root(record: ChatRecord, successor: ChatRecord | None) -> str:
    """The folder of a chat relative to the vault. The old half of a migrated group lies within its `successor`'s."""
    return f"{successor.folder}/{names.BEFORE_MIGRATION}" if successor is not None else record.folder


def root_of(archive: Archive, record: ChatRecord) -> str:
    """The folder of an exported chat relative to the vault."""
    return chat_root(record, archive.chat(record.migrated_to) if record.migrated_to else None)


def topic_root(root: str, topic: int, folders: dict[int, str]) -> str:
    """The folder of a topic's notes relative to the vault; `folders` has the known topics' names by id."""
    return f"{root}/{folders.get(topic, f'Topic (t{topic})')}" if topic else root


def render_chat(job: RenderJob) -> RenderResult:
    """Bring a chat's notes up to date. Raises TobsError when the archive cannot be read or the vault not be written."""
    vault = Path(job.vault)
    with Archive.open(archive_path(vault), read_only=True) as archive:
        record = archive.chat(job.chat)
        if record is None:
            return RenderResult(job.chat, (), ())
        touched = archive.touched(job.chat)  # before the messages: what changes meanwhile stays touched
        zone_name, zone = resolve_zone(job.layout.timezone)
        writer = _ChatWriter(vault, archive, record, job, zone_name, zone)
        try:
            return writer.write(touched)
        except OSError as error:
            raise output_error(error, vault) from error


class _ChatWriter:
    """Writes the notes of one chat."""

    def __init__(
        self, vault: Path, archive: Archive, record: ChatRecord, job: RenderJob, zone_name: str, zone: datetime.tzinfo
    ) -> None:
        self._vault, self._archive, self._record, self._job = vault, archive, record, job
        self._zone_name, self._zone, self._split = zone_name, zone, job.layout.split
        self._root = root_of(archive, record)
        self._topics = {known.topic.id: known.folder for known in archive.topics(record.id)}
        self._scene = ChatScene(archive, record, job.layout, job.media, zone, job.linked, root_of, topic_root)

    def write(self, touched: list[Touched]) -> RenderResult:
        """Write each note that a touched day lies in, or all of them."""
        written: list[NoteWritten] = []
        gone: list[str] = []
        known = {note.path for note in self._archive.rendered(self._record.id)}
        for topic, period in sorted(self._periods(touched)):
            note = self._note(topic, period)
            if note.count:
                written.append(note)
            elif note.path in known:
                (self._vault / note.path).unlink(missing_ok=True)
                gone.append(note.path)
        for folder in sorted({posixpath.dirname(note.path) for note in written if note.changed}):
            flush_folder(self._vault / folder)
        pointed = frozenset(self._scene.pointed)
        return RenderResult(self._record.id, tuple(written), tuple(touched), tuple(gone), pointed)

    def _periods(self, touched: Iterable[Touched]) -> set[tuple[int, str]]:
        days = {(row.topic, row.day) for row in touched}
        if self._job.everything:
            days |= {(row.topic, row.day) for row in self._archive.days(self._record.id)}
        return {(topic, period) for topic, day in days for period in names.periods_of_day(day, self._split, self._zone)}

    def _note(self, topic: int, period: str) -> NoteWritten:
        """Write one note; one without messages is not written, and its count is 0."""
        folder = topic_root(self._root, topic, self._topics)
        path = f"{folder}/{names.period_note(period)}"
        start, end = names.period_bounds(period, self._zone)
        messages = self._archive.messages(self._record.id, topic, start, end)
        self._scene.enter(folder)
        first = next(messages, None)
        if first is None:
            return NoteWritten(path, self._record.id, topic, 0, "", changed=False)
        count = 0
        with NoteFile(self._vault / path) as note:
            note.write(self._head(topic, period))
            before: Message | None = None
            for message in self._scene.prepared(first, messages):
                note.write("\n" + render_message(message, self._scene.scene, before) + "\n")
                before, count = message, count + 1
                if count % TELL_EVERY == 0:
                    tell(NoteGrows(path, topic, count))
        tell(NoteGrows(path, topic, count))
        return NoteWritten(path, self._record.id, topic, count, note.sha256, note.changed)

    def _head(self, topic: int, period: str) -> str:
        folder = posixpath.basename(self._record.folder)
        topic_folder = self._topics.get(topic, "")
        return note_front_matter(
            chat=names.title_of(folder),
            chat_id=self._record.id,
            kind=self._record.kind,
            topic=names.title_of(topic_folder) or f"Topic {topic}",
            topic_id=topic,
            period=period,
            zone=self._zone_name,
        )


def render_index(job: IndexJob) -> tuple[NoteWritten, ...]:
    """Write the vault's index.md and those of the chats, from what the archive says was rendered. Raises TobsError."""
    vault = Path(job.vault)
    _, zone = resolve_zone(job.layout.timezone)
    written: list[NoteWritten] = []
    with Archive.open(archive_path(vault), read_only=True) as archive:
        records = archive.chats()
        entries: list[ChatEntry] = []
        for record in records:
            wanted = not job.chats or record.id in job.chats
            entry = _entry(archive, record, {other.id for other in records}, senders=wanted)
            if not entry.count:
                continue
            entries.append(entry)
            if wanted:
                text = render_chat_index(entry, zone)
                written.append(_put(vault, f"{entry.root}/{names.INDEX_NOTE}", text, record.id))
        written.append(_put(vault, names.INDEX_NOTE, render_root_index(entries, zone), 0))
    return tuple(written)


def _put(vault: Path, path: str, text: str, chat: int) -> NoteWritten:
    try:
        with NoteFile(vault / path) as note:
            note.write(text)
    except OSError as error:
        raise output_error(error, vault) from error
    return NoteWritten(path, chat, 0, 0, note.sha256, note.changed)


def _entry(archive: Archive, record: ChatRecord, exported: set[int], *, senders: bool) -> ChatEntry:
    root = root_of(archive, record)
    titles = {known.topic.id: (known.topic.title, known.folder) for known in archive.topics(record.id)}
    folders = {topic: folder for topic, (_, folder) in titles.items()}
    notes: dict[int, list[NoteEntry]] = {}
    for rendered in archive.rendered(record.id):
        notes.setdefault(rendered.topic, []).append(NoteEntry(rendered.path, rendered.count))
    topics = tuple(
        TopicEntry(
            topic, titles.get(topic, ("Outside topics", ""))[0], topic_root(root, topic, folders), tuple(notes[topic])
        )
        for topic in sorted(notes)
    )
    span = archive.span(record.id)
    return ChatEntry(
        id=record.id,
        title=record.title,
        root=root,
        kind=record.kind,
        topics=topics,
        username=record.username,
        about=record.about,
        first_date=span.first_date if span else 0,
        last_date=span.last_date if span else 0,
        members=record.members,
        senders=tuple(_senders(archive, record)) if senders else (),
        old_half=f"{root}/{names.BEFORE_MIGRATION}" if record.migrated_from in exported else "",
        part_of=record.migrated_to if record.migrated_to in exported else 0,
    )


def _senders(archive: Archive, record: ChatRecord) -> Iterator[tuple[str, int]]:
    counts = archive.senders(record.id)
    peers = archive.peers(sender for sender, _ in counts if sender)
    for sender, count in counts:
        peer = peers.get(sender)
        yield (peer.title if peer is not None and peer.title else f"{sender}" if sender else record.title), count
