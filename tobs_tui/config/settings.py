"""The person's settings: how the program looks and behaves, whatever is exported."""

from __future__ import annotations

import enum
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from tobs_tui.config.paths import Paths
from tobs_tui.config.toml_file import given_keys, read_toml, write_toml
from tobs_tui.model.load import Thresholds
from tobs_tui.model.profile import Preset


class LogLevel(enum.StrEnum):
    """The least severe lines that the log file keeps."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class KeyStyle(enum.StrEnum):
    """The keys that lists start from."""

    VIM = "vim"
    ARROWS = "arrows"


class Settings(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What settings.toml may say; everything has a default."""

    theme: str = ""
    """A theme's name; empty = the program's own choice."""
    low_bandwidth: bool = False
    """Paint twice a second at most, for slow links."""
    mouse: bool = True
    """Take mouse clicks; without, the terminal's own selecting and copying works."""
    ascii: bool = False
    """Draw with ASCII characters only."""
    default_output: str = ""
    """The vault's folder for profiles that name none; empty = the documents folder."""
    preset: Preset = Preset.BALANCED
    """The performance preset for profiles that name none."""
    unattended_wait_min: Annotated[int, Meta(ge=0)] = 15
    """Minutes that a headless run waits for Telegram at most; asked for more, it ends resumably. 0 = any wait."""
    log_level: LogLevel = LogLevel.INFO
    """How much the log file keeps."""
    thresholds: Thresholds = Thresholds()
    """From where on the machine's load is high, and where it is overloaded."""
    key_style: KeyStyle = KeyStyle.VIM
    """`vim`: lists move with j, k, g, G and arrows; `arrows`: with arrows, Home and End only."""
    keymap: dict[str, Any] = {}
    """Keys by the id of the action they are for: `run.pause = "p,f5"`. The screens check it entry by entry."""


def load_settings(paths: Paths) -> Settings:
    """The settings file's content; all defaults where there is none.

    Raises:
        TobsError: BAD_PROFILE; the sentence names file, line and key.
    """
    return read_settings(paths)[0]


def read_settings(paths: Paths) -> tuple[Settings, frozenset[str]]:
    """`load_settings`, and the keys that the file sets."""
    try:
        settings, raw = read_toml(paths.settings_file, Settings)
    except FileNotFoundError:
        return Settings(), frozenset()
    return settings, frozenset(given_keys(raw))


def save_settings(settings: Settings, paths: Paths) -> None:
    """Replace the settings file.

    Raises:
        TobsError: OUTPUT_NOT_WRITABLE.
    """
    write_toml(paths.settings_file, msgspec.to_builtins(settings), comment="Settings of tobs")
