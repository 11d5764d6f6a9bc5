"""The world of files: channels whose every post carries a document, of any size, made as it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from telethon.tl import types

from tobs_tui.sandbox.worlds.cast import add_bench_cast, new_world
from tobs_tui.sandbox.worlds.files import Generated, StoredFile
from tobs_tui.sandbox.worlds.history import Draft, DraftLog
from tobs_tui.sandbox.worlds.peers import Channel
from tobs_tui.sandbox.worlds.rng import stable_int64
from tobs_tui.sandbox.worlds.world import DialogEntry, World

DEFAULT_FILES = 20
DEFAULT_BYTES = 100_000_000
FILES_CHANNEL_ID = 1_720_000_001
FIRST_DATE = 1_700_000_000
SECONDS_BETWEEN = 60


def served(file: StoredFile) -> Callable[[], Any]:
    """The TL media of a document's message."""
    return lambda: types.MessageMediaDocument(document=file.tl())


def document_of(world: World, name: str, size: int, *, dc: int | None = None, cdn: bool = False) -> StoredFile:
    """A document of so many bytes in a world; `name` is the sender's name for it, and makes its content."""
    attributes = (types.DocumentAttributeFilename(name),)
    source = Generated(name, size)
    return world.files.document(FIRST_DATE, "application/octet-stream", source, attributes, size=size, dc=dc, cdn=cdn)


def add_channel(world: World, files: Sequence[StoredFile], title: str = "File Hall") -> Channel:
    """A further channel of the world; its post n carries the n-th file."""
    drafts = [
        Draft(FIRST_DATE + SECONDS_BETWEEN * ident, 0, media=served(file), file=file, id=ident)
        for ident, file in enumerate(files, 1)
    ]
    return add_channel_of(world, drafts, title)


def add_channel_of(world: World, drafts: Iterable[Draft], title: str) -> Channel:
    """A further channel of the world with these posts, which have their ids."""
    number = FILES_CHANNEL_ID + len(world.channels)
    channel = Channel(
        id=number,
        title=title,
        date=FIRST_DATE,
        broadcast=True,
        access_hash=stable_int64("files", world.seed, number),
        members=[world.me_id],
        creator_id=world.me_id,
    )
    world.channels[channel.id] = channel
    log = DraftLog(channel.key, world.me_id, broadcast=True)
    log.fill(drafts)
    world.histories[channel.key] = log
    world.dialogs.append(DialogEntry(channel.key))
    return channel


def empty_world(seed: int = 1) -> World:
    """The account alone, to add channels to."""
    world = new_world("bench-files", seed)
    add_bench_cast(world)
    return world


def load_files(seed: int, files: int, size: int) -> World:
    """One channel with so many files of so many bytes each, a third of them at the other data centre."""
    world = empty_world(seed)
    add_channel(world, [document_of(world, f"file{number}.bin", size) for number in range(files)])
    return world
