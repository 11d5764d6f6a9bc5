"""The state of a run as its watchers see it: progress, workers, resources, alerts, log; and how it ended.

All times are seconds since the epoch unless they say otherwise; all rates are per second over the last few seconds.
"""

from __future__ import annotations

import enum

import msgspec
from msgspec import Struct

from tobs_tui.model.errors import ErrorCode
from tobs_tui.model.load import LoadState
from tobs_tui.model.profile import Profile
from tobs_tui.model.refresh import Refresh


class RunPhase(enum.StrEnum):
    """Where a run stands."""

    PLANNING = "planning"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    FINISHED = "finished"


class Outcome(enum.StrEnum):
    """How a run ended. COMPLETE is said only when no ledger has a hole."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"  # finished, but some items could not be had; they are listed
    INTERRUPTED = "interrupted"  # resumable
    WAITING = "waiting"  # Telegram asked to wait longer than the run may; resumable
    SIGNED_OUT = "signed_out"
    FAILED = "failed"


EXIT_STATUS = {
    Outcome.COMPLETE: 0,
    Outcome.FAILED: 1,
    Outcome.INCOMPLETE: 3,
    Outcome.SIGNED_OUT: 4,
    Outcome.INTERRUPTED: 5,
    Outcome.WAITING: 6,
}
"""Process exit status by outcome; 2 is for usage errors and bad profiles."""


class ChatState(enum.StrEnum):
    """What is happening to one chat (or topic) of a run."""

    QUEUED = "queued"
    FETCHING = "fetch"
    WAITING = "wait"  # a flood wait or a takeout delay holds it up
    RENDERING = "render"
    MEDIA = "media"
    DONE = "done"
    FAILED = "failed"


class ChatProgress(Struct, frozen=True, omit_defaults=True):
    """One row of the dashboard: a chat, or one topic of a forum (`topic` > 0).

    `messages_total` comes from Telegram's own counts, -1 while unknown; `fetched` is the share of the id range that the
    ledger holds, 0.0 to 1.0. `error` is a sentence when FAILED.
    """

    chat: int
    title: str
    topic: int = 0
    state: ChatState = ChatState.QUEUED
    messages: int = 0
    messages_new: int = 0  # of them, committed by this run
    messages_total: int = -1
    fetched: float = 0.0
    rendered: int = 0
    media: int = 0
    media_total: int = 0
    media_bytes: int = 0
    media_bytes_total: int = 0
    worker: str = ""
    wait_until: float = 0.0
    eta_s: int = -1
    error: str = ""

    @property
    def key(self) -> tuple[int, int]:
        """What identifies the row within its run: (chat, topic)."""
        return (self.chat, self.topic)


class WorkerRole(enum.StrEnum):
    """What a worker does."""

    FETCH = "fetch"
    DECODE = "decode"
    COMMIT = "commit"
    RENDER = "render"
    MEDIA = "media"
    JOB = "job"  # on the processor
    GPU = "gpu"  # on a graphics card


class WorkerState(enum.StrEnum):
    """What a worker is doing."""

    BUSY = "busy"
    IDLE = "idle"
    WAITING = "wait"
    PAUSED = "paused"
    STOPPED = "stopped"


class WorkerRow(Struct, frozen=True, omit_defaults=True):
    """One worker's statistics. `cpu_percent` and `memory` (bytes) are its process's, -1 where it shares the main one.

    `retries` counts requests repeated after an error since the run began.
    """

    id: str
    role: WorkerRole
    state: WorkerState = WorkerState.IDLE
    target: str = ""
    chat: int = 0
    messages_rate: float = 0.0
    bytes_rate: float = 0.0
    queue: int = 0
    done: int = 0  # messages (fetch, decode, commit, render) or files (media) since the run began
    cpu_percent: float = -1.0
    memory: int = -1
    retries: int = 0
    wait_until: float = 0.0
    last_error: str = ""
    pid: int = 0  # of its own process; 0 = it shares the main one
    speed: float = -1.0  # seconds of media it gets through in a second; -1 = its work has no length in time
    device: str = ""  # what it works on: "cuda:0", a driver's device; '' = the processor
    share: float = -1.0  # of the piece of work it is at, 0.0 to 1.0; -1 = unknown


class ConnectionState(enum.StrEnum):
    """What a connection to Telegram is good for right now."""

    OPEN = "open"
    CONNECTING = "connecting"
    LOST = "lost"  # made again with the next request


class ConnectionRow(Struct, frozen=True, omit_defaults=True):
    """One connection's figures. Times in milliseconds, -1 while unknown: `latency_ms` from a ping to its answer,
    `answer_ms` from a request to its answer on average. `requests` and `reconnects` count since it was first made.
    """

    id: str  # main.. for requests, files.. for file parts
    dc: int
    state: ConnectionState
    requests: int = 0
    in_flight: int = 0
    latency_ms: float = -1.0
    answer_ms: float = -1.0
    reconnects: int = 0


class TakeoutDelay(Struct, frozen=True, omit_defaults=True):
    """Telegram lets the export begin at `until` (seconds since the epoch), or as soon as the person approves it on
    another device, which is looked for again at `next_try`; or the export goes on without a takeout session."""

    until: float
    next_try: float = 0.0


class LinkFigures(Struct, frozen=True, omit_defaults=True):
    """The link to Telegram: its connections, how many requests may be in flight (`window`), and the rates (requests a
    second, by method) that Telegram was found to allow where it has refused some."""

    connections: tuple[ConnectionRow, ...] = ()
    window: int = 0
    in_flight: int = 0
    rates: dict[str, float] = {}


class GpuReading(Struct, frozen=True, omit_defaults=True):
    """One GPU through NVML; memory in bytes, temperature in degrees Celsius."""

    name: str
    utilisation: float = 0.0
    memory_used: int = 0
    memory_total: int = 0
    temperature: int = 0


class ProcessReading(Struct, frozen=True, omit_defaults=True):
    """One of the program's processes. `role` is "main", "worker", "server" (it starts the workers) or another program's
    name; `memory` is in bytes with shared pages counted in part (PSS), -1 until measured; rates are bytes a second.
    `descriptor_limit` is how many files the process may have open at once."""

    pid: int
    role: str
    cpu_percent: float = 0.0  # of one core
    memory: int = -1
    read: float = 0.0
    write: float = 0.0
    descriptors: int = 0
    descriptor_limit: int = 0


class CacheReading(Struct, frozen=True, omit_defaults=True):
    """One cache: entries in memory, and what became of the look-ups since the run began. `evictions` are entries that
    had to make room or were too old."""

    name: str
    entries: int = 0
    hits: int = 0
    misses: int = 0
    evictions: int = 0


class Resources(Struct, frozen=True, omit_defaults=True):
    """One sample of the machine. Memory and disk in bytes, percentages 0 to 100, rates in bytes a second.

    In a container with a limit, memory is the container's. `io_stall` is the percentage of the last ten seconds in
    which all work stood still for the disk, -1 where the system does not tell; `queue` the percentage of the room for
    pages that is taken.
    """

    at: float = 0.0
    cpu_percent: float = 0.0
    cpu_count: int = 1
    memory_used: int = 0
    memory_total: int = 0
    own_memory: int = 0  # the service and its processes together
    own_cpu_percent: float = 0.0
    disk_free: int = 0
    disk_total: int = 0
    net_in: float = 0.0
    net_out: float = 0.0
    gpus: tuple[GpuReading, ...] = ()
    disk_read: float = 0.0
    disk_write: float = 0.0
    own_read: float = 0.0
    own_write: float = 0.0
    descriptors: int = 0  # of the process that is nearest to its limit
    descriptor_limit: int = 0
    io_stall: float = -1.0
    loop_lag_ms: float = 0.0
    queue: float = 0.0
    processes: tuple[ProcessReading, ...] = ()
    caches: tuple[CacheReading, ...] = ()
    load: LoadState = LoadState.NORMAL


class Level(enum.StrEnum):
    """How bad an alert or a log line is."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class Alert(Struct, frozen=True, omit_defaults=True):
    """Something a person should know; kept until acknowledged. `key` is stable while the same trouble lasts."""

    key: str
    level: Level
    text: str
    at: float
    resolved: bool = False
    acknowledged: bool = False


