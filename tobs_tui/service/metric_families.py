"""A run's report as Prometheus' families of metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from tobs_tui import __version__
from tobs_tui.model.report import RunReport
from tobs_tui.model.run import ConnectionState, Outcome, Resources, RunPhase

if TYPE_CHECKING:
    from prometheus_client.core import Metric


class Reading(Struct, frozen=True):
    """What there is to tell: the report of the run in progress, or of the last one of this service's life, and how
    many clients watch."""

    report: RunReport | None
    clients: int


def families(reading: Reading) -> Iterator[Metric]:
    """Everything, run figures first. Those of a run begin at zero with the next run, as after a restart."""
    from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

    yield InfoMetricFamily("tobs_build", "The program.", {"version": __version__})
    yield GaugeMetricFamily("tobs_clients", "Screens and reporters that are attached.", reading.clients)
    report = reading.report
    active = report is not None and report.outcome is None
    yield GaugeMetricFamily("tobs_run_active", "1 while a run is in progress.", int(active))
    if report is not None:
        yield from _state(report)
        yield from _sums(report)
        yield from _line(report)
        yield from _caches_and_errors(report)
        yield from _stages(report)
        yield from _machine(report.state.resources, report.totals.slowed_s)


def _counter(name: str, text: str, value: float) -> Metric:
    from prometheus_client.core import CounterMetricFamily

    return CounterMetricFamily(f"tobs_{name}", text, value)


def _counters(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily(f"tobs_{name}", text, labels=(label,))
    for word, value in values.items():
        family.add_metric((word,), value)
    return family


def _gauge(name: str, text: str, value: float) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    return GaugeMetricFamily(f"tobs_{name}", text, value)


def _one_of(name: str, text: str, label: str, words: Iterable[str], present: str | None) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(f"tobs_{name}", text, labels=(label,))
    for word in words:
        family.add_metric((word,), int(word == present))
    return family


def _state(report: RunReport) -> Iterator[Metric]:
    outcome = None if report.outcome is None else report.outcome.value
    yield _gauge("run_started_timestamp_seconds", "When the run began.", report.started_at)
    yield _one_of("run_phase", "1 for the phase that the run is in.", "phase", RunPhase, report.phase.value)
    yield _one_of("run_outcome", "1 for how the run ended; all 0 before that.", "outcome", Outcome, outcome)
    yield _counters(
        "phase_seconds", "Time spent in each phase.", "phase", {n.value: s for n, s in report.phases.items()}
    )


def _sums(report: RunReport) -> Iterator[Metric]:
    totals = report.totals
    yield _counter("messages", "Messages that this run has added.", totals.messages_new)
    yield _counter("files", "Files that are in their place.", totals.files)
    yield _counter("files_reused", "Files whose bytes were there already.", totals.files_reused)
    yield _counter("notes", "Notes written.", totals.notes)
    yield _counter("jobs", "Jobs done on files.", totals.jobs)
    yield _counter("jobs_failed", "Jobs on files that failed.", totals.jobs_failed)
    yield _gauge("file_bytes", "Bytes of the files that are there, or have come in so far.", totals.bytes)
    yield _gauge("archived_messages", "Messages of the run's chats that the archive holds.", totals.messages)
    if totals.messages_total >= 0:
        yield _gauge("expected_messages", "Messages of the run's chats that Telegram counts.", totals.messages_total)
    yield _gauge("expected_files", "Files that are wanted.", totals.files_total)
    yield _gauge("chats", "Chats and topics of the run.", totals.chats_total)
    yield _gauge("chats_done", "Chats and topics that are done.", totals.chats_done)
    yield _gauge("fetched_ratio", "How much of the run's messages the ledger holds, 0 to 1.", totals.fetched)
    if totals.eta_s >= 0:
        yield _gauge("eta_seconds", "Time until all messages are fetched.", totals.eta_s)


def _line(report: RunReport) -> Iterator[Metric]:
    methods, link = report.link.methods.items(), report.state.link
    yield _counters("requests", "Requests sent.", "method", {n: m.requests for n, m in methods})
    yield _counters("answers", "Answers that came, errors included.", "method", {n: m.answers for n, m in methods})
    yield _counters("answer_seconds", "Time until answers came.", "method", {n: m.seconds for n, m in methods})
    yield _counters("waits", "Times that Telegram asked to wait.", "method", {n: m.waits for n, m in methods})
    yield _counters("wait_seconds", "How long it asked to wait.", "method", {n: m.wait_s for n, m in methods})
    yield _counters("retries", "Requests repeated after trouble.", "method", {n: m.retries for n, m in methods})
    yield _pairs("refusals", "Telegram's errors.", "error", {n: m.refused for n, m in methods})
    yield _pairs("lost", "Requests without an answer.", "reason", {n: m.lost for n, m in methods})
    yield _counter("sent_bytes", "Bytes sent to Telegram.", report.link.sent)
    yield _counter("received_bytes", "Bytes received from Telegram.", report.link.received)
    connected = sum(row.state is ConnectionState.OPEN for row in link.connections)
    yield _gauge("connections", "Connections to Telegram.", connected)
    yield _gauge("window", "Requests that may be in flight, file parts apart.", link.window)
    yield _gauge("in_flight", "Requests in flight, file parts apart.", link.in_flight)


def _pairs(name: str, text: str, label: str, values: Mapping[str, Mapping[str, int]]) -> Metric:
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily(f"tobs_{name}", text, labels=("method", label))
    for method, found in values.items():
        for word, count in found.items():
            family.add_metric((method, word), count)
    return family


def _caches_and_errors(report: RunReport) -> Iterator[Metric]:
    caches = report.caches
    yield _counters("cache_hits", "Look-ups that a cache answered.", "cache", {n: c.hits for n, c in caches.items()})
    yield _counters("cache_misses", "Look-ups it could not.", "cache", {n: c.misses for n, c in caches.items()})
    yield _counters("cache_evictions", "Entries that went.", "cache", {n: c.evictions for n, c in caches.items()})
    errors = {code.value: count for code, count in report.errors.items()}
    yield _counters("failed_items", "Items that could not be had.", "code", errors)
    yield _counters("log_lines", "Lines of the log.", "level", report.log.written)
    yield _counter("log_lines_left_out", "Repeats that were counted instead of logged.", report.log.left_out)


def _stages(report: RunReport) -> Iterator[Metric]:
    stages = {role.value: stage for role, stage in report.stages.items()}
    yield _counters("stage_done", "Messages, files or jobs done.", "stage", {n: s.done for n, s in stages.items()})
    yield _counters("stage_busy_seconds", "Time at work.", "stage", {n: s.busy_s for n, s in stages.items()})
    yield _counters("stage_waiting_seconds", "Time held up.", "stage", {n: s.waiting_s for n, s in stages.items()})
    yield _counters("stage_paused_seconds", "Time paused.", "stage", {n: s.paused_s for n, s in stages.items()})


def _machine(sample: Resources, slowed_s: float) -> Iterator[Metric]:
    yield _counter("slowed_seconds", "Time that the machine's load made the run do less at once.", slowed_s)
    if sample.at:
        yield _gauge("memory_bytes", "Memory of all processes of the program.", sample.own_memory)
        yield _gauge("cpu_percent", "Processor time of all of them, 100 = one core.", sample.own_cpu_percent)
        yield _gauge("disk_free_bytes", "Room on the vault's disk.", sample.disk_free)
        yield _gauge("loop_lag_seconds", "How late the event loop is.", sample.loop_lag_ms / 1000)
        yield _gauge("queue_percent", "How much of the room for pages is taken.", sample.queue)
