"""The dashboard's panels of work: chats and workers; and what all five panels have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from rich.segment import Segment
from rich.style import Style

from tobs_tui.model.display import NONE, clean, count, eta, percent, rate, size
from tobs_tui.model.run import (
    ChatProgress,
    ChatState,
    RunPhase,
    RunState,
    WorkerRow,
    WorkerState,
)
from tobs_tui.ui import run_model
from tobs_tui.ui.paint import Line, bar, fit
from tobs_tui.ui.run_model import Order
from tobs_tui.ui.widgets.chrome import link
from tobs_tui.ui.widgets.panel import Panel

MadeT = TypeVar("MadeT")
WIDE = 110
"""From this many columns on, the workers have all their columns."""


class Kept(Generic[MadeT]):
    """What was made of some objects, made anew when one of them has been replaced by another."""

    def __init__(self, make: Callable[..., MadeT]) -> None:
        self._make = make
        self._sources: tuple[object, ...] = ()
        self._made: list[MadeT] = []

    def of(self, *sources: object) -> MadeT:
        """What is made of `sources`, which are never changed in place."""
        if not self._made or any(old is not new for old, new in zip(self._sources, sources, strict=True)):
            self._made = [self._make(*sources)]
            self._sources = sources  # held on to: another object must not get the place of one that is gone
        return self._made[0]


class RunPanel(Panel):
    """Base of the five: a number, a name, and in small terminals a line of tabs instead of its own title."""

    number = 0
    name = ""
    tabs: Line | None = None
    query_text = ""

    def run(self) -> RunState | None:
        """The run, live or held still."""
        return self.tobs.model.view

    def caption(self) -> Line:
        """What follows the name in the title."""
        return []

    def title(self) -> Line:
        """Number, name, caption; or the tabs."""
        if self.tabs is not None:
            return self.tabs
        palette = self.tobs.palette
        title: Line = [Segment(f"{self.number} ", palette.accent), Segment(self.name_now(), palette.strong)]
        caption = self.caption()
        return [*title, Segment("  "), *caption] if caption else title

    def name_now(self) -> str:
        """The panel's name."""
        return self.name

    def filter_note(self) -> Line:
        """What the list is filtered by."""
        if not self.query_text:
            return []
        return [Segment(f"/{clean(self.query_text, 20)}  ", self.tobs.palette.warn)]


def row_name(row: ChatProgress, run: RunState | None, grouped: bool = True) -> str:
    """What a row is called: a topic stands indented below its chat, or, where that has no row, bears its name."""
    name = clean(row.title, 120) or "(untitled)"
    if not row.topic or run is None:
        return name
    if any(other.chat == row.chat and not other.topic for other in run.chats):
        return f"  {name}" if grouped else name
    forums = {target.chat: target.title for target in run.profile.targets.chats}
    return f"{clean(forums[row.chat], 60)}: {name}" if len(forums) > 1 and forums.get(row.chat) else name


