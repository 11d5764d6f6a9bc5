"""Writes the index pages of a vault, from what the archive's register says of its notes, and what else its pages need:
their style sheet and the search page with its list. Runs in a worker process.

An index.md that a person has changed, or made, is kept aside before another one takes its place, as notes are.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.checking import PageRecord
from tobs_tui.archive.notes import NoteRecord
from tobs_tui.archive.records import ChatRecord, FileFilter, FileScope
from tobs_tui.archive.schema import output_error
from tobs_tui.engine.note_file import TextFile, beside, is_endless, keep_aside, put_in_place, remove_empty_folders
from tobs_tui.engine.note_forms import is_note
from tobs_tui.engine.pseudonyms.masks import Masks, masks_of
from tobs_tui.engine.vault import archive_of, resolve_zone, root_of, topic_root
from tobs_tui.model.peers import PeerKind
from tobs_tui.model.profile import Format, Layout, Split
from tobs_tui.render import layout as names
from tobs_tui.render.chars import clean_line
from tobs_tui.render.html.index import render_chat_page, render_root_page
from tobs_tui.render.html.page import SEARCH_PAGE, STYLE_SHEET, style_sheet
from tobs_tui.render.html.search_data import LIST, SearchFile, SearchList
from tobs_tui.render.html.search_page import search_page
from tobs_tui.render.index import is_as_written, render_chat_index, render_root_index
from tobs_tui.render.overview import ChatEntry, ChatLink, NoteEntry, SenderEntry, TopicEntry

_INDEXES = {Format.MARKDOWN: (render_root_index, render_chat_index), Format.HTML: (render_root_page, render_chat_page)}
_SITE: dict[str, Callable[[], str]] = {STYLE_SHEET: style_sheet, SEARCH_PAGE: search_page}
"""What the pages of a vault share."""
_OURS = ('source: "telegram"\n', '<meta name="generator" content="tobs">\n', "tobs(", "/* tobs")
"""What files of ours that no register has are known by: their heads hold the first two, or begin with the others."""
_HEAD = 2_000


class IndexJob(Struct, frozen=True):
    """The index pages to write: the vault's, those of `chats` (None = every chat's) and of chats that those lead to,
    and those that a run which ended early has left out. `filters` say of some chats which of their messages are
    shown."""

    vault: str
    layout: Layout = Layout()
    chats: tuple[int, ...] | None = None
    filters: tuple[tuple[int, str], ...] = ()


class PageWritten(Struct, frozen=True):
    """A page that changed: its path, and where the one is kept ('' = nowhere) that a person had made of it; both
    relative to the vault."""

    path: str
    kept: str = ""


class IndexWritten(Struct, frozen=True):
    """What came of a job: the pages that changed, what all pages hold that it was to write, and those not to be."""

    changed: tuple[PageWritten, ...]
    pages: tuple[PageRecord, ...]
    gone: tuple[str, ...]


class _Pages:
    """Writes pages of one vault."""

    def __init__(self, vault: Path) -> None:
        self._vault = vault
        self._changed: list[PageWritten] = []
        self._pages: list[PageRecord] = []
        self._gone: list[str] = []

    def put(self, path: str, text: str) -> None:
        """Write a file, or see that none of ours is there where it would be empty."""
        file = self._vault / path
        try:
            edited = _edited(file) if file.name == names.INDEX_NOTE and (text or _is_ours(file)) else ""
            kept = keep_aside(self._vault, path, edited) if edited else ""
            if not text:
                self._gone.append(path)
                if _is_ours(file):
                    file.unlink()
                    remove_empty_folders(self._vault, path)
                return
            draft = beside(file)
            with TextFile(draft) as opened:
                opened.write(text)
                held = opened.end()
            if put_in_place(draft, file):
                self._changed.append(PageWritten(path, kept))
            self._pages.append(PageRecord(path, held.size, held.sha256, file.stat().st_mtime_ns))
        except OSError as error:
            raise output_error(error, self._vault) from error

    def written(self) -> IndexWritten:
        """What came of it."""
        return IndexWritten(tuple(self._changed), tuple(self._pages), tuple(self._gone))


def render_index(job: IndexJob) -> tuple[PageWritten, ...]:
    """As `write_index`; gives only the pages that changed."""
    return write_index(job).changed


def write_index(job: IndexJob) -> IndexWritten:
    """Write the vault's index pages and those of the chats, and what else its pages need. Raises TobsError."""
    vault = Path(job.vault)
    _, zone = resolve_zone(job.layout.timezone)
    archive = archive_of(vault)
    masks = masks_of(archive)
    pages = _Pages(vault)
    records = archive.chats()
    exported = {record.id: record for record in records}
    filters, written = dict(job.filters), archive.transcript_counts()
    entries: list[ChatEntry] = []
    for record in records:
        leads_to = {record.id, *(other.id for _, other in _relations(record, exported))}
        wanted = job.chats is None or not leads_to.isdisjoint(job.chats)
        wanted = wanted or not _is_settled(vault, root_of(archive, record), job)
        shown, transcripts = filters.get(record.id, ""), written.get(record.id, 0)
        entry = _entry(archive, record, exported, shown, transcripts, in_full=wanted)
        entry = entry if masks is None else _masked(entry, record, masks)
        if not entry.count:
            continue
        entries.append(entry)
        if wanted:
            for form, (_, render_chat) in _INDEXES.items():
                text = render_chat(entry, zone) if form in job.layout.indexes else ""
                pages.put(f"{entry.root}/{names.index_note(form)}", text)
    for form, (render_root, _) in _INDEXES.items():
        text = render_root(entries, zone) if form in job.layout.indexes else ""
        pages.put(names.index_note(form), text)
    for path, make in _SITE.items():
        pages.put(path, make() if Format.HTML in job.layout.formats else "")
    listed = search_list(archive, entries, job.layout.split).render() if Format.HTML in job.layout.formats else ""
    pages.put(LIST, listed)
    return pages.written()


