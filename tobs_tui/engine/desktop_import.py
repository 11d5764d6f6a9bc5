"""Brings an export of Telegram Desktop into a vault's archive and store, so that later runs go on from there.

What the archive holds already is left as it is: it came from Telegram itself and says more. The ids from the export's
first message to its last count as known afterwards, but for messages whose files the export does not hold: those the
next run fetches, with all that is older and newer. The messages of a group from before it became a supergroup lie in
the supergroup's folder, as a chat of their own; the export does not tell its id, so it has one of ours until a run
tells.
"""

from __future__ import annotations

import itertools
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.lock import VaultLock
from tobs_tui.archive.records import ChatRecord, FileTask, PageCommit, message_files, message_rows
from tobs_tui.archive.schema import archive_path, internal_folder, keep_apart, output_error
from tobs_tui.desktop.media import DesktopFile
from tobs_tui.desktop.messages import DesktopMessage, chat_peer, read_message
from tobs_tui.desktop.stream import DesktopChat, read_export, result_file
from tobs_tui.engine.media_names import path_of_file
from tobs_tui.engine.pseudonyms.key import settle
from tobs_tui.engine.pseudonyms.masks import folder_for
from tobs_tui.media.store import Store, digest_of
from tobs_tui.model.errors import TobsError
from tobs_tui.model.intervals import IntervalSet
from tobs_tui.model.media import Document, File, Media, Photo
from tobs_tui.model.messages import Message
from tobs_tui.model.peers import Peer, PeerKind, bare_id, imported_half
from tobs_tui.model.profile import Layout

CHUNK = 500
MAX_ID = 2**31 - 1


class ImportedChat(Struct, frozen=True):
    """What came of a chat: messages and files brought in, those that were there already, and those left out.

    Messages `without_id` cannot be kept: nothing could tell them from others. `problem` says why nothing or not all of
    it could be had ('' = nothing of note).
    """

    title: str
    messages: int = 0
    known: int = 0
    files: int = 0
    files_missing: int = 0
    without_id: int = 0
    problem: str = ""


class _Half:
    """One chat of the archive that messages of an export go into."""

    def __init__(self, archive: Archive, peer: Peer, successor: int = 0) -> None:
        self.peer = peer
        self.held: IntervalSet = archive.ledger(peer.id)
        self.first, self.last = MAX_ID, 0
        self.holes = IntervalSet()
        if archive.chat(peer.id) is None:
            folder = folder_for(peer, archive)
            archive.put_chat(ChatRecord(peer.id, peer.title, folder, peer.kind, migrated_to=successor))
            archive.put_peers([peer])

    def span(self, messages: list[DesktopMessage]) -> None:
        """Note how far the export tells of the chat."""
        for found in messages:
            self.first = min(self.first, found.message.id)
            self.last = max(self.last, found.message.id)

    def settled(self, lo: int, hi: int) -> list[PageCommit]:
        """The ids from `lo` to `hi` less those of messages that are still to be fetched; those in between that the
        export does not have were deleted."""
        return [PageCommit(self.peer.id, *part) for part in self.holes.missing(lo, hi)]


def import_desktop(
    source: Path, output: Path, layout: Layout, on_progress: Callable[[ImportedChat], None] = lambda chat: None
) -> list[ImportedChat]:
    """Import the export in the folder `source` into the vault at `output`. Blocks; may be repeated after a kill.

    `on_progress` hears of the chat at work as it grows. Raises TobsError: NOT_AN_EXPORT, VAULT_IN_USE,
    OUTPUT_NOT_WRITABLE, DISK_FULL or ARCHIVE_UNUSABLE; what was imported until then stays.
    """
    path = result_file(source)
    keep_apart(output, wanted=layout.pseudonymise)
    lock = VaultLock(output).acquire()
    try:
        with Archive.open(archive_path(output)) as archive:
            settle(archive, wanted=layout.pseudonymise)
            importer = _Importer(archive, path.parent, output, layout, on_progress)
            return [importer.chat(chat) for chat in read_export(path)]
    finally:
        lock.release()


