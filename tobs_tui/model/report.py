"""The report of a run: what it did and what it cost, as figures that were measured. A file in the vault, and metrics.

The file is JSON, version `SCHEMA`, every key always there. Times are seconds since the epoch, durations seconds, sizes
bytes. Within a version keys and words may be added; what is there keeps its meaning.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct

from tobs_tui.model.errors import ErrorCode
from tobs_tui.model.figures import Sums, whole
from tobs_tui.model.run import EXIT_STATUS, Outcome, RunPhase, RunState, WorkerRole

SCHEMA: Literal[2] = 2
DIALECT = "https://json-schema.org/draft/2020-12/schema"


class MethodFigures(Struct, frozen=True):
    """One of Telegram's methods. `requests` were sent, `answers` came back, errors included, after `seconds` in all;
    `lost` got none, by the reason (``connection_cut``, ``no_answer``). `refused` are Telegram's errors by name. `waits`
    is how often it asked to wait with this method, `wait_s` for how many seconds; `retries` what was asked again."""

    requests: int = 0
    answers: int = 0
    seconds: float = 0.0
    refused: dict[str, int] = {}
    lost: dict[str, int] = {}
    waits: int = 0
    wait_s: float = 0.0
    retries: int = 0


class LinkReport(Struct, frozen=True):
    """What went over the wire during the run, by method; `sent` and `received` are the bytes of it, file parts
    included, without those of TCP itself."""

    methods: dict[str, MethodFigures] = {}
    sent: int = 0
    received: int = 0


class CacheFigures(Struct, frozen=True):
    """One cache's look-ups since the run began; `hit_rate` is 0.0 to 1.0, null where nothing was looked up."""

    hits: int = 0
    misses: int = 0
    evictions: int = 0
    entries: int = 0
    hit_rate: float | None = None


class StageFigures(Struct, frozen=True):
    """One stage of the run, over its `workers`. They were at work for `busy_s` seconds together, were held up (flood
    waits, load) for `waiting_s` and paused for `paused_s`. `done` counts messages, files (media) or jobs. Decoding and
    committing are timed piece by piece, the others by what each worker is doing."""

    workers: int = 0
    done: int = 0
    busy_s: float = 0.0
    waiting_s: float = 0.0
    paused_s: float = 0.0


class LogFigures(Struct, frozen=True):
    """Lines of the log since the run began, by level; `left_out` are repeats that were counted instead of written."""

    written: dict[str, int] = {}
    left_out: int = 0


class RunReport(Struct, frozen=True):
    """The whole report. `outcome` is null while the run goes on, and then until the next run of the vault finds that it
    was killed. `written_at` is when these figures were taken. `phases` and `stages` tell where the time went, `errors`
    the items that could not be had by their code. `state` is what the run's screen showed last, in the program's own
    words: the chats, everything that could not be had, alerts, the newest log lines; values that have their default are
    left out there."""

    run_id: str
    state: RunState
    schema: Literal[2] = SCHEMA
    program: str = ""
    profile: str = ""
    output: str = ""
    started_at: float = 0.0
    finished_at: float | None = None
    written_at: float = 0.0
    phase: RunPhase = RunPhase.PLANNING
    outcome: Outcome | None = None
    exit_status: int | None = None
    message: str = ""
    totals: Sums = Sums()
    link: LinkReport = LinkReport()
    errors: dict[ErrorCode, int] = {}
    caches: dict[str, CacheFigures] = {}
    stages: dict[WorkerRole, StageFigures] = {}
    phases: dict[RunPhase, float] = {}
    log: LogFigures = LogFigures()


def report_of(state: RunState, written_at: float, **figures: Any) -> RunReport:
    """The report of a run whose state is `state`; `figures` are those fields that the state does not tell."""
    outcome = state.outcome
    errors: dict[ErrorCode, int] = {}
    for failure in state.failures:
        errors[failure.code] = errors.get(failure.code, 0) + 1
    caches = {
        each.name: CacheFigures(
            each.hits,
            each.misses,
            each.evictions,
            each.entries,
            round(each.hits / (each.hits + each.misses), 4) if each.hits + each.misses else None,
        )
        for each in state.resources.caches
    }
    return RunReport(
        run_id=state.run_id,
        state=state,
        profile=state.profile.name,
        output=state.output,
        started_at=state.started_at,
        finished_at=state.finished_at or None,
        written_at=written_at,
        phase=state.phase,
        outcome=outcome,
        exit_status=None if outcome is None else EXIT_STATUS[outcome],
        message=state.message,
        totals=whole(state.totals, Sums),
        errors=errors,
        caches=caches,
        **figures,
    )


def report_schema() -> dict[str, Any]:
    """The JSON Schema of the file; `$id` has the version. `state` may leave out keys that have their default."""
    schema = msgspec.json.schema(RunReport)
    for kind in schema["$defs"].values():
        if "description" in kind:
            kind["description"] = " ".join(kind["description"].split())
    whole_kinds = (MethodFigures, LinkReport, CacheFigures, StageFigures, LogFigures, RunReport, Sums)
    for name in (kind.__name__ for kind in whole_kinds):
        kind = schema["$defs"][name]
        kind["required"] = list(kind["properties"])
        for key in kind["properties"].values():
            key.pop("default", None)
    return {
        "$schema": DIALECT,
        "$id": f"urn:tobs-tui:run-report:{SCHEMA}",
        "title": "The report of a run, .tobs/run.json in a vault",
        **schema,
    }
