"""What a vault is checked by, piece by piece, in threads: files against the archive's register, and itself.

Each job gives what it found wrong and how much it read. Nothing is written.
"""

from __future__ import annotations

import enum
import hashlib
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.checking import NamedContent
from tobs_tui.archive.notes import Stretch
from tobs_tui.archive.page_sums import PagesChecked, changed_pages, sums_path
from tobs_tui.archive.schema import archive_path, internal_folder, path_from
from tobs_tui.engine.link_scan import BLOCK, LinkScan, blocks_of
from tobs_tui.media.store import Store
from tobs_tui.model.errors import TobsError
from tobs_tui.model.intervals import Interval
from tobs_tui.render.index import is_as_written

CONTENT_READ = 4 << 20
"""Bytes of a medium read at once."""
LINKS_TOLD = 20
"""Dead links of one file that are told one by one."""
_WITH_LINKS = (".md", ".html")
_INTEGRITY_CACHE_KIB = 16_384


class Subject(enum.StrEnum):
    """What a finding is about."""

    ARCHIVE = "archive"
    SUMS = "sums"
    MESSAGES = "messages"
    NOTE = "note"
    PAGE = "page"
    MEDIUM = "medium"
    VARIANT = "variant"
    LINK = "link"


class Fault(enum.StrEnum):
    """What is wrong with it. DAMAGED: other bytes than were written, and no sign that somebody meant that; EDITED:
    somebody wrote to it since; MISSING: not there; UNFINISHED: a run ended before it was written; DEAD: a link."""

    DAMAGED = "damaged"
    EDITED = "edited"
    MISSING = "missing"
    UNFINISHED = "unfinished"
    DEAD = "dead"


class Finding(Struct, frozen=True):
    """One thing that is wrong: `path` is relative to the vault, `lo` and `hi` are message ids (0 = none), `line` counts
    from 1. `reason` is what a person reads. `sha256` (hex) is the content that a medium or variant should be;
    `named`: a readable name of it is meant, not what is in the store. `pages` are the archive's damaged ones."""

    subject: Subject
    fault: Fault
    reason: str
    path: str = ""
    chat: int = 0
    lo: int = 0
    hi: int = 0
    line: int = 0
    sha256: str = ""
    named: bool = False
    pages: tuple[int, ...] = ()


class Checked(Struct, frozen=True):
    """What came of a job: what is wrong, and the bytes, files and links that were looked at."""

    findings: tuple[Finding, ...] = ()
    bytes: int = 0
    files: int = 0
    links: int = 0


class ArchiveChecked(Struct, frozen=True):
    """What came of the archive's pages; `vouched`: each of them is as it was written."""

    checked: Checked
    vouched: bool


class RegisteredFile(Struct, frozen=True):
    """A file as the register has it: `stretches` are its bytes in order. `open`: a run was writing it when it ended."""

    path: str
    subject: Subject
    stretches: tuple[Stretch, ...]
    mtime_ns: int
    open: bool = False
    chat: int = 0
    topic: int = 0

    @property
    def size(self) -> int:
        """Bytes that it should have."""
        return sum(stretch.size for stretch in self.stretches)


class _Kept(threading.local):
    """What a thread keeps between jobs, of the vault that it last had to do with."""

    vault: Path | None = None
    scan: LinkScan | None = None


_kept = _Kept()


def _scan_of(vault: Path) -> LinkScan:
    if _kept.vault != vault or _kept.scan is None:
        _kept.vault, _kept.scan = vault, LinkScan(vault)
    return _kept.scan


# --- the archive ------------------------------------------------------------------------------------------------------


