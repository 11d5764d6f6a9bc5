"""The whole program on a real pseudo-terminal, against the embedded Telegram: what a person does, and what they get."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.compare_vault import differences, read_notes
from tests.e2e.serving import ServedSandbox
from tests.e2e.signing import sign_in_account
from tests.e2e.terminal import Terminal
from tobs_tui.config.paths import Paths
from tobs_tui.config.profiles import read_profile, save_profile
from tobs_tui.config.server_file import load_server
from tobs_tui.model.profile import ChatTarget, Profile, Targets
from tobs_tui.model.run import Outcome, RunPhase
from tobs_tui.service import protocol as p
from tobs_tui.service.launch import attach

TOBS = str(Path(sys.executable).with_name("tobs"))
SAVED_MESSAGES = 5000042
LARGE = Targets(chats=(ChatTarget(-1001500000002), ChatTarget(-1001600000001)))
"""Half of the demo's messages, and few files."""
NUMBER = r"(\d{1,3}(?:\D?\d{3})*)"
"""A number as the screens write it, with something narrow between thousands."""

Open = Callable[..., Terminal]


@pytest.fixture(scope="session")
def manifest() -> dict[str, Any]:
    """The ground truth of the demo's world."""
    said = subprocess.run([TOBS, "sandbox", "manifest"], check=True, capture_output=True, text=True)
    truth: dict[str, Any] = json.loads(said.stdout)
    return truth


@pytest.fixture
def open_terminal(home: Path) -> Iterator[Open]:
    """Runs `tobs` with some arguments on terminals that end with the test."""
    opened: list[Terminal] = []

    def start(*arguments: str, **options: Any) -> Terminal:
        opened.append(Terminal([TOBS, *arguments], **options))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def sign_in(terminal: Terminal, login: dict[str, str]) -> None:
    """From the home screen to the home screen, signed in, with a wrong code and a wrong password on the way."""
    terminal.wait_for("Sign in to Telegram")
    terminal.press("i")
    terminal.wait_for("Phone number", login["phone"])
    terminal.type(login["phone"] + "\r")
    terminal.wait_for("Login code", login["code"])
    terminal.type("11111\r")
    beside(terminal.wait_for("That code is not right"), "Login code", "That code is not right")
    terminal.type("\x15" + login["code"] + "\r")
    terminal.wait_for("two-step verification password")
    terminal.type("no horse\r")
    screen = terminal.wait_for("That password is not right")
    beside(screen, "Password ", "That password is not right")
    assert "no horse" not in screen, "a password is not shown"
    terminal.type("\x15" + login["password"] + "\r")
    terminal.wait_for("Signed in as", "New export")


def beside(screen: str, label: str, sentence: str) -> None:
    """See that a sentence stands under the field of that label."""
    lines = screen.splitlines()
    place = next(i for i, line in enumerate(lines) if line.strip().startswith(label))
    assert sentence in lines[place + 1], screen


def number_in(screen: str, pattern: str) -> int:
    """The number that a pattern's group finds on the screen; thousands are told apart by narrow spaces."""
    found = re.search(pattern, screen)
    assert found is not None, f"{pattern} is not on the screen:\n{screen}"
    return int(re.sub(r"\D", "", found[1]))


def part_of(manifest: dict[str, Any], title: str, topics: set[int]) -> dict[str, Any]:
    """The ground truth of some topics of one forum."""
    chat = next(chat for chat in manifest["chats"] if chat["title"] == title)
    parts = [topic for topic in chat["topics"] if topic["id"] in topics]
    ids = {message_id for topic in parts for message_id in topic["message_ids"]}
    media = [m for m in manifest["media"] if m["chat_id"] == chat["id"] and m["message_id"] in ids]
    return {"chats": [{**chat, "topics": parts, "message_ids": sorted(ids)}], "media": media}


