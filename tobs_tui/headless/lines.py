"""The JSON lines of `--json`, schema 1: one object a line, told apart by "event", and how they follow from run states.

The first line of a run that began is `run_started`, the last line of any headless run is `run_finished`, also when
nothing could be started. Every key of an event is always there. New events and new keys may be added within a schema;
what is there keeps its meaning. Times are seconds since the epoch, sizes bytes, rates per second; -1 is unknown. The
module schema makes the JSON Schema of these types.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec import Struct

from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.figures import Connection, Machine, Sums, whole
from tobs_tui.model.run import (
    EXIT_STATUS,
    Alert,
    ChatProgress,
    ChatState,
    Failure,
    Level,
    Outcome,
    RunPhase,
    RunState,
)

SCHEMA: Literal[1] = 1
EXIT_USAGE = 2
"""Exit status for usage errors and bad profiles."""

_USAGE = {
    ErrorCode.USAGE,
    ErrorCode.BAD_PROFILE,
    ErrorCode.CHAT_NOT_FOUND,
    ErrorCode.OUTPUT_NOT_WRITABLE,
    ErrorCode.NOT_AN_EXPORT,
    ErrorCode.PORT_UNAVAILABLE,
}
_SIGNED_OUT = {
    ErrorCode.NOT_SIGNED_IN,
    ErrorCode.SESSION_ENDED,
    ErrorCode.API_CREDENTIALS_INVALID,
    ErrorCode.PHONE_INVALID,
    ErrorCode.PHONE_BANNED,
    ErrorCode.CODE_INVALID,
    ErrorCode.CODE_EXPIRED,
    ErrorCode.PASSWORD_INVALID,
    ErrorCode.PASSPHRASE_NEEDED,
    ErrorCode.PASSPHRASE_WRONG,
    ErrorCode.KEYRING_UNAVAILABLE,
    ErrorCode.SIGN_UP_NEEDED,
}
_INTERRUPTED = {ErrorCode.SERVER_UNREACHABLE, ErrorCode.SERVICE_GONE}
"""Nothing is wrong with what was asked for: the same command may succeed in a moment."""
_WAITING = {ErrorCode.FLOOD_WAIT, ErrorCode.TAKEOUT_DELAYED}


def outcome_of(error: TobsError) -> Outcome:
    """How a run ended that this error kept from starting."""
    if error.code in _SIGNED_OUT:
        return Outcome.SIGNED_OUT
    if error.code in _INTERRUPTED:
        return Outcome.INTERRUPTED
    return Outcome.WAITING if error.code in _WAITING else Outcome.FAILED


def status_of(error: TobsError) -> int:
    """The process's exit status after this error."""
    return EXIT_USAGE if error.code in _USAGE else EXIT_STATUS[outcome_of(error)]


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Line(Struct, frozen=True, tag_field="event", tag=_snake):
    """Base of all lines."""


class RunStarted(Line, frozen=True):
    """First line. `followed`: the run was in progress already and this process only watches it."""

    schema: Literal[1]
    at: float
    run_id: str
    profile: str
    output: str
    followed: bool = False


class Progress(Line, frozen=True):
    """Where the run stands, at most once a second. `rates` are the requests a second that Telegram was found to allow,
    by method; `machine` is the newest sample, with every process of the program and every cache."""

    at: float
    phase: RunPhase
    totals: Sums
    connections: tuple[Connection, ...] = ()
    rates: dict[str, float] = {}
    machine: Machine = Machine()


def progress(run: RunState, at: float) -> Progress:
    """The line for a state."""
    return Progress(
        at=at,
        phase=run.phase,
        totals=whole(run.totals, Sums),
        connections=tuple(whole(row, Connection) for row in run.link.connections),
        rates=run.link.rates,
        machine=whole(run.resources, Machine),
    )


class PhaseChanged(Line, frozen=True):
    """The run was paused, resumed, or began to stop."""

    at: float
    phase: RunPhase


class ChatFinished(Line, frozen=True):
    """A chat, or one topic of a forum, is done or failed. `error` is a sentence, then."""

    at: float
    chat: int
    title: str
    state: ChatState
    topic: int = 0
    messages: int = 0
    messages_new: int = 0
    media: int = 0
    error: str = ""


class WaitStarted(Line, frozen=True):
    """Telegram asked to wait with a chat (`chat` 0: with everything), until `until`."""

    at: float
    until: float
    chat: int = 0
    topic: int = 0
    title: str = ""


class TakeoutDelayed(Line, frozen=True):
    """Telegram lets the export begin at `until`. `ways` are the ways on before that: ``approve`` it on another device;
    run again with ``--no-takeout``."""

    at: float
    until: float
    ways: tuple[str, ...] = ("approve", "--no-takeout")


class AlertRaised(Line, frozen=True):
    """Something a person should know."""

    at: float
    key: str
    level: Level
    text: str


class AlertResolved(Line, frozen=True):
    """It is over."""

    at: float
    key: str


class ItemFailed(Line, frozen=True):
    """One item could not be had: `what` is "chat", "messages" or "file"."""

    at: float
    chat: int
    what: str
    reason: str
    code: ErrorCode
    message_id: int = 0
    title: str = ""


