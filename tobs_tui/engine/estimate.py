"""What a profile would fetch and cost: the dry run's figures and the tuning screen's, at a few requests a chat.

Messages are counted by ranks: the answer about one message says how many are newer, so two answers count a range.
Nothing is fetched for the vault and nothing is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine.estimate_files import NOT_ASKED, Extent, FileEstimator
from tobs_tui.engine.filtering import RecordFilter, record_filter
from tobs_tui.engine.lookups import BudgetSpent, Lookups
from tobs_tui.engine.ranges import PAGE_LIMIT
from tobs_tui.engine.targets import DateSpan, Target, date_span, find_targets
from tobs_tui.media.parts import PART_SIZE
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.estimate import ChatEstimate, Pace, known_sum, whole_sum
from tobs_tui.model.intervals import Interval, IntervalSet
from tobs_tui.model.peers import Dialog, Peer, PeerKind, is_channel_id, own_scope
from tobs_tui.model.profile import MediaKind, Profile
from tobs_tui.telegram.counting import SEARCH_REACH

T = TypeVar("T")

LIVE_REQUESTS = 60
"""Requests that an estimate may cost while somebody tunes a profile."""
PLAN_REQUESTS = 2_000
"""Requests that a dry run may cost."""
HOLES = 4
"""Missing stretches of a chat that are counted one by one."""
PLANNING = 3
"""Requests that a run needs for a chat besides its pages and files."""

_OF_THE_CHAT = (ErrorCode.CHAT_UNAVAILABLE, ErrorCode.CHAT_NOT_FOUND, ErrorCode.TELEGRAM_REFUSED)


class ExportEstimate(Struct, frozen=True):
    """The rows of an estimate and how their times were reckoned. `asked` requests were sent for it; `uncounted` are
    kinds of files whose numbers are not known everywhere; `problem` says what held it up ('' = nothing)."""

    rows: tuple[ChatEstimate, ...]
    chats: int
    pace: Pace
    asked: int
    requests: int
    seconds: int
    uncounted: tuple[MediaKind, ...] = ()
    problem: str = ""

    @property
    def messages(self) -> int:
        """Messages within the profile's bounds; -1 unless known of every row."""
        return whole_sum(row.messages for row in self.rows)

    @property
    def archived(self) -> int:
        """Those of them that the archive holds, as far as is known."""
        return known_sum(row.archived for row in self.rows)

    @property
    def missing(self) -> int:
        """Messages still to be fetched; -1 unless known of every row."""
        return whole_sum(row.missing for row in self.rows)

    @property
    def files(self) -> int:
        """Files still to be downloaded, of the kinds that are known."""
        return known_sum(row.files for row in self.rows)

    @property
    def bytes(self) -> int:
        """Bytes still to be downloaded, of the kinds that are known."""
        return known_sum(row.bytes for row in self.rows)


async def estimate(
    profile: Profile, lookups: Lookups, output: Path, *, requests: int = LIVE_REQUESTS
) -> ExportEstimate:
    """What the profile would still fetch into the vault at `output`, learned with at most so many `requests` besides
    those that find its chats. Raises `TobsError`; a wait that Telegram asks for ends the counting, not the estimate."""
    link = lookups.link
    targets, failures = await find_targets(profile, link)
    if failures and not targets:
        raise TobsError(failures[0].code, failures[0].reason)
    records = await record_filter(profile.filters, link, _at_once)
    lookups.allow(requests)
    archive = await asyncio.to_thread(_open, output)
    try:
        rows, problem = await _Estimator(profile, lookups, archive, records).rows(targets)
    finally:
        if archive is not None:
            archive.close()
    rows += [ChatEstimate(each.chat, 0, each.title, problem=each.reason) for each in failures]
    return _summed_up(profile, lookups, rows, len(targets), problem)


async def _at_once(request: Callable[[], Awaitable[T]]) -> T:
    return await request()


def _open(output: Path) -> Archive | None:
    path = archive_path(output)
    return Archive.open(path, read_only=True) if path.exists() else None


def _summed_up(
    profile: Profile, lookups: Lookups, rows: Sequence[ChatEstimate], chats: int, problem: str
) -> ExportEstimate:
    pace = _pace(profile, lookups)
    timed = tuple(replace(row, seconds=pace.seconds(*_requests(row)) if row.requests >= 0 else -1) for row in rows)
    requests = whole_sum(row.requests for row in rows)
    history, files = (sum(part) for part in zip(*(_requests(row) for row in rows), strict=True)) if rows else (0, 0)
    uncounted = dict.fromkeys(kind.kind for row in rows for kind in row.kinds if kind.missing < 0 or kind.bytes < 0)
    return ExportEstimate(
        rows=timed,
        chats=chats,
        pace=pace,
        asked=lookups.asked,
        requests=requests,
        seconds=pace.seconds(history, files) if requests >= 0 else -1,
        uncounted=tuple(uncounted),
        problem=problem,
    )


