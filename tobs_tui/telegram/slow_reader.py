"""Telethon's reader for bytes that may be broken on purpose: bounded work, and no copies within its errors."""

from __future__ import annotations

import struct
from typing import Any

from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl.alltlobjects import tlobjects
from telethon.tl.core import core_objects

from tobs_tui.telegram.page import PageUnreadable
from tobs_tui.telegram.unpacking import QUOTED

READS = 150_000
"""Values that may be read one by one for a page; a hundred rich messages hold some ten thousand."""
_KNOWN = frozenset((*tlobjects, *core_objects, 0x997275B5, 0xBC799737, 0x1CB5C415))


class Effort:
    """How many values may still be read for a page, by all its readers together."""

    __slots__ = ("left",)

    def __init__(self, left: int = READS) -> None:
        self.left = left


class SlowReader(BinaryReader):  # type: ignore[misc]  # telethon has no types
    """Telethon's reader. Raises what that raises, and `PageUnreadable` when the effort is used up."""

    def __init__(self, data: bytes, effort: Effort | None = None) -> None:
        super().__init__(data)
        self._effort = effort or Effort()

    def tgread_object(self) -> Any:
        """The next object."""
        (constructor,) = struct.unpack_from("<I", self.stream, self.position)
        if constructor not in _KNOWN:
            raise TypeNotFoundError(constructor, bytes(self.stream[self.position : self.position + QUOTED]))
        self._spend()
        return super().tgread_object()

    def read_int(self, signed: bool = True) -> int:
        """The next four bytes as a number."""
        self._spend()
        return int(super().read_int(signed))

    def read_long(self, signed: bool = True) -> int:
        """The next eight bytes as a number."""
        self._spend()
        return int(super().read_long(signed))

    def tgread_bytes(self) -> bytes:
        """The next string."""
        self._spend()
        return bytes(super().tgread_bytes())

    def _spend(self) -> None:
        self._effort.left -= 1
        if self._effort.left < 0:
            raise PageUnreadable("the answer would take too long to be read")


class TracingReader(SlowReader):
    """A reader that keeps the outermost object's first date and the string behind it: a message's date and text."""

    def __init__(self, data: bytes, effort: Effort) -> None:
        super().__init__(data, effort)
        self.date = 0
        self.text = ""
        self._depth = 0

    def tgread_object(self) -> Any:
        """The next object. Raises what Telethon's reader raises, with `_depth` left where the trouble was."""
        self._depth += 1
        value = super().tgread_object()
        self._depth -= 1
        return value

    def tgread_date(self) -> Any:
        """The next date."""
        moment = super().tgread_date()
        if self._depth == 1 and not self.date and moment is not None:
            self.date = int(moment.timestamp())
        return moment

    def tgread_string(self) -> Any:
        """The next string."""
        text = super().tgread_string()
        if self._depth == 1 and self.date and not self.text:
            self.text = text
        return text
