"""The dashboard: a run as it happens, in five panels, or on small terminals in five tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical

from tobs_tui.model.display import ago, clean, eta, plural, stopwatch
from tobs_tui.model.run import RunPhase, RunState
from tobs_tui.service.protocol import AcknowledgeAlert, CancelRun, PauseRun, RestartWorker, ResumeRun
from tobs_tui.ui import run_model
from tobs_tui.ui.keys import Action, bindings
from tobs_tui.ui.paint import Line
from tobs_tui.ui.screens.dialogs import Ask, Detail
from tobs_tui.ui.screens.page import Page
from tobs_tui.ui.screens.run_details import details
from tobs_tui.ui.screens.takeout_delay import TakeoutDelayScreen
from tobs_tui.ui.widgets.chrome import SILENT_AFTER_S
from tobs_tui.ui.widgets.fields import Line1
from tobs_tui.ui.widgets.painted import Words
from tobs_tui.ui.widgets.panel import Panel
from tobs_tui.ui.widgets.run_figures import Figures, Strip, Tail
from tobs_tui.ui.widgets.run_panels import PHASE_WORDS, ChatsPanel, RunPanel, WorkersPanel
from tobs_tui.ui.widgets.watch_panels import AlertsPanel, LogPanel, ResourcesPanel

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import DescendantFocus, Resize
    from textual.widgets import Input

WIDE, HIGH = 110, 30
"""From this many columns and lines on, all panels are shown at once."""


class RunScreen(Page):
    """The dashboard. Goes over to the summary when a run ends, but for the one that was `over` before."""

    context = "run"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("run"))
    AUTO_FOCUS = "#chats"
    ticking = True

    def __init__(self, over: str = "") -> None:
        super().__init__()
        self._over = over
        self.zoomed = False
        self.current = 1
        self._delay_shown = False
        self._workers, self._resources = WorkersPanel(), ResourcesPanel()

    def crumbs(self) -> list[str]:
        """The profile and what it exports."""
        run = self.tobs.model.view
        if run is None:
            return ["Run"]
        title = _subject(run)
        return [clean(run.profile.name, 40) or "export", title] if title else [clean(run.profile.name, 40) or "export"]

    def status(self) -> Line:
        """Phase, time, line to Telegram."""
        model, palette, glyphs = self.tobs.model, self.tobs.palette, self.tobs.glyphs
        run = model.view
        if run is None:
            return []
        word, tone = PHASE_WORDS[run.phase]
        sign = glyphs.paused if run.phase is RunPhase.PAUSED else glyphs.on
        line: Line = [Segment(f"{sign} {word}", getattr(palette, tone))]
        line.append(Segment(f" {stopwatch(run.totals.elapsed_s)}", palette.strong))
        if model.frozen:
            line = [Segment(f"{glyphs.paused} VIEW HELD  ", palette.warn), *line]
        if run.phase is not RunPhase.FINISHED and run_model.telegram_is_lost(run):
            more = "Telegram cannot be reached, trying again" if self.wide else "no Telegram"
            return [Segment(f"{glyphs.warning} {more}  ", palette.warn), *line]
        if self.wide:
            latency = f" {run.latency_ms:.0f} ms" if run.latency_ms >= 0 else ""
            line.append(Segment(f"  dc{run.dc}{latency}" if run.dc else "", palette.muted))
            line.append(Segment("  takeout" if run.takeout else "", palette.muted))
            if model.silent_s >= SILENT_AFTER_S and run.phase is not RunPhase.FINISHED:
                line.append(Segment(f"  heard {ago(model.silent_s)}", palette.warn))
            else:
                line.append(Segment(f"  {self.tobs.paints_a_second:.0f} Hz", palette.faint))
        else:
            line += [Segment("  ETA ", palette.muted), Segment(eta(run.totals.eta_s), palette.strong)]
        return line

    def over(self) -> ComposeResult:
        """The field of the filter."""
        with Horizontal(classes="filter"):
            yield Words("Filter", tone="accent")
            yield Line1(id="filter", placeholder="type to filter; Enter keeps it, Esc clears it")

    def body(self) -> ComposeResult:
        """Figures and panels."""
        yield Figures(id="figures")
        yield Strip(id="strip")
        with Horizontal(id="deck-top"):
            yield ChatsPanel()
            with Vertical(id="side"):
                yield self._resources
                yield AlertsPanel()
        yield self._workers
        yield LogPanel()
        yield Tail(id="tail")

    def on_mount(self) -> None:
        """Start on the chats; laid out for the terminal's size before anything is painted."""
        self._arrange()
        self.panels[0].focus()

    def on_resize(self, event: Resize) -> None:
        """All panels, or tabs."""
        self._arrange()

    @property
    def wide(self) -> bool:
        """Whether all panels fit at once."""
        return self.app.size.width >= WIDE and self.app.size.height >= HIGH

    @property
    def panels(self) -> list[RunPanel]:
        """The five, by number."""
        return sorted(self.query(RunPanel), key=lambda panel: panel.number)

    def model_changed(self) -> None:
        """The summary follows when the run ends; the workers' panel is as high as it must be."""
        model = self.tobs.model
        ended = model.run is not None and not model.running and model.run.run_id != self._over
        if model.run is not None and ended and self.is_current and not model.frozen:
            self._over = model.run.run_id
            self.tobs.show_summary()
            return
        self._mind_takeout()
        if model.view is not None and self.wide and not self.zoomed:
            most = self.app.size.height // 3 - 1
            _fit_height(self._workers, min(len(model.view.workers) + 3, most))
            _fit_height(self._resources, min(self._resources.count() + 2, most))
        if not self.wide:
            self._make_tabs()

    def _mind_takeout(self) -> None:
        """Show the ways on once for each delay of the takeout; the alert stays for those who wait."""
        run = self.tobs.model.run
        delay = run.takeout_delay if run is not None and self.tobs.model.running else None
        if delay is not None and not self._delay_shown and self.is_current:
            self._delay_shown = True
            self.tobs.push_screen(TakeoutDelayScreen(delay))
        elif delay is None:
            self._delay_shown = False

    def _arrange(self) -> None:
        """Show all panels, or only the current one."""
        tabs = not self.wide
        self.set_class(tabs, "-tabs")
        self.set_class(self.zoomed and not tabs, "-zoom")
        for panel in self.panels:
            panel.set_class(panel.number == self.current, "-shown")
            panel.tabs = None
            if tabs or self.zoomed:
                panel.styles.clear_rule("height")
        top, side = self.query_one("#deck-top"), self.query_one("#side")
        top.set_class(self.current in (1, 3, 4), "-holds")
        side.set_class(self.current in (3, 4), "-holds")
        self.model_changed()
        self.call_after_refresh(self.paint)

    def _make_tabs(self) -> None:
        palette, glyphs = self.tobs.palette, self.tobs.glyphs
        run = self.tobs.model.view
        opened = len(run_model.open_alerts(run.alerts)) if run else 0
        names = {
            1: self.panels[0].name_now(),
            2: "Workers",
            3: "Resources",
            4: f"Alerts {opened}" if opened else "Alerts",
            5: "Log",
        }
        for panel in self.panels:
            line: Line = []
            for number, name in names.items():
                here = number == panel.number
                extra = "".join(segment.text for segment in panel.caption()) if here and number == 1 else ""
                line += [Segment(f" {glyphs.down} ", palette.frame)] if line else []
                link = Style(meta={"@click": f"screen.panel({number})"})
                line += [
                    Segment(f"{number} ", (palette.accent if here else palette.faint) + link),
                    Segment(f"{name} {extra}".rstrip(), (palette.tab if here else palette.muted) + link),
                ]
            panel.tabs = line

    # Keys.

    def name_of(self, action: Action) -> str:
        """What keys do depends on the phase."""
        model = self.tobs.model
        if action.id == "run.pause" and model.run is not None and model.run.phase is RunPhase.PAUSED:
            return "Resume"
        if action.id == "app.quit" and model.running:
            return "Quit (job continues)"
        return action.name

    def offers(self, action: Action) -> bool:
        """A finished run cannot be paused or stopped."""
        if action.id in ("run.pause", "run.stop"):
            return self.tobs.model.running
        return True

    async def action_pause(self) -> None:
        """Pause or resume the job."""
        run = self.tobs.model.run
        if run is not None and self.tobs.model.running:
            await self.tobs.do(ResumeRun() if run.phase is RunPhase.PAUSED else PauseRun())

    async def action_stop(self) -> None:
        """Stop the job, after asking."""
        if not self.tobs.model.running:
            return

        async def answered(yes: bool | None) -> None:
            if yes:
                await self.tobs.do(CancelRun())

        await self.tobs.push_screen(
            Ask(
                "Stop this export?",
                "What is fetched stays, and is written to the vault. Starting the profile again goes on from there.",
                "Stop, keeping what is fetched",
                "Let it run",
                careful=False,
            ),
            answered,
        )

    def action_detach(self) -> None:
        """Leave the screen; the job continues."""
        if self.tobs.model.running:
            self.tobs.say("The job continues. Watch it again from the home screen.")
        self.tobs.back_to_home()

    def action_filter(self) -> None:
        """Filter the focused list."""
        self.query_one(".filter").display = True
        field = self.query_one("#filter", Line1)
        panel = self._panel()
        panel.filtering = True
        field.value = panel.query_text
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """The list follows every letter."""
        panel = self._panel()
        panel.query_text = event.value
        panel.move_to(0)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter, go back to the list."""
        event.stop()
        self._leave_filter()

    def _leave_filter(self) -> None:
        self.query_one(".filter").display = False
        self._panel().focus()

    def _panel(self) -> RunPanel:
        return self.panels[self.current - 1]

    def action_back(self) -> None:
        """Clear the filter, else end the zoom, else detach."""
        panel = self._panel()
        if self.typing or panel.query_text:
            panel.query_text = ""
            self._leave_filter()
            panel.move_to(0)
        elif self.zoomed:
            self.action_zoom()
        else:
            self.action_detach()

    def action_zoom(self) -> None:
        """One panel alone, or all again."""
        self.zoomed = not self.zoomed
        self._arrange()

    def action_freeze(self) -> None:
        """Hold the view still, or let it go on."""
        self.tobs.model.freeze(not self.tobs.model.frozen)
        self.model_changed()
        self.paint()

    async def action_acknowledge(self) -> None:
        """Mark the alert under the cursor as seen, or all of them from anywhere else."""
        panel = self.query_one(AlertsPanel)
        rows = panel.alerts()
        key = rows[panel.cursor].key if panel.has_focus and rows else ""
        await self.tobs.do(AcknowledgeAlert(key))

    async def action_restart(self) -> None:
        """Have the worker under the cursor begin anew what it is at."""
        panel = self._workers
        rows = panel.rows()
        if not panel.has_focus or not rows:
            self.tobs.say("Go to the worker first, with 2.")
        elif await self.tobs.do(RestartWorker(rows[panel.cursor].id)):
            self.tobs.say(f"{rows[panel.cursor].id} begins anew.")

    def action_sort(self) -> None:
        """Another order of the chats."""
        panel = self.query_one(ChatsPanel)
        panel.order = panel.order.next()
        panel.repaint()

    def action_level(self) -> None:
        """Another level of the log."""
        self.query_one(LogPanel).next_level()

    def action_follow(self) -> None:
        """Hold the log still, or follow it."""
        self.query_one(LogPanel).hold()

    def action_panel(self, number: int) -> None:
        """Go to a panel."""
        self.current = number
        if not self.wide or self.zoomed:
            self._arrange()
        self._panel().focus()

    def action_summary(self) -> None:
        """The summary, once the run has ended."""
        if not self.tobs.model.running and self.tobs.model.run is not None:
            self.tobs.show_summary()

    def on_panel_chosen(self, message: Panel.Chosen) -> None:
        """Everything about the row; the ways on where Telegram delays the export."""
        run, panel = self.tobs.model.run, message.panel
        delay = run.takeout_delay if run is not None else None
        if delay is not None and isinstance(panel, AlertsPanel) and panel.alerts()[message.index].key == "takeout":
            self.tobs.push_screen(TakeoutDelayScreen(delay))
            return
        found = details(message.panel, message.index)
        if found is not None:
            self.tobs.push_screen(Detail(*found))

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The panel with the focus is the one that filter and zoom are about."""
        if isinstance(self.focused, RunPanel):
            self.current = self.focused.number
        self._repaint_keys()

    def on_unmount(self) -> None:
        """The next visit starts live."""
        if self.tobs.model.frozen:
            self.tobs.model.freeze(False)


def _fit_height(panel: RunPanel, wanted: int) -> None:
    """Make a panel as high as its rows, and no less than one row."""
    height = max(4, wanted)
    if panel.styles.height is None or panel.styles.height.value != height:
        panel.styles.height = height


def _subject(run: RunState) -> str:
    """What a run exports, for the first line: the only chat's name, else how many chats."""
    targets = run.profile.targets
    if targets.all_chats or len(targets.chats) != 1:
        return plural(len({row.chat for row in run.chats}), "chat") if run.chats else ""
    target = targets.chats[0]
    title = clean(target.title, 60) or next((clean(row.title, 60) for row in run.chats if not row.topic), "")
    return f"{title} ({plural(len(target.topics), 'topic')})" if target.topics else title
