"""The archive's book of jobs: what was found out about contents and made of them, by digest, kind and options.

Equal bytes are worked on once, whichever messages show them; other options make other results beside the old ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tobs_tui.archive.files import TASK_COLUMNS, Files, conditions_past, task_of, touch_days
from tobs_tui.archive.records import DAY_SECONDS, FileFilter, FileJobs, FileStatus, JobTask, JobTotals, JobWish
from tobs_tui.archive.transcripts import put_transcript
from tobs_tui.model.jobs import JobKind, JobResult, JobStatus

TASK_AND_PLACE = f"{TASK_COLUMNS}, sha256, size, path"
Key = tuple[int, int, int]
_FAILED = JobStatus.FAILED.value
_DONE_FILES = f"SELECT {TASK_AND_PLACE} FROM files WHERE status = {FileStatus.DONE.value}"
RESULT_COLUMNS = "kind, status, record, reason, variant, variant_size, ending"
_OF_CONTENT = "FROM job_results AS r WHERE r.sha256 = files.sha256 AND r.kind = ? AND r.options = ?"
# A file whose content has a variant that stands beside it nowhere, or beside another path.
_UNLINKED = f"""EXISTS (SELECT 1 {_OF_CONTENT} AND r.variant <> '' AND NOT EXISTS (
    SELECT 1 FROM variant_links AS l WHERE l.chat = files.chat AND l.message = files.message AND l.idx = files.idx
    AND l.sha256 = r.variant))"""


def job_of(row: tuple[int, int, int, int, int, str, bytes, str, int, str]) -> JobTask:
    """A file to work on from its columns, which are `TASK_AND_PLACE`."""
    return JobTask(task_of(row[:7]), *row[7:])


def result_of(row: tuple[str, int, bytes, str, str, int, str]) -> JobResult:
    """A result from its columns, which are `RESULT_COLUMNS`."""
    return JobResult(JobKind(row[0]), JobStatus(row[1]), *row[2:])


class JobBook(Files):
    """The part of the archive that keeps what jobs came to."""

    def pending_jobs(
        self, wanted: FileFilter, wish: JobWish, window: int, after: Key | None = None
    ) -> tuple[list[JobTask], Key | None]:
        """Of the next `window` downloaded files of the filter past the key `after`, by (chat, message, index): those
        whose content is still to be worked on, or whose variant has no name yet; and the key to go on from, None at the
        end."""
        found: list[JobTask] = []
        if not wanted.kinds or not wish.takes:
            return found, None
        choice, choice_values = self._choice(wanted)
        takes = tuple(kind.value for kind in wish.takes)
        named = (wish.kind.value, wish.options)
        left, last = window, None
        with self.reading() as db:
            for where, values in conditions_past(after, wanted):
                rows = db.execute(
                    f"SELECT {TASK_AND_PLACE}, NOT EXISTS (SELECT 1 {_OF_CONTENT}) OR {_UNLINKED} FROM files"
                    f" WHERE status = {FileStatus.DONE.value} AND {where} AND {choice}"
                    f" AND kind IN ({','.join('?' * len(takes))}) ORDER BY message, idx LIMIT ?",
                    (*named, *named, *values, *choice_values, *takes, left),
                ).fetchall()
                found.extend(job_of(row[:-1]) for row in rows if row[-1])
                left, last = left - len(rows), rows[-1][:3] if rows else last
                if left <= 0:
                    return found, last
        return found, None

    def job_task(self, key: tuple[int, int, int]) -> JobTask | None:
        """A downloaded file by its key; None when it is not there (any more)."""
        with self.reading() as db:
            row = db.execute(
                f"{_DONE_FILES} AND chat = ? AND message = ? AND idx = ?",
                key,
            ).fetchone()
        return None if row is None else job_of(row)

    def files_of_content(self, sha256: str) -> list[JobTask]:
        """Every downloaded file with that content."""
        with self.reading() as db:
            rows = db.execute(
                f"{_DONE_FILES} AND sha256 = ? AND sha256 <> '' ORDER BY chat, message, idx",
                (sha256,),
            ).fetchall()
        return [job_of(row) for row in rows]

    def job_result(self, sha256: str, kind: JobKind, options: str) -> JobResult | None:
        """What a job came to; None when it was not done yet."""
        with self.reading() as db:
            row = db.execute(
                f"SELECT {RESULT_COLUMNS} FROM job_results WHERE sha256 = ? AND kind = ? AND options = ?",
                (sha256, kind.value, options),
            ).fetchone()
        return None if row is None else result_of(row)

    def put_job_result(self, sha256: str, options: str, result: JobResult) -> None:
        """Record what a job came to. The days of all files with that content are touched when it says something new."""
        before = self.job_result(sha256, result.kind, options)
        with self.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO job_results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(sha256, result.kind.value, options, result.status.value, result.record, result.reason),
                    *(result.variant, result.variant_size, result.ending),
                ),
            )
            if result.kind is JobKind.TRANSCRIBE and result.status is JobStatus.DONE and before != result:
                put_transcript(db, sha256, options, result.record)
            if before != result and result.status is not JobStatus.SKIPPED:
                days = db.execute(
                    "SELECT DISTINCT chat, topic, date / ? FROM files WHERE sha256 = ? AND sha256 <> ''",
                    (DAY_SECONDS, sha256),
                ).fetchall()
                touch_days(db, days)

    def forget_failed_jobs(self, wanted: FileFilter, wishes: Sequence[JobWish]) -> int:
        """Have jobs done again that failed in earlier runs on contents of the filter; gives their number."""
        count = 0
        with self.transaction() as db:
            for wish in wishes:
                named = (wish.kind.value, wish.options)
                failed = f"SELECT sha256 FROM job_results WHERE kind = ? AND options = ? AND status = {_FAILED}"
                for where, values in conditions_past(None, wanted):
                    rows = db.execute(
                        "SELECT DISTINCT sha256, chat, topic, date / ? FROM files INDEXED BY files_of_content"
                        f" WHERE sha256 <> '' AND sha256 IN ({failed}) AND {where}",
                        (DAY_SECONDS, *named, *values),
                    ).fetchall()
                    touch_days(db, [row[1:] for row in rows])
                    contents = {row[0] for row in rows}
                    db.executemany(
                        "DELETE FROM job_results WHERE sha256 = ? AND kind = ? AND options = ?",
                        [(content, *named) for content in contents],
                    )
                    count += len(contents)
        return count

    def jobs_of_files(
        self, chat: int, first_id: int, last_id: int, shown: Sequence[tuple[JobKind, str]]
    ) -> dict[tuple[int, int], FileJobs]:
        """What the jobs in `shown`, each a (kind, options), came to for the files of messages first_id..last_id, by
        (message id, index)."""
        found: dict[tuple[int, int], FileJobs] = {}
        if not shown:
            return found
        pairs = ",".join(["(?, ?)"] * len(shown))
        named = [value for kind, options in shown for value in (kind.value, options)]
        columns = ", ".join(f"r.{column}" for column in RESULT_COLUMNS.split(", "))
        with self.reading() as db:
            rows = db.execute(
                f"""SELECT f.message, f.idx, coalesce(l.path, ''), l.sha256, {columns} FROM files AS f
                JOIN job_results AS r ON r.sha256 = f.sha256
                LEFT JOIN variant_links AS l ON l.chat = f.chat AND l.message = f.message AND l.idx = f.idx
                WHERE f.chat = ? AND f.message BETWEEN ? AND ? AND f.status = {FileStatus.DONE.value}
                AND f.sha256 <> '' AND (r.kind, r.options) IN (VALUES {pairs})
                AND r.status <> {JobStatus.SKIPPED.value}""",
                (chat, first_id, last_id, *named),
            ).fetchall()
        for message, index, path, variant, *columns_of_result in rows:
            jobs = found.setdefault((message, index), FileJobs({}))
            result = result_of(tuple(columns_of_result))
            jobs.results[result.kind] = result
            if result.variant and result.variant == variant:
                jobs.variant = path
        return found

    def job_totals(self, wanted: FileFilter, wishes: Iterable[JobWish]) -> JobTotals:
        """Sums over the downloaded contents of the filter; one that several chats show counts in each.

        Passes all of the filter's files for each wish.
        """
        total = done = failed = 0
        choice, choice_values = self._choice(wanted)
        for wish in wishes if wanted.kinds else ():
            takes = tuple(kind.value for kind in wish.takes)
            with self.reading() as db:
                for where, values in conditions_past(None, wanted):
                    row = db.execute(
                        f"""SELECT count(*), sum(r.status = 1), sum(r.status = 2) FROM (
                        SELECT DISTINCT sha256 FROM files WHERE status = {FileStatus.DONE.value} AND {where}
                        AND {choice} AND kind IN ({",".join("?" * len(takes))})) AS f
                        LEFT JOIN job_results AS r ON r.sha256 = f.sha256 AND r.kind = ? AND r.options = ?
                        WHERE r.status IS NULL OR r.status <> {JobStatus.SKIPPED.value}""",
                        (*values, *choice_values, *takes, wish.kind.value, wish.options),
                    ).fetchone()
                    total, done, failed = total + row[0], done + (row[1] or 0), failed + (row[2] or 0)
        return JobTotals(total, done, failed)
