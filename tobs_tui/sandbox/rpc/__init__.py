"""The handlers of Telegram's API methods, a module a topic, and the table they register in."""

from __future__ import annotations

import importlib
import pkgutil


def serve_all_methods() -> None:
    """Import every module of this package, which fills the table. Doing it again changes nothing."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