def _pace(profile: Profile, lookups: Lookups) -> Pace:
    performance, rates = profile.performance, lookups.link.figures().rates
    return Pace(
        latency_ms=lookups.latency_ms,
        history_in_flight=min(performance.history_workers, performance.window),
        files_in_flight=performance.download_workers * performance.parts_in_flight,
        history_rate=rates.get("messages.search" if profile.filters.only_mine else "messages.getHistory", 0.0),
        files_rate=rates.get("upload.getFile", 0.0),
    )


def _pages(missing: int) -> int:
    return -(-missing // PAGE_LIMIT) + PLANNING if missing else PLANNING


def _requests(row: ChatEstimate) -> tuple[int, int]:
    """Requests for messages and for file parts that a row stands for, as far as is known."""
    history = _pages(row.missing) if row.missing >= 0 else 0
    parts = sum(max(kind.missing, -(-kind.bytes // PART_SIZE)) for kind in row.kinds if kind.bytes >= 0)
    return history, parts


class _Estimator:
    """Makes the rows, cheap questions first, so that a small budget goes a long way."""

    def __init__(self, profile: Profile, lookups: Lookups, archive: Archive | None, records: RecordFilter) -> None:
        self._profile, self._filters = profile, profile.filters
        self._dates: DateSpan = date_span(profile.filters, profile.layout.timezone)
        self._lookups = lookups
        self._archive = archive
        self._beyond_reach: set[tuple[int, int]] = set()
        self._files = FileEstimator(profile.media, lookups, archive, records)

    async def rows(self, targets: Sequence[Target]) -> tuple[list[ChatEstimate], str]:
        """A row for each chat or chosen topic, and what held the counting up."""
        halves = [half for target in targets for half in await self._halves(target)]
        wanted = [(target, topic) for target in halves for topic in target.topics or (0,)]
        rows = [ChatEstimate(target.chat, topic, await self._title(target, topic)) for target, topic in wanted]
        ranges: dict[int, Extent] = {}
        try:
            for index, (target, _) in enumerate(wanted):
                last = self._filters.last
                if last and target.successor:
                    last -= max(0, rows[index - 1].messages)
                    if last <= 0:
                        rows[index] = replace(rows[index], messages=0, archived=0, missing=0)
                        continue
                rows[index], found = await self._told(self._counted(rows[index], last), rows[index])
                if found is not None:
                    ranges[index] = found
            for index, found in ranges.items() if self._profile.media.download else ():
                rows[index], _ = await self._told(self._files.with_files(rows[index], found), rows[index])
        except TobsError as error:
            if error.code is not ErrorCode.FLOOD_WAIT:
                raise
            sentence = f"{error.sentence} What follows is not counted."
            return [self._reckoned(row) for row in rows], sentence
        return [self._reckoned(row) for row in rows], ""

    async def _halves(self, target: Target) -> list[Target]:
        """The chat, and the basic group that it grew out of, whose history comes with it."""
        if target.topics or self._filters.from_id > 1 or not is_channel_id(target.chat):
            return [target]
        try:
            old = await self._old_half(target)
        except (BudgetSpent, TobsError):  # the chat's own row will say what is the matter
            old = 0
        if not old:
            return [target]
        peer = Peer(old, PeerKind.GROUP, f"{target.dialog.peer.title} (before)")
        return [target, Target(Dialog(peer), successor=target.chat)]

    async def _old_half(self, target: Target) -> int:
        if target.dialog.migrated_from or target.dialog.peer.kind is PeerKind.CHANNEL:
            return target.dialog.migrated_from
        known = await asyncio.to_thread(self._archive.chat, target.chat) if self._archive is not None else None
        return known.migrated_from if known is not None else await self._lookups.old_half(target.chat)

    async def _told(
        self, work: Awaitable[tuple[ChatEstimate, Extent | None]], row: ChatEstimate
    ) -> tuple[ChatEstimate, Extent | None]:
        """The result of `work`, or the row with what stands in its way."""
        try:
            return await work
        except BudgetSpent:
            return replace(row, problem=NOT_ASKED), None
        except TobsError as error:
            if error.code not in _OF_THE_CHAT:
                raise
            return replace(row, problem=error.sentence), None

    async def _title(self, target: Target, topic: int) -> str:
        title = target.dialog.peer.title or str(target.chat)
        if not topic or self._archive is None:
            return f"{title} › {topic}" if topic else title
        known = await asyncio.to_thread(self._archive.topics, target.chat)
        name = next((each.topic.title for each in known if each.topic.id == topic), str(topic))
        return f"{title} › {name}"

    def _reckoned(self, row: ChatEstimate) -> ChatEstimate:
        """The row with the requests that it stands for."""
        if row.missing < 0 or (self._profile.media.download and not row.kinds):
            return row
        return replace(row, requests=sum(_requests(row)))

    # --- messages -----------------------------------------------------------------------------------------------------

    def _scope(self, row: ChatEstimate) -> int:
        """What of the chat is walked: where only one's own messages are wanted, as `Planner` decides."""
        own = self._filters.only_mine and row.chat < 0 and (row.chat, row.topic) not in self._beyond_reach
        return own_scope(row.topic) if own else row.topic

    async def _within_reach(self, row: ChatEstimate, found: Extent) -> Extent:
        """What is found, or all messages within its ids where a search does not reach all of one's own."""
        scope = self._scope(row)
        if scope >= 0 or found.total <= SEARCH_REACH or not found.ids.size:
            return found
        holes = (await asyncio.to_thread(self._held, row, own=True)).missing(*found.ids)
        if not holes or await self._from(row.chat, scope, holes[0].lo, found.top, found.total) <= SEARCH_REACH:
            return found
        self._beyond_reach.add((row.chat, row.topic))
        newest = await self._lookups.place(row.chat, scope=row.topic)
        ids = Interval(found.ids.lo, newest.message_id if found.ids.hi >= found.top else found.ids.hi)
        messages = await self._between(row.chat, row.topic, ids, newest.message_id, newest.total)
        return Extent(ids, messages, newest.message_id, newest.total)

    async def _counted(self, row: ChatEstimate, last: int) -> tuple[ChatEstimate, Extent | None]:
        found = await self._within_reach(row, await self._range(row, last))
        missing = await self._missing(row, found)
        if missing >= 0 and found.messages >= 0:
            archived = max(0, found.messages - missing)
        else:
            archived = -1 if self._archive is not None else 0
        return replace(row, messages=found.messages, archived=archived, missing=missing), found

    async def _range(self, row: ChatEstimate, last: int) -> Extent:
        scope, chat, filters = self._scope(row), row.chat, self._filters
        newest = await self._lookups.place(chat, scope=scope)
        top, total = newest.message_id, newest.total
        lo, hi = max(1, filters.from_id), top
        if top and self._dates.since:
            lo = max(lo, (await self._at_date(row, self._dates.since)) + 1)
        if top and self._dates.until:
            hi = min(hi, await self._at_date(row, self._dates.until))
        ids = Interval(lo, max(hi, lo - 1))
        messages = await self._between(chat, scope, ids, top, total)
        if last and (messages < 0 or messages > last) and ids.size:
            place = await self._lookups.place(chat, before_id=hi + 1, back=last - 1, scope=scope)
            ids = Interval(max(lo, place.message_id), hi)
            messages = last if messages >= 0 else -1
        return Extent(ids, messages, top, total)

    async def _at_date(self, row: ChatEstimate, date: int) -> int:
        return (await self._lookups.place(row.chat, before_date=date, scope=row.topic)).message_id

    async def _between(self, chat: int, scope: int, ids: Interval, top: int, total: int) -> int:
        """How many messages lie within `ids`; -1 when Telegram does not tell."""
        if not ids.size or not top:
            return 0
        newer = [await self._from(chat, scope, edge, top, total) for edge in (ids.lo, ids.hi + 1)]
        return max(0, newer[0] - newer[1]) if min(newer) >= 0 else -1

    async def _from(self, chat: int, scope: int, edge: int, top: int, total: int) -> int:
        """How many messages have the id `edge` or a higher one."""
        if edge <= 1:
            return total
        return 0 if edge > top else (await self._lookups.place(chat, before_id=edge, scope=scope)).newer

    async def _missing(self, row: ChatEstimate, found: Extent) -> int:
        """How many of the range's messages the ledger lacks; -1 when it lacks too many stretches to count them."""
        scope = self._scope(row)
        held = await asyncio.to_thread(self._held, row, own=scope < 0)
        holes = held.missing(*found.ids) if found.ids.size else []
        if holes == [found.ids]:
            return found.messages
        if len(holes) > HOLES:
            return -1
        counts = [await self._between(row.chat, scope, hole, found.top, found.total) for hole in holes]
        return whole_sum(counts)

    def _held(self, row: ChatEstimate, *, own: bool) -> IntervalSet:
        if self._archive is None:
            return IntervalSet()
        scopes = {0, row.topic} | ({own_scope(), own_scope(row.topic)} if own else set())
        return IntervalSet(each for scope in scopes for each in self._archive.ledger(row.chat, scope))
