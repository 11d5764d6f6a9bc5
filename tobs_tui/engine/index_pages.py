"""Writes the index pages of a vault, from what the archive's register says of its notes, and what else its pages need:
their style sheet and the search page with its list. Runs in a worker process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import ChatRecord
from tobs_tui.archive.schema import output_error
from tobs_tui.engine.note_file import TextFile, beside, put_in_place, remove_empty_folders
from tobs_tui.engine.note_forms import is_note
from tobs_tui.engine.vault import archive_of, resolve_zone, root_of, topic_root
from tobs_tui.model.profile import Format, Layout, Split
from tobs_tui.render import layout as names
from tobs_tui.render.chars import clean_line
from tobs_tui.render.html.index import render_chat_page, render_root_page
from tobs_tui.render.html.page import SEARCH_PAGE, STYLE_SHEET, style_sheet
from tobs_tui.render.html.search_data import LIST, SearchFile, SearchList
from tobs_tui.render.html.search_page import search_page
from tobs_tui.render.index import render_chat_index, render_root_index
from tobs_tui.render.overview import ChatEntry, NoteEntry, TopicEntry

_INDEXES = {Format.MARKDOWN: (render_root_index, render_chat_index), Format.HTML: (render_root_page, render_chat_page)}
_SITE: dict[str, Callable[[], str]] = {STYLE_SHEET: style_sheet, SEARCH_PAGE: search_page}
"""What the pages of a vault share."""
_OURS = ('source: "telegram"\n', '<meta name="generator" content="tobs">\n', "tobs(", "/* tobs")
"""What files of ours that no register has are known by: their heads hold the first two, or begin with the others."""
_HEAD = 2_000


class IndexJob(Struct, frozen=True):
    """The index pages to write: the vault's, those of `chats` (None = every chat's), and those that a run which ended
    early has left out. `filters` say of some chats which of their messages are shown."""

    vault: str
    layout: Layout = Layout()
    chats: tuple[int, ...] | None = None
    filters: tuple[tuple[int, str], ...] = ()


def render_index(job: IndexJob) -> tuple[str, ...]:
    """Write the vault's index pages and those of the chats; gives the paths of those that changed. Raises TobsError."""
    vault = Path(job.vault)
    _, zone = resolve_zone(job.layout.timezone)
    archive = archive_of(vault)
    changed: list[str] = []
    records = archive.chats()
    exported = {record.id for record in records}
    filters = dict(job.filters)
    entries: list[ChatEntry] = []
    for record in records:
        wanted = job.chats is None or record.id in job.chats or not _is_settled(vault, root_of(archive, record), job)
        entry = _entry(archive, record, exported, filters.get(record.id, ""), senders=wanted)
        if not entry.count:
            continue
        entries.append(entry)
        if wanted:
            for form, (_, render_chat) in _INDEXES.items():
                text = render_chat(entry, zone) if form in job.layout.indexes else ""
                changed += _put(vault, f"{entry.root}/{names.index_note(form)}", text)
    for form, (render_root, _) in _INDEXES.items():
        text = render_root(entries, zone) if form in job.layout.indexes else ""
        changed += _put(vault, names.index_note(form), text)
    for path, make in _SITE.items():
        changed += _put(vault, path, make() if Format.HTML in job.layout.formats else "")
    listed = search_list(archive, entries, job.layout.split).render() if Format.HTML in job.layout.formats else ""
    changed += _put(vault, LIST, listed)
    return tuple(changed)


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


def _put(vault: Path, path: str, text: str) -> Iterator[str]:
    """Write a file, or see that none of ours is there where it would be empty."""
    file = vault / path
    try:
        if not text:
            if _is_ours(file):
                file.unlink()
                remove_empty_folders(vault, path)
            return
        draft = beside(file)
        with TextFile(draft) as opened:
            opened.write(text)
            opened.end()
        if put_in_place(draft, file):
            yield path
    except OSError as error:
        raise output_error(error, vault) from error


def _is_ours(file: Path) -> bool:
    """Whether a file is there that an earlier run has written, and not another of the same name."""
    if not file.is_file():
        return False
    with file.open(encoding="utf-8", errors="replace") as opened:
        head = opened.read(_HEAD)
    return any(mark in head for mark in _OURS[:2]) or head.startswith(_OURS[2:])


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
