"""Brings the notes of one chat after another up to date: surveys them, has them written in parallel, registers them.

What the register says is committed every few seconds, so that a killed run costs no more than those.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any, ParamSpec, TypeVar

from msgspec import Struct

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.notes import Busy, Note
from tobs_tui.archive.reading import FAR_ID
from tobs_tui.archive.records import Touched
from tobs_tui.engine.commit import Writer
from tobs_tui.engine.governor import Gate
from tobs_tui.engine.note_jobs import (
    JoinJob,
    NotesJob,
    NoteWritten,
    PartJob,
    RemoveJob,
    join_parts,
    remove_notes,
    write_notes,
    write_part,
)
from tobs_tui.engine.note_plan import STRETCH, NoteTask, Survey, SurveyJob, survey_chat
from tobs_tui.engine.processes import ProcessPool
from tobs_tui.engine.together import all_or_none
from tobs_tui.engine.vault import View
from tobs_tui.monitor.clock import monotonic

P = ParamSpec("P")
T = TypeVar("T")

SAVE_S = 2.0
"""Seconds of rendering that a kill may cost."""
NOTES_AT_ONCE = 32
"""Small notes in one piece of work at most."""


class Watcher(Struct, frozen=True):
    """Who hears how notes fare: `begun` of what a chat's register says before, `written` of each note, `failed` of an
    error that concerns some notes of a chat only."""

    begun: Callable[[int, list[tuple[str, int, int]], tuple[NoteTask, ...]], None]
    written: Callable[[int, NoteWritten], None]
    failed: Callable[[int, Exception], None]


class _Register:
    """What is written of one chat, on its way into the archive."""

    def __init__(self, writer: Writer, chat: int, survey: Survey) -> None:
        self._writer, self._chat = writer, chat
        self._left = Counter(day for task in survey.tasks for day in task.shown)  # notes that each day still waits for
        self._notes: list[Note] = []
        self._gone: list[str] = []
        self._shown: list[Touched] = [*survey.shown]
        self._saved_at = monotonic()
        self.pointed: frozenset[int] = frozenset()

    def take(self, task: NoteTask, note: Note) -> None:
        """A task is done."""
        if note.record is not None:
            self._notes.append(note)
            self.pointed |= frozenset(note.record.pointed)
        else:
            self._gone.append(note.path)
        for day in task.shown:
            self._left[day] -= 1
            if not self._left[day]:
                self._shown.append(day)

    def drop(self, paths: Iterable[str]) -> None:
        """Notes are no notes any more."""
        self._gone.extend(paths)

    async def save(self, *, due: bool = False) -> None:
        """Commit what is done; with `due`, only when that is worth it."""
        if due and monotonic() - self._saved_at < SAVE_S:
            return
        notes, gone, shown = self._notes, self._gone, self._shown
        self._notes, self._gone, self._shown = [], [], []
        self._saved_at = monotonic()
        if notes or gone or shown:
            await self._writer.submit(lambda archive: archive.put_notes(self._chat, notes, gone, shown))


class NoteCrew:
    """Writes notes in the pool's processes, as many pieces at once as `gate` lets through."""

    def __init__(self, pool: ProcessPool, writer: Writer, gate: Gate, watcher: Watcher) -> None:
        self._pool, self._writer, self._gate, self._watcher = pool, writer, gate, watcher
        self._locks: dict[int, asyncio.Lock] = {}
        self.waiting = 0  # pieces of work not yet done
        self.stopped = False

    async def bring(self, job: SurveyJob) -> frozenset[int] | None:
        """Bring a chat's notes up to date, as far as the occasion asks for.

        Gives the other chats that its notes' links lead into, or would; None when it could not be done in full.
        Raises what `watcher.failed` raises.
        """
        chat = job.view.chat
        async with self._locks.setdefault(chat, asyncio.Lock()):
            survey = await self._guarded(chat, self._in_turn(survey_chat, job))
            if survey is None or not (survey.tasks or survey.gone or survey.shown):
                return None if survey is None else survey.pointed
            marks = [(task.path, task.topic, Busy.GROWS if task.grows else Busy.REPLACED) for task in survey.tasks]
            before = await self._writer.submit(lambda archive: _begin(archive, chat, marks))
            self._watcher.begun(chat, before, survey.tasks)
            register = _Register(self._writer, chat, survey)
            try:
                done = await self._write(job.view, survey, register)
            finally:
                await register.save()
            return survey.pointed | register.pointed if done else None

    async def _write(self, view: View, survey: Survey, register: _Register) -> bool:
        """Write everything that a survey found due. False when some of it could not be written."""
        units = [self._huge(view, task, register) for task in survey.tasks if task.cuts]
        units += [self._small(view, batch, register) for batch in _batches(survey.tasks)]
        done = all(await all_or_none(*(self._guarded(view.chat, unit) for unit in units)))
        if not (done and survey.gone):
            return done
        kept = await self._guarded(view.chat, self._in_turn(remove_notes, RemoveJob(view, survey.gone)))
        if kept is None:
            return False
        for note in kept:
            self._watcher.written(view.chat, note)
        register.drop(survey.gone)
        return True

    async def _small(self, view: View, tasks: tuple[NoteTask, ...], register: _Register) -> bool:
        written = await self._in_turn(write_notes, NotesJob(view, tasks))
        for task, note in zip(tasks, written, strict=True):
            self._take(view, task, note, register)
        await register.save(due=True)
        return True

    async def _huge(self, view: View, task: NoteTask, register: _Register) -> bool:
        start = task.record.last_id if task.grows and task.record is not None else 0
        bounds = [start, *task.cuts, FAR_ID]
        jobs = [
            PartJob(view, task, number, after, upto)
            for number, (after, upto) in enumerate(itertools.pairwise(bounds), start=1)
        ]
        parts = await all_or_none(*(self._in_turn(write_part, job) for job in jobs))
        self._take(view, task, await self._in_turn(join_parts, JoinJob(view, task, tuple(parts))), register)
        await register.save(due=True)
        return True

    def _take(self, view: View, task: NoteTask, note: NoteWritten, register: _Register) -> None:
        register.take(task, note.note)
        self._watcher.written(view.chat, note)

    async def _in_turn(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Have a piece of work done when it is its turn. Raises `_Stopped` when no more is to begin."""
        self.waiting += 1
        try:
            async with self._gate:
                if self.stopped:
                    raise _Stopped
                return await self._pool.run(function, *args, **kwargs)
        finally:
            self.waiting -= 1

    async def _guarded(self, chat: int, work: Coroutine[Any, Any, T]) -> T | None:
        """The outcome of work on a chat's notes; None when it failed, which is told."""
        try:
            return await work
        except _Stopped:
            return None
        except Exception as error:  # noqa: BLE001  # a note that trips the renderer must not take the others with it
            self._watcher.failed(chat, error)
            return None


class _Stopped(Exception):
    """No more work is to begin."""


def _begin(archive: Archive, chat: int, marks: list[tuple[str, int, Busy]]) -> list[tuple[str, int, int]]:
    """Mark notes as being written; gives what the register says of the chat's notes: path, topic, messages."""
    archive.begin_notes(chat, marks)
    return archive.note_counts(chat)


def _batches(tasks: Iterable[NoteTask]) -> Iterator[tuple[NoteTask, ...]]:
    """The notes that are no work by themselves, in helpings."""
    batch: list[NoteTask] = []
    messages = 0
    for task in tasks:
        if task.cuts:
            continue
        if batch and (messages + task.messages > STRETCH or len(batch) >= NOTES_AT_ONCE):
            yield tuple(batch)
            batch, messages = [], 0
        batch.append(task)
        messages += task.messages
    if batch:
        yield tuple(batch)
