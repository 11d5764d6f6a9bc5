"""Which account a command is about: the options that say so, for every command that has one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from tobs_tui.cli.options import Options

F = TypeVar("F", bound=Callable[..., Any])
FILE = click.Path(dir_okay=False, path_type=Path)


def _choose_account(ctx: click.Context, option: click.Parameter, name: str | None) -> None:
    """Have this process, and the service that it starts, be about an account. `Setting` refuses a name that none can
    have."""
    if name is not None:
        os.environ["TOBS_ACCOUNT"] = name


def place_options(command: F) -> F:
    """The options that say which account is meant, for every command that has one."""
    command = click.option(
        "--server", type=FILE, metavar="FILE", help="A Telegram-compatible server (TOML: dc, host, port, public_key)."
    )(command)
    command = click.option(
        "--account",
        metavar="NAME",
        expose_value=False,
        callback=_choose_account,
        help="Which account, where there are several (main: the first).",
    )(command)
    return click.option("--demo", is_flag=True, help="Use the embedded Telegram; its state is kept apart.")(command)


def _choose_passphrase_file(ctx: click.Context, option: click.Parameter, file: Path | None) -> None:
    """Have this process, and those that it starts for its screens, read the passphrase there."""
    if file is not None:
        from tobs_tui.config.passphrase import FILE_VARIABLE
        from tobs_tui.config.paths import expanded

        os.environ[FILE_VARIABLE] = str(expanded(str(file)).absolute())


def passphrase_option(command: F) -> F:
    """The option that says where the passphrase is, for the commands that may need it."""
    return click.option(
        "--passphrase-file",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        expose_value=False,
        callback=_choose_passphrase_file,
        help="Its first line opens an encrypted session (or set TOBS_PASSPHRASE).",
    )(command)


def merged(ctx: click.Context, demo: bool, server: Path | None) -> Options:
    """The group's options with a command's own --demo and --server."""
    options: Options = ctx.obj
    return options.at(demo=demo, server=server)
