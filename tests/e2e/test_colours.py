"""Colours and keys on a real pseudo-terminal: what is sent, and whether it can be read without colour."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.terminal import Terminal
from tobs_tui.ui.themes import shipped_folder

SIXTEEN = {"TERM": "xterm", "COLORTERM": ""}
SGR = re.compile(rb"\x1b\[([0-9;:]*)m")
LOOKS = {0, 1, 2, 3, 4, 7, 22, 23, 24, 27}
OWN = {39, 49}
FEW = {*range(30, 38), *range(40, 48), *range(90, 98), *range(100, 108)}

Open = Callable[..., Terminal]


def opened(home: Path, settings: dict[str, object] | None = None, **environment: str) -> Terminal:
    """The dashboard of a scripted run on a terminal, with some settings and environment."""
    columns, rows = (80, 24) if environment.pop("SMALL", "") else (120, 36)
    command = [sys.executable, "-m", "tests.e2e.scripted_main", str(home), json.dumps(settings or {})]
    terminal = Terminal(command, columns=columns, rows=rows, environment=environment)
    terminal.wait_for("night-archive")
    terminal.press("a")
    terminal.wait_for("Beginners")
    return terminal


@pytest.fixture
def dashboard(tmp_path: Path) -> Iterator[Open]:
    """Opens the dashboard, and closes it after the test."""
    terminals: list[Terminal] = []

    def start(settings: dict[str, object] | None = None, **environment: str) -> Terminal:
        terminals.append(opened(tmp_path, settings, **environment))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.close()


@pytest.fixture(scope="module")
def own_keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """The dashboard where the mouse is off and some keys are a person's own, one of them a bad one."""
    keymap = {"list.down": "w", "run.pause": "s", "run.stop": "p", "run.zoom": "ctrl+j"}
    settings = {"mouse": False, "keymap": keymap, "key_style": "arrows"}
    terminal = opened(tmp_path_factory.mktemp("home"), settings)
    yield terminal
    terminal.close()


def codes(terminal: Terminal) -> set[int]:
    """Every number in what was sent to choose looks and colours."""
    terminal.lines()
    return {int(part or 0) for found in SGR.findall(bytes(terminal.sent)) for part in re.split(rb"[;:]", found)}


def stands_out(terminal: Terminal, row: str, others: str) -> bool:
    """Whether the row under the cursor differs from another in more than the colour of its text."""
    if row not in terminal.text() or others not in terminal.text():
        return False
    here, there = terminal.cells(row)[0], terminal.cells(others)[0]
    return (here.bg, here.reverse) != (there.bg, there.reverse)


def test_no_color_sends_none_and_all_can_be_told_apart(dashboard: Open) -> None:
    terminal = dashboard(NO_COLOR="1", SMALL="1")
    terminal.press("down")
    terminal.wait_until(lambda _: stands_out(terminal, "Async internals", "Announcements"), "the cursor's row")
    tab, other = terminal.cells("Topics")[0], terminal.cells("Workers")[0]
    assert tab.underscore and not other.underscore
    terminal.click("Stop…")
    terminal.wait_for("Let it run")
    terminal.press("esc", "ctrl+p")
    terminal.wait_for("Search for commands")
    assert codes(terminal) <= LOOKS


def test_sixteen_colours_are_the_only_ones_sent_in_every_theme(dashboard: Open) -> None:
    terminal = dashboard(SMALL="1", **SIXTEEN)
    terminal.press("down")
    for path in shipped_folder().glob("*.toml"):
        terminal.wait_until(
            lambda _: stands_out(terminal, "Async internals", "Announcements"), f"{path.stem}: a cursor"
        )
        cells = [cell for word in ("Async internals", "Wasm", "fetch", "Detach") for cell in terminal.cells(word)]
        assert all(cell.fg != cell.bg or cell.fg == "default" for cell in cells)
        before = len(terminal.sent)
        terminal.press("ctrl+t")
        terminal.wait_until(lambda _, before=before: b"Theme: " in terminal.sent[before:], "the next theme")
    assert codes(terminal) <= LOOKS | FEW | OWN
    assert codes(terminal) & FEW


def test_without_the_mouse_nothing_asks_the_terminal_for_it(own_keys: Terminal) -> None:
    assert b"\x1b[?1049h" in own_keys.sent
    assert re.findall(rb"\x1b\[\?10(?:00|02|03|06|15)h", bytes(own_keys.sent)) == []


def test_a_theme_of_ones_own_is_followed_while_it_is_written(dashboard: Open, tmp_path: Path) -> None:
    folder = tmp_path / "config" / "themes"
    folder.mkdir(parents=True)
    mine = folder / "mine.toml"
    whole = (Path(__file__).resolve().parents[2] / "themes" / "paper.toml").read_text()
    mine.write_text(whole)
    terminal = dashboard({"theme": "mine"})
    terminal.wait_until(lambda _: "fbfaf7" in terminal.colours(), "the theme")
    mine.write_text(whole.replace("#fbfaf7", "#eaf4ea"))
    terminal.wait_until(lambda _: {"eaf4ea"} <= terminal.colours(), "the written theme")
    mine.write_text(whole.replace("accent =", "acent ="))
    terminal.wait_for("colors.accent is")
    mine.unlink()
    terminal.wait_until(lambda _: "10151c" in terminal.colours() and "eaf4ea" not in terminal.colours(), "the default")
    mine.write_text(whole)
    terminal.wait_until(lambda _: "fbfaf7" in terminal.colours(), "the theme again")


def test_keys_of_ones_own_work_in_lists_and_bad_ones_are_told(own_keys: Terminal) -> None:
    own_keys.wait_for("keymap.run.zoom", "cannot be ctrl+j", "p Stop…")
    own_keys.press("j", "w")
    own_keys.wait_until(lambda _: stands_out(own_keys, "Async internals", "Announcements"), "the cursor's row")
    own_keys.press("p")
    own_keys.wait_for("Let it run")
