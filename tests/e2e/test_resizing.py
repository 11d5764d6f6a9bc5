"""A window's corner dragged wildly, over the dashboard and over a dialog, on a scripted service."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import psutil

from tests.e2e.terminal import Terminal

SPUN_S = 1.5


def test_resized_again_and_again_it_fits_the_last_size(tmp_path: Path) -> None:
    chance = random.Random(6)
    terminal = Terminal([sys.executable, "-m", "tests.e2e.scripted_main", str(tmp_path)])
    try:
        terminal.wait_for("Watch the run")
        terminal.press("a")
        process = psutil.Process(terminal.pid)
        for key, shown in (("", "2 Workers"), ("?", "Keys: Dashboard")):
            terminal.type(key)
            terminal.wait_for(shown)
            for _ in range(30):
                terminal.resize(chance.randint(20, 200), chance.randint(5, 60))
                time.sleep(chance.choice((0, 0, 0.005)))
                terminal.lines()
            before = sum(process.cpu_times()[:2])
            terminal.resize(120, 36)
            terminal.wait_for(shown, "q Quit (job continues)")
            assert sum(process.cpu_times()[:2]) - before < SPUN_S, "it is done with the sizes that went by"
            for _ in range(5):  # smaller for a moment only: what stood there is gone, the size is not another one
                terminal.resize(30, 6)
                terminal.resize(120, 36)
                terminal.wait_for(shown, "q Quit (job continues)", timeout=10)
        terminal.press("esc")
        terminal.wait_gone("Keys: Dashboard")
        terminal.resize(40, 8)
        terminal.wait_for("tobs needs a terminal")
        terminal.resize(80, 24)
        terminal.wait_for("RUNNING", "2 Workers", "Async internals")  # the chats are in front, as they were
        terminal.press("ctrl+q")
        assert terminal.exit_status() == 0
    finally:
        terminal.close()
