"""The id ranges that a run still has to fetch, and the one rule by which idle workers share them: stealing."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

from tobs_tui.model.intervals import Interval, IntervalSet
from tobs_tui.model.peers import own_scope

PAGE_LIMIT = 100
"""Messages a history request brings at most (https://core.telegram.org/api/offsets)."""

STEAL_FROM = 2 * PAGE_LIMIT
"""Messages that a range must be expected to hold still before half of it is worth a request of its own."""


class Track:
    """What is fetched of one chat (`topic` 0) or of one of its topics, or with `own` the account's own messages there.

    `wanted` are the ids that count for it, `held` those of them that the ledger holds. `expected` is the number of
    messages that the missing ids are thought to contain (by Telegram's counters), -1 when nothing is known.
    """

    def __init__(
        self,
        chat: int,
        topic: int,
        wanted: Interval,
        held: IntervalSet,
        expected: float = -1.0,
        *,
        own: bool = False,
    ) -> None:
        self.chat = chat
        self.topic = topic
        self.scope = own_scope(topic) if own else topic
        self.wanted = wanted
        self.held = held
        self.expected = expected
        self.fetched = 0  # messages that this run's pages brought
        self.open_pieces = 0
        self.pages_in_flight = 0
        self.failed = False

    @property
    def key(self) -> tuple[int, int]:
        """What identifies the track within its run: (chat, topic)."""
        return (self.chat, self.topic)

    @property
    def covered(self) -> bool:
        """Whether the ledger has no hole left in what is wanted."""
        return self.held.covers(*self.wanted)

    @property
    def share(self) -> float:
        """How much of the wanted ids the ledger holds, 0.0 to 1.0."""
        if self.wanted.size == 0:
            return 1.0
        missing = sum(hole.size for hole in self.held.missing(*self.wanted))
        return 1.0 - missing / self.wanted.size

    @property
    def settled(self) -> bool:
        """Whether nothing of it is being walked, waiting, or on its way to the archive."""
        return self.open_pieces == 0 and self.pages_in_flight == 0


class Piece:
    """A range that one worker walks in ascending order: [next, hi] is still to be asked for.

    `split` is the takeout split that serves it (-1 = none); `by_id` asks for the one message `next` by its id.
    """

    __slots__ = ("by_id", "hi", "next", "split", "track")

    def __init__(self, track: Track, lo: int, hi: int, split: int = -1, *, by_id: bool = False) -> None:
        self.track = track
        self.next = lo
        self.hi = hi
        self.split = split
        self.by_id = by_id

    @property
    def remaining(self) -> int:
        """Ids not yet asked for."""
        return max(0, self.hi - self.next + 1)

    def advance(self, newest: int) -> Interval:
        """Take note of an answer whose newest message is `newest` (0 = empty). Gives the ids that it settles.

        An answer is the 100 oldest messages from `next` on, so everything up to its newest id is known; an empty one
        says that nothing at all follows. Never more than the piece itself: what lies above belongs to a thief.
        """
        end = min(newest, self.hi) if newest >= self.next else self.hi
        settled = Interval(self.next, end)
        self.next = end + 1
        return settled

    def __repr__(self) -> str:
        return f"Piece({self.track.key}, {self.next}..{self.hi}, split {self.split})"


class RangePool:
    """The pieces of all tracks: waiting ones in the order they came, and those being walked. Not thread-safe."""

    def __init__(self) -> None:
        self._waiting: deque[Piece] = deque()
        self._walked: dict[Piece, None] = {}

    def add(self, pieces: Iterable[Piece]) -> None:
        """Queue pieces behind those that wait already."""
        for piece in pieces:
            piece.track.open_pieces += 1
            self._waiting.append(piece)

    def take(self) -> Piece | None:
        """The next piece to walk: one that waits, else the upper half of the largest one being walked, else None."""
        piece = self._waiting.popleft() if self._waiting else self._steal()
        if piece is not None:
            self._walked[piece] = None
        return piece

    def finish(self, piece: Piece) -> None:
        """A worker is done with a piece that it took."""
        del self._walked[piece]
        piece.track.open_pieces -= 1

    def drop(self, track: Track) -> None:
        """Forget what waits of a track, and let its walkers find their pieces at an end."""
        kept = [piece for piece in self._waiting if piece.track is not track]
        track.open_pieces -= len(self._waiting) - len(kept)
        self._waiting = deque(kept)
        for piece in self._walked:
            if piece.track is track:
                piece.hi = piece.next - 1

    @property
    def waiting(self) -> int:
        """How many pieces nobody walks yet."""
        return len(self._waiting)

    @property
    def empty(self) -> bool:
        """Whether nothing waits and nothing is being walked."""
        return not self._waiting and not self._walked

    def remaining(self, track: Track) -> int:
        """Ids of a track that are not yet asked for."""
        return sum(piece.remaining for piece in (*self._walked, *self._waiting) if piece.track is track)

    def expected(self, piece: Piece) -> float:
        """How many messages a piece is thought to hold still: its share of what is missing of its track."""
        track = piece.track
        if track.expected < 0:
            return float(piece.remaining)
        ids = self.remaining(track)
        left = max(0.0, track.expected - track.fetched)
        return min(float(piece.remaining), left * piece.remaining / ids) if ids else 0.0

    def _steal(self) -> Piece | None:
        """The upper half of the walked piece that is thought to hold most, cut where a page is thought to end.

        The victim keeps the lower half, with the page that it is waiting for.
        """
        best, most = None, float(STEAL_FROM)
        for piece in self._walked:
            expected = 0.0 if piece.by_id else self.expected(piece)
            if expected >= most:
                best, most = piece, expected
        if best is None:
            return None
        kept = (math.ceil(most / PAGE_LIMIT) + 1) // 2
        middle = min(best.next + int(kept * PAGE_LIMIT * best.remaining / most) - 1, best.hi - 1)
        stolen = Piece(best.track, middle + 1, best.hi, best.split)
        best.hi = middle
        best.track.open_pieces += 1
        return stolen
