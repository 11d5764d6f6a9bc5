"""What the search screen promises, driven by keys on a real vault."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.e2e.exported import LONG, MANY
from tests.e2e.scripted import SIGNED_IN, ScriptedClient, finished_run, scripted_app, settled, until
from tests.e2e.terminal import Terminal
from tests.e2e.test_screens import screen_text
from tobs_tui.config.editor import editor_command
from tobs_tui.config.paths import Paths
from tobs_tui.config.profiles import save_profile
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Profile
from tobs_tui.service.protocol import ListRuns, Runs, Snapshot
from tobs_tui.ui.app import TobsApp
from tobs_tui.ui.screens.home import HomeScreen
from tobs_tui.ui.screens.message import MessageScreen
from tobs_tui.ui.screens.pick import PickOne
from tobs_tui.ui.screens.search import SearchScreen
from tobs_tui.ui.search_model import PAGE
from tobs_tui.ui.widgets.fields import Line1
from tobs_tui.ui.widgets.search_panels import Preview, ResultsPanel

SMALL = (80, 24)
TOBS = str(Path(sys.executable).with_name("tobs"))


@asynccontextmanager
async def searching(paths: Paths, *vaults: Path, size: tuple[int, int] = SMALL) -> AsyncIterator[Pilot[int]]:
    """The application with the search screen open, some vaults being the outputs of profiles."""
    for place, vault in enumerate(vaults):
        save_profile(Profile(name=f"profile {place}", output=str(vault)), paths)
    client = ScriptedClient(Snapshot(SIGNED_IN))
    client.answers[ListRuns] = lambda _: Runs(())
    app = scripted_app(client, paths)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(app.screen, SearchScreen) and app.screen.search.looked_for_vaults)
        yield pilot


def app_of(pilot: Pilot[int]) -> TobsApp:
    """The application by its own type."""
    assert isinstance(pilot.app, TobsApp)
    return pilot.app


def screen_of(pilot: Pilot[int]) -> SearchScreen:
    """The search screen, in front or below another."""
    return next(screen for screen in pilot.app.screen_stack if isinstance(screen, SearchScreen))


async def look_for(pilot: Pilot[int], typed: str, field: str = "words") -> SearchScreen:
    """Type the rest of a text into a field, and wait for the answer."""
    screen = screen_of(pilot)
    entry = screen.query_one(f"#{field}", Line1)
    entry.focus()
    entry.value += typed[:-1]
    entry.action_end()
    await pilot.press(typed[-1])
    wanted = entry.value
    await until(pilot, lambda: getattr(screen.search.form, field) == wanted and not screen.search.asking)
    await settled(pilot)
    return screen


def titles(screen: SearchScreen) -> list[str]:
    """What was found."""
    return [one.excerpt for one in screen.search.found]


async def test_what_is_typed_is_found_and_leads_to_its_line(paths: Paths, exported: Path) -> None:
    async with searching(paths, exported) as pilot:
        screen = await look_for(pilot, "bri")
        assert len(titles(screen)) == 2, "the last word counts as a beginning"
        await look_for(pilot, "dge high")
        assert titles(screen) == ["The river is high today, take the bridge"]
        text = screen_text(app_of(pilot))
        assert "Found  1" in text
        passage = screen.query_one(Preview).passage
        assert passage is not None
        assert f"{passage.path}:{passage.line}" in text
        assert (exported / passage.path).read_text(encoding="utf-8").splitlines()[passage.line - 1] == "###### m2"
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, MessageScreen))
        await settled(pilot)
        text = screen_text(app_of(pilot))
        assert "▶ Иван Петров  2024-05-01 12:00" in text
        for neighbour in ("Shall we meet at the café", "Wir treffen uns am Café", "明天去北京看河"):
            assert neighbour in text
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, HomeScreen))


async def test_found_words_are_marked_by_more_than_colour(paths: Paths, exported: Path) -> None:
    async with searching(paths, exported) as pilot:
        screen = await look_for(pilot, "CAFE")
        marks = [
            segment.text
            for segment in screen.query_one(ResultsPanel).row(0, 78)
            if segment.style is not None and segment.style.underline and segment.style.bold
        ]
        assert marks == ["Café"]


async def test_filters_narrow_and_say_what_is_wrong_beside_them(paths: Paths, exported: Path) -> None:
    async with searching(paths, exported, size=(120, 36)) as pilot:
        screen = await look_for(pilot, "river")
        everything = screen.search.total
        await look_for(pilot, "yesterday", "since")
        text = screen_text(app_of(pilot))
        assert "✗ Since" in text
        assert "yesterday is no day. Write it as 2024-05-31." in text
        assert not screen.search.found
        screen.query_one("#since", Line1).value = ""
        await look_for(pilot, "grace", "sender")
        assert "✗" not in screen_text(app_of(pilot))
        assert 0 < screen.search.total < everything
        assert {one.sender for one in screen.search.found} == {"Grace Hopper"}
        await look_for(pilot, "nowhere", "chat")
        assert "✗ Chat: The vault holds no chat named nowhere." in screen_text(app_of(pilot))
        await pilot.press("escape")
        await pilot.press("slash")


async def test_what_cannot_be_found_is_said(paths: Paths, exported: Path, tmp_path: Path) -> None:
    async with searching(paths, exported) as pilot:
        assert "Type what you look for" in screen_text(app_of(pilot))
        await look_for(pilot, "absent")
        assert "Nothing found." in screen_text(app_of(pilot))
        screen = screen_of(pilot)
        screen.query_one("#words", Line1).value = ""
        await look_for(pilot, "-tea")
        assert "There is no word to look for." in screen_text(app_of(pilot))
    nobody = Paths.resolve(home=tmp_path / "other")
    nobody.ensure()
    async with searching(nobody) as pilot:
        assert "Nothing is exported yet." in screen_text(app_of(pilot))
        await pilot.press("t", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, HomeScreen))


async def test_more_comes_as_one_scrolls_and_none_twice(paths: Paths, exported: Path) -> None:
    async with searching(paths, exported) as pilot:
        screen = await look_for(pilot, "tea number")
        await until(pilot, lambda: screen.search.total == MANY)
        assert len(screen.search.found) == PAGE
        panel = screen.query_one(ResultsPanel)
        await pilot.press("enter")
        while panel.count() < MANY:
            before = panel.count()
            await pilot.press("end")
            await until(pilot, lambda before=before: panel.count() > before)
        assert titles(screen) == [f"tea number {number}" for number in range(MANY, 0, -1)]
        await pilot.press("end", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, MessageScreen))
        await settled(pilot)
        assert "▶ Grace Hopper" in screen_text(app_of(pilot))
        await pilot.press("n")
        await pilot.press("p")
        await settled(pilot)
        await until(pilot, lambda: "│ tea number 2" in screen_text(app_of(pilot)))


async def test_whoever_types_on_gets_the_answer_to_the_last_question(paths: Paths, exported: Path) -> None:
    async with searching(paths, exported) as pilot:
        screen = screen_of(pilot)
        for typed in ("t", "te", "tea", "tea number 7", "tea number 77"):
            screen.query_one("#words", Line1).value = typed
            screen._ask()
        await until(pilot, lambda: not screen.search.asking)
        await settled(pilot)
        assert titles(screen) == ["tea number 77"]


async def test_hostile_text_does_nothing_to_the_screen(paths: Paths, exported: Path) -> None:
    async with searching(paths, exported) as pilot:
        await look_for(pilot, "markup")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, MessageScreen))
        await settled(pilot)
        text = screen_text(app_of(pilot))
        assert "[bold]not markup[/bold] and no escape: river" in text
        assert "\x1b" not in text
        assert "\x07" not in text


async def test_a_long_message_is_whole_on_its_own_screen(paths: Paths, exported: Path) -> None:
    async with searching(paths, exported) as pilot:
        await look_for(pilot, "closed until june")
        assert "Enter shows all of it" in screen_text(app_of(pilot))
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, MessageScreen))
        await settled(pilot)
        seen: list[str] = []
        for _ in range(8):
            seen += [line.strip("│┃ ▶") for line in screen_text(app_of(pilot)).splitlines()]
            await pilot.press("pagedown")
        words = " ".join(dict.fromkeys(seen))
        assert all(word in words for word in LONG.split())
        assert "See you" in words, "the neighbours come behind it"


async def test_another_vault_can_be_chosen(paths: Paths, exported: Path, tmp_path: Path) -> None:
    other = tmp_path / "second"
    shutil.copytree(exported, other)
    async with searching(paths, exported, other) as pilot:
        screen = await look_for(pilot, "tea")
        assert screen.search.vault == str(exported)
        await pilot.press("enter", "v")
        await until(pilot, lambda: isinstance(pilot.app.screen, PickOne))
        await pilot.press("down", "enter")
        await until(pilot, lambda: screen.search.vault == str(other) and screen.search.found)
        assert "/second " in screen_text(app_of(pilot)).splitlines()[0]


async def test_the_vault_of_what_is_under_the_cursor_comes_first(paths: Paths, exported: Path, tmp_path: Path) -> None:
    shutil.copytree(exported, tmp_path / "second")
    for name, vault in (("a", exported), ("b", tmp_path / "second")):
        save_profile(Profile(name=name, output=str(vault)), paths)
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN)), paths)
    async with app.run_test(size=SMALL) as pilot:
        await settled(pilot)
        await pilot.press("tab", "down", "slash")
        await until(pilot, lambda: isinstance(app.screen, SearchScreen) and app.screen.search.vault)
        assert screen_of(pilot).search.vaults == (str(tmp_path / "second"), str(exported))


async def test_the_summary_leads_to_the_vault_of_its_run(paths: Paths, exported: Path) -> None:
    import msgspec

    run = msgspec.structs.replace(finished_run(), output=str(exported))
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN, run)), paths)
    async with app.run_test(size=SMALL) as pilot:
        await settled(pilot)
        await pilot.press("a")
        await settled(pilot)
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(app.screen, SearchScreen) and app.screen.search.vault == str(exported))


async def test_the_summary_opens_the_vaults_index_and_tells_its_place_where_no_editor_can(
    paths: Paths, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import msgspec

    monkeypatch.setenv("VISUAL", "true")
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "index.html").touch()
    for vault, place in ((exported, "The place is {}/index.md"), (tmp_path / "pages", "Copied {}/index.html")):
        app = scripted_app(
            ScriptedClient(Snapshot(SIGNED_IN, msgspec.structs.replace(finished_run(), output=str(vault)))), paths
        )
        async with app.run_test(size=SMALL) as pilot:
            await settled(pilot)
            await pilot.press("a")
            await settled(pilot)
            await pilot.press("o")
            await settled(pilot)
            assert [str(each.message).endswith(place.format(vault)) for each in app._notifications] == [True]


async def test_a_click_chooses_a_message(paths: Paths, exported: Path) -> None:
    async with searching(paths, exported) as pilot:
        screen = await look_for(pilot, "river")
        await pilot.click("#results", offset=(20, 3))
        await until(pilot, lambda: screen.query_one(ResultsPanel).cursor == 1)
        await pilot.click("#results", offset=(20, 3), times=2)
        await until(pilot, lambda: isinstance(pilot.app.screen, MessageScreen))


def test_searching_does_not_import_telethon() -> None:
    code = (
        "import sys, tobs_tui.ui.screens.search, tobs_tui.ui.screens.message;"
        "print(sorted({'telethon', 'sqlite3'} & set(sys.modules)));"
        "import tobs_tui.engine.search; print('telethon' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["[]", "False"]


@pytest.mark.parametrize(
    ("environ", "command"),
    [
        ({"EDITOR": "vi"}, ["vi", "+7", "/n.md"]),
        ({"VISUAL": "code --wait", "EDITOR": "vi"}, ["code", "--wait", "-g", "/n.md:7"]),
        ({"EDITOR": "/usr/bin/nano -w"}, ["/usr/bin/nano", "-w", "+7", "/n.md"]),
        ({"EDITOR": "hx"}, ["hx", "/n.md:7"]),
        ({"EDITOR": " "}, ["less", "+7", "/n.md"]),
    ],
)
def test_every_editor_is_told_the_line_in_its_own_way(environ: dict[str, str], command: list[str]) -> None:
    which: Callable[[str], str | None] = lambda name: f"/usr/bin/{name}"  # noqa: E731
    assert editor_command(Path("/n.md"), 7, environ, which) == command


@pytest.mark.parametrize("environ", [{"EDITOR": "no-such-editor"}, {"EDITOR": "'vi"}, {}])
def test_an_editor_that_there_is_not_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(TobsError) as refused:
        editor_command(Path("/n.md"), 7, environ, lambda name: None)
    assert refused.value.code is ErrorCode.USAGE


def test_the_note_is_opened_at_its_line_in_the_editor_and_the_screen_comes_back(
    home: Path, exported: Path, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    editor = tmp_path / "editor"
    editor.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {told}.part\nmv {told}.part {told}\nprintf "EDITING "\nread key\n'
    )
    editor.chmod(0o700)
    environment = {"TOBS_OUTPUT": str(exported), "EDITOR": str(editor), "VISUAL": ""}
    terminal = Terminal([TOBS], columns=80, rows=24, environment=environment)
    try:
        terminal.wait_for("Last runs", "Search")
        terminal.press("/")
        terminal.wait_for("Type what you look for")
        terminal.type("high today")
        terminal.wait_for("Found  1", ".md:")
        terminal.press("enter", "o")
        terminal.wait_for("EDITING")
        line, note = told.read_text(encoding="utf-8").splitlines()
        assert Path(note).read_text(encoding="utf-8").splitlines()[int(line.removeprefix("+")) - 1] == "###### m2"
        assert not terminal.alternate, "the editor has the terminal as it was"
        terminal.press("enter")
        terminal.wait_for("Found  1", "newest first")
        assert terminal.alternate
        told.unlink()
        terminal.press("o")
        terminal.wait_until(lambda screen: told.exists(), "the editor again")
        terminal.press("ctrl+c")
        terminal.wait_for("Found  1", "ended with status")
        terminal.press("q")
        assert terminal.exit_status() == 0
    finally:
        terminal.close()
