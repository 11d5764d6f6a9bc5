"""`tobs retry [PROFILE]`: tries again what could not be had, or lists it with the reasons."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from tobs_tui.cli.options import Options, Setting
from tobs_tui.model.display import clean, plural, size

TITLE_WIDTH = 60


def retry(options: Options, *, only_list: bool) -> int:
    """Export again those chats of the profile from which something is missing; with `only_list`, say what and why.

    Gives the exit status. Raises `TobsError`.
    """
    from tobs_tui.cli.export import export_headless
    from tobs_tui.engine.failures import missing_from

    profile = Setting(options).effective().profile
    missing = missing_from(Path(profile.output))
    chats = {each.target: each.title for each in missing}
    if only_list and options.json_lines:
        from tobs_tui.headless.answers import ItemMissing
        from tobs_tui.headless.lines import encode

        for each in missing:
            click.echo(encode(msgspec.convert(each, ItemMissing, from_attributes=True)))
        return 0
    if not options.json_lines:
        for each in missing:
            where = f"{clean(each.title, TITLE_WIDTH)}" + (f", message {each.message_id}" if each.message_id else "")
            sort = f"{each.kind}, {size(each.size)}" if each.kind else each.what
            click.echo(f"{where} ({sort}): {clean(each.reason, 400)}")
        click.echo(f"{plural(len(missing), 'item')} missing." if missing else "Nothing is missing.")
    if only_list or not missing:
        return 0
    return export_headless(options, profile.targets.only(chats))
