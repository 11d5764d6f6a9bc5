"""`tobs profiles`: the saved profiles, printed, duplicated, edited, carried elsewhere and back, deleted."""

from __future__ import annotations

import os
import sys

import click

from tobs_tui.cli.options import Options, Setting
from tobs_tui.config.paths import expanded
from tobs_tui.config.profile_files import (
    Draft,
    copy_profile,
    export_target,
    export_text,
    import_profile,
    line_at_fault,
    write_export,
)
from tobs_tui.config.profiles import delete_profile, list_profiles, quoted, read_profile
from tobs_tui.model.display import clean
from tobs_tui.model.errors import ErrorCode, TobsError


def show_profiles(options: Options) -> int:
    """Print the saved profiles. Gives the exit status: 2 when one of them cannot be used."""
    found = list_profiles(Setting(options).paths)
    if not found:
        click.echo("No profile is saved yet. Run tobs to make one.")
    for info in found:
        problem = click.style(f"  {clean(info.problem, 1000)}", fg="red") if info.problem else ""
        click.echo(f"{clean(info.name)}{problem}")
    return 2 if any(info.problem for info in found) else 0


def show_profile(options: Options, name: str) -> int:
    """Print a profile's file. Gives the exit status. Raises `TobsError` when it cannot be used."""
    path = read_profile(name, Setting(options).paths).path
    click.echo(f"# {path}")
    for line in path.read_text(encoding="utf-8").splitlines():
        click.echo(clean(line, 10_000))
    return 0


def remove_profile(options: Options, name: str) -> int:
    """Delete a profile. Gives the exit status. Raises `TobsError` when there is none."""
    from tobs_tui.config.schedule import Units

    paths = Setting(options).paths
    delete_profile(name, paths)
    click.echo(f"Deleted: {clean(name)}. What it exported is untouched.")
    if Units.of(name, paths).timer.exists():
        click.echo(f"It is still scheduled; that ends with: tobs schedule {quoted(name)} --remove")
    return 0


def duplicate_profile(options: Options, name: str, new: str) -> int:
    """Save a profile once more under another name. Gives the exit status. Raises `TobsError`."""
    copy_profile(name, new, Setting(options).paths)
    click.echo(f"Copied {clean(name)}. Start the copy with: tobs {quoted(new)}")
    return 0


def print_export(options: Options, name: str, target: str | None) -> int:
    """Print a profile as TOML that stands by itself, or write it to a new file. Gives the exit status. Raises
    `TobsError`."""
    paths = Setting(options).paths
    if target is not None:
        export_target(target, name)
    text = export_text(name, paths)
    if target is None:
        click.echo(text, nl=False)
    else:
        click.echo(f"Exported to {clean(str(write_export(text, target, name)), 1000)}")
    return 0


def bring_in(options: Options, file: str, name: str) -> int:
    """Save a profile from a file, or from standard input. Gives the exit status. Raises `TobsError`."""
    paths = Setting(options).paths
    folder = None
    shown = "standard input"
    try:
        if file == "-":
            source = sys.stdin.buffer.read().decode("utf-8")
        else:
            path = expanded(file)
            folder, shown = path.absolute().parent, path.name
            source = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise TobsError(ErrorCode.BAD_PROFILE, f"{shown}: the file is not UTF-8 text.") from error
    except OSError as error:
        raise TobsError(ErrorCode.BAD_PROFILE, f"{file} cannot be read: {error.strerror}.") from error
    saved = import_profile(source, shown, paths, name=name, folder=folder)
    click.echo(f"Saved: {clean(saved)}. Start it with: tobs {quoted(saved)}")
    return 0


def edit_profile(options: Options, name: str) -> int:
    """Open a profile's file in the person's editor, and check what comes of it. Gives the exit status.

    On a terminal, a mistake can be mended at once. Otherwise, and where the person does not want to, the profile stays
    as it was, and what was typed is kept beside it. Raises `TobsError`.
    """
    from tobs_tui.config.editor import editor_command, run_editor

    draft = Draft.begin(name, Setting(options).paths)
    line = 0
    try:
        while True:
            command = editor_command(draft.path, line, os.environ, change=True)
            if status := run_editor(command):
                kept = f" What was typed is kept in {draft.set_aside()}." if draft.changed else ""
                sentence = f"{command[0]} ended with status {status}; the profile is as it was.{kept}"
                raise TobsError(ErrorCode.USAGE, sentence)
            if not draft.changed:
                click.echo("Nothing was changed.")
                return 0
            try:
                former = draft.accept()
            except TobsError as error:
                if error.code is not ErrorCode.BAD_PROFILE or not _mend(error):
                    raise _kept(error, draft) from error
                line = line_at_fault(error)
                continue
            click.echo(f"Saved: {clean(name)}. What it was before is kept in {clean(str(former), 1000)}")
            return 0
    finally:
        draft.end()


def _mend(error: TobsError) -> bool:
    """Whether the person, told of a mistake, wants to edit again; nobody is asked where there is no terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    click.echo(f"tobs: {clean(error.sentence, 2000)}", err=True)
    return click.confirm("Edit again?", default=True, err=True)


def _kept(error: TobsError, draft: Draft) -> TobsError:
    """The error, with where what was typed is."""
    way_on = f"The profile is as it was; what was typed is kept in {draft.set_aside()}"
    return TobsError(error.code, error.sentence, way_on, field=error.field)
