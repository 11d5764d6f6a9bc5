"""What the screens read: the account, the run and the connection, kept up to date from the service's events."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from tobs_tui.model.run import (
    Alert,
    ChatProgress,
    ChatState,
    Level,
    LogLine,
    Outcome,
    RunPhase,
    RunState,
    RunUpdated,
    WorkerRow,
    WorkerState,
    apply_update,
)
from tobs_tui.service.protocol import (
    AccountChanged,
    AccountPhase,
    AccountState,
    AnyEvent,
    EstimateHeldUp,
    MessagesCounted,
    RunFinished,
    RunStarted,
    ServiceStopping,
    Snapshot,
)


class Link(enum.Enum):
    """Whether the service is being listened to."""

    CONNECTING = "connecting"
    ATTACHED = "attached"
    LOST = "lost"
    STOPPED = "stopped"


class Order(enum.Enum):
    """How the dashboard's rows are sorted."""

    PLAN = "order"
    STATE = "state"
    NAME = "name"
    SIZE = "size"
    PROGRESS = "progress"

    def next(self) -> Order:
        """The order that the sort key brings after this one."""
        members = list(Order)
        return members[(members.index(self) + 1) % len(members)]


SERVICE_DIED = "The background service ended unexpectedly; a new one has been started."
_STATE_RANK = {
    ChatState.FAILED: 0,
    ChatState.WAITING: 1,
    ChatState.FETCHING: 2,
    ChatState.RENDERING: 3,
    ChatState.MEDIA: 4,
    ChatState.QUEUED: 5,
    ChatState.DONE: 6,
}
_RENDERED = (ChatState.MEDIA, ChatState.DONE, ChatState.FAILED)
LEVELS = tuple(Level)


@dataclass
class RunModel:
    """The service's state as last heard. `revision` grows with every change; `clock` gives epoch seconds."""

    clock: Callable[[], float]
    link: Link = Link.CONNECTING
    problem: str = ""
    account: AccountState | None = None
    run: RunState | None = None
    heard_at: float = 0.0
    revision: int = 0
    frozen: bool = False
    counts: dict[int, dict[int, int]] = field(default_factory=dict)
    """Telegram's counts of messages, by chat and topic; topic 0 is the whole chat."""
    estimate_waits: float = 0.0
    """Until when Telegram makes the estimate wait, in epoch seconds; 0 = it does not."""
    _held: RunState | None = field(default=None, repr=False)

    def attached(self, snapshot: Snapshot) -> None:
        """Take over everything that the service said on attach."""
        self.link, self.problem = Link.ATTACHED, ""
        self.account, self.run = snapshot.account, snapshot.run or self._cut_off()
        self._heard()

    def _cut_off(self) -> RunState | None:
        """The run that was watched when its service died, as last heard: the next service knows nothing of it."""
        if self.run is None or self.run.phase is RunPhase.FINISHED:
            return self.run
        return msgspec.structs.replace(
            self.run, phase=RunPhase.FINISHED, outcome=Outcome.INTERRUPTED, message=SERVICE_DIED
        )

    def lost(self, problem: str, link: Link = Link.LOST) -> None:
        """The service is not heard any more; what was last heard stays on the screen."""
        self.link, self.problem = link, problem
        self.revision += 1

    def apply(self, event: AnyEvent) -> None:
        """Take in one event."""
        match event:
            case AccountChanged(account=account):
                self.account = account
            case RunStarted(run=run) | RunFinished(run=run):
                self.run = run
            case RunUpdated():
                if self.run is not None and self.run.run_id == event.run_id:
                    self.run = apply_update(self.run, event)
            case MessagesCounted(chat=chat, counts=counts):
                self.counts.setdefault(chat, {}).update(counts)
            case EstimateHeldUp(until=until):
                self.estimate_waits = until
            case ServiceStopping():
                self.lost("The background service has stopped.", Link.STOPPED)
        self._heard()

    def freeze(self, on: bool) -> None:
        """Hold the view at what it shows now, or let it go on. The job is not touched."""
        self.frozen = on
        self._held = self.run if on else None
        self.revision += 1

    @property
    def view(self) -> RunState | None:
        """The run as the dashboard should show it: live, or held still."""
        return self._held if self.frozen else self.run

    def counted(self, chat: int, topic: int = 0) -> int:
        """How many messages Telegram counts there; -1 while it has not told."""
        return self.counts.get(chat, {}).get(topic, -1)

    @property
    def running(self) -> bool:
        """Whether a run is in progress."""
        return self.run is not None and self.run.phase is not RunPhase.FINISHED

    @property
    def signed_in(self) -> bool:
        """Whether the account can be used."""
        return self.account is not None and self.account.phase is AccountPhase.SIGNED_IN

    @property
    def silent_s(self) -> float:
        """Seconds since the service was last heard."""
        return max(0.0, self.clock() - self.heard_at) if self.heard_at else 0.0

    def _heard(self) -> None:
        self.heard_at = self.clock()
        self.revision += 1


