"""The ledger in SQL says what a plain set of ids would say, in as few rows as possible, in any order of commits."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import PageCommit

intervals = st.tuples(st.integers(1, 120), st.integers(0, 25)).map(lambda pair: (pair[0], pair[0] + pair[1]))
batches = st.lists(
    st.lists(st.tuples(st.sampled_from((-5, 7)), st.sampled_from((0, 3)), intervals), max_size=5), max_size=12
)


@settings(max_examples=60, deadline=None)
@given(batches)
def test_the_ledger_equals_a_plain_set_of_ids(
    commits: list[list[tuple[int, int, tuple[int, int]]]],
) -> None:
    naive: dict[tuple[int, int], set[int]] = {}
    with TemporaryDirectory() as folder, Archive.open(Path(folder) / "archive.db") as archive:
        for batch in commits:
            archive.commit([PageCommit(chat, lo, hi, scope) for chat, scope, (lo, hi) in batch])
            for chat, scope, (lo, hi) in batch:
                naive.setdefault((chat, scope), set()).update(range(lo, hi + 1))
        for (chat, scope), members in naive.items():
            ledger = archive.ledger(chat, scope)
            assert {ident for lo, hi in ledger for ident in range(lo, hi + 1)} == members
            starts = [ident for ident in members if ident - 1 not in members]
            assert len(ledger) == len(starts)
            with archive.reading() as db:
                rows = db.execute("SELECT count(*) FROM ledger WHERE chat = ? AND scope = ?", (chat, scope)).fetchone()
            assert rows[0] == len(starts), "intervals that touch are one row"


def test_chats_and_scopes_keep_ledgers_of_their_own(tmp_path: Path) -> None:
    with Archive.open(tmp_path / "archive.db") as archive:
        archive.commit([PageCommit(1, 1, 10), PageCommit(1, 5, 20, scope=4), PageCommit(2, 11, 12)])
        assert [tuple(part) for part in archive.ledger(1)] == [(1, 10)]
        assert [tuple(part) for part in archive.ledger(1, 4)] == [(5, 20)]
        assert [tuple(part) for part in archive.ledger(2)] == [(11, 12)]
        assert len(archive.ledger(3)) == 0


def test_the_ledger_survives_closing_and_opening(tmp_path: Path) -> None:
    with Archive.open(tmp_path / "archive.db") as archive:
        archive.commit([PageCommit(1, 1, 10)])
    with Archive.open(tmp_path / "archive.db") as archive:
        archive.commit([PageCommit(1, 11, 15)])
        assert [tuple(part) for part in archive.ledger(1)] == [(1, 15)]
