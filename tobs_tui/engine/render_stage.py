"""The rendering half of a run: notes as soon as their messages are there, then what the end of the run has changed.

While a chat is fetched, the notes of periods that can get no more messages are written; when nothing more of it comes,
the others. What links find in other chats, or among messages that came later, is looked up again at the end: each
note's record tells what its links looked for in vain. So the vault is the same in whatever order things came.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

import msgspec
from loguru import logger

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.notes import Finished
from tobs_tui.archive.schema import internal_folder
from tobs_tui.engine.chat_jobs import ChatJob
from tobs_tui.engine.commit import Writer
from tobs_tui.engine.filtering import RecordFilter
from tobs_tui.engine.governor import Gate
from tobs_tui.engine.index_pages import IndexJob, write_index
from tobs_tui.engine.media_names import rename_media
from tobs_tui.engine.note_crew import NoteCrew, Watcher
from tobs_tui.engine.note_forms import is_note
from tobs_tui.engine.note_jobs import NoteGrows, NoteWritten
from tobs_tui.engine.note_plan import NoteTask, Occasion, SurveyJob
from tobs_tui.engine.processes import ProcessPool
from tobs_tui.engine.pseudonyms.key import STAYS, settle
from tobs_tui.engine.pseudonyms.masks import Masks
from tobs_tui.engine.pseudonyms.settling import settle_people
from tobs_tui.engine.render_progress import RenderProgress
from tobs_tui.engine.state import RunBoard
from tobs_tui.engine.together import all_or_none
from tobs_tui.engine.vault import EVERYTHING, View, options_of_vault
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Profile
from tobs_tui.model.run import ChatState, Failure, Level, WorkerRole, WorkerState
from tobs_tui.monitor.logs import about

_FATAL = frozenset({ErrorCode.DISK_FULL, ErrorCode.OUTPUT_NOT_WRITABLE, ErrorCode.ARCHIVE_UNUSABLE})

LOOK_S = 0.5
"""Seconds between two looks at the chats that are being fetched."""
LOOK_AFTER = 10_000
"""Messages that must have come into a chat since the last look at its notes."""
CHATS_AT_ONCE = 4
"""Chats brought into their final form side by side."""


class RenderStage:
    """Renders in the pool's processes. `begin` it, `watch` chats being fetched, `request` those that are, `finish`."""

    def __init__(
        self,
        vault: Path,
        profile: Profile,
        writer: Writer,
        board: RunBoard,
        pool: ProcessPool,
        *,
        on_fatal: Callable[[TobsError], None],
        files_open: Callable[[tuple[int, int]], bool],
    ) -> None:
        """`on_fatal` hears of an error that every other chat would meet as well."""
        self._vault, self._profile, self._writer, self._board, self._pool = vault, profile, writer, board, pool
        self._on_fatal = on_fatal
        self._files_open = files_open
        self._allowed = pool.size
        self._fetching = True
        self._gate = Gate(1)
        self.allow(pool.size)
        self._crew = NoteCrew(pool, writer, self._gate, Watcher(self._begun, self._note_written, self._failed))
        self._progress = RenderProgress(self._key_of, self._show_rendered)
        pool.on_news = self._hear
        self._keeps = EVERYTHING
        self._shown: frozenset[int] = frozenset()
        self._worker = board.workers.hire("r", WorkerRole.RENDER, 1)[0]
        self._jobs: dict[int, ChatJob] = {}
        self._queue: asyncio.Queue[ChatJob] = asyncio.Queue()
        self._finished: dict[int, Finished] = {}
        self._lost: set[int] = set()  # chats of which a note is no longer where it was written
        self._options_changed = False
        self._pseudonymised = False
        self._masks: Masks | None = None
        self._complete: set[int] = set()
        self._stirred: set[int] = set()  # chats whose notes this run has written
        self._news: dict[int, Finished] = {}  # chats that are final, and not registered as such yet
        self._written: set[str] = set()  # a note that is written twice is one note
        self._kept = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._watched: Callable[[], Iterable[ChatJob]] = tuple
        self._looked: dict[int, int] = {}

    async def begin(self) -> None:
        """Read what was rendered before, and how people are shown. Raises `TobsError`."""
        profile, vault = self._profile, self._vault
        hide = profile.layout.pseudonymise
        self._pseudonymised = await self._writer.submit(lambda archive: settle(archive, wanted=hide))
        if self._pseudonymised:
            told = f"{STAYS} Its archive has the real names: do not hand on {internal_folder(vault)}."
            self._board.log(Level.INFO, told)
            if not hide:
                self._board.alerts.open("pseudonyms", Level.INFO, told)
        self._options_changed = await self._writer.submit(lambda archive: _set_options(archive, vault, profile))
        self._finished = await self._writer.submit(lambda archive: archive.finished())
        self._lost = await self._writer.submit(lambda archive: _chats_with_lost_notes(archive, self._vault))
        self._tasks = [asyncio.create_task(self._follow_forever()), asyncio.create_task(self._look_forever())]

    def allow(self, processes: int) -> None:
        """Use so many of the pool's processes at most; while pages are being fetched, one less, so they get decoded."""
        self._allowed = processes
        most = max(1, self._pool.size - 1) if self._fetching else self._pool.size
        self._gate.resize(max(1, min(processes, most)))

    def show_only(self, keeps: RecordFilter, chats: Iterable[int]) -> None:
        """Show only those of the messages of this run's chats. Call it before there are any."""
        self._keeps = keeps
        self._shown = frozenset(chats)

    def _filters(self) -> tuple[tuple[int, RecordFilter], ...]:
        """The filters of all chats that have one: this run's, and those that earlier runs have shown other chats by."""
        found = {chat: filter_of(page.options) for chat, page in self._finished.items() if page.options}
        found |= dict.fromkeys(self._shown | self._jobs.keys(), self._keeps)
        return tuple(sorted((chat, keeps) for chat, keeps in found.items() if not keeps.open))

    def watch(self, jobs: Callable[[], Iterable[ChatJob]]) -> None:
        """Look at these chats from time to time, for notes that can be written already."""
        self._watched = jobs

    def request(self, job: ChatJob) -> None:
        """A chat is fetched: show what there is of it."""
        if job.covered:
            self._complete.add(job.target.chat)
        self._queue.put_nowait(job)

    def all_fetched(self) -> None:
        """No page is on its way any more: the pool is free."""
        self._fetching = False
        self.allow(self._allowed)

    async def note_gap(self, chat: int) -> None:
        """Messages older than rendered ones may come into a chat: its links will have to be looked at again."""
        await self._writer.submit(lambda archive: archive.reopen([chat]))
        known = self._finished.get(chat)
        if known is not None:
            self._finished[chat] = Finished(known.pointed, True, known.options)

    def stop(self) -> None:
        """Begin no further note."""
        self._crew.stopped = True

    async def close(self) -> None:
        """End. What was under way is written again by the next run."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- while chats are fetched --------------------------------------------------------------------------------------

    async def _look_forever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            for job in list(self._watched()):
                chat = job.target.chat
                new = sum(self._board.row(key).messages_new for key in job.keys)
                if job.record is None or job.fetched or new - self._looked.get(chat, 0) < LOOK_AFTER:
                    continue
                self._looked[chat] = new
                await self._bring_safely(job, Occasion.FETCHING)

    async def _follow_forever(self) -> None:
        while True:
            job = await self._queue.get()
            try:
                await self._bring_safely(job, Occasion.FETCHED)
                await self._count_rendered(job)
                for key in job.keys:
                    if self._board.row(key).state is ChatState.RENDERING:
                        self._board.change(key, state=ChatState.MEDIA if self._files_open(key) else ChatState.DONE)
            finally:
                self._queue.task_done()

    async def _bring_safely(self, job: ChatJob, occasion: Occasion) -> None:
        if self._pseudonymised:  # whom a text names is known when everything is fetched
            return
        try:
            if await self._writer.submit(lambda archive: archive.is_touched(job.target.chat)):
                await self._bring(job, occasion, self._linked(), everything=False)
        except TobsError as error:
            self._on_fatal(error)

    # --- the end of a run ---------------------------------------------------------------------------------------------

    async def finish(self, jobs: Iterable[ChatJob]) -> None:
        """Bring every chat's notes into their final form, and write the indexes. Errors become failures."""
        self.all_fetched()
        await self._idle()
        await self._meet_people()
        wanted = [job for job in jobs if job.record is not None]
        try:
            await self._finish_all(wanted)
        finally:
            news = self._news
            await self._writer.submit(lambda archive: archive.put_finished(news))
        if not self._crew.stopped:
            await self._index(wanted)

    async def finish_vault(self) -> None:
        """As `finish`, for every chat of the archive, whatever was said of it before: nothing is being fetched."""
        self.all_fetched()
        await self._idle()
        await self._meet_people()
        covered = await self._writer.submit(_chats_covered)
        for chat in covered:
            known = self._finished.get(chat, Finished(frozenset()))
            self._finished[chat] = Finished(known.pointed, True, known.options)
        try:
            await self._finish_all([])
        finally:
            news = {
                chat: page if covered.get(chat) else Finished(page.pointed, True, page.options)
                for chat, page in self._news.items()
            }
            await self._writer.submit(lambda archive: archive.put_finished(news))
        if not self._crew.stopped:
            self._stirred |= covered.keys()
            await self._index([])

    async def _meet_people(self) -> None:
        """Everybody is known who will be: notes that others could be found in are due."""
        if self._pseudonymised:
            where = self._vault, self._profile.layout
            self._masks, changed = await self._writer.submit(lambda archive: settle_people(archive, *where))
            self._options_changed = self._options_changed or changed

    def _view(self, chat: int, linked: frozenset[int], keeps: RecordFilter) -> View:
        layout, media = self._profile.layout, self._profile.media
        people = self._masks.mark if self._masks is not None else 0
        return View(str(self._vault), chat, layout, media, linked, keeps, self._filters(), people)

    async def _idle(self) -> None:
        """Wait until no look at a chat is on its way; those not begun are left to the final pass."""
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                self._queue.get_nowait()
                self._queue.task_done()
        self._watched = tuple
        await self._queue.join()

    async def _finish_all(self, jobs: list[ChatJob]) -> None:
        linked = self._linked()
        chats = [job.target.chat for job in jobs]
        touched = await self._writer.submit(lambda archive: {chat for chat in chats if archive.is_touched(chat)})
        stirred = touched | self._stirred | {chat for chat in chats if chat not in self._finished}
        turn = asyncio.Semaphore(CHATS_AT_ONCE)

        async def in_turn(work: Coroutine[Any, Any, None]) -> None:
            async with turn:
                await work

        shown = _words_of(self._keeps)
        stirred |= {chat for chat in chats if chat in self._finished and self._finished[chat].options != shown}
        work = [self._finish_chat(job, linked, due=self._is_due(job.target.chat, stirred, shown)) for job in jobs]
        for chat in sorted(self._finished.keys() - set(chats)):
            # Other chats of the vault, whose links can now lead into chats that this run has added.
            if self._is_due(chat, stirred, self._finished[chat].options):
                work.append(self._finish_other(chat, linked))
        await all_or_none(*(in_turn(one) for one in work))

    def _linked(self) -> frozenset[int]:
        """Chats whose messages are all there: those of this run, and those that earlier runs have finished."""
        return frozenset(self._finished) | self._complete

    def _is_due(self, chat: int, stirred: set[int], shown: str) -> bool:
        """Whether notes of a chat may have to change; `stirred` are the chats where something is new."""
        page = self._finished.get(chat)
        return (
            page is None
            or page.options != shown
            or chat in stirred
            or not stirred.isdisjoint(page.pointed)
            or self._whole(chat)
        )

    def _whole(self, chat: int) -> bool:
        """Whether notes have to be looked at whose days did not change and that the register does not know."""
        page = self._finished.get(chat)
        return page is None or page.open or self._options_changed or chat in self._lost

    async def _finish_chat(self, job: ChatJob, linked: frozenset[int], *, due: bool) -> None:
        chat = job.target.chat
        if due:
            pointed = await self._bring(job, Occasion.FINAL, linked, everything=True)
            if pointed is not None and job.covered:
                self._news[chat] = Finished(pointed, options=_words_of(self._keeps))
        await self._count_rendered(job)

    async def _finish_other(self, chat: int, linked: frozenset[int]) -> None:
        options = self._finished[chat].options
        view = self._view(chat, linked, filter_of(options))
        pointed = await self._crew.bring(SurveyJob(view, Occasion.FINAL, everything=True))
        self._progress.ended(chat)
        if pointed is not None:
            self._news[chat] = Finished(pointed, options=options)

    async def _index(self, jobs: list[ChatJob]) -> None:
        chats = tuple({job.target.chat for job in jobs} | self._stirred)
        masks = self._masks
        filters = tuple((chat, masks.shown(keeps) if masks else keeps.words) for chat, keeps in self._filters())
        job = IndexJob(str(self._vault), self._profile.layout, None if self._options_changed else chats, filters)
        try:
            self._worker.begin("index")
            await self._writer.submit(Archive.begin_pages)
            written = await self._pool.run(write_index, job)
            await self._writer.submit(lambda archive: archive.put_pages(written.pages, written.gone))
            for page in written.changed:
                if page.kept:
                    self._tell_kept(page.path, page.kept)
        except Exception as error:  # noqa: BLE001  # the notes are there; what went wrong is told as a failure
            self._fail(0, "index", error)
        finally:
            self._worker.rest()

    # --- one chat -----------------------------------------------------------------------------------------------------

    async def _bring(
        self, job: ChatJob, occasion: Occasion, linked: frozenset[int], *, everything: bool
    ) -> frozenset[int] | None:
        chat = job.target.chat
        self._jobs[chat] = job
        view = self._view(chat, linked, self._keeps)
        scopes = tuple({track.scope for track in job.tracks}) or (0,)
        self._worker.begin(self._title(chat), chat)
        try:
            return await self._crew.bring(SurveyJob(view, occasion, scopes, everything=everything))
        finally:
            self._progress.ended(chat)
            if not self._crew.waiting:
                self._worker.rest()

    def _title(self, chat: int) -> str:
        job = self._jobs.get(chat)
        return self._board.row(job.keys[0]).title if job is not None else ""

    def _key_of(self, chat: int, topic: int) -> tuple[int, int] | None:
        job = self._jobs.get(chat)
        key = (chat, topic if job is not None and job.target.topics else 0)
        return key if job is not None and key in job.keys else None

    def _show_rendered(self, key: tuple[int, int], count: int) -> None:
        self._board.change(key, rendered=count)

    async def _count_rendered(self, job: ChatJob) -> None:
        chat = job.target.chat
        notes = await self._writer.submit(lambda archive: archive.note_counts(chat))
        for key in job.keys:
            self._show_rendered(key, sum(count for _, topic, count in notes if key[1] in (0, topic)))

    def _hear(self, news: object) -> None:
        if isinstance(news, NoteGrows):
            self._progress.grows(news)
            self._worker.count(news.more)

    def _begun(self, chat: int, before: list[tuple[str, int, int]], tasks: tuple[NoteTask, ...]) -> None:
        if tasks:
            self._stirred.add(chat)
        self._progress.begun(chat, before, tasks)

    def _note_written(self, chat: int, written: NoteWritten) -> None:
        self._progress.written(chat, written)
        if written.changed and written.note.record is not None and is_note(written.note.path):
            self._written.add(written.note.path)
            self._board.counters.notes = len(self._written)
        if written.kept:
            self._tell_kept(written.note.path, written.kept)

    def _tell_kept(self, path: str, kept: str) -> None:
        self._kept += 1
        text = f"{path} had been changed by hand; that version is kept as {kept}."
        self._board.log(Level.WARNING, text)
        folder = f"{internal_folder(self._vault)}/edited"
        count = "A note" if self._kept == 1 else f"{self._kept} notes"
        self._board.alerts.open(
            "edited", Level.WARNING, f"{count} had been changed by hand and had to be written again: see {folder}."
        )

    def _failed(self, chat: int, error: Exception) -> None:
        self._fail(chat, self._title(chat), error)

    def _fail(self, chat: int, title: str, error: Exception) -> None:
        """Tell of notes that trip the renderer. Raises what every other chat would meet too."""
        if isinstance(error, TobsError) and error.code in _FATAL:
            raise error
        if isinstance(error, TobsError):
            reason = error.sentence
        else:
            with about(worker=self._worker, chat=chat):
                logger.opt(exception=error).error("rendering of chat {} failed", chat)
            reason = f"Rendering failed: {type(error).__name__}: {error}."
        self._worker.last_error = reason
        self._board.fail(Failure(chat=chat, what="notes", reason=reason, title=title))

    def show_process(self) -> None:
        """Bring the worker's row up to date."""
        self._worker.queue = self._crew.waiting
        if self._crew.stopped:
            self._worker.rest(WorkerState.STOPPED)


def _words_of(keeps: RecordFilter) -> str:
    """Which messages are shown, as the register has it; '' when that is all of them."""
    return "" if keeps.open else msgspec.json.encode(keeps).decode()


def filter_of(words: str) -> RecordFilter:
    """The other way round: which messages are shown, from what the register has."""
    return msgspec.json.decode(words, type=RecordFilter) if words else EVERYTHING


def _set_options(archive: Archive, vault: Path, profile: Profile) -> bool:
    """Bring files to the names that the profile wants, then say at once what the vault is rendered with from now on: a
    run that ends early must not leave the next one in the belief that all is as it was. Gives whether that is something
    new. Raises TobsError."""
    options, known = options_of_vault(profile.layout, profile.media), archive.vault_options()
    if known == options:
        return False
    if known:
        rename_media(archive, vault, profile.layout)
    archive.put_vault_options(options)
    return True


def _chats_with_lost_notes(archive: Archive, vault: Path) -> set[int]:
    """Chats of which a note is no longer where it was written: a person may have moved or deleted it."""
    return {chat for path, chat in archive.note_paths() if not (vault / path).exists()}


def _chats_covered(archive: Archive) -> dict[int, bool]:
    """The chats of the archive that have messages, and whether their ledgers have no hole up to the newest."""
    spans = {record.id: archive.span(record.id) for record in archive.chats()}
    return {chat: archive.ledger(chat).covers(1, span.last_id) for chat, span in spans.items() if span is not None}
