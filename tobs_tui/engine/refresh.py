"""Refreshing chats: what Telegram tells of since the last time, and another look at the newest messages.

For a channel or supergroup, Telegram is asked what happened since the number that the archive is as new as: edits,
deletions and pins, however old their messages are. Reactions, votes and comments are in no such list, and private chats
and basic groups have none of their own: so the newest messages are also looked at again, by their ids. Only what
Telegram says is not there counts as deleted. Whatever was seen to is noted with what it brought, so a refresh that is
killed goes on from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from tobs_tui.archive.records import PageCommit
from tobs_tui.archive.refreshing import RefreshMark, Reread
from tobs_tui.engine.asking import Ask
from tobs_tui.engine.decode_pool import DecodePool, unpack
from tobs_tui.engine.governor import Gate
from tobs_tui.engine.plan import Submit
from tobs_tui.engine.rich_rest import RichRest
from tobs_tui.engine.state import RunBoard
from tobs_tui.engine.workers import WorkerStats, act_as
from tobs_tui.model.errors import ErrorCode
from tobs_tui.model.intervals import Interval
from tobs_tui.model.peers import Peer, is_channel_id
from tobs_tui.model.refresh import Refresh
from tobs_tui.model.run import Failure, Level, WorkerRole, WorkerState
from tobs_tui.monitor.clock import now
from tobs_tui.telegram.page import PageUnreadable

if TYPE_CHECKING:
    from tobs_tui.telegram.link import ChatFacts
    from tobs_tui.telegram.updates import ChannelChanges

BATCH = 100
"""Messages asked for by id at once."""
IDS_AT_ONCE = 50 * BATCH
"""Ids read from the archive at once: what is held in memory of a window, however long it is."""
DAY_SECONDS = 86_400


class RefreshSource(Protocol):
    """What refreshing needs of a `TelegramLink`."""

    async def messages_by_id(self, chat: int, ids: Sequence[int]) -> bytes:
        """The raw answer of a request for messages by id."""

    async def channel_changes(self, chat: int, pts: int) -> ChannelChanges:
        """What happened in a channel."""

    async def chat_facts(self, chat: int) -> ChatFacts:
        """What Telegram tells of one chat."""

    def remember_peers(self, peers: Sequence[Peer]) -> None:
        """Keep peers that came with messages."""


class Refresher:
    """Refreshes chats of a run, with as many requests at once for all of them together as `turn` lets through, which is
    never more than `workers`."""

    def __init__(
        self,
        link: RefreshSource,
        submit: Submit,
        decoder: DecodePool,
        rest: RichRest,
        board: RunBoard,
        ask: Ask,
        window: Refresh,
        turn: Gate,
        workers: int,
        on_files: Callable[[], None],
    ) -> None:
        """`on_files` hears that messages came to carry other files."""
        self._link = link
        self._submit = submit
        self._decoder = decoder
        self._rest = rest
        self._board = board
        self._ask = ask
        self._window = window
        self._on_files = on_files
        self._turn = turn
        self._idle = board.workers.hire("u", WorkerRole.FETCH, workers)
        self.size = workers  # how many requests there may be at once

    async def refresh(self, chat: int, title: str) -> None:
        """Bring the archived messages of a chat up to date. Raises TobsError; what was seen to until then is kept."""
        newest = await self._submit(lambda archive: archive.newest_held(chat))
        if not newest:
            return
        mark = await self._submit(lambda archive: archive.refresh_mark(chat)) or RefreshMark(0, 0)
        look = _ChatLook(self, chat, title)
        pts = 0
        if is_channel_id(chat):
            pts, told = await look.follow(mark)
            if not told:
                self._board.log(
                    Level.WARNING,
                    f"{title}: Telegram does not tell what has changed since the last time: it is too much, or too long"
                    f" ago. Looking at {self._window} again; a refresh of everything finds the rest.",
                )
            if not pts:  # as of now, before anything is looked at
                pts = (await self._ask(lambda: self._link.chat_facts(chat))).pts
        await look.window(mark.seen, newest)
        if look.whole:
            await self._submit(lambda archive: archive.put_refresh_mark(chat, RefreshMark(pts, newest)))

    # --- one request --------------------------------------------------------------------------------------------------

    async def look(self, chat: int, title: str, ids: Sequence[int]) -> bool:
        """Look at some messages again; False when one of them could not be read."""
        async with self._turn:
            worker = self._idle.pop()
            act_as(worker)
            worker.begin(title, chat)
            try:
                return await self._look(chat, title, ids, worker)
            finally:
                worker.rest()
                self._idle.append(worker)

    async def _look(self, chat: int, title: str, ids: Sequence[int], worker: WorkerStats) -> bool:
        raw = await self._ask(lambda: self._link.messages_by_id(chat, ids))
        worker.go_on()
        try:
            rows = await self._decoder.decode(chat, 0, Interval(min(ids), max(ids)), raw)
            rows = await self._rest.whole(chat, 0, rows)
        except PageUnreadable as error:
            if len(ids) > 1:
                parts = [ids[start : start + len(ids) // 2 + 1] for start in range(0, len(ids), len(ids) // 2 + 1)]
                return all([await self._look(chat, title, part, worker) for part in parts])
            reason = f"Message {ids[0]} cannot be read again: {error}."
            self._board.fail(Failure(chat, "messages", reason, ErrorCode.UNEXPECTED, ids[0], title))
            return False
        page = unpack(rows.packed)
        worker.count(len(ids), len(raw))
        self._board.count_bytes(len(raw))
        if rows.partial:  # what the archive holds of these may be more
            page = replace(page, rows=tuple(row for row in page.rows if row.id not in rows.partial))
            ids = [ident for ident in ids if ident not in rows.partial]
        await self.take_in(page, ids)
        return True

    async def take_in(self, page: PageCommit, ids: Sequence[int], mark: RefreshMark | None = None) -> None:
        """Compare messages with the archive, and count what is new about them."""
        noticed = int(now())
        found: Reread = await self._submit(lambda archive: archive.reread(page, ids, noticed, mark))
        counters = self._board.counters
        counters.reread += found.looked
        counters.edited += found.edited
        counters.deleted += found.deleted
        counters.reactions += found.reactions
        if found.files:
            self._on_files()
        if page.peers:
            self._link.remember_peers(page.peers)

    async def changes(self, chat: int, pts: int) -> ChannelChanges:
        """What happened in a channel."""
        return await self._ask(lambda: self._link.channel_changes(chat, pts))

    async def held(self, chat: int, ids: Sequence[int]) -> list[int]:
        """Those of the messages that the archive holds."""
        return await self._submit(lambda archive: sorted(archive.held_among(chat, ids)))

    async def ids(self, chat: int, seen: int, newest: int) -> AsyncIterator[list[int]]:
        """The ids in the window, `BATCH` at a time, ascending."""
        window = self._window
        if window.days or window.messages:
            after, date = await self._submit(
                lambda archive: archive.window_start(
                    chat, seen=seen, seconds=window.days * DAY_SECONDS, messages=window.messages
                )
            )
        else:
            after, date = 0, 0
        while True:
            start = after
            found = await self._submit(
                lambda archive, start=start: archive.ids_held(  # type: ignore[misc]
                    chat, after=start, upto=newest, limit=IDS_AT_ONCE, date_from=date
                )
            )
            for first in range(0, len(found), BATCH):
                yield found[first : first + BATCH]
            if len(found) < IDS_AT_ONCE:
                return
            after = found[-1]

    def close(self) -> None:
        """Nothing more is refreshed."""
        for worker in self._idle:
            worker.rest(WorkerState.STOPPED)


class _ChatLook:
    """One chat being refreshed. `whole` is False once something of it could not be read."""

    def __init__(self, refresher: Refresher, chat: int, title: str) -> None:
        self._refresher = refresher
        self._chat = chat
        self._title = title
        self.whole = True

    async def follow(self, mark: RefreshMark) -> tuple[int, bool]:
        """Take in what Telegram tells of since `mark`. Gives the number that the archive is as new as then (0 = not
        known), and whether everything was told. Each part is noted with what it brought."""
        refresher, chat, pts = self._refresher, self._chat, mark.pts
        if not pts:
            return 0, True  # no number was ever noted: nobody can tell since when to ask
        while True:
            changes = await refresher.changes(chat, pts)
            if not changes.told:
                return changes.pts, False
            ids = await refresher.held(chat, changes.changed)
            for start in range(0, len(ids), BATCH):
                await self._look(ids[start : start + BATCH])
            if not self.whole:
                return pts, True
            pts = changes.pts
            nothing = PageCommit(chat, 1, max(changes.deleted, default=1))
            await refresher.take_in(nothing, changes.deleted, RefreshMark(pts, mark.seen))
            if changes.final:
                return pts, True

    async def window(self, seen: int, newest: int) -> None:
        """Look again at the messages of the window."""
        batches = self._refresher.ids(self._chat, seen, newest)
        turn = asyncio.Lock()

        async def work() -> None:
            while True:
                async with turn:
                    batch = await anext(batches, None)
                if batch is None:
                    return
                await self._look(batch)

        tasks = [asyncio.create_task(work()) for _ in range(self._refresher.size)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self, ids: Sequence[int]) -> None:
        self.whole = await self._refresher.look(self._chat, self._title, ids) and self.whole


def in_words(board: RunBoard) -> str:
    """What a refresh has found, as a sentence."""
    counters = board.counters
    parts = [
        f"{counters.edited} edited",
        f"{counters.deleted} deleted",
        f"{counters.reactions} with other reactions",
    ]
    return f"Looked at {counters.reread} messages again: {', '.join(parts)}."
