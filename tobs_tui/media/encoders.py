"""Which video encoders really work here: each candidate encodes a second of video, and the outcome is remembered.

Being listed by ffmpeg says only that an encoder was compiled in: its driver, or the card, may not be there.
"""

from __future__ import annotations

import contextlib
import platform
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

from tobs_tui.config.toml_file import write_private
from tobs_tui.media.ffmpeg import encoders_of, programs, run
from tobs_tui.media.work import JobError
from tobs_tui.model.errors import TobsError
from tobs_tui.model.profile import VideoFormat
from tobs_tui.monitor.clock import monotonic

FORMATS = (VideoFormat.H264, VideoFormat.HEVC, VideoFormat.AV1)
_HARDWARE = ("nvenc", "vaapi", "qsv", "videotoolbox")
_SOFTWARE = {
    VideoFormat.H264: ("libx264", "libopenh264"),
    VideoFormat.HEVC: ("libx265", "libkvazaar"),
    VideoFormat.AV1: ("libsvtav1", "libaom-av1", "librav1e"),
}
_NVIDIA = Path("/proc/driver/nvidia/version")
TRIAL_FRAMES = 25
"""Pictures of 640x360 that a candidate encodes: a second."""


class Encoder(Struct, frozen=True):
    """An encoder of a program, on a device: "cuda:0", "/dev/dri/renderD128", "videotoolbox"; '' = the processor."""

    format: VideoFormat
    name: str
    program: str
    device: str = ""


class Trial(Struct, frozen=True):
    """How an encoder fared: pictures a second, or why it does not work."""

    encoder: Encoder
    speed: float = 0.0
    problem: str = ""

    @property
    def works(self) -> bool:
        """Whether it encoded the second of video."""
        return not self.problem


class _Remembered(Struct):
    key: str
    trials: list[Trial]


def devices() -> tuple[str, ...]:
    """The devices of this machine that may encode video, by the names that `Encoder.device` has."""
    found = [f"cuda:{number}" for number in range(len(list(Path("/dev").glob("nvidia[0-9]*"))))]
    found += sorted(str(path) for path in Path("/dev/dri").glob("renderD*"))
    return (*found, "videotoolbox") if sys.platform == "darwin" else tuple(found)


def candidates(wanted: VideoFormat) -> list[Encoder]:
    """What may encode to a format: hardware first, the processor last; the system's ffmpeg before the bundled one."""
    hardware, software = [], []
    for program in programs():
        listed = encoders_of(program)
        for way in _HARDWARE:
            name = f"{wanted.value}_{way}"
            if name in listed:
                hardware += [Encoder(wanted, name, program, device) for device in devices() if _fits(way, device)]
        software += [Encoder(wanted, name, program) for name in _SOFTWARE[wanted] if name in listed]
    return [*hardware, *software]


def _fits(way: str, device: str) -> bool:
    return {
        "nvenc": device.startswith("cuda:"),
        "vaapi": device.startswith("/dev/dri/"),
        "qsv": device.startswith("/dev/dri/"),
        "videotoolbox": device == "videotoolbox",
    }[way]


def before_input(encoder: Encoder) -> list[str]:
    """What ffmpeg has to be told before its input, so that this encoder finds its device."""
    if encoder.name.endswith("vaapi"):
        return ["-vaapi_device", encoder.device]
    if encoder.name.endswith("qsv"):
        return ["-init_hw_device", f"qsv=hw,child_device={encoder.device}", "-filter_hw_device", "hw"]
    return []


def upload(encoder: Encoder) -> str:
    """The filter that hands pictures to this encoder; '' for those that take them as they are."""
    if encoder.name.endswith("vaapi"):
        return "format=nv12,hwupload"
    return "format=nv12,hwupload=extra_hw_frames=64" if encoder.name.endswith("qsv") else "format=yuv420p"


def number_of(encoder: Encoder) -> int:
    """Which of several NVIDIA cards an encoder is on."""
    return int(encoder.device.rpartition(":")[2])


def try_out(encoder: Encoder) -> Trial:
    """Have an encoder encode a second of video."""
    picture = f"testsrc2=size=640x360:rate={TRIAL_FRAMES}:duration=1"
    card = ["-gpu", str(number_of(encoder))] if encoder.name.endswith("nvenc") else []
    command = [
        *(encoder.program, "-hide_banner", "-nostdin", "-loglevel", "error", *before_input(encoder)),
        *("-f", "lavfi", "-i", picture, "-vf", upload(encoder), "-c:v", encoder.name, *card),
        *("-progress", "pipe:1", "-nostats", "-f", "null", "-"),
    ]
    began = monotonic()
    try:
        run(command, 1.0, on_processor=not encoder.device)
    except (JobError, OSError) as error:
        return Trial(encoder, problem=str(error))
    return Trial(encoder, speed=round(TRIAL_FRAMES / max(1e-6, monotonic() - began), 1))


def machine_key() -> str:
    """What the trials' outcomes depend on: the programs as they are installed now, the devices, and their drivers."""
    installed = [platform.release()]
    with contextlib.suppress(OSError):  # no NVIDIA driver
        installed.append(_NVIDIA.read_text().partition("\n")[0])
    for program in programs():
        with contextlib.suppress(OSError):  # removed since it was found
            state = Path(program).stat()
            installed.append(f"{program} {state.st_size} {state.st_mtime_ns}")
    return "\n".join([*installed, *devices()])


def find_encoders(formats: Iterable[VideoFormat], file: Path | None = None, *, again: bool = False) -> list[Trial]:
    """How the candidates for these formats fare here, best first. Trials of the same programs and devices are taken
    from `file`, unless they failed and are to be made `again`; new ones are kept there. Blocks: seconds for the first
    time, milliseconds then."""
    key = machine_key()
    known = _remembered(file, key)
    tried: dict[Encoder, Trial] = {trial.encoder: trial for trial in known}
    found = []
    fresh = False
    for wanted in formats:
        done = False
        for candidate in candidates(wanted):
            if done and not candidate.device:
                continue  # one way to do it on the processor is enough
            trial = tried.get(candidate)
            if trial is None or (again and not trial.works):
                trial, fresh = try_out(candidate), True
            tried[candidate] = trial
            done = done or (trial.works and not candidate.device)
            found.append(trial)
    if file is not None and fresh:
        with contextlib.suppress(TobsError):  # a cache: it is tried again the next time
            write_private(file, msgspec.json.encode(_Remembered(key, list(tried.values()))))
    return found


def _remembered(file: Path | None, key: str) -> list[Trial]:
    if file is None:
        return []
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=_Remembered)
    except (OSError, msgspec.MsgspecError):  # none yet, or not one of ours
        return []
    return kept.trials if kept.key == key else []


def found_in_words(file: Path, wanted: VideoFormat) -> str:
    """What the trials that `file` remembers of this machine have found for a format, as a sentence."""
    trials = [trial for trial in _remembered(file, machine_key()) if trial.encoder.format is wanted]
    if not trials:
        return "The encoders were not tried here yet: tobs doctor does so, and the first run that needs one."
    working = [f"{one.encoder.name} on {one.encoder.device or 'the processor'}" for one in trials if one.works]
    return f"Found to work here: {', '.join(working)}." if working else f"No {wanted.value} encoder works here."


@cache
def encoders_here(wanted: VideoFormat) -> tuple[Encoder, ...]:
    """The working encoders of a machine that nobody has asked before, such as a cluster's; once a process."""
    return tuple(trial.encoder for trial in find_encoders([wanted]) if trial.works)
