"""Reading messages, days, chats, topics and peers; long results come as iterators that hold a few hundred at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from tobs_tui.archive.ledger import read_ledger
from tobs_tui.archive.records import DAY_SECONDS, ChatRecord, DayCount, DayState, Place, Span, TopicRecord, Touched
from tobs_tui.archive.schema import Database
from tobs_tui.model.intervals import IntervalSet
from tobs_tui.model.messages import Message, decode_message
from tobs_tui.model.peers import Peer

CHUNK = 500
"""Messages read at once. Each chunk is a read of its own, so a slow reader never keeps the WAL from being folded in."""

FAR_FUTURE = 1 << 40  # seconds; past every date of Telegram's
FAR_ID = 1 << 40  # past every message's id
_IDS_AT_ONCE = 500

_OF_CHAT = "chat = ? AND id > ? AND id <= ? AND date >= ? AND date < ?"
_OF_TOPIC = (f"{_OF_CHAT} AND topic = ?", f"{_OF_CHAT} AND topic = ? AND topic > 0")
"""Conditions on messages. The partial index serves a topic's only when the statement repeats its condition."""

_decode_peer = msgspec.msgpack.Decoder(Peer).decode
_decode_chat = msgspec.msgpack.Decoder(ChatRecord).decode
_decode_topic = msgspec.msgpack.Decoder(TopicRecord).decode


def _blocks(ids: Iterable[int]) -> Iterator[Sequence[int]]:
    """The distinct ids in blocks small enough for one statement's parameters."""
    distinct = list(dict.fromkeys(ids))
    for start in range(0, len(distinct), _IDS_AT_ONCE):
        yield distinct[start : start + _IDS_AT_ONCE]


def _marks(values: Sequence[int]) -> str:
    return ",".join("?" * len(values))


