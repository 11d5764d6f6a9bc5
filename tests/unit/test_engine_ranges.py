"""Promises of the range pool: stealing moves work about and never loses or doubles an id."""

from __future__ import annotations

from bisect import bisect_left

from hypothesis import given, settings
from hypothesis import strategies as st

from tobs_tui.engine.ranges import PAGE_LIMIT, STEAL_FROM, Piece, RangePool, Track
from tobs_tui.model.intervals import Interval, IntervalSet


def _track(hi: int, expected: float = -1.0, held: IntervalSet | None = None) -> Track:
    return Track(-1001, 0, Interval(1, hi), held or IntervalSet(), expected)


class _History:
    """A chat's message ids, answering as Telegram does: the 100 oldest messages from an id on."""

    def __init__(self, ids: list[int]) -> None:
        self.ids = sorted(ids)

    def newest_of_page(self, offset_id: int) -> tuple[int, list[int]]:
        start = bisect_left(self.ids, offset_id)
        page = self.ids[start : start + PAGE_LIMIT]
        return (page[-1] if page else 0), page


@given(
    hi=st.integers(1, 50_000),
    steps=st.lists(st.tuples(st.sampled_from(["take", "advance", "finish"]), st.integers(0, 7)), max_size=80),
    density=st.floats(0.001, 1.0),
)
@settings(max_examples=150, deadline=None)
def test_pieces_always_partition_what_is_left(hi: int, steps: list[tuple[str, int]], density: float) -> None:
    track = _track(hi, expected=hi * density)
    pool = RangePool()
    first = Piece(track, 1, hi)
    pool.add([first])
    mine: list[Piece] = []
    settled: list[Interval] = []
    for step, pick in steps:
        if step == "take":
            piece = pool.take()
            if piece is not None:
                mine.append(piece)
        elif mine and step == "advance":
            piece = mine[pick % len(mine)]
            if piece.remaining:
                settled.append(piece.advance(piece.next + 150 * pick))
        elif mine:
            piece = mine[pick % len(mine)]
            if not piece.remaining:
                pool.finish(piece)
                mine.remove(piece)
        parts = settled + [Interval(piece.next, piece.hi) for piece in mine if piece.remaining]
        parts += [Interval(1, hi)] if pool.waiting else []
        assert sum(part.size for part in parts) == hi
        assert IntervalSet(parts) == IntervalSet([(1, hi)])


@given(
    ids=st.lists(st.integers(1, 1_000_000), min_size=1, max_size=3000, unique=True),
    workers=st.integers(1, 8),
    order=st.randoms(use_true_random=False),
)
@settings(max_examples=40, deadline=None)
def test_any_number_of_workers_in_any_order_brings_every_message_once(ids, workers, order) -> None:
    history = _History(ids)
    top = max(ids)
    track = _track(top, expected=len(ids))
    pool = RangePool()
    pool.add([Piece(track, 1, top)])
    got: list[int] = []
    held: list[Piece | None] = [None] * workers
    asked: dict[int, int] = {}
    while not pool.empty:
        worker = order.randrange(workers)
        piece = held[worker]
        if piece is None:
            held[worker] = pool.take()
        elif worker not in asked:
            asked[worker] = piece.next
        else:
            newest, page = history.newest_of_page(asked.pop(worker))
            settled = piece.advance(newest)
            brought = [one for one in page if settled.lo <= one <= settled.hi]
            got += brought
            track.fetched += len(brought)
            track.held.add(*settled)
            if not piece.remaining:
                pool.finish(piece)
                held[worker] = None
    assert sorted(got) == history.ids
    assert track.covered
    assert track.settled


def test_a_small_chat_is_left_to_its_first_worker() -> None:
    pool = RangePool()
    pool.add([Piece(_track(1_000_000, expected=STEAL_FROM - 1), 1, 1_000_000)])
    assert pool.take() is not None
    assert pool.take() is None


def test_the_thief_takes_the_upper_half_of_the_largest_piece() -> None:
    pool = RangePool()
    small, large = _track(1000), _track(10_000)
    pool.add([Piece(small, 1, 1000), Piece(large, 1, 10_000)])
    first, second = pool.take(), pool.take()
    assert first is not None and second is not None
    second.advance(2000)
    third = pool.take()
    assert third is not None
    assert third.track is large
    assert (second.next, second.hi, third.next, third.hi) == (2001, 6000, 6001, 10_000)


@given(pages=st.integers(1, 60), workers=st.integers(1, 8))
@settings(max_examples=60, deadline=None)
def test_sharing_a_dense_chat_costs_no_request(pages: int, workers: int) -> None:
    history = _History(list(range(1, PAGE_LIMIT * pages + 1)))
    track = _track(PAGE_LIMIT * pages, expected=PAGE_LIMIT * pages)
    pool = RangePool()
    pool.add([Piece(track, 1, PAGE_LIMIT * pages)])
    asked = 0
    held: list[Piece] = []
    while not pool.empty:
        while len(held) < workers and (piece := pool.take()) is not None:
            held.append(piece)
        for piece in list(held):  # all have one request in flight
            asked += 1
            newest, page = history.newest_of_page(piece.next)
            track.fetched += min(len(page), piece.advance(newest).size)
            if not piece.remaining:
                pool.finish(piece)
                held.remove(piece)
    assert asked == pages


def test_an_empty_answer_settles_the_whole_piece() -> None:
    piece = Piece(_track(500), 101, 500)
    assert piece.advance(0) == Interval(101, 500)
    assert piece.remaining == 0


def test_a_short_page_is_not_an_end() -> None:
    piece = Piece(_track(500), 101, 500)
    assert piece.advance(120) == Interval(101, 120)
    assert piece.next == 121


def test_dropping_a_track_ends_its_pieces_and_no_others() -> None:
    pool = RangePool()
    gone, stays = _track(1000), _track(1000)
    pool.add([Piece(gone, 1, 500), Piece(stays, 1, 1000), Piece(gone, 501, 1000)])
    walked = pool.take()
    assert walked is not None
    pool.drop(gone)
    assert walked.remaining == 0
    pool.finish(walked)
    assert gone.settled
    following = pool.take()
    assert following is not None
    assert following.track is stays


def test_the_share_of_a_track_counts_the_ledger_not_the_pages() -> None:
    track = _track(1000, held=IntervalSet([(1, 250), (900, 1200)]))
    assert track.share == (250 + 101) / 1000
    assert not track.covered
