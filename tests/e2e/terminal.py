"""A real pseudo-terminal with a person's eyes and fingers: the screen as text, and keys."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pexpect
import pyte

KEYS = {
    "enter": "\r",
    "esc": "\x1b",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "space": " ",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "backspace": "\x7f",
    "ctrl+c": "\x03",
    "ctrl+p": "\x10",
    "ctrl+s": "\x13",
    "ctrl+t": "\x14",
    "ctrl+a": "\x01",
    "ctrl+u": "\x15",
    "ctrl+q": "\x11",
    "ctrl+z": "\x1a",
}

# pyte takes these private sequences (keyboard protocol, xterm settings) for ordinary ones, and prints what is left.
PRIVATE = re.compile(rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1bP.*?\x1b\\|\x1b\[\?[0-9;]*\$[a-z]", re.DOTALL)
ALTERNATE = re.compile(rb"\x1b\[\?1049([hl])")
MODE = re.compile(rb"\x1b\[\?(\d+)([hl])")
MOUSE = {1000, 1002, 1003, 1005, 1006, 1015, 1016}
"""The private modes in which a terminal reports what the mouse does."""


def messages_shown(screen: str) -> int:
    """The number of messages that the dashboard shows as exported: the left one of ``12 345 / 20 000``."""
    found = re.search(r"(\d[\d ]*) / \d[\d ]* msgs?", screen.replace("\u202f", " ").replace("\u00a0", " "))
    return int(found[1].replace(" ", "")) if found else -1


class ScreenTimeout(AssertionError):
    """What was waited for did not appear; the message holds the screen."""


class Terminal:
    """A program on a pseudo-terminal of `columns` x `rows`."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 120,
        rows: int = 36,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._process = pexpect.spawn(
            command[0],
            list(command[1:]),
            dimensions=(rows, columns),
            env={**inherited, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(environment or {})},
            cwd=cwd,
            timeout=None,
        )
        self._process.delaybeforesend = None
        self._unread: list[bytes] = []
        self.sent = bytearray()
        """Everything the program has written."""
        self.alternate = False
        """Whether the program has the alternate screen now."""

    @property
    def pid(self) -> int:
        """The program's process id."""
        return int(self._process.pid)

    def lines(self) -> list[str]:
        """The screen's rows as they stand; after the end, as they stood last."""
        while not self._process.closed and self._read(0):
            pass
        return [line.rstrip() for line in self._screen.display]

    def text(self) -> str:
        """The screen as one string."""
        return "\n".join(self.lines())

    def modes(self) -> set[int]:
        """The private modes that the program has set and not taken back."""
        self.lines()
        on: set[int] = set()
        for number, way in MODE.findall(bytes(self.sent)):
            (on.add if way == b"h" else on.discard)(int(number))
        return on

    def colours(self) -> set[str]:
        """Every colour on the screen, by name or as hex digits; ``default`` is the terminal's own."""
        self.lines()
        cells = [cell for row in self._screen.buffer.values() for cell in row.values()]
        return {cell.fg for cell in cells} | {cell.bg for cell in cells}

    def cells(self, text: str) -> list[pyte.screens.Char]:
        """The cells of the first place on the screen where `text` stands, with their looks."""
        for y, line in enumerate(self.lines()):
            if (x := line.find(text)) >= 0:
                return [self._screen.buffer[y][x + step] for step in range(len(text))]
        raise AssertionError(f"{text!r} is not on the screen:\n{self.text()}")

    def click(self, text: str) -> None:
        """Click on the first place on the screen where `text` stands."""
        y = next(y for y, line in enumerate(self.lines()) if text in line)
        x = self.lines()[y].find(text)
        self._process.send(f"\x1b[<0;{x + 1};{y + 1}M\x1b[<0;{x + 1};{y + 1}m")
        self._read(0.03)

    def double_click(self, text: str) -> None:
        """Click twice on the first place on the screen where `text` stands; both arrive together."""
        y = next(y for y, line in enumerate(self.lines()) if text in line)
        x = self.lines()[y].find(text)
        self._process.send(f"\x1b[<0;{x + 1};{y + 1}M\x1b[<0;{x + 1};{y + 1}m" * 2)
        self._read(0.03)

    def wheel(self, text: str, down: bool = True) -> None:
        """Turn the wheel once over the first place where `text` stands."""
        y = next(y for y, line in enumerate(self.lines()) if text in line)
        x = self.lines()[y].find(text)
        self._process.send(f"\x1b[<{65 if down else 64};{x + 1};{y + 1}M")
        self._read(0.03)

    def _read(self, timeout: float, keep: bool = False) -> bool:
        """Read what has come; with `keep` it is put on the screen only with the next reading."""
        try:
            data = self._process.read_nonblocking(65536, timeout)
        except (pexpect.TIMEOUT, pexpect.EOF):
            data = b""
        if keep and data:
            self._unread.append(data)
            return True
        came = bool(data)
        data = b"".join([*self._unread, data])
        self._unread.clear()
        if not data:
            return False
        self.sent += data
        for on in ALTERNATE.findall(data):
            self.alternate = on == b"h"
        self._stream.feed(PRIVATE.sub(b"", data))
        return came

    def wait_until(self, seen: Callable[[str], bool], what: str, timeout: float = 60) -> str:
        """The screen as soon as `seen` holds for it. Raises `ScreenTimeout`."""
        give_up = time.monotonic() + timeout
        while True:
            while self._read(0.02):
                pass
            text = "\n".join(line.rstrip() for line in self._screen.display)
            if seen(text):
                return text
            if time.monotonic() > give_up or (not self._process.isalive() and not self._read(0.1)):
                raise ScreenTimeout(f"waited for {what}; the screen shows:\n{text}")

    def wait_for(self, *texts: str, timeout: float = 60) -> str:
        """The screen as soon as it shows all of `texts`."""
        return self.wait_until(lambda screen: all(text in screen for text in texts), repr(texts), timeout)

    def wait_gone(self, text: str, timeout: float = 60) -> str:
        """The screen as soon as it no longer shows `text`."""
        return self.wait_until(lambda screen: text not in screen, f"{text!r} to go", timeout)

    def press(self, *keys: str) -> None:
        """Press keys by name (see `KEYS`) or as characters."""
        for key in keys:
            self._process.send(KEYS.get(key, key))
            self._read(0.03)

    def first_text(self, timeout: float = 60) -> None:
        """Wait until the screen shows any text. Raises `ScreenTimeout`."""
        give_up = time.monotonic() + timeout
        while time.monotonic() < give_up:
            if self._read(0.2) and any(line.strip() for line in self._screen.display):
                return
            if not self._process.isalive() and not self._read(0.1):
                raise ScreenTimeout(f"it ended before it painted (signal {self._process.signalstatus})")
        raise ScreenTimeout("it painted nothing")

    def seconds_to(self, key: str, answer: str, timeout: float = 10) -> float:
        """Press a key; seconds until the program has written what matches the pattern `answer`.

        Looks at the bytes: pyte, being Python, takes longer to put a whole screen in its place than the program takes
        to paint it. Raises `ScreenTimeout`.
        """
        self.lines()
        came, awaited = b"", re.compile(answer.encode())
        began = time.monotonic()
        self._process.send(KEYS.get(key, key))
        while time.monotonic() - began < timeout:
            if self._read(0.2, keep=True):
                came += self._unread[-1]
                if awaited.search(came):
                    return time.monotonic() - began
        raise ScreenTimeout(f"{key!r} was not answered; the screen shows:\n{self.text()}")

    def type(self, text: str) -> None:
        """Type a text, all at once."""
        self._process.send(text)
        self._read(0.03)

    def resize(self, columns: int, rows: int) -> None:
        """Change the terminal's size, as dragging a window's corner does."""
        self._screen.resize(rows, columns)
        self._process.setwinsize(rows, columns)

    def exit_status(self, timeout: float = 30) -> int:
        """Wait for the program's end; its exit status, or minus the signal that ended it."""
        give_up = time.monotonic() + timeout
        while self._process.isalive():
            self._read(0.05)
            if time.monotonic() > give_up:
                raise ScreenTimeout(f"the program did not end; the screen shows:\n{self.text()}")
        while self._read(0.05):
            pass
        self._process.close()
        if self._process.signalstatus is not None:
            return -int(self._process.signalstatus)
        return int(self._process.exitstatus or 0)

    def cut(self) -> None:
        """Close the terminal under the program, as a dropped line does: its processes get SIGHUP."""
        self._process.close(force=False)

    def hang_up(self) -> None:
        """Close the terminal and send nothing: what comes of it is between the system and the program."""
        self._process.ptyproc.fileobj.close()

    def close(self) -> None:
        """End the program if it still runs."""
        if self._process.isalive():
            self._process.close(force=True)
