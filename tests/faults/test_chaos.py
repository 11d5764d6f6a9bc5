"""Promise: exports through the real command survive kills and a cut network, and end in the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.chaos import chaos
from tobs_tui.sandbox.worlds.world import World

FORUM, NEWS = -1001600000001, -1001650000001
KINDS = ["everything", "pool process", "cut", "half a frame", "suspend"]


def test_killed_and_cut_exports_end_in_the_same_bytes(
    home: Path, tmp_path: Path, demo_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOBS_API_ID", "12345")
    monkeypatch.setenv("TOBS_API_HASH", "0123456789abcdef" * 2)
    runs = chaos(
        tmp_path,
        kills=4,
        seed=11,
        world=demo_world,
        chats=[FORUM, NEWS],
        kinds=KINDS,
        latency_ms=20,
        an_export=(4, 4),
    )
    told = list(runs)
    assert len(told) >= 2
    assert [each.problems for each in told] == [[] for _ in told], told
    assert sum(each.kills.total() for each in told) >= 4
