"""What a profile wants done with downloaded files: one plan for each kind of job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tobs_tui.archive.records import JobTask, JobWish
from tobs_tui.config.paths import Paths
from tobs_tui.media import probe
from tobs_tui.media.encoders import Encoder
from tobs_tui.media.speech.job import options_name, transcription
from tobs_tui.media.speech.transcribe import Wish
from tobs_tui.media.transcode import (
    VERSION,
    AudioOptions,
    ImageOptions,
    VideoOptions,
    transcode_audio,
    transcode_image,
    transcode_video,
)
from tobs_tui.media.work import Done, Work
from tobs_tui.model.jobs import JobKind
from tobs_tui.model.profile import (
    AudioFormat,
    ImageFormat,
    MediaKind,
    MediaOptions,
    Profile,
    Transcode,
    Transcription,
    VideoFormat,
)
from tobs_tui.model.run import WorkerRole

_VIDEOS = (MediaKind.VIDEO, MediaKind.ROUND, MediaKind.ANIMATION, MediaKind.FILE)
_SOUNDS = (MediaKind.VOICE, MediaKind.AUDIO, MediaKind.FILE)
_PICTURES = (MediaKind.PHOTO, MediaKind.FILE)

TRANSCRIPTION_STALL_S = 1800.0
"""Nothing is reported while a model is fetched or loaded, or while it works through half a minute's speech of several
voices at once: a large one takes minutes for that on a slow processor."""


@dataclass(frozen=True)
class LanePlan:
    """A lane to be hired: the first letters of its row's name, what it works on (`device`: "" = the processor), and
    after how many idle seconds its process is ended."""

    prefix: str = "j"
    role: WorkerRole = WorkerRole.JOB
    device: str = ""
    idle_s: float = 30.0


@dataclass(frozen=True)
class JobPlan:
    """A kind of job as a profile wants it: `function(work, arguments)` for each content that `suits`.

    `options` names the arguments: results are kept by it, and another name makes new ones. `arguments` must be
    picklable. A job that makes no `report` for `stall_s` seconds is ended. Plans that share the processor together do
    no more at once than the profile's `job_processes`.
    """

    kind: JobKind
    options: str
    function: Callable[[Work, Any], Done]
    arguments: Any
    takes: tuple[MediaKind, ...]
    suits: Callable[[JobTask], bool]
    lanes: tuple[LanePlan, ...] = (LanePlan(),)
    stall_s: float = 300.0
    shares_processor: bool = False
    remote: bool = True  # worth sending to a cluster

    @property
    def wish(self) -> JobWish:
        """What the archive is asked for."""
        return JobWish(self.kind, self.options, self.takes)


def job_plans(profile: Profile, encoders: Sequence[Encoder] = ()) -> tuple[JobPlan, ...]:
    """The jobs that a profile asks for. `encoders` are the video encoders that work here, best first; with none, each
    process looks for its own."""
    media = profile.media
    plans = [probe_plan()] if media.metadata else []
    speech = profile.transcription
    if speech.enabled:
        plans.append(transcription_plan(speech))
    return (*plans, *transcode_plans(media.transcode, profile.performance.job_processes, encoders))


def shown_jobs(media: MediaOptions) -> tuple[tuple[JobKind, str], ...]:
    """The (kind, options) of the results that notes show: those of the jobs that a profile asks for now. Transcripts
    are not among them: notes show the newest that there is (`archive.transcripts`), whoever asked for it."""
    shown = [(JobKind.PROBE, probe.OPTIONS)] if media.metadata else []
    return (*shown, *((JobKind.TRANSCODE, options) for options in _transcode_options(media.transcode)))


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
        remote=False,
    )


def transcription_plan(options: Transcription) -> JobPlan:
    """Writing down what is said in recordings: one at a time, in a process that holds the model while there is work."""
    return JobPlan(
        JobKind.TRANSCRIBE,
        options_name(options),
        transcription,
        Wish(options, str(Paths.resolve().models_dir)),
        takes=options.kinds,
        suits=lambda job: True,
        lanes=(LanePlan(prefix="t", idle_s=float(options.unload_after_s)),),
        stall_s=TRANSCRIPTION_STALL_S,
    )


def _probe(work: Work, _arguments: None) -> Done:
    return probe.probe(work)


def _transcode_options(wanted: Transcode) -> list[str]:
    """What the results of transcoding are called: all that makes them differ, but for who did it."""
    names = []
    if wanted.video is not VideoFormat.OFF:
        names.append(f"video {wanted.video.value} {wanted.quality.value} {wanted.max_height} v{VERSION}")
    if wanted.audio is not AudioFormat.OFF:
        names.append(f"audio {wanted.audio.value} {wanted.quality.value} v{VERSION}")
    if wanted.images is not ImageFormat.OFF:
        names.append(f"images {wanted.images.value} {wanted.quality.value} {wanted.max_side} v{VERSION}")
    return names


def transcode_plans(wanted: Transcode, processes: int, encoders: Sequence[Encoder] = ()) -> list[JobPlan]:
    """Making videos, sounds and pictures smaller. Each card has a lane of its own, the processor `processes`."""
    names = iter(_transcode_options(wanted))
    on_processor = (LanePlan(),) * processes
    plans = []
    if wanted.video is not VideoFormat.OFF:
        usable = tuple(
            encoder
            for encoder in encoders
            if encoder.format is wanted.video and (wanted.hardware or not encoder.device)
        )
        cards = dict.fromkeys(encoder.device for encoder in usable if encoder.device)
        lanes = tuple(LanePlan("g", WorkerRole.GPU, card) for card in cards) or on_processor
        options = VideoOptions(wanted.video, wanted.quality, wanted.max_height, wanted.hardware, usable)
        plans.append(_plan(next(names), transcode_video, options, _VIDEOS, "video", lanes))
    if wanted.audio is not AudioFormat.OFF:
        sound = AudioOptions(wanted.audio, wanted.quality)
        plans.append(_plan(next(names), transcode_audio, sound, _SOUNDS, "audio", on_processor))
    if wanted.images is not ImageFormat.OFF:
        picture = ImageOptions(wanted.images, wanted.quality, wanted.max_side)
        plans.append(_plan(next(names), transcode_image, picture, _PICTURES, "image", on_processor))
    return plans


def _plan(
    name: str,
    function: Callable[[Work, Any], Done],
    options: Any,
    takes: tuple[MediaKind, ...],
    mime: str,
    lanes: tuple[LanePlan, ...],
) -> JobPlan:
    def suits(job: JobTask) -> bool:
        return job.task.kind is not MediaKind.FILE or job.task.file.mime.startswith(f"{mime}/")

    shared = all(lane.role is WorkerRole.JOB for lane in lanes)
    return JobPlan(JobKind.TRANSCODE, name, function, options, takes, suits, lanes, shares_processor=shared)
