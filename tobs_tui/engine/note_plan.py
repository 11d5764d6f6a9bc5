"""Finds out which notes of a chat have to be written, and how little of each: the survey before the writing.

Runs in a worker process. A note is left alone when none of its days changed since it was written, it was rendered with
the same options, and whatever its links looked for in vain is still not there. It grows by what is new when nothing
but newer messages came. Everything else is written whole.
"""

from __future__ import annotations

import enum
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from tobs_tui.archive.notes import Busy, Note, NoteRecord
from tobs_tui.archive.records import DAY_SECONDS, DayState, Touched
from tobs_tui.archive.schema import output_error
from tobs_tui.engine.note_file import changed_by_hand
from tobs_tui.engine.note_forms import Form
from tobs_tui.engine.vault import View, World, world_of
from tobs_tui.model.intervals import Interval
from tobs_tui.model.peers import topic_of_scope
from tobs_tui.render import layout as names

STRETCH = 10_000
"""Messages that are written in one piece of work: a tenth of a second, so that decoding never waits longer."""

_MEBIBYTE = 1 << 20


class Occasion(enum.Enum):
    """When a chat is looked at: while it is fetched, when nothing more comes, and when the run is at its end."""

    FETCHING = "fetching"
    FETCHED = "fetched"
    FINAL = "final"


class SurveyJob(Struct, frozen=True):
    """A chat to look at. `scopes` are the topics that are walked, (0,) for its whole history; `everything` asks for
    notes whose days did not change as well."""

    view: View
    occasion: Occasion
    scopes: tuple[int, ...] = (0,)
    everything: bool = False


class NoteTask(Struct, frozen=True):
    """A note to write: `messages` more when it `grows` from `record` on, or all of it, about `messages`.

    `cuts` are ids to divide the work at. `shown` are days that the archive may call rendered when this note, and all
    others with the same days, are written. `edited` is the SHA-256 of what a person made of the file.
    """

    topic: int
    period: str
    path: str
    messages: int
    grows: bool = False
    record: NoteRecord | None = None
    cuts: tuple[int, ...] = ()
    shown: tuple[Touched, ...] = ()
    edited: str = ""
    form: Form = Form.MARKDOWN


class Survey(Struct, frozen=True):
    """The notes of a chat to write, and those that hold nothing any more. `pointed` are the other chats that the links
    of the notes lead into, or would if those were exported; `shown` are changed days that the notes show already."""

    tasks: tuple[NoteTask, ...] = ()
    gone: tuple[str, ...] = ()
    pointed: frozenset[int] = frozenset()
    shown: tuple[Touched, ...] = ()


class _Extent(Struct):
    """A note with the days that it may hold messages of, and their first and last id."""

    topic: int
    period: str
    form: Form
    days: list[DayState]

    @property
    def first_id(self) -> int:
        return min(day.first_id for day in self.days)

    @property
    def last_id(self) -> int:
        return max(day.last_id for day in self.days)

    @property
    def touched(self) -> bool:
        return any(day.touched for day in self.days)


def survey_chat(job: SurveyJob) -> Survey:
    """Look at a chat's notes. Raises TobsError when the archive cannot be read, or the vault."""
    world = world_of(job.view)
    try:
        return Survey() if world is None else _Surveyor(world, job).survey()
    except OSError as error:
        raise output_error(error, Path(job.view.vault)) from error