class ChatsPanel(RunPanel):
    """Progress of every chat, and below a forum of each of its topics."""

    number, name = 1, "Chats"

    def __init__(self) -> None:
        super().__init__(id="chats")
        self.order = Order.PLAN
        self._rows = Kept(run_model.sorted_rows)
        self._leaves = Kept(run_model.leaf_rows)
        self._grouped = Kept(lambda chats: frozenset(row.chat for row in chats if not row.topic))

    @property
    def rows(self) -> list[ChatProgress]:
        """The rows in order, filtered; made anew only when the run or the order changed."""
        run = self.run()
        return self._rows.of(run.chats, self.order, self.query_text) if run else []

    def made_of(self, index: int) -> tuple[object, ...]:
        """The row; the order, for topics are indented below their chats, and whether its chat has a row."""
        row, run = self.rows[index], self.run()
        if row.state is ChatState.WAITING or run is None:
            return ()
        below = bool(row.topic) and row.chat in self._grouped.of(run.chats)
        return (row, run.profile, self.order, below)

    def count(self) -> int:
        """One row a chat or topic."""
        return len(self.rows)

    def name_now(self) -> str:
        """Topics, where a single forum is exported."""
        run = self.run()
        only_topics = run is not None and any(row.topic for row in run.chats) and len({r.chat for r in run.chats}) == 1
        return "Topics" if only_topics else "Chats"

    def caption(self) -> Line:
        """How many are done."""
        run = self.run()
        if run is None:
            return []
        leaves = self._leaves.of(run.chats)
        if not leaves:
            return []
        done = sum(row.state is ChatState.DONE for row in leaves)
        return [Segment(f"{done}/{len(leaves)} done", self.tobs.palette.muted)]

    def hints(self) -> Line:
        """Filter and order."""
        faint = self.tobs.palette.faint
        sort = Segment(f"t: by {self.order.value}", faint + link("screen.sort"))
        return [*self.filter_note(), sort, Segment("  "), Segment("/: filter", faint + link("screen.filter"))]

    def empty(self) -> str:
        """Why there are no rows."""
        if self.query_text:
            return "Nothing matches the filter."
        run = self.run()
        if run is not None and run.takeout_delay is not None:
            again = max(0, round(run.takeout_delay.next_try - self.tobs.model.clock()))
            return f"Telegram delays the export: asked again in {again} s. Enter on its alert (4) shows the ways on."
        return "The run is being planned: chats are counted first."

    def header(self, width: int) -> Line | None:
        """Column names, where there is room for them."""
        if self.tabs is not None:
            return None
        title, wide = self._widths(width)
        text = f" {fit('TITLE', title)}{'MSGS':>10}  {fit('PROGRESS', wide + 6)}  {fit('STATE', 13)}{'ETA':>8}"
        return [Segment(text, self.tobs.palette.faint)]

    def _widths(self, width: int) -> tuple[int, int]:
        """Columns for the title and for the bar."""
        spare = width - 1 - 10 - 2 - 6 - 2 - 13 - 9
        wide = max(8, min(48, spare * 2 // 5))
        return max(8, spare - wide), wide

    def row(self, index: int, width: int) -> Line:
        """Title, messages, bar, share, state, time left."""
        palette, glyphs, row = self.tobs.palette, self.tobs.glyphs, self.rows[index]
        title, wide = self._widths(width)
        name = row_name(row, self.run(), grouped=self.order is Order.PLAN)
        share = run_model.share_done(row)
        uncounted = -1 if row.messages == 0 and row.state is not ChatState.DONE else row.messages
        messages = row.messages_total if row.messages_total >= 0 else uncounted
        failed, held = row.state is ChatState.FAILED, row.state is ChatState.WAITING
        fill = palette.bar_done if row.state is ChatState.DONE else palette.bar_held if held else palette.bar
        word, style = self.state_of(row)
        return [
            Segment(" "),
            Segment(
                fit(name, title, more=glyphs.more), palette.muted if row.state is ChatState.QUEUED else palette.text
            ),
            Segment(fit(NONE if failed and not messages else count(messages), 10, ">"), palette.muted),
            Segment("  "),
            *bar(share, wide, fill, palette.trough, glyphs),
            Segment(f" {percent(share)}", palette.muted),
            Segment("  "),
            Segment(fit(word, 13), style),
            Segment(fit(NONE if row.state is ChatState.DONE else eta(row.eta_s), 8, ">"), palette.muted),
        ]

    def state_of(self, row: ChatProgress) -> tuple[str, Style]:
        """A row's state as glyph and word, with its colour."""
        palette, glyphs = self.tobs.palette, self.tobs.glyphs
        worker = f" {clean(row.worker, 6)}" if row.worker else ""
        match row.state:
            case ChatState.DONE:
                return f"{glyphs.done} done", palette.ok
            case ChatState.FAILED:
                return f"{glyphs.failed} failed", palette.bad
            case ChatState.WAITING:
                left = max(0, int(row.wait_until - self.tobs.model.clock()))
                return f"{glyphs.waiting} wait {eta(left)}" if left else f"{glyphs.waiting} wait", palette.warn
            case ChatState.QUEUED:
                return f"{glyphs.off} queued", palette.faint
            case _:
                return f"{glyphs.on} {row.state.value}{worker}", palette.info


class WorkersPanel(RunPanel):
    """One row a worker."""

    number, name = 2, "Workers"

    def __init__(self) -> None:
        super().__init__(id="workers")
        self._rows = Kept(run_model.workers_in_order)

    def rows(self) -> tuple[WorkerRow, ...]:
        """The workers, filtered; those that have stopped behind the others."""
        run = self.run()
        return self._rows.of(run.workers, self.query_text) if run else ()

    def made_of(self, index: int) -> tuple[object, ...]:
        """The worker, unless it counts down."""
        worker = self.rows()[index]
        return () if worker.state is WorkerState.WAITING else (worker,)

    def count(self) -> int:
        """One row a worker."""
        return len(self.rows())

    def caption(self) -> Line:
        """How many are at work."""
        rows = self.rows()
        counts = [
            f"{sum(w.state is state for w in rows)} {word}"
            for state, word in _WORKER_WORDS
            if any(w.state is state for w in rows)
        ]
        return [Segment(f" {self.tobs.glyphs.bullet} ".join(counts), self.tobs.palette.muted)] if counts else []

    def hints(self) -> Line:
        """What Enter does."""
        faint = self.tobs.palette.faint
        restart = Segment("r: restart", faint + link("screen.restart"))
        return [*self.filter_note(), Segment("enter: detail  ", faint), restart]

    def empty(self) -> str:
        """Why there are none."""
        return "Nothing matches the filter." if self.query_text else "No worker has started yet."

    def _target_width(self, width: int) -> int:
        return max(8, (width - 83) * 3 // 5 if width >= WIDE else width - 44)

    def header(self, width: int) -> Line | None:
        """Column names."""
        target = self._target_width(width)
        text = f" {'ID':<6}{'ROLE':<8}{'STATE':<11}{fit('CHAT', target)}"
        if width >= WIDE:
            text += f"{'MSG/S':>8}{'RATE':>10}{'QUEUE':>6}{'DONE':>11}{'CPU':>6}{'MEMORY':>8}{'RETRY':>6}  LAST ERROR"
        else:
            text += f"{'MSG/S':>8}{'RETRY':>6}"
        return [Segment(text, self.tobs.palette.faint)]

    def row(self, index: int, width: int) -> Line:
        """A worker's figures."""
        palette, worker = self.tobs.palette, self.rows()[index]
        target = self._target_width(width)
        state, style = self.state_of(worker)
        line: Line = [
            Segment(f" {fit(clean(worker.id), 6)}", palette.text),
            Segment(fit(worker.role.value, 8), palette.muted),
            Segment(fit(state, 11), style),
            Segment(fit(clean(worker.target, 120) or NONE, target), palette.text if worker.target else palette.faint),
            Segment(fit(pace(worker), 8, ">"), palette.text),
        ]
        retries = Segment(fit(str(worker.retries), 6, ">"), palette.warn if worker.retries else palette.faint)
        if width < WIDE:
            return [*line, retries]
        cpu = f"{worker.cpu_percent:.0f} %" if worker.cpu_percent >= 0 else NONE
        return [
            *line,
            Segment(fit(rate(worker.bytes_rate), 10, ">"), palette.text),
            Segment(fit(str(worker.queue), 6, ">") + fit(count(worker.done), 11, ">"), palette.muted),
            Segment(fit(cpu, 6, ">") + fit(size(worker.memory), 8, ">"), palette.muted),
            retries,
            Segment(
                f"  {fit(clean(worker.last_error) or NONE, width - target - 82)}",
                palette.warn if worker.last_error else palette.faint,
            ),
        ]

    def state_of(self, worker: WorkerRow) -> tuple[str, Style]:
        """A worker's state as glyph and word, with its colour."""
        palette, glyphs = self.tobs.palette, self.tobs.glyphs
        match worker.state:
            case WorkerState.BUSY:
                done = f" {worker.share * 100:.0f} %" if worker.share >= 0 else ""
                return f"{glyphs.on} busy{done}", palette.info
            case WorkerState.WAITING:
                left = max(0, int(worker.wait_until - self.tobs.model.clock()))
                return f"{glyphs.waiting} wait {left}s" if left else f"{glyphs.waiting} wait", palette.warn
            case WorkerState.PAUSED:
                return f"{glyphs.paused} paused", palette.warn
            case WorkerState.STOPPED:
                return f"{glyphs.closed} stopped", palette.faint
            case _:
                return f"{glyphs.off} idle", palette.faint


def pace(worker: WorkerRow) -> str:
    """Messages a second, or how many times faster than its length a worker gets through a sound or video."""
    return f"{worker.speed:.1f}×" if worker.speed >= 0 else count(round(worker.messages_rate))


_WORKER_WORDS = (
    (WorkerState.BUSY, "busy"),
    (WorkerState.WAITING, "waiting"),
    (WorkerState.PAUSED, "paused"),
    (WorkerState.IDLE, "idle"),
    (WorkerState.STOPPED, "stopped"),
)


PHASE_WORDS = {
    RunPhase.PLANNING: ("PLANNING", "info"),
    RunPhase.RUNNING: ("RUNNING", "ok"),
    RunPhase.PAUSED: ("PAUSED", "warn"),
    RunPhase.STOPPING: ("STOPPING", "warn"),
    RunPhase.FINISHED: ("FINISHED", "muted"),
}
