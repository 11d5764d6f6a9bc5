"""The dashboard's panels: chats, workers, resources, alerts, log."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style

from tobs_tui.model.display import NONE, clean, clock_time, count, eta, percent, rate, size
from tobs_tui.model.run import (
    Alert,
    ChatProgress,
    ChatState,
    Level,
    LogLine,
    Resources,
    RunPhase,
    RunState,
    WorkerRow,
    WorkerState,
)
from tobs_tui.ui import run_model
from tobs_tui.ui.paint import Line, bar, fit, sparkline
from tobs_tui.ui.run_model import LEVELS, Order
from tobs_tui.ui.widgets.panel import Panel

WIDE = 110
"""From this many columns on, the workers have all their columns."""


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
        self._rows: list[ChatProgress] = []
        self._made_of: tuple[object, ...] = ()

    @property
    def rows(self) -> list[ChatProgress]:
        """The rows in order, filtered; made anew only when the run or the order changed."""
        run = self.run()
        key = (id(run.chats) if run else 0, self.order, self.query_text)
        if key != self._made_of:
            self._made_of = key
            self._rows = run_model.sorted_rows(run.chats, self.order, self.query_text) if run else []
        return self._rows

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
        leaves = run_model.leaf_rows(run.chats)
        done = sum(row.state is ChatState.DONE for row in leaves)
        return [Segment(f"{done}/{len(leaves)} done", self.tobs.palette.muted)]

    def hints(self) -> Line:
        """Filter and order."""
        return [*self.filter_note(), Segment(f"t: by {self.order.value}  /: filter", self.tobs.palette.faint)]

    def empty(self) -> str:
        """Why there are no rows."""
        return (
            "Nothing matches the filter." if self.query_text else "The run is being planned: chats are counted first."
        )

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
        wide = max(8, min(24, spare * 2 // 5))
        return max(8, spare - wide), wide

    def row(self, index: int, width: int) -> Line:
        """Title, messages, bar, share, state, time left."""
        palette, glyphs, row = self.tobs.palette, self.tobs.glyphs, self.rows[index]
        title, wide = self._widths(width)
        name = row_name(row, self.run(), grouped=self.order is Order.PLAN)
        share = run_model.share_done(row)
        messages = row.messages_total if row.messages_total >= 0 else row.messages
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

    def rows(self) -> tuple[WorkerRow, ...]:
        """The workers, filtered."""
        run = self.run()
        wanted = self.query_text.casefold()
        rows = run.workers if run else ()
        return tuple(w for w in rows if wanted in f"{w.id} {w.role} {w.target}".casefold()) if wanted else rows

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
        return [Segment(f" {self.tobs.glyphs.bullet} ".join(counts), self.tobs.palette.muted)]

    def hints(self) -> Line:
        """What Enter does."""
        return [*self.filter_note(), Segment("enter: detail", self.tobs.palette.faint)]

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
            Segment(fit(count(round(worker.messages_rate)), 8, ">"), palette.text),
        ]
        retries = Segment(fit(str(worker.retries), 6, ">"), palette.warn if worker.retries else palette.faint)
        if width < WIDE:
            return [*line, retries]
        cpu = f"{worker.cpu_percent:.0f} %" if worker.cpu_percent >= 0 else NONE
        return [
            *line,
            Segment(fit(rate(worker.bytes_rate), 10, ">"), palette.text),
            Segment(fit(str(worker.queue), 6, ">") + fit(count(worker.done), 11, ">"), palette.muted),
            Segment(fit(cpu, 6, ">") + fit(size(worker.rss), 8, ">"), palette.muted),
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
                return f"{glyphs.on} busy", palette.info
            case WorkerState.WAITING:
                left = max(0, int(worker.wait_until - self.tobs.model.clock()))
                return f"{glyphs.waiting} wait {left}s" if left else f"{glyphs.waiting} wait", palette.warn
            case WorkerState.PAUSED:
                return f"{glyphs.paused} paused", palette.warn
            case WorkerState.STOPPED:
                return f"{glyphs.closed} stopped", palette.faint
            case _:
                return f"{glyphs.off} idle", palette.faint


_WORKER_WORDS = (
    (WorkerState.BUSY, "busy"),
    (WorkerState.WAITING, "waiting"),
    (WorkerState.PAUSED, "paused"),
    (WorkerState.IDLE, "idle"),
    (WorkerState.STOPPED, "stopped"),
)

WARN_PERCENT, BAD_PERCENT = 85.0, 95.0


class ResourcesPanel(RunPanel):
    """The machine: processor, memory, graphics, disk, network."""

    number, name = 3, "Resources"

    def __init__(self) -> None:
        super().__init__(id="resources")
        self._history: list[float] = []
        self._sampled_at = 0.0

    def count(self) -> int:
        """One row a resource."""
        return len(self.table())

    def empty(self) -> str:
        """Before the first sample."""
        return "No sample yet."

    def table(self) -> list[tuple[str, float, str, bool]]:
        """Name, share (below 0: no bar, a history instead), what it comes to, whether it is a worry."""
        run = self.run()
        if run is None or not run.resources.at:
            return []
        return resource_rows(run.resources)

    def repaint(self, force: bool = False) -> None:
        """Take the sample into the network's history, then paint."""
        run = self.run()
        if run is not None and run.resources.at != self._sampled_at:
            self._sampled_at = run.resources.at
            self._history = [*self._history, run.resources.net_in + run.resources.net_out][-60:]
        super().repaint(force)

    def row(self, index: int, width: int) -> Line:
        """Name, bar, figures."""
        palette, glyphs = self.tobs.palette, self.tobs.glyphs
        name, share, note, worry = self.table()[index]
        wide = max(6, width - 28)
        if share < 0:
            middle = [*sparkline(self._history, wide, palette.spark, glyphs), Segment(" " * 6)]
        else:
            style = palette.bar_held if worry else palette.bar
            middle = [*bar(share, wide, style, palette.trough, glyphs), Segment(f" {percent(share)}", palette.text)]
        mark = Segment(f" {glyphs.warning}" if worry else "  ", palette.warn)
        return [Segment(f" {fit(name, 5)}", palette.muted), *middle, Segment(fit(note, 12, ">"), palette.muted), mark]


