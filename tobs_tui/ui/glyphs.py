"""The signs that the screens are drawn with: one set of width-1 glyphs, and an ASCII set for poor terminals."""

from __future__ import annotations

import os
from collections.abc import Mapping

from msgspec import Struct


class Glyphs(Struct, frozen=True):
    """One sign a field, each one column wide; `eighths` and `sparks` are ramps from least to most."""

    top_left: str = "┌"
    top_right: str = "┐"
    bottom_left: str = "└"
    bottom_right: str = "┘"
    across: str = "─"
    down: str = "│"
    thumb: str = "┃"
    full: str = "█"
    eighths: str = " ▏▎▍▌▋▊▉"
    dot: str = "·"
    sparks: str = "▁▂▃▄▅▆▇█"
    on: str = "●"
    off: str = "○"
    half: str = "◐"
    done: str = "✓"
    failed: str = "✗"
    warning: str = "▲"
    waiting: str = "◷"
    paused: str = "‖"
    right: str = "▶"
    branch: str = "╰"
    checked: str = "■"
    unchecked: str = "□"
    crumb: str = "›"
    more: str = "…"
    pin: str = "▴"
    closed: str = "×"
    dash: str = "—"
    bullet: str = "·"
    up_down: str = "↕"
    left_right: str = "◂▸"
    cursor: str = "▌"
    ascii: bool = False


UNICODE = Glyphs()
ASCII = Glyphs(
    top_left="+",
    top_right="+",
    bottom_left="+",
    bottom_right="+",
    across="-",
    down="|",
    thumb="#",
    full="#",
    eighths="  ",
    dot=".",
    sparks="_.-=*#",
    on="*",
    off="o",
    half="%",
    done="+",
    failed="x",
    warning="!",
    waiting="~",
    paused="=",
    right=">",
    branch="`",
    checked="x",
    unchecked=".",
    crumb=">",
    more="~",
    pin="^",
    closed="x",
    dash="-",
    bullet="-",
    up_down=":",
    left_right="<>",
    cursor=">",
    ascii=True,
)


PLAIN = str.maketrans({"—": "-", "…": "~", "“": '"', "”": '"', "°": " ", "≤": "<", "’": "'"})
"""The program's other signs as ASCII; what comes from Telegram keeps its own letters."""


def choose(asked_for_ascii: bool, environ: Mapping[str, str] | None = None) -> Glyphs:
    """The set for this terminal: ASCII when asked for, on the Linux console, or where the locale is not UTF-8."""
    env = os.environ if environ is None else environ
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    poor = env.get("TERM", "") in ("linux", "vt100", "vt220") or locale in ("C", "POSIX")
    return ASCII if asked_for_ascii or poor else UNICODE
