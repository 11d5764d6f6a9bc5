"""The media queue: downloads the files of archived messages in the background, several at once, until none is left."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from loguru import logger
from msgspec.structs import replace

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.commits import file_identity
from tobs_tui.archive.records import FileFilter, FileTask, FileTotals
from tobs_tui.cache.spaces import KnownFile, Space
from tobs_tui.engine.media_backlog import Backlog, Key, Submit
from tobs_tui.engine.media_names import PathOf
from tobs_tui.engine.media_shelf import Shelf
from tobs_tui.engine.media_source import FileLink, FileSource
from tobs_tui.engine.together import until_failure
from tobs_tui.engine.workers import WorkerStats, act_as
from tobs_tui.media.download import Downloaded, WrongBytesError, download_file
from tobs_tui.media.parts import part_size_of
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import EXTRA_KINDS
from tobs_tui.model.run import Failure, WorkerState
from tobs_tui.monitor.clock import monotonic
from tobs_tui.monitor.logs import about
from tobs_tui.telegram.refusals import FileUnavailable

ATTEMPTS = 3
"""Times that a file is begun whose bytes come out wrong or which is said to be missing, each with fresh references."""
LISTED = 500
"""Messages that are looked through for extra files at a time."""
SHELVING = 16
"""Downloaded files that may be on their way into the store while others are fetched."""
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


class MediaWatcher(Protocol):
    """What hears how the files fare. All are called on the event loop."""

    def media_totals(self, totals: Sequence[FileTotals]) -> None:
        """The sums over all files of the run's chats and topics, exact as of now; about once a second."""

    def media_bytes(self, count: int) -> None:
        """So many bytes came in."""

    def file_done(self, task: FileTask, size: int, reused: bool) -> None:
        """A file is in its place; `reused` means that its bytes were there already, or equal ones."""

    def file_failed(self, task: FileTask, failure: Failure) -> None:
        """A file cannot be had; the others go on."""


