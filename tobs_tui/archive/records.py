"""What goes into the archive and what comes out of it, as plain structs; no SQL here."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec import Struct

from tobs_tui.model.jobs import JobKind, JobResult
from tobs_tui.model.media import (
    Document,
    DocumentKind,
    File,
    Media,
    PaidMedia,
    Photo,
    Poll,
    Story,
    files_of,
    poll_media,
)
from tobs_tui.model.messages import Message, encode_message, extra_files
from tobs_tui.model.peers import Peer, PeerKind, Topic
from tobs_tui.model.profile import MediaKind

DAY_SECONDS = 86_400
"""Days are UTC days, counted from the epoch: a time zone of the vault's own would change with its options."""


class Row(Struct, frozen=True, array_like=True, gc=False):
    """One message as it is stored: the columns that are searched by, and the whole record in msgpack."""

    id: int
    date: int
    topic: int
    sender: int
    blob: bytes


ROW_FIELDS = len(Row.__struct_fields__)


def flat_of(rows: Iterable[Row]) -> list[Any]:
    """The fields of rows, one after the other."""
    flat: list[Any] = []
    for row in rows:
        flat += (row.id, row.date, row.topic, row.sender, row.blob)
    return flat


def rows_of(flat: Sequence[Any]) -> tuple[Row, ...]:
    """The rows whose fields these are."""
    return tuple(Row(*flat[start : start + ROW_FIELDS]) for start in range(0, len(flat), ROW_FIELDS))


class FileRow(Struct, frozen=True, array_like=True):
    """One file of one message; `index` counts the message's files from 0 in the order of `message_files`."""

    message_id: int
    index: int
    topic: int
    date: int
    kind: MediaKind
    file: File


class PageCommit(Struct, frozen=True):
    """What one fetched page leaves behind: [lo, hi] is now known, and these are all the messages it holds.

    `scope` is 0 for a walk of the whole history, the id of the one topic that was walked, or negative for one's own
    messages only (`peers.own_scope`). Every row's id lies in [lo, hi]; an interval without rows is as
    good as any (ids of deleted messages). A page has its messages in `rows`, or all rows' fields one after the other in
    `flat`: as many pages come from other processes that making rows of them would be felt. One that is not `settled`
    stores its messages only, and leaves it open whether there are others.
    """

    chat: int
    lo: int
    hi: int
    scope: int = 0
    rows: tuple[Row, ...] = ()
    files: tuple[FileRow, ...] = ()
    peers: tuple[Peer, ...] = ()
    flat: list[Any] = []
    settled: bool = True


class Committed(Struct, frozen=True):
    """What a `PageCommit` changed; `new_by_topic` counts messages that the archive did not hold before."""

    chat: int
    scope: int
    lo: int
    hi: int
    rows: int
    new_by_topic: dict[int, int]
    files: int

    @property
    def new(self) -> int:
        """How many messages the archive did not hold before."""
        return sum(self.new_by_topic.values())


class ChatRecord(Struct, frozen=True, omit_defaults=True):
    """An exported chat. `folder` is its directory in the vault, frozen when it is first stored."""

    id: int
    title: str
    folder: str
    kind: PeerKind
    username: str = ""
    about: str = ""
    members: int = 0
    message_count: int = -1  # Telegram's own count, -1 = unknown
    migrated_from: int = 0  # marked id of the basic group that this supergroup grew out of
    migrated_to: int = 0  # marked id of the supergroup that this basic group became
    linked_chat: int = 0  # marked id of a channel's discussion group, or of the group's channel
    noforwards: bool = False


class TopicRecord(Struct, frozen=True, omit_defaults=True):
    """A forum topic with its directory below the chat's, frozen when it is first stored."""

    topic: Topic
    folder: str


class Span(Struct, frozen=True):
    """How far a chat's or topic's archived messages reach; dates in seconds since the epoch."""

    first_date: int
    last_date: int
    count: int
    last_id: int


class DayCount(Struct, frozen=True, array_like=True):
    """One day of one topic with at least one message; `day` counts UTC days since the epoch."""

    topic: int
    day: int
    count: int
    first_id: int
    last_id: int


class DayState(Struct, frozen=True, array_like=True):
    """A day of one topic, its messages, and what happened to it since it was last rendered.

    `touched` is the generation of its last change, 0 when there was none; `added` equals it when nothing but new
    messages came.
    """

    topic: int
    day: int
    count: int
    first_id: int
    last_id: int
    touched: int
    added: int

    @property
    def grew(self) -> bool:
        """Whether new messages are all that changed."""
        return self.touched > 0 and self.added == self.touched


class Touched(Struct, frozen=True, array_like=True):
    """A day whose text may differ from what was rendered. `generation` grows with each change to the day."""

    topic: int
    day: int
    generation: int


class Place(Struct, frozen=True, array_like=True):
    """Where a message belongs: its date and topic; and who sent it."""

    date: int
    topic: int
    sender: int


class FileStatus(enum.IntEnum):
    """Where a file stands."""

    PENDING = 0
    DONE = 1
    FAILED = 2


class FileTask(Struct, frozen=True):
    """A file to download, with all that names it."""

    chat: int
    message_id: int
    index: int
    topic: int
    date: int
    kind: MediaKind
    file: File

    @property
    def key(self) -> tuple[int, int, int]:
        """What identifies the task: (chat, message id, index)."""
        return (self.chat, self.message_id, self.index)


