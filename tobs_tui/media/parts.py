"""A file in the making: its parts in any order on disk, and a journal that says which of them are there and sound."""

from __future__ import annotations

import hashlib
import os
import struct
import threading
import zlib
from pathlib import Path

from tobs_tui.config.vault_folder import make_folder
from tobs_tui.model.media import FilePart

PART_SIZE = 512 * 1024
"""Bytes. A power of two that divides 1 MiB, as upload.getFile wants it."""
LARGE_PART_SIZE = 1 << 20
"""The most that upload.getFile gives at once."""
LARGE_FROM = 20 * 1000 * 1000
"""Bytes from which on Telegram counts a file as large: two at once a data centre, where five small ones may be."""

_HEADER = struct.Struct("<8sQQ")  # magic, size of the file, size of a part
_ENTRY = struct.Struct("<II")  # length of the part (0 = missing), its CRC-32
_MAGIC = b"tobspart"


def part_size_of(size: int) -> int:
    """How many bytes of a file of this size are asked for at once."""
    return LARGE_PART_SIZE if size >= LARGE_FROM else PART_SIZE


class Digest:
    """The SHA-256 of a file whose parts come in nearly their order, without reading all of it a second time.

    Parts that come early are read again from the file when it is their turn. Several threads may call it.
    """

    def __init__(self, descriptor: int, size: int, part_size: int) -> None:
        self._descriptor, self._size, self._part_size = descriptor, size, part_size
        self._sum = hashlib.sha256()
        self._next = 0
        self._early: set[int] = set()
        self._lock = threading.Lock()

    def add(self, index: int, data: FilePart) -> None:
        """A part is in the file."""
        with self._lock:
            if index != self._next:
                self._early.add(index)
                return
            self._sum.update(data)
            self._next += 1
            while self._next in self._early:
                self._early.discard(self._next)
                self._sum.update(os.pread(self._descriptor, self._part_size, self._next * self._part_size))
                self._next += 1

    def hexdigest(self) -> str:
        """In lowercase hex; all parts have been added."""
        with self._lock:
            if self._next * self._part_size < self._size:
                raise ValueError("parts of the file are missing")
            return self._sum.hexdigest()


class PartFile:
    """`<stem>.part` holds the bytes, `<stem>.map` an entry for each part, written after the part's bytes.

    A kill loses the parts that were on their way. A power cut may keep an entry and lose its bytes; its checksum
    tells, so that opening a file again never trusts what is not there. All methods block on the disk; `write` may be
    called from several threads at once for different parts.
    """

    def __init__(self, stem: Path, size: int, part_size: int = PART_SIZE) -> None:
        """Open or begin the file of `size` bytes. What belongs to another size is begun anew; what was begun with parts
        of another size goes on with those."""
        self.path, map_path = _paths(stem)
        self.size = size
        self.part_size = part_size
        make_folder(stem.parent)
        self._data = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._map = os.open(map_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                self.missing = self._resume()
            except BaseException:
                os.close(self._map)
                raise
        except BaseException:
            os.close(self._data)
            raise

    def _resume(self) -> list[int]:
        """The parts still to be had, after a look at each that the journal claims."""
        header = os.pread(self._map, _HEADER.size, 0)
        magic, size, part_size = _HEADER.unpack(header) if len(header) == _HEADER.size else (b"", 0, 0)
        begun = magic == _MAGIC and size == self.size and 0 < part_size <= LARGE_PART_SIZE
        if begun:
            self.part_size = part_size
        # A file of no bytes is asked for once too: the server may know better.
        self.count = max(1, -(-self.size // self.part_size))
        self._digest = Digest(self._data, self.size, self.part_size)
        if not begun:
            os.ftruncate(self._data, 0)
            os.ftruncate(self._map, 0)
            os.pwrite(self._map, _HEADER.pack(_MAGIC, self.size, self.part_size), 0)
            return list(range(self.count))
        return [index for index in range(self.count) if not self._sound(index)]

    def _sound(self, index: int) -> bool:
        entry = os.pread(self._map, _ENTRY.size, _HEADER.size + index * _ENTRY.size)
        if len(entry) < _ENTRY.size:
            return False
        length, checksum = self._entry(entry)
        if length == 0 or length != self.expected(index):
            return False
        data = os.pread(self._data, length, index * self.part_size)
        if len(data) != length or zlib.crc32(data) != checksum:
            return False
        self._digest.add(index, data)
        return True

    @staticmethod
    def _entry(packed: bytes) -> tuple[int, int]:
        length, checksum = _ENTRY.unpack(packed)
        return int(length), int(checksum)

    def expected(self, index: int) -> int:
        """How many bytes a part has."""
        return min(self.part_size, self.size - index * self.part_size)

    def held(self) -> int:
        """How many bytes were there when the file was opened."""
        return self.size - sum(self.expected(index) for index in self.missing)

    def write(self, index: int, data: FilePart) -> None:
        """Keep a part, of exactly the expected length."""
        _write_all(self._data, data, index * self.part_size)
        entry = _ENTRY.pack(len(data), zlib.crc32(data))
        _write_all(self._map, entry, _HEADER.size + index * _ENTRY.size)
        self._digest.add(index, data)

    def complete(self) -> str:
        """Have the bytes of all parts on the disk, before anything claims that the file is complete; gives their
        SHA-256 in lowercase hex."""
        os.fsync(self._data)
        return self._digest.hexdigest()

    def close(self) -> None:
        """Let go of the file; what is there stays for the next time."""
        os.close(self._data)
        os.close(self._map)

    @staticmethod
    def whole(stem: Path, data: FilePart) -> Path:
        """Put a file of a single part where its bytes belong, and on the disk: it needs no journal."""
        path, _ = _paths(stem)
        make_folder(path.parent)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            _write_all(descriptor, data, 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return path

    @staticmethod
    def discard(stem: Path) -> None:
        """Remove what is left of a closed file: all of it, or the journal alone when the bytes were moved away."""
        for path in _paths(stem):
            path.unlink(missing_ok=True)


def _paths(stem: Path) -> tuple[Path, Path]:
    """Where the bytes and the journal of a file in the making are."""
    return stem.with_name(stem.name + ".part"), stem.with_name(stem.name + ".map")


def _write_all(descriptor: int, data: FilePart, offset: int) -> None:
    """Write every byte; a disk that fills up takes some of them first and complains at the next attempt."""
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view = view[written:]
        offset += written
