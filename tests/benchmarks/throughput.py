"""An export without latency beside what others need for the same history, each in processes of its own, in turn."""

from __future__ import annotations

import hashlib
import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from msgspec import Struct

from tests.benchmarks.exports import Exported, IncompleteVault, Place, facts, place
from tests.benchmarks.meter import Meter
from tests.benchmarks.rows import Row, Settings, Verdict, judged

SPEED_GOAL = 2.5
PEERS_SHARE = 10
"""The other ways read this part of the messages: kurigram needs four times as long as Telethon."""
PSS_GOAL, CONSERVATIVE_GOAL, GROWTH_GOAL = 300.0, 220.0, 1.1
SMALL = 100_000
NEW, RERUN_REQUESTS, RERUN_S = 50, 10, 2.0


class Read(Struct, frozen=True):
    """One baseline's run: messages, seconds, CPU seconds from the first request for messages on, and peak memory."""

    messages: int
    seconds: float
    cpu_s: float
    peak_mib: float

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    @property
    def cpu_us(self) -> float:
        """CPU microseconds a message."""
        return self.cpu_s / self.messages * 1e6


def read_by(way: str, here: Place, messages: int) -> Read:
    """Run a baseline against the served world. Raises `IncompleteVault` when it read another number of messages."""
    command = [sys.executable, "-m", "tests.benchmarks.baselines", way, str(here.server_json())]
    command.append(str(here.folder / "baseline.md"))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        with Meter(lambda: [("baseline", process.pid)]) as meter:
            assert process.stdout is not None
            said = [json.loads(line) for line in process.stdout]
    if process.returncode or len(said) != 2 or said[1]["messages"] != messages:
        raise IncompleteVault(f"The baseline {way} did not read everything: {said[-1:]}")
    begun, done = said
    return Read(messages, done["at"] - begun["at"], done["cpu_s"] - begun["cpu_s"], meter.taken.peak_mib)


def _rate(export: Exported) -> float:
    return export.messages / export.seconds


def _cpu_us(export: Exported) -> float:
    return export.taken.cpu_s / export.messages * 1e6


def throughput(settings: Settings) -> list[Row]:
    """Ours, baseline, ours, baseline: medians of both."""
    ours: list[Exported] = []
    theirs: list[Read] = []
    with place(settings.messages) as here:
        for number in range(settings.rounds):
            ours.append(_export(here, f"vault{number}", settings.messages))
            theirs.append(read_by("telethon", here, settings.messages))
    rate, base_rate = statistics.median(map(_rate, ours)), statistics.median(each.rate for each in theirs)
    cpu, base_cpu = statistics.median(map(_cpu_us, ours)), statistics.median(each.cpu_us for each in theirs)
    paired = statistics.median(_rate(one) / other.rate for one, other in zip(ours, theirs, strict=True))
    how = f"{settings.messages:,} messages, {settings.rounds} rounds in turn, medians"
    sandbox = statistics.median(each.server_cpu_s / each.messages * 1e6 for each in ours)
    numbers = {"ours": [facts(each) for each in ours], "telethon": [_told(each) for each in theirs]}
    return [
        Row(
            "throughput",
            "messages/s to a complete vault, beside Telethon's loop",
            f"{rate:,.0f} : {base_rate:,.0f} = {paired:.2f}x",
            f">= {SPEED_GOAL}x",
            judged(paired >= SPEED_GOAL),
            how,
            numbers,
        ),
        Row(
            "throughput",
            "CPU us a message, all processes, beside Telethon's loop",
            f"{cpu:.1f} : {base_cpu:.1f} = {cpu / base_cpu:.2f}x",
            "<= 1x",
            judged(cpu <= base_cpu),
            f"{how}; the sandbox's own: {sandbox:.1f} us",
        ),
        Row("throughput", "CPU us a message by process", _by_role(ours), "", Verdict.TOLD, how),
        Row(
            "throughput",
            "peak PSS MiB, beside Telethon's loop",
            f"{max(each.taken.peak_mib for each in ours):.0f} : {max(each.peak_mib for each in theirs):.0f}",
            f"<= {PSS_GOAL:.0f}",
            judged(max(each.taken.peak_mib for each in ours) <= PSS_GOAL),
            how,
        ),
    ]