class MediaQueue:
    """Downloads what `wanted` lets through. Every worker fetches one file at a time, within what data centres allow.

    The archive is the queue: what is pending there is still to be done, so a killed run goes on where it was, with the
    parts that it had. A file that cannot be had is set aside, and tried once more when the others are done.
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
        self._wanted = wanted
        self._workers = workers
        self._watcher = watcher
        self._parts_in_flight = parts_in_flight
        self._turn = turn or contextlib.nullcontext()
        self._backlog = Backlog(submit, wanted)
        self._shelf = Shelf(vault, submit, path_of, known)
        self._shelving = 0
        self._broken: TobsError | None = None  # what ends every download
        self._turns: dict[str, _Turn] = {}
        self._aside: dict[Key, tuple[FileTask, Failure]] = {}
        self._last_round = False
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
        self._backlog.look_again()
        self._tell_workers()

    def no_more(self) -> None:
        """No page will be committed any more: `run` returns once nothing is pending."""
        self._more_to_come = False
        self._backlog.look_again()
        self._tell_workers()

    def _tell_workers(self) -> None:
        """Have workers that found nothing look again; one that is looking now does so when it is done."""
        self._news.set()
        self._news = asyncio.Event()  # another one, as no worker may take back what others have not heard

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
        reporter = asyncio.create_task(self._report())
        try:
            await self._together(self._prepare())
            await self._work_off()
            if await self._list_extras():
                await self._work_off()
            if again := await self._ask(partial(Archive.retry_files, keys=tuple(self._aside))):
                logger.info("{} files are tried once more", again)
                self._last_round = True
                self._backlog.look_again()
                await self._work_off()
        finally:
            reporter.cancel()
            await asyncio.gather(reporter, return_exceptions=True)
            for worker in self._workers:
                worker.rest(WorkerState.STOPPED)
            self._tell_failures()
        await self._sum_up()

    async def _list_extras(self) -> bool:
        """Once the main files are there, take up the extra ones that are wanted; whether there are any."""
        kinds = EXTRA_KINDS & set(self._wanted.kinds)
        found = 0
        for chat in {scope.chat for scope in self._wanted.scopes} if kinds else ():
            last, new = await self._ask(partial(Archive.list_extras, chat=chat, kinds=kinds, after=0, limit=LISTED))
            while last:
                found += max(0, new)
                last, new = await self._ask(
                    partial(Archive.list_extras, chat=chat, kinds=kinds, after=last, limit=LISTED)
                )
        self._changed = True
        self._backlog.look_again()
        return found > 0

    async def _work_off(self) -> None:
        """Have the workers carry every file that is pending."""
        await self._together(*(self._work(worker) for worker in self._workers))

    async def _together(self, *work: Coroutine[Any, Any, None]) -> None:
        """Do all of it; the first failure stops the rest and is raised. Nothing is done once `cancel` was called."""
        self._tasks = [asyncio.create_task(one) for one in work]
        if self._cancelled:
            self.cancel()
        if self._tasks:
            await until_failure(self._tasks)

    async def _prepare(self) -> None:
        """Try again what failed in earlier runs, and see that what was downloaded is still in its place."""
        await self._ask(lambda archive: archive.retry_failed_files(self._wanted))
        await self._shelf.tidy(self._wanted, lambda error: error.code in _FATAL)

    # --- the workers --------------------------------------------------------------------------------------------------

    async def _work(self, worker: WorkerStats) -> None:
        """Fetch file after file. Each goes on its way into the store while the next one is fetched."""
        act_as(worker)
        carried: dict[asyncio.Task[None], asyncio.Event] = {}
        try:
            while (task := await self._take(worker)) is not None:
                worker.begin(_label(task), task.chat)
                fetched = asyncio.Event()
                with about(chat=task.chat, message=task.message_id):
                    carrying = asyncio.create_task(self._carry(task, worker, fetched))
                carried[carrying] = fetched
                carrying.add_done_callback(lambda _, fetched=fetched: fetched.set())  # type: ignore[misc]
                await fetched.wait()
                _drop_done(carried)
                worker.rest()
            await asyncio.gather(*carried)
        finally:
            for carrying, fetched in carried.items():
                if not fetched.is_set():  # what is fetched is kept
                    carrying.cancel()
            await asyncio.gather(*carried, return_exceptions=True)

    async def _take(self, worker: WorkerStats) -> FileTask | None:
        """The next file; waits while none can be taken and some may come; None when all is done."""
        while True:
            await self._gate(worker)
            if self._broken is not None:
                raise self._broken
            more_to_come = self._more_to_come  # looked at first: what is committed later sets it later
            news = self._news
            if (task := await self._backlog.take()) is not None:
                return task
            if not more_to_come and self._backlog.empty:
                return None
            await news.wait()

    async def _carry(self, task: FileTask, worker: WorkerStats, fetched: asyncio.Event) -> None:
        """Bring one file to its place, or set it aside with the reason. Raises what ends every download.

        `fetched` is set when nothing more is asked of Telegram for it, and the worker may fetch another file.
        """
        try:
            async with self._alone(file_identity(task.file)):
                await self._bring(task, worker, fetched)
        except FileUnavailable as error:
            await self._set_aside(task, error.reason, ErrorCode.TELEGRAM_REFUSED, worker, final=error.final)
        except WrongBytesError as error:
            await self._set_aside(task, f"{error}.", ErrorCode.TELEGRAM_REFUSED, worker)
        except TobsError as error:
            if error.code in _FATAL:
                self._broken = error
                raise
            await self._set_aside(task, error.sentence, error.code, worker)
        except Exception as error:  # noqa: BLE001  # one bad file must never stall or end a run
            logger.opt(exception=error).error("file {} of message {} in {}", task.index, task.message_id, task.chat)
            await self._set_aside(task, f"{type(error).__name__}: {error}", ErrorCode.UNEXPECTED, worker)
        finally:
            if not fetched.is_set():
                self._backlog.free(task)
            self._backlog.drop(task)
            self._tell_workers()

    async def _bring(self, task: FileTask, worker: WorkerStats, fetched: asyncio.Event) -> None:
        """Bring one file to its place from the store, or from Telegram."""
        source = FileSource(self._link, task, lambda: self._gate(worker), self._turn)
        task = replace(task, file=await source.known())
        content, name = await self._shelf.find(task)
        if content is not None:
            await self._shelf.publish(task, content, name)
            self._settled(task, content.size, worker, reused=True)
            return
        try:
            with self._shelf.disk_errors():
                result = await self._download(source, task, worker, lambda: self._let_go(task, fetched))
            twin = await self._shelf.keep(replace(task, file=source.file), result, name)
        finally:
            source.close()
            self._shelving -= fetched.is_set()
        self._settled(task, result.size, worker, reused=twin)

    def _let_go(self, task: FileTask, fetched: asyncio.Event) -> None:
        """Nothing more is asked of Telegram for a file: its worker may go on, unless too many are being stored."""
        if not fetched.is_set() and self._shelving < SHELVING:
            self._shelving += 1
            self._backlog.free(task)
            fetched.set()
            self._tell_workers()

    async def _download(
        self, source: FileSource, task: FileTask, worker: WorkerStats, on_fetched: Callable[[], None]
    ) -> Downloaded:
        """Fetch a file, again with a fresh reference when its bytes come out wrong or it is said not to be there."""
        slot = self._backlog.slot(task)

        def count(size: int) -> None:
            worker.count(0, size)
            self._watcher.media_bytes(size)

        def give_back() -> None:
            slot.give_back()
            on_fetched()

        for attempt in range(1, ATTEMPTS + 1):
            if self._cancelled:
                raise asyncio.CancelledError
            await slot.take()
            file = source.file
            try:
                download = partial(
                    download_file,
                    self._shelf.stem(task),
                    file.size,
                    source.part,
                    parts_in_flight=self._parts_in_flight,
                    part_size=part_size_of(file.size),
                    vouched=source.vouched,
                    on_bytes=count,
                    on_fetched=give_back,
                )
                return await worker.restartable(download)
            except (WrongBytesError, FileUnavailable) as error:
                worker.retries += 1
                worker.last_error = str(error)
                if attempt == ATTEMPTS or getattr(error, "final", False):
                    await self._shelf.discard(task)
                    raise
                await source.renew(file)
            finally:
                slot.give_back()
        raise AssertionError("the last attempt returns or raises")

    def _settled(self, task: FileTask, size: int, worker: WorkerStats, *, reused: bool) -> None:
        """A file is in its place, and the archive knows."""
        worker.count(1)
        self._changed = True
        self._aside.pop(task.key, None)
        self._watcher.file_done(task, size, reused)

    async def _set_aside(
        self, task: FileTask, reason: str, code: ErrorCode, worker: WorkerStats, *, final: bool = False
    ) -> None:
        """Note that a file cannot be had now; unless that is `final`, it is tried again when the others are done."""
        worker.last_error = reason
        await self._ask(lambda archive: archive.file_failed(task, reason))
        self._changed = True
        failure = Failure(chat=task.chat, what="file", reason=reason, code=code, message_id=task.message_id)
        self._aside.pop(task.key, None)
        if final or self._last_round:
            self._watcher.file_failed(task, failure)
        else:
            self._aside[task.key] = (task, failure)

    def _tell_failures(self) -> None:
        """What was set aside and not had since."""
        while self._aside:
            self._watcher.file_failed(*self._aside.popitem()[1])

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


def _drop_done(tasks: dict[asyncio.Task[None], asyncio.Event]) -> None:
    """Forget those that are done; raises what ended one of them."""
    for task in [task for task in tasks if task.done()]:
        del tasks[task]
        task.result()
