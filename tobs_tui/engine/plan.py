"""What a run has to fetch: targets become chats, topics and the id ranges that the ledger does not hold yet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import ChatRecord, TopicRecord
from tobs_tui.archive.refreshing import RefreshMark
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine.asking import Ask
from tobs_tui.engine.pseudonyms.masks import folder_for
from tobs_tui.engine.ranges import Piece, Track
from tobs_tui.engine.targets import Target, date_span
from tobs_tui.model.intervals import Interval, IntervalSet
from tobs_tui.model.peers import (
    GENERAL_TOPIC_ID,
    Peer,
    PeerKind,
    Topic,
    imported_half,
    is_channel_id,
    own_scope,
    topic_of_scope,
)
from tobs_tui.model.profile import Profile
from tobs_tui.render.layout import topic_folder
from tobs_tui.telegram.counting import SEARCH_REACH

if TYPE_CHECKING:
    from tobs_tui.telegram.link import ChatFacts, TelegramLink

T = TypeVar("T")

MAX_MESSAGE_ID = 2**31 - 1
SAVED_TITLE = "Saved Messages"


class PlannedRow(Struct, frozen=True):
    """One row of the dashboard: its track and title, Telegram's count (-1 unknown), and how many are archived."""

    track: Track
    title: str
    total: int
    known: int


class ChatPlan(Struct, frozen=True):
    """What is to be done for one chat. `missing_topics` were chosen and are gone; `old_half` is to be planned too, its
    newest `old_half_last` messages at most (0 = as the profile says).

    `gap` says that messages are missing which are older than some that the archive holds, `warning` what could not be
    learned of the chat ('' = nothing of note).
    """

    record: ChatRecord
    rows: tuple[PlannedRow, ...]
    pieces: tuple[Piece, ...]
    missing_topics: tuple[int, ...] = ()
    old_half: int = 0
    old_half_last: int = 0
    gap: bool = False
    warning: str = ""


class Submit(Protocol):
    """The archive's writer, as planning uses it."""

    def __call__(self, action: Callable[[Archive], T]) -> Awaitable[T]:
        """Call `action` with the archive, on the writer's thread."""


# --- what of them -----------------------------------------------------------------------------------------------------


class _Held(Struct, frozen=True):
    """What the archive knows of a chat before the run."""

    record: ChatRecord | None
    ledgers: dict[int, IntervalSet]  # by scope
    counts: dict[int, int]  # messages by topic; 0 = all of the chat
    newest: int  # id of the newest message

    def ledger(self, topic: int, *, own: bool) -> IntervalSet:
        """The ids that are settled for a chat or topic, or for the account's own messages in it."""
        scopes = {0, topic, own_scope(0), own_scope(topic)} if own else {0, topic}
        return IntervalSet(interval for scope in scopes for interval in self.ledgers[scope])


def _read_held(archive: Archive, chat: int, topics: Sequence[int]) -> _Held:
    rows = (0, *topics)
    return _Held(
        record=archive.chat(chat),
        ledgers={scope: archive.ledger(chat, scope) for topic in rows for scope in (topic, own_scope(topic))},
        counts={topic: archive.count(chat, topic or None) for topic in rows},
        newest=max((day.last_id for day in archive.days(chat)), default=0),
    )


class _Bounds(Struct, frozen=True):
    """The ids to fetch; `last_found` says that there are as many messages as the profile wants of the newest."""

    wanted: Interval
    last_found: bool


