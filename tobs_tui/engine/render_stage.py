"""The rendering half of a run: chats as they are fetched, then once more what the end of the run has changed.

Links from one chat's notes to another's depend on which chats are exported, and links within a chat on which of its
messages are there. So a day counts as rendered only when its chat was complete, and all others of the run were as far
as they will get. Until then notes are previews, and a killed run leaves their days marked as touched.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path

from loguru import logger
from msgspec import Struct

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import Touched
from tobs_tui.archive.schema import output_error
from tobs_tui.engine.chat_jobs import ChatJob
from tobs_tui.engine.commit import Writer
from tobs_tui.engine.processes import ProcessPool
from tobs_tui.engine.render_book import BookPage, RenderBook
from tobs_tui.engine.state import RunBoard
from tobs_tui.engine.vault import IndexJob, NoteGrows, RenderJob, RenderResult, render_chat, render_index
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Profile
from tobs_tui.model.run import ChatState, Failure, WorkerRole, WorkerState
from tobs_tui.monitor.clock import monotonic

_FATAL = frozenset({ErrorCode.DISK_FULL, ErrorCode.OUTPUT_NOT_WRITABLE, ErrorCode.ARCHIVE_UNUSABLE})

SAVE_S = 2.0
"""Seconds of rendering that a kill may cost."""


class _Preview(Struct, frozen=True):
    """A render of a complete chat: what the book would say of it, and the days that it shows."""

    page: BookPage
    done: tuple[Touched, ...]


class RenderStage:
    """Renders in a process of its own. `begin` it, `request` chats as they are fetched, `finish` at the end."""

    def __init__(
        self,
        vault: Path,
        profile: Profile,
        writer: Writer,
        board: RunBoard,
        *,
        on_loss: Callable[[str], None],
        on_fatal: Callable[[TobsError], None],
        files_open: Callable[[tuple[int, int]], bool],
    ) -> None:
        """`on_fatal` hears of an error that every other chat would meet as well."""
        self._vault = vault
        self._profile = profile
        self._writer = writer
        self._board = board
        self._on_fatal = on_fatal
        self._files_open = files_open
        self._pool = ProcessPool(1, on_loss, self._note_grows)
        self._at_work: ChatJob | None = None
        self._notes: dict[str, tuple[int, int]] = {}  # of the chat at work: topic and messages of each note
        self._worker = board.workers.hire("r", WorkerRole.RENDER, 1)[0]
        self._book = RenderBook()
        self._options_changed = False
        self._queue: asyncio.Queue[ChatJob] = asyncio.Queue()
        self._book_dirty = False
        self._done: list[tuple[int, tuple[Touched, ...]]] = []  # days that are final, and not noted as such yet
        self._saved_at = monotonic()
        self._previews: dict[int, _Preview] = {}
        self._complete: set[int] = set()
        self._elsewhere: frozenset[int] = frozenset()
        self._task: asyncio.Task[None] | None = None
        self._stopped = False
        self._written: set[str] = set()  # a note that is written twice, as a preview and finally, is one note

    async def begin(self) -> None:
        """Read what was rendered before, and start the process. Raises `TobsError`."""
        self._book = RenderBook.load(self._vault)
        options = (self._profile.layout, self._profile.media)
        self._options_changed = bool(self._book.chats) and (self._book.layout, self._book.media) != options
        self._book.layout, self._book.media = options
        self._elsewhere = frozenset(self._book.chats)
        if self._options_changed:
            # Said at once: a run that ends early must not leave the next one in the belief that all is as it was.
            self._book.chats.clear()
            await self._save_book()
        for chat in await self._writer.submit(lambda archive: _chats_with_lost_notes(archive, self._vault)):
            self._book.chats.pop(chat, None)
        await self._pool.start()
        self._task = asyncio.create_task(self._preview_forever())

    def request(self, job: ChatJob) -> None:
        """A chat is fetched: show what there is of it."""
        if job.covered:
            self._complete.add(job.target.chat)
        self._queue.put_nowait(job)

    async def note_gap(self, chat: int) -> None:
        """Messages older than rendered ones may come into a chat: its links will have to be looked at again."""
        page = self._book.chats.get(chat)
        if page is not None and not page.gap:
            self._book.chats[chat] = BookPage(page.pointed, page.led, gap=True)
            await self._save_book()

    def stop(self) -> None:
        """Render no further chat."""
        self._stopped = True

    async def close(self) -> None:
        """End the process. What it was at is rendered again by the next run."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._pool.close()

    # --- previews -----------------------------------------------------------------------------------------------------

    async def _preview_forever(self) -> None:
        while True:
            job = await self._queue.get()
            try:
                await self._preview(job)
            except TobsError as error:
                self._on_fatal(error)
            finally:
                self._queue.task_done()

    async def _preview(self, job: ChatJob) -> None:
        chat = job.target.chat
        linked = self._linked()
        everything = self._outdated(chat, linked)
        if everything or await self._writer.submit(lambda archive: bool(archive.touched(chat))):
            result = await self._render(job, linked, everything=everything)
            if result is not None and job.covered:
                self._previews[chat] = _Preview(self._page_after(result, linked, everything=everything), result.done)
        else:
            await self._count_rendered(job)
        for key in job.keys:
            if self._board.row(key).state is ChatState.RENDERING:
                self._board.change(key, state=ChatState.MEDIA if self._files_open(key) else ChatState.DONE)

    def _page_after(self, result: RenderResult, linked: frozenset[int], *, everything: bool) -> BookPage:
        """What the book will say of a chat after a render."""
        known = self._book.chats.get(result.chat)
        before = frozenset[int]() if everything or known is None else known.pointed
        pointed = before | result.pointed
        return BookPage(pointed, linked & pointed)

    def _linked(self) -> frozenset[int]:
        """Chats whose messages are all there: those of this run, and those that earlier runs have finished."""
        return self._elsewhere | self._complete

    def _outdated(self, chat: int, linked: frozenset[int]) -> bool:
        """Whether notes of days that nothing has touched may have to change as well."""
        page = self._book.chats.get(chat)
        return page is None or not page.holds(linked)

    # --- the end of a run ---------------------------------------------------------------------------------------------

    async def finish(self, jobs: Iterable[ChatJob]) -> None:
        """Bring every chat's notes into their final form, and write the indexes. Errors become failures."""
        await self._idle()
        try:
            await self._finish_all(list(jobs), self._linked())
        finally:
            await self._save_final()
        if not self._stopped:
            await self._index()

    async def _finish_all(self, jobs: list[ChatJob], linked: frozenset[int]) -> None:
        for job in jobs:
            if job.record is not None and not self._stopped:
                await self._finish_chat(job, linked)
        for chat in sorted(self._elsewhere - {job.target.chat for job in jobs}):
            # Other chats of the vault, whose links can now lead into chats that this run has added.
            if not self._stopped and self._outdated(chat, linked):
                await self._finish_other(chat, linked)

    async def _idle(self) -> None:
        """Wait until no preview is on its way; those not begun are left to the final pass."""
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                self._queue.get_nowait()
                self._queue.task_done()
        await self._queue.join()

    async def _finish_chat(self, job: ChatJob, linked: frozenset[int]) -> None:
        chat = job.target.chat
        preview = self._previews.pop(chat, None)
        if preview is not None and preview.page.holds(linked):
            await self._make_final(chat, preview.page, preview.done)
        touched = await self._writer.submit(lambda archive: archive.touched(chat))
        everything = self._outdated(chat, linked)
        if not touched and not everything:
            return
        result = await self._render(job, linked, everything=everything)
        if result is not None and job.covered:
            await self._make_final(chat, self._page_after(result, linked, everything=everything), result.done)

    async def _finish_other(self, chat: int, linked: frozenset[int]) -> None:
        result = await self._carry(chat, linked, everything=True, title="")
        if result is not None:
            await self._make_final(chat, self._page_after(result, linked, everything=True), result.done)

    async def _make_final(self, chat: int, page: BookPage, done: tuple[Touched, ...]) -> None:
        """Note that a chat's notes are final; the disk hears of it every few seconds."""
        self._book_dirty = self._book_dirty or self._book.chats.get(chat) != page
        self._book.chats[chat] = page
        self._done.append((chat, done))
        if monotonic() - self._saved_at > SAVE_S:
            await self._save_final()

    async def _save_final(self) -> None:
        # The book first: days that stay touched cost a render, a page that is missing in it would cost a link.
        if self._book_dirty:
            await self._save_book()
        done, self._done = self._done, []
        await self._writer.submit(lambda archive: _clear(archive, done))
        self._saved_at = monotonic()

    async def _save_book(self) -> None:
        try:
            await asyncio.to_thread(self._book.save, self._vault)
        except OSError as error:
            raise output_error(error, self._vault) from error
        self._book_dirty = False

    async def _index(self) -> None:
        job = IndexJob(str(self._vault), self._profile.layout)
        try:
            self._worker.begin("index")
            await self._pool.run(render_index, job)
        except Exception as error:  # noqa: BLE001  # the notes are there; what went wrong is told as a failure
            self._fail(0, "index", error)
        finally:
            self._worker.rest()

    # --- one render ---------------------------------------------------------------------------------------------------

    async def _render(self, job: ChatJob, linked: frozenset[int], *, everything: bool) -> RenderResult | None:
        title, chat = self._board.row(job.keys[0]).title, job.target.chat
        self._notes = await self._writer.submit(
            lambda archive: {note.path: (note.topic, note.count) for note in archive.rendered(chat)}
        )
        self._show_rendered(job, [*self._notes.values()])
        self._at_work = job
        try:
            result = await self._carry(chat, linked, everything=everything, title=title)
        finally:
            self._at_work = None
        if result is not None:
            await self._count_rendered(job)
        return result

    def _note_grows(self, news: NoteGrows) -> None:
        """Show what is rendered of the chat at work. A note that is written again counts as what it was till then."""
        job = self._at_work
        if job is None:
            return
        before = self._notes.get(news.path, (news.topic, 0))[1]
        key = (job.target.chat, news.topic if job.target.topics else 0)
        if news.count > before and key in job.keys:
            self._notes[news.path] = (news.topic, news.count)
            self._board.change(key, rendered=self._board.row(key).rendered + news.count - before)
            self._worker.count(news.count - before)

    async def _count_rendered(self, job: ChatJob) -> None:
        chat = job.target.chat
        self._show_rendered(
            job,
            await self._writer.submit(lambda archive: [(note.topic, note.count) for note in archive.rendered(chat)]),
        )

    def _show_rendered(self, job: ChatJob, notes: Iterable[tuple[int, int]]) -> None:
        """Show how many messages are in the notes of each row; `notes` are their topics and counts."""
        for key in job.keys:
            self._board.change(key, rendered=sum(count for topic, count in notes if key[1] in (0, topic)))

    async def _carry(self, chat: int, linked: frozenset[int], *, everything: bool, title: str) -> RenderResult | None:
        """Render a chat and register its notes. None when that failed, which is told."""
        job = RenderJob(
            vault=str(self._vault),
            chat=chat,
            layout=self._profile.layout,
            media=self._profile.media,
            linked=tuple(sorted(linked)),
            everything=everything,
        )
        self._worker.begin(title, chat)
        try:
            result = await self._pool.run(render_chat, job)
            await self._writer.submit(lambda archive: _register(archive, self._vault, result, everything=everything))
        except Exception as error:  # noqa: BLE001  # a chat that trips the renderer must not take the others with it
            self._fail(chat, title, error)
            return None
        finally:
            self._worker.rest()
        self._written.update(note.path for note in result.notes if note.changed)
        self._board.counters.notes = len(self._written)
        return result

    def _fail(self, chat: int, title: str, error: Exception) -> None:
        """Tell of a chat that trips the renderer. Raises what every other chat would meet too."""
        if isinstance(error, TobsError) and error.code in _FATAL:
            raise error
        if isinstance(error, TobsError):
            reason = error.sentence
        else:
            logger.opt(exception=error).error("rendering of chat {} failed", chat)
            reason = f"Rendering failed: {type(error).__name__}: {error}."
        self._worker.last_error = reason
        self._board.fail(Failure(chat=chat, what="notes", reason=reason, title=title))

    def show_process(self) -> None:
        """Bring the worker's row up to date."""
        self._board.workers.assign_pids(WorkerRole.RENDER, self._pool.pids())
        self._worker.queue = self._queue.qsize()
        if self._stopped:
            self._worker.rest(WorkerState.STOPPED)