class _Importer:
    """Carries chats over, one after the other."""

    def __init__(
        self, archive: Archive, folder: Path, vault: Path, layout: Layout, on_progress: Callable[[ImportedChat], None]
    ) -> None:
        self._archive, self._folder, self._vault = archive, folder.resolve(), vault
        self._on_progress = on_progress
        self._store = Store(vault, internal_folder(vault) / "store")
        self._spares = internal_folder(vault) / "parts"
        self._path_of = path_of_file(layout)

    def chat(self, chat: DesktopChat) -> ImportedChat:
        """Import one chat."""
        peer = chat_peer(chat.head)
        if peer is None or not bare_id(peer.id):
            name = chat.head.get("name")
            told = ImportedChat(
                name if isinstance(name, str) else "Unnamed chat",
                problem="It is of a kind that this version does not know, and was left out.",
            )
            self._on_progress(told)
            return told
        done = ImportedChat(peer.title)
        halves: dict[bool, _Half] = {}
        for batch in _batches(chat.messages, peer):
            for old, group in itertools.groupby(batch, lambda message: message.old_half):
                half = halves.get(old)
                if half is None:
                    half = halves[old] = self._old_half(peer) if old else _Half(self._archive, peer)
                done = self._carry(half, list(group), done)
            self._on_progress(done)
        for half in halves.values():
            if half.last:
                self._archive.commit(half.settled(half.first, half.last))
        return done

    def _old_half(self, peer: Peer) -> _Half:
        """The chat that holds what was written before a group became the supergroup `peer`."""
        known = self._archive.chat(peer.id)
        real = known.migrated_from if known is not None else 0
        title = peer.title if real else f"{peer.title}, before it was a supergroup"
        old = Peer(id=real or imported_half(peer.id), kind=PeerKind.GROUP, title=title, forbidden=True, min=True)
        return _Half(self._archive, old, successor=peer.id)

    def _carry(self, half: _Half, messages: list[DesktopMessage], done: ImportedChat) -> ImportedChat:
        """Commit messages that the archive does not know, then bring their files."""
        sized = [self._sized(found) for found in messages if found.message.id > 0]
        half.span(sized)
        unsettled = [found for found in sized if not half.held.covers(found.message.id, found.message.id)]
        ids = {found.message.id for found in unsettled}
        there = self._archive.held_among(half.peer.id, ids)
        new = [found for found in unsettled if found.message.id not in there]
        chat = half.peer.id
        if new:
            rows, file_rows = message_rows(found.message for found in new)
            senders = tuple({found.sender.id: found.sender for found in new if found.sender is not None}.values())
            page = PageCommit(chat, min(ids), max(ids), 0, rows, file_rows, senders, settled=False)
            self._archive.commit([page])
        # Files of messages that are there already as well: an import may have been killed before it came to them.
        brought: list[bool | None] = []
        lacks: dict[int, bool] = {}  # of the messages with files, by id
        for found in sized:
            came = [self._bring(task, found.file) for task in _tasks(chat, found.message)]
            brought += came
            if came and found.message.id in ids:
                lacks[found.message.id] = False in came
        for lo, hi in _stretches(lacks):
            half.holes.add(lo, hi)
        if ids:
            self._archive.commit(half.settled(min(ids), max(ids)))
        return msgspec.structs.replace(
            done,
            messages=done.messages + len(new),
            known=done.known + len(sized) - len(new),
            files=done.files + brought.count(True),
            files_missing=done.files_missing + brought.count(False),
            without_id=done.without_id + len(messages) - len(sized),
        )

    def _sized(self, found: DesktopMessage) -> DesktopMessage:
        """The message with its file's real size, which older exports do not tell."""
        path = self._locate(found.file)
        if path is None:
            return found
        media = _with_size(found.message.media, path.stat().st_size)
        return msgspec.structs.replace(found, message=msgspec.structs.replace(found.message, media=media))

    def _locate(self, file: DesktopFile | None) -> Path | None:
        """Where a file lies, if it does, and within the export's folder."""
        if file is None or not file.path or "\0" in file.path:
            return None
        try:
            path = (self._folder / file.path).resolve()
            return path if path.is_relative_to(self._folder) and path.is_file() else None
        except OSError:  # a name that no file system takes
            return None

    def _bring(self, task: FileTask, file: DesktopFile | None) -> bool | None:
        """Copy a file into the store and give it its name. False when the export does not hold it, None when the
        archive knows another file there, or this one already."""
        if not self._archive.awaits_file(task):
            return None
        path = self._locate(file)
        if path is None:
            reason = file.missing if file is not None and file.missing else "the export does not contain it"
            self._archive.file_failed(task, f"imported from Telegram Desktop: {reason}")
            return False
        name = self._path_of(self._archive, task)
        try:
            self._spares.mkdir(parents=True, exist_ok=True)
            spare = self._spares / f"{uuid.uuid4().hex}.import"
            try:
                shutil.copyfile(path, spare)
                digest, size = digest_of(spare), spare.stat().st_size
                self._store.adopt(spare, digest, task.date)
            finally:
                spare.unlink(missing_ok=True)
            self._store.publish(digest, name, task.date)
        except OSError as error:
            raise output_error(error, self._vault) from error
        self._archive.file_done(task, digest, size, name)
        return True


def _batches(messages: Iterator[dict[str, object]], peer: Peer) -> Iterator[list[DesktopMessage]]:
    """The messages of a chat, some hundreds at a time. Raises TobsError where the file is damaged, once those before
    that point are given."""
    before = 0
    damage: TobsError | None = None
    while damage is None:
        batch: list[DesktopMessage] = []
        try:
            for fields in itertools.islice(messages, CHUNK):
                found = read_message(fields, peer, before)
                before = found.message.date
                batch.append(found)
        except TobsError as error:
            damage = error
        if not batch and damage is None:
            return
        yield batch
    raise damage


def _stretches(lacks: dict[int, bool]) -> Iterator[tuple[int, int]]:
    """From the first to the last of the messages that lack a file and have none between them whose file is there. What
    lies between comes with them: as many holes as missing files would make the ledger fall to pieces."""
    for lacking, run in itertools.groupby(sorted(lacks.items()), key=lambda item: item[1]):
        if lacking:
            ids = [ident for ident, _ in run]
            yield ids[0], ids[-1]


def _tasks(chat: int, message: Message) -> Iterator[FileTask]:
    for index, (kind, file) in enumerate(message_files(message)):
        yield FileTask(chat, message.id, index, message.topic, message.date, kind, file)


def _with_size(media: Media | None, size: int) -> Media | None:
    if isinstance(media, Photo | Document) and isinstance(media.file, File):
        return msgspec.structs.replace(media, file=msgspec.structs.replace(media.file, size=size))
    return media
