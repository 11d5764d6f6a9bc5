"""What the notes in a vault were last rendered with: the little that the archive does not tell of them."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from loguru import logger
from msgspec import Struct

from tobs_tui.archive.schema import internal_folder
from tobs_tui.model.profile import Layout, MediaOptions


class BookPage(Struct, frozen=True, omit_defaults=True):
    """A chat whose notes are final but for what is touched.

    `pointed` are the other chats that its links lead into, or would if those were exported; `led` those of them that
    were. `gap` says that messages older than rendered ones may have come since: links among its notes may change.
    """

    pointed: frozenset[int] = frozenset()
    led: frozenset[int] = frozenset()
    gap: bool = False

    def holds(self, linked: frozenset[int]) -> bool:
        """Whether the notes are as good with these chats to link into."""
        return not self.gap and self.led == linked & self.pointed


class RenderBook(Struct, omit_defaults=True):
    """The book of one vault. Losing it costs time only: then everything is rendered again."""

    layout: Layout = Layout()
    media: MediaOptions = MediaOptions()
    chats: dict[int, BookPage] = {}

    @classmethod
    def load(cls, vault: Path) -> RenderBook:
        """The vault's book; an empty one when there is none, or it is damaged."""
        try:
            return msgspec.json.decode(_path(vault).read_bytes(), type=cls)
        except FileNotFoundError:
            return cls()
        except (OSError, msgspec.MsgspecError) as error:
            logger.warning("the render book is not readable, everything is rendered again: {}", error)
            return cls()

    def save(self, vault: Path) -> None:
        """Put the book in its place, whole. Raises OSError."""
        path = _path(vault)
        beside = path.with_suffix(".tmp")
        with beside.open("wb") as file:
            file.write(msgspec.json.encode(self))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)


def _path(vault: Path) -> Path:
    return internal_folder(vault) / "rendered.json"
