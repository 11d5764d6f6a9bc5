"""Writing down the recordings of a vault that is there already: the run's own job stage, without a run around it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.lock import VaultLock
from tobs_tui.archive.records import FileFilter, FileScope
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine.commit import Writer
from tobs_tui.engine.governor import Governor
from tobs_tui.engine.job_plans import transcription_plan
from tobs_tui.engine.job_stage import JobStage
from tobs_tui.engine.state import RunBoard
from tobs_tui.model.errors import TobsError
from tobs_tui.model.load import Thresholds
from tobs_tui.model.profile import Profile
from tobs_tui.model.run import Failure

PROGRESS_S = 0.5


class Transcribed(Struct, frozen=True):
    """What came of it: recordings that are written down, of all that there are, and what could not be."""

    done: int
    total: int
    failures: tuple[Failure, ...] = ()


async def transcribe_vault(
    vault: Path, profile: Profile, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> Transcribed:
    """Write down every recording in a vault that is not yet, as the profile's section says, whether or not it is
    enabled there. The notes are not touched: render them afterwards.

    `on_progress` hears of the recordings done, and of all. Killed in the middle, the next one goes on. Raises
    TobsError: ARCHIVE_UNUSABLE (also when there is no archive), VAULT_IN_USE, OUTPUT_NOT_WRITABLE or DISK_FULL.
    """
    Archive.open(archive_path(vault), read_only=True).close()  # no folder comes into being where there is no vault
    lock = VaultLock(vault).acquire()
    board = RunBoard(uuid.uuid4().hex[:12], profile, str(vault))
    writer = Writer(lambda: Archive.open(archive_path(vault)))
    fatal: list[TobsError] = []
    plans = (transcription_plan(profile.transcription),)
    governor = Governor(Thresholds(), adapt=False)
    stage = JobStage(writer, vault, profile, board, on_fatal=fatal.append, governor=governor, plans=plans)

    async def tell() -> None:
        while True:
            await asyncio.sleep(PROGRESS_S)
            on_progress(board.counters.jobs, board.counters.jobs_total)

    teller = asyncio.create_task(tell())
    try:
        await writer.start()
        scopes = await writer.submit(lambda archive: tuple(FileScope(record.id) for record in archive.chats()))
        stage.begin(FileFilter(scopes))
        await stage.finish()
    finally:
        teller.cancel()
        await asyncio.gather(teller, return_exceptions=True)
        for part in (stage, writer):
            await part.close()
        lock.release()
    if fatal:
        raise fatal[0]
    return Transcribed(board.counters.jobs, board.counters.jobs_total, tuple(board.failures))
