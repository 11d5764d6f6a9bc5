"""A few lines at the end of a terminal's output that are painted anew in place; what is printed meanwhile goes above.

`rich.live` erases all of them before it writes them again, which flickers over slow links, and leaves pieces behind
where a narrower window has wrapped what stood there.
"""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console, RenderableType
from rich.text import Text

_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
_BEGIN, _END = "\x1b[?2026h\x1b[?7l", "\x1b[?7h\x1b[?2026l"
"""One picture at a time, where the terminal can, and nothing that is too wide after all goes on in the next line."""
_ERASE_LINE = "\x1b[K"
_AT_THE_CURSOR = f"\r{_ERASE_LINE}"
"""The terminal echoes keys there: ^C."""


class Painter:
    """Paints on a terminal. Between calls the cursor is hidden and stands at the beginning of the line below."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines: list[str] = []
        self._width = 0
        self._hidden = False

    def paint(self, picture: RenderableType) -> None:
        """Show the picture in place of the last one: only the lines that differ are written. It must be lower than the
        screen."""
        lines = self._rendered(picture)
        if self._console.size.width != self._width:
            self._lines, self._width = self._clear(), self._console.size.width
        if lines == self._lines:
            return
        same = [old == new for old, new in zip(self._lines, lines, strict=False)]
        same += [False] * (len(lines) - len(same))
        parts = [_AT_THE_CURSOR + _up(self._rows())]
        for line, known in zip(lines, same, strict=True):
            parts.append("\n" if known else f"\r{_ERASE_LINE}{line}\r\n")
        if len(lines) < len(self._lines):
            parts.append(_emptied(len(self._lines) - len(lines)))
        self._lines = lines
        self._send("".join(parts))

    def above(self, tell: Callable[[], None]) -> None:
        """Let `tell` print; what is painted makes room, and stands below it afterwards."""
        lines, self._lines = self._lines, self._clear()
        tell()
        if lines:
            self._send("".join(f"{line}\r\n" for line in lines))
            self._lines = lines

    def close(self) -> None:
        """Take the picture away, and show the cursor."""
        self._lines = self._clear()
        if self._hidden:
            self._hidden = False
            self._console.file.write(_SHOW)
            self._console.file.flush()

    def _clear(self) -> list[str]:
        if rows := self._rows():
            self._send(_AT_THE_CURSOR + _up(rows) + _emptied(rows))
        return []

    def _rows(self) -> int:
        """How many rows above the cursor what is painted takes. A window that became narrower has wrapped it; most
        terminals do."""
        width, height = self._console.size
        rows = len(self._lines)
        if width < self._width:
            rows = sum(max(1, -(-Text.from_ansi(line).cell_len // width)) for line in self._lines)
        return min(rows, height - 1)

    def _rendered(self, picture: RenderableType) -> list[str]:
        with self._console.capture() as captured:
            # Terminals disagree about where the cursor is after a letter in the last column.
            self._console.print(picture, width=self._console.size.width - 1)
        return [line.rstrip() for line in captured.get().splitlines()]

    def _send(self, text: str) -> None:
        hide = "" if self._hidden else _HIDE
        self._hidden = True
        self._console.file.write(f"{_BEGIN}{hide}{text}{_END}")
        self._console.file.flush()


def _up(rows: int) -> str:
    return f"\x1b[{rows}A" if rows else ""


def _emptied(rows: int) -> str:
    """Empty rows from the cursor's on, with the cursor where it was; one by one, because tmux keeps what is erased from
    the screen's first row on as if it had scrolled away."""
    return f"\r{_ERASE_LINE}\x1b[1B" * rows + _up(rows)
