"""`tobs search WORDS`: finds messages in a vault, and says in which file and line they stand."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from tobs_tui.cli.options import Options, Setting
from tobs_tui.model.display import clean, count

if TYPE_CHECKING:
    from tobs_tui.engine.search import Findings, Found

SCHEMA = 1
NOTHING_FOUND = 1


def print_search(
    options: Options,
    words: tuple[str, ...],
    *,
    chats: tuple[str, ...],
    senders: tuple[str, ...],
    since: str,
    until: str,
    limit: int,
) -> int:
    """Search the vault of the options and print what is found. Gives the exit status: 0, or 1 when nothing is found.

    Raises `TobsError`.
    """
    from tobs_tui.engine.search import Wanted, days_between, search_vault

    setting = Setting(options)
    output = Path(setting.effective().profile.output)
    dates = days_between(since, until)
    wanted = Wanted(" ".join(words), chats, senders, dates.since, dates.until)
    found = search_vault(output, wanted, limit=limit, on_progress=_tell)
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    if options.json_lines:
        _print_json(found, output)
    else:
        _print(found, output)
    return 0 if found.total else NOTHING_FOUND


def _tell(indexed: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\rReading the archive: {count(indexed)} messages", nl=False, err=True)


def _print(found: Findings, output: Path) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
    for one in found.found:
        console.print(_heading(one))
        console.print(_excerpt(one))
        if one.path:
            place = f"{output / one.path}:{one.line}" if one.line else str(output / one.path)
            console.print(Text(f"  {clean(place, 1000)}", style="dim"))
        console.print()
    shown = len(found.found)
    if not found.total:
        console.print("Nothing found.")
    elif shown < found.total:
        console.print(f"The newest {count(shown)} of {count(found.total)}; more with --limit.")


def _heading(one: Found) -> Text:
    moment = datetime.datetime.fromtimestamp(one.date).astimezone()
    who = f" · {clean(one.sender, 60)}" if one.sender else ""
    return Text.assemble((f"{moment:%Y-%m-%d %H:%M}", "cyan"), f"  {clean(one.chat_title, 60)}", who)


def _excerpt(one: Found) -> Text:
    """The excerpt with what was found in bold; made harmless piece by piece, so that the places stay right."""
    line = Text("  ")
    at = 0
    for start, end in one.marks:
        if start >= at:
            line.append(clean(one.excerpt[at:start], 400))
            line.append(clean(one.excerpt[start:end], 400), style="bold")
            at = end
    line.append(clean(one.excerpt[at:], 400))
    return line


def _print_json(found: Findings, output: Path) -> None:
    """One line a message, then one with the sum."""
    import msgspec

    for one in found.found:
        fields = {"event": "found", **msgspec.to_builtins(one), "file": str(output / one.path) if one.path else ""}
        click.echo(msgspec.json.encode(fields))
    total = {"event": "searched", "schema": SCHEMA, "total": found.total, "shown": len(found.found)}
    click.echo(msgspec.json.encode(total))
