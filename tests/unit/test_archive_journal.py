"""The run journal: newest first, killed runs visible as such, damage passed over, length bounded."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from tobs_tui.archive import journal as module
from tobs_tui.archive.journal import RunJournal
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.run import Outcome, RunRecord


def record(number: int) -> RunRecord:
    return RunRecord(run_id=f"run{number}", profile_name="night", output="/vault", started_at=float(number))


def test_a_journal_that_does_not_exist_yet_is_empty(tmp_path: Path) -> None:
    assert RunJournal(tmp_path / "state" / "runs.jsonl").recent(5) == []


def test_runs_come_newest_first_as_last_noted(tmp_path: Path) -> None:
    journal = RunJournal(tmp_path / "state" / "runs.jsonl")
    journal.begin(record(1))
    journal.begin(record(2))
    ended = replace(record(1), outcome=Outcome.COMPLETE, messages=7, finished_at=9.0)
    journal.finish(ended)
    assert journal.recent(5) == [record(2), ended], "a run without an outcome was killed"
    assert journal.recent(1) == [record(2)]


def test_a_line_cut_short_by_a_kill_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    journal = RunJournal(path)
    journal.begin(record(1))
    with path.open("ab") as file:
        file.write(b'{"run_id":"to')
    journal.begin(record(2))
    assert journal.recent(5) == [record(2), record(1)]


def test_the_journal_stays_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TRIM_AT", 10)
    monkeypatch.setattr(module, "KEPT", 3)
    journal = RunJournal(tmp_path / "runs.jsonl")
    for number in range(20):
        journal.begin(record(number))
        journal.finish(replace(record(number), outcome=Outcome.COMPLETE))
    assert len((tmp_path / "runs.jsonl").read_bytes().splitlines()) < 12
    assert [run.run_id for run in journal.recent(3)] == ["run19", "run18", "run17"]


def test_the_journal_is_private_and_says_when_it_cannot_write(tmp_path: Path) -> None:
    journal = RunJournal(tmp_path / "runs.jsonl")
    journal.begin(record(1))
    assert (tmp_path / "runs.jsonl").stat().st_mode & 0o077 == 0
    (tmp_path / "file").write_text("")
    with pytest.raises(TobsError) as caught:
        RunJournal(tmp_path / "file" / "runs.jsonl").begin(record(1))
    assert caught.value.code is ErrorCode.OUTPUT_NOT_WRITABLE
