"""The dashboard's panels of watching: resources, alerts, log."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style

from tobs_tui.model.display import clean, clock_time, count, percent, rate, size
from tobs_tui.model.load import LoadState
from tobs_tui.model.run import Alert, ConnectionRow, Level, LogLine, Resources
from tobs_tui.ui import run_model
from tobs_tui.ui.paint import Line, bar, fit, sparkline
from tobs_tui.ui.run_model import LEVELS
from tobs_tui.ui.widgets.chrome import link
from tobs_tui.ui.widgets.link_rows import connection_line
from tobs_tui.ui.widgets.panel import Panel
from tobs_tui.ui.widgets.run_panels import Kept, RunPanel

WARN_PERCENT, BAD_PERCENT = 85.0, 95.0
WARN_STALL = 0.6


class ResourcesPanel(RunPanel):
    """The machine: processor, memory, graphics, disk, network; below, the connections to Telegram."""

    number, name = 3, "Resources"

    def __init__(self) -> None:
        super().__init__(id="resources")
        self._history: tuple[float, ...] = ()
        self._sampled_at = 0.0
        self._table = Kept(resource_rows)

    def count(self) -> int:
        """One row a resource and a connection."""
        return len(self.table()) + len(self.connections())

    def connections(self) -> tuple[ConnectionRow, ...]:
        """The connections, once there is anything else to show."""
        run = self.run()
        return run.link.connections if run is not None and self.table() else ()

    def connection(self, index: int) -> ConnectionRow | None:
        """The connection that a row shows, if it shows one."""
        place = index - len(self.table())
        return self.connections()[place] if place >= 0 else None

    def caption(self) -> Line:
        """The load, where it is not normal."""
        run = self.run()
        load = run.resources.load if run is not None else LoadState.NORMAL
        if load is LoadState.NORMAL:
            return []
        palette = self.tobs.palette
        return [Segment(f"load {load.value}", palette.bad if load is LoadState.OVERLOADED else palette.warn)]

    def empty(self) -> str:
        """Before the first sample."""
        return "No sample yet."

    def table(self) -> list[tuple[str, float, str, bool]]:
        """Name, share (below 0: no bar, a history instead), what it comes to, whether it is a worry."""
        run = self.run()
        if run is None or not run.resources.at:
            return []
        return self._table.of(run.resources)

    def made_of(self, index: int) -> tuple[object, ...]:
        """The connection; or the figures, and the network's history where that is shown."""
        if (connection := self.connection(index)) is not None:
            return (connection,)
        figures = self.table()[index]
        return (figures, self._history) if figures[1] < 0 else (figures,)

    def repaint(self, force: bool = False) -> None:
        """Take the sample into the network's history, then paint."""
        run = self.run()
        if run is not None and run.resources.at != self._sampled_at:
            self._sampled_at = run.resources.at
            self._history = (*self._history, run.resources.net_in + run.resources.net_out)[-60:]
        super().repaint(force)

    def row(self, index: int, width: int) -> Line:
        """Name, bar, figures."""
        palette, glyphs = self.tobs.palette, self.tobs.glyphs
        if (connection := self.connection(index)) is not None:
            return connection_line(connection, palette, glyphs, width)
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
    if sample.disk_read or sample.disk_write or sample.io_stall > 0:
        stalled = max(0.0, sample.io_stall) / 100
        rows.append(("I/O", stalled, rate(sample.disk_read + sample.disk_write), stalled >= WARN_STALL))
    if sample.descriptor_limit:
        share = sample.descriptors / sample.descriptor_limit
        rows.append(("FILES", share, f"{sample.descriptors} open", share * 100 >= WARN_PERCENT))
    looked_up = sum(cache.hits + cache.misses for cache in sample.caches)
    if looked_up:
        hits = sum(cache.hits for cache in sample.caches)
        rows.append(("CACHE", hits / looked_up, f"{count(looked_up)} asked", False))
    rows.append(
        ("TOBS", min(1.0, sample.own_cpu_percent / 100 / max(1, sample.cpu_count)), size(sample.own_memory), False)
    )
    return rows


class AlertsPanel(RunPanel):
    """What a person should know, kept until acknowledged."""

    number, name = 4, "Alerts"

    def __init__(self) -> None:
        super().__init__(id="alerts")
        self._rows = Kept(run_model.alerts_in_order)
        self._open = Kept(run_model.open_alerts)

    def alerts(self) -> list[Alert]:
        """Open ones first."""
        run = self.run()
        return self._rows.of(run.alerts) if run else []

    def made_of(self, index: int) -> tuple[object, ...]:
        """The alert."""
        return (self.alerts()[index],)

    def count(self) -> int:
        """One row an alert."""
        return len(self.alerts())

    def caption(self) -> Line:
        """How many are open."""
        run = self.run()
        number = len(self._open.of(run.alerts)) if run else 0
        palette = self.tobs.palette
        return [Segment(f"{number} open", palette.warn)] if number else [Segment("none open", palette.muted)]

    def hints(self) -> Line:
        """How to acknowledge."""
        return [Segment("a: ack", self.tobs.palette.faint + link("screen.acknowledge"))]

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
        self._shown = Kept(run_model.log_from)

    def shown(self) -> list[LogLine]:
        """Lines of at least the level, filtered."""
        run = self.run()
        source = self._held if not self.follow else run.log if run else ()
        return self._shown.of(source, self.level, self.query_text)

    def made_of(self, index: int) -> tuple[object, ...]:
        """The line."""
        return (self.shown()[index],)

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
        faint = self.tobs.palette.faint
        level = Segment(f"l: from {self.level.value}", faint + link("screen.level"))
        state = Segment("f: hold" if self.follow else "f: follow (held)", faint + link("screen.follow"))
        return [*self.filter_note(), level, Segment("  "), state]

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
