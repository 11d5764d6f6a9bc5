"""`tobs config`: what is in force, printed."""

from __future__ import annotations

import datetime
import enum
from typing import Any

import click

from tobs_tui.cli.options import Options, Setting
from tobs_tui.config.environment import OTHER_VARIABLES, variable_names
from tobs_tui.config.layers import PROFILE_KEYS, Layer
from tobs_tui.model.display import clean
from tobs_tui.model.profile import ChatTarget

_COLOURS = {
    Layer.DEFAULT: "bright_black",
    Layer.TUNED: "cyan",
    Layer.SETTINGS: "blue",
    Layer.PROFILE: "green",
    Layer.ENVIRONMENT: "yellow",
    Layer.FLAG: "magenta",
}


def show_config(options: Options, profile: str) -> int:
    """Print every value in force with its origin, and the files that matter. Gives the exit status."""
    setting = Setting(options)
    chosen = setting.effective(profile)
    for warning in chosen.warnings:
        click.echo(f"tobs: {clean(warning, 1000)}", err=True)
    width = max(map(len, chosen.origins))
    for key, origin in chosen.origins.items():
        holder: Any = chosen.profile if key in PROFILE_KEYS else chosen.settings
        for step in key.split("."):
            holder = getattr(holder, step)
        detail = f": {clean(origin.detail)}" if origin.detail else ""
        origin_text = click.style(f"[{origin.layer}{detail}]", fg=_COLOURS[origin.layer])
        click.echo(f"{key:<{width}} = {_words(holder)}  {origin_text}")
    paths = setting.paths
    click.echo("")
    for name, place in (
        ("settings", paths.settings_file),
        ("profiles", paths.profiles_dir),
        ("themes", paths.themes_dir),
        ("speech models", paths.models_dir),
        ("credentials", paths.credentials_file),
        ("state", paths.state_dir),
        ("logs", paths.log_dir),
        ("cache", paths.cache_dir),
    ):
        click.echo(f"{name:<{width}}   {place}")
    return 0


def show_keys(options: Options) -> int:
    """Print every action as a line for the table `keymap` of the settings file; what is wrong with it goes to stderr.

    Gives the exit status: that of a bad profile where an entry is wrong.
    """
    from tobs_tui.ui.keymap import read_keymap
    from tobs_tui.ui.keys import ACTIONS, keys_of

    setting = Setting(options)
    settings = setting.effective("").settings
    read = read_keymap(settings.keymap, settings.key_style)
    click.echo(f"# Lines to change belong below [keymap] in {setting.paths.settings_file}")
    click.echo(f'# key_style = "{settings.key_style}" (vim or arrows) stands above all tables there.')
    click.echo("[keymap]")
    lines = [(action, f'{action.id} = "{",".join(keys_of(action, read.keys))}"') for action in ACTIONS]
    width = max(len(line) for _, line in lines)
    for action, line in lines:
        click.echo(f"{line:<{width}}  # {read.origin(action)}: {action.help}")
    if read.problems:
        click.echo(f"tobs: {read.message(setting.paths.settings_file)}", err=True)
        return 2  # as for a profile with a mistake
    return 0


def _words(value: Any) -> str:
    """A value as a TOML file would have it."""
    match value:
        case bool():
            return str(value).lower()
        case None:
            return "(open)"
        case enum.Enum():
            return f'"{value.value}"'
        case ChatTarget():
            topics = f" topics {', '.join(map(str, value.topics))}" if value.topics else ""
            title = f" ({clean(value.title)})" if value.title else ""
            return f"{_words(value.chat)}{title}{topics}"
        case tuple():
            return f"[{', '.join(_words(item) for item in value)}]"
        case dict():
            return f"{{{', '.join(f'{_words(key)} = {_words(item)}' for key, item in value.items())}}}"
        case datetime.date():
            return value.isoformat()
        case str():
            return f'"{clean(value, 1000)}"'
        case _:
            return str(value)


def show_variables() -> int:
    """Print the environment variables and what each sets. Gives the exit status."""
    names = {name: f"sets {key}" for key, name in variable_names().items()} | OTHER_VARIABLES
    width = max(map(len, names))
    for name, meaning in names.items():
        click.echo(f"{name:<{width}}  {meaning}")
    click.echo(
        "\nThey override a profile, and flags override them. A .env file in the current directory, or in the config"
    )
    click.echo("directory, may set them too. Lists are separated by commas; yes/no, true/false, on/off and 1/0 serve.")
    return 0
