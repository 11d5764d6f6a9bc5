"""A headless Chromium, spoken to over a pipe (https://chromedevtools.github.io/devtools-protocol/)."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

NAME = "chromium"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
)  # fmt: skip
_ANSWER_S = 60.0


def chromium_or_skip() -> str:
    """Chromium's path. Skips the test where there is none; a build machine must have it (`make browser`)."""
    found = shutil.which(NAME)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("There is no chromium on this machine: make browser installs it.")
        pytest.skip("There is no chromium on this machine: make browser installs it.")
    return found


class Browser:
    """One browser with one page, and what the page told of on the way: errors, refused loads, console messages."""

    def __init__(self, program: str, folder: Path, width: int = 900, height: int = 900) -> None:
        """`folder` holds the browser's own files; it must not be there yet."""
        self.told: list[str] = []
        self._number = 0
        self._pending = b""
        reads, self._out = os.pipe()
        self._in, writes = os.pipe()
        far = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (reads, writes)]

        def settle() -> None:
            os.dup2(far[0], 3)  # where Chromium reads commands
            os.dup2(far[1], 4)  # and writes answers

        self._process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={folder}", f"--window-size={width},{height}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=settle,  # noqa: PLW1509  # nothing else numbers a child's descriptors
            close_fds=False,
        )
        for end in (reads, writes, *far):
            os.close(end)
        self._session = ""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Runtime"):
            self._call(f"{domain}.enable")

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            os.close(self._out)  # a browser whose pipe is closed ends
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)

    def open(self, address: str) -> None:
        """Load a page, from the beginning, and wait until it says that it is loaded."""
        self.told.clear()
        self._loaded = False
        self._call("Page.navigate", url="about:blank")
        self._await_load()
        self._loaded = False
        self._call("Page.navigate", url=address)
        self._await_load()

    def led_on(self) -> None:
        """Wait until the page has led on to another one, and that is loaded."""
        self._loaded = False
        self._await_load()

    def prepare(self, script: str) -> None:
        """Have every page from now on begin with this script."""
        self._call("Page.addScriptToEvaluateOnNewDocument", source=script)

    def type(self, text: str) -> None:
        """Type a text into what has the focus."""
        self._call("Input.insertText", text=text)

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression on the page, or what its promise comes to."""
        found = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait_for(self, expression: str) -> None:
        """Wait until an expression is true on the page."""
        self.ask(
            f"new Promise(done => {{ const look = () => ({expression}) ? done() : setTimeout(look, 20); look(); }})"
        )

    def picture(self, path: Path, width: int, height: int, *, dark: bool = False) -> None:
        """Keep what a window of that size shows, as PNG."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        self.wait_for("[...document.images].every(one => one.complete || one.getBoundingClientRect().top > 3000)")
        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"]))

    def _await_load(self) -> None:
        while not self._loaded:
            self._hear(self._next())

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        session = {"sessionId": self._session} if self._session else {}
        command = {"id": self._number, "method": method, "params": params, **session}
        os.write(self._out, json.dumps(command).encode() + b"\0")
        while (message := self._next()).get("id") != self._number:
            self._hear(message)
        assert "error" not in message, (method, message)
        return dict(message["result"])

    def _hear(self, message: dict[str, Any]) -> None:
        method, params = message.get("method"), message.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Log.entryAdded":
            self.told.append(params["entry"]["text"])
        elif method in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Page.javascriptDialogOpening"):
            self.told.append(json.dumps(params))

    def _next(self) -> dict[str, Any]:
        """The next message. Raises TimeoutError, and EOFError when the browser has ended."""
        limit = time.monotonic() + _ANSWER_S
        while b"\0" not in self._pending:
            if not select.select([self._in], [], [], max(0.0, limit - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            data = os.read(self._in, 1 << 16)
            if not data:
                raise EOFError("the browser has ended")
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\0")
        return dict(json.loads(line))
