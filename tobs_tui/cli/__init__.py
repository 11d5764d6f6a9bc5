"""The command line: arguments to actions. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

from tobs_tui.cli import interrupts

interrupts.hold()  # before anything that takes time

import gc  # noqa: E402

gc.disable()  # modules are no garbage, and looking through them takes a tenth of the time to load them

from tobs_tui.cli.main import main  # noqa: E402  # what takes time to import comes while interrupts are held

interrupts.loaded()
gc.enable()

__all__ = ["main"]
