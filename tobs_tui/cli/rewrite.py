"""`tobs render`, `tobs transcribe` and `tobs import`: a vault's notes from its archive, what is said in its recordings,
and an archive from Telegram Desktop's export."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tobs_tui.cli.options import Options, Setting
from tobs_tui.model.display import clean, count

if TYPE_CHECKING:
    from tobs_tui.engine.desktop_import import ImportedChat
    from tobs_tui.engine.rerender import Rerendered
    from tobs_tui.model.profile import Profile

SCHEMA = 1
INCOMPLETE = 3


def render_notes(options: Options, *, relayout: bool) -> int:
    """Bring the notes of the options' vault up to date. Gives the exit status: 0, or 3 when some could not be written.

    Raises `TobsError`.
    """
    from tobs_tui.engine.rerender import check_options

    profile = Setting(options).effective().profile
    if not relayout:
        check_options(Path(profile.output), profile, any_formats=options.chooses("layout.formats"))
    return _finish(_render(profile), profile, json_lines=options.json_lines)


def transcribe_recordings(options: Options, wishes: dict[str, str]) -> int:
    """Write down the recordings of the options' vault, and render it. `wishes` go before the profile's own: dotted keys
    of `config.layers`. Gives the exit status: 0, or 3 when something could not be written. Raises `TobsError`."""
    import msgspec

    from tobs_tui.engine.rerender import check_options
    from tobs_tui.engine.transcribing import transcribe_vault
    from tobs_tui.monitor.logs import configure_logging

    setting = Setting(replace(options, filters=tuple(wishes.items())))
    chosen = setting.effective()
    configure_logging(setting.paths.log_dir, chosen.settings.log_level.upper(), name="client")
    profile = chosen.profile
    output = Path(profile.output)
    check_options(output, profile)
    done = asyncio.run(transcribe_vault(output, profile, _show_transcribing))
    _wipe()
    if options.json_lines:
        click.echo(
            msgspec.json.encode({"event": "transcribed", "schema": SCHEMA, **msgspec.to_builtins(done)}).decode()
        )
    else:
        for failure in done.failures:
            click.echo(clean(f"{failure.title or failure.chat}: {failure.reason}", 1000), err=True)
        click.echo(f"{count(done.done)} of {count(done.total)} recordings are written down.")
    status = _finish(_render(profile), profile, json_lines=options.json_lines)
    return INCOMPLETE if done.failures else status


def import_folder(options: Options, folder: Path) -> int:
    """Import an export of Telegram Desktop into the options' vault, and render it. Gives the exit status as
    `render_notes`. Raises `TobsError`."""
    from tobs_tui.engine.desktop_import import import_desktop
    from tobs_tui.engine.rerender import check_options

    profile = Setting(options).effective().profile
    output = Path(profile.output)
    check_options(output, profile, any_formats=options.chooses("layout.formats"))
    imported = import_desktop(folder, output, profile.layout, _show_import)
    _wipe()
    for chat in imported:
        _print_chat(chat, json_lines=options.json_lines)
    if len(imported) > 1 and not options.json_lines:
        _print_chat(_sum_of(imported), json_lines=False)
    status = _finish(_render(profile), profile, json_lines=options.json_lines)
    return INCOMPLETE if any(chat.problem for chat in imported) else status


def _render(profile: Profile) -> Rerendered:
    from tobs_tui.engine.rerender import rerender

    done = asyncio.run(rerender(Path(profile.output), profile, _show_progress))
    _wipe()
    return done


def _finish(done: Rerendered, profile: Profile, *, json_lines: bool) -> int:
    """Say what was written."""
    import msgspec

    if json_lines:
        failures = msgspec.to_builtins(done.failures)
        line = {"event": "rendered", "schema": SCHEMA, "notes": done.notes, "failures": failures}
        click.echo(msgspec.json.encode({**line, "warnings": done.warnings, "output": profile.output}))
    else:
        for failure in done.failures:
            click.echo(clean(f"{failure.title or failure.chat}: {failure.reason}", 500), err=True)
        for warning in done.warnings:
            click.echo(clean(warning, 500), err=True)
        click.echo(f"{count(done.notes)} notes written. The vault: {clean(profile.output, 1000)}")
    return INCOMPLETE if done.failures else 0


def _sum_of(chats: Sequence[ImportedChat]) -> ImportedChat:
    """What came of all chats together."""
    from tobs_tui.engine.desktop_import import ImportedChat

    fields = ("messages", "known", "files", "files_missing", "without_id")
    sums = {field: sum(getattr(chat, field) for chat in chats) for field in fields}
    return ImportedChat(f"All {len(chats)} chats", **sums)


def _print_chat(chat: ImportedChat, *, json_lines: bool) -> None:
    import msgspec

    if json_lines:
        click.echo(msgspec.json.encode({"event": "imported", "schema": SCHEMA, **msgspec.to_builtins(chat)}))
        return
    parts = [f"{count(chat.messages)} messages", f"{count(chat.files)} files"]
    parts += [f"{count(chat.known)} known already"] if chat.known else []
    parts += [f"{count(chat.files_missing)} files missing"] if chat.files_missing else []
    parts += [f"{count(chat.without_id)} without an id left out"] if chat.without_id else []
    click.echo(f"{clean(chat.title, 60)}: {', '.join(parts)}. {chat.problem}".rstrip())


def _show_import(chat: ImportedChat) -> None:
    _live(f"{clean(chat.title, 40)}: {count(chat.messages + chat.known)} messages, {count(chat.files)} files")


def _show_transcribing(done: int, total: int) -> None:
    _live(f"Transcribing: {count(done)} of {count(total)} recordings")


def _show_progress(messages: int) -> None:
    _live(f"Writing notes: {count(messages)} messages")


def _live(text: str) -> None:
    """One line that is written over and over, on a terminal only."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{text}", nl=False, err=True)


def _wipe() -> None:
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
