"""The media queue: downloads the files of archived messages in the background, several at once, until none is left."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from loguru import logger
from msgspec.structs import replace

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.commits import file_identity
from tobs_tui.archive.records import FileFilter, FileState, FileTask, FileTotals, StoredFile
from tobs_tui.archive.schema import internal_folder, output_error
from tobs_tui.cache.spaces import KnownFile, Space
from tobs_tui.engine.media_names import PathOf
from tobs_tui.engine.media_source import FileLink, FileSource
from tobs_tui.engine.together import until_failure
from tobs_tui.engine.workers import WorkerStats, acting
from tobs_tui.media.download import Downloaded, WrongBytesError, download_file, to_the_end
from tobs_tui.media.parts import PartFile
from tobs_tui.media.store import Store
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.run import Failure, WorkerState
from tobs_tui.monitor.clock import monotonic
from tobs_tui.telegram.refusals import FileUnavailable

T = TypeVar("T")
Key = tuple[int, int, int]
BATCH = 128
"""Files taken from the archive at a time."""
ATTEMPTS = 3
"""Times that a file is begun whose bytes come out wrong or which is said to be missing, each with fresh references."""
REPORT_S = 1.0
REPORT_SHARE = 20
"""Summing up may take a twentieth of the time."""

# Trouble that every other file would have as well.
_FATAL = frozenset(
    {
        ErrorCode.SESSION_ENDED,
        ErrorCode.NOT_SIGNED_IN,
        ErrorCode.SERVER_UNREACHABLE,
        ErrorCode.FLOOD_WAIT,
        ErrorCode.TAKEOUT_DELAYED,
        ErrorCode.OUTPUT_NOT_WRITABLE,
        ErrorCode.DISK_FULL,
        ErrorCode.ARCHIVE_UNUSABLE,
        ErrorCode.VAULT_IN_USE,
    }
)
# Trouble of the disk that one name has, not the disk.
_OF_ONE_NAME = frozenset({errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.EINVAL, errno.EILSEQ})


class Submit(Protocol):
    """Calls an action with the archive, on the archive's thread."""

    def __call__(self, action: Callable[[Archive], T], /) -> Awaitable[T]:
        """The action's result, or its exception."""


class MediaWatcher(Protocol):
    """What hears how the files fare. All are called on the event loop."""

    def media_totals(self, totals: Sequence[FileTotals]) -> None:
        """The sums over all files of the run's chats and topics, exact as of now; about once a second."""

    def media_bytes(self, count: int) -> None:
        """So many bytes came in."""

    def file_done(self, task: FileTask, size: int, reused: bool) -> None:
        """A file is in its place; `reused` means that its bytes were there already."""

    def file_failed(self, task: FileTask, failure: Failure) -> None:
        """A file cannot be had; the others go on."""


