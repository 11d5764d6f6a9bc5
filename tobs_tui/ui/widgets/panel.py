"""A framed list of rows of any length: only the rows in view are made, and only lines that changed are painted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.events import Blur, DescendantBlur, DescendantFocus, Focus
from textual.message import Message

from tobs_tui.config.settings import KeyStyle
from tobs_tui.ui.keys import LIST, bindings
from tobs_tui.ui.paint import Line, crop, cut, highlight, width_of
from tobs_tui.ui.widgets.painted import Painted, wrap

if TYPE_CHECKING:
    from textual.events import Click, Key, MouseScrollDown, MouseScrollUp

WHEEL_ROWS = 3


class Panel(Painted, can_focus=True):
    """Base: subclasses give `count`, `row` and, where they like, `title`, `hints`, `header`, `selectable`, `empty`."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings(LIST))

    @dataclass
    class Chosen(Message):
        """The row under the cursor was chosen, with Enter or a second click."""

        panel: Panel
        index: int

    @dataclass
    class Marked(Message):
        """The mark of a row was clicked; the cursor stands there."""

        panel: Panel
        index: int

    @dataclass
    class Moved(Message):
        """The cursor went to another row."""

        panel: Panel
        index: int

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.cursor = 0
        self.offset_row = 0

        self.filtering = False
        """Whether what is typed into another widget filters this list, until the focus is here again."""
        self._kept_rows: dict[int, tuple[tuple[object, ...], Line]] = {}

    type_ahead: ClassVar[bool] = False
    """Whether letters that do nothing else go to the next row that begins with them, where lists leave them free."""

    marks: ClassVar[int] = 0
    """How many columns at the left of a row are its mark: a click there marks it."""
    one_click: ClassVar[bool] = False
    """Whether a single click chooses, as in a menu."""

    # What a subclass says.

    def label(self, index: int) -> str:
        """What typed letters are compared with, where `type_ahead` is on."""
        return ""

    def count(self) -> int:
        """How many rows there are."""
        return 0

    def row(self, index: int, width: int) -> Line:
        """Row `index` in at most `width` columns."""
        raise TypeError(f"{type(self).__name__} has no rows")

    def made_of(self, index: int) -> tuple[object, ...]:
        """All that row `index` shows, but for theme and width: it is made anew only when this is not what it was.

        Nothing for a row that changes by itself, as one that counts down.
        """
        return ()

    def title(self) -> Line:
        """What stands in the frame at the left."""
        return []

    def hints(self) -> Line:
        """What stands in the frame at the right; left out where it does not fit."""
        return []

    def header(self, width: int) -> Line | None:
        """Names of the columns."""
        return None

    def empty(self) -> str:
        """The sentence shown when there are no rows."""
        return ""

    def empty_tone(self) -> str:
        """The palette's style for that sentence: ``muted``, or ``warn`` where something is wrong."""
        return "muted"

    def selectable(self, index: int) -> bool:
        """Whether the cursor may stand on row `index`."""
        return True

    # Moving.

    @property
    def rows_in_view(self) -> int:
        """How many rows fit into the frame."""
        return max(0, self.size.height - 2 - (self.header(self.size.width - 2) is not None))

    def move_to(self, index: int, direction: int = 1) -> None:
        """Put the cursor on row `index`, or on the next one in `direction` that may have it; and paint."""
        last = self.count() - 1
        index = max(0, min(last, index))
        while 0 <= index <= last and not self.selectable(index):
            index += direction
        if not 0 <= index <= last:
            if direction > 0:  # nothing further down: the last one that may have it
                index = next((i for i in range(last, -1, -1) if self.selectable(i)), 0)
            else:
                self.offset_row = 0
                index = next((i for i in range(last + 1) if self.selectable(i)), 0)
        moved = index != self.cursor
        self.cursor = max(0, index)
        self._keep_in_view()
        self.repaint()
        if moved:
            self.post_message(self.Moved(self, self.cursor))

    def scroll_rows(self, rows: int) -> None:
        """Move the view, and the cursor only as far as it must."""
        room = self.rows_in_view
        self.offset_row = max(0, min(self.offset_row + rows, self.count() - room))
        inside = max(self.offset_row, min(self.cursor, self.offset_row + max(0, room - 1)))
        self.cursor = inside if self.selectable(inside) or self.count() == 0 else self.cursor
        self.repaint()

    def _keep_in_view(self) -> None:
        room = self.rows_in_view
        total = self.count()
        self.cursor = max(0, min(self.cursor, total - 1))
        if self.cursor < self.offset_row:
            self.offset_row = self.cursor
        elif room and self.cursor >= self.offset_row + room:
            self.offset_row = self.cursor - room + 1
        self.offset_row = max(0, min(self.offset_row, max(0, total - room)))

    def action_cursor_up(self) -> None:
        """One row up."""
        if all(not self.selectable(i) for i in range(min(self.cursor, self.count()))):
            self.offset_row = 0  # lets headings above the first row come into view
        self.move_to(self.cursor - 1, -1)

    def action_cursor_down(self) -> None:
        """One row down."""
        self.move_to(self.cursor + 1, 1)

    def action_page_up(self) -> None:
        """One page up."""
        self.move_to(self.cursor - max(1, self.rows_in_view - 1), -1)

    def action_page_down(self) -> None:
        """One page down."""
        self.move_to(self.cursor + max(1, self.rows_in_view - 1), 1)

    def action_first(self) -> None:
        """To the first row."""
        self.move_to(0, 1)

    def action_last(self) -> None:
        """To the last row."""
        self.move_to(self.count() - 1, -1)

    def action_choose(self) -> None:
        """Choose the row under the cursor."""
        if 0 <= self.cursor < self.count():
            self.post_message(self.Chosen(self, self.cursor))

    def on_key(self, event: Key) -> None:
        """In the arrow style, a letter goes to the next row that begins with it; keys that do something come first."""
        letter = event.character or ""
        arrows = self.tobs.settings.key_style is KeyStyle.ARROWS
        if not (self.type_ahead and arrows and letter.isalnum()) or event.key in self.screen.active_bindings:
            return
        total = self.count()
        for index in ((self.cursor + step) % total for step in range(1, total + 1)):
            if self.selectable(index) and self.label(index).casefold().startswith(letter.casefold()):
                event.stop()
                self.move_to(index)
                return

    def on_click(self, event: Click) -> None:
        """A click moves the cursor, one on a mark marks; a second one chooses."""
        head = 1 + (self.header(self.size.width - 2) is not None)
        index = self.offset_row + event.y - head
        if event.y < head or not 0 <= index < self.count() or not self.selectable(index):
            return
        again = self.one_click or (index == self.cursor and event.chain > 1)
        self.move_to(index)
        if 1 <= event.x <= self.marks:
            self.post_message(self.Marked(self, index))
        elif again:
            self.action_choose()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """The wheel moves the view."""
        event.stop()
        self.scroll_rows(WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """The wheel moves the view."""
        event.stop()
        self.scroll_rows(-WHEEL_ROWS)

    @property
    def lit(self) -> bool:
        """Whether frame and cursor show that keys go here."""
        return self.has_focus or self.filtering

    def watch_has_focus(self, _has_focus: bool) -> None:
        """The frame takes the accent, or gives it back: no style sheet says anything of a panel's focus."""
        self.repaint()  # when the events come, the value is still the old one

    def _on_focus(self, event: Focus) -> None:
        """In place of Textual's own, which paints every line of a widget anew."""
        event.prevent_default()
        self.has_focus, self.filtering = True, False
        if self.parent is not None:
            self.parent.post_message(DescendantFocus(self))

    def _on_blur(self, event: Blur) -> None:
        """In place of Textual's own, as above."""
        event.prevent_default()
        self.has_focus = False
        if self.parent is not None:
            self.parent.post_message(DescendantBlur(self))

    # Painting.

    def lines(self, width: int, height: int) -> list[Line]:
        """Frame, header and the rows in view."""
        palette = self.tobs.palette
        inner = width - 2
        if inner < 4 or height < 3:
            return []
        self._keep_in_view()
        head = self.header(inner)
        total = self.count()
        if head is not None and not total and self.empty():
            head = []  # columns of nothing have no names
        body: list[Line] = [] if head is None else [crop(head, inner)]
        room = height - 2 - len(body)
        kept, self._kept_rows = self._kept_rows, {}
        for index in range(self.offset_row, min(total, self.offset_row + room)):
            line = self._row(index, inner, kept)
            if index == self.cursor and self.lit and self.selectable(index):
                line = highlight(line, palette.cursor)
            body.append(line)
        if not total and self.empty():
            body += self._empty_lines(inner, room)
        body += [[Segment(" " * inner)]] * (height - 2 - len(body))
        thumb = self._thumb(height - 2 - (head is not None), total, room)
        return self._framed(body, inner, thumb, head is not None)

    def _row(self, index: int, inner: int, kept: dict[int, tuple[tuple[object, ...], Line]]) -> Line:
        """Row `index`, the one that was made before where nothing it shows has changed."""
        source = self.made_of(index)
        if not source:
            return cut(self.row(index, inner), inner)
        before = kept.get(index)
        row = before if before is not None and before[0] == source else (source, cut(self.row(index, inner), inner))
        self._kept_rows[index] = row
        return row[1]

    def forget(self) -> None:
        """Drop what was painted, as after a change of theme or size."""
        self._kept_rows = {}
        super().forget()

    def _empty_lines(self, inner: int, room: int) -> list[Line]:
        words = wrap(self.empty(), inner - 4)
        blank, style = max(0, min(1, room - len(words))), getattr(self.tobs.palette, self.empty_tone())
        rows: list[Line] = [[]] * blank + [[Segment("  "), Segment(word, style)] for word in words]
        return [crop(row, inner) for row in rows[:room]]

    def _thumb(self, height: int, total: int, room: int) -> range:
        """The lines of the right edge that show where in a long list the view is; none when all is in view."""
        if total <= room or room <= 0:
            return range(0)
        length = max(1, height * room // total)
        top = (height - length) * self.offset_row // max(1, total - room)
        return range(top, top + length)

    def _framed(self, body: list[Line], inner: int, thumb: range, headed: bool) -> list[Line]:
        palette, glyphs = self.tobs.palette, self.tobs.glyphs
        frame = palette.frame_focus if self.lit else palette.frame
        side = Segment(glyphs.down, frame)
        lines = [self._top(inner, frame)]
        for y, line in enumerate(body):
            edge = Segment(glyphs.thumb, palette.accent) if y - headed in thumb else side
            lines.append([side, *line, edge])
        lines.append([Segment(glyphs.bottom_left + glyphs.across * inner + glyphs.bottom_right, frame)])
        return lines

    def _top(self, inner: int, frame: Style) -> Line:
        glyphs = self.tobs.glyphs
        title, hints = self.title(), self.hints()
        left: Line = [Segment(glyphs.top_left + glyphs.across, frame)]
        if title:
            left += [Segment(" "), *title, Segment(" ")]
        right: Line = [Segment(" "), *hints, Segment(" ")] if hints else []
        gap = inner + 2 - width_of(left) - width_of(right) - 2
        if gap < 1 and right:
            right, gap = [], inner + 2 - width_of(left) - 2
        if gap < 0:
            left, gap = crop(left, inner), 0
        return [*left, Segment(glyphs.across * gap, frame), *right, Segment(glyphs.across + glyphs.top_right, frame)]