class FileState(Struct, frozen=True):
    """What became of a file: its readable path relative to the vault when DONE, a reason when FAILED."""

    status: FileStatus
    path: str = ""
    sha256: str = ""
    size: int = 0  # bytes; the declared size until DONE
    reason: str = ""


class StoredFile(Struct, frozen=True):
    """The content of a file that was downloaded before: lowercase hex digest and size in bytes."""

    sha256: str
    size: int


class JobWish(Struct, frozen=True):
    """What a run wants done with contents: a kind of job with its options, for files of the kinds in `takes`."""

    kind: JobKind
    options: str
    takes: tuple[MediaKind, ...]


class JobTask(Struct, frozen=True):
    """A downloaded file to work on: its content in the store, and its readable path relative to the vault."""

    task: FileTask
    sha256: str
    size: int
    path: str


class FileJobs(Struct):
    """What the jobs that a vault shows have found out about one file, and the path of the variant beside it."""

    results: dict[JobKind, JobResult] = {}
    variant: str = ""


class JobTotals(Struct, frozen=True):
    """Contents that a run wants worked on, and what became of them; each content counts once for each kind of job."""

    total: int = 0
    done: int = 0
    failed: int = 0


class FileScope(Struct, frozen=True):
    """A chat, or some topics of it (empty = all), whose files are meant.

    `firsts` has the first id that counts of each of the topics, or of the whole chat (empty = all ids count).
    """

    chat: int
    topics: tuple[int, ...] = ()
    firsts: tuple[int, ...] = ()


class FileFilter(Struct, frozen=True):
    """Which files are meant. `max_size` in bytes (0 = any); date_from <= date < date_to in seconds (0 = open).

    `keeps` tells by (chat, stored message) whether the message's files are wanted; None = of every message.
    """

    scopes: tuple[FileScope, ...]
    kinds: tuple[MediaKind, ...] = tuple(MediaKind)
    max_size: int = 0
    date_from: int = 0
    date_to: int = 0
    keeps: Callable[[int, bytes], bool] | None = None


class FileTotals(Struct, frozen=True):
    """Sums over the files of one topic of one chat; `excluded` are those that the filter leaves out."""

    chat: int
    topic: int
    total: int = 0
    done: int = 0
    failed: int = 0
    bytes_total: int = 0
    bytes_done: int = 0
    excluded: int = 0


class KindTotals(Struct, frozen=True):
    """Sums over files of one kind: all of them, those that a filter chooses, and those of them not yet downloaded."""

    files: int = 0
    bytes: int = 0
    chosen: int = 0
    chosen_bytes: int = 0
    pending: int = 0
    pending_bytes: int = 0


_DOCUMENT_KINDS = {
    DocumentKind.FILE: MediaKind.FILE,
    DocumentKind.VIDEO: MediaKind.VIDEO,
    DocumentKind.ROUND: MediaKind.ROUND,
    DocumentKind.ANIMATION: MediaKind.ANIMATION,
    DocumentKind.AUDIO: MediaKind.AUDIO,
    DocumentKind.VOICE: MediaKind.VOICE,
    DocumentKind.STICKER: MediaKind.STICKER,
}


def _media_files(media: Media | None) -> list[tuple[MediaKind, File]]:
    """The files of `files_of`, in its order, each with the kind that profiles choose by."""
    if isinstance(media, Document):
        return [(_DOCUMENT_KINDS[media.type], file) for file in files_of(media)]
    if isinstance(media, Photo):
        return [(MediaKind.VIDEO if file is media.video else MediaKind.PHOTO, file) for file in files_of(media)]
    if isinstance(media, PaidMedia):
        return [pair for item in media.items for pair in _media_files(item)]
    if isinstance(media, Poll):
        return [pair for item in poll_media(media) for pair in _media_files(item)]
    if isinstance(media, Story):
        return _media_files(media.media)
    return []


def message_files(message: Message) -> list[tuple[MediaKind, File]]:
    """A message's files in the order that numbers them: those of its media, then a service message's photo."""
    files = _media_files(message.media)
    if message.action is not None:
        files += _media_files(message.action.photo)
    return files


def numbered_files(message: Message) -> list[tuple[MediaKind, File]]:
    """All files of a message by their numbers: those of `message_files`, then the extra ones."""
    return message_files(message) + [(MediaKind(extra.value), file) for extra, file in extra_files(message)]


def message_rows(messages: Iterable[Message]) -> tuple[tuple[Row, ...], tuple[FileRow, ...]]:
    """The archive rows of decoded messages, and the rows of their files."""
    flat, files = flat_rows(messages)
    return rows_of(flat), files


def flat_rows(messages: Iterable[Message]) -> tuple[list[Any], tuple[FileRow, ...]]:
    """As `message_rows`, with the rows as `PageCommit.flat` has them. Made for the decode processes."""
    flat: list[Any] = []
    files: list[FileRow] = []
    for message in messages:
        flat += (message.id, message.date, message.topic, message.sender, encode_message(message))
        if message.media is not None or message.action is not None:
            files.extend(
                FileRow(message.id, index, message.topic, message.date, kind, file)
                for index, (kind, file) in enumerate(message_files(message))
            )
    return flat, tuple(files)
