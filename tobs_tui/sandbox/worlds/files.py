"""Files of a world: what a photo or a document is, where its bytes come from, and which reference opens it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from telethon.tl import types

from tobs_tui.sandbox.worlds.rng import stable_id, stable_int64

Source = Callable[[], bytes]


@dataclass(slots=True, frozen=True)
class Size:
    """One stored size of a photo, or a thumbnail of a document; `width` and `height` in pixels."""

    type: str
    width: int
    height: int
    source: Source
    progressive: bool = False


@dataclass(slots=True, eq=False)
class StoredFile:
    """A photo (`mime` is None) or a document, at one data centre."""

    id: int
    access_hash: int
    dc: int
    date: int
    mime: str | None
    source: Source
    size: int | None = None
    sizes: tuple[Size, ...] = ()
    attributes: tuple[Any, ...] = ()
    stripped: bytes | None = None
    spoken: str = ""  # what is said in it, in English
    store: FileStore | None = field(default=None, repr=False)

    @property
    def is_photo(self) -> bool:
        """Whether Telegram would call it a photo, not a document."""
        return self.mime is None

    def content(self, size_type: str = "") -> bytes | None:
        """The bytes of the main file (the largest size of a photo), or of the named size; None when there is none."""
        if not size_type:
            return self.sizes[-1].source() if self.is_photo else self.source()
        for size in self.sizes:
            if size.type == size_type:
                return size.source()
        return None

    def length(self) -> int:
        """The main file's size in bytes."""
        if self.size is None:
            self.size = len(self.content() or b"")
        return self.size

    def sha256(self) -> str:
        """The main file's SHA-256, in hex."""
        return hashlib.sha256(self.content() or b"").hexdigest()

    def reference(self) -> bytes:
        """The file reference that the server accepts at the moment."""
        epoch = self.store.epoch if self.store else 0
        return b"\x01" + hashlib.sha256(f"{self.id}:{epoch}".encode()).digest()[:16]

    def _tl_sizes(self) -> list[Any]:
        listed: list[Any] = []
        if self.stripped:
            listed.append(types.PhotoStrippedSize("i", self.stripped))
        for size in self.sizes:
            length = len(size.source())
            if size.progressive:
                steps = [length // 5, length // 2, length]
                listed.append(types.PhotoSizeProgressive(size.type, size.width, size.height, steps))
            else:
                listed.append(types.PhotoSize(size.type, size.width, size.height, length))
        return listed

    def tl(self) -> Any:
        """The ``Photo`` or ``Document`` with the current reference."""
        if self.is_photo:
            return types.Photo(
                id=self.id,
                access_hash=self.access_hash,
                file_reference=self.reference(),
                date=self.date,
                sizes=self._tl_sizes(),
                dc_id=self.dc,
            )
        return types.Document(
            id=self.id,
            access_hash=self.access_hash,
            file_reference=self.reference(),
            date=self.date,
            mime_type=self.mime,
            size=self.length(),
            dc_id=self.dc,
            attributes=list(self.attributes),
            thumbs=self._tl_sizes() or None,
        )


class FileStore:
    """All files of a world, by id. Raising `epoch` makes every reference handed out so far stale."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self.epoch = 0
        self.by_id: dict[int, StoredFile] = {}
        self._count = 0

    def _add(self, file: StoredFile) -> StoredFile:
        file.store = self
        self.by_id[file.id] = file
        return file

    def _identity(self, dc: int | None) -> tuple[int, int, int]:
        self._count += 1
        chosen = dc or (4 if self._count % 3 == 0 else 2)
        return stable_id(self.seed, "file", self._count), stable_int64(self.seed, "hash", self._count), chosen

    def photo(
        self, date: int, sizes: tuple[Size, ...], stripped: bytes | None = None, dc: int | None = None
    ) -> StoredFile:
        """A new photo; its `sizes` ascend, the last one is the photo itself."""
        file_id, access_hash, chosen = self._identity(dc)
        return self._add(
            StoredFile(file_id, access_hash, chosen, date, None, sizes[-1].source, sizes=sizes, stripped=stripped)
        )

    def document(
        self,
        date: int,
        mime: str,
        source: Source,
        attributes: tuple[Any, ...] = (),
        *,
        size: int | None = None,
        thumbs: tuple[Size, ...] = (),
        stripped: bytes | None = None,
        dc: int | None = None,
    ) -> StoredFile:
        """A new document. `size` spares the server from making the bytes just to know their number."""
        file_id, access_hash, chosen = self._identity(dc)
        return self._add(
            StoredFile(file_id, access_hash, chosen, date, mime, source, size, thumbs, attributes, stripped)
        )

    def expire_references(self) -> None:
        """Make every file reference handed out so far stale, as Telegram does after some hours."""
        self.epoch += 1
