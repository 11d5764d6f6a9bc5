"""Promise: exports through the real command survive kills and a cut network, and end in the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.chaos import chaos

FORUM, OFFICE = -1001600000001, -1001500000001


def test_killed_and_cut_exports_end_in_the_same_bytes(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOBS_API_ID", "12345")
    monkeypatch.setenv("TOBS_API_HASH", "0123456789abcdef" * 2)
    runs = chaos(tmp_path, runs=2, seed=11, chats=[FORUM, OFFICE], kinds=["everything", "cut", "worker"], latency_ms=20)
    told = [(story, problems) for _, story, problems in runs]
    assert len(told) == 2
    assert [problems for _, problems in told] == [[], []], told
