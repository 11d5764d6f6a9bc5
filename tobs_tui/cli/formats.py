"""What notes are written as: the option of every command that writes some."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
KEY = "layout.formats"


def format_option(command: F) -> F:
    """--format, for commands that write notes."""
    return click.option(
        "--format",
        "formats",
        multiple=True,
        metavar="F",
        help="What notes are written as: markdown, jsonl, html, or several (markdown,html).",
    )(command)


def chosen(formats: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """What the option was given, as values by dotted keys of `config.layers`."""
    return ((KEY, ",".join(formats)),) if formats else ()
