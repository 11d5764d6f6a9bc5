"""The command line: arguments to actions. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

from tobs_tui.cli.main import main

__all__ = ["main"]