def share_done(row: ChatProgress) -> float:
    """How much of a chat is finished, 0.0 to 1.0: its own done state, else the share of its id range fetched."""
    return 1.0 if row.state is ChatState.DONE else row.fetched


def sorted_rows(rows: tuple[ChatProgress, ...], order: Order, query: str = "") -> list[ChatProgress]:
    """The dashboard's rows in `order`; `query` keeps those whose title holds it."""
    wanted = query.casefold().strip()
    kept = [row for row in rows if wanted in row.title.casefold()] if wanted else list(rows)
    if order is Order.STATE:
        kept.sort(key=lambda row: (_STATE_RANK[row.state], row.title.casefold()))
    elif order is Order.NAME:
        kept.sort(key=lambda row: row.title.casefold())
    elif order is Order.SIZE:
        kept.sort(key=lambda row: -max(row.messages_total, row.messages))
    elif order is Order.PROGRESS:
        kept.sort(key=share_done)
    return kept


def workers_in_order(workers: tuple[WorkerRow, ...], query: str = "") -> tuple[WorkerRow, ...]:
    """The workers, those that have stopped behind the others; `query` keeps those whose id, role or chat holds it."""
    wanted = query.casefold()
    rows = sorted(workers, key=lambda row: row.state is WorkerState.STOPPED)
    return tuple(w for w in rows if not wanted or wanted in f"{w.id} {w.role} {w.target}".casefold())


def has_parts(rows: tuple[ChatProgress, ...]) -> dict[int, int]:
    """For each chat that is shown by topics: how many topic rows it has."""
    parts: dict[int, int] = {}
    for row in rows:
        if row.topic:
            parts[row.chat] = parts.get(row.chat, 0) + 1
    return parts


def leaf_rows(rows: tuple[ChatProgress, ...]) -> list[ChatProgress]:
    """The rows that count once: topics, and chats that are not shown by topics."""
    parts = has_parts(rows)
    return [row for row in rows if row.topic or row.chat not in parts]


def open_alerts(alerts: tuple[Alert, ...]) -> list[Alert]:
    """Alerts that nobody has acknowledged and that have not resolved, newest first."""
    return sorted((a for a in alerts if not a.acknowledged and not a.resolved), key=lambda a: -a.at)


def telegram_is_lost(run: RunState) -> bool:
    """Whether the run has no connection to Telegram at present, acknowledged or not."""
    return any(alert.key == "connection" and not alert.resolved for alert in run.alerts)


def alerts_in_order(alerts: tuple[Alert, ...]) -> list[Alert]:
    """Open alerts first, then the others; newest first in each."""
    return sorted(alerts, key=lambda a: (a.acknowledged or a.resolved, -a.at))


def log_from(lines: tuple[LogLine, ...], level: Level, query: str = "") -> list[LogLine]:
    """Log lines of at least `level`, newest first; `query` keeps those that hold it."""
    least = LEVELS.index(level)
    wanted = query.casefold().strip()
    return [
        line
        for line in reversed(lines)
        if LEVELS.index(line.level) >= least and (not wanted or wanted in line.text.casefold())
    ]


def shares(run: RunState) -> tuple[float, float, float]:
    """The stages' progress, 0.0 to 1.0: fetched, rendered, media. One with nothing to do is done with the run.

    Files become known as messages are fetched, so media are never further along than fetching.
    """
    totals = run.totals
    done = run.phase is RunPhase.FINISHED
    total = totals.messages_total if totals.messages_total > 0 else totals.messages
    rendered = totals.rendered / total if total > 0 else float(done)
    if run.profile.filters.chooses and run.chats:  # how many messages pass is known only when all are looked at
        rendered = sum(row.state in _RENDERED for row in run.chats) / len(run.chats)
    if totals.bytes_total > 0:
        media = totals.bytes / totals.bytes_total
    elif totals.files_total > 0:
        media = totals.files / totals.files_total
    else:
        media = float(done)
    fetched = 1.0 if done else min(1.0, totals.fetched)
    return (min(1.0, totals.fetched), min(1.0, rendered), min(fetched, media))
