"""The caches: bounded, kept over restarts, never the truth; and no damage to their file costs more than look-ups."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from tobs_tui.cache.file import ASIDE, CacheFile, Change, sizes
from tobs_tui.cache.spaces import AccountCache, KnownFile, NamedPeer, since
from tobs_tui.cli.main import main
from tobs_tui.config.paths import Paths
from tobs_tui.model.peers import Dialog, Peer, PeerKind, Topic

ADA = Peer(7, PeerKind.USER, "Ada", username="ada", access_hash=99)


class Clock:
    at = 1_000_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "777" / "cache.db"


def opened(path: Path, clock: Clock | None = None) -> AccountCache:
    cache = AccountCache(clock or Clock())
    cache.open(path)
    return cache


def test_every_kind_of_entry_comes_back_after_a_restart(path: Path) -> None:
    first = opened(path)
    dialogs = [Dialog(ADA, top_message=5, folders=("Work",))]
    first.peers.put(7, ADA)
    first.names.put("ada", NamedPeer(7, "ada"))
    first.topics.put(-1005, [Topic(1, "General")])
    first.previews.put("dialogs", dialogs)
    first.files.put("document:5:", KnownFile(3, "ab", "/vault/x"))
    first.close()
    second = opened(path)
    assert second.peers.get(7) == ADA
    assert second.names.get("ada") == NamedPeer(7, "ada")
    assert second.topics.get(-1005) == [Topic(1, "General")]
    assert second.previews.get("dialogs") == dialogs
    assert second.files.get("document:5:") == KnownFile(3, "ab", "/vault/x")
    second.close()


def test_only_look_ups_are_counted_and_the_file_keeps_the_sums(path: Path) -> None:
    cache = opened(path)
    before = cache.readings()
    cache.peers.put(7, ADA)
    cache.peers.peek(7)
    cache.peers.peek(8)
    cache.peers.get(7)
    cache.peers.get(7)
    cache.peers.get(8)
    figures = {reading.name: reading for reading in since(before, cache.readings())}
    assert (figures["peers"].entries, figures["peers"].hits, figures["peers"].misses) == (1, 2, 1)
    assert figures["media"].hits == figures["media"].misses == 0
    cache.close()
    again = opened(path)
    again.peers.get(7)
    again.close()
    assert [(size.name, size.entries, size.hits, size.misses) for size in sizes(path)] == [("peers", 1, 3, 1)]


def test_what_does_not_fit_in_memory_is_read_from_the_file_and_counted_as_evicted(path: Path) -> None:
    cache = opened(path)
    for number in range(20):
        cache.topics.put(number, [Topic(number, "x")])
    assert cache.topics.reading().entries == 16
    assert cache.topics.reading().evictions == 4
    assert cache.topics.get(0) == [Topic(0, "x")]
    cache.close()


def test_the_file_keeps_the_newest_of_more_than_it_may_hold(path: Path) -> None:
    file = CacheFile(path)
    changes = [Change("names", str(number), b"x", float(number)) for number in range(30)]
    assert file.write(changes, {"names": 10}) == {"names": 20}
    assert [file.get("names", str(number)) is not None for number in range(30)] == [False] * 20 + [True] * 10
    file.close()


def test_an_entry_is_forgotten_when_it_is_too_old(path: Path) -> None:
    clock = Clock()
    cache = opened(path, clock)
    cache.names.put("ada", NamedPeer(7, "ada"))
    clock.at += 91 * 86400
    assert cache.names.get("ada") is None
    cache.close()
    assert opened(path, Clock()).names.get("ada") is None


def test_long_values_lie_compressed_in_the_file_and_short_ones_as_they_are(path: Path) -> None:
    file = CacheFile(path)
    file.write([Change("s", "long", b"abc" * 1000, 0), Change("s", "short", b"abc" * 10, 0)], {"s": 9})
    assert file.get("s", "long") == (b"abc" * 1000, 0.0)
    assert file.get("s", "short") == (b"abc" * 10, 0.0)
    held = dict(sqlite3.connect(path).execute("SELECT key, length(value) FROM entries").fetchall())
    assert held["long"] < 200
    assert held["short"] == 31
    file.close()


def test_the_file_and_its_folder_are_their_owners_only(path: Path) -> None:
    cache = opened(path)
    cache.peers.put(7, ADA)
    asyncio.run(cache.flush())
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()} == {0o600}
    cache.close()


@pytest.mark.parametrize("damage", ["noise", "cut", "foreign", "later"])
def test_a_damaged_or_foreign_file_is_set_aside_and_begun_anew(path: Path, damage: str) -> None:
    cache = opened(path)
    for number in range(2000):
        cache.peers.put(number, ADA)
    cache.close()
    whole = path.read_bytes()
    if damage == "noise":
        path.write_bytes(b"nothing that a database would begin with " * 100)
    elif damage == "cut":
        path.write_bytes(whole[:4096] + bytes(len(whole) // 2))
    else:
        path.unlink()
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE mine (x)" if damage == "foreign" else "PRAGMA user_version = 9")
    again = opened(path)
    for number in range(2000):
        assert again.peers.get(number) in (None, ADA)
    again.peers.put(5000, ADA)
    again.close()
    assert path.with_name(path.name + ASIDE).exists()
    assert opened(path).peers.get(5000) == ADA


def test_a_file_that_cannot_be_had_costs_nothing_but_the_memory_of_it(tmp_path: Path) -> None:
    (tmp_path / "in-the-way").write_text("")
    cache = opened(tmp_path / "in-the-way" / "cache.db")
    cache.peers.put(7, ADA)
    assert cache.peers.get(7) == ADA
    cache.close()


def test_a_full_disk_costs_nothing_but_what_was_to_be_kept(path: Path) -> None:
    file = CacheFile(path)
    assert file._writer is not None
    file._writer.execute("PRAGMA max_page_count = 8")
    file.write([Change("s", "big", os.urandom(1 << 20), 0)], {"s": 9})
    assert file.get("s", "big") is None
    file.write([Change("s", "more", b"x", 0)], {"s": 9})
    file.close()


async def test_entries_reach_the_file_while_the_loop_goes_on(path: Path) -> None:
    cache = opened(path)
    cache.peers.put(7, ADA)
    flushing = asyncio.create_task(cache.flush())
    await asyncio.sleep(0)
    cache.peers.put(8, ADA)
    cache.peers.clear()
    assert (cache.peers.get(7), cache.peers.get(8)) == (ADA, ADA)
    await flushing
    await cache.flush()
    assert [(size.name, size.entries) for size in sizes(path)] == [("peers", 2)]
    cache.close()


def test_clearing_forgets_everything_everywhere(path: Path) -> None:
    cache = opened(path)
    cache.peers.put(7, ADA)
    asyncio.run(cache.flush())
    cache.names.put("ada", NamedPeer(7, "ada"))
    cache.clear()
    assert (cache.peers.get(7), cache.names.get("ada")) == (None, None)
    cache.close()
    assert all(size.entries == 0 for size in sizes(path))


def test_another_accounts_file_brings_nothing_of_the_first_ones(path: Path) -> None:
    cache = opened(path)
    cache.peers.put(7, ADA)
    cache.open(path.parent.with_name("888") / "cache.db")
    assert cache.peers.get(7) is None
    cache.open(path)
    assert cache.peers.get(7) == ADA
    cache.close()


def test_the_command_line_shows_and_clears_what_no_service_holds(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Paths.resolve().cache_dir / "777" / "cache.db"
    cache = opened(path)
    cache.names.put("ada", NamedPeer(7, "ada"))
    cache.names.get("ada")
    cache.close()
    path.parent.with_name("888").mkdir()
    (path.parent.with_name("888") / "cache.db").write_text("no database")
    assert main(["cache", "show"]) == 0
    told = capsys.readouterr().out
    assert "usernames" in told
    assert "damaged; the next start sets it aside" in told
    assert main(["cache", "clear"]) == 0
    capsys.readouterr()
    assert main(["cache", "show"]) == 0
    assert capsys.readouterr().out == "Nothing is cached.\n"
