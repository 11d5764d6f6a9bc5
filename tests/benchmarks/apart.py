"""Rows that modules of their own measure, each in a process of its own, untouched by the others."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from tests.benchmarks import decode, render
from tests.benchmarks.exports import place
from tests.benchmarks.render_archive import render_cost
from tests.benchmarks.rows import Row, Settings, Verdict, judged
from tests.benchmarks.stages import stage_costs

LIMIT_S = 900
STAGE_MESSAGES = 100_000
LATENCY = ("latency-1", "latency-8", "sparse", "flood", "day", "killed")
"""Of `tests.benchmarks.latency`; the rerun is measured with the real command, in `throughput`."""


def near_limits(name: str) -> Callable[[Settings], list[Row]]:
    """One row of `tests.benchmarks.latency`."""

    def measure(_: Settings) -> list[Row]:
        command = [sys.executable, "-m", "tests.benchmarks.latency", name]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=LIMIT_S, check=True)
        return [_row(name, json.loads(done.stdout.splitlines()[-1]))]

    return measure


def _row(name: str, told: dict[str, Any]) -> Row:
    bound = told["bound"]
    if "refused_share" in told:
        good = told["ratio"] >= bound and told["refused_share"] <= told["refused_bound"]
        figure = f"{told['figure']}/s = {told['ratio']:.1%}, refused {told['refused_share']:.2%}"
        return Row(name, told["row"], figure, f">= {bound:.0%}, <= {told['refused_bound']:.0%}", judged(good), "", told)
    if "ratio" in told:
        figure = f"{told['figure']} s : {told['ideal']} s = {told['ratio']}x the ideal"
        return Row(name, told["row"], figure, f"<= {bound}x", judged(told["ratio"] <= bound), "", told)
    good = told["figure"] <= bound and told.get("same_vault", True)
    figure = f"{told['figure']} requests beyond the least" + ("" if told.get("same_vault", True) else ", other bytes")
    return Row(name, told["row"], figure, f"<= {bound}", judged(good), f"{told['requests']} in all", told)


def decoding(settings: Settings) -> list[Row]:
    """What a page's way from TL to rows costs, by Telethon's reader and by the own ones."""
    rows = []
    for world, options in (("bench", {"messages": 10_000}), ("demo", {})):
        pages = decode.pages_of(world, **options)
        messages = sum(len(decode.own_readers_alone(page).messages) for page in pages)
        best = {
            name: min(decode.seconds(way, pages) for _ in range(max(3, settings.rounds))) / messages * 1e6
            for name, way in decode.WAYS.items()
        }
        for name, spent in best.items():
            how = f"{world} world, {messages:,} messages, best of {max(3, settings.rounds)}"
            figure = f"{spent:.2f} us"
            rows.append(Row("decode", f"CPU a message: {name}", figure, "", Verdict.TOLD, how, {"us": round(spent, 3)}))
    return rows


def stages(settings: Settings) -> list[Row]:
    """Where the CPU time of a message goes, stage by stage, each measured alone on the bench world."""
    messages = min(STAGE_MESSAGES, settings.messages)
    figures: dict[str, float] = dict(stage_costs(messages))
    with place(messages) as here:
        here.export(here.folder / "vault", messages)
        rendering = msgspec.to_builtins(render_cost(here.folder / "vault"))
    figures |= {f"rendering: {name}": spent for name, spent in rendering.items() if isinstance(spent, float)}
    how = f"alone, bench world, {messages:,} messages"
    return [
        Row("stages", f"CPU a message: {name}", f"{spent:.2f} us", how=how, facts={"us": round(spent, 3)})
        for name, spent in figures.items()
    ]


HTML_US, HOSTILE_HTML_US = 20.0, 500.0
"""Microseconds that a message on a page may cost: of the bench world, and of hostile texts."""


def rendering(settings: Settings) -> list[Row]:
    """What rendering a message costs, as Markdown and as HTML, and Telethon's Markdown of the same texts."""
    found = render.measure(max(3, settings.rounds))
    rows = [
        Row(
            "render",
            f"CPU to render a message: {name}",
            f"{figure.ours:.2f} us (Telethon's text alone: {figure.telethon:.2f} us)",
            how=f"{figure.messages:,} messages",
            facts=figure._asdict(),
        )
        for name, figure in found.items()
    ]
    for name, limit in (("bench", HTML_US), ("hostile", HOSTILE_HTML_US)):
        cost = found[name].html
        goal = f"<= {limit:.0f} us"
        how = f"{found[name].messages:,} messages; Markdown takes {found[name].ours:.2f} us"
        what = f"CPU to render a message as HTML: {name}"
        rows.append(Row("render", what, f"{cost:.2f} us", goal, judged(cost <= limit), how, found[name]._asdict()))
    return rows


def speech(settings: Settings) -> list[Row]:
    """How well and how fast the demo world's spoken notes are written down."""
    command = [sys.executable, "-m", "tests.benchmarks.speech", str(settings.rounds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=LIMIT_S, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    how = f"tiny.en int8, {told['cores']} cores, best of {settings.rounds}"
    rows = []
    for part, what in (("notes", f"{told['notes']} voice notes"), ("long", "one long recording")):
        speed, wrong = told[f"{part}_speed"], told[f"{part}_wer"]
        length = f"{how}, {told[f'{part}_s']:.0f} s of sound"
        rows.append(Row("speech", f"words wrong: {what}", f"{wrong:.1%}", "<= 20%", judged(wrong <= 0.2), length, told))
        figure = f"{speed:.1f}x real time ({told[f'{part}_cpu_speed']:.1f} s of sound a CPU second)"
        rows.append(Row("speech", f"speed: {what}", figure, ">= 4x", judged(speed >= 4), length))
    return rows
