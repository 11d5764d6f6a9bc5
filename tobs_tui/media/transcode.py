"""Makes files smaller: videos and sounds with ffmpeg, pictures with Pillow. Pure functions of file and options.

On the processor the same ffmpeg makes the same bytes: the number of threads is fixed, and nothing tells of the time.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from tobs_tui.media import ffmpeg as programs
from tobs_tui.media.encoders import Encoder, before_input, encoders_here, number_of, upload
from tobs_tui.media.probe import pictures, stream_facts
from tobs_tui.media.store import digest_of
from tobs_tui.media.work import Done, JobError, Work, in_bounds
from tobs_tui.model.jobs import MediaFacts
from tobs_tui.model.profile import AudioFormat, ImageFormat, MediaKind, Quality, VideoFormat

VERSION = 1
"""Of what these functions make; results of another version are made anew."""
THREADS = 2
"""Of an encoder on the processor: x264's output depends on their number."""
LENGTH_SHARE, LENGTH_SLACK_S = 0.98, 0.5
"""How much shorter than its original a variant may be."""
FULL_SHARE = 0.9
"""Of the original's size: a variant that breaks off beyond it has met the limit."""
MAX_IMAGE_PIXELS = 100_000_000
_IMAGE_QUALITY = {
    ImageFormat.WEBP: {Quality.SMALL: 60, Quality.BALANCED: 78, Quality.HIGH: 90},
    ImageFormat.JPEG: {Quality.SMALL: 68, Quality.BALANCED: 82, Quality.HIGH: 92},
}
_CRF = {
    VideoFormat.H264: {Quality.SMALL: 28, Quality.BALANCED: 23, Quality.HIGH: 19},
    VideoFormat.HEVC: {Quality.SMALL: 31, Quality.BALANCED: 26, Quality.HIGH: 22},
    VideoFormat.AV1: {Quality.SMALL: 45, Quality.BALANCED: 36, Quality.HIGH: 28},
}
_VOICE_KBPS = {Quality.SMALL: 16, Quality.BALANCED: 24, Quality.HIGH: 40}
_MUSIC_KBPS = {Quality.SMALL: 64, Quality.BALANCED: 96, Quality.HIGH: 160}
_TRACK_KBPS = {Quality.SMALL: 64, Quality.BALANCED: 96, Quality.HIGH: 160}
"""Of a channel pair in a video."""
_CODECS = {VideoFormat.H264: "h264", VideoFormat.HEVC: "hevc", VideoFormat.AV1: "av1"}


class VideoOptions(Struct, frozen=True):
    """How videos are transcoded. `encoders` are those to try in turn; none: whatever works where the job is done."""

    format: VideoFormat
    quality: Quality
    max_height: int = 0
    hardware: bool = True
    encoders: tuple[Encoder, ...] = ()


class AudioOptions(Struct, frozen=True):
    """How sounds are transcoded."""

    format: AudioFormat
    quality: Quality


class ImageOptions(Struct, frozen=True):
    """How pictures are transcoded. `max_side` in pixels, 0 = any."""

    format: ImageFormat
    quality: Quality
    max_side: int = 0


class Transcoded(Struct, frozen=True):
    """How a variant was made: with which encoder, and on which device ('' = the processor)."""

    encoder: str = ""
    device: str = ""


# --- videos -----------------------------------------------------------------------------------------------------------


def transcode_video(work: Work, options: VideoOptions) -> Done:
    """A video in another format, with its first picture and sound tracks. Raises JobError for one that cannot be read.

    The encoders are tried in turn: a card that fails is told of in the result, and the next way is taken.
    """
    facts = stream_facts(work.path)
    if facts.problem:
        raise JobError(facts.problem)
    if not facts.video_codec:
        return _as_it_is("there is no video in it")
    taller = bool(options.max_height) and facts.height > options.max_height
    if facts.video_codec == _CODECS[options.format] and not taller:
        return _as_it_is(f"it is {options.format.value} already")
    encoders = options.encoders or encoders_here(options.format)
    if not options.hardware:
        encoders = tuple(encoder for encoder in encoders if not encoder.device)
    if work.device:  # of several cards, the one that this process was hired for goes first
        encoders = tuple(sorted(encoders, key=lambda encoder: _rank(encoder, work.device)))
    if not encoders:
        raise JobError(f"There is no ffmpeg here that encodes {options.format.value}.")
    output = Path(work.spool) / "video.mp4"
    failed: list[tuple[str, str]] = []
    for encoder in encoders:
        try:
            programs.run(
                _video_command(work, facts, options, encoder, output), facts.duration, on_processor=not encoder.device
            )
        except JobError as error:
            if not encoder.device:
                raise JobError(_about_the_file(work, error)) from error
            failed.append((f"{encoder.name} on {encoder.device}", _about_the_file(work, error)))
            continue
        record = Transcoded(encoder.name, encoder.device)
        done = _played(work, output, f"{options.format.value}.mp4", record, facts.duration)
        return msgspec.structs.replace(done, trouble=_instead(failed, encoder))
    raise JobError(failed[-1][1])