class Reading(Database):
    """The reading half of the archive for messages, chats and peers."""

    def ledger(self, chat: int, scope: int = 0) -> IntervalSet:
        """The ids of a chat that are settled: by walks of its whole history (scope 0), or of one topic."""
        with self.reading() as db:
            return read_ledger(db, chat, scope)

    def messages(
        self, chat: int, topic: int | None = None, date_from: int = 0, date_to: int = FAR_FUTURE
    ) -> Iterator[Message]:
        """A chat's messages with date_from <= date < date_to, ascending by id; of one topic, or of all (None)."""
        for chunk in self.message_chunks(chat, topic, date_from, date_to):
            yield from chunk

    def message_chunks(
        self,
        chat: int,
        topic: int | None = None,
        date_from: int = 0,
        date_to: int = FAR_FUTURE,
        *,
        after: int = 0,
        upto: int = FAR_ID,
    ) -> Iterator[list[Message]]:
        """The same as `messages`, some hundreds at once, and only those with after < id <= upto.

        Costs a microsecond a message, half of it SQLite's, half the record's decoding.
        """
        bounds = self._id_bounds(chat, topic, date_from, date_to)
        if bounds is None:
            return
        after, last = max(after, bounds[0] - 1), min(upto, bounds[1])
        statement = (
            f"SELECT id, blob FROM messages WHERE {_OF_CHAT if topic is None else _OF_TOPIC[topic > 0]}"
            f" ORDER BY id LIMIT {CHUNK}"
        )
        tail = () if topic is None else (topic,)
        while after < last:
            with self.reading() as db:
                rows = db.execute(statement, (chat, after, last, date_from, date_to, *tail)).fetchall()
            if rows:
                yield [decode_message(blob) for _, blob in rows]
            if len(rows) < CHUNK:
                return
            after = rows[-1][0]

    def count_between(
        self, chat: int, topic: int, date_from: int, date_to: int, *, after: int = 0, upto: int = FAR_ID
    ) -> int:
        """How many messages of a topic have date_from <= date < date_to and after < id <= upto. Passes them all."""
        with self.reading() as db:
            count = db.execute(
                f"SELECT count(*) FROM messages WHERE {_OF_TOPIC[topic > 0]}",
                (chat, after, upto, date_from, date_to, topic),
            ).fetchone()[0]
        return int(count)

    def messages_backward(
        self, chat: int, topic: int, date_from: int, date_to: int, *, upto: int = FAR_ID
    ) -> Iterator[Message]:
        """A topic's messages with date_from <= date < date_to and id <= upto, descending by id; made for the first."""
        while True:
            with self.reading() as db:
                row = db.execute(
                    f"SELECT id, blob FROM messages WHERE {_OF_TOPIC[topic > 0]} ORDER BY id DESC LIMIT 1",
                    (chat, 0, upto, date_from, date_to, topic),
                ).fetchone()
            if row is None:
                return
            yield decode_message(row[1])
            upto = row[0] - 1

    def _id_bounds(self, chat: int, topic: int | None, date_from: int, date_to: int) -> tuple[int, int] | None:
        """The first and last id of the days that a span of dates touches; None when there are no messages."""
        of_topic, tail = ("", ()) if topic is None else (" AND topic = ?", (topic,))
        with self.reading() as db:
            first, last = db.execute(
                "SELECT min(first_id), max(last_id) FROM days"
                f" WHERE chat = ? AND day BETWEEN ? AND ? AND count > 0{of_topic}",
                (chat, date_from // DAY_SECONDS, (date_to - 1) // DAY_SECONDS, *tail),
            ).fetchone()
        return None if first is None else (first, last)

    def message(self, chat: int, message_id: int) -> Message | None:
        """One message, or None when the archive does not hold it."""
        with self.reading() as db:
            row = db.execute("SELECT blob FROM messages WHERE chat = ? AND id = ?", (chat, message_id)).fetchone()
        return None if row is None else decode_message(row[0])

    def place(self, chat: int, message_id: int) -> Place | None:
        """Where a message belongs, or None when the archive does not hold it."""
        with self.reading() as db:
            row = db.execute(
                "SELECT date, topic, sender FROM messages WHERE chat = ? AND id = ?", (chat, message_id)
            ).fetchone()
        return None if row is None else Place(*row)

    def holds_any(self, messages: Iterable[tuple[int, int]]) -> bool:
        """Whether the archive holds one of these messages, each a (chat, id)."""
        with self.reading() as db:
            return any(
                db.execute("SELECT 1 FROM messages WHERE chat = ? AND id = ?", message).fetchone() is not None
                for message in messages
            )

    def posts_copied(self, group: int, channel: int) -> dict[int, int]:
        """The ids of a channel's posts in its discussion group, where Telegram forwards each of them, by post id.

        Reads all of the group's rows (0.3 s for a million), but decodes only what can be a copy.
        """
        copies: dict[int, int] = {}
        with self.reading() as db:
            rows = db.execute(
                "SELECT blob FROM messages WHERE chat = ? AND sender IN (0, ?) ORDER BY id", (group, channel)
            )
            for (blob,) in rows:
                message = decode_message(blob)
                forward = message.forward
                if forward is not None and forward.peer == channel and forward.message_id and forward.saved_peer:
                    copies.setdefault(forward.message_id, message.id)
        return copies

    def span(self, chat: int, topic: int | None = None) -> Span | None:
        """First and last date and number of the messages of a chat, or of one topic; None when there are none."""
        of_topic, tail = ("", ()) if topic is None else (" AND topic = ?", (topic,))
        with self.reading() as db:
            first, last, count, last_id = db.execute(
                "SELECT min(first_date), max(last_date), sum(count), max(last_id) FROM days"
                f" WHERE chat = ? AND count > 0{of_topic}",
                (chat, *tail),
            ).fetchone()
        return None if first is None else Span(first, last, count, last_id)

    def days(self, chat: int, topic: int | None = None) -> list[DayCount]:
        """The days with messages, by topic and then by day; a year of one topic is at most 366 rows."""
        of_topic, tail = ("", ()) if topic is None else (" AND topic = ?", (topic,))
        with self.reading() as db:
            rows = db.execute(
                f"SELECT topic, day, count, first_id, last_id FROM days WHERE chat = ? AND count > 0{of_topic}"
                " ORDER BY topic, day",
                (chat, *tail),
            ).fetchall()
        return [DayCount(*row) for row in rows]

    def day_states(self, chat: int) -> list[DayState]:
        """The days of a chat that hold messages or did until their notes were last written, by topic and day."""
        with self.reading() as db:
            rows = db.execute(
                "SELECT topic, day, count, first_id, last_id, touched, added FROM days"
                " WHERE chat = ? AND (count > 0 OR touched > 0) ORDER BY topic, day",
                (chat,),
            ).fetchall()
        return [DayState(*row) for row in rows]

    def is_touched(self, chat: int) -> bool:
        """Whether some day of a chat changed since it was last rendered."""
        with self.reading() as db:
            return (
                db.execute("SELECT 1 FROM days WHERE chat = ? AND touched > 0 LIMIT 1", (chat,)).fetchone() is not None
            )

    def count(self, chat: int, topic: int | None = None) -> int:
        """How many messages of a chat, or of one topic, the archive holds."""
        span = self.span(chat, topic)
        return 0 if span is None else span.count

    def senders(self, chat: int, topic: int | None = None) -> list[tuple[int, int]]:
        """Who wrote how many messages: (marked id, count), most first. Reads all of the chat: seconds per million."""
        of_topic, tail = ("", ()) if topic is None else (" AND topic = ?", (topic,))
        with self.reading() as db:
            return db.execute(
                f"SELECT sender, count(*) FROM messages WHERE chat = ?{of_topic} GROUP BY sender ORDER BY 2 DESC, 1",
                (chat, *tail),
            ).fetchall()

    def touched(self, chat: int) -> list[Touched]:
        """The days that changed since they were last rendered, by topic and day."""
        with self.reading() as db:
            rows = db.execute(
                "SELECT topic, day, touched FROM days WHERE chat = ? AND touched > 0 ORDER BY topic, day", (chat,)
            ).fetchall()
        return [Touched(*row) for row in rows]

    def peer(self, peer_id: int) -> Peer | None:
        """A peer as last seen, or None."""
        return self.peers((peer_id,)).get(peer_id)

    def peers(self, ids: Iterable[int]) -> dict[int, Peer]:
        """Those of the peers that the archive knows, by marked id."""
        found: dict[int, Peer] = {}
        with self.reading() as db:
            for block in _blocks(ids):
                for ident, record in db.execute(f"SELECT id, record FROM peers WHERE id IN ({_marks(block)})", block):
                    found[ident] = _decode_peer(record)
        return found

    def every_peer(self) -> Iterator[Peer]:
        """All peers that the archive knows, by id."""
        with self.reading() as db:
            for (record,) in db.execute("SELECT record FROM peers ORDER BY id"):
                yield _decode_peer(record)

    def chats(self) -> list[ChatRecord]:
        """Every chat that was exported into this vault, by title and id."""
        with self.reading() as db:
            records = [_decode_chat(row[0]) for row in db.execute("SELECT record FROM chats")]
        return sorted(records, key=lambda record: (record.title.casefold(), record.id))

    def chat(self, chat: int) -> ChatRecord | None:
        """One exported chat, or None."""
        with self.reading() as db:
            row = db.execute("SELECT record FROM chats WHERE id = ?", (chat,)).fetchone()
        return None if row is None else _decode_chat(row[0])

    def topics(self, chat: int) -> list[TopicRecord]:
        """The known topics of a forum, ascending by id."""
        with self.reading() as db:
            rows = db.execute("SELECT record FROM topics WHERE chat = ? ORDER BY id", (chat,)).fetchall()
        return [_decode_topic(row[0]) for row in rows]