def _is_settled(vault: Path, root: str, job: IndexJob) -> bool:
    """Whether a chat has index pages in the wanted formats, and in no other."""
    return all((vault / root / names.index_note(form)).exists() == (form in job.layout.indexes) for form in _INDEXES)


def search_list(archive: Archive, entries: list[ChatEntry], split: Split) -> SearchList:
    """What the search page can look through: the newest months first, those of a month by the titles of their chats."""
    titles: dict[str, str] = {}
    files: list[SearchFile] = []
    for entry in sorted(entries, key=lambda entry: (entry.title.casefold(), entry.id)):
        titles[entry.root] = clean_line(entry.title) + (" (before the migration)" if entry.part_of else "")
        for topic in entry.topics:
            if topic.id:
                titles[topic.folder] = f"{titles[entry.root]} · {clean_line(topic.title)}"
        for path in archive.paths_of(entry.id):
            if not is_note(path):
                folder, _, name = path.partition("/")[2].rpartition("/")
                files.append(SearchFile(folder, name.removesuffix(".js")))
    files.sort(key=lambda file: file.month, reverse=True)  # stable: chats stay in the order of their titles
    return SearchList(split, titles, files)


def _is_ours(file: Path) -> bool:
    """Whether a file is there that an earlier run has written, and not another of the same name."""
    if not file.is_file():
        return False
    with file.open(encoding="utf-8", errors="replace") as opened:
        head = opened.read(_HEAD)
    return any(mark in head for mark in _OURS[:2]) or head.startswith(_OURS[2:])


def _edited(page: Path) -> str:
    """The SHA-256 of an index.md that is not as this program has written it, '' for one that is, or is not there."""
    try:
        if is_endless(page.stat()):
            return ""
        content = page.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return "" if is_as_written(content.decode("utf-8", "replace")) else hashlib.sha256(content).hexdigest()


