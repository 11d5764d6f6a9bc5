"""Renders an archive without a run around it: what a run's processes do, one piece of work after the other."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

from msgspec import Struct

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.notes import Busy
from tobs_tui.archive.reading import FAR_ID
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
from tobs_tui.engine.note_plan import NoteTask, Occasion, Survey, SurveyJob, survey_chat
from tobs_tui.engine.vault import View


class Rendered(Struct, frozen=True):
    """What became of a chat's notes: those looked at and written, in the order of the survey; and those that went."""

    survey: Survey
    notes: tuple[NoteWritten, ...]

    @property
    def messages(self) -> int:
        """Messages in the notes written."""
        return sum(one.note.count for one in self.notes)

    @property
    def changed(self) -> list[str]:
        """The paths of the notes whose bytes changed."""
        return [one.note.path for one in self.notes if one.changed]


def write_task(view: View, task: NoteTask) -> NoteWritten:
    """Write one note, in as many pieces as a run would."""
    if not task.cuts:
        return write_notes(NotesJob(view, (task,)))[0]
    start = task.record.last_id if task.grows and task.record is not None else 0
    bounds = itertools.pairwise([start, *task.cuts, FAR_ID])
    parts = [write_part(PartJob(view, task, number, *ids)) for number, ids in enumerate(bounds, start=1)]
    return join_parts(JoinJob(view, task, tuple(parts)))


def render_chat(
    archive: Archive,
    vault: Path,
    chat: int,
    *,
    occasion: Occasion = Occasion.FINAL,
    everything: bool = False,
    **view: Any,
) -> Rendered:
    """Bring a chat's notes up to date and register them, as a run does; `view` are the fields of `View`."""
    seen = View(str(vault), chat, **view)
    survey = survey_chat(SurveyJob(seen, occasion, everything=everything))
    marks = [(task.path, task.topic, Busy.GROWS if task.grows else Busy.REPLACED) for task in survey.tasks]
    archive.begin_notes(chat, marks)
    written = [write_task(seen, task) for task in survey.tasks]
    removed = remove_notes(RemoveJob(seen, survey.gone)) if survey.gone else ()
    left = Counter(day for task in survey.tasks for day in task.shown)
    forms = len({task.form for task in survey.tasks})
    assert all(count <= 2 * forms for count in left.values())  # a day lies in two notes of a form at most
    gone = [one.note.path for one in (*written, *removed) if one.note.record is None]
    archive.put_notes(chat, [one.note for one in written], gone, [*left, *survey.shown])
    return Rendered(survey, (*written, *removed))
