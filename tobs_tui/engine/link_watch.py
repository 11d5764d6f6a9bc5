"""What happens on the line to Telegram, as the board shows it: waits with their countdown, cuts, retries."""

from __future__ import annotations

from collections.abc import Callable

from tobs_tui.engine.state import RunBoard
from tobs_tui.engine.workers import WorkerStats, acting
from tobs_tui.model.report import LinkReport
from tobs_tui.model.run import ChatState, Level, WorkerRole, WorkerState
from tobs_tui.monitor.logs import about
from tobs_tui.telegram.events import (
    ConnectionLost,
    ConnectionRestored,
    LinkEvent,
    Retrying,
    SessionEnded,
    WaitEnded,
    WaitStarted,
)
from tobs_tui.telegram.link import TelegramLink

_FILE_METHODS = ("upload.getFile", "upload.getFileHashes")
_QUIET_WAIT_S = 10
"""Waits up to this long are routine: a log line, no alert."""


class LinkWatch:
    """Translates link events. `on_wait(seconds)` hears of each wait, `on_session_end(sentence)` of a session's end."""

    def __init__(
        self,
        link: TelegramLink,
        board: RunBoard,
        on_wait: Callable[[float], None],
        on_session_end: Callable[[str], None],
    ) -> None:
        self._link = link
        self._before = link.stats.copy()  # what earlier runs have counted
        self._board = board
        self._on_wait = on_wait
        self._on_session_end = on_session_end
        self._held_up: dict[str, set[tuple[int, int]]] = {}  # rows by method

    def hear(self, event: LinkEvent) -> None:
        """Take note of an event. Called in the task whose request it befell."""
        with about(chat=event.chat if isinstance(event, WaitStarted) else 0):
            self._hear(event)

    def _hear(self, event: LinkEvent) -> None:
        board = self._board
        match event:
            case WaitStarted():
                self._wait(event)
            case WaitEnded():
                self._go_on(event.method)
            case ConnectionLost():
                board.alerts.open("connection", Level.ERROR, event.reason)
                board.log(Level.WARNING, event.reason)
            case ConnectionRestored():
                board.alerts.resolve("connection")
                board.log(Level.INFO, "Telegram answers again.")
            case Retrying():
                worker = acting.get()  # whose request it is about
                if worker is not None:
                    worker.retries += 1
                    worker.last_error = event.error
                board.log(Level.WARNING, f"{event.method}: {event.error}; again in {event.delay:.1f} s.")
            case SessionEnded():
                self._on_session_end(f"{event.sentence} {event.way_on}")

    def figures(self) -> LinkReport:
        """What went over the wire since the run began."""
        return self._link.stats.since(self._before)

    def show(self) -> None:
        """Bring the board's figures of the link up to date."""
        stats, before, board = self._link.stats, self._before, self._board
        board.counters.requests = stats.requests - before.requests
        board.counters.flood_waits = stats.flood_waits - before.flood_waits
        board.counters.flood_seconds = stats.flood_seconds - before.flood_seconds
        board.counters.retries = stats.retries - before.retries
        board.dc = self._link.dc
        board.latency_ms = self._link.latency_ms
        board.link = self._link.figures()
        board.takeout = self._link.takeout_active

    def _wait(self, event: WaitStarted) -> None:
        board = self._board
        text = f"Telegram asks to wait {event.seconds} s before more of {event.method} ({event.cause})."
        board.log(Level.WARNING, text)
        if event.seconds > _QUIET_WAIT_S:
            board.alerts.open(f"wait-{event.method}", Level.WARNING, text)
        rows = self._held_up.setdefault(event.method, set())
        for worker in self._concerned(event.method):
            if worker.state in (WorkerState.BUSY, WorkerState.WAITING):
                worker.wait(event.until, f"{event.cause} {event.seconds}")
        if event.method not in _FILE_METHODS:
            for row in board.rows():
                if row.state in (ChatState.FETCHING, ChatState.WAITING):
                    rows.add(row.key)
                    board.change(row.key, state=ChatState.WAITING, wait_until=event.until)
        self._on_wait(event.seconds)

    def _go_on(self, method: str) -> None:
        self._board.alerts.resolve(f"wait-{method}")
        for worker in self._concerned(method):
            if worker.state is WorkerState.WAITING:
                worker.go_on()
        for key in self._held_up.pop(method, set()):
            if self._board.row(key).state is ChatState.WAITING:
                self._board.change(key, state=ChatState.FETCHING, wait_until=0.0)

    def _concerned(self, method: str) -> list[WorkerStats]:
        role = WorkerRole.MEDIA if method in _FILE_METHODS else WorkerRole.FETCH
        return self._board.workers.of_role(role)
