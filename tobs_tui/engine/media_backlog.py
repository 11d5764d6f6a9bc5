"""The files still to come: taken from the archive a batch at a time, and handed out within what data centres allow."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import FileFilter, FileTask
from tobs_tui.media.parts import LARGE_FROM

T = TypeVar("T")
Key = tuple[int, int, int]

BATCH = 128
"""Files taken from the archive at a time."""
AHEAD = 2
"""Files of a lane that are looked up while others hold its places, so that no place stays empty for it."""
LOOK_AHEAD = 8 * BATCH
"""Files held in memory at most, in search of one whose data centre has room."""
SMALL_AT_ONCE = 5
LARGE_AT_ONCE = 2
"""Files that official clients fetch from one data centre at a time (``small_queue_max_active_operations_count`` and its
sibling in Telegram's appConfig)."""


class Submit(Protocol):
    """Calls an action with the archive, on the archive's thread."""

    def __call__(self, action: Callable[[Archive], T], /) -> Awaitable[T]:
        """The action's result, or its exception."""


class Lane(NamedTuple):
    """What is limited: small or large files of one data centre."""

    dc: int
    large: bool

    @property
    def room(self) -> int:
        """How many of its files may be on their way at once."""
        return LARGE_AT_ONCE if self.large else SMALL_AT_ONCE


def lane_of(task: FileTask) -> Lane:
    """Where a file queues."""
    return Lane(task.file.dc, task.file.size >= LARGE_FROM)


class Slot:
    """A place in a lane, for one file: to be taken before Telegram is asked for it, and given back as soon as possible;
    giving it back again changes nothing."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places = places
        self._held = False

    async def take(self) -> None:
        """Wait for the place."""
        if not self._held:
            await self._places.acquire()
            self._held = True

    def give_back(self) -> None:
        """Let another file have it."""
        if self._held:
            self._held = False
            self._places.release()


class Backlog:
    """The archive is the queue: what is pending there is still to be done. Each file is handed out once until
    `drop`."""

    def __init__(self, ask: Submit, wanted: FileFilter) -> None:
        self._ask = ask
        self._wanted = wanted
        self._ready: dict[Lane, deque[FileTask]] = {}
        self._busy: Counter[Lane] = Counter()
        self._places: dict[Lane, asyncio.Semaphore] = {}
        self._keys: set[Key] = set()  # of what is ready or handed out
        self._held = 0  # how many are ready
        self._after: Key | None = None  # how far the look through the archive has come; None between two
        self._news = True
        self._taking = asyncio.Lock()

    def look_again(self) -> None:
        """There may be more in the archive than at the last look."""
        self._news = True

    @property
    def empty(self) -> bool:
        """Whether all that the last look found has been handed out, and there was nothing more."""
        return not self._held and not self._news and self._after is None

    async def take(self) -> FileTask | None:
        """A file whose data centre has room now or soon, or None; `free` it and `drop` it in the end."""
        async with self._taking:
            while True:
                for lane, tasks in self._ready.items():
                    if tasks and self._busy[lane] < lane.room + AHEAD:
                        self._busy[lane] += 1
                        self._held -= 1
                        return tasks.popleft()
                looking = self._after is not None or (self._news and self._held < BATCH)
                if not looking or self._held >= LOOK_AHEAD:
                    return None
                await self._refill()

    def slot(self, task: FileTask) -> Slot:
        """The place that a file needs to be fetched."""
        lane = lane_of(task)
        return Slot(self._places.setdefault(lane, asyncio.Semaphore(lane.room)))

    def free(self, task: FileTask) -> None:
        """Nothing more is asked of Telegram for a file that was handed out: another one may be."""
        self._busy[lane_of(task)] -= 1

    def drop(self, task: FileTask) -> None:
        """The archive knows what became of a file that was handed out."""
        self._keys.discard(task.key)

    async def _refill(self) -> None:
        """Take a batch in hand, from where the last one ended."""
        if self._after is None:
            self._news = False  # what is committed from here on sets it again
        batch = await self._ask(partial(self._pending, after=self._after))
        for task in batch:
            if task.key not in self._keys:
                self._keys.add(task.key)
                self._ready.setdefault(lane_of(task), deque()).append(task)
                self._held += 1
        self._after = batch[-1].key if len(batch) == BATCH else None

    def _pending(self, archive: Archive, after: Key | None) -> list[FileTask]:
        return archive.pending_files(self._wanted, BATCH, after)
