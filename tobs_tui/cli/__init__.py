"""The command line: arguments to actions. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

from tobs_tui.cli import interrupts

interrupts.hold()

from tobs_tui.cli.main import main  # noqa: E402  # what takes time to import comes while interrupts are held

interrupts.release()

__all__ = ["main"]
