"""What a profile wants done with downloaded files: one plan for each kind of job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tobs_tui.archive.records import JobTask, JobWish
from tobs_tui.media import probe
from tobs_tui.media.work import Done, Work
from tobs_tui.model.jobs import JobKind
from tobs_tui.model.profile import MediaKind, MediaOptions, Profile
from tobs_tui.model.run import WorkerRole


@dataclass(frozen=True)
class LanePlan:
    """A lane to be hired: the first letters of its row's name, what it works on, and for whom its process is made."""

    prefix: str = "j"
    role: WorkerRole = WorkerRole.JOB
    device: str = ""
    idle_s: float = 30.0


@dataclass(frozen=True)
class JobPlan:
    """A kind of job as a profile wants it: `function(work, arguments)` for each content that `suits`.

    `options` names the arguments: results are kept by it, and another name makes new ones. `arguments` must be
    picklable. A job that makes no `report` for `stall_s` seconds is ended.
    """

    kind: JobKind
    options: str
    function: Callable[[Work, Any], Done]
    arguments: Any
    takes: tuple[MediaKind, ...]
    suits: Callable[[JobTask], bool]
    lanes: tuple[LanePlan, ...] = (LanePlan(),)
    stall_s: float = 300.0

    @property
    def wish(self) -> JobWish:
        """What the archive is asked for."""
        return JobWish(self.kind, self.options, self.takes)


def job_plans(profile: Profile) -> tuple[JobPlan, ...]:
    """The jobs that a profile asks for, in the order in which a content gets them."""
    plans = []
    if profile.media.metadata:
        plans.append(probe_plan())
    return tuple(plans)


def shown_jobs(media: MediaOptions) -> tuple[tuple[JobKind, str], ...]:
    """The (kind, options) of the results that notes show: those of the jobs that a profile asks for now."""
    shown = []
    if media.metadata:
        shown.append((JobKind.PROBE, probe.OPTIONS))
    return tuple(shown)


def probe_plan() -> JobPlan:
    """Looking into every file that may be media."""
    return JobPlan(
        JobKind.PROBE,
        probe.OPTIONS,
        _probe,
        None,
        takes=tuple(MediaKind),
        suits=lambda job: probe.suits(job.task.kind, job.task.file.mime),
        stall_s=60.0,
    )


def _probe(work: Work, _arguments: None) -> Done:
    return probe.probe(work)
