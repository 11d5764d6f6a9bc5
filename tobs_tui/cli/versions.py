"""`tobs versions MESSAGE`: what a message was before it was edited, and whether it was deleted."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import ChatRecord
from tobs_tui.archive.schema import archive_path
from tobs_tui.archive.search_words import visible_words
from tobs_tui.cli.options import Options, Setting
from tobs_tui.model.display import clean
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.messages import Message

if TYPE_CHECKING:
    from tobs_tui.engine.pseudonyms.masks import Masks

NOTHING_FOUND = 1
_NUMBER = re.compile(r"(?:.*#)?\^?m?(\d{1,10})")


def print_versions(options: Options, named: str, chats: tuple[str, ...]) -> int:
    """Print the versions of a message, named by its id or its anchor in a note, in all chats or in those named.

    Gives the exit status: 0, or 1 when no chat has such a message. Raises `TobsError`.
    """
    from tobs_tui.engine.pseudonyms.masks import masks_of
    from tobs_tui.engine.search import chats_named

    found = _NUMBER.fullmatch(named)
    if found is None:
        raise TobsError(ErrorCode.USAGE, f"{clean(named, 100)} names no message.", "Give its number: 1203, or m1203.")
    number, shown = int(found[1]), 0
    output = Path(Setting(options).effective().profile.output)
    with Archive.open(archive_path(output), read_only=True) as archive:
        masks = masks_of(archive)
        chosen = set(chats_named(archive, chats, masks)) if chats else None
        for record in archive.chats():
            if chosen is None or record.id in chosen:
                shown += _print(archive, record, number, masks)
    if not shown:
        click.echo("No chat of the vault has such a message.")
    return 0 if shown else NOTHING_FOUND


def _print(archive: Archive, record: ChatRecord, number: int, masks: Masks | None) -> bool:
    """Print one chat's message; whether it has one."""
    now = archive.message(record.id, number)
    if now is None:
        return False
    title = masks.title(record) if masks is not None else record.title
    click.secho(f"{clean(title, 60)}, message {number}", bold=True)
    for version in archive.versions(record.id, number):
        before = masks.message(version.message) if masks is not None else version.message
        _print_one(before, f"until {_moment(version.seen)}")
    now = masks.message(now) if masks is not None else now
    _print_one(now, f"deleted, noticed {_moment(now.gone)}" if now.gone else "now")
    return True


def _print_one(message: Message, when: str) -> None:
    edited = f", edited {_moment(message.edit_date)}" if message.edit_date and not message.edit_hidden else ""
    click.secho(f"  {when} (sent {_moment(message.date)}{edited})", dim=True)
    for line in (visible_words(message) or type(message.media).__name__).split("\n"):
        click.echo(f"    {clean(line, 10_000)}")


def _moment(date: int) -> str:
    """A date in this machine's time zone."""
    return f"{datetime.datetime.fromtimestamp(date).astimezone():%Y-%m-%d %H:%M}"
