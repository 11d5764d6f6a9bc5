"""What an export would fetch and cost, by chat and kind of file. Nothing in it is guessed: -1 is what is not known."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from msgspec import Struct

from tobs_tui.model.profile import MediaKind


class Basis(enum.StrEnum):
    """Where the size of files comes from."""

    EXACT = "exact"  # each file's size is known
    ARCHIVE = "archive"  # the mean of the chat's archived files
    SAMPLE = "sample"  # the mean of the newest ones at Telegram
    UNKNOWN = "unknown"


class KindEstimate(Struct, frozen=True):
    """The files of one kind in a chat or topic: how many there are within the profile's bounds, how many of them are
    still to be downloaded, and the bytes of those."""

    kind: MediaKind
    files: int = -1
    missing: int = -1
    bytes: int = -1
    basis: Basis = Basis.UNKNOWN


class ChatEstimate(Struct, frozen=True):
    """One chat, or one topic of it. `messages` lie within the profile's bounds, of which `archived` are in the archive
    and `missing` are not. `requests` and `seconds` are those that the rest would take. `problem` says why something is
    not known ('' = nothing to say)."""

    chat: int
    topic: int
    title: str
    messages: int = -1
    archived: int = -1
    missing: int = -1
    kinds: tuple[KindEstimate, ...] = ()
    requests: int = -1
    seconds: int = -1
    problem: str = ""

    @property
    def files(self) -> int:
        """Files still to be downloaded, of the kinds that are known."""
        return known_sum(kind.missing for kind in self.kinds)

    @property
    def bytes(self) -> int:
        """Bytes still to be downloaded, of the kinds that are known."""
        return known_sum(kind.bytes for kind in self.kinds)


class Pace(Struct, frozen=True):
    """What times are reckoned with: `latency_ms` of a request (-1 = unknown), requests in flight for messages and for
    files, and the requests a second that Telegram was found to allow for either (0 = it never refused any)."""

    latency_ms: float = -1.0
    history_in_flight: int = 1
    files_in_flight: int = 1
    history_rate: float = 0.0
    files_rate: float = 0.0

    def seconds(self, history: int, files: int) -> int:
        """How long so many requests take, messages and files at the same time; -1 while no answer was timed."""
        if self.latency_ms < 0:
            return -1
        return round(
            max(
                self._taken(history, self.history_in_flight, self.history_rate),
                self._taken(files, self.files_in_flight, self.files_rate),
            )
        )

    def _taken(self, requests: int, in_flight: int, rate: float) -> float:
        unhindered = requests * self.latency_ms / 1000 / in_flight
        return max(unhindered, requests / rate) if rate else unhindered


def known_sum(numbers: Iterable[int]) -> int:
    """The sum of what is known of `numbers`; -1 when nothing is, 0 when there are none."""
    every = list(numbers)
    known = [number for number in every if number >= 0]
    return sum(known) if known or not every else -1


def whole_sum(numbers: Iterable[int]) -> int:
    """The sum of `numbers`, -1 unless all of them are known."""
    every = list(numbers)
    return -1 if any(number < 0 for number in every) else sum(every)
