"""What happened in a world since it was built, numbered as Telegram numbers it (core.telegram.org/api/updates)."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from tobs_tui.sandbox.worlds.peers import PeerKey, is_channel

CHANNEL_PTS = 100_000
COMMON_PTS = 1
COMMON_BOX = 0
"""The box of private chats and basic groups: one for the whole account. A channel's box goes by its marked id."""


class Kind(enum.Enum):
    """What happened to messages."""

    NEW = "new"
    EDITED = "edited"
    DELETED = "deleted"
    PINNED = "pinned"
    UNPINNED = "unpinned"


@dataclass(slots=True, frozen=True)
class Event:
    """Something happened to messages of a peer; `pts` is its box's number after it."""

    pts: int
    kind: Kind
    peer: PeerKey
    ids: tuple[int, ...]


def box_of(peer: PeerKey) -> PeerKey:
    """The box that a peer's events are counted in."""
    return peer if is_channel(peer) else COMMON_BOX


class UpdateLog:
    """The events of all boxes. A box's number grows by the messages that an event concerns."""

    def __init__(self) -> None:
        self._events: dict[PeerKey, list[Event]] = {}
        self._pts: dict[PeerKey, int] = {}
        self._forgotten: dict[PeerKey, int] = {}

    def pts(self, box: PeerKey) -> int:
        """A box's number as of now."""
        return self._pts.get(box, CHANNEL_PTS if is_channel(box) else COMMON_PTS)

    def note(self, kind: Kind, peer: PeerKey, ids: Sequence[int]) -> None:
        """Something happened."""
        box = box_of(peer)
        self._pts[box] = self.pts(box) + len(ids)
        self._events.setdefault(box, []).append(Event(self._pts[box], kind, peer, tuple(ids)))

    def since(self, box: PeerKey, pts: int) -> list[Event] | None:
        """What happened after `pts`, oldest first; None when that is too long ago to tell."""
        if pts < self._forgotten.get(box, 0):
            return None
        return [event for event in self._events.get(box, ()) if event.pts > pts]

    def forget(self, peer: PeerKey) -> None:
        """Forget the past of a peer's box: whoever asks for it with an older number is told that it is too long ago."""
        box = box_of(peer)
        self._events.pop(box, None)
        self._forgotten[box] = self.pts(box)
