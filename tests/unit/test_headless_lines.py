"""What a headless run tells: the JSON schema, the exit status of every ending, and harmless text."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from msgspec.structs import replace
from rich.console import Console

from tobs_tui.headless import lines
from tobs_tui.headless.live import LiveReporter
from tobs_tui.headless.reporters import JsonReporter, PlainReporter, summary_sentences
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Profile
from tobs_tui.model.run import (
    Alert,
    ChatProgress,
    ChatState,
    Failure,
    Level,
    Outcome,
    RunPhase,
    RunState,
    Totals,
)

EVIL = "ev\x1b[2Jil\u202e [red]\n"
START = RunState(run_id="r1", profile=Profile(name="night"), output="/vault", phase=RunPhase.RUNNING, started_at=1.0)
ROW = ChatProgress(chat=-1005, title=EVIL, state=ChatState.FETCHING, messages=10)
MIDDLE = replace(
    START,
    chats=(ROW, ChatProgress(chat=7, title="Ann", state=ChatState.WAITING, wait_until=160.0)),
    alerts=(Alert("disk", Level.WARNING, "Disk 91 % full.", 2.0),),
    totals=Totals(messages=10, messages_total=100, fetched=0.1, chats_total=2),
)
END = replace(
    MIDDLE,
    phase=RunPhase.FINISHED,
    outcome=Outcome.INCOMPLETE,
    chats=(
        replace(ROW, state=ChatState.DONE, messages=100, messages_new=90),
        replace(MIDDLE.chats[1], state=ChatState.FAILED, error="private"),
    ),
    alerts=(replace(MIDDLE.alerts[0], resolved=True),),
    failures=(Failure(7, "chat", "private", ErrorCode.CHAT_UNAVAILABLE, title="Ann"),),
)


class Clock:
    at = 100.0

    def __call__(self) -> float:
        return self.at


def told_as_json(clock: Clock) -> tuple[list[dict[str, Any]], str]:
    out, aside = io.StringIO(), io.StringIO()
    reporter = JsonReporter(out, aside, clock)
    reporter.note("Signing in.")
    reporter.started(START, False)
    for before, after in ((START, MIDDLE), (MIDDLE, MIDDLE), (MIDDLE, END)):
        reporter.changed(before, after)
        clock.at += 0.3
    reporter.finished(lines.ended(END, clock.at))
    return [json.loads(line) for line in out.getvalue().splitlines()], aside.getvalue()


def test_a_run_as_json_lines() -> None:
    told, aside = told_as_json(Clock())
    assert [line["event"] for line in told] == [
        "run_started",
        "wait_started",
        "alert_raised",
        "progress",
        "chat_finished",
        "chat_finished",
        "alert_resolved",
        "item_failed",
        "run_finished",
    ]
    assert told[0] == {
        "event": "run_started",
        "schema": 1,
        "at": 100.0,
        "run_id": "r1",
        "profile": "night",
        "output": "/vault",
        "followed": False,
    }
    assert told[3]["totals"]["messages_total"] == 100
    assert told[4]["title"] == EVIL
    last = told[-1]
    assert (last["outcome"], last["exit_status"]) == ("incomplete", 3)
    assert last["failures"] == [
        {"chat": 7, "what": "chat", "reason": "private", "code": "chat_unavailable", "message_id": 0, "title": "Ann"}
    ]
    assert aside == "Signing in.\n"


def test_json_is_exact_yet_steers_no_terminal() -> None:
    line = lines.encode(lines.ChatFinished(at=1.0, chat=1, title=EVIL + "\x9b31m\x7f", state=ChatState.DONE))
    assert line.isprintable()
    assert json.loads(line)["title"] == EVIL + "\x9b31m\x7f"


def test_progress_comes_at_most_once_a_second() -> None:
    clock, out = Clock(), io.StringIO()
    reporter = JsonReporter(out, io.StringIO(), clock)
    for _ in range(50):
        reporter.changed(MIDDLE, MIDDLE)
        clock.at += 0.1
    assert out.getvalue().count('"progress"') == 5


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome.COMPLETE, 0),
        (Outcome.FAILED, 1),
        (Outcome.INCOMPLETE, 3),
        (Outcome.SIGNED_OUT, 4),
        (Outcome.INTERRUPTED, 5),
        (Outcome.WAITING, 6),
    ],
)
def test_every_outcome_has_its_status(outcome: Outcome, status: int) -> None:
    assert lines.ended(replace(END, outcome=outcome), 1.0).exit_status == status


@pytest.mark.parametrize(
    ("code", "outcome", "status"),
    [
        (ErrorCode.UNEXPECTED, Outcome.FAILED, 1),
        (ErrorCode.SERVICE_UNREACHABLE, Outcome.FAILED, 1),
        (ErrorCode.SERVER_UNREACHABLE, Outcome.INTERRUPTED, 5),
        (ErrorCode.SERVICE_GONE, Outcome.INTERRUPTED, 5),
        (ErrorCode.RUN_IN_PROGRESS, Outcome.FAILED, 1),
        (ErrorCode.USAGE, Outcome.FAILED, 2),
        (ErrorCode.BAD_PROFILE, Outcome.FAILED, 2),
        (ErrorCode.CHAT_NOT_FOUND, Outcome.FAILED, 2),
        (ErrorCode.OUTPUT_NOT_WRITABLE, Outcome.FAILED, 2),
        (ErrorCode.NOT_SIGNED_IN, Outcome.SIGNED_OUT, 4),
        (ErrorCode.SESSION_ENDED, Outcome.SIGNED_OUT, 4),
        (ErrorCode.FLOOD_WAIT, Outcome.WAITING, 6),
        (ErrorCode.TAKEOUT_DELAYED, Outcome.WAITING, 6),
    ],
)
def test_every_error_before_a_run_has_its_outcome_and_status(code: ErrorCode, outcome: Outcome, status: int) -> None:
    last = lines.refused(TobsError(code, "So it is.", "Do this.", wait_s=9), 1.0)
    assert (last.outcome, last.exit_status, last.code) == (outcome, status, code)
    assert last.message == "So it is. Do this."


def test_plain_lines_say_the_same_and_steer_no_terminal() -> None:
    clock, out = Clock(), io.StringIO()
    reporter = PlainReporter(out, clock)
    reporter.note("Signing in.")
    reporter.started(START, False)
    reporter.changed(START, MIDDLE)
    reporter.changed(MIDDLE, END)
    reporter.finished(lines.ended(END, clock.at))
    told = out.getvalue()
    assert all(line.isprintable() for line in told.splitlines())
    for expected in (
        "Profile night started: /vault",
        "Telegram asks to wait with Ann: 1 min 0 s",
        "Disk 91 % full.",
        "10 % fetched, 10/100 messages",
        "✓ evil",
        "✗ Ann: private",
        "some items could not be had",
        "The vault: /vault",
    ):
        assert expected in told


def test_a_long_list_of_failures_is_cut_for_people_only() -> None:
    many = replace(END, failures=tuple(Failure(n, "file", "gone") for n in range(500)))
    last = lines.ended(many, 1.0)
    assert len(last.failures) == 500
    assert "… and 450 more; --json lists all of them." in summary_sentences(last)


@pytest.mark.parametrize("width", [20, 80, 200])
def test_the_live_table_fits_its_terminal_and_ends_with_the_summary(width: int) -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=width, height=24, color_system=None)
    clock = Clock()
    reporter = LiveReporter(console, clock=clock)
    crowd = tuple(ChatProgress(chat=n, title=EVIL, state=ChatState.QUEUED) for n in range(1, 300))
    crowded = replace(MIDDLE, chats=MIDDLE.chats + crowd)
    reporter.started(START, False)
    clock.at += 1
    reporter.changed(START, crowded)
    painted = out.getvalue()
    reporter.finished(lines.ended(END, clock.at))
    assert "more" in painted
    assert painted.count("\n") < 40
    assert "\x1b[2J" not in out.getvalue()
    assert "\u202e" not in out.getvalue()
    assert "[red]" in out.getvalue() or width == 20
    assert "/vault" in out.getvalue()[len(painted) :].replace("\n", "")
