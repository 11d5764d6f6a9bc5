"""The caches of one account: least recently used entries in memory, over a file that outlives the process.

Only what asking Telegram, or hashing a file, would otherwise cost is kept, and whoever reads it has to bear that it is
out of date.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
from cachetools import LRUCache
from msgspec import Struct

from tobs_tui.cache.file import CacheFile, Change
from tobs_tui.model.peers import ChatFacts, Dialog, Peer, Topic
from tobs_tui.model.run import CacheReading
from tobs_tui.monitor.clock import now

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

FLUSH_S = 2.0
"""Seconds after which a new entry reaches the file: what a kill may cost."""
_HOUR, _DAY = 3_600.0, 86_400.0


class NamedPeer(Struct, frozen=True):
    """Whom a username led to: the marked id, and the peer's own name then (it may have several)."""

    peer: int
    username: str


class KnownFile(Struct, frozen=True):
    """What is known of a file of Telegram's: size in bytes, SHA-256, and where on this machine its bytes were."""

    size: int
    sha256: str
    path: str


class Counted(Struct, frozen=True):
    """How many messages a chat or topic had when this was its newest one."""

    top_message: int
    count: int


class _Memory(LRUCache[Any, tuple[Any, float]]):
    """Counts what has to make room."""

    evictions = 0

    def popitem(self) -> tuple[Any, tuple[Any, float]]:
        self.evictions += 1
        return super().popitem()


class Space(Generic[K, T]):
    """One kind of entries. `entries` are kept in memory, `rows` in the file, none longer than `ttl_s` (0 = any age)."""

    def __init__(self, owner: AccountCache, name: str, kind: Any, *, entries: int, rows: int, ttl_s: float) -> None:
        self.name = name
        self.rows = rows
        self.hits = self.misses = self.expired = 0
        self._owner = owner
        self._ttl_s = ttl_s
        self._memory = _Memory(entries)
        self.decode: Callable[[bytes], T] = msgspec.msgpack.Decoder(kind).decode
        self._encode = msgspec.msgpack.Encoder().encode

    def get(self, key: K) -> T | None:
        """The entry, counted as a hit or a miss."""
        found = self.peek(key)
        if found is None:
            self.misses += 1
        else:
            self.hits += 1
        return found

    def peek(self, key: K) -> T | None:
        """As `get`, uncounted: for those who keep entries up to date."""
        held = self._memory.get(key)
        if held is None:
            stored = self._owner.stored(self.name, str(key))
            if stored is None:
                return None
            try:
                held = (self.decode(stored[0]), stored[1])
            except msgspec.MsgspecError:  # an earlier version's, or nobody's
                return None
            self._memory[key] = held
        value, at = held
        if self._ttl_s and self._owner.clock() - at > self._ttl_s:
            self.expired += 1
            self.forget(key)
            return None
        return value

    def age(self, key: K) -> float:
        """Seconds since an entry in memory was learned; infinite when there is none."""
        held = self._memory.get(key)
        return self._owner.clock() - held[1] if held is not None else float("inf")

    def put(self, key: K, value: T) -> None:
        """Learn an entry, as of now."""
        at = self._owner.clock()
        self._memory[key] = (value, at)
        self._owner.change(Change(self.name, str(key), self._encode(value), at))

    def forget(self, key: K) -> None:
        """Drop an entry that turned out wrong, or too old."""
        self._memory.pop(key, None)
        self._owner.change(Change(self.name, str(key), None, self._owner.clock()))

    def held(self) -> dict[K, T]:
        """What is in memory."""
        return {key: value for key, (value, _) in self._memory.items()}

    def clear(self) -> None:
        """Drop what is in memory."""
        self._memory.clear()

    def reading(self) -> CacheReading:
        """Its figures since the cache was made."""
        evictions = self._memory.evictions + self.expired
        return CacheReading(self.name, len(self._memory), self.hits, self.misses, evictions)


