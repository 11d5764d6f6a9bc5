"""A whole export with the mouse alone, on a real pseudo-terminal: every screen can be used and left by clicking."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.e2e.terminal import Terminal


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """The program where nobody is signed in yet, on a terminal of 80x24 with 256 colours."""
    home = tmp_path_factory.mktemp("home")
    command = [sys.executable, "-m", "tests.e2e.scripted_main", str(home), "{}", "story"]
    opened = Terminal(command, columns=80, rows=24, environment={"COLORTERM": ""})
    yield opened
    opened.close()


def click(terminal: Terminal, text: str, *seen: str) -> None:
    """Click on a text once it is there, and wait for what it leads to."""
    terminal.wait_for(text, timeout=20)
    terminal.click(text)
    terminal.wait_for(*seen, timeout=20)


def fill_in(terminal: Terminal, text: str) -> None:
    """Type a text, and see it."""
    terminal.type(text)
    terminal.wait_for(text, timeout=20)


def test_an_export_from_signing_in_to_its_summary_takes_nothing_but_clicks_and_names(terminal: Terminal) -> None:
    click(terminal, "Sign in to Telegram", "Phone number")
    fill_in(terminal, "+447700900123")
    click(terminal, "Send me a code", "Login code")
    fill_in(terminal, "12345")
    click(terminal, "   Sign in", "Signed in as Ada Lovelace.")

    click(terminal, "New export", "Rust Club", "none selected")
    click(terminal, "□   person", "1 selected", "■   person")  # the mark
    click(terminal, "archived", "Old flatmates")  # the filters above the list
    terminal.click("Rust Club")
    click(terminal, "t Topics", "Use these")
    click(terminal, "□  ● Macros", "1 selected, 19 771 messages")
    click(terminal, "Use these (1)", "2 selected", "1 topic")
    click(terminal, "Next (2)", "Estimate", "New messages")
    terminal.wheel("Since")
    terminal.wait_gone("Since")
    terminal.wheel("Download files", down=False)
    terminal.wait_for("Only mine")
    terminal.double_click("Only mine")
    terminal.wait_for("changed now")
    click(terminal, "Save as…", "Save this profile")
    fill_in(terminal, "club")
    click(terminal, "Take it", "Saved.")

    click(terminal, "s Start", "RUNNING", "Announcements")
    terminal.wheel("Beginners")
    terminal.wait_gone("Announcements")
    terminal.wheel("Macros", down=False)
    terminal.wait_for("Announcements")
    terminal.double_click("Macros")
    terminal.wait_for("Chat id")
    click(terminal, "Close", "2 Workers")
    click(terminal, "2 Workers", "ROLE")
    click(terminal, "5 Log", "stored voice_4411.ogg")
    click(terminal, "4 Alerts", "a: ack")
    click(terminal, "Stop…", "Let it run")
    terminal.click("Let it run")
    terminal.wait_gone("Let it run")
    click(terminal, "Stop…", "Let it run")
    click(terminal, "Stop, keeping", "Incomplete.", "Not exported")
    terminal.double_click("WG-docs  ")
    terminal.wait_for("Code")
    click(terminal, "Close", "t Retry", "v Verify")
    click(terminal, "h Home", "Last runs", "club")


def test_the_other_screens_open_and_close_by_clicks_in_256_colours(terminal: Terminal) -> None:
    click(terminal, "s Settings", "Keys of lists")
    terminal.double_click("ASCII only")
    terminal.wait_for("+- Settings")
    click(terminal, "Back", "Last runs")
    click(terminal, "/ Search", "Found")
    click(terminal, "tobs >", "Last runs")
    click(terminal, "? Help", "Keys: Home")
    terminal.wheel("Home")
    click(terminal, "Close", "Last runs")
    click(terminal, "^p Commands", "Search for commands")
    click(terminal, "Go to the home screen", "Last runs")
    click(terminal, "q Quit")
    assert terminal.exit_status() == 0
    assert b"38;5;" in terminal.sent
    assert b"38;2;" not in terminal.sent, "256 colours are the most where nothing says that there are more"
