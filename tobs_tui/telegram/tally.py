"""What goes over the wire, counted where it does: requests by method, what became of them, and bytes."""

from __future__ import annotations

import re
from collections import Counter
from copy import deepcopy

from msgspec import Struct, field
from telethon.tl import TLRequest

from tobs_tui.model.report import LinkReport, MethodFigures

CUT = "connection_cut"
SILENT = "no_answer"


OTHER = "OTHER"
"""What a refusal is counted as whose name no error of Telegram's could have."""
_NAME = re.compile(r"[A-Z0-9_]{1,64}")
MOST_NAMES = 100
"""Different errors of a method that are told apart: a server that makes up names must not fill the memory."""


class MethodTally(Struct):
    """One method. `requests` were handed to a connection, `answers` came back, errors included, after `seconds` in all;
    `lost` got none, by the reason. `refused` are Telegram's errors by name. `waits` is how often it asked to wait,
    `wait_s` for how many seconds in all; `retries` what was asked again."""

    requests: int = 0
    answers: int = 0
    seconds: float = 0.0
    refused: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    waits: int = 0
    wait_s: float = 0.0
    retries: int = 0

    def refusal(self, name: str) -> None:
        """Count an error."""
        known = name in self.refused or (len(self.refused) < MOST_NAMES and _NAME.fullmatch(name))
        self.refused[name if known else OTHER] += 1


class LinkStats(Struct):
    """Counters since the link was made. `sent` and `received` are bytes over all connections, as framed for TCP."""

    methods: dict[str, MethodTally] = field(default_factory=dict)
    flood_waits: int = 0
    flood_seconds: float = 0.0
    retries: int = 0
    sent: int = 0
    received: int = 0

    @property
    def requests(self) -> int:
        """Requests of all methods."""
        return sum(tally.requests for tally in self.methods.values())

    def of(self, method: str) -> MethodTally:
        """The counters of a method; ``upload.getFile@4``, as the limiter has it, is ``upload.getFile``."""
        return self.methods.setdefault(method.partition("@")[0], MethodTally())

    def copy(self) -> LinkStats:
        """The counters as they are now."""
        return deepcopy(self)

    def since(self, before: LinkStats) -> LinkReport:
        """What was counted since `before`, an earlier copy. Methods without a request are left out."""
        found: dict[str, MethodFigures] = {}
        for method, tally in sorted(self.methods.items()):
            earlier = before.methods.get(method, MethodTally())
            if tally == earlier:
                continue
            found[method] = MethodFigures(
                requests=tally.requests - earlier.requests,
                answers=tally.answers - earlier.answers,
                seconds=round(tally.seconds - earlier.seconds, 6),
                refused=dict(sorted((tally.refused - earlier.refused).items())),
                lost=dict(sorted((tally.lost - earlier.lost).items())),
                waits=tally.waits - earlier.waits,
                wait_s=round(tally.wait_s - earlier.wait_s, 3),
                retries=tally.retries - earlier.retries,
            )
        return LinkReport(found, sent=self.sent - before.sent, received=self.received - before.received)


def method_name(request: type[TLRequest]) -> str:
    """Telegram's name for a request class: messages.getHistory."""
    room = request.__module__.rpartition(".functions")[2].lstrip(".")
    name = request.__name__.removesuffix("Request")
    name = name[0].lower() + name[1:]
    return f"{room}.{name}" if room else name
