"""Probing and transcoding as functions: right facts, variants that decode to what they were, bad files named as bad."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import av
import msgspec
import pytest
from PIL import Image

from tests.media_files import bomb, camera_picture, picture, sound, video
from tobs_tui.media.encoders import Encoder, encoders_here, find_encoders
from tobs_tui.media.ffmpeg import programs
from tobs_tui.media.probe import probe
from tobs_tui.media.transcode import (
    AudioOptions,
    ImageOptions,
    Transcoded,
    VideoOptions,
    transcode_audio,
    transcode_image,
    transcode_video,
)
from tobs_tui.media.work import Done, JobError, Work
from tobs_tui.model.jobs import MediaFacts
from tobs_tui.model.profile import AudioFormat, ImageFormat, MediaKind, Quality, VideoFormat

BROKEN_CARD = Encoder(VideoFormat.H264, "h264_nvenc", programs()[0], "cuda:97")


def work_on(folder: Path, content: bytes, kind: MediaKind, mime: str = "") -> Work:
    """A piece of work in a folder of its own."""
    folder = folder / hashlib.sha256(content).hexdigest()[:8]
    (folder / "spool").mkdir(parents=True, exist_ok=True)
    path = folder / "content"
    path.write_bytes(content)
    return Work("", str(path), len(content), kind, mime, "m1.bin", str(folder / "spool"))


def facts_of(folder: Path, content: bytes, kind: MediaKind, mime: str = "") -> MediaFacts:
    return msgspec.msgpack.decode(probe(work_on(folder, content, kind, mime)).record, type=MediaFacts)


def test_a_camera_picture_tells_its_date_and_camera_and_not_its_place(tmp_path: Path) -> None:
    done = probe(work_on(tmp_path, camera_picture(), MediaKind.FILE, "image/jpeg"))
    facts = msgspec.msgpack.decode(done.record, type=MediaFacts)
    assert (facts.width, facts.height, facts.rotation) == (300, 400, 90), "as it is shown: turned upright"
    assert (facts.taken, facts.camera) == ("2024-05-14 09:15:30", "Canon EOS 5D")
    assert b"GPS" not in done.record
    assert b"52" not in done.record


def test_a_video_tells_its_length_size_and_codecs(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, video(), MediaKind.VIDEO)
    assert (facts.width, facts.height, facts.video_codec, facts.audio_codec) == (320, 180, "h264", "aac")
    assert 0.9 <= facts.duration <= 1.2
    assert facts.frame_rate == 20.0
    assert facts.bit_rate > 0


def test_a_turned_video_tells_its_size_as_it_is_shown(tmp_path: Path) -> None:
    from tobs_tui.media.ffmpeg import version_of

    facts = facts_of(tmp_path, _turned(tmp_path), MediaKind.VIDEO)
    assert (facts.width, facts.height) == (180, 320), version_of(programs()[0])
    assert facts.rotation in (90, 270)


def _turned(folder: Path) -> bytes:
    """A video whose container says that it is to be turned."""
    source = folder / "upright.mp4"
    source.write_bytes(video())
    output = folder / "turned.mp4"
    with av.open(str(source)) as given, av.open(str(output), "w") as made:
        streams = {one: made.add_stream_from_template(one) for one in given.streams}
        for packet in given.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream]
                made.mux(packet)
    content = bytearray(output.read_bytes())
    # The matrix of the video track's header: a quarter turn instead of none.
    at = content.index(b"tkhd") + 4 + 40
    content[at : at + 36] = b"".join(
        value.to_bytes(4, "big", signed=True) for value in (0, 65536, 0, -65536, 0, 0, 180 << 16, 0, 1 << 30)
    )
    return bytes(content)


def test_music_without_a_waveform_gets_one(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, sound(), MediaKind.AUDIO)
    assert abs(facts.duration - 2.0) < 0.05
    assert len(facts.waveform) == 100
    assert max(facts.waveform) == 31
    assert min(facts.waveform) > 20, "a steady tone is equally loud everywhere"


@pytest.mark.parametrize("kind", [MediaKind.PHOTO, MediaKind.VIDEO, MediaKind.VOICE, MediaKind.AUDIO, MediaKind.FILE])
@pytest.mark.parametrize("content", [b"", b"not media at all", b"\xff\xd8\xff\xe0" + bytes(200), b"OggS" + bytes(300)])
def test_what_cannot_be_read_has_that_as_its_fact(tmp_path: Path, kind: MediaKind, content: bytes) -> None:
    facts = facts_of(tmp_path, content, kind, "image/jpeg" if kind is MediaKind.FILE else "")
    assert facts.problem.endswith(".")
    assert facts.width == 0


def test_a_bomb_is_measured_and_not_unpacked(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, bomb(), MediaKind.PHOTO)
    assert facts.problem == "The picture is too large to be opened safely."
    with pytest.raises(JobError, match="too large to be unpacked"):
        transcode_image(work_on(tmp_path, bomb(), MediaKind.PHOTO), ImageOptions(ImageFormat.WEBP, Quality.SMALL))


def test_a_playlist_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(video())
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{secret}\n#EXT-X-ENDLIST\n".encode()
    assert facts_of(tmp_path, playlist, MediaKind.VIDEO).problem
    with pytest.raises(JobError):
        transcode_video(work_on(tmp_path, playlist, MediaKind.VIDEO), VideoOptions(VideoFormat.H264, Quality.SMALL))


# --- transcoding ------------------------------------------------------------------------------------------------------


def checked(work: Work, done: Done) -> bytes:
    """What was made, which is what the result says it is."""
    content = Path(done.output).read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (done.size, done.sha256)
    assert len(content) < work.size
    return content


@pytest.mark.parametrize("wanted", [VideoFormat.H264, VideoFormat.HEVC, VideoFormat.AV1])
def test_a_video_is_still_that_video_in_every_format(tmp_path: Path, wanted: VideoFormat) -> None:
    work = work_on(tmp_path, video(), MediaKind.VIDEO)
    options = VideoOptions(wanted, Quality.SMALL, max_height=90)
    content = checked(work, transcode_video(work, options))
    with av.open(io.BytesIO(content)) as made:
        pictures = list(made.decode(video=0))
        assert made.streams.video[0].codec_context.codec.canonical_name == wanted.value
        assert made.streams.audio[0].codec_context.name == "aac"
        assert len(pictures) == 20
        assert (pictures[0].width, pictures[0].height) == (160, 90)
    with av.open(io.BytesIO(video())) as original:
        before = next(iter(original.decode(video=0))).reformat(160, 90, format="gray").to_ndarray().astype(int)
    after = pictures[0].reformat(format="gray").to_ndarray().astype(int)
    assert abs(before - after).mean() < 12, "the picture is the same to the eye"


def test_the_same_video_makes_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for number in range(2):
        work = work_on(tmp_path / str(number), video(), MediaKind.VIDEO)
        made.append(transcode_video(work, VideoOptions(VideoFormat.H264, Quality.SMALL, max_height=90)).sha256)
    assert made[0] == made[1]


def test_a_sound_is_still_that_sound_as_opus(tmp_path: Path) -> None:
    work = work_on(tmp_path, sound(), MediaKind.VOICE)
    done = transcode_audio(work, AudioOptions(AudioFormat.OPUS, Quality.BALANCED))
    assert done.ending == "opus"
    with av.open(io.BytesIO(checked(work, done))) as made:
        assert made.streams.audio[0].codec_context.codec.canonical_name == "opus"
        assert abs((made.duration or 0) / 1e6 - 2.0) < 0.1


@pytest.mark.parametrize("wanted", [ImageFormat.WEBP, ImageFormat.JPEG])
def test_a_picture_is_turned_upright_and_capped(tmp_path: Path, wanted: ImageFormat) -> None:
    work = work_on(tmp_path, camera_picture(), MediaKind.PHOTO)
    done = transcode_image(work, ImageOptions(wanted, Quality.BALANCED, max_side=200))
    with Image.open(io.BytesIO(checked(work, done))) as made:
        assert (made.format or "").lower() == wanted.value
        assert made.size == (150, 200)
        assert made.getexif().get(0x112, 1) == 1, "turning it once more would turn it wrong"


def test_transparency_stays_in_webp_and_becomes_white_in_jpeg(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((300, 300), 90).convert("RGBA").save(buffer, "PNG")
    clear = Image.open(io.BytesIO(buffer.getvalue()))
    clear.putalpha(0)
    out = io.BytesIO()
    clear.save(out, "PNG")
    corners: dict[ImageFormat, Any] = {}
    for wanted in (ImageFormat.WEBP, ImageFormat.JPEG):
        work = work_on(tmp_path, out.getvalue(), MediaKind.FILE, "image/png")
        done = transcode_image(work, ImageOptions(wanted, Quality.SMALL))
        with Image.open(done.output) as made:
            corners[wanted] = made.getpixel((0, 0))
    assert corners[ImageFormat.WEBP][3] == 0
    assert min(corners[ImageFormat.JPEG]) >= 250


def test_what_would_not_become_smaller_stays_as_it_is(tmp_path: Path) -> None:
    small = picture(300, 300, "WEBP", quality=1)
    done = transcode_image(work_on(tmp_path, small, MediaKind.PHOTO), ImageOptions(ImageFormat.JPEG, Quality.HIGH))
    assert (done.skipped, done.reason) == (True, "it would not become smaller")
    assert not list((tmp_path).rglob("picture.*")), "and leaves nothing behind"
    already = transcode_video(
        work_on(tmp_path, video(), MediaKind.VIDEO), VideoOptions(VideoFormat.H264, Quality.SMALL)
    )
    assert (already.skipped, already.reason) == (True, "it is h264 already")


def test_a_card_that_fails_is_told_of_and_the_processor_takes_over(tmp_path: Path) -> None:
    encoders = (BROKEN_CARD, encoders_here(VideoFormat.H264)[-1])
    options = VideoOptions(VideoFormat.H264, Quality.SMALL, 90, encoders=encoders)
    done = transcode_video(work_on(tmp_path, video(), MediaKind.VIDEO), options)
    assert done.size > 0
    assert done.trouble.startswith("h264_nvenc on cuda:97 does not encode any more: ffmpeg failed: ")
    assert done.trouble.endswith(f"{encoders[1].name} on the processor took its place.")
    assert msgspec.msgpack.decode(done.record, type=Transcoded) == Transcoded(encoders[1].name, "")


def test_a_cut_video_is_damaged_rather_than_shorter(tmp_path: Path) -> None:
    from tests.media_files import ffmpeg

    whole = tmp_path / "whole.mp4"
    whole.write_bytes(video(3.0))
    front = ffmpeg("-i", str(whole), "-c", "copy", "-movflags", "+faststart", ending="mp4")
    cut = front[: len(front) * 6 // 10]
    with pytest.raises(JobError, match="damaged: only"):
        transcode_video(work_on(tmp_path, cut, MediaKind.VIDEO), VideoOptions(VideoFormat.HEVC, Quality.SMALL))


def test_encoders_are_tried_once_on_a_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tobs_tui.media import encoders

    file = tmp_path / "encoders.json"
    tried: list[str] = []
    really = encoders.try_out

    def watched(encoder: Encoder) -> Any:
        tried.append(encoder.name)
        return really(encoder)

    monkeypatch.setattr(encoders, "try_out", watched)
    monkeypatch.setattr(encoders, "devices", lambda: ("cuda:97",))
    found = find_encoders([VideoFormat.H264], file)
    assert [trial.works for trial in found][-1:] == [True], "the processor comes last, and works"
    assert [trial.encoder.device for trial in found if not trial.works] == ["cuda:97"] * (len(found) - 1)
    assert all(trial.problem for trial in found if not trial.works)
    assert len(tried) == len(found) >= 2
    assert find_encoders([VideoFormat.H264], file) == found
    assert len(tried) == len(found), "the second time nothing is tried"
    find_encoders([VideoFormat.H264], file, again=True)
    assert len(tried) == 2 * len(found) - 1, "those that failed, when they are asked for again"
    del tried[len(found) :]
    monkeypatch.setattr(encoders, "devices", lambda: ("cuda:98",))
    find_encoders([VideoFormat.H264], file)
    assert len(tried) > len(found), "another card is another machine"


def test_music_that_is_small_already_stays_as_it_is(tmp_path: Path) -> None:
    from tobs_tui.sandbox.assets.catalog import asset

    work = work_on(tmp_path, asset("song.mp3"), MediaKind.AUDIO)
    done = transcode_audio(work, AudioOptions(AudioFormat.OPUS, Quality.HIGH))
    assert (done.skipped, done.reason) == (True, "it would not become smaller")
