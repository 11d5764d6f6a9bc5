"""A QR code in half blocks: two modules a character, dark on light whatever the theme, so that cameras read it."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style

from tobs_tui.ui.paint import Line
from tobs_tui.ui.widgets.painted import Painted

QUIET = 2
"""Light modules around the code. ISO/IEC 18004 asks for 4; phones read 2, and 24 lines hold no more."""


class QrCode(Painted):
    """Shows `url`."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._matrix = matrix(url)

    def get_content_width(self, container: object, viewport: object) -> int:
        """Columns: one a module, or two with ASCII signs."""
        return len(self._matrix) * (2 if self.tobs.glyphs.ascii else 1)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """Lines: half a module each, or a whole one with ASCII signs."""
        return len(self._matrix) if self.tobs.glyphs.ascii else (len(self._matrix) + 1) // 2

    def lines(self, width: int, height: int) -> list[Line]:
        """The code."""
        dark, light = ("black", "white") if self.tobs.look.theme.ansi else ("#000000", "#ffffff")
        ink = Style(color=dark, bgcolor=light)
        if self.tobs.no_color:  # the terminal's own two colours, the lighter one behind
            ink = Style(reverse=self.tobs.look.dark)
        if self.tobs.glyphs.ascii:
            black, white = Style(bgcolor=dark), Style(bgcolor=light)
            return [[Segment("  ", black if module else white) for module in row] for row in self._matrix]
        rows = [*self._matrix, [False] * len(self._matrix)]
        return [
            [Segment("".join(_HALVES[upper, lower] for upper, lower in zip(rows[y], rows[y + 1], strict=True)), ink)]
            for y in range(0, len(self._matrix), 2)
        ]


_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def matrix(url: str) -> list[list[bool]]:
    """The modules of the code for `url`, with the quiet zone; true is dark."""
    import segno

    return [
        [bool(module) for module in row] for row in segno.make(url, error="l", micro=False).matrix_iter(border=QUIET)
    ]
