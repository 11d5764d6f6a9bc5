"""Sums of the archive's pages, in a file beside it: what a byte that changed by itself is found by.

SQLite's own check sees what breaks its structure, not what another byte in a message makes of it. The database file
changes by checkpoints only, which fold the log of committed pages in. Before each of them the sums of the pages in the
log are put down, so that at any moment, wherever a killed process stopped, each page of the file is as its sum says,
unless the log holds a newer one (whose sums are SQLite's own).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SUM_BYTES = 8
"""Of a page's SHA-256. Zeros stand for a page whose sum is not known."""
MOST_NAMED = 100_000
"""Changed pages that are named at most: what is worse than that is another file."""

_UNKNOWN = bytes(SUM_BYTES)
_HEAD = struct.Struct(">8sII")  # what the file is, the size of a page in bytes, nothing
_MAGIC = b"tobssum1"
_DATABASE_HEAD = struct.Struct(">16xH")  # https://sqlite.org/fileformat2.html#the_database_header
# https://sqlite.org/fileformat2.html#walformat
_LOG_HEAD = struct.Struct(">IIIIQ")  # magic, version, page size, checkpoint, salt
_FRAME = struct.Struct(">IIQQ")  # page, size after a commit or 0, salt, checksum
_LOG_HEAD_BYTES, _FRAME_BYTES = 32, 24
_READ_BYTES = 1 << 20
_BLOCK = 64  # bytes of a block of SHA-256


def sums_path(archive: Path) -> Path:
    """Where the sums of an archive's pages lie."""
    return archive.with_suffix(".sums")


def _sum_of(page: bytes | memoryview) -> bytes:
    return hashlib.sha256(page).digest()[:SUM_BYTES]


def _beside(archive: Path, ending: str) -> Path:
    return archive.with_name(archive.name + ending)


