"""How much room there is: the classes that screens have for it, and what is shown where it is too little."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.segment import Segment

from tobs_tui.ui.paint import Line
from tobs_tui.ui.widgets.painted import Painted, wrap

if TYPE_CHECKING:
    from textual.screen import Screen

LEAST_WIDTH, LEAST_HEIGHT = 60, 16
"""What a screen needs. Dialogs are laid out closer below that, and can be scrolled."""
TINY = 10
"""Lines below which a dialog has no frame."""
WIDTHS = [(0, "-cramped"), (LEAST_WIDTH, "-narrow"), (110, "-wide")]
HEIGHTS = [(0, "-flat"), (LEAST_HEIGHT, "-low"), (30, "-high")]
DIALOG_HEIGHTS = [(0, "-tiny"), (TINY, "-flat"), *HEIGHTS[1:]]


def take_size(screen: Screen[Any]) -> None:
    """Give a screen the classes for the terminal's size before its first layout.

    Textual gives them with the first event of a size, which comes behind the first paint: everything would jump.
    """
    size = screen.app.size
    for points, length in ((screen.HORIZONTAL_BREAKPOINTS, size.width), (screen.VERTICAL_BREAKPOINTS, size.height)):
        screen.add_class(*[name for least, name in points or () if least <= length][-1:])


class NoRoom(Painted):
    """Says over a whole screen that the window is too small, in as many words as there is room for."""

    def __init__(self) -> None:
        super().__init__(classes="no-room")

    def lines(self, width: int, height: int) -> list[Line]:
        """The longest of three sentences that fits, with some space around it where there is some."""
        needs = f"{LEAST_WIDTH} columns and {LEAST_HEIGHT} lines"
        sentences = (
            f"tobs needs a terminal of at least {needs}. Please make the window larger, or the letters smaller.",
            f"tobs needs {needs}.",
            f"{LEAST_WIDTH} x {LEAST_HEIGHT}",
        )
        for sentence in sentences:
            for aside, above in ((2, 1), (0, 0)):
                words = wrap(sentence, max(1, width - 2 * aside))
                if above + len(words) <= height and width > 2 * aside:
                    text = [[Segment(" " * aside), Segment(line, self.tobs.palette.text)] for line in words]
                    return [*([[]] * above), *text]
        return []
