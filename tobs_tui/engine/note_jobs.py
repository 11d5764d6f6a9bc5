"""Writes notes from the archive: small ones whole, in batches; stretches of huge ones beside them, to be joined.

Runs in worker processes, with plain buffered files; the main process writes no note. A note that grows is appended to
and flushed to the disk, any other is written beside itself, flushed, and put in place by one rename. Its folder is
flushed before the result is given, so whoever notes that a note is written can rely on it, through a power cut too.
Each piece of work can be done again from its beginning, wherever a killed process left it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from tobs_tui.archive.notes import Busy, Note, NoteRecord, Stretch
from tobs_tui.archive.reading import FAR_ID
from tobs_tui.archive.schema import output_error
from tobs_tui.engine.note_file import (
    TextFile,
    append_files,
    beside,
    changed_by_hand,
    flush_folder,
    keep_aside,
    put_in_place,
    remove_empty_folders,
    sha256_of,
    with_few_stretches,
)
from tobs_tui.engine.note_forms import is_note, renderer_of
from tobs_tui.engine.note_plan import NoteTask
from tobs_tui.engine.processes import tell
from tobs_tui.engine.vault import View, World, world_of
from tobs_tui.model.messages import Message
from tobs_tui.render import layout as names

_NEVER = 1 << 40
"""Later than any date."""

TELL_EVERY = 1000
"""Messages of one note between two reports on its progress."""


class NotesJob(Struct, frozen=True):
    """Notes of one chat to write, each in one go."""

    view: View
    tasks: tuple[NoteTask, ...]


class PartJob(Struct, frozen=True):
    """A stretch of a huge note, to be written beside it: messages with after < id <= upto. `number` counts from 1."""

    view: View
    task: NoteTask
    number: int
    after: int
    upto: int


class NotePart(Struct, frozen=True):
    """What went into a note, or a stretch of one; fields as in `NoteRecord`. `count` messages were shown."""

    stretch: Stretch
    seen: int
    count: int
    last_id: int
    shown_id: int
    senders: dict[int, int]
    pointed: frozenset[int]
    missing: frozenset[tuple[int, int]]
    copies: frozenset[tuple[int, int]]
    thin: frozenset[tuple[int, bool]]
    first_date: int
    last_date: int


class JoinJob(Struct, frozen=True):
    """A huge note whose parts are all written."""

    view: View
    task: NoteTask
    parts: tuple[NotePart, ...]


class RemoveJob(Struct, frozen=True):
    """Paths of a chat's notes that are to go: another layout has put their messages elsewhere."""

    view: View
    paths: tuple[str, ...]


class NoteWritten(Struct, frozen=True):
    """A note as it is now. `changed` tells whether its bytes did; `kept` is where, relative to the vault, the file is
    kept that a person had made of it. A note without messages is not written, and its `count` is 0."""

    note: Note
    changed: bool
    kept: str = ""


class NoteGrows(Struct, frozen=True):
    """`more` messages have gone into a note of a chat; told by `tell`."""

    chat: int
    topic: int
    path: str
    more: int


def write_notes(job: NotesJob) -> tuple[NoteWritten, ...]:
    """Write notes. Raises TobsError when the archive cannot be read or the vault not be written."""
    world = world_of(job.view)
    if world is None:
        return ()
    writer = _NoteWriter(world)
    try:
        written = tuple(writer.write(task) for task in job.tasks)
        for folder in sorted({(world.vault / one.note.path).parent for one in written if one.note.record is not None}):
            flush_folder(folder)
    except OSError as error:
        raise output_error(error, world.vault) from error
    return written


def write_part(job: PartJob) -> NotePart:
    """Write a stretch of a note beside it. Raises TobsError as `write_notes` does, and LookupError without a chat."""
    world = _world(job.view)
    path = beside(world.vault / job.task.path, job.number)
    try:
        with TextFile(path, sync=False) as file:
            head = job.number == 1 and not job.task.grows
            return _NoteWriter(world).fill(file, job.task, job.after, job.upto, head=head)
    except OSError as error:
        raise output_error(error, world.vault) from error