class Planner:
    """Plans one chat after another. `splits` are the takeout's message ranges (one range = no splits).

    Every request goes through `ask`, which may hold it up.
    """

    def __init__(
        self, link: TelegramLink, submit: Submit, profile: Profile, splits: Sequence[Interval], ask: Ask
    ) -> None:
        self._link = link
        self._submit = submit
        self._ask = ask
        self._filters = profile.filters
        self._dates = date_span(profile.filters, profile.layout.timezone)
        self._open = not profile.filters.bounded
        self._splits = list(splits)

    async def plan(self, target: Target) -> ChatPlan:
        """What is to be fetched of a chat; stores what is known of it in the archive. Raises what Telegram answers."""
        held = await self._submit(lambda archive: _read_held(archive, target.chat, target.topics))
        if held.record is not None and not target.topics and self._nothing_new(target, held):
            total = held.record.message_count
            return await self._whole(target, target.dialog.top_message, held, held.record, total)
        facts = await self._ask(lambda: self._link.chat_facts(target.chat, target.dialog.top_message))
        peer = self._link.peer(target.chat) or target.dialog.peer
        known = held.record
        record = await self._submit(
            lambda archive: archive.put_chat(_record(peer, facts, target, known, folder_for(peer, archive)))
        )
        if record.migrated_from:
            imported = imported_half(record.id)
            await self._submit(lambda archive: archive.adopt(imported, record.migrated_from))
        mark = RefreshMark(facts.pts, facts.top_message)
        await self._submit(lambda archive: archive.begin_refreshing(target.chat, mark))
        topics: list[Topic] = []
        if peer.kind is PeerKind.FORUM:
            topics = await self._ask(lambda: self._link.topics(target.chat))
        if topics:
            records = [TopicRecord(topic, topic_folder(topic)) for topic in topics]
            await self._submit(lambda archive: archive.put_topics(target.chat, records))
        if target.topics:
            plan = await self._chosen(target, held, record, {topic.id: topic for topic in topics})
        else:
            top = max(facts.top_message, target.dialog.top_message)
            plan = await self._whole(target, top, held, record, facts.message_count)
        return replace(plan, warning=facts.problem or self._nothing_within(plan))

    def _nothing_within(self, plan: ChatPlan) -> str:
        """A sentence when the profile's bounds leave nothing of a chat that has messages."""
        if self._open or any(row.track.wanted.size for row in plan.rows) or plan.old_half:
            return ""
        return "No message of it lies within the profile's dates and ids."

    def _nothing_new(self, target: Target, held: _Held) -> bool:
        top = target.dialog.top_message
        if held.record is not None and held.record.message_count < 0:  # only an import has told of it so far
            return False
        return top > 0 and self._open and held.ledger(0, own=self._wants_own(target.chat)).covers(1, top)

    def _wants_own(self, chat: int) -> bool:
        """Whether only the account's own messages are asked for; Telegram ignores that wish in private chats, which are
        fetched whole (as Telethon's `iter_messages` found)."""
        return self._filters.only_mine and chat < 0

    async def _whole(self, target: Target, top: int, held: _Held, record: ChatRecord, total: int) -> ChatPlan:
        """All of a chat's history."""
        chat = target.chat
        last = target.last or self._filters.last
        own = self._wants_own(chat)
        found = await self._bounds(chat, 1, top, last, own_scope() if own else 0)
        if own:
            own, total = await self._own_within_reach(chat, 0, found.wanted, held)
        wanted, known = found.wanted, held.counts[0]
        ledger = held.ledger(0, own=own)
        track = Track(chat, 0, wanted, ledger, self._expected(total, known, wanted, top, own=own), own=own)
        row = PlannedRow(track, record.title, total if self._open and not own else -1, known)
        pieces = [piece for hole in track.held.missing(*track.wanted) for piece in self._split(track, hole)]
        gap = any(piece.next < held.newest for piece in pieces)
        plan = ChatPlan(record, (row,), tuple(pieces), gap=gap)
        return await self._with_old_half(plan, found, own_scope() if own else 0)

    async def _with_old_half(self, plan: ChatPlan, found: _Bounds, scope: int) -> ChatPlan:
        """The plan with the old half of its chat, unless the bounds lie all in the new one."""
        old = plan.record.migrated_from
        if not old or self._filters.from_id > 1 or found.last_found:
            return plan
        left = 0
        if self._filters.last:
            held = await self._count_between(plan.record.id, found.wanted, scope)
            left = max(1, self._filters.last - held) if held >= 0 else self._filters.last
        return replace(plan, old_half=old, old_half_last=left)

    async def _chosen(self, target: Target, held: _Held, record: ChatRecord, topics: dict[int, Topic]) -> ChatPlan:
        """Some topics of a forum, each as a walk of its own."""
        rows: list[PlannedRow] = []
        pieces: list[Piece] = []
        for topic in (topics[ident] for ident in target.topics if ident in topics):
            own, scope = self._filters.only_mine, topic.id
            top = max(topic.top_message, topic.id)
            found = await self._bounds(
                target.chat, topic.id, top, self._filters.last, own_scope(scope) if own else scope
            )
            known = held.counts[topic.id]
            total = -1
            if own:
                own, total = await self._own_within_reach(target.chat, topic.id, found.wanted, held)
            if not own:
                total = await self._ask(lambda ident=topic.id: self._link.message_count(target.chat, ident))  # type: ignore[misc]
            expected = self._expected(total, known, found.wanted, topic.top_message, own=own)
            ledger = held.ledger(topic.id, own=own)
            track = Track(target.chat, topic.id, found.wanted, ledger, expected, own=own)
            rows.append(PlannedRow(track, topic.title, total if self._open and not own else -1, known))
            pieces += _topic_pieces(track)
        missing = tuple(ident for ident in target.topics if ident not in topics)
        gap = any(piece.next < held.newest for piece in pieces)
        return ChatPlan(record, tuple(rows), tuple(pieces), missing_topics=missing, gap=gap)

    async def _bounds(self, chat: int, first: int, top: int, last: int, scope: int) -> _Bounds:
        """The ids from `first` to `top` that lie within the profile's dates and ids, and of what is there (of `scope`
        only) the newest `last`."""
        lo, hi = max(first, self._filters.from_id), top
        since, until, topic = self._dates.since, self._dates.until, topic_of_scope(scope)
        if since and top:
            lo = max(lo, await self._ask(lambda: self._link.id_at_date(chat, since, topic)) + 1)
        if until and top:
            hi = min(hi, await self._ask(lambda: self._link.id_at_date(chat, until, topic)))
        last_found = False
        if last and lo <= hi:
            place = await self._ask(lambda: self._link.place(chat, before_id=hi + 1, back=last - 1, scope=scope))
            last_found = place.message_id > 0
            lo = max(lo, place.message_id)
        return _Bounds(Interval(lo, max(hi, lo - 1)), last_found)

    async def _count_between(self, chat: int, wanted: Interval, scope: int) -> int:
        """How many messages lie in the wanted ids, -1 when Telegram does not tell."""
        if not wanted.size:
            return 0
        newer = await self._ask(lambda: self._link.place(chat, before_id=wanted.hi + 1, scope=scope))
        older = await self._ask(lambda: self._link.place(chat, before_id=wanted.lo, scope=scope))
        return max(0, older.newer - newer.newer) if min(older.newer, newer.newer) >= 0 else -1

    async def _own_within_reach(self, chat: int, topic: int, wanted: Interval, held: _Held) -> tuple[bool, int]:
        """Whether a search reaches all of one's own messages that are missing, and how many there are in all.

        If it does not, everything is fetched, and others' messages are left out of the notes.
        """
        scope = own_scope(topic)
        newest = await self._ask(lambda: self._link.place(chat, scope=scope))
        holes = held.ledger(topic, own=True).missing(*wanted)
        if newest.total <= SEARCH_REACH or not holes:
            return True, newest.total
        oldest = await self._ask(lambda: self._link.place(chat, before_id=holes[0].lo, scope=scope))
        return 0 <= oldest.newer <= SEARCH_REACH, newest.total

    def _expected(self, total: int, known: int, wanted: Interval, top: int, *, own: bool) -> float:
        """How many messages are probably missing; -1 when Telegram does not tell how many there are."""
        if total < 0 or top <= 0:
            return -1.0
        if self._open and not own:
            return float(max(0, total - known))
        return total * wanted.size / top

    def _split(self, track: Track, hole: Interval) -> list[Piece]:
        """A hole as pieces that one takeout split serves each.

        Private chats and basic groups are spread over all splits, channels and supergroups lie in the last one.
        """
        if len(self._splits) < 2:
            return [Piece(track, hole.lo, hole.hi)]
        if is_channel_id(track.chat):
            return [Piece(track, hole.lo, hole.hi, len(self._splits) - 1)]
        order = sorted(range(len(self._splits)), key=lambda index: self._splits[index].lo)
        pieces: list[Piece] = []
        lo = 1
        for rank, index in enumerate(order):
            # An id between two splits goes with the lower one, so that no id is left out.
            hi = self._splits[order[rank + 1]].lo - 1 if rank + 1 < len(order) else MAX_MESSAGE_ID
            part = Interval(max(lo, hole.lo), min(hi, hole.hi))
            if part.size:
                pieces.append(Piece(track, part.lo, part.hi, index))
            lo = hi + 1
        return pieces