def test_from_signing_in_to_the_files_of_two_topics_and_again_with_one_command(
    open_terminal: Open, demo_paths: Paths, manifest: dict[str, Any]
) -> None:
    terminal = open_terminal("--demo")
    sign_in(terminal, manifest["login"])

    terminal.press("n")
    terminal.wait_for("Chats", "Python Lounge")
    terminal.type("/atlas makers\r")
    terminal.wait_gone("Python Lounge")
    terminal.press("t")
    terminal.wait_for("Topics", "Field trips")
    terminal.type("/releases\r")
    terminal.wait_gone("Field trips")
    terminal.press("space", "/")
    terminal.type("\x15help\r")
    terminal.wait_gone("Releases")
    terminal.press("space")
    terminal.wait_for("2 selected")
    terminal.press("n")
    terminal.wait_for("2 topics", "1 selected")
    terminal.press("n")
    terminal.wait_for("Estimate", "Atlas Makers (2 topics)")
    terminal.press("w")
    terminal.wait_for("Save this profile")
    terminal.type("atlas two\r")
    terminal.wait_for("Saved")

    profile = read_profile("atlas two", demo_paths).profile
    (target,) = profile.targets.chats
    chosen = set(target.topics)
    assert len(chosen) == 2
    assert 3 in chosen, "Help & support"
    assert chosen & {2, 4}, "one of the two topics called Releases"
    truth = part_of(manifest, "Atlas Makers", chosen)
    promised = terminal.wait_until(lambda screen: "not known yet" not in _line(screen, "New messages"), "the estimate")
    assert number_in(promised, rf"New messages +{NUMBER}") == len(truth["chats"][0]["message_ids"])

    terminal.press("s")
    screen = terminal.wait_for("Complete.", "Summary", timeout=120)
    total = len(truth["chats"][0]["message_ids"])
    assert number_in(screen, rf"Messages +{NUMBER}, ") == total
    for topic in truth["chats"][0]["topics"]:
        title = re.escape(topic["title"])
        assert number_in(screen, rf"{title} +{NUMBER} ") == len(topic["message_ids"])
    assert number_in(screen, rf"Files +{NUMBER} of") <= number_in(screen, rf"Files +\d+ of {NUMBER}")

    folder = re.search(r"Vault +(/\S+)", screen)
    assert folder is not None, "the summary says where the vault is"
    vault = Path(folder[1])
    assert differences(vault, truth) == []
    assert {note.topic_id for note in read_notes(vault)} == chosen
    terminal.press("q")
    assert terminal.exit_status() == 0

    before = {path: path.read_bytes() for path in vault.rglob("*.md")}
    again = open_terminal("--demo", "atlas two")
    screen = again.wait_for("Complete.", "Summary", timeout=60)
    assert number_in(screen, r", (\d+) of them new") == 0
    assert {path: path.read_bytes() for path in vault.rglob("*.md")} == before
    again.press("q")
    assert again.exit_status() == 0


def _line(screen: str, text: str) -> str:
    return next((line for line in screen.splitlines() if text in line), "not known yet")


async def test_a_saved_profile_goes_straight_to_its_run(
    open_terminal: Open, demo_paths: Paths, tmp_path: Path, manifest: dict[str, Any]
) -> None:
    login = manifest["login"]
    await sign_in_account(demo_paths, login["phone"], login["code"], login["password"], demo=True)
    vault = tmp_path / "notes"
    target = ChatTarget(SAVED_MESSAGES, "Saved Messages")
    save_profile(Profile(name="mine", output=str(vault), targets=Targets(chats=(target,))), demo_paths)

    terminal = open_terminal("--demo", "mine", columns=80, rows=24)
    screen = terminal.wait_for("Complete.", "Summary")
    expected = next(chat for chat in manifest["chats"] if chat["id"] == SAVED_MESSAGES)
    assert number_in(screen, rf"Messages +{NUMBER}, ") == len(expected["message_ids"])
    assert max(map(len, screen.splitlines())) <= 80
    assert differences(vault, manifest, chats={SAVED_MESSAGES}) == []
    terminal.press("h", "ctrl+q")
    assert terminal.exit_status() == 0


def test_too_small_a_terminal_says_so_until_it_grows(open_terminal: Open) -> None:
    terminal = open_terminal("--demo", columns=80, rows=24)
    terminal.wait_for("Sign in to Telegram")
    terminal.resize(44, 10)
    terminal.wait_for("tobs needs a terminal of at least 60")
    terminal.resize(80, 24)
    terminal.wait_for("Sign in to Telegram")
    for columns, rows in ((200, 60), (60, 16), (30, 5), (120, 36)):
        terminal.resize(columns, rows)
    terminal.wait_for("Sign in to Telegram", "Last runs")
    terminal.press("ctrl+q")
    assert terminal.exit_status() == 0


