"""Downloading one file: missing parts, several at a time, each checked for its size and Telegram's checksums."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

from msgspec import Struct

from tobs_tui.media.parts import PART_SIZE, PartFile
from tobs_tui.model.media import FilePart

P = ParamSpec("P")
T = TypeVar("T")

FetchPart = Callable[[int, int], Awaitable[FilePart]]
"""Gives the bytes from an offset on, at most as many as the limit: (offset, limit) -> bytes."""


class PartHash(Protocol):
    """What Telegram says of a stretch of a file: SHA-256 of `limit` bytes from `offset` on."""

    @property
    def offset(self) -> int: ...
    @property
    def limit(self) -> int: ...
    @property
    def sha256(self) -> bytes: ...


Vouched = Callable[[int, int], Awaitable[Sequence[PartHash]]]
"""Gives what Telegram says of the stretches of a file that lie in (offset, count of bytes)."""


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
        task.exception()  # taken note of: who was to hear it has gone
        raise asyncio.CancelledError
    return task.result()


async def download_file(
    stem: Path,
    size: int,
    fetch: FetchPart,
    *,
    parts_in_flight: int = 4,
    part_size: int = PART_SIZE,
    vouched: Vouched | None = None,
    on_bytes: Callable[[int], None] = lambda count: None,
    on_fetched: Callable[[], None] = lambda: None,
) -> Downloaded:
    """Fetch what is still missing of a file of exactly `size` bytes; its parts are kept beside `stem`.

    `vouched` gives Telegram's checksums of a stretch; a part that does not fit them is not kept. `on_bytes` hears of
    each part's length as it is kept, `on_fetched` once nothing more is asked of the server. Raises WrongBytesError when
    an answer is longer or shorter than announced or does not match its checksums, and whatever `fetch` and `vouched`
    raise; the parts that were fetched are kept.
    """
    if size <= part_size:
        data, hashes = await _Fetcher(fetch, vouched)(0, part_size, size)
        on_fetched()
        done = await to_the_end(_keep_whole, stem, data, hashes)
        on_bytes(size)
        return done
    opening = asyncio.create_task(asyncio.to_thread(PartFile, stem, size, part_size))
    try:
        part = await asyncio.shield(opening)
    except asyncio.CancelledError:
        (await opening).close()
        raise
    try:
        fetched = await _fetch_missing(part, _Fetcher(fetch, vouched), parts_in_flight, on_bytes)
        on_fetched()
        digest = await to_the_end(part.complete)
    finally:
        part.close()
    return Downloaded(part.path, digest, size, fetched)


class _Fetcher:
    """Fetches parts together with the checksums that they are held against."""

    def __init__(self, fetch: FetchPart, vouched: Vouched | None) -> None:
        self._fetch, self._vouched = fetch, vouched

    async def __call__(self, offset: int, limit: int, expected: int) -> tuple[FilePart, Sequence[PartHash]]:
        """The part at `offset`, which has the `expected` number of bytes, and the checksums of its stretches."""
        if self._vouched is None:
            return _of_length(await self._fetch(offset, limit), offset, expected), ()
        hashes = asyncio.ensure_future(self._vouched(offset, expected))
        try:
            data = _of_length(await self._fetch(offset, limit), offset, expected)
            return data, await hashes
        finally:
            hashes.cancel()
            await asyncio.gather(hashes, return_exceptions=True)


def _of_length(data: FilePart, offset: int, expected: int) -> FilePart:
    if len(data) != expected:
        raise WrongBytesError(f"Telegram sent {len(data)} bytes at offset {offset}, not {expected}")
    return data


def _check(data: FilePart, offset: int, hashes: Sequence[PartHash]) -> None:
    """Hold a part against Telegram's checksums of the stretches that lie within it."""
    view = memoryview(data)
    for known in hashes:
        start = known.offset - offset
        if start < 0 or start + known.limit > len(data):
            continue
        if hashlib.sha256(view[start : start + known.limit]).digest() != known.sha256:
            raise WrongBytesError(f"the bytes at offset {known.offset} do not match Telegram's checksums")


def _keep_whole(stem: Path, data: FilePart, hashes: Sequence[PartHash]) -> Downloaded:
    """Check and keep a file of a single part."""
    _check(data, 0, hashes)
    size = len(data)
    return Downloaded(PartFile.whole(stem, data), hashlib.sha256(data).hexdigest(), size, size)


async def _fetch_missing(part: PartFile, fetch: _Fetcher, parts_in_flight: int, on_bytes: Callable[[int], None]) -> int:
    """Fetch the missing parts, ascending; gives how many bytes those were. The first failure ends all of them."""
    waiting = iter(part.missing)
    fetched = 0

    def keep(index: int, data: FilePart, hashes: Sequence[PartHash]) -> None:
        _check(data, index * part.part_size, hashes)
        part.write(index, data)

    async def walk() -> None:
        nonlocal fetched
        for index in waiting:
            size = part.expected(index)
            data, hashes = await fetch(index * part.part_size, part.part_size, size)
            await to_the_end(keep, index, data, hashes)
            del data  # not to be held while the next one is on its way
            fetched += size
            on_bytes(size)

    walkers = [asyncio.create_task(walk()) for _ in range(min(parts_in_flight, len(part.missing)))]
    try:
        await asyncio.gather(*walkers)
    finally:
        for walker in walkers:
            walker.cancel()
        # No walker may outlive the descriptors that it writes to.
        await asyncio.gather(*walkers, return_exceptions=True)
    return fetched
