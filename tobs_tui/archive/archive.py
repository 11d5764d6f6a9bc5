"""The archive of a vault as everyone else uses it: open it, commit pages to it, read from it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import msgspec

from tobs_tui.archive.checking import Checking
from tobs_tui.archive.halves import Halves
from tobs_tui.archive.notes import Notes
from tobs_tui.archive.reading import Reading
from tobs_tui.archive.records import ChatRecord, TopicRecord
from tobs_tui.archive.refreshing import Refreshing
from tobs_tui.archive.schema import connect
from tobs_tui.archive.transcripts import Transcripts
from tobs_tui.archive.versions import Versions

_encode = msgspec.msgpack.Encoder().encode


class Archive(Refreshing, Checking, Transcripts, Notes, Reading, Versions, Halves):
    """A vault's archive database.

    One thread uses an object at a time. Beside the one writer, any number of processes may read.
    """

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, cache_kib: int = 32_768, sealed: bool = False) -> Archive:
        """The archive in the file `path` (see `schema.archive_path`), made when missing unless `read_only`; for
        `sealed` see `schema.connect`.

        Raises TobsError ARCHIVE_UNUSABLE (not an archive, damaged, of a newer format, or missing and `read_only`),
        OUTPUT_NOT_WRITABLE or DISK_FULL.
        """
        return cls(path, connect(path, read_only=read_only, cache_kib=cache_kib, sealed=sealed))

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def put_chat(self, record: ChatRecord) -> ChatRecord:
        """Store what is known of a chat, keeping the folder that it was first stored with; gives what is stored."""
        with self.transaction() as db:
            known = self.chat(record.id)
            if known is not None:
                record = msgspec.structs.replace(record, folder=known.folder)
            db.execute("INSERT OR REPLACE INTO chats VALUES (?, ?)", (record.id, _encode(record)))
        return record

    def put_topics(self, chat: int, records: Iterable[TopicRecord]) -> list[TopicRecord]:
        """Store topics of a forum, each keeping the folder that it was first stored with; gives all known topics."""
        with self.transaction() as db:
            folders = {known.topic.id: known.folder for known in self.topics(chat)}
            db.executemany(
                "INSERT OR REPLACE INTO topics VALUES (?, ?, ?)",
                [
                    (
                        chat,
                        record.topic.id,
                        _encode(TopicRecord(record.topic, folders.get(record.topic.id, record.folder))),
                    )
                    for record in records
                ],
            )
            return self.topics(chat)

    def move_chat(self, record: ChatRecord) -> None:
        """Store a chat with another folder than it had; its notes and files have to follow."""
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO chats VALUES (?, ?)", (record.id, _encode(record)))

    def move_topics(self, chat: int, records: Iterable[TopicRecord]) -> None:
        """The same for topics of a forum."""
        with self.transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO topics VALUES (?, ?, ?)",
                [(chat, record.topic.id, _encode(record)) for record in records],
            )
