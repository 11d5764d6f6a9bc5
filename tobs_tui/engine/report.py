"""The report of a run: everything that its last screen told, as one JSON file in the vault's own folder."""

from __future__ import annotations

import asyncio
import datetime
import os
from pathlib import Path

import aiofiles
import msgspec
from loguru import logger
from msgspec import Struct

from tobs_tui.archive.schema import internal_folder
from tobs_tui.model.run import RunState

SCHEMA = 1
KEPT = 100
"""Reports that a vault keeps, the newest."""


class RunReport(Struct, frozen=True):
    """What the file holds. `state` is the run's last: outcome, totals, chats, failures, alerts, caches, newest log."""

    schema: int
    state: RunState


async def write_report(vault: Path, state: RunState) -> Path | None:
    """Write the report of a finished run; gives where it is. A report that cannot be written is only logged: the run is
    over, and what it exported stands."""
    moment = datetime.datetime.fromtimestamp(state.started_at, datetime.UTC)
    path = internal_folder(vault) / "runs" / f"{moment:%Y%m%dT%H%M%S}-{state.run_id}.json"
    draft = path.with_suffix(".new")
    try:
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        async with aiofiles.open(draft, "wb") as file:
            await file.write(msgspec.json.format(msgspec.json.encode(RunReport(SCHEMA, state)), indent=1))
            await file.flush()
            await asyncio.to_thread(os.fsync, file.fileno())
        await asyncio.to_thread(_settle, draft, path)
    except OSError as error:
        logger.warning("the run's report cannot be written: {}", error)
        return None
    return path


def _settle(draft: Path, path: Path) -> None:
    """Give the report its name, and let go of the oldest ones."""
    draft.replace(path)
    for old in sorted(path.parent.glob("*.json"))[:-KEPT]:
        old.unlink(missing_ok=True)
    for left in path.parent.glob("*.new"):  # by a kill
        left.unlink(missing_ok=True)
