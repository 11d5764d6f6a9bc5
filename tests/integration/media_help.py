"""What tests of the media queue share: an archive full of files, a Telegram that serves them as scripted, a watcher.

Run as a program (``python media_help.py VAULT COUNT``) it downloads until it is killed.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import FileFilter, FileRow, FileScope, FileTask, FileTotals, PageCommit, Row
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine.commit import Writer
from tobs_tui.engine.media import MediaQueue
from tobs_tui.engine.workers import WorkerStats
from tobs_tui.model.media import File, FileKind
from tobs_tui.model.messages import Message, encode_message
from tobs_tui.model.profile import MediaKind
from tobs_tui.model.run import Failure, WorkerRole
from tobs_tui.telegram.refusals import FileReferenceExpired, FileUnavailable

CHAT = -1_000_000_000_555
WANTED = FileFilter((FileScope(CHAT),))
DATE = 1_700_000_000


def bytes_of(ident: int) -> bytes:
    """The content of a file: up to two and a half parts of half a MiB; every tenth equals the one before it."""
    seed = ident - 1 if ident % 10 == 0 else ident
    rng = random.Random(seed)
    return rng.randbytes(rng.choice((1, 4000, 512 * 1024, 512 * 1024 + 1, 1_300_000)))


def file_of(ident: int, **fields: Any) -> File:
    """The file of a message as the archive first knows it."""
    made = File(FileKind.DOCUMENT, ident, 1, b"old", 2, len(bytes_of(ident)))
    return replace(made, **fields)


def rows_of(idents: Iterable[int], **fields: Any) -> PageCommit:
    """A page of messages of which each has the file of its own number."""
    ids = list(idents)
    rows = tuple(Row(ident, DATE + ident, 0, 0, encode_message(Message(ident, DATE + ident))) for ident in ids)
    files = tuple(FileRow(ident, 0, 0, DATE + ident, MediaKind.FILE, file_of(ident, **fields)) for ident in ids)
    return PageCommit(CHAT, min(ids), max(ids), 0, rows, files)


class ScriptedTelegram:
    """Serves the files of `bytes_of`, except where the script says otherwise, and remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []
        self.refreshed: list[int] = []
        self.expired: set[bytes] = set()
        self.gone: set[int] = set()
        self.cut: dict[int, int] = {}  # file id -> how many answers come out short
        self.errors: dict[int, Exception] = {}
        self.moved: dict[int, int] = {}  # file id -> the file that its message shows by now
        self.delay = 0.0
        self.at_once = self.most_at_once = 0
        self.reached = asyncio.Event()
        self.reach_at = 1 << 30

    async def file_part(self, file: File, offset: int, limit: int) -> bytes:
        self.asked.append((file.id, offset))
        if len(self.asked) >= self.reach_at:
            self.reached.set()
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.delay)
        self.at_once -= 1
        if file.id in self.errors:
            raise self.errors[file.id]
        if file.id in self.gone:
            raise FileUnavailable("Telegram answers FILE_ID_INVALID for it.")
        if file.reference in self.expired:
            raise FileReferenceExpired("FILE_REFERENCE_EXPIRED")
        data = bytes_of(file.id)[offset : offset + limit]
        if self.cut.get(file.id, 0) > 0:
            self.cut[file.id] -= 1
            return data[:-1]
        return data

    async def refresh_file(self, chat: int, message_id: int, file: File) -> File:
        self.refreshed.append(file.id)
        return replace(file, id=self.moved.get(file.id, file.id), reference=b"new%d" % len(self.refreshed))

    async def file_hashes(self, file: File, offset: int) -> list[Any]:
        return []


class Watcher:
    """Notes what the queue tells."""

    def __init__(self) -> None:
        self.totals: Sequence[FileTotals] = ()
        self.bytes = 0
        self.done: list[tuple[int, bool]] = []
        self.failed: list[Failure] = []

    def media_totals(self, totals: Sequence[FileTotals]) -> None:
        self.totals = totals

    def media_bytes(self, count: int) -> None:
        self.bytes += count

    def file_done(self, task: FileTask, size: int, reused: bool) -> None:
        self.done.append((task.message_id, reused))

    def file_failed(self, task: FileTask, failure: Failure) -> None:
        self.failed.append(failure)


def path_of(archive: Archive, task: FileTask) -> str:
    """A readable path, as a layout would give it."""
    return f"Chat (c555)/media/2023-11/m{task.message_id}.bin"


class Rig:
    """A vault with its writer, a Telegram, and queues made of them."""

    def __init__(self, vault: Path, writer: Writer, telegram: Any) -> None:
        self.vault, self.writer, self.telegram = vault, writer, telegram
        self.watcher = Watcher()
        self.workers: list[WorkerStats] = []

    def queue(
        self, *, workers: int = 3, more: bool = False, wanted: FileFilter = WANTED, path: Any = path_of
    ) -> MediaQueue:
        """A fresh queue with a fresh watcher; with `more`, it is told that pages are still to come."""
        self.watcher = Watcher()
        self.workers = [WorkerStats(f"m{number}", WorkerRole.MEDIA) for number in range(workers)]
        queue = MediaQueue(
            self.telegram, self.writer.submit, self.vault, wanted, path, self.workers, self.watcher, parts_in_flight=2
        )
        if not more:
            queue.no_more()
        return queue

    def place(self, ident: int) -> Path:
        """Where a message's file belongs."""
        return self.vault / f"Chat (c555)/media/2023-11/m{ident}.bin"

    def wrong(self, idents: Iterable[int]) -> list[int]:
        """The messages whose files are not in their place, byte for byte and with the message's date."""
        return [ident for ident in idents if not self.place(ident).is_file() or not self._right(ident)]

    def _right(self, ident: int) -> bool:
        twin = ident - 1 if ident % 10 == 0 else ident  # equal bytes bear the earlier message's date
        place = self.place(ident)
        return place.read_bytes() == bytes_of(ident) and int(place.stat().st_mtime) in (DATE + ident, DATE + twin)


@asynccontextmanager
async def rig_in(vault: Path, telegram: Any = None) -> AsyncIterator[Rig]:
    """A rig whose writer is closed at the end."""
    writer = Writer(lambda: Archive.open(archive_path(vault)))
    await writer.start()
    try:
        yield Rig(vault, writer, telegram or ScriptedTelegram())
    finally:
        await writer.close()


def digests(vault: Path) -> dict[str, str]:
    """Every readable file's digest by name."""
    return {
        path.relative_to(vault).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(vault.rglob("*"))
        if path.is_file() and ".tobs" not in path.parts
    }


async def _download(vault: Path, count: int) -> None:
    async with rig_in(vault) as rig:
        rig.telegram.delay = 0.002
        await rig.writer.submit(lambda archive: archive.commit([rows_of(range(1, count + 1))]))
        queue = rig.queue()
        told = asyncio.create_task(_tell_parts(rig.telegram))
        await queue.run()
        told.cancel()


async def _tell_parts(telegram: ScriptedTelegram) -> None:
    while True:
        print(len(telegram.asked), flush=True)
        await asyncio.sleep(0.001)


if __name__ == "__main__":
    asyncio.run(_download(Path(sys.argv[1]), int(sys.argv[2])))
