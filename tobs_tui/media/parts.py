"""A file in the making: its parts in any order on disk, and a journal that says which of them are there and sound."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

PART_SIZE = 512 * 1024
"""Bytes. A power of two that divides 1 MiB, as upload.getFile wants it, and the most that all servers give."""

_HEADER = struct.Struct("<8sQQ")  # magic, size of the file, size of a part
_ENTRY = struct.Struct("<II")  # length of the part (0 = missing), its CRC-32
_MAGIC = b"tobspart"


class PartFile:
    """`<stem>.part` holds the bytes, `<stem>.map` an entry for each part, written after the part's bytes.

    A kill loses the parts that were on their way. A power cut may keep an entry and lose its bytes; its checksum
    tells, so that opening a file again never trusts what is not there. All methods block on the disk; `write` may be
    called from several threads at once for different parts.
    """

    def __init__(self, stem: Path, size: int, part_size: int = PART_SIZE) -> None:
        """Open or begin the file of `size` bytes. What belongs to another size is begun anew."""
        self.path, map_path = _paths(stem)
        self.size = size
        self.part_size = part_size
        # A file of no bytes is asked for once too: the server may know better.
        self.count = max(1, -(-size // part_size))
        stem.parent.mkdir(parents=True, exist_ok=True)
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
        header = _HEADER.pack(_MAGIC, self.size, self.part_size)
        if os.pread(self._map, _HEADER.size, 0) != header:
            os.ftruncate(self._data, 0)
            os.ftruncate(self._map, 0)
            os.pwrite(self._map, header, 0)
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
        return len(data) == length and zlib.crc32(data) == checksum

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

    def write(self, index: int, data: bytes) -> None:
        """Keep a part, of exactly the expected length."""
        _write_all(self._data, data, index * self.part_size)
        entry = _ENTRY.pack(len(data), zlib.crc32(data))
        _write_all(self._map, entry, _HEADER.size + index * _ENTRY.size)

    def forget(self, indexes: set[int]) -> None:
        """Take parts for missing that turned out to be wrong; they are asked for when the file is next opened."""
        for index in indexes:
            _write_all(self._map, _ENTRY.pack(0, 0), _HEADER.size + index * _ENTRY.size)

    def flush(self) -> None:
        """Have the bytes on the disk, before anything claims that the file is complete."""
        os.fsync(self._data)

    def close(self) -> None:
        """Let go of the file; what is there stays for the next time."""
        os.close(self._data)
        os.close(self._map)

    @staticmethod
    def discard(stem: Path) -> None:
        """Remove what is left of a closed file: all of it, or the journal alone when the bytes were moved away."""
        for path in _paths(stem):
            path.unlink(missing_ok=True)


def _paths(stem: Path) -> tuple[Path, Path]:
    """Where the bytes and the journal of a file in the making are."""
    return stem.with_name(stem.name + ".part"), stem.with_name(stem.name + ".map")


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    """Write every byte; a disk that fills up takes some of them first and complains at the next attempt."""
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view = view[written:]
        offset += written
