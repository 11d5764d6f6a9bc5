"""The run journal: one JSON line when a run begins and one when it ends, in the program's state folder."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from tobs_tui.archive.schema import output_error
from tobs_tui.model.run import RunRecord

KEPT = 200
"""Runs that survive a trim."""
TRIM_AT = 1000
"""Lines from which on the journal is trimmed."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(RunRecord).decode


class RunJournal:
    """Remembers runs for the home screen. A run that was killed is the one that began and has no outcome."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self, record: RunRecord) -> None:
        """Note that a run begins. Raises TobsError OUTPUT_NOT_WRITABLE or DISK_FULL."""
        self._append(record)

    def finish(self, record: RunRecord) -> None:
        """Note how the run with this id ended. Raises TobsError OUTPUT_NOT_WRITABLE or DISK_FULL."""
        self._append(record)
        lines = self._lines()
        if len(lines) >= TRIM_AT:
            self._trim()

    def recent(self, limit: int) -> list[RunRecord]:
        """The newest runs, newest first, each as last noted. Lines that a crash cut short are passed over."""
        runs: dict[str, RunRecord] = {}
        for line in self._lines():
            try:
                record = _decode(line)
            except msgspec.DecodeError:
                continue  # cut short by a kill, or of another version: the other lines are still good
            runs.pop(record.run_id, None)
            runs[record.run_id] = record
        newest = sorted(runs.values(), key=lambda record: record.started_at, reverse=True)
        return newest[:limit]

    def _lines(self) -> list[bytes]:
        try:
            return self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return []

    def _append(self, record: RunRecord) -> None:
        """Write one line, starting on a fresh line after one that was cut short."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                size = os.fstat(descriptor).st_size
                torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
                os.write(descriptor, (b"\n" if torn else b"") + _encode(record) + b"\n")
            finally:
                os.close(descriptor)
        except OSError as error:
            raise output_error(error, self._path) from error

    def _trim(self) -> None:
        """Keep the newest runs only; by rename, so that a kill leaves the old journal or the new one."""
        lines = [_encode(record) + b"\n" for record in reversed(self.recent(KEPT))]
        fresh = self._path.with_suffix(".new")
        try:
            fresh.write_bytes(b"".join(lines))
            fresh.chmod(0o600)
            fresh.replace(self._path)
        except OSError as error:
            raise output_error(error, self._path) from error