def _entry(
    archive: Archive,
    record: ChatRecord,
    exported: dict[int, ChatRecord],
    shown: str,
    transcripts: int,
    *,
    in_full: bool,
) -> ChatEntry:
    """What the pages say of a chat; `in_full` with what only its own page says."""
    root = root_of(archive, record)
    records = {note.path: note.record for note in archive.notes(record.id) if note.count} if in_full else {}
    titles = {known.topic.id: (known.topic.title, known.folder) for known in archive.topics(record.id)}
    folders = {topic: folder for topic, (_, folder) in titles.items()}
    notes: dict[int, list[NoteEntry]] = {}
    for path, topic, count in archive.note_counts(record.id):
        known = records.get(path)
        dates = (known.first_date, known.last_date) if known is not None else (0, 0)
        notes.setdefault(topic, []).append(NoteEntry(path, count, *dates))
    topics = tuple(
        TopicEntry(
            topic, titles.get(topic, ("Outside topics", ""))[0], topic_root(root, topic, folders), tuple(notes[topic])
        )
        for topic in sorted(notes)
    )
    span = archive.span(record.id)
    files = archive.file_totals(FileFilter((FileScope(record.id),))) if in_full else []
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
        files=sum(part.done for part in files),
        file_bytes=sum(part.bytes_done for part in files),
        senders=tuple(_senders(archive, record, records.values())),
        related=tuple(_related(archive, record, exported)) if in_full else (),
        shown=shown,
        partial=not archive.ledger(record.id).covers(1, span.last_id if span else 0),
        transcripts=transcripts,
        part_of=record.migrated_to if record.migrated_to in exported else 0,
    )


def _masked(entry: ChatEntry, record: ChatRecord, masks: Masks) -> ChatEntry:
    """What the pages say of a chat where people are shown by stand-ins."""
    person = masks.of_id(record.id) != record.id
    return replace(
        entry,
        id=masks.of_id(record.id),
        title=masks.title(record),
        username="" if person else record.username,
        about="" if person else masks.text(entry.about),
        topics=tuple(replace(topic, title=masks.text(topic.title)) for topic in entry.topics),
        senders=tuple(_masked_sender(sender, masks) for sender in entry.senders),
        related=tuple(replace(other, title=masks.text(other.title)) for other in entry.related),
    )


def _masked_sender(sender: SenderEntry, masks: Masks) -> SenderEntry:
    person = masks.of_id(sender.id) != sender.id
    return replace(sender, name=masks.name(sender.id, sender.name), username="" if person else sender.username)


def _relations(record: ChatRecord, exported: dict[int, ChatRecord]) -> Iterator[tuple[str, ChatRecord]]:
    """The exported chats that belong to a chat, each with what it is to it. An imported old half is known to it only,
    not to its supergroup."""
    old = exported.get(record.migrated_from) or next(
        (other for other in exported.values() if other.migrated_to == record.id), None
    )
    if old is not None:
        yield "Before it was a supergroup", old
    if new := exported.get(record.migrated_to):
        yield "After it became a supergroup", new
    if linked := exported.get(record.linked_chat):
        yield "Comments on" if linked.kind is PeerKind.CHANNEL else "Comments", linked


def _related(archive: Archive, record: ChatRecord, exported: dict[int, ChatRecord]) -> Iterator[ChatLink]:
    """The chats of the vault that a chat's page leads to."""
    for label, other in _relations(record, exported):
        if archive.note_counts(other.id):
            yield ChatLink(label, other.title, root_of(archive, other))


def _senders(archive: Archive, record: ChatRecord, records: Iterable[NoteRecord | None]) -> Iterator[SenderEntry]:
    """Who wrote how many of the messages in a chat's notes, most first. The notes' records have counted them."""
    counts: Counter[int] = Counter()
    for note in records:
        if note is not None:
            counts.update(note.senders)
    peers = archive.peers(sender for sender in counts if sender)
    for sender, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        peer = peers.get(sender)
        name = peer.title if peer is not None and peer.title else f"{sender}" if sender else record.title
        yield SenderEntry(name, count, peer.username if peer is not None else "", sender or record.id)
