"""The application's driver on a terminal: Textual's, that stops and goes on as a shell's job should."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Any

from textual.drivers.linux_driver import LinuxDriver


def shell_waits() -> bool:
    """Whether a shell would get the terminal when this process stops, and could let it go on again.

    Not so where the program was started in place of a shell, as by ``ssh HOST -t tobs``: it would stand still for good.
    """
    import psutil

    try:
        for parent in psutil.Process().parents():
            if os.getpgid(parent.pid) != os.getpgrp():
                return os.getsid(parent.pid) == os.getsid(0)
    except (psutil.Error, OSError):  # a parent that ended meanwhile waits for nothing
        return False
    return False


class TerminalDriver(LinuxDriver):
    """Stops the whole job, so that a shell notices behind `make` too; and is set up once, whoever sends SIGCONT.

    Textual's does its work within the signal's handler, where the lock that it needs may be held already, and sets a
    second reader up beside the first one when a SIGCONT comes without a SIGTSTP.
    """

    _stopped = False

    def _sigtstp_application(self, *_: object) -> None:
        if not self._auto_restart:  # an editor has the terminal, and stops as well; the loop stands still
            os.kill(os.getpid(), signal.SIGSTOP)
        else:
            self._loop.call_soon_threadsafe(self.stop_job)

    def _sigcont_application(self, *_: object) -> None:
        if self._auto_restart and not self._stopped:  # after a SIGSTOP from elsewhere, a shell may have had the screen
            self._loop.call_soon_threadsafe(self._renew)

    def stop_job(self) -> None:
        """Give the terminal back as it was, stop the job, and paint again when it goes on in the foreground."""
        if not shell_waits():
            return
        self._stopped = True
        try:
            self.suspend_application_mode()
            os.killpg(0, signal.SIGSTOP)
            while self._in_background():  # after the shell's `bg`
                os.killpg(0, signal.SIGSTOP)
        finally:
            self._stopped = False
        self._must_signal_resume = True
        self._start_again()

    def _renew(self) -> None:
        if not self._in_background():
            self.suspend_application_mode()
            self._start_again()

    def _start_again(self) -> None:
        self.resume_application_mode()
        self._app.refresh(layout=True)

    def _in_background(self) -> bool:
        with contextlib.suppress(OSError):  # the terminal is gone, and soon the process is
            return os.tcgetpgrp(self.fileno) != os.getpgrp()
        return False


def driver_for(found: type[Any]) -> type[Any]:
    """This driver where Textual would take its own for terminals; any other as it is."""
    return TerminalDriver if found is LinuxDriver else found
