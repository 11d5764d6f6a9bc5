"""What rendering an archive costs, by stage: ``python -m tests.benchmarks.render_archive VAULT``.

Works on a copy of the vault's archive, in this one process, with the parts that a run's processes use. `make bench`
takes the figures from `render_cost`.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from tests.render_help import render_chat
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine.note_file import TextFile
from tobs_tui.engine.vault import View, leave, world_of
from tobs_tui.model.messages import Message
from tobs_tui.render.note import NoteRenderer


class RenderCost(Struct, frozen=True):
    """CPU microseconds a message: the stages one by one, and all of it as a run's processes do it."""

    messages: int
    read: float
    scene: float
    render: float
    write: float
    whole: float


class _Clock:
    """Adds up the CPU time of this process by stage."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(("read", "scene", "render", "write"), 0.0)

    @contextlib.contextmanager
    def at(self, stage: str) -> Iterator[None]:
        began = time.process_time()
        try:
            yield
        finally:
            self.seconds[stage] += time.process_time() - began


@contextlib.contextmanager
def _copy_of(vault: Path) -> Iterator[Path]:
    """A vault with the same archive, and nothing rendered."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        archive_path(copy).parent.mkdir()
        with contextlib.closing(sqlite3.connect(archive_path(vault))) as source:
            with contextlib.closing(sqlite3.connect(archive_path(copy))) as target:
                source.backup(target)
                target.execute("DELETE FROM notes")
                target.execute("DELETE FROM finished")
                target.commit()
        try:
            yield copy
        finally:
            leave()


def _by_stage(archive: Archive, vault: Path) -> _Clock:
    """Render every chat into one file, a chunk at a time, with a clock between the stages."""
    clock = _Clock()
    for record in archive.chats():
        world = world_of(View(str(vault), record.id))
        assert world is not None
        world.scene.enter(world.folder(0))
        renderer, before = NoteRenderer(world.scene.scene), None
        handed: list[list[Message]] = []
        prepared = world.scene.prepared(iter(handed.pop, None))  # a chunk goes in, and comes out
        chunks = world.archive.message_chunks(record.id)
        with TextFile(vault / f"{record.id}.md") as file:
            while True:
                with clock.at("read"):
                    chunk = next(chunks, None)
                if chunk is None:
                    break
                handed.append(chunk)
                with clock.at("scene"):
                    next(prepared)
                with clock.at("render"):
                    text = renderer.chunk(chunk, before)
                with clock.at("write"):
                    file.write(text)
                before = chunk[-1]
            with clock.at("write"):
                file.end()
    return clock


def render_cost(vault: Path) -> RenderCost:
    """Render a vault's archive twice, by stage and as a run would, and say what it cost."""
    with _copy_of(vault) as copy, Archive.open(archive_path(copy)) as archive:
        messages = sum(archive.count(record.id) for record in archive.chats())
        stages = _by_stage(archive, copy).seconds
        began = time.process_time()
        rendered = sum(render_chat(archive, copy, record.id, everything=True).messages for record in archive.chats())
        whole = time.process_time() - began
    if rendered != messages:
        raise RuntimeError(f"{rendered} of {messages} messages were rendered")
    per = 1e6 / max(1, messages)
    figures = {name: round(seconds * per, 2) for name, seconds in stages.items()}
    return RenderCost(messages=messages, whole=round(whole * per, 2), **figures)


if __name__ == "__main__":
    print(render_cost(Path(sys.argv[1])))
