"""The register of notes: what each Markdown file holds and was rendered with, so that it can grow without being read.

A note's record is committed together with the days that it shows from then on. While a note is being written it is
marked as busy, so that what a killed process left of it is told from what a person has changed.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from tobs_tui.archive.records import Touched
from tobs_tui.archive.schema import Database


class Busy(enum.IntEnum):
    """What is being done to a note's file."""

    NO = 0
    GROWS = 1
    REPLACED = 2


class Stretch(Struct, frozen=True, array_like=True):
    """So many bytes of a file, and their SHA-256 (raw)."""

    size: int
    sha256: bytes


class NoteRecord(Struct, frozen=True, array_like=True):
    """What a note's file holds. `options` names what it was rendered with.

    `stretches` are its bytes, in order, and `mtime_ns` the file's time of change after the last of them was written.
    `seen` messages up to the id `last_id` were read for it, of which `shown_id` was the last to be shown. `senders` has
    the number of messages by marked id. `pointed` are the other chats that its links lead into or would if those were
    exported, `led` those of them that were; `missing` has the messages, as (chat, id), that links looked for in vain,
    `copies` the posts, as (discussion group, post id), whose comments could not be found, and `thin` the peers that
    were not known (False), or of whom only no username was (True). `first_date` and `last_date` are the earliest and
    latest date of a message shown, 0 in records from before they were noted.
    """

    options: str
    stretches: tuple[Stretch, ...]
    mtime_ns: int
    seen: int
    last_id: int
    shown_id: int
    senders: dict[int, int]
    pointed: tuple[int, ...] = ()
    led: tuple[int, ...] = ()
    missing: tuple[tuple[int, int], ...] = ()
    copies: tuple[tuple[int, int], ...] = ()
    thin: tuple[tuple[int, bool], ...] = ()
    first_date: int = 0
    last_date: int = 0

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return sum(stretch.size for stretch in self.stretches)


class Note(Struct, frozen=True):
    """A file that the program wrote: path relative to the vault, messages in it, and its record.

    `count` is 0 where a note in the leading format counts the same messages already.

    `record` is None for one that was begun and not finished yet, and for one of an older format.
    """

    path: str
    chat: int
    topic: int
    count: int
    busy: Busy = Busy.NO
    record: NoteRecord | None = None


class Finished(Struct, frozen=True):
    """A chat whose notes were brought into their final form. `pointed` are the other chats its links lead into;
    `open` that notes were written since, so that all of them have to be looked at again; `options` is a text of the
    engine's that says which of its messages are shown."""

    pointed: frozenset[int] = frozenset()
    open: bool = False
    options: str = ""


_encode = msgspec.msgpack.Encoder().encode
_decode_record = msgspec.msgpack.Decoder(NoteRecord).decode
_decode_ids = msgspec.msgpack.Decoder(tuple[int, ...]).decode

_EVERYTHING = 0  # the row of `finished` that holds the whole vault's options
_PUT = "INSERT OR REPLACE INTO notes VALUES (?, ?, ?, ?, ?, ?)"
_BEGIN = """INSERT INTO notes VALUES (?, ?, ?, 0, ?, x'')
    ON CONFLICT (path) DO UPDATE SET busy = max(busy, excluded.busy)"""
_DAY = "WHERE chat = ? AND topic = ? AND day = ? AND touched <= ?"


