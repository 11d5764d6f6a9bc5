"""The live lines of a headless run, as the screen that they make: calm, straight, and gone at the end."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyte
import pytest
from rich.console import Console
from rich.text import Text

from tobs_tui.headless.live import LiveReporter
from tobs_tui.headless.painter import Painter
from tobs_tui.model.profile import Profile
from tobs_tui.model.run import Alert, ChatProgress, ChatState, Level, RunPhase, RunState, Totals

PRIVATE = ("\x1b[?2026h", "\x1b[?2026l")
ROWS = (
    ChatProgress(7, "Waits", state=ChatState.WAITING, wait_until=260.0),
    ChatProgress(
        8, "ev\x1b[2Jil\u202e [red]\n🛰 e" + "\u0301" * 30, state=ChatState.FETCHING, messages=12_000, fetched=0.5
    ),
    ChatProgress(9, "Broken", state=ChatState.FAILED, error="It is private."),
)
RUN = RunState(
    "r1",
    Profile(name="night"),
    "/vault",
    phase=RunPhase.RUNNING,
    chats=ROWS,
    alerts=(Alert("disk", Level.WARNING, "Disk 91 % full.", 2.0),),
    totals=Totals(
        10_000, messages_total=1_000_000, fetched=0.1, eta_s=90, flood_waits=2, errors=1, messages_rate=2500.0
    ),
)


class Seen:
    """A console, and the screen that it makes."""

    def __init__(self, width: int = 40, height: int = 12) -> None:
        self.out = io.StringIO()
        self.console = Console(file=self.out, force_terminal=True, width=width, height=height)
        self.screen = pyte.Screen(width, height)
        self._stream = pyte.Stream(self.screen)

    def news(self) -> str:
        """What was written since the last call."""
        text = self.out.getvalue()
        self.out.seek(0)
        self.out.truncate()
        shown = text
        for each in PRIVATE:
            shown = shown.replace(each, "")
        self._stream.feed(shown.replace("\r\n", "\n").replace("\n", "\r\n"))  # as the terminal's driver does
        return text

    def lines(self) -> list[str]:
        self.news()
        return [line.rstrip() for line in self.screen.display if line.strip()]


def test_only_what_differs_is_written() -> None:
    seen = Seen()
    painter = Painter(seen.console)
    painter.paint(Text("one\ntwo\nthree"))
    assert seen.lines() == ["one", "two", "three"]
    painter.paint(Text("one\ntwo\nthree"))
    assert seen.news() == ""
    painter.paint(Text("one\nTWO\nthree"))
    news = seen.news()
    assert "TWO" in news
    assert "one" not in news
    painter.paint(Text("one"))
    assert seen.lines() == ["one"]
    painter.paint(Text("one\n2\n3\n4"))
    assert seen.lines() == ["one", "2", "3", "4"]


def test_what_is_told_stands_above_and_nothing_is_left_at_the_end() -> None:
    seen = Seen()
    painter = Painter(seen.console)
    for number in range(20):  # more than there are rows: it scrolls
        painter.paint(Text(f"a\nb {number}"))
        painter.above(lambda number=number: seen.console.print(f"news {number}"))
        assert seen.lines()[-3:] == [f"news {number}", "a", f"b {number}"]
    assert seen.screen.cursor.hidden
    painter.close()
    assert seen.lines()[-1] == "news 19"
    assert not seen.screen.cursor.hidden
    assert seen.screen.cursor.x == 0


@pytest.mark.parametrize("width", [20, 40, 80, 120])
def test_no_line_is_cut_in_a_word_or_goes_on_in_the_next(width: int) -> None:
    seen = Seen(width, 24)
    reporter = LiveReporter(seen.console, clock=lambda: 100.0)
    reporter.started(RUN, False)
    told = seen.lines()
    assert told[0].startswith("tobs night  RUNNING")
    assert told[1].startswith("10 % fetched")
    assert len(told) == 3 + len(ROWS)
    assert "Disk 91 % full." in told[2]
    assert told[3].startswith("Wait")
    if width >= 40:
        assert "1 error" in told[0]
        assert "wait 2 min" in told[3]
        assert "2 m left" in told[1]
    if width >= 80:
        assert "2 500 msg/s" in told[0]
        assert "It is private." in told[5]
        assert "━" in told[4]
        assert "10 000/1 000 000 messages" in told[1]


SHOWN = """
import sys, time
from pathlib import Path
from rich.console import Console
from rich.text import Text
from tobs_tui.headless.painter import Painter

print("before")
painter, console, size = Painter(console := Console()), console, 0
while not Path(sys.argv[1]).exists():
    painter.paint(Text("\\n".join("x" * (console.size.width - 2) + str(n) for n in range(5))))
    time.sleep(0.02)
painter.close()
print("after")
time.sleep(60)
"""


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[list[str]]:
    """A tmux server of its own: as most terminals do, it wraps what stands there when it becomes narrower."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    command = ["tmux", "-S", str(tmp_path / "s"), "-f", "/dev/null"]
    yield command
    subprocess.run([*command, "kill-server"], check=False, capture_output=True)


def test_a_window_that_becomes_narrower_shows_one_picture(tmux: list[str], tmp_path: Path) -> None:
    script, stop = tmp_path / "show.py", tmp_path / "stop"
    script.write_text(SHOWN)
    program = ["env", "-u", "COLUMNS", "-u", "LINES", "TERM=tmux-256color", sys.executable, str(script), str(stop)]
    subprocess.run([*tmux, "new-session", "-d", "-x", "80", "-y", "24", *program], check=True)

    def shows(*expected: str) -> None:
        """What is on the screen; what wrapping has pushed out at its top is out of a program's reach."""
        shown: list[str] = []
        for _ in range(250):
            done = subprocess.run([*tmux, "capture-pane", "-p"], check=True, capture_output=True, text=True)
            shown = [line for line in done.stdout.splitlines() if line and line != "before"]
            if shown == list(expected):
                return
            time.sleep(0.02)
        raise AssertionError(shown)

    def picture(width: int) -> tuple[str, ...]:
        return tuple("x" * (width - 2) + str(number) for number in range(5))

    shows(*picture(80))
    for width in (50, 30):
        subprocess.run([*tmux, "resize-window", "-x", str(width), "-y", "24"], check=True)
        shows(*picture(width))
    stop.touch()
    shows("after")
