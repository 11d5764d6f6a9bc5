"""Rendering a note once more, beside the vault, to see how its file differs from what the archive makes of it."""

from __future__ import annotations

import posixpath
import tempfile
from pathlib import Path

from tobs_tui.archive.archive import Archive
from tobs_tui.engine.note_file import TextFile
from tobs_tui.engine.note_forms import Form
from tobs_tui.engine.note_jobs import fill_note
from tobs_tui.engine.note_plan import NoteTask
from tobs_tui.engine.pseudonyms.masks import masks_of
from tobs_tui.engine.render_stage import filter_of
from tobs_tui.engine.vault import View, World
from tobs_tui.engine.verify_jobs import RegisteredFile, is_as_registered
from tobs_tui.model.profile import Profile
from tobs_tui.render.layout import SINGLE_NOTE

_BLOCK = 1 << 20


def one_byte_differs(archive: Archive, vault: Path, profile: Profile, file: RegisteredFile) -> bool:
    """Whether exactly one byte of a note is another than it was written with: no person edits like that.

    Tells only where the note comes out of the archive as it was written, with the profile's options.
    """
    try:
        if (vault / file.path).stat().st_size != file.size:
            return False
        task, world = _task_of(archive, vault, profile, file)
        if task is None or world is None:
            return False
        with tempfile.TemporaryDirectory(prefix="tobs-verify-") as folder:
            again = Path(folder) / "note"
            with TextFile(again, sync=False) as text:
                fill_note(world, text, task)
            return is_as_registered(again, file) and _differing(again, vault / file.path) == 1
    except OSError:
        return False


def _task_of(
    archive: Archive, vault: Path, profile: Profile, file: RegisteredFile
) -> tuple[NoteTask | None, World | None]:
    """What there is to render for a note, and in which world."""
    record = archive.chat(file.chat)
    finished = archive.finished()
    if record is None:
        return None, None
    filters = tuple(sorted((chat, filter_of(page.options)) for chat, page in finished.items() if page.options))
    keeps = dict(filters).get(file.chat, filter_of(""))
    masks = masks_of(archive)
    people = masks.mark if masks is not None else 0
    linked = frozenset(finished)
    view = View(str(vault), file.chat, profile.layout, profile.media, linked, keeps, tuple(filters), people)
    world = World(archive, view, record, masks)
    stem = posixpath.splitext(posixpath.basename(file.path))[0]
    period = "" if stem == SINGLE_NOTE else stem
    for form in Form:
        if world.path(file.topic, period, form) == file.path:
            return NoteTask(file.topic, period, file.path, 0, form=form), world
    return None, None


def _differing(one: Path, other: Path) -> int:
    """How many bytes of two files of the same size differ, 2 for more."""
    count = 0
    with one.open("rb") as left, other.open("rb") as right:
        while (mine := left.read(_BLOCK)) and count < 2:
            theirs = right.read(_BLOCK)
            if mine != theirs:
                count += sum(a != b for a, b in zip(mine, theirs, strict=True))
    return min(count, 2)
