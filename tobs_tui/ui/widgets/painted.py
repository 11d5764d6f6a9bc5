"""A widget that paints itself by lines, and repaints only the lines that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tobs_tui.ui.glyphs import PLAIN
from tobs_tui.ui.paint import Line, crop

if TYPE_CHECKING:
    from rich.style import Style
    from textual.events import Resize

    from tobs_tui.ui.app import TobsApp


class Painted(Widget):
    """Base: subclasses give `lines`; `repaint` compares them with what is on the screen and refreshes the difference.

    Whole stock widgets repaint in full with every change; on a slow link that is what costs (a tenth of the bytes this
    way, measured on a dashboard of twenty bars).
    """

    _painted: list[Strip] | None = None
    _drawn: list[Line] = []  # noqa: RUF012  # replaced, never changed
    """What `_painted` was made of."""
    _made_for: tuple[int, Style | None, bool] = (0, None, False)
    """And for: width, style of the ground, whether in ASCII."""
    _ground: Style | None = None
    _bare: bool | None = None
    """Whether the styles add nothing to the lines; None while that is not known."""

    @property
    def tobs(self) -> TobsApp:
        """The application, by its own type."""
        return cast("TobsApp", self.app)

    def lines(self, width: int, height: int) -> list[Line]:
        """The content, at most `height` lines of at most `width` columns; no I/O in here."""
        raise TypeError(f"{type(self).__name__} does not say what it looks like")

    def repaint(self, force: bool = False) -> None:
        """Bring the screen up to date; `force` paints every line anew."""
        width, height = self.size
        if not (width and height) or not self.is_attached:
            return
        before = self._painted
        now = self._fresh(width, height)
        self._painted = now
        if force or before is None or len(before) != len(now):
            self.refresh()
            return
        changed = [y for y, (old, new) in enumerate(zip(before, now, strict=True)) if old is not new and old != new]
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        """Textual asks for line `y` when it has to paint it."""
        width, _ = self.size
        painted = self._up_to_date()
        return painted[y] if y < len(painted) else Strip.blank(width)

    def _up_to_date(self) -> list[Strip]:
        width, height = self.size
        if self._painted is None or len(self._painted) != height or self._made_for[0] != width:
            self._painted = self._fresh(width, height)
        return self._painted

    def render_lines(self, crop: Region) -> list[Strip]:
        """Textual asks for the lines of a part; where styles add nothing to them they are given as they are.

        Textual works out backgrounds, opacity and borders of every widget for every paint: half of what painting a
        dashboard's changes took.
        """
        if self._bare is None:
            self._bare = not any(self.styles.gutter)
        if not self._bare or self.hover_style._meta or self.app.get_line_filters():
            return super().render_lines(crop)
        painted = self._up_to_date()[crop.y : crop.bottom]
        if crop.width != self._made_for[0]:
            painted = [strip.crop(crop.x, crop.right) for strip in painted]
        return painted

    def forget(self) -> None:
        """Drop what was painted, as after a change of theme."""
        self._painted = self._ground = None
        self.refresh()

    def on_resize(self, event: Resize) -> None:
        """Lay the lines out for the new size."""
        self.forget()

    def notify_style_update(self) -> None:
        """Textual tells of styles that changed, as with the focus."""
        super().notify_style_update()
        self._ground = self._bare = None

    def _fresh(self, width: int, height: int) -> list[Strip]:
        """The lines as they are to be shown; those drawn as they were before are the same objects.

        To compare a line costs a tenth of what it costs to finish it, and of a dashboard's fifty lines ten change.
        """
        if self._ground is None:
            self._ground = self.rich_style  # textual looks through all ancestors for it
        base, plain = self._ground, self.tobs.glyphs.ascii
        found = self.lines(width, height)[:height]
        made_for = (width, base, plain)
        finished = self._painted if self._painted is not None and self._made_for == made_for else []
        rows: list[Strip] = []
        for y, line in enumerate(found):
            if y < min(len(finished), len(self._drawn)) and self._drawn[y] == line:
                rows.append(finished[y])
                continue
            letters = [Segment(text.translate(PLAIN), style) for text, style, _ in line] if plain else line
            rows.append(Strip(Segment.apply_style(crop(letters, width), base), width))
        self._drawn, self._made_for = found, made_for
        blank = Strip.blank(width, base)
        return rows + [blank] * (height - len(rows))


class Words(Painted):
    """Wrapped plain text; `lines_of` may be replaced for text that depends on the model."""

    def __init__(
        self, text: str = "", *, tone: str = "muted", id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._text = text
        self._tone = tone

    def say(self, text: str, tone: str = "") -> None:
        """Show another text, in the palette's style `tone`."""
        if (text, tone or self._tone) != (self._text, self._tone):
            self._text, self._tone = text, tone or self._tone
            self.refresh(layout=True)
            self.repaint()

    @property
    def text(self) -> str:
        """What is said."""
        return self._text

    def get_content_width(self, container: object, viewport: object) -> int:
        """Textual asks how wide the text is where the width is left to it."""
        return max((cell_len(line) for line in self._text.split("\n")), default=0)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """Textual asks how high the text is at a width."""
        return len(wrap(self._text, width))

    def lines(self, width: int, height: int) -> list[Line]:
        """The wrapped text."""
        style = getattr(self.tobs.palette, self._tone)
        return [[Segment(line, style)] for line in wrap(self._text, width)]


def wrap(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` columns, broken at spaces; its own line ends are kept. No line for no text."""
    if not text:
        return []
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            joined = f"{line} {word}" if line else word
            if cell_len(joined) <= width:
                line = joined
                continue
            if line:
                lines.append(line)
            pieces = chop_cells(word, max(1, width)) or [""]
            lines.extend(pieces[:-1])
            line = pieces[-1]
        lines.append(line)
    return lines