def check_pages(vault: str) -> ArchiveChecked:
    """Hold every page of the archive against its sum."""
    path = archive_path(Path(vault))
    name = path_from(Path(vault), path)
    try:
        pages = changed_pages(path)
    except OSError as error:
        reason = f"it cannot be read: {error.strerror}"
        return ArchiveChecked(Checked((Finding(Subject.ARCHIVE, Fault.DAMAGED, reason, name),)), False)
    changed = pages.changed
    if not changed:
        findings = tuple(_sums_findings(pages, path_from(Path(vault), sums_path(path))))
        return ArchiveChecked(Checked(findings, pages.bytes, 1), not findings)
    some = "a page of it holds" if len(changed) == 1 else f"{len(changed)} pages of it hold"
    reason = f"{some} other bytes than were written (from page {changed[0]} on)"
    finding = Finding(Subject.ARCHIVE, Fault.DAMAGED, reason, name, pages=changed)
    return ArchiveChecked(Checked((finding,), pages.bytes, 1), False)


def _sums_findings(pages: PagesChecked, name: str) -> Iterator[Finding]:
    """What is wrong with the sums of an archive whose pages are as they say, where they say something."""
    if pages.unknown:
        which = "some pages of the archive" if pages.bytes else "the archive's pages"
        reason = f"the sums of {which} are not there: a byte that changed by itself cannot be told"
        yield Finding(Subject.SUMS, Fault.MISSING, reason, name)
    if pages.torn:
        reason = "it holds other bytes than were written, and the archive's pages those that were"
        yield Finding(Subject.SUMS, Fault.DAMAGED, reason, name)


class StructureCheck:
    """SQLite's own check of the archive, which takes some time; another thread may `stop` it."""

    def __init__(self, vault: str, sealed: bool) -> None:
        self._path, self._sealed = archive_path(Path(vault)), sealed
        self._name = path_from(Path(vault), self._path)
        self._archive: Archive | None = None
        self._stopped = False

    def run(self) -> Checked:
        """Check it."""
        try:
            with Archive.open(
                self._path, read_only=True, cache_kib=_INTEGRITY_CACHE_KIB, sealed=self._sealed
            ) as archive:
                self._archive = archive
                faults = [] if self._stopped else archive.structure_faults()
        except TobsError as error:
            faults = [error.sentence.rstrip(".")]
        finally:
            self._archive = None
        return Checked(tuple(Finding(Subject.ARCHIVE, Fault.DAMAGED, fault, self._name) for fault in faults))

    def stop(self) -> None:
        """Give it up, if it is at it."""
        self._stopped = True
        if (archive := self._archive) is not None:
            archive.interrupt()


class RowsJob(Struct, frozen=True):
    """Messages of a chat to read one by one."""

    vault: str
    chat: int
    ids: Interval
    sealed: bool


class RowsRead(Struct, frozen=True):
    """How many messages each (topic, day) has, and what is wrong with some."""

    checked: Checked
    counts: dict[tuple[int, int], int]


def check_rows(job: RowsJob) -> RowsRead:
    """Read messages from the archive. Raises TobsError."""
    with Archive.open(archive_path(Path(job.vault)), read_only=True, cache_kib=2_048, sealed=job.sealed) as archive:
        rows = archive.check_rows(job.chat, job.ids)
    reason = "the archive's record of it cannot be read"
    findings = (Finding(Subject.MESSAGES, Fault.DAMAGED, reason, "", job.chat, ident, ident) for ident in rows.bad)
    return RowsRead(Checked(tuple(findings)), rows.counts)


# --- notes and pages --------------------------------------------------------------------------------------------------


class FilesJob(Struct, frozen=True):
    """Files to hold against the register, with their links."""

    vault: str
    files: tuple[RegisteredFile, ...]


def check_files(job: FilesJob) -> Checked:
    """Read notes and pages. Raises OSError for what concerns more than one of them."""
    scan = _scan_of(Path(job.vault))
    findings: list[Finding] = []
    size, before = 0, scan.links
    for file in job.files:
        found, read = _check_file(Path(job.vault), file, scan)
        findings += found
        size += read
    return Checked(tuple(findings), size, len(job.files), scan.links - before)


