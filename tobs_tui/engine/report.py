"""Keeping the report of a run: written as the run goes on, and at its end, into the vault's own folder.

``runs/`` has the reports of the newest runs, and ``run.json`` is the newest of them. A run that is killed leaves the
figures of some seconds before; the next run of the vault notes there that it did not get to its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from loguru import logger
from msgspec.structs import replace

from tobs_tui import __version__
from tobs_tui.archive.schema import internal_folder
from tobs_tui.engine.link_watch import LinkWatch
from tobs_tui.engine.state import RunBoard
from tobs_tui.model.report import LogFigures, RunReport, report_of
from tobs_tui.model.run import EXIT_STATUS, Outcome, WorkerRole
from tobs_tui.monitor.clock import monotonic, now
from tobs_tui.monitor.logs import counts, tell_left_out

KEPT = 100
"""Reports that a vault keeps, the newest."""
NEWEST = "run.json"
EVERY_S = 5.0
"""How old the figures are at most that a killed run leaves, unless writing takes long."""
SHARE = 100
"""A report is written no more often than takes a hundredth of the time."""
KILLED = "It was killed, or the machine went down, before it could say how it ended. The next run went on from there."


class ReportKeeper:
    """One run's report. `measured` give the seconds of the stages that are timed piece by piece."""

    def __init__(self, vault: Path, board: RunBoard, watch: LinkWatch) -> None:
        self.measured: Mapping[WorkerRole, Callable[[], float]] = {}
        self._vault = vault
        self._board = board
        self._watch = watch
        self._logged = counts()
        self._open = asyncio.Event()
        self._last: RunReport | None = None

    def report(self) -> RunReport:
        """The figures as of now, about the state that watchers were told last; of a run that has ended, as of then."""
        if self._last is not None:
            return self._last
        logged = counts()
        before = self._logged.written
        written = {level: count - before.get(level, 0) for level, count in sorted(logged.written.items())}
        return report_of(
            self._board.state,
            now(),
            program=__version__,
            link=self._watch.figures(),
            stages=self._board.workers.stages({role: seconds() for role, seconds in self.measured.items()}),
            phases=self._board.phases(),
            log=LogFigures(
                {level: count for level, count in written.items() if count}, logged.left_out - self._logged.left_out
            ),
        )

    async def begin(self) -> None:
        """The vault is this run's: note of the run before what it could not, and begin with this one's report."""
        await asyncio.to_thread(_conclude_former, self._vault)
        self._open.set()

    async def keep_forever(self) -> None:
        """Write the report again and again, from `begin` on."""
        await self._open.wait()
        while True:
            began = monotonic()
            await write_report(self._vault, self.report())
            await asyncio.sleep(max(EVERY_S, SHARE * (monotonic() - began)))

    async def end(self) -> None:
        """Write the report of a run that has ended; nothing where there was no vault to write it into."""
        tell_left_out()
        self._last = self.report()
        if self._open.is_set():
            await write_report(self._vault, self._last)


async def write_report(vault: Path, report: RunReport) -> Path | None:
    """Write a report, whole or not at all; gives where it is. One that cannot be written is only logged: what the run
    exports stands."""
    moment = datetime.datetime.fromtimestamp(report.started_at, datetime.UTC)
    path = internal_folder(vault) / "runs" / f"{moment:%Y%m%dT%H%M%S}-{report.run_id}.json"
    try:
        await asyncio.to_thread(_write, path, report)
    except OSError as error:
        logger.warning("the run's report cannot be written: {}", error)
        return None
    return path


def _write(path: Path, report: RunReport) -> None:
    """Write it to the disk, give it its names, and let go of the oldest ones."""
    path.parent.mkdir(exist_ok=True)  # not the vault itself: it may have been taken away
    draft = path.with_suffix(".new")
    with draft.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(report), indent=1))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    newest = path.parent.parent / NEWEST
    draft = newest.with_suffix(".new")
    draft.unlink(missing_ok=True)
    try:
        draft.hardlink_to(path)
    except OSError:  # the file system has no links
        shutil.copyfile(path, draft)
    draft.replace(newest)
    for old in sorted(path.parent.glob("*.json"))[:-KEPT]:
        old.unlink(missing_ok=True)
    for left in path.parent.glob("*.new"):  # by a kill
        left.unlink(missing_ok=True)


def _conclude_former(vault: Path) -> None:
    """Say in the newest report that its run was killed, where it does not say how it ended. The vault is locked: it
    does not go on."""
    with contextlib.suppress(OSError):  # there is no report yet, or it is not to be had
        for path in sorted((internal_folder(vault) / "runs").glob("*.json"))[-1:]:
            try:
                report = msgspec.json.decode(path.read_bytes(), type=RunReport)
            except msgspec.MsgspecError:  # another version's
                return
            if report.outcome is None:
                outcome = Outcome.INTERRUPTED
                _write(path, replace(report, outcome=outcome, exit_status=EXIT_STATUS[outcome], message=KILLED))