def resource_rows(sample: Resources) -> list[tuple[str, float, str, bool]]:
    """The rows of a sample: name, share of 1 (below 0: a rate), figure, whether it is a worry."""
    rows = [("CPU", sample.cpu_percent / 100, f"{sample.cpu_count} cores", False)]
    if sample.memory_total:
        share = sample.memory_used / sample.memory_total
        rows.append(("RAM", share, size(sample.memory_total), share * 100 >= BAD_PERCENT))
    for place, gpu in enumerate(sample.gpus):
        rows.append((f"GPU{place}", gpu.utilisation / 100, f"{gpu.temperature} °C", False))
        if gpu.memory_total:
            rows.append(("VRAM", gpu.memory_used / gpu.memory_total, size(gpu.memory_total), False))
    if sample.disk_total:
        share = 1 - sample.disk_free / sample.disk_total
        rows.append(("DISK", share, f"{size(sample.disk_free)} free", share * 100 >= WARN_PERCENT))
    rows.append(("NET", -1.0, rate(sample.net_in + sample.net_out), False))
    rows.append(
        ("TOBS", min(1.0, sample.own_cpu_percent / 100 / max(1, sample.cpu_count)), size(sample.own_memory), False)
    )
    return rows


class AlertsPanel(RunPanel):
    """What a person should know, kept until acknowledged."""

    number, name = 4, "Alerts"

    def __init__(self) -> None:
        super().__init__(id="alerts")

    def alerts(self) -> list[Alert]:
        """Open ones first."""
        run = self.run()
        return run_model.alerts_in_order(run.alerts) if run else []

    def count(self) -> int:
        """One row an alert."""
        return len(self.alerts())

    def caption(self) -> Line:
        """How many are open."""
        run = self.run()
        number = len(run_model.open_alerts(run.alerts)) if run else 0
        palette = self.tobs.palette
        return [Segment(f"{number} open", palette.warn)] if number else [Segment("none open", palette.muted)]

    def hints(self) -> Line:
        """How to acknowledge."""
        return [Segment("a: ack", self.tobs.palette.faint)]

    def empty(self) -> str:
        """All is well."""
        return "Nothing to report."

    def row(self, index: int, width: int) -> Line:
        """Sign, time, sentence."""
        palette, alert = self.tobs.palette, self.alerts()[index]
        glyph, style = alert_sign(alert, self)
        past = alert.acknowledged or alert.resolved
        return [
            Segment(f" {glyph} ", style),
            Segment(f"{clock_time(alert.at)} ", palette.faint),
            Segment(fit(clean(alert.text, 300), width - 10), palette.faint if past else palette.text),
        ]


