"""What a message block needs to know of the world around it: names, addresses, files. Answered by whoever renders."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from tobs_tui.model.media import File
from tobs_tui.model.messages import Message
from tobs_tui.model.profile import Anchors
from tobs_tui.render.escape import inline_name


class FileLink(NamedTuple):
    """A file's address relative to the note; with '', `problem` says in words why there is none."""

    address: str
    problem: str = ""


class Target(NamedTuple):
    """A message pointed at: who wrote it ('' = unknown), and its address ('' = there is none)."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Scene:
    """A note's surroundings. Ids are marked. The callables are asked again for the same thing, and answer the same."""

    chat: int
    title: str  # of the chat: who posts without a sender
    zone: datetime.tzinfo
    anchors: Anchors
    name: Callable[[int], str]  # a peer's name, never ''
    username: Callable[[int], str]  # a peer's @name without the @, or ''
    target: Callable[[int, int], Target]  # (chat, message id)
    file: Callable[[Message, int, File], FileLink]  # a message's file by its index
    comments: Callable[[Message], str]  # the address of a post's comments, or ''

    def peer_name(self, peer: int) -> str:
        """A peer's name as inert Markdown."""
        return inline_name(self.name(peer))

    def moment(self, date: int) -> datetime.datetime:
        """A date (seconds since the epoch) on the note's clock."""
        return datetime.datetime.fromtimestamp(date, self.zone)

    def day(self, date: int) -> str:
        """The day of a date: 2024-05-14."""
        return self.moment(date).date().isoformat()

    def clock(self, date: int, beside: int = 0) -> str:
        """The time of a date, with its day unless that is the day of `beside`: 09:15, or 2024-05-14 09:15."""
        when = self.moment(date)
        same = beside and when.date() == self.moment(beside).date()
        return when.strftime("%H:%M") if same else when.strftime("%Y-%m-%d %H:%M")