def _check_file(vault: Path, file: RegisteredFile, scan: LinkScan) -> tuple[list[Finding], int]:
    """What is wrong with one file and its links, and how many bytes it has."""
    path = vault / file.path

    def finding(fault: Fault, reason: str) -> Finding:
        return Finding(file.subject, fault, reason, file.path)

    try:
        facts = path.lstat()
        if stat.S_ISLNK(facts.st_mode) and not path.is_file():
            return [finding(Fault.EDITED, "a link to something else is in its place")], 0
        if not path.is_file():
            return [finding(Fault.EDITED, "something that is no file is in its place")], 0
        written = _Written(file)
        links = file.path.endswith(_WITH_LINKS)
        suspects: list[str] = []
        read = 0
        for block in blocks_of(path):
            read += len(block)
            written.take(block)
            if links:
                suspects += scan.read(file.path, block)
        dead = _dead_links(file.path, suspects, scan) if suspects else []
    except (FileNotFoundError, NotADirectoryError):
        return [finding(Fault.MISSING, "it is not there")], 0
    except OSError as error:
        return [finding(Fault.DAMAGED, f"it cannot be read: {error.strerror}")], 0
    if file.open and not written.whole:
        return [finding(Fault.UNFINISHED, "a run ended while it was being written"), *dead], read
    if written.whole:
        return dead, read
    return [_judged(file, facts, written, path), *dead], read


def is_as_registered(path: Path, file: RegisteredFile) -> bool:
    """Whether a file has the bytes that the register has of it. Raises OSError."""
    written = _Written(file)
    for block in blocks_of(path):
        written.take(block)
    return written.whole


class _Written:
    """Holds what is read of a file, block by block, against the register."""

    def __init__(self, file: RegisteredFile) -> None:
        self._left = list(reversed(file.stretches))
        self._digest, self._missing = hashlib.sha256(), 0
        self._good = True
        self._behind = 0  # bytes past the last stretch
        self._next()

    def _next(self) -> None:
        self._digest = hashlib.sha256()
        self._missing = self._left[-1].size if self._left else 0

    def take(self, block: bytes) -> None:
        """The next bytes of the file."""
        with memoryview(block) as view:
            at = 0
            while at < len(view):
                if not self._left:
                    self._behind += len(view) - at
                    return
                part = min(self._missing, len(view) - at)
                self._digest.update(view[at : at + part])
                at += part
                self._missing -= part
                if not self._missing:
                    self._good = self._good and self._digest.digest() == self._left.pop().sha256
                    self._next()

    @property
    def whole(self) -> bool:
        """Whether all of the file is as it was written, and nothing follows."""
        return self._good and not self._left and not self._behind


def _judged(file: RegisteredFile, facts: os.stat_result, written: _Written, path: Path) -> Finding:
    """A file with other bytes than were written to it: damaged, or changed by somebody."""
    fault, reason = Fault.EDITED, "it was changed after it was written, by hand as it seems"
    if facts.st_size == file.size and facts.st_mtime_ns == file.mtime_ns:
        fault, reason = Fault.DAMAGED, "it holds other bytes than were written, and nobody has written to it since"
    elif facts.st_size == 0:
        fault, reason = Fault.DAMAGED, "it is empty"
    elif not _is_text(path):
        fault, reason = Fault.DAMAGED, "it holds bytes that no text has"
    elif path.name == "index.md" and is_as_written(path.read_text("utf-8", "replace")):
        fault, reason = Fault.UNFINISHED, "it is of an earlier run than the archive says"
    return Finding(file.subject, fault, reason, file.path)


def _is_text(path: Path) -> bool:
    """Whether a file is text in UTF-8 without control characters, as editors leave it."""
    try:
        with path.open(encoding="utf-8", errors="strict", newline="") as file:
            while text := file.read(BLOCK):
                if any(mark in text for mark in _CONTROLS):
                    return False
    except UnicodeDecodeError:
        return False
    return True


_CONTROLS = tuple(chr(code) for code in (*range(32), 127) if chr(code) not in "\t\n\r\f")


