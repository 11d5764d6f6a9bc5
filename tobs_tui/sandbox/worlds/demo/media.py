"""Media for the demo: each function makes the files once and gives a draft's ``media`` and ``file``."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

from telethon.tl import types

from tobs_tui.sandbox.assets.catalog import (
    AVATARS,
    PHOTO_HEIGHTS,
    PHOTO_NAMES,
    PHOTO_WIDTHS,
    SPOKEN,
    SPOKEN_ROUND,
    VOICE_SECONDS,
    asset,
)
from tobs_tui.sandbox.worlds.files import FileStore, Size, StoredFile

LARGE_FILE_BYTES = 3_200_000
# In messages Telegram names a set by its numbers; only links and requests use its short name.
STICKER_SET = types.InputStickerSetID(id=7_700_001, access_hash=7_700_002)


class Medium(NamedTuple):
    """What a draft needs: the function that makes the TL media, and the main file (None when there is none)."""

    media: Callable[[], Any]
    file: StoredFile | None = None


def marked_jpeg(name: str, mark: str) -> bytes:
    """A picture with a comment segment of its own, so that no two photos of the world are the same file."""
    data, comment = asset(name), f"tobs demo {mark}".encode()
    return data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + data[2:]


def photo_file(store: FileStore, date: int, number: int, mark: str = "") -> StoredFile:
    """A photo out of the catalogue; `mark` makes it a file of its own."""
    name = PHOTO_NAMES[number % len(PHOTO_NAMES)]
    kinds = "mx" if PHOTO_NAMES.index(name) % 2 else "mxy"
    sizes = tuple(
        Size(
            kind,
            PHOTO_WIDTHS[kind],
            PHOTO_HEIGHTS[kind],
            partial(marked_jpeg, f"{name}_{kind}.jpg", f"{mark or number}-{kind}"),
            progressive=kind == "y",
        )
        for kind in kinds
    )
    return store.photo(date, sizes, asset(f"{name}.stripped"))


def avatar(store: FileStore, date: int, number: int) -> StoredFile:
    """A profile picture."""
    source = partial(marked_jpeg, f"avatar{number % AVATARS}.jpg", f"avatar {number}")
    return store.photo(date, (Size("a", 160, 160, source), Size("c", 320, 320, source)))


def photo(store: FileStore, date: int, number: int, *, spoiler: bool = False, mark: str = "") -> Medium:
    """A photo message."""
    file = photo_file(store, date, number, mark)
    return Medium(lambda: types.MessageMediaPhoto(photo=file.tl(), spoiler=spoiler or None), file)


def document(
    store: FileStore,
    date: int,
    mime: str,
    name: str | None,
    source: Callable[[], bytes],
    *attributes: Any,
    size: int | None = None,
    thumbs: tuple[Size, ...] = (),
    cdn: bool = False,
    **flags: Any,
) -> Medium:
    """A document message of any sort; `flags` go to ``messageMediaDocument``, `cdn` puts it on the content network."""
    listed = (*attributes, types.DocumentAttributeFilename(name)) if name else attributes
    file = store.document(date, mime, source, listed, size=size, thumbs=thumbs, cdn=cdn)
    return Medium(lambda: types.MessageMediaDocument(document=file.tl(), **flags), file)


def voice(store: FileStore, date: int, name: str) -> Medium:
    """A voice note with a spoken English sentence (see ``assets.catalog.SPOKEN``)."""
    waveform = hashlib.sha256(name.encode()).digest() * 2
    attribute = types.DocumentAttributeAudio(VOICE_SECONDS[name], voice=True, waveform=waveform[:63])
    medium = document(store, date, "audio/ogg", None, partial(asset, f"{name}.ogg"), attribute, voice=True)
    return _saying(SPOKEN[name], medium)


def _saying(words: str, medium: Medium) -> Medium:
    assert medium.file is not None
    medium.file.spoken = words
    return medium


def _film_thumb() -> tuple[Size, ...]:
    return (Size("m", 320, 180, partial(asset, "film_m.jpg")),)


def video(store: FileStore, date: int, **flags: Any) -> Medium:
    """Three seconds of film with sound."""
    attribute = types.DocumentAttributeVideo(3.0, 480, 270, supports_streaming=True)
    return document(
        store,
        date,
        "video/mp4",
        "sunset.mp4",
        partial(asset, "film.mp4"),
        attribute,
        thumbs=_film_thumb(),
        video=True,
        **flags,
    )


def round_video(store: FileStore, date: int) -> Medium:
    """A round video message, in which somebody speaks."""
    attribute = types.DocumentAttributeVideo(3.0, 240, 240, round_message=True)
    source = partial(asset, "round.mp4")
    medium = document(store, date, "video/mp4", None, source, attribute, video=True, round=True)
    return _saying(SPOKEN_ROUND, medium)


def animation(store: FileStore, date: int) -> Medium:
    """A silent film, Telegram's "GIF"."""
    return document(
        store,
        date,
        "video/mp4",
        "sunrise.gif.mp4",
        partial(asset, "animation.mp4"),
        types.DocumentAttributeVideo(2.0, 320, 180, nosound=True),
        types.DocumentAttributeAnimated(),
        thumbs=_film_thumb(),
    )


