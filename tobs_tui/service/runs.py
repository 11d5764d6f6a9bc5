"""The run desk: starts one run at a time, steers it, and keeps the last one's state for clients that attach later."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
from loguru import logger

from tobs_tui.archive.journal import RunJournal
from tobs_tui.config.layers import effective
from tobs_tui.config.paths import Paths, expanded
from tobs_tui.engine.endings import ending_by
from tobs_tui.engine.run import ExportRun
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Profile
from tobs_tui.model.refresh import Refresh
from tobs_tui.model.report import RunReport
from tobs_tui.model.run import Outcome, RunPhase, RunRecord, RunState, RunUpdated
from tobs_tui.monitor.clock import now
from tobs_tui.service.protocol import AnyEvent, RunFinished, RunStarted
from tobs_tui.telegram.link import LinkEvent, TelegramLink

STOP_LIMIT_S = 20.0
"""How long a shutdown waits for a run to stop cleanly; what is committed by then is safe either way."""


class RunDesk:
    """Owns the run in progress. `publish` hears of its start, its updates and its end."""

    def __init__(self, paths: Paths, publish: Callable[[AnyEvent], None]) -> None:
        self._paths = paths
        self._publish = publish
        self._journal = RunJournal(paths.journal_file)
        self._run: ExportRun | None = None
        self._task: asyncio.Task[None] | None = None
        self._last: RunState | None = None

    @property
    def active(self) -> bool:
        """Whether a run is in progress (paused counts)."""
        return self._task is not None and not self._task.done()

    def state(self) -> RunState | None:
        """The run in progress, else the last one of this service's life."""
        if self._run is not None and self.active:
            return self._run.state
        return self._last

    def report(self) -> RunReport | None:
        """The figures of the run in progress, else of the last one of this service's life."""
        return None if self._run is None else self._run.reports.report()

    def output_of(self, profile: Profile) -> Path:
        """The vault's folder of a profile. Raises `TobsError` BAD_PROFILE for a relative path: relative to what?"""
        if not profile.output:
            return self._paths.default_output
        output = expanded(profile.output, "output")
        if not output.is_absolute():
            raise TobsError(
                ErrorCode.BAD_PROFILE, f"The output folder {profile.output} is not an absolute path.", field="output"
            )
        return output

    def start(
        self,
        profile: Profile,
        link: TelegramLink,
        max_wait_s: float | None = None,
        refresh: Refresh | None = None,
    ) -> None:
        """Begin a run. Raises `TobsError` RUN_IN_PROGRESS, what makes the profile unusable, or DISK_FULL."""
        if self.active:
            raise TobsError(
                ErrorCode.RUN_IN_PROGRESS,
                "A run is in progress.",
                "Watch it with tobs, or stop it first; one account exports one profile at a time.",
            )
        run = ExportRun(
            profile=profile,
            output=self.output_of(profile),
            link=link,
            on_update=self._updated,
            max_wait_s=max_wait_s,
            thresholds=effective(None, self._paths, os.environ, {}).settings.thresholds,
            refresh=refresh,
            encoders_file=self._paths.encoders_file,
        )
        self._journal.begin(_record(run.state))
        self._run = run
        self._publish(RunStarted(run.state))
        self._task = asyncio.create_task(self._carry_out(run))

    async def _carry_out(self, run: ExportRun) -> None:
        try:
            await run.run()
            state = run.state
        except asyncio.CancelledError as error:
            state = _ended(run.state, *ending_by(error))
        except Exception as error:  # noqa: BLE001  # the last line of defence: whatever it was is told, with its trace in the log
            logger.opt(exception=error).error("the run ended unexpectedly")
            state = _ended(run.state, *ending_by(error))
        self._last = state
        try:
            self._journal.finish(_record(state))
        except TobsError as error:  # the run is over all the same, and its watchers must hear of it
            logger.error("the run's end could not be noted: {}", error)
        self._publish(RunFinished(state))

    def _updated(self, update: RunUpdated) -> None:
        self._publish(update)

    def on_link_event(self, event: LinkEvent) -> None:
        """Tell the run what happens on the line."""
        if self._run is not None and self.active:
            self._run.on_link_event(event)

    def current(self) -> ExportRun:
        """The run in progress. Raises `TobsError` NO_RUN."""
        if self._run is None or not self.active:
            raise TobsError(ErrorCode.NO_RUN, "No run is in progress.")
        return self._run

    def recent(self, limit: int) -> tuple[RunRecord, ...]:
        """The newest runs, newest first."""
        return tuple(self._journal.recent(limit))

    async def stop(self) -> None:
        """End the run in progress resumably, as for a shutdown."""
        if self._task is None or self._run is None or not self.active:
            return
        self._run.cancel()
        with contextlib.suppress(TimeoutError):  # a run that doesn't stop in time is cut; its commits are safe
            await asyncio.wait_for(asyncio.shield(self._task), STOP_LIMIT_S)
        if not self._task.done():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


def _ended(state: RunState, outcome: Outcome, message: str) -> RunState:
    return msgspec.structs.replace(state, phase=RunPhase.FINISHED, outcome=outcome, message=message, finished_at=now())


def _record(state: RunState) -> RunRecord:
    return RunRecord(
        run_id=state.run_id,
        profile_name=state.profile.name,
        output=state.output,
        started_at=state.started_at,
        finished_at=state.finished_at,
        outcome=state.outcome,
        messages=state.totals.messages_new,
        files=state.totals.files,
        failures=len(state.failures),
        message=state.message,
    )
