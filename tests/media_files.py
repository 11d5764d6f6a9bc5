"""Small media files, made when a test asks for them: pictures with Pillow, videos and sounds with ffmpeg."""

from __future__ import annotations

import io
import random
import struct
import subprocess
import tempfile
import zlib
from functools import cache
from pathlib import Path
from typing import Any

from tobs_tui.media.ffmpeg import programs


@cache
def ffmpeg(*arguments: str, ending: str) -> bytes:
    """What ffmpeg makes of the arguments, as a file of that ending."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / f"made.{ending}"
        subprocess.run(
            [programs()[0], "-hide_banner", "-loglevel", "error", "-nostdin", *arguments, str(output)], check=True
        )
        return output.read_bytes()


def video(seconds: float = 1.0, size: str = "320x180", *, rotate: int = 0) -> bytes:
    """A wasteful H.264 video with sound; `rotate` degrees as a phone would note them."""
    pictures, sound = f"testsrc2=size={size}:rate=20:duration={seconds}", f"sine=frequency=440:duration={seconds}"
    made = ffmpeg(
        *("-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", sound, "-c:v", "libx264", "-preset", "ultrafast"),
        *("-crf", "8", "-pix_fmt", "yuv420p", "-c:a", "aac"),
        ending="mp4",
    )
    if not rotate:
        return made
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.mp4"
        plain.write_bytes(made)
        return ffmpeg("-display_rotation", str(rotate), "-i", str(plain), "-c", "copy", ending="mp4")


def sound(seconds: float = 2.0) -> bytes:
    """A sound without any loss, and so a large one."""
    return ffmpeg("-f", "lavfi", "-i", f"sine=frequency=330:duration={seconds}", "-c:a", "pcm_s16le", ending="wav")


def picture(width: int = 640, height: int = 480, form: str = "PNG", **options: Any) -> bytes:
    """A picture of soft noise; `options` are Pillow's for saving it."""
    from PIL import Image

    small = (max(2, width // 8), max(2, height // 8))
    noise = random.Random(width).randbytes(small[0] * small[1])
    image = Image.frombytes("L", small, noise).resize((width, height)).convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def camera_picture(turned: int = 6) -> bytes:
    """A JPEG from a camera: turned, dated, named, and with a place that must not get out."""
    from PIL import Image

    exif = Image.Exif()
    exif[0x112], exif[0x10F], exif[0x110] = turned, "Canon", "Canon EOS 5D"
    exif.get_ifd(0x8769)[0x9003] = "2024:05:14 09:15:30"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    return picture(400, 300, "JPEG", quality=97, exif=exif)


def bomb(side: int = 40_000) -> bytes:
    """A PNG of a few bytes that claims to be a picture of side x side points."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )
