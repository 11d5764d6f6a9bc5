"""Verifying a vault: the archive by its own sums and SQLite's check, everything else by the archive.

Threads read, a piece at a time, with a few pieces on their way: memory is the same for any vault. What takes long in
them, hashing and SQLite, leaves Python's lock alone. Nothing is written, nor is a trace left beside the archive, unless
a killed run has left its log there.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.checking import NamedContent
from tobs_tui.archive.notes import Busy, Finished, Stretch
from tobs_tui.archive.records import ChatRecord
from tobs_tui.archive.schema import archive_path, path_from
from tobs_tui.engine.note_again import one_byte_differs
from tobs_tui.engine.vault_asked import last_media, profile_of_vault, was_bounded
from tobs_tui.engine.verify_jobs import (
    ArchiveChecked,
    Checked,
    ContentsJob,
    Fault,
    FilesJob,
    Finding,
    RegisteredFile,
    RowsJob,
    RowsRead,
    StructureCheck,
    Subject,
    check_contents,
    check_files,
    check_pages,
    check_rows,
)
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.intervals import Interval, IntervalSet
from tobs_tui.monitor.clock import monotonic

JOB_BYTES = 8 << 20
"""What a piece of work reads, about: as much as keeps its handing over from being felt."""
JOB_FILES = 64
JOB_ROWS = 40_000
AHEAD = 16
"""Pieces of work that are handed out and not done yet."""
MOST_STRETCHES = 50
"""Missing stretches of one chat that are told one by one."""
UNKNOWN = -1


class Verified(Struct):
    """What was looked at, and how many things are wrong, by (subject, fault). `vouched` says whether sums vouch for all
    of the archive's pages, which none that are missing, damaged or just put down do."""

    bytes: int = 0
    files: int = 0
    links: int = 0
    messages: int = 0
    chats: int = 0
    seconds: float = 0.0
    vouched: bool = False
    found: Counter[tuple[Subject, Fault]] = msgspec.field(default_factory=Counter)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.found


Hear = Callable[[Finding], None]
HandOut = Callable[[Coroutine[Any, Any, None]], Awaitable[None]]
T = TypeVar("T")
R = TypeVar("R")


async def verify_vault(
    vault: Path,
    on_finding: Hear,
    on_progress: Callable[[Verified], None] = lambda verified: None,
    *,
    threads: int = 0,
    pages: ArchiveChecked | None = None,
) -> Verified:
    """Look at everything in a vault, to which nobody writes meanwhile. `on_finding` hears of each thing that is wrong,
    as it is found.

    `pages` is what `check_pages` said, where somebody has the archive open, who may write to it as well. Raises
    TobsError ARCHIVE_UNUSABLE where there is no archive.
    """
    began = monotonic()
    path = archive_path(vault)
    if not path.is_file():
        raise TobsError(ErrorCode.ARCHIVE_UNUSABLE, f"There is no archive at {path}.", "Export something there first.")
    log = path.with_name(f"{path.name}-wal")
    sealed = pages is None and not (log.exists() and log.stat().st_size)
    crew = ThreadPoolExecutor(threads or max(2, min(8, os.cpu_count() or 1)), thread_name_prefix="verify")
    verifier = _Verifier(vault, crew, on_finding, on_progress, sealed)
    try:
        await verifier.run(pages)
    finally:
        verifier.structure.stop()
        crew.shutdown(cancel_futures=True)
    verifier.result.seconds = monotonic() - began
    return verifier.result


