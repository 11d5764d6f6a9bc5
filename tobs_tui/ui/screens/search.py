"""Search over what is exported: results follow the typing, and lead to the message and to its line in the notes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal

from tobs_tui.model.display import clean, shown_folder
from tobs_tui.model.errors import TobsError
from tobs_tui.service.protocol import ListRuns, Runs
from tobs_tui.ui.editor import copy_place, open_in_editor
from tobs_tui.ui.keys import Action, bindings
from tobs_tui.ui.screens.page import Page
from tobs_tui.ui.search_model import FIELDS, PAGE, Form, SearchModel, known_vaults
from tobs_tui.ui.search_worker import Answered, Asking, Counted, Indexed, Indexing, Keeping, Looked, Looking, Refused
from tobs_tui.ui.widgets.fields import Line1
from tobs_tui.ui.widgets.painted import Words
from tobs_tui.ui.widgets.search_panels import Preview, ResultsPanel

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.timer import Timer
    from textual.widgets import Input

    from tobs_tui.engine.search import Found
    from tobs_tui.ui.widgets.panel import Panel

PAUSE_S = 0.15
"""So long nothing is typed before what is typed is looked for."""
LOOK_PAUSE_S = 0.08
"""So long the cursor rests before the message under it is read."""
KEEP_EVERY_S = 5.0
"""How often the index is brought up to date while the screen is in front."""
AGAIN_S = 2.0
"""How often the answer is asked for again while the index grows."""


class SearchScreen(Page):
    """Search. `first` are the folders of the vaults that are at hand, the likeliest one first."""

    context = "search"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("search"))

    def __init__(self, first: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.search = SearchModel()
        self._first = first
        self._asking: Asking | None = None
        self._further: Asking | None = None
        self._looking: Looking | None = None
        self._keeping: Keeping | None = None
        self._kept: tuple[int, int] | None = None
        self._due: Timer | None = None
        self._look_due: Timer | None = None
        self._asked_at = 0.0

    def crumbs(self) -> list[str]:
        """Where one is, and in which vault."""
        return ["Search", clean(shown_folder(self.search.vault, 36))] if self.search.vault else ["Search"]

    def body(self) -> ComposeResult:
        """Words; filters; what is wrong or going on; the list; the message under its cursor."""
        with Horizontal(classes="search-row"):
            yield Words("Search", tone="accent")
            yield Line1(id="words", placeholder='words, a "phrase", begin*, -without')
        with Horizontal(classes="search-row"):
            for name, label in FIELDS.items():
                yield Words(label, tone="muted", id=f"label-{name}")
                yield Line1(id=name, placeholder="2024-05-31" if name in ("since", "until") else "any")
        yield Words("", tone="faint", id="search-note")
        yield ResultsPanel(self.search)
        yield Preview()

    def on_mount(self) -> None:
        """Type at once; the vaults are looked for meanwhile."""
        self.query_one("#words", Line1).focus()
        self.run_worker(self._find_vaults(), group="vaults", exclusive=True)
        self.set_interval(KEEP_EVERY_S, self._keep_index)

    def on_unmount(self) -> None:
        """Nobody waits for answers any more."""
        for question in (self._asking, self._further, self._looking, self._keeping):
            if question is not None:
                question.give_up()

    # The vault.

    async def _find_vaults(self) -> None:
        try:
            runs = (await self.tobs.ask(ListRuns(), Runs)).runs
        except TobsError:  # the service is away; profiles tell of vaults as well
            runs = ()
        found = await asyncio.to_thread(known_vaults, self._first, self.tobs.paths, self.tobs.effective, runs)
        self.search.vaults, self.search.looked_for_vaults = found, True
        self._use(found[0] if found else "")

    def _use(self, vault: str) -> None:
        """Search in another vault."""
        if self._keeping is not None:
            self._keeping.give_up()
        self.search.vault, self.search.reading = vault, -1
        self._keeping = Keeping(self.post_message, vault) if vault else None
        self._keep_index()
        self._ask()
        self.paint()
        self._repaint_keys()

    def _keep_index(self) -> None:
        """Bring the index up to date, unless that is being done."""
        if self._keeping is None or not self.is_current:
            return
        if not any(worker.group == "index" and not worker.is_finished for worker in self.workers):
            self.run_worker(self._keeping.run, thread=True, group="index")

    def on_indexing(self, message: Indexing) -> None:
        """The index grows; what is in it can be found already."""
        if message.vault != self.search.vault:
            return
        self.search.reading, self.search.of = (message.done, message.total) if message.done < message.total else (-1, 0)
        self._say()
        if self.search.form.words and monotonic() - self._asked_at >= AGAIN_S and not self.search.asking:
            self._ask(keep=True)

    def on_indexed(self, message: Indexed) -> None:
        """The index is up to date."""
        if message.vault != self.search.vault:
            self._keep_index()
            return
        self.search.reading = -1
        if message.error is not None:
            self.search.problem = message.error
        elif message.new:
            self._ask(keep=True)
        self._say()
        self.query_one(ResultsPanel).repaint()

    # Asking.

    def _form(self) -> Form:
        return Form(*(self.query_one(f"#{name}", Line1).value for name in ("words", *FIELDS)))

    def on_input_changed(self, event: Input.Changed) -> None:
        """What is typed is looked for after a short pause."""
        if self._due is not None:
            self._due.stop()
        self._due = self.set_timer(PAUSE_S, self._ask)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Look for it now, and go to the list."""
        event.stop()
        if self._form() != self.search.form:
            self._ask()
        self.query_one(ResultsPanel).focus()

    def _ask(self, keep: bool = False) -> None:
        """Ask for what is typed; `keep`: the same again, the cursor staying on its message."""
        if self._due is not None:
            self._due.stop()
        for question in (self._asking, self._further):
            if question is not None:
                question.give_up()
        search, panel = self.search, self.query_one(ResultsPanel)
        search.form = self._form()
        self._kept = (panel.current.chat, panel.current.id) if keep and panel.current is not None else None
        if not search.vault or not search.form.words.strip():
            self._asking = None
            search.clear()
            self._answered()
            return
        search.asking, self._asked_at = True, monotonic()
        limit = max(PAGE, len(search.found)) if keep else PAGE
        self._asking = Asking(self.post_message, search.vault, search.form, limit=limit)
        self.run_worker(self._asking.run, thread=True, group="ask")
        panel.repaint()

    def on_answered(self, message: Answered) -> None:
        """A page has come."""
        panel = self.query_one(ResultsPanel)
        if message.asking is self._further:
            self._further = None
            self.search.add(message.page)
            panel.repaint()
        elif message.asking is self._asking:
            self.search.begin(message.page)
            self._answered()

    def on_counted(self, message: Counted) -> None:
        """It is known how many there are."""
        if message.asking is self._asking:
            self.search.total = message.total
            self.query_one(ResultsPanel).repaint()

    def on_refused(self, message: Refused) -> None:
        """The question, or the message, cannot be had."""
        if message.asking is self._asking:
            self.search.clear()
            self.search.problem = message.error
            self._answered()
        elif message.asking is self._looking:
            self.query_one(Preview).show(None)

    def _answered(self) -> None:
        """Show what there is now."""
        panel = self.query_one(ResultsPanel)
        panel.move_to(self.search.place_of(self._kept))
        self._say()
        self._look()
        self._repaint_keys()

    def on_results_panel_near_end(self, message: ResultsPanel.NearEnd) -> None:
        """Ask for the next page."""
        search = self.search
        if self._further is None and not search.asking and search.more:
            self._further = Asking(self.post_message, search.vault, search.form, after=search.last)
            self.run_worker(self._further.run, thread=True, group="ask")

    def _say(self) -> None:
        """What is wrong stands below the fields, with the label of its field marked; else what is going on."""
        problem = self.search.problem
        wrong = problem.field if problem is not None else ""
        glyph = self.tobs.glyphs.failed
        for name, label in FIELDS.items():
            on = name == wrong
            self.query_one(f"#label-{name}", Words).say(f"{glyph} {label}" if on else label, "bad" if on else "muted")
        note = self.query_one("#search-note", Words)
        if problem is not None and wrong in FIELDS:
            note.say(f"{glyph} {FIELDS[wrong]}: {clean(str(problem), 300)}", "bad")
        elif problem is not None and self.search.found:
            note.say(f"{self.tobs.glyphs.warning} {clean(str(problem), 300)}", "warn")
        else:
            note.say(self.search.progress(), "info")

    # The message under the cursor.

    def on_panel_moved(self, message: Panel.Moved) -> None:
        """Read it once the cursor rests."""
        if self._look_due is not None:
            self._look_due.stop()
        self._look_due = self.set_timer(LOOK_PAUSE_S, self._look)

    def _look(self) -> None:
        current = self.query_one(ResultsPanel).current
        if self._looking is not None:
            self._looking.give_up()
            self._looking = None
        if current is None:
            self.query_one(Preview).show(None)
            return
        key = (current.chat, current.id)
        self._looking = Looking(self.post_message, self.search.vault, self.search.form, key, around=0)
        self.run_worker(self._looking.run, thread=True, group="look")

    def on_looked(self, message: Looked) -> None:
        """It is read."""
        if message.looking is self._looking:
            self.query_one(Preview).show(message.passage)
            self._repaint_keys()

    async def on_panel_chosen(self, message: Panel.Chosen) -> None:
        """All of it, with its neighbours."""
        from tobs_tui.ui.screens.message import MessageScreen

        current = self.query_one(ResultsPanel).current
        if current is not None:
            await self.tobs.push_screen(MessageScreen(self.search.vault, self.search.form, current, self._step))

    def _step(self, rows: int) -> Found | None:
        """The message so many rows further down; None past the ends of the list."""
        panel = self.query_one(ResultsPanel)
        if not 0 <= panel.cursor + rows < panel.count():
            return None
        panel.move_to(panel.cursor + rows)
        return panel.current

    # Keys.

    def offers(self, action: Action) -> bool:
        """What needs a message, or several vaults, only where there are."""
        if action.id in ("search.open", "search.copy"):
            passage = self.query_one(Preview).passage
            return passage is not None and bool(passage.path)
        if action.id == "search.vault":
            return len(self.search.vaults) > 1
        return True

    def action_words(self) -> None:
        """Type other words."""
        self.query_one("#words", Line1).focus()

    def action_filters(self) -> None:
        """Type into the filters."""
        self.query_one("#chat", Line1).focus()

    def action_clear(self) -> None:
        """No filter."""
        for name in FIELDS:
            self.query_one(f"#{name}", Line1).value = ""
        self._ask()

    async def action_vault(self) -> None:
        """Another vault."""
        from tobs_tui.ui.screens.pick import PickOne

        def chosen(place: int | None) -> None:
            if place is not None:
                self._use(self.search.vaults[place])

        if len(self.search.vaults) > 1:
            names = [clean(shown_folder(vault, 60)) for vault in self.search.vaults]
            at = self.search.vaults.index(self.search.vault)
            await self.tobs.push_screen(PickOne("Search in", names, at), chosen)

    def action_open(self) -> None:
        """The note that shows the message, at its line, in the editor."""
        passage = self.query_one(Preview).passage
        if passage is not None and passage.path:
            open_in_editor(self.tobs, Path(self.search.vault, passage.path), passage.line)

    def action_copy(self) -> None:
        """File and line to the clipboard."""
        passage = self.query_one(Preview).passage
        if passage is not None and passage.path:
            copy_place(self.tobs, Path(self.search.vault, passage.path), passage.line)

    def action_back(self) -> None:
        """From a field to the list, if there is one; else leave."""
        if self.typing and self.search.found:
            self.query_one(ResultsPanel).focus()
        else:
            self.dismiss(None)