async def test_closing_the_terminal_leaves_the_run_going(
    open_terminal: Open, tmp_path: Path, serve_sandbox: Callable[..., ServedSandbox]
) -> None:
    sandbox = serve_sandbox("--latency-ms", "150")
    paths = Paths.resolve(server=load_server(sandbox.toml))
    paths.ensure()
    save_profile(Profile(name="night", output=str(tmp_path / "vault"), targets=LARGE), paths)
    await sign_in_account(paths, sandbox.phone, sandbox.code, sandbox.password, server_file=sandbox.toml)

    terminal = open_terminal("--server", str(sandbox.toml), "night")
    terminal.wait_for("RUNNING", "Workers")
    screen_process = psutil.Process(terminal.pid)
    terminal.cut()
    screen_process.wait(20)

    client = await attach(paths, server_file=sandbox.toml)
    run = client.snapshot.run
    assert run is not None
    if run.phase is not RunPhase.FINISHED:
        async for event in client.events():
            if isinstance(event, p.RunFinished):
                run = event.run
                break
    await client.close()
    assert run.outcome is Outcome.COMPLETE


def test_sigterm_leaves_the_terminal_as_it_was(open_terminal: Open) -> None:
    terminal = open_terminal("--demo")
    terminal.wait_for("Sign in to Telegram")
    psutil.Process(terminal.pid).send_signal(signal.SIGTERM)
    assert terminal.exit_status() == 128 + signal.SIGTERM
    assert not terminal.alternate, "the alternate screen is left"


def test_leaving_works_from_everywhere(open_terminal: Open) -> None:
    for where in ("home", "field", "help", "palette"):
        terminal = open_terminal("--demo")
        terminal.wait_for("Sign in to Telegram")
        if where == "home":
            terminal.press("ctrl+c")
            terminal.wait_for("^q leaves tobs.")
        elif where == "field":
            terminal.press("i")
            terminal.wait_for("Phone number")
            terminal.type("q")
            terminal.wait_for("Phone number       q")
        elif where == "help":
            terminal.press("?")
            terminal.wait_for("Keys: Home")
        else:
            terminal.press("ctrl+p")
            terminal.wait_for("Show the keys of this screen")
        terminal.press("ctrl+q")
        assert terminal.exit_status() == 0, where


def test_the_demo_and_a_further_account_are_a_key_away(open_terminal: Open) -> None:
    terminal = open_terminal()
    terminal.wait_for("Explore the demo")
    terminal.press("d")
    terminal.wait_for("This is the demo")
    terminal.press("s")
    terminal.wait_for("Another account")
    terminal.press("down", "enter")
    terminal.wait_for("letters and digits")
    terminal.type("work")
    terminal.press("enter")
    terminal.wait_for("demo  work", "This is the demo")
    terminal.press("q")
    assert terminal.exit_status() == 0


def test_no_color_means_no_colours(open_terminal: Open) -> None:
    coloured = open_terminal("--demo")
    coloured.wait_for("Sign in to Telegram")
    assert len(coloured.colours()) > 3
    coloured.press("ctrl+q")
    plain = open_terminal("--demo", environment={"NO_COLOR": "1"})
    plain.wait_for("Sign in to Telegram")
    plain.press("?")
    plain.wait_for("Keys: Home")
    assert plain.colours() == {"default"}
    plain.press("esc")
    plain.wait_gone("Keys: Home")
    plain.press("i")
    plain.wait_for("Phone number")
    assert plain.colours() == {"default"}


def test_the_name_is_on_the_screen_while_the_rest_is_loaded_and_goes_where_nothing_follows(tmp_path: Path) -> None:
    terminal = Terminal([TOBS], environment={"TOBS_HOME": str(tmp_path)})
    try:
        terminal.first_text()
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.alternate and terminal.lines()[0] == " tobs"
        assert terminal.exit_status() == -signal.SIGTERM
        assert not terminal.alternate
    finally:
        terminal.close()
    missing = {"TOBS_HOME": str(tmp_path), "TOBS_PASSPHRASE_FILE": str(tmp_path / "missing")}
    terminal = Terminal([TOBS], environment=missing)
    try:
        assert terminal.exit_status() > 0
        assert not terminal.alternate and "missing" in terminal.text()
    finally:
        terminal.close()