def _topic_pieces(track: Track) -> list[Piece]:
    """A topic's walk: the answers to its first message, and that message itself, which is no answer to itself.

    General has no such message: its walk begins with the chat.
    """
    pieces: list[Piece] = []
    for hole in track.held.missing(*track.wanted):
        lo = hole.lo
        if lo == track.topic and track.topic != GENERAL_TOPIC_ID:
            pieces.append(Piece(track, lo, lo, by_id=True))
            lo += 1
        if lo <= hole.hi:
            pieces.append(Piece(track, lo, hole.hi))
    return pieces


def _record(peer: Peer, facts: ChatFacts, target: Target, known: ChatRecord | None, folder: str) -> ChatRecord:
    """What the archive keeps of a chat. An old half lies within its successor's folder.

    What Telegram did not tell this time is taken from what is `known` of the chat.
    """
    before = known if known is not None and facts.problem else None
    return ChatRecord(
        id=peer.id,
        title=SAVED_TITLE if peer.kind is PeerKind.SAVED else peer.title,
        folder=folder,
        kind=peer.kind,
        username=peer.username,
        about=before.about if before else facts.about,
        members=before.members if before else facts.members,
        message_count=facts.message_count,
        migrated_from=facts.migrated_from or target.dialog.migrated_from or (before.migrated_from if before else 0),
        migrated_to=target.successor or peer.migrated_to,
        linked_chat=before.linked_chat if before else facts.linked_chat,
        noforwards=peer.noforwards,
    )


def exported_to(output: Path) -> dict[int, int]:
    """The newest archived message id of each chat of the vault at `output`; empty when there is none yet."""
    if not archive_path(output).exists():
        return {}
    with Archive.open(archive_path(output), read_only=True) as archive:
        return {record.id: archive.ledger(record.id).highest for record in archive.chats()}
