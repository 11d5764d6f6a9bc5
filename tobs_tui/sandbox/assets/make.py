"""Makes the assets of this package: draws, films and speaks them. Run it by hand.

``python -m tobs_tui.sandbox.assets.make`` needs numpy, ``espeak-ng`` and imageio-ffmpeg, and writes the files beside
itself. They are committed, so nothing else needs this.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
from PIL import Image, ImageDraw

from tobs_tui.sandbox.assets.catalog import SPOKEN, SPOKEN_ROUND
from tobs_tui.sandbox.assets.draw import HERE, SKIES, avatars, gradient, landscape, photos

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def run(*arguments: str | Path) -> None:
    """Run a program quietly; raise when it fails."""
    subprocess.run([str(part) for part in arguments], check=True, capture_output=True)


def tune(seconds: float, rate: int = 44_100) -> bytes:
    """A few soft chords as 16-bit mono samples."""
    chords = [(220.0, 277.2, 329.6), (196.0, 246.9, 293.7), (174.6, 220.0, 261.6), (196.0, 246.9, 329.6)]
    t = np.arange(int(seconds * rate)) / rate
    sound = np.zeros_like(t)
    for index in range(math.ceil(seconds / 2)):
        inside = (t >= index * 2) & (t < index * 2 + 2)
        local = t[inside] - index * 2
        for step, tone in enumerate(chords[index % 4]):
            sound[inside] += np.sin(6.2832 * tone * local) * np.exp(-1.3 * local) * (0.9 - 0.2 * step)
        melody = chords[index % 4][index % 3] * 2
        sound[inside] += 0.4 * np.sin(6.2832 * melody * local) * np.exp(-3 * (local % 0.5))
    samples: bytes = (sound / np.abs(sound).max() * 22_000).astype("<i2").tobytes()
    return samples


H264 = "-c:v libx264 -pix_fmt yuv420p -movflags +faststart"


def encode(frames: Path, target: Path, options: str, audio: tuple[str | Path, ...] = ()) -> None:
    """A film at 20 frames a second from numbered pictures, with a sound input or without."""
    sound: tuple[str | Path, ...] = (*audio, "-c:a", "aac", "-shortest") if audio else ("-an",)
    run(FFMPEG, "-y", "-framerate", "20", "-i", frames, *sound, *options.split(), target)


def films(work: Path) -> None:
    """A short film with sound, a round video message, a silent animation, a video sticker."""
    (work / "tune.raw").write_bytes(tune(3.0))
    audio: tuple[str | Path, ...] = ("-f", "s16le", "-ar", "44100", "-ac", "1", "-i", work / "tune.raw")
    for index in range(60):
        landscape(0, (480, 270), index * 3).save(work / f"f{index:03d}.png")
        petals(index).save(work / f"r{index:03d}.png")
    encode(work / "f%03d.png", HERE / "film.mp4", f"{H264} -crf 30 -b:a 48k", audio)
    encode(work / "f%03d.png", HERE / "animation.mp4", f"{H264} -crf 32 -vf scale=320:-2 -t 2")
    speak(SPOKEN_ROUND, work / "round.wav")
    encode(work / "r%03d.png", HERE / "round.mp4", f"{H264} -crf 30 -b:a 40k -af apad", ("-i", work / "round.wav"))
    encode(work / "r%03d.png", HERE / "sticker.webm", "-c:v libvpx-vp9 -crf 46 -b:v 0 -vf scale=512:512 -t 2")
    Image.open(work / "f000.png").convert("RGB").resize((320, 180)).save(HERE / "film_m.jpg", quality=60)


def petals(index: int) -> Image.Image:
    """Picture `index` of 60 of a turning flower."""
    image = gradient((240, 240), SKIES[3][0], SKIES[7][1])
    draw = ImageDraw.Draw(image)
    for petal in range(6):
        angle = index / 60 * 6.28 + petal * 1.047
        x, y = 120 + 62 * math.cos(angle), 120 + 62 * math.sin(angle)
        draw.ellipse((x - 26, y - 26, x + 26, y + 26), fill=(255, 220 - petal * 22, 120 + petal * 20))
    return image


def speak(words: str, target: Path) -> None:
    """Have the words spoken into a sound file."""
    run("espeak-ng", "-v", "en-us", "-s", "150", "-w", target, words)


def sounds(work: Path) -> None:
    """The spoken notes as Telegram encodes them (Opus in Ogg), and a piece of music with tags."""
    for name, spoken in SPOKEN.items():
        speak(spoken, work / f"{name}.wav")
        run(
            FFMPEG,
            "-y",
            "-i",
            work / f"{name}.wav",
            "-c:a",
            "libopus",
            "-b:a",
            "20k",
            "-ac",
            "1",
            "-ar",
            "48000",
            "-map_metadata",
            "-1",
            HERE / f"{name}.ogg",
        )
    (work / "song.raw").write_bytes(tune(8.0))
    run(
        FFMPEG,
        "-y",
        "-f",
        "s16le",
        "-ar",
        "44100",
        "-ac",
        "1",
        "-i",
        work / "song.raw",
        "-c:a",
        "libmp3lame",
        "-b:a",
        "48k",
        "-metadata",
        "title=Small Hours",
        "-metadata",
        "artist=The Demo Trio",
        HERE / "song.mp3",
    )


def stickers() -> None:
    """A still sticker (WebP) and an animated one (TGS: Lottie JSON, gzipped)."""
    image = Image.new("RGBA", (512, 512))
    draw = ImageDraw.Draw(image)
    draw.ellipse((66, 66, 446, 446), fill=(255, 209, 71, 255), outline=(120, 80, 10, 255), width=10)
    draw.ellipse((170, 180, 210, 240), fill=(70, 45, 10, 255))
    draw.ellipse((302, 180, 342, 240), fill=(70, 45, 10, 255))
    draw.arc((160, 200, 352, 370), 20, 160, fill=(70, 45, 10, 255), width=16)
    image.save(HERE / "sticker.webp", quality=80)
    (HERE / "sticker.tgs").write_bytes(gzip.compress(json.dumps(spinning_star()).encode(), mtime=0))


def still(value: Any) -> dict[str, Any]:
    """A Lottie property that does not move."""
    return {"a": 0, "k": value}


def spinning_star() -> dict[str, Any]:
    """A star that turns once a second, as a Lottie document."""
    spin = {
        "a": 1,
        "k": [{"t": 0, "s": [0], "i": {"x": [0.5], "y": [1]}, "o": {"x": [0.5], "y": [0]}}, {"t": 60, "s": [360]}],
    }
    star = {"ty": "sr", "sy": 1, "d": 1, "pt": still(5), "p": still([0, 0]), "r": still(0)}
    star |= {"ir": still(90), "is": still(0), "or": still(200), "os": still(0)}
    fill = {"ty": "fl", "c": still([1, 0.75, 0.1, 1]), "o": still(100)}
    place = {"p": still([0, 0]), "a": still([0, 0]), "s": still([100, 100]), "r": still(0), "o": still(100)}
    layer = {"ddd": 0, "ind": 1, "ty": 4, "nm": "star", "sr": 1, "ao": 0, "ip": 0, "op": 60, "st": 0, "bm": 0}
    layer["ks"] = {
        "o": still(100),
        "p": still([256, 256, 0]),
        "a": still([0, 0, 0]),
        "s": still([100, 100, 100]),
        "r": spin,
    }
    layer["shapes"] = [{"ty": "gr", "it": [star, fill, {"ty": "tr", **place}]}]
    document = {"tgs": 1, "v": "5.5.2", "fr": 60, "ip": 0, "op": 60, "w": 512, "h": 512, "nm": "star", "ddd": 0}
    return {**document, "assets": [], "layers": [layer]}


def documents() -> None:
    """A one-page PDF and a ZIP archive."""
    text = (
        b"BT /F1 26 Tf 72 720 Td (Field notes) Tj 0 -40 Td "
        b"/F1 13 Tf (Three traces, two corrections, one good lunch.) Tj ET"
    )
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(text), text),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, io.SEEK_END)
    offsets = []
    for number, body in enumerate(bodies, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    table = out.tell()
    out.write(b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets))
    out.write(b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % table)
    (HERE / "notes.pdf").write_bytes(out.getvalue())
    with zipfile.ZipFile(HERE / "traces.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            points = "\n".join(f"{38.7 + number / 10 + step / 1e4:.5f},-9.14{step:03d}" for step in range(200))
            archive.writestr(zipfile.ZipInfo(f"trace{number}.csv", (2024, 5, 14, 9, 15, 0)), points)


def main() -> None:
    """Make everything."""
    photos()
    avatars()
    stickers()
    documents()
    with tempfile.TemporaryDirectory() as folder:
        films(Path(folder))
        sounds(Path(folder))


if __name__ == "__main__":
    main()
