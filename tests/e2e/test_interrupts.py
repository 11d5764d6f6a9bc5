"""Ctrl+C and SIGTERM at any moment of the program's own loading: a sentence and a status, never a traceback."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.json_lines import judged

TOBS = str(Path(sys.executable).with_name("tobs"))
AT_AN_IMPORT = """
import os, runpy, sys

number, module, sys.argv = int(sys.argv[1]), sys.argv[2], sys.argv[3:]

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == module:
            os.kill(os.getpid(), number)

sys.meta_path.insert(0, Finder())
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs a Python script with arguments, and gets itself a signal at the moment when a module is looked for."""
NUMBERS = (signal.SIGINT, signal.SIGTERM)


def interrupted(number: int, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`tobs` with the arguments, which gets a signal when it looks for the module."""
    command = [sys.executable, "-c", AT_AN_IMPORT, str(int(number)), module, TOBS, *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("module", ["gc", "click", "inspect", "tobs_tui.cli.commands", "tobs_tui.cli.streams"])
def test_while_the_command_line_loads(number: int, module: str) -> None:
    done = interrupted(number, module, "--help")
    assert (done.returncode, done.stderr) == (5, "tobs: Interrupted.\n")


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("module", ["tobs_tui.cli.main", "tobs_tui.config.paths", "tobs_tui.headless.lines", "loguru"])
def test_while_a_headless_run_loads(home: Path, number: int, module: str) -> None:
    done = interrupted(number, module, "--demo", "--json", "--all-chats", "--output", str(home / "vault"))
    assert done.returncode == 5, done.stdout + done.stderr
    assert done.stderr in ("", "tobs: Interrupted.\n")
    (last,) = judged(done.stdout)
    assert (last["event"], last["outcome"]) == ("run_finished", "interrupted")
    assert not list(home.rglob("*.sock"))  # nothing was started that would have to be ended


def test_one_more_while_it_ends_changes_nothing() -> None:
    """The codec that writes the sentence is the last thing a program with a mistake does."""
    done = interrupted(signal.SIGINT, "tobs_tui.model.display", "--no-such-option")
    assert done.returncode in (2, 5)
    assert "Traceback" not in done.stderr
