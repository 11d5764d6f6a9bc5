"""A killed run's files, over the wire: the same bytes in the end, and little of them sent twice."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.media_kills import killed


def test_killed_downloads_end_in_the_same_bytes_and_repeat_a_part_a_file_at_most(tmp_path: Path) -> None:
    found = killed(4, 1, seed=3, folder=tmp_path)
    assert found.kills > 0
    assert found.wrong == 0
    assert found.again <= found.bound
