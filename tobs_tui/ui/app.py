"""The application: puts model, feed, themes, keys and screens together. What a screen does is in its own file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from rich.text import Text
from textual.app import SystemCommand
from textual.binding import BindingType

from tobs_tui.config.paths import Paths
from tobs_tui.config.settings import Settings
from tobs_tui.model.display import clean
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Profile
from tobs_tui.model.refresh import Refresh
from tobs_tui.monitor.clock import now
from tobs_tui.service.protocol import AnyCommand, Done, StartRun
from tobs_tui.ui import glyphs as glyph_sets
from tobs_tui.ui.feed import Connect, Feed, ReplyT
from tobs_tui.ui.keymap import read_keymap
from tobs_tui.ui.keys import ACTIONS, BY_ID, EVERYWHERE, LIST, bindings, keys_of, shown
from tobs_tui.ui.paint import Palette, plain_palette, with_few_colors
from tobs_tui.ui.places import GoesPlaces
from tobs_tui.ui.run_model import Link, RunModel
from tobs_tui.ui.screens.home import HomeScreen
from tobs_tui.ui.signals import mind_signals
from tobs_tui.ui.stylesheet import PatientStylesheet, let_go_of_widgets
from tobs_tui.ui.themes import OWN_COLORS_THEME, ThemeBook, WithoutColor, shipped_folder
from tobs_tui.ui.widgets.painted import Painted

if TYPE_CHECKING:
    from textual.driver import Driver
    from textual.filter import LineFilter
    from textual.screen import Screen
    from textual.timer import Timer

    from tobs_tui.config.layers import Effective


class Resolve(Protocol):
    """Gives a profile's effective values and where each came from, all layers of configuration taken into account."""

    def __call__(self, profile: Profile | None, given: Collection[str] | None = None) -> Effective:
        """`given` are the dotted keys that the profile sets; None: those that differ from the defaults."""


THEMES_S = 1.0  # how often the theme files are looked at
PAINTS_A_SECOND = 4.0
PAINTS_A_SECOND_LOW = 2.0


