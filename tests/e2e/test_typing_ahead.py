"""Bursts: keys and clicks that come before the ones ahead of them have had their effect, on a scripted service."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.events import Key, MouseDown, MouseUp
from textual.pilot import Pilot

from tests.e2e.scripted import SIGNED_IN, ScriptedClient, run_state, scripted_app, settled, until
from tests.e2e.terminal import Terminal
from tobs_tui.config.paths import Paths
from tobs_tui.config.profiles import list_profiles
from tobs_tui.service.protocol import CancelRun, Snapshot
from tobs_tui.ui.app import TobsApp
from tobs_tui.ui.screens.closing import ClosesOnce
from tobs_tui.ui.screens.dialogs import Ask, AskName
from tobs_tui.ui.screens.home import HomeScreen
from tobs_tui.ui.screens.run import RunScreen
from tobs_tui.ui.screens.settings import SettingsScreen
from tobs_tui.ui.widgets.chrome import DialogBar
from tobs_tui.ui.widgets.fields import Choice
from tobs_tui.ui.widgets.painted import Painted

SIZE = (120, 36)
BUSY_S = 0.5
"""Longer than any key waits for one that waits for something else."""


@pytest.fixture
def client() -> ScriptedClient:
    """A service with a run in full flight."""
    return ScriptedClient(Snapshot(SIGNED_IN, run_state()))


@pytest.fixture
def app(client: ScriptedClient, tmp_path: Path) -> TobsApp:
    """The application, at home."""
    paths = Paths.resolve(home=tmp_path / "home")
    paths.ensure()
    return scripted_app(client, paths)


def strike(app: TobsApp, *keys: str) -> None:
    """Press keys, all at once."""
    for key in keys:
        app.post_message(Key(key, key if len(key) == 1 else None))


def click(app: TobsApp, widget: Painted, text: str, times: int = 1) -> None:
    """Click on a text of a widget, without waiting for anything."""
    line = "".join(segment.text for segment in widget.render_line(0))
    x, y = widget.region.x + line.index(text), widget.region.y
    for kind in (MouseDown, MouseUp) * times:
        app.post_message(kind(None, x, y, 0, 0, 1, False, False, False, screen_x=x, screen_y=y))


async def wait() -> None:
    """Be a screen that waits for Telegram."""
    await asyncio.sleep(BUSY_S)


async def work() -> None:
    """Be a screen that gets little of a processor that has much to do."""
    for _ in range(10):
        time.sleep(BUSY_S / 10)
        await asyncio.sleep(0)


async def watch(pilot: Pilot[int], app: TobsApp) -> Ask:
    """Go to the dashboard and ask to stop; gives the question."""
    strike(app, "a", "s")
    await until(pilot, lambda: isinstance(app.screen, Ask))
    await settled(pilot)
    assert isinstance(app.screen, Ask)
    return app.screen


@pytest.mark.parametrize(("first", "busy"), [("a", wait), ("a", work), ("enter", work)])
async def test_a_key_acts_on_the_screen_that_the_key_before_it_opens(
    app: TobsApp, first: str, busy: Callable[[], Awaitable[None]]
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        app.screen.call_later(busy)
        strike(app, first, "s")
        await until(pilot, lambda: isinstance(app.screen, (Ask, SettingsScreen)))
        assert [type(screen) for screen in app.screen_stack] == [HomeScreen, RunScreen, Ask]


async def test_a_click_comes_after_the_letters_that_were_typed_before_it(app: TobsApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        strike(app, "n", "space", "n", "w")
        await until(pilot, lambda: isinstance(app.screen, AskName))
        await settled(pilot)
        bar = app.screen.query_one(DialogBar)
        app.screen.call_later(asyncio.sleep, 0.1)
        strike(app, *"nightly")
        click(app, bar, "Take it")
        await until(pilot, lambda: not isinstance(app.screen, AskName))
        assert [info.name for info in list_profiles(app.paths)] == ["nightly"]


@pytest.mark.parametrize("second", ["no", "yes"])
async def test_the_second_answer_to_a_question_neither_closes_what_is_below_nor_counts(
    app: TobsApp, client: ScriptedClient, second: str
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        question = await watch(pilot, app)
        question.query_one("#no", Choice).action_press()
        question.query_one(f"#{second}", Choice).action_press()
        await until(pilot, lambda: not question.is_attached)
        await settled(pilot)
        assert isinstance(app.screen, RunScreen)
        assert not any(isinstance(command, CancelRun) for command in client.asked)


async def test_a_double_click_on_an_answer_is_one_answer(app: TobsApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        question = await watch(pilot, app)
        click(app, question.query_one("#no", Choice), "Let it run", times=2)
        await until(pilot, lambda: not question.is_attached)
        await settled(pilot)
        assert isinstance(app.screen, RunScreen), "the second half is for nothing that came out below"


async def test_a_screen_that_ends_below_another_closes_when_it_is_in_front(app: TobsApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        question = await watch(pilot, app)
        strike(app, "ctrl+p")
        await until(pilot, lambda: app.screen is not question)
        palette = app.screen
        assert not isinstance(palette, ClosesOnce)
        question.dismiss(False)
        await settled(pilot)
        assert app.screen is palette
        strike(app, "escape")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))


def test_two_letters_in_one_go_open_the_run_and_ask_to_stop_it(tmp_path: Path) -> None:
    terminal = Terminal([sys.executable, "-m", "tests.e2e.scripted_main", str(tmp_path)])
    try:
        terminal.wait_for("Watch the run")
        terminal.type("as")
        terminal.wait_for("Stop this export?")
        terminal.press("esc")
        terminal.wait_gone("Stop this export?")
        terminal.type("dq")
        assert terminal.exit_status() == 0
    finally:
        terminal.close()
