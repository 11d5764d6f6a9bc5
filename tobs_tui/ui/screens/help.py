"""Help: what the keys of a screen do."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import BindingType
from textual.containers import Vertical

from tobs_tui.ui.keys import EVERYWHERE, LIST, actions_of, bindings, keys_of, shown
from tobs_tui.ui.paint import Line, fit
from tobs_tui.ui.screens.dialogs import Dialog
from tobs_tui.ui.widgets.chrome import DialogBar
from tobs_tui.ui.widgets.painted import Words
from tobs_tui.ui.widgets.panel import Panel

if TYPE_CHECKING:
    from textual.app import ComposeResult

_NAMES = {
    "home": "Home",
    "sign_in": "Sign in",
    "targets": "Chats",
    "topics": "Topics",
    "tuning": "Profile",
    "run": "Dashboard",
    "summary": "Summary",
    "search": "Search",
    "message": "Message",
    "settings": "Settings",
    LIST: "In every list",
    EVERYWHERE: "Everywhere",
}


class KeysPanel(Panel):
    """Every action that can be done from a screen: keys, name, sentence."""

    def __init__(self, context: str) -> None:
        super().__init__(id="keys")
        self._about = context
        self.entries: list[tuple[str, str]] = []

    def read(self) -> None:
        """Read the table of actions."""
        for context in (self._about, LIST, EVERYWHERE):
            self.entries.append(("", _NAMES[context]))
            for action in actions_of(context):
                if action.id.startswith("home.launch") and action.id != "home.launch1":
                    continue  # told once: nine rows that differ by a number would hide the others
                keys = "  ".join(shown(key) for key in keys_of(action, self.tobs.keymap))
                self.entries.append((keys, action.help))

    def count(self) -> int:
        """One row an action or heading."""
        return len(self.entries)

    def title(self) -> Line:
        """What this is."""
        return [Segment(f"Keys: {_NAMES[self._about]}", self.tobs.palette.strong)]

    def selectable(self, index: int) -> bool:
        """Headings are passed over."""
        return 0 <= index < len(self.entries) and bool(self.entries[index][0])

    def row(self, index: int, width: int) -> Line:
        """Heading; or keys and sentence."""
        palette = self.tobs.palette
        keys, text = self.entries[index]
        if not keys:
            return [Segment(f" {text}", palette.muted)]
        return [Segment(f"   {fit(keys, 14)} ", palette.accent), Segment(text, palette.text)]


class HelpScreen(Dialog[None]):
    """Help for one context."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings("help"))
    beside = 12

    def __init__(self, context: str) -> None:
        super().__init__()
        self._about = context

    def compose(self) -> ComposeResult:
        """The keys, and where to change them."""
        panel = KeysPanel(self._about)
        panel.read()  # before the first layout, which a height that comes later would do anew
        panel.styles.height = self.list_height(panel.count())
        with Vertical():
            yield panel
            yield Words(
                "Every key can be changed in the settings file, under keymap; “tobs config keys” prints all of them. "
                f"{self.tobs.key_of('app.commands')} finds any action by name.",
                tone="muted",
            )
            yield DialogBar(("dialog.close", "Close", "close"))

    def on_mount(self) -> None:
        """Begin with the list."""
        panel = self.query_one(KeysPanel)
        panel.focus()
        panel.move_to(0)

    def on_panel_chosen(self, message: Panel.Chosen) -> None:
        """Enter closes as well."""
        message.stop()
        self.dismiss(None)
