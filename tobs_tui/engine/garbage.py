"""How often Python looks for garbage in cycles: pages make none, and looking through all that a program holds takes a
tenth of the time that pages take, in blocks of tens of milliseconds."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

COLLECT_AFTER = (10_000, 20, 20)
"""Objects made and not freed before the youngest are looked through, and how many such looks before a longer one."""


@contextlib.contextmanager
def rare_collections() -> Iterator[None]:
    """Within the block, what was there before is not looked through, and what is new not as often."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