def _export(here: Place, name: str, messages: int, performance: str = "") -> Exported:
    """An export into a vault that is removed afterwards."""
    vault = here.folder / name
    found = here.export(vault, messages, performance)
    shutil.rmtree(vault)
    return found


def _by_role(exports: list[Exported]) -> str:
    roles = sorted({role for each in exports for role in each.taken.by_role})
    parts = {
        role: statistics.median(each.taken.by_role.get(role, 0.0) / each.messages * 1e6 for each in exports)
        for role in roles
    }
    return ", ".join(f"{role} {spent:.1f}" for role, spent in parts.items())


def _told(each: Read) -> dict[str, float]:
    return {
        "messages": each.messages,
        "seconds": round(each.seconds, 3),
        "messages_per_s": round(each.rate),
        "cpu_us_per_message": round(each.cpu_us, 2),
        "peak_pss_mib": each.peak_mib,
    }


def peers(settings: Settings) -> list[Row]:
    """What the other ways of reading take, once each."""
    rows = []
    messages = max(1000, settings.messages // PEERS_SHARE)
    how = f"{messages:,} messages, once"
    for way in ("telethon-text", "kurigram"):
        with place(messages) as here:
            found = read_by(way, here, messages)
        figure = f"{found.rate:,.0f}/s, {found.cpu_us:.1f} us CPU, {found.peak_mib:.0f} MiB"
        rows.append(Row("peers", f"{way}, the same history", figure, how=how, facts=_told(found)))
    return rows


def rerun(settings: Settings) -> list[Row]:
    """A complete export, then `NEW` messages more: what the second run asks for, how long it takes, what it writes."""
    with place(settings.messages) as here:
        vault = here.folder / "vault"
        here.export(vault, settings.messages)
        before = _notes(vault)
        sums = {path: _digest(path, size) for path, size in before.items()}
        here.grow(settings.messages + NEW)
        again = here.export(vault, settings.messages + NEW)
        grown = all(path.exists() and _digest(path, size) == sums[path] for path, size in before.items())
        written = sum(_notes(vault).values()) - sum(before.values())
    what = f"{settings.messages:,} messages complete, {NEW} new"
    requests, seconds = again.requests, again.seconds
    return [
        Row("rerun", f"{what}: requests", f"{requests}", f"<= {RERUN_REQUESTS}", judged(requests <= RERUN_REQUESTS)),
        Row("rerun", f"{what}: seconds", f"{seconds:.2f}", f"<= {RERUN_S:.0f}", judged(seconds <= RERUN_S)),
        Row("rerun", f"{what}: notes", f"{written:,} bytes more", "only appended", judged(grown), "", facts(again)),
    ]


def _notes(vault: Path) -> dict[Path, int]:
    """The notes of messages and their sizes."""
    return {path: path.stat().st_size for path in vault.rglob("*.md") if path.name != "index.md"}


def _digest(path: Path, size: int) -> bytes:
    with path.open("rb") as note:
        return hashlib.sha256(note.read(size)).digest()


def memory(settings: Settings) -> list[Row]:
    """Peak memory of the large world beside that of 100,000 messages, and with the conservative preset."""
    small = min(SMALL, settings.messages)
    with place(small) as here:
        little = _export(here, "small", small).taken.peak_mib
    with place(settings.messages) as here:
        large = _export(here, "large", settings.messages).taken.peak_mib
        careful = _export(here, "careful", settings.messages, 'preset = "conservative"').taken.peak_mib
    how = f"PSS of all processes together, every 0.4 s; {settings.messages:,} messages"
    return [
        Row("memory", "peak MiB", f"{large:.0f}", f"<= {PSS_GOAL:.0f}", judged(large <= PSS_GOAL), how),
        Row(
            "memory",
            f"peak MiB, beside {small:,} messages",
            f"{large:.0f} : {little:.0f} = {large / little:.2f}x",
            f"<= {GROWTH_GOAL}x",
            judged(large <= GROWTH_GOAL * little),
            how,
        ),
        Row(
            "memory",
            "peak MiB, preset conservative",
            f"{careful:.0f}",
            f"<= {CONSERVATIVE_GOAL:.0f}",
            judged(careful <= CONSERVATIVE_GOAL),
            how,
        ),
    ]