class AccountCache:
    """Every cache of one account. In memory only until it is `open`ed; not thread-safe: the event loop's own."""

    def __init__(self, clock: Callable[[], float] = now) -> None:
        self.clock = clock
        self._file: CacheFile | None = None
        self._pending: dict[tuple[str, str], Change] = {}
        self._flushing: dict[tuple[str, str], Change] = {}
        self._told: dict[str, tuple[int, int, int]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self.peers: Space[int, Peer] = Space(self, "peers", Peer, entries=8192, rows=200_000, ttl_s=0)
        self.names: Space[str, NamedPeer] = Space(
            self, "usernames", NamedPeer, entries=1024, rows=20_000, ttl_s=90 * _DAY
        )
        self.topics: Space[int, list[Topic]] = Space(
            self, "topics", list[Topic], entries=16, rows=1000, ttl_s=90 * _DAY
        )
        self.previews: Space[str, list[Dialog]] = Space(
            self, "previews", list[Dialog], entries=2, rows=10, ttl_s=90 * _DAY
        )
        self.counts: Space[str, Counted] = Space(self, "counts", Counted, entries=4096, rows=20_000, ttl_s=30 * _DAY)
        self.facts: Space[int, ChatFacts] = Space(self, "facts", ChatFacts, entries=1024, rows=20_000, ttl_s=_HOUR)
        self.files: Space[str, KnownFile] = Space(self, "media", KnownFile, entries=2048, rows=500_000, ttl_s=0)
        self._spaces: tuple[Space[Any, Any], ...] = (
            self.peers,
            self.names,
            self.topics,
            self.previews,
            self.counts,
            self.facts,
            self.files,
        )

    @property
    def path(self) -> Path | None:
        """The file, while one is open."""
        return self._file.path if self._file is not None else None

    def open(self, path: Path) -> None:
        """Keep entries in the file `path` from now on; those of another one, or of memory alone, are let go."""
        if self.path == path:
            return
        self.close()
        self._file = CacheFile(path)

    def close(self) -> None:
        """Write what is not written yet, and let go of everything."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._file is not None:
            self._took(self._write(self._file, {**self._flushing, **self._pending}, self._news()))
            self._file.close()
            self._file = None
        self._pending.clear()
        for space in self._spaces:
            space.clear()

    def clear(self) -> None:
        """Forget everything, in the file too."""
        self._pending.clear()
        self._flushing.clear()
        for space in self._spaces:
            space.clear()
        if self._file is not None:
            self._file.clear()

    def readings(self) -> tuple[CacheReading, ...]:
        """The figures of each cache."""
        return tuple(space.reading() for space in self._spaces)

    async def everybody(self) -> list[Peer]:
        """Every peer in memory and in the file; the file is read on another thread."""
        stored = await asyncio.to_thread(self._file.values, self.peers.name) if self._file is not None else []
        changes = {**self._flushing, **self._pending}
        fresh = [each.value for (space, _), each in changes.items() if space == self.peers.name and each.value]
        found = {peer.id: peer for peer in map(self.peers.decode, [*stored, *fresh])}
        return list((found | self.peers.held()).values())

    # --- for the spaces -----------------------------------------------------------------------------------------------

    def stored(self, space: str, key: str) -> tuple[bytes, float] | None:
        """What the file holds, or is about to."""
        change = self._pending.get((space, key)) or self._flushing.get((space, key))
        if change is not None:
            return None if change.value is None else (change.value, change.at)
        return self._file.get(space, key) if self._file is not None else None

    def change(self, change: Change) -> None:
        """Write an entry soon."""
        if self._file is None:
            return
        self._pending[change.space, change.key] = change
        if self._timer is None:
            try:
                self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self._begin_flush)
            except RuntimeError:  # no loop runs: closing writes it
                return

    def _begin_flush(self) -> None:
        self._timer = None
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self.flush())

    async def flush(self) -> None:
        """Write what is not written yet, on another thread."""
        file = self._file
        if file is None or not self._pending:
            return
        self._flushing, self._pending = self._pending, {}
        try:
            self._took(await asyncio.to_thread(self._write, file, self._flushing, self._news()))
        finally:
            self._flushing = {}
        if self._pending and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self._begin_flush)

    def _write(
        self, file: CacheFile, changes: dict[tuple[str, str], Change], news: dict[str, tuple[int, int, int]]
    ) -> dict[str, int]:
        """For any thread: write, and give how many entries of each space had to make room for that."""
        dropped = file.write(list(changes.values()), {space.name: space.rows for space in self._spaces})
        file.count(news)
        return dropped

    def _took(self, dropped: dict[str, int]) -> None:
        for space in self._spaces:
            space.expired += dropped.get(space.name, 0)

    def _news(self) -> dict[str, tuple[int, int, int]]:
        """(hits, misses, evictions) of the spaces since the file was told last."""
        news: dict[str, tuple[int, int, int]] = {}
        for reading in self.readings():
            figures = (reading.hits, reading.misses, reading.evictions)
            before = self._told.get(reading.name, (0, 0, 0))
            if figures != before:
                news[reading.name] = (figures[0] - before[0], figures[1] - before[1], figures[2] - before[2])
                self._told[reading.name] = figures
        return news


def since(before: tuple[CacheReading, ...], after: tuple[CacheReading, ...]) -> tuple[CacheReading, ...]:
    """What happened between two readings."""
    earlier = {reading.name: reading for reading in before}
    none = CacheReading("")
    return tuple(
        msgspec.structs.replace(
            reading,
            hits=reading.hits - earlier.get(reading.name, none).hits,
            misses=reading.misses - earlier.get(reading.name, none).misses,
            evictions=reading.evictions - earlier.get(reading.name, none).evictions,
        )
        for reading in after
    )
