"""Writes the index pages of a vault, from what the archive's register says of its notes. Runs in a worker process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import ChatRecord
from tobs_tui.archive.schema import output_error
from tobs_tui.engine.note_file import TextFile, beside, put_in_place
from tobs_tui.engine.vault import archive_of, resolve_zone, root_of, topic_root
from tobs_tui.model.profile import Layout
from tobs_tui.render import layout as names
from tobs_tui.render.index import ChatEntry, NoteEntry, TopicEntry, render_chat_index, render_root_index


class IndexJob(Struct, frozen=True):
    """The index pages to write: the vault's, and those of `chats` (None = every chat's). `filters` say of some chats
    which of their messages are shown."""

    vault: str
    layout: Layout = Layout()
    chats: tuple[int, ...] | None = None
    filters: tuple[tuple[int, str], ...] = ()


def render_index(job: IndexJob) -> tuple[str, ...]:
    """Write the vault's index.md and those of the chats; gives the paths of those that changed. Raises TobsError."""
    vault = Path(job.vault)
    _, zone = resolve_zone(job.layout.timezone)
    archive = archive_of(vault)
    changed: list[str] = []
    records = archive.chats()
    exported = {record.id for record in records}
    filters = dict(job.filters)
    entries: list[ChatEntry] = []
    for record in records:
        wanted = job.chats is None or record.id in job.chats
        entry = _entry(archive, record, exported, filters.get(record.id, ""), senders=wanted)
        if not entry.count:
            continue
        entries.append(entry)
        if wanted:
            changed += _put(vault, f"{entry.root}/{names.INDEX_NOTE}", render_chat_index(entry, zone))
    changed += _put(vault, names.INDEX_NOTE, render_root_index(entries, zone))
    return tuple(changed)


def _put(vault: Path, path: str, text: str) -> Iterator[str]:
    try:
        draft = beside(vault / path)
        with TextFile(draft) as file:
            file.write(text)
            file.end()
        if put_in_place(draft, vault / path):
            yield path
    except OSError as error:
        raise output_error(error, vault) from error


def _entry(archive: Archive, record: ChatRecord, exported: set[int], shown: str, *, senders: bool) -> ChatEntry:
    root = root_of(archive, record)
    titles = {known.topic.id: (known.topic.title, known.folder) for known in archive.topics(record.id)}
    folders = {topic: folder for topic, (_, folder) in titles.items()}
    notes: dict[int, list[NoteEntry]] = {}
    for path, topic, count in archive.note_counts(record.id):
        notes.setdefault(topic, []).append(NoteEntry(path, count))
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
        shown=shown,
        partial=not archive.ledger(record.id).covers(1, span.last_id if span else 0),
        part_of=record.migrated_to if record.migrated_to in exported else 0,
    )


def _senders(archive: Archive, record: ChatRecord) -> Iterator[tuple[str, int]]:
    """Who wrote how many of the messages in a chat's notes, most first. The notes' records have counted them."""
    counts: Counter[int] = Counter()
    for note in archive.notes(record.id):
        if note.record is not None and note.count:
            counts.update(note.record.senders)
    peers = archive.peers(sender for sender in counts if sender)
    for sender, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        peer = peers.get(sender)
        yield (peer.title if peer is not None and peer.title else f"{sender}" if sender else record.title), count
