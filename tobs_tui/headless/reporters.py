"""How a run is told without a screen: JSON lines, or plain lines for a log file or a pipe."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from tobs_tui.headless import lines
from tobs_tui.headless.lines import AnyNews
from tobs_tui.model.display import clean, count, duration, eta, percent, plural, size
from tobs_tui.model.run import EXIT_STATUS, ChatState, Outcome, RunPhase, RunState
from tobs_tui.monitor.clock import now

JSON_EVERY_S = 1.0
PLAIN_EVERY_S = 10.0

OUTCOME_WORDS = {
    Outcome.COMPLETE: "Complete",
    Outcome.INCOMPLETE: "Finished, but some items could not be had",
    Outcome.INTERRUPTED: "Interrupted; run it again to go on from here",
    Outcome.WAITING: "Telegram asked to wait; run it again later to go on from here",
    Outcome.SIGNED_OUT: "Not signed in",
    Outcome.FAILED: "Failed",
}
_PHASES = {RunPhase.RUNNING: "Exporting.", RunPhase.PAUSED: "Paused.", RunPhase.STOPPING: "Stopping."}
_LISTED = 50


class Out(Protocol):
    """Where lines go: a text stream, or what stands before one."""

    def write(self, text: str, /) -> object:
        """Write text."""

    def flush(self) -> None:
        """Send what was written."""


class Reporter(Protocol):
    """What a headless run tells, whatever the form."""

    def note(self, sentence: str) -> None:
        """Something about the reporter itself: signing in, following, stopping."""

    def started(self, run: RunState, followed: bool) -> None:
        """The run begins to be watched."""

    def changed(self, before: RunState, after: RunState) -> None:
        """The run went on; called for every update, at most 10 times a second."""

    def finished(self, last: lines.RunFinished) -> None:
        """Nothing more will be told."""


def chat_label(title: str, chat: int) -> str:
    """A chat's name as one harmless line, or its id where it has none."""
    return clean(title) or str(chat)


def news_sentence(item: AnyNews) -> str:
    """A piece of news as a person would be told it; all foreign text in it is harmless."""
    match item:
        case lines.PhaseChanged():
            return _PHASES.get(item.phase, f"Now {item.phase}.")
        case lines.ChatFinished(state=ChatState.FAILED):
            return f"✗ {chat_label(item.title, item.chat)}: {clean(item.error) or 'failed'}"
        case lines.ChatFinished():
            done = f"{plural(item.messages, 'message')} ({count(item.messages_new)} new)"
            return f"✓ {chat_label(item.title, item.chat)}: {done}, {plural(item.media, 'file')}"
        case lines.WaitStarted():
            until = time.strftime("%H:%M:%S", time.localtime(item.until))
            whom = chat_label(item.title, item.chat) if item.chat else "everything"
            return f"⏳ Telegram asks to wait with {whom}: {duration(item.until - item.at)}, until {until}."
        case lines.TakeoutDelayed():
            until = time.strftime("%H:%M:%S", time.localtime(item.until))
            return (
                f"⏳ Telegram delays the export: {duration(item.until - item.at)}, until {until}. Approve it on another"
                " device, or go on without a takeout session: run again with --no-takeout."
            )
        case lines.AlertRaised():
            return f"⚠ {item.level}: {clean(item.text, 400)}"
        case lines.AlertResolved():
            return f"Resolved: {clean(item.key)}"
        case lines.ItemFailed():
            return _failure_sentence(item)


def _failure_sentence(item: lines.ItemFailed | lines.FailedItem) -> str:
    numbered = f", {'topic' if item.what == 'topic' else 'message'} {item.message_id}" if item.message_id else ""
    return f"✗ {chat_label(item.title, item.chat)}{numbered}: {clean(item.what)}: {clean(item.reason, 400)}"


def progress_sentence(run: RunState) -> str:
    """The run's sums on one line."""
    totals = run.totals
    total = f"/{count(totals.messages_total)}" if totals.messages_total >= 0 else ""
    files = f"{count(totals.files)}/{count(totals.files_total)} files" if totals.files_total else "no files"
    jobs = f", {count(totals.jobs)}/{count(totals.jobs_total)} jobs" if totals.jobs_total else ""
    left = f", {eta(totals.eta_s)} left" if totals.eta_s > 0 else ""
    again = f", {count(totals.reread)} looked at again" if totals.reread else ""
    return (
        f"{percent(totals.fetched).strip()} fetched, {count(totals.messages)}{total} messages"
        f" ({count(round(totals.messages_rate))}/s), {files} ({size(totals.bytes)}, {size(totals.bytes_rate)}/s),"
        f" {totals.chats_done}/{totals.chats_total} chats{jobs}{again}{left}"
    )