def music(store: FileStore, date: int) -> Medium:
    """A piece of music with title and performer."""
    attribute = types.DocumentAttributeAudio(8, title="Small Hours", performer="The Demo Trio")
    return document(store, date, "audio/mpeg", "small hours.mp3", partial(asset, "song.mp3"), attribute)


def sticker(store: FileStore, date: int, kind: str = "webp") -> Medium:
    """A sticker: ``webp`` still, ``tgs`` animated, ``webm`` video."""
    mime = {"webp": "image/webp", "tgs": "application/x-tgsticker", "webm": "video/webm"}[kind]
    extra: tuple[Any, ...] = (types.DocumentAttributeImageSize(512, 512),)
    if kind == "webm":
        extra = (types.DocumentAttributeVideo(2.0, 512, 512, nosound=True),)
    attribute = types.DocumentAttributeSticker("⭐", STICKER_SET)
    return document(store, date, mime, f"sticker.{kind}", partial(asset, f"sticker.{kind}"), *extra, attribute)


def pdf(store: FileStore, date: int, name: str = "field notes.pdf") -> Medium:
    """A small PDF."""
    return document(store, date, "application/pdf", name, partial(asset, "notes.pdf"))


def archive(store: FileStore, date: int) -> Medium:
    """A ZIP archive with GPS traces."""
    return document(store, date, "application/zip", "traces.zip", partial(asset, "traces.zip"))


def text_file(store: FileStore, date: int, name: str, text: str) -> Medium:
    """A text file."""
    return document(store, date, "text/plain", name, text.encode)


@cache  # every part of a file is cut from the whole, and there are two such files
def _noise(mark: str) -> bytes:
    return hashlib.shake_256(mark.encode()).digest(LARGE_FILE_BYTES)


def large_file(store: FileStore, date: int, name: str = "elevation.bin", *, cdn: bool = False) -> Medium:
    """A file of several MiB, so that a download takes many parts."""
    source = partial(_noise, name)
    return document(store, date, "application/octet-stream", name, source, size=LARGE_FILE_BYTES, cdn=cdn)


def picture_file(store: FileStore, date: int, number: int) -> Medium:
    """A picture sent as a file, uncompressed."""
    name = PHOTO_NAMES[number % len(PHOTO_NAMES)]
    return document(
        store,
        date,
        "image/jpeg",
        f"IMG_{2400 + number}.jpg",
        partial(marked_jpeg, f"{name}_x.jpg", f"file {number}"),
        types.DocumentAttributeImageSize(800, 534),
        thumbs=(Size("m", 320, 214, partial(asset, f"{name}_m.jpg")),),
    )


def custom_emoji(store: FileStore, date: int, alt: str) -> int:
    """A custom emoji; its document id."""
    attribute = types.DocumentAttributeCustomEmoji(alt, STICKER_SET, free=True)
    file = store.document(
        date,
        "application/x-tgsticker",
        partial(asset, "sticker.tgs"),
        (types.DocumentAttributeImageSize(512, 512), attribute),
        dc=2,
    )
    return file.id
