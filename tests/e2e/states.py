"""Further states of the scripted service: runs in every phase, and one to go through a whole export with."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from tests.e2e.scripted import NOW, SIGNED_IN, ScriptedClient, finished_run, profile, run_state
from tobs_tui.model.run import Alert, Level, LogLine, Outcome, RunPhase, RunState, Totals, WorkerState
from tobs_tui.service.protocol import (
    AccountChanged,
    AccountPhase,
    AccountState,
    AnyCommand,
    AnyEvent,
    AnyReply,
    CancelRun,
    Done,
    RunFinished,
    RunStarted,
    SendCode,
    Snapshot,
    StartRun,
    SubmitCode,
)


def planned_run() -> RunState:
    """A run that has only begun: nothing is counted yet."""
    return RunState(
        run_id="r7",
        profile=profile(),
        output="/home/ada/vault",
        started_at=NOW - 2,
        totals=Totals(elapsed_s=2),
        log=(LogLine(NOW - 1, Level.INFO, "Counting what there is to export."),),
        dc=2,
        latency_ms=38,
    )


def paused_run() -> RunState:
    """The run in full flight, paused."""
    run = run_state()
    workers = tuple(replace(row, state=WorkerState.PAUSED, messages_rate=0, bytes_rate=0) for row in run.workers)
    totals = replace(run.totals, messages_rate=0, bytes_rate=0, eta_s=-1)
    return replace(run, phase=RunPhase.PAUSED, workers=workers, totals=totals)


def lost_run() -> RunState:
    """The run in full flight, without a line to Telegram."""
    run = run_state()
    alert = Alert("connection", Level.WARNING, "Telegram cannot be reached; it is tried again.", NOW - 20)
    totals = replace(run.totals, messages_rate=0, bytes_rate=0)
    return replace(run, alerts=(alert, *run.alerts), totals=totals, latency_ms=-1)


def whole_run() -> RunState:
    """The run at its end, with nothing missing."""
    run = finished_run()
    chats = tuple(replace(row, media=row.media_total) for row in run.chats if not row.error)
    totals = replace(run.totals, files=run.totals.files_total, chats_done=len(chats), chats_total=len(chats), errors=0)
    return replace(run, outcome=Outcome.COMPLETE, chats=chats, totals=totals, failures=())


def failed_run() -> RunState:
    """The run ended early: the disk was full."""
    run = run_state()
    return replace(
        run,
        phase=RunPhase.FINISHED,
        outcome=Outcome.FAILED,
        finished_at=NOW - 10,
        message="The disk is full: nothing more can be written to /home/ada/vault. Make room, and run it again.",
    )


def story_client() -> ScriptedClient:
    """A service to go through a whole export with: signed out at first, it reacts as the real one does."""
    client = ScriptedClient(Snapshot(AccountState(AccountPhase.SIGNED_OUT)))

    def saying(event: AnyEvent) -> Callable[[AnyCommand], AnyReply]:
        def answer(command: AnyCommand) -> AnyReply:
            client.send(event)
            return Done()

        return answer

    phone = "+447700900123"
    sent = AccountState(AccountPhase.CODE_SENT, phone=phone, code_via="app")
    client.answers[SendCode] = saying(AccountChanged(sent))
    client.answers[SubmitCode] = saying(AccountChanged(SIGNED_IN))
    client.answers[StartRun] = saying(RunStarted(run_state()))
    client.answers[CancelRun] = saying(RunFinished(finished_run()))
    return client
