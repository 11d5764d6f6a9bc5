"""Windows that are too small: screens say so, dialogs are laid out closer and scrolled, and all comes back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual.containers import Vertical
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

from tests.e2e.scripted import SIGNED_IN, ScriptedClient, delayed_run, profile, records, run_state, scripted_app
from tests.e2e.scripted import dialogs as chats
from tobs_tui.config.paths import Paths
from tobs_tui.config.profiles import save_profile
from tobs_tui.config.sealing import Holder
from tobs_tui.service.protocol import AccountPhase, AccountState, Snapshot
from tobs_tui.ui.screens.dialogs import Ask, AskName, Dialog
from tobs_tui.ui.screens.help import HelpScreen
from tobs_tui.ui.screens.page import Page
from tobs_tui.ui.screens.passphrase import PassphraseScreen
from tobs_tui.ui.screens.pick import Pick, PickOne
from tobs_tui.ui.screens.run import RunScreen
from tobs_tui.ui.screens.run_details import RecordDetail
from tobs_tui.ui.screens.search import SearchScreen
from tobs_tui.ui.screens.settings import SettingsScreen
from tobs_tui.ui.screens.sign_in import SignInScreen
from tobs_tui.ui.screens.summary import SummaryScreen
from tobs_tui.ui.screens.takeout_delay import TakeoutDelayScreen
from tobs_tui.ui.screens.targets import TargetsScreen
from tobs_tui.ui.screens.topics import TopicsScreen
from tobs_tui.ui.screens.tuning import TuningScreen
from tobs_tui.ui.widgets.panel import Panel

SMALL = ((40, 10), (20, 5))
NORMAL = (80, 24)
NAMES = [f"night-archive-{number}" for number in range(30)]
NOTE = "What is fetched stays, and is written to the vault. Starting the profile again goes on from there."
PAGES: dict[str, Callable[[], Page]] = {
    "sign in": SignInScreen,
    "targets": lambda: TargetsScreen(profile()),
    "topics": lambda: TopicsScreen(chats()[1], None, lambda _: None),
    "tuning": lambda: TuningScreen(profile()),
    "run": RunScreen,
    "summary": SummaryScreen,
    "search": SearchScreen,
    "settings": SettingsScreen,
}
DIALOGS: dict[str, Callable[[], Dialog[object]]] = {
    "question": lambda: Ask("Stop this export?", NOTE, "Stop, keeping what is fetched", "Let it run"),
    "name": lambda: AskName("Copy the profile under which name?", "", lambda _: "There is one already."),
    "details": lambda: RecordDetail(records()[0]),
    "several of many": lambda: Pick("Kinds", NAMES, []),
    "one of many": lambda: PickOne("Search in", NAMES, 4),
    "help": lambda: HelpScreen("run"),
    "passphrase": lambda: PassphraseScreen(Holder.PERSON),
    "delay": lambda: TakeoutDelayScreen(delayed_run().takeout_delay),  # type: ignore[arg-type]
}


def seen(widget: Widget) -> int:
    """How many lines of a widget are on the terminal."""
    region = widget.screen.find_widget(widget).visible_region
    return region.height if region.width else 0


def text(screen: Screen[object]) -> str:
    """What is on the terminal."""
    return "\n".join(strip.text for strip in screen._compositor.render_strips(screen.app.size))


async def resized(pilot: Pilot[int], size: tuple[int, int]) -> None:
    """Make the terminal another size, and wait until it is laid out."""
    await pilot.resize_terminal(*size)
    await pilot.pause()


async def all_of_it_can_be_reached(pilot: Pilot[int]) -> None:
    """Whatever can have the focus comes into view with it; the keys that scroll come to both ends of the rest."""
    dialog = pilot.app.screen
    assert isinstance(dialog, Dialog)
    for widget in dialog.focus_chain:
        dialog.set_focus(widget)
        await pilot.pause()
        assert seen(widget) >= (3 if isinstance(widget, Panel) else 1), f"{widget} at {dialog.size}:\n{text(dialog)}"
    box = dialog.query_one("Dialog > Vertical", Vertical)
    for scroll, end in ((dialog.action_page_down, box.children[-1]), (dialog.action_page_up, box.children[0])):
        for _ in range(box.max_scroll_y + 1):
            scroll()
        await pilot.pause()
        assert seen(end), f"{end} at {dialog.size}:\n{text(dialog)}"


async def test_all_of_every_dialog_can_be_reached_in_windows_of_any_size(tmp_path: Path) -> None:
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN, delayed_run())), Paths.resolve(home=tmp_path))
    async with app.run_test(size=NORMAL) as pilot:
        await pilot.pause()
        for make in DIALOGS.values():
            await app.push_screen(make())
            for size in SMALL:
                focused = app.screen.focused
                await resized(pilot, size)
                assert focused is None or seen(focused), f"{focused} at {size}:\n{text(app.screen)}"
                await all_of_it_can_be_reached(pilot)
            await resized(pilot, NORMAL)
            await pilot.press("escape")
            assert isinstance(app.screen, Page)


async def test_what_cannot_have_the_focus_is_scrolled_by_keys(tmp_path: Path) -> None:
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN)), Paths.resolve(home=tmp_path))
    async with app.run_test(size=(40, 10)) as pilot:
        await app.push_screen(DIALOGS["details"]())
        await pilot.pause()
        assert "Outcome" in text(app.screen) and "Missing" not in text(app.screen)
        await pilot.press("pagedown")
        assert "Outcome" not in text(app.screen) and "Missing" in text(app.screen)
        await pilot.press("pageup", "down", "down")
        assert "Outcome" not in text(app.screen) and "Profile" in text(app.screen)


async def test_every_screen_says_that_it_needs_more_room_until_there_is_some(tmp_path: Path) -> None:
    paths = Paths.resolve(home=tmp_path)
    paths.ensure()
    save_profile(profile(), paths)
    signed_out = ScriptedClient(Snapshot(AccountState(AccountPhase.SIGNED_OUT), run_state()))
    app = scripted_app(signed_out, paths)
    async with app.run_test(size=NORMAL) as pilot:
        await pilot.pause()
        for make in (None, *PAGES.values()):
            if make is not None:
                await app.push_screen(make())
                await pilot.pause()
            page, before = app.screen, app.screen.focused
            for size in SMALL:
                await resized(pilot, size)
                assert "60" in text(page), f"{page} at {size}:\n{text(page)}"
            await resized(pilot, NORMAL)
            assert app.screen is page and page.focused is before
            assert "tobs needs" not in text(page)
        await resized(pilot, (3, 1))
        await resized(pilot, NORMAL)


async def test_the_palette_works_in_the_smallest_window(tmp_path: Path) -> None:
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN)), Paths.resolve(home=tmp_path))
    async with app.run_test(size=(20, 5)) as pilot:
        await pilot.press("ctrl+p", "q", "u")
        assert "qu" in text(app.screen)
        await resized(pilot, (40, 10))
        await pilot.press("escape")
        assert isinstance(app.screen, Page)
