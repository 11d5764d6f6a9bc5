"""One browser tab's application: a process of its own, which ends with the tab, and is seen to end."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from typing import Any

from textual_serve.app_service import AppService

from tobs_tui.cli.export import BROWSER_DRIVER
from tobs_tui.model.display import clean

_QUIT_S, _TERMINATE_S = 3.0, 2.0
_SAID_BYTES = 4096
_WIDEST, _TALLEST = 500, 300
_READY = b"__GANGLION__\n"
_LEAVE_ALTERNATE = "\x1b[?1049l"


class TabScreen(AppService):
    """`AppService` without a shell in between, with an end that comes in time, and with last words for the tab."""

    def __init__(self, arguments: tuple[str, ...], **ends: Any) -> None:
        """`arguments` are those of `tobs`; `ends` is where to write to, as `AppService` takes it."""
        super().__init__("tobs", **ends)
        self._arguments = arguments
        self._size = (80, 24)
        self._stopping = False

    async def set_terminal_size(self, width: int, height: int) -> None:
        """Tell the application; sizes beyond any screen are cut."""
        self._size = _sane(width, height)
        await super().set_terminal_size(*self._size)

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        self._size = _sane(width, height)
        environment = self._build_environment(*self._size) | {"TEXTUAL_DRIVER": BROWSER_DRIVER}
        # Ctrl+C on the server's terminal is the server's: it ends its screens in order.
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tobs_tui",
            *self._arguments,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=environment,
            start_new_session=True,
        )
        self._stdin = self._process.stdin
        return self._process

    async def run(self) -> None:
        """Carry what the application says to the tab until it ends."""
        if (process := self._process) is None:
            return
        said = asyncio.create_task(_last_words(process))
        await self._relay(process)
        status, words = await process.wait(), await said
        if status and words and not self._stopping:
            await self._say(words)
        with suppress(ConnectionError):
            await self.remote_close()

    async def _relay(self, process: Process) -> None:
        """Every packet to where it belongs. With the tab gone they go nowhere: an application that can't write can't
        end. After its last packet the process ends, or begins anew as another account's application."""
        out = process.stdout
        if out is None:
            return
        with suppress(asyncio.IncompleteReadError, ValueError):
            while line := await out.readline():
                if line != _READY:
                    continue
                await super().set_terminal_size(*self._size)
                kind, payload = b"", b""
                while kind != b"M" or b'"exit"' not in payload:
                    kind = await out.readexactly(1)
                    payload = await out.readexactly(int.from_bytes(await out.readexactly(4), "big"))
                    with suppress(ConnectionError):
                        await self._pass_on(kind, payload)

    async def _pass_on(self, kind: bytes, payload: bytes) -> None:
        if kind == b"D":
            await self.on_data(payload)
        elif kind == b"P":
            await self.on_packed(payload)
        elif kind == b"M" and b'"exit"' not in payload:  # the end of the process says that better
            await self.on_meta(payload)

    async def _say(self, words: str) -> None:
        lines = "\r\n".join(clean(line, 2000) for line in words.splitlines())
        with suppress(ConnectionError):
            await self.remote_write_bytes(f"{_LEAVE_ALTERNATE}\r\n{lines}\r\n".encode())

    async def stop(self) -> None:
        """End the application: ask it, then tell it, then kill it."""
        task, self._task = self._task, None
        process = self._process
        if task is None or process is None:
            return
        self._stopping = True
        await self._download_manager.cancel_app_downloads(app_service_id=self.app_service_id)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.send_meta({"type": "quit"}), 1)
        for limit, end in ((_QUIT_S, process.terminate), (_TERMINATE_S, process.kill)):
            await asyncio.wait({task}, timeout=limit)
            if task.done():
                break
            with suppress(ProcessLookupError):
                end()
        await asyncio.wait({task}, timeout=_TERMINATE_S)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def kill(self) -> None:
        """End the application now."""
        self._stopping = True
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()


async def _last_words(process: Process) -> str:
    """The end of what the process wrote to standard error."""
    kept = b""
    while process.stderr is not None and (data := await process.stderr.read(_SAID_BYTES)):
        kept = (kept + data)[-_SAID_BYTES:]
    return kept.decode(errors="replace")


def _sane(width: object, height: object) -> tuple[int, int]:
    if not isinstance(width, int) or not isinstance(height, int):
        raise ValueError("a terminal's size is two numbers")
    return max(1, min(_WIDEST, width)), max(1, min(_TALLEST, height))