class _Verifier:
    """Hands out the pieces of one vault, and takes what comes of them."""

    def __init__(
        self,
        vault: Path,
        crew: ThreadPoolExecutor,
        on_finding: Hear,
        on_progress: Callable[[Verified], None],
        sealed: bool,
    ) -> None:
        self._vault, self._crew, self._sealed = vault, crew, sealed
        self._on_finding, self._on_progress = on_finding, on_progress
        self.result = Verified()
        self.structure = StructureCheck(str(vault), sealed)
        self._room = asyncio.Semaphore(AHEAD)
        self._bounded = was_bounded(vault)
        self._finished: dict[int, Finished] = {}
        self._archive: Archive

    def do(self, function: Callable[[T], R], job: T) -> asyncio.Future[R]:
        """Do a piece of work in a thread."""
        return asyncio.get_running_loop().run_in_executor(self._crew, function, job)

    async def run(self, pages: ArchiveChecked | None) -> None:
        """Look at everything; `pages` is what is known of the archive's pages already."""
        checking = asyncio.ensure_future(self._check_pages(pages))
        path = archive_path(self._vault)
        try:
            if not self._sealed:  # SQLite's locks would be gone when the archive is closed as a file
                await checking
            with contextlib.ExitStack() as held:  # until all is done
                async with self._working() as hand_out:
                    await hand_out(self._checked(self.do(StructureCheck.run, self.structure)))
                    with self._damage():
                        archive = Archive.open(path, read_only=True, cache_kib=4_096, sealed=self._sealed)
                        self._archive = held.enter_context(archive)
                        await self._look_around(hand_out, checking)
            await checking
        finally:
            checking.cancel()

    async def _check_pages(self, pages: ArchiveChecked | None) -> None:
        if pages is None:
            pages = await self.do(check_pages, str(self._vault))
        self.result.vouched = pages.vouched
        self._take(pages.checked)

    async def _look_around(self, hand_out: HandOut, checking: asyncio.Future[None]) -> None:
        """Everything that the archive tells of."""
        for file_job in self._file_jobs():
            await hand_out(self._check_files(file_job))
        self._finished = self._archive.finished()
        records = self._archive.chats()
        self.result.chats = len(records)
        await checking  # where its sums vouch for the archive, its messages need not be read one by one
        for record in records:
            await self._check_chat(record, hand_out)
        for content_job in self._content_jobs():
            await hand_out(self._checked(self.do(check_contents, content_job)))
        self._look_for_files()

    @contextlib.asynccontextmanager
    async def _working(self) -> AsyncIterator[HandOut]:
        """Hands out work, as much at once as there is room for; at the end all of it is done."""
        tasks: set[asyncio.Task[None]] = set()
        failed: list[BaseException] = []

        async def hand_out(work: Coroutine[Any, Any, None]) -> None:
            await self._room.acquire()
            task = asyncio.create_task(work)
            tasks.add(task)
            task.add_done_callback(done)
            if failed:
                raise failed[0]

        def done(task: asyncio.Task[None]) -> None:
            self._room.release()
            tasks.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                failed.append(error)

        try:
            yield hand_out
            while tasks:
                await asyncio.wait(tasks)
            if failed:
                raise failed[0]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _check_files(self, job: FilesJob) -> None:
        """Read notes and pages; those that are not as they were written, and as long, are looked at once more."""
        with self._damage():
            checked = await self.do(check_files, job)
            files = {file.path: file for file in job.files}
            judged = (
                self._judge_again(finding, files[finding.path])
                if (finding.subject, finding.fault) == (Subject.NOTE, Fault.EDITED)
                else finding
                for finding in checked.findings
            )
            self._take(replace(checked, findings=tuple(judged)))

    def _judge_again(self, finding: Finding, file: RegisteredFile) -> Finding:
        """A note that seems to be edited: where one byte is another than the archive makes of it, it is damaged."""
        profile = profile_of_vault(self._vault, self._archive.vault_options())
        if profile is None or not one_byte_differs(self._archive, self._vault, profile, file):
            return finding
        return replace(finding, fault=Fault.DAMAGED, reason="one byte of it is another than was written")

    async def _checked(self, work: Awaitable[Checked]) -> None:
        with self._damage():
            self._take(await work)

    def _take(self, checked: Checked) -> None:
        """Tell what a piece of work came to."""
        self.result.bytes += checked.bytes
        self.result.files += checked.files
        self.result.links += checked.links
        for finding in checked.findings:
            self._find(finding)
        self._on_progress(self.result)

    def _find(self, finding: Finding) -> None:
        self.result.found[finding.subject, finding.fault] += 1
        self._on_finding(finding)

    @contextlib.contextmanager
    def _damage(self) -> Iterator[None]:
        """An archive that cannot be read on is a finding, and the rest is looked at all the same."""
        try:
            yield
        except TobsError as error:
            if error.code is not ErrorCode.ARCHIVE_UNUSABLE:
                raise
            name = path_from(self._vault, archive_path(self._vault))
            self._find(Finding(Subject.ARCHIVE, Fault.DAMAGED, error.sentence.rstrip("."), name))

    # --- messages -----------------------------------------------------------------------------------------------------

    async def _check_chat(self, record: ChatRecord, hand_out: HandOut) -> None:
        """Begin to look at a chat's messages, and say what its ledger lacks."""
        with self._damage():
            self._look_for_holes(record)
            if not self.result.vouched or not await self.do(self._has_all, record.id):
                await self._read_messages(record.id, hand_out)
            unwritten = self._archive.unwritten_days(record.id)
            if unwritten:
                days_of = "a day of it is" if unwritten == 1 else f"{unwritten} days of it are"
                self._find(
                    Finding(Subject.NOTE, Fault.UNFINISHED, f"{days_of} not written into notes yet", chat=record.id)
                )

    def _has_all(self, chat: int) -> bool:
        """Whether the archive has as many messages of a chat as its days say."""
        with Archive.open(archive_path(self._vault), read_only=True, cache_kib=512, sealed=self._sealed) as archive:
            held, said = archive.rows_held(chat), archive.count(chat)
        if held == said:
            self.result.messages += held
        return held == said

    async def _read_messages(self, chat: int, hand_out: HandOut) -> None:
        """Read a chat's messages one by one, and hold their number against what the archive says of each day."""
        days = self._archive.days(chat)
        missing = Counter({(day.topic, day.day): day.count for day in days})
        spans = {(day.topic, day.day): Interval(day.first_id, day.last_id) for day in days}
        stretches = self._archive.stretches_of_ids(chat, JOB_ROWS)
        left = len(stretches)

        async def read(ids: Interval) -> None:
            nonlocal left
            with self._damage():
                rows: RowsRead = await self.do(check_rows, RowsJob(str(self._vault), chat, ids, self._sealed))
                self.result.messages += sum(rows.counts.values())
                missing.subtract(rows.counts)
                self._take(rows.checked)
                left -= 1
                if not left:
                    self._tell_counts(chat, missing, spans)

        for ids in stretches:
            await hand_out(read(ids))

    def _tell_counts(
        self, chat: int, missing: Counter[tuple[int, int]], spans: dict[tuple[int, int], Interval]
    ) -> None:
        """Days that have more or fewer messages than the archive says itself."""
        for key, count in sorted(missing.items(), key=lambda pair: pair[0][::-1]):
            if count:
                ids = spans.get(key, Interval(0, 0))
                what = f"{count} messages of the day are not" if count > 0 else f"{-count} messages too many are"
                self._find(Finding(Subject.MESSAGES, Fault.MISSING, f"{what} in the archive", "", chat, ids.lo, ids.hi))

    def _look_for_holes(self, record: ChatRecord) -> None:
        """Stretches of ids that no run has settled."""
        for told, hole in enumerate(self._holes(record)):
            if told == MOST_STRETCHES:
                self._find(Finding(Subject.MESSAGES, Fault.MISSING, "more was not fetched", chat=record.id, lo=hole.lo))
                return
            reason = "the ledger says that these were not fetched"
            self._find(Finding(Subject.MESSAGES, Fault.MISSING, reason, "", record.id, hole.lo, hole.hi))

    def _holes(self, record: ChatRecord) -> Iterable[Interval]:
        """What is missing between the first id and the last that is known of, or, where runs have taken parts of chats
        only, between those that a run of which something is missing has left."""
        chat = record.id
        scopes = self._archive.ledger_scopes(chat)
        whole = scopes.get(0, IntervalSet())
        mark = self._archive.refresh_mark(chat)
        page = self._finished.get(chat)
        if mark is None and record.message_count < 0:  # only an import has told of it
            return
        if not scopes:
            if mark is not None and mark.seen and page is None:
                yield Interval(1, mark.seen)
            return
        if self._bounded and page is not None and not page.open:
            return  # as it was asked for, when that was last looked at
        for scope, settled in scopes.items():
            held = IntervalSet([*settled, *whole])
            first = min(interval.lo for interval in settled)
            top = held.highest
            if scope == 0:
                first = first if self._bounded else 1
                top = max(top, mark.seen if mark is not None and not self._bounded else 0)
            yield from held.missing(first, top)

    # --- files --------------------------------------------------------------------------------------------------------

    def _file_jobs(self) -> Iterator[FilesJob]:
        """The notes and pages of the register, in pieces of about `JOB_BYTES`."""
        batch: list[RegisteredFile] = []
        gathered = 0
        for file in self._registered():
            batch.append(file)
            gathered += file.size
            if gathered >= JOB_BYTES or len(batch) >= JOB_FILES:
                yield FilesJob(str(self._vault), tuple(batch))
                batch, gathered = [], 0
        if batch:
            yield FilesJob(str(self._vault), tuple(batch))

    def _registered(self) -> Iterator[RegisteredFile]:
        path = ""
        while notes := self._archive.notes_past(path):
            path = notes[-1].path
            for note in notes:
                record = note.record
                stretches, mtime = (record.stretches, record.mtime_ns) if record is not None else ((), 0)
                unfinished = record is None or note.busy is not Busy.NO
                yield RegisteredFile(note.path, Subject.NOTE, stretches, mtime, unfinished, note.chat, note.topic)
        path, unfinished = "", self._archive.pages_open()
        while pages := self._archive.pages_past(path):
            path = pages[-1].path
            for page in pages:
                held = (Stretch(page.size, page.sha256),)
                yield RegisteredFile(page.path, Subject.PAGE, held, page.mtime_ns, unfinished)

    def _content_jobs(self) -> Iterator[ContentsJob]:
        """The media, in the order of their contents, so that each is read once however many names it has."""
        for subject, names in ((Subject.MEDIUM, self._media()), (Subject.VARIANT, self._variants())):
            batch: list[NamedContent] = []
            gathered, sha256 = 0, ""
            for name in names:
                if (gathered >= JOB_BYTES or len(batch) >= 4 * JOB_FILES) and name.sha256 != sha256:
                    yield ContentsJob(str(self._vault), tuple(batch), subject)
                    batch, gathered = [], 0
                batch.append(name)
                gathered += name.size if name.sha256 != sha256 else 0
                sha256 = name.sha256
                if len(batch) >= 64 * JOB_FILES:  # of one content
                    yield ContentsJob(str(self._vault), tuple(batch), subject)
                    batch, gathered = [], 0
            if batch:
                yield ContentsJob(str(self._vault), tuple(batch), subject)

    def _media(self) -> Iterator[NamedContent]:
        key = None
        while names := self._archive.contents_past(key):
            key = names[-1].key
            yield from names

    def _variants(self) -> Iterator[NamedContent]:
        key = (-(1 << 62), 0, 0)
        while names := self._archive.variants_past(key):
            key = names[-1].key[1:]
            yield from names

    def _look_for_files(self) -> None:
        """Files that were wanted and are not there."""
        media = last_media(self._vault)
        kinds = tuple(kind.value for kind in media.kinds) if media.download else ()
        for one in self._archive.files_missing(kinds, max(0, media.max_size_mb) << 20):
            count = one.failed + one.pending
            reason = "a file of it could not be had" if count == 1 else f"{count} files of it could not be had"
            self._find(Finding(Subject.MEDIUM, Fault.UNFINISHED, f"{reason}: see tobs retry --list", chat=one.chat))
