"""The one writer of the archive: a thread that commits pages in groups and does every other write in between."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from loguru import logger
from msgspec import Struct
from msgspec.structs import replace

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import Committed
from tobs_tui.engine.decode_pool import unpack_flat
from tobs_tui.model.errors import TobsError
from tobs_tui.model.peers import Peer
from tobs_tui.monitor.clock import monotonic

T = TypeVar("T")

GROUP_BYTES = 4 * 1024 * 1024
GROUP_PAGES = 64
"""What one transaction takes at most. Groups form by themselves: whatever came in while the last one was committed."""


class PageCommitted(Struct, frozen=True):
    """A page is in the archive. `peers` are those that no page of this run had shown before."""

    committed: Committed
    peers: tuple[Peer, ...]


class _Page(Struct, frozen=True):
    packed: bytes
    answer: asyncio.Future[PageCommitted]


class _Call(Struct, frozen=True):
    action: Callable[[Archive], Any]
    answer: asyncio.Future[Any]


_Item = _Page | _Call | None
_Outcome = tuple[asyncio.Future[Any], Any, BaseException | None]


class Writer:
    """Owns the archive's only writing connection. Everything is done in the order it was asked for."""

    def __init__(self, open_archive: Callable[[], Archive]) -> None:
        self._open = open_archive
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._seen_peers: dict[int, Peer] = {}
        self._archive: Archive | None = None
        self.seconds = 0.0  # spent on committing pages

    async def start(self) -> None:
        """Open the archive. Raises the `TobsError` that says why it cannot be used."""
        self._loop = asyncio.get_running_loop()
        self._archive = await asyncio.to_thread(self._open)
        self._thread = threading.Thread(target=self._serve, name="archive-writer", daemon=True)
        self._thread.start()

    def page(self, packed: bytes) -> asyncio.Future[PageCommitted]:
        """Commit a page (records and ledger together). The future fails with the archive's `TobsError`."""
        answer: asyncio.Future[PageCommitted] = self._new_future()
        self._queue.put(_Page(packed, answer))
        return answer

    def submit(self, action: Callable[[Archive], T]) -> asyncio.Future[T]:
        """Call `action` with the archive, on its thread; its result or exception is the future's."""
        answer: asyncio.Future[T] = self._new_future()
        self._queue.put(_Call(action, answer))
        return answer

    @property
    def waiting(self) -> int:
        """Pages and calls not yet begun."""
        return self._queue.qsize()

    async def close(self) -> None:
        """Do what is queued, then close the archive."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(thread.join)

    def _new_future(self) -> asyncio.Future[Any]:
        if self._loop is None or self._thread is None:
            raise RuntimeError("the writer is not running")
        return self._loop.create_future()

    # --- on the writer's thread --------------------------------------------------------------------------------------

    def _serve(self) -> None:
        archive = self._archive
        assert archive is not None
        try:
            while self._turn(archive):
                pass
        finally:
            try:
                archive.close()
            except TobsError as error:  # everything is committed or was told of; the next opening folds the log in
                logger.warning("the archive was not closed cleanly: {}", error)

    def _turn(self, archive: Archive) -> bool:
        """Do what has come in. False when it is time to end."""
        pages: list[_Page] = []
        size = 0
        item = self._queue.get()
        while isinstance(item, _Page):
            pages.append(item)
            size += len(item.packed)
            if len(pages) >= GROUP_PAGES or size >= GROUP_BYTES:
                break
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                break
        if pages:
            self._commit(archive, pages)
        if isinstance(item, _Call):
            self._call(archive, item)
        return item is not None

    def _commit(self, archive: Archive, pages: list[_Page]) -> None:
        began = monotonic()
        try:
            batch = []
            news: dict[int, Peer] = {}
            for page in pages:
                commit = unpack_flat(page.packed)
                peers = tuple(peer for peer in commit.peers if self._is_news(peer, news))
                news.update((peer.id, peer) for peer in peers)
                batch.append(replace(commit, peers=peers))
            results = archive.commit(batch)
            self.seconds += monotonic() - began
        except Exception as error:  # noqa: BLE001  # whatever it was, those who wait for the pages must hear of it
            self._deliver([(page.answer, None, error) for page in pages])
            return
        self._seen_peers.update(news)
        self._deliver(
            [
                (page.answer, PageCommitted(committed, commit.peers), None)
                for page, commit, committed in zip(pages, batch, results, strict=True)
            ]
        )

    def _is_news(self, peer: Peer, news: dict[int, Peer]) -> bool:
        known = news.get(peer.id) or self._seen_peers.get(peer.id)
        return known is None or (known != peer and not (peer.min and not known.min))

    def _call(self, archive: Archive, call: _Call) -> None:
        try:
            result = call.action(archive)
        except Exception as error:  # noqa: BLE001  # it belongs to whoever asked
            self._deliver([(call.answer, None, error)])
        else:
            self._deliver([(call.answer, result, None)])

    def _deliver(self, outcomes: list[_Outcome]) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(_settle, outcomes)


def _settle(outcomes: list[_Outcome]) -> None:
    """Wake those who wait; who has gone away in the meantime is passed over."""
    for answer, result, error in outcomes:
        if answer.done():
            continue
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)
