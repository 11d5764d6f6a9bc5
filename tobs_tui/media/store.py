"""The content-addressed store: each content once, under its SHA-256; readable names are hard links, else clones."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import uuid
from pathlib import Path, PurePosixPath

from tobs_tui.config.vault_folder import make_folder
from tobs_tui.media.cloning import clone_or_copy

HASH_CHUNK = 1 << 20
REMEMBERED = 50_000
"""Contents found sound that a store keeps in mind, so that a file in ten chats is not read ten times."""
# A file system without hard links, another file system, or a content with as many names as it can have.
_NO_LINK = frozenset({errno.EPERM, errno.EXDEV, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


def digest_of(path: Path) -> str:
    """The SHA-256 of a file's bytes in lowercase hex, read in bounded memory."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(HASH_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


class Store:
    """The store of one vault. All methods block on the disk; all may be called from several threads at once.

    Modification times are those of the messages: a content that several messages share has the earliest one's,
    whatever order they come in, because hard links have one time together.
    """

    def __init__(self, vault: Path, folder: Path) -> None:
        """`vault` is what readable names are relative to, `folder` the store's own (on the vault's file system)."""
        self._vault = vault
        self._folder = folder
        self._sound: dict[str, tuple[int, int, int]] = {}

    def path_of(self, sha256: str) -> Path:
        """Where a content is or would be."""
        return self._folder / sha256[:2] / sha256

    def holds(self, sha256: str, size: int) -> bool:
        """Whether a content is there in its full length and unchanged; its bytes are read for that, once."""
        path = self.path_of(sha256)
        try:
            status = path.stat()
            if status.st_size != size:
                return False
            if self._sound.get(sha256) == _mark(status):
                return True
            if digest_of(path) != sha256:
                return False
        except FileNotFoundError:
            return False
        self._remember(sha256, status)
        return True

    def _remember(self, sha256: str, status: os.stat_result) -> None:
        """Note that a content was found sound as it is now."""
        if len(self._sound) >= REMEMBERED:
            self._sound.clear()
        self._sound[sha256] = _mark(status)

    def has(self, sha256: str, size: int) -> bool:
        """Whether a content is there in its full length; its bytes are not read."""
        with contextlib.suppress(FileNotFoundError):
            return self.path_of(sha256).stat().st_size == size
        return False

    def adopt(self, source: Path, sha256: str, date: float) -> bool:
        """Move a complete file, whose digest is `sha256`, into the store; equal bytes that are there already stay.
        Gives whether there were some."""
        path = self.path_of(sha256)
        make_folder(path.parent)
        os.utime(source, (date, date))
        try:
            os.link(source, path)  # fails rather than replaces, so that two threads cannot store a content twice
        except FileExistsError:
            if not self.holds(sha256, source.stat().st_size):
                source.replace(path)  # somebody has changed or cut what was there
                return False
            source.unlink()
            return True
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            twin = self.holds(sha256, source.stat().st_size)
            source.replace(path)
            self._remember(sha256, path.stat())
            return twin
        source.unlink()
        self._remember(sha256, path.stat())
        return False

    def borrow(self, source: Path, sha256: str, size: int, date: float) -> bool:
        """Copy a content from another place on this machine, if its bytes there still are what they were.

        A copy, no link: what a person does to one vault must not reach another.
        """
        spare = self._folder / f"{uuid.uuid4().hex}.new"
        try:
            if source.stat().st_size != size:
                return False
            make_folder(self._folder)
            clone_or_copy(source, spare)
            if digest_of(spare) != sha256:
                return False
            self.adopt(spare, sha256, date)
        except FileNotFoundError:
            return False
        finally:
            spare.unlink(missing_ok=True)
        return True

    def publish(self, sha256: str, name: str, date: float) -> None:
        """Give a stored content the readable name `name` (relative to the vault, with slashes); atomic.

        Another file of that name is replaced. Raises ValueError for a name that leads out of the vault.
        """
        source, target = self.path_of(sha256), self._resolve(name)
        make_folder(target.parent)
        status = source.stat()
        if status.st_mtime > date:
            sound = self._sound.get(sha256) == _mark(status)
            os.utime(source, (date, date))
            if sound:
                self._remember(sha256, source.stat())
        if _same(source, target):
            return
        spare = self._folder / f"{uuid.uuid4().hex}.new"
        try:
            try:
                os.link(source, spare)
                spare.replace(target)
            except OSError as error:
                if error.errno not in _NO_LINK:
                    raise
                self._copy(source, target, date)
        finally:
            spare.unlink(missing_ok=True)

    def _copy(self, source: Path, target: Path, date: float) -> None:
        """Give a content its readable name where hard links are not to be had."""
        if target.is_file() and target.stat().st_size == source.stat().st_size and _same_bytes(source, target):
            os.utime(target, (date, date))
            return
        spare = target.with_name(f".{uuid.uuid4().hex}.new")  # beside the target, which may be on another disk
        try:
            clone_or_copy(source, spare)
            os.utime(spare, (date, date))
            spare.replace(target)
        finally:
            spare.unlink(missing_ok=True)

    def named(self, name: str, size: int) -> bool:
        """Whether a file of this readable name and size is there; its bytes are not read."""
        with contextlib.suppress(OSError):  # gone, or a folder in its place: not there
            return self._resolve(name).stat().st_size == size
        return False

    def retire(self, sha256: str, name: str) -> None:
        """Take a readable name away again, if it still is this content's, and the folders that it leaves empty."""
        target = self._resolve(name)
        if _same(self.path_of(sha256), target) or (target.is_file() and digest_of(target) == sha256):
            target.unlink()
            with contextlib.suppress(OSError):  # not empty, or gone already
                for folder in list(target.relative_to(self._vault).parents)[:-1]:
                    (self._vault / folder).rmdir()

    def sweep(self) -> None:
        """Remove names that a kill left unfinished in the store's own folder."""
        if self._folder.is_dir():
            for spare in self._folder.glob("*.new"):
                spare.unlink(missing_ok=True)

    def _resolve(self, name: str) -> Path:
        path = PurePosixPath(name)
        if path.is_absolute() or not path.parts or ".." in path.parts or "\0" in name:
            raise ValueError(f"{name!r} is not a name inside the vault")
        return self._vault / path


def _mark(status: os.stat_result) -> tuple[int, int, int]:
    """What changes when a file is written to or replaced."""
    return status.st_ino, status.st_size, status.st_mtime_ns


def _same(source: Path, target: Path) -> bool:
    """Whether two names are one file already."""
    try:
        return target.samefile(source)
    except FileNotFoundError:
        return False


def _same_bytes(one: Path, other: Path) -> bool:
    return digest_of(one) == digest_of(other)