def summary_sentences(last: lines.RunFinished) -> list[str]:
    """How it ended, for a person: outcome, sums, what could not be had, where the vault lies."""
    usage = last.exit_status not in EXIT_STATUS.values()
    told = [] if usage else [f"{OUTCOME_WORDS[last.outcome]}."]
    if last.message:
        told.append(clean(last.message, 2000))
    if last.run_id:
        totals = last.totals
        worked = f" {plural(totals.jobs, 'job')} on them," if totals.jobs else ""
        told.append(
            f"{plural(totals.messages_new, 'new message')} of {count(totals.messages)},"
            f" {plural(totals.files, 'file')} ({size(totals.bytes)}),{worked}"
            f" {plural(totals.notes, 'note')} written in {duration(totals.elapsed_s)}."
        )
        if totals.peak_memory:
            slowed = f", held back by load for {duration(totals.slowed_s)}" if totals.slowed_s else ""
            told.append(
                f"At most {size(totals.peak_memory)} of memory and {totals.peak_cpu_percent:.0f} % of a processor core"
                f"{slowed}; {count(totals.cache_hits)} of {plural(totals.cache_hits + totals.cache_misses, 'look-up')}"
                " answered by the cache."
            )
        told += [_failure_sentence(failure) for failure in last.failures[:_LISTED]]
        if len(last.failures) > _LISTED:
            told.append(f"… and {count(len(last.failures) - _LISTED)} more; --json lists all of them.")
        told.append(f"The vault: {last.output}")
    return told


class _Ticker:
    """True at most once in a while."""

    def __init__(self, every_s: float, clock: Callable[[], float]) -> None:
        self._every_s = every_s
        self._clock = clock
        self._next = 0.0

    def due(self) -> bool:
        """Whether the time has come; if so the next one is set."""
        at = self._clock()
        if at < self._next:
            return False
        self._next = at + self._every_s
        return True


class JsonReporter:
    """One JSON object a line on `out`, nothing else; notes go to `aside`."""

    def __init__(self, out: Out, aside: Out, clock: Callable[[], float] = now) -> None:
        self._out = out
        self._aside = aside
        self._clock = clock
        self._ticker = _Ticker(JSON_EVERY_S, clock)

    def note(self, sentence: str) -> None:
        """To the side channel: standard output is JSON only."""
        self._aside.write(f"{clean(sentence, 2000)}\n")
        self._aside.flush()

    def started(self, run: RunState, followed: bool) -> None:
        """The first line; what a followed run told before is told now."""
        self._write(
            lines.RunStarted(
                schema=lines.SCHEMA,
                at=self._clock(),
                run_id=run.run_id,
                profile=run.profile.name,
                output=run.output,
                followed=followed,
            )
        )

    def changed(self, before: RunState, after: RunState) -> None:
        """News at once, progress when its time has come."""
        at = self._clock()
        for item in lines.news(before, after, at):
            self._write(item)
        if self._ticker.due():
            self._write(lines.progress(after, at))

    def finished(self, last: lines.RunFinished) -> None:
        """The last line."""
        self._write(last)

    def _write(self, line: lines.AnyLine) -> None:
        self._out.write(lines.encode(line) + "\n")
        self._out.flush()


class PlainReporter:
    """Sentences with the time of day in front, for pipes and log files."""

    def __init__(self, out: Out, clock: Callable[[], float] = now) -> None:
        self._out = out
        self._clock = clock
        self._ticker = _Ticker(PLAIN_EVERY_S, clock)

    def note(self, sentence: str) -> None:
        """As a line."""
        self._write(clean(sentence, 2000))

    def started(self, run: RunState, followed: bool) -> None:
        """What runs, and where to."""
        name = f"Profile {clean(run.profile.name)}" if run.profile.name else "Export"
        self._write(f"{name} {'is in progress already; following it' if followed else 'started'}: {run.output}")

    def changed(self, before: RunState, after: RunState) -> None:
        """News at once, progress every few seconds."""
        for item in lines.news(before, after, self._clock()):
            self._write(news_sentence(item))
        if after.phase is RunPhase.RUNNING and self._ticker.due():
            self._write(progress_sentence(after))

    def finished(self, last: lines.RunFinished) -> None:
        """The summary."""
        for sentence in summary_sentences(last):
            self._write(sentence)

    def _write(self, sentence: str) -> None:
        stamp = time.strftime("%H:%M:%S", time.localtime(self._clock()))
        self._out.write(f"{stamp} {sentence}\n")
        self._out.flush()
