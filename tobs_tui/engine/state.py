"""The run board: everything a run reports, kept once, given out as a snapshot and as what changed since."""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec
from loguru import logger

from tobs_tui.engine.sums import Counters, RowSums
from tobs_tui.engine.workers import WorkerTable
from tobs_tui.model.profile import Profile
from tobs_tui.model.refresh import Refresh
from tobs_tui.model.run import (
    LOG_LINES_KEPT,
    RATES_KEPT,
    Alert,
    CacheReading,
    ChatProgress,
    ChatState,
    Failure,
    Level,
    LinkFigures,
    LogLine,
    Outcome,
    Resources,
    RunPhase,
    RunState,
    RunUpdated,
    TakeoutDelay,
    Totals,
    WorkerRow,
)
from tobs_tui.monitor.alerts import AlertBook
from tobs_tui.monitor.clock import monotonic, now
from tobs_tui.monitor.logs import about, limiter
from tobs_tui.monitor.rates import UNKNOWN_ETA, RateMeter, eta_seconds

QUIET_S = 1.0
"""Without any change an update still goes out this often: time itself passes."""


class RunBoard:
    """Collects the facts of one run. Single-threaded: the event loop's own. `alerts`, `workers` and `counters` are open
    to everyone who has something to report."""

    def __init__(self, run_id: str, profile: Profile, output: str, refresh: Refresh | None = None) -> None:
        self.alerts = AlertBook()
        self.workers = WorkerTable()
        self.counters = Counters()
        self.dc = 0
        self.latency_ms = -1.0
        self.link = LinkFigures()
        self.takeout = False
        self.takeout_delay: TakeoutDelay | None = None
        self.planned = False  # every row's size is known; until then there is no share of all of it
        self._base = RunState(run_id, profile, output, started_at=now(), refresh=refresh)
        self._phase = RunPhase.PLANNING
        self._outcome: Outcome | None = None
        self._message = ""
        self._finished_at = 0.0
        self._rows: dict[tuple[int, int], ChatProgress] = {}
        self._dirty: dict[tuple[int, int], None] = {}
        self._sums = RowSums()
        self._log: list[LogLine] = []
        self._repeats = limiter()
        self._failures: list[Failure] = []
        self._rates: list[float] = []
        self._resources: Resources | None = None
        self._messages = RateMeter()
        self._bytes = RateMeter()
        self._row_meters: dict[tuple[int, int], RateMeter] = {}
        self._phases: dict[RunPhase, float] = {}
        self._phase_since = monotonic()
        self._active_before = 0.0
        self._active_since: float | None = monotonic()
        self._changed = True
        self._published_at = -QUIET_S
        # What watchers have been told so far.
        self._told_rows: dict[tuple[int, int], ChatProgress] = {}
        self._told_log: deque[LogLine] = deque(maxlen=LOG_LINES_KEPT)
        self._told_rates: deque[float] = deque(maxlen=RATES_KEPT)
        self._told_failures: list[Failure] = []
        self._told_workers: tuple[WorkerRow, ...] = ()
        self._told_alerts: tuple[Alert, ...] = ()
        self._told_resources = Resources()

    # --- what is reported ---------------------------------------------------------------------------------------------

    @property
    def phase(self) -> RunPhase:
        """Where the run stands."""
        return self._phase

    def enter(self, phase: RunPhase, message: str = "") -> None:
        """The run is in another phase, for the reason `message` (may be empty). Time stands still while PAUSED."""
        at = monotonic()
        self._phases[self._phase] = self._phases.get(self._phase, 0.0) + at - self._phase_since
        self._phase_since = at
        self._phase, self._message, self._changed = phase, message, True
        stopped = phase in (RunPhase.PAUSED, RunPhase.FINISHED)
        if stopped and self._active_since is not None:
            self._active_before += monotonic() - self._active_since
            self._active_since = None
        elif not stopped and self._active_since is None:
            self._active_since = monotonic()

    def phases(self) -> dict[RunPhase, float]:
        """Seconds spent in each phase so far; FINISHED has none."""
        spent = dict(self._phases)
        if self._phase is not RunPhase.FINISHED:
            spent[self._phase] = spent.get(self._phase, 0.0) + monotonic() - self._phase_since
        return {phase: round(seconds, 3) for phase, seconds in spent.items()}

    def say(self, message: str) -> None:
        """What the run waits for, as a sentence ('' = nothing)."""
        self._changed = self._changed or message != self._message
        self._message = message

    def finish(self, outcome: Outcome, message: str) -> None:
        """The run has ended."""
        for each in self._repeats.rest():
            self._write(Level.INFO, each.sentence)
        self._outcome, self._finished_at = outcome, now()
        self.enter(RunPhase.FINISHED, message)

    def row(self, key: tuple[int, int]) -> ChatProgress:
        """A chat's or topic's row. Raises KeyError for one that was never put."""
        return self._rows[key]

    def rows(self) -> list[ChatProgress]:
        """All rows."""
        return list(self._rows.values())

    def put(self, row: ChatProgress) -> None:
        """Show a row, new or changed."""
        before = self._rows.get(row.key)
        if before == row:
            return
        if before is not None:
            self._sums.count(before, -1)
        self._rows[row.key] = row
        self._sums.count(row, 1)
        self._dirty[row.key] = None

    def change(self, key: tuple[int, int], **fields: Any) -> None:
        """Change some fields of a row; the names are `ChatProgress`'s."""
        self.put(msgspec.structs.replace(self._rows[key], **fields))

    def all_done(self) -> None:
        """Nothing more happens to any row: those that have not failed are done."""
        for row in self.rows():
            if row.state not in (ChatState.FAILED, ChatState.DONE):
                self.change(row.key, state=ChatState.DONE, worker="")

    def count_messages(self, key: tuple[int, int], new: int, fetched: float) -> None:
        """`new` messages of a row were committed; the ledger now holds the share `fetched` of its ids."""
        row = self._rows[key]
        self._messages.add(new)
        self._row_meters.setdefault(key, RateMeter()).add(new)
        self.put(
            msgspec.structs.replace(
                row, messages=row.messages + new, messages_new=row.messages_new + new, fetched=fetched
            )
        )

    def count_bytes(self, size: int) -> None:
        """`size` bytes came in from Telegram."""
        self._bytes.add(size)

    def log(self, level: Level, text: str) -> None:
        """Add a line to the run's log, and to the program's log file. Repeats are counted instead, and that is told."""
        passed, left_out = self._repeats.admit(level.value, text)
        if not passed:
            return
        more = f" ({left_out} more like this were left out before)" if left_out else ""
        self._write(level, f"{text}{more}")
        for each in self._repeats.ended():
            self._write(Level.INFO, each.sentence)

    def _write(self, level: Level, text: str) -> None:
        self._log.append(LogLine(now(), level, text))
        self._changed = True
        logger.log(level.value.upper(), "{}", text)

    def fail(self, failure: Failure) -> None:
        """Something could not be had."""
        self._failures.append(failure)
        self.counters.errors += 1
        where = f"{failure.title}: " if failure.title else ""
        with about(chat=failure.chat, message=failure.message_id):
            self.log(Level.ERROR, f"{where}{failure.reason}")

    @property
    def failures(self) -> list[Failure]:
        """Everything that could not be had."""
        return self._told_failures + self._failures

    def look_up(self, caches: tuple[CacheReading, ...]) -> None:
        """Show what the caches' look-ups came to."""
        self._resources = msgspec.structs.replace(self._resources or self._told_resources, caches=caches)
        self._changed = True
        self.counters.looked_up(caches)

    def tick(self, resources: Resources) -> None:
        """Once a second: a new sample, a new value of the rate history, new estimates of time."""
        self._resources, self._changed = resources, True
        self.counters.sampled(resources)
        self._rates.append(round(self._messages.rate(), 1))
        for key in list(self._row_meters):
            row = self._rows[key]
            if row.state is not ChatState.FETCHING:
                del self._row_meters[key]
                self.change(key, eta_s=UNKNOWN_ETA)
            elif row.messages_total >= 0:
                remaining = max(0, row.messages_total - row.messages)
                self.change(key, eta_s=eta_seconds(remaining, self._row_meters[key].rate()) if remaining else -1)

    # --- what watchers get --------------------------------------------------------------------------------------------

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start, without pauses."""
        return self._active_before + (monotonic() - self._active_since if self._active_since is not None else 0.0)

    def totals(self) -> Totals:
        """The sums, as of now."""
        sums, counters = self._sums, self.counters
        rate = self._messages.rate()
        known = sums.rows > 0 and sums.unknown_totals == 0
        fetching = self._phase in (RunPhase.RUNNING, RunPhase.PLANNING)
        return Totals(
            messages=sums.messages,
            messages_new=sums.new,
            messages_total=sums.total if known else -1,
            rendered=sums.rendered,
            files=sums.files,
            files_total=sums.files_total,
            files_reused=counters.files_reused,
            bytes=sums.bytes,
            bytes_total=sums.bytes_total,
            bytes_saved=counters.bytes_saved,
            skipped=counters.skipped,
            unknown=counters.unknown,
            chats_done=sums.done,
            chats_total=sums.rows,
            fetched=sums.share if self.planned else 0.0,
            elapsed_s=round(self.elapsed_s, 1),
            messages_rate=round(rate, 1),
            bytes_rate=round(self._bytes.rate(), 1),
            eta_s=eta_seconds(sums.remaining, rate) if known and fetching and sums.remaining else UNKNOWN_ETA,
            requests=counters.requests,
            flood_waits=counters.flood_waits,
            flood_seconds=round(counters.flood_seconds, 1),
            retries=counters.retries,
            errors=counters.errors,
            notes=counters.notes,
            reread=counters.reread,
            edited=counters.edited,
            deleted=counters.deleted,
            reactions=counters.reactions,
            peak_memory=counters.peak_memory,
            peak_cpu_percent=counters.peak_cpu_percent,
            peak_descriptors=counters.peak_descriptors,
            peak_loop_lag_ms=round(counters.peak_loop_lag_ms, 1),
            peak_write=round(counters.peak_write, 1),
            slowed_s=round(counters.slowed_s, 1),
            cache_hits=counters.cache_hits,
            cache_misses=counters.cache_misses,
            cache_evictions=counters.cache_evictions,
            jobs=counters.jobs,
            jobs_total=counters.jobs_total,
            jobs_failed=counters.jobs_failed,
        )

    def take_update(self) -> RunUpdated | None:
        """What changed since the last call, or None. Call it at most ten times a second."""
        at = monotonic()
        alerts = self.alerts.rows() if self.alerts.take_changed() else None
        if not (self._changed or self._dirty or alerts is not None or at - self._published_at >= QUIET_S):
            return None
        self._published_at = at
        workers = self.workers.rows()
        update = RunUpdated(
            run_id=self._base.run_id,
            at=now(),
            phase=self._phase,
            totals=self.totals(),
            chats=tuple(self._rows[key] for key in self._dirty),
            workers=workers if workers != self._told_workers else None,
            resources=self._resources,
            alerts=alerts,
            log=tuple(self._log),
            failures=tuple(self._failures),
            rates=tuple(self._rates),
            dc=self.dc,
            latency_ms=self.latency_ms,
            link=self.link if self.link != self._base.link else None,
            takeout=self.takeout,
            takeout_delay=self.takeout_delay,
            message=self._message,
            outcome=self._outcome,
            finished_at=self._finished_at,
        )
        self._remember(update)
        return update

    def _remember(self, update: RunUpdated) -> None:
        self._told_rows.update((row.key, row) for row in update.chats)
        self._told_log.extend(update.log)
        self._told_rates.extend(update.rates)
        self._told_failures.extend(update.failures)
        self._told_workers = self._told_workers if update.workers is None else update.workers
        self._told_alerts = self._told_alerts if update.alerts is None else update.alerts
        self._told_resources = update.resources or self._told_resources
        self._base = msgspec.structs.replace(
            self._base,
            phase=update.phase,
            totals=update.totals,
            dc=update.dc or self._base.dc,
            latency_ms=update.latency_ms,
            link=self._base.link if update.link is None else update.link,
            takeout=update.takeout,
            takeout_delay=update.takeout_delay,
            message=update.message,
            outcome=update.outcome,
            finished_at=update.finished_at,
        )
        self._dirty.clear()
        self._log.clear()
        self._failures.clear()
        self._rates.clear()
        self._resources, self._changed = None, False

    @property
    def state(self) -> RunState:
        """The state as of the last update taken, so that the updates after it apply to it without a gap or a repeat."""
        return msgspec.structs.replace(
            self._base,
            chats=tuple(self._told_rows.values()),
            workers=self._told_workers,
            resources=self._told_resources,
            alerts=self._told_alerts,
            log=tuple(self._told_log),
            failures=tuple(self._told_failures),
            rate_history=tuple(self._told_rates),
        )
