"""How a headless run is told on a terminal: a live table of chats with bars, the sums, the waits; news scroll above."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tobs_tui.headless import lines
from tobs_tui.headless.reporters import chat_label, news_sentence, progress_sentence, summary_sentences
from tobs_tui.model.display import clean, count, duration, eta, percent, short_count, size
from tobs_tui.model.run import ChatProgress, ChatState, Level, Outcome, RunPhase, RunState
from tobs_tui.monitor.clock import now

PAINT_EVERY_S = 0.25
PAINT_EVERY_LOW_S = 0.5
_ROWS_BESIDES = 7
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
        self._live: Live | None = None

    def note(self, sentence: str) -> None:
        """Above the table."""
        self._console.print(Text(clean(sentence, 2000)), soft_wrap=True)

    def started(self, run: RunState, followed: bool) -> None:
        """Open the table."""
        if followed:
            self.note("This profile's run is in progress already: following it.")
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._live.start()
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
        if self._live is not None:
            self._live.stop()
        style = {Outcome.COMPLETE: "bold green", Outcome.FAILED: "bold red"}.get(last.outcome, "bold yellow")
        for number, sentence in enumerate(summary_sentences(last)):
            self._console.print(Text(sentence, style if number == 0 else ""), soft_wrap=True)

    def _paint(self, run: RunState) -> None:
        if self._live is None:
            return
        self._painted_at = self._clock()
        self._live.update(self._picture(run), refresh=True)

    def _picture(self, run: RunState) -> Group:
        at = self._clock()
        parts: list[Text | Table] = [
            self._headline(run),
            Text(progress_sentence(run), no_wrap=True, overflow="ellipsis"),
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
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"tobs {clean(run.profile.name)}".strip(), "bold")
        line.append(f"  {run.phase.upper()}", "yellow" if run.phase is RunPhase.PAUSED else "green")
        line.append(f"  {duration(run.totals.elapsed_s)}")
        if run.dc:
            line.append(f"  dc{run.dc}" + (f" {run.latency_ms:.0f} ms" if run.latency_ms >= 0 else ""), "dim")
        line.append(f"  {count(round(run.totals.messages_rate))} msg/s  {size(run.totals.bytes_rate)}/s")
        if run.totals.flood_waits:
            line.append(f"  {run.totals.flood_waits} waits", "yellow")
        if run.totals.errors:
            line.append(f"  {run.totals.errors} errors", "red")
        return line

    def _table(self, rows: list[ChatProgress], at: float) -> Table:
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(ratio=3, no_wrap=True, overflow="ellipsis")
        table.add_column(justify="right", no_wrap=True)
        table.add_column(width=16)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(ratio=2, no_wrap=True, overflow="ellipsis")
        for row in rows:
            table.add_row(
                Text(chat_label(row.title, row.chat)),
                Text(short_count(row.messages)),
                ProgressBar(total=1.0, completed=max(0.0, min(1.0, row.fetched)), width=16),
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