class PageSums:
    """Keeps the sums of an archive that a connection of this process writes to. One thread at a time.

    Only the log is looked at, never the database itself: closing any file of this process on that would take SQLite's
    locks away (https://sqlite.org/howtocorrupt.html). Where the sums cannot be written, they are given up and removed:
    none are better than wrong ones.
    """

    def __init__(self, archive: Path, page: int) -> None:
        """Of an archive that is open, with pages of `page` bytes."""
        self._archive, self._page = archive, page
        self._log = -1
        self._salt, self._taken, self._committed = -1, 0, 0
        self._given_up = False

    def waiting(self) -> int:
        """Committed pages in the log, which a checkpoint would fold in."""
        if self._log < 0:
            try:
                self._log = os.open(_beside(self._archive, "-wal"), os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                return 0
        head = os.pread(self._log, _LOG_HEAD.size, 0)
        if len(head) < _LOG_HEAD.size:
            return 0
        salt = _LOG_HEAD.unpack(head)[-1]
        if salt != self._salt:  # the log was folded in, and begun anew
            self._salt, self._taken, self._committed = salt, 0, 0
        at = self._committed
        while (frame := _frame(self._log, self._page, at)) is not None and frame[2] == salt:
            at += 1
            if frame[1]:
                self._committed = at
        return self._committed

    def take(self) -> None:
        """Put down the sums of all committed pages in the log. Call it before any checkpoint."""
        if self._given_up:
            return
        try:
            committed = self.waiting()
            found = {number: _sum_of(page) for number, page in self._pages_of_log(self._taken, committed)}
            if found:
                self._write(found)
            self._taken = committed
        except OSError:
            self._given_up = True
            with contextlib.suppress(OSError):
                sums_path(self._archive).unlink()

    def _pages_of_log(self, first: int, behind: int) -> Iterator[tuple[int, bytes]]:
        """The pages in the frames first..behind-1, counted from 0, each with its number."""
        whole = self._page + _FRAME_BYTES
        step = max(1, _READ_BYTES // whole)
        for start in range(first, behind, step):
            data = os.pread(self._log, min(step, behind - start) * whole, _LOG_HEAD_BYTES + start * whole)
            for at in range(0, len(data) - whole + 1, whole):
                yield _FRAME.unpack_from(data, at)[0], data[at + _FRAME_BYTES : at + whole]

    def _write(self, found: dict[int, bytes]) -> None:
        path = sums_path(self._archive)
        if path.exists() and not path.is_file():
            raise OSError(f"{path} is no file")
        if _size_in(path) != self._page:
            path.write_bytes(_HEAD.pack(_MAGIC, self._page, 0))
        with path.open("r+b", buffering=0) as sums:
            for first, digests in _runs(found):
                os.pwrite(sums.fileno(), digests, _HEAD.size + (first - 1) * SUM_BYTES)
            os.fsync(sums.fileno())

    def close(self) -> None:
        """Let go of the log."""
        log, self._log = self._log, -1
        if log >= 0:
            os.close(log)


def _runs(found: dict[int, bytes]) -> Iterator[tuple[int, bytes]]:
    """The sums of pages that follow one another, each with the number of the first page."""
    first, digests = 0, bytearray()
    for number, digest in sorted(found.items()):
        if digests and number != first + len(digests) // SUM_BYTES:
            yield first, bytes(digests)
            digests.clear()
        if not digests:
            first = number
        digests += digest
    if digests:
        yield first, bytes(digests)


def _frame(log: int, page: int, index: int) -> tuple[int, int, int] | None:
    """A frame of the log, counted from 0: its page, the archive's size after a commit (0 = none), its salt."""
    head = os.pread(log, _FRAME.size, _LOG_HEAD_BYTES + index * (page + _FRAME_BYTES))
    return _FRAME.unpack(head)[:3] if len(head) == _FRAME.size else None


def _size_in(sums: Path) -> int:
    """The page size that a whole file of sums is made for; 0 without one, and where something lies that is no file."""
    if not sums.is_file():  # opening a pipe would wait for ever
        return 0
    with contextlib.suppress(OSError), sums.open("rb") as file:
        head = file.read(_HEAD.size)
        if len(head) == _HEAD.size:
            magic, page, _ = _HEAD.unpack(head)
            return int(page) if magic == _MAGIC else 0
    return 0


def pages_in_log(archive: Path) -> set[int]:
    """The pages that the log of an archive holds in their newest form, where a process was killed."""
    found: set[int] = set()
    part: set[int] = set()
    try:
        log = os.open(_beside(archive, "-wal"), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return found
    try:
        head = os.pread(log, _LOG_HEAD.size, 0)
        if len(head) < _LOG_HEAD.size:
            return found
        _, _, page, _, salt = _LOG_HEAD.unpack(head)
        index = 0
        while (frame := _frame(log, page, index)) is not None and frame[2] == salt:
            part.add(frame[0])
            if frame[1]:
                found |= part
                part.clear()
            index += 1
    finally:
        os.close(log)
    return found


class PagesChecked(NamedTuple):
    """The pages of an archive, counted from 1, that are not as they were written, and how many have no sum that tells;
    `bytes` were read. `torn` are pages whose sum itself is damaged: all of it fits but one byte."""

    changed: tuple[int, ...]
    unknown: int
    bytes: int
    torn: tuple[int, ...] = ()


def changed_pages(archive: Path) -> PagesChecked:
    """Hold every page of an archive against its sum. Those that the log has in a newer form are passed over.

    Nobody may write to the archive meanwhile, and this process may not have it open. Raises OSError.
    """
    page = _size_in(sums_path(archive))
    size = archive.stat().st_size
    if not page:
        return PagesChecked((), 1, 0)
    newer = pages_in_log(archive)
    changed: list[int] = []
    torn: list[int] = []
    unknown = number = read = 0
    step = max(1, _READ_BYTES // page)
    with archive.open("rb", buffering=0) as file, sums_path(archive).open("rb") as sums:
        sums.seek(_HEAD.size)
        while len(changed) < MOST_NAMED and (wanted := sums.read(step * SUM_BYTES)):
            data = file.read(len(wanted) // SUM_BYTES * page)
            read += len(data)
            with memoryview(data) as view:
                for index in range(len(wanted) // SUM_BYTES):
                    number += 1
                    digest = wanted[index * SUM_BYTES : (index + 1) * SUM_BYTES]
                    if number in newer:
                        continue
                    if digest == _UNKNOWN:
                        unknown += 1
                    elif (found := _sum_of(view[index * page : (index + 1) * page])) != digest:
                        wrong = sum(one != other for one, other in zip(found, digest, strict=True))
                        (torn if wrong == 1 else changed).append(number)
    if len(changed) < MOST_NAMED:
        unknown += sum(behind not in newer for behind in range(number + 1, size // page + 1))
    return PagesChecked(tuple(changed), unknown, read, tuple(torn))


def renew_sums(archive: Path) -> None:
    """Put down the sums of an archive's pages as they are now. As for `changed_pages`, nobody may have it open.

    What was wrong with a page cannot be told by its sum any more: look through all of the archive. Raises OSError.
    """
    with archive.open("rb", buffering=0) as file:
        head = file.read(_DATABASE_HEAD.size)
        if len(head) < _DATABASE_HEAD.size:
            raise OSError("the archive is empty")
        (page,) = _DATABASE_HEAD.unpack(head)
        page = 65536 if page == 1 else page
        if page < 512:
            raise OSError("the archive is damaged")
        file.seek(0)
        draft = sums_path(archive).with_suffix(".sums-new")
        with draft.open("wb") as sums:
            sums.write(_HEAD.pack(_MAGIC, page, 0))
            while data := file.read(max(1, _READ_BYTES // page) * page):
                sums.write(b"".join(_sum_of(data[at : at + page]) for at in range(0, len(data) - page + 1, page)))
            sums.flush()
            os.fsync(sums.fileno())
    draft.replace(sums_path(archive))


def heal(archive: Path, number: int) -> bytes | None:
    """Put a page right in which one byte is another than was written: the one that makes its sum come out.

    Gives what the page held before, None when no single byte is to blame; it is left as it was then. Tries single bits
    first (a quarter of a second), then all bytes (some seconds). As for `changed_pages`, nobody may have it open.
    Raises OSError.
    """
    size = _size_in(sums_path(archive))
    with sums_path(archive).open("rb") as sums:
        sums.seek(_HEAD.size + (number - 1) * SUM_BYTES)
        wanted = sums.read(SUM_BYTES)
    if not size or len(wanted) < SUM_BYTES:
        return None
    with archive.open("r+b", buffering=0) as file:
        page = os.pread(file.fileno(), size, (number - 1) * size)
        right = _with_one_byte_right(page, wanted) if len(page) == size else None
        if right is None:
            return None
        os.pwrite(file.fileno(), right, (number - 1) * size)
        os.fsync(file.fileno())
    return page


def _with_one_byte_right(page: bytes, wanted: bytes) -> bytes | None:
    bits = tuple(1 << bit for bit in range(8))
    others = tuple(change for change in range(1, 256) if change not in bits)
    for changes in (bits, others):
        head = hashlib.sha256()
        for start in range(0, len(page), _BLOCK):
            rest = bytearray(page[start:])
            for at in range(min(_BLOCK, len(rest))):
                was = rest[at]
                for change in changes:
                    rest[at] = was ^ change
                    digest = head.copy()
                    digest.update(rest)
                    if digest.digest()[:SUM_BYTES] == wanted:
                        return page[:start] + bytes(rest)
                rest[at] = was
            head.update(page[start : start + _BLOCK])
    return None
