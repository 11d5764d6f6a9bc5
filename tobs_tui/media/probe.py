"""Looks into a file once: container, codecs, length, size, rotation, when and with what a picture was taken.

Pictures are read with Pillow, of which only the header is needed; everything else with PyAV (FFmpeg's libraries).
"""

from __future__ import annotations

import contextlib
import math
import re
import struct
import warnings
from typing import Any

import msgspec

from tobs_tui.media.ffmpeg import MAX_PIXELS, plain_containers
from tobs_tui.media.work import Done, Work, in_bounds
from tobs_tui.model.jobs import MediaFacts
from tobs_tui.model.profile import MediaKind

OPTIONS = "1"
"""The version of these facts: contents are looked into again when it changes."""

WAVE_BARS = 100
"""Bars of a waveform, as many as Telegram's own have."""
WAVE_SECONDS = 1800.0
"""Longest sound of which a waveform is made: all of it has to be decoded."""
_TAKEN = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)")
_ORIENTATION, _MAKE, _MODEL, _DATE, _EXIF_PART, _TAKEN_ON = 0x112, 0x10F, 0x110, 0x132, 0x8769, 0x9003
_TURNS = {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}
"""Degrees clockwise by EXIF orientation; the even ones of the pairs are mirrored too."""
_WORD_BYTES = 100
_BAD_TAGS = (OSError, ValueError, SyntaxError, TypeError, LookupError, AttributeError, struct.error)
PICTURES = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "JPEG2000", "AVIF", "ICO", "TGA", "PPM")
"""Formats that Pillow reads by itself. Others are nothing that people send, or would have it start programs (EPS)."""
_SOUNDS = frozenset({MediaKind.VOICE, MediaKind.AUDIO})


def suits(kind: MediaKind, mime: str) -> bool:
    """Whether there is anything to find out about such a file."""
    if kind in (MediaKind.FILE, MediaKind.STICKER):
        return mime.partition("/")[0] in ("image", "video", "audio") and "svg" not in mime
    return True


def probe(work: Work) -> Done:
    """The `MediaFacts` of a content. What cannot be read as media has facts too: that, as a sentence."""
    try:
        with in_bounds():
            facts = _picture(work.path) if _is_picture(work) else None
            if facts is None:
                facts = stream_facts(work.path, wave=work.kind is MediaKind.AUDIO)
    except MemoryError:
        facts = MediaFacts(problem="It takes more memory than there is for one file.")
    return Done(msgspec.msgpack.encode(facts))


def pictures() -> list[str]:
    """Those of `PICTURES` that this Pillow can read."""
    from PIL import Image

    Image.init()
    return [name for name in PICTURES if name in Image.OPEN]


def _is_picture(work: Work) -> bool:
    return work.kind is MediaKind.PHOTO or (work.kind not in _SOUNDS and work.mime.startswith("image/"))


