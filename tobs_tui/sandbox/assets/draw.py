"""Draws the pictures among the assets: photos in their sizes with their tiny previews, and profile pictures."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tobs_tui.sandbox.assets.catalog import PHOTO_NAMES

HERE = Path(__file__).parent
Colour = tuple[int, int, int]
SKIES: list[tuple[Colour, Colour]] = [
    ((255, 153, 102), (63, 43, 99)),
    ((250, 214, 165), (72, 126, 176)),
    ((168, 224, 219), (24, 58, 92)),
    ((255, 205, 178), (181, 101, 118)),
    ((20, 24, 60), (4, 6, 22)),
    ((210, 240, 255), (56, 132, 200)),
    ((255, 236, 179), (120, 144, 100)),
    ((196, 181, 253), (49, 46, 129)),
]


def gradient(size: tuple[int, int], low: Colour, high: Colour) -> Image.Image:
    """A vertical gradient from `high` at the top to `low` at the bottom."""
    width, height = size
    steps = np.linspace(0, 1, height)[:, None, None]
    rows = np.array(high) * (1 - steps) + np.array(low) * steps
    return Image.fromarray(np.broadcast_to(rows, (height, width, 3)).astype("uint8"))


def ridge(width: int, base: float, rough: float, seed: int) -> list[float]:
    """Heights of a mountain line: a sum of waves."""
    random = np.random.default_rng(seed)
    waves = [
        (random.uniform(0.6, 1.4) * 2**octave, random.uniform(0, 6.28), rough / 1.8**octave) for octave in range(6)
    ]
    return [base + sum(a * math.sin(f * x / width * 6.28 + p) for f, p, a in waves) for x in range(width)]


def landscape(number: int, size: tuple[int, int] = (1280, 854), shift: int = 0) -> Image.Image:
    """Mountains before a sky, with a sun or with stars; `shift` moves the sun (for the film)."""
    width, height = size
    low, high = SKIES[number % len(SKIES)]
    image = gradient(size, low, high)
    draw = ImageDraw.Draw(image)
    random = np.random.default_rng(number)
    if sum(high) < 60:
        for _ in range(260):
            x, y, r = random.uniform(0, width), random.uniform(0, height * 0.7), random.uniform(0.4, 1.7)
            draw.ellipse((x - r, y - r, x + r, y + r), fill=(255, 255, 235))
    glow = Image.new("RGB", size)
    sun_x, sun_y, radius = width * (0.2 + 0.13 * (number % 5)) + shift, height * 0.42 - shift * 0.4, height * 0.075
    ImageDraw.Draw(glow).ellipse((sun_x - radius, sun_y - radius, sun_x + radius, sun_y + radius), fill=(255, 240, 200))
    image = Image.fromarray(
        np.clip(
            np.asarray(image).astype(int) + np.asarray(glow.filter(ImageFilter.GaussianBlur(height // 28))), 0, 255
        ).astype("uint8")
    )
    draw = ImageDraw.Draw(image)
    for layer in range(4):
        line = ridge(width, height * (0.55 + 0.11 * layer), height * 0.055, number * 10 + layer)
        mix = 0.25 + 0.22 * layer
        colour = tuple(int(low[c] * (1 - mix) * 0.75 + (18, 26, 40)[c] * mix) for c in range(3))
        draw.polygon([(0, height), *enumerate(line), (width, height)], fill=colour)
    return image


def chart() -> Image.Image:
    """A bar chart with a line over it."""
    image = Image.new("RGB", (1280, 854), (250, 250, 252))
    draw = ImageDraw.Draw(image)
    values = [0.32, 0.41, 0.38, 0.52, 0.6, 0.55, 0.71, 0.78, 0.74, 0.9]
    for row in range(6):
        draw.line((110, 120 + row * 120, 1210, 120 + row * 120), fill=(222, 226, 234), width=2)
    points = []
    for index, value in enumerate(values):
        x, top = 140 + index * 108, 720 - value * 580
        draw.rounded_rectangle((x, top, x + 64, 720), 10, fill=(92, 124, 250) if index % 2 else (132, 154, 252))
        points.append((x + 32, top - 34 + 20 * math.sin(index)))
    draw.line(points, fill=(240, 101, 67), width=7, joint="curve")
    return image


def city() -> Image.Image:
    """A skyline at night with lit windows."""
    image = gradient((1280, 854), (70, 40, 90), (8, 10, 34))
    draw = ImageDraw.Draw(image)
    random = np.random.default_rng(5)
    x = 0
    while x < 1280:
        wide, tall = int(random.integers(60, 150)), int(random.integers(220, 620))
        draw.rectangle((x, 854 - tall, x + wide - 6, 854), fill=(16, 18, 36))
        for wx in range(x + 12, x + wide - 20, 20):
            for wy in range(854 - tall + 16, 840, 26):
                if random.random() < 0.35:
                    draw.rectangle((wx, wy, wx + 9, wy + 13), fill=(255, 214, 122))
        x += wide
    return image


def pictures() -> dict[str, Image.Image]:
    """Every photo of the catalogue."""
    drawn = {name: landscape(number) for number, name in enumerate(PHOTO_NAMES)}
    drawn["chart"], drawn["city"] = chart(), city()
    return drawn


def stripped(image: Image.Image) -> bytes:
    """Telegram's tiny preview: a 40-pixel JPEG without the header that all of them share."""
    from telethon.utils import stripped_photo_to_jpg

    header = stripped_photo_to_jpg(b"\x01\x28\x28" + b"\x00")
    tables = Image.open(io.BytesIO(header)).quantization  # type: ignore[attr-defined]
    small = image.copy()
    small.thumbnail((40, 40))
    out = io.BytesIO()
    small.save(out, "JPEG", qtables=tables, subsampling="4:2:0", optimize=False)
    data = out.getvalue()
    scan = data.index(b"\xff\xda")
    start = scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big")
    return b"\x01" + bytes((small.height, small.width)) + data[start:-2]


def photos() -> None:
    """All photos in their sizes, and their tiny previews."""
    for number, (name, image) in enumerate(pictures().items()):
        for kind, edge, quality in (("m", 320, 62), ("x", 800, 60), ("y", 1280, 62)):
            if kind == "y" and number % 2:
                continue
            small = image.resize((edge, round(image.height * edge / image.width)), Image.Resampling.LANCZOS)
            small.save(HERE / f"{name}_{kind}.jpg", quality=quality, progressive=kind == "y", optimize=True)
        (HERE / f"{name}.stripped").write_bytes(stripped(image))


def avatars() -> None:
    """Round-ish gradients with a simple figure, 320 pixels wide."""
    for number, (low, high) in enumerate(SKIES[:6]):
        image = gradient((320, 320), low, high)
        draw = ImageDraw.Draw(image)
        draw.ellipse((110, 70, 210, 170), fill=(255, 255, 255))
        draw.pieslice((60, 190, 260, 390), 180, 360, fill=(255, 255, 255))
        image.save(HERE / f"avatar{number}.jpg", quality=70, optimize=True)
