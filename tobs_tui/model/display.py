"""What text, numbers and times look like on a terminal; the one place where foreign text is made harmless."""

from __future__ import annotations

import contextlib
import re
import time
import unicodedata
from functools import lru_cache
from pathlib import Path

from tobs_tui.model.safe_text import printable

NONE = "—"
"""Stands where there is no value."""

_MARKS_KEPT = 2
_MAY_BEND = re.compile(
    "[^ -\u02ff\u0370-\u0482\u048a-\u058f\u0620-\u064a\u2010-\u20cf\u2100-\u2bff\u3041-\u3096\u30a0-\u9fff"
    "\uac00-\ud7a3\U0001f300-\U0001f3fa\U0001f400-\U0001faff]"
)
"""What is neither of these letters nor of these signs, among which there are no marks: each of it is looked at."""


@lru_cache(maxsize=16_384)
def clean(text: str, limit: int = 200) -> str:
    """Foreign text as one harmless line of at most `limit` characters, made for columns.

    `printable` makes it harmless. Besides, no letter keeps more than two combining marks, and joiners, variation
    selectors and skin tones go: terminals disagree about the width of what they make, and columns must stay straight.
    """
    text = text[: 4 * limit]
    if not text.isprintable():
        text = _straight(printable(text))
    elif not text.isascii() and _MAY_BEND.search(text):
        text = _straight(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _straight(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        if category in ("Cf", "Co", "Cn") or "\ufe00" <= char <= "\ufe0f" or "\U0001f3fb" <= char <= "\U0001f3ff":
            continue
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks <= _MARKS_KEPT:
            kept.append(char)
    return "".join(kept)


def count(number: int) -> str:
    """A whole number with groups of three: 1 284 310; a dash for what is unknown (negative)."""
    return NONE if number < 0 else f"{number:,}".replace(",", " ")


def short_count(number: float) -> str:
    """A number in at most five characters: 940, 12.4k, 2.1M."""
    if number < 0:
        return NONE
    if number < 10_000:
        return f"{number:.0f}"
    for unit in ("k", "M"):
        number /= 1000
        if number < 1000:
            return f"{number:.1f}{unit}" if number < 100 else f"{number:.0f}{unit}"
    return f"{number / 1000:.1f}G"


def size(amount: float) -> str:
    """Bytes in decimal units: 0 B, 512 kB, 88 MB, 1.2 GB; a dash for what is unknown (negative)."""
    if amount < 0:
        return NONE
    units = ["B", "kB", "MB", "GB", "TB"]
    while amount >= 999.5 and len(units) > 1:
        amount /= 1000
        units.pop(0)
    return f"{amount:.1f} {units[0]}" if amount < 9.95 and units[0] != "B" else f"{amount:.0f} {units[0]}"


def rate(amount: float) -> str:
    """Bytes a second."""
    return f"{size(amount)}/s"


def percent(share: float) -> str:
    """A share from 0.0 to 1.0 in five characters; 100 % is said only of the whole."""
    value = int(max(0.0, min(1.0, share)) * 100)
    return f"{value:3d} %"


def eta(seconds: int) -> str:
    """A time left, coarse: 40 s, 14 m, 2 h 10 m, 3 d; a dash while unknown (negative)."""
    if seconds < 0:
        return NONE
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{round(seconds / 60)} m"
    if seconds < 48 * 3600:
        hours, minutes = divmod(round(seconds / 600) * 10, 60)
        return f"{hours} h {minutes} m" if minutes else f"{hours} h"
    return f"{round(seconds / 86_400)} d"


def stopwatch(seconds: float) -> str:
    """Elapsed time as HH:MM:SS."""
    whole = max(0, int(seconds))
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def duration(seconds: float) -> str:
    """Elapsed time in words: 12 s, 3 min 20 s, 2 h 5 min."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole // 60 % 60} min"


def clock_time(at: float, seconds: bool = False) -> str:
    """A moment of today as local wall-clock time."""
    return time.strftime("%H:%M:%S" if seconds else "%H:%M", time.localtime(at)) if at else NONE


def moment(at: float, now: float) -> str:
    """A moment as a person says it: 13:41 today, 3 May this year, 2023-05-03 before."""
    if not at:
        return NONE
    then, today = time.localtime(at), time.localtime(now)
    if then[:3] == today[:3]:
        return time.strftime("%H:%M", then)
    if then.tm_year == today.tm_year:
        return f"{then.tm_mday} {_MONTHS[then.tm_mon - 1]}"
    return time.strftime("%Y-%m-%d", then)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def ago(seconds: float) -> str:
    """An age: just now, 4 s ago, 3 m ago, 2 h ago, 5 d ago."""
    if seconds < 1:
        return "just now"
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return f"{int(seconds)} s ago"


def plural(number: int, one: str, many: str = "") -> str:
    """A count with its noun: 1 chat, 3 chats."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def shown_folder(folder: str, limit: int) -> str:
    """A folder as people write it, with ~ for their home; of a long one its end, in at most `limit` characters."""
    with contextlib.suppress(ValueError, RuntimeError):  # elsewhere; or there is no home
        folder = f"~/{Path(folder).relative_to(Path.home())}"
    if len(folder) <= limit:
        return folder
    end = folder[1 - limit :]
    whole = end[end.find("/") :] if "/" in end[:-1] else end  # from the beginning of a name on
    return f"…{whole}"
