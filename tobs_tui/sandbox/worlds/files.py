"""Files of a world: what a photo or a document is, where its bytes come from, and which reference opens it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from telethon.tl import types

from tobs_tui.sandbox.worlds.rng import stable_id, stable_int64

Source = Callable[[], bytes]

_BLOCK = 1 << 20
_STRIDE = 4099  # odd, so that a million blocks pass before one comes again


@cache
def _noise() -> bytes:
    return hashlib.shake_256(b"tobs sandbox").digest(2 * _BLOCK)


class Generated:
    """A source of any size whose bytes are made as they are asked for: a part costs one copy, nothing is kept.

    Each block of a MiB is a stretch of the same noise that begins elsewhere; `mark` makes the content its own.
    """

    def __init__(self, mark: str, size: int) -> None:
        self.size = size
        self._stamp = hashlib.sha256(mark.encode()).digest()
        self._shift = int.from_bytes(self._stamp[:4], "big")

    def __call__(self) -> bytes:
        """All of it."""
        return self.read(0, self.size)

    def read(self, offset: int, limit: int) -> bytes:
        """The bytes from `offset` on, at most `limit`; none from the end on."""
        end = min(self.size, offset + limit)
        pieces = []
        while offset < end:
            block, start = divmod(offset, _BLOCK)
            stop = min(_BLOCK, start + end - offset)
            at = (self._shift + block * _STRIDE) % _BLOCK
            piece = _noise()[at + start : at + stop]
            if offset < len(self._stamp):
                head = self._stamp[offset : offset + len(piece)]
                piece = head + piece[len(head) :]
            pieces.append(piece)
            offset += stop - start
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def sha256(self) -> str:
        """The whole content's SHA-256, in hex, in bounded memory."""
        digest = hashlib.sha256()
        for offset in range(0, self.size, _BLOCK):
            digest.update(self.read(offset, _BLOCK))
        return digest.hexdigest()


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
    """A photo (`mime` is None) or a document, at one data centre; with `cdn`, clients are sent to the content network
    for the document itself."""

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
    cdn: bool = False
    store: FileStore | None = field(default=None, repr=False)

    @property
    def is_photo(self) -> bool:
        """Whether Telegram would call it a photo, not a document."""
        return self.mime is None

    def _source_of(self, size_type: str) -> Source | None:
        """Where the bytes of the main file (the largest size of a photo) or of the named size come from."""
        if not size_type:
            return self.sizes[-1].source if self.is_photo else self.source
        return next((size.source for size in self.sizes if size.type == size_type), None)

    def content(self, size_type: str = "") -> bytes | None:
        """The bytes of the main file (the largest size of a photo), or of the named size; None when there is none."""
        source = self._source_of(size_type)
        return None if source is None else source()

    def read(self, size_type: str, offset: int, limit: int) -> bytes | None:
        """As `content`, but only the bytes from `offset` on, at most `limit`."""
        source = self._source_of(size_type)
        if source is None:
            return None
        return source.read(offset, limit) if isinstance(source, Generated) else source()[offset : offset + limit]

    def length_of(self, size_type: str) -> int:
        """The size in bytes of what `content` gives; 0 when there is none."""
        source = self._source_of(size_type)
        if isinstance(source, Generated):
            return source.size
        return 0 if source is None else len(source())

    def length(self) -> int:
        """The main file's size in bytes."""
        if self.size is None:
            self.size = self.length_of("")
        return self.size

    def sha256(self) -> str:
        """The main file's SHA-256, in hex."""
        source = self._source_of("")
        return source.sha256() if isinstance(source, Generated) else hashlib.sha256(self.content() or b"").hexdigest()

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
        cdn: bool = False,
    ) -> StoredFile:
        """A new document. `size` spares the server from making the bytes just to know their number."""
        file_id, access_hash, chosen = self._identity(dc)
        return self._add(
            StoredFile(file_id, access_hash, chosen, date, mime, source, size, thumbs, attributes, stripped, cdn=cdn)
        )

    def expire_references(self) -> None:
        """Make every file reference handed out so far stale, as Telegram does after some hours."""
        self.epoch += 1
