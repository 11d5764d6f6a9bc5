"""Small dialogs over a screen: a question, the details of a row, a name to give."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.containers import Vertical
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import _RenderCache

from tobs_tui.ui.dimmed import dimmed
from tobs_tui.ui.keys import DIALOG, bindings
from tobs_tui.ui.paint import Line, fit
from tobs_tui.ui.screens.closing import ClosesOnce
from tobs_tui.ui.screens.room import DIALOG_HEIGHTS, LEAST_HEIGHT, TINY, WIDTHS, take_size
from tobs_tui.ui.widgets.chrome import DialogBar
from tobs_tui.ui.widgets.fields import Choice, Field
from tobs_tui.ui.widgets.painted import Painted, Words, wrap
from tobs_tui.ui.widgets.panel import Panel

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Resize
    from textual.widgets import Input

    from tobs_tui.ui.app import TobsApp

AnswerT = TypeVar("AnswerT")


class Dialog(ClosesOnce[AnswerT], ModalScreen[AnswerT]):
    """Base of the dialogs: Escape closes without an answer. What does not fit into a small window can be scrolled."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings(DIALOG))
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = DIALOG_HEIGHTS
    beside: ClassVar[int] = 0
    """Lines of the terminal that are not its list's, in a dialog that has one."""

    @property
    def tobs(self) -> TobsApp:
        """The application, by its own type."""
        return cast("TobsApp", self.app)

    def _render_content(self) -> None:
        """Textual's hook that fills what `render_line` gives: the screen below, dimmed, without a detour over Rich."""
        found = self.render()
        if not isinstance(found, BackgroundScreen):
            super()._render_content()
            return
        width, height = self.size
        ground = Style(bgcolor=found.color.rich_color)  # where the screen below has not been told of a new size yet
        below = [dimmed(strip, found.color) for strip in found.screen._compositor.render_strips(self.size)]
        strips = [strip.adjust_cell_length(width, ground) for strip in below[:height]]
        strips += [Strip.blank(width, ground)] * (height - len(strips))
        self._render_cache = _RenderCache(self.size, strips)
        self._dirty_regions.clear()

    def action_close(self) -> None:
        """No answer."""
        self.dismiss(None)

    def on_mount(self) -> None:
        """Laid out for the terminal's size before anything is painted."""
        take_size(self)

    def on_resize(self, event: Resize) -> None:
        """Another window: a list has another share of it, and what has the focus stays in view."""
        for panel in self.query(Panel) if self.beside else ():
            panel.styles.height = self.list_height(panel.count())
        if self.focused is not None:
            self.call_after_refresh(self.focused.scroll_visible, animate=False)

    def list_height(self, rows: int) -> int:
        """What a list of so many rows may have of the terminal: in a small one all of it, the rest being below."""
        lines = self.app.size.height
        room = lines - self.beside if lines >= LEAST_HEIGHT else lines - 2 * (lines >= TINY)
        return min(rows + 2, max(3, room))

    def _scroll(self, lines: int) -> None:
        box = self.query_one("Dialog > Vertical", Vertical)
        box.scroll_relative(y=lines, animate=False, immediate=True)

    @property
    def _page(self) -> int:
        return max(1, self.query_one("Dialog > Vertical", Vertical).scrollable_content_region.height - 1)

    def action_next(self) -> None:
        """To the next answer or field; where there is none, on to what did not fit."""
        if len(self.focus_chain) > 1:
            self.focus_next()
        else:
            self._scroll(1)

    def action_previous(self) -> None:
        """To the answer or field before; where there is none, back up."""
        if len(self.focus_chain) > 1:
            self.focus_previous()
        else:
            self._scroll(-1)

    def action_page_down(self) -> None:
        """On to what did not fit."""
        self._scroll(self._page)

    def action_page_up(self) -> None:
        """Back up."""
        self._scroll(-self._page)


class Ask(Dialog[bool]):
    """A question with two answers; the second one, which changes nothing, is the default where `careful`."""

    def __init__(self, question: str, note: str, yes: str, no: str, *, careful: bool = True) -> None:
        super().__init__()
        self._question, self._note, self._yes, self._no, self._careful = question, note, yes, no, careful

    def compose(self) -> ComposeResult:
        """Question, note, answers."""
        with Vertical():
            yield Words(self._question, tone="strong", classes="heading")
            if self._note:
                yield Words(self._note, tone="muted")
            with Vertical(classes="choices"):
                yield Choice(self._yes, id="yes")
                yield Choice(self._no, id="no")

    def on_mount(self) -> None:
        """Focus the default."""
        self.query_one("#no" if self._careful else "#yes", Choice).focus()

    def on_choice_pressed(self, message: Choice.Pressed) -> None:
        """The answer."""
        self.dismiss(message.choice.id == "yes")


class AskName(Dialog[str]):
    """Asks for a name, or a file's; `check` gives what is wrong with one, and the dialog stays until nothing is."""

    def __init__(
        self, question: str, value: str, check: Callable[[str], str], note: str = "", *, label: str = "Name"
    ) -> None:
        super().__init__()
        self._question, self._value, self._check, self._note, self._label = question, value, check, note, label

    def compose(self) -> ComposeResult:
        """Question and field."""
        with Vertical():
            yield Words(self._question, tone="strong", classes="heading")
            yield Field("name", self._label, value=self._value, hint=self._note)
            yield DialogBar(("list.choose", "Take it", "take"), ("dialog.close", "Cancel", "close"))

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Field).input.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the name if it is one."""
        event.stop()
        self.action_take()

    def action_take(self) -> None:
        """Take the name if it is one."""
        name = self.query_one(Field).input.value.strip()
        wrong = self._check(name)
        if wrong:
            self.query_one(Field).wrong(wrong)
        else:
            self.dismiss(name)


class Sheet(Painted):
    """Names with their values, one pair a line; long values go on below."""

    def __init__(self, pairs: list[tuple[str, str]], names_width: int = 0) -> None:
        super().__init__()
        self.pairs = pairs
        self._names = names_width or max((len(name) for name, _ in pairs), default=0) + 2

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """Textual asks how high this is."""
        return len(self.lines(width, 10_000))

    def lines(self, width: int, height: int) -> list[Line]:
        """The pairs."""
        palette = self.tobs.palette
        found: list[Line] = []
        for name, value in self.pairs:
            for place, part in enumerate(wrap(value, max(8, width - self._names)) or [""]):
                label = fit("" if place else name, self._names)
                found.append([Segment(label, palette.muted), Segment(part, palette.text)])
        return found


class Detail(Dialog[None]):
    """Everything about one row."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings("detail"))
    more: ClassVar[tuple[tuple[str, str, str], ...]] = ()
    """What else can be done from here, as `DialogBar` has it."""

    def __init__(self, heading: str, pairs: list[tuple[str, str]]) -> None:
        super().__init__()
        self._heading, self._pairs = heading, pairs

    def compose(self) -> ComposeResult:
        """Heading and pairs."""
        with Vertical():
            yield Words(self._heading, tone="strong", classes="heading")
            yield Sheet(self._pairs)
            yield DialogBar(*self.more, ("dialog.close", "Close", "close"))
