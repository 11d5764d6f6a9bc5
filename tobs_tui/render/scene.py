"""What a message block needs to know of the world around it: names, addresses, files. Answered by whoever renders."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from tobs_tui.model.jobs import MediaFacts
from tobs_tui.model.media import File
from tobs_tui.model.messages import Message
from tobs_tui.model.profile import Anchors, SenderStyle
from tobs_tui.model.transcript import Transcript
from tobs_tui.render.clock import Clock
from tobs_tui.render.ink import MARKDOWN, Ink
from tobs_tui.render.links import peer_link


class FileLink(NamedTuple):
    """A file's address relative to the note; with '', `problem` says in words why there is none.

    `facts` are what a look into it has found out, `variant` the address of what it was transcoded to ('' = nothing),
    `transcript` what is said in it (None: nobody has listened yet).
    """

    address: str
    problem: str = ""
    facts: MediaFacts | None = None
    variant: str = ""
    transcript: Transcript | None = None


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
    day_headings: int = 2  # their level; 0: there are none
    sender_style: SenderStyle = SenderStyle.NAME
    ink: Ink = MARKDOWN  # what words about messages are set in
    transcript_times: bool = False  # whether to tell when each stretch of a transcript was said
    clock: Clock = field(init=False)  # stays with the messages' own dates
    _elsewhere: Clock = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "clock", Clock(self.zone))
        object.__setattr__(self, "_elsewhere", Clock(self.zone))

    def peer_name(self, peer: int) -> str:
        """A peer's name, set in the scene's ink."""
        return self.ink.text(self.name(peer))

    def linked_name(self, peer: int) -> str:
        """A peer's name, set in the scene's ink, with a link where the peer has a @name."""
        username = self.username(peer)
        return self.ink.link(self.peer_name(peer), peer_link(peer, username) if username else "")

    def moment(self, date: int) -> str:
        """The time of a message's date, with its day where no heading tells that: 09:15, or 2024-05-14 09:15."""
        time = self.clock.time(date)
        return time if self.day_headings else f"{self.clock.day(date)} {time}"

    def when(self, date: int, beside: int = 0) -> str:
        """The time of a date, with its day unless that is the day of `beside`: 09:15, or 2024-05-14 09:15. `beside` is
        a message's date, `date` any other."""
        if beside and self.clock.day_number(beside) == self._elsewhere.day_number(date):
            return self._elsewhere.time(date)
        return f"{self._elsewhere.day(date)} {self._elsewhere.time(date)}"
