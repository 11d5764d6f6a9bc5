"""Everything known about one row of the dashboard, or about an earlier run, as names with values."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from tobs_tui.model.display import NONE, clean, clock_time, count, duration, eta, percent, plural, rate, size
from tobs_tui.model.run import (
    Alert,
    ChatProgress,
    ChatState,
    LogLine,
    ProcessReading,
    RunRecord,
    RunState,
    WorkerRole,
    WorkerRow,
)
from tobs_tui.ui.glyphs import UNICODE
from tobs_tui.ui.keys import bindings
from tobs_tui.ui.run_model import share_done
from tobs_tui.ui.screens.dialogs import Detail
from tobs_tui.ui.widgets.home_panels import messages_of, outcome_sign
from tobs_tui.ui.widgets.link_rows import connection_details
from tobs_tui.ui.widgets.panel import Panel
from tobs_tui.ui.widgets.run_panels import ChatsPanel, WorkersPanel
from tobs_tui.ui.widgets.search_panels import moment_of
from tobs_tui.ui.widgets.watch_panels import AlertsPanel, LogPanel, ResourcesPanel

Pairs = list[tuple[str, str]]


class RecordDetail(Detail):
    """Everything about an earlier run, from where its vault can be verified."""

    BINDINGS: ClassVar[list[BindingType]] = [each for each in bindings("home") if each.id == "home.verify"]
    more = (("home.verify", "Verify its vault", "verify"),)

    def __init__(self, record: RunRecord) -> None:
        super().__init__(*record_details(record))
        self._vault = record.output

    def action_verify(self) -> None:
        """Look whether all of its vault is as it was written."""
        from tobs_tui.ui.screens.verify import verify_vault

        verify_vault(self.tobs, self._vault)


def details(panel: Panel, index: int) -> tuple[str, Pairs] | None:
    """Heading and pairs for a row of a panel; None where there is no more to say."""
    if isinstance(panel, ChatsPanel):
        return chat_details(panel.rows[index])
    if isinstance(panel, WorkersPanel):
        return _worker(panel.rows()[index], panel.run())
    if isinstance(panel, ResourcesPanel):
        row, run = panel.connection(index), panel.run()
        return connection_details(row, run.link) if row is not None and run is not None else _machine(run)
    if isinstance(panel, AlertsPanel):
        return _alert(panel.alerts()[index])
    if isinstance(panel, LogPanel):
        return _line(panel.shown()[index])
    return None


def chat_details(row: ChatProgress) -> tuple[str, Pairs]:
    """Heading and pairs for a chat or topic."""
    pairs = [
        ("State", row.state.value),
        ("Fetched", percent(share_done(row)).strip()),
        ("Messages", f"{count(row.messages)} of {count(row.messages_total)}, {count(row.messages_new)} new"),
        ("Rendered", count(row.rendered)),
        ("Files", f"{count(row.media)} of {count(row.media_total)}"),
        ("File bytes", f"{size(row.media_bytes)} of {size(row.media_bytes_total)}"),
        ("Worker", clean(row.worker) or NONE),
        ("Time left", NONE if row.state in (ChatState.DONE, ChatState.FAILED) else eta(row.eta_s)),
        ("Chat id", f"{row.chat}" + (f", topic {row.topic}" if row.topic else "")),
    ]
    if row.error:
        pairs.append(("Problem", clean(row.error, 600)))
    return clean(row.title, 200) or "(untitled)", pairs


def record_details(record: RunRecord) -> tuple[str, list[tuple[str, str]]]:
    """Heading and pairs for a run as the journal keeps it."""
    pairs = [
        ("Outcome", outcome_sign(record.outcome, UNICODE)[1]),
        ("Profile", clean(record.profile_name, 200) or "(no name)"),
        ("Vault", clean(record.output, 600)),
        ("Began", moment_of(int(record.started_at))),
        ("Ended", moment_of(int(record.finished_at)) if record.finished_at else NONE),
        ("Took", duration(record.finished_at - record.started_at) if record.finished_at else NONE),
        ("Messages", messages_of(record).removeprefix("messages ").removesuffix(" messages")),
        ("Files", count(record.files)),
        ("Missing", plural(record.failures, "item") if record.failures else "nothing"),
    ]
    if record.message:
        pairs.append(("Message", clean(record.message, 1000)))
    return "Run", pairs


def _machine(run: RunState | None) -> tuple[str, Pairs] | None:
    """Every process of the program, and every cache."""
    if run is None:
        return None
    sample = run.resources
    pairs = [(f"{clean(each.role, 16)} {each.pid}", _process(each)) for each in sample.processes]
    pairs += [
        (cache.name, f"{count(cache.hits)} found, {count(cache.misses)} not, {count(cache.evictions)} dropped")
        for cache in sample.caches
    ]
    load = f"{sample.load.value}; loop {sample.loop_lag_ms:.0f} ms late, queue {sample.queue:.0f} % full"
    pairs.append(("Load", load))
    return "Machine", pairs


def _process(reading: ProcessReading) -> str:
    return (
        f"{reading.cpu_percent:.0f} %, {size(reading.memory)}, {count(reading.descriptors)} files open,"
        f" read {rate(reading.read)}, written {rate(reading.write)}"
    )


def _worker(worker: WorkerRow, run: RunState | None) -> tuple[str, Pairs]:
    reading = next((each for each in run.resources.processes if each.pid == worker.pid), None) if run else None
    process = [("Process", f"{reading.pid}: {_process(reading)}")] if reading is not None else []
    pace = ("Messages", f"{count(round(worker.messages_rate))} a second")
    if worker.role in (WorkerRole.JOB, WorkerRole.GPU):
        pace = ("Pace", f"{worker.speed:.1f} times its length" if worker.speed >= 0 else NONE)
    return f"Worker {clean(worker.id)}", [
        ("Role", worker.role.value),
        ("State", worker.state.value),
        ("Chat", clean(worker.target) or NONE),
        pace,
        *([("Device", _device(worker.device, run))] if worker.device else []),
        ("Bytes", rate(worker.bytes_rate)),
        ("Queue", count(worker.queue)),
        ("Done", count(worker.done)),
        ("Processor", f"{worker.cpu_percent:.0f} %" if worker.cpu_percent >= 0 else "shared with the service"),
        ("Memory", size(worker.memory) if worker.memory >= 0 else "shared with the service"),
        *process,
        ("Retries", count(worker.retries)),
        ("Last error", clean(worker.last_error, 600) or NONE),
    ]


def _device(name: str, run: RunState | None) -> str:
    """A device's name, with what the driver tells of a graphics card."""
    kind, _, number = name.partition(":")
    gpus = run.resources.gpus if run is not None else ()
    if kind != "cuda" or not number.isdigit() or int(number) >= len(gpus):
        return clean(name, 60)
    gpu = gpus[int(number)]
    used = f"{size(gpu.memory_used)} of {size(gpu.memory_total)}"
    return f"{clean(name, 60)}: {clean(gpu.name, 60)}, {gpu.utilisation:.0f} % busy, {used}, {gpu.temperature} °C"


def _alert(alert: Alert) -> tuple[str, Pairs]:
    state = "resolved" if alert.resolved else "seen" if alert.acknowledged else "open"
    return "Alert", [("Since", clock_time(alert.at, True)), ("State", state), ("Alert", clean(alert.text, 1000))]


def _line(line: LogLine) -> tuple[str, Pairs]:
    return "Log line", [
        ("Time", clock_time(line.at, True)),
        ("Level", line.level.value),
        ("Text", clean(line.text, 2000)),
    ]
