"""The mixed world: everything of the demo, a hall that makes up the number of messages, and a channel of files."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from telethon.tl import types

from tobs_tui.sandbox.assets.catalog import PHOTO_NAMES, asset
from tobs_tui.sandbox.worlds.bench import add_hall
from tobs_tui.sandbox.worlds.bench_files import FIRST_DATE, SECONDS_BETWEEN, add_channel_of, document_of, served
from tobs_tui.sandbox.worlds.cast import BENCH_MEMBERS
from tobs_tui.sandbox.worlds.demo import load_demo
from tobs_tui.sandbox.worlds.demo.media import photo_file
from tobs_tui.sandbox.worlds.files import StoredFile
from tobs_tui.sandbox.worlds.history import Draft
from tobs_tui.sandbox.worlds.prose.talk import tech_sentences
from tobs_tui.sandbox.worlds.rng import Rng
from tobs_tui.sandbox.worlds.world import World

DEFAULT_MESSAGES = 100_000
PHOTOS, FILMS, DOCUMENTS = 96, 24, 120
FILE_BYTES = (900, 30_000, 180_000, 600_000)
_VARIANTS = 64


def _film(number: int) -> Callable[[], bytes]:
    """The film with a box of its own that players skip, so that no two are the same file."""

    def source() -> bytes:
        mark = f"tobs film {number}".encode()
        return asset("film.mp4") + struct.pack(">I4s", 8 + len(mark), b"free") + mark

    return source


def _film_of(world: World, number: int) -> StoredFile:
    attribute = types.DocumentAttributeVideo(3.0, 480, 270, supports_streaming=True)
    return world.files.document(FIRST_DATE, "video/mp4", _film(number), (attribute,))


def _shown(file: StoredFile) -> Callable[[], Any]:
    return lambda: types.MessageMediaPhoto(photo=file.tl())


def load_mixed(seed: int, messages: int) -> World:
    """The demo world with two chats more; the hall makes it `messages` messages, if the demo has not more by itself."""
    world = load_demo(seed)
    world.name = "bench-mixed"
    drafts = []
    for number in range(1, PHOTOS + FILMS + DOCUMENTS + 1):
        date = FIRST_DATE + SECONDS_BETWEEN * number * 60  # over some weeks, so that there are several notes
        if number % 2:
            size = FILE_BYTES[number // 2 % len(FILE_BYTES)]
            file = document_of(world, f"mixed{number}.bin", size)
            media = served(file)
        elif number % 10 == 0:
            file = _film_of(world, number)
            media = served(file)
        else:
            file = photo_file(world.files, date, number % len(PHOTO_NAMES), f"mixed {number}")
            media = _shown(file)
        drafts.append(Draft(date, 0, media=media, file=file, id=number))
    add_channel_of(world, drafts, "Mixed Files")
    members = list(BENCH_MEMBERS)
    there = sum(len(history.ids) for history in world.histories.values())
    sentences = tech_sentences(Rng(f"bench:{seed}"), _VARIANTS)
    hall = add_hall(world, members, sentences, max(0, messages - there))
    alone = world.encoded_peers([hall.key, *members])
    world.fixed_answer = lambda keys: alone if keys == {hall.key} else None
    return world
