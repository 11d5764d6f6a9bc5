"""Promises of the command's exit status when something dies, is cut or goes away around it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.serving import ServedSandbox
from tests.json_lines import judged
from tobs_tui.config.paths import Paths
from tobs_tui.config.server_file import load_server

TOBS = str(Path(sys.executable).with_name("tobs"))
INTERRUPTED_WHILE_LOADING = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
from tobs_tui.cli import main
sys.exit(main(["--json", "--all-chats"]))
"""


def command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [TOBS, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, list[dict[str, Any]]]:
    """The exit status and the JSON lines."""
    out, errors = process.communicate(timeout=100)
    assert "Traceback" not in errors
    return process.returncode, judged(out)


def kill_service_of(process: subprocess.Popen[str], number: int, *, once: Callable[[], bool]) -> None:
    """Send a signal to the service that a command starts, as soon as there is one and `once` holds."""
    while process.poll() is None:
        for child in psutil.Process(process.pid).children():
            if "service" in child.cmdline() and once():
                child.send_signal(number)
                return
        time.sleep(0.005)


def at_once() -> bool:
    return True


@pytest.mark.parametrize(
    ("number", "moment"),
    [(signal.SIGKILL, "start"), (signal.SIGTERM, "start"), (signal.SIGINT, "start"), (signal.SIGKILL, "attach")],
)
def test_a_service_that_is_killed_before_the_run_begins_interrupts(
    demo_paths: Paths, tmp_path: Path, number: int, moment: str
) -> None:
    process = command("--demo", "--json", "--all-chats", "--output", str(tmp_path / "vault"))
    kill_service_of(process, number, once=at_once if moment == "start" else demo_paths.socket.exists)
    status, lines = ended(process)
    if number == signal.SIGINT and status == 0:  # an interpreter that starts may swallow it: there was no interruption
        assert lines[-1]["outcome"] == "complete"
        return
    assert status == 5
    assert (lines[-1]["outcome"], lines[-1]["code"]) == ("interrupted", "service_gone")


def test_telegram_out_of_reach_before_the_run_begins_interrupts(
    serve_sandbox: Callable[..., ServedSandbox], tmp_path: Path
) -> None:
    sandbox = serve_sandbox()
    Paths.resolve(server=load_server(sandbox.toml)).ensure()
    sandbox.stop()
    status, lines = ended(
        command("--server", str(sandbox.toml), "--json", "--all-chats", "--output", str(tmp_path / "vault"))
    )
    assert status == 5
    assert (lines[-1]["outcome"], lines[-1]["code"]) == ("interrupted", "server_unreachable")


@pytest.mark.parametrize("form", ["--json", "--headless"])
def test_a_run_goes_on_to_its_end_when_nobody_reads_any_more(form: str, demo_paths: Paths, tmp_path: Path) -> None:
    chat = ("--chat", "5001000", "--output", str(tmp_path / "vault"))
    process = command("--demo", form, *chat)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    assert process.wait(100) == 0
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    status, lines = ended(command("--demo", "--json", *chat))
    assert (status, lines[-1]["totals"]["messages_new"]) == (0, 0)


def test_an_interrupt_while_the_program_loads_leaves_no_trace() -> None:
    line = [sys.executable, "-c", INTERRUPTED_WHILE_LOADING]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert done.stderr == "tobs: Interrupted.\n"
    assert judged(done.stdout)[-1]["outcome"] == "interrupted"
