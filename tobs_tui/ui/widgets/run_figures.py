"""The dashboard's figures above the panels: bars, rates; for small terminals workers and alerts in a line each."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style

from tobs_tui.model.display import clean, count, eta, percent, rate, short_count, size
from tobs_tui.model.run import RunState, WorkerState
from tobs_tui.ui import run_model
from tobs_tui.ui.paint import Line, bar, crop, sparkline, width_of
from tobs_tui.ui.widgets.chrome import link
from tobs_tui.ui.widgets.painted import Painted
from tobs_tui.ui.widgets.watch_panels import LogPanel, log_row, resource_rows

STAGES = ("fetch", "render", "media")


class Figures(Painted):
    """Two lines: how far each stage is; how much, how fast, how long."""

    def lines(self, width: int, height: int) -> list[Line]:
        """Bars and figures, in the long or the short form."""
        run = self.tobs.model.view
        if run is None:
            return []
        if width >= 100:
            return [self._bars(run, width, short=False), self._numbers(run, width)]
        return [self._bars(run, width, short=True), self._short_numbers(run, width)]

    def _bars(self, run: RunState, width: int, short: bool) -> Line:
        palette, glyphs = self.tobs.palette, self.tobs.glyphs
        names = [name[0].upper() if short else name for name in STAGES]
        taken = 1 + sum(len(name) + 1 + 6 for name in names) + 3 * (len(names) - 1)
        wide = (width - taken - 1) // len(names)
        line: Line = [Segment(" ")]
        for name, share in zip(names, run_model.shares(run), strict=True):
            fill = palette.bar_done if share >= 1 else palette.bar
            line += [Segment(f"{name} ", palette.muted), *bar(share, wide, fill, palette.trough, glyphs)]
            line += [Segment(f" {percent(share)}   ", palette.strong)]
        return crop(line, width)

    def _numbers(self, run: RunState, width: int) -> Line:
        palette, glyphs, totals = self.tobs.palette, self.tobs.glyphs, run.totals
        parts: list[Line] = [
            [
                Segment(count(totals.messages), palette.strong),
                Segment(f" / {count(totals.messages_total)} msgs", palette.muted),
            ],
            [
                Segment(f"{count(round(totals.messages_rate))} msg/s ", palette.text),
                *sparkline(run.rate_history, 12, palette.spark, glyphs),
            ],
            [Segment(rate(totals.bytes_rate), palette.text)],
            [Segment("ETA ", palette.muted), Segment(eta(totals.eta_s), palette.strong)],
            [Segment("waits ", palette.muted), _tally(totals.flood_waits, palette.warn, palette.text)],
            [Segment("errors ", palette.muted), _tally(totals.errors, palette.bad, palette.text)],
        ]
        if totals.files_total:
            files = f"{count(totals.files)} / {count(totals.files_total)} files"
            parts.insert(2, [Segment(files, palette.text)])
        if totals.jobs_total:
            jobs = f"{count(totals.jobs)} / {count(totals.jobs_total)} jobs"
            parts.insert(3, [Segment(jobs, palette.text)])
        if totals.bytes_saved:
            parts.append([Segment("saved ", palette.muted), Segment(size(totals.bytes_saved), palette.text)])
        return _spread(parts, width)

    def _short_numbers(self, run: RunState, width: int) -> Line:
        palette, glyphs, totals = self.tobs.palette, self.tobs.glyphs, run.totals
        parts: list[Line] = [
            [
                Segment(f"{count(round(totals.messages_rate))} msg/s ", palette.text),
                *sparkline(run.rate_history, 8, palette.spark, glyphs),
            ],
            [Segment(rate(totals.bytes_rate), palette.text)],
        ]
        if totals.jobs < totals.jobs_total - totals.jobs_failed:
            parts.append([Segment(f"{count(totals.jobs)}/{count(totals.jobs_total)} jobs", palette.text)])
        if run.resources.at:
            for name, share, _, worry in resource_rows(run.resources):
                if share >= 0 and name in ("CPU", "RAM", "GPU0", "DISK"):
                    mark = glyphs.warning if worry else ""
                    style = palette.warn if worry else palette.text
                    name = name.removesuffix("0")
                    parts.append([Segment(f"{name} ", palette.muted), Segment(f"{share * 100:.0f}{mark}", style)])
        parts.append([Segment("err ", palette.muted), _tally(totals.errors, palette.bad, palette.text)])
        return _spread(parts, width, 2)


def _tally(number: int, some: Style, none: Style) -> Segment:
    return Segment(short_count(number), some if number else none)


def _spread(parts: list[Line], width: int, gap: int = 3) -> Line:
    """As many of `parts` as fit, with a gap between."""
    line: Line = [Segment(" ")]
    for place, part in enumerate(parts):
        lead = gap if place else 0
        if width_of(line) + lead + width_of(part) > width:
            break
        line += [Segment(" " * lead), *part]
    return line


class Strip(Painted):
    """For small terminals: every worker in one line, the worst open alert in another."""

    def lines(self, width: int, height: int) -> list[Line]:
        """Two lines."""
        run = self.tobs.model.view
        return [] if run is None else [self._workers(run, width), self._alert(run, width)]

    def _workers(self, run: RunState, width: int) -> Line:
        palette, glyphs = self.tobs.palette, self.tobs.glyphs
        signs = {
            WorkerState.BUSY: (glyphs.on, palette.info),
            WorkerState.IDLE: (glyphs.off, palette.faint),
            WorkerState.PAUSED: (glyphs.paused, palette.warn),
            WorkerState.STOPPED: (glyphs.closed, palette.faint),
        }
        parts: list[Line] = []
        for worker in run.workers:
            name = clean(worker.id, 8)
            if worker.state is WorkerState.WAITING:
                left = max(0, int(worker.wait_until - self.tobs.model.clock()))
                parts.append([Segment(f"{name}{glyphs.waiting}{left}s", palette.warn)])
            else:
                sign, style = signs[worker.state]
                parts.append([Segment(name, palette.muted), Segment(sign, style)])
        return _spread(parts, width, 1)

    def _alert(self, run: RunState, width: int) -> Line:
        palette, glyphs = self.tobs.palette, self.tobs.glyphs
        opened = run_model.open_alerts(run.alerts)
        if not opened:
            return [Segment(f" {glyphs.done} no open alerts", palette.faint)]
        more = f", {len(opened) - 1} more" if len(opened) > 1 else ""
        note = f" (a: ack{more})"
        text = crop([Segment(f" {glyphs.warning} {clean(opened[0].text, 200)}", palette.warn)], width - len(note) - 1)
        return [*text, Segment(note, palette.faint + link("screen.acknowledge"))]


class Tail(Painted):
    """For small terminals: the two newest log lines."""

    def lines(self, width: int, height: int) -> list[Line]:
        """Newest last, as a tail reads."""
        panel = self.screen.query_one(LogPanel)
        return [log_row(line, panel) for line in reversed(panel.shown()[:height])]
