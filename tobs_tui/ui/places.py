"""Going from screen to screen.

Screens are imported when first shown: most sessions see few of them. What closes screens is left to the application: a
screen that waited for its own end would wait for ever. It is done before the application takes its next message, which
may be a key that was typed for the new screen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from tobs_tui.model.profile import Profile
from tobs_tui.ui.screens.home import HomeScreen
from tobs_tui.ui.screens.page import Page
from tobs_tui.ui.type_ahead import TypeAhead


class GoesPlaces(TypeAhead):
    """The application's ways to its screens."""

    @property
    def page(self) -> Page | None:
        """The foremost screen that is not a dialog."""
        return next((screen for screen in reversed(self.screen_stack) if isinstance(screen, Page)), None)

    async def _close_all(self) -> None:
        while len(self.screen_stack) > 1 and not isinstance(self.screen, HomeScreen):
            await self.pop_screen()

    async def _replace_all(self, make: Callable[[], Page]) -> None:
        await self._close_all()
        await self.push_screen(make())

    def back_to_home(self) -> None:
        """Close every screen above the home screen."""
        self.call_next(self._close_all)

    def show_run(self, over: str = "") -> None:
        """Watch the run; `over` is the id of one that had ended before this one was started."""
        from tobs_tui.ui.screens.run import RunScreen

        self.call_next(self._replace_all, partial(RunScreen, over))

    def show_summary(self) -> None:
        """What became of the run."""
        from tobs_tui.ui.screens.summary import SummaryScreen

        self.call_next(self._replace_all, SummaryScreen)

    async def show_sign_in(self) -> None:
        """Sign in."""
        from tobs_tui.ui.screens.sign_in import SignInScreen

        await self.push_screen(SignInScreen())

    async def show_targets(self, profile: Profile) -> None:
        """Choose what to export."""
        from tobs_tui.ui.screens.targets import TargetsScreen

        await self.push_screen(TargetsScreen(profile))

    async def show_tuning(self, profile: Profile, given: Collection[str] | None = None) -> None:
        """Tune a profile."""
        from tobs_tui.ui.screens.tuning import TuningScreen

        await self.push_screen(TuningScreen(profile, given))

    async def show_search(self, first: tuple[str, ...] = ()) -> None:
        """Search; `first` are the folders of the vaults at hand."""
        from tobs_tui.ui.screens.search import SearchScreen

        await self.push_screen(SearchScreen(first))

    async def action_settings(self) -> None:
        """Settings."""
        from tobs_tui.ui.screens.settings import SettingsScreen

        if not isinstance(self.screen, SettingsScreen):
            await self.push_screen(SettingsScreen())

    def action_home(self) -> None:
        """The home screen."""
        self.back_to_home()

    def action_help(self) -> None:
        """The keys of this screen."""
        from tobs_tui.ui.screens.help import HelpScreen

        page = self.page
        if page is not None and self.screen is page:
            self.push_screen(HelpScreen(page.context))
