"""Choose what to export: every dialog at once, filtered as one types, or a chat by its link."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import BindingType
from textual.containers import Horizontal

from tobs_tui.model.display import NONE, clean, count, moment, plural
from tobs_tui.model.errors import TobsError
from tobs_tui.model.peers import Dialog, PeerKind, is_channel_id
from tobs_tui.model.profile import Profile
from tobs_tui.service.protocol import Dialogs, ListDialogs, ResolveTarget
from tobs_tui.ui.keys import Action, bindings
from tobs_tui.ui.paint import Line, fit
from tobs_tui.ui.run_model import Link
from tobs_tui.ui.screens.page import Page, still_waiting
from tobs_tui.ui.target_list import KIND_WORDS, Archived, TargetList
from tobs_tui.ui.widgets.chrome import clickable, link
from tobs_tui.ui.widgets.fields import Line1
from tobs_tui.ui.widgets.painted import Painted, Words
from tobs_tui.ui.widgets.panel import Panel

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widgets import Input
    from textual.worker import WorkType

ASKING = "Asking Telegram for your chats."
WIDEST_TITLE = 72
"""Columns that titles take at most: further ones would only part them from their figures."""


class DialogsPanel(Panel):
    """One row a dialog."""

    marks = 3

    def __init__(self, targets: TargetList) -> None:
        super().__init__(id="dialogs")
        self.targets = targets
        self.waiting = ASKING
        self.failed = False
        self.asked_at = 0.0

    @property
    def current(self) -> Dialog | None:
        """The dialog under the cursor."""
        shown = self.targets.visible
        return self.targets.dialogs[shown[self.cursor]] if 0 <= self.cursor < len(shown) else None

    def count(self) -> int:
        """As many as are shown."""
        return len(self.targets.visible)

    def title(self) -> Line:
        """How many there are, shown, and selected."""
        palette, targets = self.tobs.palette, self.targets
        shown, total = len(targets.visible), len(targets.dialogs)
        number = count(total) if shown == total else f"{count(shown)} of {count(total)}"
        if self.waiting:
            number = number if total else ""  # none is known yet: that is not none
        return [Segment("Chats", palette.strong), Segment(f"  {number}" if number else "", palette.muted)]

    def hints(self) -> Line:
        """The selection."""
        palette, chosen = self.tobs.palette, len(self.targets.chosen)
        if not self.targets.dialogs:
            return []
        return [
            Segment(f"{count(chosen)} selected" if chosen else "none selected", palette.ok if chosen else palette.faint)
        ]

    def empty(self) -> str:
        """Why the list is empty."""
        if self.waiting == ASKING:
            return self.waiting + still_waiting(self.tobs.model.clock() - self.asked_at)
        if not self.waiting and not self.targets.dialogs:
            return "There are no chats in this account. l adds one by its link, @name or id."
        return self.waiting or "No chat matches. Esc clears the filter; l adds a chat by its link, @name or id."

    def empty_tone(self) -> str:
        """What went wrong stands out."""
        return "warn" if self.failed else "muted"

    def _title_width(self, width: int) -> int:
        return min(WIDEST_TITLE, width - (68 if width >= 100 else 46))

    def header(self, width: int) -> Line | None:
        """Column names."""
        text = f"     {'TYPE':<9}{fit('TITLE', self._title_width(width))}{'UNREAD':>8}{'MESSAGES':>12}{'LAST':>11}"
        if width >= 100:
            text += "  EXPORTED"
        return [Segment(text, self.tobs.palette.faint)]

    def made_of(self, index: int) -> tuple[object, ...]:
        """The dialog, what is chosen of it, how much is counted, and the minute: what was today is yesterday then."""
        dialog = self.targets.dialogs[self.targets.visible[index]]
        chosen, counted = self.targets.chosen.get(dialog.peer.id), self.tobs.model.counted(dialog.peer.id)
        return (dialog, chosen, counted, self.tobs.model.clock() // 60)

    def row(self, index: int, width: int) -> Line:
        """Mark, type, title, unread, messages, last activity, already exported."""
        palette, glyphs = self.tobs.palette, self.tobs.glyphs
        dialog = self.targets.dialogs[self.targets.visible[index]]
        target = self.targets.chosen.get(dialog.peer.id)
        mark = (
            Segment(f" {glyphs.checked} ", palette.accent)
            if target
            else Segment(f" {glyphs.unchecked} ", palette.faint)
        )
        pin = glyphs.pin if dialog.pinned else " "
        name = clean(dialog.peer.title, 120) or "(untitled)"
        note = f"  {plural(len(target.topics), 'topic')}" if target and target.topics else ""
        note += "  archived" if dialog.archived else ""
        note += "  protected" if dialog.peer.noforwards else ""
        note += "  left" if dialog.peer.forbidden else ""
        room = self._title_width(width) - 1
        title = fit(name, max(8, room - len(note))).rstrip() if note else fit(name, room).rstrip()
        rest = fit(note, room - Segment(title).cell_length)
        when = moment(dialog.last_date, self.tobs.model.clock())
        line: Line = [
            mark,
            Segment(f"{pin} ", palette.faint),
            Segment(fit(KIND_WORDS[dialog.peer.kind], 9), palette.muted),
            Segment(title, palette.strong if target else palette.text),
            Segment(f"{rest} ", palette.warn if note else palette.text),
            Segment(fit(count(dialog.unread) if dialog.unread else "", 8, ">"), palette.info),
            Segment(fit(self._messages(dialog), 12, ">"), palette.muted),
            Segment(fit(when, 11, ">"), palette.muted),
        ]
        return [*line, self._exported(dialog)] if width >= 100 else line

    def _messages(self, dialog: Dialog) -> str:
        """The number of messages; until it is counted, a channel's newest id is the most that there can be."""
        known = max(dialog.message_count, self.tobs.model.counted(dialog.peer.id))
        if known < 0 and is_channel_id(dialog.peer.id) and dialog.top_message:
            return f"≤ {count(dialog.top_message)}"
        return count(known)

    def _exported(self, dialog: Dialog) -> Segment:
        palette, glyphs = self.tobs.palette, self.tobs.glyphs
        if not dialog.exported_to:
            return Segment(f"  {NONE}", palette.faint)
        if dialog.exported_to >= dialog.top_message:
            return Segment(f"  {glyphs.done} up to date", palette.ok)
        return Segment(f"  {glyphs.half} to #{count(dialog.exported_to)}", palette.warn)


