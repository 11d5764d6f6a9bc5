"""The archive's book of variants: where they stand beside their originals, and which have taken an original's place."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from tobs_tui.archive.commits import file_identity
from tobs_tui.archive.files import touch_days
from tobs_tui.archive.job_book import RESULT_COLUMNS, TASK_AND_PLACE, JobBook, Key, job_of, result_of
from tobs_tui.archive.records import DAY_SECONDS, FileStatus, FileTask, JobTask
from tobs_tui.archive.transcripts import hand_on_transcript
from tobs_tui.model.jobs import JobKind, JobResult, JobStatus

Shown = Sequence[tuple[JobKind, str]]


class Variant(Struct, frozen=True):
    """A downloaded file, the result that has a variant of its content, and where that stands ('' = nowhere yet)."""

    job: JobTask
    result: JobResult
    path: str


class VariantLink(Struct, frozen=True):
    """A variant's readable name beside a file, and its content."""

    key: Key
    sha256: str
    path: str


def _pairs(shown: Shown) -> tuple[str, list[str]]:
    """SQL for the results in `shown`, and its values. With none of them, no result is meant."""
    marks = ",".join(["(?, ?)"] * len(shown)) or "(NULL, NULL)"
    return f"(r.kind, r.options) IN (VALUES {marks})", [
        value for kind, options in shown for value in (kind.value, options)
    ]


