"""The archive's transcripts: which of a recording's is the newest, where they belong, and what they say.

A content may have several, by other models; the newest is the one that is shown and found. Each has a number that is
higher than that of every one before it, and gets a new one with every message that turns out to carry its recording.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tobs_tui.archive.records import FileStatus
from tobs_tui.archive.schema import Database
from tobs_tui.model.jobs import JobKind
from tobs_tui.model.transcript import Transcript

_decode = msgspec.msgpack.Decoder(Transcript).decode
_NEXT = "(SELECT coalesce(max(number), 0) + 1 FROM transcripts)"
_OF_FILES = f"""FROM files AS f JOIN transcripts AS t ON t.sha256 = f.sha256
    WHERE f.status = {FileStatus.DONE.value} AND f.sha256 <> ''"""
_IDS_AT_ONCE = 500


def put_transcript(db: sqlite3.Connection, sha256: str, options: str, record: bytes) -> None:
    """Within a transaction: the newest transcript of a content is the job's result of these options."""
    words = len(_decode(record).text.split())
    db.execute(f"INSERT OR REPLACE INTO transcripts VALUES (?, ?, ?, {_NEXT})", (sha256, options, words))


def renew_transcript(db: sqlite3.Connection, sha256: str) -> None:
    """Within a transaction: another message carries a content."""
    db.execute(f"UPDATE transcripts SET number = {_NEXT} WHERE sha256 = ?", (sha256,))


def hand_on_transcript(db: sqlite3.Connection, original: str, variant: str) -> None:
    """Within a transaction: what is said in a content is said in what was made of it, too."""
    db.execute(
        f"INSERT OR REPLACE INTO transcripts SELECT ?, options, words, {_NEXT} FROM transcripts WHERE sha256 = ?",
        (variant, original),
    )


class Transcripts(Database):
    """The part of the archive that knows what is said in recordings."""

    def transcripts_of(self, chat: int, first_id: int, last_id: int) -> dict[tuple[int, int], Transcript]:
        """The transcripts of the files of messages first_id..last_id, by (message id, index)."""
        with self.reading() as db:
            rows = db.execute(
                f"""SELECT f.message, f.idx, (SELECT record FROM job_results AS r
                WHERE r.sha256 = t.sha256 AND r.kind = ? AND r.options = t.options) {_OF_FILES}
                AND f.chat = ? AND f.message BETWEEN ? AND ?""",
                (JobKind.TRANSCRIBE.value, chat, first_id, last_id),
            ).fetchall()
        return {(message, index): _decode(record) for message, index, record in rows}

    def transcript_counts(self) -> dict[int, int]:
        """How many recordings in which somebody speaks are written down, by chat."""
        with self.reading() as db:
            rows = db.execute(f"SELECT f.chat, count(*) {_OF_FILES} AND t.words > 0 GROUP BY f.chat").fetchall()
        return dict(rows)

    # --- as a search wants them ---------------------------------------------------------------------------------------

    def texts_of(self, chat: int, ids: Sequence[int]) -> Mapping[int, str]:
        """What is said in the recordings of those of the messages that have one, by id."""
        found: dict[int, str] = {}
        ordered = sorted(ids)
        for start in range(0, len(ordered), _IDS_AT_ONCE):
            some = ordered[start : start + _IDS_AT_ONCE]
            wanted = frozenset(some)
            for (message, _), transcript in sorted(self.transcripts_of(chat, some[0], some[-1]).items()):
                if message in wanted and transcript.said:
                    found[message] = f"{found[message]} {transcript.text}" if message in found else transcript.text
        return found

    def texts_mark(self) -> int:
        """The highest number of a transcript; 0 when there never was one."""
        with self.reading() as db:
            return int(db.execute("SELECT coalesce(max(number), 0) FROM transcripts").fetchone()[0])

    def texts_since(self, mark: int) -> Iterator[tuple[int, int]]:
        """The messages, as (chat, id), of all transcripts with a number above `mark`."""
        with self.reading() as db:
            rows = db.execute(
                f"SELECT DISTINCT f.chat, f.message {_OF_FILES} AND t.number > ? ORDER BY f.chat, f.message", (mark,)
            ).fetchall()
        yield from rows
