"""Files made to break what looks at them, through the real jobs: each ends as what it is, and the run goes on."""

from __future__ import annotations

import gzip
import io
import socket
import struct
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.jobs_help import put_file, rig_in
from tests.media_files import bomb, ffmpeg, picture, sound, video
from tobs_tui.media import ffmpeg as programs
from tobs_tui.media.probe import pictures, stream_facts
from tobs_tui.media.speech.sound import PIECE_S, length_of, pieces
from tobs_tui.model.errors import TobsError
from tobs_tui.model.jobs import JobKind, JobStatus, MediaFacts
from tobs_tui.model.profile import (
    AudioFormat,
    ImageFormat,
    MediaKind,
    MediaOptions,
    Profile,
    Quality,
    Transcode,
    VideoFormat,
)

ALL = Transcode(VideoFormat.H264, AudioFormat.OPUS, ImageFormat.WEBP, Quality.SMALL)
SIDE = 20_000


def huge_jpeg() -> bytes:
    """A JPEG that says it has 20,000 times 20,000 points."""
    data = bytearray(picture(64, 64, "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    struct.pack_into(">HH", data, at, SIDE, SIDE)
    return bytes(data)


def huge_gif() -> bytes:
    """A GIF with a screen of 60,000 times 60,000, and a frame of that size."""
    data = bytearray(picture(16, 16, "GIF"))
    struct.pack_into("<HH", data, 6, 60_000, 60_000)
    at = data.index(b"\x2c", 13)
    struct.pack_into("<HH", data, at + 5, 60_000, 60_000)
    return bytes(data)


def huge_webp() -> bytes:
    """A lossless WebP of the largest size that the format can name."""
    data = bytearray(picture(64, 64, "WEBP", lossless=True))
    at = data.index(b"VP8L") + 9
    struct.pack_into("<I", data, at, (struct.unpack_from("<I", data, at)[0] & 0xF0000000) | (16_000 << 14) | 16_000)
    return bytes(data)


def gzip_bomb() -> bytes:
    """An animated sticker (TGS is Lottie's JSON, compressed) that would unpack to 20 MB."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as file:
        file.write(b'{"tgs":1,"layers":[')
        for _ in range(20):
            file.write(b" " * 1_000_000)
    return buffer.getvalue()


def zip_bomb() -> bytes:
    """A ZIP with 20 MB of zeros."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file, file.open("a.mp4", "w") as inner:
        for _ in range(20):
            inner.write(bytes(1_000_000))
    return buffer.getvalue()


def endless_mkv() -> bytes:
    """A Matroska file that says it lasts three hundred million years."""
    data = bytearray(
        ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=5:duration=1", "-c:v", "mpeg4", ending="mkv")
    )
    at = data.index(b"\x44\x89\x88") + 3
    struct.pack_into(">d", data, at, 1e19)
    return bytes(data)


def huge_video() -> bytes:
    """A video whose frames say that they are 16,000 times 16,000: MPEG-4 part 2 in AVI, whose header is patched."""
    data = bytearray(ffmpeg("-f", "lavfi", "-i", "color=size=64x64:rate=5:duration=1", "-c:v", "mjpeg", ending="avi"))
    at = 0
    while (at := data.find(b"\xff\xc0\x00\x11\x08", at)) >= 0:
        struct.pack_into(">HH", data, at + 5, 16_000, 16_000)
        at += 9
    return bytes(data)


class Listener:
    """A server on loopback that counts who comes."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/x.ts"
        self.came = 0
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            self.came += 1
            line.close()

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """It is closed at the end."""
    found = Listener()
    yield found
    found.close()


def playlists(secret: Path, url: str) -> dict[str, bytes]:
    """Files that name others: what follows them reads a secret, or tells somebody that it was opened."""
    hls = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\n{}\n#EXT-X-ENDLIST\n"
    sdp = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
    dash = f'<?xml version="1.0"?><MPD><Period><AdaptationSet><Representation><BaseURL>{url}</BaseURL>'
    return {
        "HLS with a file": hls.format(secret).encode(),
        "HLS with a file's URL": hls.format(f"file://{secret}").encode(),
        "HLS with a web page": hls.format(url).encode(),
        "HLS within concat": hls.format(f"concat:{secret}|{secret}").encode(),
        "a list to concatenate": f"ffconcat version 1.0\nfile '{secret}'\n".encode(),
        "DASH": dash.encode(),
        "SDP": sdp.encode(),
        "SVG": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}"/><image href="{secret}"/></svg>'.encode(),
        "HTML": f'<html><img src="{url}"></html>'.encode(),
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(/etc/passwd) (r) file\n",
    }


def bombs() -> dict[str, bytes]:
    """Small files that would be large, or long."""
    whole = video()
    torn = bytearray(whole)
    torn[len(torn) // 3 :: 97] = bytes(len(torn[len(torn) // 3 :: 97]))
    return {
        "PNG": bomb(SIDE),
        "JPEG": huge_jpeg(),
        "GIF": huge_gif(),
        "WEBP": huge_webp(),
        "TGS": gzip_bomb(),
        "ZIP": zip_bomb(),
        "MKV": endless_mkv(),
        "AVI": huge_video(),
        "cut MP4": whole[: len(whole) // 2],
        "torn MP4": bytes(torn),
    }


def as_sent(vault: Path, archive: Any, name: str, content: bytes, ident: int) -> None:
    """Put the file under a message, as what it is named after or pretends to be."""
    if name in ("PNG", "JPEG", "GIF", "WEBP", "SVG", "HTML", "PostScript"):
        put_file(vault, archive, ident, content, MediaKind.PHOTO)
    elif ident % 2:
        put_file(vault, archive, ident, content, MediaKind.VIDEO, "video/mp4", "a.mp4")
    else:
        put_file(vault, archive, ident, content, MediaKind.VOICE, "audio/ogg", "a.ogg")


async def test_bombs_and_playlists_end_as_what_they_are_and_the_next_file_is_worked_on(
    tmp_path: Path, listener: Listener
) -> None:
    vault, secret = tmp_path / "vault", tmp_path / "secret.mp4"
    secret.write_bytes(video())
    files = {**bombs(), **playlists(secret, listener.url)}
    profile = Profile(media=MediaOptions(transcode=ALL, metadata=True))
    async with rig_in(vault, profile) as rig:
        for place, (name, content) in enumerate(files.items()):
            await rig.ask(lambda archive, a=(name, content, place + 1): as_sent(vault, archive, *a))
        await rig.ask(lambda archive: put_file(vault, archive, 999, sound(), MediaKind.VOICE, "audio/wav", "z.wav"))
        board = await rig.work()
        assert not [worker for worker in board.workers.all() if worker.retries], "no process died"
        outcomes = await rig.ask(outcomes_of)
    assert len(outcomes[JobKind.PROBE]) == len(files) + 1, "each has an outcome"
    assert all(result.status is JobStatus.DONE for result in outcomes[JobKind.PROBE]), "being broken is a fact, too"
    made = [result for result in outcomes[JobKind.TRANSCODE] if result.status is JobStatus.DONE]
    failed = [result.reason for result in outcomes[JobKind.TRANSCODE] if result.status is JobStatus.FAILED]
    assert len(failed) >= 10
    assert all(reason.endswith(".") and str(tmp_path) not in reason for reason in failed), failed
    assert made, "what is sound is worked on"
    assert listener.came == 0, "nobody is told"


def outcomes_of(archive: Any) -> dict[JobKind, list[Any]]:
    """Every result of a job in the archive, by its kind."""
    found: dict[JobKind, list[Any]] = {JobKind.PROBE: [], JobKind.TRANSCODE: []}
    with archive.reading() as db:
        rows = db.execute("SELECT sha256, kind, options FROM job_results").fetchall()
    for digest, kind, options in rows:
        if kind in found:
            found[JobKind(kind)].append(archive.job_result(digest, JobKind(kind), options))
    return found


@pytest.mark.parametrize(
    "name", ["HLS with a file", "HLS with a file's URL", "HLS with a web page", "a list to concatenate"]
)
def test_a_recording_that_names_other_files_is_not_listened_to(tmp_path: Path, listener: Listener, name: str) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(sound())
    file = tmp_path / "voice"
    file.write_bytes(playlists(secret, listener.url)[name])
    assert length_of(file) == 0.0
    with pytest.raises(TobsError):
        list(pieces(file, PIECE_S))
    assert listener.came == 0


def test_frames_of_impossible_size_are_not_unpacked_to_see_how_they_are_turned(tmp_path: Path) -> None:
    import resource

    file = tmp_path / "video"
    file.write_bytes(huge_video())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert isinstance(stream_facts(str(file)), MediaFacts)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, "in kilobytes"


def test_a_file_is_given_two_days_whatever_length_it_claims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, 10.0, 3 * 24 * 3600.0, 3 * 24 * 3600.0])
    monkeypatch.setattr(programs, "monotonic", lambda: next(moments))
    with pytest.raises(programs.JobError, match="longer than 172800 seconds"):
        programs._follow(io.BytesIO(b"progress=continue\n" * 4), 1e16)


def test_pillow_starts_no_other_program() -> None:
    assert "EPS" not in pictures()
    assert {"JPEG", "PNG", "WEBP", "GIF"} <= set(pictures())
