"""Ways to break bytes: any bytes, text, and what MTProto's TL and msgpack are made of. All chance comes from `rng`."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from random import Random

Break = Callable[[bytearray, Random], bytearray]

VECTOR = 0x1CB5C415
WORDS = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFE, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE)
DOUBLES = (float("nan"), float("inf"), float("-inf"), -0.0, 1e308, 5e-324)
BAD_TEXT = (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x00", b"\xc0\xaf", b"\xe2\x80\xae", b"\x1b[2J")
LONGEST = 1 << 20
"""Bytes of the longest input that is made by repeating; what is packed may become much larger."""


def flip(data: bytearray, rng: Random) -> bytearray:
    """Some bits the other way round."""
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def set_bytes(data: bytearray, rng: Random) -> bytearray:
    """Some bytes as others."""
    for _ in range(rng.choice((1, 1, 2, 8))):
        if data:
            data[rng.randrange(len(data))] = rng.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF, rng.randrange(256)))
    return data


def cut(data: bytearray, rng: Random) -> bytearray:
    """The end is gone."""
    return data[: rng.randrange(len(data) + 1)]


def drop(data: bytearray, rng: Random) -> bytearray:
    """A piece out of the middle is gone."""
    start = rng.randrange(len(data) + 1)
    del data[start : start + rng.choice((1, 2, 3, 4, 8, 64, 1024))]
    return data


def insert(data: bytearray, rng: Random) -> bytearray:
    """Something is in between that was not there."""
    start = rng.randrange(len(data) + 1)
    data[start:start] = rng.randbytes(rng.choice((1, 2, 4, 8, 100)))
    return data


def bad_text(data: bytearray, rng: Random) -> bytearray:
    """Bytes that are no text, or a text that steers."""
    start = rng.randrange(len(data) + 1)
    piece = rng.choice(BAD_TEXT)
    data[start : start + len(piece)] = piece
    return data


def repeat(data: bytearray, rng: Random) -> bytearray:
    """A piece comes many times over."""
    start = rng.randrange(len(data) + 1)
    piece = data[start : start + rng.choice((1, 2, 4, 4, 8, 16, 64, 512))]
    times = rng.choice((2, 3, 10, 100)) if rng.random() < 0.97 else rng.choice((1000, 10_000))
    if len(piece) * times < LONGEST:
        data[start:start] = piece * times
    return data


def number(data: bytearray, rng: Random) -> bytearray:
    """A number of four or eight bytes, in either order, that is at an edge: lengths, counts and offsets are such."""
    form = rng.choice(("<I", "<I", "<I", ">I", "<H", ">H", "<Q", ">Q"))
    size = struct.calcsize(form)
    if len(data) >= size:
        value = rng.choice((*WORDS, len(data), rng.randrange(1 << 16))) & ((1 << 8 * size) - 1)
        struct.pack_into(form, data, _place(data, size, rng), value)
    return data


def double(data: bytearray, rng: Random) -> bytearray:
    """A number that is none, or endless."""
    if len(data) >= 8:
        struct.pack_into("<d", data, _place(data, 8, rng), rng.choice(DOUBLES))
    return data


def _place(data: bytearray, size: int, rng: Random) -> int:
    at = rng.randrange(len(data) - size + 1)
    return at & -4 if rng.random() < 0.7 else at


PLAIN: tuple[Break, ...] = (flip, flip, set_bytes, cut, drop, insert, bad_text, repeat, number, double)


def splice(data: bytearray, other: bytes, rng: Random, step: int = 1) -> bytearray:
    """The front of one and the back of another."""
    here, there = rng.randrange(len(data) + 1), rng.randrange(len(other) + 1)
    return data[: here - here % step] + other[there - there % step :]


def broken(seeds: Sequence[bytes], rng: Random, ways: Sequence[Break] = PLAIN) -> bytes:
    """A seed that some things have happened to; one in fifty is left as it is."""
    data = bytearray(rng.choice(seeds))
    if rng.random() < 0.02:
        return bytes(data)
    if rng.random() < 0.15:
        data = splice(data, rng.choice(seeds), rng, rng.choice((1, 4)))
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 6))):
        data = rng.choice(ways)(data, rng)
    return bytes(data[: 4 * LONGEST])


# --- TL ---------------------------------------------------------------------------------------------------------------


def tl_words(data: bytes | bytearray) -> tuple[int, ...]:
    """The 4-byte words of TL bytes."""
    return struct.unpack_from(f"<{len(data) // 4}I", data)


class TlBreaks:
    """Breaks that know what TL looks like: numbers of constructors, and how vectors and strings begin."""

    def __init__(self, constructors: Sequence[int], nesting: Sequence[int]) -> None:
        """`nesting` are the constructors of objects that begin with an object."""
        self._all = constructors
        self._known = frozenset(constructors)
        self._nesting = nesting
        self.ways: tuple[Break, ...] = (
            *PLAIN,
            number,
            self.exchange,
            self.exchange,
            self.recount,
            self.nest,
            self.unite,
        )

    def exchange(self, data: bytearray, rng: Random) -> bytearray:
        """One constructor stands where another did."""
        places = self._places(data)
        if places:
            struct.pack_into("<I", data, 4 * rng.choice(places), rng.choice(self._all))
        return data

    def recount(self, data: bytearray, rng: Random) -> bytearray:
        """A vector says that it is longer or shorter."""
        places = [place for place, word in enumerate(tl_words(data)[:-1]) if word == VECTOR]
        if places:
            at = 4 * rng.choice(places) + 4
            (count,) = struct.unpack_from("<I", data, at)
            near = (count + 1, count - 1, 2 * count, *WORDS)
            struct.pack_into("<I", data, at, rng.choice(near) & 0xFFFFFFFF)
        return data

    def nest(self, data: bytearray, rng: Random) -> bytearray:
        """An object lies deep within others."""
        places = self._places(data)
        if places and self._nesting:
            at = 4 * rng.choice(places)
            layer = struct.pack("<I", rng.choice(self._nesting))
            if rng.random() < 0.4:
                layer = struct.pack("<III", rng.choice(self._nesting), VECTOR, rng.choice((1, 1, 2)))
            data[at:at] = layer * (
                rng.choice((1, 3, 30, 150, 400)) if rng.random() < 0.97 else rng.choice((1000, 20_000))
            )
        return data

    def unite(self, data: bytearray, rng: Random) -> bytearray:
        """An object stands many times in a row, and the vector says so."""
        places = [place for place, word in enumerate(tl_words(data)[:-1]) if word == VECTOR]
        if places:
            at = 4 * rng.choice(places) + 4
            times = rng.choice((10, 100)) if rng.random() < 0.97 else rng.choice((1000, 10_000, 100_000))
            tiny = struct.pack("<I", rng.choice(self._all)) + rng.randbytes(4 * rng.randrange(3))
            if len(tiny) * times < LONGEST:
                struct.pack_into("<I", data, at, times)
                data[at + 4 : at + 4] = tiny * times
        return data

    def _places(self, data: bytearray) -> list[int]:
        return [place for place, word in enumerate(tl_words(data)) if word in self._known]