def _chats_with_lost_notes(archive: Archive, vault: Path) -> list[int]:
    """Chats of which a note is no longer where it was written: a person may have moved or deleted it."""
    return [
        record.id
        for record in archive.chats()
        if any(not (vault / note.path).exists() for note in archive.rendered(record.id))
    ]


def _clear(archive: Archive, done: Iterable[tuple[int, Iterable[Touched]]]) -> None:
    """Note that days of chats were rendered. Those that changed since stay touched."""
    for chat, touched in done:
        groups: dict[tuple[int, int], list[int]] = {}
        for day in touched:
            groups.setdefault((day.topic, day.generation), []).append(day.day)
        for (topic, generation), days in groups.items():
            archive.clear_touched(chat, topic, days, generation)


def _register(archive: Archive, vault: Path, result: RenderResult, *, everything: bool) -> None:
    """Register the notes of a render. Notes that a render of everything did not write again are no notes any more."""
    for path in result.gone:
        archive.forget_rendered(path)
    if everything:
        kept = {note.path for note in result.notes}
        for known in archive.rendered(result.chat):
            if known.path not in kept:
                (vault / known.path).unlink(missing_ok=True)
                archive.forget_rendered(known.path)
    known_sums = {known.path: known.sha256 for known in archive.rendered(result.chat)}
    for note in result.notes:
        if known_sums.get(note.path) != note.sha256:
            archive.put_rendered(note.path, note.chat, note.topic, note.count, note.sha256)