class LogLine(Struct, frozen=True, omit_defaults=True):
    """One line of the run's log."""

    at: float
    level: Level
    text: str


class Failure(Struct, frozen=True, omit_defaults=True):
    """One item that could not be had: a chat, a range of messages, or a file."""

    chat: int
    what: str  # "chat", "messages", "file", or the kind of a job
    reason: str
    code: ErrorCode = ErrorCode.UNEXPECTED
    message_id: int = 0
    title: str = ""


class Totals(Struct, frozen=True, omit_defaults=True):
    """Sums over the run; sizes in bytes, `elapsed_s` without pauses. `skipped` counts files the profile excluded,
    `bytes_saved` what was not fetched because it was there already, or not stored because equal bytes were."""

    messages: int = 0
    messages_new: int = 0
    messages_total: int = -1
    rendered: int = 0
    files: int = 0
    files_total: int = 0
    files_reused: int = 0
    bytes: int = 0
    bytes_total: int = 0
    bytes_saved: int = 0
    skipped: int = 0
    unknown: int = 0  # messages with something this version cannot read in full
    chats_done: int = 0
    chats_total: int = 0
    fetched: float = 0.0
    elapsed_s: float = 0.0
    messages_rate: float = 0.0
    bytes_rate: float = 0.0
    eta_s: int = -1
    requests: int = 0
    flood_waits: int = 0
    flood_seconds: float = 0.0
    retries: int = 0
    errors: int = 0
    notes: int = 0  # Markdown files written
    reread: int = 0  # messages that a refresh has looked at again; the next three are among them
    edited: int = 0
    deleted: int = 0
    reactions: int = 0  # messages whose reactions, votes, comments or pin have changed
    peak_memory: int = 0  # of all processes together
    peak_cpu_percent: float = 0.0  # of one core, likewise
    peak_descriptors: int = 0
    peak_loop_lag_ms: float = 0.0
    peak_write: float = 0.0  # bytes a second
    slowed_s: float = 0.0  # seconds that the load made the run do less at once
    cache_hits: int = 0
    cache_misses: int = 0
    cache_evictions: int = 0
    jobs: int = 0  # files' contents worked on after their download, of those that are known by now
    jobs_total: int = 0
    jobs_failed: int = 0