class TobsApp(GoesPlaces):
    """Wiring only: screens read `model`, paint with `palette` and `glyphs`, and send commands with `ask`."""

    CSS_PATH = "tobs.tcss"
    TITLE = "tobs"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(EVERYWHERE))
    NOTIFICATION_TIMEOUT = 6

    def __init__(
        self,
        *,
        connect: Connect,
        paths: Paths,
        settings: Settings,
        effective: Resolve,
        profile: Profile | None = None,
        refresh: Refresh | None = None,
        demo: bool = False,
        low_bandwidth: bool = False,
        ready: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = now,
    ) -> None:
        let_go_of_widgets()
        super().__init__()
        self.paths, self.settings, self.effective, self.demo = paths, settings, effective, demo
        self.elsewhere: tuple[str, ...] = ()
        self.launch_profile, self.launch_refresh = profile, refresh
        self.low_bandwidth = low_bandwidth or settings.low_bandwidth
        self.model = RunModel(clock)
        self.glyphs = glyph_sets.choose(settings.ascii)
        self._plain = plain_palette()
        self.keymap: Mapping[str, str] = {}
        self.themes = ThemeBook((shipped_folder(), paths.themes_dir))
        self.themes.load()
        for look in self.themes.looks.values():
            self.register_theme(look.theme)
        self._few_colors = self.console.color_system == "standard"
        self.wanted_theme = settings.theme or (OWN_COLORS_THEME if self._few_colors else "")
        self._take_look(self.wanted_theme)
        self.theme = self.look.name
        self.stylesheet = PatientStylesheet(variables=self.get_css_variables())
        self.animation_level = "none"
        self._connect, self._when_ready = connect, ready
        self._feed: Feed | None = None
        self._painter: Timer | None = None
        self._painted_link = Link.CONNECTING
        self._painted_revision = -1
        self._painted_second = 0

    def _take_look(self, name: str) -> None:
        self.look = self.themes.get(name)
        self._palette = with_few_colors(self.look.palette) if self._few_colors else self.look.palette

    @property
    def palette(self) -> Palette:
        """The styles of the theme in use."""
        return self._plain if self.no_color else self._palette

    def get_line_filters(self) -> Sequence[LineFilter]:
        """With NO_COLOR nothing has a colour, the stock widgets included.

        Textual's own filter replaces the terminal's sixteen colours, run by run, in a tenth of the time that a screen
        takes; a theme has true colours only, or is meant to have the terminal's.
        """
        return (WithoutColor(),) if self.no_color else ()

    def use_theme(self, name: str) -> None:
        """Paint everything in another theme, now."""
        self.wanted_theme = name  # a file that is broken for a moment, while it is being written, comes back
        self._take_look(name)
        self.theme = self.look.name
        for screen in self.screen_stack:
            for widget in screen.query(Painted):
                widget.forget()

    def use_ascii(self, on: bool) -> None:
        """Paint everything with the other set of signs."""
        self.glyphs = glyph_sets.choose(on)
        self.use_theme(self.look.name)

    def use_low_bandwidth(self, on: bool) -> None:
        """Paint less or more often."""
        self.low_bandwidth = on
        self._start_painting()

    @property
    def paints_a_second(self) -> float:
        """How often the screen may change by itself."""
        return PAINTS_A_SECOND_LOW if self.low_bandwidth else PAINTS_A_SECOND

    def refresh(self, *, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Textual lays everything out when a screen has been removed, which changes nothing of the one in front."""
        return super().refresh(repaint=repaint and not layout, layout=layout, recompose=recompose)

    # Life.

    def get_default_screen(self) -> Screen[Any]:
        """The home screen lies below all others."""
        return HomeScreen()

    def get_driver_class(self) -> type[Driver]:
        """On terminals, the driver that is a good job of a shell."""
        from tobs_tui.ui.terminal_driver import driver_for

        return driver_for(super().get_driver_class())

    def on_mount(self) -> None:
        """Show the first screen, then look for the service: the first paint waits for nothing."""
        self._check_settings()
        self._feed = Feed(self._connect, self.model, self._wake)
        self.run_worker(self._feed.run(), group="feed", exit_on_error=True)
        self._start_painting()
        self.set_interval(THEMES_S, self._reload_themes)
        self.call_after_refresh(self._be_ready)

    def _be_ready(self) -> None:
        """Once: what can wait until there is something to see."""
        ready, self._when_ready = self._when_ready, lambda: None
        ready()

    async def on_unmount(self) -> None:
        """Let go of the service; a run continues there."""
        if self._feed is not None:
            await self._feed.close()

    def _check_settings(self) -> None:
        self.use_keys()
        self._tell_theme_problems()
        if self.settings.theme and self.settings.theme not in self.themes.looks:
            self.notify(f"There is no theme {clean(self.settings.theme, 40)}.", severity="warning", markup=False)

    def use_keys(self) -> None:
        """Put the keys of the settings in force, and tell what is wrong with them."""
        read = read_keymap(self.settings.keymap, self.settings.key_style)
        self.keymap = read.keys
        self.set_keymap(dict(self.keymap))
        self.urgent = frozenset(keys_of(BY_ID["app.force_quit"], self.keymap))
        if read.problems:
            self.notify(read.message(self.paths.settings_file), severity="warning", markup=False, timeout=30)
        if self.page is not None:
            self.page.paint(force=True)

    def _tell_theme_problems(self) -> None:
        if self.themes.problems:
            self.notify(self.themes.message(), severity="warning", markup=False, timeout=15)

    def _reload_themes(self) -> None:
        if not self.themes.changed():
            return
        told = self.themes.problems
        self.themes.load()
        for look in self.themes.looks.values():
            self.register_theme(look.theme)
        if self.themes.problems != told:
            self._tell_theme_problems()
        wanted = self.wanted_theme
        if self.themes.get(wanted) != self.look:  # else nothing on the screen changes
            self.use_theme(wanted)
            self.refresh_css()

    # Painting.

    def _start_painting(self) -> None:
        if self._painter is not None:
            self._painter.stop()
        self._painter = self.set_interval(1 / self.paints_a_second, self._paint_if_due)

    def _wake(self) -> None:
        """The model changed: the next tick paints it; a change of the line itself is painted at once."""
        if self.model.link is not self._painted_link:
            self._painted_link = self.model.link
            self._paint_if_due()

    def _paint_if_due(self) -> None:
        page = self.page
        if page is None or not page.is_mounted:
            return
        second = int(self.model.clock())
        ticks = second != self._painted_second and (page.ticking or self.model.link is not Link.ATTACHED)
        if self.model.revision == self._painted_revision and not ticks:
            return
        self._painted_revision, self._painted_second = self.model.revision, second
        page.model_changed()
        page.paint()

    # Talking to the service.

    async def ask(self, command: AnyCommand, reply: type[ReplyT]) -> ReplyT:
        """The service's answer; raises `TobsError`."""
        if self._feed is None:
            raise TobsError(ErrorCode.SERVICE_UNREACHABLE, "The application has not started yet.")
        return await self._feed.ask(command, reply)

    async def do(self, command: AnyCommand) -> bool:
        """Carry out a command; tells the person when it is refused. Whether it went through."""
        try:
            await self.ask(command, Done)
        except TobsError as error:
            self.say_error(error)
            return False
        return True

    def reattach(self) -> None:
        """Try the service again now."""
        if self._feed is not None:
            self._feed.retry()

    def say(self, sentence: str) -> None:
        """A short word about something that changed."""
        self.notify(clean(sentence, 400), markup=False)

    def say_error(self, error: TobsError) -> None:
        """Tell the person what went wrong, and the way on."""
        self.notify(clean(str(error), 600), severity="error", markup=False, timeout=10)

    async def start(
        self, profile: Profile, given: Collection[str] | None = None, refresh: Refresh | None = None
    ) -> bool:
        """Start a run and watch it; `given` as in `Resolve`, `refresh` as in `StartRun`. Whether it started."""
        try:
            resolved = self.effective(profile, given).profile
        except TobsError as error:
            self.say_error(error)
            return False
        before = self.model.run.run_id if self.model.run else ""
        if not await self.do(StartRun(resolved, refresh=refresh)):
            return False
        self.show_run(over=before)
        return True

    def action_next_theme(self) -> None:
        """The next theme, for this session; the settings keep one for good."""
        names = sorted(self.themes.looks)
        self.use_theme(names[(names.index(self.look.name) + 1) % len(names)])
        self.say(f"Theme: {self.look.title}")

    def _fatal_error(self) -> None:
        """Textual's hook for an error nobody expected: a sentence here, the details in the log.

        Textual itself would print a traceback with the values of variables, a password among them perhaps.
        """
        from loguru import logger

        self._be_ready()  # the log file
        logger.opt(exception=True).critical("The application failed.")
        self.panic(
            Text(
                f"tobs failed with an error of its own: {type(self._exception).__name__}. A run goes on in the "
                f"background; start tobs again to watch it. The details are in {self.paths.log_dir}."
            )
        )

    def action_leave(self) -> None:
        """Leave the application; a run goes on in the service."""
        self.exit(0)

    def action_suspend_process(self) -> None:
        """Stop, and give the terminal back to the shell; a run goes on in the service."""
        from tobs_tui.ui.terminal_driver import TerminalDriver, shell_waits

        if not isinstance(self._driver, TerminalDriver) or not shell_waits():
            self.say(f"There is no shell here to go back to. {self.key_of('app.force_quit')} leaves tobs.")
        else:
            self._suspend_signal()
            self._driver.stop_job()

    def action_help_quit(self) -> None:
        """Textual's answer to ctrl+c where there is nothing to copy: how one leaves."""
        goes_on = " The job continues." if self.model.running else ""
        self.say(f"{self.key_of('app.force_quit')} leaves tobs.{goes_on}")

    def key_of(self, action: str) -> str:
        """The key that does an action, as the screens write it."""
        return shown(keys_of(BY_ID[action], self.keymap)[0])

    def start_again(self, *options: str) -> None:
        """Leave, so that the program starts again with these options: another account has its own service."""
        self.elsewhere = options
        self.exit(0)

    def explore_demo(self) -> None:
        """Leave, so that the program starts again with the demo."""
        self.start_again("--demo")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Everything that can be done from here, for the command palette."""
        page = self.page
        contexts = (page.context, LIST, EVERYWHERE) if page is not None else (EVERYWHERE,)
        for action in ACTIONS:
            if action.context not in contexts or action.id in ("app.commands", "app.force_quit"):
                continue
            if action.context != LIST and page is not None and not page.offers(action):
                continue
            keys = ", ".join(shown(key) for key in keys_of(action, self.keymap))
            do = partial(self._do_action, action.does, action.context)
            yield SystemCommand(action.name, f"{action.help} ({keys})", do)
        for look in self.themes.looks.values():
            yield SystemCommand(f"Theme: {look.title}", "Paint in this theme", partial(self.use_theme, look.name))

    async def _do_action(self, does: str, context: str) -> None:
        page = self.page
        if context == EVERYWHERE:
            await self.run_action(does, self)
        elif page is not None:
            target = page.focused if context == LIST and page.focused is not None else page
            await self.run_action(does, target)


def run_app(
    *,
    connect: Connect,
    paths: Paths,
    settings: Settings,
    effective: Resolve,
    profile: Profile | None = None,
    refresh: Refresh | None = None,
    demo: bool = False,
    low_bandwidth: bool = False,
    mouse: bool = True,
    ready: Callable[[], None] = lambda: None,
) -> int | tuple[str, ...]:
    """Run the application on this terminal; gives the process's exit status, or the options to start again with.

    `connect` attaches to the service and is called again after a cut line. `profile` is started (or, where it runs
    already, watched) at once, with `refresh` looking again at what is exported. `effective` resolves a profile with all
    layers of configuration. `ready` is called when the first screen has been painted: for whatever can wait until then.
    """
    app = TobsApp(
        connect=connect,
        paths=paths,
        settings=settings,
        effective=effective,
        profile=profile,
        refresh=refresh,
        demo=demo,
        low_bandwidth=low_bandwidth,
        ready=ready,
    )
    mind_signals(app)
    app.run(mouse=mouse)
    status = (app.return_code or 0) if app.return_value is None else app.return_value
    return app.elsewhere or status