def _instead(failed: list[tuple[str, str]], encoder: Encoder) -> str:
    """What went wrong before an encoder did it, as a sentence."""
    if not failed:
        return ""
    told = " ".join(f"{name} does not encode any more: {reason}" for name, reason in failed)
    return f"{told} {encoder.name} {f'on {encoder.device}' if encoder.device else 'on the processor'} took its place."


def _rank(encoder: Encoder, device: str) -> int:
    return 0 if encoder.device == device else 2 if not encoder.device else 1


def _video_command(work: Work, facts: MediaFacts, options: VideoOptions, encoder: Encoder, output: Path) -> list[str]:
    import ffmpeg

    source = ffmpeg.input(work.path, **programs.safe_input())
    streams = [source["v:0"]] + ([source["a:0"]] if facts.audio_codec else [])
    height = f"min(ih,{options.max_height})" if options.max_height else "ih"
    # Even sizes, as the formats want them; commas within an expression are escaped for the filter's syntax.
    scale = f"scale=-2:trunc({height}/2)*2".replace(",", "\\,")
    values: dict[str, Any] = {"c:v": encoder.name, "vf": f"{scale},{upload(encoder)}", "movflags": "+faststart"}
    values |= _quality(encoder, _CRF[options.format][options.quality])
    if facts.audio_codec in ("aac", "opus", "mp3"):
        values["c:a"] = "copy"
    elif facts.audio_codec:
        values |= {"c:a": "aac", "b:a": f"{_TRACK_KBPS[options.quality]}k", "ac": min(2, facts.channels or 2)}
    if options.format is VideoFormat.HEVC:
        values["tag:v"] = "hvc1"  # Apple's players know no other
    made = ffmpeg.output(*streams, str(output), **values, **_plain(work))
    command: list[str] = _said(made).compile(cmd=encoder.program, overwrite_output=True)
    return [command[0], *before_input(encoder), *command[1:]]


def _quality(encoder: Encoder, crf: int) -> dict[str, Any]:
    """Constant quality, in each encoder's own words."""
    name = encoder.name
    if name.endswith("nvenc"):
        return {"rc": "vbr", "cq": crf, "b:v": 0, "preset": "p5", "gpu": number_of(encoder)}
    if name.endswith("vaapi"):
        return {"rc_mode": "CQP", "qp": crf}
    if name.endswith("qsv"):
        return {"global_quality": crf}
    if name.endswith("videotoolbox"):
        return {"q:v": max(1, 100 - 2 * crf)}
    if name == "libsvtav1":
        return {"crf": crf, "preset": 8}
    if name == "libaom-av1":
        return {"crf": crf, "b:v": 0, "cpu-used": 6, "row-mt": 1, "threads": THREADS}
    if name == "librav1e":
        return {"qp": crf * 4, "speed": 8, "threads": THREADS}
    if name == "libx265":
        return {"crf": crf, "preset": "medium", "x265-params": f"pools={THREADS}:frame-threads=1:log-level=error"}
    if name == "libx264":
        return {"crf": crf, "preset": "medium", "threads": THREADS}
    return {"b:v": "1M"}


def _plain(work: Work) -> dict[str, Any]:
    """Output options of every job: nothing that tells of the encoder or the time, no longer than the original."""
    return {"fs": work.size, "fflags": "+bitexact", "flags": "+bitexact", "map_metadata": 0, "map_chapters": -1}


def _said(made: Any) -> Any:
    """The command with what `programs.run` expects of it."""
    return made.global_args(*("-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", "-progress", "pipe:1"))


# --- sounds -----------------------------------------------------------------------------------------------------------


def transcode_audio(work: Work, options: AudioOptions) -> Done:
    """A voice note or a piece of music as Opus. Raises JobError for one that cannot be read."""
    facts = stream_facts(work.path)
    if facts.problem:
        raise JobError(facts.problem)
    if not facts.audio_codec:
        return _as_it_is("there is no sound in it")
    if facts.audio_codec == "opus":
        return _as_it_is("it is opus already")
    program = next((program for program in programs.programs() if "libopus" in programs.encoders_of(program)), "")
    if not program:
        raise JobError("There is no ffmpeg here that encodes opus.")
    output = Path(work.spool) / "sound.opus"
    try:
        programs.run(_audio_command(work, facts, options, program, output), facts.duration)
    except JobError as error:
        raise JobError(_about_the_file(work, error)) from error
    return _played(work, output, "opus", Transcoded("libopus"), facts.duration)


