"""Choose topics of a forum."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.containers import Horizontal

from tobs_tui.model.display import clean, count
from tobs_tui.model.errors import TobsError
from tobs_tui.model.peers import Dialog, Topic
from tobs_tui.service.protocol import ListTopics, Topics
from tobs_tui.ui.fuzzy import Finder
from tobs_tui.ui.keys import Action, bindings
from tobs_tui.ui.paint import Line, fit
from tobs_tui.ui.run_model import Link
from tobs_tui.ui.screens.page import Page, still_waiting
from tobs_tui.ui.screens.targets import WIDEST_TITLE
from tobs_tui.ui.widgets.fields import Line1
from tobs_tui.ui.widgets.painted import Words
from tobs_tui.ui.widgets.panel import Panel

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widgets import Input
    from textual.worker import WorkType

ASKING = "Asking Telegram for the topics."
OnAccept = Callable[[tuple[int, ...]], None]


class TopicsPanel(Panel):
    """One row a topic."""

    marks = 3

    def __init__(self, chat: int) -> None:
        super().__init__(id="topic-list")
        self.chat = chat
        self.topics: tuple[Topic, ...] = ()
        self.finder: Finder[Topic] = Finder()
        self.in_view: list[int] = []
        self.chosen: set[int] = set()
        self.waiting = ASKING
        self.failed = False
        self.asked_at = 0.0

    def filter(self, query: str) -> None:
        """Show the topics that match."""
        self.in_view = self.finder.matches(query)
        self.move_to(0)

    @property
    def current(self) -> Topic | None:
        """The topic under the cursor."""
        return self.topics[self.in_view[self.cursor]] if 0 <= self.cursor < len(self.in_view) else None

    def count(self) -> int:
        """As many as are shown."""
        return len(self.in_view)

    def title(self) -> Line:
        """How many there are."""
        shown, total = len(self.in_view), len(self.topics)
        number = count(total) if shown == total else f"{count(shown)} of {count(total)}"
        if self.waiting:
            number = number if total else ""  # none is known yet: that is not none
        text = f"  {number}" if number else ""
        return [Segment("Topics", self.tobs.palette.strong), Segment(text, self.tobs.palette.muted)]

    def hints(self) -> Line:
        """The selection, with its messages."""
        palette = self.tobs.palette
        if not self.topics:
            return []
        known = [self.messages(topic) for topic in self.topics if topic.id in self.chosen]
        sure = f", {count(sum(known))} messages" if min(known, default=-1) >= 0 else ""
        text = f"{len(self.chosen)} selected{sure}" if self.chosen else "none selected"
        return [Segment(text, palette.ok if self.chosen else palette.faint)]

    def empty(self) -> str:
        """Why the list is empty."""
        if self.waiting == ASKING:
            return self.waiting + still_waiting(self.tobs.model.clock() - self.asked_at)
        if not self.waiting and not self.topics:
            return "This forum has no topics. Esc goes back; the chat itself can be exported."
        return self.waiting or "No topic matches the filter."

    def empty_tone(self) -> str:
        """What went wrong stands out."""
        return "warn" if self.failed else "muted"

    def _title_width(self, width: int) -> int:
        return min(WIDEST_TITLE, width - 42)

    def header(self, width: int) -> Line | None:
        """Column names."""
        text = f"      {fit('TITLE', self._title_width(width))}{'MESSAGES':>10}  STATE"
        return [Segment(text, self.tobs.palette.faint)]

    def made_of(self, index: int) -> tuple[object, ...]:
        """The topic, whether it is chosen, how much is counted."""
        topic = self.topics[self.in_view[index]]
        return (topic, topic.id in self.chosen, self.messages(topic))

    def row(self, index: int, width: int) -> Line:
        """Mark, icon, title, messages, state."""
        palette, glyphs = self.tobs.palette, self.tobs.glyphs
        topic = self.topics[self.in_view[index]]
        chosen = topic.id in self.chosen
        mark = (
            Segment(f" {glyphs.checked} ", palette.accent)
            if chosen
            else Segment(f" {glyphs.unchecked} ", palette.faint)
        )
        states = [
            word
            for word, on in (
                (f"{glyphs.pin} pinned", topic.pinned),
                (f"{glyphs.closed} closed", topic.closed),
                (f"{glyphs.off} hidden", topic.hidden),
            )
            if on
        ]
        return [
            mark,
            Segment(f" {glyphs.on} ", self._icon_style(topic)),
            Segment(
                fit(clean(topic.title, 160) or "(untitled)", self._title_width(width)),
                palette.strong if chosen else palette.text,
            ),
            Segment(fit(count(self.messages(topic)), 10, ">"), palette.muted),
            Segment(f"  {'  '.join(states)}", palette.muted),
        ]

    def messages(self, topic: Topic) -> int:
        """How many messages a topic has; -1 while Telegram has not told."""
        return max(topic.message_count, self.tobs.model.counted(self.chat, topic.id))

    def _icon_style(self, topic: Topic) -> Style:
        """A topic's own colour, as Telegram shows it; the theme's where it has none."""
        if not topic.icon_color or self.tobs.look.theme.ansi:
            return self.tobs.palette.info
        return Style(color=f"#{topic.icon_color & 0xFFFFFF:06x}")


class TopicsScreen(Page):
    """Choose topics. `known` are those already selected (empty = all, None = the forum was not selected)."""

    context = "topics"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("topics"))
    _asked = False

    def __init__(self, dialog: Dialog, known: tuple[int, ...] | None, on_accept: OnAccept) -> None:
        super().__init__()
        self.dialog, self._known, self._on_accept = dialog, known, on_accept

    def crumbs(self) -> list[str]:
        """Where one is."""
        return ["Chats", clean(self.dialog.peer.title, 50), "Topics"]

    def body(self) -> ComposeResult:
        """The list and the filter."""
        yield TopicsPanel(self.dialog.peer.id)
        with Horizontal(classes="filter"):
            yield Words("Filter", tone="accent")
            yield Line1(id="entry", placeholder="type to filter; Enter keeps it, Esc clears it")

    def on_mount(self) -> None:
        """Ask for the topics."""
        self.query_one(TopicsPanel).focus()
        self.model_changed()

    def model_changed(self) -> None:
        """The topics are asked for once the service is there."""
        if not self._asked and self.tobs.model.link is Link.ATTACHED:
            self._asked = True
            self.run_worker(self._load(), group="topics", exclusive=True)

    async def _load(self) -> None:
        panel = self.query_one(TopicsPanel)
        panel.waiting, panel.asked_at, self.ticking = ASKING, self.tobs.model.clock(), True
        panel.failed = False
        self.paint()
        try:
            chat = self.dialog.peer.id
            if (known := await self.tobs.ask(ListTopics(chat, known=True), Topics)).topics:
                self._show(known)  # as they were last seen, while Telegram is asked
            reply = await self.tobs.ask(ListTopics(chat), Topics)
        except TobsError as error:
            again = self.tobs.key_of("topics.refresh")
            panel.waiting, self.ticking = f"{clean(str(error), 300)} Press {again} to try again.", False
            panel.failed = True
            self.paint()
            return
        panel.waiting, self.ticking = "", False
        self._show(reply)

    def _show(self, reply: Topics) -> None:
        """Show topics; what a person has chosen in the meantime stays chosen."""
        panel = self.query_one(TopicsPanel)
        before, chosen = {topic.id for topic in panel.topics}, panel.chosen
        everything = {topic.id for topic in reply.topics}
        panel.topics = reply.topics
        panel.finder = Finder(reply.topics, _text_of)
        if not before:
            panel.chosen = set(self._known or everything) if self._known is not None else set()
        else:
            panel.chosen = everything if chosen >= before else chosen & everything
        cursor = panel.cursor
        panel.filter(self.query_one("#entry", Line1).value if before else "")
        panel.move_to(cursor if before else 0)
        self.paint()
        work: WorkType[None] = panel.finder.prepare_meanwhile  # as a function: one never begun leaves nothing
        self.run_worker(work, group="prepare", exclusive=True)

    def shows(self, action: Action) -> bool:
        """Another try where one failed; what is done with topics only where there are some."""
        panel = self.query_one(TopicsPanel)
        if action.id == "topics.refresh":
            return panel.failed
        return super().shows(action) and (bool(panel.topics) or action.context != "topics" or action.does == "back")

    def action_refresh_list(self) -> None:
        """Ask Telegram anew."""
        self.run_worker(self._load(), group="topics", exclusive=True)

    def name_of(self, action: Action) -> str:
        """Accepting says how many."""
        chosen = len(self.query_one(TopicsPanel).chosen)
        return f"Use these ({chosen})" if action.id == "topics.accept" and chosen else action.name

    def on_panel_marked(self, message: Panel.Marked) -> None:
        """A click on a mark selects."""
        self.action_select()

    def on_panel_chosen(self, message: Panel.Chosen) -> None:
        """Enter selects."""
        self.action_select()

    def action_select(self) -> None:
        """Select the topic, or no longer; and go on to the next row."""
        panel = self.query_one(TopicsPanel)
        if panel.current is not None:
            panel.chosen ^= {panel.current.id}
            panel.action_cursor_down()
        self.paint()

    def _shown(self) -> set[int]:
        panel = self.query_one(TopicsPanel)
        return {panel.topics[index].id for index in panel.in_view}

    def action_all(self) -> None:
        """Select all that are shown."""
        self.query_one(TopicsPanel).chosen |= self._shown()
        self.paint()

    def action_none(self) -> None:
        """Select none of those shown."""
        self.query_one(TopicsPanel).chosen -= self._shown()
        self.paint()

    def action_invert(self) -> None:
        """Select those shown that are not selected, and no longer those that are."""
        self.query_one(TopicsPanel).chosen ^= self._shown()
        self.paint()

    def action_filter(self) -> None:
        """Type a filter."""
        self.query_one(".filter").display = True
        self.query_one("#entry", Line1).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """The list follows every letter."""
        self.query_one(TopicsPanel).filter(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter."""
        event.stop()
        self.query_one(TopicsPanel).focus()

    def action_accept(self) -> None:
        """Use the selection; every topic means all, those to come included."""
        panel = self.query_one(TopicsPanel)
        if not panel.chosen:
            self.tobs.say("Select at least one topic first, with Space.")
            return
        everything = {topic.id for topic in panel.topics}
        chosen = () if panel.chosen >= everything else tuple(t.id for t in panel.topics if t.id in panel.chosen)
        self._on_accept(chosen)
        self.dismiss(None)

    def action_back(self) -> None:
        """Clear the filter, or leave without a change."""
        field = self.query_one("#entry", Line1)
        if self.typing or field.value:
            field.value = ""
            self.query_one(".filter").display = False
            self.query_one(TopicsPanel).focus()
        else:
            self.dismiss(None)


def _text_of(topic: Topic) -> str:
    return clean(topic.title, 160).casefold()