class Toolbar(Painted):
    """The filters in force; a click on one takes its next value."""

    def __init__(self, targets: TargetList) -> None:
        super().__init__(classes="bar")
        self.targets = targets

    def lines(self, width: int, height: int) -> list[Line]:
        """One line."""
        palette, targets = self.tobs.palette, self.targets
        parts = (
            ("kind", "type", targets.kind or "all", bool(targets.kind)),
            ("folder", "folder", clean(targets.folder, 24) or "all", bool(targets.folder)),
            ("archived", "archived", targets.archived.value, targets.archived is not Archived.HIDDEN),
        )
        line: Line = []
        for action, name, value, on in parts:
            line += clickable(palette, self.tobs.key_of(f"targets.{action}"), name, f"screen.{action}")
            line.append(Segment(f"{value}  ", (palette.warn if on else palette.text) + link(f"screen.{action}")))
        if targets.query:
            line += clickable(palette, self.tobs.key_of("targets.filter"), "", "screen.filter")
            line.append(Segment(clean(targets.query, 40), palette.warn + link("screen.filter")))
        return [line]


class TargetsScreen(Page):
    """Choose chats."""

    context = "targets"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("targets"))
    _asked = False

    def __init__(self, profile: Profile) -> None:
        super().__init__()
        self.profile = profile
        self.targets = TargetList()
        self.targets.preselect(profile)
        self.pasting = False

    def crumbs(self) -> list[str]:
        """Where one is."""
        return [clean(self.profile.name, 40) or "New export", "Chats"]

    def body(self) -> ComposeResult:
        """Filters in force, the list, and a field to type a filter or a link into."""
        yield Toolbar(self.targets)
        yield DialogsPanel(self.targets)
        with Horizontal(classes="filter"):
            yield Words("Filter", tone="accent", id="entry-label")
            yield Line1(id="entry")
        yield Words("", tone="bad", id="entry-note")

    def on_mount(self) -> None:
        """Ask for the list."""
        self.query_one(DialogsPanel).focus()
        self.model_changed()

    def model_changed(self) -> None:
        """The list is asked for once the service is there."""
        if not self._asked and self.tobs.model.link is Link.ATTACHED:
            self._asked = True
            self.run_worker(self._load(refresh=False), group="dialogs", exclusive=True)

    async def _load(self, refresh: bool) -> None:
        panel = self.query_one(DialogsPanel)
        panel.waiting, panel.asked_at, self.ticking = ASKING, self.tobs.model.clock(), True
        panel.failed = False
        try:
            output = self.tobs.effective(self.profile).profile.output
            if (
                not (refresh or self.profile.targets.all_chats)
                and (known := await self.tobs.ask(ListDialogs(output, known=True), Dialogs)).dialogs
            ):
                self._show(known)  # as it was last seen, while Telegram is asked
            reply = await self.tobs.ask(ListDialogs(output, refresh), Dialogs)
        except TobsError as error:
            again = self.tobs.key_of("targets.refresh")
            panel.waiting, self.ticking = f"{clean(str(error), 300)} Press {again} to try again.", False
            panel.failed = True
            self.paint()
            return
        panel.waiting, self.ticking = "", False
        self._show(reply)

    def _show(self, reply: Dialogs) -> None:
        self.targets.load(reply.dialogs)
        if self.profile.targets.all_chats and not self.targets.chosen:
            self.targets.preselect(self.profile)
        self._refilter(self.query_one(DialogsPanel).cursor)
        work: WorkType[None] = self.targets.finder.prepare_meanwhile  # as a function: one never begun leaves nothing
        self.run_worker(work, group="prepare", exclusive=True)

    def _refilter(self, cursor: int = 0) -> None:
        self.query_one(DialogsPanel).move_to(cursor)
        self.paint()

    def offers(self, action: Action) -> bool:
        """Topics only on a forum."""
        if action.id == "targets.topics":
            dialog = self.query_one(DialogsPanel).current
            return dialog is not None and dialog.peer.kind is PeerKind.FORUM
        return True

    def shows(self, action: Action) -> bool:
        """Another try where one failed; what is done with chats only where there are some."""
        panel = self.query_one(DialogsPanel)
        if action.id == "targets.refresh":
            return panel.failed
        if action.id in ("targets.toggle", "targets.filter", "targets.next"):
            return bool(self.targets.dialogs)
        return super().shows(action)

    def name_of(self, action: Action) -> str:
        """Next says how many."""
        chosen = len(self.targets.chosen)
        return f"Next ({chosen})" if action.id == "targets.next" and chosen else action.name

    def on_panel_moved(self, message: Panel.Moved) -> None:
        """Other keys may work on another row."""
        self._repaint_keys()

    def on_panel_marked(self, message: Panel.Marked) -> None:
        """A click on a mark selects."""
        self.action_select()

    async def on_panel_chosen(self, message: Panel.Chosen) -> None:
        """Enter opens a forum's topics, and selects anything else."""
        dialog = self.query_one(DialogsPanel).current
        if dialog is not None and dialog.peer.kind is PeerKind.FORUM:
            await self.action_topics()
        else:
            self.action_select()

    def action_select(self) -> None:
        """Select the chat, or no longer; and go on to the next row."""
        panel = self.query_one(DialogsPanel)
        if panel.current is not None:
            self.targets.toggle(panel.current)
            panel.action_cursor_down()
        self.paint()

    async def action_topics(self) -> None:
        """Choose topics of the forum under the cursor."""
        from tobs_tui.ui.screens.topics import TopicsScreen

        dialog = self.query_one(DialogsPanel).current
        if dialog is None or dialog.peer.kind is not PeerKind.FORUM:
            self.tobs.say("Only forums have topics.")
            return
        known = self.targets.chosen.get(dialog.peer.id)

        def chosen(topics: tuple[int, ...]) -> None:
            self.targets.choose_topics(dialog, topics)
            self.paint()

        await self.tobs.push_screen(TopicsScreen(dialog, known.topics if known else None, chosen))

    # The field: a filter, or a link.

    def action_filter(self) -> None:
        """Type a filter."""
        self._open_entry("Filter", self.targets.query, "type to filter; Enter keeps it, Esc clears it", pasting=False)

    def action_paste(self) -> None:
        """Type or paste a link."""
        self._open_entry("Chat", "", "https://t.me/rustclub, @name, invite link, id or exact title", pasting=True)

    def _open_entry(self, label: str, value: str, placeholder: str, pasting: bool) -> None:
        self.pasting = pasting
        self.query_one("#entry-label", Words).say(label)
        field = self.query_one("#entry", Line1)
        with field.prevent(field.Changed):
            field.value = value
        field.placeholder = placeholder
        self.query_one(".filter").display = True
        field.focus()

    def _close_entry(self) -> None:
        self.query_one(".filter").display = False
        self.query_one("#entry-note", Words).say("")
        self.query_one(DialogsPanel).focus()
        self.paint()

    def on_input_changed(self, event: Input.Changed) -> None:
        """The list follows every letter."""
        if not self.pasting:
            self.targets.query = event.value
            self.targets.apply()
            self._refilter()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter; or look the chat up."""
        event.stop()
        if not self.pasting:
            self._close_entry()
            return
        if not event.value.strip():
            return
        self.query_one("#entry-note", Words).say("Looking it up.", "muted")
        self.run_worker(self._look_up(event.value.strip()), group="look-up", exclusive=True)

    async def _look_up(self, text: str) -> None:
        """Add the chat that a link, a name or an id stands for; the screen goes on meanwhile."""
        note = self.query_one("#entry-note", Words)
        try:
            reply = await self.tobs.ask(ResolveTarget(text), Dialogs)
        except TobsError as error:
            note.say(f"{self.tobs.glyphs.failed} {clean(str(error), 300)}", "bad")
            return
        for dialog in reply.dialogs:
            place = self.targets.add(dialog)
            self.query_one(DialogsPanel).move_to(place)
        self._close_entry()

    # Other keys.

    def action_kind(self) -> None:
        """Another type."""
        self.targets.next_kind()
        self._refilter()

    def action_folder(self) -> None:
        """Another folder."""
        self.targets.next_folder()
        self._refilter()

    def action_archived(self) -> None:
        """Archived chats: hidden, shown, only."""
        self.targets.next_archived()
        self._refilter()

    def action_select_visible(self) -> None:
        """Select what is shown."""
        self.targets.choose_visible()
        self.paint()

    def action_clear(self) -> None:
        """Select nothing."""
        self.targets.chosen.clear()
        self.paint()

    def action_refresh_list(self) -> None:
        """Ask Telegram anew."""
        self.run_worker(self._load(refresh=True), group="dialogs", exclusive=True)

    async def action_next(self) -> None:
        """On to the profile."""
        if not self.targets.targets().chats:
            self.tobs.say("Select at least one chat first, with Space.")
            return
        await self.tobs.show_tuning(self.targets.profile(self.profile))

    def action_back(self) -> None:
        """Leave the field, clear the filter, or leave the screen."""
        if self.typing and self.pasting:
            self._close_entry()
        elif self.typing or self.targets.query:
            self.targets.query = ""
            self.targets.apply()
            self._refilter()
            self._close_entry()
        else:
            self.dismiss(None)
