"""The downloading half of a run: the media queue, and its progress on the board."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tobs_tui.archive.records import FileFilter, FileScope, FileTask, FileTotals
from tobs_tui.engine.chat_jobs import ChatJob
from tobs_tui.engine.commit import Writer
from tobs_tui.engine.filtering import RecordFilter
from tobs_tui.engine.governor import Governor
from tobs_tui.engine.media import MediaQueue
from tobs_tui.engine.media_names import path_of_file
from tobs_tui.engine.state import RunBoard
from tobs_tui.engine.targets import date_span
from tobs_tui.model.errors import TobsError
from tobs_tui.model.profile import Profile
from tobs_tui.model.run import ChatState, Failure, WorkerRole
from tobs_tui.telegram.link import TelegramLink


class MediaStage:
    """Downloads what the profile wants of the run's chats. `on_fatal` hears of an error that ends every download."""

    def __init__(
        self,
        link: TelegramLink,
        writer: Writer,
        vault: Path,
        profile: Profile,
        board: RunBoard,
        on_fatal: Callable[[TobsError], None],
        records: RecordFilter = RecordFilter(),  # noqa: B008  # frozen
        *,
        governor: Governor,
        on_file: Callable[[tuple[int, int, int]], None] = lambda key: None,
    ) -> None:
        """`on_file` hears of each file that is in its place, by (chat, message id, index)."""
        self._link = link
        self._writer = writer
        self._vault = vault
        self._profile = profile
        self._board = board
        self._on_fatal = on_fatal
        self._records = records
        self._on_file = on_file
        self._paused = False
        self._queue: MediaQueue | None = None
        self._task: asyncio.Task[None] | None = None
        self._open: dict[tuple[int, int], int] = {}  # files still to come, by row
        count = profile.performance.download_workers if profile.media.download else 0
        self._workers = board.workers.hire("m", WorkerRole.MEDIA, count)
        self._turn = governor.gate(WorkerRole.MEDIA, max(1, count) * profile.performance.parts_in_flight)

    def begin(self, jobs: Iterable[ChatJob]) -> None:
        """Start downloading for these chats. Does nothing when the profile wants no files, or it has begun."""
        if self._queue is not None or not self._profile.media.download:
            return
        queue = self._queue = MediaQueue(
            self._link,
            self._writer.submit,
            self._vault,
            self.wanted(jobs),
            path_of_file(self._profile.layout),
            self._workers,
            self,
            parts_in_flight=self._profile.performance.parts_in_flight,
            turn=self._turn,
            known=self._link.cache.files,
        )
        if self._paused:
            queue.pause()
        self._task = asyncio.create_task(queue.run())
        self._task.add_done_callback(self._ended)

    def wanted(self, jobs: Iterable[ChatJob]) -> FileFilter:
        """The files of these chats that the profile wants."""
        media, dates = self._profile.media, date_span(self._profile.filters, self._profile.layout.timezone)
        bounded = self._profile.filters.bounded
        return FileFilter(
            scopes=tuple(_scope(job, bounded=bounded) for job in jobs if job.record is not None),
            kinds=media.kinds if media.download else (),
            max_size=media.max_size_mb * 1024 * 1024,
            date_from=dates.since,
            date_to=dates.until,
            keeps=None if self._records.open else self._records.blob_matcher(),
        )

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if isinstance(error, TobsError):
            self._on_fatal(error)

    def wake(self) -> None:
        """More pages were committed: there may be new files."""
        if self._queue is not None:
            self._queue.wake()

    async def finish(self, jobs: Sequence[ChatJob]) -> None:
        """Nothing more comes: wait until every file is there or set aside. Errors went to `on_fatal`."""
        if self._queue is None:
            self.media_totals(await self._writer.submit(lambda archive: archive.file_totals(self.wanted(jobs))))
            return
        self._queue.no_more()
        if self._task is not None:
            await asyncio.wait({self._task})
            error = self._task.exception()
            if error is not None and not isinstance(error, TobsError):
                raise error

    def pause(self) -> None:
        """Ask for nothing more."""
        self._paused = True
        if self._queue is not None:
            self._queue.pause()

    def resume(self) -> None:
        """Go on."""
        self._paused = False
        if self._queue is not None:
            self._queue.resume()

    async def close(self) -> None:
        """Stop downloading; what was fetched of a file is kept for the next run."""
        if self._queue is not None and self._task is not None:
            self._queue.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def is_open(self, key: tuple[int, int]) -> bool:
        """Whether files of a row are still to come, as far as is known."""
        return self._queue is not None and self._open.get(key, 0) > 0

    # --- what the queue reports ---------------------------------------------------------------------------------------

    def media_totals(self, totals: Sequence[FileTotals]) -> None:
        """The sums over all files, exact as of now."""
        sums: dict[tuple[int, int], list[int]] = {}
        skipped = 0
        keys = {row.key for row in self._board.rows()}
        for part in totals:
            key = (part.chat, part.topic) if (part.chat, part.topic) in keys else (part.chat, 0)
            figures = sums.setdefault(key, [0, 0, 0, 0, 0])
            for index, amount in enumerate((part.done, part.total, part.bytes_done, part.bytes_total, part.failed)):
                figures[index] += amount
            skipped += part.excluded
        self._board.counters.skipped = skipped
        for key, (done, total, size, size_total, failed) in sums.items():
            if key not in keys:
                continue
            self._open[key] = total - done - failed
            self._board.change(key, media=done, media_total=total, media_bytes=size, media_bytes_total=size_total)
            state = ChatState.MEDIA if self._open[key] > 0 else ChatState.DONE
            if self._queue is not None and self._board.row(key).state in (ChatState.MEDIA, ChatState.DONE):
                self._board.change(key, state=state)

    def media_bytes(self, count: int) -> None:
        """So many bytes came in."""
        self._board.count_bytes(count)

    def file_done(self, task: FileTask, size: int, reused: bool) -> None:
        """A file is in its place."""
        self._on_file(task.key)
        if reused:
            self._board.counters.files_reused += 1
            self._board.counters.bytes_saved += size

    def file_failed(self, task: FileTask, failure: Failure) -> None:
        """A file cannot be had."""
        key = (task.chat, task.topic)
        rows = {row.key: row for row in self._board.rows()}
        row = rows.get(key) or rows.get((task.chat, 0))
        self._board.fail(
            Failure(
                chat=failure.chat,
                what=failure.what,
                reason=failure.reason,
                code=failure.code,
                message_id=failure.message_id,
                title=row.title if row is not None else "",
            )
        )


def _scope(job: ChatJob, *, bounded: bool) -> FileScope:
    """The files of a planned chat; where the profile bounds its messages, of those only."""
    if not bounded or not job.tracks:
        return FileScope(job.target.chat, job.target.topics)
    topics = tuple(track.topic for track in job.tracks) if job.target.topics else ()
    return FileScope(job.target.chat, topics, tuple(track.wanted.lo for track in job.tracks))