def _audio_command(work: Work, facts: MediaFacts, options: AudioOptions, program: str, output: Path) -> list[str]:
    import ffmpeg

    voice = work.kind is MediaKind.VOICE
    values: dict[str, Any] = {
        "c:a": "libopus",
        "b:a": f"{(_VOICE_KBPS if voice else _MUSIC_KBPS)[options.quality]}k",
        "application": "voip" if voice else "audio",
        "ac": min(2, facts.channels or 2),
    }
    made = ffmpeg.output(ffmpeg.input(work.path, **programs.safe_input())["a:0"], str(output), **values, **_plain(work))
    command: list[str] = _said(made).compile(cmd=program, overwrite_output=True)
    return command


# --- pictures ---------------------------------------------------------------------------------------------------------


def transcode_image(work: Work, options: ImageOptions) -> Done:
    """A picture in another format and size, upright. Raises JobError for one that is damaged or too large."""
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with in_bounds(), Image.open(work.path, formats=pictures()) as image:
                return _image(work, image, options)
        except UnidentifiedImageError:
            return _as_it_is("it is no picture that Pillow knows")
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise JobError("The picture is too large to be unpacked safely.") from error
        except MemoryError as error:
            raise JobError("The picture takes more memory than there is for one file.") from error
        except (OSError, ValueError, SyntaxError, EOFError, TypeError, LookupError, OverflowError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's trouble, not the picture's
            raise JobError(f"The picture is damaged: {str(error)[:200].rstrip('.')}.") from error


def _image(work: Work, image: Any, options: ImageOptions) -> Done:
    from PIL import ImageOps

    wanted = options.format.value
    larger = bool(options.max_side) and max(image.size) > options.max_side
    if getattr(image, "n_frames", 1) > 1:
        return _as_it_is("it moves")
    if (image.format or "").lower() == wanted and not larger:
        return _as_it_is(f"it is {wanted} already")
    if larger:
        image.draft(None, (options.max_side, options.max_side))  # has JPEGs unpacked smaller, where that is enough
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    exif = image.getexif().tobytes() if image.getexif() else b""
    if larger:
        image.thumbnail((options.max_side, options.max_side))
    image = _in_colours(image, alpha=options.format is ImageFormat.WEBP)
    ending = "webp" if options.format is ImageFormat.WEBP else "jpg"
    output = Path(work.spool) / f"picture.{ending}"
    quality = _IMAGE_QUALITY[options.format][options.quality]
    how: dict[str, Any] = {"method": 4} if options.format is ImageFormat.WEBP else {"optimize": True}
    image.save(output, options.format.value.upper(), quality=quality, icc_profile=profile, exif=exif, **how)
    return _made(work, output, ending, Transcoded("pillow"), 0.0)


def _in_colours(image: Any, *, alpha: bool) -> Any:
    """The picture in a mode that both formats have; what is transparent becomes white where there is no `alpha`."""
    from PIL import Image

    see_through = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    if not see_through:
        return image if image.mode in ("RGB", "L") and not (alpha and image.mode == "L") else image.convert("RGB")
    image = image.convert("RGBA")
    return image if alpha else Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


# --- both -------------------------------------------------------------------------------------------------------------


def _played(work: Work, output: Path, ending: str, record: Transcoded, seconds: float) -> Done:
    """The result of ffmpeg, which stops without a word at the size of the original, and goes on behind what it cannot
    read. Raises JobError when something is missing."""
    made = stream_facts(str(output)).duration
    if made < seconds * LENGTH_SHARE - LENGTH_SLACK_S:
        if output.stat().st_size > work.size * FULL_SHARE:
            return _as_it_is("it would not become smaller", seconds)
        raise JobError(f"The file is damaged: only {made:.1f} of its {seconds:.1f} seconds can be read.")
    return _made(work, output, ending, record, seconds)


def _made(work: Work, output: Path, ending: str, record: Transcoded, seconds: float) -> Done:
    """The result, unless it is no smaller than the original."""
    size = output.stat().st_size
    if size >= work.size:
        output.unlink()
        return _as_it_is("it would not become smaller", seconds)
    return Done(msgspec.msgpack.encode(record), seconds, str(output), digest_of(output), size, ending)


def _as_it_is(reason: str, seconds: float = 0.0) -> Done:
    return Done(seconds=seconds, reason=reason, skipped=True)


def _about_the_file(work: Work, error: JobError) -> str:
    return str(error).replace(f"{work.path}: ", "").replace(work.path, "the file")
