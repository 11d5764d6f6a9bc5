"""The JSON lines of commands that ask instead of exporting: `--plan --json` and `tobs retry --list --json`.

They belong to the schema of the lines of runs, and keep what that promises.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from tobs_tui.headless.lines import SCHEMA, Line
from tobs_tui.model.estimate import Basis, ChatEstimate, Pace
from tobs_tui.model.profile import MediaKind


class PlannedKind(Struct, frozen=True):
    """The files of one kind in a chat or topic: within the profile's bounds, still to be downloaded, and the bytes of
    these, with where they come from: each file's size, the mean of archived ones, or of the newest 100."""

    kind: MediaKind
    files: int
    missing: int
    bytes: int
    basis: Basis


class PlannedChat(Struct, frozen=True):
    """One chat, or one topic of it: its messages, those in the archive, those still to be fetched, what the rest would
    take, and its files still to be downloaded. `problem` says why something is not known."""

    chat: int
    topic: int
    title: str
    messages: int
    archived: int
    missing: int
    kinds: tuple[PlannedKind, ...]
    requests: int
    seconds: int
    problem: str
    files: int
    bytes: int


class PlannedSum(Struct, frozen=True):
    """All of them together; `chats` is their number."""

    chats: int
    messages: int
    archived: int
    missing: int
    files: int
    bytes: int
    requests: int
    seconds: int


class PlannedPace(Struct, frozen=True):
    """What times are reckoned with: milliseconds a request, requests in flight, and requests a second that Telegram was
    found to allow (0: it never refused any), for messages and for files."""

    latency_ms: float
    history_in_flight: int
    files_in_flight: int
    history_rate: float
    files_rate: float


class Plan(Line, frozen=True):
    """What an export would fetch: the only line of --plan --json. `uncounted` are kinds of files whose number or size
    is not known everywhere; `asked` is the number of requests that this took; `problem` is a sentence."""

    profile: str
    output: str
    chats: tuple[PlannedChat, ...]
    total: PlannedSum
    uncounted: tuple[MediaKind, ...]
    pace: PlannedPace
    asked: int
    problem: str
    schema: Literal[1] = SCHEMA


class ItemMissing(Line, frozen=True):
    """One thing that could not be had so far: a line of retry --list --json. `what` is "file", "messages" or "chat";
    `kind` and `size` are a file's."""

    chat: int
    title: str
    what: str
    reason: str
    message_id: int
    kind: str
    size: int


def planned(row: ChatEstimate) -> PlannedChat:
    """A row of a plan."""
    return msgspec.convert(row, PlannedChat, from_attributes=True)


def reckoned(pace: Pace) -> PlannedPace:
    """What a plan's times rest on."""
    return msgspec.convert(pace, PlannedPace, from_attributes=True)
