"""Colours, keys and the mouse on a real pseudo-terminal: what is sent, and whether it can be read without colour."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.terminal import Terminal

SIXTEEN = {"TERM": "xterm", "COLORTERM": ""}
SGR = re.compile(rb"\x1b\[([0-9;:]*)m")
LOOKS = {0, 1, 2, 3, 4, 7, 22, 23, 24, 27}
OWN = {39, 49}
FEW = {*range(30, 38), *range(40, 48), *range(90, 98), *range(100, 108)}

Open = Callable[..., Terminal]


@pytest.fixture
def dashboard(tmp_path: Path) -> Iterator[Open]:
    """Opens the dashboard of a scripted run on a terminal, with some settings and environment."""
    opened: list[Terminal] = []

    def start(settings: dict[str, object] | None = None, **environment: str) -> Terminal:
        columns, rows = (80, 24) if environment.pop("SMALL", "") else (120, 36)
        command = [sys.executable, "-m", "tests.e2e.scripted_main", str(tmp_path), json.dumps(settings or {})]
        terminal = Terminal(command, columns=columns, rows=rows, environment=environment)
        opened.append(terminal)
        terminal.wait_for("night-archive")
        terminal.press("a")
        terminal.wait_for("Beginners")
        return terminal

    yield start
    for terminal in opened:
        terminal.close()


def codes(terminal: Terminal) -> set[int]:
    """Every number in what was sent to choose looks and colours."""
    terminal.lines()
    return {int(part or 0) for found in SGR.findall(bytes(terminal.sent)) for part in re.split(rb"[;:]", found)}


def stands_out(terminal: Terminal, row: str, others: str) -> bool:
    """Whether the row under the cursor differs from another in more than the colour of its text."""
    here, there = terminal.cells(row)[0], terminal.cells(others)[0]
    return (here.bg, here.reverse) != (there.bg, there.reverse)


def test_no_color_sends_none_and_all_can_be_told_apart(dashboard: Open) -> None:
    terminal = dashboard(NO_COLOR="1", SMALL="1")
    terminal.press("down")
    terminal.wait_until(lambda _: stands_out(terminal, "Async internals", "Announcements"), "the cursor's row")
    tab, other = terminal.cells("Chats")[0], terminal.cells("Workers")[0]
    assert tab.underscore and not other.underscore
    terminal.click("Stop…")
    terminal.wait_for("Let it run")
    terminal.press("esc", "ctrl+p")
    terminal.wait_for("Search for commands")
    assert codes(terminal) <= LOOKS


@pytest.mark.parametrize("theme", ["", "night", "paper", "terminal"])
def test_sixteen_colours_are_the_only_ones_sent(dashboard: Open, theme: str) -> None:
    terminal = dashboard({"theme": theme}, **SIXTEEN)
    terminal.press("down")
    terminal.wait_until(lambda _: stands_out(terminal, "Async internals", "Announcements"), "the cursor's row")
    assert codes(terminal) <= LOOKS | FEW | OWN
    assert codes(terminal) & FEW
    cells = [cell for word in ("Async internals", "Wasm", "fetch", "Detach") for cell in terminal.cells(word)]
    assert all(cell.fg != cell.bg or cell.fg == "default" for cell in cells)


def test_256_colours_are_the_most_where_nothing_says_there_are_more(dashboard: Open) -> None:
    terminal = dashboard(TERM="xterm-256color", COLORTERM="")
    assert b"38;5;" in terminal.sent
    assert b"38;2;" not in terminal.sent
    assert b"48;2;" not in terminal.sent


def test_tabs_rows_keys_and_answers_can_be_clicked_and_the_wheel_scrolls(dashboard: Open) -> None:
    terminal = dashboard(SMALL="1")
    assert b"\x1b[?1006h" in terminal.sent
    terminal.wheel("Beginners")
    terminal.wait_gone("Announcements")
    terminal.wheel("Beginners" if "Beginners" in terminal.text() else "Macros", down=False)
    terminal.wait_for("Announcements")
    terminal.click("Macros")
    terminal.wait_until(lambda _: stands_out(terminal, "Macros", "Beginners"), "the cursor's row")
    terminal.click("2 Workers")
    terminal.wait_for("ROLE")
    terminal.click("5 Log")
    terminal.wait_for("stored voice_4411.ogg")
    terminal.click("Stop…")
    terminal.wait_for("Let it run")
    terminal.click("Let it run")
    terminal.wait_gone("Let it run")
    terminal.click("Help")
    terminal.wait_for("Keys: Dashboard")


def test_without_the_mouse_nothing_asks_the_terminal_for_it(dashboard: Open) -> None:
    terminal = dashboard({"mouse": False})
    terminal.press("ctrl+q")
    terminal.exit_status()
    assert re.findall(rb"\x1b\[\?10(?:00|02|03|06|15)h", bytes(terminal.sent)) == []


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


def test_keys_of_ones_own_work_in_lists_and_bad_ones_are_told(dashboard: Open) -> None:
    keymap = {"list.down": "w", "run.pause": "s", "run.stop": "p", "run.zoom": "ctrl+j"}
    terminal = dashboard({"keymap": keymap, "key_style": "arrows"})
    terminal.wait_for("keymap.run.zoom", "cannot be ctrl+j", "p Stop…")
    terminal.press("j", "w")
    terminal.wait_until(lambda _: stands_out(terminal, "Async internals", "Announcements"), "the cursor's row")
    terminal.press("p")
    terminal.wait_for("Let it run")
