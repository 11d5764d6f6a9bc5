"""Killed with SIGKILL in the middle of commits, an archive has every page it acknowledged, and no half of any other."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.page_sums import changed_pages

WRITER = """
import sys
from pathlib import Path
from tobs_tui.archive import schema
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import FileRow, PageCommit, Row
from tobs_tui.model.media import File, FileKind
from tobs_tui.model.peers import Peer, PeerKind
from tobs_tui.model.profile import MediaKind

chat, start = -1000000000042, int(sys.argv[2])

def page(number):
    lo = number * 100 + 1
    # Ids that are multiples of 7 are deleted messages: the interval covers them, no row does.
    ids = [i for i in range(lo, lo + 100) if i % 7]
    rows = tuple(Row(i, 1_600_000_000 + i * 600, i % 3, i % 50, b"\\x82" * (i % 900)) for i in ids)
    files = tuple(FileRow(i, 0, i % 3, 1_600_000_000 + i * 600, MediaKind.FILE,
                          File(FileKind.DOCUMENT, i, 1, b"r", 2, 5)) for i in ids if i % 10 == 0)
    return PageCommit(chat, lo, lo + 99, 0, rows, files, (Peer(number + 1, PeerKind.USER, f"p{number}"),))

schema.CHECKPOINT_PAGES = 3_000  # so that kills often meet one
archive = Archive.open(Path(sys.argv[1]))
for number in range(start, 100_000, 4):
    # Two workers far apart, as in a run; a group of pages a transaction.
    batch = [page(number + k) for k in range(4)] + [page(200_000 + number + k) for k in range(4)]
    archive.commit(batch)
    print(number, flush=True)
"""


def settled_ids(archive: Archive, chat: int) -> set[int]:
    return {ident for lo, hi in archive.ledger(chat) for ident in range(lo, hi + 1)}


@pytest.mark.parametrize("seed", range(4))
def test_a_kill_loses_no_acknowledged_page_and_splits_none(tmp_path: Path, seed: int) -> None:
    path, chat = tmp_path / "archive.db", -1000000000042
    rng = random.Random(seed)
    acknowledged: list[int] = []
    start = 0
    for _ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(start)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(rng.randint(1, 60)):
            acknowledged.append(int(writer.stdout.readline()))
        writer.kill()  # wherever it is by now: between commits, in one, in a checkpoint
        acknowledged += [int(line) for line in writer.communicate()[0].splitlines()]
        start = acknowledged[-1] + 4

        assert not changed_pages(path).changed, "every page is as its sum says, with the log as it was left"
        with Archive.open(path) as archive:
            settled = settled_ids(archive, chat)
            for number in acknowledged:
                for first in (number, 200_000 + number):
                    assert archive.ledger(chat).covers(first * 100 + 1, first * 100 + 400)
            with archive.reading() as db:
                assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
                rows = {row[0] for row in db.execute("SELECT id FROM messages WHERE chat = ?", (chat,))}
                files = {row[0] for row in db.execute("SELECT message FROM files WHERE chat = ?", (chat,))}
                peers = db.execute("SELECT count(*) FROM peers").fetchone()[0]
            assert rows == {ident for ident in settled if ident % 7}, "rows and ledger say the same"
            assert files == {ident for ident in rows if ident % 10 == 0}
            assert peers == len(settled) // 100
            assert archive.count(chat) == len(rows), "the days' counts too"
            assert sum(day.count for day in archive.days(chat)) == len(rows)
        assert changed_pages(path)[:2] == ((), 0), "and when that is folded in"