class MediaQueue:
    """Downloads what `wanted` lets through. Every worker carries one file at a time.

    The archive is the queue: what is pending there is still to be done, so a killed run goes on where it was, with the
    parts that it had.
    """

    def __init__(
        self,
        link: FileLink,
        submit: Submit,
        vault: Path,
        wanted: FileFilter,
        path_of: PathOf,
        workers: Sequence[WorkerStats],
        watcher: MediaWatcher,
        *,
        parts_in_flight: int = 4,
        turn: AbstractAsyncContextManager[None] | None = None,
        known: Space[str, KnownFile] | None = None,
    ) -> None:
        """Every part of a file takes a `turn` (None: no limit but `parts_in_flight` a file). `known` are files that
        this machine had before, in whatever vault."""
        self._link = link
        self._ask = submit
        self._vault = vault
        self._wanted = wanted
        self._path_of = path_of
        self._workers = workers
        self._watcher = watcher
        self._parts_in_flight = parts_in_flight
        self._turn = turn or contextlib.nullcontext()
        self._known = known
        self._store = Store(vault, internal_folder(vault) / "store")
        self._parts = internal_folder(vault) / "parts"
        self._ready: deque[FileTask] = deque()
        self._after: Key | None = None
        self._in_hand: set[Key] = set()
        self._taking = asyncio.Lock()
        self._turns: dict[str, _Turn] = {}
        self._news = asyncio.Event()
        self._more_to_come = True
        self._going = asyncio.Event()
        self._going.set()
        self._changed = True
        self._cancelled = False
        self._tasks: list[asyncio.Task[None]] = []

    # --- what the run says --------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Pages were committed: there may be new files."""
        self._changed = True
        self._news.set()

    def no_more(self) -> None:
        """No page will be committed any more: `run` returns once nothing is pending."""
        self._more_to_come = False
        self._news.set()

    def pause(self) -> None:
        """Ask for no further part; those on their way still come in."""
        self._going.clear()

    def resume(self) -> None:
        """Go on after `pause`."""
        self._going.set()

    def cancel(self) -> None:
        """Stop now; `run` returns soon. What was fetched stays for the next time."""
        self._cancelled = True
        for task in self._tasks:
            task.cancel()

    async def run(self) -> None:
        """Download until nothing is pending and nothing is to come, or until `cancel`.

        Raises the TobsError that ends every download (session ended, disk full, ...). A file that cannot be had is told
        to the watcher and left aside.
        """
        if self._cancelled:
            return
        self._tasks = [asyncio.create_task(self._prepare())]
        reporter = asyncio.create_task(self._report())
        try:
            await until_failure(self._tasks)
            if not self._cancelled:
                self._tasks = [asyncio.create_task(self._work(worker)) for worker in self._workers]
                await until_failure(self._tasks)
        finally:
            reporter.cancel()
            await asyncio.gather(reporter, return_exceptions=True)
            for worker in self._workers:
                worker.rest(WorkerState.STOPPED)
        await self._sum_up()

    # --- before the first download ------------------------------------------------------------------------------------

    async def _prepare(self) -> None:
        """Try again what failed in earlier runs, and see that what was downloaded is still in its place."""
        await self._ask(lambda archive: archive.retry_failed_files(self._wanted))
        with self._disk_errors():
            await to_the_end(self._store.sweep)
        after: Key | None = None
        while batch := await self._ask(partial(self._done_batch, after=after)):
            after = batch[-1][0].key
            for task, state, name in batch:
                try:
                    with self._disk_errors():
                        await self._restore(task, state, name)
                except TobsError as error:
                    if error.code in _FATAL:
                        raise
                    await self._ask(partial(Archive.file_lost, task=task))  # a worker will say what is wrong with it

    def _done_batch(self, archive: Archive, after: Key | None) -> list[tuple[FileTask, FileState, str]]:
        done = archive.done_files(self._wanted, BATCH, after)
        return [(task, state, self._path_of(archive, task)) for task, state in done]

    async def _restore(self, task: FileTask, state: FileState, name: str) -> None:
        """Put a downloaded file back in its place, or download it again when its content is gone."""
        if name == state.path and await to_the_end(self._store.named, name, state.size):
            return
        if not await to_the_end(self._store.holds, state.sha256, state.size):
            await self._ask(lambda archive: archive.file_lost(task))
            return
        await to_the_end(self._store.publish, state.sha256, name, task.date)
        if name != state.path:
            await to_the_end(self._store.retire, state.sha256, state.path)
            await self._ask(lambda archive: archive.file_done(task, state.sha256, state.size, name))

    # --- the workers --------------------------------------------------------------------------------------------------

    async def _work(self, worker: WorkerStats) -> None:
        """Carry file after file."""
        acting.set(worker)
        while (task := await self._take(worker)) is not None:
            worker.begin(_label(task), task.chat)
            try:
                await self._carry(task, worker)
            finally:
                self._in_hand.discard(task.key)
            worker.rest()

    async def _take(self, worker: WorkerStats) -> FileTask | None:
        """The next file; waits while there is none and some may come; None when all is done."""
        while True:
            await self._gate(worker)
            async with self._taking:
                more_to_come = self._more_to_come  # looked at first: what is committed later sets it later
                self._news.clear()
                if not self._ready:
                    await self._refill()
                if self._ready:
                    task = self._ready.popleft()
                    self._in_hand.add(task.key)
                    return task
            if not more_to_come:
                return None
            await self._news.wait()

    async def _refill(self) -> None:
        """Take pending files in hand, from where the last look ended, then from the start."""
        for start in dict.fromkeys((self._after, None)):
            while True:
                found = await self._ask(partial(self._pending, after=start))
                self._ready.extend(task for task in found if task.key not in self._in_hand)
                if len(found) < BATCH or self._ready:
                    break
                start = found[-1].key
            if self._ready:
                self._after = self._ready[-1].key
                return
        self._after = None

    def _pending(self, archive: Archive, after: Key | None) -> list[FileTask]:
        return archive.pending_files(self._wanted, BATCH, after)

    async def _carry(self, task: FileTask, worker: WorkerStats) -> None:
        """Bring one file to its place, or set it aside with the reason. Raises what ends every download."""
        try:
            async with self._alone(file_identity(task.file)):
                await self._bring(task, worker)
        except FileUnavailable as error:
            await self._set_aside(task, error.reason, ErrorCode.TELEGRAM_REFUSED, worker)
        except WrongBytesError as error:
            await self._set_aside(task, f"{error}.", ErrorCode.TELEGRAM_REFUSED, worker)
        except TobsError as error:
            if error.code in _FATAL:
                raise
            await self._set_aside(task, error.sentence, error.code, worker)
        except Exception as error:  # noqa: BLE001  # one bad file must never stall or end a run
            logger.opt(exception=error).error("file {} of message {} in {}", task.index, task.message_id, task.chat)
            await self._set_aside(task, f"{type(error).__name__}: {error}", ErrorCode.UNEXPECTED, worker)

    async def _bring(self, task: FileTask, worker: WorkerStats) -> None:
        """Bring one file to its place from the store, or from Telegram."""
        known, name = await self._ask(lambda archive: (archive.known_file(task.file), self._path_of(archive, task)))
        with self._disk_errors():
            if known is not None and await to_the_end(self._store.holds, known.sha256, known.size):
                await self._settle(task, known, name, worker, reused=True)
                return
            if (content := await self._from_elsewhere(task)) is not None:
                await self._settle(task, content, name, worker, reused=True)
                return
            source = FileSource(self._link, task, lambda: self._gate(worker), self._turn)
            stem = self._parts / _stem(task)
            result = await self._download(source, stem, worker)
            await to_the_end(self._shelve, result, stem, task.date)
            content = StoredFile(result.sha256, result.size)
            if self._known is not None:
                place = str(self._store.path_of(content.sha256).absolute())
                self._known.put(file_identity(task.file), KnownFile(content.size, content.sha256, place))
            await self._settle(replace(task, file=source.file), content, name, worker, reused=False)

    async def _from_elsewhere(self, task: FileTask) -> StoredFile | None:
        """The content of a file that went into another vault on this machine; None when there is none any more."""
        identity = file_identity(task.file)
        known = self._known.get(identity) if self._known is not None else None
        if known is None or self._known is None:
            return None
        if await to_the_end(self._store.borrow, Path(known.path), known.sha256, known.size, task.date):
            return StoredFile(known.sha256, known.size)
        self._known.forget(identity)
        return None

    async def _download(self, source: FileSource, stem: Path, worker: WorkerStats) -> Downloaded:
        """Fetch a file, again with a fresh reference when its bytes come out wrong or it is said not to be there."""

        def count(size: int) -> None:
            worker.count(0, size)
            self._watcher.media_bytes(size)

        for attempt in range(1, ATTEMPTS + 1):
            file = source.file
            try:
                return await download_file(
                    stem,
                    file.size,
                    source.part,
                    parts_in_flight=self._parts_in_flight,
                    hashes=await source.hashes(),
                    on_bytes=count,
                )
            except (WrongBytesError, FileUnavailable) as error:
                worker.retries += 1
                worker.last_error = str(error)
                if attempt == ATTEMPTS:
                    await to_the_end(PartFile.discard, stem)
                    raise
                await source.renew(file)
        raise AssertionError("the last attempt returns or raises")

    def _shelve(self, result: Downloaded, stem: Path, date: int) -> None:
        """Move a complete file into the store."""
        self._store.adopt(result.path, result.sha256, date)
        PartFile.discard(stem)

    async def _settle(
        self, task: FileTask, content: StoredFile, name: str, worker: WorkerStats, *, reused: bool
    ) -> None:
        """Give a stored content its readable name, then say so in the archive."""
        await to_the_end(self._store.publish, content.sha256, name, task.date)
        await self._ask(lambda archive: archive.file_done(task, content.sha256, content.size, name))
        worker.count(1)
        self._changed = True
        self._watcher.file_done(task, content.size, reused)

    async def _set_aside(self, task: FileTask, reason: str, code: ErrorCode, worker: WorkerStats) -> None:
        """Note that a file cannot be had."""
        worker.last_error = reason
        await self._ask(lambda archive: archive.file_failed(task, reason))
        self._changed = True
        failure = Failure(chat=task.chat, what="file", reason=reason, code=code, message_id=task.message_id)
        self._watcher.file_failed(task, failure)

    # --- helpers ------------------------------------------------------------------------------------------------------

    async def _gate(self, worker: WorkerStats) -> None:
        """Wait while the run is paused."""
        if self._going.is_set():
            return
        worker.state = WorkerState.PAUSED
        await self._going.wait()
        worker.go_on()

    @contextlib.asynccontextmanager
    async def _alone(self, identity: str) -> AsyncIterator[None]:
        """One worker at a time for a content that several messages show: the others then find it in the store."""
        turn = self._turns.setdefault(identity, _Turn())
        turn.takers += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.takers -= 1
            if not turn.takers:
                del self._turns[identity]

    @contextlib.contextmanager
    def _disk_errors(self) -> Iterator[None]:
        """Turn the disk's errors into those that a person is told, but for those that only one name has."""
        try:
            yield
        except OSError as error:
            if error.errno in _OF_ONE_NAME:
                raise TobsError(ErrorCode.UNEXPECTED, f"The file cannot be stored: {error.strerror}.") from error
            raise output_error(error, self._vault) from error

    async def _report(self) -> None:
        """Sum up about once a second, while something changes."""
        while True:
            began = monotonic()
            if self._changed:
                await self._sum_up()
            await asyncio.sleep(max(REPORT_S, REPORT_SHARE * (monotonic() - began)))

    async def _sum_up(self) -> None:
        self._changed = False
        self._watcher.media_totals(await self._ask(lambda archive: archive.file_totals(self._wanted)))


class _Turn:
    """Whose turn it is to bring a content, and how many hold or await it."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.takers = 0


def _label(task: FileTask) -> str:
    """What a worker's row says of a file; the sender's name is not shown, it may be anything."""
    return f"m{task.message_id}{f'-{task.index + 1}' if task.index else ''} {task.kind.value}"


def _stem(task: FileTask) -> str:
    """A file name for the parts, made of Telegram's numbers only."""
    thumb = "".join(character for character in task.file.thumb if character.isascii() and character.isalnum())
    return f"{task.file.kind.value}-{task.file.id}{f'-{thumb}' if thumb else ''}"
