"""Theme files: TOML, shipped with the program and in the user's own folder; checked whole, loaded at once."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import BUILTIN_THEMES, Theme

from tobs_tui.model.display import clean
from tobs_tui.ui.paint import Palette, colorless, palette_of

COLOR_KEYS = {
    "background": "behind everything",
    "surface": "behind dialogs and fields",
    "text": "what is read",
    "muted": "labels, and what is less important",
    "faint": "hints and empty places",
    "frame": "lines around panels",
    "accent": "what has the focus, and keys",
    "chip_text": "text on the accent",
    "cursor": "behind the row under the cursor",
    "bar": "progress",
    "trough": "what a bar has not filled yet",
    "ok": "done, connected",
    "warn": "waiting, attention",
    "bad": "failed",
    "info": "working",
}
"""Every colour a theme must give, and what it is for."""

DEFAULT_THEME = "night"
OWN_COLORS_THEME = "terminal"
"""What is used instead where the terminal has 16 colours and no theme was chosen."""
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_ANSI = {"default"} | {
    prefix + name
    for prefix in ("", "bright_")
    for name in ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
}


class Look(Struct, frozen=True):
    """A theme ready for use: `title` for the person, textual's own theme, and the palette of the painted widgets."""

    name: str
    title: str
    dark: bool
    theme: Theme
    palette: Palette
    path: Path


class WithoutColor(LineFilter):
    """Leaves bold, dim, reversed and the like, and takes every colour."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The line without colours."""
        return [Segment(text, style and colorless(style), control) for text, style, control in segments]


Stamp = tuple[tuple[str, int, int], ...]
"""Path, time of the last change and size of each theme file."""


def _stamps(folder: Path) -> Iterator[tuple[str, int, int]]:
    """A folder's theme files as they are; one that goes away meanwhile is not there, nor is a folder that is missing.

    Asked every second: one call a folder and one a file.
    """
    try:
        with os.scandir(folder) as entries:
            names = [entry.path for entry in entries if entry.name.endswith(".toml")]
    except OSError:
        return
    for name in names:
        try:
            stat = os.stat(name)  # noqa: PTH116 - follows links: a theme may be one to a repository of dot files
        except OSError:
            yield name, 0, -1  # a link that leads nowhere: to be told
        else:
            yield name, stat.st_mtime_ns, stat.st_size


class ThemeBook:
    """All themes found in `folders`: `looks` by name, and `problems`, what is wrong with the others."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self.folders = folders
        self.looks: dict[str, Look] = {}
        self.problems: list[str] = []
        self._stamp: Stamp = ()

    def load(self) -> None:
        """Read every folder anew; a user's theme replaces a shipped one of the same name.

        Raises FileNotFoundError where the default theme is not there and never was.
        """
        self._stamp = self._files_now()
        before = self.looks.get(DEFAULT_THEME)
        self.looks, self.problems = {}, []
        for path, _, _ in self._stamp:
            look = self._read(Path(path))
            if look is not None:
                self.looks[look.name] = look
        if DEFAULT_THEME not in self.looks:  # as while the program is being replaced by a newer one
            if before is None:
                raise FileNotFoundError(f"the theme {DEFAULT_THEME} is missing from {self.folders[0]}")
            self.looks[DEFAULT_THEME] = before

    def changed(self) -> bool:
        """Whether a theme file was added, removed or written since `load`."""
        return self._files_now() != self._stamp

    def get(self, name: str) -> Look:
        """The theme of that name, else the default one."""
        return self.looks.get(name) or self.looks[DEFAULT_THEME]

    def message(self) -> str:
        """One sentence naming every bad file and key; empty when all are good."""
        return "Some themes cannot be used. " + "; ".join(self.problems) + "." if self.problems else ""

    def _files_now(self) -> Stamp:
        return tuple(stamp for folder in self.folders for stamp in sorted(_stamps(folder)))

    def _read(self, path: Path) -> Look | None:
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            self.problems.append(f"{clean(path.name, 60)}: {clean(str(error), 200)}")
            return None
        wrong = check_theme(table)
        if wrong:
            self.problems.append(f"{clean(path.name, 60)}: " + ", ".join(clean(phrase, 120) for phrase in wrong))
            return None
        return _look(path, table)


def shipped_folder() -> Path:
    """The themes that come with the program: inside an installed package, or at the top of a source checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_themes"
    return installed if installed.is_dir() else package.parent / "themes"


def check_theme(table: dict[str, Any]) -> list[str]:
    """What is wrong with a theme file's contents, one phrase a key; empty when nothing is."""
    wrong = [f"{key} is not known" for key in table if key not in ("title", "dark", "terminal_colors", "colors")]
    wrong += [
        f"{key} must be true or false" for key in ("dark", "terminal_colors") if not _is_flag(table.get(key, True))
    ]
    if not isinstance(table.get("title"), str):
        wrong.append("title is missing")
    colors = table.get("colors")
    if not isinstance(colors, dict):
        return [*wrong, "the table colors is missing"]
    own = table.get("terminal_colors") is True
    for key in COLOR_KEYS:
        if key not in colors:
            wrong.append(f"colors.{key} is missing")
        elif not _is_color(colors[key], own):
            kind = "the name of a terminal colour, such as ansi_green" if own else "a colour such as #1a2b3c"
            wrong.append(f"colors.{key} must be {kind}")
    return wrong + [f"colors.{key} is not known" for key in colors if key not in COLOR_KEYS]


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_color(value: object, terminal_colors: bool) -> bool:
    if not isinstance(value, str):
        return False
    if terminal_colors:
        return value.startswith("ansi_") and value.removeprefix("ansi_") in _ANSI
    return _HEX.fullmatch(value) is not None


def _look(path: Path, table: dict[str, Any]) -> Look:
    colors: dict[str, str] = table["colors"]
    own = table.get("terminal_colors", False)
    variables = {f"tobs-{key.replace('_', '-')}": value for key, value in colors.items()}
    if own:  # textual's own style sheets want a few more names where colours are the terminal's
        variables = BUILTIN_THEMES["ansi-dark"].variables | variables
    theme = Theme(
        name=path.stem,
        primary=colors["accent"],
        secondary=colors["info"],
        accent=colors["accent"],
        foreground=colors["text"],
        background=colors["background"],
        surface=colors["surface"],
        panel=colors["surface"],
        success=colors["ok"],
        warning=colors["warn"],
        error=colors["bad"],
        dark=table.get("dark", True),
        ansi=own,
        variables=variables,
    )
    palette = palette_of(colors)
    return Look(path.stem, clean(table["title"], 40), table.get("dark", True), theme, palette, path)
