"""What shows dimmed behind a dialog."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

_NONE = Style()


def dimmed(strip: Strip, color: Color) -> Strip:
    """A line of the screen below with `color`, which has an alpha, laid over its colours; without links.

    As textual's `BackgroundScreen`, which makes each run's style anew: a dashboard has thousands, in twenty styles.
    """
    return Strip([Segment(text, _tinted(style or _NONE, color)) for text, style, _ in strip])


@lru_cache(maxsize=512)
def _tinted(style: Style, color: Color) -> Style:
    plain = style.clear_meta_and_links()
    front, back = (
        None if old is None else (Color.from_rich_color(old) + color).rich_color for old in (style.color, style.bgcolor)
    )
    return plain + Style.from_color(front, back)