def _words(text: Any) -> str:
    """A tag's text; whoever made the file may have written anything."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return " ".join(str(text).replace("\0", " ").split())[:_WORD_BYTES] if text is not None else ""


def _picture(path: str) -> MediaFacts | None:
    """The facts of a picture; None for what Pillow does not know."""
    from PIL import Image, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a huge picture is only measured here, not unpacked
        try:
            with Image.open(path, formats=pictures()) as image:
                return _picture_facts(image)
        except UnidentifiedImageError:
            return None
        except Image.DecompressionBombError:
            return MediaFacts(problem="The picture is too large to be opened safely.")
        except (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, OverflowError) as error:
            return MediaFacts(problem=f"The picture is damaged: {_words(error)}.")


def _picture_facts(image: Any) -> MediaFacts:
    width, height = image.size
    turn, taken, camera = 0, "", ""
    with contextlib.suppress(*_BAD_TAGS):  # the picture is good without them
        exif = image.getexif()
        turn = _TURNS.get(exif.get(_ORIENTATION, 1), 0)
        found = _TAKEN.match(_words(exif.get_ifd(_EXIF_PART).get(_TAKEN_ON) or exif.get(_DATE)))
        taken = f"{found[1]}-{found[2]}-{found[3]} {found[4]}" if found else ""
        make, model = _words(exif.get(_MAKE)), _words(exif.get(_MODEL))
        camera = model if make and model.startswith(make.split()[0]) else f"{make} {model}".strip()
    if turn in (90, 270):
        width, height = height, width
    frames = int(getattr(image, "n_frames", 1))
    return MediaFacts(
        container=str(image.format or "").lower(),
        width=width,
        height=height,
        rotation=turn,
        frames=frames if frames > 1 else 0,
        taken=taken,
        camera=camera,
    )


def stream_facts(path: str, *, wave: bool = False) -> MediaFacts:
    """The facts of a video or a sound; with `wave` its waveform, for which all of it is decoded."""
    import av

    try:
        with av.open(path, metadata_errors="replace", container_options=plain_containers()) as container:
            facts = _facts_of(container)
            if not facts.width and not facts.sample_rate:
                return MediaFacts(problem="There is neither picture nor sound in it.")
            bars = b""
            if wave and 0 < facts.duration <= WAVE_SECONDS and container.streams.audio:
                bars = _waveform(container, facts.duration)
            return msgspec.structs.replace(facts, waveform=bars)
    except (av.FFmpegError, ValueError, OSError, IndexError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        return MediaFacts(problem=f"The file cannot be read as media: {_words(reason)}.")


def _facts_of(container: Any) -> MediaFacts:
    video = next((one for one in container.streams.video if one.codec_context is not None), None)
    audio = next((one for one in container.streams.audio if one.codec_context is not None), None)
    duration = container.duration / 1_000_000 if container.duration else _length_of(video or audio)
    width, height, turn = 0, 0, 0
    if video is not None:
        width, height, turn = video.codec_context.width, video.codec_context.height, _rotation(container, video)
        if turn in (90, 270):
            width, height = height, width
    rate = float(video.average_rate) if video is not None and video.average_rate else 0.0
    return MediaFacts(
        container=container.format.name,
        duration=round(duration, 3) if math.isfinite(duration) and duration > 0 else 0.0,
        width=width,
        height=height,
        rotation=turn,
        video_codec=video.codec_context.codec.canonical_name if video is not None else "",
        audio_codec=audio.codec_context.codec.canonical_name if audio is not None else "",
        bit_rate=int(container.bit_rate or 0),
        frame_rate=round(rate, 3) if math.isfinite(rate) else 0.0,
        channels=int(audio.codec_context.channels or 0) if audio is not None else 0,
        sample_rate=int(audio.codec_context.sample_rate or 0) if audio is not None else 0,
        taken=_made_on(container.metadata.get("creation_time", "")),
        camera=_words(container.metadata.get("com.apple.quicktime.model", "")),
    )


def _made_on(text: str) -> str:
    """When a container says it was made, as `MediaFacts.taken` has it; encoders that know none say 1904 or 1970."""
    found = re.match(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d:\d\d:\d\d)", text)
    return f"{found[1]}-{found[2]}-{found[3]} {found[4]}" if found and int(found[1]) > 1970 else ""


def _length_of(stream: Any) -> float:
    """Seconds of a stream whose container does not tell; 0 when it does not, either."""
    if stream is None or not stream.duration or not stream.time_base:
        return 0.0
    return float(stream.duration * stream.time_base)


def _rotation(container: Any, video: Any) -> int:
    """Degrees clockwise that the first picture of a video is to be turned by."""
    import av

    with contextlib.suppress(av.FFmpegError, ValueError):
        video.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        frame = next(iter(container.decode(video)), None)
        turn = -int(getattr(frame, "rotation", 0) or 0) % 360 if frame is not None else 0
        container.seek(0)
        return turn if turn in (90, 180, 270) else 0
    return 0


def _waveform(container: Any, duration: float) -> bytes:
    """How loud a sound is over its length, as Telegram draws it: the peak of each bar, 0 to 31."""
    import av

    rate = 8000
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    per_bar = max(1, math.ceil(duration * rate / WAVE_BARS))
    peaks = [0] * WAVE_BARS
    at = 0
    for frame in container.decode(container.streams.audio[0]):
        for piece in resampler.resample(frame):
            samples = memoryview(bytes(piece.planes[0])).cast("h")[: piece.samples]
            end = at + len(samples)
            while at < end and at // per_bar < WAVE_BARS:
                stop = min(end, (at // per_bar + 1) * per_bar)
                part = samples[at - end + len(samples) : stop - end + len(samples)]
                peaks[at // per_bar] = max(peaks[at // per_bar], *map(abs, (max(part), min(part))))
                at = stop
            at = end
        if at >= per_bar * WAVE_BARS:  # it is longer than it says
            break
    top = max(peaks)
    return bytes(31 * peak // top for peak in peaks) if top else bytes(WAVE_BARS)
