"""The page decoder: a page of history as Telegram sends it, down to the rows that the archive stores."""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

from tests.fuzz.mutate import TlBreaks, broken
from tobs_tui.engine.decode_pool import PageJob, decode_job, unpack
from tobs_tui.sandbox.rpc.paging import answer_page
from tobs_tui.sandbox.wire.tl import GZIP_PACKED, gzip_packed, tl_bytes
from tobs_tui.sandbox.worlds.loader import load_world
from tobs_tui.telegram.page import MESSAGE_EMPTY, MESSAGES, VECTOR, PageUnreadable, head_of, peek_page
from tobs_tui.telegram.tl_layout import FLAGS, OBJECT, Unfamiliar, layout_of
from tobs_tui.telegram.unpacking import MAX_UNPACKED

_NESTING = ("Text", "PageBlock", "MessageMedia", "Update", "Poll", "StoryItem", "WebPage", "Draft")
CHATS = (77, -5, -1_001_600_000_001, 42)
BOMBS = (64 << 20, MAX_UNPACKED - 64)
"""Bytes that bombs would unpack to: too many, and as many as are let through."""


def page_seeds(size: int) -> list[bytes]:
    """Pages of the demo's world with `size` messages at most, from all through each history."""
    world = load_world("demo")
    call: Any = SimpleNamespace(world=world)
    found = []
    for key, history in world.histories.items():
        total = len(history.ids)
        for newest in range(total - 1, -1, -max(size, total // 12)):
            positions = range(newest, max(-1, newest - size), -1)
            answer = answer_page(call, key, history, positions, count=total + 1, offset=total - 1 - newest)
            found.append(bytes(getattr(answer, "raw", answer)))
    return found


def sample_seeds() -> list[bytes]:
    """Pages with one message each, of every action, medium and entity in the schema."""
    from telethon.tl import types

    from tests.unit.telegram_samples import DATE, message, page, sample

    found = []
    for name, kind in vars(types).items():
        if not isinstance(kind, type) or not name.startswith(("MessageAction", "MessageMedia", "MessageEntity")):
            continue
        if name.startswith("MessageAction"):
            one = types.MessageService(5, types.PeerUser(77), DATE, action=sample(kind), from_id=types.PeerUser(78))
        elif name.startswith("MessageMedia"):
            one = message(5, media=sample(kind))
        else:
            one = message(5, entities=[sample(kind)])
        found.append(page([one], users=[types.User(77, first_name="Ada")]))
    return found


def breaks() -> TlBreaks:
    """Breaks with the schema's own numbers."""
    from telethon.tl.alltlobjects import tlobjects

    nesting = []
    for number, kind in tlobjects.items():
        if ".types" not in kind.__module__ or not kind.__name__.startswith(_NESTING):
            continue
        try:
            steps = layout_of(kind).steps
        except Unfamiliar:
            continue
        if steps and steps[0].kind == OBJECT and steps[0].kind != FLAGS and not steps[0].flags:
            nesting.append(number)
    return TlBreaks(sorted(tlobjects), sorted(nesting))


def packed_oddly(data: bytes, rng: Random) -> bytes:
    """The same, compressed: well, twice, cut short, or as what would unpack to hundreds of megabytes."""
    way = rng.random()
    if way < 0.5:
        return gzip_packed(data, 1)
    if way < 0.7:
        return gzip_packed(gzip_packed(data, 1), 1)
    if way < 0.95:
        packed = bytearray(gzip_packed(data, 1))
        packed[rng.randrange(len(packed))] ^= 1 << rng.randrange(8)
        return bytes(packed[: rng.randrange(len(packed) + 1)] if rng.random() < 0.5 else packed)
    return rng.choice(_bombs())


_made: list[bytes] = []


def _bombs() -> list[bytes]:
    """What unpacks to far more than any answer: zeros, and pages of one thing many times over. Made once."""
    if not _made:
        head = struct.pack("<IIi", MESSAGES, VECTOR, 900)
        fillings = (bytes(4), struct.pack("<Iii", MESSAGE_EMPTY, 0, 5), _long_message())
        _made.extend(gzip_packed_stream(head, filling, size) for filling in fillings for size in BOMBS)
    return _made


def _long_message() -> bytes:
    """A message with thousands of entities, the smallest things that a message can be full of."""
    from telethon.tl import types

    from tests.unit.telegram_samples import message

    return bytes(message(5, "x", entities=[types.MessageEntityBold(0, 1)] * 4000))


def gzip_packed_stream(head: bytes, filling: bytes, size: int) -> bytes:
    """``gzip_packed`` around `head` and so much filling, made in little memory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = filling * max(1, (1 << 16) // len(filling))
    parts = [packer.compress(head)]
    parts += [packer.compress(piece) for _ in range(size // len(piece))]
    parts.append(packer.flush())
    return struct.pack("<I", GZIP_PACKED) + tl_bytes(b"".join(parts))


class Pages:
    """Decodes each input as the processes of the pool do."""

    name = "page decoder"

    def seeds(self) -> list[bytes]:
        """Small pages of the demo's world, some whole ones, and one of each kind of message."""
        whole = page_seeds(100)
        return [*page_seeds(3), *whole[:: max(1, len(whole) // 10)], *sample_seeds()]

    def open(self, folder: Path) -> None:
        """Learn the schema."""
        self._breaks = breaks()

    def make(self, seeds: Sequence[bytes], rng: Random) -> bytes:
        """A broken page, now and then a compressed one."""
        data = broken(seeds, rng, self._breaks.ways)
        return packed_oddly(data, rng) if rng.random() < 0.1 else data

    def take(self, data: bytes) -> bool:
        """Look at its head, decode it, and make rows of it. Documented: PageUnreadable."""
        head_of(data)
        with contextlib.suppress(PageUnreadable):
            peek_page(data)
        chat = CHATS[len(data) % len(CHATS)]
        try:
            rows = decode_job(PageJob(chat, 0, 1, 2**31 - 1, data, 42 if len(data) % 3 else 0))
        except PageUnreadable:
            return False
        for row in unpack(rows.packed).rows:
            row.blob.decode("utf-8", "replace")
        return True

    def close(self) -> None:
        """Nothing to end."""


__all__ = ["Pages", "breaks", "packed_oddly", "page_seeds", "sample_seeds"]
