"""`tobs PROFILE --plan`: what an export would fetch, as a table, or as one JSON object for a machine."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import click
from rich.cells import cell_len

from tobs_tui.cli.options import Options, Setting
from tobs_tui.model.display import clean, count, duration, size
from tobs_tui.model.estimate import Basis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tobs_tui.config.layers import Effective
    from tobs_tui.model.estimate import ChatEstimate
    from tobs_tui.service import protocol as p

_TITLE = 34
_WAITING = 6


def print_plan(options: Options) -> int:
    """Print the dry run of a profile or of the chats named. Gives the exit status: 0, 3 when some chats cannot be
    had, 6 when Telegram asked to wait. Raises `TobsError`."""
    from tobs_tui.cli.export import check_targets, warn
    from tobs_tui.monitor.logs import configure_logging

    setting = Setting(options)
    chosen = setting.effective()
    warn(chosen.warnings)
    check_targets(options, chosen.profile)
    setting.paths.ensure()
    configure_logging(setting.paths.log_dir, chosen.settings.log_level.upper(), name="client")
    found = asyncio.run(_ask(options, setting, chosen))
    if options.json_lines:
        click.echo(_as_json(found, chosen))
    else:
        for line in _table(found, chosen):
            click.echo(line)
    if found.problem:
        return _WAITING
    return 3 if any(row.problem and row.messages < 0 for row in found.rows) else 0


async def _ask(options: Options, setting: Setting, chosen: Effective) -> p.Estimate:
    """The estimate, from the account's service. Raises `TobsError`."""
    from tobs_tui.config.credentials import load_credentials
    from tobs_tui.headless.signing import sign_in
    from tobs_tui.headless.watch import resolved
    from tobs_tui.service import protocol as p
    from tobs_tui.service.launch import attach

    client = await attach(setting.paths, demo=options.demo, server_file=options.server, passphrase=setting.passphrase())
    try:
        events = client.events()
        credentials = None if options.demo else load_credentials(setting.paths)
        await sign_in(client, events, credentials, setting.paths.sign_in_lock_file, _note)
        profile = await resolved(client, chosen.profile, chosen.profile.targets.chats if options.chats else ())
        watching = asyncio.create_task(_tell_waits(events))
        try:
            return await client.ask(p.EstimateExport(profile, thorough=True), p.Estimate)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
    finally:
        await client.close()


async def _tell_waits(events: AsyncIterator[p.AnyEvent]) -> None:
    from tobs_tui.monitor.clock import now
    from tobs_tui.service import protocol as p

    async for event in events:
        if isinstance(event, p.EstimateHeldUp) and event.until > now():
            _note(f"Telegram asks to wait {duration(event.until - now())}.")


def _note(sentence: str) -> None:
    sys.stderr.write(f"tobs: {clean(sentence, 1000)}\n")
    sys.stderr.flush()


# --- for a person -----------------------------------------------------------------------------------------------------


def _number(value: int) -> str:
    return "?" if value < 0 else count(value)


def _bytes(value: int) -> str:
    return "?" if value < 0 else size(value)


def _time(value: int) -> str:
    return "?" if value < 0 else duration(value)


_ROUGHLY = {Basis.ARCHIVE: "about ", Basis.SAMPLE: "about "}
_HEAD = ("Chat", "Messages", "Archived", "Missing", "Files", "Bytes", "Requests", "Time")


def _table(found: p.Estimate, chosen: Effective) -> list[str]:
    """The rows, their sum, their files by kind, and what the numbers rest on."""
    rows = [_HEAD, *(_cells(row) for row in found.rows), _sum(found)]
    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [
        "  ".join(_padded(cell, width, index) for index, (cell, width) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
    lines.insert(-1, "-" * (sum(widths) + 2 * (len(widths) - 1)))
    files = [f"{clean(row.title, _TITLE)}: {kinds}" for row in found.rows if (kinds := _kinds(row))]
    problems = [f"{clean(row.title, _TITLE)}: {clean(row.problem, 300)}" for row in found.rows if row.problem]
    return [
        *lines,
        *([""] if files else []),
        *files,
        *([""] if problems else []),
        *problems,
        "",
        *_assumptions(found, chosen),
    ]


def _padded(cell: str, width: int, column: int) -> str:
    """A cell of the table: names to the left, numbers to the right, by the columns that they take on a terminal."""
    room = " " * (width - cell_len(cell))
    return room + cell if column else cell + room


def _kinds(row: ChatEstimate) -> str:
    """The files still to be downloaded, by kind."""
    terms = [
        f"{kind.kind.value} {_number(kind.missing)}, {_ROUGHLY.get(kind.basis, '')}{_bytes(kind.bytes)}"
        for kind in row.kinds
        if kind.missing > 0
    ]
    return " · ".join(terms)


def _cells(row: ChatEstimate) -> tuple[str, ...]:
    numbers = (row.messages, row.archived, row.missing, row.files)
    rest = (_bytes(row.bytes), _number(row.requests), _time(row.seconds))
    return (clean(row.title, _TITLE), *map(_number, numbers), *rest)


def _sum(found: p.Estimate) -> tuple[str, ...]:
    numbers = (found.messages, found.messages_known, found.missing, found.files)
    rest = (_bytes(found.bytes), _number(found.requests), _time(found.seconds))
    return (f"All {found.chats}", *map(_number, numbers), *rest)


def _assumptions(found: p.Estimate, chosen: Effective) -> list[str]:
    """Sentences: what was left out, and how the time was reckoned."""
    pace = found.pace
    lines = []
    if found.problem:
        lines.append(clean(found.problem, 300))
    if found.uncounted:
        kinds = ", ".join(kind.value for kind in found.uncounted)
        lines.append(f"Not all in Files and Bytes, as their number or size is not known everywhere: {kinds}.")
    if any(kind.basis in _ROUGHLY for row in found.rows for kind in row.kinds):
        lines.append("About: by the mean size of the chat's archived files of that kind, else of the newest 100.")
    if pace.latency_ms >= 0:
        rates = [f"{rate:.1f} {what} requests a second" for rate, what in _rates(found) if rate]
        paced = f", at most {' and '.join(rates)} (as Telegram allowed so far)" if rates else ""
        lines.append(
            f"Time: {pace.latency_ms:.0f} ms a request as measured now, {pace.history_in_flight} in flight for "
            f"messages and {pace.files_in_flight} for files{paced}. Waits that Telegram asks for come on top."
        )
    lines.append(
        f"Asked for this plan: {count(found.asked)} requests. Nothing was fetched into {chosen.profile.output}."
    )
    return lines


def _rates(found: p.Estimate) -> tuple[tuple[float, str], tuple[float, str]]:
    return (found.pace.history_rate, "message"), (found.pace.files_rate, "file")


# --- for a machine ----------------------------------------------------------------------------------------------------


def _as_json(found: p.Estimate, chosen: Effective) -> str:
    """One object: `chats` with one entry a row, `total`, and what the numbers rest on. -1 is unknown."""
    from tobs_tui.headless import answers
    from tobs_tui.headless.lines import encode

    total = answers.PlannedSum(
        chats=found.chats,
        messages=found.messages,
        archived=found.messages_known,
        missing=found.missing,
        files=found.files,
        bytes=found.bytes,
        requests=found.requests,
        seconds=found.seconds,
    )
    return encode(
        answers.Plan(
            profile=chosen.profile.name,
            output=chosen.profile.output,
            chats=tuple(answers.planned(row) for row in found.rows),
            total=total,
            uncounted=found.uncounted,
            pace=answers.reckoned(found.pace),
            asked=found.asked,
            problem=found.problem,
        )
    )
