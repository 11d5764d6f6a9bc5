"""Readers of TL objects, made from the layouts of Telethon's classes when an object of the class is first met.

A reader is ``read(raw, at, around) -> (value, end)``: it reads the object whose fields begin at `at`, behind the
number of its constructor. Each combination of flags has straight code of its own: fields of fixed size that follow
each other are unpacked at once, what is not there takes no time, and what nobody asks for is not kept.
"""

from __future__ import annotations

import linecache
import struct
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec
from telethon.errors import TypeNotFoundError
from telethon.tl.alltlobjects import tlobjects

from tobs_tui.telegram.slow_reader import Effort, SlowReader
from tobs_tui.telegram.tl_code import DISPATCH, Builder, ReaderCode
from tobs_tui.telegram.tl_layout import FLAGS, TRUE, Layout, Unfamiliar, layout_of
from tobs_tui.telegram.unpacking import bound_telethon

Reader = Callable[[bytes, int, Any], tuple[Any, int]]

MAX_VARIANTS = 512
"""Combinations of a class's flags that get code of their own; the others share code that looks at the flags."""
BROKEN = (
    *(TypeNotFoundError, struct.error, UnicodeDecodeError, ValueError, TypeError),
    *(AttributeError, RuntimeError, BufferError, LookupError),
)
"""What these readers, Telethon's and the converters raise when they meet bytes that are not what the schema says."""
_uint = struct.Struct("<I").unpack_from
bound_telethon()


class Readers(dict[int, Reader]):
    """The readers by constructor. One that isn't there yet is made; where that can't be, Telethon's does the work.

    Objects become structs of their TL class's name, with those of its fields that are among the `wanted`; dates are
    numbers. `builders` make something else of the classes that they are named after; their expressions see `names`.
    """

    def __init__(self, wanted: Collection[str], builders: Mapping[str, Builder], names: Mapping[str, Any]) -> None:
        super().__init__()
        self.wanted = wanted
        self.builders = builders
        tools = {"readers": self, "sizes": _Sizes(), "uint": _uint, "words": struct.Struct("<II").unpack_from}
        self.names = {**tools, "bools": {0x997275B5: True, 0xBC799737: False}, "long": _long, "many": _many, **names}

    def __missing__(self, constructor: int) -> Reader:
        kind = tlobjects.get(constructor)
        if kind is None:
            return _telethon  # not kept: any number may stand in broken bytes
        try:
            self[constructor] = _Class(self, layout_of(kind)).reader()
        except Unfamiliar:
            self[constructor] = _telethon
        return self[constructor]

    def read(self, raw: bytes, at: int, around: Any = None) -> tuple[Any, int]:
        """The object at `at`, where the number of its constructor stands, and where it ends.

        Raises what Telethon's reader raises, or IndexError or KeyError, for bytes that are not what the schema says. A
        string that is cut off is noticed by an end that is behind the end of `raw`.
        """
        return self[_uint(raw, at)[0]](raw, at + 4, around)


def forget_sources() -> None:
    """Let go of the source lines (5 MB) that Python keeps after readers were made; costs nothing otherwise."""
    if linecache.cache:
        linecache.clearcache()


class _Class:
    """Makes the readers of one TL class."""

    def __init__(self, readers: Readers, layout: Layout) -> None:
        fields = [step for step in layout.steps if step.kind != FLAGS and step.name in readers.wanted]
        defaults = [(step.name, Any, False if step.kind == TRUE else None) for step in fields]
        self._names = {**readers.names, "T": msgspec.defstruct(layout.name, defaults, gc=False)}
        self._layout = layout
        self._wanted = readers.wanted
        self._builder = readers.builders.get(layout.name)
        self._words = layout.leading_flags[:2]

    def reader(self) -> Reader:
        """The reader of the class, which looks at the flags where there are any."""
        if not self._words:
            return self.variant({})
        names = {**self._names, "variants": _Variants(self, self._words)}
        return _compiled(DISPATCH[len(self._words)].format(*map(self._mask, self._words)), self._layout.name, names)

    def variant(self, words: Mapping[str, int | None]) -> Reader:
        """The reader of objects with these leading flags, which get it where the flags end."""
        code = ReaderCode(self._layout, self._wanted, words, self._builder)
        source = code.source()
        return _compiled(source, self._layout.name, {**self._names, **code.names})

    def _mask(self, word: str) -> int:
        """The bits of a word of flags that make a difference to what is read and kept."""
        bits = 0
        for step in self._layout.steps:
            if step.flags == word and (step.kind != TRUE or step.name in self._wanted):
                bits |= step.bit
        return bits


class _Variants(dict[int, Reader]):
    """The readers of one class by the leading words of flags, as far as these matter."""

    def __init__(self, kind: _Class, words: tuple[str, ...]) -> None:
        super().__init__()
        self._kind = kind
        self._words = words
        self._shared: Reader | None = None

    def __missing__(self, flags: int) -> Reader:
        if len(self) < MAX_VARIANTS:
            values = (flags & 0xFFFFFFFF, flags >> 32)
            self[flags] = self._kind.variant(dict(zip(self._words, values, strict=False)))
            return self[flags]
        if self._shared is None:
            self._shared = self._kind.variant(dict.fromkeys(self._words))
        return self._shared


class _Sizes(dict[int, int]):
    """How many bytes follow a constructor; -1 where that differs from object to object, or isn't known."""

    def __missing__(self, constructor: int) -> int:
        kind = tlobjects.get(constructor)
        if kind is None:
            return -1
        try:
            steps = layout_of(kind).steps
        except Unfamiliar:
            size = -1
        else:
            plain = all(len(step.kind) == 1 and not step.flags and not step.vector for step in steps)
            size = sum(struct.calcsize(f"<{step.kind}") for step in steps) if plain else -1
        self[constructor] = size
        return size


def _compiled(source: str, name: str, names: dict[str, Any]) -> Reader:
    # The code is written from Telethon's source and this program's tables; nothing that was received goes into it.
    exec(compile(source, f"<reader of {name}>", "exec"), names)
    reader: Reader = names["read"]
    return reader


def read_by_telethon(raw: bytes, at: int, effort: Effort | None = None) -> tuple[Any, int]:
    """Telethon's own object at `at`, where the number of its constructor stands, and where it ends.

    Raises what is in `BROKEN`, and PageUnreadable when the `effort` (None: one of its own) is used up.
    """
    reader = SlowReader(raw, effort)
    reader.set_position(at)
    return reader.tgread_object(), reader.tell_position()


def _telethon(raw: bytes, at: int, _: Any) -> tuple[Any, int]:
    return read_by_telethon(raw, at - 4)


def _long(raw: bytes, at: int) -> tuple[bytes, int]:
    """The bytes of a string whose length stands in the three bytes behind the first, and where it ends."""
    size = int.from_bytes(raw[at + 1 : at + 4], "little")
    return raw[at + 4 : at + 4 + size], at + 4 + (size + 3 & -4)


def _many(raw: bytes, at: int, count: int, kind: str) -> tuple[list[Any], int]:
    """`count` numbers of one format, and where they end."""
    numbers = struct.unpack_from(f"<{max(count, 0)}{kind}", raw, at)
    return list(numbers), at + len(numbers) * struct.calcsize(kind)
