"""Repairing a vault: what verifying it has found wrong is marked, so that a run fetches and renders just that.

Nothing is thrown away: whatever stood in a place before is kept in the vault's own folder. What a person has changed is
left alone, unless they say otherwise.
"""

from __future__ import annotations

import contextlib
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.page_sums import heal, renew_sums
from tobs_tui.archive.records import JobTask
from tobs_tui.archive.schema import archive_path, internal_folder, output_error
from tobs_tui.engine.verify_jobs import Fault, Finding, Subject
from tobs_tui.media.store import Store
from tobs_tui.model.intervals import Interval

KEPT_FOLDER = "damaged"
"""Where, in the vault's own folder, files are kept that others take the place of."""
MARKED_AT_ONCE = 200


HEALED_AT_MOST = 32
"""Damaged pages of an archive that are put right byte by byte; each takes up to some seconds."""


class Mended(Struct):
    """What is left to do: chats to export again, by id with their titles, and whether notes are to be rendered. `kept`
    counts files that were put aside."""

    chats: dict[int, str] = {}
    render: bool = False
    kept: int = 0


class Mender:
    """Takes what was found wrong in a vault, one by one, and prepares its repair. Hold the vault's lock meanwhile.

    `overwrite`: what a person has changed is to go as well. All may raise TobsError.
    """

    def __init__(self, vault: Path, archive: Archive, *, overwrite: bool = False) -> None:
        self._vault, self._archive, self._overwrite = vault, archive, overwrite
        self._store = Store(vault, internal_folder(vault) / "store")
        self._kept = kept_folder(vault)
        self._notes: list[str] = []
        self._records = {record.id: record for record in archive.chats()}
        self.mended = Mended({})

    def take(self, finding: Finding) -> None:
        """Prepare the repair of one thing."""
        with self._disk_errors():
            if finding.subject in (Subject.NOTE, Subject.PAGE):
                self._take_file(finding)
            elif finding.subject is Subject.MESSAGES:
                self._take_messages(finding)
            elif finding.subject in (Subject.MEDIUM, Subject.VARIANT):
                if finding.fault is Fault.UNFINISHED:
                    self._ask_for(finding.chat)
                elif finding.named:
                    self._take_name(finding)
                else:
                    self._take_content(finding)

    def finish(self) -> Mended:
        """Nothing more comes: what is left to do."""
        self._mark()
        return self.mended

    # --- notes and pages ----------------------------------------------------------------------------------------------

    def _take_file(self, finding: Finding) -> None:
        if finding.fault is Fault.EDITED and finding.subject is Subject.NOTE and not self._overwrite:
            return
        self.mended.render = True  # which writes index pages anew, as every run does
        if finding.fault in (Fault.DAMAGED, Fault.EDITED):
            self._keep(self._vault / finding.path, finding.path, copy=True)
            if finding.subject is Subject.NOTE:
                self._notes.append(finding.path)
                if len(self._notes) >= MARKED_AT_ONCE:
                    self._mark()
            else:
                (self._vault / finding.path).unlink(missing_ok=True)

    def _mark(self) -> None:
        notes, self._notes = self._notes, []
        if notes:
            self._archive.forget_notes(notes)

    # --- messages -----------------------------------------------------------------------------------------------------

    def _take_messages(self, finding: Finding) -> None:
        if finding.hi >= finding.lo > 0:
            drop = finding.fault is Fault.DAMAGED
            self._archive.forget_messages(finding.chat, Interval(finding.lo, finding.hi), drop=drop)
        self._ask_for(finding.chat)

    def _ask_for(self, chat: int) -> None:
        """Have a chat exported again: itself, or the supergroup that it became."""
        record = self._records.get(chat)
        if record is not None:
            self.mended.chats[record.migrated_to or record.id] = record.title
            self.mended.render = True

    # --- media --------------------------------------------------------------------------------------------------------

    def _take_name(self, finding: Finding) -> None:
        """A readable name that is gone, or another file: put the content there again, if it is sound."""
        if finding.fault is Fault.EDITED and not self._overwrite:
            return
        content = self._store.path_of(finding.sha256)
        if not content.is_file():  # to be downloaded first
            return
        if finding.fault is not Fault.MISSING:
            self._keep(self._vault / finding.path, finding.path)
        self._store.publish(finding.sha256, finding.path, content.stat().st_mtime)

    def _take_content(self, finding: Finding) -> None:
        """A content whose bytes are lost: taken from a name that still has them, else to be downloaded or made anew."""
        content = self._store.path_of(finding.sha256)
        if finding.fault is Fault.DAMAGED:
            if not content.is_file():  # several files have it, and one of them was told of before
                return
            self._keep(content, f"store/{finding.sha256}")
        if finding.subject is Subject.VARIANT:
            self._archive.forget_variant(finding.sha256)
            self._ask_for(finding.chat)
            return
        files = self._archive.files_of_content(finding.sha256)
        if self._found_elsewhere(files, finding.sha256):
            return
        if all(file.task.file.id < 0 for file in files):  # an import has brought it: Telegram cannot be asked for it
            return
        self._archive.forget_content(finding.sha256)
        for file in files:
            self._ask_for(file.task.chat)

    def _found_elsewhere(self, files: list[JobTask], sha256: str) -> bool:
        """Whether one of a content's readable names still holds its bytes; all names are brought in order then."""
        for file in files:
            with contextlib.suppress(OSError):
                if self._store.borrow(self._vault / file.path, sha256, file.size, file.task.date):
                    for other in files:
                        if (self._vault / other.path).is_file() and not self._same(other):
                            self._keep(self._vault / other.path, other.path)
                        self._store.publish(sha256, other.path, other.task.date)
                    return True
        return False

    def _same(self, file: JobTask) -> bool:
        """Whether a readable name holds what it should."""
        with contextlib.suppress(OSError):
            return self._store.path_of(file.sha256).read_bytes() == (self._vault / file.path).read_bytes()
        return False

    # --- the disk -----------------------------------------------------------------------------------------------------

    def _keep(self, source: Path, name: str, *, copy: bool = False) -> None:
        """Put a file aside under a name below this repair's own folder; or only a copy of it.

        What is no file is never copied: a folder would not be, and a pipe or device might never end.
        """
        target = self._kept / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if copy and stat.S_ISREG(source.stat(follow_symlinks=False).st_mode):
            shutil.copy2(source, target, follow_symlinks=False)
        else:
            source.replace(target)
        self.mended.kept += 1

    @contextlib.contextmanager
    def _disk_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise output_error(error, self._vault) from error


def kept_folder(vault: Path) -> Path:
    """Where a repair that begins now keeps what it takes the place of."""
    return internal_folder(vault) / KEPT_FOLDER / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())


def renew_archive_sums(vault: Path) -> None:
    """Put down the sums of the archive's pages as they are, where none or damaged ones are. Hold the vault's lock; this
    process may not have the archive open. Raises TobsError."""
    try:
        renew_sums(archive_path(vault))
    except OSError as error:
        raise output_error(error, vault) from error


def heal_archive(vault: Path, pages: tuple[int, ...]) -> int:
    """Put damaged pages of the archive right, as far as one byte of each is all that is wrong; gives how many are.

    One with more damage is left to its backup: the search of a page takes seconds, so none follows one in vain. Hold
    the vault's lock; this process may not have the archive open. What the pages held is kept. Raises TobsError.
    """
    healed = 0
    folder = kept_folder(vault)
    try:
        for number in pages if len(pages) <= HEALED_AT_MOST else ():
            before = heal(archive_path(vault), number)
            if before is None:
                break
            healed += 1
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"archive-page-{number}").write_bytes(before)
    except OSError as error:
        raise output_error(error, vault) from error
    return healed
