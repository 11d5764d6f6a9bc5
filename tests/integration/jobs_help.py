"""What tests of media jobs share: a vault with downloaded files, a stage that works on them, functions to be worked.

`work` is for a process that is to be killed.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import ChatRecord, FileFilter, FileRow, FileScope, FileTask, PageCommit, message_rows
from tobs_tui.archive.schema import archive_path, internal_folder
from tobs_tui.engine.commit import Writer
from tobs_tui.engine.governor import Governor
from tobs_tui.engine.job_plans import JobPlan, LanePlan
from tobs_tui.engine.job_stage import JobStage
from tobs_tui.engine.state import RunBoard
from tobs_tui.media.store import Store
from tobs_tui.media.work import Done, JobError, Work, report
from tobs_tui.model.errors import TobsError
from tobs_tui.model.jobs import JobKind
from tobs_tui.model.load import Thresholds
from tobs_tui.model.media import Document, DocumentKind, File, FileKind, Photo
from tobs_tui.model.messages import Message
from tobs_tui.model.peers import PeerKind
from tobs_tui.model.profile import MediaKind, Profile

CHAT = -1_000_000_000_777
DATE = 1_700_000_000
FOLDER = "Club (c777)"
_ENCODERS = tempfile.TemporaryDirectory(prefix="tobs-encoders-")
WANTED = FileFilter((FileScope(CHAT),))
_DOCUMENTS = {
    MediaKind.FILE: DocumentKind.FILE,
    MediaKind.VIDEO: DocumentKind.VIDEO,
    MediaKind.AUDIO: DocumentKind.AUDIO,
    MediaKind.VOICE: DocumentKind.VOICE,
}


def put_file(
    vault: Path, archive: Archive, ident: int, content: bytes, kind: MediaKind, mime: str = "", name: str = ""
) -> Path:
    """Put a message with a downloaded file into a vault; gives the file's readable place."""
    archive.put_chat(ChatRecord(CHAT, "Club", FOLDER, PeerKind.SUPERGROUP))
    form = FileKind.PHOTO if kind is MediaKind.PHOTO else FileKind.DOCUMENT
    file = File(form, ident, 1, b"r", 2, len(content), mime=mime, name=name)
    media = Photo(file) if kind is MediaKind.PHOTO else Document(file, _DOCUMENTS[kind])
    message = Message(id=ident, date=DATE + ident, media=media)
    rows, _ = message_rows([message])
    row = FileRow(ident, 0, 0, DATE + ident, kind, file)
    archive.commit([PageCommit(CHAT, ident, ident, 0, rows, (row,))])
    ending = name.rpartition(".")[2] or "jpg"
    place = f"{FOLDER}/media/2023-11/m{ident}.{ending}"
    digest = hashlib.sha256(content).hexdigest()
    store = Store(vault, internal_folder(vault) / "store")
    spare = vault / f"spare{ident}"
    spare.write_bytes(content)
    store.adopt(spare, digest, DATE + ident)
    store.publish(digest, place, DATE + ident)
    archive.file_done(FileTask(CHAT, ident, 0, 0, DATE + ident, kind, file), digest, len(content), place)
    return vault / place


# --- jobs to be worked ------------------------------------------------------------------------------------------------


def count(work: Work, arguments: Any) -> Done:
    """Notes in a file that it was called, and for what."""
    with Path(arguments).open("a") as log:
        log.write(f"{work.sha256}\n")
    return Done(work.sha256.encode())


def count_slowly(work: Work, arguments: Any) -> Done:
    """As `count`, in half a second."""
    for step in range(10):
        report(step / 10, 1.0)
        time.sleep(0.05)
    return count(work, arguments)


def trip(work: Work, arguments: Any) -> Done:
    """Ends its process at contents that begin with `die`, hangs at `hang`, refuses `bad`, trips over `bug`."""
    content = Path(work.path).read_bytes()
    if content.startswith(b"die"):
        os.kill(os.getpid(), signal.SIGKILL)
    if content.startswith(b"hang"):
        time.sleep(600)
    if content.startswith(b"bad"):
        raise JobError("It is bad.")
    if content.startswith(b"bug"):
        raise ZeroDivisionError("oh")
    return count(work, arguments)


def plan_of(function: Callable[..., Done], log: Path, lanes: int = 2, **fields: Any) -> JobPlan:
    """A plan of one of the functions above, for files of every kind."""
    values: dict[str, Any] = {
        "kind": JobKind.PROBE,
        "options": "test",
        "takes": tuple(MediaKind),
        "suits": lambda job: True,
        "lanes": (LanePlan(),) * lanes,
    }
    return JobPlan(function=function, arguments=str(log), **(values | fields))


class Rig:
    """A vault with its writer, and stages that work on it."""

    def __init__(self, vault: Path, writer: Writer, profile: Profile) -> None:
        self.vault, self.writer, self.profile = vault, writer, profile
        self.board = RunBoard("test", profile, str(vault))
        self.fatal: list[TobsError] = []

    async def ask(self, action: Callable[[Archive], Any]) -> Any:
        """What the archive answers."""
        return await self.writer.submit(action)

    def stage(self, *plans: JobPlan, wanted: FileFilter = WANTED, governor: Governor | None = None) -> JobStage:
        """A fresh stage with a fresh board, begun; the profile's own plans where none are given."""
        self.board = RunBoard("test", self.profile, str(self.vault))
        stage = JobStage(
            self.writer,
            self.vault,
            self.profile,
            self.board,
            self.fatal.append,
            governor=governor or Governor(Thresholds(), adapt=False),
            plans=plans or None,
            encoders_file=Path(_ENCODERS.name) / "encoders.json",
        )
        stage.begin(wanted)
        return stage

    async def work(self, *plans: JobPlan) -> RunBoard:
        """Carry jobs out to the end; gives the board."""
        stage = self.stage(*plans)
        try:
            await stage.finish()
        finally:
            await stage.close()
        assert self.fatal == []
        self.board.take_update()
        return self.board


@asynccontextmanager
async def rig_in(vault: Path, profile: Profile | None = None) -> AsyncIterator[Rig]:
    """A rig whose writer is closed at the end."""
    writer = Writer(lambda: Archive.open(archive_path(vault)))
    await writer.start()
    try:
        yield Rig(vault, writer, profile or Profile())
    finally:
        await writer.close()


def lines(log: Path) -> list[str]:
    """What `count` has noted, sorted."""
    return sorted(log.read_text().split()) if log.exists() else []


def digests_of(contents: Iterable[bytes]) -> list[str]:
    """What `count` notes of these contents."""
    return sorted(hashlib.sha256(content).hexdigest() for content in contents)


def work(vault: str, log: str) -> None:
    """Work on a vault in this process until it is killed."""

    async def go() -> None:
        async with rig_in(Path(vault)) as rig:
            stage = rig.stage(plan_of(count_slowly, Path(log)))
            print("working", flush=True)
            await stage.finish()
            await stage.close()

    asyncio.run(go())
