"""Reading messages, days, chats, topics and peers; long results come as iterators that hold a few hundred at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from tobs_tui.archive.ledger import read_ledger
from tobs_tui.archive.records import DAY_SECONDS, ChatRecord, DayCount, Place, Span, TopicRecord, Touched
from tobs_tui.archive.schema import Database
from tobs_tui.model.intervals import IntervalSet
from tobs_tui.model.messages import Message, decode_message
from tobs_tui.model.peers import Peer

CHUNK = 500
"""Messages read at once. Each chunk is a read of its own, so a slow reader never keeps the WAL from being folded in."""

FAR_FUTURE = 1 << 40  # seconds; past every date of Telegram's
_IDS_AT_ONCE = 500

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
        bounds = self._id_bounds(chat, topic, date_from, date_to)
        if bounds is None:
            return
        after, last = bounds[0] - 1, bounds[1]
        # The partial index serves a topic's messages only when the statement repeats its condition.
        of_topic = "" if topic is None else " AND topic = ?" if topic == 0 else " AND topic = ? AND topic > 0"
        statement = (
            f"SELECT id, blob FROM messages WHERE chat = ? AND id > ? AND id <= ? AND date >= ? AND date < ?{of_topic}"
            f" ORDER BY id LIMIT {CHUNK}"
        )
        tail = () if topic is None else (topic,)
        while True:
            with self.reading() as db:
                rows = db.execute(statement, (chat, after, last, date_from, date_to, *tail)).fetchall()
            for _, blob in rows:
                yield decode_message(blob)
            if len(rows) < CHUNK:
                return
            after = rows[-1][0]

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

    def places(self, chat: int, ids: Iterable[int]) -> dict[int, Place]:
        """Date and topic of those of the messages that the archive holds."""
        found: dict[int, Place] = {}
        with self.reading() as db:
            for block in _blocks(ids):
                for ident, date, topic in db.execute(
                    f"SELECT id, date, topic FROM messages WHERE chat = ? AND id IN ({_marks(block)})", (chat, *block)
                ):
                    found[ident] = Place(date, topic)
        return found

    def span(self, chat: int, topic: int | None = None) -> Span | None:
        """First and last date and number of the messages of a chat, or of one topic; None when there are none."""
        of_topic, tail = ("", ()) if topic is None else (" AND topic = ?", (topic,))
        with self.reading() as db:
            first, last, count = db.execute(
                f"SELECT min(first_date), max(last_date), sum(count) FROM days WHERE chat = ? AND count > 0{of_topic}",
                (chat, *tail),
            ).fetchone()
        return None if first is None else Span(first, last, count)

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

    def topics_present(self, chat: int) -> list[int]:
        """The topics that archived messages of a chat belong to, ascending; [0] for a chat without topics."""
        with self.reading() as db:
            rows = db.execute("SELECT DISTINCT topic FROM days WHERE chat = ? AND count > 0 ORDER BY topic", (chat,))
            return [row[0] for row in rows]

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
