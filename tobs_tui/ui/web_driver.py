"""The application's driver behind `tobs web`: Textual's, which talks to a web server over pipes, with an end to it."""

from __future__ import annotations

import os
from typing import Any

from textual import messages
from textual.app import App
from textual.drivers.web_driver import WebDriver


class BrowserDriver(WebDriver):
    """Ends the application when the web server is gone, however that ended: nobody else would."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._write = self._write_if_heard  # type: ignore[assignment]  # Textual's is a `partial` of os.write

    def _write_if_heard(self, data: bytes) -> int:
        """All of `data` to the server, or nowhere when there is none any more."""
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self.fileno, left) :]
        except OSError:  # the end of the input, which comes with it, ends the application
            pass
        return len(data)

    def run_input_thread(self) -> None:
        """As Textual's; when the input ends before the application does, it is over."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._app.post_message(messages.ExitApp())