def alert_sign(alert: Alert, panel: Panel) -> tuple[str, Style]:
    """Glyph and style of an alert."""
    palette, glyphs = panel.tobs.palette, panel.tobs.glyphs
    if alert.acknowledged or alert.resolved or alert.level in (Level.INFO, Level.DEBUG):
        return glyphs.done, palette.ok if alert.resolved or alert.level is Level.INFO else palette.faint
    if alert.level in (Level.ERROR, Level.CRITICAL):
        return glyphs.failed, palette.bad
    return glyphs.warning, palette.warn


class LogPanel(RunPanel):
    """The newest log lines, newest first."""

    number, name = 5, "Log"

    def __init__(self) -> None:
        super().__init__(id="log")
        self.level = Level.INFO
        self.follow = True
        self._held: tuple[LogLine, ...] = ()
        self._made_of: tuple[object, ...] = ()
        self._lines: list[LogLine] = []

    def shown(self) -> list[LogLine]:
        """Lines of at least the level, filtered."""
        run = self.run()
        source = self._held if not self.follow else run.log if run else ()
        key = (id(source), self.level, self.query_text)
        if key != self._made_of:
            self._made_of = key
            self._lines = run_model.log_from(source, self.level, self.query_text)
        return self._lines

    def hold(self) -> None:
        """Hold the log still, or follow it again."""
        run = self.run()
        self._held = run.log if run else ()
        self.follow = not self.follow
        self.move_to(0)

    def next_level(self) -> None:
        """Show lines from the next level up; after the last one, from the first."""
        self.level = LEVELS[(LEVELS.index(self.level) + 1) % len(LEVELS)]
        self.move_to(0)

    def count(self) -> int:
        """One row a line."""
        return len(self.shown())

    def hints(self) -> Line:
        """Level and whether it follows."""
        palette = self.tobs.palette
        state = "f: hold" if self.follow else "f: follow (held)"
        return [*self.filter_note(), Segment(f"l: from {self.level.value}  {state}", palette.faint)]

    def empty(self) -> str:
        """Why there are none."""
        return "No line of this level yet."

    def row(self, index: int, width: int) -> Line:
        """Time, level, text."""
        return log_row(self.shown()[index], self)


_LEVEL_TONES = {
    Level.DEBUG: "faint",
    Level.INFO: "info",
    Level.WARNING: "warn",
    Level.ERROR: "bad",
    Level.CRITICAL: "bad",
}
_LEVEL_WORDS = {Level.WARNING: "WARN", Level.CRITICAL: "FATAL"}


def log_row(line: LogLine, panel: Panel) -> Line:
    """A log line: time, level, text."""
    palette = panel.tobs.palette
    word = _LEVEL_WORDS.get(line.level, line.level.value.upper())
    return [
        Segment(f" {clock_time(line.at, seconds=True)} ", palette.faint),
        Segment(fit(word, 6), getattr(palette, _LEVEL_TONES[line.level])),
        Segment(clean(line.text, 400), palette.text),
    ]


PHASE_WORDS = {
    RunPhase.PLANNING: ("PLANNING", "info"),
    RunPhase.RUNNING: ("RUNNING", "ok"),
    RunPhase.PAUSED: ("PAUSED", "warn"),
    RunPhase.STOPPING: ("STOPPING", "warn"),
    RunPhase.FINISHED: ("FINISHED", "muted"),
}