def join_parts(job: JoinJob) -> NoteWritten:
    """Make a note of its parts. Raises TobsError as `write_notes` does, and LookupError without a chat."""
    world = _world(job.view)
    try:
        written = _NoteWriter(world).join(job.task, job.parts)
        flush_folder((world.vault / job.task.path).parent)
    except OSError as error:
        raise output_error(error, world.vault) from error
    return written


def remove_notes(job: RemoveJob) -> tuple[NoteWritten, ...]:
    """Remove notes; those that a person had changed are kept aside. Raises TobsError as `write_notes` does."""
    world = _world(job.view)
    records = {note.path: note for note in world.archive.notes(job.view.chat)}
    removed: list[NoteWritten] = []
    try:
        for path in job.paths:
            known = records.get(path)
            record = known.record if known is not None and known.busy is Busy.NO else None
            edited = changed_by_hand(world.vault / path, record) if record is not None else ""
            kept = keep_aside(world.vault, path, edited) if edited else ""
            (world.vault / path).unlink(missing_ok=True)
            if not is_note(path):
                remove_empty_folders(world.vault, path)
            removed.append(NoteWritten(Note(path, job.view.chat, 0, 0), True, kept))
    except OSError as error:
        raise output_error(error, world.vault) from error
    return tuple(removed)


def fill_note(world: World, file: TextFile, task: NoteTask) -> NotePart:
    """Write all of a note to a file that may be anywhere."""
    return _NoteWriter(world).fill(file, task, 0, FAR_ID, head=True)


def _world(view: View) -> World:
    world = world_of(view)
    if world is None:
        raise LookupError(f"chat {view.chat} is not in the archive")
    return world