class _Surveyor:
    """Looks at the notes of one chat once."""

    def __init__(self, world: World, job: SurveyJob) -> None:
        self._world, self._job, self._archive, self._chat = world, job, world.archive, world.record.id
        self._days = world.archive.day_states(self._chat)  # before the messages: what changes meanwhile stays touched
        self._current: set[tuple[int, str, Form]] = set()  # notes of touched days that show them already
        self._notes = {note.path: note for note in world.archive.notes(self._chat)}

    def survey(self) -> Survey:
        extents = self._extents()
        tasks = [task for extent in self._considered(extents) if (task := self._task(extent)) is not None]
        gone: tuple[str, ...] = ()
        if self._job.occasion is Occasion.FINAL:
            paths = {self._world.path(extent.topic, extent.period, extent.form) for extent in extents}
            gone = tuple(path for path in self._notes if path not in paths)
        records = [note.record for note in self._notes.values() if note.record is not None]
        pointed = frozenset[int]().union(*(record.pointed for record in records))
        with_days, shown = self._with_days(tasks)
        return Survey(with_days, gone, pointed, shown)

    def _extents(self) -> list[_Extent]:
        """Every note that days of the chat lie in, by topic, period and form."""
        found: dict[tuple[int, str, Form], _Extent] = {}
        files: dict[int, list[tuple[str, Form]]] = {}
        for day in self._days:
            if day.day not in files:
                files[day.day] = self._world.files_of_day(day.day)
            for period, form in files[day.day]:
                key = (day.topic, period, form)
                found.setdefault(key, _Extent(day.topic, period, form, [])).days.append(day)
        return [found[key] for key in sorted(found)]

    def _considered(self, extents: list[_Extent]) -> Iterator[_Extent]:
        """Those that are worth a look now: while the chat is being fetched, those that are settled."""
        if self._job.occasion is Occasion.FINAL:
            yield from extents
            return
        settled = self._settled(extents) if self._job.occasion is Occasion.FETCHING else None
        for extent in extents:
            if extent.touched and (settled is None or (extent.topic, extent.period) in settled):
                known = self._notes.get(self._world.path(extent.topic, extent.period, extent.form))
                # One that will be written again when its files are there can wait, and then grow by its full text.
                if (settled is not None or (known and known.record)) and self._awaits_files(extent):
                    continue
                yield extent

    def _settled(self, extents: list[_Extent]) -> set[tuple[int, str]]:
        """The notes whose period cannot get further messages: the ledger holds everything from the day with messages
        before it to the one after it."""
        settled: set[tuple[int, str]] = set()
        for scope in self._job.scopes:
            held = self._archive.ledger(self._chat, scope)
            walked = [one for one in extents if topic_of_scope(scope) in (0, one.topic)]
            spans: dict[int, Interval] = {}  # of the days: their first and last ids
            for day in (day for extent in walked for day in extent.days if day.count):
                known = spans.get(day.day, Interval(day.first_id, day.last_id))
                spans[day.day] = Interval(min(known.lo, day.first_id), max(known.hi, day.last_id))
            order = sorted(spans)
            for extent in walked:
                before = bisect_left(order, min(day.day for day in extent.days)) - 1
                after = bisect_right(order, max(day.day for day in extent.days))
                if after == len(order):
                    continue
                low = spans[order[before]].hi if before >= 0 else 1
                if held.covers(min(low, extent.first_id), max(spans[order[after]].lo, extent.last_id)):
                    settled.add((extent.topic, extent.period))
        return settled

    def _awaits_files(self, extent: _Extent) -> bool:
        media = self._job.view.media
        return media.download and self._archive.awaits_files(
            self._chat, extent.first_id, extent.last_id, media.kinds, media.max_size_mb * _MEBIBYTE
        )

    def _task(self, extent: _Extent) -> NoteTask | None:
        path = self._world.path(extent.topic, extent.period, extent.form)
        note = self._notes.get(path)
        record = note.record if note is not None else None
        if not self._is_due(extent, note, path):
            return None
        edited = ""
        if note is None or (note.busy is Busy.NO and record is not None):
            edited = changed_by_hand(self._world.vault / path, record)
        total = sum(day.count for day in extent.days)
        if record is not None and note is not None and not edited and self._may_grow(extent, note, record):
            new = self._added(extent, record)
            if new == 0 and note.busy is Busy.NO:
                self._current.add((extent.topic, extent.period, extent.form))
                return None
            if new >= 0:
                cuts = _cuts(extent.days, new, record.last_id)
                return NoteTask(extent.topic, extent.period, path, new, True, record, cuts, form=extent.form)
        cuts = _cuts(extent.days, total, 0)
        return NoteTask(extent.topic, extent.period, path, total, False, record, cuts, (), edited, extent.form)

    def _is_due(self, extent: _Extent, note: Note | None, path: str) -> bool:
        if extent.touched or (note is not None and note.busy is not Busy.NO):
            return True
        if note is None:
            return self._job.everything
        return (
            note.record is None
            or note.record.options != self._world.options
            or self._counts_otherwise(extent, note)
            or self._is_stale(note.record)
            or self._is_gone(self._world.vault / path)
        )

    def _is_gone(self, path: Path) -> bool:
        """Whether no file is there. A link that leads to none now may lead to a disk that is not plugged in."""
        return not path.is_file() and not path.is_symlink()

    def _counts_otherwise(self, extent: _Extent, note: Note) -> bool:
        """Whether another format than before has the note's messages counted."""
        return (note.count > 0) != (extent.form is self._world.leading)

    def _is_stale(self, record: NoteRecord) -> bool:
        """Whether something that the note's links looked for is somewhere else by now."""
        linked = self._world.scene.linked
        if record.led != tuple(sorted(linked.intersection(record.pointed))):
            return True
        if self._archive.holds_any(record.missing):
            return True
        if any(self._world.scene.copy_of(*post) for post in record.copies if post[0] in linked):
            return True
        known = self._archive.peers(peer for peer, _ in record.thin)
        return any(peer in known and (not seen or known[peer].username) for peer, seen in record.thin)

    def _may_grow(self, extent: _Extent, note: Note, record: NoteRecord) -> bool:
        file = self._world.vault / note.path
        return (
            note.busy is not Busy.REPLACED
            and record.options == self._world.options
            and not self._counts_otherwise(extent, note)
            and all(day.grew for day in extent.days if day.touched)
            and file.is_file()
            and not file.is_symlink()  # what it leads to is not this vault's: the link makes room for a note
            and file.stat().st_size >= record.size
            and not self._is_stale(record)
        )

    def _added(self, extent: _Extent, record: NoteRecord) -> int:
        """How many messages came after those that a note has; -1 when some came among them."""
        start, end = names.period_bounds(extent.period, self._world.zone)
        chat, topic = self._chat, extent.topic
        total = 0
        for day in extent.days:
            first, behind = day.day * DAY_SECONDS, (day.day + 1) * DAY_SECONDS
            if first >= start and behind <= end:
                total += day.count
            else:
                first, behind = max(first, start), min(behind, end)
                bounds = {"after": day.first_id - 1, "upto": day.last_id}
                total += self._archive.count_between(chat, topic, first, behind, **bounds)
        new = self._archive.count_between(chat, topic, start, end, after=record.last_id, upto=extent.last_id)
        return new if total == record.seen + new else -1

    def _with_days(self, tasks: list[NoteTask]) -> tuple[tuple[NoteTask, ...], tuple[Touched, ...]]:
        """The tasks, each with the days that are shown once it and its neighbours are written; and the days that are
        shown already."""
        at_work = {(task.topic, task.period, task.form) for task in tasks}
        seen_to = at_work | self._current
        shown: dict[tuple[int, str, Form], list[Touched]] = {}
        already: list[Touched] = []
        for day in self._days:
            if day.touched:
                notes = [(day.topic, period, form) for period, form in self._world.files_of_day(day.day)]
                if seen_to.issuperset(notes):
                    touched = Touched(day.topic, day.day, day.touched)
                    if at_work.isdisjoint(notes):
                        already.append(touched)
                    for note in at_work.intersection(notes):
                        shown.setdefault(note, []).append(touched)
        with_days = (replace(task, shown=tuple(shown.get((task.topic, task.period, task.form), ()))) for task in tasks)
        return tuple(with_days), tuple(already)


def _cuts(days: Sequence[DayState], messages: int, after: int) -> tuple[int, ...]:
    """Ids to divide a note at, so that about `STRETCH` of its messages past the id `after` lie between two of them."""
    if messages <= STRETCH + STRETCH // 2:
        return ()
    cuts: list[int] = []
    gathered = 0
    for day in sorted(days, key=lambda day: day.first_id):
        first = max(day.first_id, after + 1)
        if first > day.last_id:
            continue
        share = day.count * (day.last_id - first + 1) // (day.last_id - day.first_id + 1)
        pieces = max(1, share // STRETCH)
        for piece in range(1, pieces):
            cuts.append(first + (day.last_id - first + 1) * piece // pieces)
        gathered += share
        if gathered >= STRETCH:
            cuts.append(day.last_id)
            gathered = 0
    inner = sorted({cut for cut in cuts if cut < days[-1].last_id})
    return tuple(inner)