class RunState(Struct, frozen=True, omit_defaults=True):
    """Everything about a run. `log` holds the newest lines only; `refresh`: what it looks at again, if it does."""

    run_id: str
    profile: Profile
    output: str
    phase: RunPhase = RunPhase.PLANNING
    outcome: Outcome | None = None
    started_at: float = 0.0
    finished_at: float = 0.0
    totals: Totals = Totals()
    chats: tuple[ChatProgress, ...] = ()
    workers: tuple[WorkerRow, ...] = ()
    resources: Resources = Resources()
    alerts: tuple[Alert, ...] = ()
    log: tuple[LogLine, ...] = ()
    failures: tuple[Failure, ...] = ()
    rate_history: tuple[float, ...] = ()  # messages a second, one value a second, newest last
    dc: int = 0
    latency_ms: float = -1.0
    link: LinkFigures = LinkFigures()
    takeout: bool = False
    takeout_delay: TakeoutDelay | None = None  # what the run waits for
    message: str = ""  # why the run ended, or what it waits for, as a sentence
    refresh: Refresh | None = None


class RunUpdated(Struct, frozen=True, omit_defaults=True, tag="run_updated"):
    """What changed since the update before: whole rows, whole small tables, new log lines. None = unchanged."""

    run_id: str
    at: float
    phase: RunPhase
    totals: Totals
    chats: tuple[ChatProgress, ...] = ()
    workers: tuple[WorkerRow, ...] | None = None
    resources: Resources | None = None
    alerts: tuple[Alert, ...] | None = None
    log: tuple[LogLine, ...] = ()
    failures: tuple[Failure, ...] = ()  # new ones
    rates: tuple[float, ...] = ()  # new values of the rate history
    dc: int = 0
    latency_ms: float = -1.0
    link: LinkFigures | None = None
    takeout: bool = False
    takeout_delay: TakeoutDelay | None = None  # as it is now: None = nothing is waited for
    message: str = ""
    outcome: Outcome | None = None
    finished_at: float = 0.0


LOG_LINES_KEPT = 300
RATES_KEPT = 120


def apply_update(state: RunState, update: RunUpdated) -> RunState:
    """The state after `update`. Chat rows replace those with the same key; log, failures and rates are appended."""
    rows = {row.key: row for row in state.chats}
    rows.update((row.key, row) for row in update.chats)
    return msgspec.structs.replace(
        state,
        phase=update.phase,
        totals=update.totals,
        chats=tuple(rows.values()) if update.chats else state.chats,
        workers=state.workers if update.workers is None else update.workers,
        resources=state.resources if update.resources is None else update.resources,
        alerts=state.alerts if update.alerts is None else update.alerts,
        log=(state.log + update.log)[-LOG_LINES_KEPT:],
        failures=state.failures + update.failures,
        rate_history=(state.rate_history + update.rates)[-RATES_KEPT:],
        dc=update.dc or state.dc,
        latency_ms=update.latency_ms,
        link=state.link if update.link is None else update.link,
        takeout=update.takeout,
        takeout_delay=update.takeout_delay,
        message=update.message,
        outcome=update.outcome,
        finished_at=update.finished_at,
    )


class RunRecord(Struct, frozen=True, omit_defaults=True):
    """A finished or interrupted run as the journal keeps it, for the home screen."""

    run_id: str
    profile_name: str
    output: str
    started_at: float
    finished_at: float = 0.0
    outcome: Outcome | None = None  # None: it did not get to say (killed); resumable
    messages: int = 0
    files: int = 0
    failures: int = 0
    message: str = ""