class FailedItem(Struct, frozen=True):
    """One item of the list at the end; the keys of `ItemFailed`."""

    chat: int
    what: str
    reason: str
    code: ErrorCode
    message_id: int = 0
    title: str = ""


class RunFinished(Line, frozen=True):
    """Last line, and the only one where nothing could begin. `exit_status` is the process's; `failures` lists every
    item that could not be had; `message` is a sentence; `code` is set when an error kept the run from starting or from
    being watched."""

    outcome: Outcome
    exit_status: int
    at: float
    schema: Literal[1] = SCHEMA
    run_id: str = ""
    output: str = ""
    message: str = ""
    code: ErrorCode | None = None
    wait_s: int = 0
    totals: Sums = Sums()
    failures: tuple[FailedItem, ...] = ()


AnyNews = PhaseChanged | ChatFinished | WaitStarted | TakeoutDelayed | AlertRaised | AlertResolved | ItemFailed
AnyLine = RunStarted | Progress | AnyNews | RunFinished
_OVER = (ChatState.DONE, ChatState.FAILED)


def news(before: RunState, after: RunState, at: float) -> Iterator[AnyNews]:
    """What happened between two states of one run, progress apart."""
    if before.phase is not after.phase and after.phase is not RunPhase.FINISHED:
        yield PhaseChanged(at=at, phase=after.phase)
    if after.takeout_delay is not None and before.takeout_delay is None:
        yield TakeoutDelayed(at=at, until=after.takeout_delay.until)
    known = {row.key: row for row in before.chats}
    for row in after.chats:
        yield from _chat_news(known.get(row.key), row, at)
    yield from _alert_news(before.alerts, after.alerts, at)
    for failure in after.failures[len(before.failures) :]:
        yield ItemFailed(at=at, **msgspec.structs.asdict(failure))


def _chat_news(before: ChatProgress | None, row: ChatProgress, at: float) -> Iterator[AnyNews]:
    if before is row:
        return
    if row.wait_until > at and (before is None or row.wait_until > before.wait_until):
        yield WaitStarted(at=at, until=row.wait_until, chat=row.chat, topic=row.topic, title=row.title)
    if row.state in _OVER and (before is None or before.state not in _OVER):
        yield ChatFinished(
            at=at,
            chat=row.chat,
            topic=row.topic,
            title=row.title,
            state=row.state,
            messages=row.messages,
            messages_new=row.messages_new,
            media=row.media,
            error=row.error,
        )


def _alert_news(before: tuple[Alert, ...], after: tuple[Alert, ...], at: float) -> Iterator[AnyNews]:
    if before is after:
        return
    open_before = {alert.key: alert for alert in before if not alert.resolved}
    open_after = {alert.key: alert for alert in after if not alert.resolved}
    for key, alert in open_after.items():
        if key not in open_before or open_before[key].level is not alert.level:
            yield AlertRaised(at=at, key=key, level=alert.level, text=alert.text)
    for key in open_before:
        if key not in open_after:
            yield AlertResolved(at=at, key=key)


def _items(failures: tuple[Failure, ...]) -> tuple[FailedItem, ...]:
    return tuple(FailedItem(**msgspec.structs.asdict(failure)) for failure in failures)


def ended(run: RunState, at: float) -> RunFinished:
    """The last line of a run that ended."""
    outcome = run.outcome or Outcome.FAILED
    return RunFinished(
        outcome=outcome,
        exit_status=EXIT_STATUS[outcome],
        at=at,
        run_id=run.run_id,
        output=run.output,
        message=run.message,
        totals=whole(run.totals, Sums),
        failures=_items(run.failures),
    )


def refused(error: TobsError, at: float, run: RunState | None = None) -> RunFinished:
    """The last line when an error kept a run from starting or, with `run`, this process from watching it to its end."""
    return RunFinished(
        outcome=outcome_of(error),
        exit_status=status_of(error),
        at=at,
        run_id=run.run_id if run else "",
        output=run.output if run else "",
        message=str(error),
        code=error.code,
        wait_s=error.wait_s,
        totals=whole(run.totals, Sums) if run else Sums(),
        failures=_items(run.failures if run else ()),
    )


def not_begun(at: float) -> RunFinished:
    """The last line when a person changed their mind before a run began."""
    return RunFinished(
        outcome=Outcome.INTERRUPTED,
        exit_status=EXIT_STATUS[Outcome.INTERRUPTED],
        at=at,
        message="Interrupted before the run began.",
    )


def left(run: RunState, message: str, at: float) -> RunFinished:
    """The last line when this process stops watching a run that has not ended."""
    return msgspec.structs.replace(
        ended(run, at),
        outcome=Outcome.INTERRUPTED,
        exit_status=EXIT_STATUS[Outcome.INTERRUPTED],
        message=message,
    )


_RISKY = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def encode(line: Line) -> str:
    """The line as JSON, titles and names exact; characters that could disturb a terminal are \\u escapes."""
    text = msgspec.json.encode(line).decode()
    return _RISKY.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
