"""Jobs that follow a download: their kinds, what becomes of them, and the facts that they find out about a file."""

from __future__ import annotations

import enum

from msgspec import Struct


class JobKind(enum.StrEnum):
    """What is done with a file's content once it is there."""

    PROBE = "probe"
    TRANSCODE = "transcode"
    TRANSCRIBE = "transcribe"


class JobStatus(enum.IntEnum):
    """What became of a job. A content without a result is still to be worked on."""

    DONE = 1
    FAILED = 2  # tried again by the next run
    SKIPPED = 3  # there is nothing to do with such a content


class JobResult(Struct, frozen=True):
    """What a job came to. `record` is its own struct in msgpack, `reason` says why it failed or was skipped.

    A job that makes another file of a content leaves it in the store as `variant` (lowercase hex digest) of
    `variant_size` bytes, whose readable name ends in `ending` (without the first dot: ``av1.mp4``).
    """

    kind: JobKind
    status: JobStatus
    record: bytes = b""
    reason: str = ""
    variant: str = ""
    variant_size: int = 0
    ending: str = ""


class MediaFacts(Struct, frozen=True, omit_defaults=True):
    """What a content is by its own account. Sizes in pixels as it is shown (turned upright), rates in bits a second.

    `problem` is a sentence where it cannot be read as what it claims to be. `taken` is the camera's own clock, which
    names no zone: ``2024-05-14 09:15:00``. Where a picture was taken is not kept.
    """

    container: str = ""
    duration: float = 0.0  # seconds
    width: int = 0
    height: int = 0
    video_codec: str = ""
    audio_codec: str = ""
    bit_rate: int = 0
    frame_rate: float = 0.0
    channels: int = 0
    sample_rate: int = 0
    rotation: int = 0  # degrees clockwise that the stored picture has to be turned by
    frames: int = 0  # of an animated picture
    taken: str = ""
    camera: str = ""
    waveform: bytes = b""  # loudness over time, 0 to 31 a byte
    problem: str = ""
