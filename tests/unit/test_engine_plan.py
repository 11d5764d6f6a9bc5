"""Promises of planning: every missing id is in exactly one piece, and dates mean what the profile says."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import PageCommit
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine.plan import ChatPlan, Planner
from tobs_tui.engine.targets import Target, date_span, find_targets
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.intervals import Interval, IntervalSet
from tobs_tui.model.peers import ChatFacts, Dialog, Peer, PeerKind, Topic
from tobs_tui.model.profile import ChatTarget, Filters, Profile, Targets

CHANNEL, PRIVATE = -1_000_000_000_007, 42


async def _ask(request: Any) -> Any:
    return await request()


class _Link:
    """A link that knows one forum and one private chat, and counts what it is asked."""

    def __init__(self, top: int = 1000, topics: list[Topic] | None = None) -> None:
        self.asked: list[str] = []
        self._top = top
        self._topics = topics or []

    def peer(self, chat: int) -> Peer | None:
        kind = PeerKind.USER if chat > 0 else PeerKind.FORUM if self._topics else PeerKind.SUPERGROUP
        return Peer(chat, kind, f"chat {chat}") if chat in (CHANNEL, PRIVATE) else None

    async def chat_facts(self, chat: int, newest: int = 0) -> ChatFacts:
        self.asked.append("facts")
        return ChatFacts(top_message=self._top, message_count=self._top // 2)

    async def message_count(self, chat: int, topic: int = 0) -> int:
        return self._top // 2

    async def topics(self, chat: int) -> list[Topic]:
        self.asked.append("topics")
        return self._topics

    async def id_at_date(self, chat: int, date: int, topic: int = 0) -> int:
        self.asked.append("date")
        return date // 86_400

    async def dialogs(self, *, folders: bool = True) -> list[Dialog]:
        self.asked.append("dialogs")
        peers = [Peer(1, PeerKind.USER, "a"), Peer(2, PeerKind.USER, "b", forbidden=True)]
        return [Dialog(peer, top_message=5) for peer in peers]

    async def resolve(self, text: str) -> Dialog:
        raise TobsError(ErrorCode.CHAT_NOT_FOUND, f"Nobody is {text}.")


def _dialog(chat: int, top: int = 0) -> Dialog:
    peer = _Link().peer(chat)
    assert peer is not None
    return Dialog(peer, top_message=top)


async def _plan(
    tmp_path: Path,
    target: Target,
    *,
    held: list[tuple[int, int]] = (),  # type: ignore[assignment]
    splits: list[Interval] | None = None,
    link: _Link | None = None,
    profile: Profile | None = None,
) -> ChatPlan:
    with Archive.open(archive_path(tmp_path)) as archive:
        archive.commit([PageCommit(chat=target.chat, lo=lo, hi=hi) for lo, hi in held])

        async def submit(action: Any) -> Any:
            return action(archive)

        planner = Planner(link or _Link(), submit, profile or Profile(), splits or [Interval(1, 2**31 - 1)], _ask)  # type: ignore[arg-type]
        return await planner.plan(target)


def _parts(plan: ChatPlan) -> list[tuple[int, int, int]]:
    return [(piece.next, piece.hi, piece.split) for piece in plan.pieces]


async def test_the_pieces_are_what_the_ledger_lacks(tmp_path: Path) -> None:
    plan = await _plan(tmp_path, Target(_dialog(CHANNEL)), held=[(1, 99), (300, 400)])
    assert _parts(plan) == [(100, 299, -1), (401, 1000, -1)]
    assert plan.rows[0].total == 500


async def test_a_chat_without_news_costs_no_request(tmp_path: Path) -> None:
    link = _Link()
    target = Target(_dialog(CHANNEL, top=1000))
    await _plan(tmp_path, target, link=link)
    assert link.asked
    link.asked.clear()
    plan = await _plan(tmp_path, target, held=[(1, 1000)], link=link)
    assert plan.pieces == ()
    assert link.asked == []


@pytest.mark.parametrize("top", [1, 150, 1000])
async def test_a_private_chat_is_walked_through_every_split(tmp_path: Path, top: int) -> None:
    splits = [Interval(1, 100), Interval(121, 400), Interval(401, 2**31 - 1)]
    plan = await _plan(tmp_path, Target(_dialog(PRIVATE)), splits=splits, link=_Link(top))
    assert IntervalSet((lo, hi) for lo, hi, _ in _parts(plan)) == IntervalSet([(1, top)])
    assert sum(hi - lo + 1 for lo, hi, _ in _parts(plan)) == top
    assert [split for _, _, split in _parts(plan)] == list(range(len(plan.pieces)))


async def test_a_channel_lies_in_the_last_split(tmp_path: Path) -> None:
    plan = await _plan(tmp_path, Target(_dialog(CHANNEL)), splits=[Interval(1, 500), Interval(501, 2**31 - 1)])
    assert _parts(plan) == [(1, 1000, 1)]


async def test_a_topic_begins_with_the_message_that_created_it(tmp_path: Path) -> None:
    link = _Link(topics=[Topic(1, "General", top_message=990), Topic(30, "News", top_message=900)])
    plan = await _plan(tmp_path, Target(_dialog(CHANNEL), topics=(1, 30, 77)), link=link)
    pieces = [(piece.track.scope, piece.next, piece.hi, piece.by_id) for piece in plan.pieces]
    assert pieces == [(1, 1, 990, False), (30, 30, 30, True), (30, 31, 900, False)]
    assert plan.missing_topics == (77,)


async def test_dates_become_ids(tmp_path: Path) -> None:
    profile = Profile(filters=Filters(since=datetime.date(1971, 4, 11), until=datetime.date(1971, 7, 19)))
    profile = Profile(filters=profile.filters, layout=type(profile.layout)(timezone="UTC"))
    plan = await _plan(tmp_path, Target(_dialog(CHANNEL)), profile=profile)
    assert _parts(plan) == [(466, 565, -1)]
    assert plan.rows[0].total == -1


def test_the_last_day_is_included_in_the_profiles_own_time_zone() -> None:
    filters = Filters(since=datetime.date(2024, 5, 14), until=datetime.date(2024, 5, 14))
    span = date_span(filters, "Asia/Tokyo")
    assert span.until - span.since == 86_400
    assert span.since == int(datetime.datetime(2024, 5, 13, 15, tzinfo=datetime.UTC).timestamp())
    with pytest.raises(TobsError) as caught:
        date_span(filters, "Mars/Olympus")
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_PROFILE, "layout.timezone")


async def test_all_chats_are_those_that_can_be_read() -> None:
    targets, failures = await find_targets(Profile(targets=Targets(all_chats=True)), _Link())  # type: ignore[arg-type]
    assert [target.chat for target in targets] == [1]
    assert failures == []


async def test_a_chat_named_twice_is_exported_once() -> None:
    chats = (ChatTarget(CHANNEL, topics=(3,)), ChatTarget("@nobody"), ChatTarget(CHANNEL, topics=(4, 3)))
    targets, failures = await find_targets(Profile(targets=Targets(chats=chats)), _Link())  # type: ignore[arg-type]
    assert [(target.chat, target.topics) for target in targets] == [(CHANNEL, (3, 4))]
    assert [failure.title for failure in failures] == ["@nobody"]
    both = (ChatTarget(CHANNEL, topics=(3,)), ChatTarget(CHANNEL))
    targets, _ = await find_targets(Profile(targets=Targets(chats=both)), _Link())  # type: ignore[arg-type]
    assert targets[0].topics == ()
