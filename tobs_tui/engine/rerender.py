"""Rendering a vault from its archive alone: the run's own render stage, without a run around it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.lock import VaultLock
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine.commit import Writer
from tobs_tui.engine.note_jobs import NoteGrows
from tobs_tui.engine.processes import ProcessPool
from tobs_tui.engine.render_stage import RenderStage
from tobs_tui.engine.state import RunBoard
from tobs_tui.engine.vault import options_of_vault
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Profile
from tobs_tui.model.run import Failure, Level

PROGRESS_S = 0.2


class Rerendered(Struct, frozen=True):
    """What came of it: notes written (unchanged ones not counted), and what could not be."""

    notes: int
    failures: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()


def check_options(vault: Path, profile: Profile, *, any_formats: bool = False) -> None:
    """See that a vault was written the way `profile` says (with `any_formats`, but for its formats), or not at all yet.
    Raises TobsError USAGE otherwise."""
    if not archive_path(vault).exists():
        return
    with Archive.open(archive_path(vault), read_only=True) as archive:
        known = archive.vault_options()
    notes, _, formats = known.partition(" ")
    wanted, _, chosen = options_of_vault(profile.layout, profile.media).partition(" ")
    if known and notes != wanted:
        raise TobsError(
            ErrorCode.USAGE,
            f"The notes in {vault} were written with other options (layout, time zone or media).",
            "Name the profile that they were exported with, or add --relayout to tobs render to write them anew.",
        )
    if known and formats != chosen and not any_formats:
        raise TobsError(
            ErrorCode.USAGE,
            f"The notes in {vault} were written as {formats}, not as {chosen}.",
            f"Add --format {formats} to keep them, or --format {chosen} to have those instead.",
        )


async def rerender(
    vault: Path, profile: Profile, on_progress: Callable[[int], None] = lambda messages: None
) -> Rerendered:
    """Bring every note and index of a vault up to date with its archive, as `profile` says.

    `on_progress` hears of the messages written so far. Killed in the middle, the next one goes on. Raises TobsError:
    ARCHIVE_UNUSABLE (also when there is no archive), VAULT_IN_USE, OUTPUT_NOT_WRITABLE or DISK_FULL.
    """
    Archive.open(archive_path(vault), read_only=True).close()  # no folder comes into being where there is no vault
    lock = VaultLock(vault).acquire()
    board = RunBoard(uuid.uuid4().hex[:12], profile, str(vault))
    writer = Writer(lambda: Archive.open(archive_path(vault)))
    pool = ProcessPool(profile.performance.decode_processes, lambda text: board.log(Level.WARNING, text))
    fatal: list[TobsError] = []
    stage = RenderStage(vault, profile, writer, board, pool, on_fatal=fatal.append, files_open=lambda key: False)
    written = 0
    hear = pool.on_news

    def count(news: object) -> None:
        nonlocal written
        if hear is not None:
            hear(news)
        if isinstance(news, NoteGrows):
            written += news.more

    async def tell() -> None:
        while True:
            await asyncio.sleep(PROGRESS_S)
            on_progress(written)

    pool.on_news = count
    teller = asyncio.create_task(tell())
    try:
        await writer.start()
        await asyncio.gather(pool.start(), stage.begin())
        await stage.finish_vault()
    finally:
        teller.cancel()
        await asyncio.gather(teller, return_exceptions=True)
        for part in (stage, pool, writer):
            await part.close()
        lock.release()
    if fatal:
        raise fatal[0]
    board.take_update()
    warnings = tuple(alert.text for alert in board.state.alerts)
    return Rerendered(board.counters.notes, board.state.failures, warnings)
