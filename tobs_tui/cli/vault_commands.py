"""The commands that work on a vault without asking Telegram: search, versions, render, transcribe, import."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from tobs_tui.cli.formats import chosen, format_option
from tobs_tui.cli.looks import hidden, look_flags, look_options, pseudonyms_option
from tobs_tui.cli.places import merged, passphrase_option, place_options


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, required=True)
@click.option(
    "--chat", "chats", multiple=True, metavar="X", help="Only in this chat: a part of its title, @name or id."
)
@click.option(
    "--from", "senders", multiple=True, metavar="NAME", help="Only by this person: a part of the name, or id."
)
@click.option("--since", default="", metavar="DAY", help="From this day on: 2024-05-01.")
@click.option("--until", default="", metavar="DAY", help="Up to this day: 2024-05-31.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Show so many, newest first.")
@click.option("--output", type=click.Path(file_okay=False), metavar="DIR", help="The vault's folder.")
@click.option("--json", "json_lines", is_flag=True, help="JSON lines on standard output.")
@place_options
@click.pass_context
def search(
    ctx: click.Context,
    /,
    words: tuple[str, ...],
    demo: bool,
    server: Path | None,
    output: str | None,
    json_lines: bool,
    **choice: Any,
) -> int:
    """Find messages in a vault: all WORDS, '"a phrase"', wor* for a beginning, -word for what must not be there.

    Case and diacritics make no difference. Of several --chat, and of several --from, one has to fit.

    Exit status: 0 found, 1 nothing found.
    """
    from tobs_tui.cli.search import print_search

    if unknown := next((word for word in words if word.startswith("--")), ""):
        raise click.NoSuchOption(unknown, ctx=ctx)
    options = replace(merged(ctx, demo, server), output=output, json_lines=json_lines)
    return print_search(options, words, **choice)


@click.command()
@click.argument("message")
@click.option(
    "--chat", "chats", multiple=True, metavar="X", help="Only in this chat: a part of its title, @name or id."
)
@click.option("--output", type=click.Path(file_okay=False), metavar="DIR", help="The vault's folder.")
@place_options
@click.pass_context
def versions(
    ctx: click.Context,
    /,
    message: str,
    chats: tuple[str, ...],
    output: str | None,
    demo: bool,
    server: Path | None,
) -> int:
    """What MESSAGE was before it was edited: its number or anchor (m1203) in a vault that was refreshed.

    Exit status: 0 found, 1 no such message.
    """
    from tobs_tui.cli.versions import print_versions

    return print_versions(replace(merged(ctx, demo, server), output=output), message, chats)


@click.command()
@click.argument("profile", default="")
@click.option("--output", type=click.Path(file_okay=False), metavar="DIR", help="The vault's folder.")
@format_option
@click.option("--relayout", is_flag=True, help="Also when the vault was written with other options than these.")
@click.option("--json", "json_lines", is_flag=True, help="JSON lines on standard output.")
@look_options
@place_options
@click.pass_context
def render(
    ctx: click.Context,
    /,
    profile: str,
    output: str | None,
    formats: tuple[str, ...],
    relayout: bool,
    json_lines: bool,
    demo: bool,
    server: Path | None,
    **looks: Any,
) -> int:
    """Write a vault's notes anew from its archive, without network: what is missing, outdated or laid out otherwise.

    PROFILE and the options say how notes look; without them, the defaults do.
    """
    from tobs_tui.cli.rewrite import render_notes

    given = merged(ctx, demo, server)
    filters = given.filters + chosen(formats) + look_flags(looks)
    options = replace(given, profile=profile, output=output, json_lines=json_lines, filters=filters)
    return render_notes(options, relayout=relayout)


@click.command()
@click.argument("profile", default="")
@click.option("--output", type=click.Path(file_okay=False), metavar="DIR", help="The vault's folder.")
@click.option("--model", metavar="M", help="A model's name (tiny, base, small, large-v3, ...) or its folder.")
@click.option("--language", metavar="L", help="What is spoken: en, de, ...; without it, that is heard.")
@click.option("--json", "json_lines", is_flag=True, help="JSON lines on standard output.")
@place_options
@click.pass_context
def transcribe(
    ctx: click.Context,
    /,
    profile: str,
    output: str | None,
    model: str | None,
    language: str | None,
    json_lines: bool,
    demo: bool,
    server: Path | None,
) -> int:
    """Write down what is said in a vault's voice notes and round videos, without network, and write it into the notes.

    PROFILE says by which model and how; without one, the settings do. Exit status: 0 all done, 3 some could not be.
    """
    from tobs_tui.cli.rewrite import transcribe_recordings
    from tobs_tui.config.paths import expanded

    options = replace(merged(ctx, demo, server), profile=profile, output=output, json_lines=json_lines)
    place = expanded(model, "model") if model is not None and os.sep in model else None
    given = {
        "transcription.model": str(place.absolute()) if place is not None and place.is_dir() else model,
        "transcription.language": language,
    }
    return transcribe_recordings(options, {key: value for key, value in given.items() if value is not None})


@click.command(name="import")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(file_okay=False), metavar="DIR", help="The vault's folder.")
@format_option
@pseudonyms_option
@click.option("--json", "json_lines", is_flag=True, help="JSON lines on standard output.")
@place_options
@click.pass_context
def import_(
    ctx: click.Context,
    /,
    folder: Path,
    output: str | None,
    formats: tuple[str, ...],
    pseudonymise: bool,
    json_lines: bool,
    demo: bool,
    server: Path | None,
) -> int:
    """Bring a Telegram Desktop export (FOLDER with its result.json) into a vault; later exports go on from there."""
    from tobs_tui.cli.rewrite import import_folder

    filters = chosen(formats) + hidden(pseudonymise)
    options = replace(merged(ctx, demo, server), output=output, json_lines=json_lines, filters=filters)
    return import_folder(options, folder)


@click.command()
@click.argument("profile", default="")
@click.option("--list", "only_list", is_flag=True, help="Only say what is missing, and why.")
@click.option("--output", type=click.Path(file_okay=False), metavar="DIR", help="The vault's folder.")
@click.option("--json", "json_lines", is_flag=True, help="JSON lines on standard output.")
@passphrase_option
@place_options
@click.pass_context
def retry(
    ctx: click.Context,
    /,
    profile: str,
    only_list: bool,
    output: str | None,
    json_lines: bool,
    demo: bool,
    server: Path | None,
) -> int:
    """Try again what could not be had: files, and chats that were left incomplete. Says what and why first.

    The chats that something is missing from are brought up to date as a run of PROFILE does; the others are left alone.
    """
    from tobs_tui.cli.retry import retry as retry_missing

    options = replace(merged(ctx, demo, server), profile=profile, output=output, json_lines=json_lines)
    return retry_missing(options, only_list=only_list)


@click.command()
@click.argument("vault", default="", metavar="[VAULT]")
@click.option("--repair", is_flag=True, help="Fetch and render again just what is wrong.")
@click.option("--overwrite-edited", is_flag=True, help="With --repair: also what was changed by hand (a copy is kept).")
@click.option("--profile", default="", metavar="NAME", help="The profile that the vault was exported with.")
@click.option("--json", "json_lines", is_flag=True, help="JSON lines on standard output.")
@place_options
@click.pass_context
def verify(
    ctx: click.Context,
    /,
    vault: str,
    repair: bool,
    overwrite_edited: bool,
    profile: str,
    json_lines: bool,
    demo: bool,
    server: Path | None,
) -> int:
    """Look whether everything in a vault is as it was written: archive, messages, notes, indexes, media, links.

    VAULT is its folder; without it, that of the profile or the default one. Nothing is written without --repair.

    Exit status: 0 all is sound and complete, 3 something is wrong, or was changed by hand.
    """
    from tobs_tui.cli.verify import verify as verify_vault

    if overwrite_edited and not repair:
        raise click.UsageError("--overwrite-edited goes with --repair.", ctx)
    options = replace(merged(ctx, demo, server), profile=profile, json_lines=json_lines)
    return verify_vault(options, vault, repair=repair, overwrite=overwrite_edited)


VAULT_COMMANDS = (search, versions, render, transcribe, import_, retry, verify)
