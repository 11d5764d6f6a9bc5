"""Where the bytes of files end up: the vault's store, and the readable names of what is in it."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.commits import file_identity
from tobs_tui.archive.records import FileFilter, FileState, FileTask, StoredFile
from tobs_tui.archive.schema import internal_folder, output_error
from tobs_tui.cache.spaces import KnownFile, Space
from tobs_tui.engine.media_backlog import BATCH, Key, Submit
from tobs_tui.engine.media_names import PathOf
from tobs_tui.engine.note_file import keep_aside
from tobs_tui.media.download import Downloaded, to_the_end
from tobs_tui.media.parts import PartFile
from tobs_tui.media.store import Store, digest_of
from tobs_tui.model.errors import ErrorCode, TobsError

# Trouble of the disk that one name has, not the disk.
_OF_ONE_NAME = frozenset({errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.EINVAL, errno.EILSEQ})


def parts_name(task: FileTask) -> str:
    """What the parts of a file are called: made of Telegram's numbers only."""
    thumb = "".join(character for character in task.file.thumb if character.isascii() and character.isalnum())
    return f"{task.file.kind.value}-{task.file.id}{f'-{thumb}' if thumb else ''}"


class Shelf:
    """Stores what was downloaded, finds what is there already, and says so in the archive."""

    def __init__(self, vault: Path, ask: Submit, path_of: PathOf, known: Space[str, KnownFile] | None) -> None:
        """`known` are files that this machine had before, in whatever vault."""
        self._vault = vault
        self._ask = ask
        self._path_of = path_of
        self._known = known
        self._store = Store(vault, internal_folder(vault) / "store")
        self._parts = internal_folder(vault) / "parts"

    def stem(self, task: FileTask) -> Path:
        """Where a file's parts are kept meanwhile."""
        return self._parts / parts_name(task)

    # --- before the first download ------------------------------------------------------------------------------------

    async def tidy(self, wanted: FileFilter, fatal: Callable[[TobsError], bool]) -> None:
        """See that what was downloaded is still in its place. Raises the errors that are `fatal`."""
        with self.disk_errors():
            await to_the_end(self._store.sweep)
        after: Key | None = None
        while batch := await self._ask(partial(self._done_batch, wanted=wanted, after=after)):
            after = batch[-1][0].key
            for task, state, name in batch:
                try:
                    with self.disk_errors():
                        await self._restore(task, state, name)
                except TobsError as error:
                    if fatal(error):
                        raise
                    await self._ask(partial(Archive.file_lost, task=task))  # a worker will say what is wrong with it

    def _done_batch(
        self, archive: Archive, wanted: FileFilter, after: Key | None
    ) -> list[tuple[FileTask, FileState, str]]:
        done = archive.done_files(wanted, BATCH, after)
        return [(task, state, self._path_of(archive, task)) for task, state in done]

    async def _restore(self, task: FileTask, state: FileState, name: str) -> None:
        """Put a downloaded file back in its place, or have it downloaded again when its content is gone."""
        if name == state.path and await to_the_end(self._store.named, name, state.size):
            return
        if not await to_the_end(self._store.holds, state.sha256, state.size):
            await self._ask(lambda archive: archive.file_lost(task))
            return
        await to_the_end(self._put_back, state.sha256, name, task.date)
        if name != state.path:
            await to_the_end(self._store.retire, state.sha256, state.path)
            await self._ask(lambda archive: archive.file_done(task, state.sha256, state.size, name))

    def _put_back(self, sha256: str, name: str, date: int) -> None:
        """Give a content its readable name again. A file of a person's that stands there is kept where notes are."""
        there = self._vault / name
        if there.is_file() and not there.samefile(self._store.path_of(sha256)):
            digest = digest_of(there)
            if digest != sha256:
                keep_aside(self._vault, name, digest)
        self._store.publish(sha256, name, date)

    # --- one file -----------------------------------------------------------------------------------------------------

    async def find(self, task: FileTask) -> tuple[StoredFile | None, str]:
        """The content of a file that is in the store already, or was brought there from another vault; and the readable
        path that the file belongs at."""
        known, name = await self._ask(lambda archive: (archive.known_file(task.file), self._path_of(archive, task)))
        with self.disk_errors():
            if known is not None and await to_the_end(self._store.holds, known.sha256, known.size):
                return known, name
            return await self._from_elsewhere(task), name

    async def _from_elsewhere(self, task: FileTask) -> StoredFile | None:
        """The content of a file that went into another vault on this machine; None when there is none any more."""
        identity = file_identity(task.file)
        known = self._known.get(identity) if self._known is not None else None
        if known is None or self._known is None:
            return None
        if await to_the_end(self._store.borrow, Path(known.path), known.sha256, known.size, task.date):
            return StoredFile(known.sha256, known.size)
        self._known.forget(identity)
        return None

    async def keep(self, task: FileTask, result: Downloaded, name: str) -> bool:
        """Move a complete download into the store, give it its readable name and say so; whether equal bytes were
        there already."""

        def shelve() -> bool:
            twin = self._store.adopt(result.path, result.sha256, task.date)
            PartFile.discard(self.stem(task))
            self._store.publish(result.sha256, name, task.date)
            return twin

        with self.disk_errors():
            twin = await to_the_end(shelve)
        if self._known is not None:
            place = str(self._store.path_of(result.sha256).absolute())
            self._known.put(file_identity(task.file), KnownFile(result.size, result.sha256, place))
        await self._ask(lambda archive: archive.file_done(task, result.sha256, result.size, name))
        return twin

    async def publish(self, task: FileTask, content: StoredFile, name: str) -> None:
        """Give a stored content its readable name, then say so in the archive."""
        with self.disk_errors():
            await to_the_end(self._store.publish, content.sha256, name, task.date)
        await self._ask(lambda archive: archive.file_done(task, content.sha256, content.size, name))

    async def discard(self, task: FileTask) -> None:
        """Forget the parts of a file whose bytes come out wrong."""
        await to_the_end(PartFile.discard, self.stem(task))

    @contextlib.contextmanager
    def disk_errors(self) -> Iterator[None]:
        """Turn the disk's errors into those that a person is told, but for those that only one name has."""
        try:
            yield
        except OSError as error:
            if error.errno in _OF_ONE_NAME:
                raise TobsError(ErrorCode.UNEXPECTED, f"The file cannot be stored: {error.strerror}.") from error
            raise output_error(error, self._vault) from error