class Notes(Database):
    """The part of the archive that keeps the register of notes."""

    def begin_notes(self, chat: int, notes: Iterable[tuple[str, int, Busy]]) -> None:
        """Note that files, each a (path, topic, what is done to it), are about to be written."""
        with self.transaction() as db:
            db.executemany(_BEGIN, [(path, chat, topic, busy) for path, topic, busy in notes])

    def put_notes(
        self, chat: int, notes: Iterable[Note] = (), gone: Iterable[str] = (), shown: Iterable[Touched] = ()
    ) -> None:
        """Register notes of a chat as written, others as `gone`, and days as shown by them as of their generations.

        A day that changed since stays touched. All or nothing.
        """
        keys = [(chat, day.topic, day.day, day.generation) for day in shown]
        with self.transaction() as db:
            db.execute("UPDATE finished SET open = 1 WHERE chat = ? AND open = 0", (chat,))
            db.executemany(
                _PUT,
                [
                    (note.path, note.chat, note.topic, note.count, note.busy, _encode(note.record))
                    for note in notes
                    if note.record is not None
                ],
            )
            db.executemany("DELETE FROM notes WHERE path = ?", [(path,) for path in gone])
            db.executemany(f"DELETE FROM days {_DAY} AND count = 0", keys)
            db.executemany(f"UPDATE days SET touched = 0 {_DAY}", keys)

    def notes(self, chat: int) -> list[Note]:
        """A chat's notes, by path."""
        with self.reading() as db:
            rows = db.execute(
                "SELECT path, chat, topic, count, busy, record FROM notes WHERE chat = ? ORDER BY path", (chat,)
            ).fetchall()
        return [
            Note(path, chat, topic, count, Busy(busy), _decode_record(record) if record else None)
            for path, chat, topic, count, busy, record in rows
        ]

    def note_counts(self, chat: int) -> list[tuple[str, int, int]]:
        """A chat's notes that hold messages: path, topic, how many; by path."""
        with self.reading() as db:
            return db.execute(
                "SELECT path, topic, count FROM notes WHERE chat = ? AND count > 0 ORDER BY path", (chat,)
            ).fetchall()

    def paths_of(self, chat: int) -> list[str]:
        """The paths of a chat's notes, whatever they are written as; in order."""
        with self.reading() as db:
            rows = db.execute("SELECT path FROM notes WHERE chat = ? AND length(record) > 0 ORDER BY path", (chat,))
            return [path for (path,) in rows]

    def note_paths(self) -> list[tuple[str, int]]:
        """Every note that holds messages, in whatever format, as (path, chat)."""
        with self.reading() as db:
            return db.execute("SELECT path, chat FROM notes WHERE count > 0 OR length(record) > 0").fetchall()

    def finished(self) -> dict[int, Finished]:
        """The chats whose notes were brought into their final form once."""
        with self.reading() as db:
            rows = db.execute(
                "SELECT chat, pointed, open, options FROM finished WHERE chat <> ?", (_EVERYTHING,)
            ).fetchall()
        return {
            chat: Finished(frozenset(_decode_ids(pointed)), bool(is_open), options)
            for chat, pointed, is_open, options in rows
        }

    def put_finished(self, chats: dict[int, Finished]) -> None:
        """Note that chats' notes are final."""
        with self.transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO finished VALUES (?, ?, ?, ?)",
                [(chat, one.open, _encode(sorted(one.pointed)), one.options) for chat, one in chats.items()],
            )

    def reopen(self, chats: Sequence[int]) -> None:
        """Note that all notes of these chats have to be looked at again."""
        with self.transaction() as db:
            db.executemany("UPDATE finished SET open = 1 WHERE chat = ?", [(chat,) for chat in chats])

    def vault_options(self) -> str:
        """What the vault as a whole was last rendered with; '' when nothing was yet."""
        with self.reading() as db:
            row = db.execute("SELECT options FROM finished WHERE chat = ?", (_EVERYTHING,)).fetchone()
        return "" if row is None else str(row[0])

    def put_vault_options(self, options: str) -> None:
        """Note what the vault is rendered with from now on; all chats have to be looked at again."""
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO finished VALUES (?, 0, x'', ?)", (_EVERYTHING, options))
            db.execute("UPDATE finished SET open = 1 WHERE chat <> ?", (_EVERYTHING,))

    def pseudonym_mark(self) -> int:
        """What the key was told by that this vault's people are shown with by stand-ins; 0: they are shown as such."""
        return self._number("pseudonyms")

    def put_pseudonym_mark(self, mark: int) -> None:
        """Note, for good, that this vault's people are shown by stand-ins."""
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES ('pseudonyms', ?)", (mark,))

    def people_mark(self) -> int:
        """Which people the notes were last rendered without the names of; 0 when none were yet."""
        return self._number("people")

    def put_people_mark(self, mark: int) -> None:
        """Note that the notes are rendered without these people's names from now on; all chats have to be looked at
        again."""
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES ('people', ?)", (mark,))
            db.execute("UPDATE finished SET open = 1 WHERE chat <> ?", (_EVERYTHING,))

    def _number(self, name: str) -> int:
        with self.reading() as db:
            row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return 0 if row is None else int(row[0])
