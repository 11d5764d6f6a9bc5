"""Downloading one file: missing parts, several at a time, each checked for its size, all of it for its digests."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

from msgspec import Struct

from tobs_tui.media.parts import PART_SIZE, PartFile
from tobs_tui.media.store import digest_of

P = ParamSpec("P")
T = TypeVar("T")

FetchPart = Callable[[int, int], Awaitable[bytes]]
"""Gives the bytes from an offset on, at most as many as the limit: (offset, limit) -> bytes."""


class PartHash(Protocol):
    """What Telegram says of a stretch of a file: SHA-256 of `limit` bytes from `offset` on."""

    @property
    def offset(self) -> int: ...
    @property
    def limit(self) -> int: ...
    @property
    def sha256(self) -> bytes: ...


class WrongBytesError(Exception):
    """The server's answer does not fit the file that was announced; the text says how."""


class Downloaded(Struct, frozen=True):
    """A complete file: where its bytes are, their SHA-256 in lowercase hex, and how many of them were fetched now."""

    path: Path
    sha256: str
    size: int
    fetched: int


async def to_the_end(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`work` done in a thread, and waited for even when the caller is cancelled: it may hold files open."""
    task = asyncio.create_task(asyncio.to_thread(work, *args, **kwargs))
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
    return task.result()


async def download_file(
    stem: Path,
    size: int,
    fetch: FetchPart,
    *,
    parts_in_flight: int = 4,
    part_size: int = PART_SIZE,
    hashes: Sequence[PartHash] = (),
    on_bytes: Callable[[int], None] = lambda count: None,
) -> Downloaded:
    """Fetch what is still missing of a file of exactly `size` bytes; its parts are kept beside `stem`.

    `on_bytes` hears of each part's length as it is kept. Raises WrongBytesError when an answer is longer or shorter
    than announced or does not match `hashes`, and whatever `fetch` raises; the parts that were fetched are kept.
    """
    opening = asyncio.create_task(asyncio.to_thread(PartFile, stem, size, part_size))
    try:
        part = await asyncio.shield(opening)
    except asyncio.CancelledError:
        (await opening).close()
        raise
    try:
        fetched = await _fetch_missing(part, fetch, parts_in_flight, on_bytes)
        digest = await to_the_end(_complete, part, hashes)
    finally:
        part.close()
    return Downloaded(part.path, digest, size, fetched)


async def _fetch_missing(
    part: PartFile, fetch: FetchPart, parts_in_flight: int, on_bytes: Callable[[int], None]
) -> int:
    """Fetch the missing parts, ascending; gives how many bytes those were. The first failure ends all of them."""
    waiting = iter(part.missing)
    fetched = 0

    async def walk() -> None:
        nonlocal fetched
        for index in waiting:
            data = await fetch(index * part.part_size, part.part_size)
            expected = part.expected(index)
            if len(data) != expected:
                offset = index * part.part_size
                raise WrongBytesError(f"Telegram sent {len(data)} bytes at offset {offset}, not {expected}")
            await to_the_end(part.write, index, data)
            fetched += len(data)
            on_bytes(len(data))

    walkers = [asyncio.create_task(walk()) for _ in range(min(parts_in_flight, len(part.missing)))]
    try:
        await asyncio.gather(*walkers)
    finally:
        for walker in walkers:
            walker.cancel()
        # No walker may outlive the descriptors that it writes to.
        await asyncio.gather(*walkers, return_exceptions=True)
    return fetched


def _complete(part: PartFile, hashes: Sequence[PartHash]) -> str:
    """The digest of a file that has all its parts, after they were held against Telegram's and are on the disk."""
    wrong = _wrong_parts(part, hashes)
    if wrong:
        part.forget(wrong)
        raise WrongBytesError(f"{len(wrong)} of {part.count} parts do not match Telegram's checksums")
    part.flush()
    return digest_of(part.path)


def _wrong_parts(part: PartFile, hashes: Sequence[PartHash]) -> set[int]:
    """The parts that contain a stretch with another digest than Telegram's."""
    wrong: set[int] = set()
    if not hashes:
        return wrong
    with part.path.open("rb") as file:
        for expected in hashes:
            file.seek(expected.offset)
            data = file.read(expected.limit)
            if hashlib.sha256(data).digest() != expected.sha256:
                last = (expected.offset + max(1, expected.limit) - 1) // part.part_size
                wrong.update(range(expected.offset // part.part_size, min(last, part.count - 1) + 1))
    return wrong
