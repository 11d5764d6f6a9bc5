"""Imported by the fork server of the worker processes, which share what is done here: imports, and common readers."""

from __future__ import annotations

import gc

import tobs_tui.engine.decode_pool
import tobs_tui.engine.index_pages
import tobs_tui.engine.note_jobs
from tobs_tui.telegram.page_readers import warm_up

__all__ = ["tobs_tui"]

warm_up()
gc.collect()
gc.freeze()
