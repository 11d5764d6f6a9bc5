"""How a headless run is told on a terminal: a live table of chats with bars, the sums, the waits; news scroll above."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.cells import cell_len
from rich.console import Console, Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tobs_tui.headless import lines
from tobs_tui.headless.painter import Painter
from tobs_tui.headless.reporters import chat_label, news_sentence, summary_sentences
from tobs_tui.model.display import clean, count, duration, eta, percent, plural, short_count, size
from tobs_tui.model.run import ChatProgress, ChatState, Level, Outcome, RunPhase, RunState, Totals
from tobs_tui.monitor.clock import now

PAINT_EVERY_S = 0.25
PAINT_EVERY_LOW_S = 0.5
_ROWS_BESIDES = 5
_WIDE, _NARROW = 100, 50
"""Columns for long bars, and for any."""
_ORDER = {
    ChatState.WAITING: 0,
    ChatState.FETCHING: 1,
    ChatState.MEDIA: 2,
    ChatState.RENDERING: 3,
    ChatState.QUEUED: 4,
    ChatState.FAILED: 5,
    ChatState.DONE: 6,
}
_STYLES = {
    ChatState.WAITING: "yellow",
    ChatState.FETCHING: "cyan",
    ChatState.MEDIA: "blue",
    ChatState.RENDERING: "magenta",
    ChatState.QUEUED: "dim",
    ChatState.FAILED: "red",
    ChatState.DONE: "green",
}
_ALERT_STYLES = {Level.WARNING: "yellow", Level.ERROR: "red", Level.CRITICAL: "bold red"}


class LiveReporter:
    """Paints at most four times a second (twice with `low_bandwidth`); nothing is painted between updates."""

    def __init__(self, console: Console, *, low_bandwidth: bool = False, clock: Callable[[], float] = now) -> None:
        self._console = console
        self._clock = clock
        self._every_s = PAINT_EVERY_LOW_S if low_bandwidth else PAINT_EVERY_S
        self._painted_at = 0.0
        self._painter = Painter(console)
        self._open = False

    def note(self, sentence: str) -> None:
        """Above the table."""
        self._painter.above(lambda: self._console.print(Text(clean(sentence, 2000)), soft_wrap=True))

    def started(self, run: RunState, followed: bool) -> None:
        """Open the table."""
        if followed:
            self.note("This profile's run is in progress already: following it.")
        self._open = True
        self._paint(run)

    def changed(self, before: RunState, after: RunState) -> None:
        """News above the table; the table itself when its time has come."""
        for item in lines.news(before, after, self._clock()):
            if not (isinstance(item, lines.ChatFinished) and item.state is ChatState.DONE):
                self.note(news_sentence(item))
        if self._clock() - self._painted_at >= self._every_s:
            self._paint(after)

    def finished(self, last: lines.RunFinished) -> None:
        """Close the table; leave the summary."""
        self._open = False
        self._painter.close()
        style = {Outcome.COMPLETE: "bold green", Outcome.FAILED: "bold red"}.get(last.outcome, "bold yellow")
        for number, sentence in enumerate(summary_sentences(last)):
            self._console.print(Text(sentence, style if number == 0 else ""), soft_wrap=True)

    def _paint(self, run: RunState) -> None:
        if self._open:
            self._painted_at = self._clock()
            self._painter.paint(self._picture(run))

    def _picture(self, run: RunState) -> Group:
        at = self._clock()
        parts: list[Text | Table] = [
            self._headline(run),
            self._sums(run.totals),
        ]
        parts += [
            Text(clean(alert.text, 400), _ALERT_STYLES.get(alert.level, ""), no_wrap=True, overflow="ellipsis")
            for alert in run.alerts
            if not alert.resolved and not alert.acknowledged
        ][-3:]
        room = max(3, self._console.size.height - _ROWS_BESIDES - len(parts))
        shown = sorted(run.chats, key=lambda row: _ORDER[row.state])[:room]
        parts.append(self._table(shown, at))
        if len(run.chats) > len(shown):
            parts.append(Text(f"… and {count(len(run.chats) - len(shown))} more", "dim"))
        return Group(*parts)

    def _headline(self, run: RunState) -> Text:
        totals = run.totals
        phase = "yellow" if run.phase in (RunPhase.PAUSED, RunPhase.STOPPING) else "green"
        link = f"dc{run.dc}" + (f" {run.latency_ms:.0f} ms" if run.latency_ms >= 0 else "") if run.dc else ""
        return self._fitting(
            (f"tobs {clean(run.profile.name, 30)}".strip(), "bold"),
            (run.phase.upper(), phase),
            (duration(totals.elapsed_s), ""),
            (plural(totals.errors, "error") if totals.errors else "", "red"),
            (plural(totals.flood_waits, "wait") if totals.flood_waits else "", "yellow"),
            (f"{count(round(totals.messages_rate))} msg/s", ""),
            (f"{size(totals.bytes_rate)}/s", ""),
            (link, "dim"),
        )

    def _sums(self, totals: Totals) -> Text:
        total = f"/{count(totals.messages_total)}" if totals.messages_total >= 0 else ""
        files = f"{count(totals.files)}/{count(totals.files_total)} files" if totals.files_total else ""
        return self._fitting(
            (f"{percent(totals.fetched).strip()} fetched", ""),
            (f"{eta(totals.eta_s)} left" if totals.eta_s > 0 else "", ""),
            (f"{count(totals.messages)}{total} messages", ""),
            (f"{totals.chats_done}/{totals.chats_total} chats", ""),
            (files and f"{files}, {size(totals.bytes)}", ""),
            (f"{count(totals.jobs)}/{count(totals.jobs_total)} jobs" if totals.jobs_total else "", ""),
            (f"{count(totals.reread)} looked at again" if totals.reread else "", ""),
        )

    def _fitting(self, *parts: tuple[str, str]) -> Text:
        """Those of the parts, the most telling first, for which one line has room: nothing is cut in its middle."""
        line = Text(no_wrap=True, overflow="ellipsis")
        for words, style in parts:
            if words and line.cell_len + 2 + cell_len(words) < self._console.size.width:
                line.append("  " if line.plain else "").append(words, style)
        return line

    def _table(self, rows: list[ChatProgress], at: float) -> Table:
        width = self._console.size.width
        bar = 16 if width >= _WIDE else 8
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(ratio=3, no_wrap=True, overflow="ellipsis")
        if width >= _NARROW:
            table.add_column(justify="right", no_wrap=True, min_width=5)
            table.add_column(width=bar)
        table.add_column(justify="right", no_wrap=True, min_width=5)
        table.add_column(ratio=2, no_wrap=True, overflow="ellipsis")
        for row in rows:
            figures = (
                Text(short_count(row.messages)),
                ProgressBar(total=1.0, completed=max(0.0, min(1.0, row.fetched)), width=bar),
            )
            table.add_row(
                Text(chat_label(row.title, row.chat)),
                *(figures if width >= _NARROW else ()),
                Text(percent(row.fetched)),
                Text(_state_words(row, at), _STYLES[row.state]),
            )
        return table


def _state_words(row: ChatProgress, at: float) -> str:
    if row.state is ChatState.WAITING and row.wait_until > at:
        return (
            f"wait {duration(row.wait_until - at)}, until {time.strftime('%H:%M:%S', time.localtime(row.wait_until))}"
        )
    if row.state is ChatState.FAILED:
        return clean(row.error) or "failed"
    files = f" {row.media}/{row.media_total} files" if row.media_total else ""
    left = f", {eta(row.eta_s)} left" if row.eta_s > 0 and row.state is ChatState.FETCHING else ""
    return f"{row.state}{files}{left}"