class VariantBook(JobBook):
    """The part of the archive that keeps where variants are."""

    def variants(self, kind: JobKind, options: str, contents: int, after: str = "") -> tuple[list[Variant], str]:
        """The downloaded files of the next `contents` contents past the digest `after` that have a variant by that kind
        and options; and the digest to go on from, '' at the end."""
        result = ", ".join(f"r.{column}" for column in RESULT_COLUMNS.split(", "))
        task = ", ".join(f"files.{column}" for column in TASK_AND_PLACE.split(", "))
        width = len(TASK_AND_PLACE.split(", "))
        with self.reading() as db:
            page = db.execute(
                "SELECT sha256 FROM job_results INDEXED BY job_variants"
                " WHERE variant <> '' AND kind = ? AND options = ? AND sha256 > ? ORDER BY sha256 LIMIT ?",
                (kind.value, options, after, contents),
            ).fetchall()
            rows = db.execute(
                f"""SELECT {task}, {result}, coalesce(l.path, '') FROM files
                JOIN job_results AS r ON r.sha256 = files.sha256 AND r.kind = ? AND r.options = ?
                LEFT JOIN variant_links AS l ON l.chat = files.chat AND l.message = files.message
                AND l.idx = files.idx AND l.sha256 = r.variant
                WHERE files.sha256 IN ({",".join("?" * len(page))}) AND files.sha256 <> '' AND files.status = ?""",
                (kind.value, options, *(row[0] for row in page), FileStatus.DONE.value),
            ).fetchall()
        found = [Variant(job_of(row[:width]), result_of(row[width:-1]), row[-1]) for row in rows]
        return found, page[-1][0] if len(page) == contents else ""

    def stray_links(self, shown: Shown, limit: int) -> list[VariantLink]:
        """Up to `limit` readable names of variants that none of the results in `shown` accounts for."""
        term, values = _pairs(shown)
        with self.reading() as db:
            rows = db.execute(
                f"""SELECT l.chat, l.message, l.idx, l.sha256, l.path FROM variant_links AS l WHERE NOT EXISTS (
                SELECT 1 FROM files AS f JOIN job_results AS r ON r.sha256 = f.sha256 AND {term}
                WHERE f.chat = l.chat AND f.message = l.message AND f.idx = l.idx AND r.variant = l.sha256)
                LIMIT ?""",
                (*values, limit),
            ).fetchall()
        return [VariantLink((row[0], row[1], row[2]), row[3], row[4]) for row in rows]

    def unlinked_files(self, sha256: str, variant: str) -> list[JobTask]:
        """The files with a content that its variant does not stand beside yet."""
        with self.reading() as db:
            rows = db.execute(
                f"""SELECT {TASK_AND_PLACE} FROM files WHERE sha256 = ? AND sha256 <> '' AND status = ?
                AND NOT EXISTS (SELECT 1 FROM variant_links AS l WHERE l.chat = files.chat
                AND l.message = files.message AND l.idx = files.idx AND l.sha256 = ?)""",
                (sha256, FileStatus.DONE.value, variant),
            ).fetchall()
        return [job_of(row) for row in rows]

    def variant_link(self, key: Key) -> VariantLink | None:
        """The variant that stands beside a file, and where; None when there is none."""
        with self.reading() as db:
            row = db.execute(
                "SELECT sha256, path FROM variant_links WHERE chat = ? AND message = ? AND idx = ?", key
            ).fetchone()
        return None if row is None else VariantLink(key, *row)

    def put_variant_link(self, task: FileTask, variant: str, path: str) -> None:
        """Record that a variant stands at `path`, beside a message's file."""
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO variant_links VALUES (?, ?, ?, ?, ?)", (*task.key, variant, path))
            touch_days(db, [(task.chat, task.topic, task.date // DAY_SECONDS)])

    def drop_variant_link(self, key: Key) -> None:
        """Record that no variant stands beside a file any more."""
        with self.transaction() as db:
            db.execute("DELETE FROM variant_links WHERE chat = ? AND message = ? AND idx = ?", key)
            row = db.execute("SELECT topic, date FROM files WHERE chat = ? AND message = ? AND idx = ?", key).fetchone()
            if row is not None:
                touch_days(db, [(key[0], row[0], row[1] // DAY_SECONDS)])

    def forget_job(self, sha256: str, kind: JobKind, options: str) -> None:
        """Have a job done again: what it had made is gone."""
        before = self.job_result(sha256, kind, options)
        with self.transaction() as db:
            if before is not None and before.variant:
                db.execute("DELETE FROM variant_links WHERE sha256 = ?", (before.variant,))
            db.execute(
                "DELETE FROM job_results WHERE sha256 = ? AND kind = ? AND options = ?", (sha256, kind.value, options)
            )

    def replace_content(self, job: JobTask, options: str, result: JobResult, places: dict[Key, str]) -> None:
        """Record that a variant has taken the place of its original in all files of that content; `places` has their
        new paths. What was found out about the original is known of the variant from now on."""
        original, variant = job.sha256, result.variant
        with self.transaction() as db:
            rows = [(variant, result.variant_size, place, *key, original) for key, place in places.items()]
            db.executemany(
                "UPDATE files SET sha256 = ?, size = ?, path = ?"
                " WHERE chat = ? AND message = ? AND idx = ? AND sha256 = ?",
                rows,
            )
            db.execute(
                "UPDATE known_files SET sha256 = ?, size = ? WHERE sha256 = ?",
                (variant, result.variant_size, original),
            )
            db.execute("INSERT OR REPLACE INTO replaced VALUES (?, ?, ?, 0)", (original, variant, result.ending))
            db.execute(
                "INSERT OR IGNORE INTO job_results SELECT ?, kind, options, status, record, reason, '', 0, ''"
                " FROM job_results WHERE sha256 = ? AND (kind <> ? OR status = ?)",
                (variant, original, JobKind.TRANSCODE.value, JobStatus.SKIPPED.value),
            )
            db.execute(
                "INSERT OR IGNORE INTO job_results VALUES (?, ?, ?, ?, ?, ?, '', 0, '')",
                (
                    *(variant, JobKind.TRANSCODE.value, options, JobStatus.SKIPPED.value, result.record),
                    "it has taken its original's place",
                ),
            )
            hand_on_transcript(db, original, variant)
            days = db.execute(
                "SELECT DISTINCT chat, topic, date / ? FROM files WHERE sha256 = ?", (DAY_SECONDS, variant)
            ).fetchall()
            touch_days(db, days)

    def originals_to_remove(self) -> list[str]:
        """Contents that a variant has taken the place of, and whose bytes may still be in the store."""
        with self.reading() as db:
            return [row[0] for row in db.execute("SELECT original FROM replaced WHERE removed = 0")]

    def files_in_place_of(self, original: str) -> list[JobTask]:
        """The files in which a variant has taken the place of that content."""
        with self.reading() as db:
            row = db.execute("SELECT variant FROM replaced WHERE original = ?", (original,)).fetchone()
        return [] if row is None else self.files_of_content(row[0])

    def original_removed(self, sha256: str) -> None:
        """Record that the bytes of a replaced content are gone."""
        with self.transaction() as db:
            db.execute("UPDATE replaced SET removed = 1 WHERE original = ?", (sha256,))

    def replaced_ending(self, task: FileTask) -> str:
        """The ending of what has taken the place of a message's file; '' when nothing has."""
        with self.reading() as db:
            row = db.execute(
                "SELECT r.ending FROM known_files AS k JOIN replaced AS r ON r.variant = k.sha256"
                " WHERE k.identity = ? LIMIT 1",
                (file_identity(task.file),),
            ).fetchone()
        return "" if row is None else str(row[0])
