"""Files of notes: written beside their place and renamed into it, or made longer; what a person changed is kept.

All of it happens in worker processes, where plain files are right: an event loop waits for none of it.
"""

from __future__ import annotations

import contextlib
import filecmp
import hashlib
import os
import shutil
import stat
from pathlib import Path
from types import TracebackType
from typing import Self

from tobs_tui.archive.notes import NoteRecord, Stretch
from tobs_tui.archive.schema import internal_folder, path_from
from tobs_tui.config.vault_folder import make_folder

TEMPORARY = ".tobs-tmp"
"""Ending of a note while it is written; one that a killed process left is replaced when its note is written again."""

BUFFER_BYTES = 512 * 1024
"""What is gathered before it goes to the file in one write. Fewer bytes make more system calls, more cost memory."""

SMALL_STRETCHES = 32
"""Short stretches that the record of a growing note may end in before they are taken together."""


def beside(path: Path, part: int = 0) -> Path:
    """Where a note, or one part of it, is written before it is whole."""
    return path.with_name(f".{path.name}{f'.{part}' if part else ''}{TEMPORARY}")


class TextFile:
    """A file that text is written to, from the byte `start` on; UTF-8, LF line ends. What was behind `start` goes.

    Call `end` when all is written: only then is the file sure to hold it.
    """

    def __init__(self, path: Path, start: int = 0, *, sync: bool = True, buffer: int = BUFFER_BYTES) -> None:
        self._path, self._start, self._sync, self._buffer = path, start, sync, buffer
        self._gathered: list[str] = []
        self._length = 0
        self._size = 0
        self._hash = hashlib.sha256()

    def __enter__(self) -> Self:
        if self._start:
            self._file = self._path.open("r+b", buffering=0)
            self._file.truncate(self._start)
            self._file.seek(self._start)
        else:
            make_folder(self._path.parent)
            self._path.unlink(missing_ok=True)  # were it a link, what it leads to would be written
            self._file = self._path.open("wb", buffering=0)
        return self

    def write(self, text: str) -> None:
        """Append text. A lone surrogate, which no source of ours gives, becomes a question mark."""
        self._gathered.append(text)
        self._length += len(text)
        if self._length >= self._buffer:
            self._pour()

    def _pour(self) -> None:
        data = "".join(self._gathered).encode("utf-8", "replace")
        self._gathered, self._length = [], 0
        self._hash.update(data)
        self._size += len(data)
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]

    def end(self) -> Stretch:
        """Nothing more comes: what was written."""
        self._pour()
        return Stretch(self._size, self._hash.digest())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            if kind is None and self._sync:
                os.fsync(self._file.fileno())


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file that is there."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def put_in_place(draft: Path, path: Path) -> bool:
    """Rename a draft, which is on the disk, to its note; when that has the same bytes, the draft goes instead.

    Gives whether the note changed.
    """
    if path.is_file() and filecmp.cmp(draft, path, shallow=False):
        draft.unlink()
        return False
    draft.replace(path)
    return True


def append_files(path: Path, start: int, parts: list[Path]) -> None:
    """Cut a file off at `start` bytes, append others to it, and see that it is on the disk."""
    with path.open("r+b") as file:
        file.truncate(start)
        file.seek(start)
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, file, BUFFER_BYTES)
        file.flush()
        os.fsync(file.fileno())


def leads_nowhere(path: Path) -> bool:
    """Whether something is a symbolic link to what is not there."""
    return path.is_symlink() and not path.exists()


def _sha256_of_link(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.readlink())).hexdigest()


def is_endless(facts: os.stat_result) -> bool:
    """Whether something is neither file nor folder: reading a pipe or a device may never end."""
    return not (stat.S_ISREG(facts.st_mode) or stat.S_ISDIR(facts.st_mode))


def changed_by_hand(path: Path, record: NoteRecord | None) -> str:
    """The SHA-256 of a file that is not as its record says, '' for one that is, or is not there.

    A file of the same size and time of change is taken to be as it was; any other is read. Without a record, any file
    is another's. A pipe, device or socket in its place holds nothing that anybody wrote; of a link that leads nowhere,
    where it leads was written.
    """
    if leads_nowhere(path):
        return _sha256_of_link(path)
    try:
        facts = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    if is_endless(facts):
        return ""
    if record is not None and (facts.st_size, facts.st_mtime_ns) == (record.size, record.mtime_ns):
        return ""
    if record is not None and facts.st_size == record.size and _holds(path, record):
        return ""
    return sha256_of(path)


def _holds(path: Path, record: NoteRecord) -> bool:
    """Whether a file begins with the bytes of a record."""
    with path.open("rb") as file:
        for stretch in record.stretches:
            digest, left = hashlib.sha256(), stretch.size
            while left and (data := file.read(min(left, BUFFER_BYTES))):
                digest.update(data)
                left -= len(data)
            if left or digest.digest() != stretch.sha256:
                return False
    return True


def with_few_stretches(path: Path, stretches: list[Stretch]) -> list[Stretch]:
    """The stretches of a file, the last ones as one when a note that grew often has too many small ones."""
    small = 0
    while small < len(stretches) and stretches[-1 - small].size < BUFFER_BYTES // 8:
        small += 1
    if small <= SMALL_STRETCHES:
        return stretches
    kept, joined = stretches[:-small], stretches[-small:]
    size = sum(stretch.size for stretch in joined)
    with path.open("rb") as file:
        file.seek(sum(stretch.size for stretch in kept))
        return [*kept, Stretch(size, hashlib.sha256(file.read(size)).digest())]


def keep_aside(vault: Path, path: str, sha256: str) -> str:
    """Copy the file at `path`, if its bytes are those, to where a person finds what they had made of it.

    Gives the copy's path relative to the vault; '' when the file has other bytes by now, and none was made before.
    """
    source, note = vault / path, Path(path)
    kept = internal_folder(vault) / "edited" / note.with_name(f"{note.stem}.{sha256[:8]}{note.suffix}")
    if leads_nowhere(source) and _sha256_of_link(source) == sha256:
        make_folder(kept.parent)
        if not kept.is_symlink():
            kept.symlink_to(source.readlink())
        return path_from(vault, kept)
    if not source.exists() or sha256_of(source) != sha256:
        there = kept.is_symlink() or (kept.is_file() and sha256_of(kept) == sha256)
        return path_from(vault, kept) if there else ""
    make_folder(kept.parent)
    shutil.copyfile(source, kept)
    return path_from(vault, kept)


def remove_empty_folders(vault: Path, path: str) -> None:
    """Remove the folders above a path within the vault, from the innermost on, as long as they are empty."""
    with contextlib.suppress(OSError):  # the first that is not empty, or that another process removes just now
        for folder in Path(path).parents[:-1]:
            (vault / folder).rmdir()


def flush_folder(folder: Path) -> None:
    """Make renames within a folder outlast a power cut, where the system lets a folder be opened."""
    with contextlib.suppress(PermissionError, IsADirectoryError):  # Windows: folders cannot be opened, nor need be
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
