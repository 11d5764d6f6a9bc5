"""The commands about saved profiles: `tobs profiles` and `tobs schedule`."""

from __future__ import annotations

from pathlib import Path

import click

from tobs_tui.cli.places import merged, place_options


@click.group(invoke_without_command=True)
@place_options
@click.pass_context
def profiles(ctx: click.Context, demo: bool, server: Path | None) -> int | None:
    """Saved profiles: list, show, copy, edit, export, import, delete."""
    ctx.obj = merged(ctx, demo, server)
    return int(ctx.invoke(profiles_list)) if ctx.invoked_subcommand is None else None


@profiles.command("list")
@click.pass_context
def profiles_list(ctx: click.Context) -> int:
    """Names of the saved profiles, with what is wrong with bad ones."""
    from tobs_tui.cli.profiles import show_profiles

    return show_profiles(ctx.obj)


@profiles.command("show")
@click.argument("name")
@click.pass_context
def profiles_show(ctx: click.Context, name: str) -> int:
    """A profile's file."""
    from tobs_tui.cli.profiles import show_profile

    return show_profile(ctx.obj, name)


@profiles.command("copy")
@click.argument("name")
@click.argument("new")
@click.pass_context
def profiles_copy(ctx: click.Context, name: str, new: str) -> int:
    """Save the profile NAME once more, as NEW."""
    from tobs_tui.cli.profiles import duplicate_profile

    return duplicate_profile(ctx.obj, name, new)


@profiles.command("edit")
@click.argument("name")
@click.pass_context
def profiles_edit(ctx: click.Context, name: str) -> int:
    """Change a profile's file in $VISUAL or $EDITOR. A file with a mistake does not take its place."""
    from tobs_tui.cli.profiles import edit_profile

    return edit_profile(ctx.obj, name)


@profiles.command("export")
@click.argument("name")
@click.option("--to", "target", metavar="FILE", help="Write it to this new file, or into this folder.")
@click.pass_context
def profiles_export(ctx: click.Context, name: str, target: str | None) -> int:
    """Print a profile as TOML that stands by itself and holds no secrets, for another machine or person."""
    from tobs_tui.cli.profiles import print_export

    return print_export(ctx.obj, name, target)


@profiles.command("import")
@click.argument("file")
@click.option("--as", "name", default="", metavar="NAME", help="Save it under this name instead of its own.")
@click.pass_context
def profiles_import(ctx: click.Context, file: str, name: str) -> int:
    """Save the profile in FILE; - is standard input."""
    from tobs_tui.cli.profiles import bring_in

    return bring_in(ctx.obj, file, name)


@profiles.command("delete")
@click.argument("name")
@click.pass_context
def profiles_delete(ctx: click.Context, name: str) -> int:
    """Remove a profile; what it exported stays."""
    from tobs_tui.cli.profiles import remove_profile

    return remove_profile(ctx.obj, name)


@click.command()
@click.argument("profile", default="")
@click.option("--daily", metavar="HH:MM", help="Every day at this time: 03:00.")
@click.option("--weekly", nargs=2, metavar="DAYS HH:MM", help="On these days of the week: mon 03:00, or mon,thu 03:00.")
@click.option("--every", metavar="TIME", help="Again and again: 15m, 30m, 1h, 2h, 6h, 12h and so on.")
@click.option("--remove", is_flag=True, help="Do not run it by itself any more.")
@click.option("--print", "only_print", is_flag=True, help="Only show what would be written.")
@place_options
@click.pass_context
def schedule(
    ctx: click.Context,
    /,
    profile: str,
    daily: str | None,
    weekly: tuple[str, str] | None,
    every: str | None,
    remove: bool,
    only_print: bool,
    demo: bool,
    server: Path | None,
) -> int:
    """Run PROFILE by itself, headless, by a systemd timer of yours; without PROFILE, list what is scheduled.

    Where no systemd looks after your processes, a line for crontab is printed instead.
    """
    from tobs_tui.cli.schedule import list_scheduled, schedule_profile, unschedule
    from tobs_tui.config.schedule import Rhythm

    options = merged(ctx, demo, server)
    rhythms = [flag for flag, given in (("--daily", daily), ("--weekly", weekly), ("--every", every)) if given]
    if len(rhythms) + remove > 1:
        raise click.UsageError(f"One of them: {' or '.join([*rhythms, *['--remove'] * remove])}?", ctx)
    if only_print and not rhythms:
        raise click.UsageError("--print needs to know when: add --daily, --weekly or --every.", ctx)
    if not profile:
        if rhythms or remove:
            raise click.UsageError("Which profile? tobs schedule PROFILE ...", ctx)
        return list_scheduled(options)
    if remove:
        return unschedule(options, profile)
    if daily:
        rhythm = Rhythm.daily(daily)
    elif weekly:
        rhythm = Rhythm.weekly(*weekly)
    elif every:
        rhythm = Rhythm.every(every)
    else:
        raise click.UsageError("When? --daily 03:00, --weekly mon 03:00, or --every 6h; --remove ends it.", ctx)
    return schedule_profile(options, profile, rhythm, only_print=only_print)


PROFILE_COMMANDS = (profiles, schedule)