def _dead_links(path: str, suspects: list[str], scan: LinkScan) -> list[Finding]:
    findings: list[Finding] = []
    for link in scan.sure(path, suspects):
        if len(findings) == LINKS_TOLD:
            more = "more links of it lead nowhere"
            return [*findings, Finding(Subject.LINK, Fault.DEAD, more, path)]
        reason = f"{link.address} {link.trouble.value}"
        findings.append(Finding(Subject.LINK, Fault.DEAD, reason, path, line=link.line))
    return findings


# --- media ------------------------------------------------------------------------------------------------------------


class ContentsJob(Struct, frozen=True):
    """Contents of the store to read, and their readable names to look at."""

    vault: str
    names: tuple[NamedContent, ...]
    subject: Subject = Subject.MEDIUM


def check_contents(job: ContentsJob) -> Checked:
    """Read contents, each once, and names that are files of their own."""
    checker = _ContentChecker(job)
    for name in job.names:
        checker.look_at(name)
    return Checked(tuple(checker.findings), checker.bytes, checker.files)


class _ContentChecker:
    """Looks at contents, which come one after the other, and their names."""

    def __init__(self, job: ContentsJob) -> None:
        self._vault, self._subject = Path(job.vault), job.subject
        self._store = Store(self._vault, internal_folder(self._vault) / "store")
        self._sha256 = ""
        self._facts: os.stat_result | None = None
        self.findings: list[Finding] = []
        self.bytes = self.files = 0

    def look_at(self, name: NamedContent) -> None:
        """One name, and its content, if that was not looked at yet."""
        if name.sha256 != self._sha256:
            self._sha256, self._facts = name.sha256, None
            self.files += 1
            self._look_at_content(self._store.path_of(name.sha256), name)
        self._look_at_name(self._vault / name.path, name)

    def _look_at_content(self, path: Path, name: NamedContent) -> None:
        try:
            self._facts = path.stat()
            self.bytes += self._facts.st_size
            if self._facts.st_size != name.size or _digest(path) != name.sha256:
                self._find(Fault.DAMAGED, "it holds other bytes than were stored", name)
        except (FileNotFoundError, NotADirectoryError):
            self._find(Fault.MISSING, "its content is not in the store", name)
        except OSError as error:
            self._find(Fault.DAMAGED, f"it cannot be read: {error.strerror}", name)

    def _look_at_name(self, path: Path, name: NamedContent) -> None:
        """A readable name: it is the content itself, or a file with the same bytes."""
        content = self._facts
        try:
            facts = path.stat()
            if content is not None and (facts.st_ino, facts.st_dev) == (content.st_ino, content.st_dev):
                return
            self.bytes += facts.st_size
            if facts.st_size == name.size and _digest(path) == name.sha256:
                return
        except (FileNotFoundError, NotADirectoryError):
            self._find(Fault.MISSING, "it is not there", name, named=True)
        except OSError as error:
            self._find(Fault.DAMAGED, f"it cannot be read: {error.strerror}", name, named=True)
        else:
            if content is not None and facts.st_mtime_ns == content.st_mtime_ns and facts.st_size == name.size:
                reason = "it holds other bytes than were stored, and nobody has written to it since"
                self._find(Fault.DAMAGED, reason, name, named=True)
            else:
                reason = "another file is in its place, put there by hand as it seems"
                self._find(Fault.EDITED, reason, name, named=True)

    def _find(self, fault: Fault, reason: str, name: NamedContent, *, named: bool = False) -> None:
        self.findings.append(
            Finding(
                self._subject,
                fault,
                reason,
                name.path,
                name.chat,
                name.message,
                name.message,
                sha256=name.sha256,
                named=named,
            )
        )


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        buffer = bytearray(min(CONTENT_READ, max(1, path.stat().st_size)))
        with memoryview(buffer) as view:
            while count := file.readinto(view):
                digest.update(view[:count])
    return digest.hexdigest()