class _NoteWriter:
    """Writes notes of one chat."""

    def __init__(self, world: World) -> None:
        self._world, self._archive, self._chat = world, world.archive, world.record.id
        keeps = world.view.keeps
        self._passes = None if keeps.open else keeps.matcher(self._chat)

    def write(self, task: NoteTask) -> NoteWritten:
        """Write one note whole, or what is new of it."""
        path = self._world.vault / task.path
        if task.grows and task.record is not None:
            with TextFile(path, task.record.size) as file:
                part = self.fill(file, task, task.record.last_id, FAR_ID, head=False)
            return NoteWritten(self._note(task, (part,)), part.stretch.size > 0)
        draft = beside(path)
        with TextFile(draft) as file:
            part = self.fill(file, task, 0, FAR_ID, head=True)
        return self._place(task, (part,), draft)

    def join(self, task: NoteTask, parts: Sequence[NotePart]) -> NoteWritten:
        """Put the parts that were written beside a note in its place, or behind what is there."""
        path = self._world.vault / task.path
        files = [beside(path, number) for number in range(1, len(parts) + 1)]
        if not all(file.exists() for file in files):  # only a process that was done with them has removed any
            written = self._joined_before(task, parts)
        elif task.grows and task.record is not None:
            append_files(path, task.record.size, files)
            written = NoteWritten(self._note(task, parts), True)
        else:
            draft = beside(path)
            draft.write_bytes(b"")
            append_files(draft, 0, files)
            written = self._place(task, parts, draft)
        for file in files:
            file.unlink(missing_ok=True)
        return written

    def _joined_before(self, task: NoteTask, parts: Sequence[NotePart]) -> NoteWritten:
        """What a process has made of the parts that was killed before it could say so."""
        if not any(part.count for part in parts) and not task.grows:
            return self._empty(task)
        kept = keep_aside(self._world.vault, task.path, task.edited) if task.edited else ""
        return NoteWritten(self._note(task, parts), True, kept)

    def _place(self, task: NoteTask, parts: Sequence[NotePart], draft: Path) -> NoteWritten:
        path = self._world.vault / task.path
        if not any(part.count for part in parts):
            draft.unlink()
            if task.record is not None and not task.edited:
                path.unlink(missing_ok=True)
            return self._empty(task)
        kept = ""
        if task.edited and sha256_of(draft) != task.edited:
            kept = keep_aside(self._world.vault, task.path, task.edited)
        changed = put_in_place(draft, path)
        return NoteWritten(self._note(task, parts), changed, kept)

    def _empty(self, task: NoteTask) -> NoteWritten:
        """The result for a note without messages."""
        return NoteWritten(Note(task.path, self._chat, task.topic, 0), False)

    def fill(self, file: TextFile, task: NoteTask, after: int, upto: int, *, head: bool) -> NotePart:
        """Write a note's messages with after < id <= upto, below its front matter if it is the `head` of the note."""
        world = self._world
        folder = world.folder(task.topic)
        uses = world.scene.enter(folder, task.form)
        start, end = names.period_bounds(task.period, world.zone)
        before = self._message_before(task, after, start, end)
        renderer = renderer_of(task.form, world.scene.scene)
        chunks = self._archive.message_chunks(self._chat, task.topic, start, end, after=after, upto=upto)
        if head:
            file.write(world.head(task.topic, task.period, task.form))
        leads = task.form is world.leading
        senders: Counter[int] = Counter()
        seen = count = told = last_id = last_date = 0
        first_date = _NEVER
        for chunk in world.scene.prepared(chunks):
            seen, last_id = seen + len(chunk), chunk[-1].id
            shown = chunk if self._passes is None else [one for one in chunk if self._passes(one)]
            if not shown:
                continue
            file.write(renderer.chunk(self._told(shown), self._told([before])[0] if before is not None else None))
            senders.update([message.sender for message in shown])
            before, count = shown[-1], count + len(shown)
            dates = [message.date for message in shown]
            first_date, last_date = min([first_date, *dates]), max([last_date, *dates])
            if leads and count - told >= TELL_EVERY:
                tell(NoteGrows(self._chat, task.topic, task.path, count - told))
                told = count
        if leads and count > told:
            tell(NoteGrows(self._chat, task.topic, task.path, count - told))
        return NotePart(
            file.end(),
            seen,
            count,
            last_id,
            before.id if before is not None else 0,
            dict(senders),
            frozenset(uses.pointed),
            frozenset(uses.missing),
            frozenset(uses.copies),
            frozenset(uses.thin),
            first_date,
            last_date,
        )

    def _told(self, messages: list[Message]) -> list[Message]:
        """The messages as the vault tells them."""
        masks = self._world.masks
        return messages if masks is None else [masks.message(message) for message in messages]

    def _message_before(self, task: NoteTask, after: int, start: int, end: int) -> Message | None:
        """The message above the first one to be written in its note."""
        if not after:
            return None
        for message in self._archive.messages_backward(self._chat, task.topic, start, end, upto=after):
            if self._passes is None or self._passes(message):
                return message
        return None

    def _note(self, task: NoteTask, parts: Sequence[NotePart]) -> Note:
        """The register's entry for a note that was made of these parts, behind what it had if it grew."""
        known = task.record if task.grows else None
        path = self._world.vault / task.path
        senders = Counter(known.senders if known is not None else {})
        stretches = list(known.stretches if known is not None else ())
        pointed = set(known.pointed if known is not None else ())
        missing = set(known.missing if known is not None else ())
        copies = set(known.copies if known is not None else ())
        thin = set(known.thin if known is not None else ())
        for part in parts:
            senders.update(part.senders)
            stretches.append(part.stretch)
            pointed |= part.pointed
            missing |= part.missing
            copies |= part.copies
            thin |= part.thin
        record = NoteRecord(
            options=self._world.options,
            stretches=tuple(with_few_stretches(path, [stretch for stretch in stretches if stretch.size])),
            mtime_ns=path.stat().st_mtime_ns,
            seen=sum(part.seen for part in parts) + (known.seen if known is not None else 0),
            last_id=max([part.last_id for part in parts] + ([known.last_id] if known is not None else [])),
            shown_id=max([part.shown_id for part in parts] + ([known.shown_id] if known is not None else [])),
            senders=dict(senders),
            pointed=tuple(sorted(pointed)),
            led=tuple(sorted(pointed & self._world.scene.linked)),
            missing=tuple(sorted(missing)),
            copies=tuple(sorted(copies)),
            thin=tuple(sorted(thin)),
            first_date=min([part.first_date for part in parts] + ([known.first_date] if known is not None else [])),
            last_date=max([part.last_date for part in parts] + ([known.last_date] if known is not None else [])),
        )
        count = sum(senders.values()) if task.form is self._world.leading else 0
        return Note(task.path, self._chat, task.topic, count, Busy.NO, record)
