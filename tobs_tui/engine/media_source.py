"""Where the parts of one file come from: Telegram, through references that expire and are renewed on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from tobs_tui.archive.records import FileTask
from tobs_tui.media.download import PartHash
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.media import File, FilePart
from tobs_tui.model.messages import EMOJI_TO_FIND
from tobs_tui.telegram.refusals import FileReferenceExpired, FileUnavailable

RENEWALS = 4
"""Fresh references that may turn out to be expired as well before a file is given up."""
HASHES_FROM = 20 * 1024 * 1024
"""Bytes from which on a file's own checksums are asked for; below, the extra request costs more than it tells."""


HASHES_AHEAD = 4 << 20
"""Bytes ahead of the parts whose checksums are asked for, so that no part waits for its own."""

AskHashes = Callable[[int], Awaitable[Sequence[PartHash]]]
"""Gives Telegram's checksums from an offset on."""


class FileLink(Protocol):
    """What the queue needs of the link to Telegram."""

    async def file_part(self, file: File, offset: int, limit: int) -> FilePart:
        """The bytes from `offset` on, at most `limit`. Raises FileReferenceExpired, FileUnavailable or TobsError."""

    async def refresh_file(self, chat: int, message_id: int, file: File) -> File:
        """The file with a fresh reference. Raises FileUnavailable or TobsError."""

    async def file_hashes(self, file: File, offset: int) -> Sequence[PartHash]:
        """Telegram's checksums from `offset` on; empty where it has none."""


class FileSource:
    """One file's parts. Several may be asked for at once; a reference that expires under them is renewed once."""

    def __init__(
        self,
        link: FileLink,
        task: FileTask,
        gate: Callable[[], Awaitable[None]],
        turn: AbstractAsyncContextManager[None],
    ) -> None:
        """`gate` is awaited before each request; it holds them up while the run is paused. Each part takes a `turn`."""
        self.file = task.file
        self._link = link
        self._task = task
        self._gate = gate
        self._turn = turn
        self._renewing = asyncio.Lock()
        self._renewals_in_a_row = 0
        self._book = _HashBook(task.file.size)

    async def known(self) -> File:
        """The file with all that is needed to ask for it: of some, a message tells the id alone. Raises as `part`."""
        if self.file.mime == EMOJI_TO_FIND:
            await self._gate()
            await self.renew(self.file)
        return self.file

    async def part(self, offset: int, limit: int) -> FilePart:
        """The bytes from `offset` on, at most `limit`. Raises FileUnavailable or TobsError."""
        while True:
            await self._gate()
            file = self.file
            try:
                async with self._turn:
                    data = await self._link.file_part(file, offset, limit)
            except FileReferenceExpired:
                await self.renew(file)
            except OSError as error:  # not to be taken for the disk's
                raise TobsError(ErrorCode.SERVER_UNREACHABLE, f"Telegram cannot be reached ({error}).") from error
            else:
                self._renewals_in_a_row = 0
                return data

    async def renew(self, stale: File) -> None:
        """Replace `stale` by a copy with a fresh reference, unless somebody has just done so."""
        async with self._renewing:
            if self.file is not stale:
                return
            self._renewals_in_a_row += 1
            if self._renewals_in_a_row > RENEWALS:
                raise FileUnavailable("Telegram calls every fresh reference to this file expired.")
            fresh = await self._link.refresh_file(self._task.chat, self._task.message_id, stale)
            if (fresh.kind, fresh.id, fresh.thumb) != (stale.kind, stale.id, stale.thumb):
                raise FileUnavailable("The message shows another file by now.", final=True)
            self.file = fresh

    async def vouched(self, offset: int, count: int) -> Sequence[PartHash]:
        """Telegram's checksums of a stretch of the file; none for a small one, or where Telegram has none."""
        if self.file.size < HASHES_FROM:
            return ()
        return await self._book.of(offset, offset + count, self._hashes_from)

    def close(self) -> None:
        """Nothing more is needed of the file."""
        self._book.close()

    async def _hashes_from(self, offset: int) -> Sequence[PartHash]:
        while True:
            await self._gate()
            file = self.file
            try:
                return await self._link.file_hashes(file, offset)
            except FileReferenceExpired:
                await self.renew(file)


class _HashBook:
    """Checksums as they are needed, some pages ahead of the parts; those that were given out are forgotten, so that a
    file of any size takes the same memory."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._known: dict[int, PartHash] = {}
        self._asking: dict[int, asyncio.Task[None]] = {}
        self._edge = 0  # where what is known ends, of the stretch that is being downloaded
        self._none = False

    async def of(self, start: int, end: int, ask: AskHashes) -> Sequence[PartHash]:
        """Those of [start, end), as far as Telegram has them."""
        found: list[PartHash] = []
        at = start
        while at < end and not self._none:
            if at not in self._known:
                await asyncio.shield(self._page(at, ask))
            known = self._known.pop(at, None)
            if known is None:
                break
            found.append(known)
            at += known.limit
        if end < self._edge < min(end + HASHES_AHEAD, self._size):
            self._page(self._edge, ask)
        return found

    def _page(self, offset: int, ask: AskHashes) -> asyncio.Task[None]:
        """The request for the checksums from `offset` on, which may be under way already."""
        task = self._asking.get(offset)
        if task is None or task.done():
            task = self._asking[offset] = asyncio.create_task(self._take_in(offset, ask))
            task.add_done_callback(lambda done: self._forget(offset, done))
        return task

    async def _take_in(self, offset: int, ask: AskHashes) -> None:
        told = await ask(offset)
        self._none = self._none or (not told and offset == 0)  # it has none of this file
        for each in told:
            if each.limit > 0:
                self._known[each.offset] = each
                self._edge = max(self._edge, each.offset + each.limit)

    def _forget(self, offset: int, task: asyncio.Task[None]) -> None:
        if self._asking.get(offset) is task:
            del self._asking[offset]
        if not task.cancelled():
            task.exception()  # whoever needs these asks again, and hears of it

    def close(self) -> None:
        """Ask for nothing more."""
        for task in self._asking.values():
            task.cancel()
