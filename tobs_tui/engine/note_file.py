"""Puts a file in place whole: written beside itself, flushed to the disk, renamed; left alone when nothing changes."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

TEMPORARY = ".tobs-tmp"
"""Ending of a note while it is written; one that a killed process left is replaced when its note is written again."""


class NoteFile:
    """A text file written beside `path` and put in its place when the block ends well; UTF-8, LF line ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = path.with_name(f".{path.name}{TEMPORARY}")
        self._hash = hashlib.sha256()
        self.sha256 = ""
        self.changed = False

    def __enter__(self) -> NoteFile:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._beside.open("wb", buffering=1 << 18)
        return self

    def write(self, text: str) -> None:
        """Append text. A lone surrogate, which no source of ours gives, becomes a question mark."""
        data = text.encode("utf-8", "replace")
        self._hash.update(data)
        self._file.write(data)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is not None:
            self._file.close()
            self._beside.unlink(missing_ok=True)
            return
        self._file.flush()
        self.sha256 = self._hash.hexdigest()
        if self._is_there_already():
            self._file.close()
            self._beside.unlink()
            return
        os.fsync(self._file.fileno())
        self._file.close()
        self._beside.replace(self._path)
        self.changed = True

    def _is_there_already(self) -> bool:
        if not self._path.is_file() or self._path.stat().st_size != self._file.tell():
            return False
        with self._path.open("rb") as known:
            return hashlib.file_digest(known, "sha256").hexdigest() == self.sha256


def flush_folder(folder: Path) -> None:
    """Make renames within a folder outlast a power cut, where the system lets a folder be opened."""
    with contextlib.suppress(PermissionError, IsADirectoryError):  # Windows: folders cannot be opened, nor need be
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
