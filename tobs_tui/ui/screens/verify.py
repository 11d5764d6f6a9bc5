"""Verifying a vault, in a dialog: how far it is, then the verdict, what is wrong, and the way on."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.containers import Vertical

from tobs_tui.model.display import clean, count, duration, plural, size
from tobs_tui.model.errors import ErrorCode
from tobs_tui.model.verifying import number_found, place_found
from tobs_tui.ui.paint import Line, fit
from tobs_tui.ui.screens.dialogs import Detail, Dialog, Sheet
from tobs_tui.ui.verifier import Found, Verifying
from tobs_tui.ui.widgets.chrome import DialogBar
from tobs_tui.ui.widgets.fields import Choice
from tobs_tui.ui.widgets.painted import Words, wrap
from tobs_tui.ui.widgets.panel import Panel

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Resize
    from textual.worker import WorkType

    from tobs_tui.ui.app import TobsApp

QUIET_S = 4
"""From so many seconds without a sign on, their number is told."""
BESIDE = 16
"""Lines of the dialog that are not rows of what is wrong, nor the numbers above them."""
FEWEST_ROWS, MOST_ROWS = 2, 16


def verify_vault(app: TobsApp, vault: str) -> None:
    """Verify a vault in a dialog, unless the run that is watched writes to it: that is told instead."""
    run = app.model.run
    if run is not None and app.model.running and run.output == vault:
        app.say(f"A run is writing to {vault}. It can be verified when the run has ended.")
    else:
        app.push_screen(VerifyDialog(vault))


class FoundPanel(Panel):
    """What is wrong, one row a thing."""

    def __init__(self, verifying: Verifying) -> None:
        super().__init__(id="found")
        self._verifying = verifying

    def count(self) -> int:
        """The first of what is wrong."""
        return len(self._verifying.rows)

    def title(self) -> Line:
        """How many there are."""
        palette, shown, all_of_it = self.tobs.palette, self.count(), self._verifying.wrong
        number = count(all_of_it) if shown == all_of_it else f"the first {count(shown)} of {count(all_of_it)}"
        return [Segment("Wrong", palette.strong), Segment(f"  {number}", palette.bad)]

    def row(self, index: int, width: int) -> Line:
        """Fault, place, why."""
        palette, found = self.tobs.palette, self._verifying.rows[index]
        return [
            Segment(f" {self.tobs.glyphs.failed} {fit(clean(found.fault, 20), 11)}", palette.bad),
            Segment(f"{_place(found)}  ", palette.text),
            Segment(clean(found.reason, 500), palette.muted),
        ]


def _place(found: Found) -> str:
    place = place_found(found.path, found.line, found.title, found.first_id, found.last_id)
    return place or clean(found.what, 20)


class VerifyDialog(Dialog[None]):
    """Verifies as long as it is open: closing it ends the process that does it."""

    def __init__(self, vault: str) -> None:
        super().__init__()
        self._vault = vault
        self.verifying: Verifying
        self._shown_rows = 0

    def compose(self) -> ComposeResult:
        """What is done, how far it is; later what was found, and the way on."""
        self.verifying = Verifying(self._vault, self._changed, self.tobs.model.clock)
        with Vertical():
            yield Words("Verifying the vault", tone="strong", classes="heading")
            yield Sheet(self._figures())
            yield Words("", tone="bad", id="kinds")
            yield FoundPanel(self.verifying)
            yield Words("", tone="muted", id="way-on")
            with Vertical(classes="choices"):
                yield Choice("Copy the command that repairs it", id="copy")
            yield DialogBar(("dialog.close", "Close", "close"))

    def on_mount(self) -> None:
        """Begin."""
        for widget in (FoundPanel, "#kinds", ".choices"):
            self.query_one(widget).display = False
        self.query_one("#way-on", Words).say(
            "Archive, messages, notes, files and links are looked at; nothing is written. Closing this ends it."
        )
        self.set_interval(1.0, self._tick)
        work: WorkType[None] = self.verifying.run  # as a function: one that never begins leaves nothing behind
        self.run_worker(work, group="verify")

    def on_resize(self, event: Resize) -> None:
        """Another window, another share of it for what is wrong."""
        self._shown_rows = 0
        self._paint()

    def _figures(self) -> list[tuple[str, str]]:
        state, now = self.verifying, self.tobs.model.clock()
        looked = f"{plural(state.messages, 'message')}, {plural(state.files, 'file')}, {plural(state.links, 'link')}"
        passed = duration((state.heard if state.over else now) - state.began)
        quiet = now - state.heard
        if not state.over and quiet >= QUIET_S:
            passed += f"; the last sign came {duration(quiet)} ago"
        return [
            ("Vault", clean(state.vault, 400)),
            ("Looked at", f"{looked}, {size(state.bytes)}"),
            ("Time", passed),
        ]

    def _tick(self) -> None:
        if not self.verifying.over:
            self._paint()

    def _changed(self) -> None:
        """The process said something: figures wait for the next second, a verdict does not."""
        if self.verifying.over and self.is_mounted:
            self._conclude()
            self._shown_rows = 0  # the numbers above them take some of their room
            self._paint()

    def _paint(self) -> None:
        sheet, panel = self.query_one(Sheet), self.query_one(FoundPanel)
        sheet.pairs = self._figures()
        sheet.repaint()
        if self.verifying.rows and len(self.verifying.rows) != self._shown_rows:
            self._shown_rows = len(self.verifying.rows)
            numbers = max(1, len(wrap(self.query_one("#kinds", Words).text, 64)))
            room = max(FEWEST_ROWS, min(MOST_ROWS, self.app.size.height * 9 // 10 - BESIDE - numbers))
            panel.styles.height = min(self._shown_rows, room) + 2
            panel.display = True
        panel.repaint()

    def _conclude(self) -> None:
        """The verdict, and the way on."""
        state, glyphs = self.verifying, self.tobs.glyphs
        heading, way_on = self.query_one(".heading", Words), self.query_one("#way-on", Words)
        if state.problem is not None:
            heading.say(f"{glyphs.failed} The vault was not verified", "bad")
            way_on.say(clean(str(state.problem), 600), "text")
            if state.problem.code is ErrorCode.VAULT_IN_USE:
                heading.say(f"{glyphs.waiting} A run is writing to the vault", "warn")
        elif state.sound:
            heading.say(f"{glyphs.done} All is sound and complete", "ok")
            way_on.say("Every message, note, file and link is as it was written.")
        else:
            heading.say(f"{glyphs.failed} Something is wrong", "bad")
            self.add_class("-wrong")
            kinds = [number_found(kind.what, kind.fault, kind.count) for kind in state.kinds]
            self.query_one("#kinds", Words).say(clean(", ".join(kinds), 180), "bad")
            way_on.say("A repair fetches and renders again just what is wrong.")
            for widget in (self.query_one("#kinds"), self.query_one(".choices")):
                widget.display = True
            self.query_one(FoundPanel).focus()

    def on_panel_chosen(self, message: Panel.Chosen) -> None:
        """Everything about a thing that is wrong."""
        message.stop()
        found = self.verifying.rows[message.index]
        pairs = [
            ("What", clean(found.what, 40)),
            ("Fault", clean(found.fault, 40)),
            ("Where", _place(found)),
            *([("Chat", clean(found.title))] if found.title else []),
            ("Why", clean(found.reason, 1000)),
        ]
        self.app.push_screen(Detail("Wrong", pairs))

    def on_choice_pressed(self, message: Choice.Pressed) -> None:
        """The command, for the shell."""
        message.stop()
        command = f"tobs verify --repair {shlex.quote(self._vault)}"
        self.app.copy_to_clipboard(command)
        self.tobs.say(f"Copied {command}")
