"""How notes are to look: the options that say so, for every command that writes some."""

from __future__ import annotations

from typing import Any

import click

from tobs_tui.cli.places import F

_OPTIONS = (
    ("--split", "split", str, "S", "One note holds: day, month, year or single (the whole chat)."),
    ("--anchors", "anchors", str, "A", "How messages are linked to: heading, block (Obsidian only) or none."),
    ("--day-headings", "day_headings", int, "N", "Level of the headings of days; 0 for none."),
    ("--sender-style", "sender_style", str, "S", "How senders are named: name, username, link or id."),
    ("--media-names", "media_names", str, "M", "Files are named by message id, or by their original names."),
)


def look_options(command: F) -> F:
    """The options of a vault's layout, given as keywords by the names of `look_flags`."""
    for flag, name, kind, metavar, text in reversed(_OPTIONS):
        command = click.option(flag, name, type=kind, metavar=metavar, help=text)(command)
    return command


def pseudonyms_option(command: F) -> F:
    """--pseudonymise, for commands that begin vaults."""
    text = "Show people by pseudonyms, in a vault that begins with this; it then stays so."
    return click.option("--pseudonymise", is_flag=True, help=text)(command)


def hidden(pseudonymise: bool) -> tuple[tuple[str, Any], ...]:
    """What that option was given, as `look_flags` has it."""
    return (("layout.pseudonymise", True),) if pseudonymise else ()


def look_flags(values: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    """What was given of these options, as dotted keys of `config.layers`; they are taken out of `values`."""
    found = [(f"layout.{name}", values.pop(name)) for _, name, *_ in _OPTIONS]
    return tuple((key, value) for key, value in found if value is not None)
